#include "base/spawner.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERRORS_BYTES_MAX ((size_t)16 << 20) /* standard error of a command; further writes fail */
#define COMPLAINT_BYTES 4096                /* the last line is looked for in the last page */
#define PAD_NAME "ASSAY_PAD="
#define COPY_BYTES ((size_t)64 << 10)

extern char **environ;

struct request {
    uint32_t job, pad_bytes;
};

struct assay_spawner {
    pid_t pid;
    int control_fd, interrupt_fd, output_fd, errors_fd, input_fd;
    size_t jobs_count;
};

/* ---- the spawner's side ------------------------------------------------------------------------------------------*/

/* Ctrl-C reaches the process group of the terminal; what it means is assay's business. */
static void become_spawner(void)
{
    static const int IGNORED[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    (void)setpgid(0, 0);
    for (size_t i = 0; i < sizeof IGNORED / sizeof IGNORED[0]; i++) {
        (void)signal(IGNORED[i], SIG_IGN);
    }
    (void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the zombies away */
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)prctl(PR_SET_NAME, "assay-spawner");
}

/* The peak of the memory of this process is the least that a child's can be: it is made as small as can be, and then
 * counted from here on (proc(5), clear_refs 5). */
static void shrink(void)
{
    assay_mem_give_back();
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t written = write(fd, "5", 1); /* where it is refused, the peak is that of the fork: as honest, larger */
        (void)written;
        (void)close(fd);
    }
}

/* The environment as it is, and the pad as its last entry. Returned in static storage of the spawner's process. */
static bool make_environment(struct assay_spawn_system *system)
{
    static char pad[sizeof PAD_NAME + ASSAY_SPAWN_PAD_BYTES_MAX];
    size_t count = 0;
    while (environ[count]) {
        count++;
    }
    system->environment = assay_alloc(count + 2, sizeof *system->environment);
    if (!system->environment) {
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], PAD_NAME, strlen(PAD_NAME)) != 0) {
            system->environment[kept++] = environ[i];
        }
    }
    memcpy(pad, PAD_NAME, strlen(PAD_NAME));
    memset(pad + strlen(PAD_NAME), 'x', ASSAY_SPAWN_PAD_BYTES_MAX);
    system->environment[kept] = pad;
    system->pad = pad + strlen(PAD_NAME);
    system->pad_bytes = ASSAY_SPAWN_PAD_BYTES_MAX;
    return true;
}

_Noreturn static void serve(const struct assay_spawner *spawner, int control_fd, const struct assay_spawn_job *jobs)
{
    struct assay_spawn_system system = {.control_fd = control_fd,
                                        .interrupt_fd = spawner->interrupt_fd,
                                        .output_fd = spawner->output_fd,
                                        .errors_fd = spawner->errors_fd,
                                        .input_fd = spawner->input_fd};
    become_spawner();
    struct assay_spawn_os os = assay_spawn_os_of(&system);
    bool is_good = make_environment(&system);
    shrink();
    while (is_good && !system.orphaned) {
        struct request request;
        ssize_t n = recv(control_fd, &request, sizeof request, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n != (ssize_t)sizeof request) {
            break; /* assay is gone, or done */
        }
        struct assay_spawn_outcome outcome;
        assay_spawn_run(&os, &jobs[request.job], request.pad_bytes, &outcome);
        is_good = send(control_fd, &outcome, sizeof outcome, MSG_NOSIGNAL) == (ssize_t)sizeof outcome;
    }
    _exit(0);
}

/* ---- assay's side ------------------------------------------------------------------------------------------------*/

