/* Running the variant in force, and counting it: one slot of a cache line a thread and id, written by that thread only.
 */
#include "kernel/set_room.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/tick.h"

#include <assert.h>
#include <math.h>

#define LINE 64

struct slot {
    _Alignas(LINE) uint64_t calls;
    uint64_t elements, bytes, ops, ticks;
    uint64_t used[3]; /* fills the line */
};
_Static_assert(sizeof(struct slot) == LINE, "a slot is one cache line");

struct assay_kernel_thread {
    struct slot *slots; /* by row of the set */
    bool is_first;      /* thread 0 counts the calls */
    bool is_on;
};

struct assay_kernel_counters {
    const struct assay_kernel_set *set;
    struct assay_tick_calibration calibration;
    size_t threads_count, rows_count;
    struct assay_kernel_thread *threads;
    void *block; /* of the slots, and room to align them */
};

assay_code assay_kernel_counters_new(const struct assay_kernel_set *set, size_t threads,
                                     struct assay_kernel_counters **ret, assay_err *err)
{
    assert(set->is_ready && threads > 0);
    struct assay_kernel_counters *counters = assay_alloc(1, sizeof *counters);
    if (!counters) {
        return assay_nomem(err);
    }
    counters->set = set;
    counters->calibration = assay_tick_calibrate();
    counters->threads_count = threads;
    counters->rows_count = set->slots_count;
    counters->threads = assay_alloc(threads, sizeof *counters->threads);
    counters->block = assay_alloc(threads * set->slots_count + 1, sizeof(struct slot));
    if (!counters->threads || !counters->block) {
        assay_kernel_counters_free(counters);
        return assay_nomem(err);
    }
    char *first = (char *)counters->block + (LINE - (uintptr_t)counters->block % LINE) % LINE;
    for (size_t i = 0; i < threads; i++) {
        counters->threads[i].slots = (void *)(first + i * set->slots_count * sizeof(struct slot));
        counters->threads[i].is_first = i == 0;
        counters->threads[i].is_on = true;
    }
    *ret = counters;
    return ASSAY_OK;
}

void assay_kernel_counters_free(struct assay_kernel_counters *counters)
{
    if (counters) {
        assay_free(counters->threads);
        assay_free(counters->block);
        assay_free(counters);
    }
}

struct assay_kernel_thread *assay_kernel_counters_thread(struct assay_kernel_counters *counters, size_t thread)
{
    assert(thread < counters->threads_count);
    return &counters->threads[thread];
}

void assay_kernel_counters_enable(struct assay_kernel_counters *counters, bool is_on)
{
    for (size_t i = 0; i < counters->threads_count; i++) {
        counters->threads[i].is_on = is_on;
    }
}

void assay_kernel_counters_zero(struct assay_kernel_counters *counters)
{
    for (size_t i = 0; i < counters->threads_count; i++) {
        for (size_t k = 0; k < counters->rows_count; k++) {
            counters->threads[i].slots[k] = (struct slot){0};
        }
    }
}

void assay_kernel_counters_sum(const struct assay_kernel_counters *counters, size_t row, struct assay_kernel_total *ret)
{
    assert(row < counters->rows_count);
    *ret = (struct assay_kernel_total){0};
    uint64_t ticks = 0;
    for (size_t i = 0; i < counters->threads_count; i++) {
        const struct slot *slot = &counters->threads[i].slots[row];
        ret->calls += slot->calls;
        ret->elements += slot->elements;
        ret->bytes += slot->bytes;
        ret->ops += slot->ops;
        ticks += slot->ticks;
        ret->threads += slot->ticks > 0;
    }
    double per_s = assay_tick_per_s(&counters->calibration);
    ret->ns = (uint64_t)floor((double)ticks / per_s * (double)ASSAY_NS_PER_S);
}

/* What no compiler can see through: the memory behind the pointer is read and may have been changed. */
static inline void barrier(const void *consumed)
{
    __asm__ volatile("" : : "r"(consumed) : "memory");
}

static void (*function_of(const struct assay_kernel *kernel, size_t row))(const struct assay_kernel_call *)
{
    return kernel->set->slots[row].row->run;
}

static void count(const struct assay_kernel *kernel, struct assay_kernel_thread *thread, size_t row,
                  const struct assay_kernel_call *call, uint64_t calls, uint64_t ticks)
{
    struct assay_kernel_cost cost = assay_kernel_cost_of_part(kernel->op, &call->shape, call->part);
    struct slot *slot = &thread->slots[row];
    slot->calls += thread->is_first ? calls : 0;
    slot->elements += cost.elements * calls;
    slot->bytes += cost.bytes * calls;
    slot->ops += cost.ops * calls;
    slot->ticks += ticks;
}

void assay_kernel_dispatch(const struct assay_kernel *kernel, struct assay_kernel_thread *thread,
                           const struct assay_kernel_call *call)
{
    size_t row = atomic_load_explicit(&kernel->in_force, memory_order_acquire);
    void (*run)(const struct assay_kernel_call *) = function_of(kernel, row);
    if (call->part.end > 0 && call->part.first == call->part.end) {
        return;
    }
    if (!thread->is_on) {
        run(call);
        return;
    }
    uint64_t begin = assay_tick_now();
    run(call);
    count(kernel, thread, row, call, 1, assay_tick_now() - begin);
}

void assay_kernel_dispatch_many(const struct assay_kernel *kernel, struct assay_kernel_thread *thread,
                                const struct assay_kernel_ring *ring, size_t first, uint64_t repetitions)
{
    assert(ring->count > 0);
    size_t row = atomic_load_explicit(&kernel->in_force, memory_order_acquire), at = first % ring->count;
    void (*run)(const struct assay_kernel_call *) = function_of(kernel, row);
    barrier(ring);
    uint64_t begin = assay_tick_now();
    for (uint64_t i = 0; i < repetitions; i++) {
        const struct assay_kernel_call *call = ring->calls[at];
        run(call);
        barrier(call->out[0]);
        at = at + 1 < ring->count ? at + 1 : 0;
    }
    uint64_t ticks = assay_tick_now() - begin;
    if (thread->is_on) {
        count(kernel, thread, row, ring->calls[first % ring->count], repetitions, ticks);
    }
}
