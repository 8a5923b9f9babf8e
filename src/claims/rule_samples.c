/* C309, C801, C803, C804, C807, C808: arrays of samples, by themselves and against the statistics beside them. */
#include "claims/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MIN 5 /* below it equal values say nothing */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A sorted copy; the caller frees it. */
static double *sorted(struct check *c, const struct array *array)
{
    double *copy = assay_alloc(array->count, sizeof *copy);
    if (!copy) {
        model_fail(&c->m);
        return NULL;
    }
    memcpy(copy, c->m.values.at + array->value, array->count * sizeof *copy);
    qsort(copy, array->count, sizeof *copy, by_value);
    return copy;
}

static bool is_measured(const struct array *array)
{
    return array->dim == DIM_TIME || DIM_DEN(array->dim) == DIM_TIME || array->dim == DIM_ENERGY ||
           array->dim == DIM_POWER;
}

/* ---- C309 --- */

static void judge_constant(struct check *c, const struct array *array, const double *v)
{
    uint32_t distinct = 1;
    for (uint32_t i = 1; i < array->count; i++) {
        distinct += v[i] != v[i - 1];
    }
    double digits = array->step > 0 ? fabs(v[0]) * array->scale / array->step : 0;
    bool has_three_digits = digits >= 100;
    if (array->count < SAMPLES_MIN || !is_measured(array) || !has_three_digits || v[0] == 0 ||
        (distinct > 1 && distinct > array->count / 5)) {
        return;
    }
    struct draft d = draft_at_bytes(c, RULE_C309, array->file, array->from, array->to);
    draft_say(&d, "%u measured values with only %u different ones", array->count, distinct);
    draft_note(&d, "measured times do not repeat to three digits; %s",
               distinct == 1 ? "all are equal" : "most are equal");
    draft_end(&d);
}

/* ---- C801, C803 --- */

struct facts {
    double mean, sum, sd, median, n;
    const double *v;
    uint32_t count;
};

static struct facts facts_of(const struct array *array, const double *v)
{
    struct facts f = {.v = v, .count = array->count, .n = array->count};
    double squares = 0;
    for (uint32_t i = 0; i < array->count; i++) {
        f.sum += v[i];
    }
    f.mean = f.sum / f.n;
    for (uint32_t i = 0; i < array->count; i++) {
        squares += (v[i] - f.mean) * (v[i] - f.mean);
    }
    f.sd = f.n > 1 ? sqrt(squares / (f.n - 1)) : 0;
    f.median = array->count % 2 ? v[array->count / 2] : (v[array->count / 2 - 1] + v[array->count / 2]) / 2;
    return f;
}

/* The values that any usual quantile of q has: between the order statistics around it. */
static struct range quantile_range(const struct facts *f, double q)
{
    double at = q * f->n;
    double lo = floor(at) - 1, hi = ceil(at) + 1;
    lo = lo < 0 ? 0 : lo;
    hi = hi > f->n - 1 ? f->n - 1 : hi;
    return (struct range){f->v[(uint32_t)lo], f->v[(uint32_t)hi]};
}

static bool allowed_of(const struct facts *f, uint8_t stat, struct range *ret, double *ret_exact)
{
    static const double QUANTILES[STAT_COUNT] = {
        [STAT_P10] = .1, [STAT_P25] = .25, [STAT_P50] = .5,  [STAT_P75] = .75,
        [STAT_P90] = .9, [STAT_P95] = .95, [STAT_P99] = .99, [STAT_P999] = .999};
    double exact = 0;
    if (stat == STAT_MEAN) {
        exact = f->mean;
    } else if (stat == STAT_MIN) {
        exact = f->v[0];
    } else if (stat == STAT_MAX) {
        exact = f->v[f->count - 1];
    } else if (stat == STAT_SD) {
        *ret = (struct range){f->sd * sqrt((f->n - 1) / f->n), f->sd};
        *ret_exact = f->sd;
        return true;
    } else if (QUANTILES[stat] > 0) {
        *ret = quantile_range(f, QUANTILES[stat]);
        *ret_exact = stat == STAT_P50 ? f->median : ret->hi;
        return true;
    } else {
        return false;
    }
    *ret = range_of(exact - fabs(exact) * 1e-9, exact + fabs(exact) * 1e-9);
    *ret_exact = exact;
    return true;
}

static void judge_divisor(struct check *c, const struct array *array, const struct facts *f, struct quantity *q)
{
    double divisor = f->sum * array->scale / q->value;
    struct draft d = draft_at(c, RULE_C803, q);
    draft_operand_bytes(&d, array->file, array->from, array->to);
    draft_say(&d, "the stated mean %s is the sum of %u samples divided by %.0f", check_text(c, q), array->count,
              divisor);
    draft_note(&d, "their mean is %s", check_value(c, q, f->mean * array->scale));
    draft_end(&d);
}

