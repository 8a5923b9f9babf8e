#include "judge/draft.h"
#include "judge/judge_room.h"
#include "judge/nodes.h"

#include "base/text.h"
#include "stat/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define METRICS_MAX 64
#define FAMILY_Q_DEFAULT 0.01
#define MARGIN_DEFAULT 0.02

/* What is compared unless the user names metrics; the witness is CPU time, nearly immune to a busy host. */
static const struct workload_metrics {
    const char *workload;
    const char *metrics[4];
    const char *witness[3]; /* the first that has values */
} DEFAULTS[] = {
    {"command", {"service"}, {"cpu_tree", "cpu"}},
    {"kernel", {"service"}, {"cpu"}},
    {"noop", {"service"}, {"cpu"}},
    {"lm", {"service"}, {"cpu"}},
    {"llm", {"ttft_p50", "tpot_p50", "e2e_p50"}, {NULL}},
};

static const struct workload_metrics *defaults_of(const char *workload)
{
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof DEFAULTS[0]; i++) {
        if (strcmp(DEFAULTS[i].workload, workload) == 0) {
            return &DEFAULTS[i];
        }
    }
    return NULL;
}

/* One metric of one arm against the base, and its second witness. */
struct comparison {
    const char *metric;
    uint32_t other;
    const struct assay_metric_row *row;
    struct assay_pairs pairs, cpu_pairs;
    const char *absent;  /* why there is no ratio although there are pairs; NULL: there is one */
    const char *witness; /* NULL: none, or it has no values */
    struct assay_outcome_rule rule;
};

struct arms {
    const struct assay_opened *run;
    const struct assay_asked *asked;
    struct verdict_draft *draft;
    const char *metrics[METRICS_MAX];
    size_t metrics_count;
    const struct workload_metrics *defaults;
    struct comparison *list;
    size_t count;
    uint32_t base; /* the arm that the others are held against */
    bool wants_equal;
};

static const char *arm_id(const struct arms *arms, uint32_t arm)
{
    return arms->run->plan->arms[arm].id;
}

static double margin_of(const struct arms *arms)
{
    return arms->asked->rule.margin > 0 ? arms->asked->rule.margin : MARGIN_DEFAULT;
}

/* ---- collecting ------------------------------------------------------------------------------------------------- */

static assay_code choose_metrics(struct arms *arms, assay_err *err)
{
    const struct assay_asked *asked = arms->asked;
    arms->defaults = defaults_of(arms->run->plan->workload);
    if (asked->metrics_count > METRICS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%zu metrics; at most %d are compared", asked->metrics_count, METRICS_MAX);
    }
    for (size_t i = 0; i < asked->metrics_count; i++) {
        arms->metrics[arms->metrics_count++] = asked->metrics[i];
    }
    for (size_t i = 0; arms->defaults && asked->metrics_count == 0 && arms->defaults->metrics[i]; i++) {
        arms->metrics[arms->metrics_count++] = arms->defaults->metrics[i];
    }
    return ASSAY_OK;
}

static const char *absent_of(const struct arms *arms, const char *metric, uint32_t other,
                             const struct assay_pairs *pairs)
{
    const struct assay_paired_query query = {.metric = metric, .base = arms->base, .other = other};
    return pairs->count == 0 ? NULL : judge_draft_ratio_absent(arms->draft, arms->run, &query, pairs);
}

static assay_code pairs_of(const struct arms *arms, const char *metric, uint32_t other, struct assay_pairs *ret,
                           assay_err *err)
{
    const struct assay_paired_query query = {.metric = metric, .base = arms->base, .other = other};
    return assay_paired_of(arms->run->plan, arms->run->trace, &query, arms->draft->arena, ret, err);
}

static assay_code find_witness(const struct arms *arms, struct comparison *comparison, assay_err *err)
{
    bool is_wall =
        arms->defaults && arms->defaults->metrics[0] && strcmp(comparison->metric, arms->defaults->metrics[0]) == 0;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; is_wall && !comparison->witness && arms->defaults->witness[i] && rc == ASSAY_OK; i++) {
        rc = pairs_of(arms, arms->defaults->witness[i], comparison->other, &comparison->cpu_pairs, err);
        const char *witness = arms->defaults->witness[i];
        if (rc == ASSAY_OK && comparison->cpu_pairs.count > 0 &&
            !absent_of(arms, witness, comparison->other, &comparison->cpu_pairs)) {
            comparison->witness = witness;
        }
    }
    return rc;
}

