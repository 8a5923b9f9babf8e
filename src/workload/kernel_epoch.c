/* The timed region, and how many calls it holds. */
#include "workload/kernel.h"

#include <math.h>

#define CLOCK_READS_MIN 2000 /* two readings an epoch are then 0.1 % of it (statistics.md 1.8) */
#define GRAINS_MIN 1000      /* of the clock (statistics.md 1.2) */
#define ITERATIONS_MAX (UINT64_C(1) << 31)
#define GUESS_NS (200 * ASSAY_NS_PER_US) /* how long a region must be to guess from */
#define PROBE_EVERY_ROUNDS 16            /* between epochs of other rounds the probe would only cost time */

struct assay_kernel_ring kernel_ring(const struct kernel_state *state)
{
    return (struct assay_kernel_ring){.calls = state->calls, .count = state->copies_count};
}

/* A copy comes again only after all others, also across epochs and arms: otherwise one arm would find in the cache what
 * the arm before it has just read. */
static void advance(struct kernel_state *state, uint64_t iterations)
{
    state->next_copy = (size_t)((state->next_copy + iterations) % state->copies_count);
}

static uint64_t time_epoch(struct kernel_state *state, const struct kernel_arm *arm, uint64_t iterations)
{
    const struct assay_kernel_ring ring = kernel_ring(state);
    uint64_t begin_ns = assay_clock_mono_ns();
    assay_kernel_dispatch_many(arm->kernel, assay_kernel_counters_thread(arm->counters, 0), &ring, state->next_copy,
                               iterations);
    uint64_t end_ns = assay_clock_mono_ns();
    advance(state, iterations);
    return end_ns - begin_ns;
}

/* The shortest of a few regions: the others hold an interrupt or another program. */
static uint64_t least_region_ns(struct kernel_state *state, const struct kernel_arm *arm, uint64_t iterations)
{
    enum { TRIES = 3 };
    uint64_t least_ns = UINT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        uint64_t ns = time_epoch(state, arm, iterations);
        least_ns = ns < least_ns ? ns : least_ns;
    }
    return least_ns;
}

/* Nanoseconds of one call: doubling until a region is long enough to tell. */
static double call_ns(struct kernel_state *state, const struct kernel_arm *arm)
{
    uint64_t iterations = 1, region_ns = least_region_ns(state, arm, 1);
    while (region_ns < GUESS_NS && iterations < ITERATIONS_MAX) {
        iterations *= 2;
        region_ns = least_region_ns(state, arm, iterations);
    }
    return fmax((double)region_ns, 1) / (double)iterations;
}

static uint64_t least_epoch_ns(const struct kernel_state *state)
{
    uint64_t read_ns = CLOCK_READS_MIN * state->clock_cost.overhead_ns;
    uint64_t grain_ns = GRAINS_MIN * state->clock_cost.quantum_ns;
    uint64_t most = state->options.epoch_ns > read_ns ? state->options.epoch_ns : read_ns;
    return most > grain_ns ? most : grain_ns;
}

assay_code kernel_calibrate(struct kernel_state *state, assay_err *err)
{
    const struct kernel_arm *fastest = &state->arms[0];
    double best_ns = (double)INFINITY;
    for (size_t i = 0; i < state->arms_count; i++) {
        double ns = call_ns(state, &state->arms[i]);
        if (ns < best_ns) {
            best_ns = ns;
            fastest = &state->arms[i];
        }
    }
    double wanted_ns = (double)least_epoch_ns(state), iterations = ceil(wanted_ns / best_ns);
    if (iterations > (double)ITERATIONS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "--epoch: %.0f calls for one region, expected at most %llu", iterations,
                          (unsigned long long)ITERATIONS_MAX);
    }
    state->iterations = (uint64_t)iterations;
    state->epoch_ns = least_region_ns(state, fastest, state->iterations); /* confirmed once, then frozen */
    double more = ceil(iterations * wanted_ns / fmax((double)state->epoch_ns, 1));
    if ((double)state->epoch_ns < wanted_ns && more <= (double)ITERATIONS_MAX) {
        state->iterations = (uint64_t)more;
        state->epoch_ns = least_region_ns(state, fastest, state->iterations);
    }
    return ASSAY_OK;
}

static size_t copies_of_epoch(const struct kernel_state *state)
{
    return state->iterations < state->copies_count ? (size_t)state->iterations : state->copies_count;
}

static size_t nth_copy(const struct kernel_state *state, size_t n)
{
    return (state->next_copy + n) % state->copies_count;
}

/* Whether the copies that the epoch wrote hold what the arm gave when it was held against the reference. */
static bool is_as_expected(const struct kernel_state *state, const struct kernel_arm *arm)
{
    for (size_t n = 0; n < copies_of_epoch(state); n++) {
        size_t i = nth_copy(state, n);
        if (!assay_kernel_data_is_intact(&state->copies[i]) ||
            assay_kernel_data_output_hash(&state->copies[i]) != arm->expected) {
            return false;
        }
    }
    return true;
}

assay_code kernel_step(void *worker, const struct assay_operation *operation, struct assay_step *ret, assay_err *err)
{
    (void)err;
    struct kernel_state *state = *(struct kernel_state **)worker;
    struct kernel_arm *arm = &state->arms[operation->op->arm];
    const struct assay_kernel_ring ring = kernel_ring(state);
    struct assay_kernel_thread *thread = assay_kernel_counters_thread(arm->counters, 0);
    if (operation->op->arm == 0 && operation->op->round % PROBE_EVERY_ROUNDS == PROBE_EVERY_ROUNDS - 1) {
        kernel_probe_pass(state);
    }
    for (size_t n = 0; n < copies_of_epoch(state); n++) {
        assay_kernel_data_poison(&state->copies[nth_copy(state, n)]);
    }
    unsigned float_mode = assay_cpu_float_mode();
    uint64_t cpu_ns = assay_clock_thread_cpu_ns(); /* outside of the stamps: it is a system call */
    ret->start_ns = assay_clock_mono_ns();
    assay_kernel_dispatch_many(arm->kernel, thread, &ring, state->next_copy, state->iterations);
    ret->end_ns = assay_clock_mono_ns();
    ret->cpu_ns = assay_clock_thread_cpu_ns() - cpu_ns;
    ret->iterations = (uint32_t)state->iterations;
    if (arm->is_wrong || !is_as_expected(state, arm) || assay_cpu_float_mode() != float_mode) {
        ret->status = ASSAY_STATUS_WRONG;
        assay_cpu_set_float_mode(float_mode); /* the next arm computes as before */
    }
    advance(state, state->iterations);
    return ASSAY_OK;
}
