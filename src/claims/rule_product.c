/* C207 product, C208 cost: x = y times z, all three in one row, record or sentence. */
#include "claims/record.h"

#include "claims/relation.h"

#include <math.h>

#define FACTORS_MAX 8 /* parameters that may multiply a rate: streams, threads */

static bool is_plain(const struct quantity *q)
{
    return (q->form == FORM_PLAIN || q->form == FORM_DURATION) && q->bound == BOUND_EXACT &&
           q->role != ROLE_THRESHOLD && !q->num.has_sign && !q->is_in_pair;
}

static bool is_count(const struct model *m, const struct quantity *q)
{
    bool is_parameter = q->role == ROLE_PARAMETER;
    return is_plain(q) && !is_parameter && q->value >= 2 && !quantity_has_class(m, q, CLASS_FAILED) &&
           !quantity_has_word(m, q, W_ERROR) && q->stat == STAT_NONE;
}

static bool is_average(const struct quantity *q)
{
    return q->stat == STAT_NONE || q->stat == STAT_MEAN;
}

static bool is_rate(const struct model *m, const struct quantity *q)
{
    (void)m;
    return is_plain(q) && is_average(q) && q->value > 0;
}

/* A time that something took as a whole: "in 12 s", "took 3 min", a column "time" or "duration". */
static bool is_wall(const struct model *m, const struct quantity *q)
{
    if (!is_plain(q) || q->stat != STAT_NONE || q->value <= 0) {
        return false;
    }
    if (q->table != NONE32 || m->blocks.at[q->block].kind == BLOCK_VALUE) {
        return (q->metric & 0xffff) == W_DURATION && q->metric;
    }
    return word_is_before(m, q, W_IN, 2) || word_is_before(m, q, W_DURATION, 2) || word_is_before(m, q, W_OVER, 2) ||
           word_is_before(m, q, W_FOR, 2);
}

static bool is_amount(const struct model *m, const struct quantity *q)
{
    bool is_memory = q->metric && (q->metric & 0xffff) == W_MEMORY;
    return is_plain(q) && q->stat == STAT_NONE && q->value > 0 && !is_memory && !quantity_has_class(m, q, CLASS_PARAM);
}

struct triple {
    struct quantity *whole, *x, *y; /* whole = x * y */
    const char *formula;
};

/* Integer parameters of the record that may multiply: "4 streams". */
static uint32_t factors_of(const struct record *record, double *ret)
{
    uint32_t count = 0;
    ret[count++] = 1;
    for (uint32_t i = 0; i < record->count && count < FACTORS_MAX; i++) {
        const struct quantity *q = record->at[i];
        bool is_parameter = q->role == ROLE_PARAMETER || q->unit == UNIT_CONNECTIONS || q->unit == UNIT_RUNS ||
                            q->unit == UNIT_GPUS || q->unit == UNIT_HOSTS || q->unit == UNIT_USERS;
        if (is_parameter && q->value >= 2) {
            ret[count++] = q->value;
        }
    }
    return count;
}