static double quantum_ratio(const struct arms *arms, const struct comparison *comparison, double median)
{
    int64_t quantum = 0;
    const json_t *clock = assay_json_at(arms->run->statement, "/predicate/protocol/clock");
    bool is_time = strcmp(comparison->row->unit, "ns") == 0 && median > 0;
    if (!is_time || assay_json_get_int(clock, "resolutionNs", "", &quantum, NULL) != ASSAY_OK) {
        return 0.0;
    }
    return (double)quantum / median;
}

static double median_of(const struct arms *arms, const double *values, size_t count)
{
    double *sorted = count > 0 ? assay_arena_take(arms->draft->arena, 2 * count, sizeof *sorted) : NULL;
    if (!sorted) {
        return 0.0;
    }
    memcpy(sorted, values, count * sizeof *sorted);
    assay_stat_sort(sorted, sorted + count, count);
    return assay_stat_quantile_type7(sorted, count, 0.5);
}

static assay_code collect_one(struct arms *arms, const char *metric, uint32_t other, struct comparison *ret,
                              assay_err *err)
{
    struct assay_metric_key key;
    assay_code rc = assay_metric_find_term(metric, &key, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    *ret = (struct comparison){.metric = metric, .other = other, .row = key.row, .rule = arms->asked->rule};
    rc = pairs_of(arms, metric, other, &ret->pairs, err);
    if (rc == ASSAY_OK) {
        ret->absent = absent_of(arms, metric, other, &ret->pairs);
        rc = find_witness(arms, ret, err);
    }
    ret->rule.may_stop_early = ret->pairs.may_stop_early;
    ret->rule.rivals = arms->run->plan->arms_count - 1;
    ret->rule.is_higher_better = strcmp(key.row->direction, "higher") == 0;
    ret->rule.quantum_ratio = quantum_ratio(arms, ret, median_of(arms, ret->pairs.base, ret->pairs.count));
    return rc;
}

static assay_code collect(struct arms *arms, assay_err *err)
{
    size_t others = arms->run->plan->arms_count - 1;
    arms->list = assay_arena_take(arms->draft->arena, others * arms->metrics_count, sizeof *arms->list);
    assay_code rc = arms->list ? ASSAY_OK : assay_nomem(err);
    for (uint32_t other = 0; other <= others && rc == ASSAY_OK; other++) {
        for (size_t m = 0; other != arms->base && m < arms->metrics_count && rc == ASSAY_OK; m++) {
            rc = collect_one(arms, arms->metrics[m], other, &arms->list[arms->count], err);
            arms->count++;
        }
    }
    return rc;
}

/* Several rows are one family: faster and slower are taken at its level (statistics.md 2.7). */
static assay_code set_family(struct arms *arms, assay_err *err)
{
    double q = arms->asked->family_q > 0 ? arms->asked->family_q : FAMILY_Q_DEFAULT;
    double *work = assay_arena_take(arms->draft->arena, 2 * arms->count, sizeof *work);
    size_t *order = assay_arena_take(arms->draft->arena, arms->count, sizeof *order);
    uint64_t least = 0;
    if (!work || !order) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < arms->count; i++) {
        const struct comparison *comparison = &arms->list[i];
        work[i] =
            assay_outcome_p(comparison->pairs.ratios, comparison->pairs.count, margin_of(arms), arms->draft->arena);
    }
    double family = assay_outcome_family(work, arms->count, q, &least, work + arms->count, order);
    for (size_t i = 0; i < arms->count; i++) {
        arms->list[i].rule.family = family;
    }
    if (arms->count > 1 && arms->list[0].pairs.count < least) {
        judge_draft_note(arms->draft, "this family of %zu rows needs %" PRIu64 " pairs for a word at level gate",
                         arms->count, least);
    }
    return ASSAY_OK;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

/* Asked for parity, a faster one is none. */
static enum assay_verdict verdict_of(const struct arms *arms, enum assay_word word)
{
    switch (word) {
    case ASSAY_WORD_FASTER:
        return arms->wants_equal ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS;
    case ASSAY_WORD_PARITY:
        return ASSAY_VERDICT_PASS;
    case ASSAY_WORD_SLOWER:
        return ASSAY_VERDICT_FAIL;
    case ASSAY_WORD_INCONCLUSIVE:
    case ASSAY_WORD_COUNT:
    default:
        return ASSAY_VERDICT_UNDECIDED;
    }
}

static void fill_row(struct arms *arms, struct assay_verdict_row *row, const struct comparison *comparison,
                     const struct assay_pairs *pairs, const struct assay_outcome *outcome)
{
    row->metric = comparison->metric;
    row->unit = comparison->row->unit;
    row->arm = arm_id(arms, comparison->other);
    row->versus = arm_id(arms, arms->base);
    judge_draft_outcome(row, outcome);
    row->has_base = row->has_other = pairs->count > 0;
    row->base = median_of(arms, pairs->base, pairs->count);
    row->other = median_of(arms, pairs->other, pairs->count);
    row->position_effect = pairs->position_effect;
}

static const char *row_id(struct arms *arms, const char *metric, uint32_t other)
{
    return arms->run->plan->arms_count > 2 ? judge_draft_text(arms->draft, "%s %s", arm_id(arms, other), metric)
                                           : metric;
}

static void hold_back(struct arms *arms, struct assay_verdict_row *row, const struct comparison *comparison)
{
    enum assay_stat_steady base = comparison->pairs.steady_base, other = comparison->pairs.steady_other;
    bool is_lone = (base == ASSAY_STEADY_NONE) != (other == ASSAY_STEADY_NONE);
    if (row->verdict == ASSAY_VERDICT_PASS && is_lone && base != ASSAY_STEADY_TOO_SHORT &&
        other != ASSAY_STEADY_TOO_SHORT) {
        row->verdict = ASSAY_VERDICT_UNDECIDED;
        row->reason = "only one arm reached a steady state";
    }
    if (arms->run->trust == ASSAY_TRUST_INVALID) {
        row->verdict = ASSAY_VERDICT_UNDECIDED;
        row->reason = arms->run->why;
    }
}

static void judge_one(struct arms *arms, const struct comparison *comparison)
{
    const struct assay_pairs *wall = &comparison->pairs, *cpu = &comparison->cpu_pairs;
    struct assay_arena *arena = arms->draft->arena;
    struct assay_outcome outcome = assay_outcome_of_pairs(wall->ratios, wall->count, &comparison->rule, arena);
    enum assay_word word = outcome.word;
    struct assay_outcome of_cpu = {0};
    bool by_cpu = false;
    if (comparison->witness) {
        of_cpu = assay_outcome_of_pairs(cpu->ratios, cpu->count, &comparison->rule, arena);
    }
    if (comparison->absent) {
        word = ASSAY_WORD_INCONCLUSIVE;
    } else if (comparison->witness) {
        word = assay_outcome_join(&outcome, &of_cpu, wall->ratios, wall->count, cpu->ratios, cpu->count,
                                  &comparison->rule, &by_cpu, arena);
    }
    struct assay_verdict_row *row =
        judge_draft_row(arms->draft, row_id(arms, comparison->metric, comparison->other), "comparison");
    fill_row(arms, row, comparison, wall, &outcome);
    row->word = by_cpu ? judge_draft_text(arms->draft, "%s (cpu)", assay_word_text(word)) : assay_word_text(word);
    row->verdict = verdict_of(arms, word);
    row->is_in_family = true;
    if (comparison->absent) {
        row->verdict = ASSAY_VERDICT_NOT_MEASURED;
        row->reason = comparison->absent;
    } else if (word == ASSAY_WORD_INCONCLUSIVE && outcome.word != word) {
        row->reason = "wall clock and CPU time contradict each other";
    }
    hold_back(arms, row, comparison);
    if (comparison->witness) {
        row = judge_draft_row(arms->draft, row_id(arms, comparison->witness, comparison->other), "witness");
        fill_row(arms, row, comparison, cpu, &of_cpu);
        row->metric = comparison->witness;
        row->word = assay_word_text(of_cpu.word);
        row->verdict = verdict_of(arms, of_cpu.word);
    }
}

/* A check of outputs that failed beats any speed; one that passed is told. */
static void judge_outputs(struct arms *arms)
{
    const json_t *checks = assay_json_at(arms->run->statement, "/predicate/checks");
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        const char *rule = judge_text_of(check, "rule"), *verdict = judge_text_of(check, "verdict");
        if (!assay_text_starts(rule, "output_")) {
            continue;
        }
        bool has_failed = strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_FAIL)) == 0;
        bool has_passed = strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_PASS)) == 0;
        struct assay_verdict_row *row = judge_draft_row(arms->draft, judge_text_of(check, "id"), "outputs");
        row->found = verdict;
        row->expected = "the outputs of every arm right";
        row->verdict = has_failed ? ASSAY_VERDICT_FAIL : has_passed ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_NOT_MEASURED;
        row->is_in_family = true;
    }
}

