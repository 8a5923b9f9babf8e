/*
 * Markdown for people: the summary of a job, and the comment under a pull request. The same text within two limits;
 * what does not fit is counted in the last line. What stops the job comes first.
 */
#include "report/escape.h"
#include "report/facts.h"
#include "report/surface_rows.h"

#include <string.h>

#define SUMMARY_BYTES_MAX                                                                                        \
    ((size_t)900 << 10)                   /* a step's summary is refused above 1 MiB, while the step stays green \
                                           */
#define COMMENT_BYTES_MAX ((size_t)59900) /* a comment is refused above 65,536 characters */
#define TAIL_BYTES 400u                   /* kept free for what says what was left out */
#define LINE_BYTES_MAX 2048u              /* of one of the four lines, or a violation */
#define OVERVIEW_SHARE 3u                 /* the table over all receipts takes at most a third */
#define VIOLATIONS_SHOWN_MAX 20u          /* of one receipt; verify prints all */

struct writing {
    const struct assay_surface *surface;
    struct assay_buf *out;
    size_t bytes_max;
    size_t rows_left_out, receipts_left_out;
    bool are_gates_left_out;
};

/* Appends what was made on its own, if it fits below the limit; ends it. */
static bool append(struct writing *w, struct assay_buf *part, size_t limit)
{
    bool fits = part->failed == ASSAY_OK && w->out->len + part->len + TAIL_BYTES <= limit;
    if (part->failed != ASSAY_OK && part->failed != ASSAY_TOO_LARGE) {
        assay_buf_fail(w->out, part->failed);
    }
    if (fits && part->len > 0) {
        assay_buf_append(w->out, part->data, part->len);
    }
    assay_buf_done(part);
    return fits;
}

static void put_head(struct writing *w)
{
    const struct assay_surface *surface = w->surface;
    assay_buf_printf(w->out, "### assay: %s\n\n", assay_verdict_text(surface->verdict));
    assay_buf_printf(w->out, "Findings that stop the job: %zu. Findings that warn: %zu.", surface->stops_count,
                     surface->warns_count);
    if (surface->input->noisy_why) {
        assay_buf_text(w->out, " Gates decided from samples: ");
        assay_escape_markdown_line(w->out, surface->input->noisy_why, LINE_BYTES_MAX);
        assay_buf_char(w->out, '.');
    }
    assay_buf_text(w->out, "\n\n");
}

static void overview_row(const struct assay_surface *surface, size_t index, struct assay_buf *out)
{
    const struct assay_surface_group *group = &surface->groups[index];
    assay_buf_text(out, "| ");
    assay_escape_markdown(out, group->name);
    assay_buf_printf(out, " | %s", assay_verdict_text(surface->rows[group->first].verdict));
    for (size_t i = 0; i < ASSAY_SURFACE_LINES; i++) {
        if (group->receipt->lines[i].has_verdict) {
            assay_buf_printf(out, " | %s", assay_verdict_text(group->receipt->lines[i].verdict));
        }
    }
    assay_buf_printf(out, " | %d |\n", group->receipt->tier);
}

static void put_overview(struct writing *w)
{
    const struct assay_surface *surface = w->surface;
    assay_buf_text(w->out, "| receipt | DOCUMENT | CRYPTO | RECOMPUTE | POLICY | tier |\n"
                           "| --- | --- | --- | --- | --- | ---: |\n");
    for (size_t i = 0; i < surface->input->receipts_count; i++) {
        struct assay_buf row;
        assay_buf_init(&row, LINE_BYTES_MAX);
        overview_row(surface, i, &row);
        w->rows_left_out += !append(w, &row, w->bytes_max / OVERVIEW_SHARE);
    }
    assay_buf_char(w->out, '\n');
}

static assay_code put_gates(struct writing *w, assay_err *err)
{
    static const struct assay_style PLAIN = {.has_color = false};
    const struct assay_surface_input *input = w->surface->input;
    if (!input->gates) {
        return ASSAY_OK;
    }
    struct assay_buf part;
    assay_buf_init(&part, w->bytes_max);
    assay_buf_text(&part, "#### Policy ");
    assay_escape_markdown(&part, w->surface->groups[input->receipts_count].name);
    assay_buf_text(&part, "\n\n");
    assay_code rc = assay_report_verdict(input->gates, ASSAY_REPORT_MARKDOWN, &PLAIN, &part, NULL);
    if (rc != ASSAY_OK && rc != ASSAY_TOO_LARGE) {
        assay_buf_done(&part);
        return assay_fail(err, rc, "the gates could not be shown");
    }
    assay_buf_char(&part, '\n');
    w->are_gates_left_out = !append(w, &part, w->bytes_max);
    return ASSAY_OK;
}

/* A line of a block: foreign text in it is visible, so that it neither ends this line nor begins another. */
static void put_line(struct assay_buf *out, const char *name, const char *verdict, const char *text)
{
    assay_buf_printf(out, verdict[0] ? "%-10s %-13s " : "%-10s %s", name, verdict);
    assay_text_show(out, text, strlen(text), LINE_BYTES_MAX);
    assay_buf_char(out, '\n');
}

