/* Running a case: the timed region, and what comes out of it. */
#include "workload/lm.h"

#include "base/mem.h"
#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_READS_MIN 2000 /* two readings a region are then 0.1 % of it (statistics.md 1.8) */
#define REPEATS_MAX 1000000
#define CALIBRATION_TRIES 2 /* the second run finds weights and tables in the cache */
#define PROBE_EVERY_ROUNDS 16
#define STREAM_BYTES 96 /* "lm.tokens." and a label */

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static uint64_t fed_to_each(const struct lm_case *which)
{
    return which->kind == LM_PREFILL ? which->prompt : which->depth + which->decoded;
}

static const int32_t *ids_of(const struct lm_arm *arm, uint64_t sequence)
{
    return arm->ids + sequence * fed_to_each(&arm->which);
}

/* Random tokens: greedy text of random weights is nearly constant, and a run must not depend on what it picks. */
static void draw_tokens(const struct lm_state *state, struct lm_arm *arm, uint64_t seed)
{
    char use[STREAM_BYTES];
    struct assay_rng rng;
    (void)snprintf(use, sizeof use, "lm.tokens.%s", arm->which.label);
    assay_rng_seed(&rng, seed, use);
    for (uint64_t i = 0; i < fed_to_each(&arm->which) * arm->which.batch; i++) {
        arm->ids[i] = (int32_t)assay_rng_below(&rng, state->model->shape.vocabulary);
    }
}

assay_code lm_arm_open(struct lm_state *state, struct lm_arm *arm, uint64_t seed, assay_err *err)
{
    const struct lm_case *which = &arm->which;
    arm->repeats = 1;
    arm->ids = assay_alloc((size_t)(fed_to_each(which) * which->batch), sizeof *arm->ids);
    arm->picked = assay_alloc((size_t)lm_case_logits(which), sizeof *arm->picked);
    arm->totals = assay_alloc(assay_kernel_set_rows(state->set), sizeof *arm->totals);
    if (!arm->ids || !arm->picked || !arm->totals) {
        return assay_nomem(err);
    }
    draw_tokens(state, arm, seed);
    assay_code rc = ASSAY_OK;
    for (uint64_t i = 0; i < which->batch && rc == ASSAY_OK; i++) {
        rc = assay_session_new(state->engine, lm_case_positions(which), &arm->sessions[i], err);
        rc = rc == ASSAY_OK ? assay_session_reserve(arm->sessions[i], lm_case_positions(which), err) : rc;
    }
    return rc;
}

void lm_arm_close(struct lm_arm *arm)
{
    for (size_t i = 0; i < LM_BATCH_MAX; i++) {
        assay_session_free(arm->sessions[i]);
    }
    assay_free(arm->ids);
    assay_free(arm->picked);
    assay_free(arm->totals);
    *arm = (struct lm_arm){.repeats = 0};
}

/* ---- one run of a case ------------------------------------------------------------------------------------------ */

