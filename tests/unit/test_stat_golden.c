/* Every estimator of src/stat against what scipy, statsmodels, numpy and pragmastat give, or against its definition
 * computed by other means: tests/golden/stat/stat.json, written by tools/golden_stat.py with the versions it used. */
#include "base/buf.h"
#include "base/file.h"
#include "stat/stat.h"
#include "support/source_root.h"
#include "json/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define VALUES_MAX 1000
#define WORK_MAX 70000 /* the counts of U for n + m <= 400, and the bootstrap's resamples */

static json_t *golden; /* read once for all tests */
static double work[WORK_MAX];

static int read_golden(void **state)
{
    (void)state;
    struct assay_buf text;
    char path[512];
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/golden/stat/stat.json", source_root());
    assay_buf_init(&text, FILE_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, path, &err);
    if (rc == ASSAY_OK) {
        golden = json_loadb(text.data, text.len, 0, NULL); /* numbers with fractions: the strict reader takes none */
    }
    assay_buf_done(&text);
    return golden ? 0 : -1;
}

static int drop_golden(void **state)
{
    (void)state;
    json_decref(golden);
    return 0;
}

static const json_t *rows_of(const char *name, size_t least)
{
    const json_t *rows = json_object_get(golden, name);
    if (json_array_size(rows) < least) {
        fail_msg("%s: %zu rows, expected %zu or more", name, json_array_size(rows), least);
    }
    return rows;
}

static double number_at(const json_t *row, size_t i)
{
    const json_t *value = json_array_get(row, i);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static double member(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    if (!json_is_number(value)) {
        fail_msg("no number '%s'", name);
    }
    return json_number_value(value);
}

static size_t values_of(const json_t *row, const char *name, double *ret)
{
    const json_t *values = json_object_get(row, name);
    size_t count = json_array_size(values);
    assert_true(count > 0 && count <= VALUES_MAX);
    for (size_t i = 0; i < count; i++) {
        ret[i] = number_at(values, i);
    }
    return count;
}

/* Relative where the value is above 1e-3, absolute below. */
static void expect(const char *what, size_t row, double found, double expected, double tolerance)
{
    double size = fabs(expected) > 1e-3 ? fabs(expected) : 1e-3;
    if (!(fabs(found - expected) <= tolerance * size)) {
        fail_msg("%s, row %zu: found %.17g, expected %.17g (off by %.3g)", what, row, found, expected,
                 fabs(found - expected) / size);
    }
}

static void expect_bounds(const char *what, size_t row, const json_t *bounds, bool has, double lower, double upper,
                          double tolerance)
{
    assert_int_equal(has, json_is_array(bounds));
    if (has) {
        expect(what, row, lower, number_at(bounds, 0), tolerance);
        expect(what, row, upper, number_at(bounds, 1), tolerance);
    }
}

/* ---- */

static void special_functions_are_scipys(void **state)
{
    (void)state;
    const json_t *rows = rows_of("special", 50);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *arguments = json_array_get(row, 1);
        const char *name = json_string_value(json_array_get(row, 0));
        double a[3] = {0}, found = NAN;
        for (size_t k = 0; k < json_array_size(arguments); k++) {
            a[k] = number_at(arguments, k);
        }
        double tolerance = 1e-13;
        if (strcmp(name, "log") == 0) {
            found = assay_stat_log(a[0]);
            tolerance = 1e-15;
        } else if (strcmp(name, "exp") == 0) {
            found = assay_stat_exp(a[0]);
            tolerance = 1e-15;
        } else if (strcmp(name, "log_gamma") == 0) {
            found = assay_stat_log_gamma(a[0]);
        } else if (strcmp(name, "normal_below") == 0) {
            found = assay_stat_normal_below(a[0]);
        } else if (strcmp(name, "normal_quantile") == 0) {
            found = assay_stat_normal_quantile(a[0]);
            tolerance = 1e-9; /* 1 - 1e-10 is itself only good to 1e-6 of its distance from 1 */
        } else if (strcmp(name, "beta_below") == 0) {
            found = assay_stat_beta_below(a[0], a[1], a[2]);
            tolerance = 1e-11;
        } else if (strcmp(name, "beta_quantile") == 0) {
            found = assay_stat_beta_quantile(a[0], a[1], a[2]);
            tolerance = 1e-11;
        } else if (strcmp(name, "t_below") == 0) {
            found = assay_stat_t_below(a[0], a[1]);
            tolerance = 1e-11;
        } else {
            assert_string_equal(name, "t_quantile");
            found = assay_stat_t_quantile(a[0], a[1]);
            tolerance = 1e-10;
        }
        expect(name, i, found, number_at(row, 2), tolerance);
    }
}

