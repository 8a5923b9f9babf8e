/*
 * Outcomes over a grid of ratios and rules, all digits, against tests/golden/judge/outcomes.txt (README.md there says
 * how its figures were checked). ASSAY_CASES_WRITE writes the lines anew.
 */
#include "judge/judge.h"

#include "support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)4 << 20)
#define ARENA_BYTES ((size_t)64 << 20)
enum { COUNT_MAX = 64 };

/* count values about a centre: evenly over +- half, as shares, in no order that a scan could call a trend. */
struct values {
    const char *name;
    size_t count;
    double centre, half;
    size_t ones; /* so many of them are exactly the centre */
    double ramp; /* more with each: values that follow each other */
};

static const struct values PAIRS[] = {
    {"none", 0, 1, 0, 0, 0},
    {"one", 1, 1.5, 0, 0, 0},
    {"five", 5, 1.1, 0.01, 0, 0},
    {"six", 6, 1.1, 0.01, 0, 0},
    {"seven", 7, 1.1, 0.01, 0, 0},
    {"eight", 8, 1.1, 0.01, 0, 0},
    {"equal", 40, 1, 0, 0, 0},
    {"tight", 40, 1, 0.002, 0, 0},
    {"wide", 40, 1, 0.1, 0, 0},
    {"wide more", 40, 1.02, 0.1, 0, 0},
    {"wide less", 40, 0.97, 0.1, 0, 0},
    {"small", 40, 1.012, 0.01, 0, 0},
    {"edge", 40, 1.03, 0.03, 0, 0},
    {"above", 40, 1.1, 0.02, 0, 0},
    {"below", 40, 0.9, 0.02, 0, 0},
    {"ties", 40, 1, 0.05, 12, 0},
    {"at margin", 40, 1.02, 0.0, 0, 0},
    {"ramp", 40, 1, 0, 0, 0.01},
    {"thirteen", 13, 1.03, 0.004, 0, 0},
    {"far", 24, 1.06, 0.03, 0, 0},
    {"at margin below", 40, 1 / 1.02, 0.0, 0, 0},
    {"eight wide", 8, 1, 0.3, 0, 0},
    {"falling", 40, 0.97, 0.02, 0, 0.0008},
    {"leaning", 40, 1.01, 0.02, 0, 0.0008},
    {"leaning more", 40, 1.03, 0.02, 0, 0.0012},
};

