/*
 * OpenMetrics: verdicts, counts and figures as families; and, for readers that compare two files as text, the figures
 * alone, rounded to their noise and named without anything that changes from run to run.
 */
#include "report/escape.h"
#include "report/surface_rows.h"

#include "base/num.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define DIGITS_WITHOUT_BOUNDS 3 /* of a figure whose noise is not known */
#define DECIMALS_MAX 12         /* a picosecond; finer figures are not measured */

/* A family a unit: its name ends in the unit, as the format demands. */
static const struct unit {
    const char *unit;   /* of the receipt */
    const char *suffix; /* of the family; "" has no unit */
    double divisor;
} UNITS[] = {
    {"ns", "seconds", 1e9}, {"bytes", "bytes", 1}, {"1/s", "per_second", 1},
    {"J", "joules", 1},     {"USD", "usd", 1},     {"1", "", 1},
};
enum { UNITS_COUNT = sizeof UNITS / sizeof UNITS[0] };

static void label(struct assay_buf *out, const char *separator, const char *name, const char *value)
{
    assay_buf_printf(out, "%s%s=\"", separator, name);
    assay_escape_openmetrics(out, value);
    assay_buf_char(out, '"');
}

static void family(struct assay_buf *out, const char *name, const char *type, const char *unit, const char *help)
{
    assay_buf_printf(out, "# TYPE %s %s\n", name, type);
    if (unit[0]) {
        assay_buf_printf(out, "# UNIT %s %s\n", name, unit);
    }
    assay_buf_printf(out, "# HELP %s %s\n", name, help);
}

static void number(struct assay_buf *out, double value)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    (void)assay_num_print_shortest(value, text);
    assay_buf_printf(out, " %s\n", text);
}

/* ---- verdicts and counts ---------------------------------------------------------------------------------------- */

static void put_receipts(const struct assay_surface *surface, struct assay_buf *out)
{
    family(out, "assay_receipt", "info", "", "What the document says of itself.");
    for (size_t i = 0; i < surface->groups_count; i++) {
        const struct assay_surface_group *group = &surface->groups[i];
        if (group->view) {
            label(out, "assay_receipt_info{", "group", group->name);
            label(out, ",", "digest", group->view->digest);
            label(out, ",", "run", group->view->run_id);
            label(out, ",", "workload", group->view->workload);
            label(out, ",", "compute_path", group->view->compute_path);
            assay_buf_text(out, "} 1\n");
        }
    }
    family(out, "assay_tier", "gauge", "", "Tier of assurance; below zero: not even tier 0.");
    for (size_t i = 0; i < surface->input->receipts_count; i++) {
        label(out, "assay_tier{", "group", surface->groups[i].name);
        assay_buf_printf(out, "} %d\n", surface->input->receipts[i].tier);
    }
}

static void put_verdicts(const struct assay_surface *surface, struct assay_buf *out)
{
    family(out, "assay_verdict", "stateset", "", "Verdict of each line and gate.");
    for (size_t i = 0; i < surface->rows_count; i++) {
        const struct assay_surface_row *row = &surface->rows[i];
        for (int verdict = 0; assay_surface_is_test(row) && verdict < ASSAY_VERDICT_COUNT; verdict++) {
            label(out, "assay_verdict{", "group", surface->groups[row->group].name);
            label(out, ",", "row", row->id);
            label(out, ",", "assay_verdict", assay_verdict_text((enum assay_verdict)verdict));
            assay_buf_printf(out, "} %d\n", row->verdict == (enum assay_verdict)verdict);
        }
    }
    size_t of_level[3] = {0};
    for (size_t i = 0; i < surface->findings_count; i++) {
        of_level[surface->findings[i]->level]++;
    }
    family(out, "assay_findings", "gauge", "", "Findings; those of level error stop the job.");
    for (int level = 0; level < 3; level++) {
        label(out, "assay_findings{", "level", assay_severity_text((enum assay_severity)level));
        assay_buf_printf(out, "} %zu\n", of_level[level]);
    }
}

static void put_samples(const struct assay_surface *surface, struct assay_buf *out)
{
    family(out, "assay_samples", "counter", "", "Operations of the run.");
    for (size_t i = 0; i < surface->groups_count; i++) {
        const struct assay_surface_group *group = &surface->groups[i];
        if (!group->view || !group->has_figures) {
            continue;
        }
        const struct assay_view *view = group->view;
        const struct {
            const char *outcome;
            uint64_t count;
        } counts[] = {{"ok", view->ok},
                      {"failed", view->failed},
                      {"timed_out", view->timed_out},
                      {"cancelled", view->cancelled},
                      {"in_flight", view->in_flight}};
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
            label(out, "assay_samples_total{", "group", group->name);
            label(out, ",", "outcome", counts[k].outcome);
            assay_buf_printf(out, "} %" PRIu64 "\n", counts[k].count);
        }
    }
}

/* ---- figures ---------------------------------------------------------------------------------------------------- */

