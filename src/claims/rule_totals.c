/* C205 total, C206 mean-of-rows: rows that sum up a table; sums in running text. */
#include "claims/check.h"
#include "claims/record.h"
#include "claims/relation.h"

#include <math.h>

#define PARTS_MAX 4096 /* rows of a table that are summed */

static bool label_has(const struct model *m, uint32_t block, unsigned class_of, uint16_t word)
{
    const struct block *b = block == NONE32 ? NULL : &m->blocks.at[block];
    for (uint32_t i = b ? b->item : 0; b && i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_WORD && (word ? item->word == word : claims_words[item->word].class_of == class_of)) {
            return true;
        }
    }
    return false;
}

/* Rates, shares, frequencies and latencies are never summed. */
static bool is_additive(const struct model *m, const struct quantity *q)
{
    uint8_t dim = q->dim;
    bool is_dim = dim == DIM_COUNT || dim == DIM_BYTES || dim == DIM_MONEY || dim == DIM_ENERGY || dim == DIM_TIME;
    uint32_t metric = q->metric & 0xffff;
    bool is_latency = metric == W_LATENCY || metric == W_TTFT || metric == W_ICL || metric == W_JITTER;
    (void)m;
    bool is_number = q->is_bare && q->num.exp10 >= 0 && !q->is_row_label; /* a column of whole numbers */
    return (is_dim || is_number) && !is_latency && q->stat == STAT_NONE && q->form != FORM_FRACTION &&
           q->bound == BOUND_EXACT && q->form != FORM_SPREAD && q->form != FORM_RANGE;
}

struct sum {
    struct range h, w;
    double value;
    uint32_t count;
    bool is_exact, are_counts; /* whole numbers of things: nothing is rounded */
    struct quantity *largest, *first, *parts[DRAFT_OPERANDS_MAX];
};

static void add_part(struct sum *sum, struct quantity *q)
{
    if (sum->count == 0) {
        *sum =
            (struct sum){.h = q->h, .w = q->w, .value = q->value, .count = 1, .largest = q, .first = q, .parts = {q}};
        return;
    }
    sum->h = range_add(sum->h, q->h);
    sum->w = range_add(sum->w, q->w);
    sum->value += q->value;
    sum->largest = q->value > sum->largest->value ? q : sum->largest;
    if (sum->count < DRAFT_OPERANDS_MAX) {
        sum->parts[sum->count] = q;
    }
    sum->count++;
}

/* A header that names what is counted: whole numbers below it are exact. */
static bool header_counts(const struct model *m, uint32_t header)
{
    const struct block *b = header == NONE32 ? NULL : &m->blocks.at[header];
    for (uint32_t i = b ? b->item : 0; b && i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        const char *text = model_text(m, header).data + (item->flat - b->flat);
        uint16_t unit = item->kind == ITEM_WORD ? claims_unit_find(text, item->len) : 0;
        if (unit && claims_units[unit].dim == DIM_COUNT && claims_units[unit].flags & UNIT_NOUN) {
            return true;
        }
    }
    return false;
}

/* ---- C205 in tables --- */

static bool is_stages(const struct quantity *total)
{
    return total->dim == DIM_TIME;
}

/* How loud a total that is no sum may be; -2: silent. */
static int total_level(struct check *c, const struct table *t, const struct quantity *total, const struct sum *sum)
{
    struct model *m = &c->m;
    bool is_short = sum->w.hi < total->w.lo;
    if (t->is_partial && is_short) {
        return ASSAY_SEVERITY_NOTE;
    }
    if (!is_stages(total)) {
        return -1;
    }
    static const char *const IN_TURN[] = {"sequential", "consecutive", NULL}, *const AFTER[] = {"after", NULL},
                             *const OTHER[] = {"other", NULL}; /* "one after the other" */
    bool has_caption = t->caption != NONE32;
    bool is_in_turn = has_caption && (block_has_any(m, t->caption, IN_TURN) ||
                                      (block_has_any(m, t->caption, AFTER) && block_has_any(m, t->caption, OTHER)));
    if (is_short && !is_in_turn) {
        return ASSAY_SEVERITY_NOTE; /* stages leave time unattributed */
    }
    if (is_in_turn) {
        return -1;
    }
    bool overlaps = label_has(m, t->caption, CLASS_OVERLAPS, W_NONE) ||
                    label_has(m, m->sections.at[t->section].block, CLASS_OVERLAPS, W_NONE);
    return overlaps ? -2 : ASSAY_SEVERITY_WARNING;
}

/* The first rows, as many as a finding shows: any of them may be the wrong one. */
static void add_operands(struct draft *d, struct quantity *const *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < DRAFT_OPERANDS_MAX; i++) {
        draft_operand(d, parts[i]);
    }
}

