#include "net/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* A request larger than this goes out in pieces; the stamp is asked for with the last one only. It is what one sendmsg
 * usually gets into an empty send buffer, so that the last piece, as a rule, is not cut again. */
#define PIECE_BYTES ((size_t)64 << 10)

static struct assay_net_tx_ask ask_of(const struct assay_net_conn *conn, bool is_last)
{
    return (struct assay_net_tx_ask){.snd = is_last, .ack = is_last && conn->request.wants_tx_ack};
}

/* What a sendmsg did. False: nothing more can be sent now. */
static bool note_sent(struct assay_net_loop *loop, struct assay_net_conn *conn, ssize_t sent)
{
    if (sent >= 0) {
        conn->facts.sent_bytes += (uint64_t)sent;
        loop->stats.bytes_out += (uint64_t)sent;
        return true;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) {
        conn->send_errno = errno; /* an answer may have come before the connection broke: it is read first */
        (void)assay_net_conn_watch(loop, conn, EPOLLIN | EPOLLRDHUP);
        return false;
    }
    (void)assay_net_conn_watch(loop, conn, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
    return false;
}

static void note_request_sent(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    conn->facts.send_return_ns = assay_clock_mono_ns();
    conn->is_sent = true;
    conn->last_id = conn->tx.next_id - 1;
    (void)assay_net_conn_watch(loop, conn, EPOLLIN | EPOLLRDHUP);
}

/* The next piece of head and body, at most two parts. */
static size_t gather_pieces(const struct assay_net_conn *conn, size_t limit, struct iovec pieces[2], size_t *ret_bytes)
{
    const struct assay_slice parts[] = {conn->request.head, conn->request.body};
    size_t skip = conn->sent, count = 0;
    *ret_bytes = 0;
    for (size_t i = 0; i < 2 && *ret_bytes < limit; i++) {
        if (skip >= parts[i].len) {
            skip -= parts[i].len;
            continue;
        }
        const char *from = parts[i].data + skip;
        size_t len = parts[i].len - skip;
        len = len < limit - *ret_bytes ? len : limit - *ret_bytes;
        memcpy(&pieces[count].iov_base, &from, sizeof from); /* sendmsg only reads; iovec has no const */
        pieces[count++].iov_len = len;
        *ret_bytes += len;
        skip = 0;
    }
    return count;
}

static void send_plain(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    const size_t total = conn->request.head.len + conn->request.body.len;
    while (conn->sent < total) {
        struct iovec pieces[2];
        size_t bytes;
        uint32_t id;
        size_t count = gather_pieces(conn, PIECE_BYTES, pieces, &bytes);
        const bool is_last = conn->sent + bytes == total;
        ssize_t sent = assay_net_tx_sendv(&conn->tx, pieces, count, ask_of(conn, is_last), &id);
        if (!note_sent(loop, conn, sent)) {
            return;
        }
        conn->sent += (size_t)sent;
    }
    note_request_sent(loop, conn);
}

static void send_connect_head(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    const struct assay_net_target *target = conn->target;
    while (conn->sent < target->connect_head_len) {
        uint32_t id;
        ssize_t sent = assay_net_tx_send(&conn->tx, target->connect_head + conn->sent,
                                         target->connect_head_len - conn->sent, (struct assay_net_tx_ask){0}, &id);
        if (!note_sent(loop, conn, sent)) {
            return;
        }
        conn->sent += (size_t)sent;
    }
    (void)assay_net_conn_watch(loop, conn, EPOLLIN | EPOLLRDHUP);
}

/* Sends ciphertext that is ready. *ret_is_empty: all of it is gone. */
static void flush(struct assay_net_loop *loop, struct assay_net_conn *conn, bool is_last, bool *ret_is_empty)
{
    struct assay_net_gather *output = assay_net_tls_output(conn->tls);
    size_t at = 0;
    while (at < output->len) {
        uint32_t id;
        ssize_t sent = assay_net_tx_send(&conn->tx, output->data + at, output->len - at, ask_of(conn, is_last), &id);
        if (!note_sent(loop, conn, sent)) {
            break;
        }
        at += (size_t)sent;
    }
    *ret_is_empty = at == output->len;
    if (*ret_is_empty) {
        assay_net_gather_release(output);
        return;
    }
    memmove(output->data, output->data + at, output->len - at);
    output->len -= at;
}

/* Copies the next record's worth of head and body, which may lie apart, into one place. */
static size_t next_record(const struct assay_net_conn *conn, char *record)
{
    struct iovec pieces[2];
    size_t bytes, at = 0;
    size_t count = gather_pieces(conn, ASSAY_NET_TLS_RECORD_BYTES, pieces, &bytes);
    for (size_t i = 0; i < count; i++) {
        memcpy(record + at, pieces[i].iov_base, pieces[i].iov_len);
        at += pieces[i].iov_len;
    }
    return bytes;
}

static void send_tls(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    const size_t total = conn->request.head.len + conn->request.body.len;
    for (;;) {
        bool is_empty;
        flush(loop, conn, conn->phase == ASSAY_NET_PHASE_ACTIVE && conn->sent == total, &is_empty);
        if (!is_empty) {
            return; /* EPOLLOUT goes on from here */
        }
        if (conn->phase != ASSAY_NET_PHASE_ACTIVE || conn->sent == total) {
            break;
        }
        size_t bytes = next_record(conn, loop->plain); /* between reads that buffer is free */
        if (assay_net_tls_write(conn->tls, loop->plain, bytes) != ASSAY_NET_TLS_OK) {
            assay_net_conn_finish_later(loop, conn, ASSAY_NET_TLS_FAILED, assay_net_tls_reason(conn->tls));
            return;
        }
        conn->sent += bytes;
    }
    if (conn->phase == ASSAY_NET_PHASE_ACTIVE && !conn->is_sent) {
        note_request_sent(loop, conn);
    } else {
        (void)assay_net_conn_watch(loop, conn, EPOLLIN | EPOLLRDHUP);
    }
}

void assay_net_conn_send(struct assay_net_loop *loop, struct assay_net_conn *conn)
{
    if (conn->send_errno != 0) {
        return;
    }
    if (conn->phase == ASSAY_NET_PHASE_PROXY) {
        send_connect_head(loop, conn);
    } else if (conn->tls) {
        send_tls(loop, conn);
    } else if (!conn->is_sent) {
        send_plain(loop, conn);
    }
}
