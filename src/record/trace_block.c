#include "record/trace_codec.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define BLOCK_HEAD_BYTES 24 /* carried segments and chunks; requests, processes, segments, chunks; u32 each */
#define CARRIED_GROUP 0     /* of events of the sample before; those of the i-th request have i + 1 */

assay_code assay_trace_block_init(struct trace_block *block, assay_err *err)
{
    *block = (struct trace_block){
        .samples = assay_alloc(TRACE_SAMPLES_MAX, sizeof *block->samples),
        .requests = assay_alloc(TRACE_SAMPLES_MAX, sizeof *block->requests),
        .processes = assay_alloc(TRACE_SAMPLES_MAX, sizeof *block->processes),
        .segments = assay_alloc(TRACE_EVENTS_MAX, sizeof *block->segments),
        .chunks = assay_alloc(TRACE_EVENTS_MAX, sizeof *block->chunks),
        .scratch = assay_alloc(TRACE_EVENTS_MAX, sizeof *block->scratch),
    };
    if (!block->samples || !block->requests || !block->processes || !block->segments || !block->chunks ||
        !block->scratch) {
        assay_trace_block_done(block);
        return assay_nomem(err);
    }
    return ASSAY_OK;
}

void assay_trace_block_done(struct trace_block *block)
{
    assay_free(block->samples);
    assay_free(block->requests);
    assay_free(block->processes);
    assay_free(block->segments);
    assay_free(block->chunks);
    assay_free(block->scratch);
    *block = (struct trace_block){0};
}

/* A chunk names the segment that holds its last byte; stored is the step from the chunk before, which is 1 in a quiet
 * stream. Steps wrap modulo 2^32, so any order can be kept. */
static void segments_to_steps(struct chunk_row *chunks, size_t count)
{
    uint32_t previous = 0, group = CARRIED_GROUP;
    for (size_t i = 0; i < count; i++) {
        uint32_t segment = chunks[i].chunk.segment;
        previous = chunks[i].group == group ? previous : 0;
        group = chunks[i].group;
        chunks[i].chunk.segment = segment - previous;
        previous = segment;
    }
}

static void steps_to_segments(struct chunk_row *chunks, size_t count)
{
    uint32_t previous = 0, group = CARRIED_GROUP;
    for (size_t i = 0; i < count; i++) {
        previous = chunks[i].group == group ? previous : 0;
        group = chunks[i].group;
        chunks[i].chunk.segment += previous;
        previous = chunks[i].chunk.segment;
    }
}

assay_code assay_trace_block_put(struct trace_block *block, struct trace_sink *out, assay_err *err)
{
    const uint32_t head[] = {block->carried_segments,           block->carried_chunks,
                             block->counts[TRACE_ROWS_REQUEST], block->counts[TRACE_ROWS_PROCESS],
                             block->counts[TRACE_ROWS_SEGMENT], block->counts[TRACE_ROWS_CHUNK]};
    char bytes[BLOCK_HEAD_BYTES];
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        assay_trace_put_u32(head[i], bytes + 4 * i);
    }
    assay_buf_append(&out->plain, bytes, sizeof bytes);
    segments_to_steps(block->chunks, block->counts[TRACE_ROWS_CHUNK]);
    const void *rows[] = {block->samples, block->requests, block->processes, block->segments, block->chunks};
    assay_code rc = ASSAY_OK;
    for (unsigned kind = TRACE_ROWS_SAMPLE; kind <= TRACE_ROWS_CHUNK && rc == ASSAY_OK; kind++) {
        rc = assay_trace_rows_put((enum trace_rows)kind, rows[kind], block->counts[kind], block->scratch, out, err);
    }
    return rc == ASSAY_OK ? assay_buf_check(&out->plain, err) : rc;
}

static assay_code read_head(struct trace_block *block, const struct trace_header *header, struct trace_cursor *cursor,
                            assay_err *err)
{
    if (cursor->len < BLOCK_HEAD_BYTES) {
        return assay_fail(err, ASSAY_MALFORMED, "a chunk of samples without its counts");
    }
    block->first_id = header->first_id;
    block->counts[TRACE_ROWS_SAMPLE] = header->count;
    block->carried_segments = assay_trace_get_u32(cursor->bytes);
    block->carried_chunks = assay_trace_get_u32(cursor->bytes + 4);
    for (unsigned kind = TRACE_ROWS_REQUEST; kind <= TRACE_ROWS_CHUNK; kind++) {
        block->counts[kind] = assay_trace_get_u32(cursor->bytes + 8 + 4 * (kind - TRACE_ROWS_REQUEST));
    }
    cursor->at = BLOCK_HEAD_BYTES;
    if (header->count > TRACE_SAMPLES_MAX || block->counts[TRACE_ROWS_REQUEST] > header->count ||
        block->counts[TRACE_ROWS_PROCESS] > header->count || block->counts[TRACE_ROWS_SEGMENT] > TRACE_EVENTS_MAX ||
        block->counts[TRACE_ROWS_CHUNK] > TRACE_EVENTS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "a chunk of samples with more rows than one may have");
    }
    return ASSAY_OK;
}

