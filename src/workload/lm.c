#include "workload/lm.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

#define EPOCH_DEFAULT_NS (20 * ASSAY_NS_PER_MS) /* long against a reading of the counters, short against a turn */
#define EPOCH_MAX_NS (60 * ASSAY_NS_PER_S)

#define AT(member) offsetof(struct lm_options, member)

static const struct assay_opt OPTIONS[] = {
    {"model", "FILE", "the model, a GGUF file ('assay lm synth' writes one)", ASSAY_OPT_TEXT, AT(model)},
    {"p", "LIST", "prompt lengths to prefill; 0: none", ASSAY_OPT_TEXT, AT(prompts)},
    {"n", "N", "tokens to decode (default 32); 0: none", ASSAY_OPT_U64, AT(decoded), .max = ASSAY_MODEL_CONTEXT_MAX},
    {"tokens", "LIST", "prompt tokens a pass (default all of the prompt, at most 512)", ASSAY_OPT_TEXT, AT(passes)},
    {"depth", "LIST", "tokens of context before those that are decoded", ASSAY_OPT_TEXT, AT(depths)},
    {"batch", "LIST", "sequences that are decoded together", ASSAY_OPT_TEXT, AT(batches)},
    {"threads", "N", "threads of a pass (default $ASSAY_THREADS, else all CPUs)", ASSAY_OPT_U64, AT(threads),
     .max = ASSAY_TEAM_THREADS_MAX},
    {"pinned", "0|1", "thread i on the i-th CPU of the affinity mask (default $ASSAY_PIN, else 1)", ASSAY_OPT_TEXT,
     AT(pin)},
    {"epoch", "T", "least length of one timed region (default 20ms)", ASSAY_OPT_DURATION, AT(epoch_ns)},
    {"pages", "huge|small|mapped", "where the weights lie (default $ASSAY_PAGES, else huge)", ASSAY_OPT_TEXT,
     AT(pages)},
    {"head", "exact|screened", "of one greedy sequence (default $ASSAY_HEAD, else exact)", ASSAY_OPT_TEXT, AT(head)},
    {"isa", "ISA", "highest instruction set allowed (default $ASSAY_ISA)", ASSAY_OPT_TEXT, AT(isa)},
    {"kernel", "NAME=ISA,...", "variants that must run (default $ASSAY_KERNEL)", ASSAY_OPT_TEXT, AT(kernels)},
    {"forbid", "PATTERN,...", "ids that may not run (default $ASSAY_KERNEL_FORBID)", ASSAY_OPT_TEXT, AT(forbid)},
    {"fresh", NULL, "one output is computed again by a new process and held against the run's", ASSAY_OPT_FLAG_ON,
     AT(wants_fresh)},
};

/* ---- options and environment ------------------------------------------------------------------------------------- */

static const char *from_environment(const char *variable)
{
    const char *text = getenv(variable);
    return text && text[0] != '\0' ? text : NULL;
}

/* What the environment says goes into plan and receipt as if it had been typed. */
static void lm_defaults(void *state)
{
    struct lm_options *options = &((struct lm_state *)state)->options;
    options->decoded = LM_DECODED_WHOLE;
    options->epoch_ns = EPOCH_DEFAULT_NS;
    options->pages = from_environment("ASSAY_PAGES");
    options->pin = from_environment("ASSAY_PIN");
    options->head = from_environment("ASSAY_HEAD");
    options->wants_fresh = true;
    options->isa = from_environment("ASSAY_ISA");
    options->kernels = from_environment("ASSAY_KERNEL");
    options->forbid = from_environment("ASSAY_KERNEL_FORBID");
}

static assay_code check_options(struct lm_options *options, assay_err *err)
{
    if (!options->model) {
        return assay_fail(err, ASSAY_USAGE, "which model is missing: a GGUF file ('assay lm synth' writes one)");
    }
    if (options->epoch_ns == 0 || options->epoch_ns > EPOCH_MAX_NS) {
        return assay_fail(err, ASSAY_USAGE, "--epoch is %.3f s, expected more than 0 and at most 60 s",
                          (double)options->epoch_ns / 1e9);
    }
    if (options->pin && strcmp(options->pin, "0") != 0 && strcmp(options->pin, "1") != 0) {
        return assay_fail(err, ASSAY_USAGE, "--pinned (ASSAY_PIN) is '%.40s', expected 0 or 1", options->pin);
    }
    return ASSAY_OK;
}

/* ---- opening ------------------------------------------------------------------------------------------------------*/

