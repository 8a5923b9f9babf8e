/* Findings for people: file:line:column, the line with its operands underlined, the arithmetic, the other places. */
#include "report/claims.h"
#include "report/render.h"

#include <inttypes.h>
#include <string.h>

#define LINE_SHOWN_MAX 160 /* code points of an excerpt; wider ones are quoted from their finding on */

/* Bytes of the line made safe, with the columns of its marks: one cell a code point, so that the underline fits. */
static bool is_narrow(uint32_t point)
{
    return point >= 0x20 && point < 0x7f;
}

/* Common signs that every terminal shows one column wide. */
static bool is_known_narrow(uint32_t point)
{
    return is_narrow(point) || (point >= 0xa1 && point < 0x250) || (point >= 0x2010 && point <= 0x2030) ||
           (point >= 0x2190 && point <= 0x21ff) || (point >= 0x2200 && point <= 0x22ff) ||
           (point >= 0x370 && point < 0x530);
}

static void write_excerpt(struct assay_buf *out, struct assay_slice line)
{
    size_t shown = 0;
    for (size_t i = 0; i < line.len && shown < LINE_SHOWN_MAX; shown++) {
        uint32_t point = 0;
        size_t len = assay_utf8_next(line.data + i, line.len - i, &point);
        if (line.data[i] == '\t') {
            assay_buf_char(out, ' ');
        } else {
            assay_text_show(out, line.data + i, len, len);
        }
        i += len;
    }
    if (shown == LINE_SHOWN_MAX) {
        assay_buf_text(out, "...");
    }
}

/* Whether each column of the line up to the end of the places is one cell wide. */
static bool can_underline(struct assay_slice line, size_t until)
{
    size_t points = 0;
    for (size_t i = 0; i < line.len && i < until; points++) {
        uint32_t point = 0;
        size_t len = assay_utf8_next(line.data + i, line.len - i, &point);
        if (point == '\t') {
            point = ' ';
        }
        if (!is_known_narrow(point) || points >= LINE_SHOWN_MAX) {
            return false;
        }
        i += len;
    }
    return true;
}

static void mark_place(struct assay_buf *marks, const struct assay_finding *finding, const struct assay_place *place,
                       char mark)
{
    if (place->line != finding->place.line || strcmp(place->path, finding->place.path) != 0) {
        return;
    }
    uint32_t points = 0;
    for (size_t i = 0; i < place->source.len;) {
        uint32_t point = 0;
        i += assay_utf8_next(place->source.data + i, place->source.len - i, &point);
        points++;
    }
    while (marks->len < place->column - 1 + points) {
        assay_buf_char(marks, ' ');
    }
    for (uint32_t i = 0; i < points && marks->data; i++) {
        marks->data[place->column - 1 + i] = mark;
    }
}

static void write_underline(struct assay_buf *out, const struct assay_finding *finding)
{
    const struct assay_place *place = &finding->place;
    size_t begin = (size_t)(place->source.data - place->whole.data), until = begin + place->source.len;
    for (size_t i = 0; i < finding->operands_count; i++) {
        const struct assay_place *other = &finding->operands[i];
        bool is_here = other->whole.data == place->whole.data;
        size_t end = is_here ? (size_t)(other->source.data - other->whole.data) + other->source.len : 0;
        until = end > until ? end : until;
    }
    if (until > place->whole.len || !can_underline(place->whole, until)) {
        assay_buf_text(out, "      | '");
        assay_text_show(out, place->source.data, place->source.len, LINE_SHOWN_MAX);
        assay_buf_text(out, "'");
    } else {
        struct assay_buf marks;
        assay_buf_init(&marks, LINE_SHOWN_MAX * 2);
        for (size_t i = 0; i < finding->operands_count; i++) {
            mark_place(&marks, finding, &finding->operands[i], '~');
        }
        mark_place(&marks, finding, place, '^');
        assay_buf_printf(out, "      | %s", marks.data ? marks.data : "");
        assay_buf_done(&marks);
    }
    if (finding->hint) {
        assay_buf_printf(out, "  %s", finding->hint);
    }
    assay_buf_char(out, '\n');
}

static void write_path(struct assay_buf *out, const char *path)
{
    assay_text_show(out, path, strlen(path), 4096);
}

