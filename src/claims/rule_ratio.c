/* C202 ratio, C209 direction, and change columns of tables (C201, C202). */
#include "claims/check.h"
#include "claims/relation.h"

#include <math.h>
#include <string.h>

#define ARMS_MAX 6 /* columns that are tried in pairs: more would fit any ratio */

/* ---- readings of a factor --- */

static bool quotient(struct range a, struct range b, struct range *ret)
{
    return range_div(a, b, ret);
}

/* Whether a stated factor is a/b or b/a; "N times faster" may also mean one more. */
static bool factor_fits(const struct quantity *a, const struct quantity *b, const struct quantity *said, bool is_wide)
{
    struct range x = is_wide ? a->w : a->h, y = is_wide ? b->w : b->h, s = is_wide ? said->w : said->h;
    struct range ab, ba;
    bool has_ab = quotient(x, y, &ab), has_ba = quotient(y, x, &ba);
    struct range more = range_add(s, (struct range){1, 1});
    return (has_ab && (range_meets(ab, s) || range_meets(ab, more))) ||
           (has_ba && (range_meets(ba, s) || range_meets(ba, more)));
}

static void say_factor(struct check *c, const struct quantity *a, const struct quantity *b, struct quantity *said,
                       int level)
{
    double up = fabs(a->value) > fabs(b->value) ? a->value / b->value : b->value / a->value;
    double exact = said->value < 1 && said->value > 0 ? 1 / up : up;
    struct range ab = {0}, ba = {0};
    struct draft d = draft_at(c, RULE_C202, said);
    d.level = level;
    draft_operand(&d, a);
    draft_operand(&d, b);
    draft_say(&d, "%s against %s is %s, the text says %s", check_text(c, a), check_text(c, b), check_factor(c, exact),
              check_text(c, said));
    if (quotient(a->w, b->w, &ab) && quotient(b->w, a->w, &ba)) {
        draft_reading(&d, "a/b", ab);
        draft_reading(&d, "b/a", ba);
        draft_note(&d, "as printed they allow %s .. %s or %s .. %s; %s", check_factor(c, ab.lo), check_factor(c, ab.hi),
                   check_factor(c, ba.lo), check_factor(c, ba.hi),
                   level == ASSAY_SEVERITY_NOTE ? "only a careless last digit gives the stated one"
                                                : "no reading gives the stated one");
    }
    draft_note(&d, "%s would be right", check_factor(c, exact));
    draft_end(&d);
}

static void judge_factor(struct check *c, const struct pair *pair)
{
    struct quantity *a = &c->m.quantities.at[pair->a], *b = &c->m.quantities.at[pair->b];
    struct quantity *said = &c->m.quantities.at[pair->change];
    if (range_holds(a->w, 0) || range_holds(b->w, 0)) {
        check_undecided(c, RULE_C202, said, "one of the values may be zero");
    } else if (factor_fits(a, b, said, false)) {
        check_holds(a);
        check_holds(b);
        check_holds(said);
    } else {
        say_factor(c, a, b, said, factor_fits(a, b, said, true) ? (int)ASSAY_SEVERITY_NOTE : -1);
    }
}

void rule_ratio(struct check *c)
{
    for (uint32_t i = 0; i < c->m.pairs.count; i++) {
        const struct pair *pair = &c->m.pairs.at[i];
        if (pair->change != NONE32 && c->m.quantities.at[pair->change].dim == DIM_RATIO) {
            judge_factor(c, pair);
        }
    }
}

/* ---- C209 --- */

/* +1: more is better; -1: less is better; 0: not known. */
static int better_of(const struct model *m, const struct quantity *q)
{
    uint32_t word = q->metric & 0xffff;
    if (!q->metric && q->dim == DIM_TIME && claims_tokens(m, q, CLASS_PHASE).count > 0) {
        return -1; /* "start-up improved, from 35 ms to 52 ms" */
    }
    if (!q->metric || word >= W_COUNT_OF) {
        return 0;
    }
    unsigned flags = claims_words[word].flags;
    if (word == W_RATE && q->dim == DIM_PERCENT) {
        return 0;
    }
    bool is_amount = word == W_FOOTPRINT || word == W_COVERAGE;
    return is_amount ? 0 : flags & WORD_HIGHER ? 1 : flags & WORD_LOWER ? -1 : 0;
}

