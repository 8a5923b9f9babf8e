#include "net/conn.h"
#include "net/facts.h"

#include <errno.h>
#include <string.h>

#define READS_MAX 16 /* of one connection in a row; then the others have their turn */
#define NOTES 8      /* stamps taken off the error queue at a time: one request has two, seldom more */

/* ---- stamps ---------------------------------------------------------------------------------------------------- */

/* The clocks are read after every stamp, so that a step cannot hide between the stamp and the next reading. */
static struct assay_net_stamp mono_of(struct assay_net_loop *loop, uint64_t real_ns)
{
    if (real_ns > loop->clock.last_real_ns) {
        (void)assay_net_clock_map_add(&loop->clock, assay_clock_read_pair());
    }
    return assay_net_clock_map_stamp(&loop->clock, real_ns);
}

static void take_note(struct assay_net_loop *loop, struct assay_net_conn *conn, const struct assay_net_tx_note *note)
{
    const bool is_ours = conn->is_sent && note->id == conn->last_id;
    if (note->kind == ASSAY_NET_TX_ERROR) {
        conn->facts.sys_errno = note->sys_errno;
    } else if (is_ours) { /* not of a piece that was thought to be the last one and was cut, or of an earlier request */
        assay_net_facts_take_stamp(&conn->facts, note->kind, mono_of(loop, note->real_ns));
    }
}

size_t assay_net_conn_reap(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    struct assay_net_tx_note notes[NOTES];
    size_t count, total = 0;
    do {
        count = assay_net_tx_reap(&conn->tx, notes, NOTES);
        for (size_t i = 0; i < count; i++) {
            take_note(loop, conn, &notes[i]);
        }
        total += count;
    } while (count == NOTES);
    return total;
}

static void begin_segment(struct assay_net_loop *loop, struct assay_net_conn *conn,
                          const struct assay_net_sock_read *read)
{
    conn->segment = (struct assay_net_segment){
        .index = conn->segment.index,
        .left_bytes = read->left_bytes,
        .rx = mono_of(loop, read->real_ns),
        .user_before_ns = read->before_ns,
        .user_after_ns = read->after_ns,
    };
    conn->facts.received_bytes += (uint64_t)read->count;
    loop->stats.reads++;
    loop->stats.bytes_in += (uint64_t)read->count;
    loop->stats.unstamped_reads += conn->segment.rx.ns == ASSAY_NS_ABSENT;
}

static struct assay_net_arrival arrival_of(const struct assay_net_conn *conn, size_t after_bytes)
{
    return assay_net_timeline_arrival(&conn->timeline, &conn->segment, after_bytes + conn->undecoded_bytes);
}

/* ---- the response, as the parser tells it ---------------------------------------------------------------------- */

static void on_header(void *context, struct assay_slice name, struct assay_slice value)
{
    struct assay_net_conn *conn = context;
    if (conn->request.handler->on_header) {
        conn->request.handler->on_header(conn->request.context, name, value);
    }
}

static void on_head(void *context, size_t after_bytes)
{
    struct assay_net_conn *conn = context;
    const struct assay_net_http *http = &conn->http;
    conn->facts.hdr = arrival_of(conn, after_bytes);
    conn->facts.status = http->status;
    conn->facts.retry_after_ns = http->retry_after_ns;
    if (conn->request.handler->on_head) {
        const struct assay_net_response response = {.status = http->status,
                                                    .content_length = http->content_length,
                                                    .is_chunked = http->is_chunked,
                                                    .content_type = {http->content_type, http->content_type_len},
                                                    .hdr = conn->facts.hdr};
        conn->request.handler->on_head(conn->request.context, &response);
    }
}

static bool on_body(void *context, const struct assay_net_http_body *body)
{
    struct assay_net_conn *conn = context;
    const struct assay_net_span span = {
        .data = body->data,
        .len = body->len,
        .body_offset = conn->facts.body_bytes,
        .segment = &conn->segment,
        .closing_bytes = body->closing_bytes,
        .after_bytes = body->after_bytes + conn->undecoded_bytes,
        .timeline = &conn->timeline,
    };
    if (conn->facts.body_bytes == 0) {
        conn->facts.first_body = assay_net_span_arrival(&span, 1);
    }
    conn->facts.body_bytes += body->len;
    return !conn->request.handler->on_body || conn->request.handler->on_body(conn->request.context, &span);
}

static const struct assay_net_http_sink RESPONSE_SINK = {on_header, on_head, on_body};

/* ---- phases ---------------------------------------------------------------------------------------------------- */

/* Bytes came: the stall clock starts anew. */
static void note_progress(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    conn->phase_ns = conn->segment.user_after_ns;
    if (!conn->has_body_byte) {
        conn->has_body_byte = true;
        assay_net_conn_set_deadline(loop, conn); /* from "first" to "stall", which may come sooner */
    }
}

