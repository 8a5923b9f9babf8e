#include "stat/change.h"

#include "stat/stat.h"

#include <assert.h>
#include <string.h>

#define P_WINDOW 0.001 /* of a window of ASSAY_CHANGE_WINDOW points */
#define P_RETEST 0.01  /* a point that its neighbours do not bear at this level is dropped */

/* A series with the change points found so far, in order. */
struct found {
    const double *values;
    size_t count;
    struct assay_change_point *points;
    size_t points_count;
    double *work;
};

static size_t left_of(const struct found *found, size_t point)
{
    return point == 0 ? 0 : found->points[point - 1].at;
}

static size_t right_of(const struct found *found, size_t point)
{
    return point + 1 == found->points_count ? found->count : found->points[point + 1].at;
}

static void point_insert(struct found *found, size_t at)
{
    size_t i = found->points_count;
    assert(i < ASSAY_CHANGE_POINTS_MAX(found->count));
    for (; i > 0 && found->points[i - 1].at > at; i--) {
        found->points[i] = found->points[i - 1];
    }
    found->points[i] = (struct assay_change_point){.at = at};
    found->points_count++;
}

static void point_drop(struct found *found, size_t point)
{
    memmove(&found->points[point], &found->points[point + 1],
            (found->points_count - point - 1) * sizeof found->points[0]);
    found->points_count--;
}

/* Splits [from, to) as long as there is a change. The longer side is left to the loop, so the depth is at most
 * log2(count). */
static void recurse(struct found *found, size_t from, size_t to)
{
    for (;;) {
        struct assay_change change = assay_change_scan(found->values + from, to - from, ASSAY_CHANGE_01, found->work);
        if (!change.is_change) {
            return;
        }
        size_t at = from + change.at;
        point_insert(found, at);
        if (at - from < to - at) {
            recurse(found, from, at);
            from = at;
        } else {
            recurse(found, at, to);
            to = at;
        }
    }
}

/* The segment that holds [from, to) whole; false if a change point lies within. */
static bool segment_of(const struct found *found, size_t from, size_t to, size_t *ret_from, size_t *ret_to)
{
    *ret_from = 0;
    *ret_to = found->count;
    for (size_t i = 0; i < found->points_count; i++) {
        size_t at = found->points[i].at;
        if (at > from && at < to) {
            return false;
        }
        *ret_from = at <= from ? at : *ret_from;
        *ret_to = at >= to && at < *ret_to ? at : *ret_to;
    }
    return true;
}

/* Shorter windows are more of them, and lone outliers weigh more there: they ask for more. */
static void windows(struct found *found, size_t window)
{
    double share = (double)window / ASSAY_CHANGE_WINDOW, p_max = P_WINDOW * share * share;
    for (size_t from = 0; from + window <= found->count; from += window / ASSAY_CHANGE_WINDOW_STEPS) {
        size_t first, end;
        if (!segment_of(found, from, from + window, &first, &end)) {
            continue;
        }
        struct assay_change change = assay_change_scan(found->values + from, window, ASSAY_CHANGE_001, found->work);
        if (change.is_change && assay_change_p(window, change.statistic) <= p_max) {
            size_t at = from + change.at;
            point_insert(found, at);
            recurse(found, first, at);
            recurse(found, at, end);
        }
    }
}

/* A point between its neighbours: how likely noise alone splits that stretch as strongly. */
static void retest(struct found *found, size_t point)
{
    size_t from = left_of(found, point), to = right_of(found, point);
    struct assay_change change = assay_change_scan(found->values + from, to - from, ASSAY_CHANGE_01, found->work);
    found->points[point].p = change.is_change ? assay_change_p(to - from, change.statistic) : 1.0;
    found->points[point].statistic = change.statistic;
    found->points[point].is_exact = change.is_exact;
    if (change.is_change) {
        found->points[point].at = from + change.at; /* its best place, now that the neighbours are known */
    }
}

static size_t weakest_of(const struct found *found)
{
    size_t weakest = 0;
    for (size_t i = 1; i < found->points_count; i++) {
        if (found->points[i].p > found->points[weakest].p) {
            weakest = i;
        }
    }
    return weakest;
}

/* Each drop gives its neighbours a longer stretch: only they are tested again. */
static void settle(struct found *found)
{
    for (size_t i = 0; i < found->points_count; i++) {
        retest(found, i);
    }
    while (found->points_count > 0) {
        size_t weakest = weakest_of(found);
        if (found->points[weakest].p <= P_RETEST) {
            return;
        }
        point_drop(found, weakest);
        if (weakest > 0) {
            retest(found, weakest - 1);
        }
        if (weakest < found->points_count) {
            retest(found, weakest);
        }
    }
}

size_t assay_change_rescan(const double *values, size_t count, struct assay_change_point *ret, double *work)
{
    assert((values && work) || count < ASSAY_CHANGE_N_MIN);
    struct found found = {.values = values, .count = count, .points = ret, .work = work};
    recurse(&found, 0, count);
    /* Two steps of one direction pass for correlation. In a long series windows of 100 part them; a series that has
     * none gets shorter ones. In long series these would cost more false points than outliers leave room for. */
    size_t least = count < ASSAY_CHANGE_WINDOW ? ASSAY_CHANGE_WINDOW_LEAST : ASSAY_CHANGE_WINDOW;
    for (size_t window = ASSAY_CHANGE_WINDOW; window >= least; window /= 2) {
        windows(&found, window);
    }
    settle(&found);
    return found.points_count;
}

struct assay_change_news assay_change_append(const double *values, size_t count, size_t last_change, double *work)
{
    assert(last_change <= count);
    size_t since = count - last_change;
    size_t n = since < ASSAY_CHANGE_WINDOW ? since : ASSAY_CHANGE_WINDOW, from = count - n;
    struct assay_change change = assay_change_scan(values + from, n, ASSAY_CHANGE_001, work);
    if (!change.is_change) {
        return (struct assay_change_news){0};
    }
    return (struct assay_change_news){.is_change = true,
                                      .is_provisional = n - change.at < ASSAY_CHANGE_SETTLED,
                                      .point = {.at = from + change.at,
                                                .statistic = change.statistic,
                                                .p = assay_change_p(n, change.statistic),
                                                .is_exact = change.is_exact}};
}
