/* C311, C607, C610, C612: comparisons in running text, and what they compare. */
#include "claims/record.h"
#include "claims/relation.h"

#include <math.h>

#define COUNTS_MAX 10000 /* above it two shares differ by more than chance in any case that people call better */
#define ALPHA 0.05
#define FAR 0.05 /* arithmetic and geometric mean of speed-ups that are further apart tell two stories */

struct said {
    uint32_t block, from, to;
};

/* ---- C311 small-counts --- */

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Fisher's exact test, two-sided: all tables with these margins that are no more likely than this one. */
static double fisher(double k1, double n1, double k2, double n2)
{
    double all = k1 + k2, p = 0, low = all - n2 > 0 ? all - n2 : 0, high = all < n1 ? all : n1;
    double whole = log_choose(n1 + n2, all);
    double here = log_choose(n1, k1) + log_choose(n2, k2) - whole;
    for (double k = low; k <= high; k++) {
        double at = log_choose(n1, k) + log_choose(n2, all - k) - whole;
        p += at <= here + 1e-9 ? exp(at) : 0;
    }
    return p < 1 ? p : 1;
}

static bool is_judged(const struct model *m, const struct said *s)
{
    bool is_said = false;
    for (uint32_t i = s->from; i < s->to; i++) {
        const struct item *item = &m->items.at[i];
        const struct word_row *row = &claims_words[item->word];
        if (item->kind != ITEM_WORD) {
            continue;
        }
        if (item->word == W_NOT || item->word == W_NO || row->class_of == CLASS_HYPOTHETICAL) {
            return false;
        }
        is_said |= row->class_of == CLASS_DIRECTION && (row->flags & (WORD_GOOD | WORD_BAD)) != 0;
    }
    return is_said;
}

static bool is_share_of_counts(const struct quantity *q)
{
    return q->form == FORM_FRACTION && q->other >= 1 && q->other <= COUNTS_MAX && q->value >= 0 && q->value <= q->other;
}

static void judge_counts(struct check *c, const struct said *s)
{
    struct model *m = &c->m;
    for (uint32_t i = s->from; i + 2 < s->to; i++) {
        const struct item *joint = &m->items.at[i + 1];
        bool joins = (joint->kind == ITEM_WORD && (joint->word == W_TO || joint->word == W_VS)) ||
                     (joint->kind == ITEM_MARK && joint->word == MARK_ARROW);
        if (!joins || m->items.at[i].kind != ITEM_QUANTITY || m->items.at[i + 2].kind != ITEM_QUANTITY) {
            continue;
        }
        struct quantity *a = &m->quantities.at[m->items.at[i].hash], *b = &m->quantities.at[m->items.at[i + 2].hash];
        if (!is_share_of_counts(a) || !is_share_of_counts(b) || !is_judged(m, s)) {
            continue;
        }
        double p = fisher(a->value, a->other, b->value, b->other);
        if (p <= ALPHA) {
            check_holds(a);
            check_holds(b);
            continue;
        }
        struct draft d = draft_at(c, RULE_C311, b);
        draft_operand(&d, a);
        draft_say(&d, "%s against %s may be chance: p = %.2f (Fisher's exact test)", check_text(c, b), check_text(c, a),
                  p);
        draft_end(&d);
    }
}

/* ---- C607 unlike-operands --- */

struct side {
    uint32_t from, to, size, phase;
    bool has_first, has_second, has_for;
};

static bool is_cut(const struct item *item)
{
    bool is_mark =
        item->kind == ITEM_MARK && (item->word == ',' || item->word == ';' || item->word == ':' || item->word == '(');
    return is_mark || (item->kind == ITEM_WORD && (item->word == W_AND || item->word == W_VS));
}

static void read_side(const struct model *m, struct side *side)
{
    for (uint32_t i = side->from; i < side->to; i++) {
        const struct item *item = &m->items.at[i];
        unsigned class_of = TOKEN_CLASS(item->hash), flags = claims_words[item->word].flags;
        if (item->kind != ITEM_WORD) {
            continue;
        }
        bool is_param = claims_words[item->word].class_of == CLASS_PARAM && i + 1 < side->to &&
                        m->items.at[i + 1].kind == ITEM_QUANTITY;
        if (is_param) {
            const struct quantity *q = &m->quantities.at[m->items.at[i + 1].hash];
            side->size = ((uint32_t)q->num.digits * 31 + (uint32_t)q->num.exp10 + 1) * 16777619u ^ item->word;
        } else if (class_of == CLASS_SIZE && !side->size) {
            side->size = item->hash;
        }
        side->phase = item->word == W_COLD || item->word == W_WARM ? item->word : side->phase;
        side->has_first |= class_of == CLASS_ARM && flags & WORD_FIRST;
        side->has_second |= class_of == CLASS_ARM && flags & WORD_SECOND;
        side->has_for |= item->word == W_FOR;
    }
}

