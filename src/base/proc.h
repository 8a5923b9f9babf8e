/*
 * Processes: a child that runs a function or a program, watched through a pidfd, and never left behind.
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

/* Forks; the child runs entry(argument) and exits with its result. It dies with its parent (PR_SET_PDEATHSIG). */
assay_code assay_proc_fork(struct assay_proc *proc, int (*entry)(void *), void *argument, assay_err *err);

/* Starts argv[0] (searched in PATH) in its own process group; its output goes to out_fd, or /dev/null if out_fd < 0. */
assay_code assay_proc_spawn(struct assay_proc *proc, char *const *argv, int out_fd, assay_err *err);

/* Runs argv to its end with a time limit and collects at most out->max bytes of its standard output. TIMEOUT kills it.
 */
assay_code assay_proc_run(char *const *argv, uint64_t timeout_ns, struct assay_buf *out, int *ret_exit_status,
                          assay_err *err);

/* Waits up to timeout_ns (UINT64_MAX = for ever). *ret_exit_status: 0..255, or 128 + signal. TIMEOUT if still there. */
assay_code assay_proc_wait(struct assay_proc *proc, uint64_t timeout_ns, int *ret_exit_status, assay_err *err);
void assay_proc_kill(struct assay_proc *proc); /* SIGKILL to its group, then reaped; fine on a finished one */

#endif
