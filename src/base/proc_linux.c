#include "base/proc.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NO_EXEC 127 /* as a shell says it; only seen if the pipe that tells errno breaks */

/* What every child does first. Returns only if its parent still lives. */
static void become_child(pid_t parent)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_NO_EXEC); /* the parent died before the request took effect */
    }
    static const int RESET[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE,
                                SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2, SIGWINCH};
    for (size_t i = 0; i < sizeof RESET / sizeof RESET[0]; i++) {
        (void)signal(RESET[i], SIG_DFL);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A descriptor for fd, or for /dev/null if fd is negative, under the number `as`. */
static int redirect(int fd, int as)
{
    if (fd < 0) {
        fd = open("/dev/null", as == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    }
    if (fd == as) { /* dup2 would keep FD_CLOEXEC */
        return fcntl(fd, F_SETFD, 0);
    }
    return fd < 0 ? -1 : dup2(fd, as);
}

/* In the parent, after fork. */
static assay_code adopt(struct assay_proc *proc, pid_t pid, assay_err *err)
{
    (void)setpgid(pid, pid); /* as the child does: whoever comes first; kill(-pid) must never miss */
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        assay_code rc = assay_fail_errno(err, ASSAY_IO, "cannot watch child process %d", (int)pid);
        (void)kill(-pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return rc;
    }
    *proc = (struct assay_proc){.pid = pid, .pidfd = pidfd};
    return ASSAY_OK;
}

assay_code assay_proc_fork(struct assay_proc *proc, int (*entry)(void *), void *argument, assay_err *err)
{
    (void)fflush(NULL); /* or the child would print what waits in the buffers once more */
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot start a child process");
    }
    if (pid == 0) {
        become_child(parent);
        (void)redirect(-1, STDIN_FILENO);
        int status = entry(argument);
        (void)fflush(NULL);
        _exit(status); /* no exit handlers: they belong to the parent */
    }
    return adopt(proc, pid, err);
}

_Noreturn static void exec_child(pid_t parent, char *const *argv, int out_fd, int err_fd, int tell_fd)
{
    become_child(parent);
    /* err_fd must not be what redirecting standard output overwrites, nor out_fd what standard input does. */
    int out = out_fd < 0 ? -1 : fcntl(out_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = err_fd < 0 ? -1 : fcntl(err_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (redirect(-1, STDIN_FILENO) >= 0 && redirect(out, STDOUT_FILENO) >= 0 && redirect(error, STDERR_FILENO) >= 0) {
        (void)execvp(argv[0], argv);
    }
    int reason = errno;
    ssize_t n = write(tell_fd, &reason, sizeof reason);
    _exit(n == (ssize_t)sizeof reason ? EXIT_NO_EXEC : EXIT_NO_EXEC - 1);
}

/* The errno of a failed exec, or 0: a successful exec closes the pipe. */
static int read_exec_errno(int fd)
{
    int reason = 0;
    ssize_t n;
    do {
        n = read(fd, &reason, sizeof reason);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof reason ? reason : 0;
}

assay_code assay_proc_spawn(struct assay_proc *proc, char *const *argv, int out_fd, int err_fd, assay_err *err)
{
    int tell[2];
    if (pipe2(tell, O_CLOEXEC) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot start '%s'", argv[0]);
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        exec_child(parent, argv, out_fd, err_fd, tell[1]);
    }
    assay_code rc = pid < 0 ? assay_fail_errno(err, ASSAY_IO, "cannot start '%s'", argv[0]) : ASSAY_OK;
    (void)close(tell[1]);
    if (rc == ASSAY_OK) {
        rc = adopt(proc, pid, err);
    }
    int reason = rc == ASSAY_OK ? read_exec_errno(tell[0]) : 0;
    (void)close(tell[0]);
    if (reason != 0) {
        assay_proc_kill(proc);
        errno = reason;
        rc = assay_fail_errno(err, reason == ENOENT ? ASSAY_NOT_FOUND : ASSAY_IO, "cannot start '%s'", argv[0]);
    }
    return rc;
}

static uint64_t deadline_after(uint64_t timeout_ns)
{
    uint64_t now = assay_clock_mono_ns();
    return timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;
}

/* True when fd has something to say; false when the deadline is past. */
static bool wait_ready(int fd, uint64_t deadline_ns)
{
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        struct timespec left = {0}, *limit = NULL;
        if (deadline_ns != UINT64_MAX) {
            uint64_t now = assay_clock_mono_ns();
            uint64_t left_ns = deadline_ns > now ? deadline_ns - now : 0;
            left = (struct timespec){(time_t)(left_ns / ASSAY_NS_PER_S), (long)(left_ns % ASSAY_NS_PER_S)};
            limit = &left;
        }
        int n = ppoll(&ready, 1, limit, NULL);
        if (n != 0 && !(n < 0 && errno == EINTR)) {
            return true;
        }
        if (n == 0) {
            return false;
        }
    }
}

/* Reaps a child that has ended or is about to. */
static int reap(struct assay_proc *proc)
{
    int status = 0;
    while (waitpid(proc->pid, &status, 0) < 0 && errno == EINTR) {
    }
    (void)close(proc->pidfd);
    *proc = (struct assay_proc){.pid = 0, .pidfd = -1};
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

assay_code assay_proc_wait(struct assay_proc *proc, uint64_t timeout_ns, int *ret_exit_status, assay_err *err)
{
    assert(proc->pid > 0);
    if (!wait_ready(proc->pidfd, deadline_after(timeout_ns))) {
        return assay_fail(err, ASSAY_TIMEOUT, "child process %d still runs after %.3f s", (int)proc->pid,
                          (double)timeout_ns / (double)ASSAY_NS_PER_S);
    }
    *ret_exit_status = reap(proc);
    return ASSAY_OK;
}

void assay_proc_kill(struct assay_proc *proc)
{
    if (proc->pid > 0) {
        (void)kill(-proc->pid, SIGKILL); /* not reaped yet, so the number is still its own */
        (void)reap(proc);
    }
}

static assay_code collect(int fd, uint64_t deadline_ns, const char *name, struct assay_buf *out, assay_err *err)
{
    enum { PIECE_BYTES = 4096 };
    char piece[PIECE_BYTES];
    for (;;) {
        if (!wait_ready(fd, deadline_ns)) {
            return assay_fail(err, ASSAY_TIMEOUT, "'%s' ran longer than allowed", name);
        }
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return assay_fail_errno(err, ASSAY_IO, "cannot read the output of '%s'", name);
        }
        if (n == 0) {
            return ASSAY_OK;
        }
        assay_buf_append(out, piece, (size_t)n);
        assay_code rc = assay_buf_check(out, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "output of '%s'", name);
            return rc;
        }
    }
}

assay_code assay_proc_run(char *const *argv, uint64_t timeout_ns, struct assay_buf *out, int *ret_exit_status,
                          assay_err *err)
{
    uint64_t deadline_ns = deadline_after(timeout_ns);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot start '%s'", argv[0]);
    }
    struct assay_proc proc = {.pid = 0, .pidfd = -1};
    assay_code rc = assay_proc_spawn(&proc, argv, ends[1], -1, err);
    (void)close(ends[1]);
    if (rc == ASSAY_OK) {
        rc = collect(ends[0], deadline_ns, argv[0], out, err);
        if (rc == ASSAY_OK && !wait_ready(proc.pidfd, deadline_ns)) { /* it closed its output and went on */
            rc = assay_fail(err, ASSAY_TIMEOUT, "'%s' ran longer than allowed", argv[0]);
        }
        if (rc == ASSAY_OK) {
            *ret_exit_status = reap(&proc);
        } else {
            assay_proc_kill(&proc);
        }
    }
    (void)close(ends[0]);
    return rc;
}

assay_code assay_proc_own_path(char *ret, size_t bytes, assay_err *err)
{
    assert(ret && bytes > 1);
    ssize_t len = readlink("/proc/self/exe", ret, bytes - 1);
    ret[len > 0 ? len : 0] = '\0';
    return len > 0 ? ASSAY_OK : assay_fail_errno(err, ASSAY_IO, "cannot tell where this program lies");
}
