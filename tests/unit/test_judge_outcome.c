/* The outcomes of statistics.md 3.1 and the edges of section 8. */
#include "judge/judge.h"

#include "base/rng.h"
#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAIRS = 40, TRIALS = 300 };
#define ARENA_BYTES ((size_t)1 << 20)

static struct assay_arena arena;

static int open_arena(void **state)
{
    (void)state;
    assay_arena_init(&arena, ARENA_BYTES);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    assay_arena_done(&arena);
    return 0;
}

static const struct assay_outcome_rule GATE = {.level = ASSAY_LEVEL_GATE};
static const struct assay_outcome_rule ADVISORY = {.level = ASSAY_LEVEL_ADVISORY};

/* count ratios around centre: evenly spread over +- half on the log scale, shuffled so that they do not follow each
 * other. */
static void spread(double *ratios, size_t count, double centre, double half)
{
    for (size_t i = 0; i < count; i++) {
        size_t place = (i * 17) % count; /* 17 is prime to every count used here */
        double share = count > 1 ? 2.0 * (double)place / (double)(count - 1) - 1.0 : 0.0;
        ratios[i] = centre * assay_stat_exp(half * share);
    }
}

static struct assay_outcome outcome_of(double centre, double half, size_t count, const struct assay_outcome_rule *rule)
{
    double ratios[PAIRS];
    spread(ratios, count, centre, half);
    return assay_outcome_of_pairs(ratios, count, rule, &arena);
}

static void assert_word(struct assay_outcome found, enum assay_word expected)
{
    if (found.word != expected) {
        fail_msg("%s [%g, %g], expected %s", assay_word_text(found.word), found.lower, found.upper,
                 assay_word_text(expected));
    }
}

static void tight_around_one_is_parity(void **state)
{
    (void)state;
    struct assay_outcome found = outcome_of(1.0, 0.01, PAIRS, &GATE);
    assert_word(found, ASSAY_WORD_PARITY);
    assert_false(found.is_resolved);
    assert_false(found.is_small_but_real);
}

static void one_percent_that_is_sure_is_parity_small_but_real(void **state)
{
    (void)state;
    struct assay_outcome found = outcome_of(1.01, 0.005, PAIRS, &GATE);
    assert_word(found, ASSAY_WORD_PARITY);
    assert_true(found.is_resolved);
    assert_true(found.is_small_but_real);
}

static void beyond_the_margin_is_slower_or_faster_at_both_levels(void **state)
{
    (void)state;
    assert_word(outcome_of(1.05, 0.01, PAIRS, &GATE), ASSAY_WORD_SLOWER);
    assert_word(outcome_of(1.05, 0.01, PAIRS, &ADVISORY), ASSAY_WORD_SLOWER);
    assert_word(outcome_of(1 / 1.05, 0.01, PAIRS, &GATE), ASSAY_WORD_FASTER);
}

static void where_higher_is_better_the_words_turn(void **state)
{
    (void)state;
    struct assay_outcome_rule rule = {.level = ASSAY_LEVEL_GATE, .is_higher_better = true};
    assert_word(outcome_of(1.05, 0.01, PAIRS, &rule), ASSAY_WORD_FASTER);
    assert_word(outcome_of(1 / 1.05, 0.01, PAIRS, &rule), ASSAY_WORD_SLOWER);
}

static void resolved_with_the_margin_inside_is_a_word_only_for_advice(void **state)
{
    (void)state;
    struct assay_outcome advice = outcome_of(1.02, 0.03, PAIRS, &ADVISORY);
    struct assay_outcome gate = outcome_of(1.02, 0.03, PAIRS, &GATE);
    assert_word(advice, ASSAY_WORD_SLOWER);
    assert_word(gate, ASSAY_WORD_INCONCLUSIVE);
    assert_true(gate.is_resolved);
    assert_non_null(gate.reason);
}

static void a_gate_takes_its_words_at_the_level_of_the_family(void **state)
{
    (void)state;
    /* 12 pairs, two of them below the margin: the 95 % interval leaves both out, the 99 % one does not */
    double ratios[12] = {1.001, 1.06, 1.07, 1.05, 1.002, 1.08, 1.06, 1.07, 1.05, 1.09, 1.06, 1.07};
    assert_int_equal(assay_stat_sign_index(12, 0.05), 3);
    assert_int_equal(assay_stat_sign_index(12, 0.01), 2);
    struct assay_outcome gate = assay_outcome_of_pairs(ratios, 12, &GATE, &arena);
    assert_true(gate.lower > 1.02);
    assert_word(gate, ASSAY_WORD_INCONCLUSIVE);
    assert_word(assay_outcome_of_pairs(ratios, 12, &ADVISORY, &arena), ASSAY_WORD_SLOWER);
}

