/* Writes of the truth server: render, send at the planned instant, log, collect the kernel's stamps. */
#include "serve/truth_server.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/epoll.h>

uint32_t truth_write_record(struct truth_server *server, const struct assay_truth_record *record)
{
    if (server->log.count == server->log_max) {
        server->log.dropped++;
        return UINT32_MAX;
    }
    server->log.records[server->log.count] = *record;
    return (uint32_t)server->log.count++;
}

void truth_write_next(struct truth_server *server, struct truth_conn *conn)
{
    uint64_t due = truth_stream_due(&conn->stream);
    conn->state = TRUTH_PLAYING;
    conn->out.len = 0;
    conn->sent = conn->piece_end = 0;
    conn->piece_due_ns = due;
    truth_timer_set(&server->timer, conn->index, due);
}

static void remember_stamp(struct truth_server *server, struct truth_conn *conn, uint32_t id, uint32_t record)
{
    if (conn->waits_count == TRUTH_STAMPS_MAX) {
        truth_write_stamps(server, conn);
    }
    if (conn->waits_count == TRUTH_STAMPS_MAX) { /* never stamped: the oldest gives way */
        conn->waits_first = (conn->waits_first + 1) % TRUTH_STAMPS_MAX;
        conn->waits_count--;
    }
    uint32_t place = (conn->waits_first + conn->waits_count++) % TRUTH_STAMPS_MAX;
    conn->waits[place] = (struct truth_stamp_wait){id, record};
    if (!conn->is_queued) {
        conn->is_queued = true;
        server->stamp_queue[(server->stamp_first + server->stamp_count++) % TRUTH_CONNS_MAX] = conn->index;
    }
}

static void take_note(struct truth_server *server, struct truth_conn *conn, const struct assay_net_tx_note *note)
{
    for (uint32_t i = 0; i < conn->waits_count; i++) {
        const struct truth_stamp_wait *wait = &conn->waits[(conn->waits_first + i) % TRUTH_STAMPS_MAX];
        if (wait->id != note->id) {
            continue;
        }
        struct assay_truth_record *record = &server->log.records[wait->record];
        if (record->tx_real_ns == 0) {
            record->tx_real_ns = note->real_ns;
            server->totals.tx_stamps++;
        } else {
            record->flags |= ASSAY_TRUTH_RETRANSMITTED;
        }
        /* stamps come in order: nothing older is waited for any more, but this one may come again */
        conn->waits_first = (conn->waits_first + i) % TRUTH_STAMPS_MAX;
        conn->waits_count -= i;
        return;
    }
}

void truth_write_stamps(struct truth_server *server, struct truth_conn *conn)
{
    enum { NOTES = 16 };
    struct assay_net_tx_note notes[NOTES];
    size_t n;
    do {
        n = assay_net_tx_reap(&conn->tx, notes, NOTES);
        for (size_t i = 0; i < n; i++) {
            if (notes[i].kind == ASSAY_NET_TX_SND) {
                take_note(server, conn, &notes[i]);
            }
        }
    } while (n == NOTES);
}

/* The piece that completes the last event carries the record of the event; the others are pieces. */
static struct assay_truth_record record_of(const struct truth_conn *conn, uint64_t before_ns, size_t bytes)
{
    const struct truth_write *write = &conn->write;
    bool has_events = write->events > 0;
    size_t complete_at = has_events ? write->complete_at : conn->out.len;
    bool completes = conn->sent < complete_at && conn->piece_end >= complete_at;
    struct assay_truth_record record = {.kind = (uint16_t)(completes ? write->kind : ASSAY_TRUTH_PIECE),
                                        .stream = conn->is_stream ? conn->stream.number : UINT32_MAX,
                                        .event = UINT32_MAX,
                                        .bytes = (uint32_t)bytes,
                                        .connection = conn->serial,
                                        .planned_ns = conn->piece_due_ns,
                                        .before_ns = before_ns};
    if (completes && has_events) {
        record.event = write->event;
        record.events = write->events;
        record.tokens = write->tokens;
    }
    return record;
}

static void count_write(struct truth_server *server, const struct assay_truth_record *record)
{
    server->totals.writes++;
    server->totals.tokens += record->tokens;
    server->state.output_tokens += record->tokens;
}

/* All pieces are out: what comes next. */
static void write_ended(struct truth_server *server, struct truth_conn *conn)
{
    if (conn->write.after == TRUTH_GO_ON) {
        truth_write_next(server, conn);
    } else {
        truth_conn_finish(server, conn, conn->write.after);
    }
}

static void send_piece(struct truth_server *server, struct truth_conn *conn)
{
    size_t len = conn->piece_end - conn->sent;
    bool asks = !server->setup->no_tx_stamps && server->log.count < server->log_max;
    uint32_t id = 0;
    uint64_t before_ns = assay_clock_mono_ns();
    ssize_t n =
        assay_net_tx_send(&conn->tx, conn->out.data + conn->sent, len, (struct assay_net_tx_ask){.snd = asks}, &id);
    int sys_errno = errno;
    struct assay_truth_record record = record_of(conn, before_ns, n > 0 ? (size_t)n : 0);
    bool is_blocked = n < 0 && (sys_errno == EAGAIN || sys_errno == EWOULDBLOCK);
    if (n < 0 && !is_blocked) {
        record.flags |= ASSAY_TRUTH_BROKEN;
        (void)truth_write_record(server, &record);
        truth_conn_close(server, conn);
        return;
    }
    conn->sent += n > 0 ? (size_t)n : 0;
    if (conn->sent < conn->piece_end) { /* the event is not out: its record follows with the rest */
        record.kind = ASSAY_TRUTH_PIECE;
        record.flags |= ASSAY_TRUTH_SHORT_WRITE;
        record.event = UINT32_MAX;
        record.events = record.tokens = 0;
    }
    uint32_t at = truth_write_record(server, &record);
    count_write(server, &record);
    if (n > 0 && asks && conn->tx.is_on && at != UINT32_MAX) {
        remember_stamp(server, conn, id, at);
    }
    if (conn->sent < conn->piece_end) {
        conn->state = TRUTH_BLOCKED;
        truth_conn_watch(server, conn, EPOLLOUT);
    }
}

void truth_write_piece(struct truth_server *server, struct truth_conn *conn)
{
    if (conn->out.len == 0 && conn->is_stream) {
        truth_stream_next(&conn->stream, &conn->write, &conn->out);
        if (conn->out.failed != ASSAY_OK) { /* no memory for what the script asks for */
            truth_conn_close(server, conn);
            return;
        }
    }
    if (conn->sent == conn->piece_end && conn->sent < conn->out.len) {
        conn->piece_end = conn->is_stream ? truth_stream_piece_end(&conn->stream, &conn->write, &conn->out, conn->sent)
                                          : conn->out.len;
    }
    if (conn->out.len == 0) { /* a write without bytes, such as a missing terminator of a close-delimited body */
        write_ended(server, conn);
        return;
    }
    send_piece(server, conn);
    if (conn->state != TRUTH_PLAYING) {
        return;
    }
    if (conn->sent == conn->out.len) {
        write_ended(server, conn);
        return;
    }
    conn->piece_due_ns += conn->is_stream ? conn->stream.spec->piece_gap_ns : 0;
    truth_timer_set(&server->timer, conn->index, conn->piece_due_ns);
}
