/* Cost for each correct answer: all cost in the numerator, failures included. */
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/rng.h"
#include "record/record.h"
#include "stat/stat.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SAMPLES_LEAST 50 /* below, BCa is advice only (statistics.md 2.5) */
#define RESAMPLES 2000   /* 10,000 above 95 % (2.5) */
#define RESAMPLES_STRICT 10000
#define NS_PER_HOUR (3600.0 * (double)ASSAY_NS_PER_S)
#define STRIDE 2 /* cost, and 1 if it was correct */

struct costs {
    double *units; /* STRIDE doubles a sample */
    size_t count;
    uint64_t seed;
    bool has_correct;
    struct known *known; /* a bootstrap is not asked twice */
};

struct known {
    double alpha;
    struct assay_stat_bootstrap result;
    struct known *next;
};

static bool are_tokens_unknown(const struct assay_prices *prices, const struct assay_sample *sample)
{
    const struct assay_request *request = sample->request;
    bool are_priced = prices->prompt_token > 0 || prices->output_token > 0;
    return are_priced && (!request || request->output_source == ASSAY_TOKENS_UNKNOWN ||
                          request->output_source == ASSAY_TOKENS_CHUNK_COUNT);
}

static double cost_of(const struct assay_prices *prices, const struct assay_sample *sample)
{
    const struct assay_request *request = sample->request;
    double cost = prices->request;
    if (request) {
        cost += prices->prompt_token * request->prompt_tokens + prices->output_token * request->output_tokens;
    }
    if (sample->start_ns != ASSAY_NS_ABSENT && sample->end_ns != ASSAY_NS_ABSENT) {
        cost += prices->hour * (double)(sample->end_ns - sample->start_ns) / NS_PER_HOUR;
    }
    return cost;
}

static bool is_measured(const struct gate_case *it, const struct assay_opened *run, const struct assay_sample *sample)
{
    uint32_t arm = it->gate->arm ? assay_opened_arm(run, it->gate->arm) : sample->arm;
    return sample->id >= run->plan->warmup.samples && !run->plan->ops[sample->id].is_warmup && sample->arm == arm;
}

static void collect_run(struct gate_case *it, const struct assay_opened *run, const struct assay_prices *prices,
                        struct costs *costs)
{
    struct assay_sample sample;
    bool is_end = false;
    assay_trace_rewind(run->trace);
    for (;;) {
        assay_code rc = assay_trace_next(run->trace, &sample, &is_end, it->gates->err);
        if (rc != ASSAY_OK) {
            gate_broken(it, rc);
            return;
        }
        if (is_end) {
            return;
        }
        if (!is_measured(it, run, &sample)) {
            continue;
        }
        bool is_correct = assay_status_group_of(sample.status) == ASSAY_GROUP_OK;
        if (is_correct && are_tokens_unknown(prices, &sample)) {
            it->row.element = run->name;
            gate_not_measured(it, "token counts unknown, and tokens have a price");
            return;
        }
        costs->units[STRIDE * costs->count] = cost_of(prices, &sample);
        costs->units[STRIDE * costs->count + 1] = is_correct ? 1 : 0;
        costs->has_correct |= is_correct;
        costs->count++;
    }
}

static bool is_priced_then(const struct assay_opened *run, const struct assay_prices *prices)
{
    int64_t seconds;
    const char *finished = judge_text_of(assay_json_at(run->statement, "/predicate/attempts"), "finishedAt");
    return assay_time_read(finished, &seconds) && seconds / GATE_DAY_S >= prices->from_day &&
           seconds / GATE_DAY_S < prices->until_day;
}

static bool read_prices(struct gate_case *it, struct assay_prices *ret)
{
    struct assay_judge_bytes file = gate_file(it->gates, it->gate->prices);
    assay_err err = {0};
    if (!file.data) {
        gate_missing(it, "the prices %s are not there", it->gate->prices);
        return false;
    }
    assay_code rc = assay_prices_parse(file.data, file.len, ret, &err);
    if (rc == ASSAY_NO_MEMORY) {
        gate_broken(it, assay_nomem(it->gates->err));
        return false;
    }
    if (rc != ASSAY_OK) {
        gate_not_measured(it, "prices: %s", err.message);
        return false;
    }
    for (size_t i = 0; i < it->runs_count && !it->is_settled; i++) {
        if (!is_priced_then(it->runs[i], ret)) {
            it->row.element = it->runs[i]->name;
            gate_not_measured(it, "the price table is not valid on the run's day");
        }
    }
    return !it->is_settled;
}

