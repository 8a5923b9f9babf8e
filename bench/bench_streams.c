/*
 * The client loop under load: STREAMS token streams of RATE events a second from a server on another core, over
 * loopback. Prints what was lost, CPU a received event, the share of each stamp quality, and the arrival error: client
 * stamp minus the server's kernel transmit stamp of the same event, for kernel and for user-space stamps.
 *
 *     bench_streams [STREAMS [RATE [SECONDS [spread|lockstep [hog]]]]]
 *
 * lockstep: all streams at the same instant. hog: a busy process on the client's core.
 */
#include "net/net.h"

#include "base/mem.h"
#include "base/proc.h"
#include "base/thread.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_CPU 0
#define CLIENT_CPU 1
#define NOTES 8

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
static const char LAST[] = "0\r\n\r\n";
static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";

struct plan {
    size_t streams, tokens; /* of each stream */
    uint64_t gap_ns;        /* between two tokens of a stream */
    bool is_lockstep, has_hog;
    struct assay_net_listener listener;
    uint64_t *tx_real_ns; /* shared: [stream * tokens + token], 0 = no stamp */
    uint64_t *late_ns;    /* shared: the server's own lateness, one number: the worst */
};

/* ---- the server ------------------------------------------------------------------------------------------------ */

struct server_stream {
    struct assay_net_tx tx;
    uint32_t bytes_sent, token_bytes;
};

static bool serve_accept(const struct plan *plan, struct server_stream *streams)
{
    for (size_t i = 0; i < plan->streams;) {
        struct pollfd wait = {.fd = plan->listener.fd, .events = POLLIN};
        if (poll(&wait, 1, 10000) != 1) {
            return false;
        }
        int fd = assay_net_accept(&plan->listener);
        if (fd >= 0) {
            assay_net_tx_init(&streams[i++].tx, fd);
        }
    }
    return true;
}

static bool serve_heads(const struct plan *plan, struct server_stream *streams)
{
    for (size_t i = 0; i < plan->streams; i++) {
        char bytes[512];
        uint32_t id;
        struct pollfd wait = {.fd = streams[i].tx.fd, .events = POLLIN};
        if (poll(&wait, 1, 10000) != 1 || recv(streams[i].tx.fd, bytes, sizeof bytes, 0) <= 0 ||
            assay_net_tx_send(&streams[i].tx, HEAD, sizeof HEAD - 1, (struct assay_net_tx_ask){0}, &id) < 0) {
            return false;
        }
    }
    return true;
}

/* Stamps say which byte they are of; tokens are all of one length, so that tells which token. */
static void reap(const struct plan *plan, struct server_stream *streams, size_t stream)
{
    struct assay_net_tx_note notes[NOTES];
    size_t count = assay_net_tx_reap(&streams[stream].tx, notes, NOTES);
    for (size_t i = 0; i < count; i++) {
        uint32_t token = (notes[i].id + 1 - (uint32_t)(sizeof HEAD - 1)) / streams[stream].token_bytes - 1;
        if (notes[i].kind == ASSAY_NET_TX_SND && token < plan->tokens) {
            plan->tx_real_ns[stream * plan->tokens + token] = notes[i].real_ns;
        }
    }
}

static bool serve_token(const struct plan *plan, struct server_stream *streams, size_t stream, size_t token)
{
    char data[256], chunk[300];
    uint32_t id;
    int data_len =
        snprintf(data, sizeof data,
                 "data: {\"id\":\"chatcmpl-9aXk2\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,"
                 "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%07zu\"},\"finish_reason\":null}]}\n\n",
                 token);
    int len = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", (unsigned)data_len, data);
    streams[stream].token_bytes = (uint32_t)len;
    reap(plan, streams, stream);
    return assay_net_tx_send(&streams[stream].tx, chunk, (size_t)len, (struct assay_net_tx_ask){.snd = true}, &id) ==
           len;
}

static void serve_tokens(const struct plan *plan, struct server_stream *streams)
{
    const uint64_t start = assay_clock_mono_ns() + 200 * ASSAY_NS_PER_MS;
    const uint64_t step = plan->is_lockstep ? 0 : plan->gap_ns / plan->streams;
    for (size_t token = 0; token < plan->tokens; token++) {
        for (size_t stream = 0; stream < plan->streams; stream++) {
            uint64_t due = start + token * plan->gap_ns + stream * step;
            assay_clock_system.sleep_until_ns(assay_clock_system.self, due);
            uint64_t late = assay_clock_mono_ns() - due;
            *plan->late_ns = late > *plan->late_ns ? late : *plan->late_ns;
            (void)serve_token(plan, streams, stream, token); /* what is lost is seen by the client */
        }
    }
}

