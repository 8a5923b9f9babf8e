/* Gates on values: budget, success_rate, stability, parity of outputs. */
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include "base/num.h"
#include "base/text.h"
#include "stat/stat.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define RECEIPT_ALPHA 0.05 /* one-sided, of the bounds that receipts carry */
#define DOT_FACTOR 8.0     /* of the tight bound that receipts were checked with (statistics.md 3.4) */

/* ---- budget ----------------------------------------------------------------------------------------------------- */

struct value {
    double point, lower, upper;
    bool has_bounds;
    uint64_t n;
    const char *absent;
};

/* A share is bounded by Wilson, a percentile by its order statistics; at another confidence than the receipt's it is
 * computed again from the trace. */
static struct value value_at(struct gate_case *it, const struct gate_carrier *carrier, double alpha)
{
    struct assay_metric metric = {0};
    struct value ret = {0};
    assay_code rc = assay_metric_at(carrier->run->plan, carrier->run->trace, carrier->arm, it->gate->name, alpha,
                                    it->gates->draft->arena, &metric, it->gates->err);
    if (rc == ASSAY_USAGE) {
        ret.absent = "a ratio is bounded by its pairs: ask for a speedup or a change";
        return ret;
    }
    if (rc != ASSAY_OK) {
        gate_broken(it, rc);
        ret.absent = "it could not be computed";
        return ret;
    }
    ret = (struct value){.point = metric.value,
                         .lower = metric.lower,
                         .upper = metric.upper,
                         .has_bounds = metric.has_bounds,
                         .n = metric.n,
                         .absent = metric.absent};
    bool is_share = metric.has_bounds && strcmp(metric.formula, "share_wilson@1") == 0;
    if (is_share && alpha != RECEIPT_ALPHA) {
        struct assay_stat_bounds bounds = assay_stat_wilson((uint64_t)round(metric.value * (double)metric.n), metric.n,
                                                            assay_stat_normal_quantile(1 - alpha));
        ret.lower = bounds.lower;
        ret.upper = bounds.upper;
    }
    return ret;
}

static bool is_extreme(const struct assay_policy_gate *gate)
{
    return gate->statistic && (strcmp(gate->statistic, "max") == 0 || strcmp(gate->statistic, "min") == 0);
}

static void expect_limit(struct gate_case *it)
{
    const struct assay_policy_gate *gate = it->gate;
    char text[ASSAY_NUM_TEXT_BYTES];
    double limit = gate->max.is_given ? gate->max.value : gate->min.value;
    const char *unit = gate->unit ? gate->unit : "1";
    if (strcmp(unit, "ns") == 0) {
        (void)assay_num_print_ns(limit, text);
    } else if (strcmp(unit, "bytes") == 0) {
        (void)assay_num_print_bytes(limit, text);
    } else {
        (void)assay_num_print_shortest(limit, text);
    }
    it->row.expected = judge_draft_text(it->gates->draft, "at %s %s", gate->max.is_given ? "most" : "least", text);
}

static void prepare_budget(struct gate_case *it)
{
    expect_limit(it);
    gate_carriers(it, it->gate->name);
    for (size_t i = 0; i < it->carriers_count && !it->is_settled; i++) {
        (void)gate_absent(it, &it->carriers[i]);
    }
}

static enum assay_verdict against(const struct assay_policy_gate *gate, double lower, double upper, double fail_lower,
                                  double fail_upper)
{
    if (gate->max.is_given) {
        return upper <= gate->max.value       ? ASSAY_VERDICT_PASS
               : fail_lower > gate->max.value ? ASSAY_VERDICT_FAIL
                                              : ASSAY_VERDICT_UNDECIDED;
    }
    return lower >= gate->min.value       ? ASSAY_VERDICT_PASS
           : fail_upper < gate->min.value ? ASSAY_VERDICT_FAIL
                                          : ASSAY_VERDICT_UNDECIDED;
}

