#include "record/trace_reader.h"

#include "base/mem.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <zstd.h>

/* Gates of evidence.md 3.2 that reading can break. */
enum {
    GATE_BYTES = 302,
    GATE_COUNTS = 304,
    GATE_IDS = 305,
    GATE_OTHER_RUN = 306,
    GATE_ORDER = 310,
};

#define CLOCK_MAX ((size_t)1 << 22) /* every 100 ms for four days */
#define HOST_MAX ((size_t)1 << 20)  /* once a second for twelve days */
#define JSON_DEPTH_MAX 16           /* evidence.md 1.2 */
#define JSON_MEMBERS_MAX 256
#define CHUNKS_MAX ((size_t)1 << 24) /* of a file: more would be chunks of under a kilobyte */

/* What a file may swell to: a small one must not cost its reader seconds. Honest traces stay far below both; the least
 * lets small and very regular ones through. */
#define PLAIN_BYTES_RATIO_MAX 256
#define PLAIN_BYTES_LEAST ((uint64_t)64 << 20)
#define ROWS_RATIO_MAX 16 /* samples and events a stored byte */
#define ROWS_LEAST ((uint64_t)1 << 22)

static assay_code fail_gate(int *ret_gate, int gate, assay_code code)
{
    *ret_gate = gate;
    return code;
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

static assay_code read_json(struct assay_trace *trace, const struct chunk_place *place, json_t **ret, assay_err *err)
{
    const struct assay_json_limits limits = {.bytes_max = ASSAY_TRACE_CHUNK_BYTES_MAX,
                                             .members_max = JSON_MEMBERS_MAX,
                                             .depth_max = JSON_DEPTH_MAX,
                                             .flags = ASSAY_JSON_RECEIPT_PROFILE};
    const char *text = trace->plain + TRACE_HEADER_BYTES;
    size_t len = place->plain_bytes - TRACE_HEADER_BYTES;
    json_t *value = NULL;
    assay_code rc = assay_json_read(text, len, &limits, &value, err);
    rc = rc == ASSAY_OK ? assay_json_canon_check(value, text, len, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(value);
        return rc;
    }
    *ret = value;
    return ASSAY_OK;
}

static assay_code take_list(struct assay_trace *trace, const struct chunk_place *place,
                            const struct trace_header *header, json_t **list, assay_err *err)
{
    json_t *value = NULL;
    if (*list) {
        return assay_fail(err, ASSAY_MALFORMED, "a second chunk of kind %u", header->kind);
    }
    assay_code rc = read_json(trace, place, &value, err);
    if (rc == ASSAY_OK && (!json_is_array(value) || json_array_size(value) != header->count)) {
        json_decref(value);
        return assay_fail(err, ASSAY_MALFORMED, "expected an array of %u", (unsigned)header->count);
    }
    *list = value;
    return rc;
}

static assay_code take_facts(struct assay_trace *trace, const struct chunk_place *place,
                             const struct trace_header *header, assay_err *err)
{
    assay_code rc = read_json(trace, place, &trace->facts, err);
    if (rc == ASSAY_OK && (!json_is_object(trace->facts) || header->count != 1)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "facts: expected one object");
    }
    return rc;
}

static assay_code take_readings(struct assay_trace *trace, const struct chunk_place *place,
                                const struct trace_header *header, enum trace_rows kind, void **rows, size_t *count,
                                size_t limit, size_t row_bytes, assay_err *err)
{
    if (header->count > TRACE_READINGS_MAX || *count + header->count > limit) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %zu readings", limit);
    }
    void *grown = assay_realloc(*rows, *count + header->count, row_bytes);
    if (!grown) {
        return assay_nomem(err);
    }
    *rows = grown;
    char *place_of_new = (char *)grown + *count * row_bytes;
    memset(place_of_new, 0, header->count * row_bytes);
    struct trace_cursor cursor = {.bytes = trace->plain, .len = place->plain_bytes, .at = TRACE_HEADER_BYTES};
    assay_code rc = assay_trace_rows_get(kind, &cursor, place_of_new, header->count, trace->block.scratch, err);
    if (rc == ASSAY_OK && cursor.at != cursor.len) {
        rc = assay_fail(err, ASSAY_MALFORMED, "bytes behind the last column");
    }
    *count += rc == ASSAY_OK ? header->count : 0;
    return rc;
}

