#include "stat/stat.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CLOSE 1e-12

static void the_rank_of_a_percentile_is_exact_integer_arithmetic(void **state)
{
    (void)state;
    assert_int_equal(assay_stat_quantile_rank(1, 500), 1);
    assert_int_equal(assay_stat_quantile_rank(5, 500), 3);
    assert_int_equal(assay_stat_quantile_rank(60, 950), 57); /* 0.95 * 60 in binary64 is not exactly 57 */
    assert_int_equal(assay_stat_quantile_rank(100, 990), 99);
    assert_int_equal(assay_stat_quantile_rank(1000, 999), 999);
    assert_int_equal(assay_stat_quantile_rank(1001, 999), 1000);
}

static void the_least_n_are_those_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        unsigned p_milli;
        unsigned n95, n99;
    } ROWS[] = {{500, 5, 7}, {900, 29, 44}, {950, 59, 90}, {990, 299, 459}, {999, 2995, 4603}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assert_int_equal(assay_stat_quantile_least_n(ROWS[i].p_milli, 0.05), ROWS[i].n95);
        assert_int_equal(assay_stat_quantile_least_n(ROWS[i].p_milli, 0.01), ROWS[i].n99);
        assert_int_equal(assay_stat_quantile_upper(ROWS[i].n95, ROWS[i].p_milli, 0.05), ROWS[i].n95);
        assert_int_equal(assay_stat_quantile_upper(ROWS[i].n95 - 1, ROWS[i].p_milli, 0.05), 0);
    }
}

static void bounds_of_percentiles_match_the_published_indices(void **state)
{
    (void)state;
    assert_int_equal(assay_stat_quantile_upper(300, 990, 0.05), 300);
    assert_int_equal(assay_stat_quantile_lower(100, 950, 0.025), 90);
    assert_int_equal(assay_stat_quantile_upper(100, 950, 0.025), 100);
    /* scipy.stats.binom: ppf(0.95, n, p) + 1, and the largest l with cdf(l-1) <= 0.05 */
    assert_int_equal(assay_stat_quantile_upper(1000, 500, 0.05), 527);
    assert_int_equal(assay_stat_quantile_lower(1000, 500, 0.05), 474);
    assert_int_equal(assay_stat_quantile_upper(1000000, 990, 0.05), 990164);
    assert_int_equal(assay_stat_quantile_lower(1000000, 990, 0.05), 989836);
    assert_int_equal(assay_stat_quantile_lower(4, 500, 0.05), 0);
}

static void the_sign_index_is_that_of_the_table(void **state)
{
    (void)state;
    static const unsigned N[] = {6, 8, 10, 12, 16, 20, 24, 30, 40, 60, 100, 200};
    static const double ALPHA[] = {0.10, 0.05, 0.02, 0.01, 0.001};
    static const unsigned K[5][12] = {
        {1, 2, 2, 3, 5, 6, 8, 11, 15, 24, 42, 88}, {1, 1, 2, 3, 4, 6, 7, 10, 14, 22, 40, 86},
        {0, 1, 1, 2, 3, 5, 6, 9, 13, 21, 38, 84},  {0, 1, 1, 2, 3, 4, 6, 8, 12, 20, 37, 82},
        {0, 0, 0, 1, 2, 3, 4, 6, 10, 17, 34, 77},
    };
    for (size_t a = 0; a < 5; a++) {
        for (size_t i = 0; i < 12; i++) {
            assert_int_equal(assay_stat_sign_index(N[i], ALPHA[a]), K[a][i]);
        }
    }
    /* past the range of binary64: 2^-n underflows from n = 1075 on */
    assert_int_equal(assay_stat_sign_index(1074, 0.05), 505);
    assert_int_equal(assay_stat_sign_index(1000000, 0.05), 499020);
}