/* Plain bytes of the response (or none: a read that completed no TLS record). False: the request has ended. */
static bool take_response(struct assay_net_loop *loop, struct assay_net_conn *conn, const char *bytes, size_t len)
{
    const uint64_t body_before = conn->facts.body_bytes;
    conn->response_bytes += len;
    conn->segment.index++;
    conn->segment.end_offset = conn->response_bytes;
    conn->facts.unstamped_segments += conn->segment.rx.ns == ASSAY_NS_ABSENT;
    assay_net_timeline_read(&conn->timeline, &conn->segment);
    if (len > 0 && conn->response_bytes == len) {
        conn->facts.first_byte = arrival_of(conn, len - 1);
    }
    if (conn->request.handler->on_segment) {
        conn->request.handler->on_segment(conn->request.context, &conn->segment);
    }
    size_t used = assay_net_http_feed(&conn->http, bytes, len, &RESPONSE_SINK, conn);
    if (conn->facts.body_bytes > body_before) {
        note_progress(loop, conn);
    }
    if (conn->http.state == ASSAY_NET_HTTP_FAILED) {
        assay_net_conn_finish(loop, conn, conn->http.outcome, conn->http.reason);
        return false;
    }
    if (conn->http.state != ASSAY_NET_HTTP_DONE) {
        return true;
    }
    conn->facts.end = arrival_of(conn, len - used);
    conn->facts.bytes_after_end = len - used;
    if (conn->tls) { /* what is left may be a session ticket: nobody can tell, so the connection is not used again */
        conn->is_spent |= conn->undecoded_bytes > 0 || conn->segment.left_bytes > 0;
    } else if (conn->segment.left_bytes != ASSAY_NET_LEFT_UNKNOWN) {
        conn->facts.bytes_after_end += conn->segment.left_bytes;
    }
    assay_net_conn_finish(loop, conn, ASSAY_NET_OK, NULL);
    return false;
}

static void on_proxy_head(void *context, size_t after_bytes)
{
    (void)context;
    (void)after_bytes;
}

static bool on_proxy_body(void *context, const struct assay_net_http_body *body)
{
    (void)context;
    (void)body;
    return true; /* a CONNECT answer is parsed as one without a body */
}

static bool take_proxy(struct assay_net_loop *loop, struct assay_net_conn *conn, const char *bytes, size_t len)
{
    static const struct assay_net_http_sink SINK = {NULL, on_proxy_head, on_proxy_body};
    size_t used = assay_net_http_feed(&conn->http, bytes, len, &SINK, conn);
    const enum assay_net_http_state state = conn->http.state;
    if (state != ASSAY_NET_HTTP_DONE && state != ASSAY_NET_HTTP_FAILED) {
        return true;
    }
    if (state == ASSAY_NET_HTTP_FAILED || conn->http.status / 100 != 2 || used < len) {
        assay_net_conn_finish(loop, conn, ASSAY_NET_UNREACHABLE,
                              conn->http.status == 407 ? "the proxy wants a user name and password"
                                                       : "the proxy did not connect to the host");
        return false;
    }
    assay_net_conn_advance(loop, conn);
    return true;
}

/* ---- the end of the connection --------------------------------------------------------------------------------- */

static void end_broken(struct assay_net_loop *loop, struct assay_net_conn *conn, int sys_errno, const char *reason)
{
    const bool is_send = conn->send_errno != 0;
    enum assay_net_outcome outcome = is_send          ? ASSAY_NET_SEND_FAILED
                                     : sys_errno != 0 ? ASSAY_NET_RESET
                                                      : ASSAY_NET_CLOSED;
    if (conn->phase == ASSAY_NET_PHASE_PROXY) {
        outcome = ASSAY_NET_UNREACHABLE;
        reason = "the proxy closed the connection";
    } else if (conn->phase == ASSAY_NET_PHASE_TLS) {
        outcome = ASSAY_NET_TLS_FAILED;
        reason = "connection closed during the TLS handshake";
    }
    conn->facts.sys_errno = is_send ? conn->send_errno : sys_errno;
    assay_net_conn_finish(loop, conn, outcome, reason);
}