static int serve(void *argument)
{
    const struct plan *plan = argument;
    struct server_stream *streams = assay_alloc(plan->streams, sizeof streams[0]);
    (void)assay_thread_pin(SERVER_CPU);
    assay_thread_exact_timers();
    if (!streams || !serve_accept(plan, streams) || !serve_heads(plan, streams)) {
        return 1;
    }
    serve_tokens(plan, streams);
    (void)usleep(100000);
    for (size_t i = 0; i < plan->streams; i++) {
        uint32_t id;
        reap(plan, streams, i);
        (void)assay_net_tx_send(&streams[i].tx, LAST, sizeof LAST - 1, (struct assay_net_tx_ask){0}, &id);
    }
    (void)sleep(2); /* the client closes first */
    return 0;
}

static int hog(void *argument)
{
    (void)argument;
    (void)assay_thread_pin(CLIENT_CPU);
    volatile uint64_t spins = 0;
    while (++spins != 0) { /* until it is killed */
    }
    return 0;
}

/* ---- the client ------------------------------------------------------------------------------------------------ */

struct event_seen {
    struct assay_net_arrival arrival;
    uint64_t user_ns;
};

struct client_stream {
    struct client *client;
    struct assay_net_sse sse;
    const struct assay_net_span *span;
    struct event_seen *events;
    size_t count;
};

struct client {
    const struct plan *plan;
    struct client_stream *streams;
    size_t done, failed;
};

static bool on_event(void *context, const struct assay_net_event *event)
{
    struct client_stream *stream = context;
    if (stream->count < stream->client->plan->tokens) {
        stream->events[stream->count++] = (struct event_seen){assay_net_span_arrival(stream->span, event->input_end),
                                                              stream->span->segment->user_after_ns};
    }
    return true;
}

static bool on_body(void *context, const struct assay_net_span *span)
{
    struct client_stream *stream = context;
    stream->span = span;
    return assay_net_sse_feed(&stream->sse, span->data, span->len, on_event, stream) == ASSAY_NET_STREAM_OK;
}

static void on_done(void *context, const struct assay_net_facts *facts)
{
    struct client_stream *stream = context;
    stream->client->done++;
    stream->client->failed += facts->outcome != ASSAY_NET_OK;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_errors(const char *name, double *errors, size_t count)
{
    if (count == 0) {
        return;
    }
    qsort(errors, count, sizeof errors[0], compare);
    printf("  %-18s p50 %8.1f us   p99 %8.1f us   p99.9 %8.1f us   max %8.1f us\n", name, errors[count / 2] / 1e3,
           errors[(size_t)((double)count * 0.99)] / 1e3, errors[(size_t)((double)count * 0.999)] / 1e3,
           errors[count - 1] / 1e3);
}

struct cpu {
    uint64_t all_ns, user_ns; /* of the client's thread; user: outside the kernel */
};

static struct cpu read_cpu(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    return (struct cpu){assay_clock_thread_cpu_ns(), (uint64_t)usage.ru_utime.tv_sec * ASSAY_NS_PER_S +
                                                         (uint64_t)usage.ru_utime.tv_usec * ASSAY_NS_PER_US};
}

static void report(const struct client *client, const struct assay_net_clock_map *clock, struct cpu cpu)
{
    const struct plan *plan = client->plan;
    const size_t total = plan->streams * plan->tokens;
    size_t seen = 0, compared = 0, outside = 0, tags[3] = {0};
    double *kernel = assay_alloc(total, sizeof kernel[0]), *user = assay_alloc(total, sizeof user[0]);
    for (size_t s = 0; kernel && user && s < plan->streams; s++) {
        for (size_t t = 0; t < client->streams[s].count; t++, seen++) {
            const struct event_seen *event = &client->streams[s].events[t];
            const struct assay_net_stamp tx = assay_net_clock_map_stamp(clock, plan->tx_real_ns[s * plan->tokens + t]);
            tags[event->arrival.quality]++;
            if (tx.ns == ASSAY_NS_ABSENT) {
                continue;
            }
            kernel[compared] = (double)event->arrival.hi_ns - (double)tx.ns;
            user[compared++] = (double)event->user_ns - (double)tx.ns;
            outside += event->arrival.hi_ns < tx.ns;
        }
    }
    const double events = (double)(seen ? seen : 1);
    printf("  %zu of %zu events, %zu lost, %zu streams failed; CPU an event %.2f us, of it %.2f us outside the kernel; "
           "server late by at most %.0f us\n",
           seen, total, total - seen, client->failed, (double)cpu.all_ns / 1e3 / events,
           (double)cpu.user_ns / 1e3 / events, (double)*plan->late_ns / 1e3);
    printf("  exact %.3f%%  bounded %.3f%%  unknown %.3f%%  before they were sent: %zu of %zu\n",
           100.0 * (double)tags[0] / events, 100.0 * (double)tags[1] / events, 100.0 * (double)tags[2] / events,
           outside, compared);
    print_errors("kernel stamps", kernel, compared);
    print_errors("user-space stamps", user, compared);
    assay_free(kernel);
    assay_free(user);
}

static size_t resident_bytes(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        (void)fscanf(file, "%*u %zu", &pages);
        (void)fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool run_client(struct client *client, struct assay_net_loop *loop, const struct assay_net_target *target)
{
    static const struct assay_net_handler HANDLER = {.on_body = on_body, .on_done = on_done};
    for (size_t i = 0; i < client->plan->streams; i++) {
        const struct assay_net_request request = {
            .target = target,
            .head = ASSAY_SLICE(REQUEST),
            .timeouts = {.first_ns = 20 * ASSAY_NS_PER_S, .stall_ns = 5 * ASSAY_NS_PER_S},
            .handler = &HANDLER,
            .context = &client->streams[i]};
        if (assay_net_loop_submit(loop, &request) < 0) {
            return false;
        }
        (void)assay_net_loop_run(loop, 0, ASSAY_NET_SLEEP); /* connections come in order: stream i here is i there */
        (void)assay_net_loop_run(loop, assay_clock_mono_ns() + 200 * ASSAY_NS_PER_US, ASSAY_NET_SLEEP);
    }
    while (assay_net_loop_in_flight(loop) > 0) {
        (void)assay_net_loop_run(loop, UINT64_MAX, ASSAY_NET_SLEEP);
    }
    return client->done == client->plan->streams;
}

static bool measure(const struct plan *plan, assay_err *err)
{
    char url[64];
    struct assay_net_stamping stamping;
    struct assay_net_target *target = NULL;
    struct assay_net_loop *loop = NULL;
    struct assay_net_pool *pool = NULL;
    struct client client = {.plan = plan};
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)plan->listener.port);
    (void)assay_thread_pin(CLIENT_CPU);
    assay_thread_exact_timers();
    client.streams = assay_alloc(plan->streams, sizeof client.streams[0]);
    struct event_seen *events = assay_alloc(plan->streams * plan->tokens, sizeof events[0]);
    if (!client.streams || !events || assay_net_stamping_open(&stamping, err) != ASSAY_OK ||
        assay_net_target_open(&(struct assay_net_target_options){.url = url}, &target, err) != ASSAY_OK) {
        return false;
    }
    memset(events, 1, plan->streams * plan->tokens * sizeof events[0]); /* resident before the count begins */
    const size_t before = resident_bytes();
    if (assay_net_loop_new(&(struct assay_net_loop_options){.slots = (uint32_t)plan->streams}, &loop, err) !=
            ASSAY_OK ||
        assay_net_pool_new(plan->streams, &pool, err) != ASSAY_OK) {
        return false;
    }
    for (size_t i = 0; i < plan->streams; i++) {
        client.streams[i].client = &client;
        client.streams[i].events = events + i * plan->tokens;
        assay_net_sse_init(&client.streams[i].sse, pool);
    }
    const struct cpu before_run = read_cpu();
    bool is_good = run_client(&client, loop, target);
    const struct cpu after_run = read_cpu();
    report(&client, assay_net_loop_clock_map(loop),
           (struct cpu){after_run.all_ns - before_run.all_ns, after_run.user_ns - before_run.user_ns});
    const struct assay_net_loop_stats stats = assay_net_loop_stats(loop);
    printf("  %" PRIu64 " wake-ups, %" PRIu64 " reads, %" PRIu64 " unstamped; about %zu bytes a stream resident\n",
           stats.wakeups, stats.reads, stats.unstamped_reads, (resident_bytes() - before) / plan->streams);
    return is_good;
}

