#include "record/trace_codec.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* ---- numbers and header ----------------------------------------------------------------------------------------- */

uint32_t assay_trace_get_u32(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint64_t assay_trace_get_u64(const char *bytes)
{
    return (uint64_t)assay_trace_get_u32(bytes) | (uint64_t)assay_trace_get_u32(bytes + 4) << 32;
}

void assay_trace_put_u32(uint32_t value, char *ret)
{
    for (unsigned i = 0; i < 4; i++) {
        ret[i] = (char)(unsigned char)(value >> (8 * i));
    }
}

void assay_trace_put_u64(uint64_t value, char *ret)
{
    assay_trace_put_u32((uint32_t)value, ret);
    assay_trace_put_u32((uint32_t)(value >> 32), ret + 4);
}

void assay_trace_header_put(const struct trace_header *header, char *ret)
{
    memset(ret, 0, TRACE_HEADER_BYTES);
    memcpy(ret, TRACE_CHUNK_MAGIC, 8);
    memcpy(ret + 8, header->run_id, sizeof header->run_id);
    memcpy(ret + 24, header->plan_prefix, sizeof header->plan_prefix);
    assay_trace_put_u64(header->first_id, ret + 40);
    assay_trace_put_u32(header->count, ret + 48);
    assay_trace_put_u32((uint32_t)header->kind | (uint32_t)header->codec << 16, ret + 52);
}

bool assay_trace_header_get(const char *bytes, struct trace_header *ret)
{
    memcpy(ret->run_id, bytes + 8, sizeof ret->run_id);
    memcpy(ret->plan_prefix, bytes + 24, sizeof ret->plan_prefix);
    ret->first_id = assay_trace_get_u64(bytes + 40);
    ret->count = assay_trace_get_u32(bytes + 48);
    uint32_t kind_codec = assay_trace_get_u32(bytes + 52);
    ret->kind = (uint16_t)kind_codec;
    ret->codec = (uint16_t)(kind_codec >> 16);
    return memcmp(bytes, TRACE_CHUNK_MAGIC, 8) == 0 && assay_trace_get_u64(bytes + 56) == 0;
}

/* ---- fields ----------------------------------------------------------------------------------------------------- */

enum field_kind {
    FIELD_PLAIN,  /* the number */
    FIELD_ABSENT, /* the number plus 1, so that all ones (absent) becomes 0 */
    FIELD_STAMP,  /* 0 absent, else 1 + zigzag of the difference to the base */
    FIELD_BYTES   /* 32 bytes as they are */
};

enum field_base {
    BASE_ZERO,
    BASE_FIELD,  /* another field of the row, which stands in an earlier column or is set beforehand */
    BASE_RUNNING /* the last present value of the same field in the same group, at first that of `base` (or 0) */
};

#define NO_OFFSET SIZE_MAX

struct field {
    size_t offset, size;
    enum field_kind kind;
    enum field_base base;
    size_t base_offset; /* of a uint64_t */
};

struct rows_table {
    const struct field *fields;
    size_t fields_count, row_bytes, group_offset; /* NO_OFFSET: all rows are one group */
};

#define SIZE_OF(type, member) sizeof(((type *)0)->member)
#define PLAIN(type, member)                                                              \
    {                                                                                    \
        offsetof(type, member), SIZE_OF(type, member), FIELD_PLAIN, BASE_ZERO, NO_OFFSET \
    }
#define ABSENTABLE(type, member)                                                          \
    {                                                                                     \
        offsetof(type, member), SIZE_OF(type, member), FIELD_ABSENT, BASE_ZERO, NO_OFFSET \
    }
#define BYTES32(type, member)                                                            \
    {                                                                                    \
        offsetof(type, member), SIZE_OF(type, member), FIELD_BYTES, BASE_ZERO, NO_OFFSET \
    }
#define NEAR(type, member, near)                                                 \
    {                                                                            \
        offsetof(type, member), 8, FIELD_STAMP, BASE_FIELD, offsetof(type, near) \
    }
#define RUNNING(type, member)                                           \
    {                                                                   \
        offsetof(type, member), 8, FIELD_STAMP, BASE_RUNNING, NO_OFFSET \
    }
#define RUNNING_FROM(type, member, first)                                           \
    {                                                                               \
        offsetof(type, member), 8, FIELD_STAMP, BASE_RUNNING, offsetof(type, first) \
    }

static const struct field SAMPLE_FIELDS[] = {
    PLAIN(struct sample_row, parts),
    PLAIN(struct sample_row, sample.arm),
    PLAIN(struct sample_row, sample.worker),
    PLAIN(struct sample_row, status),
    PLAIN(struct sample_row, sample.flags),
    PLAIN(struct sample_row, sample.iterations),
    RUNNING(struct sample_row, sample.due_ns),
    NEAR(struct sample_row, sample.queued_ns, sample.due_ns),
    NEAR(struct sample_row, sample.start_ns, sample.queued_ns),
    NEAR(struct sample_row, sample.end_ns, sample.start_ns),
    ABSENTABLE(struct sample_row, sample.cpu_ns),
};

#define REQUEST_NEAR(member, near) NEAR(struct request_row, request.member, near)
static const struct field REQUEST_FIELDS[] = {
    PLAIN(struct request_row, segments),
    PLAIN(struct request_row, chunks),
    REQUEST_NEAR(conn_start_ns, start_ns),
    REQUEST_NEAR(conn_end_ns, request.conn_start_ns),
    REQUEST_NEAR(tls_end_ns, request.conn_end_ns),
    REQUEST_NEAR(send_enter_ns, start_ns),
    REQUEST_NEAR(send_return_ns, request.send_enter_ns),
    REQUEST_NEAR(tx_ns, start_ns),
    REQUEST_NEAR(tx_ack_ns, start_ns),
    REQUEST_NEAR(hdr_ns, start_ns),
    REQUEST_NEAR(first_byte_ns, request.hdr_ns),
    REQUEST_NEAR(first_event_ns, request.hdr_ns),
    REQUEST_NEAR(usage_ns, end_ns),
    REQUEST_NEAR(done_ns, end_ns),
    ABSENTABLE(struct request_row, request.server_load_ns),
    ABSENTABLE(struct request_row, request.server_prompt_ns),
    ABSENTABLE(struct request_row, request.server_eval_ns),
    ABSENTABLE(struct request_row, request.server_total_ns),
    ABSENTABLE(struct request_row, request.retry_after_ns),
    PLAIN(struct request_row, request.http_status),
    ABSENTABLE(struct request_row, request.prompt_tokens_asked),
    ABSENTABLE(struct request_row, request.output_tokens_asked),
    ABSENTABLE(struct request_row, request.prompt_tokens),
    ABSENTABLE(struct request_row, request.output_tokens),
    ABSENTABLE(struct request_row, request.cached_tokens),
    PLAIN(struct request_row, request.ignored_events),
    PLAIN(struct request_row, request.flags),
    PLAIN(struct request_row, request.output_source),
    PLAIN(struct request_row, request.finish),
    PLAIN(struct request_row, request.reported_rate_micro),
    PLAIN(struct request_row, request.content_bytes),
    BYTES32(struct request_row, request.body_sha256),
    BYTES32(struct request_row, request.output_sha256),
};

static const struct field PROCESS_FIELDS[] = {
    ABSENTABLE(struct assay_process, spawn_ns),     ABSENTABLE(struct assay_process, cpu_tree_ns),
    ABSENTABLE(struct assay_process, maxrss_bytes), ABSENTABLE(struct assay_process, rss_floor_bytes),
    ABSENTABLE(struct assay_process, minflt),       ABSENTABLE(struct assay_process, majflt),
    ABSENTABLE(struct assay_process, nvcsw),        ABSENTABLE(struct assay_process, nivcsw),
    PLAIN(struct assay_process, exit_status),       BYTES32(struct assay_process, output_sha256),
};

static const struct field SEGMENT_FIELDS[] = {
    RUNNING(struct segment_row, segment.end_offset),
    RUNNING_FROM(struct segment_row, segment.user_before_ns, start_ns),
    NEAR(struct segment_row, segment.user_after_ns, segment.user_before_ns),
    NEAR(struct segment_row, segment.rx_ns, segment.user_before_ns),
    PLAIN(struct segment_row, segment.left_bytes),
};

/* The segment of a chunk is stored as the number of segments since the chunk before: see segment_steps(). */
static const struct field CHUNK_FIELDS[] = {
    PLAIN(struct chunk_row, chunk.segment),       PLAIN(struct chunk_row, chunk.after_bytes),
    PLAIN(struct chunk_row, chunk.tokens),        PLAIN(struct chunk_row, chunk.kind),
    PLAIN(struct chunk_row, chunk.tokens_source),
};

static const struct field CLOCK_FIELDS[] = {
    RUNNING(struct assay_clock_reading, mono_before_ns),
    NEAR(struct assay_clock_reading, mono_after_ns, mono_before_ns),
    RUNNING(struct assay_clock_reading, real_ns),
    RUNNING(struct assay_clock_reading, raw_ns),
};

static const struct field HOST_FIELDS[] = {
    RUNNING(struct assay_host_reading, at_ns),
    ABSENTABLE(struct assay_host_reading, steal_ppm),
    ABSENTABLE(struct assay_host_reading, foreign_cpu_ppm),
    ABSENTABLE(struct assay_host_reading, throttled_ns),
    ABSENTABLE(struct assay_host_reading, load1_milli),
    ABSENTABLE(struct assay_host_reading, pressure_cpu_ppm),
    ABSENTABLE(struct assay_host_reading, temperature_milli_c),
    ABSENTABLE(struct assay_host_reading, frequency_khz),
    ABSENTABLE(struct assay_host_reading, client_cpu_ppm),
};

#define TABLE(fields, type, group)                                          \
    {                                                                       \
        (fields), sizeof(fields) / sizeof(fields)[0], sizeof(type), (group) \
    }
static const struct rows_table TABLES[TRACE_ROWS_COUNT] = {
    [TRACE_ROWS_SAMPLE] = TABLE(SAMPLE_FIELDS, struct sample_row, NO_OFFSET),
    [TRACE_ROWS_REQUEST] = TABLE(REQUEST_FIELDS, struct request_row, NO_OFFSET),
    [TRACE_ROWS_PROCESS] = TABLE(PROCESS_FIELDS, struct assay_process, NO_OFFSET),
    [TRACE_ROWS_SEGMENT] = TABLE(SEGMENT_FIELDS, struct segment_row, offsetof(struct segment_row, group)),
    [TRACE_ROWS_CHUNK] = TABLE(CHUNK_FIELDS, struct chunk_row, offsetof(struct chunk_row, group)),
    [TRACE_ROWS_CLOCK] = TABLE(CLOCK_FIELDS, struct assay_clock_reading, NO_OFFSET),
    [TRACE_ROWS_HOST] = TABLE(HOST_FIELDS, struct assay_host_reading, NO_OFFSET),
};

/* ---- one field of one row --------------------------------------------------------------------------------------- */

static uint64_t field_get(const char *row, const struct field *field)
{
    uint8_t narrow;
    uint32_t middle;
    uint64_t wide;
    switch (field->size) {
    case 1:
        memcpy(&narrow, row + field->offset, sizeof narrow);
        return narrow;
    case 4:
        memcpy(&middle, row + field->offset, sizeof middle);
        return middle;
    default:
        memcpy(&wide, row + field->offset, sizeof wide);
        return wide;
    }
}

/* False if the value does not fit. */
static bool field_set(char *row, const struct field *field, uint64_t value)
{
    uint8_t narrow = (uint8_t)value;
    uint32_t middle = (uint32_t)value;
    switch (field->size) {
    case 1:
        memcpy(row + field->offset, &narrow, sizeof narrow);
        return narrow == value;
    case 4:
        memcpy(row + field->offset, &middle, sizeof middle);
        return middle == value;
    default:
        memcpy(row + field->offset, &value, sizeof value);
        return true;
    }
}

static uint64_t all_ones(const struct field *field)
{
    return field->size == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * field->size)) - 1;
}

