#include "measure/replay.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "record/record.h"

#include <math.h>
#include <string.h>

#define COLUMNS_MAX 64         /* BurstGPT has 6 */
#define TOKENS_MAX 10000000    /* of one prompt or answer */
#define SECONDS_MAX 3.2e9      /* 100 years, in nanoseconds well below 2^63 */
#define LINE_BYTES_MAX 1048576 /* a Mooncake line holds one hash of 512 tokens: 1 MiB is 60 million tokens */

enum field { DUE, PROMPT, OUTPUT, FIELD_COUNT };

typedef assay_code (*time_reader)(struct assay_slice text, uint64_t *ret_ns, assay_err *err);

struct format {
    const char *columns[FIELD_COUNT];
    time_reader read_time;
};

static assay_code read_time_ns(struct assay_slice text, uint64_t *ret_ns, assay_err *err)
{
    return assay_num_u64(text, "due_ns", INT64_MAX, ret_ns, err);
}

static assay_code seconds_to_ns(double seconds, uint64_t *ret_ns, assay_err *err)
{
    if (!(seconds >= 0) || seconds > SECONDS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "time %g s, expected 0 to %g", seconds, SECONDS_MAX);
    }
    double whole = floor(seconds); /* apart, so that large times keep their nanoseconds */
    *ret_ns = (uint64_t)whole * ASSAY_NS_PER_S + (uint64_t)((seconds - whole) * 1e9);
    return ASSAY_OK;
}

static assay_code read_time_seconds(struct assay_slice text, uint64_t *ret_ns, assay_err *err)
{
    double seconds = 0;
    assay_code rc = assay_num_double(text, "Timestamp", &seconds, err);
    return rc == ASSAY_OK ? seconds_to_ns(seconds, ret_ns, err) : rc;
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Hinnant, "chrono-compatible algorithms"). */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

/* "2023-11-16 18:17:03.9799600" */
static assay_code read_time_date(struct assay_slice text, uint64_t *ret_ns, assay_err *err)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd";
    static const struct {
        size_t at, digits;
        unsigned low, high;
    } parts[6] = {{0, 4, 1970, 2200}, {5, 2, 1, 12}, {8, 2, 1, 31}, {11, 2, 0, 23}, {14, 2, 0, 59}, {17, 2, 0, 60}};
    bool is_good = text.len >= sizeof form - 1;
    for (size_t i = 0; is_good && i < sizeof form - 1; i++) {
        char c = text.data[i];
        is_good = form[i] == 'd' ? (c >= '0' && c <= '9') : (c == form[i] || (i == 10 && c == 'T'));
    }
    unsigned value[6] = {0};
    for (size_t p = 0; is_good && p < 6; p++) {
        for (size_t i = 0; i < parts[p].digits; i++) {
            value[p] = value[p] * 10 + (unsigned)(text.data[parts[p].at + i] - '0');
        }
        is_good = value[p] >= parts[p].low && value[p] <= parts[p].high;
    }
    uint64_t fraction = 0, weight = ASSAY_NS_PER_S / 10;
    size_t i = sizeof form - 1;
    if (is_good && i < text.len && text.data[i] == '.') {
        for (i++; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++, weight /= 10) {
            fraction += (uint64_t)(text.data[i] - '0') * weight;
        }
    }
    if (!is_good || i != text.len) {
        return assay_fail(err, ASSAY_MALFORMED, "time is '%.*s', expected YYYY-MM-DD HH:MM:SS.FFFFFFF",
                          (int)(text.len < 40 ? text.len : 40), text.data ? text.data : "");
    }
    uint64_t days = (uint64_t)days_from_date(value[0], value[1], value[2]);
    *ret_ns = (days * 86400 + value[3] * 3600 + value[4] * 60 + value[5]) * ASSAY_NS_PER_S + fraction;
    return ASSAY_OK;
}

static const struct format FORMATS[] = {
    {{"due_ns", "prompt_tokens", "output_tokens"}, read_time_ns},
    {{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, read_time_date},
    {{"Timestamp", "Request tokens", "Response tokens"}, read_time_seconds},
};

static size_t split(struct assay_slice line, struct assay_slice columns[COLUMNS_MAX])
{
    size_t count = 0;
    struct assay_slice rest = line;
    do {
        columns[count++] = assay_slice_trim(assay_slice_cut(&rest, ','));
    } while (rest.data && count < COLUMNS_MAX);
    return count;
}

static bool find_columns(const struct format *format, const struct assay_slice *header, size_t count,
                         size_t ret[FIELD_COUNT])
{
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        size_t i = 0;
        while (i < count && !assay_slice_is(header[i], format->columns[field])) {
            i++;
        }
        if (i == count) {
            return false;
        }
        ret[field] = i;
    }
    return true;
}

struct csv {
    const struct format *format;
    size_t columns[FIELD_COUNT];
};

static assay_code read_header(struct assay_slice line, struct csv *ret, assay_err *err)
{
    struct assay_slice columns[COLUMNS_MAX];
    size_t count = split(line, columns);
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (find_columns(&FORMATS[i], columns, count, ret->columns)) {
            ret->format = &FORMATS[i];
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_UNSUPPORTED,
                      "unknown header, expected due_ns,prompt_tokens,output_tokens or "
                      "TIMESTAMP,ContextTokens,GeneratedTokens or Timestamp,...,Request tokens,Response tokens "
                      "or JSON lines with timestamp, input_length, output_length");
}

