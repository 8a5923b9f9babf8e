/* Intervals (inside claims/): what a printed number allows, and arithmetic that is rounded outwards. */
#ifndef ASSAY_CLAIMS_INTERVAL_H
#define ASSAY_CLAIMS_INTERVAL_H

#include "claims/model.h"

struct range range_of(double lo, double hi);
struct range range_add(struct range a, struct range b);
struct range range_sub(struct range a, struct range b);
struct range range_mul(struct range a, struct range b);
bool range_div(struct range a, struct range b, struct range *ret); /* false: b holds 0 */
struct range range_scale(struct range a, double factor);
struct range range_abs(struct range a);
struct range range_hull(struct range a, struct range b);
bool range_meets(struct range a, struct range b);
bool range_holds(struct range a, double x);

#endif
