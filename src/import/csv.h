/*
 * CSV reading (RFC 4180): quoted cells, doubled quotes, LF or CRLF, an optional byte order mark. Every cell knows its
 * line and column, for messages. Inside import/ only.
 */
#ifndef ASSAY_IMPORT_CSV_H
#define ASSAY_IMPORT_CSV_H

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define ASSAY_CSV_COLUMNS_MAX 256 /* no tool's file is half as wide */

struct assay_csv {
    const char *bytes;
    size_t len, at, line;      /* line of the next row, from 1 */
    struct assay_arena *arena; /* cells with doubled quotes are copied there */
    struct assay_slice cells[ASSAY_CSV_COLUMNS_MAX];
    size_t cells_count, row_line; /* of the last row read */
};

void assay_csv_begin(struct assay_csv *csv, const char *bytes, size_t len, struct assay_arena *arena);

/* Reads the next row into cells; empty lines are skipped. False at the end of the text. */
assay_code assay_csv_next(struct assay_csv *csv, bool *ret_has_row, assay_err *err);

#endif
