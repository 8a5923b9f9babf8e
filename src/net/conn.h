/*
 * One slot of a loop: a connection and at most one request. Private to net/.
 *
 *     FREE --submit--> CONNECTING --> [PROXY -->] [TLS -->] ACTIVE --response complete--> IDLE --submit--> ACTIVE
 *                           \_____________\_________\___________\__ failure, timeout, cancel, close --> FREE
 *
 * ACTIVE covers sending and receiving, which overlap: a server may answer before it has read everything.
 */
#ifndef ASSAY_NET_CONN_H
#define ASSAY_NET_CONN_H

#include "net/client.h"
#include "net/http.h"
#include "net/pool.h"
#include "net/sock.h"
#include "net/target_impl.h"
#include "net/timers.h"
#include "net/tls.h"
#include "net/tx.h"

#define ASSAY_NET_RECEIVE_BYTES ((size_t)64 << 10) /* one buffer a loop: what the kernel hands over in one read */
/* Plain bytes of one read: never more than its ciphertext and a record that was begun before. */
#define ASSAY_NET_PLAIN_BYTES (ASSAY_NET_RECEIVE_BYTES + ASSAY_NET_TLS_RECORD_BYTES + 1024)

enum assay_net_phase {
    ASSAY_NET_PHASE_FREE,
    ASSAY_NET_PHASE_IDLE,
    ASSAY_NET_PHASE_CONNECTING,
    ASSAY_NET_PHASE_PROXY,
    ASSAY_NET_PHASE_TLS,
    ASSAY_NET_PHASE_ACTIVE,
    ASSAY_NET_PHASE_FAILED /* reported by the next pass over the timers */
};

struct assay_net_conn {
    enum assay_net_phase phase;
    uint32_t slot;
    uint32_t generation; /* of the descriptor: tells events of a closed one apart */
    uint32_t events;     /* what epoll watches */
    const struct assay_net_target *target;
    struct assay_net_request request;
    struct assay_net_facts facts;
    struct assay_net_timeline timeline;
    struct assay_net_segment segment; /* of the read being worked on */
    struct assay_net_tx tx;
    struct assay_net_tls *tls;
    size_t sent;      /* of head and body (or of the CONNECT head) */
    uint32_t last_id; /* number of the last request byte, once is_sent */
    int send_errno;   /* sending broke; the answer, if any, is still read */
    uint64_t submit_ns, phase_ns, deadline_ns;
    uint64_t response_bytes; /* plain ones, of this request */
    size_t undecoded_bytes;  /* of the current read: behind the last plain byte */
    bool is_sent, has_body_byte;
    bool is_spent; /* the connection cannot serve another request */
    struct assay_net_timer timer;
    struct assay_net_conn *next_free;
    struct assay_net_http http;
};

/* endpoints.md 10: at most 8 KiB a stream, of which a stream parser and what the workload keeps need their part. */
_Static_assert(sizeof(struct assay_net_conn) <= 4096, "a connection must stay small");

struct assay_net_loop {
    int epoll_fd;
    bool has_no_pwait2; /* Linux before 5.11: waits are whole milliseconds, the rest is polled */
    uint32_t slots, in_flight;
    struct assay_net_conn *conns;
    struct assay_net_conn *free; /* without a connection */
    struct assay_net_conn *idle; /* with one */
    struct assay_net_timers timers;
    struct assay_net_pool *pool; /* for ciphertext that waits to be sent */
    struct assay_net_clock_map clock;
    struct assay_net_loop_stats stats;
    uint64_t ended;
    struct epoll_event *ready;
    char *receive, *plain;
};

/* Both end in a phase other than FREE; a failure is kept for the next run. */
void assay_net_conn_start(struct assay_net_loop *loop, struct assay_net_conn *conn);
void assay_net_conn_restart(struct assay_net_loop *loop, struct assay_net_conn *conn);

void assay_net_conn_ready(struct assay_net_loop *loop, struct assay_net_conn *conn, uint32_t events);
void assay_net_conn_expire(struct assay_net_loop *loop, struct assay_net_conn *conn, uint64_t now_ns);
/* Ends the request: facts, on_done, and the connection is kept or closed. */
void assay_net_conn_finish(struct assay_net_loop *loop, struct assay_net_conn *conn, enum assay_net_outcome outcome,
                           const char *reason);
/* The same from where on_done must not be called: the next pass over the timers does it. */
void assay_net_conn_finish_later(struct assay_net_loop *loop, struct assay_net_conn *conn,
                                 enum assay_net_outcome outcome, const char *reason);
void assay_net_conn_close(struct assay_net_conn *conn); /* the descriptor only */

/* conn_send.c: sends what is there to send. */
void assay_net_conn_send(struct assay_net_loop *loop, struct assay_net_conn *conn);
/* conn_read.c: reads what is there to read. */
void assay_net_conn_read(struct assay_net_loop *loop, struct assay_net_conn *conn);
/* Transmit stamps; returns how many notes there were. */
size_t assay_net_conn_reap(struct assay_net_loop *loop, struct assay_net_conn *conn);
/* False only for a descriptor that is not watched yet: no memory, or the user's limit of watches. */
bool assay_net_conn_watch(struct assay_net_loop *loop, struct assay_net_conn *conn, uint32_t events);
void assay_net_conn_set_deadline(struct assay_net_loop *loop, struct assay_net_conn *conn);
/* The phase is done (connected, through the proxy, handshake finished): the next one begins. */
void assay_net_conn_advance(struct assay_net_loop *loop, struct assay_net_conn *conn);

#endif
