/*
 * Sample: one measured operation, with its raw stamps. A failed request is a sample; a failed harness is an error.
 *
 * Every time is CLOCK_MONOTONIC nanoseconds since the start of the run; ASSAY_NS_ABSENT means "not taken", which is
 * never 0. Only raw facts are kept here: phases, arrival intervals, qualities and metrics are recomputed from them
 * (arrival.h, metric.h), so that a reader of the trace gets the numbers that the writer got.
 */
#ifndef ASSAY_RECORD_SAMPLE_H
#define ASSAY_RECORD_SAMPLE_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_status_group {
    ASSAY_GROUP_OK,
    ASSAY_GROUP_FAILED,
    ASSAY_GROUP_TIMED_OUT,
    ASSAY_GROUP_CANCELLED,
    ASSAY_GROUP_IN_FLIGHT,
    ASSAY_GROUP_COUNT
};

/* X(NAME, number in the trace, text, group). Numbers are stable for ever; new ones go at the end of their block.
 * What ended the operation first names its status; content checks come last (endpoints.md 6). */
#define ASSAY_STATUSES(X)                                \
    X(OK, 0, "ok", OK)                                   \
    X(REFUSED, 1, "refused", FAILED)                     \
    X(UNREACHABLE, 2, "unreachable", FAILED)             \
    X(TLS_FAILED, 3, "tls_failed", FAILED)               \
    X(SEND_FAILED, 4, "send_failed", FAILED)             \
    X(RESET, 5, "reset", FAILED)                         \
    X(HTTP_408, 10, "http_408", FAILED)                  \
    X(HTTP_429, 11, "http_429", FAILED)                  \
    X(HTTP_503, 12, "http_503", FAILED)                  \
    X(HTTP_4XX, 13, "http_4xx", FAILED)                  \
    X(HTTP_5XX, 14, "http_5xx", FAILED)                  \
    X(HTTP_OTHER, 15, "http_other", FAILED)              \
    X(BAD_HTTP, 20, "bad_http", FAILED)                  \
    X(BAD_STREAM, 21, "bad_stream", FAILED)              \
    X(BAD_ENCODING, 22, "bad_encoding", FAILED)          \
    X(TOO_LARGE, 23, "too_large", FAILED)                \
    X(STREAM_ERROR, 24, "stream_error", FAILED)          \
    X(INCOMPLETE, 25, "incomplete", FAILED)              \
    X(EMPTY, 26, "empty", FAILED)                        \
    X(SHORT, 30, "short", FAILED)                        \
    X(LONG, 31, "long", FAILED)                          \
    X(TRUNCATED, 32, "truncated", FAILED)                \
    X(SCHEMA, 33, "schema", FAILED)                      \
    X(WRONG, 34, "wrong", FAILED)                        \
    X(EXIT, 35, "exit_status", FAILED)                   \
    X(TIMEOUT_CONNECT, 40, "timeout_connect", TIMED_OUT) \
    X(TIMEOUT_FIRST, 41, "timeout_first", TIMED_OUT)     \
    X(TIMEOUT_STALL, 42, "timeout_stall", TIMED_OUT)     \
    X(TIMEOUT_TOTAL, 43, "timeout_total", TIMED_OUT)     \
    X(CANCELLED_PLAN, 50, "cancelled_plan", CANCELLED)   \
    X(CANCELLED_STOP, 51, "cancelled_stop", CANCELLED)   \
    X(IN_FLIGHT, 60, "in_flight", IN_FLIGHT)

enum assay_status {
#define ASSAY_STATUS_ENUM(name, number, text, group) ASSAY_STATUS_##name = (number),
    ASSAY_STATUSES(ASSAY_STATUS_ENUM)
#undef ASSAY_STATUS_ENUM
};

#define ASSAY_STATUS_NUMBER_MAX 127 /* one byte of a varint; the numbers above stay below it */
bool assay_status_is_known(unsigned number);
const char *assay_status_text(enum assay_status status);
enum assay_status_group assay_status_group_of(enum assay_status status);
const char *assay_status_group_text(enum assay_status_group group);

/* One recvmsg. The stream offset counts plain bytes of the connection's response from the request's first one. */
struct assay_segment {
    uint64_t end_offset;     /* bytes received so far, this read included */
    uint64_t rx_ns;          /* kernel stamp of the newest byte, moved to CLOCK_MONOTONIC; ABSENT: none or clock step */
    uint64_t user_before_ns; /* user-space stamps around the call */
    uint64_t user_after_ns;
    uint32_t left_bytes; /* TCP_INQ after the read */
};

enum assay_chunk_kind { ASSAY_CHUNK_TEXT, ASSAY_CHUNK_REASONING, ASSAY_CHUNK_TOOL };

/* Where a token count comes from, best first (endpoints.md 2). Sources are never pooled in one metric. */
enum assay_token_source {
    ASSAY_TOKENS_UNKNOWN,
    ASSAY_TOKENS_IDS,           /* token ids in the stream */
    ASSAY_TOKENS_RUNNING_USAGE, /* usage that grows with the stream */
    ASSAY_TOKENS_LOGPROBS,      /* logprobs entries of the chunk */
    ASSAY_TOKENS_FINAL_USAGE,   /* one usage record at the end: total only */
    ASSAY_TOKENS_TOKENIZE,      /* the server's tokenize endpoint */
    ASSAY_TOKENS_BUILTIN,       /* the built-in tokenizer, if its vocabulary is the subject's */
    ASSAY_TOKENS_CHUNK_COUNT,   /* one per chunk: tagged, never a rate */
    ASSAY_TOKENS_SOURCE_COUNT
};
const char *assay_token_source_text(enum assay_token_source source);

