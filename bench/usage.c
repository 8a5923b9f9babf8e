/*
 * What a command used: runs it and writes one line of key=value to FILE.
 *
 *     usage FILE COMMAND ARGUMENT...
 *     wall_ns=... cpu_ns=... maxrss_bytes=... exit=...
 */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t ns_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * ASSAY_NS_PER_S + (uint64_t)time.tv_usec * ASSAY_NS_PER_US;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: usage FILE COMMAND ARGUMENT...\n");
        return EXIT_FAILURE;
    }
    uint64_t start_ns = assay_clock_mono_ns();
    pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status = 0;
    struct rusage used;
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
        perror("usage");
        return EXIT_FAILURE;
    }
    uint64_t wall_ns = assay_clock_mono_ns() - start_ns;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    FILE *file = fopen(argv[1], "w");
    if (!file) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    (void)fprintf(file, "wall_ns=%" PRIu64 " cpu_ns=%" PRIu64 " maxrss_bytes=%" PRIu64 " exit=%d\n", wall_ns,
                  ns_of(used.ru_utime) + ns_of(used.ru_stime), (uint64_t)used.ru_maxrss * 1024, code);
    return fclose(file) == 0 ? code : EXIT_FAILURE;
}