static void the_sign_index_is_exact_up_to_a_million(void **state)
{
    (void)state;
    const json_t *rows = rows_of("sign_index", 100);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint64_t k = assay_stat_sign_index((uint64_t)number_at(row, 0), number_at(row, 1));
        if (k != (uint64_t)number_at(row, 2)) {
            fail_msg("k(%g, %g) is %llu, expected %g", number_at(row, 0), number_at(row, 1), (unsigned long long)k,
                     number_at(row, 2));
        }
    }
}

static void bounds_of_percentiles_have_the_indices_of_the_binomial(void **state)
{
    (void)state;
    const json_t *rows = rows_of("percentile_bounds", 100);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint64_t n = (uint64_t)number_at(row, 0);
        unsigned milli = (unsigned)number_at(row, 1);
        uint64_t upper = assay_stat_quantile_upper(n, milli, number_at(row, 2));
        uint64_t lower = assay_stat_quantile_lower(n, milli, number_at(row, 2));
        if (upper != (uint64_t)number_at(row, 3) || lower != (uint64_t)number_at(row, 4)) {
            fail_msg("n %g, p %u, alpha %g: %llu and %llu, expected %g and %g", number_at(row, 0), milli,
                     number_at(row, 2), (unsigned long long)upper, (unsigned long long)lower, number_at(row, 3),
                     number_at(row, 4));
        }
    }
}

static void quantiles_are_numpys_and_scipys_and_the_trimmed_ones_by_definition(void **state)
{
    (void)state;
    const json_t *rows = rows_of("quantiles", 30);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        double x[VALUES_MAX], scratch[VALUES_MAX], p = member(row, "p");
        size_t n = values_of(row, "x", x);
        assay_stat_sort(x, scratch, n);
        expect("type 7", i, assay_stat_quantile_type7(x, n, p), member(row, "type7"), 1e-15);
        struct assay_stat_smooth hd = assay_stat_quantile_hd(x, n, p);
        expect("Harrell-Davis", i, hd.value, member(row, "hd"), 1e-11);
        expect("its error", i, hd.error, member(row, "hd_error"), 1e-6); /* a difference of two near squares */
        expect("trimmed Harrell-Davis", i, assay_stat_quantile_thd(x, n, p), member(row, "thd"), 1e-9);
    }
}

static void wilson_is_that_of_statsmodels(void **state)
{
    (void)state;
    const json_t *rows = rows_of("wilson", 8);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint64_t hits = (uint64_t)number_at(row, 0), total = (uint64_t)number_at(row, 1);
        struct assay_stat_bounds two = assay_stat_wilson(hits, total, ASSAY_STAT_Z95_TWO_SIDED);
        struct assay_stat_bounds one = assay_stat_wilson(hits, total, ASSAY_STAT_Z95_ONE_SIDED);
        expect("lower", i, two.lower, number_at(row, 2), 1e-12);
        expect("upper", i, two.upper, number_at(row, 3), 1e-12);
        expect("one-sided lower", i, one.lower, number_at(row, 4), 1e-12);
        expect("one-sided upper", i, one.upper, number_at(row, 5), 1e-12);
    }
}

static void several_comparisons_are_adjusted_as_by_statsmodels(void **state)
{
    (void)state;
    const json_t *rows = rows_of("multiple", 10);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        double p[VALUES_MAX], adjusted[VALUES_MAX], q = member(row, "q");
        size_t order[VALUES_MAX], n = values_of(row, "p", p);
        assert_int_equal(assay_stat_multiple_fdr(p, n, q, adjusted, order), (size_t)member(row, "fdr"));
        for (size_t k = 0; k < n; k++) {
            expect("Benjamini-Hochberg", i, adjusted[k], number_at(json_object_get(row, "fdr_adjusted"), k), 1e-14);
        }
        assert_int_equal(assay_stat_multiple_holm(p, n, q, adjusted, order), (size_t)member(row, "holm"));
        for (size_t k = 0; k < n; k++) {
            expect("Holm", i, adjusted[k], number_at(json_object_get(row, "holm_adjusted"), k), 1e-14);
        }
    }
}