/* One event with content. Its arrival is a matter of arrival.h. */
struct assay_chunk {
    uint32_t segment;      /* index of the segment that holds the last byte of the event's extent */
    uint32_t after_bytes;  /* bytes of that read that follow the extent: 0 if the read ended with the event */
    uint32_t tokens;       /* k; 0 = unknown */
    uint8_t kind;          /* enum assay_chunk_kind */
    uint8_t tokens_source; /* enum assay_token_source */
};

enum assay_finish { ASSAY_FINISH_NONE, ASSAY_FINISH_STOP, ASSAY_FINISH_LENGTH, ASSAY_FINISH_TOOL, ASSAY_FINISH_OTHER };

/* Flags of a request, bits of assay_request.flags */
#define ASSAY_REQUEST_CONN_REUSED 0x0001u
#define ASSAY_REQUEST_USAGE_MISMATCH 0x0002u  /* usage twice or unlike the stream */
#define ASSAY_REQUEST_IMPOSSIBLE 0x0004u      /* server figures that cannot be: withheld */
#define ASSAY_REQUEST_BYTES_AFTER_END 0x0008u /* bytes after the terminator */
#define ASSAY_REQUEST_RETRANSMITTED 0x0010u
#define ASSAY_REQUEST_FIRST_EVENT_EMPTY 0x0020u /* the first event was role-only, empty or a progress event */
#define ASSAY_REQUEST_BAD_NUMBER 0x0040u        /* a NaN or negative duration was dropped */

/* What the workload `llm` records beside the sample (endpoints.md 1.1). Counts are ABSENT as UINT32_MAX. */
#define ASSAY_COUNT_ABSENT UINT32_MAX
struct assay_request {
    uint64_t conn_start_ns, conn_end_ns, tls_end_ns;
    uint64_t send_enter_ns, send_return_ns;
    uint64_t tx_ns, tx_ack_ns; /* kernel; tx_ns is the start of service time */
    uint64_t hdr_ns, first_byte_ns, first_event_ns, usage_ns, done_ns;
    uint64_t server_load_ns, server_prompt_ns, server_eval_ns, server_total_ns, retry_after_ns;
    uint32_t http_status; /* 0 = no response */
    uint32_t prompt_tokens_asked, output_tokens_asked;
    uint32_t prompt_tokens, output_tokens, cached_tokens;
    uint32_t ignored_events; /* comments, empty choices, unknown events */
    uint32_t flags;
    uint8_t output_source;        /* enum assay_token_source of output_tokens */
    uint8_t finish;               /* enum assay_finish */
    uint64_t reported_rate_micro; /* tokens per second as an imported file states them, in millionths; 0 = not stated.
                                   * Metric `reported_rate` (1/s, higher): nothing else is known of such a sample */
    uint8_t body_sha256[32];
    uint8_t output_sha256[32]; /* of the content text, all kinds in order */
    uint64_t content_bytes;
    const struct assay_segment *segments;
    size_t segments_count;
    const struct assay_chunk *chunks;
    size_t chunks_count;
};

/* What the workload `command` records beside the sample (statistics.md 1.6, 1.7). Unreadable: ASSAY_NS_ABSENT. */
struct assay_process {
    uint64_t spawn_ns;    /* how long the spawn took until the child had exec'd */
    uint64_t cpu_tree_ns; /* user + system of the child and its reaped descendants */
    uint64_t maxrss_bytes, rss_floor_bytes;
    uint64_t minflt, majflt, nvcsw, nivcsw;
    uint32_t exit_status; /* 0..255, or 128 + signal */
    uint8_t output_sha256[32];
};

#define ASSAY_SAMPLE_PEER_SCRIPTED 0x01u /* the peer named itself scripted: compute path `scripted` */
#define ASSAY_SAMPLE_IMPORTED 0x02u      /* another program measured it: compute path `imported` */
#define ASSAY_SAMPLE_EVENTS_LOST 0x04u   /* the event log was full: chunks or segments are missing */
#define ASSAY_SAMPLE_FLAGS_ALL 0x07u

struct assay_sample {
    uint64_t id; /* position in the plan */
    uint32_t arm;
    uint32_t worker;
    enum assay_status status;
    uint32_t flags;
    uint32_t iterations; /* operations timed as one; 0 counts as 1 */
    uint64_t due_ns; /* when it should have started. Open loop: the plan's. Closed loop: end_ns (plus think time) of the
                      * sample whose slot it takes; the first one of a slot: when the slot opened */
    uint64_t queued_ns;                  /* a worker picked it up */
    uint64_t start_ns;                   /* t0 of service time; for a request tx_ns, else send_enter_ns */
    uint64_t end_ns;                     /* last stamp; of a timed-out, cancelled or in-flight sample a lower bound */
    uint64_t cpu_ns;                     /* CPU time of the operation, or ABSENT */
    const struct assay_request *request; /* NULL unless the workload sends requests */
    const struct assay_process *process; /* NULL unless the workload runs commands */
};

#endif
