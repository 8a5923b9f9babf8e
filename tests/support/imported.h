/*
 * Imports for tests: text in, plan and trace and document out, under an environment that is the same everywhere.
 */
#ifndef ASSAY_TESTS_IMPORTED_H
#define ASSAY_TESTS_IMPORTED_H

#include "import/import.h"
#include "report/report.h"

/* What assay_import says. The result is to be done with assay_import_result_done after ASSAY_OK. */
assay_code imported_text(const char *text, size_t len, const char *format, struct assay_import_result *ret,
                         assay_err *err);

/* Reads tests/PATH of the source tree; the caller frees with assay_free. Fails the test if it cannot. */
char *imported_file(const char *path, size_t *ret_len);

/* The result as show, report and explain want it. */
struct assay_report_input imported_input(const struct assay_import_result *result);

#endif
