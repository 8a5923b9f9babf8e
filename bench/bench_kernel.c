/* What counting kernels costs: a reading of the counter, a dispatch that counts against one that does not (interleaved,
 * on shapes of a decoded token), and the self-check of everything that is chosen. */
#include "base/clock.h"
#include "base/tick.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 41, CALLS = 20, TICKS = 100000 };

static void must(assay_code rc, const assay_err *err)
{
    if (rc != ASSAY_OK) {
        (void)fprintf(stderr, "%s\n", err->message);
        exit(assay_code_exit(rc));
    }
}

static double tick_cost_ns(void)
{
    uint64_t begin_ns = assay_clock_mono_ns(), sum = 0;
    for (int i = 0; i < TICKS; i++) {
        sum += assay_tick_now();
    }
    __asm__ volatile("" : : "r"(sum));
    return (double)(assay_clock_mono_ns() - begin_ns) / TICKS;
}

static double calls_ns(const struct assay_kernel *kernel, struct assay_kernel_thread *thread,
                       const struct assay_kernel_call *call)
{
    uint64_t begin_ns = assay_clock_mono_ns();
    for (int i = 0; i < CALLS; i++) {
        assay_kernel_dispatch(kernel, thread, call);
    }
    return (double)(assay_clock_mono_ns() - begin_ns) / CALLS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_counting(struct assay_kernel_set *set, const char *case_name)
{
    assay_err err = {0};
    const struct assay_kernel_operation *op = assay_kernel_set_find(set, "ternary_gemv", "i2s");
    const struct assay_kernel_case *which = assay_kernel_case_find(op, case_name);
    struct assay_kernel *kernel = NULL;
    struct assay_kernel_counters *counters = NULL;
    struct assay_kernel_data data;
    double ratios[ROUNDS], off_ns = 0;
    must(assay_kernel_set_bind(set, op, &kernel, &err), &err);
    must(assay_kernel_counters_new(set, 1, &counters, &err), &err);
    must(assay_kernel_data_init(&data, op, &which->shape, &err), &err);
    assay_kernel_data_fill(&data, which);
    struct assay_kernel_thread *thread = assay_kernel_counters_thread(counters, 0);
    for (int i = 0; i < ROUNDS; i++) {
        double ns[2]; /* off, on; the order turns from round to round */
        for (int k = 0; k < 2; k++) {
            int is_on = (i + k) % 2;
            assay_kernel_counters_enable(counters, is_on);
            ns[is_on] = calls_ns(kernel, thread, &data.call);
        }
        ratios[i] = ns[1] / ns[0];
        off_ns = ns[0];
    }
    qsort(ratios, ROUNDS, sizeof ratios[0], compare);
    (void)printf("counting on/off, %-10s %.4f (median of %d pairs; %.4f to %.4f; one call %.1f us); goal 1.005\n",
                 case_name, ratios[ROUNDS / 2], ROUNDS, ratios[ROUNDS / 4], ratios[ROUNDS * 3 / 4], off_ns / 1e3);
    assay_kernel_data_done(&data);
    assay_kernel_counters_free(counters);
}

int main(void)
{
    assay_err err = {0};
    struct assay_kernel_set *set = NULL;
    struct assay_clock_cost cost = assay_clock_measure_cost();
    must(assay_kernel_set_new(NULL, &set, &err), &err);
    must(assay_kernel_set_ready(set, &err), &err);
    uint64_t begin_ns = assay_clock_mono_ns();
    for (size_t i = 0; i < assay_kernel_set_operations(set); i++) {
        struct assay_kernel *kernel = NULL;
        must(assay_kernel_set_bind(set, assay_kernel_set_operation(set, i), &kernel, &err), &err);
    }
    (void)printf("self-check of %zu operations   %.1f ms; goal 50\n", assay_kernel_set_operations(set),
                 (double)(assay_clock_mono_ns() - begin_ns) / 1e6);
    (void)printf("reading of the counter          %.1f ns (%s)\n", tick_cost_ns(),
                 assay_tick_is_counter() ? "time stamp counter" : "clock");
    (void)printf("timer of an epoch of 2 ms       %.6f of it (two readings of %llu ns); goal 0.001\n",
                 2 * (double)cost.overhead_ns / 2e6, (unsigned long long)cost.overhead_ns);
    print_counting(set, "kv-640");
    print_counting(set, "q-2560");
    assay_kernel_set_free(set);
    return 0;
}
