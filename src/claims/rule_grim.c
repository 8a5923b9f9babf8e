/* C305 grim, C306 percent-of-n, C204 fraction: what whole numbers can give. */
#include "claims/series.h"

#include "claims/relation.h"

#include <math.h>
#include <string.h>

#define GRIM_N_MAX 10000 /* more are no counts that a person averages by hand */
#define N_MAX 100000     /* above it every printed percentage can be had */

static bool is_whole(const struct quantity *q)
{
    return q->num.exp10 >= 0 && q->form == FORM_PLAIN && q->bound == BOUND_EXACT && q->value >= 0 && q->value <= N_MAX;
}

/* Whether an integer lies in n times the range. */
static bool has_integer(struct range w, double n)
{
    struct range scaled = range_scale(w, n);
    return floor(scaled.hi) >= ceil(scaled.lo);
}

/* ---- C305 --- */

/* The count of what the mean is per: "2.33 retries a file, n = 8", "over 8 files". */
static double n_of_mean(struct check *c, const struct quantity *q, struct quantity **ret_at)
{
    struct model *m = &c->m;
    const struct block *b = &m->blocks.at[q->block];
    double n = series_n(c, q, ret_at);
    enum { NEAR = 64 }; /* quantities to either side: further off another thing is counted */
    uint32_t self = (uint32_t)(q - m->quantities.at), end = b->quantity + b->quantities;
    uint32_t first = self > b->quantity + NEAR ? self - NEAR : b->quantity;
    for (uint32_t i = first; n == 0 && i < end && i < self + NEAR; i++) {
        struct quantity *other = &m->quantities.at[i];
        if (q->per && other->noun == q->per && other->dim == DIM_COUNT && is_whole(other)) {
            *ret_at = other;
            n = other->value;
        }
    }
    return n;
}

static void judge_grim(struct check *c, struct quantity *q)
{
    struct quantity *n_at = NULL;
    bool is_mean = q->dim == DIM_OVER(DIM_COUNT, DIM_COUNT) || (q->dim == DIM_COUNT && q->stat == STAT_MEAN);
    if (!is_mean || q->num.exp10 >= 0 || q->bound != BOUND_EXACT || q->form != FORM_PLAIN ||
        q->num.exp10 + (int)q->num.count < -3) {
        return;
    }
    double n = n_of_mean(c, q, &n_at);
    if (n < 2 || n > GRIM_N_MAX || q->num.exp10 < -4 || n * 2 * q->step >= 1) {
        return;
    }
    if (has_integer(q->w, n)) {
        check_holds(q);
        return;
    }
    struct draft d = draft_at(c, RULE_C305, q);
    double below = floor(q->value * n), above = below + 1;
    if (n_at) {
        draft_operand(&d, n_at);
    }
    draft_say(&d, "no %g whole numbers have a mean of %s", n, check_text(c, q));
    draft_note(&d, "%g / %g = %.*f and %g / %g = %.*f are the nearest", below, n, -q->num.exp10 + 1, below / n, above,
               n, -q->num.exp10 + 1, above / n);
    draft_end(&d);
}

/* ---- C306 --- */

/* The count behind "of" after a percentage. */
static struct quantity *count_behind(struct check *c, const struct quantity *q)
{
    struct model *m = &c->m;
    uint32_t from = 0, to = 0;
    sentence_of(m, q->block, q->item, &from, &to);
    for (uint32_t i = q->item + 1; i + 1 < to && i <= q->item + 2; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind != ITEM_WORD || item->word != W_OF) {
            continue;
        }
        for (uint32_t k = i + 1; k < to && k <= i + 2; k++) {
            if (m->items.at[k].kind == ITEM_QUANTITY) {
                struct quantity *n = &m->quantities.at[m->items.at[k].hash];
                return n->dim == DIM_COUNT && is_whole(n) ? n : NULL;
            }
        }
    }
    return NULL;
}

static void judge_percent(struct check *c, struct quantity *q)
{
    struct quantity *n_at =
        q->dim == DIM_PERCENT && q->bound == BOUND_EXACT && q->form == FORM_PLAIN && !q->num.has_sign
            ? count_behind(c, q)
            : NULL;
    bool counts_parts = n_at && (n_at->unit == UNIT_RUNS || n_at->unit == UNIT_SAMPLES || n_at->unit == UNIT_REQUESTS);
    if (!n_at || n_at->value < 1 || (q->value > 1 && !counts_parts)) {
        return;
    }
    double n = n_at->value;
    if (has_integer(q->w, n)) {
        check_holds(q);
        check_holds(n_at);
        return;
    }
    struct draft d = draft_at(c, RULE_C306, q);
    double below = floor(q->value * n);
    draft_operand(&d, n_at);
    draft_say(&d, "no count out of %g is %s", n, check_text(c, q));
    if (q->value <= 1) {
        draft_note(&d, "%g of %g is %s, %g of %g is %s", below, n, check_percent(c, below / n), below + 1, n,
                   check_percent(c, (below + 1) / n));
    }
    draft_end(&d);
}