static void put_violation(struct assay_buf *out, const struct assay_surface_violation *violation)
{
    const struct {
        const char *before, *text;
    } parts[] = {{"", violation->pointer}, {": found ", violation->found}, {", expected ", violation->expected}};
    assay_buf_printf(out, "%03u %s ", violation->gate, assay_verdict_text(violation->verdict));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assay_buf_text(out, parts[i].before);
        assay_text_show(out, parts[i].text, strlen(parts[i].text), ASSAY_SHOWN_BYTES_MAX);
    }
    assay_buf_char(out, '\n');
}

/* The four lines and the first violations, as `verify` prints them: never fewer than the four. */
static void put_lines(const struct assay_surface_receipt *receipt, struct assay_buf *out)
{
    struct assay_buf lines;
    size_t shown = receipt->violations_count < VIOLATIONS_SHOWN_MAX ? receipt->violations_count : VIOLATIONS_SHOWN_MAX;
    size_t left_out = receipt->violations_count - shown + receipt->violations_left_out;
    assay_buf_init(&lines, ASSAY_REPORT_BYTES_MAX);
    for (size_t i = 0; i < ASSAY_SURFACE_LINES; i++) {
        const struct assay_surface_line *line = &receipt->lines[i];
        put_line(&lines, line->name, line->has_verdict ? assay_verdict_text(line->verdict) : "", line->text);
    }
    for (size_t i = 0; i < shown; i++) {
        put_violation(&lines, &receipt->violations[i]);
    }
    if (left_out > 0) {
        assay_buf_printf(&lines, "+%zu more; verify prints all\n", left_out);
    }
    if (lines.failed != ASSAY_OK) {
        assay_buf_fail(out, lines.failed);
    } else {
        assay_escape_markdown_block(out, lines.data ? lines.data : "", (size_t)2 * LINE_BYTES_MAX);
    }
    assay_buf_done(&lines);
}

static assay_code put_receipt(struct writing *w, const struct assay_surface_group *group, assay_err *err)
{
    static const struct assay_style PLAIN = {.has_color = false};
    struct assay_buf part;
    struct assay_page page;
    assay_buf_init(&part, w->bytes_max);
    assay_buf_text(&part, "#### ");
    assay_escape_markdown(&part, group->name);
    assay_buf_text(&part, "\n\n");
    put_lines(group->receipt, &part);
    assay_buf_char(&part, '\n');
    assay_page_init(&page, ASSAY_REPORT_MARKDOWN, &PLAIN, &part);
    if (group->view && group->has_figures) {
        assay_facts_answer(&page, group->view, false);
        for (size_t arm = 0; arm < group->view->arms_count; arm++) {
            assay_facts_metrics(&page, group->view, arm);
        }
        assay_buf_char(&part, '\n');
    }
    assay_code rc = assay_page_done(&page, NULL);
    if (rc != ASSAY_OK && rc != ASSAY_TOO_LARGE) {
        assay_buf_done(&part);
        return assay_fail(err, rc, "a receipt could not be shown");
    }
    w->receipts_left_out += !append(w, &part, w->bytes_max);
    return ASSAY_OK;
}

static bool has_finding(const struct assay_surface *surface, const struct assay_surface_group *group)
{
    for (size_t i = group->first; i < group->first + group->count; i++) {
        if (surface->rows[i].is_finding) {
            return true;
        }
    }
    return false;
}

static void put_tail(struct writing *w)
{
    if (w->rows_left_out + w->receipts_left_out > 0 || w->are_gates_left_out) {
        assay_buf_printf(w->out,
                         "Left out to stay within %zu bytes: %zu rows of the table, the details of %zu receipts%s. "
                         "`assay verify` and `assay gate` print all.\n",
                         w->bytes_max, w->rows_left_out, w->receipts_left_out,
                         w->are_gates_left_out ? ", the gates" : "");
    }
}

static assay_code write_all(const struct assay_surface *surface, size_t bytes_max, struct assay_buf *out,
                            assay_err *err)
{
    struct writing w = {.surface = surface, .out = out, .bytes_max = bytes_max};
    put_head(&w);
    put_overview(&w);
    assay_code rc = put_gates(&w, err);
    for (int pass = 0; pass < 2; pass++) { /* those with findings first */
        for (size_t i = 0; rc == ASSAY_OK && i < surface->input->receipts_count; i++) {
            const struct assay_surface_group *group = &surface->groups[i];
            rc = has_finding(surface, group) == (pass == 0) ? put_receipt(&w, group, err) : ASSAY_OK;
        }
    }
    put_tail(&w);
    return rc;
}

assay_code assay_surface_github_summary(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    return write_all(surface, SUMMARY_BYTES_MAX, out, err);
}

/* The first line is how the comment is found again; the key is the caller's and holds no "-->". */
assay_code assay_surface_pr_comment(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    assay_buf_printf(out, "<!-- assay-report: %s -->\n", surface->input->key ? surface->input->key : "assay");
    return write_all(surface, COMMENT_BYTES_MAX, out, err);
}
