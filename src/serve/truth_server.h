/*
 * Inside serve/: the truth server's loop and its connections.
 *
 * A connection is in epoll only while something from its peer matters (a request, room to write, the end): while it
 * streams it waits in the timer heap alone, so that transmit stamps and acknowledgements wake nobody. Transmit stamps
 * are collected when no write is due.
 */
#ifndef ASSAY_SERVE_TRUTH_SERVER_H
#define ASSAY_SERVE_TRUTH_SERVER_H

#include "net/net.h"
#include "serve/truth_identity.h"
#include "serve/truth_request.h"
#include "serve/truth_stream.h"
#include "serve/truth_timer.h"

#define TRUTH_CONNS_MAX 16384                     /* connections at once; three times the goal of 5,000 streams */
#define TRUTH_REQUEST_BYTES_MAX ((size_t)4 << 20) /* head and body: a prompt of 500,000 words */
#define TRUTH_STAMPS_MAX 64                       /* writes of a connection whose stamps were not collected yet */
#define TRUTH_SEEN_MAX 65536                      /* prompts that caches_repeats remembers */
#define TRUTH_SCRATCH_BYTES 65536                 /* one read */

enum truth_conn_state {
    TRUTH_FREE,
    TRUTH_READING,   /* in epoll */
    TRUTH_PACED,     /* slow reading: in the timer heap */
    TRUTH_PLAYING,   /* in the timer heap */
    TRUTH_BLOCKED,   /* a short write: in epoll for room */
    TRUTH_HANGING,   /* says nothing any more: in epoll for the peer's end */
    TRUTH_RESETTING, /* in the timer heap */
    TRUTH_ENDING     /* shut down, waits for the peer's end: in epoll and the timer heap */
};

struct truth_stamp_wait {
    uint32_t id, record;
};

struct truth_conn {
    enum truth_conn_state state;
    int fd;
    uint32_t index;  /* in the server's table */
    uint32_t serial; /* number of the connection */
    struct assay_net_tx tx;
    struct assay_net_req req;
    char *request;                 /* TRUTH_REQUEST_BYTES_MAX, touched as far as used */
    struct assay_buf ahead;        /* bytes that came behind a request */
    const struct truth_spec *pace; /* how this request is read */
    struct truth_stream stream;
    bool is_stream; /* false: an answer without tokens */
    struct truth_write write;
    struct assay_buf out;
    size_t sent, piece_end;
    uint64_t piece_due_ns;
    struct truth_stamp_wait waits[TRUTH_STAMPS_MAX];
    uint32_t waits_first, waits_count;
    bool is_queued; /* in the server's queue of stamps to collect */
};

struct truth_server {
    const struct assay_truth_setup *setup;
    const struct assay_truth_script *script;
    struct truth_state state;
    int epoll_fd, stop_fd;
    struct assay_net_listener listener;
    struct truth_timer timer;  /* id = index of a connection; TRUTH_CONNS_MAX = the listener */
    struct truth_conn **conns; /* grown one by one, then reused */
    uint32_t conns_count;
    uint32_t *free_conns, free_count;
    uint32_t *stamp_queue, stamp_first, stamp_count; /* ring of connections with stamps to collect */
    struct assay_truth_log log;
    size_t log_max;
    uint64_t *seen; /* hashes of prompts, open addressing */
    uint64_t spin_ns, next_clock_ns, now_ns;
    struct assay_truth_summary totals;
    bool is_stopped;
    char scratch[TRUTH_SCRATCH_BYTES];
};

/* ---- truth_server.c -----------------------------------------------------------------------------------------------
 */
/* As assay_truth_serve; stop_fd (readable or closed: end) and log_fd (gets the log) may be -1. */
assay_code truth_server_run(const struct assay_truth_setup *setup, int stop_fd, int log_fd,
                            struct assay_truth_summary *ret, assay_err *err);

/* ---- truth_conn.c -------------------------------------------------------------------------------------------------
 */
assay_code truth_conn_accept(struct truth_server *server, assay_err *err); /* all that wait */
void truth_conn_event(struct truth_server *server, uint32_t index, uint32_t events);
void truth_conn_due(struct truth_server *server, uint32_t index);
void truth_conn_free(struct truth_conn *conn); /* at the end */
/* Puts the connection under the state's events; epoll's data is its index. */
void truth_conn_close(struct truth_server *server, struct truth_conn *conn);

/* ---- truth_write.c ------------------------------------------------------------------------------------------------
 */
void truth_write_next(struct truth_server *server, struct truth_conn *conn);  /* renders and plans the next write */
void truth_write_piece(struct truth_server *server, struct truth_conn *conn); /* sends what is due */
void truth_write_stamps(struct truth_server *server, struct truth_conn *conn);
/* Index of the new record, or UINT32_MAX: the log is full. */
uint32_t truth_write_record(struct truth_server *server, const struct assay_truth_record *record);
void truth_conn_watch(struct truth_server *server, struct truth_conn *conn, uint32_t events); /* 0: out of epoll */
void truth_conn_finish(struct truth_server *server, struct truth_conn *conn, enum truth_after after);

/* ---- truth_answering.c --------------------------------------------------------------------------------------------
 */
void truth_conn_answer(struct truth_server *server, struct truth_conn *conn); /* the request is complete */
void truth_conn_refuse(struct truth_server *server, struct truth_conn *conn, unsigned status, const char *reason);

#endif
