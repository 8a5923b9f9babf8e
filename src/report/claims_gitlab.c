/* GitLab code quality: an array of issues. */
#include "report/claims.h"

#include "record/record.h"
#include "json/json.h"

#include <string.h>

static const char *severity(enum assay_severity level)
{
    static const char *const NAMES[] = {
        [ASSAY_SEVERITY_NOTE] = "info", [ASSAY_SEVERITY_WARNING] = "major", [ASSAY_SEVERITY_ERROR] = "critical"};
    return NAMES[level];
}

static void add_issue(struct assay_json_builder *b, json_t *root, const struct assay_finding *finding)
{
    json_t *issue = assay_json_add_object(b, root);
    struct assay_buf text;
    assay_buf_init(&text, 4096);
    assay_buf_printf(&text, "%s: ", finding->rule->slug);
    assay_text_show(&text, finding->message, strlen(finding->message), 2048);
    assay_json_put_text(b, issue, "description", text.data ? text.data : finding->rule->slug);
    assay_json_put_text(b, issue, "check_name", finding->rule->id);
    assay_json_put_text(b, issue, "fingerprint", finding->fingerprint);
    assay_json_put_text(b, issue, "severity", severity(finding->level));
    json_t *location = assay_json_put_object(b, issue, "location");
    assay_buf_clear(&text);
    assay_text_show(&text, finding->place.path, strlen(finding->place.path), 4000);
    assay_json_put_text(b, location, "path", text.data ? text.data : "-");
    assay_json_put_u64(b, assay_json_put_object(b, location, "lines"), "begin", finding->place.line);
    assay_buf_done(&text);
}

assay_code assay_render_claims_gitlab(const struct assay_findings *findings, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_array();
    for (size_t i = 0; i < findings->findings_count; i++) {
        if (!findings->findings[i].is_suppressed) {
            add_issue(&b, root, &findings->findings[i]);
        }
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_pretty(root, out, err);
    }
    json_decref(root);
    return rc;
}
