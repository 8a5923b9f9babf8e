#include "cli/aa.h"

#include "cli/prepared_run.h"
#include "cli/stop.h"

#include "base/mem.h"
#include "stat/stat.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHECK_ID "aa_noise"
#define CHECK_RULE "aa_noise@1"

static assay_code set_options(struct assay_prepared_run *run, const struct assay_aa_setup *setup,
                              struct assay_arena *arena, assay_err *err)
{
    assay_code rc = assay_prepared_run_arm(run, 'a', setup->a, arena, err);
    rc = rc == ASSAY_OK ? assay_prepared_run_arm(run, 'b', setup->b, arena, err) : rc;
    rc = rc == ASSAY_OK ? assay_prepared_run_set(run, "pairs", setup->pairs, err) : rc;
    rc = rc == ASSAY_OK ? assay_prepared_run_set(run, "duration", setup->duration, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && setup->options && setup->options[i]; i += 2) {
        rc = assay_prepared_run_set(run, setup->options[i], setup->options[i + 1], err);
    }
    return rc;
}

static assay_code measure(struct assay_prepared_run *run, struct assay_run_result *result, assay_err *err)
{
    struct assay_run_options *options = assay_prepared_run_options(run);
    struct assay_run_setup setup = {
        .workload = run->workload, .state = assay_prepared_run_state(run), .stop_flag = assay_stop_flag()};
    json_t *option_json = NULL;
    assay_code rc = assay_load_options_apply(&options->load, &setup, &option_json, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    setup.options = option_json;
    setup.is_in_memory = true;
    assay_stop_catch();
    rc = run->workload->open(assay_prepared_run_state(run), err);
    if (rc == ASSAY_OK) {
        rc = assay_run(&setup, result, err);
    }
    run->workload->close(assay_prepared_run_state(run));
    json_decref(option_json);
    if (rc == ASSAY_OK && strcmp(result->outcome, "aborted") == 0) {
        rc = assay_fail(err, ASSAY_INTERRUPTED, "interrupted");
    }
    return rc;
}

static double median_of(const double *values, size_t count, struct assay_arena *arena)
{
    double *sorted = count > 0 ? assay_arena_take(arena, 2 * count, sizeof *sorted) : NULL;
    if (!sorted) {
        return 0;
    }
    memcpy(sorted, values, count * sizeof *sorted);
    assay_stat_sort(sorted, sorted + count, count);
    return assay_stat_quantile_type7(sorted, count, 0.5);
}

struct opened {
    struct assay_plan *plan;
    struct assay_trace *trace;
};

static assay_code pairs_of(const struct opened *run, const char *metric, struct assay_arena *arena,
                           struct assay_pairs *ret, assay_err *err)
{
    const struct assay_paired_query query = {.metric = metric, .base = 0, .other = 1};
    assay_trace_rewind(run->trace);
    return assay_paired_of(run->plan, run->trace, &query, arena, ret, err);
}

static assay_code judge(const struct opened *run, const struct assay_outcome_rule *rule, struct assay_arena *arena,
                        struct assay_aa *ret, assay_err *err)
{
    struct assay_pairs wall, cpu;
    assay_code rc = pairs_of(run, "service", arena, &wall, err);
    rc = rc == ASSAY_OK ? pairs_of(run, "cpu_tree", arena, &cpu, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    ret->wall = assay_outcome_of_pairs(wall.ratios, wall.count, rule, arena);
    ret->cpu = assay_outcome_of_pairs(cpu.ratios, cpu.count, rule, arena);
    ret->word = assay_outcome_join(&ret->wall, &ret->cpu, wall.ratios, wall.count, cpu.ratios, cpu.count, rule,
                                   &ret->is_by_cpu, arena);
    ret->base_ns = median_of(wall.base, wall.count, arena);
    ret->other_ns = median_of(wall.other, wall.count, arena);
    ret->base_cpu_ns = median_of(cpu.base, cpu.count, arena);
    ret->other_cpu_ns = median_of(cpu.other, cpu.count, arena);
    return ASSAY_OK;
}

static assay_code open_and_judge(const struct assay_run_result *result, const struct assay_outcome_rule *rule,
                                 struct assay_arena *arena, struct assay_aa *ret, assay_err *err)
{
    struct opened run = {0};
    assay_code rc = assay_plan_parse(result->plan.data, result->plan.len, &run.plan, err);
    if (rc == ASSAY_OK) {
        rc = assay_trace_open(result->trace.data, result->trace.len, &run.trace, NULL, err);
    }
    if (rc == ASSAY_OK) {
        rc = judge(&run, rule, arena, ret, err);
    }
    if (run.trace) {
        assay_trace_free(run.trace);
    }
    assay_plan_free(run.plan);
    return rc;
}

assay_code assay_aa_measure(struct assay_cli *cli, const struct assay_aa_setup *setup, struct assay_arena *arena,
                            struct assay_aa *ret, assay_err *err)
{
    struct assay_prepared_run run;
    struct assay_run_result result = {0};
    *ret = (struct assay_aa){.clock_read_ns = assay_clock_measure_cost().overhead_ns};
    assay_code rc = assay_prepared_run_init(&run, assay_cli_workload(cli, "command"), err);
    rc = rc == ASSAY_OK ? set_options(&run, setup, arena, err) : rc;
    rc = rc == ASSAY_OK ? measure(&run, &result, err) : rc;
    rc = rc == ASSAY_OK ? open_and_judge(&result, &setup->rule, arena, ret, err) : rc;
    assay_run_result_done(&result);
    assay_prepared_run_done(&run);
    return rc;
}

double assay_aa_margin(const struct assay_outcome *outcome)
{
    if (!outcome->has_interval || !(outcome->tost_lower > 0)) {
        return 0;
    }
    return fmax(outcome->tost_upper - 1, 1 / outcome->tost_lower - 1);
}

bool assay_aa_is_fit(const struct assay_aa *aa)
{
    return aa->wall.word == ASSAY_WORD_PARITY && !aa->wall.is_resolved;
}

assay_code assay_aa_check(const struct assay_aa *aa, double margin, json_t **ret, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *checks = json_array(), *check = assay_json_add_object(&b, checks);
    assay_json_put_text(&b, check, "id", CHECK_ID);
    assay_json_put_text(&b, check, "rule", CHECK_RULE);
    assay_json_put_u64(&b, check, "n", aa->wall.n);
    json_t *data = assay_json_put_object(&b, check, "data");
    assay_json_put_u64(&b, data, "failures", !assay_aa_is_fit(aa));
    assay_json_put_dec(&b, data, "margin", margin);
    if (aa->wall.has_interval) {
        assay_json_put_dec(&b, data, "lower", aa->wall.lower);
        assay_json_put_dec(&b, data, "upper", aa->wall.upper);
        assay_json_put_dec(&b, data, "fitMargin", assay_aa_margin(&aa->wall));
    }
    assay_code rc = assay_json_builder_check(&b, checks, err);
    if (rc != ASSAY_OK) {
        json_decref(checks);
        return rc;
    }
    *ret = checks;
    return ASSAY_OK;
}
