/*
 * Plain HTTP over loopback: requests a second in a closed loop beside wrk, and the lateness of an open loop.
 *
 *     bench_http [CONNECTIONS [ROUNDS [RATE]]]
 *
 * Closed: one thread, CONNECTIONS kept alive, one second a round, in turn with `wrk -t1` against the same server if wrk
 * is installed. Medians; requests per second of client CPU beside the raw figure. Open: RATE requests a second for two
 * seconds; lateness is the kernel's transmit stamp minus the instant at which the request was due.
 */
#include "net/net.h"

#include "base/mem.h"
#include "base/proc.h"
#include "base/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_CPU 0
#define CLIENT_CPU 1
#define CONNECTIONS_MAX 1024
#define ROUNDS_MAX 64
#define SPIN_NS (100 * ASSAY_NS_PER_US) /* before a request is due: a sleep may end this late */
#define OPEN_NS (2 * ASSAY_NS_PER_S)

static const char RESPONSE[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello, world";
static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";

/* ---- the server ------------------------------------------------------------------------------------------------ */

struct peer {
    int fd;
    struct assay_net_req req;
    char buffer[2048];
};

/* Answers every complete request in the input. False: the connection is over. */
static bool answer(struct peer *peer)
{
    char bytes[2048];
    ssize_t n = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    for (size_t at = 0, used; n > 0 && at < (size_t)n; at += used) {
        enum assay_net_req_status status = assay_net_req_feed(&peer->req, bytes + at, (size_t)n - at, &used);
        if (status == ASSAY_NET_REQ_DONE) {
            (void)send(peer->fd, RESPONSE, sizeof RESPONSE - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
            assay_net_req_init(&peer->req, peer->buffer, sizeof peer->buffer);
        } else if (status != ASSAY_NET_REQ_MORE) {
            return false;
        }
    }
    return n > 0;
}

static void welcome(int epoll_fd, const struct assay_net_listener *listener)
{
    for (int fd; (fd = assay_net_accept(listener)) >= 0;) {
        struct peer *peer = assay_alloc(1, sizeof *peer);
        if (!peer) {
            (void)close(fd);
            return;
        }
        peer->fd = fd;
        assay_net_req_init(&peer->req, peer->buffer, sizeof peer->buffer);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

static int serve(void *argument)
{
    const struct assay_net_listener *listener = argument;
    struct epoll_event ready[256], event = {.events = EPOLLIN, .data.ptr = NULL};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    (void)assay_thread_pin(SERVER_CPU);
    (void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener->fd, &event);
    for (;;) { /* until it is killed */
        int count = epoll_wait(epoll_fd, ready, 256, -1);
        for (int i = 0; i < count; i++) {
            struct peer *peer = ready[i].data.ptr;
            if (!peer) {
                welcome(epoll_fd, listener);
            } else if (!answer(peer)) {
                (void)close(peer->fd);
                assay_free(peer);
            }
        }
    }
    return 0;
}

/* ---- the client ------------------------------------------------------------------------------------------------ */

struct client {
    struct assay_net_loop *loop;
    struct assay_net_request request;
    uint64_t done, failed, stop_ns;
    double *late_ns;
    size_t late_count;
};

struct score {
    double rate, per_cpu_second;
};

static void on_closed_done(void *context, const struct assay_net_facts *facts)
{
    struct client *client = context;
    client->done++;
    client->failed += facts->outcome != ASSAY_NET_OK;
    if (facts->end_ns < client->stop_ns) {
        (void)assay_net_loop_submit(client->loop, &client->request);
    }
}

static struct score run_closed(struct client *client, size_t connections)
{
    static const struct assay_net_handler HANDLER = {.on_done = on_closed_done};
    client->request.handler = &HANDLER;
    client->request.context = client;
    client->done = 0;
    const uint64_t start = assay_clock_mono_ns(), cpu = assay_clock_thread_cpu_ns();
    client->stop_ns = start + ASSAY_NS_PER_S;
    for (size_t i = 0; i < connections; i++) {
        (void)assay_net_loop_submit(client->loop, &client->request);
    }
    while (assay_net_loop_in_flight(client->loop) > 0) {
        (void)assay_net_loop_run(client->loop, UINT64_MAX, ASSAY_NET_SLEEP);
    }
    const double done = (double)client->done;
    return (struct score){done / ((double)(assay_clock_mono_ns() - start) / 1e9),
                          done / ((double)(assay_clock_thread_cpu_ns() - cpu) / 1e9)};
}

struct open_request {
    struct client *client;
    uint64_t due_ns;
};

static void on_open_done(void *context, const struct assay_net_facts *facts)
{
    struct open_request *request = context;
    struct client *client = request->client;
    client->done++;
    client->failed += facts->outcome != ASSAY_NET_OK;
    if (facts->tx.ns != ASSAY_NS_ABSENT) {
        client->late_ns[client->late_count++] = (double)facts->tx.ns - (double)request->due_ns;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool run_open(struct client *client, double rate)
{
    static const struct assay_net_handler HANDLER = {.on_done = on_open_done};
    const size_t count = (size_t)(rate * (double)OPEN_NS / 1e9);
    struct open_request *requests = assay_alloc(count, sizeof requests[0]);
    client->late_ns = assay_alloc(count, sizeof client->late_ns[0]);
    if (!requests || !client->late_ns) {
        return false;
    }
    client->request.handler = &HANDLER;
    const uint64_t start = assay_clock_mono_ns() + 10 * ASSAY_NS_PER_MS;
    for (size_t i = 0; i < count; i++) {
        requests[i] = (struct open_request){client, start + (uint64_t)((double)i * 1e9 / rate)};
        while (assay_clock_mono_ns() + SPIN_NS < requests[i].due_ns) {
            (void)assay_net_loop_run(client->loop, requests[i].due_ns - SPIN_NS, ASSAY_NET_SLEEP);
        }
        while (assay_clock_mono_ns() < requests[i].due_ns) {
            (void)assay_net_loop_run(client->loop, requests[i].due_ns, ASSAY_NET_BUSY);
        }
        client->request.context = &requests[i];
        client->failed += assay_net_loop_submit(client->loop, &client->request) < 0;
    }
    while (assay_net_loop_in_flight(client->loop) > 0) {
        (void)assay_net_loop_run(client->loop, UINT64_MAX, ASSAY_NET_SLEEP);
    }
    const size_t n = client->late_count;
    printf("open loop, %g requests/s: %zu sent, %zu with a transmit stamp\n", rate, count, n);
    if (n > 0) {
        qsort(client->late_ns, n, sizeof client->late_ns[0], compare);
        printf("  lateness           p50 %8.1f us   p99 %8.1f us   p99.9 %8.1f us   max %8.1f us\n",
               client->late_ns[n / 2] / 1e3, client->late_ns[(size_t)((double)n * 0.99)] / 1e3,
               client->late_ns[(size_t)((double)n * 0.999)] / 1e3, client->late_ns[n - 1] / 1e3);
    }
    assay_free(client->late_ns);
    assay_free(requests);
    return true;
}

/* ---- the peer -------------------------------------------------------------------------------------------------- */

static double children_cpu_s(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

/* False: wrk is not there. */
static bool run_wrk(const char *url, size_t connections, struct score *ret)
{
    char program[] = "wrk", thread[] = "-t1", duration[] = "-d1s", count[32], target[64];
    char *const argv[] = {program, thread, duration, count, target, NULL};
    (void)snprintf(count, sizeof count, "-c%zu", connections);
    (void)snprintf(target, sizeof target, "%s", url);
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    int status = 1;
    const double cpu = children_cpu_s();
    assay_code rc = assay_proc_run(argv, 20 * ASSAY_NS_PER_S, &out, &status, NULL);
    const double used = children_cpu_s() - cpu;
    const char *requests = out.data ? strstr(out.data, "requests in") : NULL;
    const char *rate = out.data ? strstr(out.data, "Requests/sec:") : NULL;
    const bool is_good = rc == ASSAY_OK && status == 0 && requests && rate;
    if (is_good) {
        while (requests > out.data && requests[-1] != '\n') {
            requests--;
        }
        *ret = (struct score){strtod(rate + strlen("Requests/sec:"), NULL), strtod(requests, NULL) / used};
    }
    assay_buf_done(&out);
    return is_good;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], compare);
    return values[count / 2];
}

static void print_scores(const char *name, const struct score *scores, size_t count)
{
    double rates[ROUNDS_MAX], per_cpu[ROUNDS_MAX];
    for (size_t i = 0; i < count; i++) {
        rates[i] = scores[i].rate;
        per_cpu[i] = scores[i].per_cpu_second;
    }
    printf("  %-18s %9.0f requests/s   %9.0f per second of client CPU\n", name, median(rates, count),
           median(per_cpu, count));
}

static void run_rounds(struct client *client, const char *url, size_t connections, size_t rounds)
{
    struct score ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
    size_t their_rounds = 0;
    for (size_t i = 0; i < rounds; i++) {
        ours[i] = run_closed(client, connections);
        their_rounds += run_wrk(url, connections, &theirs[their_rounds]);
    }
    printf("closed loop, %zu connections, median of %zu rounds in turn\n", connections, rounds);
    print_scores("assay", ours, rounds);
    if (their_rounds > 0) {
        print_scores("wrk", theirs, their_rounds);
    } else {
        printf("  wrk is not installed: no comparison\n");
    }
}

int main(int argc, char **argv)
{
    const size_t connections = argc > 1 ? strtoul(argv[1], NULL, 10) : 64,
                 rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 5;
    const double rate = argc > 3 ? strtod(argv[3], NULL) : 1000;
    struct assay_net_listener listener;
    struct assay_net_stamping stamping;
    struct assay_net_target *target = NULL;
    struct client client = {.request = {.head = ASSAY_SLICE(REQUEST), .timeouts = {.total_ns = 10 * ASSAY_NS_PER_S}}};
    struct assay_proc server;
    assay_err err = {0};
    char url[64];
    if (connections == 0 || connections > CONNECTIONS_MAX || rounds == 0 || rounds > ROUNDS_MAX || !(rate > 0) ||
        assay_net_listen("127.0.0.1", 0, &listener, &err) != ASSAY_OK ||
        assay_proc_fork(&server, serve, &listener, &err) != ASSAY_OK) {
        fprintf(stderr, "bench_http: %s\n", err.message);
        return 1;
    }
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)listener.port);
    (void)assay_thread_pin(CLIENT_CPU); /* wrk inherits it */
    assay_thread_exact_timers();
    bool is_good =
        assay_net_stamping_open(&stamping, &err) == ASSAY_OK &&
        assay_net_target_open(&(struct assay_net_target_options){.url = url}, &target, &err) == ASSAY_OK &&
        assay_net_loop_new(&(struct assay_net_loop_options){.slots = CONNECTIONS_MAX}, &client.loop, &err) == ASSAY_OK;
    if (is_good) {
        client.request.target = target;
        run_rounds(&client, url, connections, rounds);
        is_good = run_open(&client, rate) && client.failed == 0;
    }
    assay_proc_kill(&server);
    if (!is_good) {
        fprintf(stderr, "bench_http: %zu requests failed; %s\n", (size_t)client.failed, err.message);
    }
    return is_good ? 0 : 1;
}