/* "up" and "down" say a direction only directly before what moves ("down from 30 ms"), and never inside a name. */
static bool is_loose_word(const struct model *m, uint32_t item, const struct pair *pair)
{
    const struct item *word = &m->items.at[item];
    bool is_adverb = word->word == W_UPWARD || word->word == W_DOWNWARD;
    bool is_near = item + 2 >= pair->from && item <= pair->to + 1;
    const struct block *b = &m->blocks.at[pair->block];
    const char *text = model_text(m, pair->block).data;
    uint32_t from = word->flat - b->flat, to = from + word->len;
    bool is_part = word->flags & ITEM_GLUED ||
                   (from > 0 && text[from - 1] != '\0' && strchr("-./=_", text[from - 1])) ||
                   (to + 1 < b->flat_len && strchr("-./=_", text[to]) && text[to] != '\0' && text[to + 1] > ' ');
    return is_part || (is_adverb && !is_near);
}

/* The direction word that is said of a pair: the nearest before it, else one behind it, before the next pair. */
static const struct item *direction_of(const struct model *m, const struct pair *pair, uint32_t begin, uint32_t end)
{
    for (uint32_t i = pair->from; i > begin; i--) {
        const struct item *item = &m->items.at[i - 1];
        const struct word_row *row = &claims_words[item->word];
        bool is_up_to = item->word == W_UPWARD && i < pair->from && m->items.at[i].word == W_TO;
        if (item->kind == ITEM_WORD && row->class_of == CLASS_DIRECTION &&
            !(row->flags & (WORD_COMPARED | WORD_NOUN)) && !is_up_to && !is_loose_word(m, i - 1, pair) &&
            item->word != W_UNCHANGED) {
            return item;
        }
        if (item->kind == ITEM_MARK && (item->word == ';' || item->word == ')' || item->word == '|')) {
            break;
        }
    }
    for (uint32_t i = pair->to + 1; i < end && i <= pair->to + 6; i++) {
        const struct item *item = &m->items.at[i];
        const struct word_row *row = &claims_words[item->word];
        if (item->kind == ITEM_WORD && row->class_of == CLASS_DIRECTION && item->word != W_UNCHANGED &&
            !is_loose_word(m, i, pair)) {
            return item;
        }
        bool is_other = item->kind == ITEM_WORD &&
                        (item->word == W_AND || item->word == W_TO || TOKEN_CLASS(item->hash) == CLASS_METRIC);
        if ((item->kind == ITEM_MARK && (item->word == ';' || item->word == ',')) || is_other) {
            break;
        }
    }
    return NULL;
}

static bool is_false(unsigned flags, int movement, int better)
{
    if (flags & (WORD_GOOD | WORD_BAD)) {
        return better != 0 && (flags & WORD_GOOD ? 1 : -1) != movement * better;
    }
    if (flags & (WORD_UP | WORD_DOWN)) {
        return (flags & WORD_UP ? 1 : -1) != movement;
    }
    return false;
}

