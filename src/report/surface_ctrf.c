/* CTRF, the common test report format: a test a line or gate; what is ours alone stands under `extra`. */
#include "report/escape.h"
#include "report/foreign.h"
#include "report/surface_rows.h"

#include <string.h>

#define SPEC_VERSION "1.0.0"
#define LINE_BYTES_MAX 1024u
#define TRACE_BYTES_MAX ((size_t)64 << 10) /* violations of one test; more are in the output of verify */
#define TESTS_MAX 5000u                    /* readers show tests as one page; the rest is counted under `extra` */
#define NS_PER_MS 1000000u

static const char *const STATUSES[ASSAY_VERDICT_COUNT] = {[ASSAY_VERDICT_PASS] = "passed",
                                                          [ASSAY_VERDICT_FAIL] = "failed",
                                                          [ASSAY_VERDICT_UNDECIDED] = "other",
                                                          [ASSAY_VERDICT_NOT_MEASURED] = "skipped"};

struct totals {
    size_t tests, of[ASSAY_VERDICT_COUNT], left_out;
    uint64_t start_ms, stop_ms;
};

static struct totals count(const struct assay_surface *surface)
{
    struct totals totals = {0};
    for (size_t i = 0; i < surface->rows_count; i++) {
        bool is_test = assay_surface_is_test(&surface->rows[i]), has_room = totals.tests < TESTS_MAX;
        totals.left_out += is_test && !has_room;
        totals.tests += is_test && has_room;
        totals.of[surface->rows[i].verdict] += is_test && has_room;
    }
    for (size_t i = 0; i < surface->groups_count; i++) {
        const struct assay_surface_group *group = &surface->groups[i];
        bool is_first = group->start_ms > 0 && (totals.start_ms == 0 || group->start_ms < totals.start_ms);
        totals.start_ms = is_first ? group->start_ms : totals.start_ms;
        totals.stop_ms = group->stop_ms > totals.stop_ms ? group->stop_ms : totals.stop_ms;
    }
    return totals;
}

static void put_summary(struct assay_json_builder *b, json_t *results, const struct assay_surface *surface,
                        const struct totals *totals)
{
    json_t *summary = assay_json_put_object(b, results, "summary");
    assay_json_put_u64(b, summary, "tests", totals->tests);
    for (int i = 0; i < ASSAY_VERDICT_COUNT; i++) {
        assay_json_put_u64(b, summary, STATUSES[i], totals->of[i]);
    }
    assay_json_put_u64(b, summary, "pending", 0); /* nothing waits: a test that was not run was not measured */
    assay_json_put_u64(b, summary, "suites", surface->groups_count);
    assay_json_put_u64(b, summary, "start", totals->start_ms);
    assay_json_put_u64(b, summary, "stop", totals->stop_ms);
    json_t *extra = assay_json_put_object(b, summary, "extra");
    assay_json_put_text(b, extra, "verdict", assay_verdict_text(surface->verdict));
    assay_json_put_u64(b, extra, "testsLeftOut", totals->left_out);
}

static void put_trace(struct assay_json_builder *b, json_t *test, const struct assay_surface *surface,
                      const struct assay_surface_row *row)
{
    struct assay_buf lines, shown;
    assay_buf_init(&lines, ASSAY_REPORT_BYTES_MAX);
    assay_buf_init(&shown, 8 * TRACE_BYTES_MAX);
    assay_surface_put_violations(surface, row, &lines);
    struct assay_slice rest = {lines.data, lines.len};
    while (rest.len > 0 && shown.len < TRACE_BYTES_MAX) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        assay_text_show(&shown, line.data, line.len, LINE_BYTES_MAX);
        assay_buf_char(&shown, '\n');
    }
    assay_buf_text(&shown, rest.len > 0 ? "more are left out here; verify prints all\n" : "");
    if (lines.failed != ASSAY_OK) {
        assay_buf_fail(&shown, lines.failed);
    }
    if (shown.len > 0 || shown.failed != ASSAY_OK) {
        assay_foreign_put_made(b, test, "trace", &shown);
    }
    assay_buf_done(&shown);
    assay_buf_done(&lines);
}

static void add_test(struct assay_json_builder *b, json_t *tests, const struct assay_surface *surface,
                     const struct assay_surface_row *row)
{
    const struct assay_surface_group *group = &surface->groups[row->group];
    json_t *test = assay_json_add_object(b, tests);
    assay_foreign_put(b, test, "name", row->id, strlen(row->id), ASSAY_SHOWN_BYTES_MAX);
    assay_json_put_text(b, test, "status", STATUSES[row->verdict]);
    assay_json_put_text(b, test, "rawStatus", assay_verdict_text(row->verdict));
    assay_json_put_u64(b, test, "duration", row->duration_ns / NS_PER_MS);
    assay_foreign_add(b, assay_json_put_array(b, test, "suite"), group->name, strlen(group->name),
                      ASSAY_SHOWN_BYTES_MAX);
    assay_foreign_put(b, test, "message", row->text, strlen(row->text), LINE_BYTES_MAX);
    put_trace(b, test, surface, row);
    assay_foreign_put(b, test, "filePath", row->path, strlen(row->path), LINE_BYTES_MAX);
    assay_json_put_u64(b, test, "line", row->line);
    json_t *extra = assay_json_put_object(b, test, "extra");
    assay_foreign_put(b, extra, "rule", row->rule, strlen(row->rule), ASSAY_SHOWN_BYTES_MAX);
    assay_json_put_bool(b, extra, "stopsTheJob", row->does_stop);
}

/* The commit that the receipts are of; nothing if they are of several. */
static void put_environment(struct assay_json_builder *b, json_t *results, const struct assay_surface *surface)
{
    const char *commit = NULL;
    bool is_one = true;
    for (size_t i = 0; i < surface->groups_count; i++) {
        const struct assay_view *view = surface->groups[i].view;
        const char *its = view && surface->groups[i].has_figures ? assay_surface_commit(view) : NULL;
        is_one = is_one && (!its || !commit || strcmp(its, commit) == 0);
        commit = its ? its : commit;
    }
    if (commit && is_one) {
        json_t *environment = assay_json_put_object(b, results, "environment");
        assay_foreign_put(b, environment, "commit", commit, strlen(commit), ASSAY_SHOWN_BYTES_MAX);
    }
}

assay_code assay_surface_ctrf(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    struct totals totals = count(surface);
    const char *tool = surface->input->tool ? surface->input->tool : "assay";
    const char *version = strchr(tool, ' ');
    size_t shown = 0;
    json_t *root = json_object();
    assay_json_put_text(&b, root, "reportFormat", "CTRF");
    assay_json_put_text(&b, root, "specVersion", SPEC_VERSION);
    json_t *results = assay_json_put_object(&b, root, "results");
    json_t *own = assay_json_put_object(&b, results, "tool");
    assay_json_put_text(&b, own, "name", "assay");
    if (version) {
        assay_json_put_text(&b, own, "version", version + 1);
    }
    put_summary(&b, results, surface, &totals);
    json_t *tests = assay_json_put_array(&b, results, "tests");
    for (size_t i = 0; i < surface->rows_count; i++) {
        if (assay_surface_is_test(&surface->rows[i]) && shown++ < TESTS_MAX) {
            add_test(&b, tests, surface, &surface->rows[i]);
        }
    }
    put_environment(&b, results, surface);
    assay_surface_put_receipts(&b, assay_json_put_object(&b, results, "extra"), surface);
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}
