#include "base/clock.h"
#include "base/rng.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* SplitMix64 from state 0 begins with e220a8397b1dcdaf (Vigna's splitmix64.c); the sequence after it was computed by an
 * independent program from the papers. */
static void a_substream_is_the_published_generator(void **state)
{
    (void)state;
    static const uint64_t EXPECTED[] = {UINT64_C(0x8e7b4158c703a978), UINT64_C(0xbb409fca421ddbe9),
                                        UINT64_C(0x545612c052d3f099), UINT64_C(0xf81c2d6469bb55d9)};
    struct assay_rng rng;
    assay_rng_seed(&rng, 42, "arrivals");
    for (size_t i = 0; i < 4; i++) {
        assert_true(assay_rng_u64(&rng) == EXPECTED[i]);
    }
    assay_rng_seed(&rng, assay_fnv1a64("x", 1), "x"); /* seed xor name is 0 */
    assert_true(rng.s[0] == UINT64_C(0xe220a8397b1dcdaf));
}

static void fnv1a_is_the_published_hash(void **state)
{
    (void)state;
    assert_true(assay_fnv1a64("", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(assay_fnv1a64("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(assay_fnv1a64("foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void uses_have_substreams_of_their_own(void **state)
{
    (void)state;
    struct assay_rng a, b;
    assay_rng_seed(&a, 42, "arrivals");
    assay_rng_seed(&b, 42, "prompts");
    assert_true(assay_rng_u64(&a) != assay_rng_u64(&b));
}

/* 100,000 draws in 7 cells: chi-squared with 6 degrees of freedom exceeds 40 with p < 1e-6; the seed is fixed. */
static void numbers_below_a_bound_are_uniform(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 1, "uniform");
    size_t cells[7] = {0};
    for (size_t i = 0; i < 100000; i++) {
        cells[assay_rng_below(&rng, 7)]++;
    }
    double chi_squared = 0, expected = 100000.0 / 7;
    for (size_t i = 0; i < 7; i++) {
        double off = (double)cells[i] - expected;
        chi_squared += off * off / expected;
    }
    assert_true(chi_squared < 40);
    assert_int_equal(assay_rng_below(&rng, 1), 0);
}

static void unit_numbers_stay_below_one(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 1, "unit");
    double sum = 0;
    for (size_t i = 0; i < 10000; i++) {
        double x = assay_rng_unit(&rng);
        assert_true(x >= 0 && x < 1);
        sum += x;
    }
    assert_true(sum > 4850 && sum < 5150); /* 5 standard errors of 29 */
}

static void clocks_go_forward(void **state)
{
    (void)state;
    uint64_t before = assay_clock_mono_ns();
    assay_clock_system.sleep_until_ns(assay_clock_system.self, before + 2 * ASSAY_NS_PER_MS);
    assert_true(assay_clock_mono_ns() >= before + 2 * ASSAY_NS_PER_MS);
    struct assay_clock_pair pair = assay_clock_read_pair();
    assert_true(pair.mono_before_ns <= pair.mono_after_ns);
    struct assay_clock_cost cost = assay_clock_measure_cost();
    assert_true(cost.quantum_ns > 0);
}

static void wall_time_is_written_in_utc(void **state)
{
    (void)state;
    char text[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc(UINT64_C(1767605400) * ASSAY_NS_PER_S + 999999999, text);
    assert_string_equal(text, "2026-01-05T09:30:00Z");
}

static void *add_one(void *argument)
{
    ++*(int *)argument;
    return NULL;
}

static void *pin_far(void *argument)
{
    *(int *)argument = assay_thread_pin(1000003);
    return NULL;
}

static void a_thread_is_started_joined_and_pinned(void **state)
{
    (void)state;
    struct assay_thread thread;
    int value = 1, cpu = -2;
    assert_int_equal(assay_thread_start(&thread, "a name that is too long", add_one, &value, NULL), ASSAY_OK);
    assay_thread_join(&thread);
    assert_int_equal(value, 2);
    assert_true(assay_thread_cpu_count() >= 1);
    assert_int_equal(assay_thread_start(&thread, "pin", pin_far, &cpu, NULL), ASSAY_OK);
    assay_thread_join(&thread);
    assert_true(cpu >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_substream_is_the_published_generator),
        cmocka_unit_test(fnv1a_is_the_published_hash),
        cmocka_unit_test(uses_have_substreams_of_their_own),
        cmocka_unit_test(numbers_below_a_bound_are_uniform),
        cmocka_unit_test(unit_numbers_stay_below_one),
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(wall_time_is_written_in_utc),
        cmocka_unit_test(a_thread_is_started_joined_and_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
