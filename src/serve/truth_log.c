#include "serve/truth_log.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* header: magic 8, record size u32, zero u32, records u64, dropped u64, zero to 64 */
#define HEADER_BYTES 64
#define RECORD_BYTES 48

const char *assay_truth_kind_text(enum assay_truth_kind kind)
{
    static const char *const TEXTS[ASSAY_TRUTH_KIND_COUNT] = {"clock", "request", "head", "tokens",
                                                              "piece", "tail",    "end"};
    return (unsigned)kind < ASSAY_TRUTH_KIND_COUNT ? TEXTS[kind] : "unknown";
}

/* Little-endian, byte by byte: the format does not depend on the machine. */
static void put_le(unsigned char *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static uint64_t get_le(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static void encode_record(const struct assay_truth_record *record, unsigned char *at)
{
    put_le(at, record->kind, 2);
    put_le(at + 2, record->flags, 2);
    put_le(at + 4, record->stream, 4);
    put_le(at + 8, record->event, 4);
    put_le(at + 12, record->events, 2);
    put_le(at + 14, record->tokens, 2);
    put_le(at + 16, record->bytes, 4);
    put_le(at + 20, record->connection, 4);
    put_le(at + 24, record->planned_ns, 8);
    put_le(at + 32, record->before_ns, 8);
    put_le(at + 40, record->tx_real_ns, 8);
}

static void decode_record(const unsigned char *at, struct assay_truth_record *ret)
{
    *ret = (struct assay_truth_record){
        .kind = (uint16_t)get_le(at, 2),
        .flags = (uint16_t)get_le(at + 2, 2),
        .stream = (uint32_t)get_le(at + 4, 4),
        .event = (uint32_t)get_le(at + 8, 4),
        .events = (uint16_t)get_le(at + 12, 2),
        .tokens = (uint16_t)get_le(at + 14, 2),
        .bytes = (uint32_t)get_le(at + 16, 4),
        .connection = (uint32_t)get_le(at + 20, 4),
        .planned_ns = get_le(at + 24, 8),
        .before_ns = get_le(at + 32, 8),
        .tx_real_ns = get_le(at + 40, 8),
    };
}

void assay_truth_log_encode(const struct assay_truth_log *log, struct assay_buf *out)
{
    unsigned char header[HEADER_BYTES] = {0};
    memcpy(header, ASSAY_TRUTH_LOG_MAGIC, sizeof ASSAY_TRUTH_LOG_MAGIC - 1);
    put_le(header + 8, RECORD_BYTES, 4);
    put_le(header + 16, log->count, 8);
    put_le(header + 24, log->dropped, 8);
    assay_buf_append(out, header, sizeof header);
    if (!assay_buf_reserve(out, log->count * RECORD_BYTES)) {
        return; /* the buffer remembers why */
    }
    for (size_t i = 0; i < log->count; i++) {
        unsigned char bytes[RECORD_BYTES];
        encode_record(&log->records[i], bytes);
        assay_buf_append(out, bytes, sizeof bytes);
    }
}

assay_code assay_truth_log_parse(const void *bytes, size_t len, struct assay_truth_log **ret, assay_err *err)
{
    assert(ret && (bytes || len == 0));
    const unsigned char *at = bytes;
    if (len < HEADER_BYTES || memcmp(at, ASSAY_TRUTH_LOG_MAGIC, sizeof ASSAY_TRUTH_LOG_MAGIC - 1) != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "not a truth log: it does not start with " ASSAY_TRUTH_LOG_MAGIC);
    }
    uint64_t count = get_le(at + 16, 8);
    if (get_le(at + 8, 4) != RECORD_BYTES || count != (len - HEADER_BYTES) / RECORD_BYTES ||
        (len - HEADER_BYTES) % RECORD_BYTES != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "truth log: %zu bytes do not hold %llu records of %d bytes", len,
                          (unsigned long long)count, RECORD_BYTES);
    }
    struct assay_truth_log *log = assay_alloc(1, sizeof *log);
    struct assay_truth_record *records = assay_alloc((size_t)count, sizeof *records);
    if (!log || !records) {
        assay_free(log);
        assay_free(records);
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        decode_record(at + HEADER_BYTES + i * RECORD_BYTES, &records[i]);
        if (records[i].kind >= ASSAY_TRUTH_KIND_COUNT) {
            unsigned kind = records[i].kind;
            assay_free(log);
            assay_free(records);
            return assay_fail(err, ASSAY_MALFORMED, "truth log: record %zu is of unknown kind %u", i, kind);
        }
    }
    *log = (struct assay_truth_log){.records = records, .count = (size_t)count, .dropped = get_le(at + 24, 8)};
    *ret = log;
    return ASSAY_OK;
}

assay_code assay_truth_log_load(const char *path, struct assay_truth_log **ret, assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, ASSAY_TRUTH_LOG_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_truth_log_parse(bytes.data, bytes.len, ret, err);
    }
    if (rc == ASSAY_MALFORMED) {
        assay_wrap(err, "'%s'", path);
    }
    assay_buf_done(&bytes);
    return rc;
}

void assay_truth_log_free(struct assay_truth_log *log)
{
    if (log) {
        assay_free(log->records);
        assay_free(log);
    }
}

static void put_time(struct assay_buf *out, uint64_t ns)
{
    if (ns == 0) {
        assay_buf_char(out, ',');
    } else {
        assay_buf_printf(out, ",%llu", (unsigned long long)ns);
    }
}

/* real - mono as of the latest clock record; both clocks are slewed together, so one reading serves until the next. */
void assay_truth_log_csv(const struct assay_truth_log *log, struct assay_buf *out)
{
    int64_t offset_ns = 0;
    assay_buf_text(out, "kind,stream,event,events,tokens,bytes,connection,planned_mono_ns,before_mono_ns,"
                        "before_real_ns,tx_mono_ns,tx_real_ns,flags\n");
    for (size_t i = 0; i < log->count; i++) {
        const struct assay_truth_record *r = &log->records[i];
        if (r->kind == ASSAY_TRUTH_CLOCK) {
            offset_ns = (int64_t)(r->tx_real_ns - (r->planned_ns + (r->before_ns - r->planned_ns) / 2));
            continue;
        }
        assay_buf_printf(out, "%s,%u,", assay_truth_kind_text((enum assay_truth_kind)r->kind), r->stream);
        if (r->event != UINT32_MAX) {
            assay_buf_printf(out, "%u", r->event);
        }
        assay_buf_printf(out, ",%u,%u,%u,%u", r->events, r->tokens, r->bytes, r->connection);
        put_time(out, r->kind == ASSAY_TRUTH_REQUEST ? 0 : r->planned_ns);
        put_time(out, r->before_ns);
        put_time(out, r->before_ns + (uint64_t)offset_ns);
        put_time(out, r->tx_real_ns ? r->tx_real_ns - (uint64_t)offset_ns : 0);
        put_time(out, r->tx_real_ns);
        assay_buf_printf(out, ",%u\n", r->flags);
    }
}
