#include "measure/engine.h"
#include "measure/facts.h"
#include "measure/run_dir.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What one call of assay_run holds; released in one place. */
struct run {
    const struct assay_run_setup *setup;
    struct assay_plan *plan;
    struct assay_run_dir dir;
    struct assay_engine engine;
    struct assay_run_facts facts;
    struct assay_trace_writer *trace;
    struct assay_buf plan_bytes, trace_bytes, file_bytes, identity_bytes;
    struct assay_derivation derivation;
};

static void show_phase(const struct run *run, const char *phase)
{
    struct assay_progress progress = {.phase = phase,
                                      .ttft_p50_ns = ASSAY_NS_ABSENT,
                                      .ttft_p95_ns = ASSAY_NS_ABSENT,
                                      .service_p50_ns = ASSAY_NS_ABSENT,
                                      .service_p95_ns = ASSAY_NS_ABSENT,
                                      .eta_ns = ASSAY_NS_ABSENT};
    if (run->plan) {
        progress.planned = run->plan->ops_count;
    }
    if (run->setup->on_progress) {
        run->setup->on_progress(run->setup->progress_context, &progress);
    }
}

/* ---- the plan ----------------------------------------------------------------------------------------------------*/

static assay_code check_load(const struct assay_run_setup *setup, struct assay_load *load, assay_err *err)
{
    const struct assay_workload *workload = setup->workload;
    load->workers = load->workers ? load->workers : 1;
    if (load->mode == ASSAY_LOAD_OPEN) {
        load->concurrency = 0;
    } else if (load->concurrency == 0 || load->concurrency > ASSAY_USERS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "concurrency is %u, expected 1 to %d", load->concurrency, ASSAY_USERS_MAX);
    } else if (load->mode == ASSAY_LOAD_PAIRED && !workload->submit && load->concurrency > 1) {
        return assay_fail(err, ASSAY_USAGE, "concurrency is %u: operations of workload %s take turns one by one",
                          load->concurrency, workload->name);
    } else if (!workload->submit) {
        load->workers = load->concurrency; /* an operation of steps fills its thread: one a user */
    } else if (load->workers > load->concurrency) {
        load->workers = load->concurrency;
    }
    if (load->workers > ASSAY_WORKERS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%u worker threads, expected at most %d", load->workers, ASSAY_WORKERS_MAX);
    }
    if (setup->stop.max_duration_ns == 0) {
        return assay_fail(err, ASSAY_USAGE, "a run needs a maximum duration");
    }
    return ASSAY_OK;
}

static assay_code add_only_arm(struct run *run, assay_err *err)
{
    struct assay_plan *plan = run->plan;
    const struct assay_workload *workload = run->setup->workload;
    if (plan->arms_count == 0) {
        json_t *args = assay_options_json(workload->options, workload->options_count, run->setup->state);
        if (!args) {
            return assay_nomem(err);
        }
        plan->arms[0] = (struct assay_plan_arm){.id = "a", .label = workload->name, .args = args};
        plan->arms_count = 1;
    }
    return ASSAY_OK;
}

static assay_code set_arms(struct run *run, assay_err *err)
{
    const struct assay_run_setup *setup = run->setup;
    assay_code rc = setup->workload->arms
                        ? setup->workload->arms(setup->state, setup->arms, setup->arms_count, run->plan, err)
                        : ASSAY_OK;
    rc = rc == ASSAY_OK ? add_only_arm(run, err) : rc;
    if (rc == ASSAY_OK && run->plan->arms_count > 1 && run->plan->load.mode != ASSAY_LOAD_PAIRED) {
        rc = assay_fail(err, ASSAY_BUG, "%zu arms in mode %s", run->plan->arms_count,
                        assay_load_mode_text(run->plan->load.mode));
    }
    return rc;
}

/* How many pairs fit into the time at most; the plan of a run that may end early holds its maximum. */
static uint64_t pairs_in_time(const struct assay_run_setup *setup, const struct assay_plan *plan, uint64_t pairs)
{
    uint32_t asked = setup->workload->ops_per_user_s;
    double per_s = (asked ? asked : ASSAY_OPS_PER_USER_S) * (double)plan->load.concurrency;
    double cells = per_s * (double)plan->stop.duration_ns / 1e9 / (double)plan->load.window;
    double most = cells / (double)plan->arms_count + 1;
    return plan->stop.duration_ns > 0 && most < (double)pairs ? (uint64_t)most : pairs;
}