static uint64_t u64_at(const char *row, size_t offset)
{
    uint64_t value;
    memcpy(&value, row + offset, sizeof value);
    return value == ASSAY_NS_ABSENT ? 0 : value;
}

static uint32_t group_of(const struct rows_table *table, const char *row)
{
    uint32_t group = 0;
    if (table->group_offset != NO_OFFSET) {
        memcpy(&group, row + table->group_offset, sizeof group);
    }
    return group;
}

/* The running base of a column, from row to row. */
struct running {
    uint64_t value;
    uint32_t group;
    bool has_group;
};

static uint64_t base_of(const struct rows_table *table, const struct field *field, const char *row,
                        struct running *running)
{
    if (field->base == BASE_FIELD) {
        return u64_at(row, field->base_offset);
    }
    uint32_t group = group_of(table, row);
    if (!running->has_group || running->group != group) {
        uint64_t first = field->base_offset == NO_OFFSET ? 0 : u64_at(row, field->base_offset);
        *running = (struct running){.value = first, .group = group, .has_group = true};
    }
    return running->value;
}

static uint64_t zigzag(int64_t x)
{
    return x < 0 ? ~((uint64_t)x << 1) : (uint64_t)x << 1;
}

static int64_t unzigzag(uint64_t z)
{
    return z & 1 ? (int64_t) ~(z >> 1) : (int64_t)(z >> 1);
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

static bool stamps_to_numbers(const struct rows_table *table, const struct field *field, const char *rows, size_t count,
                              uint64_t *numbers)
{
    struct running running = {0};
    for (size_t i = 0; i < count; i++, rows += table->row_bytes) {
        uint64_t base = base_of(table, field, rows, &running);
        uint64_t stamp = field_get(rows, field);
        if (stamp == ASSAY_NS_ABSENT) {
            numbers[i] = 0;
            continue;
        }
        if (stamp >= TRACE_STAMP_LIMIT || base >= TRACE_STAMP_LIMIT) {
            return false;
        }
        numbers[i] = 1 + zigzag((int64_t)stamp - (int64_t)base);
        running.value = stamp;
    }
    return true;
}

static bool numbers_to_stamps(const struct rows_table *table, const struct field *field, char *rows, size_t count,
                              const uint64_t *numbers)
{
    struct running running = {0};
    for (size_t i = 0; i < count; i++, rows += table->row_bytes) {
        uint64_t base = base_of(table, field, rows, &running);
        uint64_t stamp = ASSAY_NS_ABSENT;
        if (numbers[i] != 0) {
            stamp = base + (uint64_t)unzigzag(numbers[i] - 1); /* wraps on foreign bytes; then out of range */
            if (stamp >= TRACE_STAMP_LIMIT) {
                return false;
            }
            running.value = stamp;
        }
        (void)field_set(rows, field, stamp);
    }
    return true;
}

static bool rows_to_numbers(const struct rows_table *table, const struct field *field, const char *rows, size_t count,
                            uint64_t *numbers)
{
    if (field->kind == FIELD_STAMP) {
        return stamps_to_numbers(table, field, rows, count, numbers);
    }
    uint64_t mask = all_ones(field);
    uint64_t plus = field->kind == FIELD_ABSENT ? 1 : 0;
    for (size_t i = 0; i < count; i++, rows += table->row_bytes) {
        numbers[i] = (field_get(rows, field) + plus) & mask;
    }
    return true;
}

static bool numbers_to_rows(const struct rows_table *table, const struct field *field, char *rows, size_t count,
                            const uint64_t *numbers)
{
    if (field->kind == FIELD_STAMP) {
        return numbers_to_stamps(table, field, rows, count, numbers);
    }
    uint64_t mask = all_ones(field);
    uint64_t minus = field->kind == FIELD_ABSENT ? 1 : 0;
    for (size_t i = 0; i < count; i++, rows += table->row_bytes) {
        if (numbers[i] > mask || !field_set(rows, field, (numbers[i] - minus) & mask)) {
            return false;
        }
    }
    return true;
}

#define COLUMN_HEAD_BYTES 9 /* width, then the smallest number */
#define CUT_BYTES_MIN 1024  /* a piece of its own costs a dozen bytes of framing */

static void cut_here(struct trace_sink *out, size_t at)
{
    size_t last = out->cuts_count ? out->cuts[out->cuts_count - 1] : 0;
    if (at - last >= CUT_BYTES_MIN && out->cuts_count < TRACE_CUTS_MAX) {
        out->cuts[out->cuts_count++] = at;
    }
}

static void column_put(const uint64_t *numbers, size_t count, struct trace_sink *out)
{
    uint64_t least = count ? numbers[0] : 0, most = least;
    for (size_t i = 1; i < count; i++) {
        least = numbers[i] < least ? numbers[i] : least;
        most = numbers[i] > most ? numbers[i] : most;
    }
    unsigned width = 0;
    while (width < 8 && (most - least) >> (8 * width) != 0) {
        width++;
    }
    char *place = assay_buf_reserve(&out->plain, COLUMN_HEAD_BYTES + count * width);
    if (!place) {
        return; /* sticky: found by the check at the end */
    }
    place[0] = (char)width;
    assay_trace_put_u64(least, place + 1);
    char *plane = place + COLUMN_HEAD_BYTES;
    for (unsigned w = 0; w < width; w++, plane += count) {
        cut_here(out, out->plain.len + (size_t)(plane - place));
        for (size_t i = 0; i < count; i++) {
            plane[i] = (char)(unsigned char)((numbers[i] - least) >> (8 * w));
        }
    }
    assay_buf_grew(&out->plain, COLUMN_HEAD_BYTES + count * width);
    cut_here(out, out->plain.len);
}

static bool column_get(struct trace_cursor *cursor, uint64_t *numbers, size_t count)
{
    if (cursor->len - cursor->at < COLUMN_HEAD_BYTES) {
        return false;
    }
    const char *place = cursor->bytes + cursor->at;
    unsigned width = (unsigned char)place[0];
    if (width > 8 || cursor->len - cursor->at - COLUMN_HEAD_BYTES < count * width) {
        return false;
    }
    uint64_t least = assay_trace_get_u64(place + 1);
    const unsigned char *plane = (const unsigned char *)place + COLUMN_HEAD_BYTES;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = least;
    }
    for (unsigned w = 0; w < width; w++, plane += count) {
        for (size_t i = 0; i < count; i++) {
            numbers[i] += (uint64_t)plane[i] << (8 * w);
        }
    }
    cursor->at += COLUMN_HEAD_BYTES + count * width;
    return true;
}

