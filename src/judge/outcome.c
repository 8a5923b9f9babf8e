#include "judge/outcome.h"

#include "stat/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ALPHA_DEFAULT 0.05
#define FAMILY_DEFAULT 0.01 /* q of gates (statistics.md 2.7) */
#define MARGIN_DEFAULT 0.02
#define POWER_DEFAULT 0.9
#define EARLY_STOP_SHARE 0.8 /* of alpha where the run may stop early (statistics.md 1.4) */
#define QUANTUM_SHARE 0.1    /* of the margin: a coarser clock cannot show parity of constants (statistics.md 8) */
#define SIDE_LEAST_N 5       /* runs a side of unpaired advice (statistics.md 3.1) */
#define REASON_BYTES 80
#define ALPHA_LEAST 1e-6 /* what the exact indices are made for */

static const char OUT_OF_MEMORY[] = "out of memory";

const char *assay_word_text(enum assay_word word)
{
    static const char *const TEXTS[ASSAY_WORD_COUNT] = {[ASSAY_WORD_INCONCLUSIVE] = "inconclusive",
                                                        [ASSAY_WORD_PARITY] = "parity",
                                                        [ASSAY_WORD_FASTER] = "faster",
                                                        [ASSAY_WORD_SLOWER] = "slower"};
    assert((size_t)word < ASSAY_WORD_COUNT);
    return TEXTS[word];
}

/* A rule with its defaults filled in, and the levels that intervals are computed at. */
struct levels {
    double asked;  /* alpha as the reader understands it */
    double alpha;  /* of the interval that is shown */
    double family; /* of the interval that faster and slower are taken from at level gate */
    double margin, power;
};

static double or_default(double value, double otherwise)
{
    return value > 0 ? value : otherwise;
}

static struct levels levels_of(const struct assay_outcome_rule *rule)
{
    double early = rule->may_stop_early ? EARLY_STOP_SHARE : 1.0;
    double share = early / fmax((double)rule->rivals, 1.0);
    struct levels ret = {.asked = or_default(rule->alpha, ALPHA_DEFAULT),
                         .margin = or_default(rule->margin, MARGIN_DEFAULT),
                         .power = or_default(rule->power, POWER_DEFAULT)};
    ret.alpha = fmax(ret.asked * share, ALPHA_LEAST);
    double family = rule->level == ASSAY_LEVEL_GATE ? or_default(rule->family, FAMILY_DEFAULT) : ret.asked;
    family *= rule->family > 0 ? early : share;              /* a family's level has counted the rivals already */
    ret.family = fmin(fmax(family, ALPHA_LEAST), ret.alpha); /* never laxer than what is shown */
    return ret;
}

static const char *reason_small(struct assay_arena *arena, uint64_t n, uint64_t least, const char *unit)
{
    char text[REASON_BYTES];
    int len = snprintf(text, sizeof text, "n too small (%" PRIu64 " of %" PRIu64 "%s)", n, least, unit);
    assert(len > 0 && (size_t)len < sizeof text);
    const char *copy = assay_arena_text(arena, text, (size_t)len);
    return copy ? copy : "n too small";
}

static uint64_t least_pairs(double alpha)
{
    uint64_t n = 1;
    while (assay_stat_sign_index(n, alpha) == 0) {
        n++;
    }
    return n;
}

/* What the table of statistics.md 3.1 looks at. Bounds are ratios other/base. */
struct bounds {
    double lower, upper;                 /* at 1 - alpha */
    double tost_lower, tost_upper;       /* at 1 - 2 alpha */
    double decides_lower, decides_upper; /* at 1 - family; 0 and infinity where there is none */
};

static bool is_parity(const struct bounds *b, double most)
{
    return b->tost_lower > 1.0 / most && b->tost_upper < most;
}

/* +1 above, -1 below, 0 not decided. */
static int beyond(double lower, double upper, double most)
{
    return lower > most ? 1 : upper < 1.0 / most ? -1 : 0;
}

static enum assay_word word_of_side(int side, bool is_higher_better)
{
    if (side == 0) {
        return ASSAY_WORD_INCONCLUSIVE;
    }
    return (side > 0) == is_higher_better ? ASSAY_WORD_FASTER : ASSAY_WORD_SLOWER;
}

