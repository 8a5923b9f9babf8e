#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NEVER UINT64_MAX

/* ---- descriptor and epoll -------------------------------------------------------------------------------------- */

static uint64_t tag_of(const struct assay_net_conn *conn)
{
    return (uint64_t)conn->generation << 32 | conn->slot;
}

bool assay_net_conn_watch(struct assay_net_loop *loop, struct assay_net_conn *conn, uint32_t events)
{
    if (conn->events == events) {
        return true;
    }
    struct epoll_event event = {.events = events, .data.u64 = tag_of(conn)};
    const bool is_new = conn->events == 0;
    int rc = epoll_ctl(loop->epoll_fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, conn->tx.fd, &event);
    assert(rc == 0 || is_new); /* changing a watch takes nothing that could be short */
    conn->events = rc == 0 ? events : 0;
    return rc == 0;
}

void assay_net_conn_close(struct assay_net_conn *conn)
{
    assay_net_tls_free(conn->tls);
    conn->tls = NULL;
    if (conn->tx.fd >= 0) {
        (void)close(conn->tx.fd); /* epoll forgets it with its last reference */
    }
    conn->tx = (struct assay_net_tx){.fd = -1};
    conn->events = 0;
    conn->generation++;
}

/* ---- deadlines ------------------------------------------------------------------------------------------------- */

struct limit {
    uint64_t at_ns;
    enum assay_net_outcome outcome;
};

static struct limit after(uint64_t from_ns, uint64_t limit_ns, enum assay_net_outcome outcome)
{
    bool is_set = limit_ns != 0 && limit_ns < NEVER - from_ns;
    return (struct limit){is_set ? from_ns + limit_ns : NEVER, outcome};
}

static struct limit limit_of(const struct assay_net_conn *conn)
{
    const struct assay_net_timeouts *t = &conn->request.timeouts;
    struct limit total = after(conn->submit_ns, t->total_ns, ASSAY_NET_TIMEOUT_TOTAL);
    struct limit phase = after(conn->phase_ns, t->connect_ns, ASSAY_NET_TIMEOUT_CONNECT);
    if (conn->phase == ASSAY_NET_PHASE_FAILED) {
        return (struct limit){0, conn->facts.outcome};
    }
    if (conn->phase == ASSAY_NET_PHASE_ACTIVE) {
        phase = conn->has_body_byte ? after(conn->phase_ns, t->stall_ns, ASSAY_NET_TIMEOUT_STALL)
                                    : after(conn->phase_ns, t->first_ns, ASSAY_NET_TIMEOUT_FIRST);
    }
    return phase.at_ns <= total.at_ns ? phase : total;
}

void assay_net_conn_set_deadline(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    conn->deadline_ns = limit_of(conn).at_ns;
    if (conn->timer.at == 0 || conn->deadline_ns < conn->timer.key_ns) {
        assay_net_timers_set(&loop->timers, &conn->timer, conn->deadline_ns);
    }
}

void assay_net_conn_expire(struct assay_net_loop *loop, struct assay_net_conn *conn, uint64_t now_ns)
{
    struct limit limit = limit_of(conn);
    if (limit.at_ns > now_ns) {
        assay_net_timers_set(&loop->timers, &conn->timer, limit.at_ns);
        return;
    }
    assay_net_conn_finish(loop, conn, limit.outcome, conn->facts.reason);
}

/* ---- starting -------------------------------------------------------------------------------------------------- */

static void reset_request(struct assay_net_conn *conn, bool is_reused)
{
    conn->submit_ns = conn->phase_ns = assay_clock_mono_ns();
    conn->sent = 0;
    conn->send_errno = 0;
    conn->response_bytes = 0;
    conn->is_sent = conn->has_body_byte = conn->is_spent = false;
    conn->segment.index = UINT32_MAX; /* the first read makes it 0 */
    const uint64_t before = is_reused ? 0 : ASSAY_NS_ABSENT;
    conn->facts = (struct assay_net_facts){
        .retry_after_ns = ASSAY_NS_ABSENT,
        .conn_reused = is_reused,
        .conn_start_ns = before,
        .conn_end_ns = before,
        .tls_end_ns = is_reused || !conn->target->url.is_tls ? 0 : ASSAY_NS_ABSENT,
        .send_enter_ns = ASSAY_NS_ABSENT,
        .send_return_ns = ASSAY_NS_ABSENT,
        .tx = ASSAY_NET_STAMP_ABSENT,
        .tx_ack = ASSAY_NET_STAMP_ABSENT,
        .first_byte = ASSAY_NET_ARRIVAL_ABSENT,
        .hdr = ASSAY_NET_ARRIVAL_ABSENT,
        .first_body = ASSAY_NET_ARRIVAL_ABSENT,
        .end = ASSAY_NET_ARRIVAL_ABSENT,
    };
}

