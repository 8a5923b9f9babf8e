/*
 * command: programs as arms. One step is one process from spawn to exit, stamped by the spawner; the arms of a round
 * get the same padding of the environment, another one each round, so that no layout of the stack favours an arm.
 */
#include "workload/command.h"

#include "base/mem.h"
#include "base/rng.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LAYOUT_USE "command.layout" /* substream of the seed: environment sizes */
#define PAD_STEP 16                 /* the stack is aligned to 16 bytes: smaller steps change nothing */
#define WHAT_BYTES 32
#define COMPLAINT_BYTES 160 /* of a command's standard error in our message */

/* ---- before the run ----------------------------------------------------------------------------------------------*/

static assay_code command_open(void *block, assay_err *err)
{
    struct assay_command_state *state = block;
    const struct assay_command_options *options = &state->options;
    struct stat info;
    if (options->timeout_ns == 0) {
        return assay_fail(err, ASSAY_USAGE, "--timeout is 0, expected a time");
    }
    if (options->cwd && (stat(options->cwd, &info) != 0 || !S_ISDIR(info.st_mode))) {
        return assay_fail(err, ASSAY_NOT_FOUND, "--cwd: there is no directory '%s'", options->cwd);
    }
    if (options->input) {
        assay_code rc = assay_command_file_digest(options->input, &state->input, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "--input");
            return rc;
        }
    }
    return assay_command_outputs_open(options, &state->outputs, err);
}

/* What distinguishes an arm. */
static assay_code put_args(const struct assay_command_program *program, const char *line, bool use_shell, json_t **ret,
                           assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *args = json_object();
    assay_json_put_slice(&b, args, "command", line, strlen(line));
    json_t *argv = assay_json_put_array(&b, args, "argv");
    for (size_t i = 0; program->argv[i]; i++) {
        assay_json_add_text(&b, argv, program->argv[i]);
    }
    assay_json_put_text(&b, args, "program", program->path);
    assay_json_put_bool(&b, args, "shell", use_shell);
    assay_code rc = assay_json_builder_check(&b, args, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "a command line is kept in the plan, which is UTF-8");
        json_decref(args);
        return rc;
    }
    *ret = args;
    return ASSAY_OK;
}

static assay_code open_arm(struct assay_command_state *state, const struct assay_arm_text *text,
                           struct assay_plan *plan, assay_err *err)
{
    size_t i = state->arms_count;
    char what[WHAT_BYTES];
    (void)snprintf(what, sizeof what, "arm %s", text->id);
    assay_code rc = assay_command_program_find(text->text, &state->options, what, &state->arms[i], err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    state->arms_count++;
    memcpy(state->arm_ids[i], text->id, sizeof state->arm_ids[i]);
    assay_sha256_of(text->text, strlen(text->text), &state->lines[i]);
    struct assay_plan_arm *arm = &plan->arms[i];
    *arm = (struct assay_plan_arm){.label = assay_arena_text(&plan->arena, text->text, strlen(text->text))};
    memcpy(arm->id, text->id, sizeof arm->id);
    if (!arm->label) {
        return assay_nomem(err);
    }
    plan->arms_count = i + 1;
    return put_args(&state->arms[i], text->text, state->options.use_shell, &arm->args, err);
}

static struct assay_spawn_job job_of(const struct assay_command_state *state,
                                     const struct assay_command_program *program)
{
    return (struct assay_spawn_job){.path = program->path,
                                    .argv = program->argv,
                                    .cwd = state->options.cwd,
                                    .timeout_ns = state->options.timeout_ns};
}

/* The programs are known and little is allocated: now the spawner is small. */
static assay_code start_spawner(struct assay_command_state *state, assay_err *err)
{
    struct assay_spawn_job jobs[ASSAY_PLAN_ARMS_MAX + 2];
    size_t count = 0;
    for (; count < state->arms_count; count++) {
        jobs[count] = job_of(state, &state->arms[count]);
        jobs[count].input = state->options.input;
    }
    if (state->prepare.argv) {
        state->prepare_job = count;
        jobs[count++] = job_of(state, &state->prepare);
    }
    if (state->outputs.reference == ASSAY_COMMAND_JUDGE) {
        state->outputs.judge_job = count;
        jobs[count] = job_of(state, &state->outputs.judge);
        jobs[count++].reads_input = true;
    }
    return assay_spawner_start(jobs, count, &state->spawner, err);
}

static assay_code command_arms(void *block, const struct assay_arm_text *texts, size_t count, struct assay_plan *plan,
                               assay_err *err)
{
    struct assay_command_state *state = block;
    if (count == 0) {
        return assay_fail(err, ASSAY_USAGE, "what to run is missing: --arm a='COMMAND', once for each command");
    }
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        rc = open_arm(state, &texts[i], plan, err);
    }
    state->outputs.is_between_arms = count > 1;
    if (rc == ASSAY_OK && state->options.prepare) {
        rc = assay_command_program_find(state->options.prepare, &state->options, "--prepare", &state->prepare, err);
    }
    return rc == ASSAY_OK ? start_spawner(state, err) : rc;
}

