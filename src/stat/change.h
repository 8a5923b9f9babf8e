/*
 * Change points of a history (statistics.md 5.2): does the level of a series change, and where?
 *
 * The statistic is the largest two-sample t over all splits of the clipped, whitened series; its critical values were
 * drawn under no change through the same steps, so that looking everywhere and autocorrelation are paid for
 * (tools/change_table.c draws them).
 *
 *     assay_change_scan       one segment, one level: is there a change, and where
 *     assay_change_rescan     a whole series: every change point of it
 *     assay_change_append     the newest points only: what a new run asks
 *     assay_change_divisive   E-divisive means, for comparison with other tools
 *
 * Values are in order of time; taking logarithms where all are positive is the caller's choice. Pure; nothing
 * allocates.
 */
#ifndef ASSAY_STAT_CHANGE_H
#define ASSAY_STAT_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_CHANGE_N_MIN 12
#define ASSAY_CHANGE_EDGE 3          /* a side of fewer points is no level */
#define ASSAY_CHANGE_WINDOW 100      /* bumps in a long series hide from recursion, not from windows */
#define ASSAY_CHANGE_WINDOW_STEPS 4  /* of a window to the next: every stretch of 75 points lies within one of 100 */
#define ASSAY_CHANGE_WINDOW_LEAST 25 /* of a series too short for a whole window */
#define ASSAY_CHANGE_SETTLED 5       /* points after a change before anybody is told */

enum assay_change_level { ASSAY_CHANGE_05, ASSAY_CHANGE_01, ASSAY_CHANGE_001 }; /* alpha 0.05, 0.01, 0.001 */

struct assay_change {
    bool is_change;
    bool is_exact; /* both sides are constant: no noise to compare with */
    size_t at;     /* index of the first value of the new level */
    double statistic, critical;
    double rho;
};

/* work: room for 4 * count doubles. */
struct assay_change assay_change_scan(const double *values, size_t count, enum assay_change_level level, double *work);

/* The critical value, linear in ln n between the rows of the table. */
double assay_change_critical(size_t count, enum assay_change_level level);

/* P that noise alone reaches this statistic in a segment of so many points: between the levels of the table
 * logarithmic in both, beyond the last one along its slope, which errs to the large side. 1 below N_MIN points. */
double assay_change_p(size_t count, double statistic);

struct assay_change_point {
    size_t at; /* index of the first value of the new level */
    double statistic;
    double p; /* between its neighbours */
    bool is_exact;
};
#define ASSAY_CHANGE_POINTS_MAX(count) ((count) / ASSAY_CHANGE_EDGE + 1)

/* Every change point, in order: recursion at 0.01, windows of 100 at 0.001 (below 100 points: of 50 and 25), then each
 * point again between its neighbours at 0.01. ret: room for ASSAY_CHANGE_POINTS_MAX(count); work: 4 * count doubles.
 * Time is linear in count but for the depth of the recursion. */
size_t assay_change_rescan(const double *values, size_t count, struct assay_change_point *ret, double *work);

struct assay_change_news {
    bool is_change, is_provisional; /* provisional: fewer than ASSAY_CHANGE_SETTLED points after it */
    struct assay_change_point point;
};
/* One scan at 0.001 of the last ASSAY_CHANGE_WINDOW points since `last_change` (0: since the beginning). work: 4 *
 * ASSAY_CHANGE_WINDOW doubles. */
struct assay_change_news assay_change_append(const double *values, size_t count, size_t last_change, double *work);

#define ASSAY_CHANGE_DIVISIVE_MAX 1000 /* points: time is quadratic for each of the permutations */
struct assay_change_divisive_rule {
    double alpha;          /* of each split */
    unsigned permutations; /* p = (1 + #>=) / (permutations + 1) */
    size_t size_min;       /* of a cluster */
    uint64_t seed;
};
/* E-divisive (Matteson and James, 2014): the split whose energy distance is largest, tau and the right end both
 * maximised, tested by permutation within the clusters, hierarchically. count <= ASSAY_CHANGE_DIVISIVE_MAX; ret as
 * above; work: room for count * (count + 4) doubles. p of a point is that of its split. */
size_t assay_change_divisive(const double *values, size_t count, const struct assay_change_divisive_rule *rule,
                             struct assay_change_point *ret, double *work);

#endif
