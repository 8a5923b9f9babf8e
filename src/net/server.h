/*
 * Server side: what src/serve needs to answer HTTP/1.1 on its own event loop, with kernel stamps of what it writes.
 *
 *     rc = assay_net_listen("127.0.0.1", 0, &listener, &err);
 *     int fd = assay_net_accept(&listener);                  // until -1; non-blocking, TCP_NODELAY
 *     assay_net_tx_init(&tx, fd);                            // before the first write
 *     n = recv(fd, ...); status = assay_net_req_feed(&req, bytes, n, &used);   // until ASSAY_NET_REQ_DONE
 *     sent = assay_net_tx_send(&tx, bytes, len, (struct assay_net_tx_ask){.snd = true}, &id);
 *     on EPOLLERR: n = assay_net_tx_reap(&tx, notes, COUNT); // until less than COUNT: stamps by id
 *
 * Nothing here owns a loop or a thread. Bytes after one request (used < n) belong to the next one on the connection.
 */
#ifndef ASSAY_NET_SERVER_H
#define ASSAY_NET_SERVER_H

#include "base/err.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct assay_net_listener {
    int fd; /* non-blocking; for epoll */
    uint16_t port;
};

/* address: an IPv4 or IPv6 literal; port 0: any free one. NETWORK with address and port. */
assay_code assay_net_listen(const char *address, uint16_t port, struct assay_net_listener *ret, assay_err *err);
/* where: "127.0.0.1:8080", "[::1]:0". USAGE: it is no such text. */
assay_code assay_net_listen_at(const char *where, struct assay_net_listener *ret, assay_err *err);
void assay_net_listener_close(struct assay_net_listener *listener);
int assay_net_accept(const struct assay_net_listener *listener); /* -1: none waiting (or errno says why) */

/* ---- transmit stamps, used by client and server ---------------------------------------------------------------- */

/* The id of a write is the number of its last byte on the connection, counted from 0 and modulo 2^32. Stamps can only
 * be asked for on a connected socket; where the kernel refuses, is_on is false and no notes come. */
struct assay_net_tx {
    int fd;
    uint32_t next_id; /* bytes sent so far */
    bool is_on;
};

void assay_net_tx_init(struct assay_net_tx *tx, int fd);

struct assay_net_tx_ask {
    bool snd, ack;
};

/* One sendmsg (MSG_NOSIGNAL | MSG_DONTWAIT). Returns bytes taken, or -1 with errno. *ret_id is that of the last byte
 * taken; a stamp comes for it only if stamps were asked for and is_on. */
ssize_t assay_net_tx_send(struct assay_net_tx *tx, const void *bytes, size_t len, struct assay_net_tx_ask ask,
                          uint32_t *ret_id);

enum assay_net_tx_kind { ASSAY_NET_TX_SND, ASSAY_NET_TX_ACK, ASSAY_NET_TX_ERROR };

struct assay_net_tx_note {
    enum assay_net_tx_kind kind;
    uint32_t id;
    uint64_t real_ns; /* CLOCK_REALTIME; 0: none */
    int sys_errno;    /* of kind ERROR */
};

/* Empties the socket's error queue, at most max notes a call. A second SND for an id is a retransmission. */
size_t assay_net_tx_reap(const struct assay_net_tx *tx, struct assay_net_tx_note *notes, size_t max);

/* ---- requests -------------------------------------------------------------------------------------------------- */

/* The parser gathers head and body in the caller's buffer; slices point into it and hold until the next init. */
#define ASSAY_NET_REQ_HEADERS_MAX 64 /* more headers than any client of ours sends; a further one is refused */

enum assay_net_req_status {
    ASSAY_NET_REQ_MORE,
    ASSAY_NET_REQ_DONE,
    ASSAY_NET_REQ_BAD,      /* answer 400 and close */
    ASSAY_NET_REQ_TOO_LARGE /* answer 413 and close */
};

struct assay_net_req_header {
    struct assay_slice name, value;
};

struct assay_net_req {
    char *buffer;
    size_t capacity, len;                   /* bytes gathered: head, then body */
    size_t head_len;                        /* 0 until the head is complete */
    size_t scan;                            /* how far the end of the head was looked for */
    uint64_t body_bytes;                    /* announced by Content-Length */
    struct assay_slice method, path, query; /* query without '?' */
    struct assay_net_req_header headers[ASSAY_NET_REQ_HEADERS_MAX];
    size_t headers_count;
    struct assay_slice body;
    bool is_keep_alive;
    bool wants_continue; /* Expect: 100-continue: answer "HTTP/1.1 100 Continue\r\n\r\n" once head_len is set */
    enum assay_net_req_status status;
    const char *reason; /* why it is BAD or TOO_LARGE */
};

void assay_net_req_init(struct assay_net_req *req, char *buffer, size_t capacity);
/* Takes bytes until the request is complete; *ret_used tells how many. Chunked request bodies are BAD. */
enum assay_net_req_status assay_net_req_feed(struct assay_net_req *req, const char *bytes, size_t len,
                                             size_t *ret_used);
/* Value of a header (name in lower case), or an empty slice with data NULL. */
struct assay_slice assay_net_req_header(const struct assay_net_req *req, const char *name);

#endif
