#include "report/report.h"

#include "report/columns.h"
#include "report/facts.h"
#include "report/json.h"

#include <assert.h>

static void page_fill(struct assay_page *page, struct assay_view *view)
{
    assay_facts_answer(page, view, false);
    if (view->document == ASSAY_DOCUMENT_IMPORTED) {
        assay_page_gap(page);
        assay_facts_claimed(page, view);
        return;
    }
    if (view->metrics_count > 0) {
        assay_page_heading(page, 2, "What was measured");
    }
    for (size_t i = 0; view->metrics_count > 0 && i < view->arms_count; i++) {
        if (view->arms_count > 1) {
            assay_page_heading(page, 3, "Arm %s, %s", assay_page_show(page, view->arms[i].id),
                               assay_page_show(page, view->arms[i].label));
        }
        assay_facts_metrics(page, view, i);
    }
    assay_facts_lm(page, view);
    assay_facts_kernels(page, view);
    assay_page_heading(page, 2, "On what");
    assay_facts_subject(page, view);
    assay_page_heading(page, 2, "How sure");
    assay_facts_sureness(page, view);
    assay_facts_not_checked(page, view);
}

assay_code assay_report_show(const struct assay_report_input *input, enum assay_report_format format,
                             const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    assert(input && style && out);
    if (format == ASSAY_REPORT_CSV) {
        return assay_report_runs(input, 1, format, style, out, err);
    }
    struct assay_view view;
    assay_code rc = assay_view_init(&view, input, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (format == ASSAY_REPORT_JSON) {
        rc = assay_report_json_show(&view, out, err);
    } else {
        struct assay_page page;
        assay_page_init(&page, format, style, out);
        page_fill(&page, &view);
        rc = assay_page_done(&page, err);
    }
    assay_view_done(&view);
    return rc;
}

assay_code assay_report_cases(const struct assay_report_input *input, const struct assay_style *style,
                              struct assay_buf *out, assay_err *err)
{
    assert(input && style && out);
    struct assay_view view;
    assay_code rc = assay_view_init(&view, input, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_page page;
    assay_page_init(&page, ASSAY_REPORT_TEXT, style, out);
    assay_facts_answer(&page, &view, false);
    assay_facts_lm(&page, &view);
    assay_facts_kernels(&page, &view);
    rc = assay_page_done(&page, err);
    assay_view_done(&view);
    return rc;
}
