#include "base/mem.h"
#include "record/trace_reader.h"

#include <inttypes.h>
#include <string.h>

#define ROOM_FIRST 256                      /* elements, before an array grows */
#define SAMPLE_EVENTS_MAX ((size_t)1 << 22) /* of one sample: endpoints.md 8 allows 1,000,000 chunks */

assay_code assay_trace_grow(void **array, size_t *capacity, size_t wanted, size_t limit, size_t element_bytes,
                            const char *what, assay_err *err)
{
    if (wanted <= *capacity) {
        return ASSAY_OK;
    }
    if (wanted > limit) {
        return assay_fail(err, ASSAY_TOO_LARGE, "found more than %zu %s, expected fewer", limit, what);
    }
    size_t larger = *capacity ? *capacity * 2 : ROOM_FIRST;
    larger = larger < wanted ? wanted : larger;
    void *grown = assay_realloc(*array, larger, element_bytes);
    if (!grown) {
        return assay_nomem(err);
    }
    *array = grown;
    *capacity = larger;
    return ASSAY_OK;
}

assay_code assay_trace_decompress(struct assay_trace *trace, const struct chunk_place *place, size_t index,
                                  assay_err *err)
{
    size_t n = ZSTD_decompressDCtx(trace->zstd, trace->plain, ASSAY_TRACE_CHUNK_BYTES_MAX, trace->bytes + place->at,
                                   place->stored_bytes);
    if (ZSTD_isError(n) || n != place->plain_bytes) {
        return assay_fail(err, ASSAY_MALFORMED, "trace: chunk %zu at byte %zu does not decompress to its %u bytes",
                          index, place->at, (unsigned)place->plain_bytes);
    }
    return ASSAY_OK;
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

void assay_trace_rewind(struct assay_trace *trace)
{
    trace->next_place = 0;
    trace->sample = trace->request = trace->process = 0;
    trace->segment = trace->chunk = 0;
    memset(trace->block.counts, 0, sizeof trace->block.counts);
}

static assay_code load_block(struct assay_trace *trace, assay_err *err)
{
    size_t index = trace->next_place++;
    const struct chunk_place *place = &trace->places[index];
    assay_code rc = assay_trace_decompress(trace, place, index, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct trace_header header;
    (void)assay_trace_header_get(trace->plain, &header); /* checked when the file was opened */
    rc = assay_trace_block_get(&trace->block, &header, trace->plain + TRACE_HEADER_BYTES,
                               place->plain_bytes - TRACE_HEADER_BYTES, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "trace: chunk %zu at byte %zu", index, place->at);
    }
    trace->sample = trace->request = trace->process = 0;
    trace->segment = trace->block.carried_segments;
    trace->chunk = trace->block.carried_chunks;
    return rc;
}

static void skip_other_kinds(struct assay_trace *trace)
{
    while (trace->next_place < trace->places_count && !trace->places[trace->next_place].is_samples) {
        trace->next_place++;
    }
}

static assay_code append_events(struct assay_trace *trace, const struct segment_row *segments, size_t segments_count,
                                const struct chunk_row *chunks, size_t chunks_count, assay_err *err)
{
    struct assay_request *request = &trace->current;
    void *segments_room = trace->segments, *chunks_room = trace->chunks;
    assay_code rc =
        assay_trace_grow(&segments_room, &trace->segments_capacity, request->segments_count + segments_count,
                         SAMPLE_EVENTS_MAX, sizeof *trace->segments, "reads of one sample", err);
    trace->segments = segments_room;
    if (rc == ASSAY_OK) {
        rc = assay_trace_grow(&chunks_room, &trace->chunks_capacity, request->chunks_count + chunks_count,
                              SAMPLE_EVENTS_MAX, sizeof *trace->chunks, "chunks of one sample", err);
        trace->chunks = chunks_room;
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (size_t i = 0; i < segments_count; i++) {
        trace->segments[request->segments_count++] = segments[i].segment;
    }
    for (size_t i = 0; i < chunks_count; i++) {
        trace->chunks[request->chunks_count++] = chunks[i].chunk;
    }
    return ASSAY_OK;
}

/* Events of the last sample of a chunk may go on in the next ones. */
static assay_code append_carried(struct assay_trace *trace, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && trace->sample == trace->block.counts[TRACE_ROWS_SAMPLE]) {
        skip_other_kinds(trace);
        if (trace->next_place == trace->places_count || !trace->places[trace->next_place].carried) {
            break;
        }
        rc = load_block(trace, err);
        if (rc == ASSAY_OK) {
            rc = append_events(trace, trace->block.segments, trace->block.carried_segments, trace->block.chunks,
                               trace->block.carried_chunks, err);
        }
    }
    return rc;
}

static assay_code check_chunks(const struct assay_trace *trace, uint64_t id, assay_err *err)
{
    const struct assay_request *request = &trace->current;
    for (size_t i = 0; i < request->chunks_count; i++) {
        if (trace->chunks[i].segment >= request->segments_count) {
            return assay_fail(err, ASSAY_MALFORMED,
                              "trace: sample %" PRIu64 ": content chunk %zu names segment %u of %zu", id, i,
                              (unsigned)trace->chunks[i].segment, request->segments_count);
        }
    }
    return ASSAY_OK;
}

static assay_code take_request(struct assay_trace *trace, struct assay_sample *ret, assay_err *err)
{
    const struct request_row *row = &trace->block.requests[trace->request++];
    trace->current = row->request;
    trace->current.segments_count = trace->current.chunks_count = 0;
    assay_code rc = append_events(trace, trace->block.segments + trace->segment, row->segments,
                                  trace->block.chunks + trace->chunk, row->chunks, err);
    trace->segment += row->segments;
    trace->chunk += row->chunks;
    rc = rc == ASSAY_OK ? append_carried(trace, err) : rc;
    rc = rc == ASSAY_OK ? check_chunks(trace, ret->id, err) : rc;
    trace->current.segments = trace->segments;
    trace->current.chunks = trace->chunks;
    ret->request = &trace->current;
    return rc;
}

assay_code assay_trace_next(struct assay_trace *trace, struct assay_sample *ret, bool *ret_end, assay_err *err)
{
    *ret_end = false;
    while (trace->sample == trace->block.counts[TRACE_ROWS_SAMPLE]) {
        skip_other_kinds(trace);
        if (trace->next_place == trace->places_count) {
            *ret_end = true;
            return ASSAY_OK;
        }
        if (trace->places[trace->next_place].carried) {
            return assay_fail(err, ASSAY_MALFORMED, "trace: events for a sample that sends no request");
        }
        assay_code rc = load_block(trace, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    const struct sample_row *row = &trace->block.samples[trace->sample];
    *ret = row->sample;
    ret->id = trace->block.first_id + trace->sample++;
    ret->status = (enum assay_status)row->status;
    ret->process = NULL;
    ret->request = NULL;
    uint32_t parts = row->parts; /* the row is gone once a carried chunk is loaded */
    if (parts & ROW_HAS_PROCESS) {
        trace->current_process = trace->block.processes[trace->process++];
        ret->process = &trace->current_process;
    }
    return parts & ROW_HAS_REQUEST ? take_request(trace, ret, err) : ASSAY_OK;
}