struct figure {
    const struct assay_surface *surface;
    const struct assay_surface_group *group;
    size_t index; /* of the group */
    const struct assay_metric_view *metric;
    const struct unit *unit;
    const char *family; /* "assay_metric_seconds" */
};

static void put_exact(const struct figure *figure, double value, struct assay_buf *out)
{
    const struct assay_view *view = figure->group->view;
    assay_buf_text(out, figure->family);
    label(out, "{", "group", figure->group->name);
    label(out, ",", "arm", view->arms[figure->metric->arm].id);
    label(out, ",", "model", view->arms[figure->metric->arm].model);
    label(out, ",", "metric", figure->metric->name);
    assay_buf_char(out, '}');
    number(out, value / figure->unit->divisor);
}

static void put_value(const struct figure *figure, struct assay_buf *out)
{
    put_exact(figure, figure->metric->value, out);
}

static void put_lower(const struct figure *figure, struct assay_buf *out)
{
    if (figure->metric->has_bounds) {
        put_exact(figure, figure->metric->lower, out);
    }
}

static void put_upper(const struct figure *figure, struct assay_buf *out)
{
    if (figure->metric->has_bounds) {
        put_exact(figure, figure->metric->upper, out);
    }
}

/* The value at the place of the first digit of half its interval: what lies below that is noise. */
static void put_rounded_number(const struct figure *figure, struct assay_buf *out)
{
    const struct assay_metric_view *metric = figure->metric;
    double value = metric->value / figure->unit->divisor;
    double noise = metric->has_bounds ? (metric->upper - metric->lower) / 2 / figure->unit->divisor : 0;
    int place = 0; /* power of ten that is kept */
    if (noise > 0) {
        place = (int)floor(log10(noise));
    } else if (value != 0) {
        place = (int)floor(log10(fabs(value))) - (DIGITS_WITHOUT_BOUNDS - 1);
    }
    place = place < -DECIMALS_MAX ? -DECIMALS_MAX : place;
    if (place > 0) {
        double step = pow(10, place);
        value = step * round(value / step);
    }
    assay_buf_printf(out, " %.*f\n", place < 0 ? -place : 0, value);
}

static void put_rounded(const struct figure *figure, struct assay_buf *out)
{
    const struct assay_view *view = figure->group->view;
    const struct assay_arm_view *arm = &view->arms[figure->metric->arm];
    char position[24];
    (void)snprintf(position, sizeof position, "%zu", figure->index + 1);
    assay_buf_text(out, figure->family);
    label(out, "{", "metric", figure->metric->name);
    label(out, ",", "arm", arm->id);
    label(out, ",", "workload", view->workload);
    if (arm->model[0]) {
        label(out, ",", "model", arm->model);
    }
    if (figure->surface->input->receipts_count > 1) {
        label(out, ",", "receipt", position); /* names of runs change from run to run, their order does not */
    }
    assay_buf_char(out, '}');
    put_rounded_number(figure, out);
}

static void put_unit(const struct assay_surface *surface, const struct unit *unit, const char *stem, const char *help,
                     void (*put)(const struct figure *, struct assay_buf *), struct assay_buf *out)
{
    char name[64];
    bool is_open = false;
    (void)snprintf(name, sizeof name, "%s%s%s", stem, unit->suffix[0] ? "_" : "", unit->suffix);
    for (size_t i = 0; i < surface->input->receipts_count; i++) {
        const struct assay_surface_group *group = &surface->groups[i];
        for (size_t k = 0; group->has_figures && group->view && k < group->view->metrics_count; k++) {
            const struct assay_metric_view *metric = &group->view->metrics[k];
            if (metric->absent || strcmp(metric->unit, unit->unit) != 0) {
                continue;
            }
            if (!is_open) {
                family(out, name, "gauge", unit->suffix, help);
                is_open = true;
            }
            struct figure figure = {surface, group, i, metric, unit, name};
            put(&figure, out);
        }
    }
}

static void put_figures(const struct assay_surface *surface, const char *stem, const char *help,
                        void (*put)(const struct figure *, struct assay_buf *), struct assay_buf *out)
{
    for (size_t i = 0; i < UNITS_COUNT; i++) {
        put_unit(surface, &UNITS[i], stem, help, put, out);
    }
}

assay_code assay_surface_openmetrics(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    (void)err;
    put_receipts(surface, out);
    put_verdicts(surface, out);
    put_samples(surface, out);
    put_figures(surface, "assay_metric", "Figures of receipts that were derived again.", put_value, out);
    put_figures(surface, "assay_metric_lower", "Lower bounds of the figures.", put_lower, out);
    put_figures(surface, "assay_metric_upper", "Upper bounds of the figures.", put_upper, out);
    assay_buf_text(out, "# EOF\n");
    return ASSAY_OK;
}

assay_code assay_surface_gitlab_metrics(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    (void)err;
    put_figures(surface, "assay_metric", "Figures of receipts that were derived again, to the digit of their noise.",
                put_rounded, out);
    assay_buf_text(out, "# EOF\n");
    return ASSAY_OK;
}
