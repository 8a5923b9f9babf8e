/* The forms by name, and the way from an input to a form: rows once, then one writer. */
#include "report/surface_rows.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    assay_code (*write)(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
} FORMS[ASSAY_SURFACE_FORM_COUNT] = {
    [ASSAY_SURFACE_IN_TOTO_BUNDLE] = {"in-toto-bundle", assay_surface_bundle},
    [ASSAY_SURFACE_SARIF] = {"sarif", assay_surface_sarif},
    [ASSAY_SURFACE_JUNIT] = {"junit", assay_surface_junit},
    [ASSAY_SURFACE_CTRF] = {"ctrf", assay_surface_ctrf},
    [ASSAY_SURFACE_OPENMETRICS] = {"openmetrics", assay_surface_openmetrics},
    [ASSAY_SURFACE_GITHUB_SUMMARY] = {"github-summary", assay_surface_github_summary},
    [ASSAY_SURFACE_GITHUB_ANNOTATIONS] = {"github-annotations", assay_surface_github_annotations},
    [ASSAY_SURFACE_GITHUB_OUTPUTS] = {"github-outputs", assay_surface_github_outputs},
    [ASSAY_SURFACE_GITLAB_METRICS] = {"gitlab-metrics", assay_surface_gitlab_metrics},
    [ASSAY_SURFACE_GITLAB_CODEQUALITY] = {"gitlab-codequality", assay_surface_gitlab_codequality},
    [ASSAY_SURFACE_PR_COMMENT] = {"pr-comment", assay_surface_pr_comment},
    [ASSAY_SURFACE_ATTEST_PREDICATE] = {"attest-predicate", assay_surface_attest_predicate},
    [ASSAY_SURFACE_ATTEST_SUBJECTS] = {"attest-subjects", assay_surface_attest_subjects},
};

const char *assay_surface_form_text(enum assay_surface_form form)
{
    assert((size_t)form < ASSAY_SURFACE_FORM_COUNT);
    return FORMS[form].name;
}

bool assay_surface_form_read(const char *text, enum assay_surface_form *ret)
{
    for (size_t i = 0; i < ASSAY_SURFACE_FORM_COUNT; i++) {
        if (strcmp(FORMS[i].name, text) == 0) {
            *ret = (enum assay_surface_form)i;
            return true;
        }
    }
    return false;
}

assay_code assay_report_surface(enum assay_surface_form form, const struct assay_surface_input *input,
                                struct assay_buf *out, assay_err *err)
{
    assert((size_t)form < ASSAY_SURFACE_FORM_COUNT && input && out);
    struct assay_surface surface;
    assay_code rc = assay_surface_init(&surface, input, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = FORMS[form].write(&surface, out, err);
    assay_surface_done(&surface);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}
