/*
 * Table: columns and cells of text, rendered in one of four ways. Whatever assay prints in rows (metrics, history,
 * explanations, hosts) is filled into one of these, so that escaping stands in one place:
 *
 *     text      aligned columns for a terminal; foreign bytes made visible (assay_text_show)
 *     csv       RFC 4180, every column, header line first; cells that a spreadsheet would run as a formula are defused
 *     markdown  a pipe table for people; foreign text in code spans, pipes escaped
 *     json      an array of objects, one a row; numbers stay numbers, an absent cell is left out
 *
 *     struct assay_table table;
 *     assay_table_init(&table, COLUMNS, COLUMNS_COUNT);
 *     assay_table_row(&table);
 *     assay_table_cell(&table, "%s", model);           // column after column; unchecked
 *     assay_table_absent(&table, "n too small (40 of 59)");
 *     rc = assay_table_render(&table, ASSAY_REPORT_TEXT, &style, out, err);  // says what went wrong while filling, too
 *     assay_table_done(&table);
 */
#ifndef ASSAY_REPORT_TABLE_H
#define ASSAY_REPORT_TABLE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

enum assay_report_format {
    ASSAY_REPORT_TEXT,
    ASSAY_REPORT_CSV,
    ASSAY_REPORT_MARKDOWN,
    ASSAY_REPORT_JSON,
    ASSAY_REPORT_FORMAT_COUNT
};
const char *assay_report_format_text(enum assay_report_format format); /* "text", "csv", "md", "json" */

#define ASSAY_TABLE_ROWS_MAX 1000000              /* a history of years; more is a mistake */
#define ASSAY_TABLE_BYTES_MAX ((size_t)512 << 20) /* cells of that many rows */

enum assay_column_kind {
    ASSAY_COLUMN_TEXT,    /* ours: a word of a closed list, shown as it is */
    ASSAY_COLUMN_FOREIGN, /* from outside: escaped and cut */
    ASSAY_COLUMN_NUMBER   /* right-aligned; a JSON number where it is one */
};

struct assay_column {
    const char *id;      /* csv and json: "ttft_p50" */
    const char *heading; /* text and markdown: "TTFT p50" */
    enum assay_column_kind kind;
};

struct assay_style {
    bool has_color; /* ANSI colours: the caller knows whether this is a terminal */
};

struct assay_table_cell {
    const char *text;
    bool is_absent; /* text then says why there is no value */
};

struct assay_table {
    const struct assay_column *columns; /* borrowed */
    size_t columns_count, rows_count, cells_count, cells_capacity;
    struct assay_table_cell *cells; /* row after row */
    struct assay_arena arena;
    assay_code failed; /* the first failure while filling; reported by assay_table_render */
};

void assay_table_init(struct assay_table *table, const struct assay_column *columns, size_t columns_count);
void assay_table_done(struct assay_table *table);

/* Starts a row. Cells that the row before did not get are absent. */
void assay_table_row(struct assay_table *table);
/* The next cell of the row. Foreign text is given raw: rendering escapes it. */
void assay_table_cell(struct assay_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void assay_table_absent(struct assay_table *table, const char *why);

assay_code assay_table_render(const struct assay_table *table, enum assay_report_format format,
                              const struct assay_style *style, struct assay_buf *out, assay_err *err);

#endif
