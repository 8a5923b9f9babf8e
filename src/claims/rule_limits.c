/* C203 margin, C210 derived-limit: values against the limits that the text states. */
#include "claims/record.h"
#include "claims/relation.h"

#include <math.h>

/* ---- C203 --- */

/* Of the two other quantities of the sentence that share a dimension: the limit and what was measured. */
static bool find_limit(const struct record *record, const struct quantity *said, struct quantity **ret_limit,
                       struct quantity **ret_value)
{
    *ret_limit = *ret_value = NULL;
    for (uint32_t i = 0; i < record->count; i++) {
        struct quantity *q = record->at[i];
        if (q == said || q->dim == DIM_RATIO || (q->dim == DIM_PERCENT && said->dim == DIM_PERCENT) || q->is_bare ||
            q->dim == DIM_COUNT) {
            continue;
        }
        struct quantity **slot = q->role == ROLE_THRESHOLD ? ret_limit : ret_value;
        if (*slot) {
            return false;
        }
        *slot = q;
    }
    return *ret_limit && *ret_value && (*ret_limit)->dim == (*ret_value)->dim;
}

/* A limit is a line, whatever bound stands before it. */
static struct range line(const struct quantity *limit)
{
    return range_of(limit->value, limit->value);
}

static bool margin_fits(const struct quantity *limit, const struct quantity *value, const struct quantity *said,
                        bool is_wide)
{
    struct range t = line(limit), v = is_wide ? value->w : value->h, s = is_wide ? said->w : said->h, tv, vt;
    struct range one = {1, 1}, size = range_abs(s);
    if (!range_div(t, v, &tv) || !range_div(v, t, &vt)) {
        return true;
    }
    return range_meets(tv, s) || range_meets(vt, s) || range_meets(range_abs(range_sub(one, vt)), size) ||
           range_meets(range_abs(range_sub(tv, one)), size);
}

static void judge_margin(struct check *c, const struct record *record, struct quantity *said)
{
    struct model *m = &c->m;
    struct words_near near = near_of(m, said->block, said->item, 4);
    bool is_better = near.direction == W_BETTER && sentence_has_word(m, said->block, said->item, W_TARGET);
    bool is_within_of = word_is_before(m, said, W_INSIDE, 1) && word_is_behind(m, said, W_OF, 1);
    struct quantity *limit = NULL, *value = NULL;
    if ((!near.is_margin && !is_better) || is_within_of || !find_limit(record, said, &limit, &value) ||
        value->bound != BOUND_EXACT) {
        return;
    }
    if (margin_fits(limit, value, said, false)) {
        check_holds(said);
        check_holds(value);
        return;
    }
    double up = limit->value > value->value ? limit->value / value->value : value->value / limit->value;
    double share = fabs(1 - value->value / limit->value);
    struct draft d = draft_at(c, RULE_C203, said);
    d.level = margin_fits(limit, value, said, true) ? (int)ASSAY_SEVERITY_NOTE : -1;
    draft_operand(&d, limit);
    draft_operand(&d, value);
    draft_say(&d, "%s against the limit %s is %s or %s, the text says %s", check_text(c, value), check_text(c, limit),
              check_factor(c, up), check_percent(c, share), check_text(c, said));
    draft_note(&d, "t/m, m/t, 1 - m/t and t/m - 1 were tried");
    draft_end(&d);
}

static void judge_margins(struct check *c, const struct record *record)
{
    for (uint32_t i = 0; i < record->count && record->is_text; i++) {
        struct quantity *q = record->at[i];
        if ((q->dim == DIM_RATIO || q->dim == DIM_PERCENT) && q->form == FORM_PLAIN && !q->is_in_pair) {
            judge_margin(c, record, q);
        }
    }
}

/* ---- C210 --- */

/* Whether the words behind (or before) a percentage put a limit above or below its base. */
static int side_of(const struct model *m, const struct quantity *percent, bool is_time)
{
    uint32_t from = 0, to = 0;
    sentence_of(m, percent->block, percent->item, &from, &to);
    for (uint32_t i = percent->item + 1; i <= percent->item + 2 && i < to; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind != ITEM_WORD) {
            return 0;
        }
        if (item->word == W_UNDER || item->word == W_LOWER || item->word == W_LESS) {
            return -1;
        }
        if (item->word == W_OVER || item->word == W_HIGHER || item->word == W_MORE) {
            return 1;
        }
        if (item->word == W_SLOWER || item->word == W_FASTER) {
            return (item->word == W_SLOWER) == is_time ? 1 : -1;
        }
        for (uint32_t k = percent->item; item->word == W_FROM && k > from; k--) {
            unsigned flags = claims_words[m->items.at[k - 1].word].flags;
            if (m->items.at[k - 1].kind == ITEM_WORD && flags & (WORD_UP | WORD_DOWN) && !(flags & WORD_COMPARED)) {
                return flags & WORD_UP ? 1 : -1;
            }
        }
    }
    return 0;
}

static void judge_derived(struct check *c, const struct record *record)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i + 2 < record->count && record->is_text; i++) {
        struct quantity *percent = record->at[i], *base = record->at[i + 1], *limit = record->at[i + 2];
        int side = percent->dim == DIM_PERCENT ? side_of(m, percent, base->dim == DIM_TIME) : 0;
        bool is_limit = limit->role == ROLE_THRESHOLD || word_is_before(m, limit, W_LIMIT, 3) ||
                        word_is_before(m, limit, W_TARGET, 3);
        if (side == 0 || base->dim != limit->dim || base->dim == DIM_PERCENT || base->item > percent->item + 6 ||
            !is_limit) {
            continue;
        }
        double exact = base->value * (1 + side * percent->value);
        struct range factor = range_of(1 + side * percent->value, 1 + side * percent->value);
        struct range allowed = range_mul((struct range){base->value - base->step, base->value + base->step}, factor);
        struct range stated = {limit->value - limit->step, limit->value + limit->step};
        if (range_meets(allowed, stated)) {
            check_holds(percent);
            continue;
        }
        struct draft d = draft_at(c, RULE_C210, limit);
        draft_operand(&d, percent);
        draft_operand(&d, base);
        draft_say(&d, "%s %s %s is %s, the limit says %s", check_text(c, percent), side < 0 ? "below" : "above",
                  check_text(c, base), check_value(c, base, exact), check_text(c, limit));
        draft_end(&d);
    }
}

static void judge_record(struct check *c, const struct record *record)
{
    judge_margins(c, record);
    judge_derived(c, record);
}

void rule_limits(struct check *c)
{
    record_each(c, false, judge_record);
}
