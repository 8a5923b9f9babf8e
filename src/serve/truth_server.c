/* The loop of the truth server: writes that are due first, then stamps, then peers; the last microseconds are spun. */
#include "serve/truth_server.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LISTENER_ID TRUTH_CONNS_MAX
#define STOP_ID (TRUTH_CONNS_MAX + 1)
#define SPIN_DEFAULT_NS (50 * ASSAY_NS_PER_US) /* wake-up latency of an idle core, with room */
#define LOG_RECORDS_DEFAULT ((size_t)4 << 20)
#define CLOCK_EVERY_NS (100 * ASSAY_NS_PER_MS) /* endpoints.md 1.2 */
#define WAIT_MAX_NS (100 * ASSAY_NS_PER_MS)    /* how late a stop flag may be seen */
#define STAMP_SLACK_NS (20 * ASSAY_NS_PER_US)  /* collecting the stamps of one connection takes less */

/* As many descriptors as the system lets us have; fewer than TRUTH_CONNS_MAX only limits how many may connect. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < TRUTH_CONNS_MAX + 64) {
        limit.rlim_cur = limit.rlim_max < TRUTH_CONNS_MAX + 64 ? limit.rlim_max : TRUTH_CONNS_MAX + 64;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void server_done(struct truth_server *server)
{
    for (uint32_t i = 0; i < server->conns_count; i++) {
        truth_conn_free(server->conns[i]);
    }
    assay_free(server->conns);
    assay_free(server->free_conns);
    assay_free(server->stamp_queue);
    assay_free(server->log.records);
    assay_free(server->seen);
    truth_timer_done(&server->timer);
    if (server->listener.fd >= 0) {
        assay_net_listener_close(&server->listener);
    }
    if (server->epoll_fd >= 0) {
        (void)close(server->epoll_fd);
    }
    assay_free(server);
}

static assay_code watch(const struct truth_server *server, int fd, uint32_t id, assay_err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = id};
    if (fd >= 0 && epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot watch a descriptor");
    }
    return ASSAY_OK;
}

static assay_code open_sockets(struct truth_server *server, assay_err *err)
{
    raise_descriptors();
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll_fd < 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot make an epoll descriptor");
    }
    const char *listen = server->setup->listen ? server->setup->listen : "127.0.0.1:0";
    assay_code rc = assay_net_listen_at(listen, &server->listener, err);
    rc = rc ? rc : watch(server, server->listener.fd, LISTENER_ID, err);
    return rc ? rc : watch(server, server->stop_fd, STOP_ID, err);
}

static assay_code server_new(const struct assay_truth_setup *setup, int stop_fd, struct truth_server **ret,
                             assay_err *err)
{
    struct truth_server *server = assay_alloc(1, sizeof *server);
    if (!server) {
        return assay_nomem(err);
    }
    server->setup = setup;
    server->script = setup->script;
    server->epoll_fd = server->listener.fd = -1;
    server->stop_fd = stop_fd;
    server->spin_ns = setup->spin_ns ? setup->spin_ns : SPIN_DEFAULT_NS;
    server->log_max = setup->log_records_max ? setup->log_records_max : LOG_RECORDS_DEFAULT;
    server->conns = assay_alloc(TRUTH_CONNS_MAX, sizeof *server->conns);
    server->free_conns = assay_alloc(TRUTH_CONNS_MAX, sizeof *server->free_conns);
    server->stamp_queue = assay_alloc(TRUTH_CONNS_MAX, sizeof *server->stamp_queue);
    server->log.records = assay_alloc(server->log_max, sizeof *server->log.records); /* touched as far as used */
    server->seen = assay_alloc(TRUTH_SEEN_MAX, sizeof *server->seen);
    assay_code rc = truth_timer_init(&server->timer, TRUTH_CONNS_MAX + 1, err);
    if (rc == ASSAY_OK &&
        (!server->conns || !server->free_conns || !server->stamp_queue || !server->log.records || !server->seen)) {
        rc = assay_nomem(err);
    }
    if (rc == ASSAY_OK) {
        rc = open_sockets(server, err);
    }
    if (rc != ASSAY_OK) {
        server_done(server);
        return rc;
    }
    server->state = (struct truth_state){.script = server->script,
                                         .identity = &server->script->identity,
                                         .dialect = (enum truth_dialect)server->script->standard.dialect,
                                         .is_resident = server->script->identity.is_resident,
                                         .origin_ns = assay_clock_mono_ns()};
    *ret = server;
    return ASSAY_OK;
}