/* Counts and ids of a chunk of samples; the rows are read when they are asked for. */
static assay_code take_samples(struct assay_trace *trace, struct chunk_place *place, const struct trace_header *header,
                               int *ret_gate, assay_err *err)
{
    if (header->first_id != trace->summary.samples) {
        (void)assay_fail(err, ASSAY_MALFORMED, "first sample is %" PRIu64 ", expected %" PRIu64, header->first_id,
                         trace->summary.samples);
        return fail_gate(ret_gate, GATE_IDS, ASSAY_MALFORMED);
    }
    if (place->plain_bytes < TRACE_HEADER_BYTES + 24 || header->count > TRACE_SAMPLES_MAX) {
        (void)assay_fail(err, ASSAY_MALFORMED, "no counts, or more than %d samples", TRACE_SAMPLES_MAX);
        return fail_gate(ret_gate, GATE_COUNTS, ASSAY_MALFORMED);
    }
    place->is_samples = 1;
    place->carried = assay_trace_get_u32(trace->plain + TRACE_HEADER_BYTES) |
                     assay_trace_get_u32(trace->plain + TRACE_HEADER_BYTES + 4);
    if (place->carried > 0 && header->first_id == 0) {
        (void)assay_fail(err, ASSAY_MALFORMED, "events before the first sample");
        return fail_gate(ret_gate, GATE_COUNTS, ASSAY_MALFORMED);
    }
    trace->summary.samples += header->count;
    trace->rows += (uint64_t)header->count + assay_trace_get_u32(trace->plain + TRACE_HEADER_BYTES + 16) +
                   assay_trace_get_u32(trace->plain + TRACE_HEADER_BYTES + 20);
    uint64_t rows_max = (uint64_t)trace->len * ROWS_RATIO_MAX;
    if (trace->rows > (rows_max > ROWS_LEAST ? rows_max : ROWS_LEAST)) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more rows than %zu bytes may hold", trace->len);
    }
    return ASSAY_OK;
}

static assay_code take_records(struct assay_trace *trace, struct chunk_place *place, const struct trace_header *header,
                               int *ret_gate, assay_err *err)
{
    void *rows;
    assay_code rc;
    switch ((enum assay_trace_kind)header->kind) {
    case ASSAY_TRACE_SAMPLES:
        return take_samples(trace, place, header, ret_gate, err);
    case ASSAY_TRACE_KERNELS:
        return take_list(trace, place, header, &trace->kernels, err);
    case ASSAY_TRACE_CHECKS:
        return take_list(trace, place, header, &trace->checks, err);
    case ASSAY_TRACE_FACTS:
        return take_facts(trace, place, header, err);
    case ASSAY_TRACE_HOST:
        rows = trace->host;
        rc = take_readings(trace, place, header, TRACE_ROWS_HOST, &rows, &trace->host_count, HOST_MAX,
                           sizeof *trace->host, err);
        trace->host = rows;
        return rc;
    case ASSAY_TRACE_CLOCK:
        rows = trace->clock;
        rc = take_readings(trace, place, header, TRACE_ROWS_CLOCK, &rows, &trace->clock_count, CLOCK_MAX,
                           sizeof *trace->clock, err);
        trace->clock = rows;
        return rc;
    case ASSAY_TRACE_KIND_COUNT:
    default:
        return assay_fail(err, ASSAY_UNSUPPORTED, "unknown kind %u", header->kind);
    }
}

static assay_code check_header(struct assay_trace *trace, const struct trace_header *header, bool is_good,
                               int *ret_gate, assay_err *err)
{
    bool is_json =
        header->kind == ASSAY_TRACE_KERNELS || header->kind == ASSAY_TRACE_CHECKS || header->kind == ASSAY_TRACE_FACTS;
    if (!is_good || header->codec != (is_json ? TRACE_CODEC_JSON : TRACE_CODEC_COLUMNS)) {
        return assay_fail(err, ASSAY_MALFORMED, "no chunk header, or codec %u for kind %u", header->codec,
                          header->kind);
    }
    if (header->kind != ASSAY_TRACE_SAMPLES && header->first_id != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "a first sample in a chunk of kind %u", header->kind);
    }
    if (trace->places_count == 0) {
        memcpy(trace->ident.run_id, header->run_id, sizeof header->run_id);
        memcpy(trace->ident.plan_sha256, header->plan_prefix, sizeof header->plan_prefix);
    } else if (memcmp(trace->ident.run_id, header->run_id, sizeof header->run_id) != 0 ||
               memcmp(trace->ident.plan_sha256, header->plan_prefix, sizeof header->plan_prefix) != 0) {
        (void)assay_fail(err, ASSAY_MALFORMED, "of another run or plan than the chunks before");
        return fail_gate(ret_gate, GATE_OTHER_RUN, ASSAY_MALFORMED);
    }
    return ASSAY_OK;
}

