/*
 * What the importers of JSON files share: reading with the importers' limits, one object a line, members that may be
 * missing or null. Inside import/ only.
 */
#ifndef ASSAY_IMPORT_JSONS_H
#define ASSAY_IMPORT_JSONS_H

#include "import/rows.h"

#include "json/json.h"

/* Whether the text holds all of these, which come NULL-terminated: a quick look before anything is parsed. */
bool assay_import_holds(const char *bytes, size_t len, const char *const *needles);

assay_code assay_import_json(const struct assay_import_request *request, json_t **ret, assay_err *err);

/* Each line that is not blank, parsed; `at` is its number, for messages. */
assay_code assay_import_json_lines(const struct assay_import_request *request,
                                   assay_code (*each)(void *context, const json_t *line, size_t at, assay_err *err),
                                   void *context, assay_err *err);

/* False if the member is missing, null or of another type. */
bool assay_import_number(const json_t *object, const char *name, double *ret);
const char *assay_import_text(const json_t *object, const char *name); /* NULL likewise */

/* A count of tokens; ASSAY_COUNT_ABSENT if there is none, or with ASSAY_REQUEST_BAD_NUMBER if it cannot be one. */
uint32_t assay_import_count(const json_t *object, const char *name, uint32_t *flags);

/* Every number directly in the object as a figure of a summary. */
assay_code assay_import_figures(const json_t *object, const char *prefix, struct assay_import_rows *rows,
                                assay_err *err);

/* Room for `count` arrivals of a row, in the rows' arena. */
assay_code assay_import_arrivals(struct assay_import_rows *rows, struct assay_import_row *row, size_t count,
                                 assay_err *err);

#endif
