#include "record/paired.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define BATCHES_MAX 64 /* of a third: more values are first reduced to medians of batches */
#define THIRD_LEAST 6  /* least n on either side of a 99% interval */
#define ALPHA 0.01     /* of the interval between the thirds */

/* Reduces a third to at most BATCHES_MAX logarithms, in order; returns their number. */
static size_t reduce(const double *values, size_t count, double *ret_logs, double *scratch)
{
    size_t batch = (count + BATCHES_MAX - 1) / BATCHES_MAX, made = 0;
    for (size_t i = 0; i + batch <= count; i += batch) {
        double *sorted = scratch, *rest = scratch + batch;
        memcpy(sorted, values + i, batch * sizeof *sorted);
        assay_stat_sort(sorted, rest, batch);
        ret_logs[made++] = assay_stat_log(sorted[batch / 2]);
    }
    return made;
}

/* The interval of last to first third; false if they are too short for one. */
static bool compare_thirds(const double *values, size_t count, double *work, struct assay_steady *ret)
{
    double *first = work, *last = work + BATCHES_MAX, *counts = work + 2 * BATCHES_MAX;
    double *scratch = counts + BATCHES_MAX * BATCHES_MAX + 2;
    size_t third = count / 3;
    if (third < THIRD_LEAST) {
        return false;
    }
    size_t n = reduce(values, third, first, scratch), m = reduce(values + count - third, third, last, scratch);
    assay_stat_sort(first, scratch, n);
    assay_stat_sort(last, scratch, m);
    struct assay_stat_shift shift = assay_stat_shift_compare(last, m, first, n, ALPHA, counts);
    if (!shift.has_interval) {
        return false;
    }
    ret->thirds_lower = assay_stat_exp(shift.lower);
    ret->thirds_upper = assay_stat_exp(shift.upper);
    return true;
}

struct assay_steady assay_steady_find(const double *values, size_t count, double *work)
{
    _Static_assert(2 * BATCHES_MAX + BATCHES_MAX * BATCHES_MAX + 2 <= 8192, "the header names this room");
    struct assay_steady ret = {0};
    ret.state = assay_stat_steady_find(values, count, &ret.cut);
    bool has_ratio = true;
    for (size_t i = 0; i < count; i++) {
        has_ratio &= values[i] > 0;
    }
    bool is_open = ret.state == ASSAY_STEADY_FLAT || ret.state == ASSAY_STEADY_WARMED;
    if (is_open && has_ratio && compare_thirds(values + ret.cut, count - ret.cut, work, &ret) &&
        (ret.thirds_lower > 1 + ASSAY_STEADY_MARGIN || ret.thirds_upper < 1 / (1 + ASSAY_STEADY_MARGIN))) {
        ret.state = ASSAY_STEADY_NONE;
    }
    return ret;
}

const char *assay_steady_text(enum assay_stat_steady state)
{
    static const char *const TEXTS[] = {[ASSAY_STEADY_FLAT] = "flat",
                                        [ASSAY_STEADY_WARMED] = "warmed",
                                        [ASSAY_STEADY_NONE] = "no steady state",
                                        [ASSAY_STEADY_TOO_SHORT] = "too short"};
    assert((size_t)state < sizeof TEXTS / sizeof TEXTS[0]);
    return TEXTS[state];
}
