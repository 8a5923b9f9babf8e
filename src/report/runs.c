#include "report/report.h"

#include "report/advice.h"
#include "report/columns.h"
#include "report/compare.h"
#include "report/facts.h"
#include "report/json.h"

#include <assert.h>
#include <string.h>

#define SUMMARY_LINES_MAX 20 /* answers in the summary; every run has its own section below */

struct tally {
    size_t valid, invalid, records, imported;
};

static struct tally tally_make(const struct assay_view *views, size_t count)
{
    struct tally tally = {0};
    for (size_t i = 0; i < count; i++) {
        tally.valid += assay_view_is_valid(&views[i]);
        tally.invalid += views[i].document == ASSAY_DOCUMENT_RECEIPT && !assay_view_is_valid(&views[i]);
        tally.records += views[i].document == ASSAY_DOCUMENT_RECORD;
        tally.imported += views[i].document == ASSAY_DOCUMENT_IMPORTED;
    }
    return tally;
}

static void summary_put(struct assay_page *page, struct assay_view *views, size_t count)
{
    struct tally tally = tally_make(views, count);
    assay_page_heading(page, 2, "Summary");
    assay_page_line(page, ASSAY_TINT_NONE,
                    "%zu run%s: %zu valid receipt%s, %zu invalid, %zu without a result, %zu imported summar%s.", count,
                    count == 1 ? "" : "s", tally.valid, tally.valid == 1 ? "" : "s", tally.invalid, tally.records,
                    tally.imported, tally.imported == 1 ? "y" : "ies");
    for (size_t i = 0; i < count && i < SUMMARY_LINES_MAX; i++) {
        assay_facts_answer(page, &views[i], true);
    }
    if (count > SUMMARY_LINES_MAX) {
        assay_page_line(page, ASSAY_TINT_NONE, "%d of %zu shown here; the others stand below.", SUMMARY_LINES_MAX,
                        count);
    }
}

static void advice_put(struct assay_page *page, const struct assay_view *views, size_t count)
{
    struct assay_arena arena;
    struct assay_advice *advice = NULL;
    size_t advice_count = 0;
    assay_err err = {0};
    assay_arena_init(&arena, ASSAY_VIEW_BYTES_MAX);
    assay_code rc = assay_advice_give(views, count, &arena, &advice, &advice_count, &err);
    if (rc != ASSAY_OK) {
        page->failed = page->failed == ASSAY_OK ? rc : page->failed;
    }
    if (advice_count > 0) {
        assay_page_heading(page, 2, "Recommendations");
    }
    for (size_t i = 0; i < advice_count; i++) {
        const struct assay_arm_view *arm = &advice[i].view->arms[advice[i].arm];
        const char *name = arm->model[0] != '\0' ? arm->model : arm->label;
        assay_page_item(page, "%s, %s: %s. Inputs: %s; run %.8s (rule %s)", assay_page_show(page, name),
                        assay_page_show(page, arm->shape), advice[i].text, advice[i].inputs,
                        assay_page_show(page, advice[i].view->run_id), advice[i].rule);
    }
    assay_arena_done(&arena);
}

static void run_put(struct assay_page *page, struct assay_view *view)
{
    for (size_t i = 0; i < view->arms_count; i++) {
        const struct assay_arm_view *arm = &view->arms[i];
        const char *name = arm->model[0] != '\0' ? arm->model : arm->label[0] != '\0' ? arm->label : view->workload;
        assay_page_heading(page, 3, "%s, %s%s%s", assay_page_show(page, name), assay_page_show(page, arm->shape),
                           arm->state[0] != '\0' ? ", " : "", assay_page_show(page, arm->state));
        if (i == 0 && !assay_view_is_valid(view)) {
            assay_facts_answer(page, view, false);
        }
        if (view->metrics_count > 0) {
            assay_facts_metrics(page, view, i);
        }
    }
    if (view->arms_count == 0) {
        assay_page_heading(page, 3, "%s", assay_page_show(page, view->place));
        assay_facts_answer(page, view, false);
        assay_facts_claimed(page, view);
    }
    assay_page_gap(page);
    if (view->document != ASSAY_DOCUMENT_IMPORTED) {
        assay_facts_subject(page, view);
        assay_facts_sureness(page, view);
        assay_facts_not_checked(page, view);
    }
}

static void page_fill(struct assay_page *page, struct assay_view *views, size_t count)
{
    if (page->format == ASSAY_REPORT_MARKDOWN) {
        assay_page_heading(page, 1, "Performance report");
    }
    summary_put(page, views, count);
    assay_compare_models(page, views, count);
    assay_compare_states(page, views, count);
    advice_put(page, views, count);
    assay_page_heading(page, 2, "Per model and shape");
    for (size_t i = 0; i < count; i++) {
        run_put(page, &views[i]);
    }
}

static assay_code csv_put(const struct assay_view *views, size_t count, const struct assay_style *style,
                          struct assay_buf *out, assay_err *err)
{
    size_t columns_count = 0;
    const struct assay_column *columns = assay_report_columns(&columns_count);
    struct assay_table table;
    assay_table_init(&table, columns, columns_count);
    for (size_t i = 0; i < count; i++) {
        assay_columns_rows(&views[i], &table);
    }
    assay_code rc = assay_table_render(&table, ASSAY_REPORT_CSV, style, out, err);
    assay_table_done(&table);
    return rc;
}

static assay_code people_put(struct assay_view *views, size_t count, enum assay_report_format format,
                             const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    struct assay_page page;
    assay_page_init(&page, format, style, out);
    page_fill(&page, views, count);
    return assay_page_done(&page, err);
}

assay_code assay_report_runs(const struct assay_report_input *inputs, size_t count, enum assay_report_format format,
                             const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    assert(inputs && count > 0 && style && out);
    if (count > ASSAY_REPORT_RUNS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%zu runs, at most %d fit into one report", count,
                          ASSAY_REPORT_RUNS_MAX);
    }
    size_t ready = 0;
    assay_code rc = ASSAY_OK;
    struct assay_view *views = assay_alloc(count, sizeof *views);
    if (views == NULL) {
        return assay_nomem(err);
    }
    for (; rc == ASSAY_OK && ready < count; ready += rc == ASSAY_OK) {
        rc = assay_view_init(&views[ready], &inputs[ready], err);
    }
    if (rc == ASSAY_OK) {
        rc = format == ASSAY_REPORT_CSV    ? csv_put(views, count, style, out, err)
             : format == ASSAY_REPORT_JSON ? assay_report_json_runs(views, count, out, err)
                                           : people_put(views, count, format, style, out, err);
    }
    for (size_t i = 0; i < ready; i++) {
        assay_view_done(&views[i]);
    }
    assay_free(views);
    return rc;
}
