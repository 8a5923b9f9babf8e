/* C104 label-unit, C307 ladder, C308 repeated-digits: what a table's cells say by themselves. */
#include "claims/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- C104 --- */

static bool are_convertible(uint8_t a, uint8_t b)
{
    bool is_share = (a == DIM_PERCENT && (b == DIM_RATIO || b == DIM_POINTS)) || (b == DIM_PERCENT && a == DIM_RATIO);
    bool is_rate = DIM_DEN(a) == DIM_TIME && DIM_DEN(b) == DIM_TIME && DIM_NUM(a) == DIM_NUM(b);
    bool is_data = (DIM_NUM(a) == DIM_BYTES || DIM_NUM(a) == DIM_BITS) &&
                   (DIM_NUM(b) == DIM_BYTES || DIM_NUM(b) == DIM_BITS) && DIM_DEN(a) == DIM_DEN(b);
    return a == b || is_share || is_rate || is_data;
}

static void judge_unit(struct check *c, const struct table *t, uint32_t row, uint32_t column,
                       const struct measure *header)
{
    struct quantity *q = model_cell_quantity(&c->m, t, row, column);
    if (!q || q->is_unit_of_label || q->is_bare || q->form == FORM_FRACTION || q->dim == DIM_COUNT ||
        q->dim == DIM_PERCENT || q->dim == DIM_RATIO || are_convertible(q->dim, header->dim)) {
        return;
    }
    struct draft d = draft_at(c, RULE_C104, q);
    draft_operand_block(&d, model_cell(&c->m, t, 0, column));
    draft_say(&d, "%s stands under a header of another dimension", check_text(c, q));
    draft_end(&d);
}

/* ---- C307 --- */

#define LADDER_CHANCE \
    0.0129 /* that two unrelated numbers are a power of ten apart within 1.5 % (1,662 ordinary tables) */
#define LADDER_NEAR 0.015
#define LADDER_PAIRS_MIN 3

/* Whether b is a by a power of ten, not the zeroth. */
static bool is_step(const struct quantity *a, const struct quantity *b)
{
    if (a->value <= 0 || b->value <= 0) {
        return false;
    }
    double decades = log10(b->value / a->value);
    double whole = round(decades);
    return whole != 0 && fabs(b->value / a->value / pow(10, whole) - 1) <= LADDER_NEAR;
}

/* P(at least hits of pairs) for independent pairs. */
static double tail(uint32_t hits, uint32_t pairs)
{
    double sum = 0, term = pow(1 - LADDER_CHANCE, pairs);
    for (uint32_t k = 0; k <= pairs; k++) {
        sum += k >= hits ? term : 0;
        term *= (double)(pairs - k) / (k + 1) * LADDER_CHANCE / (1 - LADDER_CHANCE);
    }
    return sum;
}

static bool has_three_digits(const struct quantity *q)
{
    return q && q->num.count >= 3 && !q->is_row_label && q->role != ROLE_PARAMETER && q->role != ROLE_THRESHOLD;
}

/* A parameter of the row that scales by ten too explains it. */
static bool is_scaled(struct model *m, const struct table *t, uint32_t row)
{
    for (uint32_t column = 0; column < t->columns; column++) {
        struct quantity *a = model_cell_quantity(m, t, row, column), *b = model_cell_quantity(m, t, row + 1, column);
        bool is_parameter =
            a && b && (a->is_row_label || a->dim == DIM_COUNT || column == 0 || a->role == ROLE_PARAMETER);
        if (is_parameter && a->value > 0 && b->value > 0 && fabs(fabs(log10(b->value / a->value)) - 1) < 0.01) {
            return true;
        }
    }
    return false;
}