static assay_code read_tokens(struct assay_slice text, const char *what, uint32_t *ret, assay_err *err)
{
    uint64_t value = 0;
    assay_code rc = assay_num_u64(text, what, TOKENS_MAX, &value, err);
    *ret = (uint32_t)value;
    return rc;
}

static assay_code read_csv_row(const struct csv *csv, struct assay_slice line, struct assay_replay_row *ret,
                               assay_err *err)
{
    struct assay_slice columns[COLUMNS_MAX];
    size_t count = split(line, columns);
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (csv->columns[field] >= count) {
            return assay_fail(err, ASSAY_MALFORMED, "%zu columns, expected a column '%s' at %zu", count,
                              csv->format->columns[field], csv->columns[field] + 1);
        }
    }
    assay_code rc = csv->format->read_time(columns[csv->columns[DUE]], &ret->due_ns, err);
    if (rc == ASSAY_OK) {
        rc = read_tokens(columns[csv->columns[PROMPT]], csv->format->columns[PROMPT], &ret->prompt_tokens, err);
    }
    if (rc == ASSAY_OK) {
        rc = read_tokens(columns[csv->columns[OUTPUT]], csv->format->columns[OUTPUT], &ret->output_tokens, err);
    }
    return rc;
}

static assay_code json_tokens(const json_t *object, const char *name, uint32_t *ret, assay_err *err)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > TOKENS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "member '%s' is missing or no whole number from 0 to %d", name,
                          TOKENS_MAX);
    }
    *ret = (uint32_t)json_integer_value(value);
    return ASSAY_OK;
}

static assay_code read_json_row(struct assay_slice line, struct assay_replay_row *ret, assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_json_read(line.data, line.len, &assay_json_limits_default, &root, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const json_t *stamp = json_object_get(root, "timestamp");
    if (!json_is_number(stamp)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "member 'timestamp' is missing or no number (milliseconds)");
    } else if (json_is_integer(stamp) && json_integer_value(stamp) >= 0 &&
               json_integer_value(stamp) < (json_int_t)(SECONDS_MAX * 1e3)) {
        ret->due_ns = (uint64_t)json_integer_value(stamp) * ASSAY_NS_PER_MS;
    } else {
        rc = seconds_to_ns(json_number_value(stamp) / 1e3, &ret->due_ns, err);
    }
    if (rc == ASSAY_OK) {
        rc = json_tokens(root, "input_length", &ret->prompt_tokens, err);
    }
    if (rc == ASSAY_OK) {
        rc = json_tokens(root, "output_length", &ret->output_tokens, err);
    }
    json_decref(root);
    return rc;
}

static size_t count_lines(const char *bytes, size_t len)
{
    size_t lines = 1;
    for (const char *p = bytes; p && (p = memchr(p, '\n', len - (size_t)(p - bytes))); p++) {
        lines++;
    }
    return lines;
}

static assay_code add_row(struct assay_replay *replay, const struct assay_replay_row *row, size_t max_rows,
                          assay_err *err)
{
    if (replay->count == max_rows) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %zu rows", max_rows);
    }
    if (replay->count > 0 && row->due_ns < replay->rows[replay->count - 1].due_ns) {
        return assay_fail(err, ASSAY_MALFORMED, "earlier than the row before it, expected rows in order of time");
    }
    replay->rows[replay->count++] = *row;
    return ASSAY_OK;
}

static assay_code read_line(struct csv *csv, struct assay_slice line, size_t max_rows, struct assay_replay *replay,
                            assay_err *err)
{
    if (line.len > LINE_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%zu bytes, at most %d are read", line.len, LINE_BYTES_MAX);
    }
    bool is_json = line.data[0] == '{';
    if (!csv->format && !is_json) {
        return read_header(line, csv, err);
    }
    if (csv->format && is_json) {
        return assay_fail(err, ASSAY_MALFORMED, "JSON after CSV rows");
    }
    struct assay_replay_row row = {0};
    assay_code rc = is_json ? read_json_row(line, &row, err) : read_csv_row(csv, line, &row, err);
    return rc == ASSAY_OK ? add_row(replay, &row, max_rows, err) : rc;
}

assay_code assay_replay_read(const char *bytes, size_t len, size_t max_rows, struct assay_replay *ret, assay_err *err)
{
    size_t lines = count_lines(bytes, len);
    struct assay_replay replay = {0};
    replay.rows = assay_alloc(lines < max_rows ? lines : max_rows, sizeof *replay.rows);
    if (!replay.rows) {
        return assay_nomem(err);
    }
    assay_code rc = ASSAY_OK;
    struct csv csv = {0};
    struct assay_slice rest = {bytes, len};
    for (size_t number = 1; rc == ASSAY_OK && rest.data; number++) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        if (line.len > 0) {
            rc = read_line(&csv, line, max_rows, &replay, err);
        }
        if (rc != ASSAY_OK) {
            assay_wrap(err, "replay, line %zu", number);
        }
    }
    if (rc == ASSAY_OK && replay.count == 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "replay: no rows");
    }
    if (rc != ASSAY_OK) {
        assay_replay_done(&replay);
        return rc;
    }
    uint64_t first = replay.rows[0].due_ns;
    for (size_t i = 0; i < replay.count; i++) {
        replay.rows[i].due_ns -= first;
    }
    *ret = replay;
    return ASSAY_OK;
}

void assay_replay_done(struct assay_replay *replay)
{
    assay_free(replay->rows);
    *replay = (struct assay_replay){0};
}
