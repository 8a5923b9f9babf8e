#include "claims/rendered.h"

#include "claims/binding.h"

#include <string.h>

/* From here to the next end of the same file. */
static const struct directive *end_of(const struct model *m, const struct directive *begin)
{
    for (const struct directive *at = begin + 1; at < m->directives.at + m->directives.count; at++) {
        if (at->file == begin->file && (at->kind == DIRECTIVE_END || at->kind == DIRECTIVE_BEGIN)) {
            return at->kind == DIRECTIVE_END ? at : NULL;
        }
    }
    return NULL;
}

static bool next_line(struct assay_slice *rest, struct assay_slice *ret)
{
    bool is_there = rest->len > 0;
    *ret = assay_slice_cut(rest, '\n');
    while (ret->len > 0 && strchr(" \t\r", ret->data[ret->len - 1])) {
        ret->len--;
    }
    return is_there;
}

/* C903 at the first line that is another one than the report has there; true: none is. */
static bool judge_lines(struct check *c, const struct directive *begin, struct assay_slice said, const char *report)
{
    struct assay_slice rest = assay_slice_trim(said),
                       wanted = assay_slice_trim((struct assay_slice){report, strlen(report)});
    struct assay_slice line, right;
    for (;;) {
        bool has_line = next_line(&rest, &line), has_right = next_line(&wanted, &right);
        if (!has_line && !has_right) {
            return true;
        }
        if (has_line && has_right && line.len == right.len && memcmp(line.data, right.data, line.len) == 0) {
            continue;
        }
        const char *bytes = c->m.files.at[begin->file].input->bytes;
        uint32_t from = has_line && line.len > 0 ? (uint32_t)(line.data - bytes) : begin->from;
        uint32_t to = has_line && line.len > 0 ? from + (uint32_t)line.len : begin->to;
        struct draft d = draft_at_bytes(c, RULE_C903, begin->file, from, to);
        draft_say(&d,
                  has_right ? "the report has another line here: %.*s" : "the report has ended before this line%.*s",
                  (int)(has_right ? right.len : 0), has_right ? right.data : "");
        draft_hint(&d, "'assay report --format md' renders it again");
        draft_end(&d);
        return false;
    }
}

static void judge_report(struct check *c, const struct directive *begin, struct assay_slice path)
{
    struct model *m = &c->m;
    const struct directive *end = end_of(m, begin);
    const struct assay_claims_receipt *receipt = binding_receipt(c, path);
    if (!end) {
        directive_say(c, RULE_C907, begin, "a rendered part goes up to <!-- assay:end -->, before the next begins");
    } else if (!receipt) {
        directive_say(c, RULE_C905, begin, "the receipt is not there");
    } else if (!receipt->is_verified || !receipt->report) {
        struct draft d = draft_at_bytes(c, RULE_C902, begin->file, begin->from, begin->to);
        draft_say(&d, "rendered from %s: it does not verify: %s", receipt->path,
                  receipt->why_not ? receipt->why_not : "no reason given");
        draft_end(&d);
    } else if (judge_lines(c, begin, model_source(m, begin->file, begin->to, end->from), receipt->report)) {
        for (uint32_t i = 0; i < m->quantities.count; i++) {
            struct quantity *q = &m->quantities.at[i];
            if (q->file == begin->file && q->from >= begin->to && q->to <= end->from && !q->binding_text) {
                q->binding_text = receipt->path;
                q->is_supported = true;
            }
        }
    }
}

void rendered_judge(struct check *c, const struct directive *directive)
{
    struct assay_slice rest = directive->text, path = {0};
    while (rest.len > 0) {
        struct assay_slice part = assay_slice_cut(&rest, ' ');
        if (part.len > 7 && assay_slice_starts(part, "report=")) {
            path = (struct assay_slice){part.data + 7, part.len - 7};
        } else if (part.len > 0) {
            directive_say(c, RULE_C907, directive,
                          "unknown key: the beginning of a rendered part is begin report=PATH");
            return;
        }
    }
    if (path.len == 0) {
        directive_say(c, RULE_C907, directive, "the beginning of a rendered part is begin report=PATH");
    } else {
        judge_report(c, directive, path);
    }
}
