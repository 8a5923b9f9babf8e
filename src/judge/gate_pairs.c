/* Gates on ratios: speedup and change. */
#include "judge/comparable.h"
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/text.h"

#include "stat/stat.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SIDE_LEAST_N 5 /* runs a side without pairs (statistics.md 3.1) */

/* One element of the set: a receipt, its pairs as "better is above 1". */
struct element {
    const struct assay_opened *run;
    struct gate_ratios pairs;
};

struct elements {
    struct element *list;
    size_t count;
    uint64_t pairs_least; /* of the element with the fewest */
};

struct bound {
    double point, lower, upper;
    bool exists, is_autocorrelated;
};

/* One-sided bounds at alpha each; a run that may stop early spends its share. */
static struct bound bound_of(struct gate_case *it, const struct gate_ratios *pairs, double alpha)
{
    double *scratch = assay_arena_take(it->gates->draft->arena, pairs->count, 4 * sizeof *scratch);
    double two_sided = 2 * alpha * (pairs->may_stop_early ? ASSAY_PAIRED_ALPHA_SHARE : 1.0);
    if (!scratch) {
        return (struct bound){0};
    }
    struct assay_stat_pairs found =
        assay_stat_pairs_compare(pairs->ratios, pairs->count, fmin(fmax(two_sided, 2e-6), 0.5), scratch);
    return (struct bound){.point = found.point,
                          .lower = found.lower,
                          .upper = found.upper,
                          .exists = found.has_interval,
                          .is_autocorrelated = found.is_autocorrelated};
}

/* ---- speedup ---------------------------------------------------------------------------------------------------- */

static bool collect_element(struct gate_case *it, const struct assay_opened *run, struct elements *elements)
{
    uint32_t arm = assay_opened_arm(run, it->gate->arm), versus = assay_opened_arm(run, it->gate->versus);
    if (arm == UINT32_MAX || versus == UINT32_MAX || run->plan->load.mode != ASSAY_LOAD_PAIRED) {
        return false;
    }
    struct element *element = &elements->list[elements->count];
    /* speed-up is the time of `versus` over the time of `arm`; of rates the other way round */
    assay_code rc = it->gate->is_higher_better ? gate_pairs(it, run, versus, arm, &element->pairs)
                                               : gate_pairs(it, run, arm, versus, &element->pairs);
    if (rc != ASSAY_OK) {
        if (rc != ASSAY_USAGE) { /* no such metric in this build: nobody carries it */
            gate_broken(it, rc);
        }
        return false;
    }
    element->run = run;
    elements->pairs_least = elements->count == 0 || element->pairs.count < elements->pairs_least
                                ? element->pairs.count
                                : elements->pairs_least;
    elements->count++;
    return true;
}

static bool is_output_wrong(const struct assay_opened *run)
{
    const json_t *checks = assay_json_at(run->statement, "/predicate/checks");
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        if (assay_text_starts(judge_text_of(check, "rule"), "output_") &&
            strcmp(judge_text_of(check, "verdict"), assay_verdict_text(ASSAY_VERDICT_FAIL)) == 0) {
            return true;
        }
    }
    return false;
}

static bool are_outputs_compared(const struct assay_opened *run)
{
    const json_t *checks = assay_json_at(run->statement, "/predicate/checks");
    bool has_outputs = strcmp(run->plan->workload, "noop") != 0; /* what does nothing puts out nothing */
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        if (assay_text_starts(judge_text_of(check, "rule"), "output_") &&
            strcmp(judge_text_of(check, "verdict"), assay_verdict_text(ASSAY_VERDICT_NOT_MEASURED)) != 0) {
            return true;
        }
    }
    return !has_outputs;
}

