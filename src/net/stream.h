/*
 * Streams: incremental parsers for server-sent events and NDJSON. Pure; the same events and offsets for every split of
 * the same bytes. They never allocate: bytes of an event that lies whole in the input are handed over where they lie,
 * only a split event is gathered in a block of a pool.
 *
 *     assay_net_sse_init(&sse, pool);
 *     status = assay_net_sse_feed(&sse, span->data, span->len, on_event, context);   // for every on_body
 *     if (assay_net_sse_is_partial(&sse)) ...                                         // at the end: cut inside an
 * event assay_net_sse_done(&sse);                                                       // gives the block back
 *
 * Thread: a pool and its parsers belong to one thread.
 */
#ifndef ASSAY_NET_STREAM_H
#define ASSAY_NET_STREAM_H

#include "base/err.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_NET_EVENT_BYTES_MAX ((size_t)1 << 20) /* endpoints.md 8 */
#define ASSAY_NET_EVENT_NAME_MAX 32 /* "event:" names in use are words such as error, ping, response.created */

/* Blocks of three sizes (4 KiB, 64 KiB, 1 MiB), taken when the pool is made and touched only when used. */
struct assay_net_pool;
assay_code assay_net_pool_new(size_t streams, struct assay_net_pool **ret, assay_err *err);
void assay_net_pool_free(struct assay_net_pool *pool); /* all blocks must be back; fine on NULL */

struct assay_net_gather { /* bytes of one split event */
    struct assay_net_pool *pool;
    char *data;
    size_t len, capacity;
};

enum assay_net_stream_status {
    ASSAY_NET_STREAM_OK,
    ASSAY_NET_STREAM_TOO_LARGE, /* an event over ASSAY_NET_EVENT_BYTES_MAX, or no block of that size is free */
    ASSAY_NET_STREAM_STOPPED    /* the callback said so */
};

struct assay_net_event {
    struct assay_slice data; /* valid during the callback; SSE: data lines joined with LF */
    struct assay_slice name; /* SSE: value of "event:", empty if none; cut at ASSAY_NET_EVENT_NAME_MAX */
    uint64_t end_offset;     /* body bytes up to the byte that completed it; the same for every split */
    size_t input_end; /* end of its extent in the bytes now fed (the LF of a final CRLF included if it is there) */
};

/* Returns false to stop parsing. */
typedef bool assay_net_event_fn(void *context, const struct assay_net_event *event);

struct assay_net_sse {
    struct assay_net_gather gather; /* joined data of the open event, then the bytes of a split line */
    size_t data_len;                /* part of gather that is joined data, an LF after each line */
    struct assay_slice whole;       /* the only data line so far, still in the input; data NULL: none */
    uint64_t offset;                /* body bytes fed */
    uint64_t events, comments, ignored_fields, empty_events;
    enum assay_net_stream_status status;
    char name[ASSAY_NET_EVENT_NAME_MAX];
    uint8_t name_len;
    uint8_t bom_len;    /* bytes of a BOM matched at the start */
    bool is_past_start; /* a BOM is looked for no more */
    bool is_open;       /* a field line has come since the last dispatch */
    bool is_after_cr;   /* an LF that comes next belongs to a CR that ended the input */
    bool is_line_split; /* gather ends with the beginning of a line */
};

void assay_net_sse_init(struct assay_net_sse *sse, struct assay_net_pool *pool);
void assay_net_sse_done(struct assay_net_sse *sse);
enum assay_net_stream_status assay_net_sse_feed(struct assay_net_sse *sse, const char *bytes, size_t len,
                                                assay_net_event_fn *on_event, void *context);
bool assay_net_sse_is_partial(const struct assay_net_sse *sse); /* an event was begun and not dispatched */

/* One event a line; the LF is not part of it, nor is a CR before it. Empty lines are counted and skipped. */
struct assay_net_ndjson {
    struct assay_net_gather gather; /* the beginning of a split line */
    uint64_t offset;
    uint64_t events, empty_lines;
    enum assay_net_stream_status status;
};

void assay_net_ndjson_init(struct assay_net_ndjson *ndjson, struct assay_net_pool *pool);
void assay_net_ndjson_done(struct assay_net_ndjson *ndjson);
enum assay_net_stream_status assay_net_ndjson_feed(struct assay_net_ndjson *ndjson, const char *bytes, size_t len,
                                                   assay_net_event_fn *on_event, void *context);
bool assay_net_ndjson_is_partial(const struct assay_net_ndjson *ndjson);

#endif
