#include "base/rng.h"
#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { POINTS = 100, TRIALS = 2000 };

static double normal(struct assay_rng *rng)
{
    return assay_stat_normal_quantile(assay_rng_unit(rng) * (1 - 2e-12) + 1e-12);
}

static void draw_series(struct assay_rng *rng, double rho, double *values, size_t count)
{
    values[0] = normal(rng);
    for (size_t i = 1; i < count; i++) {
        values[i] = rho * values[i - 1] + sqrt(1 - rho * rho) * normal(rng);
    }
}

static double share_of_changes(double rho, enum assay_change_level level)
{
    double values[POINTS], work[4 * POINTS];
    struct assay_rng rng;
    assay_rng_seed(&rng, 5, "series");
    int found = 0;
    for (int i = 0; i < TRIALS; i++) {
        draw_series(&rng, rho, values, POINTS);
        found += assay_change_scan(values, POINTS, level, work).is_change;
    }
    return (double)found / TRIALS;
}

static void noise_alone_is_called_a_change_as_seldom_as_promised(void **state)
{
    (void)state;
    assert_true(share_of_changes(0.0, ASSAY_CHANGE_05) < 0.065);
    assert_true(share_of_changes(0.3, ASSAY_CHANGE_05) < 0.065);
    assert_true(share_of_changes(0.0, ASSAY_CHANGE_01) < 0.017);
    assert_true(share_of_changes(0.3, ASSAY_CHANGE_01) < 0.017);
}

static void a_step_of_three_sigma_is_found_where_it_is(void **state)
{
    (void)state;
    enum { BEFORE = 60, AFTER = 8 };
    double values[BEFORE + AFTER], work[4 * (BEFORE + AFTER)];
    struct assay_rng rng;
    assay_rng_seed(&rng, 6, "series");
    int found = 0;
    for (int i = 0; i < 500; i++) {
        draw_series(&rng, 0.0, values, BEFORE + AFTER);
        for (size_t j = BEFORE; j < BEFORE + AFTER; j++) {
            values[j] += 3.0;
        }
        struct assay_change change = assay_change_scan(values, BEFORE + AFTER, ASSAY_CHANGE_01, work);
        found += change.is_change && change.at + 2 >= BEFORE && change.at <= BEFORE + 2;
    }
    assert_true(found >= 475);
}

static void a_lone_spike_is_no_change(void **state)
{
    (void)state;
    double values[40], work[160];
    struct assay_rng rng;
    assay_rng_seed(&rng, 8, "series");
    draw_series(&rng, 0.0, values, 40);
    values[20] += 100.0;
    assert_false(assay_change_scan(values, 40, ASSAY_CHANGE_01, work).is_change);
}

static void a_step_without_noise_is_exact(void **state)
{
    (void)state;
    double values[20], work[80];
    for (size_t i = 0; i < 20; i++) {
        values[i] = i < 12 ? 1.0 : 2.0;
    }
    struct assay_change change = assay_change_scan(values, 20, ASSAY_CHANGE_001, work);
    assert_true(change.is_change && change.is_exact);
    assert_int_equal(change.at, 12);
}

static void a_constant_or_short_series_has_no_change(void **state)
{
    (void)state;
    double values[20] = {0}, work[80];
    assert_false(assay_change_scan(values, 20, ASSAY_CHANGE_05, work).is_change);
    assert_false(assay_change_scan(values, 11, ASSAY_CHANGE_05, work).is_change);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_alone_is_called_a_change_as_seldom_as_promised),
        cmocka_unit_test(a_step_of_three_sigma_is_found_where_it_is),
        cmocka_unit_test(a_lone_spike_is_no_change),
        cmocka_unit_test(a_step_without_noise_is_exact),
        cmocka_unit_test(a_constant_or_short_series_has_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