static void prepare_speedup(struct gate_case *it)
{
    struct assay_arena *arena = it->gates->draft->arena;
    struct elements *elements = assay_arena_take(arena, 1, sizeof *elements);
    if (elements) {
        elements->list = assay_arena_take(arena, it->runs_count, sizeof *elements->list);
    }
    if (!elements || !elements->list) {
        gate_broken(it, assay_nomem(it->gates->err));
        return;
    }
    it->data = elements;
    for (size_t i = 0; i < it->runs_count && !it->is_settled; i++) {
        if (!collect_element(it, it->runs[i], elements)) {
            continue;
        }
        if (is_output_wrong(it->runs[i])) {
            it->row.element = it->runs[i]->name;
            gate_settle(it, ASSAY_VERDICT_FAIL, "outputs are wrong: speed does not count");
        } else if (!are_outputs_compared(it->runs[i])) {
            it->row.element = it->runs[i]->name;
            gate_not_measured(it, "outputs were not compared");
        } else if (elements->list[elements->count - 1].pairs.absent) {
            it->row.element = it->runs[i]->name;
            gate_not_measured(it, "%s", elements->list[elements->count - 1].pairs.absent);
        }
    }
    if (it->is_settled) {
        return;
    }
    if (elements->count == 0) {
        gate_missing(it, "no receipt carries %s of arms %s and %s in pairs", it->gate->name, it->gate->arm,
                     it->gate->versus);
    } else if (elements->pairs_least == 0) {
        gate_not_measured(it, "n too small (0 pairs)");
    }
    it->row.expected = it->gate->worst_min.is_given
                           ? judge_draft_text(it->gates->draft, "at least %.6g, every element at least %.6g",
                                              it->gate->min.value, it->gate->worst_min.value)
                           : judge_draft_text(it->gates->draft, "at least %.6g", it->gate->min.value);
}

/* The geometric mean over the elements lies above that of their lower bounds, each at alpha / count (Bonferroni). What
 * has one element is that element, to the last digit; of several, the one without an interval leaves no mean. */
static struct bound mean_bound(struct gate_case *it, const struct elements *elements, double alpha)
{
    double point = 0, lower = 0, upper = 0, count = (double)elements->count;
    if (elements->count == 1) {
        return bound_of(it, &elements->list[0].pairs, alpha);
    }
    for (size_t i = 0; i < elements->count; i++) {
        struct bound one = bound_of(it, &elements->list[i].pairs, alpha / count);
        if (!one.exists) {
            return (struct bound){.is_autocorrelated = one.is_autocorrelated};
        }
        point += assay_stat_log(one.point);
        lower += assay_stat_log(one.lower);
        upper += assay_stat_log(one.upper);
    }
    return (struct bound){.point = assay_stat_exp(point / count),
                          .lower = assay_stat_exp(lower / count),
                          .upper = assay_stat_exp(upper / count),
                          .exists = true};
}

/* How many pairs would decide against the limit, from the width seen (statistics.md 2.3). */
static void plan_pairs(struct gate_case *it, const struct bound *bound, double alpha, uint64_t n, double limit)
{
    double half = (assay_stat_log(bound->upper) - assay_stat_log(bound->lower)) / 2;
    double distance = fabs(assay_stat_log(bound->point) - assay_stat_log(limit));
    if (half <= 0 || distance <= 0) {
        return;
    }
    double effect = assay_stat_pairs_effect_min(half, 2 * alpha, 0.9);
    uint64_t needed = assay_stat_pairs_to_find(n, effect, distance);
    it->row.effect_min = assay_stat_exp(effect) - 1.0;
    it->row.pairs_needed = needed > n ? needed : n + 1;
}