static void counts_of_u_are_exact_and_the_series_is_near(void **state)
{
    (void)state;
    const json_t *rows = rows_of("u_below", 40);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint64_t n = (uint64_t)number_at(row, 0), m = (uint64_t)number_at(row, 1), c = (uint64_t)number_at(row, 2);
        bool is_exact = n + m <= ASSAY_STAT_SHIFT_EXACT_MAX;
        double found = assay_stat_shift_u_below(n, m, c, is_exact ? work : NULL);
        expect("P(U <= c)", i, found, number_at(row, 3), is_exact ? 1e-12 : 1e-5);
    }
}

static void the_shift_of_two_samples_is_that_of_all_differences(void **state)
{
    (void)state;
    const json_t *rows = rows_of("shifts", 10);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *bounds = json_object_get(row, "bounds");
        double x[VALUES_MAX], y[VALUES_MAX], scratch[VALUES_MAX];
        size_t n = values_of(row, "x", x), m = values_of(row, "y", y);
        assay_stat_sort(x, scratch, n);
        assay_stat_sort(y, scratch, m);
        struct assay_stat_shift found = assay_stat_shift_compare(x, n, y, m, member(row, "alpha"), work);
        expect("point", i, found.point, member(row, "point"), 1e-15);
        expect("pragmastat's point", i, found.point, member(row, "pragmastat_shift"), 1e-12);
        if (found.has_interval) {
            assert_int_equal(found.index, (uint64_t)member(row, "k"));
        }
        expect_bounds("bounds", i, bounds, found.has_interval, found.lower, found.upper, 1e-15);
    }
}

/* Its margin is 2 h, h the smallest u with P(U <= u) >= misrate/2 by our counts, and its bound is one step inside. */
static void pragmastats_margins_follow_from_our_counts(void **state)
{
    (void)state;
    const json_t *rows = rows_of("pragmastat_margins", 20);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint64_t n = (uint64_t)number_at(row, 0), m = (uint64_t)number_at(row, 1), low = 0, high = n * m;
        while (low < high) {
            uint64_t middle = (low + high) / 2;
            bool is_reached = assay_stat_shift_u_below(n, m, middle, work) >= number_at(row, 2) / 2;
            low = is_reached ? low : middle + 1;
            high = is_reached ? middle : high;
        }
        assert_int_equal(2 * low, (uint64_t)number_at(row, 3));
    }
}

static void pairs_have_the_index_of_their_effective_number(void **state)
{
    (void)state;
    const json_t *rows = rows_of("pairs", 14);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *bounds = json_object_get(row, "bounds");
        double ratios[VALUES_MAX], scratch[4 * VALUES_MAX];
        size_t n = values_of(row, "ratios", ratios);
        struct assay_stat_pairs found = assay_stat_pairs_compare(ratios, n, member(row, "alpha"), scratch);
        assert_int_equal(found.n_effective, (uint64_t)member(row, "n_effective"));
        assert_int_equal(found.index, (uint64_t)member(row, "index"));
        expect("point", i, found.point, member(row, "point"), 1e-15);
        expect_bounds("bounds", i, bounds, found.has_interval, found.lower, found.upper, 0);
        expect("sign test", i, assay_stat_pairs_sign_p(ratios, n, n, 1.0, true), member(row, "sign_p"), 1e-12);
    }
}

static void planning_counts_the_pairs_of_the_formulas(void **state)
{
    (void)state;
    const json_t *rows = rows_of("planning", 4);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint64_t n = (uint64_t)number_at(row, 0);
        double half = number_at(row, 1), effect = assay_stat_pairs_effect_min(half, 0.05, 0.9);
        expect("effect", i, effect, number_at(row, 4), 1e-12);
        assert_int_equal(assay_stat_pairs_to_find(n, effect, 0.01), (uint64_t)number_at(row, 5));
        assert_int_equal(assay_stat_pairs_to_show_parity(n, half, 0.05, 0.9, number_at(row, 2), number_at(row, 3)),
                         (uint64_t)number_at(row, 6));
    }
}

