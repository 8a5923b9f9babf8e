/*
 * Client: HTTP/1.1 requests on non-blocking connections, many at once on one thread.
 *
 * A loop has a fixed number of slots; a slot is one connection and at most one request. Everything is allocated when
 * the loop is made (OpenSSL's own buffers of a TLS connection excepted). Requests are borrowed: head, body, handler and
 * target stay as they are until on_done. on_done comes exactly once for every submitted request, and only from within
 * assay_net_loop_run or assay_net_loop_cancel; in it the slot is free again and a new request may be submitted. The
 * other callbacks must not call the loop.
 *
 * Order of callbacks: on_segment (one a recvmsg), on_header ..., on_head, then for the same segment on_body ..., at
 * last on_done. Bytes handed over are valid during the callback.
 *
 * No redirects, no retries, no content decoding: a response in any content encoding but identity ends as ENCODED.
 */
#ifndef ASSAY_NET_CLIENT_H
#define ASSAY_NET_CLIENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "net/stamp.h"
#include "net/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_NET_HEADER_BYTES_MAX ((size_t)64 << 10) /* endpoints.md 8: a response's header block */
#define ASSAY_NET_BODY_BYTES_MAX ((uint64_t)256 << 20)
#define ASSAY_NET_LINE_BYTES_MAX 1024 /* of a header line that is looked at; the rest of a longer one is skipped */
#define ASSAY_NET_SLOTS_MAX 65536

/* How a request ended, as far as the transport can tell: X(NAME, text). A response with status 500 is OK here. */
#define ASSAY_NET_OUTCOMES(X)                                                     \
    X(OK, "the response is complete")                                             \
    X(REFUSED, "connection refused")                                              \
    X(UNREACHABLE, "host or network unreachable, or the proxy would not connect") \
    X(TLS_FAILED, "TLS handshake or record layer failed")                         \
    X(SEND_FAILED, "the request could not be sent")                               \
    X(RESET, "connection reset")                                                  \
    X(CLOSED, "connection closed before the response was complete")               \
    X(BAD_HTTP, "the response is not HTTP/1.x")                                   \
    X(ENCODED, "the response has a content encoding that was not asked for")      \
    X(TOO_LARGE, "header block or body over its limit")                           \
    X(TIMEOUT_CONNECT, "no connection in time")                                   \
    X(TIMEOUT_FIRST, "no body byte in time")                                      \
    X(TIMEOUT_STALL, "no further byte in time")                                   \
    X(TIMEOUT_TOTAL, "not complete in time")                                      \
    X(STOPPED, "on_body said to stop")                                            \
    X(CANCELLED, "cancelled by the caller")

enum assay_net_outcome {
#define ASSAY_NET_OUTCOME_ENUM(name, text) ASSAY_NET_##name,
    ASSAY_NET_OUTCOMES(ASSAY_NET_OUTCOME_ENUM)
#undef ASSAY_NET_OUTCOME_ENUM
        ASSAY_NET_OUTCOME_COUNT
};
const char *assay_net_outcome_name(enum assay_net_outcome outcome); /* "TIMEOUT_FIRST" */
const char *assay_net_outcome_text(enum assay_net_outcome outcome);

/* A piece of decoded body, and where it lies in its read. */
struct assay_net_span {
    const char *data;
    size_t len;                              /* > 0 */
    uint64_t body_offset;                    /* of data[0] */
    const struct assay_net_segment *segment; /* the read that brought it */
    uint32_t closing_bytes; /* of the CRLF that closes the HTTP chunk with this span, as far as it came in this read */
    uint64_t after_bytes;   /* bytes of the read after the span and its closing bytes; TLS: undecoded ones included */
    const struct assay_net_timeline *timeline;
};

/* Bytes of the read that follow an event whose extent ends after span->data[end - 1]; 0: the read ended with it. */
uint64_t assay_net_span_after(const struct assay_net_span *span, size_t end);
/* When that event arrived. */
struct assay_net_arrival assay_net_span_arrival(const struct assay_net_span *span, size_t end);

struct assay_net_response {
    int status;
    uint64_t content_length; /* UINT64_MAX: not said */
    bool is_chunked;
    struct assay_slice content_type; /* as sent, at most 127 bytes; empty: not said */
    struct assay_net_arrival hdr;
};

/* What happened, complete at on_done. Times are mono; ASSAY_NS_ABSENT: did not happen. */
struct assay_net_facts {
    enum assay_net_outcome outcome;
    int sys_errno;           /* of the failure, or 0 */
    const char *reason;      /* what exactly was wrong (static text), or NULL */
    int status;              /* of the response; 0: no header block */
    uint64_t retry_after_ns; /* Retry-After in seconds; dates are not read */

