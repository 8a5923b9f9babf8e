#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance * (fabs(expected) + 1.0))) {
        fail_msg("found %.17g, expected %.17g", found, expected);
    }
}

/* statistics.md 8 */
static const double Y[] = {11.8, 11.9, 12.0, 12.1, 12.2, 12.3, 12.6, 15.9};
enum { N = 8 };

static void quantiles_have_the_values_of_the_literature(void **state)
{
    (void)state;
    const double ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assert_near(assay_stat_quantile_type7(ten, 10, 0.9), 9.1, 1e-15);
    assert_near(assay_stat_quantile_hd(Y, N, 0.5).value, 12.174294517517571, 1e-13);
    assert_near(assay_stat_quantile_hd(Y, N, 0.9).value, 14.883926289717605, 1e-13);
    assert_near(assay_stat_quantile_thd(Y, N, 0.5), 12.15, 1e-12);
    assert_near(assay_stat_quantile_thd(Y, N, 0.9), 14.9497709414893, 1e-9);
}

static void the_ratio_of_means_has_fiellers_interval(void **state)
{
    (void)state;
    struct assay_stat_moments x = {100, 16, 10}, y = {110, 25, 10};
    struct assay_stat_ratio ratio = assay_stat_ratio_fieller(x, y, 0.05);
    assert_true(ratio.has_interval);
    assert_near(ratio.lower, 1.056506, 1e-6);
    assert_near(ratio.upper, 1.145049, 1e-6);
    x = (struct assay_stat_moments){1, 400, 10};
    assert_false(assay_stat_ratio_fieller(x, y, 0.05).has_interval);
}

static double mean_of(const double *units, size_t count, size_t stride)
{
    (void)stride;
    return assay_stat_mean(units, count);
}

static void the_bootstrap_needs_enough_units_and_repeats_with_its_seed(void **state)
{
    (void)state;
    enum { UNITS = 30, RESAMPLES = 2000 };
    double units[UNITS], work[UNITS + 2 * RESAMPLES + UNITS];
    struct assay_rng rng;
    assay_rng_seed(&rng, 7, "units");
    for (size_t i = 0; i < UNITS; i++) {
        units[i] = -assay_stat_log(1.0 - assay_rng_unit(&rng)); /* exponential, mean 1 */
    }
    struct assay_stat_bootstrap a, b;
    assay_rng_seed(&rng, 1, "bootstrap");
    a = assay_stat_bootstrap_bca(units, UNITS, 1, mean_of, 0.05, RESAMPLES, &rng, work);
    assay_rng_seed(&rng, 1, "bootstrap");
    b = assay_stat_bootstrap_bca(units, UNITS, 1, mean_of, 0.05, RESAMPLES, &rng, work);
    assert_true(a.has_interval);
    assert_true(a.lower < a.point && a.point < a.upper);
    assert_memory_equal(&a.lower, &b.lower, sizeof a.lower);
    assert_true(a.upper - a.point > a.point - a.lower); /* skewed to the right, and so is the interval */
    assert_false(assay_stat_bootstrap_bca(units, 14, 1, mean_of, 0.05, RESAMPLES, &rng, work).has_interval);
}

static void the_bootstrap_covers(void **state)
{
    (void)state;
    enum { UNITS = 20, RESAMPLES = 400, TRIALS = 400 };
    double units[UNITS], work[UNITS + 2 * RESAMPLES + UNITS];
    struct assay_rng draw, resample;
    assay_rng_seed(&draw, 11, "draw");
    assay_rng_seed(&resample, 11, "resample");
    int covered = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        for (size_t i = 0; i < UNITS; i++) {
            units[i] = assay_stat_normal_quantile(assay_rng_unit(&draw) * 0.999998 + 1e-6);
        }
        struct assay_stat_bootstrap b =
            assay_stat_bootstrap_bca(units, UNITS, 1, mean_of, 0.05, RESAMPLES, &resample, work);
        covered += b.lower <= 0.0 && b.upper >= 0.0;
    }
    assert_true(covered >= TRIALS * 91 / 100); /* nominal 95, less the 4 points that small samples may cost */
}

static void warm_up_is_found_and_noise_is_not(void **state)
{
    (void)state;
    double values[200];
    struct assay_rng rng;
    size_t cut;
    assay_rng_seed(&rng, 3, "noise");
    for (size_t i = 0; i < 200; i++) {
        values[i] = 10.0 + 0.1 * assay_rng_unit(&rng);
    }
    enum assay_stat_steady flat = assay_stat_steady_find(values, 200, &cut);
    assert_true(flat == ASSAY_STEADY_FLAT || cut < 50);
    for (size_t i = 0; i < 30; i++) {
        values[i] += 5.0;
    }
    assert_int_equal(assay_stat_steady_find(values, 200, &cut), ASSAY_STEADY_WARMED);
    assert_in_range(cut, 30, 80); /* the least score may lie a little behind the end of the warm-up, never before it */
    for (size_t i = 0; i < 200; i++) {
        values[i] = (double)i;
    }
    assert_int_equal(assay_stat_steady_find(values, 200, &cut), ASSAY_STEADY_NONE);
    assert_int_equal(assay_stat_steady_find(values, 39, &cut), ASSAY_STEADY_TOO_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_have_the_values_of_the_literature),
        cmocka_unit_test(the_ratio_of_means_has_fiellers_interval),
        cmocka_unit_test(the_bootstrap_needs_enough_units_and_repeats_with_its_seed),
        cmocka_unit_test(the_bootstrap_covers),
        cmocka_unit_test(warm_up_is_found_and_noise_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