/* ---- main ------------------------------------------------------------------------------------------------------ */

static void *shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

int main(int argc, char **argv)
{
    const double rate = argc > 2 ? strtod(argv[2], NULL) : 50, seconds = argc > 3 ? strtod(argv[3], NULL) : 3;
    struct plan plan = {.streams = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000,
                        .tokens = (size_t)(rate * seconds),
                        .gap_ns = (uint64_t)(1e9 / rate),
                        .is_lockstep = argc > 4 && strcmp(argv[4], "lockstep") == 0,
                        .has_hog = argc > 5};
    assay_err err = {0};
    struct assay_proc server, busy = {0};
    struct rlimit files = {.rlim_cur = 65536, .rlim_max = 65536};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    plan.tx_real_ns = shared(plan.streams * plan.tokens * sizeof plan.tx_real_ns[0]);
    plan.late_ns = shared(sizeof plan.late_ns[0]);
    if (plan.streams == 0 || plan.tokens == 0 || !plan.tx_real_ns || !plan.late_ns ||
        assay_net_listen("127.0.0.1", 0, &plan.listener, &err) != ASSAY_OK ||
        assay_proc_fork(&server, serve, &plan, &err) != ASSAY_OK ||
        (plan.has_hog && assay_proc_fork(&busy, hog, NULL, &err) != ASSAY_OK)) {
        fprintf(stderr, "bench_streams: %s\n", err.message);
        return 1;
    }
    printf("%zu streams x %g events/s for %g s, %s%s\n", plan.streams, rate, seconds,
           plan.is_lockstep ? "in lock-step" : "spread", plan.has_hog ? ", a busy process on the client's core" : "");
    bool is_good = measure(&plan, &err);
    if (plan.has_hog) {
        assay_proc_kill(&busy);
    }
    assay_proc_kill(&server);
    if (!is_good) {
        fprintf(stderr, "bench_streams: %s\n", err.message);
    }
    return is_good ? 0 : 1;
}
