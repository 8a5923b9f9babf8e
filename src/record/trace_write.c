#include "record/trace_codec.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <zstd.h>

#define ZSTD_LEVEL 3  /* higher ones find no more in noise and cost ten times the time */
#define LIST_MAX 4096 /* checks and kernel counters of a run (evidence.md 1.2 has 1,024 and 10,000 rows) */
#define KERNELS_MAX 10000

struct assay_trace_writer {
    struct trace_header header; /* run and plan, the same in every chunk */
    struct assay_trace_summary summary;
    struct trace_block block; /* samples not yet written */
    struct assay_clock_reading *clock;
    struct assay_host_reading *host;
    size_t clock_count, host_count;
    json_t *checks, *kernels;
    struct assay_buf file;
    struct trace_sink sink; /* the chunk that is written now */
    ZSTD_CCtx *zstd;
    uint64_t samples;
};

assay_code assay_trace_writer_new(const struct assay_trace_ident *ident, struct assay_trace_writer **ret,
                                  assay_err *err)
{
    assert(ident && ret);
    struct assay_trace_writer *writer = assay_alloc(1, sizeof *writer);
    if (!writer) {
        return assay_nomem(err);
    }
    assay_buf_init(&writer->file, ASSAY_TRACE_BYTES_MAX);
    assay_buf_init(&writer->sink.plain, ASSAY_TRACE_CHUNK_BYTES_MAX);
    memcpy(writer->header.run_id, ident->run_id, sizeof writer->header.run_id);
    memcpy(writer->header.plan_prefix, ident->plan_sha256, sizeof writer->header.plan_prefix);
    assay_code rc = assay_trace_block_init(&writer->block, err);
    writer->clock = assay_alloc(TRACE_READINGS_MAX, sizeof *writer->clock);
    writer->host = assay_alloc(TRACE_READINGS_MAX, sizeof *writer->host);
    writer->checks = json_array();
    writer->kernels = json_array();
    writer->zstd = ZSTD_createCCtx();
    if (rc != ASSAY_OK || !writer->clock || !writer->host || !writer->checks || !writer->kernels || !writer->zstd) {
        assay_trace_writer_free(writer);
        return assay_nomem(err);
    }
    (void)ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    assay_buf_append(&writer->file, TRACE_MAGIC, TRACE_MAGIC_BYTES);
    *ret = writer;
    return ASSAY_OK;
}

void assay_trace_writer_free(struct assay_trace_writer *writer)
{
    if (writer) {
        assay_trace_block_done(&writer->block);
        assay_free(writer->clock);
        assay_free(writer->host);
        json_decref(writer->checks);
        json_decref(writer->kernels);
        assay_buf_done(&writer->file);
        assay_buf_done(&writer->sink.plain);
        (void)ZSTD_freeCCtx(writer->zstd);
        assay_free(writer);
    }
}