    bool conn_reused;
    uint64_t conn_start_ns, conn_end_ns, tls_end_ns; /* 0 if reused */
    uint64_t send_enter_ns, send_return_ns;
    struct assay_net_stamp tx, tx_ack; /* kernel stamps of the last request byte */
    uint32_t retransmissions;          /* further SND stamps of it */
    bool has_snd;                      /* an SND note came (its stamp may still be absent: a clock step) */

    struct assay_net_arrival first_byte, hdr, first_body;
    struct assay_net_arrival end; /* of the body's last byte with its framing; else the moment of failure, UNKNOWN */
    uint64_t end_ns;              /* user-space stamp of the end */

    uint64_t sent_bytes, received_bytes; /* of this request, on the wire */
    uint64_t body_bytes;
    uint64_t bytes_after_end; /* sent by the server after the end of the response: the connection is not reused */
    uint32_t segments;
    uint32_t unstamped_segments; /* of them without a kernel stamp */
};

/* t0 of service time: the SND stamp; without it bounded, from send_enter_ns to the earlier of ACK stamp and first byte.
 */
struct assay_net_arrival assay_net_facts_start(const struct assay_net_facts *facts);

struct assay_net_handler { /* every pointer but on_done may be NULL */
    void (*on_segment)(void *context, const struct assay_net_segment *segment);
    void (*on_header)(void *context, struct assay_slice name, struct assay_slice value);
    void (*on_head)(void *context, const struct assay_net_response *response);
    bool (*on_body)(void *context, const struct assay_net_span *span); /* false: STOPPED */
    void (*on_done)(void *context, const struct assay_net_facts *facts);
};

struct assay_net_timeouts { /* 0 = none */
    uint64_t connect_ns;    /* until the connection is usable, TLS included */
    uint64_t first_ns;      /* from the start of sending to the first body byte: early headers do not count */
    uint64_t stall_ns;      /* between two reads of the body */
    uint64_t total_ns;      /* from submit to the end */
};

struct assay_net_request {
    const struct assay_net_target *target;
    struct assay_slice head, body; /* as assay_net_head_build wrote it; body may be empty */
    bool is_head_method;           /* HEAD: no body follows */
    bool is_new_connection;        /* never on a used connection */
    bool wants_tx_ack;
    struct assay_net_timeouts timeouts;
    uint64_t body_bytes_max; /* 0 = ASSAY_NET_BODY_BYTES_MAX */
    const struct assay_net_handler *handler;
    void *context;
};

struct assay_net_loop_options {
    uint32_t slots; /* requests in flight and connections at most */
};

struct assay_net_loop;
assay_code assay_net_loop_new(const struct assay_net_loop_options *options, struct assay_net_loop **ret,
                              assay_err *err);
void assay_net_loop_free(struct assay_net_loop *loop); /* requests in flight end without on_done; fine on NULL */

/* Starts a request: sends at once on an idle connection to the same target, else connects. Returns the slot, or -1 if
 * all are busy. Failures are reported by on_done only. */
int32_t assay_net_loop_submit(struct assay_net_loop *loop, const struct assay_net_request *request);

enum assay_net_wait { ASSAY_NET_SLEEP, ASSAY_NET_BUSY /* polls without sleeping: for the last microseconds */ };

/* Works until a request has ended, the deadline (CLOCK_MONOTONIC; 0: only what is ready now) has passed or a signal
 * came; returns how many requests ended. */
size_t assay_net_loop_run(struct assay_net_loop *loop, uint64_t deadline_ns, enum assay_net_wait wait);

/* Ends the request of a slot as CANCELLED (on_done is called in here) and closes its connection. Nothing if idle. */
void assay_net_loop_cancel(struct assay_net_loop *loop, int32_t slot);

uint32_t assay_net_loop_in_flight(const struct assay_net_loop *loop);
void assay_net_loop_close_idle(struct assay_net_loop *loop); /* idle connections are closed */
const struct assay_net_clock_map *assay_net_loop_clock_map(const struct assay_net_loop *loop);

struct assay_net_loop_stats {
    uint64_t wakeups, reads, unstamped_reads, connections;
    uint64_t bytes_in, bytes_out;
    bool is_rx_refused, is_tx_refused, is_inq_refused; /* a socket option was refused: the stamps are absent */
};
struct assay_net_loop_stats assay_net_loop_stats(const struct assay_net_loop *loop);

/* ---- one question, asked and waited for ------------------------------------------------------------------------ */
struct assay_net_question {
    const struct assay_net_target *target;
    const char *method, *path; /* path NULL: the URL's own */
    const struct assay_net_header *headers;
    size_t headers_count;
    struct assay_slice body; /* data NULL: none */
    uint64_t timeout_ns;     /* for all of it; 0 = 30 s */
};

/* The body of the answer goes to out (its maximum is the limit). NETWORK or TIMEOUT with what happened, INTERRUPTED by
 * a signal; every complete response is ASSAY_OK, whatever its status. */
assay_code assay_net_fetch(const struct assay_net_question *question, struct assay_buf *out, int *ret_status,
                           assay_err *err);

#endif