static void judge_stated(struct check *c, const struct array *array, const struct facts *f, struct quantity *q)
{
    struct range allowed;
    double exact = 0;
    if (!allowed_of(f, q->stat, &allowed, &exact)) {
        return;
    }
    allowed = range_scale(allowed, array->scale);
    struct range wide = {allowed.lo - array->step, allowed.hi + array->step};
    if (range_meets(wide, q->w)) {
        check_holds(q);
        return;
    }
    double divisor = q->value != 0 ? f->sum * array->scale / q->value : 0;
    bool is_whole = q->stat == STAT_MEAN && divisor >= 1 &&
                    fabs(divisor - round(divisor)) <= divisor * q->step / q->value && round(divisor) != f->n &&
                    divisor <= 4 * f->n;
    if (is_whole) {
        judge_divisor(c, array, f, q);
        return;
    }
    struct draft d = draft_at(c, RULE_C801, q);
    draft_operand_bytes(&d, array->file, array->from, array->to);
    draft_say(&d, "the file states %s, its own %u samples give %s", check_text(c, q), array->count,
              check_value(c, q, exact * array->scale));
    draft_reading(&d, "recomputed", allowed);
    draft_end(&d);
}

/* A statistic without a unit of its own is taken in the unit of the samples. */
static bool is_stated_of(const struct array *array, const struct quantity *q)
{
    bool is_statistic = (q->stat >= STAT_MIN && q->stat <= STAT_SD) && q->json_key.len > 0;
    return is_statistic && q->dim == array->dim && q->group == array->group;
}

static void judge_n(struct check *c, const struct array *array, struct quantity *q)
{
    bool is_n = q->stat == STAT_N && (assay_slice_is(q->json_key, "n") || assay_slice_is(q->json_key, "n_samples"));
    if (!is_n || q->value == array->count) {
        return;
    }
    struct draft d = draft_at(c, RULE_C801, q);
    draft_operand_bytes(&d, array->file, array->from, array->to);
    draft_say(&d, "n is stated as %s, the array holds %u samples", check_text(c, q), array->count);
    draft_end(&d);
}

static bool is_sample_name(const struct array *array)
{
    static const char *const NAMES[] = {"sample", "latenc",  "times", "durations", "values",
                                        "runs",   "measure", "raw",   "timings"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (array->name.len && memmem(array->name.data, array->name.len, NAMES[i], strlen(NAMES[i]))) {
            return true;
        }
    }
    return is_measured(array);
}

/* Arrays of one object: with two, what a statistic is of is only known by its label. */
static uint32_t arrays_of_group(const struct model *m, const struct array *array)
{
    uint32_t count = 0;
    const struct file *f = &m->files.at[array->file];
    for (uint32_t i = f->array; i < f->array + f->arrays; i++) {
        count += m->arrays.at[i].group == array->group && m->arrays.at[i].count > 0 && !m->arrays.at[i].is_objects;
    }
    return count;
}

/* ---- C804, C807 --- */

static void judge_cold(struct check *c, const struct array *array, const double *v, const struct facts *f)
{
    const double *raw = c->m.values.at + array->value;
    double first = raw[0];
    double *gaps = assay_alloc(array->count, sizeof *gaps);
    if (!gaps) {
        model_fail(&c->m);
        return;
    }
    for (uint32_t i = 0; i < array->count; i++) {
        gaps[i] = fabs(v[i] - f->median);
    }
    qsort(gaps, array->count, sizeof *gaps, by_value);
    double mad = gaps[array->count / 2];
    assay_free(gaps);
    bool is_marked = array->name.len && (memmem(array->name.data, array->name.len, "warm", 4) ||
                                         memmem(array->name.data, array->name.len, "cold", 4));
    if (array->count < SAMPLES_MIN || array->dim != DIM_TIME || is_marked || first <= f->median + 5 * mad ||
        first <= 1.5 * f->median) {
        return;
    }
    struct draft d = draft_at_bytes(c, RULE_C804, array->file, array->from, array->to);
    draft_say(&d, "the first sample, %g, is %.1f times the median %g of its array: a cold start among the samples",
              first, first / f->median, f->median);
    draft_note(&d, "list warm-up apart, or say that it is in");
    draft_end(&d);
}