/* Room for every case that may be asked for; positions cost nothing before they are used. */
static assay_code set_room(const struct lm_options *options, struct assay_engine_setup *setup, assay_err *err)
{
    struct lm_case cases[LM_CASES_MAX];
    size_t count = 0;
    assay_code rc = lm_cases_make(options, ASSAY_MODEL_CONTEXT_MAX, cases, &count, err);
    setup->batch = setup->logits = 1;
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        const struct lm_case *which = &cases[i];
        uint64_t pages = lm_case_positions(which) / ASSAY_KV_PAGE_POSITIONS + 1;
        setup->batch = which->pass > setup->batch ? which->pass : setup->batch;
        setup->batch = which->depth > setup->batch ? which->depth : setup->batch;
        setup->logits = which->kind == LM_DECODE && which->batch > setup->logits ? which->batch : setup->logits;
        setup->positions += pages * which->batch * ASSAY_KV_PAGE_POSITIONS;
    }
    setup->batch = setup->batch < ASSAY_ENGINE_BATCH_MAX ? setup->batch : ASSAY_ENGINE_BATCH_MAX;
    return rc;
}

static assay_code open_engine(struct lm_state *state, assay_err *err)
{
    struct lm_options *options = &state->options;
    const struct assay_kernel_options kernels = {.isa = options->isa ? options->isa : "",
                                                 .kernels = options->kernels ? options->kernels : "",
                                                 .forbid = options->forbid ? options->forbid : ""};
    struct assay_engine_setup setup = {.threads = options->threads, .kernels = &kernels, .plant = state->plant};
    assay_code rc = set_room(options, &setup, err);
    if (rc == ASSAY_OK && options->pages) {
        setup.has_pages = true;
        rc = assay_pages_named(options->pages, &setup.pages, err);
    }
    if (rc == ASSAY_OK && options->head) {
        setup.has_head = true;
        rc = assay_head_named(options->head, &setup.head, err);
    }
    if (options->pin) {
        setup.pin = options->pin[0] == '1' ? ASSAY_SWITCH_ON : ASSAY_SWITCH_OFF;
    }
    rc = rc == ASSAY_OK ? assay_engine_setup_env(&setup, err) : rc;
    return rc == ASSAY_OK ? assay_engine_open(options->model, &setup, &state->engine, err) : rc;
}

/* The engine pins the thread that opens it. The run belongs to another one: this thread goes where it was, so that the
 * fingerprint sees all CPUs, and the worker pins itself. */
static void pin_here(const struct lm_state *state)
{
    if (state->facts.is_pinned) {
        (void)assay_thread_pin(0);
    }
}

static void unpin_here(const struct lm_state *state)
{
    if (state->has_mask) {
        (void)sched_setaffinity(0, sizeof state->mask, &state->mask);
    }
}

