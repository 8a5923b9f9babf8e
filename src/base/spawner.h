/*
 * Spawner: runs commands, one after the other, from a process of its own, and says what each of them cost.
 *
 *     rc = assay_spawner_start(jobs, count, &spawner, err);       // early: before anything large is allocated
 *     rc = assay_spawner_run(spawner, 0, pad_bytes, &outcome, err);
 *     assay_spawner_output(spawner, offset, bytes, max);          // what it wrote, until the next run
 *     assay_spawner_stop(spawner);
 *
 * Why a process of its own: on Linux the ru_maxrss of a child is never below the peak memory of the process that
 * spawned it, because exec folds the old image's high water into it. The spawner is forked while assay is small and
 * allocates nothing; its own peak is given beside every outcome.
 *
 * A command is started without a shell (posix_spawn), in a process group of its own, with default signal handling, an
 * environment that is longer by pad_bytes (ASSAY_PAD: it moves the stack), standard output and error in memory. While
 * it runs both processes sleep: there is no timer but the time limit's, which fires only when it is reached. Whatever a
 * command leaves behind is killed when it ends, or when it is killed at its limit, or when assay dies: the spawner is
 * the subreaper of all descendants.
 *
 * Order of one run (spawn_run.c, checked with a fake system): stamp, spawn (which returns when the child has exec'd),
 * stamp, sleep until the pidfd says exit, waitid without reaping, stamp; then the CPU clock of the zombie, its last
 * CPU, wait4 with its usage, and the sweep.
 *
 * Thread: start, run, output and stop from one thread at a time; assay_spawner_interrupt from any.
 */
#ifndef ASSAY_BASE_SPAWNER_H
#define ASSAY_BASE_SPAWNER_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ASSAY_SPAWN_JOBS_MAX 256                         /* arms, preparations and checks of one run */
#define ASSAY_SPAWN_PAD_BYTES_MAX 4096                   /* a page: every alignment of the stack's beginning */
#define ASSAY_SPAWN_OUTPUT_BYTES_MAX ((size_t)256 << 20) /* further writes of a command fail */
#define ASSAY_SPAWN_CPU_ABSENT UINT32_MAX

struct assay_spawn_job {
    const char *path;    /* of the program: no search */
    char *const *argv;   /* NULL at the end */
    const char *cwd;     /* NULL: assay's own */
    const char *input;   /* file for standard input; NULL: /dev/null */
    bool reads_input;    /* standard input is what assay_spawner_feed was given, instead of a file */
    uint64_t timeout_ns; /* ASSAY_NS_ABSENT: none */
};

enum assay_spawn_end {
    ASSAY_SPAWN_EXITED,
    ASSAY_SPAWN_TIMED_OUT,
    ASSAY_SPAWN_INTERRUPTED,
    ASSAY_SPAWN_NOT_STARTED /* error says why; nothing else is set */
};

/* Times are CLOCK_MONOTONIC; what the system would not tell is ASSAY_NS_ABSENT. */
struct assay_spawn_outcome {
    enum assay_spawn_end end;
    int error;
    uint64_t start_ns, spawned_ns, end_ns;
    uint64_t cpu_ns;      /* all threads of the process, by its clock */
    uint64_t cpu_tree_ns; /* user + system, with descendants that it waited for */
    uint64_t maxrss_bytes, rss_floor_bytes;
    uint64_t minflt, majflt, nvcsw, nivcsw;
    uint32_t cpu_last;    /* the CPU it ended on */
    uint32_t exit_status; /* 0..255, or 128 + signal */
    uint32_t left_behind; /* descendants that outlived it, and were killed */
};

struct assay_spawner;

/* The jobs are copied by the fork: nothing of them need live on. */
assay_code assay_spawner_start(const struct assay_spawn_job *jobs, size_t count, struct assay_spawner **ret,
                               assay_err *err);
/* IO: the spawner is gone. A command that cannot be started, fails or is killed is an outcome. Once stop_fd is readable
 * (-1: none) this run and every later one end as interrupted. */
assay_code assay_spawner_run(struct assay_spawner *spawner, size_t job, size_t pad_bytes, int stop_fd,
                             struct assay_spawn_outcome *ret, assay_err *err);
void assay_spawner_interrupt(struct assay_spawner *spawner); /* the same, from any thread */
pid_t assay_spawner_pid(const struct assay_spawner *spawner);
void assay_spawner_stop(struct assay_spawner *spawner); /* kills what runs; fine on NULL */

/* What the last command wrote to standard output: bytes from offset on, at most max; returns how many. */
size_t assay_spawner_output(const struct assay_spawner *spawner, uint64_t offset, void *bytes, size_t max);
uint64_t assay_spawner_output_bytes(const struct assay_spawner *spawner);
/* The last line that it wrote to standard error, without control characters; "" if none. */
void assay_spawner_complaint(const struct assay_spawner *spawner, char *text, size_t bytes);
/* Hands the output of the last command to jobs that read input. */
assay_code assay_spawner_feed(struct assay_spawner *spawner, assay_err *err);

/* ---- one run, on whatever system: spawn_run.c ---- */

enum assay_spawn_wake { ASSAY_SPAWN_WAKE_EXIT, ASSAY_SPAWN_WAKE_DEADLINE, ASSAY_SPAWN_WAKE_INTERRUPT };

struct assay_spawn_os {
    void *self;
    uint64_t (*now_ns)(void *self);
    int (*spawn)(void *self, const struct assay_spawn_job *job, size_t pad_bytes, pid_t *ret_pid); /* 0 or errno */
    int (*watch)(void *self, pid_t pid); /* a pidfd, or -1 and errno */
    enum assay_spawn_wake (*sleep)(void *self, int pidfd, uint64_t deadline_ns);
    void (*kill)(void *self, pid_t pid, int pidfd); /* the process and its group */
    void (*see_exit)(void *self, pid_t pid, int pidfd);
    uint64_t (*cpu_ns)(void *self, pid_t pid);
    uint32_t (*last_cpu)(void *self, pid_t pid);
    void (*reap)(void *self, pid_t pid, int pidfd, struct assay_spawn_outcome *ret);
    uint64_t (*rss_floor_bytes)(void *self);
    uint32_t (*sweep)(void *self); /* kills and reaps every descendant that is left */
};

void assay_spawn_run(const struct assay_spawn_os *os, const struct assay_spawn_job *job, size_t pad_bytes,
                     struct assay_spawn_outcome *ret);

/* The real one, spawn_linux.c. control_fd: its peer's end means that assay is gone; interrupt_fd: readable = end. */
struct assay_spawn_system {
    int control_fd, interrupt_fd, output_fd, errors_fd, input_fd;
    char **environment; /* the last entry before NULL is the pad */
    char *pad;          /* that entry's value: ASSAY_SPAWN_PAD_BYTES_MAX characters */
    size_t pad_bytes;
    int orphaned; /* assay is gone */
};
struct assay_spawn_os assay_spawn_os_of(struct assay_spawn_system *system);

#endif