/* How many rows have the part; their place in time goes to the request rows as a base. */
static assay_code link_parts(struct trace_block *block, assay_err *err)
{
    uint32_t requests = 0, processes = 0;
    for (uint32_t i = 0; i < block->counts[TRACE_ROWS_SAMPLE]; i++) {
        const struct sample_row *row = &block->samples[i];
        if (row->parts & ROW_HAS_REQUEST) {
            if (requests < block->counts[TRACE_ROWS_REQUEST]) {
                block->requests[requests].start_ns = row->sample.start_ns;
                block->requests[requests].end_ns = row->sample.end_ns;
            }
            requests++;
        }
        processes += (row->parts & ROW_HAS_PROCESS) != 0;
        if (row->parts > (ROW_HAS_REQUEST | ROW_HAS_PROCESS) || !assay_status_is_known(row->status) ||
            row->sample.flags & ~ASSAY_SAMPLE_FLAGS_ALL) {
            return assay_fail(err, ASSAY_MALFORMED, "sample %" PRIu64 ": unknown part, status or flag",
                              block->first_id + i);
        }
    }
    if (requests != block->counts[TRACE_ROWS_REQUEST] || processes != block->counts[TRACE_ROWS_PROCESS]) {
        return assay_fail(err, ASSAY_MALFORMED, "a chunk of samples with other parts than its counts say");
    }
    return ASSAY_OK;
}

/* Gives the event rows their groups and bases, from the counts of the requests. */
static assay_code link_events(struct trace_block *block, assay_err *err)
{
    uint64_t segments = block->carried_segments, chunks = block->carried_chunks;
    for (uint32_t r = 0; r < block->counts[TRACE_ROWS_REQUEST]; r++) {
        segments += block->requests[r].segments;
        chunks += block->requests[r].chunks;
    }
    if (segments != block->counts[TRACE_ROWS_SEGMENT] || chunks != block->counts[TRACE_ROWS_CHUNK]) {
        return assay_fail(err, ASSAY_MALFORMED, "a chunk of samples with other events than its requests have");
    }
    size_t segment = block->carried_segments, chunk = block->carried_chunks;
    for (uint32_t r = 0; r < block->counts[TRACE_ROWS_REQUEST]; r++) {
        for (uint32_t i = 0; i < block->requests[r].segments; i++, segment++) {
            block->segments[segment].group = r + 1;
            block->segments[segment].start_ns = block->requests[r].start_ns;
        }
        for (uint32_t i = 0; i < block->requests[r].chunks; i++, chunk++) {
            block->chunks[chunk].group = r + 1;
        }
    }
    return ASSAY_OK;
}

static bool are_requests_known(const struct trace_block *block)
{
    for (uint32_t r = 0; r < block->counts[TRACE_ROWS_REQUEST]; r++) {
        const struct assay_request *request = &block->requests[r].request;
        if (request->output_source >= ASSAY_TOKENS_SOURCE_COUNT || request->finish > ASSAY_FINISH_OTHER) {
            return false;
        }
    }
    for (uint32_t c = 0; c < block->counts[TRACE_ROWS_CHUNK]; c++) {
        const struct assay_chunk *chunk = &block->chunks[c].chunk;
        if (chunk->kind > ASSAY_CHUNK_TOOL || chunk->tokens_source >= ASSAY_TOKENS_SOURCE_COUNT) {
            return false;
        }
    }
    return true;
}

static void clear_rows(struct trace_block *block)
{
    memset(block->samples, 0, block->counts[TRACE_ROWS_SAMPLE] * sizeof *block->samples);
    memset(block->requests, 0, block->counts[TRACE_ROWS_REQUEST] * sizeof *block->requests);
    memset(block->processes, 0, block->counts[TRACE_ROWS_PROCESS] * sizeof *block->processes);
    memset(block->segments, 0, block->counts[TRACE_ROWS_SEGMENT] * sizeof *block->segments);
    memset(block->chunks, 0, block->counts[TRACE_ROWS_CHUNK] * sizeof *block->chunks);
}

static assay_code read_rows(struct trace_block *block, enum trace_rows kind, void *rows, struct trace_cursor *cursor,
                            assay_err *err)
{
    return assay_trace_rows_get(kind, cursor, rows, block->counts[kind], block->scratch, err);
}

assay_code assay_trace_block_get(struct trace_block *block, const struct trace_header *header, const char *plain,
                                 size_t len, assay_err *err)
{
    struct trace_cursor cursor = {.bytes = plain, .len = len};
    assay_code rc = read_head(block, header, &cursor, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    clear_rows(block);
    rc = read_rows(block, TRACE_ROWS_SAMPLE, block->samples, &cursor, err);
    rc = rc == ASSAY_OK ? link_parts(block, err) : rc;
    rc = rc == ASSAY_OK ? read_rows(block, TRACE_ROWS_REQUEST, block->requests, &cursor, err) : rc;
    rc = rc == ASSAY_OK ? read_rows(block, TRACE_ROWS_PROCESS, block->processes, &cursor, err) : rc;
    rc = rc == ASSAY_OK ? link_events(block, err) : rc;
    rc = rc == ASSAY_OK ? read_rows(block, TRACE_ROWS_SEGMENT, block->segments, &cursor, err) : rc;
    rc = rc == ASSAY_OK ? read_rows(block, TRACE_ROWS_CHUNK, block->chunks, &cursor, err) : rc;
    if (rc == ASSAY_OK && (cursor.at != len || !are_requests_known(block))) {
        rc = assay_fail(err, ASSAY_MALFORMED, "a chunk of samples with bytes left over, or an unknown word");
    }
    if (rc == ASSAY_OK) {
        steps_to_segments(block->chunks, block->counts[TRACE_ROWS_CHUNK]);
    }
    return rc;
}