static void ratios_of_means_have_fiellers_interval(void **state)
{
    (void)state;
    const json_t *rows = rows_of("fieller", 3);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct assay_stat_moments x = {number_at(row, 0), number_at(row, 1), (size_t)number_at(row, 2)};
        struct assay_stat_moments y = {number_at(row, 3), number_at(row, 4), (size_t)number_at(row, 5)};
        struct assay_stat_ratio found = assay_stat_ratio_fieller(x, y, 0.05);
        expect_bounds("Fieller", i, json_array_get(row, 6), found.has_interval, found.lower, found.upper, 1e-11);
    }
}

static double mean_of(const double *units, size_t count, size_t stride)
{
    (void)stride;
    return assay_stat_mean(units, count);
}

/* Drawn by the same generator in another language, sorted and cut by numpy; scipy's plain BCa is beside it, and near.
 */
static void the_bootstrap_is_that_of_its_definition(void **state)
{
    (void)state;
    const json_t *rows = rows_of("bootstrap", 2);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *plain = json_object_get(row, "scipy_plain");
        double x[VALUES_MAX];
        size_t n = values_of(row, "x", x), resamples = (size_t)member(row, "resamples");
        struct assay_rng rng;
        assert_true(2 * n + 2 * resamples <= WORK_MAX);
        assay_rng_seed(&rng, 7, "golden");
        struct assay_stat_bootstrap found = assay_stat_bootstrap_bca(x, n, 1, mean_of, 0.05, resamples, &rng, work);
        expect("point", i, found.point, member(row, "point"), 1e-15);
        expect_bounds("BCa", i, json_object_get(row, "bounds"), found.has_interval, found.lower, found.upper, 1e-9);
        expect("scipy's lower", i, found.lower, number_at(plain, 0), 0.1);
        expect("scipy's upper", i, found.upper, number_at(plain, 1), 0.1);
    }
}

static void warm_up_ends_where_the_definition_says(void **state)
{
    (void)state;
    static const char *const NAMES[] = {[ASSAY_STEADY_FLAT] = "flat",
                                        [ASSAY_STEADY_WARMED] = "warmed",
                                        [ASSAY_STEADY_NONE] = "no steady state",
                                        [ASSAY_STEADY_TOO_SHORT] = "too short"};
    const json_t *rows = rows_of("steady", 6);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        double x[VALUES_MAX];
        size_t n = values_of(row, "x", x), cut;
        enum assay_stat_steady found = assay_stat_steady_find(x, n, &cut);
        assert_string_equal(NAMES[found], json_string_value(json_object_get(row, "state")));
        assert_int_equal(cut, (size_t)member(row, "cut"));
    }
}

static void the_file_says_with_what_it_was_made(void **state)
{
    (void)state;
    static const char *const TOOLS[] = {"python", "numpy", "scipy", "statsmodels", "pragmastat"};
    const json_t *versions = json_object_get(golden, "versions");
    for (size_t i = 0; i < sizeof TOOLS / sizeof TOOLS[0]; i++) {
        assert_true(json_is_string(json_object_get(versions, TOOLS[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_functions_are_scipys),
        cmocka_unit_test(the_sign_index_is_exact_up_to_a_million),
        cmocka_unit_test(bounds_of_percentiles_have_the_indices_of_the_binomial),
        cmocka_unit_test(quantiles_are_numpys_and_scipys_and_the_trimmed_ones_by_definition),
        cmocka_unit_test(wilson_is_that_of_statsmodels),
        cmocka_unit_test(several_comparisons_are_adjusted_as_by_statsmodels),
        cmocka_unit_test(counts_of_u_are_exact_and_the_series_is_near),
        cmocka_unit_test(the_shift_of_two_samples_is_that_of_all_differences),
        cmocka_unit_test(pragmastats_margins_follow_from_our_counts),
        cmocka_unit_test(pairs_have_the_index_of_their_effective_number),
        cmocka_unit_test(planning_counts_the_pairs_of_the_formulas),
        cmocka_unit_test(ratios_of_means_have_fiellers_interval),
        cmocka_unit_test(the_bootstrap_is_that_of_its_definition),
        cmocka_unit_test(warm_up_ends_where_the_definition_says),
        cmocka_unit_test(the_file_says_with_what_it_was_made),
    };
    return cmocka_run_group_tests(tests, read_golden, drop_golden);
}