/* ---- what stands beside the rows -------------------------------------------------------------------------------- */

static void note_rounds(struct arms *arms)
{
    const struct assay_pairs *pairs = &arms->list[0].pairs;
    judge_draft_note(arms->draft,
                     "%" PRIu64 " whole rounds of %" PRIu64 " planned; %" PRIu64 " warm-up, %" PRIu64
                     " cut off, %" PRIu64 " without a value",
                     pairs->rounds_whole, pairs->rounds_planned, pairs->rounds_warmup, pairs->rounds_cut_off,
                     pairs->rounds_dropped);
    judge_draft_note(arms->draft, "steady state: %s %s, %s %s", arm_id(arms, arms->base),
                     assay_steady_text(pairs->steady_base), arm_id(arms, arms->list[0].other),
                     assay_steady_text(pairs->steady_other));
    if (pairs->rounds_compared > 0) {
        judge_draft_note(arms->draft, "outputs: %" PRIu64 " of %" PRIu64 " compared rounds differ",
                         pairs->outputs_differ, pairs->rounds_compared);
    }
    const json_t *stop = assay_json_at(arms->run->statement, "/predicate/protocol/stop");
    judge_draft_note(arms->draft, "ended by: %.32s (rule %.32s)%s", judge_text_of(stop, "reason"),
                     judge_text_of(stop, "rule"), pairs->may_stop_early ? "; intervals pay for looking early" : "");
}

