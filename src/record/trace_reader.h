/*
 * The inside of struct assay_trace: trace_read.c opens a file, trace_walk.c gives out its samples. Inside this room
 * only.
 */
#ifndef ASSAY_RECORD_TRACE_READER_H
#define ASSAY_RECORD_TRACE_READER_H

#include "crypto/crypto.h"
#include "record/trace_codec.h"

#include <zstd.h>

/* Where a chunk lies, and how much of it belongs to the sample before. */
struct chunk_place {
    size_t at;
    uint32_t stored_bytes, plain_bytes;
    uint32_t is_samples, carried;
};

struct assay_trace {
    const char *bytes;
    size_t len;
    struct assay_trace_ident ident;
    struct assay_trace_summary summary;
    struct assay_digest root;
    struct chunk_place *places;
    size_t places_count, places_capacity;
    uint64_t plain_bytes, rows; /* so far, held against what the file may swell to */
    json_t *facts, *checks, *kernels;
    struct assay_clock_reading *clock;
    struct assay_host_reading *host;
    size_t clock_count, host_count;
    char *plain; /* of the chunk that is read now */
    ZSTD_DCtx *zstd;
    struct trace_block block;
    size_t next_place;                 /* the chunk that is loaded next */
    uint32_t sample, request, process; /* rows of the block that come next */
    size_t segment, chunk;
    struct assay_request current;
    struct assay_process current_process;
    struct assay_segment *segments; /* the events of the sample that was given out */
    struct assay_chunk *chunks;
    size_t segments_capacity, chunks_capacity;
};

/* The plain bytes of a chunk into trace->plain. */
assay_code assay_trace_decompress(struct assay_trace *trace, const struct chunk_place *place, size_t index,
                                  assay_err *err);

/* Makes room for `wanted` elements: TOO_LARGE over the limit. `what` stands in the message. */
assay_code assay_trace_grow(void **array, size_t *capacity, size_t wanted, size_t limit, size_t element_bytes,
                            const char *what, assay_err *err);

#endif
