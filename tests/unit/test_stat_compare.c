#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance * (fabs(expected) + 1.0))) {
        fail_msg("found %.17g, expected %.17g", found, expected);
    }
}

/* Values of scipy 1.x (special.betainc, stats.t.ppf, stats.norm, special.gammaln), 17 digits. */
static void special_functions_give_the_values_of_scipy(void **state)
{
    (void)state;
    assert_near(assay_stat_log(2.0), 0.69314718055994530942, 1e-16);
    assert_near(assay_stat_log(1e-300), -690.77552789821370520, 1e-15);
    assert_near(assay_stat_exp(1.0), 2.71828182845904523536, 1e-15);
    assert_near(assay_stat_exp(-700.0), 9.8596765437597708e-305, 1e-15);
    assert_near(assay_stat_log_gamma(0.5), 0.57236494292470008707, 1e-14);
    assert_near(assay_stat_log_gamma(1000.5), 5908.674175848678, 1e-13);
    assert_near(assay_stat_normal_quantile(0.975), 1.959963984540054, 1e-14);
    assert_near(assay_stat_normal_quantile(1e-10), -6.361340902404056, 1e-13);
    assert_near(assay_stat_normal_below(-6.361340902404056), 1e-10, 1e-22);
    assert_near(assay_stat_beta_below(0.3, 2, 5), 0.5798250000000003, 1e-13);
    assert_near(assay_stat_beta_below(0.51, 500, 500), 0.7364243916434143, 1e-12);
    assert_near(assay_stat_beta_quantile(0.95, 95, 6), 0.9735502870240524, 1e-12);
    assert_near(assay_stat_gamma_below(2.5, 1.7), 0.36143007689620493, 1e-13);
    assert_near(assay_stat_chi2_quantile(0.05, 7), 2.167349909298057, 1e-12);
    assert_near(assay_stat_chi2_quantile(0.999, 4), 18.46682695290317, 1e-12);
    assert_near(assay_stat_t_quantile(0.975, 9), 2.262157162798205, 1e-12);
    assert_near(assay_stat_t_quantile(0.005, 1), -63.656741162871526, 1e-11);
}

/* statistics.md 8: y/x by index. */
static const double X[] = {11.5, 11.4, 12.0, 11.6, 11.9, 11.3, 14.8, 11.7};
static const double Y[] = {12.1, 11.8, 12.6, 12.0, 15.9, 11.9, 12.3, 12.2};
enum { N = 8 };

static void paired_ratios_have_the_sign_interval(void **state)
{
    (void)state;
    double ratios[N], scratch[4 * N];
    for (size_t i = 0; i < N; i++) {
        ratios[i] = Y[i] / X[i];
    }
    struct assay_stat_pairs pairs = assay_stat_pairs_compare(ratios, N, 0.05, scratch);
    assert_near(pairs.point, 1.0463612162498164, 1e-15);
    assert_true(pairs.has_interval);
    assert_int_equal(pairs.index, 1);
    assert_near(pairs.lower, 0.831081, 1e-6);
    assert_near(pairs.upper, 1.336134, 1e-6);
}

static void swapping_the_arms_inverts_the_ratio_and_its_bounds(void **state)
{
    (void)state;
    double there[N], back[N], scratch[4 * N];
    for (size_t i = 0; i < N; i++) {
        there[i] = Y[i] / X[i];
        back[i] = X[i] / Y[i];
    }
    struct assay_stat_pairs a = assay_stat_pairs_compare(there, N, 0.05, scratch);
    struct assay_stat_pairs b = assay_stat_pairs_compare(back, N, 0.05, scratch);
    assert_near(a.point * b.point, 1.0, 1e-15);
    assert_near(a.lower * b.upper, 1.0, 1e-15);
    assert_near(a.upper * b.lower, 1.0, 1e-15);
}

static void too_few_pairs_have_no_interval(void **state)
{
    (void)state;
    double ratios[5] = {1.1, 1.2, 1.3, 1.1, 1.2}, scratch[20];
    struct assay_stat_pairs pairs = assay_stat_pairs_compare(ratios, 5, 0.05, scratch);
    assert_false(pairs.has_interval);
    assert_false(pairs.is_autocorrelated);
}

static void a_slow_drift_takes_the_interval_away_or_widens_it(void **state)
{
    (void)state;
    double drift[40], mixed[40], scratch[160];
    for (size_t i = 0; i < 40; i++) {
        drift[i] = 1.0 + 0.001 * (double)i;
        mixed[(i * 17) % 40] = drift[i]; /* the same values in an order without memory */
    }
    struct assay_stat_pairs a = assay_stat_pairs_compare(drift, 40, 0.05, scratch);
    struct assay_stat_pairs b = assay_stat_pairs_compare(mixed, 40, 0.05, scratch);
    assert_true(b.has_interval);
    assert_true(!a.has_interval || a.upper - a.lower > b.upper - b.lower);
}