const struct assay_trace_summary *assay_trace_writer_summary(const struct assay_trace_writer *writer)
{
    return &writer->summary;
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

static void begin_chunk(struct assay_trace_writer *writer, enum assay_trace_kind kind, uint16_t codec,
                        uint64_t first_id, size_t count)
{
    struct trace_header header = writer->header;
    header.kind = (uint16_t)kind;
    header.codec = codec;
    header.first_id = first_id;
    header.count = (uint32_t)count;
    char bytes[TRACE_HEADER_BYTES];
    assay_trace_header_put(&header, bytes);
    assay_buf_clear(&writer->sink.plain);
    writer->sink.cuts_count = 0;
    assay_buf_append(&writer->sink.plain, bytes, sizeof bytes);
}

/* Compresses one piece behind what the file holds; the frames of a chunk follow each other, which zstd reads as one. */
static assay_code compress_piece(struct assay_trace_writer *writer, const char *bytes, size_t len, assay_err *err)
{
    char *place = assay_buf_reserve(&writer->file, ZSTD_compressBound(len));
    if (!place) {
        return assay_buf_check(&writer->file, err);
    }
    size_t n = ZSTD_compress2(writer->zstd, place, ZSTD_compressBound(len), bytes, len);
    if (ZSTD_isError(n)) {
        return assay_fail(err, ASSAY_BUG, "zstd: %s", ZSTD_getErrorName(n));
    }
    assay_buf_grew(&writer->file, n);
    return ASSAY_OK;
}

static assay_code end_chunk(struct assay_trace_writer *writer, assay_err *err)
{
    assay_code rc = assay_buf_check(&writer->sink.plain, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const char *plain = writer->sink.plain.data;
    size_t len = writer->sink.plain.len, frame_at = writer->file.len;
    char lengths[TRACE_FRAME_BYTES] = {0};
    assay_buf_append(&writer->file, lengths, sizeof lengths);
    size_t from = 0;
    for (size_t i = 0; i <= writer->sink.cuts_count && rc == ASSAY_OK; i++) {
        size_t to = i < writer->sink.cuts_count ? writer->sink.cuts[i] : len;
        rc = to > from ? compress_piece(writer, plain + from, to - from, err) : ASSAY_OK;
        from = to;
    }
    if (rc == ASSAY_OK) {
        char *place = writer->file.data + frame_at;
        assay_trace_put_u32((uint32_t)(writer->file.len - frame_at - TRACE_FRAME_BYTES), place);
        assay_trace_put_u32((uint32_t)len, place + 4);
    }
    return rc;
}

/* ---- samples ---------------------------------------------------------------------------------------------------- */

static assay_code flush_samples(struct assay_trace_writer *writer, assay_err *err)
{
    struct trace_block *block = &writer->block;
    begin_chunk(writer, ASSAY_TRACE_SAMPLES, TRACE_CODEC_COLUMNS, block->first_id, block->counts[TRACE_ROWS_SAMPLE]);
    assay_code rc = assay_trace_block_put(block, &writer->sink, err);
    rc = rc == ASSAY_OK ? end_chunk(writer, err) : rc;
    memset(block->counts, 0, sizeof block->counts);
    block->carried_segments = block->carried_chunks = 0;
    block->first_id = writer->samples;
    return rc;
}

static bool is_block_empty(const struct trace_block *block)
{
    return block->counts[TRACE_ROWS_SAMPLE] == 0 && block->counts[TRACE_ROWS_SEGMENT] == 0 &&
           block->counts[TRACE_ROWS_CHUNK] == 0;
}

/* The row of the request whose events are being added, or NULL once they are carried into a later chunk. */
struct carrier {
    struct request_row *request;
    uint64_t start_ns;
    uint32_t group;
};

static assay_code make_room_for_event(struct assay_trace_writer *writer, enum trace_rows kind, struct carrier *carrier,
                                      assay_err *err)
{
    if (writer->block.counts[kind] < TRACE_EVENTS_MAX) {
        return ASSAY_OK;
    }
    *carrier = (struct carrier){0}; /* base and group of carried events are zero */
    return flush_samples(writer, err);
}

static assay_code add_segments(struct assay_trace_writer *writer, const struct assay_request *request,
                               struct carrier *carrier, assay_err *err)
{
    struct trace_block *block = &writer->block;
    for (size_t i = 0; i < request->segments_count; i++) {
        assay_code rc = make_room_for_event(writer, TRACE_ROWS_SEGMENT, carrier, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        block->segments[block->counts[TRACE_ROWS_SEGMENT]++] = (struct segment_row){
            .segment = request->segments[i], .start_ns = carrier->start_ns, .group = carrier->group};
        if (carrier->request) {
            carrier->request->segments++;
        } else {
            block->carried_segments++;
        }
    }
    return ASSAY_OK;
}

static assay_code add_chunks(struct assay_trace_writer *writer, const struct assay_request *request,
                             struct carrier *carrier, assay_err *err)
{
    struct trace_block *block = &writer->block;
    for (size_t i = 0; i < request->chunks_count; i++) {
        assay_code rc = make_room_for_event(writer, TRACE_ROWS_CHUNK, carrier, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        block->chunks[block->counts[TRACE_ROWS_CHUNK]++] =
            (struct chunk_row){.chunk = request->chunks[i], .group = carrier->group};
        if (carrier->request) {
            carrier->request->chunks++;
        } else {
            block->carried_chunks++;
        }
    }
    return ASSAY_OK;
}

static struct request_row *add_request_row(struct trace_block *block, const struct assay_sample *sample)
{
    struct request_row *row = &block->requests[block->counts[TRACE_ROWS_REQUEST]++];
    *row = (struct request_row){.request = *sample->request, .start_ns = sample->start_ns, .end_ns = sample->end_ns};
    return row;
}

assay_code assay_trace_add_sample(struct assay_trace_writer *writer, const struct assay_sample *sample, assay_err *err)
{
    struct trace_block *block = &writer->block;
    if (sample->id != writer->samples || !assay_status_is_known((unsigned)sample->status)) {
        return assay_fail(err, ASSAY_BUG, "trace: sample %" PRIu64 " with status %u where sample %" PRIu64 " was due",
                          sample->id, (unsigned)sample->status, writer->samples);
    }
    if (block->counts[TRACE_ROWS_SAMPLE] == TRACE_SAMPLES_MAX) {
        assay_code rc = flush_samples(writer, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    writer->samples++;
    assay_trace_summary_sample(&writer->summary, sample);
    struct sample_row *row = &block->samples[block->counts[TRACE_ROWS_SAMPLE]++];
    *row = (struct sample_row){.sample = *sample, .status = (uint32_t)sample->status};
    row->parts = (sample->request ? ROW_HAS_REQUEST : 0) | (sample->process ? ROW_HAS_PROCESS : 0);
    if (sample->process) {
        block->processes[block->counts[TRACE_ROWS_PROCESS]++] = *sample->process;
    }
    if (!sample->request) {
        return ASSAY_OK;
    }
    struct carrier carrier = {.request = add_request_row(block, sample), .start_ns = sample->start_ns};
    carrier.group = block->counts[TRACE_ROWS_REQUEST];
    assay_code rc = add_segments(writer, sample->request, &carrier, err);
    return rc == ASSAY_OK ? add_chunks(writer, sample->request, &carrier, err) : rc;
}

/* ---- series, checks, facts -------------------------------------------------------------------------------------- */

static assay_code flush_rows(struct assay_trace_writer *writer, enum assay_trace_kind kind, enum trace_rows rows_kind,
                             const void *rows, size_t *count, assay_err *err)
{
    if (*count == 0) {
        return ASSAY_OK;
    }
    begin_chunk(writer, kind, TRACE_CODEC_COLUMNS, 0, *count);
    assay_code rc = assay_trace_rows_put(rows_kind, rows, *count, writer->block.scratch, &writer->sink, err);
    *count = 0;
    return rc == ASSAY_OK ? end_chunk(writer, err) : rc;
}

assay_code assay_trace_add_clock(struct assay_trace_writer *writer, const struct assay_clock_reading *reading,
                                 assay_err *err)
{
    assay_code rc = ASSAY_OK;
    if (writer->clock_count == TRACE_READINGS_MAX) {
        rc = flush_rows(writer, ASSAY_TRACE_CLOCK, TRACE_ROWS_CLOCK, writer->clock, &writer->clock_count, err);
    }
    assay_trace_summary_clock(&writer->summary, reading);
    writer->clock[writer->clock_count++] = *reading;
    return rc;
}

assay_code assay_trace_add_host(struct assay_trace_writer *writer, const struct assay_host_reading *reading,
                                assay_err *err)
{
    assay_code rc = ASSAY_OK;
    if (writer->host_count == TRACE_READINGS_MAX) {
        rc = flush_rows(writer, ASSAY_TRACE_HOST, TRACE_ROWS_HOST, writer->host, &writer->host_count, err);
    }
    writer->host[writer->host_count++] = *reading;
    return rc;
}

assay_code assay_trace_add_check(struct assay_trace_writer *writer, const json_t *check, assay_err *err)
{
    if (!json_is_object(check) || json_array_size(writer->checks) == LIST_MAX) {
        return assay_fail(err, ASSAY_BUG, "trace: a check is an object, and there are at most %d", LIST_MAX);
    }
    json_t *copy = json_deep_copy(check);
    if (copy) {
        (void)json_object_del(copy, "verdict"); /* derived from the data, never from a word */
    }
    return copy && json_array_append_new(writer->checks, copy) == 0 ? ASSAY_OK : assay_nomem(err);
}

assay_code assay_trace_add_kernels(struct assay_trace_writer *writer, const json_t *counters, assay_err *err)
{
    if (!json_is_array(counters) || json_array_size(counters) > KERNELS_MAX - json_array_size(writer->kernels)) {
        return assay_fail(err, ASSAY_BUG, "trace: kernel counters are an array of at most %d rows", KERNELS_MAX);
    }
    json_t *copy = json_deep_copy(counters);
    bool is_good = copy && json_array_extend(writer->kernels, copy) == 0;
    json_decref(copy);
    assay_trace_summary_kernels(&writer->summary, counters);
    return is_good ? ASSAY_OK : assay_nomem(err);
}

static assay_code write_json(struct assay_trace_writer *writer, enum assay_trace_kind kind, const json_t *value,
                             assay_err *err)
{
    begin_chunk(writer, kind, TRACE_CODEC_JSON, 0, json_is_array(value) ? json_array_size(value) : 1);
    assay_code rc = assay_json_canon(value, &writer->sink.plain, err);
    return rc == ASSAY_OK ? end_chunk(writer, err) : rc;
}

assay_code assay_trace_finish(struct assay_trace_writer *writer, const json_t *facts, struct assay_buf *out,
                              assay_err *err)
{
    assert(writer && facts && out);
    assay_code rc = is_block_empty(&writer->block) ? ASSAY_OK : flush_samples(writer, err);
    if (rc == ASSAY_OK && json_array_size(writer->kernels) > 0) {
        rc = write_json(writer, ASSAY_TRACE_KERNELS, writer->kernels, err);
    }
    if (rc == ASSAY_OK) {
        rc = flush_rows(writer, ASSAY_TRACE_HOST, TRACE_ROWS_HOST, writer->host, &writer->host_count, err);
    }
    if (rc == ASSAY_OK) {
        rc = flush_rows(writer, ASSAY_TRACE_CLOCK, TRACE_ROWS_CLOCK, writer->clock, &writer->clock_count, err);
    }
    if (rc == ASSAY_OK && json_array_size(writer->checks) > 0) {
        rc = write_json(writer, ASSAY_TRACE_CHECKS, writer->checks, err);
    }
    rc = rc == ASSAY_OK ? write_json(writer, ASSAY_TRACE_FACTS, facts, err) : rc;
    rc = rc == ASSAY_OK ? assay_buf_check(&writer->file, err) : rc;
    if (rc == ASSAY_OK) {
        assay_buf_append(out, writer->file.data, writer->file.len);
        assay_buf_done(&writer->file);
        rc = assay_buf_check(out, err);
    }
    return rc;
}