/* Every step asks the same of a larger margin, or less of it: the word is monotone in the margin. */
static enum assay_word decide(const struct bounds *b, double margin, const struct assay_outcome_rule *rule)
{
    double most = 1.0 + margin;
    if (is_parity(b, most)) {
        return ASSAY_WORD_PARITY;
    }
    int side = beyond(b->decides_lower, b->decides_upper, most);
    if (side == 0 && rule->level == ASSAY_LEVEL_ADVISORY) {
        side = beyond(b->lower, b->upper, 1.0);
    }
    return word_of_side(side, rule->is_higher_better);
}

/* How far a comparison that decided nothing was from deciding: parity from inside the margin, a difference from
 * outside. count: pairs, or runs a side. */
static void plan_ahead(const struct bounds *b, const struct levels *levels, uint64_t count, struct assay_outcome *out)
{
    double half = (assay_stat_log(b->upper) - assay_stat_log(b->lower)) / 2;
    double effect = half > 0 ? assay_stat_pairs_effect_min(half, levels->alpha, levels->power) : 0.0;
    out->effect_min = effect > 0 ? assay_stat_exp(effect) - 1.0 : 0.0;
    if (out->word != ASSAY_WORD_INCONCLUSIVE || effect <= 0) {
        return;
    }
    double d = assay_stat_log(out->point), room = assay_stat_log(1.0 + levels->margin);
    uint64_t needed = 0;
    if (fabs(d) < room) {
        double tost = (assay_stat_log(b->tost_upper) - assay_stat_log(b->tost_lower)) / 2;
        needed = assay_stat_pairs_to_show_parity(count, tost, levels->alpha, levels->power, d, levels->margin);
    } else if (fabs(d) > room) {
        double strict = assay_stat_pairs_effect_min(half, levels->alpha, levels->power) *
                        assay_stat_normal_quantile(1.0 - levels->family / 2) /
                        assay_stat_normal_quantile(1.0 - levels->alpha / 2);
        needed = assay_stat_pairs_to_find(count, strict, fabs(d) - room);
    }
    out->pairs_needed = needed == 0 ? 0 : needed > count ? needed : count + 1;
}

/* Shown parts and word, once all bounds are there. */
static void conclude(const struct bounds *b, const struct levels *levels, const struct assay_outcome_rule *rule,
                     uint64_t count, struct assay_outcome *out)
{
    out->has_interval = true;
    out->lower = b->lower;
    out->upper = b->upper;
    out->tost_lower = b->tost_lower;
    out->tost_upper = b->tost_upper;
    out->is_resolved = b->lower > 1.0 || b->upper < 1.0;
    out->word = decide(b, levels->margin, rule);
    out->is_small_but_real = out->word == ASSAY_WORD_PARITY && out->is_resolved;
    plan_ahead(b, levels, count, out);
}

/* ---- pairs ------------------------------------------------------------------------------------------------------ */

static struct bounds bounds_of_pairs(const double *ratios, size_t count, const struct levels *levels, double *scratch,
                                     const struct assay_stat_pairs *shown)
{
    struct assay_stat_pairs tost = assay_stat_pairs_compare(ratios, count, 2 * levels->alpha, scratch);
    struct assay_stat_pairs strict = assay_stat_pairs_compare(ratios, count, levels->family, scratch);
    return (struct bounds){.lower = shown->lower,
                           .upper = shown->upper,
                           .tost_lower = tost.lower,
                           .tost_upper = tost.upper,
                           .decides_lower = strict.has_interval ? strict.lower : 0.0,
                           .decides_upper = strict.has_interval ? strict.upper : HUGE_VAL};
}

static const char *reason_of_pairs(const struct assay_outcome *out, const struct levels *levels, uint64_t count,
                                   struct assay_arena *arena)
{
    uint64_t least = least_pairs(levels->family);
    bool is_outside = out->lower > 1.0 + levels->margin || out->upper < 1.0 / (1.0 + levels->margin);
    if (count < least) {
        return reason_small(arena, count, least, " for a word at this level");
    }
    if (is_outside) {
        return "the interval that decides is wider than the one shown";
    }
    return out->is_resolved ? "resolved, but the margin is inside the interval"
                            : "the interval holds 1 and goes beyond the margin";
}