/* One padding a round: the operations of a round share a salt. */
static assay_code command_plan(void *block, struct assay_plan *plan, assay_err *err)
{
    (void)block;
    (void)err;
    struct assay_rng rng;
    assay_rng_seed(&rng, plan->seed, LAYOUT_USE);
    uint64_t pad = 0;
    for (size_t i = 0; i < plan->ops_count; i++) {
        if (i == 0 || plan->ops[i].round != plan->ops[i - 1].round) {
            pad = assay_rng_below(&rng, ASSAY_SPAWN_PAD_BYTES_MAX / PAD_STEP + 1) * PAD_STEP;
        }
        plan->ops[i].salt = pad;
    }
    return ASSAY_OK;
}

/* After the run the programs must still be what they were. */
static assay_code command_verify(void *block, enum assay_moment moment, assay_err *err)
{
    struct assay_command_state *state = block;
    for (size_t i = 0; moment == ASSAY_AFTER_RUN && i < state->arms_count; i++) {
        struct assay_digest now;
        bool is_there = assay_command_file_digest(state->arms[i].path, &now, NULL) == ASSAY_OK;
        state->is_changed |= !is_there || !assay_digest_equal(&now, &state->arms[i].digest);
    }
    (void)err;
    return ASSAY_OK;
}

static pid_t command_helper(void *block)
{
    return assay_spawner_pid(((struct assay_command_state *)block)->spawner);
}

/* ---- the run -----------------------------------------------------------------------------------------------------*/

static assay_code command_worker_open(void *block, void *worker_block, const struct assay_worker_setup *setup,
                                      assay_err *err)
{
    (void)err;
    struct assay_command_worker *worker = worker_block;
    *worker = (struct assay_command_worker){.state = block, .stop_fd = setup->stop_fd};
    assert(setup->count == 1); /* commands take turns */
    assay_mem_give_back();     /* what was needed to prepare the run is not, while commands have the machine */
    return ASSAY_OK;
}

static assay_code fail_start(const struct assay_command_program *program, const char *what, int error, assay_err *err)
{
    return assay_fail(err, ASSAY_IO, "%s: cannot start '%s': %s", what, program->path, strerror(error));
}

