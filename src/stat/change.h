/*
 * Change points of a history (statistics.md 5.2): does the level of a series change, and where?
 *
 * The statistic is the largest two-sample t over all splits of the clipped, whitened series; its critical values were
 * drawn under no change through the same steps, so that looking everywhere and autocorrelation are paid for.
 */
#ifndef ASSAY_STAT_CHANGE_H
#define ASSAY_STAT_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#define ASSAY_CHANGE_N_MIN 12
#define ASSAY_CHANGE_EDGE 3 /* a side of fewer points is no level */

enum assay_change_level { ASSAY_CHANGE_05, ASSAY_CHANGE_01, ASSAY_CHANGE_001 }; /* alpha 0.05, 0.01, 0.001 */

struct assay_change {
    bool is_change;
    bool is_exact; /* both sides are constant: no noise to compare with */
    size_t at;     /* index of the first value of the new level */
    double statistic, critical;
    double rho;
};

/* values in order, logarithms if all are positive is the caller's choice. work: room for 4 * count doubles. */
struct assay_change assay_change_scan(const double *values, size_t count, enum assay_change_level level, double *work);

/* The critical value, linear in ln n between the rows of the table. */
double assay_change_critical(size_t count, enum assay_change_level level);

#endif