static const char *summary_of(struct arms *arms, enum assay_verdict verdict)
{
    struct verdict_draft *draft = arms->draft;
    const struct assay_verdict_row *first = &draft->rows[0];
    size_t words[4] = {0}, family = 0;
    for (size_t i = 0; i < draft->rows_count; i++) {
        if (draft->rows[i].is_in_family && draft->rows[i].word) {
            family++;
            words[draft->rows[i].verdict]++;
        }
    }
    if (family > 1) {
        return judge_draft_text(draft, "%zu comparisons: %zu %s, %zu %s, %zu undecided", family,
                                words[ASSAY_VERDICT_PASS], arms->wants_equal ? "at parity" : "faster or at parity",
                                words[ASSAY_VERDICT_FAIL], arms->wants_equal ? "faster or slower" : "slower",
                                words[ASSAY_VERDICT_UNDECIDED]);
    }
    bool is_wrong = verdict == ASSAY_VERDICT_FAIL && first->verdict != ASSAY_VERDICT_FAIL;
    const char *relation = assay_text_starts(first->word, "parity")         ? "at parity with"
                           : assay_text_starts(first->word, "inconclusive") ? "not decided against"
                           : assay_text_starts(first->word, "slower")       ? "slower than"
                                                                            : "faster than";
    const char *interval = first->has_interval ? judge_draft_text(draft, " [%.4f, %.4f] at %.4g%%", first->lower,
                                                                  first->upper, first->confidence * 100)
                                               : ", no interval";
    return judge_draft_text(draft, "%s is %s %s%s: %s %.4f%s, %" PRIu64 " pairs, margin %.3g%%%s", first->arm, relation,
                            first->versus, strstr(first->word, "(cpu)") ? " by CPU time" : "", first->metric,
                            first->point, interval, first->n, margin_of(arms) * 100,
                            is_wrong ? "; outputs are wrong" : "");
}