static void integer_sums_are_exact_and_others_compensated(void **state)
{
    (void)state;
    const double integers[] = {9007199254740991.0, 1, 1, 1, -9007199254740991.0};
    assert_true(assay_stat_sum(integers, 5) == 3.0);
    const double reals[] = {1.0, 1e100, 1.0, -1e100, 0.5};
    assert_true(assay_stat_sum(reals, 5) == 2.5);
    const double four[] = {1, 2, 3, 4};
    assert_true(assay_stat_mean(four, 4) == 2.5);
    assert_true(fabs(assay_stat_sd(four, 4) - 1.2909944487358056) < CLOSE);
}

static void sorting_orders_every_kind_of_finite_number(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static double values[COUNT], scratch[COUNT];
    for (unsigned kind = 0; kind < 3; kind++) {
        struct assay_rng rng;
        assay_rng_seed(&rng, 7 + kind, "test.sort");
        for (size_t i = 0; i < COUNT; i++) {
            double unit = assay_rng_unit(&rng) - 0.5;
            values[i] = kind == 0 ? floor(unit * 1e12) : kind == 1 ? unit * 1e-300 : (double)(i % 7);
        }
        double before = assay_stat_sum(values, COUNT);
        assay_stat_sort(values, scratch, COUNT);
        for (size_t i = 1; i < COUNT; i++) {
            assert_true(values[i - 1] <= values[i]);
        }
        double after = assay_stat_sum(values, COUNT);
        assert_true(fabs(before - after) <= fabs(before) * CLOSE);
    }
}

static void wilson_gives_the_published_bounds(void **state)
{
    (void)state;
    struct assay_stat_bounds bounds = assay_stat_wilson(1, 5, ASSAY_STAT_Z95_TWO_SIDED);
    assert_true(fabs(bounds.lower - 0.036224) < 1e-6 && fabs(bounds.upper - 0.624465) < 1e-6);
    bounds = assay_stat_wilson(297, 300, ASSAY_STAT_Z95_ONE_SIDED);
    assert_true(fabs(bounds.lower - 0.975244) < 1e-6);
    assert_true(assay_stat_wilson(0, 3, 1.96).lower == 0.0 && assay_stat_wilson(3, 3, 1.96).upper == 1.0);
}

static uint64_t effective_n_of(const double *values, size_t count)
{
    double *copy = malloc(count * sizeof *copy), *scratch = malloc(2 * count * sizeof *scratch);
    assert_non_null(copy);
    assert_non_null(scratch);
    memcpy(copy, values, count * sizeof *copy);
    assay_stat_sort(copy, scratch, count);
    uint64_t n = assay_stat_effective_n(values, copy, scratch, count);
    free(copy);
    free(scratch);
    return n;
}

static void a_series_that_drifts_counts_for_fewer_values(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    double independent[COUNT], drifting[COUNT], constant[COUNT];
    struct assay_rng rng;
    assay_rng_seed(&rng, 11, "test.rho");
    for (size_t i = 0; i < COUNT; i++) {
        independent[i] = assay_rng_unit(&rng);
        drifting[i] = (i ? 0.7 * drifting[i - 1] : 0) + assay_rng_unit(&rng) - 0.5;
        constant[i] = 3;
    }
    assert_true(effective_n_of(independent, COUNT) > 320);
    uint64_t n = effective_n_of(drifting, COUNT); /* 400 * 0.3 / 1.7 = 71 at rho = 0.7 */
    assert_true(n > 40 && n < 110);
    assert_int_equal(effective_n_of(constant, COUNT), COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rank_of_a_percentile_is_exact_integer_arithmetic),
        cmocka_unit_test(the_least_n_are_those_of_the_specification),
        cmocka_unit_test(bounds_of_percentiles_match_the_published_indices),
        cmocka_unit_test(the_sign_index_is_that_of_the_table),
        cmocka_unit_test(integer_sums_are_exact_and_others_compensated),
        cmocka_unit_test(sorting_orders_every_kind_of_finite_number),
        cmocka_unit_test(wilson_gives_the_published_bounds),
        cmocka_unit_test(a_series_that_drifts_counts_for_fewer_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
