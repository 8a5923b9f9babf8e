/* Verdicts on simulated streams (statistics.md 7): noises N1 to N7, both arms drawn in the order in which they ran, two
 * runs a round in blocks of two rounds. Everything is seeded, so the counts below are exact and repeat. */
#include "judge/judge.h"

#include "base/rng.h"
#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TRIALS = 2000, PAIRS_MAX = 40, NOISES = 7 };
#define ARENA_BYTES ((size_t)1 << 20)

/* ---- streams ---------------------------------------------------------------------------------------------------- */

struct stream {
    struct assay_rng rng;
    int noise;     /* 1 to 7 */
    double memory; /* N3: the value before; N4: 1 while the neighbour is there */
    size_t run, runs;
};

static double normal(struct assay_rng *rng)
{
    double p = assay_rng_unit(rng);
    return assay_stat_normal_quantile(p > 0 ? p : 0x1p-54);
}

/* Log time of the next run without any effect. */
static double next_value(struct stream *stream)
{
    struct assay_rng *rng = &stream->rng;
    double n = normal(rng), quiet = 0.01 * n, position = (double)stream->run++ / (double)stream->runs;
    switch (stream->noise) {
    case 2:
        return quiet + (assay_rng_unit(rng) < 0.05 ? -0.3 * assay_stat_log(1 - assay_rng_unit(rng)) : 0);
    case 3: /* AR(0.8), standard deviation 0.02 */
        stream->memory = 0.8 * stream->memory + 0.02 * sqrt(1 - 0.64) * n;
        return stream->memory;
    case 4:
        stream->memory = assay_rng_unit(rng) < 0.05 ? 1 - stream->memory : stream->memory;
        return quiet + 0.35 * stream->memory;
    case 5:
        return quiet + 0.08 * position;
    case 6:
        return 0.005 * n + (assay_rng_unit(rng) < 0.5 ? 0.03 : 0);
    case 7:
        return 0.03 * n * fabs(n);
    case 1:
    default:
        return quiet;
    }
}

static void begin(struct stream *stream, int noise, uint64_t trial, size_t pairs)
{
    char use[32];
    (void)snprintf(use, sizeof use, "noise %d", noise);
    *stream = (struct stream){.noise = noise, .runs = 2 * pairs};
    assay_rng_seed(&stream->rng, trial, use);
    stream->memory = noise == 3 ? 0.02 * normal(&stream->rng) : noise == 4 ? assay_rng_unit(&stream->rng) < 0.5 : 0;
}

/* Ratios b/a of one run of pairs; b takes 1 + effect times as long. Blocks of ABBA or BAAB. */
static void draw(struct stream *stream, double effect, double *ratios, size_t pairs)
{
    bool is_b_first = false;
    for (size_t round = 0; round < pairs; round++) {
        is_b_first = round % 2 == 0 ? assay_rng_below(&stream->rng, 2) == 1 : !is_b_first;
        double first = next_value(stream), second = next_value(stream);
        double b_minus_a = is_b_first ? first - second : second - first;
        ratios[round] = (1 + effect) * assay_stat_exp(b_minus_a);
    }
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

struct counts {
    size_t words[ASSAY_WORD_COUNT], resolved;
};

static struct counts count_words(int noise, size_t pairs, double effect, enum assay_level level)
{
    struct counts counts = {.resolved = 0};
    const struct assay_outcome_rule rule = {.level = level};
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        struct assay_arena arena;
        struct stream stream;
        double ratios[PAIRS_MAX];
        assay_arena_init(&arena, ARENA_BYTES);
        begin(&stream, noise, trial, pairs);
        draw(&stream, effect, ratios, pairs);
        struct assay_outcome outcome = assay_outcome_of_pairs(ratios, pairs, &rule, &arena);
        counts.words[outcome.word]++;
        counts.resolved += outcome.is_resolved;
        assay_arena_done(&arena);
    }
    return counts;
}

static void is_at_most(const char *what, int noise, size_t pairs, size_t found, size_t most)
{
    if (found > most) {
        fail_msg("N%d, %zu pairs: %s %zu of %d, at most %zu", noise, pairs, what, found, TRIALS, most);
    }
}

static void is_at_least(const char *what, int noise, size_t pairs, size_t found, double share)
{
    if ((double)found < share * TRIALS) {
        fail_msg("N%d, %zu pairs: %s %zu of %d, at least %g", noise, pairs, what, found, TRIALS, share);
    }
}

static void the_gate_never_alarms_on_the_same_code(void **state)
{
    (void)state;
    for (int noise = 1; noise <= NOISES; noise++) {
        for (size_t pairs = 20; pairs <= PAIRS_MAX; pairs += 20) {
            struct counts counts = count_words(noise, pairs, 0, ASSAY_LEVEL_GATE);
            is_at_most("alarms", noise, pairs, counts.words[ASSAY_WORD_FASTER] + counts.words[ASSAY_WORD_SLOWER], 0);
            is_at_most("resolved", noise, pairs, counts.resolved, TRIALS / 20);
        }
    }
}