static void log_clock(struct truth_server *server, uint64_t now_ns)
{
    if (now_ns < server->next_clock_ns) {
        return;
    }
    struct assay_clock_pair pair = assay_clock_read_pair();
    struct assay_truth_record record = {.kind = ASSAY_TRUTH_CLOCK,
                                        .event = UINT32_MAX,
                                        .planned_ns = pair.mono_before_ns,
                                        .before_ns = pair.mono_after_ns,
                                        .tx_real_ns = pair.real_ns};
    (void)truth_write_record(server, &record);
    server->next_clock_ns = now_ns + CLOCK_EVERY_NS;
}

static assay_code take_event(struct truth_server *server, const struct epoll_event *event, assay_err *err)
{
    if (event->data.u32 == STOP_ID) {
        server->is_stopped = true;
        return ASSAY_OK;
    }
    if (event->data.u32 != LISTENER_ID) {
        truth_conn_event(server, event->data.u32, event->events);
        return ASSAY_OK;
    }
    if (server->script->accept_ns == 0) {
        return truth_conn_accept(server, err);
    }
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, server->listener.fd, NULL) == 0) { /* slow accept: until it is due */
        truth_timer_set(&server->timer, LISTENER_ID, assay_clock_mono_ns() + server->script->accept_ns);
    }
    return ASSAY_OK;
}

