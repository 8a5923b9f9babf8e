#include "record/paired.h"

#include "base/rng.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* ---- order ------------------------------------------------------------------------------------------------------ */

static void draw_permutation(struct assay_rng *rng, uint16_t *permutation, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        permutation[i] = (uint16_t)i;
    }
    for (size_t i = count; i > 1; i--) { /* Fisher and Yates */
        size_t j = (size_t)assay_rng_below(rng, i);
        uint16_t moved = permutation[i - 1];
        permutation[i - 1] = permutation[j];
        permutation[j] = moved;
    }
}

/* Calls for every cell in order; stops when told to. */
static bool for_each_cell(const struct assay_plan *plan,
                          bool (*visit)(void *context, size_t cell, uint16_t arm, uint32_t round, uint32_t block),
                          void *context)
{
    uint16_t permutation[ASSAY_PLAN_ARMS_MAX];
    struct assay_rng rng;
    size_t k = plan->arms_count, cells = plan->ops_count / plan->load.window;
    assay_rng_seed(&rng, plan->seed, "order");
    for (size_t cell = 0; cell < cells; cell++) {
        size_t round = cell / k, place = cell % k;
        if (cell % (k * k) == 0) {
            draw_permutation(&rng, permutation, k);
        }
        uint16_t arm = permutation[(place + round % k) % k];
        if (!visit(context, cell, arm, (uint32_t)round, (uint32_t)(round / k))) {
            return false;
        }
    }
    return true;
}

static bool write_cell(void *context, size_t cell, uint16_t arm, uint32_t round, uint32_t block)
{
    struct assay_plan *plan = context;
    for (size_t i = 0; i < plan->load.window; i++) {
        struct assay_plan_op *op = &plan->ops[cell * plan->load.window + i];
        op->arm = arm;
        op->round = round;
        op->block = block;
    }
    return true;
}

static bool fits(const struct assay_plan *plan)
{
    size_t block = plan->arms_count * plan->arms_count * plan->load.window;
    return plan->load.window > 0 && plan->ops_count > 0 && plan->ops_count % block == 0 &&
           plan->warmup.samples % block == 0 && plan->warmup.samples < plan->ops_count;
}

void assay_paired_order(struct assay_plan *plan)
{
    assert(fits(plan));
    (void)for_each_cell(plan, write_cell, plan);
    plan->order = "latin";
}

/* ---- a plan that was read --------------------------------------------------------------------------------------- */

static bool is_cell(void *context, size_t cell, uint16_t arm, uint32_t round, uint32_t block)
{
    const struct assay_plan *plan = context;
    for (size_t i = 0; i < plan->load.window; i++) {
        const struct assay_plan_op *op = &plan->ops[cell * plan->load.window + i];
        if (op->arm != arm || op->round != round || op->block != block) {
            return false;
        }
    }
    return true;
}

assay_code assay_paired_check(const struct assay_plan *plan, assay_err *err)
{
    bool is_latin = strcmp(plan->order, "latin") == 0;
    if (plan->load.mode != ASSAY_LOAD_PAIRED) {
        bool is_precise = plan->stop.rule == ASSAY_STOP_PRECISION;
        return is_latin || is_precise
                   ? assay_fail(err, ASSAY_MALFORMED, "plan: order latin and stop rule precision are of paired runs")
                   : ASSAY_OK;
    }
    if (!is_latin || plan->load.workers != 1 || plan->load.concurrency == 0) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "plan: a paired run has order latin, one worker and one user or more, found '%.16s', %" PRIu32
                          " and %" PRIu32,
                          plan->order, plan->load.workers, plan->load.concurrency);
    }
    if (!fits(plan)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "plan: %zu operations with %" PRIu32
                          " of warm-up are no whole blocks of %zu arms and %" PRIu32 " operations a cell",
                          plan->ops_count, plan->warmup.samples, plan->arms_count, plan->load.window);
    }
    if (!for_each_cell(plan, is_cell, (void *)(uintptr_t)plan)) {
        return assay_fail(err, ASSAY_MALFORMED, "plan: the order of arms is not the one that its seed draws");
    }
    return ASSAY_OK;
}

/* ---- looks ------------------------------------------------------------------------------------------------------ */

static uint64_t round_up(uint64_t pairs, size_t arms_count)
{
    return (pairs + arms_count - 1) / arms_count * arms_count;
}

uint64_t assay_paired_next_look(uint64_t pairs, size_t arms_count)
{
    assert(arms_count > 0);
    if (pairs < ASSAY_PAIRED_LOOK_FIRST) {
        return round_up(ASSAY_PAIRED_LOOK_FIRST, arms_count);
    }
    return round_up(pairs + (pairs + 3) / 4, arms_count);
}