void assay_net_conn_finish_later(struct assay_net_loop *loop, struct assay_net_conn *conn,
                                 enum assay_net_outcome outcome, const char *reason)
{
    conn->phase = ASSAY_NET_PHASE_FAILED;
    conn->facts.outcome = outcome;
    conn->facts.reason = reason;
    assay_net_conn_set_deadline(loop, conn);
}

static enum assay_net_outcome outcome_of_connect(int failure)
{
    return failure == ECONNREFUSED ? ASSAY_NET_REFUSED : ASSAY_NET_UNREACHABLE;
}

void assay_net_conn_start(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    reset_request(conn, false);
    struct assay_net_sock_refusals refusals = {0};
    conn->facts.conn_start_ns = conn->submit_ns;
    conn->tx.fd = assay_net_sock_new(conn->target->address.ss_family, &refusals);
    if (conn->tx.fd < 0) {
        conn->facts.sys_errno = errno;
        assay_net_conn_finish_later(loop, conn, ASSAY_NET_UNREACHABLE, "no socket");
        return;
    }
    loop->stats.connections++;
    loop->stats.is_rx_refused |= refusals.is_rx_refused;
    loop->stats.is_inq_refused |= refusals.is_inq_refused;
    int rc = connect(conn->tx.fd, (const struct sockaddr *)&conn->target->address, conn->target->address_len);
    if (rc != 0 && errno != EINPROGRESS) {
        conn->facts.sys_errno = errno;
        assay_net_conn_finish_later(loop, conn, outcome_of_connect(errno), NULL);
        return;
    }
    if (!assay_net_conn_watch(loop, conn, EPOLLIN | EPOLLOUT | EPOLLRDHUP)) {
        conn->facts.sys_errno = errno;
        assay_net_conn_finish_later(loop, conn, ASSAY_NET_UNREACHABLE, "the socket cannot be watched");
        return;
    }
    conn->phase = ASSAY_NET_PHASE_CONNECTING; /* also when it is connected already: epoll says so at once */
    assay_net_conn_set_deadline(loop, conn);
}

static void begin_request(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    conn->phase = ASSAY_NET_PHASE_ACTIVE;
    conn->sent = 0;
    uint64_t body_max = conn->request.body_bytes_max ? conn->request.body_bytes_max : ASSAY_NET_BODY_BYTES_MAX;
    assay_net_http_init(&conn->http, conn->request.is_head_method, body_max);
    conn->response_bytes = 0;
    conn->facts.send_enter_ns = conn->phase_ns = assay_clock_mono_ns();
    assay_net_timeline_start(&conn->timeline, conn->facts.send_enter_ns);
    assay_net_conn_set_deadline(loop, conn);
}

void assay_net_conn_restart(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    reset_request(conn, true);
    begin_request(loop, conn);
    assay_net_conn_send(loop, conn);
}

/* ---- from one phase to the next -------------------------------------------------------------------------------- */

static void begin_tls(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    conn->phase = ASSAY_NET_PHASE_TLS;
    conn->tls = assay_net_tls_new(conn->target->tls, &conn->target->url, loop->pool);
    if (!conn->tls) {
        assay_net_conn_finish_later(loop, conn, ASSAY_NET_TLS_FAILED, "no memory for a TLS connection");
        return;
    }
    (void)assay_net_tls_handshake(conn->tls); /* writes the first flight; the answer is awaited anyway */
    assay_net_conn_send(loop, conn);
}

static void end_connect_phase(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    int fd = conn->tx.fd;
    conn->facts.conn_end_ns = assay_clock_mono_ns();
    assay_net_tx_init(&conn->tx, fd); /* only now: OPT_ID is refused on an unconnected socket */
    loop->stats.is_tx_refused |= !conn->tx.is_on;
    (void)assay_net_conn_watch(loop, conn, EPOLLIN | EPOLLRDHUP);
}