struct assay_outcome assay_outcome_of_pairs(const double *ratios, size_t count, const struct assay_outcome_rule *rule,
                                            struct assay_arena *arena)
{
    assert(rule && arena && (ratios || count == 0));
    struct levels levels = levels_of(rule);
    struct assay_outcome out = {
        .n = count, .n_effective = count, .confidence = 1.0 - levels.asked, .method = "sign interval of paired ratios"};
    uint64_t least = least_pairs(levels.alpha);
    if (count == 0) {
        out.reason = reason_small(arena, 0, least, "");
        return out;
    }
    double *scratch = assay_arena_take(arena, count, 4 * sizeof *scratch);
    if (!scratch) {
        out.reason = OUT_OF_MEMORY;
        return out;
    }
    struct assay_stat_pairs pairs = assay_stat_pairs_compare(ratios, count, levels.alpha, scratch);
    out.point = pairs.point;
    out.n_effective = pairs.n_effective;
    out.ties = pairs.ties;
    if (!pairs.has_interval) {
        out.reason = pairs.is_autocorrelated ? "autocorrelated" : reason_small(arena, count, least, "");
        return out;
    }
    struct bounds bounds = bounds_of_pairs(ratios, count, &levels, scratch, &pairs);
    conclude(&bounds, &levels, rule, count, &out);
    if (pairs.is_constant && pairs.point == 1.0 && rule->quantum_ratio >= levels.margin * QUANTUM_SHARE) {
        out.word = ASSAY_WORD_INCONCLUSIVE; /* both arms show one tick: that is the clock, not the code */
        out.reason = "too coarse";
    } else if (out.word == ASSAY_WORD_INCONCLUSIVE) {
        out.reason = reason_of_pairs(&out, &levels, count, arena);
    }
    return out;
}

/* ---- two sets of runs ------------------------------------------------------------------------------------------- */

struct sides {
    double *other, *base; /* logarithms, ascending */
    size_t other_count, base_count;
    double *work; /* of the exact counts, or NULL */
};

static bool take_logs(const double *values, size_t count, struct assay_arena *arena, double **ret)
{
    double *logs = assay_arena_take(arena, count, sizeof *logs),
           *scratch = assay_arena_take(arena, count, sizeof *logs);
    if (!logs || !scratch) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        assert(values[i] > 0);
        logs[i] = assay_stat_log(values[i]);
    }
    assay_stat_sort(logs, scratch, count);
    *ret = logs;
    return true;
}

static bool sides_make(const double *base, size_t base_count, const double *other, size_t other_count,
                       struct assay_arena *arena, struct sides *ret)
{
    *ret = (struct sides){.other_count = other_count, .base_count = base_count};
    if (base_count + other_count <= ASSAY_STAT_SHIFT_EXACT_MAX) {
        ret->work = assay_arena_take(arena, base_count * other_count + 2, sizeof *ret->work);
        if (!ret->work) {
            return false;
        }
    }
    return take_logs(base, base_count, arena, &ret->base) && take_logs(other, other_count, arena, &ret->other);
}

static struct assay_stat_shift shift_at(const struct sides *sides, double alpha)
{
    return assay_stat_shift_compare(sides->other, sides->other_count, sides->base, sides->base_count, alpha,
                                    sides->work);
}

struct assay_outcome assay_outcome_of_samples(const double *base, size_t base_count, const double *other,
                                              size_t other_count, const struct assay_outcome_rule *rule,
                                              struct assay_arena *arena)
{
    assert(rule && arena);
    struct levels levels = levels_of(rule);
    size_t fewest = base_count < other_count ? base_count : other_count;
    struct assay_outcome out = {.n = fewest,
                                .n_effective = fewest,
                                .confidence = 1.0 - levels.asked,
                                .method = "Hodges-Lehmann interval of run medians, unpaired"};
    struct sides sides;
    if (fewest == 0 || !sides_make(base, base_count, other, other_count, arena, &sides)) {
        out.reason = fewest == 0 ? reason_small(arena, 0, SIDE_LEAST_N, " runs a side") : OUT_OF_MEMORY;
        return out;
    }
    struct assay_stat_shift shown = shift_at(&sides, levels.alpha);
    out.point = assay_stat_exp(shown.point);
    if (fewest < SIDE_LEAST_N || !shown.has_interval) {
        out.reason = reason_small(arena, fewest, SIDE_LEAST_N, " runs a side");
        return out;
    }
    struct assay_stat_shift tost = shift_at(&sides, 2 * levels.alpha), strict = shift_at(&sides, levels.family);
    struct bounds bounds = {.lower = assay_stat_exp(shown.lower),
                            .upper = assay_stat_exp(shown.upper),
                            .tost_lower = assay_stat_exp(tost.lower),
                            .tost_upper = assay_stat_exp(tost.upper),
                            .decides_lower = strict.has_interval ? assay_stat_exp(strict.lower) : 0.0,
                            .decides_upper = strict.has_interval ? assay_stat_exp(strict.upper) : HUGE_VAL};
    conclude(&bounds, &levels, rule, fewest, &out);
    if (out.word == ASSAY_WORD_INCONCLUSIVE) {
        out.reason = strict.has_interval ? "the interval does not decide" : "too few runs for a word at this level";
    }
    return out;
}