static void judge_worst(struct gate_case *it, const struct elements *elements, double pass_alpha, double fail_alpha)
{
    for (size_t i = 0; i < elements->count && it->gate->worst_min.is_given; i++) {
        struct bound pass = bound_of(it, &elements->list[i].pairs, pass_alpha);
        struct bound fail = bound_of(it, &elements->list[i].pairs, fail_alpha);
        if (fail.exists && fail.upper < it->gate->worst_min.value) {
            it->row.verdict = ASSAY_VERDICT_FAIL;
            it->row.element = elements->list[i].run->name;
            it->row.reason = "an element is slower than worst_min allows";
        } else if (it->row.verdict == ASSAY_VERDICT_PASS && pass.lower < it->gate->worst_min.value) {
            it->row.verdict = ASSAY_VERDICT_UNDECIDED;
            it->row.element = elements->list[i].run->name;
            it->row.reason = "an element is not shown to keep worst_min";
        }
    }
}

/* Drift that hits both arms leaves their ratio; one arm alone is another program at the end than at the start. */
static void hold_unsettled(struct gate_case *it, const struct elements *elements)
{
    for (size_t i = 0; i < elements->count && it->row.verdict == ASSAY_VERDICT_PASS; i++) {
        const struct assay_opened *run = elements->list[i].run;
        if (gate_is_unsettled(run, assay_opened_arm(run, it->gate->arm)) !=
            gate_is_unsettled(run, assay_opened_arm(run, it->gate->versus))) {
            it->row.verdict = ASSAY_VERDICT_UNDECIDED;
            it->row.element = run->name;
            it->row.reason = "only one arm reached a steady state";
        }
    }
}

static void decide_speedup(struct gate_case *it, double pass_alpha, double fail_alpha)
{
    const struct elements *elements = it->data;
    struct assay_verdict_row *row = &it->row;
    double limit = it->gate->min.value;
    struct bound pass = mean_bound(it, elements, pass_alpha), fail = mean_bound(it, elements, fail_alpha);
    row->n = elements->pairs_least;
    row->has_point = pass.point > 0;
    row->point = pass.point;
    row->method = elements->count > 1 ? "geometric mean of sign intervals" : "sign interval of paired ratios";
    if (!pass.exists) {
        row->verdict = pass.is_autocorrelated ? ASSAY_VERDICT_UNDECIDED : ASSAY_VERDICT_NOT_MEASURED;
        row->reason = pass.is_autocorrelated ? "autocorrelated" : "n too small: no interval";
        return;
    }
    row->has_interval = true;
    row->lower = pass.lower;
    row->upper = pass.upper;
    row->confidence = 1 - pass_alpha;
    row->pairs_needed = 0;
    row->verdict = pass.lower >= limit                 ? ASSAY_VERDICT_PASS
                   : fail.exists && fail.upper < limit ? ASSAY_VERDICT_FAIL
                                                       : ASSAY_VERDICT_UNDECIDED;
    judge_worst(it, elements, pass_alpha, fail_alpha);
    hold_unsettled(it, elements);
    if (row->verdict == ASSAY_VERDICT_UNDECIDED) {
        plan_pairs(it, &pass, pass_alpha, row->n, limit);
        row->reason = row->reason ? row->reason : gate_open_reason(pass.upper < limit);
    }
}

const struct gate_kind gate_speedup = {prepare_speedup, decide_speedup, true};

/* ---- change ----------------------------------------------------------------------------------------------------- */

/* Values of two sides without pairs, or one run's pairs. */
struct change {
    struct gate_ratios pairs; /* other / base */
    double *base, *other;
    size_t base_count, other_count;
    bool is_paired, is_lone; /* is_lone: one arm of the pairs alone reached a steady state */
};

static double *side_values(struct gate_case *it, const struct assay_opened *const *runs, size_t count, const char *name,
                           size_t *ret_count)
{
    double *values = assay_arena_take(it->gates->draft->arena, count, sizeof *values);
    *ret_count = 0;
    for (size_t i = 0; values && i < count; i++) {
        uint32_t arm = it->gate->arm ? assay_opened_arm(runs[i], it->gate->arm) : 0;
        double value;
        const json_t *metric = arm == UINT32_MAX ? NULL : assay_opened_metric(runs[i], arm, name);
        if (metric && assay_opened_value(metric, &value) && value > 0) {
            values[(*ret_count)++] = value;
        }
    }
    return values;
}

