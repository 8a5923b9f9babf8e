#include "report/report.h"

#include "report/escape.h"
#include "report/render.h"
#include "report/verdict.h"

#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 100       /* columns of a terminal that most people have */
#define ID_WIDTH_MAX 24 /* longer ids push their line to the right, and no other */
#define WORD_WIDTH 13   /* "not-measured" and "inconclusive" */
#define PARTS_BYTES_MAX ((size_t)8 << 10)
#define POSITION_SHOWN 0.001 /* an effect of place below 0.1 % is not worth a line */
#define PERCENT 100.0

/* ---- values ----------------------------------------------------------------------------------------------------- */

static bool is_ratio(const struct assay_verdict_row *row)
{
    return row->versus != NULL;
}

static void value_put(struct assay_buf *out, const char *unit, double value)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    if (unit && strcmp(unit, "ns") == 0) {
        (void)assay_num_print_ns(value, text);
        assay_buf_text(out, text);
    } else if (unit && strcmp(unit, "bytes") == 0) {
        (void)assay_num_print_bytes(value, text);
        assay_buf_text(out, text);
    } else {
        assay_buf_printf(out, fabs(value) < 10 && fabs(value) >= 0.01 ? "%.4f" : "%.5g", value);
        bool has_unit = unit && strcmp(unit, "1") != 0;
        if (has_unit) {
            assay_buf_text(out, strcmp(unit, "1/s") == 0 ? "" : " ");
            assay_escape_terminal(out, strcmp(unit, "1/s") == 0 ? "/s" : unit);
        }
    }
}

static void shown_put(struct assay_buf *out, const struct assay_verdict_row *row)
{
    const char *unit = is_ratio(row) ? NULL : row->unit;
    if (!row->has_point) {
        return;
    }
    value_put(out, unit, row->point);
    if (row->has_interval) {
        assay_buf_text(out, " [");
        value_put(out, unit, row->lower);
        assay_buf_text(out, ", ");
        value_put(out, unit, row->upper);
        assay_buf_printf(out, "] at %.4g%%", row->confidence * PERCENT);
    }
}

/* ---- the parts of a row, in the order in which a reader needs them ---------------------------------------------- */

struct parts {
    struct assay_buf text;
};

static void part_begin(struct parts *parts)
{
    if (parts->text.len > 0) {
        assay_buf_text(&parts->text, "; ");
    }
}

static void part_result(struct parts *parts, const struct assay_verdict_row *row)
{
    if (!row->has_point) {
        return;
    }
    part_begin(parts);
    if (is_ratio(row)) {
        assay_escape_terminal(&parts->text, row->arm ? row->arm : "other");
        assay_buf_char(&parts->text, '/');
        assay_escape_terminal(&parts->text, row->versus);
        assay_buf_char(&parts->text, ' ');
    }
    shown_put(&parts->text, row);
}

static void part_count(struct parts *parts, const struct assay_verdict_row *row)
{
    if (row->n > 0) {
        part_begin(parts);
        assay_buf_printf(&parts->text, "n %" PRIu64, row->n);
        if (row->n_effective > 0 && row->n_effective != row->n) {
            assay_buf_printf(&parts->text, " (effective %" PRIu64 ")", row->n_effective);
        }
    }
}

static void part_medians(struct parts *parts, const struct assay_verdict_row *row)
{
    if (row->has_base && row->has_other && is_ratio(row)) {
        part_begin(parts);
        assay_escape_terminal(&parts->text, row->versus);
        assay_buf_char(&parts->text, ' ');
        value_put(&parts->text, row->unit, row->base);
        assay_buf_text(&parts->text, ", ");
        assay_escape_terminal(&parts->text, row->arm ? row->arm : "other");
        assay_buf_char(&parts->text, ' ');
        value_put(&parts->text, row->unit, row->other);
    }
}

