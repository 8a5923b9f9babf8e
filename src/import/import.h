/*
 * import/: other tools' files, one importer each. Pure: bytes in; plan, trace and document out.
 *
 * A file with one row per request becomes samples: a trace whose samples carry ASSAY_SAMPLE_IMPORTED and only the
 * stamps that the file has, and a receipt of compute path `imported`. A file with figures only becomes an imported
 * summary
 * (`imported.json`, no test possible). What a file lacks stays absent. The format is told by the content (header,
 * keys), never by the file's name.
 *
 *     struct assay_import_result result;
 *     rc = assay_import(&request, &result, err);   // UNDECIDED: a header without rows is not measured
 *     ... write result.plan, .trace (empty for a summary) and .document into a new run directory ...
 *     assay_import_result_done(&result);
 *
 * MALFORMED names line and column. Two schemas in one file are refused. Input is at most ASSAY_IMPORT_BYTES_MAX.
 */
#ifndef ASSAY_IMPORT_IMPORT_H
#define ASSAY_IMPORT_IMPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "record/record.h"

#include <stddef.h>
#include <stdint.h>

#define ASSAY_IMPORT_BYTES_MAX ((size_t)1 << 30) /* endpoints.md 8 */

struct assay_import_request {
    const char *bytes;
    size_t len;
    const char *name;   /* of the file, for messages only */
    const char *format; /* a row of assay_import_formats, or NULL: told by the content */
    const char *tool;   /* "assay 0.1.0" */
    uint8_t run_id[16];
    uint64_t now_real_ns;      /* label of the import itself */
    const json_t *environment; /* {build, hosts, notes} as assay_receipt's facts want it: of the importing program */
};

struct assay_import_result {
    enum assay_document document;
    struct assay_buf plan, trace; /* empty for ASSAY_DOCUMENT_IMPORTED */
    struct assay_buf file;        /* bytes of the document: receipt.json, record.json or imported.json */
    const char *format;           /* which importer read it */
    uint64_t rows, rows_failed;   /* samples; those that were not ok */
};

struct assay_import_format {
    const char *name;  /* "node-csv" */
    const char *title; /* one line: what writes such files */
};
const struct assay_import_format *const *assay_import_formats(size_t *ret_count);

assay_code assay_import(const struct assay_import_request *request, struct assay_import_result *ret, assay_err *err);
void assay_import_result_done(struct assay_import_result *result);

#endif