/* Pairs and blocks as operations (statistics.md 1.1, 1.3). */
static void set_pairs(const struct assay_run_setup *setup, struct assay_plan *plan)
{
    uint64_t k = plan->arms_count, round = k * plan->load.window;
    bool may_end_early = plan->stop.rule != ASSAY_STOP_COUNT;
    uint64_t pairs = setup->pairs ? setup->pairs : may_end_early ? ASSAY_PAIRS_PLANNED_MAX : ASSAY_PAIRS_DEFAULT;
    pairs = may_end_early ? pairs_in_time(setup, plan, pairs) : pairs;
    uint64_t blocks = (pairs + k - 1) / k, warmup = setup->warmup_blocks;
    if (warmup == ASSAY_WARMUP_BLOCKS_AUTO) {
        warmup = may_end_early || blocks * k < ASSAY_PAIRED_WARMUP_LEAST ? 1 : 0;
    }
    plan->stop.count = blocks * k * round;
    plan->warmup.samples = (uint32_t)(warmup * k * round);
}

/* The options of the load as the cli got them, and those of the workload, side by side. */
static assay_code set_options(struct run *run, assay_err *err)
{
    const struct assay_run_setup *setup = run->setup;
    json_t *options = setup->options ? json_deep_copy(setup->options) : json_object();
    json_t *own = assay_options_json(setup->workload->options, setup->workload->options_count, setup->state);
    struct assay_json_builder b = {0};
    assay_json_put(&b, options, setup->workload->name, own);
    assay_code rc = assay_json_builder_check(&b, options, err);
    if (rc != ASSAY_OK) {
        json_decref(options);
        return rc;
    }
    json_decref(run->plan->options); /* a new plan has an empty object */
    run->plan->options = options;
    return ASSAY_OK;
}

static void set_seed(struct assay_plan *plan, const struct assay_run_setup *setup)
{
    plan->seed_source = setup->seed_source ? setup->seed_source : "fixed";
    plan->seed = setup->seed;
    if (!setup->has_seed) {
        assay_rng_system_bytes(&plan->seed, sizeof plan->seed);
    }
    if (setup->nonce) {
        (void)snprintf(plan->nonce, sizeof plan->nonce, "%s", setup->nonce);
    }
}