assay_code assay_trace_rows_put(enum trace_rows kind, const void *rows, size_t count, uint64_t *scratch,
                                struct trace_sink *out, assay_err *err)
{
    const struct rows_table *table = &TABLES[kind];
    for (size_t f = 0; f < table->fields_count; f++) {
        const struct field *field = &table->fields[f];
        if (field->kind == FIELD_BYTES) {
            for (size_t i = 0; i < count; i++) {
                assay_buf_append(&out->plain, (const char *)rows + i * table->row_bytes + field->offset, field->size);
            }
            cut_here(out, out->plain.len);
            continue;
        }
        if (!rows_to_numbers(table, field, rows, count, scratch)) {
            return assay_fail(err, ASSAY_BUG, "a stamp beyond 2^62 ns; one not taken is ASSAY_NS_ABSENT");
        }
        column_put(scratch, count, out);
    }
    return ASSAY_OK;
}

static bool bytes_get(struct trace_cursor *cursor, const struct field *field, char *rows, size_t row_bytes,
                      size_t count)
{
    if (cursor->len - cursor->at < count * field->size) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(rows + i * row_bytes + field->offset, cursor->bytes + cursor->at, field->size);
        cursor->at += field->size;
    }
    return true;
}

assay_code assay_trace_rows_get(enum trace_rows kind, struct trace_cursor *cursor, void *rows, size_t count,
                                uint64_t *scratch, assay_err *err)
{
    const struct rows_table *table = &TABLES[kind];
    for (size_t f = 0; f < table->fields_count; f++) {
        const struct field *field = &table->fields[f];
        bool is_good = field->kind == FIELD_BYTES
                           ? bytes_get(cursor, field, rows, table->row_bytes, count)
                           : column_get(cursor, scratch, count) && numbers_to_rows(table, field, rows, count, scratch);
        if (!is_good) {
            return assay_fail(err, ASSAY_MALFORMED, "column %zu of %u rows is cut off or out of range", f,
                              (unsigned)count);
        }
    }
    return ASSAY_OK;
}

