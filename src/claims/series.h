/* Series (inside claims/): the statistics that are printed of one thing: min, p50, mean, sd, max and n of one row, one
 * column, one object or one sentence. */
#ifndef ASSAY_CLAIMS_SERIES_H
#define ASSAY_CLAIMS_SERIES_H

#include "claims/check.h"

struct series {
    struct quantity *stats[STAT_COUNT]; /* NULL: not printed */
    struct quantity *any;               /* one of them */
    double n;                           /* 0 = unknown */
    struct quantity *n_at;              /* where n stands, or NULL */
    bool is_ambiguous;                  /* two values of one statistic */
};

typedef void series_visit(struct check *c, struct series *series);
/* Calls for every series of two or more statistics, and for single ones with n. */
void series_each(struct check *c, series_visit *visit);

/* n of the row, object or sentence of a quantity; 0 = none. */
double series_n(struct check *c, const struct quantity *q, struct quantity **ret_at);

#endif