static const struct {
    const char *name;
    struct assay_outcome_rule rule;
} RULES[] = {
    {"advisory", {.level = ASSAY_LEVEL_ADVISORY}},
    {"gate", {.level = ASSAY_LEVEL_GATE}},
    {"alpha 0.2", {.level = ASSAY_LEVEL_GATE, .alpha = 0.2}},
    {"alpha 1e-9", {.level = ASSAY_LEVEL_ADVISORY, .alpha = 1e-9}},
    {"family 0.004", {.level = ASSAY_LEVEL_GATE, .family = 0.004}},
    {"family 0.5", {.level = ASSAY_LEVEL_GATE, .family = 0.5}},
    {"margin 0.005", {.level = ASSAY_LEVEL_GATE, .margin = 0.005}},
    {"margin 0.06", {.level = ASSAY_LEVEL_GATE, .margin = 0.06}},
    {"power 0.5", {.level = ASSAY_LEVEL_GATE, .power = 0.5}},
    {"early", {.level = ASSAY_LEVEL_GATE, .may_stop_early = true}},
    {"early family", {.level = ASSAY_LEVEL_GATE, .may_stop_early = true, .family = 0.008}},
    {"one rival", {.level = ASSAY_LEVEL_GATE, .rivals = 1}},
    {"two rivals", {.level = ASSAY_LEVEL_GATE, .rivals = 2}},
    {"five rivals, family", {.level = ASSAY_LEVEL_GATE, .rivals = 5, .family = 0.01}},
    {"higher", {.level = ASSAY_LEVEL_GATE, .is_higher_better = true}},
    {"higher, advisory", {.level = ASSAY_LEVEL_ADVISORY, .is_higher_better = true}},
    {"quantum 0.00199", {.level = ASSAY_LEVEL_GATE, .quantum_ratio = 0.00199}},
    {"quantum 0.002", {.level = ASSAY_LEVEL_GATE, .quantum_ratio = 0.002}},
    {"family 1/64", {.level = ASSAY_LEVEL_GATE, .family = 0.015625}}, /* twice the p of eight pairs on one side */
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void fill(const struct values *values, double ret[COUNT_MAX])
{
    for (size_t i = 0; i < values->count; i++) {
        size_t inward = i % 2 == 0 ? i / 2 : values->count - 1 - i / 2;
        size_t place = values->count < 10 ? inward : i * 17 % values->count;
        double share = values->count > 1 ? 2.0 * (double)place / (double)(values->count - 1) - 1.0 : 0.0;
        ret[i] =
            i < values->ones ? values->centre : values->centre * (1 + values->half * share) + values->ramp * (double)i;
    }
}

static void print(struct assay_buf *out, const char *what, const char *rule, const struct assay_outcome *outcome)
{
    assay_buf_printf(out, "%s, %s: %s%s%s%s n %llu %llu %llu", what, rule, assay_word_text(outcome->word),
                     outcome->is_resolved ? " resolved" : "", outcome->is_small_but_real ? " real" : "",
                     outcome->has_interval ? "" : " bare", (unsigned long long)outcome->n,
                     (unsigned long long)outcome->n_effective, (unsigned long long)outcome->ties);
    assay_buf_printf(out, " %.12g [%.12g, %.12g] %.6g tost [%.12g, %.12g] min %.9g needed %llu; %s; %s\n",
                     outcome->point, outcome->lower, outcome->upper, outcome->confidence, outcome->tost_lower,
                     outcome->tost_upper, outcome->effect_min, (unsigned long long)outcome->pairs_needed,
                     outcome->reason ? outcome->reason : "-", outcome->method ? outcome->method : "-");
}

static void pairs_under_rules(void **state)
{
    (void)state;
    struct assay_arena arena;
    struct assay_buf out;
    double ratios[COUNT_MAX];
    assay_arena_init(&arena, ARENA_BYTES);
    assay_buf_init(&out, FILE_MAX);
    for (size_t v = 0; v < LENGTH(PAIRS); v++) {
        fill(&PAIRS[v], ratios);
        for (size_t r = 0; r < LENGTH(RULES); r++) {
            struct assay_outcome outcome = assay_outcome_of_pairs(ratios, PAIRS[v].count, &RULES[r].rule, &arena);
            print(&out, PAIRS[v].name, RULES[r].name, &outcome);
        }
        assay_buf_printf(&out, "%s: p %.12g, of 2 %% %.12g, of 10 %% %.12g\n", PAIRS[v].name,
                         assay_outcome_p(ratios, PAIRS[v].count, 0, &arena),
                         assay_outcome_p(ratios, PAIRS[v].count, 0.02, &arena),
                         assay_outcome_p(ratios, PAIRS[v].count, 0.1, &arena));
    }
    golden_hold("judge/outcomes.txt", &out);
    assay_buf_done(&out);
    assay_arena_done(&arena);
}

static const struct {
    const char *name;
    struct values base, other;
} SIDES[] = {
    {"nothing", {"", 0, 1, 0, 0, 0}, {"", 6, 1, 0.01, 0, 0}},
    {"nothing either", {"", 6, 1, 0, 0, 0}, {"", 0, 1, 0.01, 0, 0}},
    {"four", {"", 4, 1, 0.01, 0, 0}, {"", 6, 1, 0.01, 0, 0}},
    {"five", {"", 5, 1, 0.01, 0, 0}, {"", 5, 1.1, 0.01, 0, 0}},
    {"six", {"", 6, 1, 0.01, 0, 0}, {"", 6, 1.1, 0.01, 0, 0}},
    {"near", {"", 7, 1, 0.004, 0, 0}, {"", 9, 1.001, 0.004, 0, 0}},
    {"apart", {"", 12, 1, 0.1, 0, 0}, {"", 10, 1.02, 0.1, 0, 0}},
    {"below", {"", 12, 100, 0.01, 0, 0}, {"", 12, 80, 0.01, 0, 0}},
    {"many", {"", 40, 100, 0.02, 0, 0}, {"", 40, 103, 0.02, 0, 0}},
    {"constant", {"", 8, 2, 0, 0, 0}, {"", 8, 3, 0, 0, 0}},
};

static void two_sides_under_rules(void **state)
{
    (void)state;
    struct assay_arena arena;
    struct assay_buf out;
    double base[COUNT_MAX], other[COUNT_MAX];
    assay_arena_init(&arena, ARENA_BYTES);
    assay_buf_init(&out, FILE_MAX);
    for (size_t v = 0; v < LENGTH(SIDES); v++) {
        fill(&SIDES[v].base, base);
        fill(&SIDES[v].other, other);
        for (size_t r = 0; r < LENGTH(RULES); r++) {
            struct assay_outcome outcome = assay_outcome_of_samples(base, SIDES[v].base.count, other,
                                                                    SIDES[v].other.count, &RULES[r].rule, &arena);
            print(&out, SIDES[v].name, RULES[r].name, &outcome);
        }
    }
    golden_hold("judge/outcomes_of_sides.txt", &out);
    assay_buf_done(&out);
    assay_arena_done(&arena);
}

static void without_memory_two_sides_have_no_outcome(void **state)
{
    (void)state;
    double values[COUNT_MAX];
    const struct assay_outcome_rule rule = {.level = ASSAY_LEVEL_GATE};
    struct assay_outcome outcome = {.reason = "out of memory"};
    size_t bytes = 0;
    fill(&SIDES[5].base, values);
    for (; outcome.reason && strcmp(outcome.reason, "out of memory") == 0; bytes += 16) {
        struct assay_arena arena;
        assay_arena_init(&arena, bytes);
        outcome = assay_outcome_of_samples(values, 7, values, 7, &rule, &arena);
        assert_true(outcome.has_interval || outcome.reason);
        assert_int_equal(arena.has_refused, outcome.reason != NULL && strcmp(outcome.reason, "out of memory") == 0);
        assay_arena_done(&arena);
    }
    assert_true(bytes > 7 * 7 * sizeof(double));
}

/* Wall and CPU time: the first so many PAIRS against each other. */
static void two_witnesses_under_rules(void **state)
{
    (void)state;
    static const size_t CHOSEN[] = {0, 3, 7, 8, 9, 11, 12, 13, 14, 17, 5};
    struct assay_arena arena;
    struct assay_buf out;
    double wall[COUNT_MAX], cpu[COUNT_MAX];
    assay_arena_init(&arena, ARENA_BYTES);
    assay_buf_init(&out, FILE_MAX);
    for (size_t a = 0; a < LENGTH(CHOSEN); a++) {
        for (size_t b = 0; b < LENGTH(CHOSEN); b++) {
            const struct values *of_wall = &PAIRS[CHOSEN[a]], *of_cpu = &PAIRS[CHOSEN[b]];
            fill(of_wall, wall);
            fill(of_cpu, cpu);
            assay_buf_printf(&out, "%s and %s:", of_wall->name, of_cpu->name);
            for (size_t r = 0; r < LENGTH(RULES); r++) {
                bool by_cpu = false;
                struct assay_outcome one = assay_outcome_of_pairs(wall, of_wall->count, &RULES[r].rule, &arena);
                struct assay_outcome two = assay_outcome_of_pairs(cpu, of_cpu->count, &RULES[r].rule, &arena);
                enum assay_word word = assay_outcome_join(&one, &two, wall, of_wall->count, cpu, of_cpu->count,
                                                          &RULES[r].rule, &by_cpu, &arena);
                assay_buf_printf(&out, " %s%s", assay_word_text(word), by_cpu ? " by cpu" : "");
            }
            assay_buf_char(&out, '\n');
        }
    }
    golden_hold("judge/outcomes_of_witnesses.txt", &out);
    assay_buf_done(&out);
    assay_arena_done(&arena);
}

/* Benjamini and Hochberg by hand: 3 of 4 are rejected at 0.05 (0.01, 0.02, 0.03 against 0.0125, 0.025, 0.0375). */
static void a_family_takes_its_level_from_its_rejections(void **state)
{
    (void)state;
    double adjusted[4];
    size_t order[4];
    uint64_t least = 0;
    assert_true(assay_outcome_family((const double[]){0.02, 0.9, 0.01, 0.03}, 4, 0.05, &least, adjusted, order) ==
                0.05 * 3 / 4);
    assert_int_equal(least, 8); /* 2^-7 is at most 0.0125, 2^-6 is not */
    assert_true(assay_outcome_family((const double[]){0.9, 0.9}, 2, 0.05, &least, adjusted, order) == 0.025);
    assert_int_equal(least, 7); /* 2^-6 is at most 0.025 */
    assert_true(assay_outcome_family((const double[]){0.001}, 1, 0, NULL, adjusted, order) == 0.01);
    assert_true(assay_outcome_family((const double[]){0.001}, 1, 1e-9, &least, adjusted, order) == 1e-9);
    assert_int_equal(least, 21); /* the least level that indices are made for is 1e-6: 2^-20 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pairs_under_rules), cmocka_unit_test(two_sides_under_rules),
                                       cmocka_unit_test(two_witnesses_under_rules),
                                       cmocka_unit_test(without_memory_two_sides_have_no_outcome),
                                       cmocka_unit_test(a_family_takes_its_level_from_its_rejections)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
