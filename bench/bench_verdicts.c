/*
 * What verdicts are worth on simulated noise (statistics.md 7), beside the tests of other tools on the same values: the
 * Mann-Whitney test as google-benchmark's compare.py runs it (two-sided, 0.05, normal approximation with continuity)
 * and Welch's t. Each peer sees the values as it would sample them (all of A, then all of B) and, at matched level, the
 * interleaved ones. Inconclusive is a column of its own; cells that assay loses are named at the end.
 *
 *     bench_verdicts [TRIALS]
 */
#include "judge/judge.h"

#include "base/rng.h"
#include "stat/stat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)1 << 20)
#define ALPHA 0.05
#define HOLDS_LEVEL 0.075 /* a test whose false alarms are above this has no power to compare */
enum { PAIRS_MAX = 40, NOISES = 7 };

/* ---- streams, as in tests/property/test_judge_simulated.c ------------------------------------------------------- */

struct stream {
    struct assay_rng rng;
    int noise;
    double memory;
    size_t run, runs;
};

static double normal(struct assay_rng *rng)
{
    double p = assay_rng_unit(rng);
    return assay_stat_normal_quantile(p > 0 ? p : 0x1p-54);
}

static double next_value(struct stream *stream)
{
    struct assay_rng *rng = &stream->rng;
    double n = normal(rng), quiet = 0.01 * n, position = (double)stream->run++ / (double)stream->runs;
    switch (stream->noise) {
    case 2:
        return quiet + (assay_rng_unit(rng) < 0.05 ? -0.3 * assay_stat_log(1 - assay_rng_unit(rng)) : 0);
    case 3:
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

/* Logs of the two arms' times; b takes 1 + effect times as long. */
struct values {
    double a[PAIRS_MAX], b[PAIRS_MAX];
};

static void draw(int noise, uint64_t trial, size_t pairs, double effect, bool is_interleaved, struct values *ret)
{
    struct stream stream = {.noise = noise, .runs = 2 * pairs};
    char use[32];
    bool is_b_first = false;
    (void)snprintf(use, sizeof use, "noise %d", noise);
    assay_rng_seed(&stream.rng, trial, use);
    stream.memory = noise == 3 ? 0.02 * normal(&stream.rng) : noise == 4 ? assay_rng_unit(&stream.rng) < 0.5 : 0;
    for (size_t i = 0; i < 2 * pairs; i++) {
        bool is_b = i >= pairs; /* one after the other */
        size_t at = i % pairs;
        if (is_interleaved) {
            is_b_first = i % 4 == 0 ? assay_rng_below(&stream.rng, 2) == 1 : i % 2 == 0 ? !is_b_first : is_b_first;
            is_b = is_b_first == (i % 2 == 0);
            at = i / 2;
        }
        double value = next_value(&stream);
        (is_b ? ret->b : ret->a)[at] = value + (is_b ? assay_stat_log(1 + effect) : 0);
    }
}

/* ---- peers ------------------------------------------------------------------------------------------------------ */

static bool welch(const struct values *values, size_t n)
{
    double va = assay_stat_sd(values->a, n), vb = assay_stat_sd(values->b, n), count = (double)n;
    va = va * va / count;
    vb = vb * vb / count;
    double t = fabs(assay_stat_mean(values->a, n) - assay_stat_mean(values->b, n)) / sqrt(va + vb);
    double degrees = (va + vb) * (va + vb) / ((va * va + vb * vb) / (count - 1));
    return 2 * (1 - assay_stat_t_below(t, degrees)) < ALPHA;
}

static bool mann_whitney(const struct values *values, size_t n)
{
    double u = 0, nm = (double)(n * n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            u += values->a[i] > values->b[j] ? 1 : values->a[i] == values->b[j] ? 0.5 : 0;
        }
    }
    double z = (fabs(u - nm / 2) - 0.5) / sqrt(nm * (double)(2 * n + 1) / 12);
    return 2 * (1 - assay_stat_normal_below(z)) < ALPHA;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

enum tool { ASSAY_GATE, ASSAY_RESOLVED, UTEST, UTEST_PAIRED, WELCH, WELCH_PAIRED, TOOLS };
static const char *const NAMES[TOOLS] = {"gate word",          "resolved",        "utest, A then B",
                                         "utest, interleaved", "Welch, A then B", "Welch, interleaved"};

struct cell {
    size_t alarms[TOOLS], parity, inconclusive;
};

static struct cell measure(int noise, size_t pairs, double effect, size_t trials)
{
    struct cell cell = {.parity = 0};
    const struct assay_outcome_rule rule = {.level = ASSAY_LEVEL_GATE};
    for (uint64_t trial = 0; trial < trials; trial++) {
        struct values apart, together;
        struct assay_arena arena;
        double ratios[PAIRS_MAX];
        draw(noise, trial, pairs, effect, false, &apart);
        draw(noise, trial, pairs, effect, true, &together);
        for (size_t i = 0; i < pairs; i++) {
            ratios[i] = assay_stat_exp(together.b[i] - together.a[i]);
        }
        assay_arena_init(&arena, ARENA_BYTES);
        struct assay_outcome outcome = assay_outcome_of_pairs(ratios, pairs, &rule, &arena);
        cell.alarms[ASSAY_GATE] += outcome.word == ASSAY_WORD_SLOWER || outcome.word == ASSAY_WORD_FASTER;
        cell.alarms[ASSAY_RESOLVED] += outcome.is_resolved;
        cell.parity += outcome.word == ASSAY_WORD_PARITY;
        cell.inconclusive += outcome.word == ASSAY_WORD_INCONCLUSIVE;
        cell.alarms[UTEST] += mann_whitney(&apart, pairs);
        cell.alarms[UTEST_PAIRED] += mann_whitney(&together, pairs);
        cell.alarms[WELCH] += welch(&apart, pairs);
        cell.alarms[WELCH_PAIRED] += welch(&together, pairs);
        assay_arena_done(&arena);
    }
    return cell;
}

static double percent(size_t count, size_t trials)
{
    return 100.0 * (double)count / (double)trials;
}

static void print_cell(int noise, const char *question, const struct cell *cell, size_t trials)
{
    printf("N%d  %-14s", noise, question);
    for (int tool = 0; tool < TOOLS; tool++) {
        printf(" %18.1f", percent(cell->alarms[tool], trials));
    }
    printf(" %8.1f %12.1f\n", percent(cell->parity, trials), percent(cell->inconclusive, trials));
}

/* A peer wins a cell if it finds more, and does not alarm on the same code. */
static void print_lost(int noise, const char *question, const struct cell *same, const struct cell *cell, size_t trials)
{
    for (int tool = UTEST; tool < TOOLS; tool++) {
        bool holds = (double)same->alarms[tool] <= HOLDS_LEVEL * (double)trials;
        if (holds && cell->alarms[tool] > cell->alarms[ASSAY_RESOLVED]) {
            printf("lost: N%d, %s: %s finds %.1f %%, assay resolves %.1f %%\n", noise, question, NAMES[tool],
                   percent(cell->alarms[tool], trials), percent(cell->alarms[ASSAY_RESOLVED], trials));
        }
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *question;
        size_t pairs;
        double effect;
    } QUESTIONS[] = {{"A/A, 20", 20, 0}, {"A/A, 40", 40, 0}, {"+1 %, 40", 40, 0.01}, {"+3 %, 20", 20, 0.03}};
    size_t trials = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 2000;
    struct cell cells[NOISES + 1][4];
    printf("%zu trials a cell, alpha 0.05, margin 2 %%; in per cent of trials\n%-18s", trials, "");
    for (int tool = 0; tool < TOOLS; tool++) {
        printf(" %18s", NAMES[tool]);
    }
    printf(" %8s %12s\n", "parity", "inconclusive");
    for (int noise = 1; noise <= NOISES; noise++) {
        for (size_t q = 0; q < 4; q++) {
            cells[noise][q] = measure(noise, QUESTIONS[q].pairs, QUESTIONS[q].effect, trials);
            print_cell(noise, QUESTIONS[q].question, &cells[noise][q], trials);
        }
    }
    for (int noise = 1; noise <= NOISES; noise++) {
        print_lost(noise, QUESTIONS[2].question, &cells[noise][1], &cells[noise][2], trials);
        print_lost(noise, QUESTIONS[3].question, &cells[noise][0], &cells[noise][3], trials);
    }
    return 0;
}