/* Ties to the lowest id, as greedy decoding has it. */
static int32_t best_of(const float *logits, uint64_t count)
{
    uint64_t best = 0;
    for (uint64_t i = 1; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return (int32_t)best;
}

/* Asked between two layers; a system call every so often is enough. */
bool lm_may_go_on(void *context)
{
    enum { EVERY = 16 };
    struct lm_state *state = context;
    struct pollfd stop = {.fd = state->stop_fd, .events = POLLIN};
    bool is_asked = state->stop_fd >= 0 && state->watched++ % EVERY == 0;
    return !is_asked || poll(&stop, 1, 0) <= 0;
}

/* In passes of so many tokens; only the last one's logits are anybody's. */
static assay_code feed(struct assay_session *session, const int32_t *ids, uint64_t count, uint64_t pass,
                       const float **ret_logits, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (uint64_t done = 0; done < count && rc == ASSAY_OK;) {
        uint64_t now = count - done < pass ? count - done : pass;
        bool is_last = done + now == count;
        struct assay_session_step step = {.session = session,
                                          .ids = ids + done,
                                          .count = (size_t)now,
                                          .wants = is_last && ret_logits ? ASSAY_LOGITS_LAST : ASSAY_LOGITS_NONE};
        rc = assay_session_eval_many(&step, 1, err);
        done += now;
        if (rc == ASSAY_OK && is_last && ret_logits) {
            *ret_logits = step.logits;
        }
    }
    return rc;
}

static assay_code prefill(struct lm_state *state, struct lm_arm *arm, assay_err *err)
{
    assay_session_rewind(arm->sessions[0], 0);
    assay_code rc = feed(arm->sessions[0], arm->ids, arm->which.prompt, arm->which.pass, &arm->logits, err);
    if (rc == ASSAY_OK) {
        arm->picked[0] = best_of(arm->logits, state->model->shape.vocabulary);
    }
    return rc;
}

/* One token of every sequence. */
static assay_code decode_one(struct lm_state *state, struct lm_arm *arm, uint64_t at, assay_err *err)
{
    struct assay_session_step steps[LM_BATCH_MAX];
    uint64_t batch = arm->which.batch;
    for (uint64_t i = 0; i < batch; i++) {
        steps[i] = (struct assay_session_step){.session = arm->sessions[i],
                                               .ids = ids_of(arm, i) + arm->which.depth + at,
                                               .count = 1,
                                               .wants = ASSAY_LOGITS_BEST};
    }
    assay_code rc = assay_session_eval_many(steps, (size_t)batch, err);
    for (uint64_t i = 0; i < batch && rc == ASSAY_OK; i++) {
        arm->logits = steps[i].logits;
        arm->picked[at * batch + i] = best_of(arm->logits, state->model->shape.vocabulary);
    }
    return rc;
}

static assay_code decode(struct lm_state *state, struct lm_arm *arm, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (uint64_t i = 0; i < arm->which.batch; i++) {
        assay_session_rewind(arm->sessions[i], arm->which.depth);
    }
    for (uint64_t i = 0; i < arm->which.decoded && rc == ASSAY_OK; i++) {
        rc = decode_one(state, arm, i, err);
    }
    return rc;
}

static assay_code run(struct lm_state *state, struct lm_arm *arm, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (uint64_t i = 0; i < arm->repeats && rc == ASSAY_OK; i++) {
        rc = arm->which.kind == LM_PREFILL ? prefill(state, arm, err) : decode(state, arm, err);
    }
    return rc;
}

/* The context that a decoding case starts from; each arm keeps its own, so this computes it once. */
static assay_code prepare(struct lm_arm *arm, assay_err *err)
{
    uint64_t depth = arm->which.kind == LM_DECODE ? arm->which.depth : 0;
    assay_code rc = ASSAY_OK;
    for (uint64_t i = 0; i < arm->which.batch && rc == ASSAY_OK; i++) {
        if (assay_session_position(arm->sessions[i]) < depth) {
            assay_session_rewind(arm->sessions[i], 0);
            rc = feed(arm->sessions[i], ids_of(arm, i), depth, ASSAY_ENGINE_BATCH_MAX, NULL, err);
        }
    }
    return rc;
}

/* ---- how many runs make an operation ---------------------------------------------------------------------------- */

static uint64_t least_region_ns(const struct lm_state *state)
{
    struct assay_clock_cost cost = assay_clock_measure_cost();
    uint64_t read_ns = CLOCK_READS_MIN * cost.overhead_ns;
    return state->options.epoch_ns > read_ns ? state->options.epoch_ns : read_ns;
}

assay_code lm_arm_calibrate(struct lm_state *state, struct lm_arm *arm, assay_err *err)
{
    uint64_t least_ns = UINT64_MAX;
    assay_code rc = prepare(arm, err);
    for (int i = 0; i < CALIBRATION_TRIES && rc == ASSAY_OK; i++) {
        uint64_t begin_ns = assay_clock_mono_ns();
        rc = run(state, arm, err);
        uint64_t ns = assay_clock_mono_ns() - begin_ns;
        least_ns = ns < least_ns ? ns : least_ns;
    }
    double repeats = ceil((double)least_region_ns(state) / fmax((double)least_ns, 1));
    arm->repeats = repeats > REPEATS_MAX ? REPEATS_MAX : (uint64_t)repeats;
    return rc;
}

/* ---- the timed region ------------------------------------------------------------------------------------------- */

void lm_note_before(struct lm_state *state)
{
    for (size_t row = 0; row < assay_kernel_set_rows(state->set); row++) {
        assay_kernel_counters_sum(state->counters, row, &state->before[row]);
    }
}

/* Probes are rows of class limit, and only they; what waited between them was part of no operation. */
static bool is_limit(const struct lm_state *state, size_t row)
{
    return assay_kernel_set_row(state->set, row).row->kind == ASSAY_KERNEL_LIMIT;
}

void lm_add_totals(struct lm_state *state, bool are_limits, struct assay_kernel_total *totals)
{
    for (size_t row = 0; row < assay_kernel_set_rows(state->set); row++) {
        struct assay_kernel_total now, *sum = &totals[row];
        const struct assay_kernel_total *before = &state->before[row];
        if (is_limit(state, row) != are_limits) {
            continue;
        }
        assay_kernel_counters_sum(state->counters, row, &now);
        sum->calls += now.calls - before->calls;
        sum->elements += now.elements - before->elements;
        sum->bytes += now.bytes - before->bytes;
        sum->ops += now.ops - before->ops;
        sum->ns += now.ns - before->ns;
        sum->threads = now.threads;
    }
}

static void digest_output(const struct lm_state *state, struct lm_arm *arm)
{
    struct assay_sha256 hash;
    struct assay_digest digest;
    assay_sha256_init(&hash);
    for (uint64_t i = 0; i < lm_case_logits(&arm->which); i++) {
        uint32_t id = (uint32_t)arm->picked[i];
        const uint8_t bytes[4] = {(uint8_t)id, (uint8_t)(id >> 8), (uint8_t)(id >> 16), (uint8_t)(id >> 24)};
        assay_sha256_add(&hash, bytes, sizeof bytes);
    }
    size_t count = (size_t)state->model->shape.vocabulary;
    const float *logits = assay_engine_firm_logits(state->engine, arm->logits, &count);
    assay_sha256_add(&hash, logits, count * sizeof *logits);
    assay_sha256_end(&hash, &digest);
    memcpy(arm->process.output_sha256, digest.bytes, sizeof arm->process.output_sha256);
}

static assay_code time_region(struct lm_state *state, struct lm_arm *arm, struct assay_step *ret, assay_err *err)
{
    unsigned float_mode = assay_cpu_float_mode();
    lm_note_before(state);
    uint64_t cpu_ns = assay_clock_process_cpu_ns();
    ret->start_ns = assay_clock_mono_ns();
    assay_code rc = run(state, arm, err);
    ret->end_ns = assay_clock_mono_ns();
    ret->cpu_ns = assay_clock_process_cpu_ns() - cpu_ns;
    lm_add_totals(state, false, arm->totals);
    arm->wall_ns += ret->end_ns - ret->start_ns;
    if (rc == ASSAY_INTERRUPTED) { /* the run was told to end: that is no failure of this operation */
        ret->status = ASSAY_STATUS_CANCELLED_STOP;
        rc = ASSAY_OK;
    } else if (assay_cpu_float_mode() != float_mode) {
        ret->status = ASSAY_STATUS_WRONG;
    }
    assay_cpu_set_float_mode(float_mode);
    return rc;
}

assay_code lm_step(void *worker, const struct assay_operation *operation, struct assay_step *ret, assay_err *err)
{
    struct lm_state *state = *(struct lm_state **)worker;
    struct lm_arm *arm = &state->arms[operation->op->arm];
    if (operation->op->arm == 0 && operation->op->round % PROBE_EVERY_ROUNDS == PROBE_EVERY_ROUNDS - 1) {
        lm_probe_pass(state);
    }
    assay_code rc = prepare(arm, err);
    rc = rc == ASSAY_OK ? time_region(state, arm, ret, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    ret->iterations = (uint32_t)(arm->repeats * lm_case_tokens(&arm->which));
    if (ret->status == ASSAY_STATUS_OK) {
        digest_output(state, arm);
        ret->process = &arm->process;
    }
    return ASSAY_OK;
}

assay_code lm_arm_digest(struct lm_state *state, struct lm_arm *arm, assay_err *err)
{
    uint64_t repeats = arm->repeats;
    arm->repeats = 1;
    assay_code rc = prepare(arm, err);
    rc = rc == ASSAY_OK ? run(state, arm, err) : rc;
    arm->repeats = repeats;
    if (rc == ASSAY_OK) {
        digest_output(state, arm);
    }
    return rc;
}