static bool has_arm(const struct gate_case *it)
{
    bool has = !it->gate->arm;
    for (size_t i = 0; i < it->runs_count && !has; i++) {
        has = assay_opened_arm(it->runs[i], it->gate->arm) != UINT32_MAX;
    }
    return has;
}

static void prepare_cost(struct gate_case *it)
{
    struct assay_arena *arena = it->gates->draft->arena;
    struct assay_prices prices;
    struct costs *costs = assay_arena_take(arena, 1, sizeof *costs);
    size_t most = 0;
    it->row.metric = "cost_per_correct";
    it->row.unit = "USD";
    it->row.expected = judge_draft_text(it->gates->draft, "at most %.6g USD", it->gate->max.value);
    if (!costs) {
        gate_broken(it, assay_nomem(it->gates->err));
        return;
    }
    it->data = costs;
    if (!has_arm(it)) {
        gate_missing(it, "no receipt has arm %s", it->gate->arm);
        return;
    }
    if (!read_prices(it, &prices)) {
        return;
    }
    for (size_t i = 0; i < it->runs_count; i++) {
        most += (size_t)assay_trace_samples(it->runs[i]->trace);
        costs->seed ^= it->runs[i]->plan->seed;
    }
    costs->units = assay_arena_take(arena, most, STRIDE * sizeof *costs->units);
    if (!costs->units) {
        gate_broken(it, assay_nomem(it->gates->err));
        return;
    }
    for (size_t i = 0; i < it->runs_count && !it->is_settled; i++) {
        collect_run(it, it->runs[i], &prices, costs);
    }
    it->row.n = costs->count;
    if (!it->is_settled && costs->count > 0 && !costs->has_correct) {
        gate_settle(it, ASSAY_VERDICT_FAIL, "0 correct: no answer was worth its cost");
    } else if (!it->is_settled && costs->count < SAMPLES_LEAST) {
        gate_not_measured(it, "n too small (%zu of %d)", costs->count, SAMPLES_LEAST);
    }
}

/* Ratio of sums. A resample without a correct answer costs without bound: a number beyond any limit stands for it. */
static double cost_per_correct(const double *units, size_t count, size_t stride)
{
    double cost = 0, correct = 0;
    for (size_t i = 0; i < count; i++) {
        cost += units[i * stride];
        correct += units[i * stride + 1];
    }
    return correct > 0 ? cost / correct : cost * 1e9;
}

static struct assay_stat_bootstrap bounds_at(struct gate_case *it, double alpha)
{
    struct costs *costs = it->data;
    for (const struct known *one = costs->known; one; one = one->next) {
        if (one->alpha == alpha) {
            return one->result;
        }
    }
    struct known *known = assay_arena_take(it->gates->draft->arena, 1, sizeof *known);
    size_t resamples = alpha < 0.05 ? RESAMPLES_STRICT : RESAMPLES;
    double *work =
        assay_arena_take(it->gates->draft->arena, costs->count * STRIDE + 2 * resamples + costs->count, sizeof *work);
    if (!work || !known) {
        return (struct assay_stat_bootstrap){0};
    }
    struct assay_rng rng;
    assay_rng_seed(&rng, costs->seed, "gate cost");
    *known = (struct known){.alpha = alpha,
                            .result = assay_stat_bootstrap_bca(costs->units, costs->count, STRIDE, cost_per_correct,
                                                               2 * alpha, resamples, &rng, work),
                            .next = costs->known};
    costs->known = known;
    return known->result;
}

static void decide_cost(struct gate_case *it, double pass_alpha, double fail_alpha)
{
    struct assay_verdict_row *row = &it->row;
    struct assay_stat_bootstrap pass = bounds_at(it, pass_alpha);
    row->has_point = true;
    row->point = pass.point;
    row->has_interval = pass.has_interval;
    row->lower = pass.lower;
    row->upper = pass.upper;
    row->confidence = 1 - pass_alpha;
    row->method = "BCa bootstrap, one-sided";
    if (!pass.has_interval) { /* every answer costs the same: nothing was resampled into another value */
        row->verdict = pass.point <= it->gate->max.value ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL;
        row->reason = "all operations cost the same";
        return;
    }
    struct assay_stat_bootstrap fail = pass.lower > it->gate->max.value ? bounds_at(it, fail_alpha) : pass;
    row->verdict = pass.upper <= it->gate->max.value  ? ASSAY_VERDICT_PASS
                   : fail.lower > it->gate->max.value ? ASSAY_VERDICT_FAIL
                                                      : ASSAY_VERDICT_UNDECIDED;
    row->reason = row->verdict == ASSAY_VERDICT_UNDECIDED ? gate_open_reason(pass.lower > it->gate->max.value) : NULL;
}

const struct gate_kind gate_cost = {prepare_cost, decide_cost, true};
