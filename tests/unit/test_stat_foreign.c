#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const double FOUR[] = {10, 20, 30, 100};

static void linear_percentiles_are_numpys(void **state)
{
    (void)state;
    /* numpy.percentile([10, 20, 30, 100], 100 p) */
    static const struct {
        double p, wanted;
    } CASES[] = {{0, 10}, {0.25, 17.5}, {0.5, 25}, {0.9, 79.00000000000001}, {0.99, 97.89999999999998}, {1, 100}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_true(assay_stat_quantile_linear(FOUR, 4, CASES[i].p) == CASES[i].wanted);
    }
    assert_true(assay_stat_quantile_linear(FOUR, 1, 0.99) == 10);
}

static void the_inverse_cdf_is_a_value_that_occurred(void **state)
{
    (void)state;
    static const double WEIGHTS[] = {1, 1, 1, 7};
    static const double TIES[] = {1, 1, 1, 2};
    assert_true(assay_stat_quantile_inverse_cdf(FOUR, NULL, 4, 0.5) == 20);
    assert_true(assay_stat_quantile_inverse_cdf(FOUR, NULL, 4, 0.51) == 30);
    assert_true(assay_stat_quantile_inverse_cdf(FOUR, WEIGHTS, 4, 0.5) == 100);
    assert_true(assay_stat_quantile_inverse_cdf(TIES, NULL, 4, 0.75) == 1);
    assert_true(assay_stat_quantile_inverse_cdf(FOUR, NULL, 4, 1) == 100);
}

static void its_running_sum_rounds_as_guidellms_does(void **state)
{
    (void)state;
    /* sixty steps of 1/60 add up to less than one half at the thirtieth: that tool then takes the next value */
    double values[60], sum = 0;
    for (int i = 0; i < 60; i++) {
        values[i] = i;
    }
    for (int i = 0; i < 30; i++) {
        sum += 1.0 / 60;
    }
    assert_true(assay_stat_quantile_inverse_cdf(values, NULL, 60, 0.5) == (sum < 0.5 ? 30 : 29));
    assert_true(sum < 0.5);
}

static void the_index_percentile_truncates(void **state)
{
    (void)state;
    assert_true(assay_stat_quantile_index(FOUR, 4, 0.5) == 30);
    assert_true(assay_stat_quantile_index(FOUR, 4, 0.74) == 30);
    assert_true(assay_stat_quantile_index(FOUR, 4, 1) == 100);
}

static void both_deviations_are_there(void **state)
{
    (void)state;
    static const double VALUES[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct assay_stat_spread spread = assay_stat_spread_weighted(VALUES, NULL, 8);
    assert_true(spread.mean == 5);
    assert_true(spread.sd_population == 2);
    assert_true(fabs(spread.sd_sample - 2.138089935299395) < 1e-15);
    static const double TWO[] = {40, 60}, WEIGHTS[] = {3, 1};
    assert_true(assay_stat_spread_weighted(TWO, WEIGHTS, 2).mean == 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_percentiles_are_numpys),
        cmocka_unit_test(the_inverse_cdf_is_a_value_that_occurred),
        cmocka_unit_test(its_running_sum_rounds_as_guidellms_does),
        cmocka_unit_test(the_index_percentile_truncates),
        cmocka_unit_test(both_deviations_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