static void the_sign_test_counts_coins(void **state)
{
    (void)state;
    double ratios[] = {1.1, 1.2, 1.3, 0.9, 1.0, 1.4};
    assert_near(assay_stat_pairs_sign_p(ratios, 6, 6, 1.0, true), 6.0 / 32.0, 1e-12); /* 4 of 5: (5 + 1) / 32 */
    assert_near(assay_stat_pairs_sign_p(ratios, 6, 6, 1.0, false), 31.0 / 32.0, 1e-12);
}

static void the_shift_has_the_interval_of_the_exact_distribution(void **state)
{
    (void)state;
    double x[N], y[N], scratch[N], work[N * N + 2];
    memcpy(x, X, sizeof x);
    memcpy(y, Y, sizeof y);
    assay_stat_sort(x, scratch, N);
    assay_stat_sort(y, scratch, N);
    struct assay_stat_shift shift = assay_stat_shift_compare(y, N, x, N, 0.05, work);
    assert_near(shift.point, 0.5, 1e-12);
    assert_int_equal(shift.index, 14);
    assert_near(shift.lower, 0.1, 1e-9);
    assert_near(shift.upper, 0.9, 1e-9);
    assert_near(assay_stat_shift_u_below(8, 8, 13, work), 0.0249417, 1e-7);
    assert_near(assay_stat_shift_u_below(5, 5, 2, work), 4.0 / 252.0, 1e-13);
}

/* The exact counts end at 400 values; at 401 the series must go on where they stopped, at the same distance from the
 * middle in standard deviations. */
static void the_series_goes_on_where_the_exact_counts_stop(void **state)
{
    (void)state;
    enum { A = 190, B = 210 };
    double *work = calloc(A * B + 2, sizeof *work);
    assert_non_null(work);
    double sd = sqrt(A * B * (A + B + 1) / 12.0), sd_next = sqrt((A + 1) * B * (A + B + 2) / 12.0);
    for (int i = -30; i <= 30; i += 5) {
        double z = i / 10.0;
        uint64_t c = (uint64_t)(A * B / 2.0 + z * sd), c_next = (uint64_t)((A + 1) * B / 2.0 + z * sd_next);
        double exact = assay_stat_shift_u_below(A, B, c, work);
        double series = assay_stat_shift_u_below(A + 1, B, c_next, NULL);
        assert_true(fabs(exact - series) < 2e-4); /* one step of c is 4e-4 sd */
    }
    free(work);
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void every_order_statistic_is_the_one_of_the_sorted_differences(void **state)
{
    (void)state;
    const double x[] = {1, 1, 2, 3.5, 7}, y[] = {-1, 0.25, 0.25, 2};
    double all[20];
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 4; j++) {
            all[4 * i + j] = x[i] - y[j];
        }
    }
    qsort(all, 20, sizeof all[0], compare_double);
    for (uint64_t k = 1; k <= 20; k++) {
        double found = assay_stat_shift_select(x, 5, y, 4, k);
        assert_memory_equal(&found, &all[k - 1], sizeof found);
    }
}

static void several_comparisons_are_adjusted(void **state)
{
    (void)state;
    const double p[] = {.205, .001, .008, .039, .041, .042, .06, .074};
    const double fdr[] = {.205, .008, .032, .0672, .0672, .0672, .08, .08457142857142857};
    const double holm[] = {.234, .008, .056, .234, .234, .234, .234, .234};
    double adjusted[8];
    size_t order[8];
    assert_int_equal(assay_stat_multiple_fdr(p, 8, 0.05, adjusted, order), 2);
    for (size_t i = 0; i < 8; i++) {
        assert_near(adjusted[i], fdr[i], 1e-14);
    }
    assert_int_equal(assay_stat_multiple_holm(p, 8, 0.05, adjusted, order), 1);
    for (size_t i = 1; i < 8; i++) {
        assert_near(adjusted[i], holm[i], 1e-14);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_functions_give_the_values_of_scipy),
        cmocka_unit_test(paired_ratios_have_the_sign_interval),
        cmocka_unit_test(swapping_the_arms_inverts_the_ratio_and_its_bounds),
        cmocka_unit_test(too_few_pairs_have_no_interval),
        cmocka_unit_test(a_slow_drift_takes_the_interval_away_or_widens_it),
        cmocka_unit_test(the_sign_test_counts_coins),
        cmocka_unit_test(the_shift_has_the_interval_of_the_exact_distribution),
        cmocka_unit_test(the_series_goes_on_where_the_exact_counts_stop),
        cmocka_unit_test(every_order_statistic_is_the_one_of_the_sorted_differences),
        cmocka_unit_test(several_comparisons_are_adjusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
