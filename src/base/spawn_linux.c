#include "base/spawner.h"

#include "base/num.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SWEEPS_MAX 1000 /* a second: who forks faster than it dies is not to be caught */
#define SWEEP_PAUSE_NS ASSAY_NS_PER_MS
#define PROCESSES_MAX 65536  /* of the whole system; the table is touched only as far as it is filled */
#define PROC_TEXT_BYTES 1024 /* /proc/PID/stat: some 50 numbers and a name of 15 bytes */
#define STAT_PPID 1          /* words behind the ")" that ends the name: state ppid pgrp ... */
#define STAT_PROCESSOR 36

static uint64_t now_ns(void *self)
{
    (void)self;
    return assay_clock_mono_ns();
}

/* ---- starting ----------------------------------------------------------------------------------------------------*/

static void set_pad(struct assay_spawn_system *system, size_t pad_bytes)
{
    system->pad[system->pad_bytes] = 'x';
    system->pad[pad_bytes] = '\0';
    system->pad_bytes = pad_bytes;
}

/* Where standard input comes from: the file of the job, or what was fed, read from its beginning. */
static int add_input(const struct assay_spawn_system *system, const struct assay_spawn_job *job,
                     posix_spawn_file_actions_t *actions)
{
    char fed[64];
    (void)snprintf(fed, sizeof fed, "/proc/self/fd/%d", system->input_fd); /* opened anew: an offset of its own */
    const char *path = job->reads_input ? fed : (job->input ? job->input : "/dev/null");
    return posix_spawn_file_actions_addopen(actions, STDIN_FILENO, path, O_RDONLY, 0);
}

static int add_actions(const struct assay_spawn_system *system, const struct assay_spawn_job *job,
                       posix_spawn_file_actions_t *actions)
{
    int error = add_input(system, job, actions);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(actions, system->output_fd, STDOUT_FILENO);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(actions, system->errors_fd, STDERR_FILENO);
    }
    return error == 0 && job->cwd ? posix_spawn_file_actions_addchdir_np(actions, job->cwd) : error;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    int error =
        posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    error = error == 0 ? posix_spawnattr_setpgroup(attributes, 0) : error;
    error = error == 0 ? posix_spawnattr_setsigdefault(attributes, &all) : error;
    return error == 0 ? posix_spawnattr_setsigmask(attributes, &none) : error;
}

static int spawn_command(void *self, const struct assay_spawn_job *job, size_t pad_bytes, pid_t *ret_pid)
{
    struct assay_spawn_system *system = self;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    set_pad(system, pad_bytes);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = add_actions(system, job, &actions);
        error = error == 0 ? set_attributes(&attributes) : error;
        error =
            error == 0 ? posix_spawn(ret_pid, job->path, &actions, &attributes, job->argv, system->environment) : error;
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int watch(void *self, pid_t pid)
{
    (void)self;
    return pidfd_open(pid, 0);
}

/* ---- waiting -----------------------------------------------------------------------------------------------------*/

static enum assay_spawn_wake sleep_until_exit(void *self, int pidfd, uint64_t deadline_ns)
{
    struct assay_spawn_system *system = self;
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
                           {.fd = system->interrupt_fd, .events = POLLIN},
                           {.fd = system->control_fd, .events = 0}}; /* only the end of the peer */
    for (;;) {
        struct timespec left = {0}, *limit = NULL;
        if (deadline_ns != UINT64_MAX) {
            uint64_t at_ns = assay_clock_mono_ns(), left_ns = deadline_ns > at_ns ? deadline_ns - at_ns : 0;
            left = (struct timespec){(time_t)(left_ns / ASSAY_NS_PER_S), (long)(left_ns % ASSAY_NS_PER_S)};
            limit = &left;
        }
        int n = ppoll(fds, sizeof fds / sizeof fds[0], limit, NULL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n == 0) {
            return ASSAY_SPAWN_WAKE_DEADLINE;
        }
        system->orphaned |= fds[2].revents != 0;
        return fds[0].revents != 0 ? ASSAY_SPAWN_WAKE_EXIT : ASSAY_SPAWN_WAKE_INTERRUPT;
    }
}

static void see_exit(void *self, pid_t pid, int pidfd)
{
    (void)self;
    (void)pid;
    siginfo_t info;
    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
}

static void kill_group(void *self, pid_t pid, int pidfd)
{
    (void)self;
    (void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    (void)kill(-pid, SIGKILL); /* not reaped yet, so the number is still its own */
}

/* ---- what it cost ------------------------------------------------------------------------------------------------*/

static uint64_t cpu_of(void *self, pid_t pid)
{
    (void)self;
    clockid_t clock;
    struct timespec spent;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) {
        return ASSAY_NS_ABSENT;
    }
    return (uint64_t)spent.tv_sec * ASSAY_NS_PER_S + (uint64_t)spent.tv_nsec;
}

