#include "import/jsons.h"

#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct assay_json_limits LIMITS = {
    .bytes_max = ASSAY_IMPORT_BYTES_MAX, .depth_max = 64, .flags = ASSAY_JSON_LAST_DUPLICATE_WINS};

bool assay_import_holds(const char *bytes, size_t len, const char *const *needles)
{
    for (size_t i = 0; needles[i] != NULL; i++) {
        if (memmem(bytes, len, needles[i], strlen(needles[i])) == NULL) {
            return false;
        }
    }
    return true;
}

assay_code assay_import_json(const struct assay_import_request *request, json_t **ret, assay_err *err)
{
    return assay_json_read(request->bytes, request->len, &LIMITS, ret, err);
}

assay_code assay_import_json_lines(const struct assay_import_request *request,
                                   assay_code (*each)(void *context, const json_t *line, size_t at, assay_err *err),
                                   void *context, assay_err *err)
{
    struct assay_slice rest = {request->bytes, request->len};
    assay_code rc = ASSAY_OK;
    for (size_t at = 1; rc == ASSAY_OK && rest.len > 0; at++) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        json_t *root = NULL;
        if (line.len == 0) {
            continue;
        }
        rc = assay_json_read(line.data, line.len, &LIMITS, &root, err);
        rc = rc == ASSAY_OK ? each(context, root, at, err) : rc;
        json_decref(root);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "line %zu of the file", at);
        }
    }
    return rc;
}

bool assay_import_number(const json_t *object, const char *name, double *ret)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_number(value)) {
        return false;
    }
    *ret = json_number_value(value);
    return true;
}

const char *assay_import_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

uint32_t assay_import_count(const json_t *object, const char *name, uint32_t *flags)
{
    double value;
    if (!assay_import_number(object, name, &value)) {
        return ASSAY_COUNT_ABSENT;
    }
    if (value < 0 || value > INT32_MAX || value != floor(value)) {
        *flags |= ASSAY_REQUEST_BAD_NUMBER;
        return ASSAY_COUNT_ABSENT;
    }
    return (uint32_t)value;
}

assay_code assay_import_figures(const json_t *object, const char *prefix, struct assay_import_rows *rows,
                                assay_err *err)
{
    assay_code rc = ASSAY_OK;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        char full[ASSAY_IMPORT_NAME_BYTES_MAX];
        int len = snprintf(full, sizeof full, "%s%s", prefix, name);
        if (rc == ASSAY_OK && json_is_number(value) && len > 0 && (size_t)len < sizeof full) {
            rc = assay_import_rows_figure(rows, full, "", json_number_value(value), err);
        }
    }
    return rc;
}

assay_code assay_import_arrivals(struct assay_import_rows *rows, struct assay_import_row *row, size_t count,
                                 assay_err *err)
{
    if (count > ASSAY_IMPORT_CHUNKS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a request with %zu chunks, at most %d are read", count,
                          ASSAY_IMPORT_CHUNKS_MAX);
    }
    row->arrivals_ns = assay_arena_take(&rows->arena, count + 1, sizeof *row->arrivals_ns);
    row->arrivals_count = 0;
    return row->arrivals_ns != NULL ? ASSAY_OK : assay_nomem(err);
}
