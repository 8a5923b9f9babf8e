/* C601, C605, C608 to C612 and C310: how far a claim reaches, and what it rests on. */
#include "claims/record.h"
#include "claims/relation.h"
#include "claims/series.h"

#include <math.h>
#include <string.h>

/* ---- C601 universal --- */

/* What the scope word and the direction of a sentence say of rows: +1 all are better, -1 none is worse. */
static bool speaks_for_all(const struct model *m, uint32_t block, uint32_t from, uint32_t to,
                           const struct item **ret_word, bool *ret_is_better)
{
    bool has_all = false, is_limited = false, has_no = false, has_regression = false;
    const struct item *direction = NULL;
    (void)block;
    for (uint32_t i = from; i < to; i++) {
        const struct item *item = &m->items.at[i];
        const struct word_row *row = &claims_words[item->word];
        if (item->kind != ITEM_WORD) {
            continue;
        }
        has_all |= item->word == W_ALL || item->word == W_CONSISTENTLY;
        is_limited |=
            row->class_of == CLASS_LIMITING || row->class_of == CLASS_HYPOTHETICAL || row->class_of == CLASS_MODAL;
        has_no |= item->word == W_NO;
        if (row->class_of == CLASS_DIRECTION && row->flags & (WORD_GOOD | WORD_BAD)) {
            direction = direction ? direction : item;
            has_regression |= item->word == W_REGRESSION || item->word == W_REGRESSED || item->word == W_SLOWER ||
                              item->word == W_WORSE;
        }
    }
    bool none_is_worse = has_no && has_regression;
    *ret_word = direction;
    *ret_is_better = true;
    return direction && !is_limited &&
           (none_is_worse || (has_all && !has_no && claims_words[direction->word].flags & WORD_GOOD));
}

/* A row on the other side: a factor below 1 or a change for the worse. */
static bool is_worse(const struct quantity *q, const struct model *m, const struct table *t)
{
    if (q->dim == DIM_RATIO && q->metric && (q->metric & 0xffff) == W_SPEEDUP) {
        return q->h.hi < 1;
    }
    bool is_signed = q->dim == DIM_PERCENT && q->num.has_sign;
    unsigned flags = q->metric ? claims_words[q->metric & 0xffff].flags : 0;
    (void)m;
    (void)t;
    if (!is_signed || !(flags & (WORD_HIGHER | WORD_LOWER)) || (q->metric & 0xffff) == W_SPEEDUP) {
        return false;
    }
    return flags & WORD_HIGHER ? q->h.hi < 0 : q->h.lo > 0;
}

/* A row of a time before and a time after that grew. */
static struct quantity *slower_row(struct model *m, const struct table *t)
{
    struct quantity *found = NULL;
    for (uint32_t row = 1; row <= t->rows && t->columns == 3; row++) {
        struct quantity *a = model_cell_quantity(m, t, row, 1), *b = model_cell_quantity(m, t, row, 2);
        struct tokens was = a ? claims_tokens(m, a, CLASS_ARM) : (struct tokens){0},
                      is = b ? claims_tokens(m, b, CLASS_ARM) : (struct tokens){0};
        bool are_times = a && b && a->dim == DIM_TIME && b->dim == DIM_TIME;
        bool are_arms = was.count == 1 && is.count == 1 && claims_words[was.at[0] & 0xffff].flags & WORD_FIRST &&
                        claims_words[is.at[0] & 0xffff].flags & WORD_SECOND;
        if (!are_times || !are_arms) {
            return NULL;
        }
        found = !found && b->w.lo > a->w.hi ? b : found;
    }
    return found;
}

static struct quantity *worse_row(struct check *c, uint32_t block, struct quantity **ret_any)
{
    struct model *m = &c->m;
    const struct block *b = &m->blocks.at[block];
    struct quantity *found = NULL;
    uint32_t tables = 0;
    for (uint32_t i = 0; i < m->tables.count; i++) {
        const struct table *t = &m->tables.at[i];
        if (t->file != b->file || (t->section != b->section && !b->is_lead)) {
            continue;
        }
        bool has_change = false;
        struct quantity *slower = slower_row(m, t);
        if (slower) {
            found = found ? found : slower;
            has_change = true;
        }
        for (uint32_t row = 1; row <= t->rows; row++) {
            for (uint32_t column = 1; column < t->columns; column++) {
                struct quantity *q = model_cell_quantity(m, t, row, column);
                bool is_change = q && q->role != ROLE_THRESHOLD &&
                                 (q->dim == DIM_RATIO || (q->dim == DIM_PERCENT && q->num.has_sign));
                has_change |= is_change;
                if (is_change && !found && is_worse(q, m, t)) {
                    found = q;
                }
                *ret_any = is_change ? q : *ret_any;
            }
        }
        tables += has_change;
    }
    return tables == 1 || b->is_lead ? found : NULL;
}