static void an_inconclusive_row_says_what_would_decide(void **state)
{
    (void)state;
    struct assay_outcome found = outcome_of(1.0, 0.2, PAIRS, &GATE);
    assert_word(found, ASSAY_WORD_INCONCLUSIVE);
    assert_true(found.effect_min > 0.02);
    assert_true(found.pairs_needed > PAIRS);
    struct assay_outcome outside = outcome_of(1.1, 0.3, PAIRS, &GATE);
    assert_word(outside, ASSAY_WORD_INCONCLUSIVE);
    assert_true(outside.pairs_needed > PAIRS);
}

static void a_decided_row_needs_no_more_pairs(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(1.05, 0.01, PAIRS, &GATE).pairs_needed, 0);
    assert_int_equal(outcome_of(1.0, 0.01, PAIRS, &GATE).pairs_needed, 0);
}

static void too_few_pairs_say_how_many_there_must_be(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        const char *reason;
    } CASES[] = {{0, "n too small (0 of 6)"}, {1, "n too small (1 of 6)"}, {4, "n too small (4 of 6)"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_outcome found = outcome_of(1.5, 0.01, CASES[i].count, &GATE);
        assert_word(found, ASSAY_WORD_INCONCLUSIVE);
        assert_false(found.has_interval);
        assert_string_equal(found.reason, CASES[i].reason);
    }
    struct assay_outcome seven = outcome_of(1.5, 0.01, 7, &GATE);
    assert_true(seven.has_interval);
    assert_string_equal(seven.reason, "n too small (7 of 8 for a word at this level)");
}

static void equal_constants_are_parity_only_with_a_fine_clock(void **state)
{
    (void)state;
    double ones[20];
    for (size_t i = 0; i < 20; i++) {
        ones[i] = 1.0;
    }
    struct assay_outcome_rule fine = {.level = ASSAY_LEVEL_GATE, .quantum_ratio = 0.0019};
    struct assay_outcome_rule coarse = {.level = ASSAY_LEVEL_GATE, .quantum_ratio = 0.002};
    assert_word(assay_outcome_of_pairs(ones, 20, &fine, &arena), ASSAY_WORD_PARITY);
    struct assay_outcome found = assay_outcome_of_pairs(ones, 20, &coarse, &arena);
    assert_word(found, ASSAY_WORD_INCONCLUSIVE);
    assert_string_equal(found.reason, "too coarse");
    assert_int_equal(found.ties, 20);
}

static void a_series_that_follows_itself_is_inconclusive(void **state)
{
    (void)state;
    double ratios[12];
    for (size_t i = 0; i < 12; i++) {
        ratios[i] = i < 6 ? 1.3 + 0.001 * (double)i : 1.6 + 0.001 * (double)i;
    }
    struct assay_outcome found = assay_outcome_of_pairs(ratios, 12, &GATE, &arena);
    assert_word(found, ASSAY_WORD_INCONCLUSIVE);
    assert_string_equal(found.reason, "autocorrelated");
}

static void stopping_early_and_rivals_cost_width(void **state)
{
    (void)state;
    struct assay_outcome_rule early = {.level = ASSAY_LEVEL_GATE, .may_stop_early = true};
    struct assay_outcome_rule rivals = {.level = ASSAY_LEVEL_GATE, .rivals = 4};
    struct assay_outcome plain = outcome_of(1.0, 0.1, 24, &GATE);
    struct assay_outcome stopped = outcome_of(1.0, 0.1, 24, &early);
    struct assay_outcome rival = outcome_of(1.0, 0.1, 24, &rivals);
    assert_true(stopped.upper >= plain.upper);
    assert_true(rival.upper > plain.upper);
    assert_true(stopped.confidence == 0.95);
}

/* ---- properties ---- */

