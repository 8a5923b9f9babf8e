#include "base/map.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HUGE_BYTES ((size_t)2 << 20)

static assay_code map_file(int fd, const char *path, size_t len, struct assay_map *ret, assay_err *err)
{
    void *data = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (data == MAP_FAILED) {
        return assay_fail_errno(err, ASSAY_IO, "cannot map '%s'", path);
    }
    *ret = (struct assay_map){.data = data, .len = len, .mapped_bytes = len};
    return ASSAY_OK;
}

static assay_code read_all(int fd, const char *path, uint8_t *to, size_t len, assay_err *err)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, to + done, len - done);
        if (n == 0) {
            return assay_fail(err, ASSAY_IO, "'%s' ended after %zu of %zu bytes", path, done, len);
        }
        if (n < 0 && errno != EINTR) {
            return assay_fail_errno(err, ASSAY_IO, "cannot read '%s'", path);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return ASSAY_OK;
}

/* Room for one huge page more, so that the data can begin at the border of one. */
static assay_code read_huge(int fd, const char *path, size_t len, struct assay_map *ret, assay_err *err)
{
    size_t room = (len + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES + HUGE_BYTES;
    uint8_t *block = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        return assay_nomem(err);
    }
    size_t before = (HUGE_BYTES - (uintptr_t)block % HUGE_BYTES) % HUGE_BYTES, behind = HUGE_BYTES - before;
    if (before > 0) {
        (void)munmap(block, before);
    }
    block += before;
    room -= HUGE_BYTES;
    (void)munmap(block + room, behind);
    bool has_huge = madvise(block, room, MADV_HUGEPAGE) == 0;
    assay_code rc = read_all(fd, path, block, len, err);
    if (rc != ASSAY_OK) {
        (void)munmap(block, room);
        return rc;
    }
    *ret = (struct assay_map){.data = block, .len = len, .mapped_bytes = room, .has_huge = has_huge};
    return ASSAY_OK;
}

assay_code assay_map_open(const char *path, enum assay_pages pages, struct assay_map *ret, assay_err *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return assay_fail_errno(err, errno == ENOENT ? ASSAY_NOT_FOUND : ASSAY_IO, "cannot open '%s'", path);
    }
    assay_code rc = ASSAY_OK;
    if (fstat(fd, &info) != 0) {
        rc = assay_fail_errno(err, ASSAY_IO, "cannot look at '%s'", path);
    } else if (!S_ISREG(info.st_mode) || info.st_size == 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "'%s' is %s, expected a file with content", path,
                        S_ISREG(info.st_mode) ? "empty" : "no file");
    } else if (pages == ASSAY_PAGES_HUGE) {
        rc = read_huge(fd, path, (size_t)info.st_size, ret, err);
    } else {
        rc = map_file(fd, path, (size_t)info.st_size, ret, err);
    }
    (void)close(fd);
    return rc;
}

void assay_map_close(struct assay_map *map)
{
    if (map->data) {
        (void)munmap((void *)(uintptr_t)map->data, map->mapped_bytes);
    }
    *map = (struct assay_map){0};
}
