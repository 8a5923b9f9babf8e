/* Nothing is allocated between the opening of a worker and its closing: every allocation of the process is counted, by
 * taking the place of libc's functions in this program. */
#include "measure/engine.h"
#include "support/scripted_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_COUNTED false /* the sanitizer has taken their place already */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_COUNTED false
#endif
#endif
#ifndef IS_COUNTED
#define IS_COUNTED true

static atomic_ulong allocations;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(bytes);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t bytes)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(count, bytes);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t bytes)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(old, bytes);
}
#else
static atomic_ulong allocations;
#endif

static unsigned long count_allocations(void)
{
    return atomic_load(&allocations);
}

static uint64_t (*scripted_now_of_test)(void *self);

/* A clock that allocates when it is looked at: the planted fault. */
static uint64_t allocating_now(void *self)
{
    void *volatile block = malloc(100); /* volatile: a pair that nobody sees may be left out */
    uint64_t now_ns = scripted_now_of_test(self);
    free(block);
    return now_ns;
}

static void look_at_progress(void *context, const struct assay_progress *progress)
{
    *(uint64_t *)context += progress->finished;
}

static unsigned long allocated_while_measuring(bool is_planted)
{
    static const struct scripted_op mixed[] = {
        {ASSAY_NS_PER_MS, ASSAY_STATUS_OK}, {5 * ASSAY_NS_PER_MS, ASSAY_STATUS_RESET}, {UINT64_MAX, ASSAY_STATUS_OK}};
    struct scripted_clock clock;
    uint64_t seen = 0;
    scripted_clock_init(&clock, 1000 * ASSAY_NS_PER_S);
    scripted_now_of_test = clock.clock.now_ns;
    if (is_planted) {
        clock.clock.now_ns = allocating_now;
    }
    struct scripted_state script = {
        .clock = &clock, .ops = mixed, .ops_count = 3, .count_allocations = count_allocations};
    struct assay_run_setup setup = {.workload = &scripted_workload,
                                    .state = &script,
                                    .drain_ns = ASSAY_NS_PER_S,
                                    .clock = &clock.clock,
                                    .on_progress = look_at_progress,
                                    .progress_context = &seen};
    struct assay_plan *plan = NULL;
    struct assay_engine engine;
    assert_int_equal(assay_plan_new(&plan, NULL), ASSAY_OK);
    plan->load = (struct assay_load){
        .mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_CONSTANT, .rate_per_s = 1000, .workers = 1};
    plan->stop = (struct assay_stop){
        .rule = ASSAY_STOP_COUNT, .count = 2000, .max_duration_ns = 60 * ASSAY_NS_PER_S, .error_share_max = 1};
    assert_int_equal(assay_schedule_draw(plan, &setup.shape, 0, NULL), ASSAY_OK);
    assert_int_equal(assay_engine_init(&engine, &setup, plan, NULL), ASSAY_OK);
    assert_int_equal(assay_engine_run(&engine, NULL), ASSAY_OK);
    assert_int_equal(script.submitted, 2000);
    assay_engine_done(&engine);
    assay_plan_free(plan);
    return script.allocations_at_close - script.allocations_at_open;
}

static void nothing_is_allocated_while_measuring(void **state)
{
    (void)state;
    if (!IS_COUNTED) {
        skip();
    }
    assert_true(count_allocations() > 0); /* they are counted */
    assert_int_equal(allocated_while_measuring(false), 0);
}

static void an_allocation_while_measuring_is_seen(void **state)
{
    (void)state;
    if (!IS_COUNTED) {
        skip();
    }
    assert_true(allocated_while_measuring(true) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allocated_while_measuring),
        cmocka_unit_test(an_allocation_while_measuring_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