/* "decode_rate" stands for its median; "decode_rate_p50" and ids of one value a run for themselves. */
static const char *name_of_value(struct gate_case *it)
{
    struct assay_metric_key key;
    return assay_metric_find(it->gate->name, &key, NULL) == ASSAY_OK
               ? it->gate->name
               : judge_draft_text(it->gates->draft, "%s_p50", it->gate->name);
}

/* A baseline that cannot be compared with every candidate settles the gate (evidence.md 411, statistics.md 3.3). */
static void check_baselines(struct gate_case *it)
{
    const struct gates *gates = it->gates;
    const struct assay_gate_question *question = gates->question;
    const struct comparable_rule rule = {.may_differ = question->policy->may_differ.words,
                                         .may_differ_count = question->policy->may_differ.count,
                                         .must_match = question->policy->must_match.words,
                                         .must_match_count = question->policy->must_match.count};
    for (size_t b = 0; b < gates->baselines_count && !it->is_settled; b++) {
        const struct assay_opened *baseline = gates->baselines[b];
        it->row.element = baseline->name;
        struct gate_fault fault = gate_baseline_fault(gates, baseline);
        if (fault.verdict == ASSAY_VERDICT_FAIL || baseline->trust < ASSAY_TRUST_INVALID) {
            gate_not_measured(it, "baseline refused: %s", fault.found);
        }
        for (size_t i = 0; i < it->runs_count && !it->is_settled; i++) {
            size_t refusing = comparable_rows(NULL, baseline, it->runs[i], &rule);
            if (refusing > 0) {
                (void)comparable_rows(it->gates->draft, baseline, it->runs[i], &rule);
                gate_not_measured(it, "baseline refused: %zu field%s that must be equal", refusing,
                                  refusing == 1 ? " differs" : "s differ");
            }
        }
    }
    if (!it->is_settled) {
        it->row.element = NULL;
    }
}

static bool has_ratio(const struct gate_carrier *carrier)
{
    double value;
    return assay_opened_value(carrier->metric, &value) && value > 0;
}

static void prepare_unpaired(struct gate_case *it, struct change *change)
{
    const struct gates *gates = it->gates;
    const char *name = name_of_value(it);
    if (gates->baselines_count == 0) {
        gate_not_measured(it, "no baseline given");
        return;
    }
    gate_carriers(it, name);
    for (size_t i = 0; i < it->carriers_count && !it->is_settled; i++) {
        if (it->carriers[i].arm > 0 && !it->gate->arm) {
            gate_not_measured(it, "a receipt has several arms and the gate names none");
        } else if (!gate_absent(it, &it->carriers[i]) && !has_ratio(&it->carriers[i])) {
            it->row.element = it->carriers[i].run->name;
            gate_not_measured(it, "a value that is not above 0 has no ratio");
        } /* such a run is not left out: the rest would pass */
    }
    if (!it->is_settled) {
        check_baselines(it);
    }
    if (it->is_settled) {
        return;
    }
    change->base = side_values(it, gates->baselines, gates->baselines_count, name, &change->base_count);
    change->other = side_values(it, it->runs, it->runs_count, name, &change->other_count);
    if (change->base_count == 0) {
        gate_not_measured(it, "baseline refused: it has no value of %s", name);
    } else if (!it->gate->is_unpaired_allowed) {
        gate_settle(it, ASSAY_VERDICT_UNDECIDED, "unpaired results are advice; the policy may admit them");
    } else if (change->base_count < SIDE_LEAST_N || change->other_count < SIDE_LEAST_N) {
        gate_settle(it, ASSAY_VERDICT_UNDECIDED,
                    judge_draft_text(it->gates->draft, "n too small (%zu and %zu of 5 runs a side, unpaired)",
                                     change->base_count, change->other_count));
    }
}