void rule_grim(struct check *c)
{
    for (uint32_t i = 0; i < c->m.quantities.count; i++) {
        struct quantity *q = &c->m.quantities.at[i];
        judge_grim(c, q);
        judge_percent(c, q);
    }
}

/* ---- C204 fraction --- */

/* The percentage that is said of a fraction: in the same clause, next to it. */
static struct quantity *percent_beside(struct check *c, const struct quantity *q)
{
    struct model *m = &c->m;
    uint32_t from = 0, to = 0;
    sentence_of(m, q->block, q->item, &from, &to);
    enum { NEAR = 7 }; /* "152/160 clips (97 %)", "97 % (152/160)", "6 of 7 runs met it, 86 %" */
    for (uint32_t i = q->item + 1; i < to && i <= q->item + NEAR; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_QUANTITY) {
            struct quantity *p = &m->quantities.at[item->hash];
            bool is_own = m->items.at[i - 1].kind == ITEM_MARK &&
                          (m->items.at[i - 1].word == '(' || m->items.at[i - 1].word == '=' ||
                           m->items.at[i - 1].word == ',' || m->items.at[i - 1].word == ':' ||
                           m->items.at[i - 1].word == MARK_APPROX || m->items.at[i - 1].word == MARK_DASH);
            return p->dim == DIM_PERCENT && (is_own || i == q->item + 1) ? p : NULL;
        }
    }
    for (uint32_t i = q->item; i > from && q->item - i < 3; i--) {
        const struct item *item = &m->items.at[i - 1];
        if (item->kind == ITEM_QUANTITY) {
            struct quantity *p = &m->quantities.at[item->hash];
            bool is_bracketed = m->items.at[i].kind == ITEM_MARK && m->items.at[i].word == '(';
            return p->dim == DIM_PERCENT && is_bracketed ? p : NULL;
        }
    }
    return NULL;
}

static struct quantity *percent_of_row(struct check *c, const struct quantity *q)
{
    struct model *m = &c->m;
    const struct table *t = &m->tables.at[q->table];
    struct quantity *found = NULL;
    for (uint32_t column = 0; column < t->columns; column++) {
        struct quantity *p = column == q->column ? NULL : model_cell_quantity(m, t, q->row, column);
        if (!p) {
            continue;
        }
        if (p->form == FORM_FRACTION || (p->dim == DIM_PERCENT && found)) {
            return NULL; /* two of a kind: whose is whose is not known */
        }
        found = p->dim == DIM_PERCENT ? p : found;
    }
    bool is_threshold = found && (found->role == ROLE_THRESHOLD || found->num.has_sign);
    return is_threshold ? NULL : found;
}

static void judge_fraction(struct check *c, struct quantity *q)
{
    struct quantity *p = percent_beside(c, q);
    if (!p && q->table != NONE32) {
        p = percent_of_row(c, q);
    }
    if (q->other <= 0) {
        return;
    }
    double share = q->value / q->other;
    bool is_spelled =
        memchr(model_source(&c->m, q->file, q->from, q->to).data, 'o', q->to - q->from) != NULL; /* "of" */
    if (!p && is_spelled && q->value > q->other && sentence_has_class(&c->m, q->block, q->item, CLASS_DONE)) {
        struct draft d = draft_at(c, RULE_C204, q);
        draft_say(&d, "%s: more than there are", check_text(c, q));
        draft_end(&d);
        return;
    }
    if (!p || p->bound == BOUND_UPPER || p->bound == BOUND_LOWER || p->form != FORM_PLAIN) {
        return;
    }
    if (range_holds(p->h, share) || range_holds(p->h, 1 - share)) {
        check_holds(p);
        check_holds(q);
        return;
    }
    bool is_last_digit = range_holds(p->w, share);
    struct draft d = draft_at(c, RULE_C204, p);
    d.level = is_last_digit ? (int)ASSAY_SEVERITY_NOTE : -1;
    draft_operand(&d, q);
    draft_say(&d, "%s is %s, the text says %s", check_text(c, q), check_percent(c, share), check_text(c, p));
    draft_note(&d, "%g / %g = %.4f", q->value, q->other, share);
    draft_reading(&d, "N / M", range_of(share, share));
    draft_end(&d);
}

void rule_fraction(struct check *c)
{
    for (uint32_t i = 0; i < c->m.quantities.count; i++) {
        if (c->m.quantities.at[i].form == FORM_FRACTION) {
            judge_fraction(c, &c->m.quantities.at[i]);
        }
    }
}