static assay_code make_plan(struct run *run, assay_err *err)
{
    const struct assay_run_setup *setup = run->setup;
    assay_code rc = assay_plan_new(&run->plan, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_plan *plan = run->plan;
    plan->workload = setup->workload->name;
    plan->load = setup->load;
    plan->stop = setup->stop;
    plan->warmup = setup->warmup;
    plan->order = "fixed";
    assay_rng_system_bytes(plan->run_id, sizeof plan->run_id);
    set_seed(plan, setup);
    rc = check_load(setup, &plan->load, err);
    if (rc == ASSAY_OK) {
        rc = set_options(run, err);
    }
    if (rc == ASSAY_OK) {
        rc = set_arms(run, err);
    }
    if (rc == ASSAY_OK && plan->load.mode == ASSAY_LOAD_PAIRED) {
        set_pairs(setup, plan);
    }
    if (rc == ASSAY_OK) {
        rc = assay_schedule_draw(plan, &setup->shape, setup->workload->ops_per_user_s, err);
    }
    if (rc == ASSAY_OK && setup->workload->plan) {
        rc = setup->workload->plan(setup->state, plan, err);
    }
    if (rc == ASSAY_OK && plan->metrics_count == 0) {
        rc = assay_metric_add_defaults(plan, err);
    }
    return rc == ASSAY_OK ? assay_plan_encode(plan, &run->plan_bytes, err) : rc;
}

/* ---- measuring ---------------------------------------------------------------------------------------------------*/

static assay_code verify(const struct run *run, enum assay_moment moment, assay_err *err)
{
    const struct assay_workload *workload = run->setup->workload;
    return workload->verify ? workload->verify(run->setup->state, moment, err) : ASSAY_OK;
}

static assay_code measure(struct run *run, assay_err *err)
{
    assay_code rc = assay_run_facts_probe(&run->facts, err);
    if (rc == ASSAY_OK) {
        rc = verify(run, ASSAY_BEFORE_RUN, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_engine_init(&run->engine, run->setup, run->plan, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    run->facts.clock_cost = assay_clock_measure_cost();
    run->facts.started_real_ns = assay_clock_real_ns();
    rc = assay_engine_run(&run->engine, err);
    run->facts.finished_real_ns = assay_clock_real_ns();
    run->facts.stop_reason = assay_stop_reason_text(assay_engine_stopped(&run->engine));
    if (rc == ASSAY_OK) {
        rc = verify(run, ASSAY_AFTER_RUN, err);
    }
    if (rc == ASSAY_OK && run->setup->workload->describe) {
        rc = run->setup->workload->describe(run->setup->state, &run->facts.description, err);
    }
    return rc;
}

/* ---- the trace and the document ----------------------------------------------------------------------------------*/

static assay_code add_samples(struct run *run, assay_err *err)
{
    struct assay_engine *engine = &run->engine;
    struct assay_recorder *recorders[ASSAY_WORKERS_MAX];
    for (size_t i = 0; i < engine->workers_count; i++) {
        recorders[i] = engine->workers[i].recorder;
    }
    return assay_recorder_drain(recorders, engine->workers_count, engine->origin_ns, run->trace, err);
}

static assay_code add_readings(struct run *run, assay_err *err)
{
    struct assay_engine *engine = &run->engine;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < engine->clock_readings_count; i++) {
        struct assay_clock_reading reading = engine->clock_readings[i];
        reading.mono_before_ns -= engine->origin_ns;
        reading.mono_after_ns -= engine->origin_ns;
        rc = assay_trace_add_clock(run->trace, &reading, err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < engine->host_readings_count; i++) {
        rc = assay_trace_add_host(run->trace, &engine->host_readings[i], err);
    }
    return rc;
}

static assay_code write_trace(struct run *run, assay_err *err)
{
    json_t *facts = NULL;
    struct assay_trace_ident ident;
    assay_trace_ident_of(run->plan->run_id, run->plan_bytes.data, run->plan_bytes.len, &ident);
    assay_code rc = assay_trace_writer_new(&ident, &run->trace, err);
    if (rc == ASSAY_OK) {
        rc = add_samples(run, err);
    }
    if (rc == ASSAY_OK) {
        rc = add_readings(run, err);
    }
    if (rc == ASSAY_OK && run->facts.description.kernels) {
        rc = assay_trace_add_kernels(run->trace, run->facts.description.kernels, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_run_facts_checks(&run->facts, run->setup->checks, run->trace, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_run_facts_make(&run->facts, run->setup, run->plan, &run->plan_bytes, run->trace, &facts, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_trace_finish(run->trace, facts, &run->trace_bytes, err);
    }
    json_decref(facts);
    return rc;
}

static assay_code derive(struct run *run, assay_err *err)
{
    assay_code rc = assay_receipt_derive(run->plan_bytes.data, run->plan_bytes.len, run->trace_bytes.data,
                                         run->trace_bytes.len, &run->derivation, err);
    if (rc == ASSAY_MALFORMED) {
        /* What we have just written does not hold together: that is nobody's input. */
        assay_wrap(err, "the run's own trace was refused");
        rc = ASSAY_BUG;
        if (err) {
            err->code = rc;
        }
    }
    if (rc == ASSAY_OK && run->setup->on_document) {
        rc = run->setup->on_document(run->setup->evidence_context, run->derivation.statement, &run->file_bytes, err);
    } else if (rc == ASSAY_OK) {
        rc = assay_receipt_envelope(run->derivation.statement, &run->file_bytes, err);
    }
    return rc;
}

static assay_code write_files(struct run *run, assay_err *err)
{
    if (run->setup->is_in_memory) {
        return ASSAY_OK;
    }
    assay_code rc = assay_run_dir_write(&run->dir, "trace.assay", &run->trace_bytes, err);
    const json_t *identity = run->facts.description.identity;
    if (rc == ASSAY_OK && identity) {
        rc = assay_json_canon(identity, &run->identity_bytes, err);
        if (rc == ASSAY_OK) {
            rc = assay_run_dir_write(&run->dir, "identity.json", &run->identity_bytes, err);
        }
    }
    if (rc == ASSAY_OK) {
        rc = assay_run_dir_write(&run->dir, assay_document_file(run->derivation.document), &run->file_bytes, err);
    }
    return rc;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------*/

static void hand_over(struct run *run, struct assay_run_result *ret)
{
    *ret = (struct assay_run_result){.document = run->derivation.document,
                                     .outcome = run->derivation.outcome,
                                     .plan = run->plan_bytes,
                                     .trace = run->trace_bytes,
                                     .file = run->file_bytes,
                                     .statement = run->derivation.statement};
    memcpy(ret->dir, run->dir.path, sizeof ret->dir);
    run->derivation.statement = NULL;
    run->plan_bytes = run->trace_bytes = run->file_bytes = (struct assay_buf){0}; /* theirs now */
}

static void release(struct run *run)
{
    assay_engine_done(&run->engine);
    assay_trace_writer_free(run->trace);
    assay_run_facts_done(&run->facts);
    json_decref(run->derivation.statement);
    assay_buf_done(&run->plan_bytes);
    assay_buf_done(&run->trace_bytes);
    assay_buf_done(&run->file_bytes);
    assay_buf_done(&run->identity_bytes);
    assay_plan_free(run->plan);
}

static assay_code announce(struct run *run, assay_err *err)
{
    const struct assay_run_setup *setup = run->setup;
    if (!setup->on_planned) {
        return ASSAY_OK;
    }
    run->facts.logged = json_object();
    return setup->on_planned(setup->evidence_context, run->plan, &run->plan_bytes, run->facts.logged, err);
}

static assay_code make_directory(struct run *run, assay_err *err)
{
    if (run->setup->is_in_memory) {
        return ASSAY_OK;
    }
    assay_code rc = assay_run_dir_make(&run->dir, run->setup->out_dir, run->plan->run_id, err);
    return rc == ASSAY_OK ? assay_run_dir_write(&run->dir, "plan.json", &run->plan_bytes, err) : rc;
}

assay_code assay_run(const struct assay_run_setup *setup, struct assay_run_result *ret, assay_err *err)
{
    assert(setup && setup->workload && (setup->workload->step || (setup->workload->submit && setup->workload->reap)));
    struct run run = {.setup = setup};
    assay_buf_init(&run.plan_bytes, ASSAY_PLAN_BYTES_MAX);
    assay_buf_init(&run.trace_bytes, ASSAY_TRACE_BYTES_MAX);
    assay_buf_init(&run.file_bytes, ASSAY_ENVELOPE_BYTES_MAX);
    assay_buf_init(&run.identity_bytes, ASSAY_ENVELOPE_BYTES_MAX);
    show_phase(&run, "prepare");
    assay_code rc = make_plan(&run, err);
    if (rc == ASSAY_OK) {
        rc = make_directory(&run, err);
    }
    if (rc == ASSAY_OK) {
        rc = announce(&run, err);
    }
    if (rc == ASSAY_OK) {
        rc = measure(&run, err);
    }
    if (rc == ASSAY_OK) {
        show_phase(&run, "write");
        rc = write_trace(&run, err);
    }
    if (rc == ASSAY_OK) {
        rc = derive(&run, err);
    }
    if (rc == ASSAY_OK) {
        rc = write_files(&run, err);
    }
    if (rc == ASSAY_OK) {
        hand_over(&run, ret);
    } else {
        assay_run_dir_undo(&run.dir);
    }
    release(&run);
    return rc;
}

void assay_run_result_done(struct assay_run_result *result)
{
    assay_buf_done(&result->plan);
    assay_buf_done(&result->trace);
    assay_buf_done(&result->file);
    json_decref(result->statement);
    *result = (struct assay_run_result){0};
}

/* Outputs that are not what they should be make a complete run one that was found wanting. */
static bool has_wrong_output(const json_t *statement)
{
    const json_t *checks = assay_json_at(statement, "/predicate/checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        const char *rule = json_string_value(json_object_get(check, "rule"));
        const char *verdict = json_string_value(json_object_get(check, "verdict"));
        bool is_output = rule && (strcmp(rule, "output_reference@1") == 0 || strcmp(rule, "output_same@1") == 0);
        if (is_output && verdict && strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_FAIL)) == 0) {
            return true;
        }
    }
    return false;
}

int assay_run_exit_status(const struct assay_run_result *result)
{
    if (result->document == ASSAY_DOCUMENT_RECEIPT && has_wrong_output(result->statement)) {
        return assay_code_exit(ASSAY_WANTING);
    }
    static const struct {
        const char *outcome;
        int status;
    } STATUSES[] = {{"valid", 0}, {"invalid", 2}, {"partial", 2}, {"aborted", 2}, {"standin", 2}, {"failed", 5}};
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        if (strcmp(STATUSES[i].outcome, result->outcome) == 0) {
            return STATUSES[i].status;
        }
    }
    return assay_code_exit(ASSAY_BUG);
}