/* The peer sends no more. is_clean: TCP without TLS, or TLS with its goodbye. */
static void end_of_stream(struct assay_net_loop *loop, struct assay_net_conn *conn, uint64_t now_ns, bool is_clean)
{
    if (conn->phase != ASSAY_NET_PHASE_ACTIVE) {
        end_broken(loop, conn, 0, NULL);
        return;
    }
    if (!is_clean && conn->http.state == ASSAY_NET_HTTP_BODY_CLOSE) {
        end_broken(loop, conn, 0, "the TLS stream was cut without its goodbye");
        return;
    }
    assay_net_http_end(&conn->http);
    if (conn->http.state != ASSAY_NET_HTTP_DONE) {
        end_broken(loop, conn, 0, conn->http.reason);
        return;
    }
    /* A closing segment carries no stamp. */
    conn->facts.end = (struct assay_net_arrival){conn->timeline.next_lo_ns, now_ns, ASSAY_NET_UNKNOWN};
    assay_net_conn_finish(loop, conn, ASSAY_NET_OK, NULL);
}

/* ---- TLS ------------------------------------------------------------------------------------------------------- */

static bool take_handshake(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    enum assay_net_tls_result result = assay_net_tls_handshake(conn->tls);
    if (result == ASSAY_NET_TLS_WANT) {
        assay_net_conn_send(loop, conn);
        return true;
    }
    if (result == ASSAY_NET_TLS_OK) {
        assay_net_conn_advance(loop, conn);
        return true;
    }
    const char *reason = assay_net_tls_reason(conn->tls);
    assay_net_conn_send(loop, conn); /* the alert that tells the server why */
    assay_net_conn_finish(loop, conn, ASSAY_NET_TLS_FAILED, reason);
    return false;
}

/* Decodes all records that this read completed, then hands their bytes over as one piece. */
static bool take_records(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    enum assay_net_tls_result result;
    size_t len = 0, got;
    conn->undecoded_bytes = assay_net_tls_input_left(conn->tls);
    while ((result = assay_net_tls_read(conn->tls, loop->plain + len, ASSAY_NET_PLAIN_BYTES - len, &got)) ==
           ASSAY_NET_TLS_OK) {
        len += got;
        conn->undecoded_bytes = assay_net_tls_input_left(conn->tls);
    }
    conn->is_spent |= result != ASSAY_NET_TLS_WANT;
    const char *reason = result == ASSAY_NET_TLS_BROKEN ? assay_net_tls_reason(conn->tls) : NULL;
    const uint64_t now_ns = conn->segment.user_after_ns;
    if (!take_response(loop, conn, loop->plain, len)) {
        return false;
    }
    if (result == ASSAY_NET_TLS_CLOSED) {
        end_of_stream(loop, conn, now_ns, true);
        return false;
    }
    if (result == ASSAY_NET_TLS_BROKEN) {
        assay_net_conn_finish(loop, conn, ASSAY_NET_TLS_FAILED, reason);
        return false;
    }
    if (assay_net_tls_output(conn->tls)->len > 0) {
        assay_net_conn_send(loop, conn); /* the answer to a key update */
    }
    return true;
}

static bool take_tls(struct assay_net_loop *loop, struct assay_net_conn *conn, const char *bytes, size_t len)
{
    assay_net_tls_input(conn->tls, bytes, len);
    if (conn->phase == ASSAY_NET_PHASE_TLS && !take_handshake(loop, conn)) {
        return false;
    }
    if (conn->phase == ASSAY_NET_PHASE_ACTIVE) {
        return take_records(loop, conn);
    }
    return conn->phase == ASSAY_NET_PHASE_TLS;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static bool take_bytes(struct assay_net_loop *loop, struct assay_net_conn *conn, const struct assay_net_sock_read *read)
{
    const size_t len = (size_t)read->count;
    begin_segment(loop, conn, read);
    conn->undecoded_bytes = 0;
    if (conn->phase == ASSAY_NET_PHASE_PROXY) {
        return take_proxy(loop, conn, loop->receive, len);
    }
    if (conn->tls) {
        return take_tls(loop, conn, loop->receive, len);
    }
    return take_response(loop, conn, loop->receive, len);
}

void assay_net_conn_read(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    for (int i = 0; i < READS_MAX; i++) {
        if (conn->phase == ASSAY_NET_PHASE_FAILED) {
            return;
        }
        struct assay_net_sock_read read = assay_net_sock_recv(conn->tx.fd, loop->receive, ASSAY_NET_RECEIVE_BYTES);
        if (read.count < 0) {
            if (read.sys_errno != EAGAIN && read.sys_errno != EWOULDBLOCK) {
                end_broken(loop, conn, read.sys_errno, NULL);
            }
            return;
        }
        if (read.count == 0) {
            end_of_stream(loop, conn, read.after_ns, conn->tls == NULL);
            return;
        }
        const bool has_drained = read.left_bytes == 0 || (read.left_bytes == ASSAY_NET_LEFT_UNKNOWN &&
                                                          (size_t)read.count < ASSAY_NET_RECEIVE_BYTES);
        if (!take_bytes(loop, conn, &read) || has_drained) {
            return;
        }
    }
}