static assay_code poll_peers(struct truth_server *server, uint64_t wait_ns, assay_err *err)
{
    enum { EVENTS = 128 };
    struct epoll_event events[EVENTS];
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / ASSAY_NS_PER_S), .tv_nsec = (long)(wait_ns % ASSAY_NS_PER_S)};
    int n = epoll_pwait2(server->epoll_fd, events, EVENTS, &wait, NULL);
    if (n < 0 && errno != EINTR) {
        return assay_fail_errno(err, ASSAY_IO, "cannot wait for connections");
    }
    for (int i = 0; i < n; i++) {
        assay_code rc = take_event(server, &events[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

static assay_code take_due(struct truth_server *server, assay_err *err)
{
    uint32_t id = truth_timer_take(&server->timer);
    if (id != LISTENER_ID) {
        truth_conn_due(server, id);
        return ASSAY_OK;
    }
    assay_code rc = truth_conn_accept(server, err);
    return rc ? rc : watch(server, server->listener.fd, LISTENER_ID, err);
}

static bool collect_one(struct truth_server *server)
{
    if (server->stamp_count == 0) {
        return false;
    }
    struct truth_conn *conn = server->conns[server->stamp_queue[server->stamp_first]];
    server->stamp_first = (server->stamp_first + 1) % TRUTH_CONNS_MAX;
    server->stamp_count--;
    conn->is_queued = false;
    if (conn->fd >= 0) {
        truth_write_stamps(server, conn);
    }
    return true;
}

/* One turn: what is due; else stamps, if there is time; else peers, asleep until shortly before the next instant. */
static assay_code turn(struct truth_server *server, unsigned *due_in_row, assay_err *err)
{
    enum { DUE_IN_ROW_MAX = 256 }; /* then peers get a look, however late the writes are */
    uint64_t now_ns = assay_clock_mono_ns();
    uint64_t next_ns = truth_timer_next_ns(&server->timer);
    log_clock(server, now_ns);
    if (next_ns <= now_ns && (*due_in_row)++ < DUE_IN_ROW_MAX) {
        return take_due(server, err);
    }
    *due_in_row = 0;
    uint64_t left_ns = next_ns == ASSAY_NS_ABSENT ? WAIT_MAX_NS : next_ns > now_ns ? next_ns - now_ns : 0;
    if (left_ns > STAMP_SLACK_NS && collect_one(server)) {
        return ASSAY_OK;
    }
    uint64_t wait_ns = left_ns > server->spin_ns ? left_ns - server->spin_ns : 0;
    if (left_ns > 0 && wait_ns == 0) { /* too close to sleep: spin */
        while (assay_clock_mono_ns() < next_ns) {
        }
        return ASSAY_OK;
    }
    return poll_peers(server, wait_ns < WAIT_MAX_NS ? wait_ns : WAIT_MAX_NS, err);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* p of n by nearest rank, x(ceil(p n)). */
static uint64_t nearest_rank(const uint64_t *sorted, size_t n, unsigned percent)
{
    size_t rank = (n * percent + 99) / 100;
    return sorted[rank ? rank - 1 : 0];
}

static assay_code sum_up(struct truth_server *server, struct assay_truth_summary *ret, assay_err *err)
{
    uint64_t *lateness = assay_alloc(server->log.count, sizeof *lateness);
    if (!lateness) {
        return assay_nomem(err);
    }
    size_t n = 0;
    for (size_t i = 0; i < server->log.count; i++) {
        const struct assay_truth_record *record = &server->log.records[i];
        if (record->kind == ASSAY_TRUTH_TOKENS && record->before_ns >= record->planned_ns) {
            lateness[n++] = record->before_ns - record->planned_ns;
        }
    }
    qsort(lateness, n, sizeof *lateness, compare_u64);
    *ret = server->totals;
    ret->records_dropped = server->log.dropped;
    ret->lateness_p50_ns = n ? nearest_rank(lateness, n, 50) : ASSAY_NS_ABSENT;
    ret->lateness_p99_ns = n ? nearest_rank(lateness, n, 99) : ASSAY_NS_ABSENT;
    ret->lateness_max_ns = n ? lateness[n - 1] : ASSAY_NS_ABSENT;
    assay_free(lateness);
    return ASSAY_OK;
}

static void put_lateness(struct assay_buf *out, const char *name, uint64_t ns)
{
    char text[ASSAY_NUM_TEXT_BYTES] = "-";
    if (ns != ASSAY_NS_ABSENT) {
        (void)assay_num_print_ns((double)ns, text);
    }
    assay_buf_printf(out, "  %s %s", name, text);
}

void assay_truth_summary_print(const struct assay_truth_summary *summary, struct assay_buf *out)
{
    assay_buf_text(out, "lateness of the server:");
    put_lateness(out, "p50", summary->lateness_p50_ns);
    put_lateness(out, "p99", summary->lateness_p99_ns);
    put_lateness(out, "max", summary->lateness_max_ns);
    assay_buf_printf(out,
                     "\n%llu connections, %llu streams, %llu writes, %llu tokens, %llu kernel stamps, %llu log records "
                     "dropped, %llu ms of CPU\n",
                     (unsigned long long)summary->connections, (unsigned long long)summary->requests,
                     (unsigned long long)summary->writes, (unsigned long long)summary->tokens,
                     (unsigned long long)summary->tx_stamps, (unsigned long long)summary->records_dropped,
                     (unsigned long long)(summary->cpu_ns / ASSAY_NS_PER_MS));
}

static assay_code play(struct truth_server *server, assay_err *err)
{
    const volatile sig_atomic_t *flag = server->setup->stop_flag;
    uint64_t cpu_ns = assay_clock_thread_cpu_ns();
    unsigned due_in_row = 0;
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && !server->is_stopped && !(flag && *flag)) {
        rc = turn(server, &due_in_row, err);
    }
    while (collect_one(server)) {
    }
    server->next_clock_ns = 0;
    log_clock(server, 0); /* the last one, so that every stamp lies between two readings */
    server->totals.cpu_ns = assay_clock_thread_cpu_ns() - cpu_ns;
    return rc;
}

static assay_code write_log(const struct truth_server *server, int log_fd, assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, ASSAY_TRUTH_LOG_BYTES_MAX);
    assay_truth_log_encode(&server->log, &bytes);
    assay_code rc = assay_buf_check(&bytes, err);
    if (rc == ASSAY_OK && log_fd >= 0) {
        rc = assay_fd_write(log_fd, bytes.data, bytes.len, "the log of the truth server", err);
    } else if (rc == ASSAY_OK) {
        rc = assay_file_write(server->setup->log_path, bytes.data, bytes.len, ASSAY_FILE_REPLACE, err);
    }
    assay_buf_done(&bytes);
    return rc;
}

assay_code truth_server_run(const struct assay_truth_setup *setup, int stop_fd, int log_fd,
                            struct assay_truth_summary *ret, assay_err *err)
{
    assert(setup && setup->script && ret);
    struct truth_server *server = NULL;
    assay_code rc = server_new(setup, stop_fd, &server, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (setup->cpu >= 0) {
        (void)assay_thread_pin((size_t)setup->cpu); /* where the system refuses, the server is only less exact */
    }
    if (setup->on_ready) {
        setup->on_ready(setup->context, server->listener.port);
    }
    rc = play(server, err);
    if (rc == ASSAY_OK) {
        rc = sum_up(server, ret, err);
    }
    if (rc == ASSAY_OK && (log_fd >= 0 || setup->log_path)) {
        rc = write_log(server, log_fd, err);
    }
    server_done(server);
    return rc;
}

assay_code assay_truth_serve(const struct assay_truth_setup *setup, struct assay_truth_summary *ret, assay_err *err)
{
    return truth_server_run(setup, -1, -1, ret, err);
}