/* Under N6 (two modes 3 % apart) the rule's own rate at 20 pairs is 2.5 in 100,000, counted over 400,000 trials by
 * another program: of ten sets of 2,000 seeds nine and a half have none. Under the others it is too small to count. */
static void three_percent_are_never_called_parity(void **state)
{
    (void)state;
    for (int noise = 1; noise <= 6; noise++) {
        for (size_t pairs = 20; pairs <= PAIRS_MAX; pairs += 20) {
            struct counts counts = count_words(noise, pairs, 0.03, ASSAY_LEVEL_GATE);
            is_at_most("parity at +3 %", noise, pairs, counts.words[ASSAY_WORD_PARITY], 0);
            is_at_most("faster at +3 %", noise, pairs, counts.words[ASSAY_WORD_FASTER], 0);
        }
    }
}

static void the_same_code_is_mostly_shown_to_be_the_same(void **state)
{
    (void)state;
    static const struct {
        int noise;
        double share;
    } GOALS[] = {{1, 0.93}, {3, 0.93}, {4, 0.88}, {5, 0.93}};
    for (size_t i = 0; i < sizeof GOALS / sizeof GOALS[0]; i++) {
        struct counts counts = count_words(GOALS[i].noise, 20, 0, ASSAY_LEVEL_GATE);
        is_at_least("parity", GOALS[i].noise, 20, counts.words[ASSAY_WORD_PARITY], GOALS[i].share);
    }
}

static void one_percent_is_resolved_with_forty_pairs(void **state)
{
    (void)state;
    static const struct {
        int noise;
        double share;
    } GOALS[] = {{1, 0.80}, {3, 0.85}, {4, 0.75}, {5, 0.80}};
    for (size_t i = 0; i < sizeof GOALS / sizeof GOALS[0]; i++) {
        struct counts counts = count_words(GOALS[i].noise, 40, 0.01, ASSAY_LEVEL_ADVISORY);
        is_at_least("resolved at +1 %", GOALS[i].noise, 40, counts.resolved, GOALS[i].share);
    }
}

/* Wall clock beside a neighbour (N4), CPU time with 0.5 %: how often is the answer the right one? */
static void cpu_time_resolves_one_percent_beside_a_neighbour(void **state)
{
    (void)state;
    const struct assay_outcome_rule rule = {.level = ASSAY_LEVEL_ADVISORY};
    size_t right = 0, unnamed = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        struct assay_arena arena;
        struct stream stream;
        struct assay_rng rng;
        double wall[PAIRS_MAX], cpu[PAIRS_MAX];
        bool by_cpu;
        assay_arena_init(&arena, ARENA_BYTES);
        begin(&stream, 4, trial, PAIRS_MAX);
        draw(&stream, 0.01, wall, PAIRS_MAX);
        assay_rng_seed(&rng, trial, "cpu");
        for (size_t i = 0; i < PAIRS_MAX; i++) {
            cpu[i] = 1.01 * assay_stat_exp(0.005 * (normal(&rng) - normal(&rng)));
        }
        struct assay_outcome of_wall = assay_outcome_of_pairs(wall, PAIRS_MAX, &rule, &arena);
        struct assay_outcome of_cpu = assay_outcome_of_pairs(cpu, PAIRS_MAX, &rule, &arena);
        enum assay_word word =
            assay_outcome_join(&of_wall, &of_cpu, wall, PAIRS_MAX, cpu, PAIRS_MAX, &rule, &by_cpu, &arena);
        right += of_wall.is_resolved || of_cpu.is_resolved;
        unnamed += of_wall.word == ASSAY_WORD_INCONCLUSIVE && word == ASSAY_WORD_SLOWER && !by_cpu;
        assay_arena_done(&arena);
    }
    is_at_least("resolved by clock or CPU time", 4, PAIRS_MAX, right, 0.98);
    is_at_most("slower by CPU time and not so called", 4, PAIRS_MAX, unnamed, 0);
}

/* A word that could not fail proves nothing: at 10 % both must speak. */
static void ten_percent_are_slower_at_gate_level(void **state)
{
    (void)state;
    for (int noise = 1; noise <= 6; noise++) {
        struct counts counts = count_words(noise, 40, 0.10, ASSAY_LEVEL_GATE);
        is_at_least("slower at +10 %", noise, 40, counts.words[ASSAY_WORD_SLOWER], noise == 4 ? 0.90 : 0.98);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gate_never_alarms_on_the_same_code),
        cmocka_unit_test(three_percent_are_never_called_parity),
        cmocka_unit_test(the_same_code_is_mostly_shown_to_be_the_same),
        cmocka_unit_test(one_percent_is_resolved_with_forty_pairs),
        cmocka_unit_test(cpu_time_resolves_one_percent_beside_a_neighbour),
        cmocka_unit_test(ten_percent_are_slower_at_gate_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