static assay_code take_chunk(struct assay_trace *trace, struct chunk_place *place, struct assay_merkle *tree,
                             int *ret_gate, assay_err *err)
{
    size_t index = trace->places_count;
    *ret_gate = GATE_BYTES;
    assay_code rc = assay_trace_decompress(trace, place, index, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_merkle_add(tree, trace->plain, place->plain_bytes);
    struct trace_header header;
    bool is_good = assay_trace_header_get(trace->plain, &header);
    rc = check_header(trace, &header, is_good, ret_gate, err);
    rc = rc == ASSAY_OK ? take_records(trace, place, &header, ret_gate, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "trace: chunk %zu at byte %zu", index, place->at);
        return rc;
    }
    void *places = trace->places;
    rc =
        assay_trace_grow(&places, &trace->places_capacity, index + 1, CHUNKS_MAX, sizeof *trace->places, "chunks", err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    trace->places = places;
    trace->places[trace->places_count++] = *place;
    return ASSAY_OK;
}

static assay_code walk_file(struct assay_trace *trace, struct assay_merkle *tree, int *ret_gate, assay_err *err)
{
    *ret_gate = GATE_BYTES;
    if (trace->len > ASSAY_TRACE_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "trace: %zu bytes, at most %zu are allowed", trace->len,
                          ASSAY_TRACE_BYTES_MAX);
    }
    if (trace->len < TRACE_MAGIC_BYTES || memcmp(trace->bytes, TRACE_MAGIC, TRACE_MAGIC_BYTES) != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "trace: the file does not begin with " TRACE_MAGIC);
    }
    size_t at = TRACE_MAGIC_BYTES;
    while (at < trace->len) {
        if (trace->facts) {
            return assay_fail(err, ASSAY_MALFORMED, "trace: bytes behind the facts chunk, at byte %zu", at);
        }
        if (trace->len - at < TRACE_FRAME_BYTES) {
            return assay_fail(err, ASSAY_MALFORMED, "trace: chunk %zu at byte %zu is cut off", trace->places_count, at);
        }
        struct chunk_place place = {.at = at + TRACE_FRAME_BYTES,
                                    .stored_bytes = assay_trace_get_u32(trace->bytes + at),
                                    .plain_bytes = assay_trace_get_u32(trace->bytes + at + 4)};
        if (place.plain_bytes < TRACE_HEADER_BYTES || place.plain_bytes > ASSAY_TRACE_CHUNK_BYTES_MAX ||
            place.stored_bytes > trace->len - place.at) {
            return assay_fail(err, ASSAY_MALFORMED, "trace: chunk %zu at byte %zu says %u bytes, %u stored",
                              trace->places_count, at, (unsigned)place.plain_bytes, (unsigned)place.stored_bytes);
        }
        trace->plain_bytes += place.plain_bytes;
        uint64_t plain_max = (uint64_t)trace->len * PLAIN_BYTES_RATIO_MAX;
        if (trace->plain_bytes > (plain_max > PLAIN_BYTES_LEAST ? plain_max : PLAIN_BYTES_LEAST)) {
            return assay_fail(err, ASSAY_TOO_LARGE, "trace: chunk %zu at byte %zu: %zu bytes swell to over %" PRIu64,
                              trace->places_count, at, trace->len, trace->plain_bytes - 1);
        }
        assay_code rc = take_chunk(trace, &place, tree, ret_gate, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        at = place.at + place.stored_bytes;
    }
    *ret_gate = GATE_COUNTS;
    return trace->facts ? ASSAY_OK : assay_fail(err, ASSAY_MALFORMED, "trace: no facts chunk at the end");
}

/* ---- open ------------------------------------------------------------------------------------------------------- */

static assay_code make_room(struct assay_trace *trace, assay_err *err)
{
    trace->plain = assay_realloc(NULL, ASSAY_TRACE_CHUNK_BYTES_MAX, 1); /* not zeroed: only what was written is read */
    trace->zstd = ZSTD_createDCtx();
    assay_code rc = assay_trace_block_init(&trace->block, err);
    return rc == ASSAY_OK && (!trace->plain || !trace->zstd) ? assay_nomem(err) : rc;
}