static void part_text(struct parts *parts, const char *before, const char *text)
{
    if (text && text[0]) {
        part_begin(parts);
        assay_buf_text(&parts->text, before);
        assay_escape_terminal(&parts->text, text);
    }
}

/* What an undecided row could have seen, and what would decide it. */
static void part_reach(struct parts *parts, const struct assay_verdict_row *row)
{
    bool is_open = row->verdict == ASSAY_VERDICT_UNDECIDED ||
                   (row->word && strncmp(row->word, "inconclusive", strlen("inconclusive")) == 0);
    if (!is_open) {
        return;
    }
    if (row->effect_min > 0) {
        part_begin(parts);
        assay_buf_printf(&parts->text, "could have found %.3g%%", row->effect_min * PERCENT);
    }
    if (row->pairs_needed > 0) {
        part_begin(parts);
        assay_buf_printf(&parts->text, "%" PRIu64 " pairs would decide", row->pairs_needed);
    }
}

static void part_marks(struct parts *parts, const struct assay_verdict_row *row)
{
    if (row->is_missing) {
        part_text(parts, "", "missing");
    }
    if (row->is_waived) {
        part_text(parts, "", "waived");
    }
    if (row->position_effect > 0 && fabs(row->position_effect - 1) >= POSITION_SHOWN) {
        part_begin(parts);
        assay_buf_printf(&parts->text, "first place of a round / second %.4f", row->position_effect);
    }
}

/* A field in which two receipts differ: both values, whether it refuses or is only told. */
static bool is_difference(const struct assay_verdict_row *row)
{
    return row->kind && (strcmp(row->kind, "difference") == 0 || strcmp(row->kind, "listed") == 0);
}

static void parts_fill(struct parts *parts, const struct assay_verdict_row *row)
{
    if (is_difference(row)) {
        part_text(parts, "left ", row->expected);
        part_text(parts, "right ", row->found);
        return;
    }
    part_result(parts, row);
    part_count(parts, row);
    part_medians(parts, row);
    part_text(parts, "found ", row->has_point ? NULL : row->found);
    part_text(parts, "expected ", row->expected);
    part_reach(parts, row);
    part_text(parts, "", row->reason);
    part_text(parts, "in ", row->verdict == ASSAY_VERDICT_PASS ? NULL : row->element);
    part_marks(parts, row);
}

