/*
 * Processes: a child that runs a function or a program, watched through a pidfd, and never left behind.
 *
 *     struct assay_proc child;
 *     rc = assay_proc_fork(&child, serve, &config, err);   // or assay_proc_spawn
 *     ...
 *     assay_proc_kill(&child);                             // or assay_proc_wait; one of them reaps it
 *
 * A child leads a process group of its own, so that Ctrl-C reaches assay and not its children, has default signal
 * handling and /dev/null as standard input, and is killed when the thread that started it ends (PR_SET_PDEATHSIG):
 * start children from a thread that outlives them.
 */
#ifndef ASSAY_BASE_PROC_H
#define ASSAY_BASE_PROC_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct assay_proc {
    pid_t pid;
    int pidfd;
};

/* Forks; the child runs entry(argument) and exits with its result. Call it before other threads hold locks. */
assay_code assay_proc_fork(struct assay_proc *proc, int (*entry)(void *), void *argument, assay_err *err);

/* Starts argv[0] (searched in PATH). Standard output and error go to out_fd and err_fd, each /dev/null if negative.
 * NOT_FOUND if there is no such program, IO if it cannot be started. */
assay_code assay_proc_spawn(struct assay_proc *proc, char *const *argv, int out_fd, int err_fd, assay_err *err);

/* Runs argv to its end with a time limit and collects its standard output. TIMEOUT, and TOO_LARGE over out->max, kill
 * it. Its standard error goes to /dev/null. */
assay_code assay_proc_run(char *const *argv, uint64_t timeout_ns, struct assay_buf *out, int *ret_exit_status,
                          assay_err *err);

/* The file of this program, as a path. IO if it cannot be told. */
assay_code assay_proc_own_path(char *ret, size_t bytes, assay_err *err);

/* Waits up to timeout_ns (UINT64_MAX = for ever). *ret_exit_status: 0..255, or 128 + signal. TIMEOUT if still there. */
assay_code assay_proc_wait(struct assay_proc *proc, uint64_t timeout_ns, int *ret_exit_status, assay_err *err);
void assay_proc_kill(struct assay_proc *proc); /* SIGKILL to its group, then reaped; fine on a finished one */

#endif
