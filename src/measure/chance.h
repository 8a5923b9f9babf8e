/*
 * Draws from distributions, with the same bits on every machine: the functions behind them are those of stat/, which
 * have one result everywhere (statistics.md 2.0). Pure. Internal to measure/.
 */
#ifndef ASSAY_MEASURE_CHANCE_H
#define ASSAY_MEASURE_CHANCE_H

#include "base/rng.h"

double assay_chance_exponential(struct assay_rng *rng);         /* mean 1, by inversion; never infinite */
double assay_chance_normal(struct assay_rng *rng);              /* mean 0, variance 1, by inversion */
double assay_chance_gamma(struct assay_rng *rng, double shape); /* scale 1; Marsaglia and Tsang, 2000 */

#endif