/* The words of /proc/PID/stat behind the name; false if the process is gone. */
static bool read_stat(const char *pid, char text[PROC_TEXT_BYTES], const char **ret_words)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, PROC_TEXT_BYTES - 1) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    const char *after = strrchr(text, ')');
    *ret_words = after ? after + 1 : NULL;
    return after != NULL;
}

/* The index-th word, a number; UINT64_MAX if there is none. */
static uint64_t word_of(const char *words, size_t index)
{
    for (; *words == ' '; words++) {
    }
    for (; index > 0 && *words; index--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    uint64_t value;
    struct assay_slice word = {words, strcspn(words, " \n")};
    return assay_num_u64(word, "stat", UINT64_MAX - 1, &value, NULL) == ASSAY_OK ? value : UINT64_MAX;
}

static uint32_t last_cpu(void *self, pid_t pid)
{
    (void)self;
    char name[24], text[PROC_TEXT_BYTES];
    const char *words;
    (void)snprintf(name, sizeof name, "%d", (int)pid);
    uint64_t cpu = read_stat(name, text, &words) ? word_of(words, STAT_PROCESSOR) : UINT64_MAX;
    return cpu < ASSAY_SPAWN_CPU_ABSENT ? (uint32_t)cpu : ASSAY_SPAWN_CPU_ABSENT;
}

static uint64_t time_ns(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * ASSAY_NS_PER_S + (uint64_t)time->tv_usec * ASSAY_NS_PER_US;
}

static void reap(void *self, pid_t pid, int pidfd, struct assay_spawn_outcome *ret)
{
    (void)self;
    int status = 0;
    struct rusage usage;
    pid_t reaped;
    do {
        reaped = wait4(pid, &status, 0, &usage);
    } while (reaped < 0 && errno == EINTR);
    (void)close(pidfd);
    if (reaped != pid) {
        return; /* somebody else's: nothing is known */
    }
    ret->exit_status = (uint32_t)(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    ret->cpu_tree_ns = time_ns(&usage.ru_utime) + time_ns(&usage.ru_stime);
    ret->maxrss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    ret->minflt = (uint64_t)usage.ru_minflt;
    ret->majflt = (uint64_t)usage.ru_majflt;
    ret->nvcsw = (uint64_t)usage.ru_nvcsw;
    ret->nivcsw = (uint64_t)usage.ru_nivcsw;
}

static uint64_t rss_floor(void *self)
{
    (void)self;
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : ASSAY_NS_ABSENT;
}

/* ---- what it left ------------------------------------------------------------------------------------------------*/

static bool has_children(void)
{
    siginfo_t info = {0};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void reap_the_dead(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

struct process {
    uint64_t pid, parent;
    bool is_ours;
};

/* In the spawner, which has one thread and allocates nothing. */
static struct process processes[PROCESSES_MAX];

static size_t list_processes(void)
{
    DIR *folder = opendir("/proc");
    size_t count = 0;
    const struct dirent *entry;
    while (folder && count < PROCESSES_MAX && (entry = readdir(folder))) {
        char text[PROC_TEXT_BYTES];
        const char *words;
        uint64_t pid;
        if (assay_num_u64(assay_slice_of(entry->d_name), "pid", INT_MAX, &pid, NULL) == ASSAY_OK &&
            read_stat(entry->d_name, text, &words)) {
            processes[count++] = (struct process){.pid = pid, .parent = word_of(words, STAT_PPID)};
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    return count;
}

/* Kills the children of `parent` and theirs. The depth is bounded by the number of processes, and by the kernel. */
static uint32_t kill_children_of(uint64_t parent, size_t count)
{
    uint32_t killed = 0;
    for (size_t i = 0; i < count; i++) {
        if (processes[i].parent == parent && !processes[i].is_ours) {
            processes[i].is_ours = true;
            killed += kill((pid_t)processes[i].pid, SIGKILL) == 0;
            killed += kill_children_of(processes[i].pid, count);
        }
    }
    return killed;
}

static uint32_t sweep(void *self)
{
    (void)self;
    uint32_t killed = 0;
    reap_the_dead();
    for (unsigned i = 0; i < SWEEPS_MAX && has_children(); i++) {
        uint32_t now = kill_children_of((uint64_t)getpid(), list_processes());
        killed = i == 0 ? now : killed; /* who dies slowly is not counted again */
        struct timespec pause = {.tv_nsec = (long)SWEEP_PAUSE_NS};
        (void)nanosleep(&pause, NULL);
        reap_the_dead();
    }
    return killed;
}

struct assay_spawn_os assay_spawn_os_of(struct assay_spawn_system *system)
{
    return (struct assay_spawn_os){.self = system,
                                   .now_ns = now_ns,
                                   .spawn = spawn_command,
                                   .watch = watch,
                                   .sleep = sleep_until_exit,
                                   .kill = kill_group,
                                   .see_exit = see_exit,
                                   .cpu_ns = cpu_of,
                                   .last_cpu = last_cpu,
                                   .reap = reap,
                                   .rss_floor_bytes = rss_floor,
                                   .sweep = sweep};
}