static void prepare_paired(struct gate_case *it, struct change *change)
{
    for (size_t i = 0; i < it->runs_count && !it->is_settled; i++) {
        const struct assay_opened *run = it->runs[i];
        uint32_t base = assay_opened_arm(run, it->gate->versus);
        uint32_t other = it->gate->arm ? assay_opened_arm(run, it->gate->arm) : base == 0 ? 1 : 0;
        if (base == UINT32_MAX || other == UINT32_MAX || run->plan->load.mode != ASSAY_LOAD_PAIRED) {
            continue;
        }
        assay_code rc = gate_pairs(it, run, base, other, &change->pairs);
        if (rc == ASSAY_OK) {
            change->is_paired = true;
            change->is_lone = gate_is_unsettled(run, base) != gate_is_unsettled(run, other);
            it->row.element = run->name;
            if (change->pairs.absent) {
                gate_not_measured(it, "%s", change->pairs.absent);
            }
            return; /* the first receipt that carries both arms; more are more gates */
        }
        if (rc != ASSAY_USAGE) {
            gate_broken(it, rc);
        }
    }
    if (!it->is_settled) {
        gate_missing(it, "no receipt carries %s against arm %s in pairs", it->gate->name, it->gate->versus);
    }
}

static void prepare_change(struct gate_case *it)
{
    struct change *change = assay_arena_take(it->gates->draft->arena, 1, sizeof *change);
    if (!change) {
        gate_broken(it, assay_nomem(it->gates->err));
        return;
    }
    it->data = change;
    it->row.expected =
        judge_draft_text(it->gates->draft, "within %.4g%% of %s", it->gate->max_change.value * 100, it->gate->versus);
    if (strcmp(it->gate->versus, "baseline") == 0) {
        prepare_unpaired(it, change);
    } else {
        prepare_paired(it, change);
    }
}

static void decide_change(struct gate_case *it, double pass_alpha, double fail_alpha)
{
    const struct change *change = it->data;
    struct assay_verdict_row *row = &it->row;
    /* the rule's alpha is two-sided and its parity is taken at 1 - 2 alpha: one-sided at pass_alpha each */
    const struct assay_outcome_rule rule = {.alpha = pass_alpha,
                                            .family = 2 * fail_alpha,
                                            .margin = it->gate->max_change.value,
                                            .level = ASSAY_LEVEL_GATE,
                                            .may_stop_early = change->pairs.may_stop_early,
                                            .is_higher_better = it->gate->is_higher_better};
    struct assay_arena *arena = it->gates->draft->arena;
    struct assay_outcome outcome = change->is_paired
                                       ? assay_outcome_of_pairs(change->pairs.ratios, change->pairs.count, &rule, arena)
                                       : assay_outcome_of_samples(change->base, change->base_count, change->other,
                                                                  change->other_count, &rule, arena);
    judge_draft_outcome(row, &outcome);
    row->word = judge_draft_text(it->gates->draft, "%s%s", assay_word_text(outcome.word),
                                 change->is_paired ? "" : " (unpaired)");
    bool is_undecided = outcome.reason && strcmp(outcome.reason, "autocorrelated") == 0;
    row->verdict = is_undecided                              ? ASSAY_VERDICT_UNDECIDED
                   : !outcome.has_interval                   ? ASSAY_VERDICT_NOT_MEASURED
                   : outcome.word == ASSAY_WORD_PARITY       ? ASSAY_VERDICT_PASS
                   : outcome.word == ASSAY_WORD_INCONCLUSIVE ? ASSAY_VERDICT_UNDECIDED
                                                             : ASSAY_VERDICT_FAIL; /* both ways: it has changed */
    if (row->verdict == ASSAY_VERDICT_PASS && change->is_lone) {
        row->verdict = ASSAY_VERDICT_UNDECIDED;
        row->reason = "only one arm reached a steady state";
    }
}

const struct gate_kind gate_change = {prepare_change, decide_change, true};
