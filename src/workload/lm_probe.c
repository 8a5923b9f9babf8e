/* The read-only pass over the very same weights and caches, in the order of a forward pass, on as many threads
 * (kernels.md 1.3).
 */
#include "workload/lm.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define LINE_BYTES 64
#define PASS_NS (2 * ASSAY_NS_PER_MS) /* one probe is as long as this, or one pass if that takes longer */
#define REPETITIONS_MAX (UINT64_C(1) << 24)
#define TRIALS 3 /* the best of so many is the rate of one probe: an interrupt is no limit */

/* ---- what is read ----------------------------------------------------------------------------------------------- */

static void add_stretch(struct lm_reading *reading, const void *memory, uint64_t bytes)
{
    uintptr_t begin = ((uintptr_t)memory + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    uintptr_t end = ((uintptr_t)memory + bytes) / LINE_BYTES * LINE_BYTES;
    if (end > begin) {
        reading->stretches[reading->count++] =
            (struct lm_stretch){.at = (const void *)begin, .lines = (end - begin) / LINE_BYTES};
    }
}

static void add_linear(struct lm_state *state, const struct assay_linear *linear)
{
    const struct assay_kernel_shape shape = {linear->rows, linear->columns, 1, 1};
    size_t row = assay_kernel_row_in_force(linear->kernel);
    add_stretch(&state->weights, linear->weights,
                assay_kernel_cost_of(assay_kernel_set_row(state->set, row).op, &shape).bytes);
}

static assay_code list_weights(struct lm_state *state, assay_err *err)
{
    const struct assay_model *model = state->model;
    state->weights.stretches =
        assay_alloc((size_t)model->shape.layers * ASSAY_LINEAR_COUNT + 1, sizeof *state->weights.stretches);
    if (!state->weights.stretches) {
        return assay_nomem(err);
    }
    for (uint64_t layer = 0; layer < model->shape.layers; layer++) {
        for (size_t i = 0; i < ASSAY_LINEAR_COUNT; i++) {
            add_linear(state, &model->layers[layer].linears[i]);
        }
    }
    add_linear(state, &model->head);
    return ASSAY_OK;
}

/* Keys and values of one sequence of an arm, as far as it has come. */
static void list_cache(struct lm_state *state, const struct lm_arm *arm)
{
    state->cache.count = 0;
    for (uint64_t layer = 0; layer < state->model->shape.layers; layer++) {
        struct assay_session_cache cache = assay_session_cache_of(arm->sessions[0], layer);
        add_stretch(&state->cache, cache.keys, cache.bytes);
        add_stretch(&state->cache, cache.values, cache.bytes);
    }
}

/* ---- reading it -------------------------------------------------------------------------------------------------- */

struct job {
    struct lm_state *state;
    const struct lm_reading *reading;
};

#define SUM_WORDS (LINE_BYTES / sizeof(uint64_t))

/* A thread's share of every stretch, in order. */
static void read_share(void *argument, size_t thread)
{
    const struct job *job = argument;
    const struct lm_state *state = job->state;
    struct assay_kernel_thread *counting = assay_team_counting(state->team, thread);
    size_t threads = assay_team_threads(state->team);
    for (uint64_t n = 0; n < job->reading->repetitions; n++) {
        for (size_t i = 0; i < job->reading->count; i++) {
            const struct lm_stretch *stretch = &job->reading->stretches[i];
            uint64_t first = stretch->lines * thread / threads, end = stretch->lines * (thread + 1) / threads;
            struct assay_kernel_call call = {.shape = {end - first, 1, 1, 1},
                                             .in = {(const char *)stretch->at + first * LINE_BYTES},
                                             .out = {&state->probe_sums[thread * SUM_WORDS]}};
            if (end > first) {
                assay_kernel_dispatch(state->probe, counting, &call);
            }
        }
    }
}

static uint64_t read_all(struct lm_state *state, const struct lm_reading *reading)
{
    struct job job = {.state = state, .reading = reading};
    uint64_t begin_ns = assay_clock_mono_ns();
    assay_team_run(state->team, read_share, &job);
    return assay_clock_mono_ns() - begin_ns;
}

static void find_repetitions(struct lm_state *state, struct lm_reading *reading)
{
    reading->repetitions = 1;
    while (read_all(state, reading) < PASS_NS && reading->repetitions < REPETITIONS_MAX) {
        reading->repetitions *= 2;
    }
}

/* ---- passes ------------------------------------------------------------------------------------------------------ */

/* The instruction sets that counted anything while the cases were calibrated. */
static size_t list_isas(const struct lm_state *state, const char *ret[LM_ROWS_MAX])
{
    size_t count = 0;
    for (size_t row = 0; row < assay_kernel_set_rows(state->set) && count < LM_ROWS_MAX; row++) {
        struct assay_kernel_total total;
        assay_kernel_counters_sum(state->counters, row, &total);
        if (total.calls > 0) {
            ret[count++] = assay_kernel_isa(assay_kernel_set_row(state->set, row).row);
        }
    }
    return count;
}

assay_code lm_probe_open(struct lm_state *state, assay_err *err)
{
    const char *isas[LM_ROWS_MAX];
    const struct assay_kernel_operation *op = assay_kernel_set_find(state->set, "limit_read", "bytes");
    size_t isas_count = list_isas(state, isas);
    state->probe_totals = assay_alloc(assay_kernel_set_rows(state->set), sizeof *state->probe_totals);
    state->probe_sums = assay_alloc(assay_team_threads(state->team), LINE_BYTES);
    assay_code rc = state->probe_totals && state->probe_sums ? list_weights(state, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? assay_kernel_set_bind(state->set, op, &state->probe, err) : rc;
    rc = rc == ASSAY_OK ? counted_ops_open(&state->ops_probes, state->set, isas, isas_count, err) : rc;
    if (rc == ASSAY_OK) {
        state->cache.stretches = assay_alloc(2 * (size_t)state->model->shape.layers, sizeof *state->cache.stretches);
        rc = state->cache.stretches ? ASSAY_OK : assay_nomem(err);
    }
    if (rc == ASSAY_OK) {
        find_repetitions(state, &state->weights);
    }
    return rc;
}

void lm_probe_close(struct lm_state *state)
{
    counted_ops_close(&state->ops_probes);
    assay_free(state->weights.stretches);
    assay_free(state->cache.stretches);
    assay_free(state->probe_totals);
    assay_free(state->probe_sums);
    state->weights = state->cache = (struct lm_reading){.count = 0};
    state->probe_totals = NULL;
}

/* Bytes a second of all threads, as the dispatch counted them. */
static double read_rate(struct lm_state *state, const struct lm_reading *reading)
{
    size_t row = assay_kernel_row_in_force(state->probe);
    struct assay_kernel_total before, after;
    assay_kernel_counters_sum(state->counters, row, &before);
    (void)read_all(state, reading);
    assay_kernel_counters_sum(state->counters, row, &after);
    double ns = (double)(after.ns - before.ns) / (double)assay_team_threads(state->team);
    return ns > 0 ? (double)(after.bytes - before.bytes) * 1e9 / ns : 0;
}

static double best_rate(struct lm_state *state, const struct lm_reading *reading)
{
    double best = 0;
    for (int i = 0; i < TRIALS; i++) {
        double rate = read_rate(state, reading);
        best = rate > best ? rate : best;
    }
    return best;
}

/* The best of all arms: a short cache lies nearer to the core than a long one. */
static double best_cache_rate(struct lm_state *state)
{
    double best = 0;
    for (size_t i = 0; i < state->arms_count; i++) {
        list_cache(state, &state->arms[i]);
        if (state->cache.count > 0) {
            find_repetitions(state, &state->cache);
            double rate = best_rate(state, &state->cache);
            best = rate > best ? rate : best;
        }
    }
    return best;
}

void lm_probe_pass(struct lm_state *state)
{
    if (state->weights.rates_count == LM_PROBES_MAX) {
        return;
    }
    double cache = best_cache_rate(state);
    lm_note_before(state);
    uint64_t begin_ns = assay_clock_mono_ns();
    counted_ops_pass(&state->ops_probes, state->counters, assay_team_threads(state->team));
    state->weights.rates[state->weights.rates_count++] = best_rate(state, &state->weights);
    state->probe_wall_ns += assay_clock_mono_ns() - begin_ns;
    state->cache.rates[state->cache.rates_count++] = cache;
    lm_add_totals(state, true, state->probe_totals);
}
