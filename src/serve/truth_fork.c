/* The truth server in a child of its own: port through a pipe, log through a memory file, end by closing a pipe. */
#include "serve/truth_server.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define START_LIMIT_NS (5 * ASSAY_NS_PER_S) /* a busy machine takes milliseconds */
#define END_LIMIT_NS (20 * ASSAY_NS_PER_S)  /* sorting and copying a full log */

/* What the child tells once it listens, or why it cannot. */
struct greeting {
    assay_code code;
    uint16_t port;
    char message[ASSAY_ERR_BYTES];
};

struct child_job {
    struct assay_truth_setup setup;
    int stop_read, stop_write, hello_read, hello_write, log_fd;
    bool has_greeted;
};

static void greet(struct child_job *job, assay_code code, uint16_t port, const char *message)
{
    struct greeting greeting = {.code = code, .port = port};
    size_t len = strlen(message);
    memcpy(greeting.message, message, len < sizeof greeting.message ? len : sizeof greeting.message - 1);
    ssize_t n = write(job->hello_write, &greeting, sizeof greeting); /* under PIPE_BUF: whole or not at all */
    (void)n;
    (void)close(job->hello_write);
    job->has_greeted = true;
}

static void on_ready(void *context, uint16_t port)
{
    greet(context, ASSAY_OK, port, "");
}

static int child_main(void *argument)
{
    struct child_job *job = argument;
    (void)close(job->stop_write); /* or its closing by the parent would not end us */
    (void)close(job->hello_read);
    struct assay_truth_summary summary;
    assay_err err = {0};
    assay_code rc = truth_server_run(&job->setup, job->stop_read, job->log_fd, &summary, &err);
    if (rc != ASSAY_OK && !job->has_greeted) {
        greet(job, rc, 0, err.message);
    }
    return assay_code_exit(rc);
}

static assay_code wait_for_greeting(int fd, struct greeting *ret, assay_err *err)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int n;
    do {
        n = poll(&wait, 1, (int)(START_LIMIT_NS / ASSAY_NS_PER_MS));
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return assay_fail(err, ASSAY_TIMEOUT, "the truth server did not start within 5 s");
    }
    if (read(fd, ret, sizeof *ret) != (ssize_t)sizeof *ret) {
        return assay_fail(err, ASSAY_IO, "the truth server ended before it listened");
    }
    if (ret->code != ASSAY_OK) {
        return assay_fail(err, ret->code, "truth server: %s", ret->message);
    }
    return ASSAY_OK;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
}

assay_code assay_truth_fork(const struct assay_truth_setup *setup, struct assay_truth_child *ret, assay_err *err)
{
    assert(setup && ret);
    int stop[2] = {-1, -1}, hello[2] = {-1, -1};
    int log_fd = memfd_create("assay-truth-log", MFD_CLOEXEC);
    *ret = (struct assay_truth_child){.log_fd = -1, .stop_fd = -1, .proc = {.pidfd = -1}};
    if (log_fd < 0 || pipe2(stop, O_CLOEXEC) != 0 || pipe2(hello, O_CLOEXEC) != 0) {
        assay_code failed = assay_fail_errno(err, ASSAY_IO, "cannot prepare the truth server's process");
        close_all((int[]){stop[0], stop[1], hello[0], hello[1], log_fd}, 5);
        return failed;
    }
    struct child_job job = {.setup = *setup,
                            .stop_read = stop[0],
                            .stop_write = stop[1],
                            .hello_read = hello[0],
                            .hello_write = hello[1],
                            .log_fd = log_fd};
    job.setup.on_ready = on_ready;
    job.setup.context = &job;
    job.setup.log_path = NULL;
    job.setup.stop_flag = NULL;
    assay_code rc = assay_proc_fork(&ret->proc, child_main, &job, err);
    close_all((int[]){stop[0], hello[1]}, 2);
    if (rc != ASSAY_OK) {
        close_all((int[]){stop[1], hello[0], log_fd}, 3);
        return rc;
    }
    struct greeting greeting = {0};
    rc = wait_for_greeting(hello[0], &greeting, err);
    (void)close(hello[0]);
    ret->log_fd = log_fd;
    ret->stop_fd = stop[1];
    ret->port = greeting.port;
    if (rc != ASSAY_OK) {
        assay_truth_child_end(ret);
    }
    return rc;
}

static assay_code read_log(int fd, struct assay_truth_log **ret, assay_err *err)
{
    off_t len = lseek(fd, 0, SEEK_END);
    if (len <= 0) {
        return assay_fail(err, ASSAY_IO, "the truth server left no log");
    }
    void *bytes = mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return assay_fail_errno(err, ASSAY_IO, "cannot map the log of the truth server");
    }
    assay_code rc = assay_truth_log_parse(bytes, (size_t)len, ret, err);
    (void)munmap(bytes, (size_t)len);
    return rc;
}

assay_code assay_truth_collect(struct assay_truth_child *child, struct assay_truth_log **ret, assay_err *err)
{
    assert(child && ret);
    (void)close(child->stop_fd);
    child->stop_fd = -1;
    int status = 0;
    assay_code rc = assay_proc_wait(&child->proc, END_LIMIT_NS, &status, err);
    if (rc == ASSAY_OK && status != 0) {
        rc = assay_fail(err, ASSAY_IO, "the truth server ended with status %d", status);
    }
    if (rc == ASSAY_OK) {
        rc = read_log(child->log_fd, ret, err);
    }
    assay_truth_child_end(child);
    return rc;
}

void assay_truth_child_end(struct assay_truth_child *child)
{
    if (child->stop_fd > 0) {
        (void)close(child->stop_fd);
    }
    if (child->log_fd > 0) {
        (void)close(child->log_fd);
    }
    if (child->proc.pid > 0) {
        assay_proc_kill(&child->proc);
    }
    *child = (struct assay_truth_child){.log_fd = -1, .stop_fd = -1};
}