/* The two values behind "N % faster": exactly two of one dimension. */
static bool two_values(const struct model *m, const struct said *s, uint32_t ret[2])
{
    uint32_t found = 0;
    bool is_compared = false;
    for (uint32_t i = s->from; i < s->to; i++) {
        if (m->items.at[i].kind != ITEM_QUANTITY) {
            continue;
        }
        const struct quantity *q = &m->quantities.at[m->items.at[i].hash];
        bool is_change = q->dim == DIM_PERCENT || q->dim == DIM_RATIO;
        if (is_change && i + 1 < s->to && m->items.at[i + 1].kind == ITEM_WORD && found == 0) {
            is_compared |= (claims_words[m->items.at[i + 1].word].flags & WORD_COMPARED) != 0;
        } else if (!is_change && !q->is_bare && q->dim != DIM_COUNT && q->form != FORM_FRACTION) {
            if (found == 2) {
                return false;
            }
            ret[found++] = i;
        }
    }
    return is_compared && found == 2 &&
           m->quantities.at[m->items.at[ret[0]].hash].dim == m->quantities.at[m->items.at[ret[1]].hash].dim;
}

/* Whether what tells the two apart is what the sentence is about: "Warm queries are 40 % faster: cold 50 ms, ...". */
static bool is_subject(const struct model *m, const struct said *s, const struct side *a, const struct side *b)
{
    struct side before = {.from = s->from, .to = a->from};
    read_side(m, &before);
    bool has_size = before.size && (before.size == a->size || before.size == b->size);
    return has_size || (before.phase && (before.phase == a->phase || before.phase == b->phase));
}

static void judge_operands(struct check *c, const struct said *s)
{
    struct model *m = &c->m;
    uint32_t at[2];
    if (!two_values(m, s, at)) {
        return;
    }
    struct side a = {.from = at[0], .to = at[1]}, b = {.from = at[1], .to = at[1] + 1};
    while (a.from > s->from && !is_cut(&m->items.at[a.from - 1])) {
        a.from--;
    }
    while (a.to > at[0] + 1 && !is_cut(&m->items.at[a.to - 1])) {
        a.to--;
    }
    while (b.to < s->to && !is_cut(&m->items.at[b.to])) {
        b.to++;
    }
    if (a.to == at[0] + 1) {
        return; /* nothing parts the two */
    }
    b.from = a.to;
    read_side(m, &a);
    read_side(m, &b);
    bool are_arms = (a.has_first && b.has_second) || (a.has_second && b.has_first);
    bool sizes_differ = a.size && b.size && a.size != b.size && are_arms;
    bool phases_differ =
        a.phase && b.phase && a.phase != b.phase && (are_arms || (a.has_for && b.has_for) || a.has_first);
    if ((!sizes_differ && !phases_differ) || is_subject(m, s, &a, &b)) {
        return;
    }
    struct quantity *x = &m->quantities.at[m->items.at[at[0]].hash], *y = &m->quantities.at[m->items.at[at[1]].hash];
    struct draft d = draft_at(c, RULE_C607, y);
    draft_operand(&d, x);
    draft_say(&d, "%s and %s were not measured alike: another %s", check_text(c, x), check_text(c, y),
              sizes_differ ? "size" : "phase");
    draft_end(&d);
}

/* ---- C610 no-baseline --- */

static bool names_reference(const struct model *m, const struct said *s, uint32_t self)
{
    for (uint32_t i = s->from; i < s->to; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_QUANTITY && i != self) {
            return true;
        }
        if (item->kind != ITEM_WORD) {
            continue;
        }
        bool is_arm = TOKEN_CLASS(item->hash) == CLASS_ARM && item->word != W_AFTER && item->word != W_CURRENT;
        bool is_word = item->word == W_THAN || item->word == W_VS || item->word == W_COMPARED ||
                       item->word == W_INSTEAD || item->word == W_FROM || item->word == W_OVER ||
                       item->word == W_SINCE || item->word == W_MEAN;
        if (is_arm || is_word || claims_words[item->word].class_of == CLASS_HYPOTHETICAL) {
            return true;
        }
    }
    return false;
}