/* A total that is several times its rows: what was measured once is told as if it were all; 0 = it is none. */
static double multiple_of(const struct quantity *total, const struct sum *sum)
{
    enum { MULTIPLE_MAX = 100 };
    double k = sum->value > 0 ? round(total->value / sum->value) : 0;
    bool is_multiple = k >= 2 && k <= MULTIPLE_MAX && total->dim != DIM_TIME && total->dim != DIM_MONEY;
    return is_multiple && fabs(total->value - k * sum->value) <= 1e-9 * total->value ? k : 0;
}

static void judge_total(struct check *c, const struct table *t, struct quantity *total, struct sum *sum)
{
    if ((!sum->are_counts && range_meets(sum->h, total->h)) || sum->value == total->value ||
        (!sum->are_counts && sum->count > 2 && range_meets(sum->w, total->w))) {
        check_holds(total);
        check_holds(sum->largest);
        check_holds(sum->first);
        return;
    }
    int level =
        !sum->are_counts && range_meets(sum->w, total->w) ? (int)ASSAY_SEVERITY_NOTE : total_level(c, t, total, sum);
    if (level == -2) {
        check_undecided(c, RULE_C205, total, "the parts overlap in time");
        return;
    }
    double multiple = multiple_of(total, sum);
    if (multiple > 0 && !t->is_partial) {
        struct draft d = draft_at(c, RULE_C606, total);
        add_operands(&d, sum->parts, sum->count);
        draft_say(&d, "the total %s is %g times the sum of its %u rows, %s", check_text(c, total), multiple, sum->count,
                  check_value(c, total, sum->value));
        draft_end(&d);
    }
    struct draft d = draft_at(c, RULE_C205, total);
    d.level = level;
    add_operands(&d, sum->parts, sum->count);
    draft_say(&d, "the %u rows sum to %s, the total says %s", sum->count, check_value(c, total, sum->value),
              check_text(c, total));
    if (sum->largest->w.lo > total->w.hi) {
        draft_note(&d, "one part alone, %s, is larger than the whole", check_text(c, sum->largest));
    }
    draft_note(&d, "%s would be right", check_value(c, total, sum->value));
    draft_reading(&d, "sum of the rows", sum->w);
    draft_end(&d);
}

/* A column whose header speaks of a statistic, a rate or a limit is not summed. */
static bool names_no_sum(const struct model *m, uint32_t header)
{
    return label_has(m, header, CLASS_STAT, W_NONE) || label_has(m, header, CLASS_MODAL, W_NONE) ||
           label_has(m, header, 0, W_PER) || label_has(m, header, CLASS_DELTA, W_NONE);
}

static void total_row(struct check *c, const struct table *t, uint32_t row)
{
    struct model *m = &c->m;
    for (uint32_t column = 0; column < t->columns; column++) {
        struct quantity *total = model_cell_quantity(m, t, row, column);
        if (!total || !is_additive(m, total) || names_no_sum(m, model_cell(m, t, 0, column))) {
            continue;
        }
        struct sum sum = {0};
        bool is_plain = true;
        for (uint32_t k = 1; k <= t->rows && k < PARTS_MAX && is_plain; k++) {
            struct quantity *part = k == row ? NULL : model_cell_quantity(m, t, k, column);
            bool is_summary = k != row && (label_has(m, claims_row_label(m, t, k), CLASS_WHOLE, W_NONE) ||
                                           label_has(m, claims_row_label(m, t, k), 0, W_MEAN));
            if (k == row || is_summary) {
                continue;
            }
            is_plain = part && part->dim == total->dim && is_additive(m, part);
            if (is_plain) {
                add_part(&sum, part);
                sum.is_exact = (sum.count == 1 || sum.is_exact) && part->num.exp10 == 0;
            }
        }
        if (is_plain && sum.count >= 2) {
            sum.are_counts = total->is_bare && sum.is_exact && total->num.exp10 == 0 &&
                             header_counts(m, model_cell(m, t, 0, column));
            judge_total(c, t, total, &sum);
        }
    }
}

/* ---- C206 --- */

struct means {
    struct range plain, weighted, geometric, harmonic, hull;
    double plain_value;
    bool has_weighted, is_positive;
    uint32_t count;
};

static void add_row(struct means *means, const struct quantity *q)
{
    means->hull = means->count ? range_hull(means->hull, q->w) : q->w;
    means->plain = means->count ? range_add(means->plain, q->w) : q->w;
    means->plain_value += q->value;
    bool is_positive = q->w.lo > 0;
    means->is_positive = (means->count == 0 || means->is_positive) && is_positive;
    if (is_positive) {
        struct range log_range = {log(q->w.lo), log(q->w.hi)}, one = range_of(1 / q->w.hi, 1 / q->w.lo);
        means->geometric = means->count ? range_add(means->geometric, log_range) : log_range;
        means->harmonic = means->count ? range_add(means->harmonic, one) : one;
    }
    means->count++;
}