static assay_code lm_open(void *block, assay_err *err)
{
    struct lm_state *state = block;
    state->stop_fd = -1;
    state->has_mask = sched_getaffinity(0, sizeof state->mask, &state->mask) == 0;
    assay_code rc = check_options(&state->options, err);
    rc = rc == ASSAY_OK ? open_engine(state, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    unpin_here(state);
    assay_engine_facts_of(state->engine, &state->facts);
    assay_engine_watch(state->engine, lm_may_go_on, state);
    state->set = assay_engine_kernels(state->engine);
    state->model = assay_engine_model(state->engine);
    state->team = assay_engine_team(state->engine);
    state->counters = assay_team_counters(state->team);
    state->options.threads = assay_team_threads(state->team);
    state->before = assay_alloc(assay_kernel_set_rows(state->set), sizeof *state->before);
    return state->before ? ASSAY_OK : assay_nomem(err);
}

/* ---- arms ---------------------------------------------------------------------------------------------------------*/

/* Of the process record only the digest of the output is known: there is no process. */
static const struct assay_process PROCESS_UNKNOWN = {.spawn_ns = ASSAY_NS_ABSENT,
                                                     .cpu_tree_ns = ASSAY_NS_ABSENT,
                                                     .maxrss_bytes = ASSAY_NS_ABSENT,
                                                     .rss_floor_bytes = ASSAY_NS_ABSENT,
                                                     .minflt = ASSAY_NS_ABSENT,
                                                     .majflt = ASSAY_NS_ABSENT,
                                                     .nvcsw = ASSAY_NS_ABSENT,
                                                     .nivcsw = ASSAY_NS_ABSENT};

static assay_code add_arm(struct lm_state *state, const struct lm_case *which, struct assay_plan *plan, assay_err *err)
{
    size_t i = state->arms_count++; /* counted before what can fail, so that close releases it */
    struct lm_arm *arm = &state->arms[i];
    *arm = (struct lm_arm){.id = {(char)('a' + i), '\0'}, .which = *which, .process = PROCESS_UNKNOWN};
    assay_code rc = lm_arm_open(state, arm, plan->seed, err);
    rc = rc == ASSAY_OK ? lm_arm_calibrate(state, arm, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", which->label);
        return rc;
    }
    struct assay_json_builder b = {0};
    json_t *args = json_object();
    lm_put_args(&b, args, state, arm);
    rc = assay_json_builder_check(&b, args, err);
    if (rc != ASSAY_OK) {
        json_decref(args);
        return rc;
    }
    plan->arms[i] = (struct assay_plan_arm){.label = assay_arena_text(&plan->arena, which->label, strlen(which->label)),
                                            .args = args};
    memcpy(plan->arms[i].id, arm->id, sizeof arm->id);
    plan->arms_count = i + 1;
    return plan->arms[i].label ? ASSAY_OK : assay_nomem(err);
}

static assay_code lm_arms(void *block, const struct assay_arm_text *texts, size_t count, struct assay_plan *plan,
                          assay_err *err)
{
    struct lm_state *state = block;
    struct lm_case cases[LM_CASES_MAX];
    size_t cases_count = 0;
    (void)texts;
    if (count > 0) {
        return assay_fail(err, ASSAY_USAGE, "--arm is of other workloads: cases come from -p, -n, --depth and --batch");
    }
    assay_code rc = lm_cases_make(&state->options, state->model->shape.context, cases, &cases_count, err);
    state->seed = plan->seed;
    pin_here(state);
    for (size_t i = 0; i < cases_count && rc == ASSAY_OK; i++) {
        rc = add_arm(state, &cases[i], plan, err);
    }
    unpin_here(state);
    return rc;
}

/* ---- around the run -----------------------------------------------------------------------------------------------*/

static assay_code lm_verify(void *block, enum assay_moment moment, assay_err *err)
{
    struct lm_state *state = block;
    assay_code rc = moment == ASSAY_BEFORE_RUN ? lm_digest_before(state, err) : ASSAY_OK;
    pin_here(state);
    if (rc == ASSAY_OK && moment == ASSAY_BEFORE_RUN) {
        rc = lm_probe_open(state, err);
        assay_kernel_counters_zero(state->counters); /* what was run so far was no measurement */
    }
    if (rc == ASSAY_OK) {
        lm_probe_pass(state);
    }
    unpin_here(state);
    rc = rc == ASSAY_OK && moment == ASSAY_AFTER_RUN ? lm_digest_after(state, err) : rc;
    return rc == ASSAY_OK && moment == ASSAY_AFTER_RUN && state->options.wants_fresh ? lm_fresh(state, err) : rc;
}

static assay_code lm_worker_open(void *block, void *worker, const struct assay_worker_setup *setup, assay_err *err)
{
    (void)err;
    struct lm_state *state = block;
    state->stop_fd = setup->stop_fd;
    pin_here(state);
    *(struct lm_state **)worker = state;
    return ASSAY_OK;
}

static void lm_close(void *block)
{
    struct lm_state *state = block;
    for (size_t i = 0; i < state->arms_count; i++) {
        lm_arm_close(&state->arms[i]);
    }
    lm_probe_close(state);
    assay_engine_free(state->engine);
    assay_free(state->before);
    *state = (struct lm_state){.options = state->options};
}

void assay_workload_lm_plant(void *state, const struct assay_kernel_operation *op)
{
    ((struct lm_state *)state)->plant = op;
}

assay_code assay_workload_lm_digest(void *block, const char *seed, char ret[65], assay_err *err)
{
    struct lm_state *state = block;
    struct lm_case cases[LM_CASES_MAX];
    size_t cases_count = 0;
    uint64_t number = 0;
    assay_code rc = assay_num_u64(assay_slice_of(seed), "--seed", UINT64_MAX, &number, err);
    rc = rc == ASSAY_OK ? lm_open(state, err) : rc;
    rc = rc == ASSAY_OK ? lm_cases_make(&state->options, state->model->shape.context, cases, &cases_count, err) : rc;
    if (rc == ASSAY_OK) {
        struct lm_arm *arm = &state->arms[state->arms_count++];
        *arm = (struct lm_arm){.which = cases[0]};
        rc = lm_arm_open(state, arm, number, err);
        rc = rc == ASSAY_OK ? lm_arm_digest(state, arm, err) : rc;
        assay_hex_print(arm->process.output_sha256, sizeof arm->process.output_sha256, ret);
    }
    lm_close(state);
    return rc;
}

const struct assay_workload assay_workload_lm = {
    .name = "lm",
    .summary = "the built-in language model: prefill and decode, with every kernel counted",
    .argument = "model",
    .options = OPTIONS,
    .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .state_bytes = sizeof(struct lm_state),
    .worker_bytes = sizeof(struct lm_state *),
    .pairing = ASSAY_PAIRING_ALWAYS,
    .is_quiet = true,
    .defaults = lm_defaults,
    .open = lm_open,
    .arms = lm_arms,
    .verify = lm_verify,
    .worker_open = lm_worker_open,
    .step = lm_step,
    .describe = lm_describe,
    .close = lm_close,
};