/* ---- summary ---------------------------------------------------------------------------------------------------- */

void assay_trace_summary_sample(struct assay_trace_summary *summary, const struct assay_sample *sample)
{
    summary->samples++;
    summary->flags |= sample->flags;
    summary->has_requests |= sample->request != NULL;
}

void assay_trace_summary_clock(struct assay_trace_summary *summary, const struct assay_clock_reading *reading)
{
    int64_t lo = (int64_t)(reading->real_ns - reading->mono_after_ns);
    int64_t hi = (int64_t)(reading->real_ns - reading->mono_before_ns);
    if (summary->clock_count++ == 0) {
        summary->clock_first = *reading;
        summary->clock_offset_lo_ns = lo;
        summary->clock_offset_hi_ns = hi;
    }
    summary->clock_last = *reading;
    bool is_step = lo > summary->clock_offset_hi_ns || hi < summary->clock_offset_lo_ns;
    if (is_step || lo > summary->clock_offset_lo_ns) {
        summary->clock_offset_lo_ns = lo;
    }
    if (is_step || hi < summary->clock_offset_hi_ns) {
        summary->clock_offset_hi_ns = hi;
    }
    summary->clock_steps += is_step;
    uint64_t width = (uint64_t)(summary->clock_offset_hi_ns - summary->clock_offset_lo_ns);
    uint64_t half = width / 2 + width % 2;
    /* without a step the stretch only narrows; with one, the wider stretch speaks for the run */
    if (summary->clock_steps == 0 || half > summary->clock_uncertainty_ns) {
        summary->clock_uncertainty_ns = half;
    }
}

void assay_trace_summary_kernels(struct assay_trace_summary *summary, const json_t *counters)
{
    for (size_t i = 0; i < json_array_size(counters); i++) {
        const json_t *row = json_array_get(counters, i);
        const char *id = json_string_value(json_object_get(row, "id"));
        if (!id || json_integer_value(json_object_get(row, "ns")) <= 0) {
            continue;
        }
        const char *isa = strrchr(id, '_'); /* the last part of an id names the instruction set */
        if (isa && strncmp(isa, "_cuda", 5) == 0) {
            summary->has_cuda_kernels = true;
        } else {
            summary->has_cpu_kernels = true;
        }
        const char *class = json_string_value(json_object_get(row, "class"));
        summary->has_standin_kernels |= class && strcmp(class, "standin") == 0; /* kernels.md 1.1 */
    }
}