static bool fits_weighted(struct check *c, const struct table *t, uint32_t row, uint32_t column,
                          const struct quantity *mean)
{
    struct model *m = &c->m;
    for (uint32_t k = 0; k < t->columns; k++) {
        struct range sum = {0, 0}, weights = {0, 0}, r;
        uint32_t count = 0;
        for (uint32_t i = 1; i <= t->rows && k != column; i++) {
            struct quantity *q = i == row ? NULL : model_cell_quantity(m, t, i, column);
            struct quantity *weight = i == row ? NULL : model_cell_quantity(m, t, i, k);
            if (q && weight && weight->value > 0) {
                sum = range_add(sum, range_mul(q->w, weight->w));
                weights = range_add(weights, weight->w);
                count++;
            }
        }
        if (count >= 2 && range_div(sum, weights, &r) && range_meets(r, mean->w)) {
            return true;
        }
        if (count >= 2 && range_div(weights, sum, &r) && range_div((struct range){1, 1}, r, &r) &&
            range_meets(r, mean->w)) {
            return true;
        }
    }
    return false;
}

static bool fits_any_mean(struct check *c, const struct table *t, uint32_t row, uint32_t column,
                          const struct quantity *mean, const struct means *means)
{
    double n = means->count;
    if (range_meets(range_scale(means->plain, 1 / n), mean->w)) {
        return true;
    }
    if (means->is_positive) {
        struct range geometric = {exp(means->geometric.lo / n) * (1 - 1e-12),
                                  exp(means->geometric.hi / n) * (1 + 1e-12)};
        struct range harmonic = range_of(n / means->harmonic.hi, n / means->harmonic.lo);
        if (range_meets(geometric, mean->w) || range_meets(harmonic, mean->w)) {
            return true;
        }
    }
    return fits_weighted(c, t, row, column, mean);
}

static void judge_mean(struct check *c, const struct table *t, uint32_t row, uint32_t column, struct quantity *mean)
{
    struct model *m = &c->m;
    struct means means = {0};
    struct quantity *rows[DRAFT_OPERANDS_MAX];
    for (uint32_t i = 1; i <= t->rows; i++) {
        struct quantity *q = i == row ? NULL : model_cell_quantity(m, t, i, column);
        if (i == row || label_has(m, claims_row_label(m, t, i), CLASS_WHOLE, W_NONE) ||
            label_has(m, claims_row_label(m, t, i), CLASS_STAT, W_NONE)) {
            continue;
        }
        if (!q || q->dim != mean->dim || q->bound != BOUND_EXACT || q->is_bare) {
            return;
        }
        if (means.count < DRAFT_OPERANDS_MAX) {
            rows[means.count] = q;
        }
        add_row(&means, q);
    }
    if (means.count < 2) {
        return;
    }
    bool is_inside = range_meets(means.hull, mean->w);
    if (is_inside && (t->is_partial || label_has(m, model_cell(m, t, 0, column), CLASS_STAT, W_NONE) ||
                      fits_any_mean(c, t, row, column, mean, &means))) {
        check_holds(mean);
        return;
    }
    struct draft d = draft_at(c, RULE_C206, mean);
    add_operands(&d, rows, means.count);
    d.level = is_inside && means.count > 8 ? (int)ASSAY_SEVERITY_WARNING : -1;
    draft_say(&d,
              is_inside ? "%s is no mean of its %u rows; their plain mean is %s"
                        : "%s lies outside its %u rows; their plain mean is %s",
              check_text(c, mean), means.count, check_value(c, mean, means.plain_value / means.count));
    draft_note(&d, "plain, weighted by any count column, geometric and harmonic means were tried");
    draft_reading(&d, "hull of the rows", means.hull);
    draft_end(&d);
}

static void mean_row(struct check *c, const struct table *t, uint32_t row)
{
    for (uint32_t column = 0; column < t->columns; column++) {
        struct quantity *mean = model_cell_quantity(&c->m, t, row, column);
        bool is_mean = mean && !mean->is_row_label && !mean->is_bare && mean->bound == BOUND_EXACT &&
                       mean->form == FORM_PLAIN && mean->dim != DIM_COUNT && mean->dim != DIM_MONEY &&
                       mean->role != ROLE_PARAMETER && mean->role != ROLE_THRESHOLD;
        /* An overall time, size or energy may as well be a sum: C205 looks at it. */
        bool may_be_sum = mean && !label_has(&c->m, claims_row_label(&c->m, t, row), 0, W_MEAN) &&
                          label_has(&c->m, claims_row_label(&c->m, t, row), CLASS_WHOLE, W_NONE) &&
                          is_additive(&c->m, mean);
        uint32_t header = model_cell(&c->m, t, 0, column);
        bool is_of_means = label_has(&c->m, header, 0, W_MEAN); /* the mean of means lies among them, too */
        if (is_mean && !may_be_sum && (is_of_means || !label_has(&c->m, header, CLASS_STAT, W_NONE))) {
            judge_mean(c, t, row, column, mean);
        }
    }
}

