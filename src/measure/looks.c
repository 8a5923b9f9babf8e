#include "measure/engine.h"

#include "base/mem.h"

#include <math.h>

/* What a precision rule looks at: one value a cell, the wall time of its operation, as the metric `service` has it. */
struct assay_looks {
    const struct assay_plan *plan;
    double *cells; /* rounds * arms; NaN: none */
    double *work;
    uint64_t next; /* measured pairs at which to look */
};

assay_code assay_looks_new(const struct assay_plan *plan, struct assay_looks **ret, assay_err *err)
{
    size_t cells = plan->ops_count, rounds = cells / plan->arms_count;
    struct assay_looks *looks = assay_alloc(1, sizeof *looks);
    if (!looks) {
        return assay_nomem(err);
    }
    *looks = (struct assay_looks){.plan = plan,
                                  .cells = assay_alloc(cells, sizeof *looks->cells),
                                  .work = assay_alloc(ASSAY_PAIRED_WORK(rounds), sizeof *looks->work),
                                  .next = assay_paired_next_look(0, plan->arms_count)};
    if (!looks->cells || !looks->work) {
        assay_looks_free(looks);
        return assay_nomem(err);
    }
    for (size_t i = 0; i < cells; i++) {
        looks->cells[i] = (double)NAN;
    }
    *ret = looks;
    return ASSAY_OK;
}

void assay_looks_free(struct assay_looks *looks)
{
    if (looks) {
        assay_free(looks->cells);
        assay_free(looks->work);
        assay_free(looks);
    }
}

void assay_looks_add(struct assay_looks *looks, const struct assay_completion *completion)
{
    const struct assay_plan_op *op = &looks->plan->ops[completion->id];
    if (completion->status == ASSAY_STATUS_OK) {
        double iterations = completion->iterations ? (double)completion->iterations : 1;
        looks->cells[op->round * looks->plan->arms_count + op->arm] =
            (double)(completion->end_ns - completion->start_ns) / iterations;
    }
}

bool assay_looks_is_enough(struct assay_looks *looks, size_t next)
{
    const struct assay_plan *plan = looks->plan;
    size_t rounds = next / plan->arms_count, warmup = plan->warmup.samples / plan->arms_count;
    if (rounds < warmup + looks->next) {
        return false;
    }
    looks->next = assay_paired_next_look(rounds - warmup, plan->arms_count);
    const struct assay_paired_table table = {.cells = looks->cells,
                                             .arms_count = plan->arms_count,
                                             .rounds_count = rounds,
                                             .warmup_rounds = warmup,
                                             .may_stop_early = true};
    return assay_paired_is_precise(&table, plan->stop.confidence, plan->stop.precision, looks->work);
}
