/*
 * Node baseline CSV (endpoints.md 9): the short form timestamp,model,first_token_ms,tokens_per_s and the long form
 * timestamp,model,iter,total_duration_ms,prompt_tokens,prompt_eval_ms,gen_tokens,gen_eval_ms,tokens_per_s. The header
 * says which; columns may stand in any order and others are ignored.
 */
#include "import/csv.h"
#include "import/rows.h"
#include "import/when.h"

#include "base/num.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1e6
#define MICRO 1e6
#define RATE_TOLERANCE 0.02 /* tokens_per_s beside gen_tokens / gen_eval_ms: both are rounded when printed */

enum column {
    TIMESTAMP,
    MODEL,
    FIRST_TOKEN_MS,
    TOKENS_PER_S,
    ITER,
    TOTAL_DURATION_MS,
    PROMPT_TOKENS,
    PROMPT_EVAL_MS,
    GEN_TOKENS,
    GEN_EVAL_MS,
    COLUMN_COUNT
};

static const char *const NAMES[COLUMN_COUNT] = {
    "timestamp",         "model",         "first_token_ms", "tokens_per_s", "iter",
    "total_duration_ms", "prompt_tokens", "prompt_eval_ms", "gen_tokens",   "gen_eval_ms"};

static const enum column SHORT_FORM[] = {TIMESTAMP, MODEL, FIRST_TOKEN_MS, TOKENS_PER_S};
static const enum column LONG_FORM[] = {TIMESTAMP,      MODEL,      ITER,        TOTAL_DURATION_MS, PROMPT_TOKENS,
                                        PROMPT_EVAL_MS, GEN_TOKENS, GEN_EVAL_MS, TOKENS_PER_S};

#define NOWHERE SIZE_MAX

struct header {
    size_t place[COLUMN_COUNT]; /* column of the file, or NOWHERE */
    size_t columns_count;
    bool is_long;
};

static bool holds_all(const struct header *header, const enum column *form, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (header->place[form[i]] == NOWHERE) {
            return false;
        }
    }
    return true;
}

/* Where each known column stands. False if the row is no header of either form. */
static bool header_read(const struct assay_csv *csv, struct header *ret)
{
    *ret = (struct header){.columns_count = csv->cells_count};
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        ret->place[i] = NOWHERE;
    }
    for (size_t c = 0; c < csv->cells_count; c++) {
        for (size_t i = 0; i < COLUMN_COUNT; i++) {
            if (assay_slice_is(assay_slice_trim(csv->cells[c]), NAMES[i])) {
                ret->place[i] = c;
            }
        }
    }
    bool is_short = holds_all(ret, SHORT_FORM, sizeof SHORT_FORM / sizeof SHORT_FORM[0]);
    ret->is_long = holds_all(ret, LONG_FORM, sizeof LONG_FORM / sizeof LONG_FORM[0]);
    return is_short != ret->is_long;
}

