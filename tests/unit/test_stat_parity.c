/* Numeric parity of outputs: formats, ulps, quantiles, bounds (statistics.md 3.4). */
#include "stat/stat.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT_MAX = 1000 };

static struct assay_stat_parity parity_f32(const float *values, const double *reference, size_t count)
{
    static double work[3 * COUNT_MAX];
    const struct assay_stat_parity_input input = {
        .format = ASSAY_STAT_F32, .values = values, .reference = reference, .count = count};
    return assay_stat_parity_of(&input, work);
}

static void every_half_value_survives_the_way_through_binary64(void **state)
{
    (void)state;
    static const enum assay_stat_format FORMATS[] = {ASSAY_STAT_F16, ASSAY_STAT_BF16};
    for (size_t f = 0; f < 2; f++) {
        for (uint32_t bits = 0; bits <= 0xffff; bits++) {
            uint16_t stored = (uint16_t)bits;
            double x = assay_stat_value_at(FORMATS[f], &stored, 0);
            if (!isnan(x)) {
                assert_int_equal(assay_stat_bits_nearest(FORMATS[f], x), bits);
            }
        }
    }
}

static void floats_round_as_the_processor_rounds_them(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 1, "rounding");
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = assay_rng_u64(&rng);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (i % 2 == 0) { /* near the range of float, where ties and subnormals are */
            x = ldexp(assay_rng_unit(&rng) - 0.5, (int)assay_rng_below(&rng, 280) - 150);
            x = i % 4 == 0 ? x : (double)(float)x + ldexp((double)(float)x, -24);
        }
        if (isnan(x)) {
            continue;
        }
        float rounded = (float)x;
        uint32_t expected;
        memcpy(&expected, &rounded, sizeof expected);
        assert_int_equal(assay_stat_bits_nearest(ASSAY_STAT_F32, x), expected);
        assert_true(assay_stat_value_at(ASSAY_STAT_F32, &rounded, 0) == (double)rounded);
    }
}

static void a_half_rounds_ties_to_even_and_overflows_to_infinity(void **state)
{
    (void)state;
    static const struct {
        double x;
        unsigned bits;
    } CASES[] = {{1.0, 0x3c00},   {1 + 0x1p-11, 0x3c00}, {1 + 0x3p-11, 0x3c02}, {65504, 0x7bff},     {65519.99, 0x7bff},
                 {65520, 0x7c00}, {0x1p-24, 0x0001},     {0x1p-25, 0x0000},     {0x1.8p-25, 0x0001}, {-0.0, 0x8000},
                 {-2, 0xc000},    {0x1.ff8p-15, 0x03ff}, {0x1.ffcp-15, 0x0400}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(assay_stat_bits_nearest(ASSAY_STAT_F16, CASES[i].x), CASES[i].bits);
    }
}

static void ulps_count_across_zero_and_zeros_are_equal(void **state)
{
    (void)state;
    assert_int_equal(assay_stat_ulps_between(ASSAY_STAT_F32, 0x00000000, 0x80000000), 0);
    assert_int_equal(assay_stat_ulps_between(ASSAY_STAT_F32, 0x00000001, 0x80000001), 2);
    assert_int_equal(assay_stat_ulps_between(ASSAY_STAT_F32, 0x3f800000, 0x3f800001), 1);
    assert_int_equal(assay_stat_ulps_between(ASSAY_STAT_F32, 0x3f7fffff, 0x3f800000), 1); /* across a power of two */
    assert_int_equal(assay_stat_ulps_between(ASSAY_STAT_F16, 0x3c00, 0xbc00), 0x7800);
    assert_int_equal(assay_stat_ulps_between(ASSAY_STAT_I32, 5, 0xffffffff), 6);
    assert_int_equal(assay_stat_ulps_between(ASSAY_STAT_U64, UINT64_MAX, 0), UINT64_MAX);
}

