/* The read-only pass over the very same operands, in the order in which the arms go round them (kernels.md 1.3). */
#include "workload/kernel.h"

#include <string.h>

#define LINE_BYTES 64
#define PASS_NS (1 * ASSAY_NS_PER_MS) /* one probe is as long as this, or one pass if that takes longer */
#define REPETITIONS_MAX (UINT64_C(1) << 24)
#define TRIALS 3 /* the best of so many is the rate of one probe: an interrupt is no limit */

/* A ring an operand: all copies of it, as calls of the probe. An operand under a line is no stream. */
static void list_operands(struct kernel_state *state)
{
    for (size_t k = 0; k < state->op->inputs_count; k++) {
        uint64_t lines = state->copies[0].in_bytes[k] / LINE_BYTES;
        size_t first = state->probe_rings_count * state->copies_count;
        if (lines == 0) {
            continue;
        }
        for (size_t i = 0; i < state->copies_count; i++) {
            state->probe_calls[first + i] = (struct assay_kernel_call){
                .shape = {lines, 1, 1, 1}, .in = {state->copies[i].call.in[k]}, .out = {&state->probe_sum}};
            state->probe_pointers[first + i] = &state->probe_calls[first + i];
        }
        state->probe_rings[state->probe_rings_count++] =
            (struct assay_kernel_ring){.calls = state->probe_pointers + first, .count = state->copies_count};
    }
}

void kernel_probe_close(struct kernel_state *state)
{
    counted_ops_close(&state->ops_probes);
    assay_free(state->probe_calls);
    assay_free((void *)state->probe_pointers);
    state->probe_calls = NULL;
    state->probe_pointers = NULL;
}

static uint64_t counted_bytes(const struct kernel_state *state, uint64_t *ret_ns)
{
    struct assay_kernel_total total;
    assay_kernel_counters_sum(state->arms[0].counters, assay_kernel_row_in_force(state->probe), &total);
    *ret_ns = total.ns;
    return total.bytes;
}

static void run_pass(struct kernel_state *state)
{
    struct assay_kernel_thread *thread = assay_kernel_counters_thread(state->arms[0].counters, 0);
    for (size_t i = 0; i < state->probe_rings_count; i++) {
        assay_kernel_dispatch_many(state->probe, thread, &state->probe_rings[i], 0, state->probe_repetitions);
    }
}

static uint64_t time_pass(struct kernel_state *state)
{
    uint64_t begin_ns = assay_clock_mono_ns();
    run_pass(state);
    return assay_clock_mono_ns() - begin_ns;
}

/* Whole rounds of the copies, as many as a pass of PASS_NS needs. */
static void find_repetitions(struct kernel_state *state)
{
    state->probe_repetitions = state->copies_count;
    while (time_pass(state) < PASS_NS && state->probe_repetitions < REPETITIONS_MAX) {
        state->probe_repetitions *= 2;
    }
}

/* Bytes a second of one pass, as the dispatch counted them. */
static double pass_rate(struct kernel_state *state)
{
    uint64_t before_ns, after_ns, before = counted_bytes(state, &before_ns);
    run_pass(state);
    uint64_t after = counted_bytes(state, &after_ns);
    return after_ns > before_ns ? (double)(after - before) * 1e9 / (double)(after_ns - before_ns) : 0;
}

static assay_code open_ops_probes(struct kernel_state *state, assay_err *err)
{
    const char *isas[ASSAY_PLAN_ARMS_MAX];
    for (size_t i = 0; i < state->arms_count; i++) {
        isas[i] = assay_kernel_isa(assay_kernel_set_row(state->set, state->arms[i].row).row);
    }
    return counted_ops_open(&state->ops_probes, state->set, isas, state->arms_count, err);
}

assay_code kernel_probe_open(struct kernel_state *state, assay_err *err)
{
    const struct assay_kernel_operation *op = assay_kernel_set_find(state->set, "limit_read", "bytes");
    size_t most = state->copies_count * state->op->inputs_count;
    state->probe_calls = assay_alloc(most, sizeof *state->probe_calls);
    state->probe_pointers = assay_alloc(most, sizeof *state->probe_pointers);
    if (!state->probe_calls || !state->probe_pointers) {
        return assay_nomem(err);
    }
    list_operands(state);
    assay_code rc = assay_kernel_set_bind(state->set, op, &state->probe, err);
    if (rc == ASSAY_OK) {
        find_repetitions(state);
        rc = open_ops_probes(state, err);
    }
    return rc;
}

void kernel_probe_pass(struct kernel_state *state)
{
    counted_ops_pass(&state->ops_probes, state->arms[0].counters, 1);
    if (state->probe_rings_count == 0 || state->probes_count == KERNEL_PROBES_MAX) {
        return;
    }
    double best = 0;
    for (int i = 0; i < TRIALS; i++) {
        double rate = pass_rate(state);
        best = rate > best ? rate : best;
    }
    state->probe_rates[state->probes_count++] = best;
}

void kernel_put_roofline(struct assay_json_builder *b, json_t *checks, const struct kernel_state *state)
{
    double highest = 0, lowest = 0;
    for (size_t i = 0; i < state->probes_count; i++) {
        double rate = state->probe_rates[i];
        highest = rate > highest ? rate : highest;
        lowest = i == 0 || rate < lowest ? rate : lowest;
    }
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", "roofline");
    assay_json_put_text(b, check, "rule", "roofline@1");
    assay_json_put_u64(b, check, "n", state->probes_count);
    json_t *data = assay_json_put_object(b, check, "data");
    if (state->probes_count > 0) {
        assay_json_put_dec(b, data, "readHighest", highest);
        assay_json_put_dec(b, data, "readLowest", lowest);
    }
    counted_ops_put(b, data, &state->ops_probes);
    /* How the epochs were made: the cost of the timer, and what the calls went round. */
    assay_json_put_u64(b, data, "epochCalls", state->iterations);
    assay_json_put_u64(b, data, "epochNs", state->epoch_ns);
    assay_json_put_dec(b, data, "timerShare",
                       state->epoch_ns > 0 ? 2 * (double)state->clock_cost.overhead_ns / (double)state->epoch_ns : 0);
    assay_json_put_u64(b, data, "copies", state->copies_count);
    assay_json_put_u64(b, data, "copyBytes", state->copy_bytes);
}
