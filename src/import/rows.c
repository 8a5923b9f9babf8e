#include "import/rows.h"

#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS_START 256

void assay_import_rows_init(struct assay_import_rows *rows)
{
    *rows = (struct assay_import_rows){.workload = "llm"};
    assay_arena_init(&rows->arena, ASSAY_IMPORT_ARENA_MAX);
}

void assay_import_rows_done(struct assay_import_rows *rows)
{
    assay_free(rows->rows);
    assay_arena_done(&rows->arena);
    *rows = (struct assay_import_rows){0};
}

assay_code assay_import_rows_add(struct assay_import_rows *rows, struct assay_import_row **ret, assay_err *err)
{
    if (rows->rows_count == ASSAY_IMPORT_ROWS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %d rows", ASSAY_IMPORT_ROWS_MAX);
    }
    if (rows->rows_count == rows->rows_capacity) {
        size_t capacity = rows->rows_capacity == 0 ? ROWS_START : 2 * rows->rows_capacity;
        struct assay_import_row *grown = assay_realloc(rows->rows, capacity, sizeof *grown);
        if (grown == NULL) {
            return assay_nomem(err);
        }
        rows->rows = grown;
        rows->rows_capacity = capacity;
    }
    *ret = &rows->rows[rows->rows_count++];
    **ret = (struct assay_import_row){.status = ASSAY_STATUS_OK,
                                      .due_ns = ASSAY_NS_ABSENT,
                                      .start_ns = ASSAY_NS_ABSENT,
                                      .first_event_ns = ASSAY_NS_ABSENT,
                                      .end_ns = ASSAY_NS_ABSENT,
                                      .iterations = 1,
                                      .cpu_ns = ASSAY_NS_ABSENT,
                                      .prompt_tokens = ASSAY_COUNT_ABSENT,
                                      .output_tokens = ASSAY_COUNT_ABSENT,
                                      .cached_tokens = ASSAY_COUNT_ABSENT,
                                      .server_load_ns = ASSAY_NS_ABSENT,
                                      .server_prompt_ns = ASSAY_NS_ABSENT,
                                      .server_eval_ns = ASSAY_NS_ABSENT,
                                      .server_total_ns = ASSAY_NS_ABSENT};
    return ASSAY_OK;
}

/* What a receipt may hold: well-formed UTF-8 without control characters (evidence.md 1.2). */
static bool is_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t code_point;
        i += assay_utf8_next(text + i, len - i, &code_point);
        if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) || code_point == 0xfffd) {
            return false;
        }
    }
    return len > 0 && len <= ASSAY_IMPORT_NAME_BYTES_MAX;
}

assay_code assay_import_rows_arm(struct assay_import_rows *rows, const char *model, size_t len, uint32_t *ret,
                                 assay_err *err)
{
    assert(model && ret);
    if (!is_name(model, len)) {
        return assay_fail(
            err, ASSAY_MALFORMED,
            "the name of a model, command or benchmark is 1 to %d bytes of UTF-8 without control characters",
            ASSAY_IMPORT_NAME_BYTES_MAX);
    }
    for (size_t i = 0; i < rows->arms_count; i++) {
        if (strlen(rows->arms[i]) == len && memcmp(rows->arms[i], model, len) == 0) {
            *ret = (uint32_t)i;
            return ASSAY_OK;
        }
    }
    if (rows->arms_count == ASSAY_PLAN_ARMS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %d models or benchmarks in one file: split it",
                          ASSAY_PLAN_ARMS_MAX);
    }
    const char *copy = assay_arena_text(&rows->arena, model, len);
    if (copy == NULL) {
        return assay_nomem(err);
    }
    rows->arms[rows->arms_count] = copy;
    *ret = (uint32_t)rows->arms_count++;
    return ASSAY_OK;
}

assay_code assay_import_rows_figure(struct assay_import_rows *rows, const char *name, const char *unit, double value,
                                    assay_err *err)
{
    if (rows->figures == NULL) {
        rows->figures = assay_arena_take(&rows->arena, ASSAY_IMPORT_FIGURES_MAX, sizeof *rows->figures);
        if (rows->figures == NULL) {
            return assay_nomem(err);
        }
    }
    if (rows->figures_count == ASSAY_IMPORT_FIGURES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %d figures", ASSAY_IMPORT_FIGURES_MAX);
    }
    if (!isfinite(value)) {
        return ASSAY_OK; /* another tool's way to say "none" */
    }
    if (!is_name(name, strlen(name)) || (unit[0] != '\0' && !is_name(unit, strlen(unit)))) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "figure %zu: a name is 1 to %d bytes of UTF-8 without control characters",
                          rows->figures_count + 1, ASSAY_IMPORT_NAME_BYTES_MAX);
    }
    struct assay_import_figure *figure = &rows->figures[rows->figures_count];
    *figure = (struct assay_import_figure){.name = assay_arena_text(&rows->arena, name, strlen(name)),
                                           .unit = assay_arena_text(&rows->arena, unit, strlen(unit)),
                                           .value = value};
    if (figure->name == NULL || figure->unit == NULL) {
        return assay_nomem(err);
    }
    rows->figures_count++;
    return ASSAY_OK;
}

assay_code assay_import_rows_figure_of(struct assay_import_rows *rows, const char *name, const char *field,
                                       const char *unit, double value, assay_err *err)
{
    char full[ASSAY_IMPORT_NAME_BYTES_MAX + 1];
    int len = snprintf(full, sizeof full, "%s %s", name, field);
    if (len < 0 || (size_t)len >= sizeof full) {
        return assay_fail(err, ASSAY_MALFORMED, "'%.40s...': names of figures have at most %d bytes", name,
                          ASSAY_IMPORT_NAME_BYTES_MAX);
    }
    return assay_import_rows_figure(rows, full, unit, value, err);
}

assay_code assay_import_rows_want(struct assay_import_rows *rows, const char *id, assay_err *err)
{
    static const char *const STATS[] = {"mean", "sd", "min", "max", "p50", "p90", "p95", "p99"};
    for (size_t i = 0; i < sizeof STATS / sizeof STATS[0]; i++) {
        char name[64];
        int len = snprintf(name, sizeof name, "%s_%s", id, STATS[i]);
        assert(len > 0 && (size_t)len < sizeof name);
        const char *copy = assay_arena_text(&rows->arena, name, (size_t)len);
        if (copy == NULL) {
            return assay_nomem(err);
        }
        assay_import_rows_want_single(rows, copy);
    }
    return ASSAY_OK;
}

void assay_import_rows_want_single(struct assay_import_rows *rows, const char *name)
{
    assert(rows->metrics_count < ASSAY_IMPORT_METRICS_MAX);
    rows->metrics[rows->metrics_count++] = name;
}

uint64_t assay_import_ns(double value, double ns_per_unit, uint32_t *flags)
{
    double ns = value * ns_per_unit;
    if (!isfinite(ns) || ns < 0 || ns >= (double)ASSAY_IMPORT_TIME_NS_MAX) {
        *flags |= ASSAY_REQUEST_BAD_NUMBER;
        return ASSAY_NS_ABSENT;
    }
    return (uint64_t)llround(ns);
}
