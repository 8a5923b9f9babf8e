#include "measure/chance.h"

#include "stat/stat.h"

#include <assert.h>
#include <math.h>

/* Uniform in (0, 1]: a logarithm of it is finite. */
static double unit_above_zero(struct assay_rng *rng)
{
    return 1.0 - assay_rng_unit(rng);
}

double assay_chance_exponential(struct assay_rng *rng)
{
    return -assay_stat_log(unit_above_zero(rng));
}

double assay_chance_normal(struct assay_rng *rng)
{
    double middle = (double)(assay_rng_u64(rng) >> 12) + 0.5; /* of one of 2^52 cells: never 0, never 1 */
    return assay_stat_normal_quantile(middle * 0x1p-52);
}

double assay_chance_gamma(struct assay_rng *rng, double shape)
{
    assert(shape > 0);
    double boost = 1;
    if (shape < 1) {
        boost = assay_stat_exp(assay_stat_log(unit_above_zero(rng)) / shape);
        shape += 1;
    }
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = assay_chance_normal(rng);
        double v = 1 + c * x;
        if (v <= 0) {
            continue;
        }
        v = v * v * v;
        if (assay_stat_log(unit_above_zero(rng)) < 0.5 * x * x + d - d * v + d * assay_stat_log(v)) {
            return boost * d * v;
        }
    }
}
