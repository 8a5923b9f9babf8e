/* C201 change: a stated change against its two values, in running text and in tables. */
#include "claims/check.h"
#include "claims/relation.h"

#include <math.h>

#define READINGS_MAX 6

struct reading {
    const char *name;
    struct range h, w;
    double exact;
};

struct readings {
    struct reading at[READINGS_MAX];
    uint32_t count;
};

static void add_reading(struct readings *all, const char *name, struct range h, struct range w, double exact)
{
    if (all->count < READINGS_MAX) {
        all->at[all->count++] = (struct reading){name, h, w, exact};
    }
}

/* x/y - 1, or its size where the text gives no sign. */
static void add_quotient(struct readings *all, const char *name, const struct quantity *x, const struct quantity *y,
                         bool is_sized)
{
    struct range h, w;
    struct range one = {1, 1};
    if (!range_div(x->h, y->h, &h) || !range_div(x->w, y->w, &w) || y->value == 0) {
        return;
    }
    double exact = x->value / y->value - 1;
    h = range_sub(h, one);
    w = range_sub(w, one);
    if (is_sized) {
        h = range_abs(h);
        w = range_abs(w);
        exact = fabs(exact);
    }
    add_reading(all, name, h, w, exact);
}

/* The readings of a percentage that is said of a -> b. */
static void percent_readings(struct readings *all, const struct quantity *a, const struct quantity *b,
                             const struct quantity *said, struct words_near near, bool is_ordered)
{
    bool is_sized = !said->num.has_sign;
    bool speaks_of_speed =
        near.direction == W_FASTER || near.direction == W_SLOWER || near.flags & (WORD_GOOD | WORD_BAD);
    add_quotient(all, "b/a - 1", b, a, is_sized);
    if (!is_ordered || speaks_of_speed || near.flags & WORD_COMPARED) {
        add_quotient(all, "a/b - 1", a, b, is_sized);
    }
    if (speaks_of_speed && !is_sized) { /* "+38 % faster" of a time that fell: the sign belongs to the words */
        add_quotient(all, "b/a - 1, without sign", b, a, true);
    }
    if (a->dim == DIM_PERCENT && b->dim == DIM_PERCENT) {
        struct range h = range_sub(b->h, a->h), w = range_sub(b->w, a->w);
        add_reading(all, "b - a, in points", is_sized ? range_abs(h) : h, is_sized ? range_abs(w) : w,
                    b->value - a->value);
    }
}

static bool any_meets(const struct readings *all, struct range said, bool is_wide)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (range_meets(is_wide ? all->at[i].w : all->at[i].h, said)) {
            return true;
        }
    }
    return false;
}

static void say_change(struct check *c, struct quantity *a, struct quantity *b, struct quantity *said,
                       const struct readings *all, int level)
{
    struct draft d = draft_at(c, RULE_C201, said);
    const struct reading *first = &all->at[0];
    d.level = level;
    draft_operand(&d, a);
    draft_operand(&d, b);
    draft_say(&d, "%s to %s is %s, the text says %s", check_text(c, a), check_text(c, b),
              check_percent(c, first->exact), check_text(c, said));
    for (uint32_t i = 0; i < all->count; i++) {
        draft_reading(&d, all->at[i].name, all->at[i].w);
    }
    draft_note(&d, "%s and %s as printed allow %s .. %s (%s); %s", check_text(c, a), check_text(c, b),
               check_percent(c, first->w.lo), check_percent(c, first->w.hi), first->name,
               level == ASSAY_SEVERITY_NOTE ? "only a careless last digit gives the stated one"
                                            : "no reading gives the stated one");
    draft_note(&d, "%s would be right", check_percent(c, first->exact));
    draft_end(&d);
}

static void judge_percent(struct check *c, const struct pair *pair)
{
    struct quantity *a = &c->m.quantities.at[pair->a], *b = &c->m.quantities.at[pair->b];
    struct quantity *said = &c->m.quantities.at[pair->change];
    struct words_near near = near_of(&c->m, said->block, said->item, 4);
    struct readings all = {0};
    percent_readings(&all, a, b, said, near, pair->is_ordered);
    if (all.count == 0) {
        check_undecided(c, RULE_C201, said, "the value that was may be zero");
    } else if (any_meets(&all, said->h, false)) {
        check_holds(a);
        check_holds(b);
        check_holds(said);
    } else {
        say_change(c, a, b, said, &all, any_meets(&all, said->w, true) ? ASSAY_SEVERITY_NOTE : -1);
    }
}

void rule_change(struct check *c)
{
    change_tables(c);
    for (uint32_t i = 0; i < c->m.pairs.count; i++) {
        const struct pair *pair = &c->m.pairs.at[i];
        const struct quantity *said = pair->change == NONE32 ? NULL : &c->m.quantities.at[pair->change];
        if (said && said->dim != DIM_RATIO && said->form != FORM_RANGE) {
            judge_percent(c, pair);
        }
    }
}