/* A file in memory that cannot grow: a command that writes without end fails instead of filling the machine. */
static int make_sealed(const char *name, size_t bytes_max)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && (ftruncate(fd, (off_t)bytes_max) != 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void close_all(struct assay_spawner *spawner)
{
    int fds[] = {spawner->control_fd, spawner->interrupt_fd, spawner->output_fd, spawner->errors_fd, spawner->input_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
}

static assay_code open_all(struct assay_spawner *spawner, int *ret_peer_fd, assay_err *err)
{
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot start the spawner of commands");
    }
    spawner->control_fd = ends[0];
    *ret_peer_fd = ends[1];
    spawner->interrupt_fd = eventfd(0, EFD_CLOEXEC);
    spawner->output_fd = make_sealed("assay-output", ASSAY_SPAWN_OUTPUT_BYTES_MAX);
    spawner->errors_fd = make_sealed("assay-errors", ERRORS_BYTES_MAX);
    spawner->input_fd = memfd_create("assay-input", MFD_CLOEXEC);
    if (spawner->interrupt_fd < 0 || spawner->output_fd < 0 || spawner->errors_fd < 0 || spawner->input_fd < 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot start the spawner of commands");
    }
    return ASSAY_OK;
}

assay_code assay_spawner_start(const struct assay_spawn_job *jobs, size_t count, struct assay_spawner **ret,
                               assay_err *err)
{
    assert(count > 0 && count <= ASSAY_SPAWN_JOBS_MAX);
    struct assay_spawner *spawner = assay_alloc(1, sizeof *spawner);
    if (!spawner) {
        return assay_nomem(err);
    }
    *spawner = (struct assay_spawner){
        .control_fd = -1, .interrupt_fd = -1, .output_fd = -1, .errors_fd = -1, .input_fd = -1, .jobs_count = count};
    int peer_fd = -1;
    assay_code rc = open_all(spawner, &peer_fd, err);
    if (rc == ASSAY_OK) {
        (void)fflush(NULL); /* what waits in the buffers is this process's to print */
        spawner->pid = fork();
        if (spawner->pid == 0) {
            (void)close(spawner->control_fd); /* or its own end would keep it from seeing ours go */
            serve(spawner, peer_fd, jobs);
        }
        rc = spawner->pid < 0 ? assay_fail_errno(err, ASSAY_IO, "cannot start the spawner of commands") : ASSAY_OK;
    }
    if (peer_fd >= 0) {
        (void)close(peer_fd);
    }
    if (rc != ASSAY_OK) {
        close_all(spawner);
        assay_free(spawner);
        return rc;
    }
    *ret = spawner;
    return ASSAY_OK;
}

void assay_spawner_stop(struct assay_spawner *spawner)
{
    if (!spawner) {
        return;
    }
    close_all(spawner); /* it sees the end of the socket, kills what runs, and goes */
    while (waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    assay_free(spawner);
}

void assay_spawner_interrupt(struct assay_spawner *spawner)
{
    uint64_t one = 1;
    while (write(spawner->interrupt_fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

/* Empties a file that commands write to, and puts their common place of writing at its beginning. */
static void rewind_sealed(int fd, size_t bytes_max)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at > 0) {
        (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes_max);
        (void)lseek(fd, 0, SEEK_SET);
    }
}

pid_t assay_spawner_pid(const struct assay_spawner *spawner)
{
    return spawner->pid;
}

/* Sleeps until the outcome is there; passes a request to end on, once. */
static void wait_for_outcome(struct assay_spawner *spawner, int stop_fd)
{
    struct pollfd fds[] = {{.fd = spawner->control_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    while (fds[1].fd >= 0) {
        int n = ppoll(fds, sizeof fds / sizeof fds[0], NULL, NULL);
        if (n > 0 && fds[0].revents != 0) {
            return;
        }
        if (n > 0) {
            assay_spawner_interrupt(spawner);
            fds[1].fd = -1; /* what remains is to receive what it came to */
        }
    }
}

assay_code assay_spawner_run(struct assay_spawner *spawner, size_t job, size_t pad_bytes, int stop_fd,
                             struct assay_spawn_outcome *ret, assay_err *err)
{
    assert(job < spawner->jobs_count && pad_bytes <= ASSAY_SPAWN_PAD_BYTES_MAX);
    rewind_sealed(spawner->output_fd, ASSAY_SPAWN_OUTPUT_BYTES_MAX);
    rewind_sealed(spawner->errors_fd, ERRORS_BYTES_MAX);
    struct request request = {.job = (uint32_t)job, .pad_bytes = (uint32_t)pad_bytes};
    ssize_t n = send(spawner->control_fd, &request, sizeof request, MSG_NOSIGNAL);
    while (n == (ssize_t)sizeof request) {
        wait_for_outcome(spawner, stop_fd);
        ssize_t got = recv(spawner->control_fd, ret, sizeof *ret, 0);
        if (got == (ssize_t)sizeof *ret) {
            return ASSAY_OK;
        }
        if (got >= 0 || errno != EINTR) {
            break;
        }
    }
    return assay_fail(err, ASSAY_IO, "the spawner of commands (process %d) is gone: was it killed?", (int)spawner->pid);
}

/* ---- what they wrote ---------------------------------------------------------------------------------------------*/

static uint64_t written_to(int fd)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    return at > 0 ? (uint64_t)at : 0;
}

static size_t read_at(int fd, uint64_t offset, void *bytes, size_t max)
{
    uint64_t end = written_to(fd);
    size_t left = offset < end && end - offset < max ? (size_t)(end - offset) : (offset < end ? max : 0), done = 0;
    while (done < left) {
        ssize_t n = pread(fd, (char *)bytes + done, left - done, (off_t)(offset + done));
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return done;
}

size_t assay_spawner_output(const struct assay_spawner *spawner, uint64_t offset, void *bytes, size_t max)
{
    return read_at(spawner->output_fd, offset, bytes, max);
}

uint64_t assay_spawner_output_bytes(const struct assay_spawner *spawner)
{
    return written_to(spawner->output_fd);
}

void assay_spawner_complaint(const struct assay_spawner *spawner, char *text, size_t bytes)
{
    char tail[COMPLAINT_BYTES];
    uint64_t end = written_to(spawner->errors_fd), from = end > sizeof tail ? end - sizeof tail : 0;
    size_t len = read_at(spawner->errors_fd, from, tail, sizeof tail);
    while (len > 0 && (tail[len - 1] == '\n' || tail[len - 1] == '\r' || tail[len - 1] == ' ')) {
        len--;
    }
    size_t first = len;
    while (first > 0 && tail[first - 1] != '\n') {
        first--;
    }
    size_t count = len - first < bytes - 1 ? len - first : bytes - 1;
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)tail[first + i];
        text[i] = (char)(c < ' ' || c == 0x7f ? '?' : c);
    }
    text[count] = '\0';
}

assay_code assay_spawner_feed(struct assay_spawner *spawner, assay_err *err)
{
    char piece[COPY_BYTES];
    uint64_t at = 0;
    if (ftruncate(spawner->input_fd, 0) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot hand on the output of a command");
    }
    for (size_t n; (n = assay_spawner_output(spawner, at, piece, sizeof piece)) > 0; at += n) {
        if (pwrite(spawner->input_fd, piece, n, (off_t)at) != (ssize_t)n) {
            return assay_fail_errno(err, ASSAY_IO, "cannot hand on the output of a command");
        }
    }
    return ASSAY_OK;
}