/* Of the largest (or smallest) sample nothing is estimated: one sample beyond the limit fails. */
static enum assay_verdict judge_extreme(struct gate_case *it, const struct value *value, const char **ret_reason)
{
    const struct assay_policy_gate *gate = it->gate;
    bool is_kept = gate->max.is_given ? value->point <= gate->max.value : value->point >= gate->min.value;
    if (gate->plausible_min.is_given && value->point < gate->plausible_min.value) {
        *ret_reason = "below plausible_min: nothing real can be so small";
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    if (!is_kept) {
        return ASSAY_VERDICT_FAIL;
    }
    if (value->n < gate->min_n) {
        *ret_reason =
            judge_draft_text(it->gates->draft, "n too small (%" PRIu64 " of %" PRIu64 ")", value->n, gate->min_n);
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    return ASSAY_VERDICT_PASS;
}

static enum assay_verdict judge_value(struct gate_case *it, const struct gate_carrier *carrier,
                                      const struct value *value, double fail_alpha, const char **ret_reason)
{
    const struct assay_policy_gate *gate = it->gate;
    if (value->absent) {
        *ret_reason = value->absent;
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    if (is_extreme(gate)) {
        return judge_extreme(it, value, ret_reason);
    }
    if (value->n < gate->min_n || (gate->plausible_min.is_given && value->point < gate->plausible_min.value)) {
        *ret_reason = value->n < gate->min_n ? "n too small for min_n" : "below plausible_min";
        return ASSAY_VERDICT_NOT_MEASURED;
    }
    if (!value->has_bounds) {
        *ret_reason = "no bound: one value a run, or the bound falls among failed samples";
        return ASSAY_VERDICT_UNDECIDED;
    }
    enum assay_verdict verdict = against(gate, value->lower, value->upper, value->lower, value->upper);
    if (verdict == ASSAY_VERDICT_FAIL) {
        struct value strict = value_at(it, carrier, fail_alpha);
        verdict = strict.has_bounds ? against(gate, value->lower, value->upper, strict.lower, strict.upper)
                                    : ASSAY_VERDICT_UNDECIDED;
        *ret_reason = verdict == ASSAY_VERDICT_FAIL ? NULL : gate_open_reason(true);
    } else if (verdict == ASSAY_VERDICT_UNDECIDED) {
        *ret_reason = gate_open_reason(false);
    }
    return verdict;
}

/* fail, then undecided, then not-measured, then pass. */
static bool is_worse(enum assay_verdict a, enum assay_verdict b)
{
    static const int ORDER[ASSAY_VERDICT_COUNT] = {[ASSAY_VERDICT_FAIL] = 3,
                                                   [ASSAY_VERDICT_UNDECIDED] = 2,
                                                   [ASSAY_VERDICT_NOT_MEASURED] = 1,
                                                   [ASSAY_VERDICT_PASS] = 0};
    return ORDER[a] > ORDER[b];
}

static void decide_budget(struct gate_case *it, double pass_alpha, double fail_alpha)
{
    struct assay_verdict_row *row = &it->row;
    for (size_t i = 0; i < it->carriers_count; i++) {
        const char *reason = NULL;
        struct value value = value_at(it, &it->carriers[i], pass_alpha);
        enum assay_verdict verdict = judge_value(it, &it->carriers[i], &value, fail_alpha, &reason);
        if (verdict != ASSAY_VERDICT_NOT_MEASURED && gate_is_unsettled(it->carriers[i].run, it->carriers[i].arm)) {
            verdict = ASSAY_VERDICT_UNDECIDED; /* an absolute number of a series that still moves */
            reason = "no steady state";
        }
        if (i > 0 && !is_worse(verdict, row->verdict)) {
            continue;
        }
        row->verdict = verdict;
        row->reason = reason;
        row->element = it->carriers[i].run->name;
        row->arm = it->carriers[i].run->plan->arms[it->carriers[i].arm].id;
        row->has_point = !value.absent;
        row->point = value.point;
        row->has_interval = value.has_bounds && isfinite(value.lower) && isfinite(value.upper);
        row->lower = value.lower;
        row->upper = value.upper;
        row->confidence = 1 - pass_alpha;
        row->n = value.n;
        row->method = value.has_bounds ? "one-sided bounds" : NULL;
    }
    if (it->carriers_count > 1) {
        row->found = judge_draft_text(it->gates->draft, "the worst of %zu", it->carriers_count);
    }
}

const struct gate_kind gate_budget = {prepare_budget, decide_budget, true};

/* ---- success_rate ----------------------------------------------------------------------------------------------- */

struct successes {
    uint64_t hits, total;
};

/* Who says what is right: a check of outputs, or the content rules of a request (endpoints.md 6). */
static bool has_oracle(const struct assay_opened *run)
{
    const json_t *checks = assay_json_at(run->statement, "/predicate/checks");
    const char *workload = run->plan->workload;
    if (strcmp(workload, "llm") == 0) {
        return true;
    }
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        bool is_output = assay_text_starts(judge_text_of(check, "rule"), "output_");
        bool has_run = strcmp(judge_text_of(check, "verdict"), assay_verdict_text(ASSAY_VERDICT_NOT_MEASURED)) != 0;
        if (is_output && has_run) {
            return true;
        }
    }
    return false;
}

static void prepare_success(struct gate_case *it)
{
    struct successes *sums = assay_arena_take(it->gates->draft->arena, 1, sizeof *sums);
    if (!sums) {
        gate_broken(it, assay_nomem(it->gates->err));
        return;
    }
    it->data = sums;
    it->row.metric = "success_share";
    it->row.unit = "1";
    it->row.expected = judge_draft_text(it->gates->draft, "at least %.6g", it->gate->min.value);
    gate_carriers(it, "success_share");
    for (size_t i = 0; i < it->carriers_count && !it->is_settled; i++) {
        const struct gate_carrier *carrier = &it->carriers[i];
        double share;
        int64_t n = 0;
        if (!has_oracle(carrier->run)) {
            it->row.element = carrier->run->name;
            gate_not_measured(it, "no oracle ran: nothing says which outputs are right");
        } else if (assay_opened_value(carrier->metric, &share) &&
                   assay_json_get_int(carrier->metric, "n", "", &n, NULL) == ASSAY_OK && n > 0) {
            sums->hits += (uint64_t)round(share * (double)n);
            sums->total += (uint64_t)n;
        } else {
            (void)gate_absent(it, carrier);
        }
    }
    if (!it->is_settled && sums->total < it->gate->min_n) {
        gate_not_measured(it, "n too small (%" PRIu64 " of %" PRIu64 ")", sums->total, it->gate->min_n);
    }
}

static void decide_success(struct gate_case *it, double pass_alpha, double fail_alpha)
{
    const struct successes *sums = it->data;
    struct assay_verdict_row *row = &it->row;
    struct assay_stat_bounds pass =
        assay_stat_wilson(sums->hits, sums->total, assay_stat_normal_quantile(1 - pass_alpha));
    struct assay_stat_bounds fail =
        assay_stat_wilson(sums->hits, sums->total, assay_stat_normal_quantile(1 - fail_alpha));
    row->has_point = row->has_interval = true;
    row->point = (double)sums->hits / (double)sums->total;
    row->lower = pass.lower;
    row->upper = pass.upper;
    row->confidence = 1 - pass_alpha;
    row->n = sums->total;
    row->method = "Wilson, one-sided";
    row->verdict = pass.lower >= it->gate->min.value  ? ASSAY_VERDICT_PASS
                   : fail.upper < it->gate->min.value ? ASSAY_VERDICT_FAIL
                                                      : ASSAY_VERDICT_UNDECIDED;
    row->reason = row->verdict == ASSAY_VERDICT_UNDECIDED ? gate_open_reason(pass.upper < it->gate->min.value) : NULL;
}

const struct gate_kind gate_success_rate = {prepare_success, decide_success, true};

/* ---- stability -------------------------------------------------------------------------------------------------- */

struct seeds {
    double *values;
    size_t count;
};

static bool is_seed_repeated(const struct gate_case *it, size_t at)
{
    const char *seed = judge_text_of(assay_json_at(it->carriers[at].run->statement, "/predicate/protocol"), "seed");
    for (size_t i = 0; i < at; i++) {
        const char *other = judge_text_of(assay_json_at(it->carriers[i].run->statement, "/predicate/protocol"), "seed");
        if (strcmp(seed, other) == 0) {
            return true;
        }
    }
    return false;
}

static void prepare_stability(struct gate_case *it)
{
    struct seeds *seeds = assay_arena_take(it->gates->draft->arena, 1, sizeof *seeds);
    gate_carriers(it, it->gate->name);
    if (seeds) {
        seeds->values = assay_arena_take(it->gates->draft->arena, it->carriers_count, sizeof *seeds->values);
    }
    if (!seeds || !seeds->values) {
        gate_broken(it, assay_nomem(it->gates->err));
        return;
    }
    it->data = seeds;
    it->row.expected = judge_draft_text(it->gates->draft, "%s at most %.6g",
                                        it->gate->statistic ? it->gate->statistic : "max_dev", it->gate->max.value);
    for (size_t i = 0; i < it->carriers_count && !it->is_settled; i++) {
        if (is_seed_repeated(it, i)) {
            it->row.element = it->carriers[i].run->name;
            gate_not_measured(it, it->carriers[i].run == it->carriers[i - 1].run
                                      ? "a seed is there twice: the receipt has several arms and the gate names none"
                                      : "a seed is there twice");
        } else if (!gate_absent(it, &it->carriers[i])) {
            (void)assay_opened_value(it->carriers[i].metric, &seeds->values[seeds->count++]);
        }
    }
    if (!it->is_settled && seeds->count < it->gate->min_seeds) {
        gate_not_measured(it, "n too small (%zu of %" PRIu64 " seeds)", seeds->count, it->gate->min_seeds);
    }
    it->row.n = seeds->count;
}

static double max_deviation(struct gate_case *it, const struct seeds *seeds)
{
    double *sorted = assay_arena_take(it->gates->draft->arena, 2 * seeds->count, sizeof *sorted), largest = 0;
    if (!sorted) {
        return NAN;
    }
    memcpy(sorted, seeds->values, seeds->count * sizeof *sorted);
    assay_stat_sort(sorted, sorted + seeds->count, seeds->count);
    double median = assay_stat_quantile_type7(sorted, seeds->count, 0.5);
    for (size_t i = 0; i < seeds->count; i++) {
        largest = fmax(largest, fabs(seeds->values[i] - median));
    }
    return !it->gate->is_relative || largest == 0 ? largest : largest / fabs(median); /* infinite about a median of 0 */
}

static void decide_variation(struct gate_case *it, const struct seeds *seeds, double alpha)
{
    struct assay_verdict_row *row = &it->row;
    double mean = fabs(assay_stat_mean(seeds->values, seeds->count)), sd = assay_stat_sd(seeds->values, seeds->count);
    double degrees = (double)(seeds->count - 1);
    double low = assay_stat_chi2_quantile(alpha, degrees), high = assay_stat_chi2_quantile(1 - alpha, degrees);
    row->has_point = mean > 0;
    row->point = mean > 0 ? sd / mean : 0;
    if (mean <= 0 || low <= 0) {
        row->verdict = ASSAY_VERDICT_NOT_MEASURED;
        row->reason = "the mean is 0: no relative spread";
        return;
    }
    row->has_interval = true;
    row->lower = row->point * sqrt(degrees / high);
    row->upper = row->point * sqrt(degrees / low);
    row->confidence = 1 - alpha;
    row->method = "coefficient of variation, chi-squared bounds";
    row->verdict = row->upper <= it->gate->max.value  ? ASSAY_VERDICT_PASS
                   : row->lower > it->gate->max.value ? ASSAY_VERDICT_FAIL
                                                      : ASSAY_VERDICT_UNDECIDED;
    row->reason = row->verdict == ASSAY_VERDICT_UNDECIDED ? gate_open_reason(false) : NULL;
}

static void decide_stability(struct gate_case *it, double pass_alpha, double fail_alpha)
{
    (void)fail_alpha; /* not of the family: it fails at its own confidence */
    const struct seeds *seeds = it->data;
    struct assay_verdict_row *row = &it->row;
    double spread = max_deviation(it, seeds);
    bool is_variation = it->gate->statistic && strcmp(it->gate->statistic, "cv") == 0;
    row->unit = is_variation || it->gate->is_relative ? "1" : it->gate->unit;
    if (spread == 0) {
        row->verdict = ASSAY_VERDICT_NOT_MEASURED;
        row->reason = "spread exactly 0 over seeds: the seed reached nothing";
    } else if (!isfinite(spread)) {
        row->verdict = ASSAY_VERDICT_NOT_MEASURED;
        row->reason = "the median is 0: no relative spread";
    } else if (is_variation) {
        decide_variation(it, seeds, pass_alpha);
    } else {
        row->has_point = true;
        row->point = spread;
        row->verdict = spread <= it->gate->max.value ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL;
    }
}

const struct gate_kind gate_stability = {prepare_stability, decide_stability, false};

/* ---- parity of outputs ------------------------------------------------------------------------------------------ */

static const struct limit {
    const char *key, *member; /* of the policy; of the check's data */
    size_t at;
    bool is_least; /* the figure must not fall below it */
} LIMITS[] = {
    {"max_ulp", "ulpMax", offsetof(struct assay_policy_gate, max_ulp), false},
    {"max_abs", "absMax", offsetof(struct assay_policy_gate, max_abs), false},
    {"max_rel", "relMax", offsetof(struct assay_policy_gate, max_rel), false},
    {"max_rms", "rms", offsetof(struct assay_policy_gate, max_rms), false},
    {"cosine_min", "cosine", offsetof(struct assay_policy_gate, cosine_min), true},
    {"exact_min", "equalShare", offsetof(struct assay_policy_gate, exact_min), true},
};

static bool figure(const json_t *data, const char *name, double *ret)
{
    const json_t *value = json_object_get(data, name);
    if (json_is_integer(value)) {
        *ret = (double)json_integer_value(value);
        return true;
    }
    return json_is_string(value) && assay_json_dec_read(json_string_value(value), ret);
}

/* The first objection is the answer. */
static bool object(struct gate_case *it, enum assay_verdict verdict, const char *reason)
{
    gate_settle(it, verdict, reason);
    return true;
}

static bool object_found(struct gate_case *it, const char *found, const char *expected)
{
    it->row.found = found;
    it->row.expected = expected;
    return object(it, ASSAY_VERDICT_FAIL, NULL);
}

static bool objects_to_limit(struct gate_case *it, const json_t *data, const struct limit *limit)
{
    struct verdict_draft *draft = it->gates->draft;
    const struct assay_policy_number *wanted =
        (const struct assay_policy_number *)(const void *)((const char *)it->gate + limit->at);
    double found;
    if (!wanted->is_given) {
        return false;
    }
    if (!figure(data, limit->member, &found)) {
        return object(it, ASSAY_VERDICT_NOT_MEASURED, judge_draft_text(draft, "the check has no %s", limit->member));
    }
    bool is_kept = limit->is_least ? found >= wanted->value : found <= wanted->value;
    if (!is_kept) {
        return object_found(it, judge_draft_text(draft, "%s %.9g", limit->member, found),
                            judge_draft_text(draft, "%s %.9g", limit->key, wanted->value));
    }
    if (!limit->is_least && found > 0 && assay_stat_slack(wanted->value, found) > ASSAY_STAT_SLACK_MAX) {
        judge_draft_note(draft, "%s: %s is not binding, %.3g times what was seen", it->gate->id, limit->key,
                         assay_stat_slack(wanted->value, found));
    }
    return false;
}

/* The receipt tells the share of the tight bound at factor 8 that was used; another factor moves the bound. */
static bool objects_to_dot(struct gate_case *it, const json_t *data)
{
    struct verdict_draft *draft = it->gates->draft;
    double used, terms;
    if (!it->gate->dot_bound.is_given) {
        return false;
    }
    if (!figure(data, "tightUsed", &used) || !figure(data, "terms", &terms) || !(terms > 0)) {
        return object(it, ASSAY_VERDICT_NOT_MEASURED, "the check has no dot bound");
    }
    double told = fmin(terms, DOT_FACTOR * sqrt(terms)), wanted = fmin(terms, it->gate->dot_bound.value * sqrt(terms));
    return !(used * told <= wanted) &&
           object_found(it, judge_draft_text(draft, "%.4g of the bound", used * told / wanted),
                        judge_draft_text(draft, "dot_bound %.4g", it->gate->dot_bound.value));
}

static bool is_output(const char *id, const char *output)
{
    size_t len = strlen(output);
    return strncmp(id, output, len) == 0 && (id[len] == '\0' || id[len] == '-' || id[len] == '.');
}

static bool objects_to_check(struct gate_case *it, const struct assay_opened *run, const json_t *check)
{
    const json_t *data = json_object_get(check, "data");
    const char *rule = judge_text_of(check, "rule");
    double wrong, binary64;
    it->row.element = run->name;
    if (!assay_text_starts(rule, "output_reference@") || (figure(data, "binary64", &binary64) && binary64 == 0)) {
        return object(it, ASSAY_VERDICT_NOT_MEASURED, "the binary64 reference was not computed");
    }
    if (figure(data, "placesWrong", &wrong) && wrong > 0) {
        return object_found(it, judge_draft_text(it->gates->draft, "NaN or infinity at %.0f wrong places", wrong),
                            "the places of the reference");
    }
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++) {
        if (objects_to_limit(it, data, &LIMITS[i])) {
            return true;
        }
    }
    if (strcmp(judge_text_of(check, "verdict"), assay_verdict_text(ASSAY_VERDICT_PASS)) != 0) {
        return object(it, ASSAY_VERDICT_FAIL, "the receipt's own check did not pass");
    }
    return objects_to_dot(it, data);
}

static void prepare_parity(struct gate_case *it)
{
    for (size_t i = 0; i < it->runs_count; i++) {
        const json_t *checks = assay_json_at(it->runs[i]->statement, "/predicate/checks");
        size_t c;
        json_t *check;
        json_array_foreach(checks, c, check)
        {
            bool is_about = assay_text_starts(judge_text_of(check, "rule"), "output_") &&
                            is_output(judge_text_of(check, "id"), it->gate->output);
            if (is_about && objects_to_check(it, it->runs[i], check)) {
                return;
            }
            it->row.n += is_about;
        }
    }
    if (it->row.n == 0) {
        gate_missing(it, "no receipt carries a check of output %s", it->gate->output);
    } else {
        gate_settle(it, ASSAY_VERDICT_PASS, NULL);
        it->row.found = judge_draft_text(it->gates->draft, "%" PRIu64 " checks, all within their limits", it->row.n);
        it->row.element = NULL;
    }
}

static void decide_nothing(struct gate_case *it, double pass_alpha, double fail_alpha)
{
    (void)it;
    (void)pass_alpha;
    (void)fail_alpha;
}

const struct gate_kind gate_parity = {prepare_parity, decide_nothing, false};