static void equal_numbers_are_in_parity(void **state)
{
    (void)state;
    const float values[] = {1, -2, 0, 3.5F};
    const double reference[] = {1, -2, 0, 3.5};
    struct assay_stat_parity parity = parity_f32(values, reference, 4);
    assert_int_equal(parity.compared, 4);
    assert_true(parity.absolute.max == 0 && parity.ulp.max == 0 && parity.rms == 0);
    assert_true(parity.cosine == 1 && parity.equal_share == 1);
    assert_int_equal(parity.places_wrong, 0);
}

static void errors_are_found_where_they_are(void **state)
{
    (void)state;
    const float values[] = {1, 2, 4.5F, 8};
    const double reference[] = {1, 2, 4, 8};
    struct assay_stat_parity parity = parity_f32(values, reference, 4);
    assert_int_equal(parity.worst, 2);
    assert_true(parity.absolute.max == 0.5 && parity.absolute.p50 == 0);
    assert_true(parity.relative.max == 0.125);
    assert_true(parity.ulp.max == 0x1p20); /* 0.5 in steps of 2^-21 */
    assert_true(parity.rms == 0.25);
    assert_true(parity.equal_share == 0.75);
    assert_true(parity.least == 1);
}

static void quantiles_are_order_statistics(void **state)
{
    (void)state;
    static float values[COUNT_MAX];
    static double reference[COUNT_MAX];
    for (size_t i = 0; i < COUNT_MAX; i++) {
        values[i] = (float)((i * 619) % COUNT_MAX + 1); /* 1..1000 in some order */
        reference[i] = 0;
    }
    struct assay_stat_parity parity = parity_f32(values, reference, COUNT_MAX);
    assert_true(parity.absolute.p50 == 500 && parity.absolute.p90 == 900 && parity.absolute.p99 == 990);
    assert_true(parity.absolute.p999 == 999 && parity.absolute.max == 1000);
    assert_true(parity.cosine == 0); /* a zero vector has no direction */
}

static void a_nan_must_stand_where_the_reference_has_one(void **state)
{
    (void)state;
    const float values[] = {NAN, 1, INFINITY, -INFINITY, NAN};
    const double reference[] = {(double)NAN, 1, (double)INFINITY, (double)INFINITY, 2};
    struct assay_stat_parity parity = parity_f32(values, reference, 5);
    assert_int_equal(parity.compared, 1);
    assert_int_equal(parity.places_wrong, 2);
    assert_int_equal(parity.first_wrong, 3);
}

static void a_reference_that_overflows_the_format_wants_its_infinity(void **state)
{
    (void)state;
    const uint16_t values[] = {0x7c00, 0x7bff};
    const double reference[] = {70000, 70000};
    double work[6];
    const struct assay_stat_parity_input input = {
        .format = ASSAY_STAT_F16, .values = values, .reference = reference, .count = 2};
    struct assay_stat_parity parity = assay_stat_parity_of(&input, work);
    assert_int_equal(parity.places_wrong, 1);
    assert_int_equal(parity.first_wrong, 1);
}

/* A float dot product stays within its bounds; the same with one term lost does not. */
static void the_dot_bounds_hold_and_find_a_lost_term(void **state)
{
    (void)state;
    enum { TERMS = 4096, DOTS = 64 };
    static float values[DOTS], broken[DOTS];
    static double reference[DOTS], magnitudes[DOTS], work[3 * DOTS];
    struct assay_rng rng;
    assay_rng_seed(&rng, 2, "dots");
    for (size_t d = 0; d < DOTS; d++) {
        float sum = 0;
        reference[d] = magnitudes[d] = 0;
        for (int i = 0; i < TERMS; i++) {
            float a = (float)assay_rng_unit(&rng) - 0.5F, b = (float)assay_rng_unit(&rng) - 0.5F;
            sum += a * b;
            reference[d] += (double)a * (double)b;
            magnitudes[d] += fabs((double)a * (double)b);
        }
        values[d] = sum;
        broken[d] = sum + 0.2F;
    }
    struct assay_stat_parity_input input = {.format = ASSAY_STAT_F32,
                                            .values = values,
                                            .reference = reference,
                                            .magnitudes = magnitudes,
                                            .count = DOTS,
                                            .terms = TERMS};
    struct assay_stat_parity good = assay_stat_parity_of(&input, work);
    assert_int_equal(good.beyond_hard, 0);
    assert_int_equal(good.beyond_tight, 0);
    assert_true(good.tight_used > 0 && good.tight_used < 1);
    input.values = broken;
    struct assay_stat_parity bad = assay_stat_parity_of(&input, work);
    assert_int_equal(bad.beyond_hard, DOTS);
    assert_int_equal(bad.beyond_tight, DOTS);
}