static bool node_csv_detect(const char *bytes, size_t len)
{
    struct assay_csv csv;
    struct assay_arena arena;
    struct header header;
    bool has_row = false;
    assay_arena_init(&arena, 1 << 20);
    assay_csv_begin(&csv, bytes, len, &arena);
    bool is_mine = assay_csv_next(&csv, &has_row, NULL) == ASSAY_OK && has_row && header_read(&csv, &header);
    assay_arena_done(&arena);
    return is_mine;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

struct line {
    const struct assay_csv *csv;
    const struct header *header;
    uint32_t flags;
};

static struct assay_slice cell_of(const struct line *line, enum column column)
{
    return assay_slice_trim(line->csv->cells[line->header->place[column]]);
}

static bool is_none(struct assay_slice cell)
{
    static const char *const NONE[] = {"", "nan", "NaN", "NA", "N/A", "null", "None", "inf", "-inf", "Infinity"};
    for (size_t i = 0; i < sizeof NONE / sizeof NONE[0]; i++) {
        if (assay_slice_is(cell, NONE[i])) {
            return true;
        }
    }
    return false;
}

/* *ret_is_there is false for an empty cell; a word for "no number" is dropped and flagged. */
static assay_code number_read(struct line *line, enum column column, double *ret, bool *ret_is_there, assay_err *err)
{
    char what[80];
    struct assay_slice cell = cell_of(line, column);
    *ret_is_there = false;
    if (is_none(cell)) {
        line->flags |= cell.len > 0 ? ASSAY_REQUEST_BAD_NUMBER : 0;
        return ASSAY_OK;
    }
    (void)snprintf(what, sizeof what, "line %zu, column %s", line->csv->row_line, NAMES[column]);
    assay_code rc = assay_num_double(cell, what, ret, err);
    *ret_is_there = rc == ASSAY_OK;
    return rc;
}

/* Milliseconds; nothing takes no time, so zero is dropped like a negative one. */
static assay_code ms_read(struct line *line, enum column column, uint64_t *ret_ns, assay_err *err)
{
    double ms;
    bool is_there;
    assay_code rc = number_read(line, column, &ms, &is_there, err);
    if (rc == ASSAY_OK && is_there) {
        *ret_ns = assay_import_ns(ms > 0 ? ms : -1, NS_PER_MS, &line->flags);
    }
    return rc;
}

static assay_code count_read(struct line *line, enum column column, uint32_t *ret, assay_err *err)
{
    double count;
    bool is_there;
    assay_code rc = number_read(line, column, &count, &is_there, err);
    if (rc != ASSAY_OK || !is_there) {
        return rc;
    }
    if (count < 0 || count > INT32_MAX || count != floor(count)) {
        return assay_fail(err, ASSAY_MALFORMED, "line %zu, column %s: found %g, expected a count of tokens",
                          line->csv->row_line, NAMES[column], count);
    }
    *ret = (uint32_t)count;
    return ASSAY_OK;
}

static assay_code rate_read(struct line *line, struct assay_import_row *row, assay_err *err)
{
    double rate;
    bool is_there;
    assay_code rc = number_read(line, TOKENS_PER_S, &rate, &is_there, err);
    if (rc == ASSAY_OK && is_there) {
        if (rate > 0 && rate * MICRO < 9e18) {
            row->reported_rate_micro = (uint64_t)llround(rate * MICRO);
        } else {
            line->flags |= ASSAY_REQUEST_BAD_NUMBER;
        }
    }
    return rc;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static assay_code short_read(struct line *line, struct assay_import_rows *rows, struct assay_import_row *row,
                             assay_err *err)
{
    uint64_t first_ns = ASSAY_NS_ABSENT;
    assay_code rc = ms_read(line, FIRST_TOKEN_MS, &first_ns, err);
    if (rc != ASSAY_OK || first_ns == ASSAY_NS_ABSENT) {
        return rc;
    }
    row->arrivals_ns = assay_arena_take(&rows->arena, 1, sizeof *row->arrivals_ns);
    if (row->arrivals_ns == NULL) {
        return assay_nomem(err);
    }
    row->arrivals_ns[0] = first_ns;
    row->arrivals_count = 1;
    return ASSAY_OK;
}

/* The stated rate against count and time of the same row. */
static void rate_check(struct line *line, const struct assay_import_row *row)
{
    if (row->reported_rate_micro == 0 || row->output_tokens == ASSAY_COUNT_ABSENT ||
        row->server_eval_ns == ASSAY_NS_ABSENT || row->server_eval_ns == 0) {
        return;
    }
    double stated = (double)row->reported_rate_micro / MICRO;
    double computed = (double)row->output_tokens / ((double)row->server_eval_ns / 1e9);
    if (fabs(stated - computed) > RATE_TOLERANCE * fmax(stated, computed)) {
        line->flags |= ASSAY_REQUEST_IMPOSSIBLE;
    }
}

static assay_code long_read(struct line *line, struct assay_import_row *row, assay_err *err)
{
    assay_code rc = ms_read(line, TOTAL_DURATION_MS, &row->server_total_ns, err);
    rc = rc == ASSAY_OK ? ms_read(line, PROMPT_EVAL_MS, &row->server_prompt_ns, err) : rc;
    rc = rc == ASSAY_OK ? ms_read(line, GEN_EVAL_MS, &row->server_eval_ns, err) : rc;
    rc = rc == ASSAY_OK ? count_read(line, PROMPT_TOKENS, &row->prompt_tokens, err) : rc;
    rc = rc == ASSAY_OK ? count_read(line, GEN_TOKENS, &row->output_tokens, err) : rc;
    row->output_source = ASSAY_TOKENS_FINAL_USAGE;
    if (rc == ASSAY_OK) {
        rate_check(line, row);
    }
    return rc;
}

static assay_code line_read(struct line *line, struct assay_import_rows *rows, assay_err *err)
{
    struct assay_import_row *row = NULL;
    struct assay_slice model = cell_of(line, MODEL);
    assay_code rc = assay_import_rows_add(rows, &row, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_import_rows_arm(rows, model.data, model.len, &row->arm, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "line %zu, column model", line->csv->row_line);
        return rc;
    }
    struct assay_slice when = cell_of(line, TIMESTAMP);
    if (!assay_import_when(when, &row->start_ns)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "line %zu, column timestamp: found '%.*s', expected a date like 2026-01-05T09:30:00Z or a "
                          "Unix time",
                          line->csv->row_line, (int)(when.len > 40 ? 40 : when.len), when.data);
    }
    rc = rate_read(line, row, err);
    if (rc == ASSAY_OK) {
        rc = line->header->is_long ? long_read(line, row, err) : short_read(line, rows, row, err);
    }
    row->flags = line->flags;
    return rc;
}

static assay_code row_check(const struct assay_csv *csv, const struct header *header, bool *ret_is_header,
                            assay_err *err)
{
    struct header other;
    *ret_is_header = header_read(csv, &other);
    if (*ret_is_header) {
        if (other.is_long != header->is_long || memcmp(other.place, header->place, sizeof other.place) != 0) {
            return assay_fail(err, ASSAY_MALFORMED, "line %zu: a second header with other columns; one schema a file",
                              csv->row_line);
        }
        return ASSAY_OK;
    }
    if (csv->cells_count != header->columns_count) {
        return assay_fail(err, ASSAY_MALFORMED, "line %zu: found %zu columns, the header has %zu", csv->row_line,
                          csv->cells_count, header->columns_count);
    }
    return ASSAY_OK;
}

static assay_code node_csv_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                                assay_err *err)
{
    struct assay_csv csv;
    struct header header = {0};
    bool has_row = false, is_header = false;
    assay_csv_begin(&csv, request->bytes, request->len, &rows->arena);
    assay_code rc = assay_csv_next(&csv, &has_row, err);
    if (rc == ASSAY_OK && (!has_row || !header_read(&csv, &header))) {
        return assay_fail(err, ASSAY_MALFORMED, "line %zu: no header of a node baseline", csv.row_line);
    }
    rc = rc == ASSAY_OK ? assay_csv_next(&csv, &has_row, err) : rc;
    while (rc == ASSAY_OK && has_row) {
        struct line line = {.csv = &csv, .header = &header};
        rc = row_check(&csv, &header, &is_header, err);
        if (rc == ASSAY_OK && !is_header) {
            rc = line_read(&line, rows, err);
        }
        rc = rc == ASSAY_OK ? assay_csv_next(&csv, &has_row, err) : rc;
    }
    if (rc == ASSAY_OK) {
        rc = assay_import_rows_want(rows, "reported_rate", err);
    }
    if (rc == ASSAY_OK && !header.is_long) {
        rc = assay_import_rows_want(rows, "ttft", err);
    }
    return rc;
}

const struct assay_importer assay_import_node_csv = {
    .format = {"node-csv", "node baseline: timestamp,model,first_token_ms,tokens_per_s, or its long form"},
    .detect = node_csv_detect,
    .read = node_csv_read,
};