/* Series run forward, and a bracket closes after it opened: a reversed one would pass for a huge uncertainty. */
static assay_code check_series(const struct assay_trace *trace, assay_err *err)
{
    for (size_t i = 0; i < trace->clock_count; i++) {
        const struct assay_clock_reading *reading = &trace->clock[i];
        if (reading->mono_after_ns < reading->mono_before_ns ||
            (i > 0 && reading->mono_before_ns < trace->clock[i - 1].mono_before_ns)) {
            return assay_fail(err, ASSAY_MALFORMED, "clock reading %zu: found it out of order, expected time to go on",
                              i);
        }
    }
    for (size_t i = 1; i < trace->host_count; i++) {
        if (trace->host[i].at_ns < trace->host[i - 1].at_ns) {
            return assay_fail(err, ASSAY_MALFORMED, "host reading %zu: found it out of order, expected time to go on",
                              i);
        }
    }
    return ASSAY_OK;
}

static void summarise(struct assay_trace *trace)
{
    for (size_t i = 0; i < trace->clock_count; i++) {
        assay_trace_summary_clock(&trace->summary, &trace->clock[i]);
    }
    assay_trace_summary_kernels(&trace->summary, trace->kernels);
}

/* Flags and requests of the samples: known only when every row was read. */
static assay_code scan_samples(struct assay_trace *trace, assay_err *err)
{
    struct assay_sample sample;
    bool is_end = false;
    uint64_t samples = trace->summary.samples;
    trace->summary.samples = 0;
    while (!is_end) {
        assay_code rc = assay_trace_next(trace, &sample, &is_end, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        if (!is_end) {
            assay_trace_summary_sample(&trace->summary, &sample);
        }
    }
    assert(trace->summary.samples == samples);
    assay_trace_rewind(trace);
    return ASSAY_OK;
}

assay_code assay_trace_open(const char *bytes, size_t len, struct assay_trace **ret, int *ret_gate, assay_err *err)
{
    assert(bytes && ret);
    int gate = GATE_BYTES;
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    struct assay_trace *trace = assay_alloc(1, sizeof *trace);
    if (!trace) {
        return assay_nomem(err);
    }
    trace->bytes = bytes;
    trace->len = len;
    assay_code rc = make_room(trace, err);
    rc = rc == ASSAY_OK ? walk_file(trace, &tree, &gate, err) : rc;
    if (rc == ASSAY_OK) {
        assay_merkle_root(&tree, &trace->root);
        trace->checks = trace->checks ? trace->checks : json_array();
        trace->kernels = trace->kernels ? trace->kernels : json_array();
        rc = trace->checks && trace->kernels ? ASSAY_OK : assay_nomem(err);
    }
    if (rc == ASSAY_OK) {
        gate = GATE_ORDER;
        rc = check_series(trace, err);
    }
    if (rc == ASSAY_OK) {
        gate = GATE_COUNTS;
        summarise(trace);
        rc = scan_samples(trace, err);
    }
    if (rc != ASSAY_OK) {
        assay_trace_free(trace);
        if (ret_gate) {
            *ret_gate = gate;
        }
        return rc;
    }
    *ret = trace;
    return ASSAY_OK;
}

void assay_trace_free(struct assay_trace *trace)
{
    if (trace) {
        assay_trace_block_done(&trace->block);
        (void)ZSTD_freeDCtx(trace->zstd);
        json_decref(trace->facts);
        json_decref(trace->checks);
        json_decref(trace->kernels);
        assay_free(trace->places);
        assay_free(trace->clock);
        assay_free(trace->host);
        assay_free(trace->plain);
        assay_free(trace->segments);
        assay_free(trace->chunks);
        assay_free(trace);
    }
}

const struct assay_trace_ident *assay_trace_ident(const struct assay_trace *trace)
{
    return &trace->ident;
}

const struct assay_trace_summary *assay_trace_summary(const struct assay_trace *trace)
{
    return &trace->summary;
}

void assay_trace_root(const struct assay_trace *trace, uint8_t ret[32])
{
    memcpy(ret, trace->root.bytes, sizeof trace->root.bytes);
}

uint64_t assay_trace_chunks(const struct assay_trace *trace)
{
    return trace->places_count;
}

uint64_t assay_trace_samples(const struct assay_trace *trace)
{
    return trace->summary.samples;
}

const json_t *assay_trace_facts(const struct assay_trace *trace)
{
    return trace->facts;
}

const json_t *assay_trace_checks(const struct assay_trace *trace)
{
    return trace->checks;
}

const json_t *assay_trace_kernels(const struct assay_trace *trace)
{
    return trace->kernels;
}

const struct assay_clock_reading *assay_trace_clock(const struct assay_trace *trace, size_t *ret_count)
{
    *ret_count = trace->clock_count;
    return trace->clock;
}

const struct assay_host_reading *assay_trace_host(const struct assay_trace *trace, size_t *ret_count)
{
    *ret_count = trace->host_count;
    return trace->host;
}
