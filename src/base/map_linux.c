#include "base/map.h"

#include "base/source.h"

#include <signal.h>
#include <sys/mman.h>
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
    struct assay_source source;
    assay_code rc = assay_source_open(path, &source, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = map_file(source.file - 1, path, (size_t)source.len, ret, err);
    assay_source_close(&source);
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