void assay_verdict_row_text(const struct assay_verdict_row *row, struct assay_buf *out)
{
    struct parts parts;
    assay_buf_init(&parts.text, PARTS_BYTES_MAX);
    parts_fill(&parts, row);
    if (parts.text.failed != ASSAY_OK) {
        assay_buf_fail(out, parts.text.failed);
    } else if (parts.text.len > 0) {
        assay_buf_append(out, parts.text.data, parts.text.len);
    }
    assay_buf_done(&parts.text);
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* Breaks at blanks so that no line is longer than WIDTH unless a word is. */
static void wrap(struct assay_buf *out, size_t indent, size_t column, const char *text)
{
    struct assay_slice rest = assay_slice_of(text);
    bool is_first = true;
    while (rest.len > 0) {
        struct assay_slice word = assay_slice_cut(&rest, ' ');
        if (!is_first && column + 1 + word.len > WIDTH) {
            assay_buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!is_first) {
            assay_buf_char(out, ' ');
            column++;
        }
        assay_buf_append(out, word.data, word.len);
        column += word.len;
        is_first = false;
    }
    assay_buf_char(out, '\n');
}

static enum assay_tint tint_of(enum assay_verdict verdict)
{
    return verdict == ASSAY_VERDICT_PASS   ? ASSAY_TINT_GOOD
           : verdict == ASSAY_VERDICT_FAIL ? ASSAY_TINT_BAD
                                           : ASSAY_TINT_BOLD;
}

static size_t id_width(const struct assay_verdict_document *document)
{
    size_t width = 0;
    for (size_t i = 0; i < document->rows_count; i++) {
        size_t len = document->rows[i].id ? strlen(document->rows[i].id) : 0;
        width = len > width && len <= ID_WIDTH_MAX ? len : width;
    }
    return width;
}

/* A comparison is known by its word, a gate by its verdict. */
static const char *word_of(const struct assay_verdict_row *row)
{
    if (is_difference(row)) {
        return row->is_in_family ? "refuses" : "differs";
    }
    return row->word && row->gate == 0 ? row->word : assay_verdict_text(row->verdict);
}

static void row_text(const struct assay_verdict_row *row, size_t width, const struct assay_style *style,
                     struct assay_buf *out)
{
    struct parts parts;
    assay_buf_init(&parts.text, PARTS_BYTES_MAX);
    parts_fill(&parts, row);
    size_t indent = 2 + width + 2 + WORD_WIDTH + 2, before = out->len;
    assay_buf_text(out, "  ");
    assay_escape_terminal(out, row->id ? row->id : "");
    size_t shown = out->failed == ASSAY_OK ? out->len - before : 0;
    assay_buf_printf(out, "%*s", (int)(shown < 2 + width ? 4 + width - shown : 2), "");
    const char *word = word_of(row);
    assay_tint_begin(out, style, tint_of(row->verdict));
    assay_buf_text(out, word);
    assay_tint_end(out, style, tint_of(row->verdict));
    size_t len = strlen(word);
    assay_buf_printf(out, "%*s", (int)(len < WORD_WIDTH ? WORD_WIDTH + 2 - len : 2), "");
    size_t column = shown > 2 + width ? indent + shown - (2 + width) : indent;
    column += len > WORD_WIDTH ? len - WORD_WIDTH : 0;
    wrap(out, indent, column, parts.text.data ? parts.text.data : "");
    assay_buf_done(&parts.text);
}

static void line_text(struct assay_buf *out, const char *heading, const char *text)
{
    struct assay_buf line;
    assay_buf_init(&line, PARTS_BYTES_MAX);
    assay_escape_terminal(&line, text);
    size_t before = strlen(heading);
    assay_buf_text(out, heading);
    wrap(out, before, before, line.data ? line.data : "");
    assay_buf_done(&line);
}

static void rollout_line(const struct assay_rollout *rollout, struct assay_buf *out)
{
    char head[160];
    int len = snprintf(head, sizeof head, "%.16s: stage %u, look %u, %u in a row, %u holds%s%.80s",
                       rollout->decision ? rollout->decision : "none", rollout->stage, rollout->looks, rollout->streak,
                       rollout->holds, rollout->reason ? "; " : "", rollout->reason ? rollout->reason : "");
    assert(len > 0);
    line_text(out, "  roll-out: ", head);
}

static void render_text(const struct assay_verdict_document *document, const struct assay_style *style,
                        struct assay_buf *out)
{
    size_t width = id_width(document);
    const char *word = assay_verdict_text(document->verdict);
    assay_tint_begin(out, style, tint_of(document->verdict));
    assay_buf_text(out, word);
    assay_tint_end(out, style, tint_of(document->verdict));
    assay_buf_text(out, "  ");
    wrap(out, 2, strlen(word) + 2, document->summary ? document->summary : document->question);
    for (size_t i = 0; i < document->rows_count; i++) {
        row_text(&document->rows[i], width, style, out);
    }
    if (document->rollout.is_given) {
        rollout_line(&document->rollout, out);
    }
    if (document->policy_name) {
        assay_buf_text(out, "  policy:   ");
        assay_escape_terminal(out, document->policy_name);
        assay_buf_printf(out, ", version %" PRIu64 ", sha256 %.16s, judged on %s\n", document->policy_version,
                         document->policy_sha256 ? document->policy_sha256 : "",
                         document->date ? document->date : "no date");
    }
    for (size_t i = 0; i < document->notes_count; i++) {
        line_text(out, "  note:     ", document->notes[i]);
    }
}

/* ---- Markdown, CSV ---------------------------------------------------------------------------------------------- */

static const struct assay_column COLUMNS[] = {
    {"id", "gate", ASSAY_COLUMN_FOREIGN},
    {"verdict", "verdict", ASSAY_COLUMN_TEXT},
    {"word", "word", ASSAY_COLUMN_TEXT},
    {"value", "value and interval", ASSAY_COLUMN_TEXT},
    {"n", "n", ASSAY_COLUMN_NUMBER},
    {"expected", "expected", ASSAY_COLUMN_FOREIGN},
    {"reach", "what would decide", ASSAY_COLUMN_TEXT},
    {"reason", "reason", ASSAY_COLUMN_FOREIGN},
};

static void cell_or_none(struct assay_table *table, const char *text)
{
    if (text && text[0]) {
        assay_table_cell(table, "%s", text);
    } else {
        assay_table_absent(table, "-");
    }
}

static void cell_made(struct assay_table *table, const struct assay_verdict_row *row,
                      void (*make)(struct parts *, const struct assay_verdict_row *))
{
    struct parts parts;
    assay_buf_init(&parts.text, PARTS_BYTES_MAX);
    make(&parts, row);
    cell_or_none(table, parts.text.data);
    assay_buf_done(&parts.text);
}

static void row_cells(struct assay_table *table, const struct assay_verdict_row *row)
{
    assay_table_row(table);
    cell_or_none(table, row->id);
    assay_table_cell(table, "%s%s%s", assay_verdict_text(row->verdict), row->is_missing ? ", missing" : "",
                     row->is_waived ? ", waived" : "");
    cell_or_none(table, row->word);
    cell_made(table, row, part_result);
    assay_table_cell(table, "%" PRIu64, row->n);
    cell_or_none(table, row->expected);
    cell_made(table, row, part_reach);
    cell_or_none(table, row->reason ? row->reason : row->found);
}

static assay_code render_rows(const struct assay_verdict_document *document, enum assay_report_format format,
                              const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    struct assay_table table;
    assay_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    for (size_t i = 0; i < document->rows_count; i++) {
        row_cells(&table, &document->rows[i]);
    }
    assay_code rc = assay_table_render(&table, format, style, out, err);
    assay_table_done(&table);
    return rc;
}

static assay_code render_markdown(const struct assay_verdict_document *document, const struct assay_style *style,
                                  struct assay_buf *out, assay_err *err)
{
    assay_buf_printf(out, "**%s** ", assay_verdict_text(document->verdict));
    assay_escape_markdown(out, document->summary ? document->summary : document->question);
    assay_buf_text(out, "\n\n");
    assay_code rc = render_rows(document, ASSAY_REPORT_MARKDOWN, style, out, err);
    if (document->notes_count > 0) {
        assay_buf_char(out, '\n');
    }
    for (size_t i = 0; i < document->notes_count && rc == ASSAY_OK; i++) {
        assay_buf_text(out, "- ");
        assay_escape_markdown(out, document->notes[i]);
        assay_buf_char(out, '\n');
    }
    return rc;
}

assay_code assay_report_verdict(const struct assay_verdict_document *document, enum assay_report_format format,
                                const struct assay_style *style, struct assay_buf *out, assay_err *err)
{
    assert(document && style && out);
    json_t *json = NULL;
    assay_code rc = ASSAY_OK;
    switch (format) {
    case ASSAY_REPORT_JSON:
        rc = assay_verdict_json(document, &json, err);
        rc = rc == ASSAY_OK ? assay_json_pretty(json, out, err) : rc;
        json_decref(json);
        break;
    case ASSAY_REPORT_CSV:
        rc = render_rows(document, format, style, out, err);
        break;
    case ASSAY_REPORT_MARKDOWN:
        rc = render_markdown(document, style, out, err);
        break;
    case ASSAY_REPORT_TEXT:
    case ASSAY_REPORT_FORMAT_COUNT:
    default:
        render_text(document, style, out);
        break;
    }
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}
