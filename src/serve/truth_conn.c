/* Connections of the truth server: accepted, read, watched, ended. */
#include "serve/truth_server.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENDING_NS (2 * ASSAY_NS_PER_S) /* how long a peer may take to close after we did */

void truth_conn_watch(struct truth_server *server, struct truth_conn *conn, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = conn->index};
    if (events == 0) {
        (void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL); /* ENOENT is fine */
        return;
    }
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, conn->fd, &event) != 0 && errno == ENOENT) {
        (void)epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event);
    }
}

static struct truth_conn *conn_new(struct truth_server *server)
{
    struct truth_conn *conn = assay_alloc(1, sizeof *conn);
    char *request = assay_alloc(TRUTH_REQUEST_BYTES_MAX, 1);
    if (!conn || !request) {
        assay_free(conn);
        assay_free(request);
        return NULL;
    }
    conn->request = request;
    conn->index = server->conns_count;
    conn->fd = -1;
    assay_buf_init(&conn->ahead, TRUTH_REQUEST_BYTES_MAX);
    assay_buf_init(&conn->out, TRUTH_STREAM_BYTES_MAX);
    truth_stream_init(&conn->stream);
    (void)assay_buf_reserve(&conn->out, TRUTH_EVENT_BYTES);
    server->conns[server->conns_count++] = conn;
    return conn;
}

void truth_conn_free(struct truth_conn *conn)
{
    if (!conn) {
        return;
    }
    if (conn->fd >= 0) {
        (void)close(conn->fd);
    }
    truth_stream_done(&conn->stream);
    assay_buf_done(&conn->ahead);
    assay_buf_done(&conn->out);
    assay_free(conn->request);
    assay_free(conn);
}

static void start_request(struct truth_server *server, struct truth_conn *conn)
{
    assay_net_req_init(&conn->req, conn->request, TRUTH_REQUEST_BYTES_MAX);
    conn->pace = truth_script_find(server->script, server->state.requests, NULL, NULL);
    conn->state = TRUTH_READING;
    if (conn->pace->read_bytes > 0) {
        conn->state = TRUTH_PACED;
        truth_timer_set(&server->timer, conn->index, assay_clock_mono_ns() + conn->pace->read_gap_ns);
        truth_conn_watch(server, conn, 0);
    } else {
        truth_conn_watch(server, conn, EPOLLIN);
    }
}