/* ---- sums in running text: "130 + 340 + 95 MB, total 655 MB" --- */

static bool joins(const struct model *m, uint32_t i, uint32_t k)
{
    if (k - i == 2) {
        const struct item *item = &m->items.at[i + 1];
        return item->kind == ITEM_MARK && item->word == '+';
    }
    return false;
}

static struct quantity *total_behind(struct check *c, uint32_t item, uint32_t end, const struct quantity *part)
{
    struct model *m = &c->m;
    bool is_named = false;
    for (uint32_t i = item + 1; i < end && i <= item + 8; i++) {
        const struct item *at = &m->items.at[i];
        is_named |= (at->kind == ITEM_MARK && at->word == '=') ||
                    (at->kind == ITEM_WORD && claims_words[at->word].class_of == CLASS_WHOLE);
        if (at->kind == ITEM_QUANTITY) {
            struct quantity *q = &m->quantities.at[at->hash];
            return is_named && q->dim == part->dim ? q : NULL;
        }
    }
    return NULL;
}

static void judge_sentence(struct check *c, uint32_t block)
{
    struct model *m = &c->m;
    const struct block *b = &m->blocks.at[block];
    uint32_t end = b->item + b->items;
    for (uint32_t i = b->item; i < end; i++) {
        if (m->items.at[i].kind != ITEM_QUANTITY || i + 2 >= end || m->items.at[i + 2].kind != ITEM_QUANTITY ||
            !joins(m, i, i + 2)) {
            continue;
        }
        uint32_t last = i + 2;
        while (last + 2 < end && m->items.at[last + 2].kind == ITEM_QUANTITY && joins(m, last, last + 2)) {
            last += 2;
        }
        struct quantity *unit = &m->quantities.at[m->items.at[last].hash];
        struct quantity *total = total_behind(c, last, end, unit);
        struct sum sum = {0};
        for (uint32_t k = i; k <= last && total; k += 2) {
            struct quantity *q = &m->quantities.at[m->items.at[k].hash];
            if (q->is_bare) {
                struct measure measure = {
                    .unit = unit->unit, .dim = unit->dim, .scale = unit->scale, .alt = unit->alt, .noun = unit->noun};
                quantity_measure(q, &measure);
                q->is_bare = false;
            }
            add_part(&sum, q);
        }
        if (total && !total->is_bare && sum.first->dim == total->dim && is_additive(m, total)) {
            static const struct table COMPLETE = {.caption = NONE32};
            struct table t = COMPLETE;
            t.section = b->section;
            judge_total(c, &t, total, &sum);
        }
        i = last;
    }
}

static bool is_summary(const struct model *m, const struct table *t, uint32_t row)
{
    uint32_t label = claims_row_label(m, t, row);
    return label_has(m, label, CLASS_WHOLE, W_NONE) || label_has(m, label, CLASS_STAT, W_NONE);
}

/* Rows that sum up stand first or last; in between "total" is one name of many. */
static uint32_t first_last(const struct model *m, const struct table *t)
{
    uint32_t row = t->rows;
    while (row > 1 && is_summary(m, t, row)) {
        row--;
    }
    return row + 1;
}

void rule_totals(struct check *c)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->tables.count; i++) {
        const struct table *t = &m->tables.at[i];
        uint32_t behind = first_last(m, t);
        for (uint32_t row = 1; row <= t->rows; row = row == 1 && behind > 2 ? behind : row + 1) {
            uint32_t label = claims_row_label(m, t, row);
            bool is_mean = label_has(m, label, 0, W_MEAN) || label_has(m, label, 0, W_GEOMEAN);
            bool is_overall = label_has(m, label, CLASS_WHOLE, W_NONE);
            if (is_overall && !is_mean) {
                total_row(c, t, row);
            }
            if (is_mean || is_overall) {
                mean_row(c, t, row);
            }
        }
    }
    for (uint32_t i = 0; i < m->blocks.count; i++) {
        if (m->blocks.at[i].quantities >= 3 && m->blocks.at[i].kind != BLOCK_VALUE) {
            judge_sentence(c, i);
        }
    }
}