static void judge_universal(struct check *c, uint32_t block, uint32_t from, uint32_t to)
{
    struct model *m = &c->m;
    const struct item *word = NULL;
    bool is_better = false;
    struct quantity *any = NULL;
    if (!(m->sentences.at[m->items.at[from].sentence].classes & UINT32_C(1) << CLASS_DIRECTION) ||
        !speaks_for_all(m, block, from, to, &word, &is_better)) {
        return;
    }
    struct quantity *row = worse_row(c, block, &any);
    if (!row) {
        return;
    }
    uint32_t at = model_source_of(m, block, word->flat);
    struct draft d = draft_at_bytes(c, RULE_C601, m->blocks.at[block].file, at, at + word->len);
    draft_operand(&d, row);
    draft_say(&d, "said of all, but a row says %s", check_text(c, row));
    draft_note(&d, "name the exception, or say 'most'");
    draft_end(&d);
}

/* ---- C605 count-vs-rows --- */

/* "with eight streams, measured by ...": how it was done, not how many were measured. */
static bool is_after_with(const struct model *m, const struct quantity *q)
{
    const struct block *b = &m->blocks.at[q->block];
    if (q->item <= b->item) {
        return false;
    }
    const struct item *before = &m->items.at[q->item - 1];
    const char *text = model_text(m, q->block).data + (before->flat - b->flat);
    return before->kind == ITEM_WORD && before->len == 4 && strncasecmp(text, "with", 4) == 0;
}

static void judge_count(struct check *c, struct quantity *q)
{
    struct model *m = &c->m;
    bool is_measured =
        sentence_has_word(m, q->block, q->item, W_MEASURED) || sentence_has_word(m, q->block, q->item, W_TESTED);
    if (q->dim != DIM_COUNT || q->form != FORM_PLAIN || q->bound != BOUND_EXACT || !is_measured || q->value < 2 ||
        q->value > 50 || is_after_with(m, q)) {
        return;
    }
    for (uint32_t i = 0; i < m->tables.count; i++) {
        const struct table *t = &m->tables.at[i];
        uint32_t header = model_cell(m, t, 0, 0);
        const struct block *h = header == NONE32 ? NULL : &m->blocks.at[header];
        bool is_of_noun =
            h && h->items == 1 && m->items.at[h->item].kind == ITEM_WORD && q->noun == claims_noun_of(m, header);
        if (t->file != q->file || t->is_partial || !is_of_noun) {
            continue;
        }
        uint32_t rows = 0;
        for (uint32_t row = 1; row <= t->rows; row++) {
            uint32_t label = model_cell(m, t, row, 0);
            bool is_summary = label != NONE32 && m->blocks.at[label].items > 0 &&
                              (claims_words[m->items.at[m->blocks.at[label].item].word].class_of == CLASS_WHOLE ||
                               claims_words[m->items.at[m->blocks.at[label].item].word].class_of == CLASS_STAT);
            rows += !is_summary;
        }
        if (rows == q->value) {
            check_holds(q);
            return;
        }
        struct draft d = draft_at(c, RULE_C605, q);
        draft_operand_block(&d, header);
        draft_say(&d, "%s are said to be measured, the table has %u", check_text(c, q), rows);
        draft_end(&d);
    }
}

/* ---- C310 within-noise --- */

static void judge_noise(struct check *c, const struct pair *pair)
{
    struct model *m = &c->m;
    struct quantity *a = &m->quantities.at[pair->a], *b = &m->quantities.at[pair->b], *n_at = NULL;
    bool says_better = sentence_has_class(m, pair->block, pair->from, CLASS_DIRECTION) &&
                       !sentence_has_word(m, pair->block, pair->from, W_NO) &&
                       !sentence_has_word(m, pair->block, pair->from, W_NOT);
    if (a->form != FORM_SPREAD || b->form != FORM_SPREAD || !says_better) {
        return;
    }
    double n = series_n(c, a, &n_at);
    if (n < 2) {
        return;
    }
    /* read as sd: the widest reading of the standard error is the smallest spread, which is least likely to be noise */
    double gap = fabs(a->value - b->value);
    double se_sd = sqrt((a->spread.hi * a->spread.hi + b->spread.hi * b->spread.hi) / n);
    double se_se = sqrt(a->spread.hi * a->spread.hi + b->spread.hi * b->spread.hi);
    double se_ci = se_se / 1.96;
    double least = se_sd < se_ci ? se_sd : se_ci;
    if (gap >= 2 * least) {
        check_holds(a);
        check_holds(b);
        return;
    }
    struct draft d = draft_at(c, RULE_C310, b);
    draft_operand(&d, a);
    draft_say(&d, "the difference of %s is within the noise: two standard errors are %s (n = %g)",
              check_value(c, a, gap), check_value(c, a, 2 * least), n);
    draft_end(&d);
}

/* ---- C612 mean-of-ratios, notes C608, C609, C611 --- */

