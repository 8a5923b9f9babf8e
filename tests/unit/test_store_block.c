#include "base/rng.h"
#include "store/block.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 300 };

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool same(const struct assay_store_value *a, const struct assay_store_value *b)
{
    return a->entry_id == b->entry_id && a->n == b->n && a->arm == b->arm && a->absent == b->absent &&
           a->has_bounds == b->has_bounds && same_number(a->value, b->value) && same_number(a->lower, b->lower) &&
           same_number(a->upper, b->upper);
}

/* Writes, reads, compares; returns the bytes. */
static size_t round_trip(const struct assay_store_value *values, size_t count)
{
    static struct assay_store_value again[MOST];
    struct assay_buf bytes;
    assay_buf_init(&bytes, 1 << 20);
    assay_block_write(values, count, &bytes);
    assert_int_equal(assay_buf_check(&bytes, NULL), ASSAY_OK);
    assert_int_equal(assay_block_count(bytes.data, bytes.len), count);
    assert_int_equal(assay_block_read(bytes.data, bytes.len, again, NULL), ASSAY_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(same(&values[i], &again[i]));
    }
    size_t len = bytes.len;
    assay_buf_done(&bytes);
    return len;
}

static void what_was_put_in_comes_out_bit_for_bit(void **state)
{
    (void)state;
    static const double ODD[] = {
        0.0,    -0.0,       1.0,       0.1,        -0.1, 1e-300,  DBL_MIN, DBL_TRUE_MIN,    1e300, 1e15,
        0x1p53, 0x1p53 + 2, 1.0 / 3.0, 98.7654321, -5e9, DBL_MAX, 2.5,     123456789012.25, 1e-12, 1e-13};
    enum { ODD_COUNT = sizeof ODD / sizeof ODD[0] };
    for (size_t i = 0; i < ODD_COUNT; i++) {
        for (size_t j = 0; j < ODD_COUNT; j++) {
            struct assay_store_value values[3] = {
                {.entry_id = 1, .value = ODD[i], .n = 0},
                {.entry_id = 1, .value = ODD[j], .lower = ODD[i], .upper = ODD[j], .has_bounds = true, .n = UINT64_MAX},
                {.entry_id = INT64_MAX, .absent = 7, .arm = UINT32_MAX}};
            (void)round_trip(values, 3);
            (void)round_trip(values, 1);
        }
    }
}

static void random_blocks_survive(void **state)
{
    (void)state;
    static struct assay_store_value values[MOST];
    struct assay_rng rng;
    assay_rng_seed(&rng, 3, "blocks");
    for (int trial = 0; trial < 2000; trial++) {
        size_t count = 1 + assay_rng_below(&rng, MOST);
        double scale = ldexp(1.0, (int)assay_rng_below(&rng, 80) - 20);
        int64_t id = 1;
        bool is_whole = assay_rng_below(&rng, 2) == 0;
        for (size_t i = 0; i < count; i++) {
            double x = scale * (1.0 + assay_rng_unit(&rng));
            id += (int64_t)assay_rng_below(&rng, 5);
            values[i] = (struct assay_store_value){.entry_id = id,
                                                   .value = is_whole ? floor(x) : x,
                                                   .n = assay_rng_below(&rng, 100),
                                                   .arm = (uint32_t)assay_rng_below(&rng, 3)};
            if (assay_rng_below(&rng, 4) == 0) {
                values[i].absent = 1 + (uint32_t)assay_rng_below(&rng, 3);
                values[i].value = 0.0;
            } else if (assay_rng_below(&rng, 2) == 0) {
                values[i].has_bounds = true;
                values[i].lower = values[i].value - 0.01 * scale;
                values[i].upper = values[i].value + 0.02 * scale;
            }
        }
        (void)round_trip(values, count);
    }
}

static void times_in_whole_nanoseconds_take_eight_bytes(void **state)
{
    (void)state;
    struct assay_store_value values[64];
    struct assay_rng rng;
    assay_rng_seed(&rng, 4, "size");
    for (size_t i = 0; i < 64; i++) {
        double value = floor(5e7 * (1 + 0.01 * (assay_rng_unit(&rng) * 6 - 3)));
        values[i] = (struct assay_store_value){.entry_id = 1000 + (int64_t)i,
                                               .value = value,
                                               .lower = floor(value * 0.997),
                                               .upper = floor(value * 1.003),
                                               .has_bounds = true,
                                               .n = 30};
    }
    assert_true(round_trip(values, 64) <= 64 * 8);
    for (size_t i = 0; i < 64; i++) {
        values[i].has_bounds = false;
        values[i].lower = values[i].upper = 0.0;
        values[i].value = values[0].value;
    }
    assert_true(round_trip(values, 64) <= 32); /* what does not change costs nothing a point */
}

static void a_batch_keeps_which_point_is_of_which_series(void **state)
{
    (void)state;
    int64_t series[4] = {3, 3, 8, 1000000}, series_again[4];
    struct assay_store_value values[4], again[4];
    struct assay_buf bytes;
    assay_buf_init(&bytes, 1 << 20);
    for (size_t i = 0; i < 4; i++) {
        values[i] = (struct assay_store_value){.entry_id = 77, .value = 1.5 * (double)i, .arm = (uint32_t)i};
    }
    assay_batch_write(series, values, 4, &bytes);
    assert_int_equal(assay_batch_read(bytes.data, bytes.len, 77, series_again, again, NULL), ASSAY_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(series[i], series_again[i]);
        assert_true(same(&values[i], &again[i]));
    }
    assay_buf_done(&bytes);
}

static void a_block_that_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    struct assay_store_value values[20], again[20];
    struct assay_buf bytes;
    assay_buf_init(&bytes, 1 << 20);
    for (size_t i = 0; i < 20; i++) {
        values[i] = (struct assay_store_value){.entry_id = (int64_t)i, .value = 1e6 + 17.0 * (double)(i * i), .n = i};
    }
    assay_block_write(values, 20, &bytes);
    for (size_t len = 2; len < bytes.len; len++) {
        assert_int_equal(assay_block_read(bytes.data, len, again, NULL), ASSAY_MALFORMED);
    }
    size_t len = bytes.len;
    assay_buf_char(&bytes, 0);
    assert_int_equal(assay_block_read(bytes.data, len + 1, again, NULL), ASSAY_MALFORMED);
    bytes.data[0] = 9;
    assert_int_equal(assay_block_count(bytes.data, len), 0);
    assert_int_equal(assay_block_count("", 0), 0);
    assay_buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_in_comes_out_bit_for_bit),
        cmocka_unit_test(random_blocks_survive),
        cmocka_unit_test(times_in_whole_nanoseconds_take_eight_bytes),
        cmocka_unit_test(a_batch_keeps_which_point_is_of_which_series),
        cmocka_unit_test(a_block_that_is_cut_or_longer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
