#include "claims/series.h"

#include <stdlib.h>
#include <string.h>

struct member {
    uint64_t scope, label;
    uint32_t quantity;
};

/* Where a series lies: a table, a JSON object, a block of text. */
static uint64_t scope_of(const struct model *m, const struct quantity *q)
{
    const struct block *b = &m->blocks.at[q->block];
    if (q->table != NONE32) {
        return (uint64_t)1 << 60 | q->table;
    }
    if (b->kind == BLOCK_VALUE) {
        return (uint64_t)2 << 60 | q->group;
    }
    return (uint64_t)3 << 60 | q->block;
}

/* Hash of dimension and label. The statistic is no part of it. */
static uint64_t label_of(const struct model *m, const struct quantity *q)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ q->dim;
    for (uint32_t i = q->label; i < q->label + q->labels; i++) {
        hash = (hash ^ m->labels.at[i]) * UINT64_C(1099511628211);
    }
    return (hash ^ q->noun) * UINT64_C(1099511628211);
}

static int by_member(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = (x->scope > y->scope) - (x->scope < y->scope);
    order = order ? order : (x->label > y->label) - (x->label < y->label);
    return order ? order : (x->quantity > y->quantity) - (x->quantity < y->quantity);
}

static bool is_n(const struct quantity *q)
{
    return q->stat == STAT_N && q->num.exp10 >= 0 && q->value >= 1 && (q->is_bare || q->dim == DIM_COUNT);
}

/* "over 300 look-ups", "of 200 saves", "n = 9 topics": what a statistic is of. */
static bool counts_samples(const struct model *m, const struct quantity *q)
{
    bool is_whole = q->dim == DIM_COUNT && q->form == FORM_PLAIN && q->num.exp10 >= 0 && q->value >= 1;
    if (!is_whole || q->bound == BOUND_UPPER || q->bound == BOUND_ABOUT) {
        return false;
    }
    if (q->unit == UNIT_SAMPLES || q->unit == UNIT_RUNS) {
        return true;
    }
    const struct block *b = &m->blocks.at[q->block];
    for (uint32_t i = q->item; q->table == NONE32 && i > b->item && q->item - i < 2; i--) {
        const struct item *before = &m->items.at[i - 1];
        if (before->kind == ITEM_WORD && (before->word == W_OVER || before->word == W_OF)) {
            return true;
        }
        if (before->kind != ITEM_WORD || before->word != W_THE) {
            return false;
        }
    }
    return false;
}

static bool is_json_n(const struct quantity *q)
{
    return q->json_key.len && (assay_slice_is(q->json_key, "n") || assay_slice_is(q->json_key, "count") ||
                               assay_slice_is(q->json_key, "samples") || assay_slice_is(q->json_key, "n_samples") ||
                               assay_slice_is(q->json_key, "runs") || assay_slice_is(q->json_key, "requests"));
}

static bool is_beside(const struct model *m, const struct quantity *q, const struct quantity *n)
{
    if (q->table != NONE32) {
        return n->table == q->table && (n->row == q->row || n->column == q->column);
    }
    const struct block *b = &m->blocks.at[q->block];
    return b->kind == BLOCK_VALUE ? n->group == q->group
                                  : n->block == q->block && (n->sentence == q->sentence || n->stat == STAT_N ||
                                                             n->unit == UNIT_SAMPLES || n->unit == UNIT_RUNS);
}

double series_n(struct check *c, const struct quantity *q, struct quantity **ret_at)
{
    struct model *m = &c->m;
    uint32_t self = (uint32_t)(q - m->quantities.at);
    enum { NEAR = 48 }; /* quantities to either side: a wide row or object */
    struct quantity *counted = NULL;
    uint32_t first = self > NEAR ? self - NEAR : 0;
    for (uint32_t i = first; i < m->quantities.count && i < self + NEAR; i++) {
        struct quantity *n = &m->quantities.at[i];
        if (n->file != q->file || i == self || !is_beside(m, q, n)) {
            continue;
        }
        if (is_n(n) || is_json_n(n)) {
            *ret_at = n;
            return n->value;
        }
        if (counts_samples(m, n)) {
            if (counted && counted->value != n->value) {
                return 0; /* two sample counts: whose is whose is not known */
            }
            counted = n;
        }
    }
    *ret_at = counted;
    return counted ? counted->value : 0;
}

static void add_member(struct series *series, struct quantity *q)
{
    struct quantity **at = &series->stats[q->stat];
    if (*at && (*at)->value != q->value) {
        series->is_ambiguous = true;
    }
    *at = q;
    series->any = q;
}

static bool is_statistic(const struct quantity *q)
{
    if (q->is_bare && q->table == NONE32 && q->json_key.len == 0) {
        return false; /* a number without unit in running text: of what is not known */
    }
    return q->stat != STAT_NONE && q->stat != STAT_N && q->role != ROLE_THRESHOLD && q->role != ROLE_HYPOTHETICAL &&
           q->form != FORM_FRACTION && q->bound == BOUND_EXACT && !q->num.has_sign && q->dim != DIM_RATIO &&
           q->form != FORM_RANGE;
}

void series_each(struct check *c, series_visit *visit)
{
    struct model *m = &c->m;
    uint32_t count = 0, kept = 0;
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        count += is_statistic(&m->quantities.at[i]);
    }
    struct member *members = assay_alloc(count ? count : 1, sizeof *members);
    if (!members) {
        model_fail(m);
        return;
    }
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        const struct quantity *q = &m->quantities.at[i];
        if (is_statistic(q)) {
            members[kept++] = (struct member){scope_of(m, q), label_of(m, q), i};
        }
    }
    qsort(members, count, sizeof *members, by_member);
    for (uint32_t i = 0; i < count;) {
        struct series series = {0};
        uint32_t k = i;
        for (; k < count && members[k].scope == members[i].scope && members[k].label == members[i].label; k++) {
            add_member(&series, &m->quantities.at[members[k].quantity]);
        }
        series.n = series_n(c, series.any, &series.n_at);
        visit(c, &series);
        i = k;
    }
    assay_free(members);
}