static void judge_direction(struct check *c, uint32_t index)
{
    struct model *m = &c->m;
    const struct pair *pair = &m->pairs.at[index];
    struct quantity *a = &m->quantities.at[pair->a], *b = &m->quantities.at[pair->b];
    uint32_t from = 0, to = 0;
    sentence_of(m, pair->block, pair->from, &from, &to);
    bool follows = index > 0 && m->pairs.at[index - 1].block == pair->block && m->pairs.at[index - 1].to < pair->from;
    uint32_t begin = follows && m->pairs.at[index - 1].to + 1 > from ? m->pairs.at[index - 1].to + 1 : from;
    bool precedes = index + 1 < m->pairs.count && m->pairs.at[index + 1].block == pair->block;
    uint32_t end = precedes && m->pairs.at[index + 1].from < to ? m->pairs.at[index + 1].from : to;
    const struct item *word = direction_of(m, pair, begin, end);
    bool is_disjoint = a->w.hi < b->w.lo || b->w.hi < a->w.lo;
    if (!word || !is_disjoint || !pair->is_ordered || sentence_has_word(m, pair->block, pair->from, W_NOT) ||
        sentence_has_class(m, pair->block, pair->from, CLASS_HYPOTHETICAL)) {
        return;
    }
    bool is_share = a->dim == DIM_PERCENT || a->dim == DIM_RATIO;
    if (is_share && claims_words[word->word].flags & WORD_COMPARED) {
        return; /* "25 % to 35 % smaller" is a range */
    }
    int movement = b->value > a->value ? 1 : -1;
    unsigned flags = claims_words[word->word].flags;
    if (!is_false(flags, movement, better_of(m, a))) {
        check_holds(a);
        check_holds(b);
        return;
    }
    struct draft d = draft_at(c, RULE_C209, b);
    uint32_t at = model_source_of(m, pair->block, word->flat);
    draft_operand(&d, a);
    draft_operand_bytes(&d, a->file, at, at + word->len);
    struct assay_slice text = model_source(m, a->file, at, at + word->len);
    draft_say(&d, "the text says '%.*s', but %s to %s goes %s%s", (int)text.len, text.data, check_text(c, a),
              check_text(c, b), movement > 0 ? "up" : "down",
              flags & (WORD_GOOD | WORD_BAD)
                  ? (movement * better_of(m, a) > 0 ? ", which is better" : ", which is worse")
                  : "");
    draft_end(&d);
}

void rule_direction(struct check *c)
{
    for (uint32_t i = 0; i < c->m.pairs.count; i++) {
        judge_direction(c, i);
    }
}

/* ---- change columns and rows --- */

static bool names_change(const struct model *m, uint32_t block)
{
    const struct block *b = block == NONE32 ? NULL : &m->blocks.at[block];
    for (uint32_t i = b ? b->item : 0; b && i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        unsigned class_of = claims_words[item->word].class_of;
        if (item->kind == ITEM_WORD &&
            (class_of == CLASS_DELTA || class_of == CLASS_DIRECTION || item->word == W_SPEEDUP || item->word == W_VS)) {
            return true;
        }
    }
    return false;
}

struct arms {
    struct quantity *at[ARMS_MAX];
    uint32_t count;
    bool is_over;
};

static void take_arm(struct arms *arms, struct quantity *q)
{
    bool is_arm = q && q->form != FORM_FRACTION && q->dim != DIM_RATIO && q->dim != DIM_NONE && !q->is_row_label &&
                  q->role != ROLE_THRESHOLD && q->role != ROLE_PARAMETER && q->bound == BOUND_EXACT;
    if (!is_arm) {
        return;
    }
    if (arms->count == ARMS_MAX) {
        arms->is_over = true;
        return;
    }
    arms->at[arms->count++] = q;
}

/* A change of percentages is told apart from shares by its sign. */
static bool change_fits(const struct quantity *a, const struct quantity *b, const struct quantity *said, bool is_wide)
{
    struct range x = is_wide ? a->w : a->h, y = is_wide ? b->w : b->h, s = is_wide ? said->w : said->h, r;
    if (said->dim == DIM_RATIO) {
        return factor_fits(a, b, said, is_wide);
    }
    struct range one = {1, 1}, size = range_abs(s);
    if (said->dim == a->dim || said->dim == DIM_POINTS) {
        struct range gap = range_sub(y, x);
        if (range_meets(range_abs(gap), size)) {
            return true;
        }
    }
    if (!range_div(y, x, &r)) {
        return true; /* cannot be decided */
    }
    if (range_meets(range_sub(r, one), s) || range_meets(r, s)) {
        return true;
    }
    bool is_signed = said->num.has_sign;
    return !is_signed && range_meets(range_abs(range_sub(r, one)), size);
}