static assay_code prepare(struct assay_command_worker *worker, size_t pad, bool *ret_is_interrupted, assay_err *err)
{
    struct assay_command_state *state = worker->state;
    struct assay_spawn_outcome outcome;
    *ret_is_interrupted = false;
    if (state->prepare_job == 0) {
        return ASSAY_OK;
    }
    assay_code rc = assay_spawner_run(state->spawner, state->prepare_job, pad, worker->stop_fd, &outcome, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (outcome.end == ASSAY_SPAWN_NOT_STARTED) {
        return fail_start(&state->prepare, "--prepare", outcome.error, err);
    }
    *ret_is_interrupted = outcome.end == ASSAY_SPAWN_INTERRUPTED;
    if (outcome.end == ASSAY_SPAWN_TIMED_OUT || (!*ret_is_interrupted && outcome.exit_status != 0)) {
        char complaint[COMPLAINT_BYTES];
        assay_spawner_complaint(state->spawner, complaint, sizeof complaint);
        return assay_fail(err, ASSAY_IO, "--prepare ended with status %u, expected 0%s%s", outcome.exit_status,
                          complaint[0] ? ": " : "", complaint);
    }
    return ASSAY_OK;
}

static enum assay_status status_of(const struct assay_command_state *state, const struct assay_spawn_outcome *outcome)
{
    switch (outcome->end) {
    case ASSAY_SPAWN_TIMED_OUT:
        return ASSAY_STATUS_TIMEOUT_TOTAL;
    case ASSAY_SPAWN_INTERRUPTED:
        return ASSAY_STATUS_CANCELLED_STOP;
    case ASSAY_SPAWN_EXITED:
    case ASSAY_SPAWN_NOT_STARTED:
        break;
    }
    return outcome->exit_status == state->options.expect_exit ? ASSAY_STATUS_OK : ASSAY_STATUS_EXIT;
}

static void fill_process(const struct assay_spawn_outcome *outcome, const struct assay_digest *output,
                         struct assay_process *ret)
{
    *ret = (struct assay_process){.spawn_ns = outcome->spawned_ns - outcome->start_ns,
                                  .cpu_tree_ns = outcome->cpu_tree_ns,
                                  .maxrss_bytes = outcome->maxrss_bytes,
                                  .rss_floor_bytes = outcome->rss_floor_bytes,
                                  .minflt = outcome->minflt,
                                  .majflt = outcome->majflt,
                                  .nvcsw = outcome->nvcsw,
                                  .nivcsw = outcome->nivcsw,
                                  .exit_status = outcome->exit_status};
    memcpy(ret->output_sha256, output->bytes, sizeof ret->output_sha256);
}

static assay_code finish(struct assay_command_worker *worker, const struct assay_spawn_outcome *outcome,
                         struct assay_step *ret, assay_err *err)
{
    struct assay_command_state *state = worker->state;
    struct assay_digest digest;
    ret->status = status_of(state, outcome);
    ret->start_ns = outcome->start_ns;
    ret->end_ns = outcome->end_ns;
    ret->cpu_ns = outcome->cpu_ns;
    state->left_behind += outcome->left_behind;
    state->output_full += assay_spawner_output_bytes(state->spawner) == ASSAY_SPAWN_OUTPUT_BYTES_MAX;
    assay_command_output_digest(state->spawner, &digest);
    fill_process(outcome, &digest, &worker->process);
    ret->process = &worker->process;
    if (ret->status != ASSAY_STATUS_OK) {
        return ASSAY_OK; /* what a failed command wrote is compared with nothing */
    }
    bool is_good;
    assay_code rc =
        assay_command_output_check(&state->outputs, state->spawner, worker->stop_fd, &digest, &is_good, err);
    ret->status = is_good ? ASSAY_STATUS_OK : ASSAY_STATUS_WRONG;
    return rc;
}

static assay_code command_step(void *worker_block, const struct assay_operation *operation, struct assay_step *ret,
                               assay_err *err)
{
    struct assay_command_worker *worker = worker_block;
    struct assay_command_state *state = worker->state;
    size_t arm = operation->op->arm, pad = (size_t)operation->op->salt;
    bool is_interrupted;
    assay_code rc = prepare(worker, pad, &is_interrupted, err);
    if (rc != ASSAY_OK || is_interrupted) {
        ret->status = ASSAY_STATUS_CANCELLED_STOP;
        return rc;
    }
    struct assay_spawn_outcome outcome;
    rc = assay_spawner_run(state->spawner, arm, pad, worker->stop_fd, &outcome, err);
    if (rc == ASSAY_OK && outcome.end == ASSAY_SPAWN_NOT_STARTED) {
        char what[WHAT_BYTES];
        (void)snprintf(what, sizeof what, "arm %s", state->arm_ids[arm]);
        return fail_start(&state->arms[arm], what, outcome.error, err);
    }
    return rc == ASSAY_OK ? finish(worker, &outcome, ret, err) : rc;
}

static void command_close(void *block)
{
    struct assay_command_state *state = block;
    assay_spawner_stop(state->spawner);
    state->spawner = NULL;
    for (size_t i = 0; i < state->arms_count; i++) {
        assay_command_program_done(&state->arms[i]);
    }
    assay_command_program_done(&state->prepare);
    assay_command_program_done(&state->outputs.judge);
    state->arms_count = 0;
}

const struct assay_workload assay_workload_command = {
    .name = "command",
    .summary = "programs, one process an operation; several of them in turn (--arm a=... --arm b=...)",
    .options = assay_command_option_rows,
    .options_count = ASSAY_COMMAND_OPTIONS_COUNT,
    .state_bytes = sizeof(struct assay_command_state),
    .worker_bytes = sizeof(struct assay_command_worker),
    .pairing = ASSAY_PAIRING_ALWAYS,
    .is_quiet = true,
    .defaults = assay_command_defaults,
    .open = command_open,
    .arms = command_arms,
    .plan = command_plan,
    .verify = command_verify,
    .helper = command_helper,
    .worker_open = command_worker_open,
    .step = command_step,
    .describe = assay_command_describe,
    .close = command_close,
};