static void judge_ladder(struct check *c, const struct table *t)
{
    struct model *m = &c->m;
    for (uint32_t row = 1; row + 1 <= t->rows; row++) {
        uint32_t pairs = 0, hits = 0;
        struct quantity *first = NULL, *second = NULL;
        for (uint32_t column = 0; column < t->columns; column++) {
            struct quantity *a = model_cell_quantity(m, t, row, column),
                            *b = model_cell_quantity(m, t, row + 1, column);
            bool is_pair = (has_three_digits(a) || has_three_digits(b)) && a && b && a->num.count >= 2 &&
                           b->num.count >= 2 && a->dim == b->dim;
            pairs += is_pair;
            if (is_pair && is_step(a, b)) {
                hits++;
                first = first ? first : a;
                second = second ? second : b;
            }
        }
        if (pairs < LADDER_PAIRS_MIN || hits < LADDER_PAIRS_MIN || tail(hits, pairs) * (t->rows - 1) >= 1e-5 ||
            is_scaled(m, t, row)) {
            continue;
        }
        struct draft d = draft_at(c, RULE_C307, second);
        draft_operand(&d, first);
        draft_say(&d, "%u of %u cells are the row above times a power of ten", hits, pairs);
        draft_note(&d, "chance gives so many with a probability of %.1g", tail(hits, pairs));
        draft_end(&d);
    }
}

void rule_table(struct check *c)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->tables.count; i++) {
        const struct table *t = &m->tables.at[i];
        for (uint32_t column = 0; column < t->columns; column++) {
            struct measure header;
            bool has_unit = claims_block_unit(m, model_cell(m, t, 0, column), &header);
            for (uint32_t row = 1; row <= t->rows && has_unit; row++) {
                judge_unit(c, t, row, column, &header);
            }
        }
        judge_ladder(c, t);
    }
}

/* ---- C308 --- */

#define REPEATED_MAX 20000 /* measured numbers; above, repetition is no sign */

struct significand {
    uint64_t digits;
    uint32_t quantity;
};

static int by_digits(const void *a, const void *b)
{
    const struct significand *x = a, *y = b;
    int order = (x->digits > y->digits) - (x->digits < y->digits);
    return order ? order : (x->quantity > y->quantity) - (x->quantity < y->quantity);
}

static bool is_telling(uint64_t digits)
{
    bool is_power_of_two = (digits & (digits - 1)) == 0;
    return digits >= 100 && !is_power_of_two;
}

static uint64_t stripped(uint64_t digits)
{
    while (digits > 0 && digits % 10 == 0) {
        digits /= 10;
    }
    return digits;
}

static void judge_run(struct check *c, const struct significand *run, uint32_t count, uint32_t all)
{
    struct model *m = &c->m;
    uint32_t keys[8] = {0}, different = 0;
    for (uint32_t i = 0; i < count && different < 8; i++) {
        uint32_t key = m->quantities.at[run[i].quantity].key;
        bool is_new = key != 0;
        for (uint32_t k = 0; k < different; k++) {
            is_new &= keys[k] != key;
        }
        if (is_new) {
            keys[different++] = key;
        }
    }
    /* C(N, c) ways to choose, each with probability 900^(1-c) */
    double chance = 1;
    for (uint32_t k = 0; k < different; k++) {
        chance *= (double)(all - k) / (k + 1) * (k ? 1.0 / 900 : 1);
    }
    if (different < 3 || chance >= 1e-3) {
        return;
    }
    struct draft d = draft_at(c, RULE_C308, &m->quantities.at[run[count - 1].quantity]);
    for (uint32_t i = 0; i + 1 < count; i++) {
        draft_operand(&d, &m->quantities.at[run[i].quantity]);
    }
    draft_say(&d, "the digits %llu stand under %u different metrics", (unsigned long long)run[0].digits, different);
    draft_end(&d);
}

void rule_repeated(struct check *c)
{
    struct model *m = &c->m;
    uint32_t count = 0;
    struct significand *all =
        assay_alloc(m->quantities.count < REPEATED_MAX ? m->quantities.count : REPEATED_MAX, sizeof *all);
    if (!all) {
        model_fail(m);
        return;
    }
    for (uint32_t i = 0; i < m->quantities.count && count < REPEATED_MAX; i++) {
        const struct quantity *q = &m->quantities.at[i];
        uint64_t digits = stripped(q->num.digits);
        if ((q->role == ROLE_MEASURED || q->role == ROLE_SHARE) && is_telling(digits)) {
            all[count++] = (struct significand){digits, i};
        }
    }
    qsort(all, count, sizeof *all, by_digits);
    for (uint32_t i = 0; i < count;) {
        uint32_t k = i;
        while (k < count && all[k].digits == all[i].digits) {
            k++;
        }
        if (k - i >= 3) {
            judge_run(c, &all[i], k - i, count);
        }
        i = k;
    }
    assay_free(all);
}