static void draw(struct assay_rng *rng, double *ratios, size_t count)
{
    double centre = 0.9 + 0.2 * assay_rng_unit(rng), noise = 0.2 * assay_rng_unit(rng) * assay_rng_unit(rng);
    for (size_t i = 0; i < count; i++) {
        double p = assay_rng_unit(rng);
        ratios[i] = centre * assay_stat_exp(noise * assay_stat_normal_quantile(p > 0 ? p : 0.5));
    }
}

static enum assay_word turned(enum assay_word word)
{
    return word == ASSAY_WORD_FASTER ? ASSAY_WORD_SLOWER : word == ASSAY_WORD_SLOWER ? ASSAY_WORD_FASTER : word;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 4e-16 * fabs(b);
}

static void swapping_the_arms_inverts_ratio_and_word(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 1, "swap");
    for (int trial = 0; trial < TRIALS; trial++) {
        double there[PAIRS], back[PAIRS];
        size_t count = 6 + assay_rng_below(&rng, PAIRS - 5);
        draw(&rng, there, count);
        for (size_t i = 0; i < count; i++) {
            back[i] = 1.0 / there[i];
        }
        struct assay_outcome a = assay_outcome_of_pairs(there, count, &GATE, &arena);
        struct assay_outcome b = assay_outcome_of_pairs(back, count, &GATE, &arena);
        assert_true(is_near(a.point * b.point, 1.0));
        assert_true(a.has_interval == b.has_interval);
        assert_true(!a.has_interval || (is_near(a.lower * b.upper, 1.0) && is_near(a.upper * b.lower, 1.0)));
        assert_int_equal(a.word, turned(b.word));
    }
}

/* In the order slower/faster, inconclusive, parity a larger margin only moves to the right, and a side never turns. */
static int rank_of(enum assay_word word)
{
    return word == ASSAY_WORD_PARITY ? 2 : word == ASSAY_WORD_INCONCLUSIVE ? 1 : 0;
}

static void the_word_is_monotone_in_the_margin(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 2, "margin");
    for (int trial = 0; trial < TRIALS; trial++) {
        double ratios[PAIRS];
        draw(&rng, ratios, PAIRS);
        int before = 0;
        enum assay_word side = ASSAY_WORD_INCONCLUSIVE;
        for (double margin = 0.001; margin < 0.5; margin *= 1.2) {
            struct assay_outcome_rule rule = {.level = ASSAY_LEVEL_GATE, .margin = margin};
            enum assay_word word = assay_outcome_of_pairs(ratios, PAIRS, &rule, &arena).word;
            assert_true(rank_of(word) >= before);
            assert_true(rank_of(word) > 0 || side == ASSAY_WORD_INCONCLUSIVE || side == word);
            side = rank_of(word) == 0 ? word : side;
            before = rank_of(word);
        }
        assay_arena_done(&arena);
        assay_arena_init(&arena, ARENA_BYTES);
    }
}

static void parity_and_slower_never_meet(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 3, "both");
    for (int trial = 0; trial < TRIALS; trial++) {
        double ratios[PAIRS];
        draw(&rng, ratios, PAIRS);
        struct assay_outcome found = assay_outcome_of_pairs(ratios, PAIRS, &GATE, &arena);
        if (found.word == ASSAY_WORD_PARITY) {
            assert_true(found.lower <= 1.02 && found.upper >= 1 / 1.02);
        }
        if (found.word == ASSAY_WORD_SLOWER) {
            assert_true(found.is_resolved && found.lower > 1.02 && found.tost_upper > 1.02);
        }
    }
}

/* ---- unpaired ---- */

static void five_runs_a_side_give_advice_and_four_do_not(void **state)
{
    (void)state;
    static const double BASE[] = {100, 101, 99, 100.5, 99.5, 100.2}, OTHER[] = {120, 121, 119, 120.5, 119.5, 120.2};
    struct assay_outcome found = assay_outcome_of_samples(BASE, 5, OTHER, 5, &ADVISORY, &arena);
    assert_word(found, ASSAY_WORD_SLOWER);
    assert_true(found.lower > 1.15 && found.upper < 1.25);
    struct assay_outcome four = assay_outcome_of_samples(BASE, 4, OTHER, 5, &ADVISORY, &arena);
    assert_word(four, ASSAY_WORD_INCONCLUSIVE);
    assert_string_equal(four.reason, "n too small (4 of 5 runs a side)");
    assert_word(assay_outcome_of_samples(OTHER, 6, BASE, 6, &ADVISORY, &arena), ASSAY_WORD_FASTER);
}

/* ---- families and witnesses ---- */

