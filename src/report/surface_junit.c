/*
 * JUnit: a suite a document and one for the policy; a test a line or gate. fail is a failure, what could not be
 * verified or decided is an error, what was not measured is skipped with its reason.
 */
#include "report/escape.h"
#include "report/surface_rows.h"

#include <inttypes.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)25 << 20) /* readers take 30 MB a file; beyond this bodies are left out, and say so */
#define BODY_BYTES_MAX ((size_t)64 << 10) /* of one test: thousands of violations are read elsewhere */
#define LINE_BYTES_MAX 1024u
#define NS_PER_S 1e9

enum outcome { GOOD, FAILURE, ERROR, SKIPPED, OUTCOMES };
static const char *const ELEMENTS[OUTCOMES] = {NULL, "failure", "error", "skipped"};

static enum outcome outcome_of(const struct assay_surface *surface, const struct assay_surface_row *row)
{
    static const enum outcome BY_VERDICT[ASSAY_VERDICT_COUNT] = {[ASSAY_VERDICT_PASS] = GOOD,
                                                                 [ASSAY_VERDICT_FAIL] = FAILURE,
                                                                 [ASSAY_VERDICT_UNDECIDED] = ERROR,
                                                                 [ASSAY_VERDICT_NOT_MEASURED] = SKIPPED};
    const struct assay_surface_receipt *receipt = surface->groups[row->group].receipt;
    bool is_unread = receipt && receipt->exit == 5 && row->verdict == ASSAY_VERDICT_FAIL;
    return is_unread ? ERROR : BY_VERDICT[row->verdict];
}

struct totals {
    size_t tests, of[OUTCOMES];
    uint64_t duration_ns;
};

static void count_group(const struct assay_surface *surface, size_t index, struct totals *totals)
{
    const struct assay_surface_group *group = &surface->groups[index];
    for (size_t i = group->first; i < group->first + group->count; i++) {
        const struct assay_surface_row *row = &surface->rows[i];
        if (assay_surface_is_test(row)) {
            totals->tests++;
            totals->of[outcome_of(surface, row)]++;
            totals->duration_ns += row->duration_ns;
        }
    }
}

static void put_attribute(struct assay_buf *out, const char *name, const char *text, size_t bytes_max)
{
    assay_buf_printf(out, " %s=\"", name);
    assay_escape_xml(out, text, bytes_max);
    assay_buf_char(out, '"');
}

static void put_totals(struct assay_buf *out, const struct totals *totals)
{
    assay_buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\"", totals->tests,
                     totals->of[FAILURE], totals->of[ERROR], (double)totals->duration_ns / NS_PER_S);
}

static void put_property(struct assay_buf *out, const char *name, const char *value)
{
    assay_buf_text(out, "      <property");
    put_attribute(out, "name", name, ASSAY_SHOWN_BYTES_MAX);
    put_attribute(out, "value", value, LINE_BYTES_MAX);
    assay_buf_text(out, "/>\n");
}

/* Figures by their place: "a/ttft_p50" = "42100000 ns". */
static void put_figures(struct assay_buf *out, const struct assay_view *view)
{
    for (size_t i = 0; i < view->metrics_count; i++) {
        const struct assay_metric_view *metric = &view->metrics[i];
        struct assay_buf name, value;
        assay_buf_init(&name, LINE_BYTES_MAX);
        assay_buf_init(&value, LINE_BYTES_MAX);
        assay_buf_printf(&name, "%.64s/%.256s", view->arms[metric->arm].id, metric->name);
        assay_buf_printf(&value, "%.256s%s%.64s", metric->absent ? metric->absent : metric->value_text,
                         metric->absent ? "" : " ", metric->absent ? "" : metric->unit);
        if (name.failed != ASSAY_OK || value.failed != ASSAY_OK) {
            assay_buf_fail(out, name.failed != ASSAY_OK ? name.failed : value.failed);
        } else {
            put_property(out, name.data, value.data ? value.data : "");
        }
        assay_buf_done(&name);
        assay_buf_done(&value);
    }
}

