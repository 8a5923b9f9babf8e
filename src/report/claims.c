/* Findings in the format asked for. */
#include "report/claims.h"

#include <assert.h>

assay_code assay_report_claims(const struct assay_findings *findings, enum assay_claims_format format,
                               const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    assert(findings && style && out);
    assay_code rc = ASSAY_OK;
    switch (format) {
    case ASSAY_CLAIMS_TEXT:
        assay_render_claims_text(findings, style, out);
        break;
    case ASSAY_CLAIMS_FORMAT_JSON:
        rc = assay_render_claims_json(findings, out, err);
        break;
    case ASSAY_CLAIMS_SARIF:
        rc = assay_render_claims_sarif(findings, out, err);
        break;
    case ASSAY_CLAIMS_GITLAB:
        rc = assay_render_claims_gitlab(findings, out, err);
        break;
    case ASSAY_CLAIMS_MARKDOWN_SUMMARY:
        assay_render_claims_markdown(findings, out);
        break;
    }
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}
