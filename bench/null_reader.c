/*
 * The least that a client can do with N streams: connect, ask, read, throw away. What it sustains bounds every client
 * on this machine, and what the truth server sustains against it bounds the server.
 *
 *     null_reader PORT STREAMS TOKENS CPU
 *
 * Prints one line: streams ended, bytes, seconds from the first request to the last byte, CPU nanoseconds an event.
 */
#include "base/clock.h"
#include "base/num.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAMS_MAX 20000
#define END "0\r\n\r\n"
#define END_BYTES (sizeof END - 1)

struct stream {
    int fd;
    char tail[END_BYTES]; /* the last bytes so far: the end of a chunked body may be split */
    bool is_done;
};

struct job {
    uint64_t port, streams, tokens, cpu;
    uint64_t bytes, reads, ended;
    struct stream all[STREAMS_MAX];
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static uint64_t number(const char *text, const char *what, uint64_t max)
{
    uint64_t value = 0;
    assay_err err = {0};
    if (assay_num_u64(assay_slice_of(text), what, max, &value, &err) != ASSAY_OK) {
        (void)fprintf(stderr, "null_reader: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
    return value;
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int dial(uint64_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        die("null_reader: connect");
    }
    return fd;
}

static void ask(const struct job *job, int fd, uint64_t number_of)
{
    char body[256], text[512];
    int n = snprintf(body, sizeof body,
                     "{\"model\":\"truth\",\"stream\":true,\"max_tokens\":%" PRIu64
                     ",\"messages\":[{\"role\":\"user\",\"content\":\"%016" PRIx64 " x\"}]}",
                     job->tokens, number_of + 1);
    n = snprintf(text, sizeof text, "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s", n,
                 body);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n) {
        die("null_reader: send");
    }
}

/* True once the end of the body was read. */
static bool take(struct stream *stream, const char *bytes, size_t len)
{
    if (len >= END_BYTES) {
        memcpy(stream->tail, bytes + len - END_BYTES, END_BYTES);
    } else {
        memmove(stream->tail, stream->tail + len, END_BYTES - len);
        memcpy(stream->tail + END_BYTES - len, bytes, len);
    }
    return memcmp(stream->tail, END, END_BYTES) == 0;
}

static void read_one(struct job *job, struct stream *stream)
{
    static char scratch[65536];
    ssize_t n = recv(stream->fd, scratch, sizeof scratch, MSG_DONTWAIT);
    if (n > 0) {
        job->bytes += (uint64_t)n;
        job->reads++;
    }
    if (n == 0 || (n > 0 && take(stream, scratch, (size_t)n))) {
        stream->is_done = true;
        job->ended++;
        (void)close(stream->fd);
    }
}

static void read_all(struct job *job, int epoll_fd)
{
    struct epoll_event events[256];
    while (job->ended < job->streams) {
        int n = epoll_wait(epoll_fd, events, sizeof events / sizeof events[0], 5000);
        if (n <= 0) {
            (void)fprintf(stderr, "null_reader: nothing came for 5 s\n");
            return;
        }
        for (int i = 0; i < n; i++) {
            read_one(job, events[i].data.ptr);
        }
    }
}

int main(int argc, char **argv)
{
    static struct job job;
    if (argc != 5) {
        (void)fprintf(stderr, "usage: null_reader PORT STREAMS TOKENS CPU\n");
        return EXIT_FAILURE;
    }
    job.port = number(argv[1], "PORT", UINT16_MAX);
    job.streams = number(argv[2], "STREAMS", STREAMS_MAX);
    job.tokens = number(argv[3], "TOKENS", 1000000);
    job.cpu = number(argv[4], "CPU", 4095);
    raise_descriptors();
    (void)assay_thread_pin((size_t)job.cpu);
    int epoll_fd = epoll_create1(0);
    for (uint64_t i = 0; i < job.streams; i++) {
        job.all[i].fd = dial(job.port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &job.all[i]};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, job.all[i].fd, &event) != 0) {
            die("null_reader: epoll_ctl");
        }
    }
    uint64_t cpu_ns = assay_clock_process_cpu_ns(), start_ns = assay_clock_mono_ns();
    for (uint64_t i = 0; i < job.streams; i++) {
        ask(&job, job.all[i].fd, i);
    }
    read_all(&job, epoll_fd);
    uint64_t end_ns = assay_clock_mono_ns();
    cpu_ns = assay_clock_process_cpu_ns() - cpu_ns;
    uint64_t events = job.streams * job.tokens;
    printf("streams_ended=%" PRIu64 " bytes=%" PRIu64 " reads=%" PRIu64 " seconds=%.3f cpu_ns_per_event=%" PRIu64 "\n",
           job.ended, job.bytes, job.reads, (double)(end_ns - start_ns) / 1e9, events ? cpu_ns / events : 0);
    return job.ended == job.streams ? EXIT_SUCCESS : EXIT_FAILURE;
}