void assay_net_conn_advance(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    const enum assay_net_phase done = conn->phase;
    if (done == ASSAY_NET_PHASE_CONNECTING) {
        end_connect_phase(loop, conn);
    }
    if (done == ASSAY_NET_PHASE_CONNECTING && conn->target->connect_head_len > 0) {
        conn->phase = ASSAY_NET_PHASE_PROXY;
        assay_net_http_init(&conn->http, true, 0);
        assay_net_conn_send(loop, conn);
        return;
    }
    if (done != ASSAY_NET_PHASE_TLS && conn->target->url.is_tls) {
        begin_tls(loop, conn);
        return;
    }
    if (done == ASSAY_NET_PHASE_TLS) {
        conn->facts.tls_end_ns = assay_clock_mono_ns();
    }
    begin_request(loop, conn);
    assay_net_conn_send(loop, conn);
}

static void end_connecting(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    int failure = 0;
    socklen_t len = sizeof failure;
    if (getsockopt(conn->tx.fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        conn->facts.sys_errno = failure;
        assay_net_conn_finish(loop, conn, outcome_of_connect(failure), NULL);
        return;
    }
    assay_net_conn_advance(loop, conn);
}

/* An idle connection has something to say: a late stamp, the server's goodbye, or bytes that nobody asked for. */
static void end_idle(struct assay_net_loop *loop, struct assay_net_conn *conn, uint32_t events)
{
    (void)assay_net_conn_reap(loop, conn);
    if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))) {
        return;
    }
    struct assay_net_conn **link = &loop->idle;
    while (*link != conn) {
        link = &(*link)->next_free;
    }
    *link = conn->next_free;
    assay_net_conn_close(conn);
    conn->phase = ASSAY_NET_PHASE_FREE;
    conn->next_free = loop->free;
    loop->free = conn;
}

void assay_net_conn_ready(struct assay_net_loop *loop, struct assay_net_conn *conn, uint32_t events)
{
    switch (conn->phase) {
    case ASSAY_NET_PHASE_FREE:
    case ASSAY_NET_PHASE_FAILED:
        return;
    case ASSAY_NET_PHASE_IDLE:
        end_idle(loop, conn, events);
        return;
    case ASSAY_NET_PHASE_CONNECTING:
        end_connecting(loop, conn);
        return;
    case ASSAY_NET_PHASE_PROXY:
    case ASSAY_NET_PHASE_TLS:
    case ASSAY_NET_PHASE_ACTIVE:
        break;
    }
    const bool is_stamp = (events & EPOLLERR) && assay_net_conn_reap(loop, conn) > 0;
    if (events & EPOLLOUT) {
        assay_net_conn_send(loop, conn);
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) || ((events & EPOLLERR) && !is_stamp)) {
        assay_net_conn_read(loop, conn);
    }
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

static void take_facts(struct assay_net_conn *conn, enum assay_net_outcome outcome, const char *reason)
{
    struct assay_net_facts *facts = &conn->facts;
    facts->outcome = outcome;
    facts->reason = reason;
    facts->end_ns = assay_clock_mono_ns();
    if (outcome != ASSAY_NET_OK) { /* the moment of failure */
        facts->end = (struct assay_net_arrival){facts->end_ns, facts->end_ns, ASSAY_NET_UNKNOWN};
    }
    facts->segments = conn->segment.index + 1;
}

static bool lacks_stamps(const struct assay_net_conn *conn)
{
    const bool lacks_ack = conn->request.wants_tx_ack && conn->facts.tx_ack.ns == ASSAY_NS_ABSENT;
    return conn->is_sent && (!conn->facts.has_snd || lacks_ack);
}

void assay_net_conn_finish(struct assay_net_loop *loop, struct assay_net_conn *conn, enum assay_net_outcome outcome,
                           const char *reason)
{
    assert(conn->phase != ASSAY_NET_PHASE_FREE && conn->phase != ASSAY_NET_PHASE_IDLE);
    take_facts(conn, outcome, reason);
    if (conn->tx.is_on && lacks_stamps(conn)) {
        (void)assay_net_conn_reap(loop, conn); /* the stamp of this request, before the connection serves another */
    }
    const bool is_kept = outcome == ASSAY_NET_OK && conn->http.is_keep_alive && conn->is_sent &&
                         conn->facts.bytes_after_end == 0 && !conn->is_spent;
    assay_net_timers_remove(&loop->timers, &conn->timer);
    struct assay_net_conn **list = is_kept ? &loop->idle : &loop->free;
    if (is_kept) {
        conn->phase = ASSAY_NET_PHASE_IDLE;
    } else {
        assay_net_conn_close(conn);
        conn->phase = ASSAY_NET_PHASE_FREE;
    }
    conn->next_free = *list;
    *list = conn;
    loop->in_flight--;
    loop->ended++;
    const struct assay_net_facts facts = conn->facts; /* the slot may serve another request before on_done returns */
    conn->request.handler->on_done(conn->request.context, &facts);
}