/* ---- several rows, two witnesses -------------------------------------------------------------------------------- */

double assay_outcome_p(const double *ratios, size_t count, double margin, struct assay_arena *arena)
{
    double *scratch = count > 0 ? assay_arena_take(arena, count, 4 * sizeof *scratch) : NULL;
    if (!scratch) {
        return 1.0;
    }
    uint64_t n = assay_stat_pairs_compare(ratios, count, ALPHA_DEFAULT, scratch).n_effective;
    double above = assay_stat_pairs_sign_p(ratios, count, n, 1.0 + margin, true);
    double below = assay_stat_pairs_sign_p(ratios, count, n, 1.0 / (1.0 + margin), false);
    return fmin(1.0, 2 * fmin(above, below));
}

double assay_outcome_family(const double *ps, size_t count, double q, uint64_t *ret_pairs_least, double *adjusted,
                            size_t *order)
{
    assert(count > 0);
    double level = or_default(q, FAMILY_DEFAULT);
    size_t rejected = assay_stat_multiple_fdr(ps, count, level, adjusted, order);
    if (ret_pairs_least) { /* the two-sided sign p of n pairs is at least 2^(1-n), and must reach q / m */
        *ret_pairs_least = least_pairs(fmax(level / (double)count, ALPHA_LEAST));
    }
    return level * (double)(rejected > 0 ? rejected : 1) / (double)count;
}

static bool are_opposite(enum assay_word a, enum assay_word b)
{
    return (a == ASSAY_WORD_FASTER && b == ASSAY_WORD_SLOWER) || (a == ASSAY_WORD_SLOWER && b == ASSAY_WORD_FASTER);
}

/* What CPU time says for itself: advice goes by whether it resolved, a gate by its word. */
static enum assay_word word_of_cpu(const struct assay_outcome *cpu, const struct assay_outcome_rule *rule)
{
    if (rule->level == ASSAY_LEVEL_ADVISORY && cpu->has_interval) {
        return word_of_side(beyond(cpu->lower, cpu->upper, 1.0), rule->is_higher_better);
    }
    return cpu->word;
}

enum assay_word assay_outcome_join(const struct assay_outcome *wall, const struct assay_outcome *cpu,
                                   const double *wall_ratios, size_t wall_count, const double *cpu_ratios,
                                   size_t cpu_count, const struct assay_outcome_rule *rule, bool *ret_by_cpu,
                                   struct assay_arena *arena)
{
    struct levels levels = levels_of(rule);
    bool is_gate = rule->level == ASSAY_LEVEL_GATE;
    double alpha = is_gate ? levels.family : levels.alpha, margin = is_gate ? levels.margin : 0.0;
    double adjusted[2];
    size_t order[2];
    enum assay_word word = word_of_cpu(cpu, rule);
    *ret_by_cpu = false;
    if (are_opposite(wall->word, word)) {
        return ASSAY_WORD_INCONCLUSIVE;
    }
    bool does_cpu_speak = word == ASSAY_WORD_FASTER || word == ASSAY_WORD_SLOWER;
    if (wall->word != ASSAY_WORD_INCONCLUSIVE || !does_cpu_speak) {
        return wall->word;
    }
    double ps[2] = {assay_outcome_p(wall_ratios, wall_count, margin, arena),
                    assay_outcome_p(cpu_ratios, cpu_count, margin, arena)};
    (void)assay_stat_multiple_holm(ps, 2, alpha, adjusted, order);
    *ret_by_cpu = adjusted[1] <= alpha;
    return *ret_by_cpu ? word : ASSAY_WORD_INCONCLUSIVE;
}
