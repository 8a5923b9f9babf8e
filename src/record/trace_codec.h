/*
 * The trace's chunks as bytes (docs/formats/trace.md): rows of structs to columns and back. Inside this room only.
 *
 * A column is one field of all rows: the difference to a base that is near it (an earlier stamp of the same row, or the
 * same field of the row before), made unsigned, less the smallest of them, and then written plane by plane: first the
 * low bytes of all rows, then the next ones. High planes are nearly constant and cost nothing after compression; low
 * planes of jittery stamps are noise, of which no coder gets more out than is in it.
 */
#ifndef ASSAY_RECORD_TRACE_CODEC_H
#define ASSAY_RECORD_TRACE_CODEC_H

#include "record/trace.h"

#define TRACE_MAGIC "ASYTRAC1" /* first 8 bytes of the file */
#define TRACE_MAGIC_BYTES 8
#define TRACE_FRAME_BYTES 8 /* before each chunk: stored and plain length, u32 little endian */
#define TRACE_CHUNK_MAGIC "ASYCHNK1"
#define TRACE_HEADER_BYTES 64
#define TRACE_CODEC_COLUMNS 0
#define TRACE_CODEC_JSON 1

/* Worst case of a chunk with all of these, 8 bytes a number: below the 4 MiB that a chunk may have. */
#define TRACE_SAMPLES_MAX 2048
#define TRACE_EVENTS_MAX 32768   /* segments of a chunk, and as many content chunks */
#define TRACE_READINGS_MAX 16384 /* clock or host readings of a chunk */

#define TRACE_STAMP_LIMIT (UINT64_C(1) << 62) /* differences of stamps fit into 63 bits and a sign */

struct trace_header {
    uint8_t run_id[16];
    uint8_t plan_prefix[16];
    uint64_t first_id;
    uint32_t count;
    uint16_t kind, codec;
};

void assay_trace_header_put(const struct trace_header *header, char *ret);
bool assay_trace_header_get(const char *bytes, struct trace_header *ret); /* false: no such magic, or pad not zero */

uint32_t assay_trace_get_u32(const char *bytes);
uint64_t assay_trace_get_u64(const char *bytes);
void assay_trace_put_u32(uint32_t value, char *ret);
void assay_trace_put_u64(uint64_t value, char *ret);

/* ---- rows ------------------------------------------------------------------------------------------------------- */

#define ROW_HAS_REQUEST 1u
#define ROW_HAS_PROCESS 2u

struct sample_row {
    struct assay_sample sample; /* its pointers are not used */
    uint32_t parts, status;     /* ROW_HAS_*; the status as a number */
};

struct request_row {
    struct assay_request request;
    uint64_t start_ns, end_ns; /* of the sample: bases, not written */
    uint32_t segments, chunks; /* how many of them are in this trace chunk */
};

struct segment_row {
    struct assay_segment segment;
    uint64_t start_ns; /* of the sample: base of the first one */
    uint32_t group;    /* rows of one sample have one number */
};

struct chunk_row {
    struct assay_chunk chunk;
    uint32_t group;
};

enum trace_rows {
    TRACE_ROWS_SAMPLE,
    TRACE_ROWS_REQUEST,
    TRACE_ROWS_PROCESS,
    TRACE_ROWS_SEGMENT,
    TRACE_ROWS_CHUNK,
    TRACE_ROWS_CLOCK,
    TRACE_ROWS_HOST,
    TRACE_ROWS_COUNT
};

/* One chunk of kind samples, as rows. The first carried_segments and carried_chunks belong to the sample before
 * first_id, whose events did not fit into its own chunk. */
struct trace_block {
    struct sample_row *samples;
    struct request_row *requests;
    struct assay_process *processes;
    struct segment_row *segments;
    struct chunk_row *chunks;
    uint32_t counts[TRACE_ROWS_CHUNK + 1];
    uint32_t carried_segments, carried_chunks;
    uint64_t first_id;
    uint64_t *scratch; /* TRACE_EVENTS_MAX numbers */
};

assay_code assay_trace_block_init(struct trace_block *block, assay_err *err);
void assay_trace_block_done(struct trace_block *block);

/* Where a chunk is written, and where its plain bytes change their nature: compressed apart, the planes do not share
 * one table of probabilities, which saves a tenth of a trace. */
#define TRACE_CUTS_MAX 1024
struct trace_sink {
    struct assay_buf plain;
    size_t cuts[TRACE_CUTS_MAX];
    size_t cuts_count;
};

/* Appends the columns of the rows. scratch holds count numbers. BUG: a stamp that cannot be written. */
assay_code assay_trace_rows_put(enum trace_rows kind, const void *rows, size_t count, uint64_t *scratch,
                                struct trace_sink *out, assay_err *err);

/* A reader over the plain bytes of a chunk. */
struct trace_cursor {
    const char *bytes;
    size_t len, at;
};

/* Reads the columns of count rows into zeroed rows, whose bases and groups are set. MALFORMED if bytes are missing or
 * a value does not fit its field. */
assay_code assay_trace_rows_get(enum trace_rows kind, struct trace_cursor *cursor, void *rows, size_t count,
                                uint64_t *scratch, assay_err *err);

/* The records of a chunk of kind samples. */
assay_code assay_trace_block_put(struct trace_block *block, struct trace_sink *out, assay_err *err);
assay_code assay_trace_block_get(struct trace_block *block, const struct trace_header *header, const char *plain,
                                 size_t len, assay_err *err);

/* Adds what a row says to the summary of the whole: for writer and reader alike. */
void assay_trace_summary_sample(struct assay_trace_summary *summary, const struct assay_sample *sample);
void assay_trace_summary_clock(struct assay_trace_summary *summary, const struct assay_clock_reading *reading);
void assay_trace_summary_kernels(struct assay_trace_summary *summary, const json_t *counters);

#endif
