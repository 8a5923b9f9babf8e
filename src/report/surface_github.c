/* GitHub: annotations as workflow commands, and the outputs of a step. */
#include "report/escape.h"
#include "report/surface_rows.h"

#define EACH_MAX 10u /* annotations of one kind that a step may make; more are dropped without a word */
#define LINE_BYTES_MAX 1024u
#define PATH_BYTES_MAX 4000u

static const char *const COMMANDS[] = {
    [ASSAY_SEVERITY_NOTE] = "notice", [ASSAY_SEVERITY_WARNING] = "warning", [ASSAY_SEVERITY_ERROR] = "error"};

static void put_annotation(const struct assay_surface *surface, const struct assay_surface_row *row, size_t left_out,
                           struct assay_buf *out)
{
    assay_buf_printf(out, "::%s file=", COMMANDS[row->level]);
    assay_escape_command(out, row->path, PATH_BYTES_MAX, true);
    assay_buf_printf(out, ",line=%u,title=assay", (unsigned)row->line);
    assay_escape_command(out, ": ", 2, true);
    assay_escape_command(out, assay_surface_rule(row->rule).title, LINE_BYTES_MAX, true);
    assay_buf_text(out, "::");
    assay_escape_command(out, surface->groups[row->group].name, ASSAY_SHOWN_BYTES_MAX, false);
    assay_buf_char(out, ' ');
    assay_escape_command(out, row->id, ASSAY_SHOWN_BYTES_MAX, false);
    assay_buf_printf(out, " %s: ", assay_verdict_text(row->verdict));
    assay_escape_command(out, row->text, LINE_BYTES_MAX, false);
    if (left_out > 0) {
        assay_buf_printf(out, " (+%zu more)", left_out);
    }
    assay_buf_char(out, '\n');
}

assay_code assay_surface_github_annotations(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    (void)err;
    size_t of_level[3] = {0}, shown[3] = {0};
    for (size_t i = 0; i < surface->findings_count; i++) {
        of_level[surface->findings[i]->level]++;
    }
    for (size_t i = 0; i < surface->findings_count; i++) {
        const struct assay_surface_row *row = surface->findings[i];
        if (shown[row->level] < EACH_MAX) {
            shown[row->level]++;
            bool is_last = shown[row->level] == EACH_MAX;
            put_annotation(surface, row, is_last ? of_level[row->level] - EACH_MAX : 0, out);
        }
    }
    return ASSAY_OK;
}

/* Words of a closed list and hex digits: nothing here can end a line or begin another output. */
assay_code assay_surface_github_outputs(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    (void)err;
    assay_buf_printf(out, "verdict=%s\nreceipt-digest=", assay_verdict_text(surface->verdict));
    const char *separator = "";
    for (size_t i = 0; i < surface->groups_count; i++) {
        if (surface->groups[i].view) {
            assay_buf_printf(out, "%s%s", separator, surface->groups[i].view->digest);
            separator = " ";
        }
    }
    assay_buf_char(out, '\n');
    return ASSAY_OK;
}
