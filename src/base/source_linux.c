#include "base/source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES_MAX ((size_t)1 << 30) /* Linux gives no more than 2 GiB a call */

assay_code assay_source_open(const char *path, struct assay_source *ret, assay_err *err)
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
    }
    if (rc != ASSAY_OK) {
        (void)close(fd);
        return rc;
    }
    *ret = (struct assay_source){.file = fd + 1, .len = (uint64_t)info.st_size};
    return ASSAY_OK;
}

struct assay_source assay_source_of(const void *bytes, uint64_t len)
{
    return (struct assay_source){.bytes = bytes, .len = len};
}

void assay_source_close(struct assay_source *source)
{
    if (source->file > 0) {
        (void)close(source->file - 1);
    }
    *source = (struct assay_source){0};
}

static assay_code fail_short(const struct assay_source *source, uint64_t at, assay_err *err)
{
    return assay_fail(err, ASSAY_IO,
                      "the file ends at byte %" PRIu64 ", it had %" PRIu64
                      " when it was opened: it was changed while it was read",
                      at, source->len);
}

assay_code assay_source_read(const struct assay_source *source, uint64_t offset, void *to, size_t bytes, assay_err *err)
{
    assert(offset <= source->len && bytes <= source->len - offset);
    if (source->bytes) {
        memcpy(to, source->bytes + offset, bytes);
        return ASSAY_OK;
    }
    for (size_t done = 0; done < bytes;) {
        size_t wanted = bytes - done < READ_BYTES_MAX ? bytes - done : READ_BYTES_MAX;
        ssize_t got = pread(source->file - 1, (char *)to + done, wanted, (off_t)(offset + done));
        if (got < 0 && errno != EINTR) {
            return assay_fail_errno(err, ASSAY_IO, "cannot read byte %" PRIu64 " of the file", offset + done);
        }
        if (got == 0) {
            return fail_short(source, offset + done, err);
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return ASSAY_OK;
}

assay_code assay_source_view(const struct assay_source *source, uint64_t offset, void *room, size_t bytes,
                             const uint8_t **ret, assay_err *err)
{
    assert(offset <= source->len && bytes <= source->len - offset);
    if (source->bytes) {
        *ret = source->bytes + offset;
        return ASSAY_OK;
    }
    *ret = room;
    return assay_source_read(source, offset, room, bytes, err);
}