static void judge_cell(struct check *c, struct quantity *said, const struct arms *arms)
{
    struct quantity *first[2] = {NULL, NULL};
    bool fits_wide = false;
    for (uint32_t i = 0; i < arms->count; i++) {
        for (uint32_t k = 0; k < arms->count; k++) {
            struct quantity *a = arms->at[i], *b = arms->at[k];
            if (i == k || a->dim != b->dim || a->noun != b->noun || a->stat != b->stat) {
                continue;
            }
            if (change_fits(a, b, said, false)) {
                check_holds(said);
                check_holds(a);
                check_holds(b);
                return;
            }
            fits_wide |= change_fits(a, b, said, true);
            if (!first[0]) {
                first[0] = a;
                first[1] = b;
            }
        }
    }
    if (!first[0] || arms->is_over) {
        return;
    }
    if (said->dim == DIM_RATIO) {
        say_factor(c, first[0], first[1], said, fits_wide ? (int)ASSAY_SEVERITY_NOTE : -1);
        return;
    }
    struct draft d = draft_at(c, RULE_C201, said);
    d.level = fits_wide ? (int)ASSAY_SEVERITY_NOTE : -1;
    draft_operand(&d, first[0]);
    draft_operand(&d, first[1]);
    draft_say(&d, "%s to %s is %s, the table says %s", check_text(c, first[0]), check_text(c, first[1]),
              check_percent(c, first[1]->value / first[0]->value - 1), check_text(c, said));
    draft_note(&d, "tried every ordered pair of %u arms in the row", arms->count);
    draft_end(&d);
}

static bool is_change(const struct quantity *q)
{
    return q && (q->dim == DIM_PERCENT || q->dim == DIM_POINTS || q->dim == DIM_RATIO) && q->form == FORM_PLAIN &&
           q->role != ROLE_THRESHOLD;
}

static void judge_columns(struct check *c, const struct table *t)
{
    struct model *m = &c->m;
    for (uint32_t column = 0; column < t->columns; column++) {
        if (!names_change(m, model_cell(m, t, 0, column))) {
            continue;
        }
        for (uint32_t row = 1; row <= t->rows; row++) {
            struct quantity *said = model_cell_quantity(m, t, row, column);
            struct arms arms = {0};
            for (uint32_t k = 0; k < t->columns && is_change(said); k++) {
                if (k != column && !names_change(m, model_cell(m, t, 0, k))) {
                    take_arm(&arms, model_cell_quantity(m, t, row, k));
                }
            }
            if (arms.count >= 2) {
                judge_cell(c, said, &arms);
            }
        }
    }
}

static void judge_rows(struct check *c, const struct table *t)
{
    struct model *m = &c->m;
    for (uint32_t row = 1; row <= t->rows; row++) {
        uint32_t label = claims_row_label(m, t, row);
        if (!names_change(m, label)) {
            continue;
        }
        for (uint32_t column = 0; column < t->columns; column++) {
            struct quantity *said = model_cell_quantity(m, t, row, column);
            struct arms arms = {0};
            for (uint32_t k = 1; k <= t->rows && is_change(said) && t->rows <= ARMS_MAX; k++) {
                if (k != row && !names_change(m, claims_row_label(m, t, k))) {
                    take_arm(&arms, model_cell_quantity(m, t, k, column));
                }
            }
            if (arms.count == 2) {
                judge_cell(c, said, &arms);
            }
        }
    }
}

void change_tables(struct check *c)
{
    for (uint32_t i = 0; i < c->m.tables.count; i++) {
        judge_columns(c, &c->m.tables.at[i]);
        judge_rows(c, &c->m.tables.at[i]);
    }
}
