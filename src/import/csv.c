#include "import/csv.h"

#include <assert.h>
#include <string.h>

void assay_csv_begin(struct assay_csv *csv, const char *bytes, size_t len, struct assay_arena *arena)
{
    assert(csv && (bytes || len == 0) && arena);
    *csv = (struct assay_csv){.bytes = bytes, .len = len, .line = 1, .arena = arena};
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        csv->at = 3;
    }
}

static bool at_line_end(const struct assay_csv *csv)
{
    return csv->at == csv->len || csv->bytes[csv->at] == '\n' ||
           (csv->bytes[csv->at] == '\r' && (csv->at + 1 == csv->len || csv->bytes[csv->at + 1] == '\n'));
}

static void line_end_skip(struct assay_csv *csv)
{
    if (csv->at < csv->len && csv->bytes[csv->at] == '\r') {
        csv->at++;
    }
    if (csv->at < csv->len && csv->bytes[csv->at] == '\n') {
        csv->at++;
    }
    csv->line++;
}

/* "" inside quotes is one quote; the copy has at most the length of the original. */
static assay_code quotes_undouble(struct assay_csv *csv, struct assay_slice raw, struct assay_slice *ret,
                                  assay_err *err)
{
    char *copy = assay_arena_text(csv->arena, raw.data, raw.len);
    if (copy == NULL) {
        return assay_nomem(err);
    }
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        copy[len++] = raw.data[i];
        if (raw.data[i] == '"') {
            i++;
        }
    }
    *ret = (struct assay_slice){copy, len};
    return ASSAY_OK;
}

static assay_code quoted_read(struct assay_csv *csv, struct assay_slice *ret, assay_err *err)
{
    size_t start = ++csv->at, first_line = csv->line;
    bool has_doubled = false;
    for (; csv->at < csv->len; csv->at++) {
        if (csv->bytes[csv->at] == '\n') {
            csv->line++;
        }
        if (csv->bytes[csv->at] != '"') {
            continue;
        }
        if (csv->at + 1 < csv->len && csv->bytes[csv->at + 1] == '"') {
            has_doubled = true;
            csv->at++;
            continue;
        }
        struct assay_slice raw = {csv->bytes + start, csv->at - start};
        csv->at++;
        *ret = raw;
        return has_doubled ? quotes_undouble(csv, raw, ret, err) : ASSAY_OK;
    }
    return assay_fail(err, ASSAY_MALFORMED, "line %zu: a quote is opened and never closed", first_line);
}

static assay_code cell_read(struct assay_csv *csv, struct assay_slice *ret, assay_err *err)
{
    if (csv->at < csv->len && csv->bytes[csv->at] == '"') {
        assay_code rc = quoted_read(csv, ret, err);
        if (rc == ASSAY_OK && !at_line_end(csv) && csv->bytes[csv->at] != ',') {
            return assay_fail(err, ASSAY_MALFORMED, "line %zu: text after a closing quote; a comma would be right",
                              csv->line);
        }
        return rc;
    }
    size_t start = csv->at;
    while (!at_line_end(csv) && csv->bytes[csv->at] != ',') {
        csv->at++;
    }
    *ret = (struct assay_slice){csv->bytes + start, csv->at - start};
    return ASSAY_OK;
}

assay_code assay_csv_next(struct assay_csv *csv, bool *ret_has_row, assay_err *err)
{
    assert(csv && ret_has_row);
    while (csv->at < csv->len && at_line_end(csv)) {
        line_end_skip(csv);
    }
    *ret_has_row = csv->at < csv->len;
    csv->cells_count = 0;
    csv->row_line = csv->line;
    while (*ret_has_row) {
        if (csv->cells_count == ASSAY_CSV_COLUMNS_MAX) {
            return assay_fail(err, ASSAY_TOO_LARGE, "line %zu: more than %d columns", csv->row_line,
                              ASSAY_CSV_COLUMNS_MAX);
        }
        assay_code rc = cell_read(csv, &csv->cells[csv->cells_count], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        csv->cells_count++;
        if (at_line_end(csv)) {
            line_end_skip(csv);
            break;
        }
        csv->at++; /* the comma; a row may end with an empty cell */
    }
    return ASSAY_OK;
}