/* The arm whose median of the first metric is in the middle: of many nodes the one that stands for them. */
static assay_code choose_base(struct arms *arms, assay_err *err)
{
    size_t count = arms->run->plan->arms_count;
    double medians[ASSAY_PLAN_ARMS_MAX];
    if (!arms->wants_equal || count == 2 || arms->metrics_count == 0) {
        return ASSAY_OK;
    }
    for (uint32_t arm = 0; arm < count; arm++) {
        struct assay_pairs pairs;
        assay_code rc = pairs_of(arms, arms->metrics[0], arm == 0 ? 1 : arm, &pairs, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        medians[arm] = median_of(arms, arm == 0 ? pairs.base : pairs.other, pairs.count);
    }
    for (uint32_t arm = 0; arm < count; arm++) {
        size_t below = 0;
        for (uint32_t k = 0; k < count; k++) {
            below += medians[k] < medians[arm] || (medians[k] == medians[arm] && k < arm);
        }
        arms->base = below == (count - 1) / 2 ? arm : arms->base;
    }
    return ASSAY_OK;
}

static assay_code judge_run(struct arms *arms, struct assay_verdict_document *document, assay_err *err)
{
    size_t differing = arms->wants_equal ? nodes_differences(arms->draft, arms->run, arms->asked) : 0;
    if (differing > 0) {
        document->verdict = ASSAY_VERDICT_UNDECIDED;
        document->summary = judge_draft_text(arms->draft, "not comparable: the endpoints differ in %zu field%s",
                                             differing, differing == 1 ? "" : "s");
        return ASSAY_OK;
    }
    assay_code rc = choose_metrics(arms, err);
    rc = rc == ASSAY_OK ? choose_base(arms, err) : rc;
    rc = rc == ASSAY_OK ? collect(arms, err) : rc;
    if (rc == ASSAY_OK && arms->count > 0) {
        rc = set_family(arms, err);
    }
    if (rc != ASSAY_OK || arms->count == 0) {
        document->summary = "nothing to compare: this workload has no metrics for it";
        return rc;
    }
    for (size_t i = 0; i < arms->count; i++) {
        judge_one(arms, &arms->list[i]);
    }
    judge_outputs(arms);
    note_rounds(arms);
    if (arms->draft->arena->has_refused) {
        return assay_nomem(err); /* the summary looks at the first row */
    }
    document->verdict = judge_draft_overall(arms->draft);
    document->summary = summary_of(arms, document->verdict);
    return ASSAY_OK;
}

/* A receipt that does not verify is judged by nothing but that. */
static void refuse_run(struct verdict_draft *draft, const struct assay_opened *run,
                       struct assay_verdict_document *document)
{
    document->verdict = run->trust == ASSAY_TRUST_REFUSED ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_NOT_MEASURED;
    document->summary = judge_draft_text(draft, "nothing is judged: %s", run->why);
}

assay_code assay_judge_arms(const struct assay_opened *run, const struct assay_asked *asked, struct assay_arena *arena,
                            struct assay_verdict_document *ret, assay_err *err)
{
    assert(run && asked && arena && ret);
    struct verdict_draft draft = {.arena = arena};
    struct arms arms = {
        .run = run, .asked = asked, .draft = &draft, .wants_equal = strcmp(asked->question, "parity") == 0};
    struct assay_verdict_document document = {.question = asked->question,
                                              .level = asked->rule.level == ASSAY_LEVEL_GATE ? "gate" : "advisory",
                                              .date = asked->date,
                                              .tool = asked->tool,
                                              .binary_sha256 = asked->binary_sha256};
    assay_code rc = ASSAY_OK;
    judge_draft_input_run(&draft, run);
    if (run->trust < ASSAY_TRUST_INVALID) {
        refuse_run(&draft, run, &document);
    } else if (run->plan->arms_count < 2 || run->plan->load.mode != ASSAY_LOAD_PAIRED) {
        document.summary = "nothing to compare: the run has one arm, or its arms are not paired";
    } else {
        rc = judge_run(&arms, &document, err);
    }
    if (rc == ASSAY_OK) {
        rc = judge_draft_finish(&draft, &document, err);
    }
    if (rc == ASSAY_OK) {
        *ret = document;
    }
    return rc;
}
