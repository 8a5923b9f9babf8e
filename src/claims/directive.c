/* Comments that speak to assay: what they say, and what they suppress. */
#include "claims/directive.h"

#include "claims/binding.h"

#include <string.h>

#define REASON_BYTES_MIN 10 /* "ok" is no reason */

static bool take_keyword(struct assay_slice *text, const char *keyword)
{
    size_t len = strlen(keyword);
    if (text->len < len || memcmp(text->data, keyword, len) != 0 ||
        (text->len > len && text->data[len] != ' ' && text->data[len] != '\n')) {
        return false;
    }
    *text = assay_slice_trim((struct assay_slice){text->data + len, text->len - len});
    return true;
}

void directive_say(struct check *c, enum rule_id rule, const struct directive *directive, const char *what)
{
    struct draft d = draft_at_bytes(c, rule, directive->file, directive->from, directive->to);
    draft_say(&d, "%s", what);
    draft_end(&d);
}

void directive_classify(struct directive *directive)
{
    static const struct {
        const char *keyword;
        uint8_t kind;
    } KEYWORDS[] = {{"ignore-file", DIRECTIVE_IGNORE_FILE},
                    {"ignore", DIRECTIVE_IGNORE},
                    {"table", DIRECTIVE_TABLE},
                    {"begin", DIRECTIVE_BEGIN},
                    {"end", DIRECTIVE_END}};
    if (directive->kind == DIRECTIVE_LINK) {
        return;
    }
    for (size_t i = 0; i < sizeof KEYWORDS / sizeof KEYWORDS[0]; i++) {
        if (take_keyword(&directive->text, KEYWORDS[i].keyword)) {
            directive->kind = KEYWORDS[i].kind;
            return;
        }
    }
    bool is_spaced = directive->text.len > 0 && (directive->text.data[0] == ' ' || directive->text.data[0] == '\n');
    directive->text = assay_slice_trim(directive->text);
    directive->kind = is_spaced && directive->text.len > 0 ? DIRECTIVE_BIND : DIRECTIVE_BAD;
}

struct suppression suppression_read(struct assay_slice text)
{
    struct suppression s = {0};
    size_t rule = 0;
    while (rule < text.len && text.data[rule] != ' ') {
        rule++;
    }
    s.rule = (struct assay_slice){text.data, rule};
    struct assay_slice rest = assay_slice_trim((struct assay_slice){text.data + rule, text.len - rule});
    bool is_rule = rule >= 2 && rule <= 4 && text.data[0] == 'C';
    for (size_t i = 1; i < rule; i++) {
        is_rule &= text.data[i] >= '0' && text.data[i] <= '9';
    }
    if (!is_rule) {
        s.error = "names no rule: C602, or a family like C6";
    } else if (!assay_slice_starts(rest, "reason=\"") || rest.len < 9 || rest.data[rest.len - 1] != '"') {
        s.error = "has no reason=\"...\"";
    } else {
        s.reason = (struct assay_slice){rest.data + 8, rest.len - 9};
        s.error = s.reason.len < REASON_BYTES_MIN ? "has a reason of less than 10 characters" : NULL;
    }
    return s;
}

/* ---- applying --- */

static bool names_rule(struct assay_slice wish, const char *id)
{
    return wish.len <= strlen(id) && memcmp(id, wish.data, wish.len) == 0;
}

/* The bytes that a suppression covers: its line when it stands in text, else the block or table below. */
static bool covers(const struct check *c, const struct directive *directive, const struct finding_key *key)
{
    const struct model *m = &c->m;
    const struct file *f = &m->files.at[directive->file];
    if (key->file != directive->file) {
        return false;
    }
    if (directive->kind == DIRECTIVE_IGNORE_FILE) {
        return true;
    }
    if (directive->block != NONE32) {
        return model_line_of(f, key->from) == model_line_of(f, directive->from);
    }
    if (directive->next_table != NONE32 &&
        (directive->next_block == NONE32 || m->tables.at[directive->next_table].cell < m->cells.count)) {
        const struct table *t = &m->tables.at[directive->next_table];
        bool is_first = directive->next_block == NONE32 ||
                        m->segments.at[m->blocks.at[directive->next_block].segment].source > t->from;
        if (is_first && key->from + 2 >= t->from && key->from <= t->to) {
            return true;
        }
    }
    if (directive->next_block == NONE32) {
        return false;
    }
    const struct block *b = &m->blocks.at[directive->next_block];
    uint32_t from = model_source_of(m, directive->next_block, b->flat);
    uint32_t to = b->flat_len ? model_source_of(m, directive->next_block, b->flat + b->flat_len - 1) : from;
    return key->from >= from && key->from <= to;
}

static bool may_suppress(const char *id)
{
    return id[1] != '9' || strcmp(id, "C901") == 0 || strcmp(id, "C908") == 0;
}

static void suppress(struct check *c, struct directive *directive, const struct suppression *s)
{
    const char *reason = NULL;
    for (uint32_t i = 0; i < c->findings.count; i++) {
        struct assay_finding *finding = &c->findings.at[i];
        if (finding->is_suppressed || !names_rule(s->rule, finding->rule->id) ||
            !covers(c, directive, &c->keys.at[i]) || !may_suppress(finding->rule->id)) {
            continue;
        }
        reason =
            reason ? reason : check_printf(c, "%.*s", (int)(s->reason.len > 200 ? 200 : s->reason.len), s->reason.data);
        finding->is_suppressed = true;
        finding->reason = reason;
        directive->was_used = true;
    }
}

static void say_directive(struct check *c, enum rule_id rule, const struct directive *directive, const char *what)
{
    struct draft d = draft_at_bytes(c, rule, directive->file, directive->from, directive->to);
    draft_say(&d, "%s", what);
    draft_end(&d);
}

void claims_suppress(struct check *c)
{
    struct model *m = &c->m;
    uint32_t findings = 0;
    for (uint32_t i = 0; i < m->directives.count; i++) {
        struct directive *directive = &m->directives.at[i];
        if (directive->kind != DIRECTIVE_IGNORE && directive->kind != DIRECTIVE_IGNORE_FILE) {
            continue;
        }
        struct suppression s = suppression_read(directive->text);
        if (s.error) {
            say_directive(c, RULE_C907, directive, check_printf(c, "this suppression %s", s.error));
            continue;
        }
        if (!m->request->options.ignores_suppressions) {
            suppress(c, directive, &s);
            if (!directive->was_used) {
                say_directive(c, RULE_C908, directive, "this suppression matches no finding");
            }
        }
    }
    (void)findings;
}

/* By fingerprint, from the policy: the only way for C902 to C907, and for JSON. */
void claims_suppress_by_policy(struct check *c, struct assay_finding *finding)
{
    const struct assay_claims_policy *policy = &c->m.request->policy;
    for (size_t i = 0; i < policy->suppress_count; i++) {
        if (strcmp(policy->suppress[i].fingerprint, finding->fingerprint) == 0) {
            finding->is_suppressed = true;
            finding->reason = policy->suppress[i].reason;
        }
    }
}