/* The values that a ratio is of: "faster" speaks of times and rates, "smaller" of anything else. */
static bool has_absolute_near(struct check *c, const struct quantity *q)
{
    enum { NEAR = 200 };
    const struct model *m = &c->m;
    uint32_t self = (uint32_t)(q - m->quantities.at), section = m->blocks.at[q->block].section;
    bool is_speed = q->metric == TOKEN_WORD(W_SPEEDUP) && !word_is_behind(m, q, W_SMALLER, 1) &&
                    !word_is_behind(m, q, W_LESS, 1) && !word_is_behind(m, q, W_LARGER, 1);
    for (uint32_t i = self > NEAR ? self - NEAR : 0; is_speed && i < m->quantities.count && i < self + NEAR; i++) {
        const struct quantity *other = &m->quantities.at[i];
        bool is_absolute = other->dim == DIM_TIME || DIM_DEN(other->dim) == DIM_TIME || other->dim == DIM_MONEY;
        bool is_there =
            other->block == q->block || (other->table != NONE32 && m->blocks.at[other->block].section == section);
        if (is_absolute && is_there && other->file == q->file) {
            return true;
        }
    }
    return false;
}

static void note_ratio(struct check *c, struct quantity *q)
{
    bool has_absolute = q->is_related || q->table != NONE32 || q->num.has_sign;
    bool is_relative = q->role == ROLE_RATIO && !q->is_evidence && q->bound == BOUND_EXACT;
    if (is_relative && !has_absolute && check_is_shown(c, RULE_C611) && !has_absolute_near(c, q)) {
        struct draft d = draft_at(c, RULE_C611, q);
        draft_say(&d, "%s without the two values that it is the ratio of", check_text(c, q));
        draft_end(&d);
    }
}

/* n stands in the row, in the caption, or somewhere in the section. */
static bool has_n_near(struct check *c, const struct quantity *q)
{
    enum { NEAR = 200 };
    const struct model *m = &c->m;
    uint32_t self = (uint32_t)(q - m->quantities.at), section = m->blocks.at[q->block].section;
    for (uint32_t i = self > NEAR ? self - NEAR : 0; i < m->quantities.count && i < self + NEAR; i++) {
        const struct quantity *n = &m->quantities.at[i];
        bool counts = n->stat == STAT_N || n->unit == UNIT_SAMPLES || n->unit == UNIT_RUNS;
        if (counts && n->file == q->file && m->blocks.at[n->block].section == section) {
            return true;
        }
    }
    return false;
}

static void note_n(struct check *c, struct quantity *q)
{
    struct quantity *n_at = NULL;
    bool is_statistic = q->stat >= STAT_MIN && q->stat <= STAT_CV && q->role == ROLE_MEASURED && !q->is_evidence;
    if (is_statistic && check_is_shown(c, RULE_C608) && series_n(c, q, &n_at) == 0 && !has_n_near(c, q)) {
        struct draft d = draft_at(c, RULE_C608, q);
        draft_say(&d, "%s without n", check_text(c, q));
        draft_end(&d);
    }
}

/* "4 % faster (± 1 %)" */
static bool states_spread(const struct model *m, const struct pair *pair)
{
    uint32_t from = 0, to = 0;
    sentence_of(m, pair->block, pair->from, &from, &to);
    for (uint32_t i = from; i < to; i++) {
        if (m->items.at[i].kind == ITEM_MARK && m->items.at[i].word == MARK_PLUS_MINUS) {
            return true;
        }
    }
    return false;
}

static void note_spread(struct check *c, const struct pair *pair)
{
    struct quantity *change = pair->change == NONE32 ? NULL : &c->m.quantities.at[pair->change];
    const struct quantity *a = &c->m.quantities.at[pair->a];
    if (change && change->dim == DIM_PERCENT && fabs(change->value) < 0.1 && a->form != FORM_SPREAD &&
        change->form != FORM_SPREAD && !states_spread(&c->m, pair)) {
        struct draft d = draft_at(c, RULE_C609, change);
        draft_say(&d, "a difference of %s without a spread", check_text(c, change));
        draft_end(&d);
    }
}

void rule_scope(struct check *c)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->blocks.count; i++) {
        const struct block *b = &m->blocks.at[i];
        bool is_text = b->kind == BLOCK_PARAGRAPH || b->kind == BLOCK_HEADING || b->kind == BLOCK_ITEM;
        for (uint32_t from = b->item; is_text && m->tables.count > 0 && from < b->item + b->items;) {
            uint32_t first = 0, to = 0;
            sentence_of(m, i, from, &first, &to);
            judge_universal(c, i, from, to);
            from = to;
        }
        for (uint32_t k = b->quantity; is_text && k < b->quantity + b->quantities; k++) {
            judge_count(c, &m->quantities.at[k]);
        }
    }
    for (uint32_t i = 0; i < m->pairs.count; i++) {
        judge_noise(c, &m->pairs.at[i]);
        note_spread(c, &m->pairs.at[i]);
    }
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        note_ratio(c, &m->quantities.at[i]);
        note_n(c, &m->quantities.at[i]);
    }
}
