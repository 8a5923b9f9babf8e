#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static assay_code map_file(int fd, const char *path, size_t len, struct assay_map *ret, assay_err *err)
{
    void *data = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (data == MAP_FAILED) {
        return assay_fail_errno(err, ASSAY_IO, "cannot map '%s'", path);
    }
    *ret = (struct assay_map){.data = data, .len = len};
    return ASSAY_OK;
}

assay_code assay_map_open(const char *path, struct assay_map *ret, assay_err *err)
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
    } else {
        rc = map_file(fd, path, (size_t)info.st_size, ret, err);
    }
    (void)close(fd);
    return rc;
}

/* What lies behind the end of a mapped file is told by SIGBUS, on the thread that looked there. */
static void explain(int number, siginfo_t *info, void *context)
{
    static const char TEXT[] =
        "assay: a file was cut off, or could not be read, while it was in use as a mapping; models "
        "are copied with --pages huge or small\n";
    (void)number;
    (void)context;
    if (info->si_code == BUS_ADRERR) {
        ssize_t unused = write(STDERR_FILENO, TEXT, sizeof TEXT - 1);
        (void)unused;
        _exit(assay_code_exit(ASSAY_IO));
    }
    (void)signal(SIGBUS, SIG_DFL); /* another fault: it comes again, and ends the process as it would have */
}

void assay_map_explain(void)
{
    struct sigaction action = {.sa_sigaction = explain, .sa_flags = SA_SIGINFO};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGBUS, &action, NULL);
}

void assay_map_close(struct assay_map *map)
{
    if (map->data) {
        (void)munmap((void *)(uintptr_t)map->data, map->len);
    }
    *map = (struct assay_map){0};
}