static void judge_reference(struct check *c, const struct said *s)
{
    struct model *m = &c->m;
    for (uint32_t i = s->from; i + 1 < s->to; i++) {
        const struct item *next = &m->items.at[i + 1];
        struct quantity *q = m->items.at[i].kind == ITEM_QUANTITY ? &m->quantities.at[m->items.at[i].hash] : NULL;
        bool is_relative = q && (q->dim == DIM_RATIO || q->dim == DIM_PERCENT) && !q->is_in_pair &&
                           next->kind == ITEM_WORD && claims_words[next->word].class_of == CLASS_DIRECTION &&
                           claims_words[next->word].flags & WORD_COMPARED;
        if (is_relative && !names_reference(m, s, i)) {
            struct draft d = draft_at(c, RULE_C610, q);
            draft_say(&d, "%s than what?", check_text(c, q));
            draft_end(&d);
        }
    }
}

/* ---- C612 mean-of-ratios --- */

struct ratios {
    struct quantity *first, *last;
    double sum, logs;
    uint32_t count;
};

static struct ratios ratios_of(struct model *m, const struct table *t, uint32_t column)
{
    struct ratios all = {0};
    for (uint32_t row = 1; row <= t->rows; row++) {
        struct quantity *q = model_cell_quantity(m, t, row, column);
        if (!q || q->dim != DIM_RATIO || q->value <= 0 || q->form != FORM_PLAIN || q->stat != STAT_NONE) {
            return (struct ratios){0};
        }
        all.first = all.first ? all.first : q;
        all.last = q;
        all.sum += q->value;
        all.logs += log(q->value);
        all.count++;
    }
    return all;
}

static void judge_average(struct check *c, const struct said *s)
{
    struct model *m = &c->m;
    for (uint32_t i = s->from; i < s->to; i++) {
        struct quantity *q = m->items.at[i].kind == ITEM_QUANTITY ? &m->quantities.at[m->items.at[i].hash] : NULL;
        if (!q || q->dim != DIM_RATIO || !sentence_has_word(m, s->block, i, W_MEAN) ||
            sentence_has_word(m, s->block, i, W_GEOMEAN) || sentence_has_word(m, s->block, i, W_HARMONIC)) {
            continue;
        }
        const struct file *file = &m->files.at[q->file];
        for (uint32_t k = file->table; k < file->table + file->tables; k++) {
            const struct table *t = &m->tables.at[k];
            for (uint32_t column = 1; t->section == m->blocks.at[s->block].section && column < t->columns; column++) {
                struct ratios all = ratios_of(m, t, column);
                double mean = all.count ? all.sum / all.count : 0,
                       geometric = all.count ? exp(all.logs / all.count) : 0;
                if (all.count < 2 || !range_holds(q->w, mean) || mean / geometric - 1 <= FAR) {
                    continue;
                }
                struct draft d = draft_at(c, RULE_C612, q);
                draft_operand(&d, all.first);
                draft_operand(&d, all.last);
                draft_say(&d, "%s is the arithmetic mean of %u ratios; their geometric mean is %s", check_text(c, q),
                          all.count, check_factor(c, geometric));
                draft_end(&d);
                return;
            }
        }
    }
}

void rule_compare(struct check *c)
{
    struct model *m = &c->m;
    bool has_notes = check_is_shown(c, RULE_C311) || check_is_shown(c, RULE_C610) || check_is_shown(c, RULE_C612);
    for (uint32_t i = 0; i < m->blocks.count; i++) {
        const struct block *b = &m->blocks.at[i];
        bool is_text = b->kind == BLOCK_PARAGRAPH || b->kind == BLOCK_ITEM || b->kind == BLOCK_HEADING;
        for (uint32_t from = b->item; is_text && b->quantities > 0 && from < b->item + b->items;) {
            struct said s = {.block = i, .from = from};
            uint32_t first = 0;
            sentence_of(m, i, from, &first, &s.to);
            judge_operands(c, &s);
            if (has_notes) {
                judge_counts(c, &s);
                judge_reference(c, &s);
                judge_average(c, &s);
            }
            from = s.to;
        }
    }
}