/* A reader that is meant to be slow must not have the kernel read ahead for it. */
static void shrink_receive_buffer(struct truth_server *server, int fd)
{
    const struct truth_spec *pace = truth_script_find(server->script, server->state.requests, NULL, NULL);
    int bytes = 4096;
    if (pace->read_bytes > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
}

static assay_code accept_one(struct truth_server *server, int fd, assay_err *err)
{
    struct truth_conn *conn = NULL;
    if (server->free_count > 0) {
        conn = server->conns[server->free_conns[--server->free_count]];
    } else if (server->conns_count < TRUTH_CONNS_MAX) {
        conn = conn_new(server);
    } else {
        (void)close(fd);
        return ASSAY_OK;
    }
    if (!conn) {
        (void)close(fd);
        return assay_nomem(err);
    }
    shrink_receive_buffer(server, fd);
    conn->fd = fd;
    conn->serial = (uint32_t)server->totals.connections++;
    conn->waits_first = conn->waits_count = 0;
    assay_buf_clear(&conn->ahead);
    assay_net_tx_init(&conn->tx, fd);
    start_request(server, conn);
    return ASSAY_OK;
}

assay_code truth_conn_accept(struct truth_server *server, assay_err *err)
{
    enum { AT_ONCE = 64 }; /* then writes that are due get their turn */
    for (int i = 0; i < AT_ONCE; i++) {
        int fd = assay_net_accept(&server->listener);
        if (fd < 0) {
            return ASSAY_OK;
        }
        assay_code rc = accept_one(server, fd, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

static void end_stream(struct truth_server *server, struct truth_conn *conn)
{
    if (!conn->is_stream) {
        return;
    }
    struct assay_truth_record record = {.kind = ASSAY_TRUTH_END,
                                        .stream = conn->stream.number,
                                        .event = UINT32_MAX,
                                        .connection = conn->serial,
                                        .before_ns = assay_clock_mono_ns()};
    (void)truth_write_record(server, &record);
    conn->is_stream = false;
    server->state.streaming--;
}

void truth_conn_close(struct truth_server *server, struct truth_conn *conn)
{
    truth_write_stamps(server, conn);
    end_stream(server, conn);
    truth_timer_clear(&server->timer, conn->index);
    (void)close(conn->fd); /* leaves epoll by itself */
    conn->fd = -1;
    conn->state = TRUTH_FREE;
    conn->waits_count = 0;
    server->free_conns[server->free_count++] = conn->index;
}

static void reset_now(struct truth_server *server, struct truth_conn *conn)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0}; /* close() then sends RST */
    (void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    truth_conn_close(server, conn);
}

/* The answer is out. */
void truth_conn_finish(struct truth_server *server, struct truth_conn *conn, enum truth_after after)
{
    switch (after) {
    case TRUTH_GO_ON:
    case TRUTH_KEEP:
        end_stream(server, conn);
        start_request(server, conn);
        if (conn->ahead.len > 0) { /* pipelined: its turn comes with the timers, so that no depth of calls builds up */
            truth_timer_set(&server->timer, conn->index, assay_clock_mono_ns());
        }
        return;
    case TRUTH_SHUT:
        (void)shutdown(conn->fd, SHUT_WR);
        conn->state = TRUTH_ENDING;
        truth_conn_watch(server, conn, EPOLLIN);
        truth_timer_set(&server->timer, conn->index, assay_clock_mono_ns() + ENDING_NS);
        return;
    case TRUTH_RESET: /* the bytes before it must have arrived, or there is nothing to be cut */
        conn->state = TRUTH_RESETTING;
        truth_timer_set(&server->timer, conn->index, assay_clock_mono_ns() + conn->stream.spec->piece_gap_ns);
        return;
    case TRUTH_HANG:
        conn->state = TRUTH_HANGING;
        truth_conn_watch(server, conn, EPOLLIN);
        return;
    }
}

/* Feeds bytes to the request parser; what follows the request waits in conn->ahead. */
static void feed(struct truth_server *server, struct truth_conn *conn, const char *bytes, size_t len)
{
    bool had_head = conn->req.head_len > 0;
    size_t used = 0;
    enum assay_net_req_status status = assay_net_req_feed(&conn->req, bytes, len, &used);
    if (used < len) {
        assay_buf_append(&conn->ahead, bytes + used, len - used);
    }
    switch (status) {
    case ASSAY_NET_REQ_MORE:
        if (conn->req.wants_continue && conn->req.head_len > 0 && !had_head) {
            static const char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n";
            uint32_t id;
            (void)assay_net_tx_send(&conn->tx, CONTINUE, sizeof CONTINUE - 1, (struct assay_net_tx_ask){0}, &id);
        }
        return;
    case ASSAY_NET_REQ_DONE:
        truth_conn_watch(server, conn, 0);
        truth_timer_clear(&server->timer, conn->index);
        truth_conn_answer(server, conn);
        return;
    case ASSAY_NET_REQ_BAD:
        truth_conn_refuse(server, conn, 400, conn->req.reason);
        return;
    case ASSAY_NET_REQ_TOO_LARGE:
        truth_conn_refuse(server, conn, 413, conn->req.reason);
        return;
    }
}

static void feed_ahead(struct truth_server *server, struct truth_conn *conn)
{
    struct assay_buf ahead = conn->ahead;
    assay_buf_init(&conn->ahead, TRUTH_REQUEST_BYTES_MAX);
    feed(server, conn, ahead.data, ahead.len);
    assay_buf_done(&ahead);
}

/* Reads at most max bytes. */
static void read_some(struct truth_server *server, struct truth_conn *conn, size_t max)
{
    ssize_t n = recv(conn->fd, server->scratch, max, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        truth_conn_close(server, conn);
        return;
    }
    if (n > 0 && (conn->state == TRUTH_READING || conn->state == TRUTH_PACED)) {
        feed(server, conn, server->scratch, (size_t)n);
    }
}

void truth_conn_event(struct truth_server *server, uint32_t index, uint32_t events)
{
    struct truth_conn *conn = server->conns[index];
    if (conn->state == TRUTH_FREE) {
        return; /* closed earlier in this round of events */
    }
    if (events & EPOLLERR) {
        truth_write_stamps(server, conn);
    }
    if (conn->state == TRUTH_BLOCKED) {
        if (events & (EPOLLOUT | EPOLLHUP)) {
            conn->state = TRUTH_PLAYING;
            truth_conn_watch(server, conn, 0);
            truth_write_piece(server, conn);
        }
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP)) {
        read_some(server, conn, sizeof server->scratch);
    }
}

void truth_conn_due(struct truth_server *server, uint32_t index)
{
    struct truth_conn *conn = server->conns[index];
    switch (conn->state) {
    case TRUTH_PLAYING:
        truth_write_piece(server, conn);
        return;
    case TRUTH_PACED:
        if (conn->ahead.len > 0) {
            feed_ahead(server, conn);
            return;
        }
        truth_timer_set(&server->timer, conn->index, assay_clock_mono_ns() + conn->pace->read_gap_ns);
        read_some(server, conn,
                  conn->pace->read_bytes < sizeof server->scratch ? (size_t)conn->pace->read_bytes
                                                                  : sizeof server->scratch);
        return;
    case TRUTH_RESETTING:
        reset_now(server, conn);
        return;
    case TRUTH_ENDING:
        truth_conn_close(server, conn);
        return;
    case TRUTH_READING:
        feed_ahead(server, conn);
        return;
    case TRUTH_FREE:
    case TRUTH_BLOCKED:
    case TRUTH_HANGING:
        return;
    }
}
