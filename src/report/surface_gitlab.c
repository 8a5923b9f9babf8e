/* GitLab code quality: an array of issues, one a finding. */
#include "report/escape.h"
#include "report/foreign.h"
#include "report/surface_rows.h"

#include "base/text.h"

#include <string.h>

#define ISSUES_MAX                                                                                    \
    5000u /* the widget reads every one of them in the browser; the rest is counted in the last issue \
           */
#define LINE_BYTES_MAX 1024u
#define PATH_BYTES_MAX 4000u

/* The least two of the five words for what does not stop the job, the gravest for what does. */
static const char *const SEVERITIES[] = {
    [ASSAY_SEVERITY_NOTE] = "info", [ASSAY_SEVERITY_WARNING] = "minor", [ASSAY_SEVERITY_ERROR] = "blocker"};

/* text is taken. */
static json_t *add_issue(struct assay_json_builder *b, json_t *root, const struct assay_surface_row *row,
                         struct assay_buf *text)
{
    struct assay_buf shown;
    json_t *issue = assay_json_add_object(b, root);
    assay_buf_init(&shown, (size_t)8 * LINE_BYTES_MAX);
    assay_text_show(&shown, text->data ? text->data : "", text->len, LINE_BYTES_MAX);
    if (text->failed != ASSAY_OK) {
        assay_buf_fail(&shown, text->failed);
    }
    assay_buf_done(text);
    assay_foreign_put_made(b, issue, "description", &shown);
    assay_foreign_put(b, issue, "check_name", row->rule, strlen(row->rule), ASSAY_SHOWN_BYTES_MAX);
    assay_json_put_text(b, issue, "severity", SEVERITIES[row->level]);
    json_t *location = assay_json_put_object(b, issue, "location");
    assay_foreign_put(b, location, "path", row->path, strlen(row->path), PATH_BYTES_MAX);
    assay_json_put_u64(b, assay_json_put_object(b, location, "lines"), "begin", row->line);
    return issue;
}

/* Issues of one fingerprint are one: the same gate at the same place a second time is numbered. */
static void put_fingerprint(struct assay_json_builder *b, json_t *issue, const struct assay_surface *surface,
                            size_t index)
{
    char text[96];
    size_t same = 0;
    for (size_t i = 0; i < index; i++) {
        same += strcmp(surface->findings[i]->fingerprint, surface->findings[index]->fingerprint) == 0;
    }
    if (same > 0) {
        (void)snprintf(text, sizeof text, "%s-%zu", surface->findings[index]->fingerprint, same + 1);
    } else {
        (void)snprintf(text, sizeof text, "%s", surface->findings[index]->fingerprint);
    }
    assay_json_put_text(b, issue, "fingerprint", text);
}

static void put_issue(struct assay_json_builder *b, json_t *root, const struct assay_surface *surface, size_t index,
                      size_t left_out)
{
    const struct assay_surface_row *row = surface->findings[index];
    struct assay_buf text;
    assay_buf_init(&text, (size_t)64 << 10);
    assay_buf_printf(&text, "%s %s %s: %s", surface->groups[row->group].name, row->id, assay_verdict_text(row->verdict),
                     row->text);
    if (left_out > 0) {
        assay_buf_clear(&text);
        assay_buf_printf(&text, "+%zu more findings are left out here; verify prints all", left_out);
    }
    put_fingerprint(b, add_issue(b, root, row, &text), surface, index);
}

assay_code assay_surface_gitlab_codequality(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_array();
    size_t count = surface->findings_count < ISSUES_MAX ? surface->findings_count : ISSUES_MAX;
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count && surface->findings_count > count;
        put_issue(&b, root, surface, i, is_last ? surface->findings_count - count + 1 : 0);
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}