static void a_family_divides_its_error_among_its_rows(void **state)
{
    (void)state;
    double ps[4] = {0.0001, 0.5, 0.9, 0.003}, adjusted[4];
    size_t order[4];
    uint64_t least;
    assert_true(is_near(assay_outcome_family(ps, 4, 0.01, &least, adjusted, order), 0.01 * 2 / 4));
    assert_int_equal(least, 10); /* 1 + log2(4 / 0.01) = 9.6 */
    double none[2] = {0.2, 0.4};
    assert_true(is_near(assay_outcome_family(none, 2, 0.01, NULL, adjusted, order), 0.005));
}

static enum assay_word joined(double wall_centre, double wall_half, double cpu_centre, double cpu_half,
                              const struct assay_outcome_rule *rule, bool *ret_by_cpu)
{
    double wall[PAIRS], cpu[PAIRS];
    spread(wall, PAIRS, wall_centre, wall_half);
    spread(cpu, PAIRS, cpu_centre, cpu_half);
    struct assay_outcome of_wall = assay_outcome_of_pairs(wall, PAIRS, rule, &arena);
    struct assay_outcome of_cpu = assay_outcome_of_pairs(cpu, PAIRS, rule, &arena);
    return assay_outcome_join(&of_wall, &of_cpu, wall, PAIRS, cpu, PAIRS, rule, ret_by_cpu, &arena);
}

static void cpu_time_decides_where_the_clock_cannot(void **state)
{
    (void)state;
    bool by_cpu;
    assert_int_equal(joined(1.0, 0.3, 1.05, 0.01, &GATE, &by_cpu), ASSAY_WORD_SLOWER);
    assert_true(by_cpu);
    assert_int_equal(joined(1.0, 0.3, 1.01, 0.005, &ADVISORY, &by_cpu), ASSAY_WORD_SLOWER);
    assert_true(by_cpu);
    assert_int_equal(joined(1.0, 0.3, 1.01, 0.005, &GATE, &by_cpu), ASSAY_WORD_INCONCLUSIVE); /* parity by CPU */
    assert_false(by_cpu);
}

static void witnesses_that_contradict_each_other_decide_nothing(void **state)
{
    (void)state;
    bool by_cpu;
    assert_int_equal(joined(1.05, 0.01, 0.95, 0.01, &GATE, &by_cpu), ASSAY_WORD_INCONCLUSIVE);
    assert_false(by_cpu);
    assert_int_equal(joined(1.05, 0.01, 1.05, 0.01, &GATE, &by_cpu), ASSAY_WORD_SLOWER);
    assert_false(by_cpu);
}

static void no_row_is_a_word_when_memory_is_short(void **state)
{
    (void)state;
    struct assay_arena none;
    assay_arena_init(&none, 64);
    double ratios[PAIRS];
    spread(ratios, PAIRS, 1.0, 0.001);
    struct assay_outcome found = assay_outcome_of_pairs(ratios, PAIRS, &GATE, &none);
    assert_word(found, ASSAY_WORD_INCONCLUSIVE);
    assay_arena_done(&none);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FACT(tight_around_one_is_parity),
        FACT(one_percent_that_is_sure_is_parity_small_but_real),
        FACT(beyond_the_margin_is_slower_or_faster_at_both_levels),
        FACT(where_higher_is_better_the_words_turn),
        FACT(resolved_with_the_margin_inside_is_a_word_only_for_advice),
        FACT(a_gate_takes_its_words_at_the_level_of_the_family),
        FACT(an_inconclusive_row_says_what_would_decide),
        FACT(a_decided_row_needs_no_more_pairs),
        FACT(too_few_pairs_say_how_many_there_must_be),
        FACT(equal_constants_are_parity_only_with_a_fine_clock),
        FACT(a_series_that_follows_itself_is_inconclusive),
        FACT(stopping_early_and_rivals_cost_width),
        FACT(swapping_the_arms_inverts_ratio_and_word),
        FACT(the_word_is_monotone_in_the_margin),
        FACT(parity_and_slower_never_meet),
        FACT(five_runs_a_side_give_advice_and_four_do_not),
        FACT(a_family_divides_its_error_among_its_rows),
        FACT(cpu_time_decides_where_the_clock_cannot),
        FACT(witnesses_that_contradict_each_other_decide_nothing),
        FACT(no_row_is_a_word_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