static const struct quantity *timeout_of(const struct model *m, const struct array *array)
{
    const struct file *f = &m->files.at[array->file];
    for (uint32_t i = f->quantity; i < f->quantity + f->quantities; i++) {
        const struct quantity *q = &m->quantities.at[i];
        if (q->json_key.len && memmem(q->json_key.data, q->json_key.len, "timeout", 7) && q->dim == DIM_TIME) {
            return q;
        }
    }
    return NULL;
}

static void judge_plateau(struct check *c, const struct array *array, const double *v)
{
    const struct quantity *timeout = array->dim == DIM_TIME ? timeout_of(&c->m, array) : NULL;
    double top = v[array->count - 1] * array->scale;
    uint32_t near = 0;
    if (!timeout || fabs(top - timeout->value) > 0.002 * timeout->value) {
        return;
    }
    while (near < array->count && v[array->count - 1 - near] * array->scale >= top * 0.998) {
        near++;
    }
    if (near >= 3) {
        struct draft d = draft_at_bytes(c, RULE_C807, array->file, array->from, array->to);
        draft_operand(&d, timeout);
        draft_say(&d, "%u samples stand at the time-out of %s: they failed, and are counted as measured", near,
                  check_text(c, timeout));
        draft_end(&d);
    }
}

static void judge_array(struct check *c, const struct array *array)
{
    struct model *m = &c->m;
    double *v = array->count >= 2 && !array->is_objects ? sorted(c, array) : NULL;
    if (!v) {
        return;
    }
    struct facts f = facts_of(array, v);
    judge_constant(c, array, v);
    if (is_sample_name(array)) {
        judge_cold(c, array, v, &f);
        judge_plateau(c, array, v);
        const struct file *file = &m->files.at[array->file];
        for (uint32_t i = file->quantity; i < file->quantity + file->quantities && arrays_of_group(m, array) == 1;
             i++) {
            struct quantity *q = &m->quantities.at[i];
            if (q->group != array->group) {
                continue;
            }
            if (is_stated_of(array, q)) {
                judge_stated(c, array, &f, q);
            } else {
                judge_n(c, array, q);
            }
        }
    }
    assay_free(v);
}

/* ---- C808 --- */

static bool is_blank_csv(const struct assay_claims_input *input)
{
    const char *end = memchr(input->bytes, '\n', input->len);
    for (const char *p = end; p && p < input->bytes + input->len; p++) {
        if (*p != '\n' && *p != '\r' && *p != ' ') {
            return false;
        }
    }
    return true;
}

bool claims_citation(const struct check *c, const char *path, struct draft_place *ret)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    for (uint32_t i = 0; i < c->m.files.count; i++) {
        const struct assay_claims_input *input = c->m.files.at[i].input;
        const char *at = input->is_evidence ? NULL : memmem(input->bytes, input->len, name, strlen(name));
        if (at) {
            *ret = (struct draft_place){i, (uint32_t)(at - input->bytes),
                                        (uint32_t)(at - input->bytes + (ptrdiff_t)strlen(name))};
            return true;
        }
    }
    return false;
}

static void judge_empty(struct check *c, uint32_t file)
{
    const struct file *f = &c->m.files.at[file];
    const struct assay_claims_input *input = f->input;
    bool is_csv = assay_text_ends(input->path, ".csv");
    uint32_t empty = NONE32;
    for (uint32_t i = f->array; i < f->array + f->arrays; i++) {
        if (c->m.arrays.at[i].count == 0 && is_sample_name(&c->m.arrays.at[i])) {
            empty = i;
        }
    }
    bool is_empty = input->len == 0 || (is_csv && is_blank_csv(input));
    if (!input->is_evidence || input->kind == ASSAY_CLAIMS_SOURCE || (!is_empty && empty == NONE32)) {
        return;
    }
    uint32_t from = is_empty ? 0 : c->m.arrays.at[empty].from, to = is_empty ? 0 : c->m.arrays.at[empty].to;
    struct draft_place cited;
    struct draft d = draft_at_bytes(c, RULE_C808, file, from, to);
    if (claims_citation(c, input->path, &cited)) {
        draft_operand_bytes(&d, cited.file, cited.from, cited.to);
    }
    draft_say(&d, "evidence without a sample: %s",
              input->len == 0 ? "the file is empty"
              : is_empty      ? "the file has a header and no row"
                              : "the array is empty");
    draft_end(&d);
}

void rule_samples(struct check *c)
{
    for (uint32_t i = 0; i < c->m.arrays.count && c->m.failed == ASSAY_OK; i++) {
        judge_array(c, &c->m.arrays.at[i]);
    }
    for (uint32_t i = 0; i < c->m.files.count; i++) {
        judge_empty(c, i);
    }
}