static void bounds_are_the_formulas(void **state)
{
    (void)state;
    double u = 0x1p-24;
    assert_true(assay_stat_dot_bound_hard(100, u, 2, 0) == 100 * u / (1 - 100 * u) * 2);
    assert_true(assay_stat_dot_bound_tight(100, 8, u, 2, 0) == 80 * u * 2);
    assert_true(assay_stat_dot_bound_tight(49, 8, u, 2, 0.5) == 49 * u * 2 + 0.5); /* few terms: K itself */
    assert_true(isinf(assay_stat_dot_bound_hard(UINT64_C(1) << 24, u, 1, 0)));
}

static void a_rounded_decimal_is_no_difference_of_floats(void **state)
{
    (void)state;
    double real = (double)1.1F - (double)1.0F;
    assert_true(assay_stat_is_difference(ASSAY_STAT_F32, real, 1.0));
    assert_true(assay_stat_is_difference(ASSAY_STAT_F32, 0, 1.0));
    assert_false(assay_stat_is_difference(ASSAY_STAT_F32, 1e-4, 0.25));
    assert_false(assay_stat_is_difference(ASSAY_STAT_F32, 0.1, 1.0));
    assert_false(assay_stat_is_difference(ASSAY_STAT_F32, -1, 1.0));
    assert_true(assay_stat_is_difference(ASSAY_STAT_BF16, 0x1p-7, 1.0));
    assert_false(assay_stat_is_difference(ASSAY_STAT_BF16, 0x1p-8, 1.0));
}

static void every_difference_that_was_measured_passes_as_one(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 3, "differences");
    for (int i = 0; i < 20000; i++) {
        float x = (float)ldexp(assay_rng_unit(&rng) - 0.5, (int)assay_rng_below(&rng, 20) - 10);
        float r = (float)ldexp(assay_rng_unit(&rng) - 0.5, (int)assay_rng_below(&rng, 20) - 10);
        double reference = (double)r;
        struct assay_stat_parity parity = parity_f32(&x, &reference, 1);
        assert_true(assay_stat_is_difference(ASSAY_STAT_F32, parity.absolute.max, parity.least));
    }
}

static void a_limit_far_above_what_was_seen_binds_nothing(void **state)
{
    (void)state;
    assert_true(assay_stat_slack(1e-4, 1e-7) > ASSAY_STAT_SLACK_MAX);
    assert_true(assay_stat_slack(1e-4, 1e-5) < ASSAY_STAT_SLACK_MAX);
    assert_true(isinf(assay_stat_slack(1e-4, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_value_survives_the_way_through_binary64),
        cmocka_unit_test(floats_round_as_the_processor_rounds_them),
        cmocka_unit_test(a_half_rounds_ties_to_even_and_overflows_to_infinity),
        cmocka_unit_test(ulps_count_across_zero_and_zeros_are_equal),
        cmocka_unit_test(equal_numbers_are_in_parity),
        cmocka_unit_test(errors_are_found_where_they_are),
        cmocka_unit_test(quantiles_are_order_statistics),
        cmocka_unit_test(a_nan_must_stand_where_the_reference_has_one),
        cmocka_unit_test(a_reference_that_overflows_the_format_wants_its_infinity),
        cmocka_unit_test(the_dot_bounds_hold_and_find_a_lost_term),
        cmocka_unit_test(bounds_are_the_formulas),
        cmocka_unit_test(a_rounded_decimal_is_no_difference_of_floats),
        cmocka_unit_test(every_difference_that_was_measured_passes_as_one),
        cmocka_unit_test(a_limit_far_above_what_was_seen_binds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
