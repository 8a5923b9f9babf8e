/*
 * A variant passed its self-check before it was used; that says nothing about a core or a memory that fails an hour
 * later, or about a shape that no case has. So every 64 tokens one row of one matrix is computed again by the plain-C
 * kernel, on the very operands of the pass. It costs a thousandth of the time and less.
 */
#include "lm/engine_room.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVERY_TOKENS 64

void recheck_choose(struct pass *pass)
{
    struct assay_engine *engine = pass->engine;
    struct assay_model *model = engine->model;
    pass->recheck = (struct recheck){0};
    if (engine->tokens + pass->tokens < engine->rechecked_at + EVERY_TOKENS) {
        return;
    }
    engine->rechecked_at = engine->tokens + pass->tokens;
    uint64_t nth = assay_rng_below(&engine->recheck_rng, model->shape.layers * ASSAY_LINEAR_COUNT + 1);
    bool is_head = nth == model->shape.layers * ASSAY_LINEAR_COUNT;
    if (is_head && pass->wanted_count == 0) {
        nth = 0; /* the head is not computed in this pass */
        is_head = false;
    }
    pass->recheck.linear =
        is_head ? &model->head : &model->layers[nth / ASSAY_LINEAR_COUNT].linears[nth % ASSAY_LINEAR_COUNT];
    pass->recheck.thread = (size_t)assay_rng_below(&engine->recheck_rng, assay_team_threads(engine->team));
    pass->recheck.draw = assay_rng_u64(&engine->recheck_rng);
}

/* Takes the variant out of force, with what was seen. */
static void suspect(struct pass *pass, struct assay_kernel *kernel, uint64_t row, float made, float right)
{
    char what[ASSAY_KERNEL_DIFFERENCE_BYTES];
    (void)snprintf(what, sizeof what, "row %" PRIu64 " computed again while running: %.9g, expected %.9g", row,
                   (double)made, (double)right);
    pass->recheck.is_wrong = assay_kernel_suspect(kernel, assay_kernel_row_in_force(kernel), what);
}

void recheck_look(struct pass *pass, size_t thread, const struct assay_linear *linear,
                  const struct assay_kernel_call *call)
{
    struct assay_engine *engine = pass->engine;
    size_t threads = assay_team_threads(engine->team);
    struct assay_kernel *kernel = assay_linear_kernel(linear, call->shape.tokens);
    if (thread != pass->recheck.thread) {
        return;
    }
    struct assay_kernel_part own = assay_kernel_share(kernel, &call->shape, thread, threads);
    uint64_t end = own.end > 0 ? own.end : linear->rows; /* units are rows */
    if (own.first >= end || own.first >= linear->rows) {
        return;
    }
    const struct assay_kernel_entry entry = assay_kernel_set_row(engine->set, assay_kernel_row_in_force(kernel));
    uint64_t row = own.first + pass->recheck.draw % (end - own.first);
    struct assay_kernel_call again = *call; /* of the first token */
    const float *made = call->out[0];
    again.shape.tokens = 1;
    again.out[0] = engine->work.again;
    again.part = (struct assay_kernel_part){row, row + 1};
    entry.op->rows[0]->run(&again);
    if (memcmp(&engine->work.again[row], &made[row], sizeof *made) != 0) {
        suspect(pass, kernel, row, made[row], engine->work.again[row]);
    }
}
