/*
 * The truth log: what the truth server wrote and when (docs/formats/truth-log.md). Reading it is pure.
 *
 * A file is a header of 64 bytes and records of 48 bytes, little-endian. Times named mono are CLOCK_MONOTONIC and times
 * named real are CLOCK_REALTIME of the server's host; records of kind CLOCK tie the two together.
 */
#ifndef ASSAY_SERVE_TRUTH_LOG_H
#define ASSAY_SERVE_TRUTH_LOG_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define ASSAY_TRUTH_LOG_MAGIC "ASSAYTL1"
#define ASSAY_TRUTH_LOG_BYTES_MAX ((size_t)4 << 30)

enum assay_truth_kind {
    ASSAY_TRUTH_CLOCK,   /* planned = mono before, before = mono after, tx = real in between */
    ASSAY_TRUTH_REQUEST, /* a request is complete: before = instant, planned = salt of its prompt (0: none) */
    ASSAY_TRUTH_HEAD,    /* a write without token: response head */
    ASSAY_TRUTH_TOKENS,  /* a write that completes `events` content events, the first being number `event` */
    ASSAY_TRUTH_PIECE,   /* a write that completes no event */
    ASSAY_TRUTH_TAIL,    /* a write without token after the last one: finish, usage, terminator */
    ASSAY_TRUTH_END,     /* end of the response: before = instant, bytes = of the body */
    ASSAY_TRUTH_KIND_COUNT
};
const char *assay_truth_kind_text(enum assay_truth_kind kind);

#define ASSAY_TRUTH_SHORT_WRITE 0x0001u /* the socket took less than offered: the rest went out later */
#define ASSAY_TRUTH_BROKEN 0x0002u      /* the peer was gone, or the script reset the connection here */
#define ASSAY_TRUTH_RETRANSMITTED 0x0004u

struct assay_truth_record {
    uint16_t kind; /* enum assay_truth_kind */
    uint16_t flags;
    uint32_t stream; /* number of the request, from 0, in the order in which requests were complete */
    uint32_t event;  /* number of the first content event that this write completes, from 0; UINT32_MAX: none */
    uint16_t events; /* content events that it completes */
    uint16_t tokens; /* tokens in them */
    uint32_t bytes;  /* of the write */
    uint32_t connection;
    uint64_t planned_ns; /* mono: when the script wanted it */
    uint64_t before_ns;  /* mono: read just before the write */
    uint64_t tx_real_ns; /* real: kernel SND stamp of the last byte; 0: none */
};

struct assay_truth_log {
    struct assay_truth_record *records; /* in the order of the writes */
    size_t count;
    uint64_t dropped; /* records that found the log full */
};

/* MALFORMED or TOO_LARGE. */
assay_code assay_truth_log_parse(const void *bytes, size_t len, struct assay_truth_log **ret, assay_err *err);
assay_code assay_truth_log_load(const char *path, struct assay_truth_log **ret, assay_err *err);
void assay_truth_log_free(struct assay_truth_log *log); /* fine on NULL */
/* The bytes of a log file. */
void assay_truth_log_encode(const struct assay_truth_log *log, struct assay_buf *out);
/* As CSV, one line a record, times in both clocks: kind,stream,event,events,tokens,bytes,connection,planned_mono_ns,
 * before_mono_ns,before_real_ns,tx_mono_ns,tx_real_ns,flags. */
void assay_truth_log_csv(const struct assay_truth_log *log, struct assay_buf *out);

#endif