static bool fits_product(const struct record *record, const struct triple *t, bool is_wide)
{
    double factors[FACTORS_MAX];
    uint32_t count = factors_of(record, factors);
    struct range whole = is_wide ? t->whole->w : t->whole->h;
    struct range product = is_wide ? range_mul(t->x->w, t->y->w) : range_mul(t->x->h, t->y->h);
    double readings = t->x->alt > 1 || t->whole->alt > 1 ? (t->x->alt > t->whole->alt ? t->x->alt : t->whole->alt)
                                                         : 1; /* MB: 1000 or 1024 */
    product = range_hull(range_hull(product, range_scale(product, readings)), range_scale(product, 1 / readings));
    for (uint32_t i = 0; i < count; i++) {
        struct range less =
            range_mul(product, (struct range){(t->whole->value - 1) / t->whole->value, 1}); /* N or N - 1 */
        if (range_meets(range_scale(product, factors[i]), whole) ||
            range_meets(range_scale(product, 1 / factors[i]), whole)) {
            return true;
        }
        if (t->whole->dim == DIM_COUNT && range_meets(less, whole)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < record->count; i++) { /* with or without another time: that of the first token */
        const struct quantity *q = record->at[i];
        bool is_other = q != t->y && t->y->dim == DIM_TIME && q->dim == DIM_TIME;
        struct range y =
            is_other ? (is_wide ? range_sub(t->y->w, q->w) : range_sub(t->y->h, q->h)) : (struct range){0, 0};
        if (is_other && y.lo > 0 && range_meets(range_mul(is_wide ? t->x->w : t->x->h, y), whole)) {
            return true;
        }
    }
    return false;
}

static void judge_triple(struct check *c, enum rule_id rule, const struct record *record, const struct triple *t)
{
    if (!t->whole || !t->x || !t->y || t->whole->value == 0) {
        return;
    }
    if (fits_product(record, t, false)) {
        check_holds(t->whole);
        check_holds(t->x);
        check_holds(t->y);
        return;
    }
    double exact = t->x->value * t->y->value;
    struct quantity *blamed = t->x->flat > t->whole->flat ? t->x : t->whole; /* the derived one stands last */
    struct draft d = draft_at(c, rule, blamed);
    d.level = fits_product(record, t, true) ? (int)ASSAY_SEVERITY_NOTE : -1;
    draft_operand(&d, blamed == t->x ? t->whole : t->x);
    draft_operand(&d, t->y);
    draft_say(&d, "%s: %s times %s is %s, the text says %s", t->formula, check_text(c, t->x), check_text(c, t->y),
              check_value(c, t->whole, exact), check_text(c, t->whole));
    draft_note(&d, "with the other two, %s would be right",
               blamed == t->whole ? check_value(c, t->whole, exact)
                                  : check_value(c, t->x, t->whole->value / t->y->value));
    draft_reading(&d, "x y", range_mul(t->x->w, t->y->w));
    draft_end(&d);
}

/* The only count of that noun. */
static struct quantity *count_of(const struct model *m, const struct record *record, uint32_t noun)
{
    struct quantity *found = NULL;
    for (uint32_t i = 0; i < record->count; i++) {
        struct quantity *q = record->at[i];
        bool is_same = q->dim == DIM_COUNT && is_count(m, q) && (noun == 0 || q->noun == noun);
        if (is_same && found) {
            return NULL;
        }
        found = is_same ? q : found;
    }
    return found;
}

static bool is_per_item(const struct model *m, const struct quantity *q)
{
    (void)m;
    return is_plain(q) && is_average(q) && q->value > 0;
}

static void judge_record(struct check *c, const struct record *record)
{
    const struct model *m = &c->m;
    struct quantity *time = record_only(m, record, DIM_TIME, is_wall);
    struct quantity *rate = record_only(m, record, DIM_RATE, is_rate);
    struct quantity *each = record_only(m, record, DIM_OVER(DIM_COUNT, DIM_COUNT), is_per_item);
    if (time && rate) {
        struct triple t = {count_of(m, record, rate->noun), rate, time, "count = rate x time"};
        judge_triple(c, RULE_C207, record, &t);
    }
    struct quantity *speed = record_only(m, record, DIM_BYTE_RATE, is_rate);
    if (time && speed) {
        struct triple t = {record_only(m, record, DIM_BYTES, is_amount), speed, time, "bytes = rate x time"};
        judge_triple(c, RULE_C207, record, &t);
    }
    struct quantity *power = record_only(m, record, DIM_POWER, is_rate);
    if (time && power) {
        struct triple t = {record_only(m, record, DIM_ENERGY, is_amount), power, time, "energy = power x time"};
        judge_triple(c, RULE_C207, record, &t);
    }
    if (each) {
        struct triple t = {count_of(m, record, each->noun), each, count_of(m, record, each->per),
                           "count = items x count per item"};
        if (t.whole != t.y) {
            judge_triple(c, RULE_C207, record, &t);
        }
    }
}

void rule_product(struct check *c)
{
    record_each(c, false, judge_record);
}

/* ---- C208 --- */

#define MONTH_SHARE 0.09 /* 28 to 31 days: shares of a month differ by as much */

/* What is paid for: its amount in the base unit of what stands below the price's line, whatever period it is of. */
static bool volume_fits(const struct quantity *price, const struct quantity *q)
{
    uint8_t below = DIM_DEN(price->dim);
    if (q == price || q->bound != BOUND_EXACT || DIM_NUM(q->dim) != below) {
        return false;
    }
    return below != DIM_COUNT || q->noun == price->per;
}

static double printed_scale(const struct quantity *q)
{
    const struct unit *unit = &claims_units[q->unit];
    return DIM_DEN(q->dim) == DIM_NONE ? q->scale : unit->num / unit->den; /* "a month" is the period of both */
}

static struct range in_units(const struct quantity *q, double scale)
{
    return q->scale == 0 ? q->w : range_scale(q->w, scale / q->scale);
}

static void judge_cost(struct check *c, const struct record *record)
{
    struct quantity *price = NULL, *volume = NULL, *total = NULL;
    for (uint32_t i = 0; i < record->count; i++) { /* the price is the money with a line below it that comes first */
        struct quantity *q = record->at[i];
        if (DIM_NUM(q->dim) == DIM_MONEY && DIM_DEN(q->dim) != DIM_NONE && !price) {
            price = q;
        }
    }
    for (uint32_t i = 0; price && i < record->count; i++) {
        struct quantity *q = record->at[i];
        bool is_total =
            q != price && DIM_NUM(q->dim) == DIM_MONEY && (DIM_DEN(q->dim) == DIM_NONE || DIM_DEN(q->dim) == DIM_TIME);
        struct quantity **slot = is_total ? &total : volume_fits(price, q) ? &volume : NULL;
        if (slot && *slot) {
            return;
        }
        if (slot) {
            *slot = q;
        }
    }
    if (!price || !volume || !total || !is_plain(total) || total->unit != price->unit) {
        return;
    }
    double slack =
        DIM_DEN(price->dim) == DIM_TIME && claims_units[volume->unit].flags & UNIT_CALENDAR ? MONTH_SHARE : 1e-9;
    double total_scale = claims_units[total->unit].num / claims_units[total->unit].den;
    struct range product = range_mul(price->w, in_units(volume, printed_scale(volume)));
    product = range_of(product.lo * (1 - slack), product.hi * (1 + slack));
    if (range_meets(product, in_units(total, total_scale))) {
        check_holds(total);
        check_holds(price);
        check_holds(volume);
        return;
    }
    struct draft d = draft_at(c, RULE_C208, total);
    double exact = price->value * volume->value / volume->scale * printed_scale(volume) / total_scale;
    draft_operand(&d, price);
    draft_operand(&d, volume);
    draft_say(&d, "%s times %s is %.6g, the text says %s", check_text(c, price), check_text(c, volume), exact,
              check_text(c, total));
    draft_reading(&d, "price x volume", product);
    draft_end(&d);
}

void rule_cost(struct check *c)
{
    record_each(c, true, judge_cost);
}