static void put_properties(struct assay_buf *out, const struct assay_surface_group *group)
{
    const struct assay_view *view = group->view;
    if (!group->receipt) {
        return;
    }
    assay_buf_text(out, "    <properties>\n");
    for (size_t i = 0; i < ASSAY_SURFACE_LINES; i++) {
        if (!group->receipt->lines[i].has_verdict) {
            put_property(out, group->receipt->lines[i].name, group->receipt->lines[i].text);
        }
    }
    if (view) {
        put_property(out, "digest", view->digest);
        put_property(out, "run", view->run_id);
        put_property(out, "workload", view->workload);
        put_property(out, "computePath", view->compute_path);
    }
    if (view && group->has_figures) {
        put_figures(out, view);
    }
    assay_buf_text(out, "    </properties>\n");
}

/* The violations of the test, one a line, as many as fit. */
static void put_body(const struct assay_surface *surface, const struct assay_surface_row *row, struct assay_buf *out)
{
    struct assay_buf lines;
    size_t room = out->len < FILE_BYTES_MAX ? FILE_BYTES_MAX - out->len : 0, end, left_out = 0;
    end = out->len + (room < BODY_BYTES_MAX ? room : BODY_BYTES_MAX);
    assay_buf_init(&lines, ASSAY_REPORT_BYTES_MAX);
    assay_surface_put_violations(surface, row, &lines);
    struct assay_slice rest = {lines.data, lines.len};
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        lines.data[line.data + line.len - lines.data] = '\0';
        if (left_out == 0 && out->len < end) {
            assay_escape_xml(out, line.data, LINE_BYTES_MAX);
            assay_buf_char(out, '\n');
        } else {
            left_out++;
        }
    }
    if (left_out > 0) {
        assay_buf_printf(out, "%zu more are left out here; verify prints all\n", left_out);
    }
    if (lines.failed != ASSAY_OK) {
        assay_buf_fail(out, lines.failed);
    }
    assay_buf_done(&lines);
}

static void put_test(const struct assay_surface *surface, const struct assay_surface_row *row, struct assay_buf *out)
{
    const char *element = ELEMENTS[outcome_of(surface, row)];
    assay_buf_text(out, "    <testcase");
    put_attribute(out, "name", row->id, ASSAY_SHOWN_BYTES_MAX);
    put_attribute(out, "classname", surface->groups[row->group].name, LINE_BYTES_MAX);
    assay_buf_printf(out, " time=\"%.3f\"", (double)row->duration_ns / NS_PER_S);
    put_attribute(out, "file", row->path, LINE_BYTES_MAX);
    assay_buf_printf(out, " line=\"%u\"", (unsigned)row->line);
    if (!element) {
        assay_buf_text(out, "/>\n");
        return;
    }
    assay_buf_printf(out, ">\n      <%s", element);
    put_attribute(out, "message", row->text, LINE_BYTES_MAX);
    put_attribute(out, "type", row->rule, ASSAY_SHOWN_BYTES_MAX);
    assay_buf_char(out, '>');
    put_body(surface, row, out);
    assay_buf_printf(out, "</%s>\n    </testcase>\n", element);
}

static void put_suite(const struct assay_surface *surface, size_t index, struct assay_buf *out)
{
    const struct assay_surface_group *group = &surface->groups[index];
    struct totals totals = {0};
    count_group(surface, index, &totals);
    assay_buf_text(out, "  <testsuite");
    put_attribute(out, "name", group->name, LINE_BYTES_MAX);
    put_totals(out, &totals);
    assay_buf_printf(out, " skipped=\"%zu\"", totals.of[SKIPPED]); /* the element above has no such attribute */
    if (group->view && group->start_ms > 0) {
        put_attribute(out, "timestamp", group->view->started_at, ASSAY_SHOWN_BYTES_MAX);
    }
    assay_buf_text(out, ">\n");
    put_properties(out, group);
    for (size_t i = group->first; i < group->first + group->count; i++) {
        if (assay_surface_is_test(&surface->rows[i])) {
            put_test(surface, &surface->rows[i], out);
        }
    }
    assay_buf_text(out, "  </testsuite>\n");
}

assay_code assay_surface_junit(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    (void)err;
    struct totals totals = {0};
    for (size_t i = 0; i < surface->groups_count; i++) {
        count_group(surface, i, &totals);
    }
    assay_buf_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assay\"");
    put_totals(out, &totals);
    assay_buf_text(out, ">\n");
    for (size_t i = 0; i < surface->groups_count; i++) {
        put_suite(surface, i, out);
    }
    assay_buf_text(out, "</testsuites>\n");
    return ASSAY_OK;
}