static void write_operand(struct assay_buf *out, const struct assay_finding *finding, const struct assay_place *place)
{
    if (place->line == finding->place.line && strcmp(place->path, finding->place.path) == 0) {
        return; /* underlined above */
    }
    assay_buf_text(out, "      = ");
    write_path(out, place->path);
    assay_buf_printf(out, ":%" PRIu32 ":%" PRIu32 ": '", place->line, place->column);
    assay_text_show(out, place->source.data, place->source.len, 80);
    assay_buf_printf(out, "'\n %4" PRIu32 " | ", place->line);
    write_excerpt(out, place->whole);
    assay_buf_char(out, '\n');
}

static void write_finding(const struct assay_finding *finding, const struct assay_style *style, struct assay_buf *out)
{
    const struct assay_place *place = &finding->place;
    write_path(out, place->path);
    assay_buf_printf(out, ":%" PRIu32 ":%" PRIu32 ": ", place->line, place->column);
    assay_tint_begin(out, style, finding->level == ASSAY_SEVERITY_ERROR ? ASSAY_TINT_BAD : ASSAY_TINT_BOLD);
    assay_buf_printf(out, "%s[%s %s]", assay_severity_text(finding->level), finding->rule->id, finding->rule->slug);
    assay_tint_end(out, style, finding->level == ASSAY_SEVERITY_ERROR ? ASSAY_TINT_BAD : ASSAY_TINT_BOLD);
    assay_buf_printf(out, ": %s\n", finding->message);
    if (place->whole.len > 0) {
        assay_buf_printf(out, " %4" PRIu32 " | ", place->line);
        write_excerpt(out, place->whole);
        assay_buf_char(out, '\n');
        write_underline(out, finding);
    }
    for (size_t i = 0; i < finding->notes_count; i++) {
        assay_buf_printf(out, "      = %s\n", finding->notes[i]);
    }
    for (size_t i = 0; i < finding->operands_count; i++) {
        write_operand(out, finding, &finding->operands[i]);
    }
}

void assay_claims_summary(const struct assay_findings *findings, struct assay_buf *out)
{
    assay_buf_printf(out, "%" PRIu64 " quantities, %zu claims: ", findings->quantities, findings->claims_count);
    for (int status = ASSAY_CLAIM_STATUS_COUNT - 1; status >= 0; status--) {
        static const uint8_t ORDER[] = {ASSAY_CLAIM_UNDECIDED, ASSAY_CLAIM_UNSUPPORTED,  ASSAY_CLAIM_IMPOSSIBLE,
                                        ASSAY_CLAIM_WRONG,     ASSAY_CLAIM_CONTRADICTED, ASSAY_CLAIM_CONSISTENT,
                                        ASSAY_CLAIM_SUPPORTED};
        enum assay_claim_status which = (enum assay_claim_status)ORDER[status];
        assay_buf_printf(out, "%" PRIu64 " %s%s", findings->by_status[which], assay_claim_status_text(which),
                         status ? ", " : "");
    }
    if (findings->suppressed) {
        assay_buf_printf(out, "; %" PRIu64 " suppressed", findings->suppressed);
    }
    if (findings->html_tables) {
        assay_buf_printf(out, "; %" PRIu64 " HTML tables not read", findings->html_tables);
    }
}

void assay_render_claims_text(const struct assay_findings *findings, const struct assay_style *style,
                              struct assay_buf *out)
{
    for (size_t i = 0; i < findings->findings_count; i++) {
        if (!findings->findings[i].is_suppressed) {
            write_finding(&findings->findings[i], style, out);
        }
    }
    for (size_t i = 0; i < findings->undecided_count; i++) {
        const struct assay_undecided *undecided = &findings->undecided[i];
        write_path(out, undecided->place.path);
        assay_buf_printf(out, ":%" PRIu32 ":%" PRIu32 ": cannot decide[%s %s]: '", undecided->place.line,
                         undecided->place.column, undecided->rule->id, undecided->rule->slug);
        assay_text_show(out, undecided->place.source.data, undecided->place.source.len, 80);
        assay_buf_printf(out, "': %s\n", undecided->reason);
    }
    for (size_t i = 0; i < findings->policy_misses_count; i++) {
        assay_buf_printf(out, "policy: %s\n", findings->policy_misses[i]);
    }
    if (!findings->is_complete) {
        assay_buf_printf(out, "incomplete: %s; what was not read was not checked\n", findings->incomplete_why);
    }
    if (findings->summary_name) {
        write_path(out, findings->summary_name);
        assay_buf_text(out, ": ");
    }
    assay_claims_summary(findings, out);
    assay_buf_char(out, '\n');
}
