/* A Markdown summary for a comment under a pull request: short enough for every forge, and safe to paste. */
#include "report/claims.h"

#include <inttypes.h>
#include <string.h>

#define SUMMARY_BYTES_MAX 60000u /* forges refuse comments above 65,536 */
#define TAIL_BYTES 200u          /* kept free for the line that says what was left out */

/* Text in a cell: nothing of it is markup, a mention or a cell border. */
static void write_cell(struct assay_buf *out, const char *bytes, size_t len)
{
    struct assay_buf shown;
    assay_buf_init(&shown, 8192);
    assay_text_show(&shown, bytes, len, 400);
    for (size_t i = 0; i < shown.len; i++) {
        char c = shown.data[i];
        if (c == '<') {
            assay_buf_text(out, "&lt;");
        } else if (c == '>') {
            assay_buf_text(out, "&gt;");
        } else if (c == '&') {
            assay_buf_text(out, "&amp;");
        } else if (c == '@') {
            assay_buf_text(out, "&#64;");
        } else if (c == '#') {
            assay_buf_text(out, "&#35;");
        } else if (c != '\0' && strchr("\\`*_{}[]()|!~$", c)) {
            assay_buf_char(out, '\\');
            assay_buf_char(out, c);
        } else {
            assay_buf_char(out, c == '\n' ? ' ' : c);
        }
    }
    assay_buf_done(&shown);
}

static void write_row(struct assay_buf *row, const struct assay_finding *finding)
{
    assay_buf_text(row, "| ");
    write_cell(row, finding->place.path, strlen(finding->place.path));
    assay_buf_printf(row, ":%" PRIu32 " | %s | %s %s | ", finding->place.line, assay_severity_text(finding->level),
                     finding->rule->id, finding->rule->slug);
    write_cell(row, finding->message, strlen(finding->message));
    assay_buf_text(row, " |\n");
}

static void write_coverage(const struct assay_findings *findings, struct assay_buf *out)
{
    uint64_t claims = 0, bound = 0;
    for (size_t i = 0; i < findings->inputs_count; i++) {
        claims += findings->inputs[i].claims;
        bound += findings->inputs[i].bound;
    }
    assay_buf_printf(out, "\n\nBound to receipts: %" PRIu64 " of %" PRIu64 " claims.\n", bound, claims);
}

void assay_render_claims_markdown(const struct assay_findings *findings, struct assay_buf *out)
{
    size_t shown = 0, wanted = 0;
    assay_buf_text(out, "**Claims**: ");
    assay_claims_summary(findings, out);
    write_coverage(findings, out);
    for (size_t i = 0; i < findings->policy_misses_count; i++) {
        assay_buf_printf(out, "\nPolicy: %s\n", findings->policy_misses[i]);
    }
    if (!findings->is_complete) {
        assay_buf_printf(out, "\nIncomplete: %s.\n", findings->incomplete_why);
    }
    for (size_t i = 0; i < findings->findings_count; i++) {
        const struct assay_finding *finding = &findings->findings[i];
        struct assay_buf row;
        if (finding->is_suppressed) {
            continue;
        }
        if (wanted++ == 0) {
            assay_buf_text(out, "\n| place | level | rule | what |\n| --- | --- | --- | --- |\n");
        }
        assay_buf_init(&row, 16384);
        write_row(&row, finding);
        if (shown + 1 == wanted && out->len + row.len + TAIL_BYTES <= SUMMARY_BYTES_MAX) {
            assay_buf_append(out, row.data, row.len);
            shown++;
        }
        assay_buf_done(&row);
    }
    if (shown < wanted) {
        assay_buf_printf(out, "\n%zu more findings are left out here; the JSON output has all of them.\n",
                         wanted - shown);
    }
}
