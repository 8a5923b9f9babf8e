/*
 * The screened head (kernels.md 4.2.9). Logits of a coarse copy of the head come first, for a fraction of the bytes;
 * how far each can lie from the exact one is known: by Cauchy and Schwarz, with x as the exact head sees it, x' as the
 * copy sees it, h a row and c its copy,
 *
 *     |h x - c x'| <= |h - c| |x'| + |h| |x - x'|, and the roundings of both sums, at most a share of |h| |x| each.
 *
 * A row whose upper bound lies below the largest lower bound cannot be the largest. Every other one is computed by the
 * kernel of the head, so that the largest logit, its bits and its lowest id are those of the whole head.
 *
 * That is proven, and looked at all the same: an exact logit outside of its bounds ends screening for good, and the
 * pass is made again without it.
 */
#include "lm/engine_room.h"

#include <math.h>
#include <string.h>

/* A row that is computed alone costs the bytes of its group of eight: beyond this share of the rows, the whole head is
 * cheaper than what the coarse one saves. */
#define SURVIVORS_SHARE 32

/* After so many passes in turn that kept too many rows, some are made without trying. */
#define FAILURES_MAX 4
#define REST_PASSES 64

#define PER_LINE (64 / sizeof(uint64_t)) /* what a thread tells the others has a cache line of its own */

bool screen_applies(const struct pass *pass)
{
    const struct assay_engine *engine = pass->engine;
    return pass->wants_best && pass->wanted_count == 1 && engine->model->screen.coarse && !engine->screening.is_off &&
           engine->screening.rest == 0 && pass->recheck.linear != &engine->model->head;
}

/* What the head sees of value i of the one token. */
static double seen(const struct workspace *work, enum assay_activation activation, uint64_t i)
{
    const struct rounded *rounded = &work->rounded[activation];
    uint64_t block = activation == ASSAY_ACTIVATION_B256 ? 256 : 32;
    return activation == ASSAY_ACTIVATION_FLOAT ? (double)work->last[i]
                                                : (double)rounded->q[i] * (double)rounded->d[i / block];
}

void screen_prepare(struct pass *pass)
{
    struct workspace *work = &pass->engine->work;
    const struct assay_linear *head = &pass->engine->model->head;
    double exact = 0, coarse = 0, apart = 0;
    for (uint64_t i = 0; i < head->columns; i++) {
        double x = seen(work, head->activation, i), y = seen(work, ASSAY_ACTIVATION_B32, i);
        exact += x * x;
        coarse += y * y;
        apart += (x - y) * (x - y);
    }
    /* A value of the tree T16 takes part in at most columns / 16 + 4 sums and 3 products, each of them rounded once. */
    double rounding = ((double)head->columns / 16 + 64) * 0x1p-22;
    work->factors[0] = (float)(sqrt(coarse) * (1 + 1e-3));
    work->factors[1] = (float)((sqrt(apart) + rounding * (sqrt(exact) + sqrt(coarse))) * (1 + 1e-3));
}

static void dispatch(const struct pass *pass, size_t thread, const struct assay_kernel *kernel,
                     struct assay_kernel_call call, struct assay_kernel_part part)
{
    if (part.first < part.end) {
        call.part = part;
        call.scratch = pass->engine->work.scratch[thread];
        assay_kernel_dispatch(kernel, assay_team_counting(pass->engine->team, thread), &call);
    }
}

/* Coarse logits of the rows of a thread, and their bounds. */
static void bound(const struct pass *pass, size_t thread, struct assay_kernel_part part)
{
    const struct assay_engine *engine = pass->engine;
    const struct assay_screen *screen = &engine->model->screen;
    const struct workspace *work = &engine->work;
    const struct rounded *rounded = &work->rounded[ASSAY_ACTIVATION_B32];
    const struct assay_kernel_shape shape = {engine->model->head.rows, engine->model->head.columns, 1, 1};
    dispatch(pass, thread, screen->coarse,
             (struct assay_kernel_call){
                 .shape = shape, .in = {screen->weights, rounded->q, rounded->d, rounded->sums}, .out = {work->approx}},
             part);
    dispatch(pass, thread, screen->bound,
             (struct assay_kernel_call){.shape = shape,
                                        .in = {work->approx, screen->radius, screen->norm, work->factors},
                                        .out = {work->upper, work->lower}},
             part);
}

static float largest(const float *values, uint64_t first, uint64_t end)
{
    enum { LANES = 16 }; /* side by side, so that none waits for the one before */
    float lanes[LANES];
    for (int i = 0; i < LANES; i++) {
        lanes[i] = -INFINITY;
    }
    for (uint64_t at = first; at < end; at++) {
        float *lane = &lanes[at % LANES];
        *lane = values[at] > *lane ? values[at] : *lane;
    }
    for (int i = 1; i < LANES; i++) {
        lanes[0] = lanes[i] > lanes[0] ? lanes[i] : lanes[0];
    }
    return lanes[0];
}

/* What is not below the bound survives, no-numbers too. Survivors of a thread stand where its rows begin. */
static uint64_t sift(const struct workspace *work, struct assay_kernel_part part, float floor, float *logits)
{
    uint64_t count = 0;
    for (uint64_t row = part.first; row < part.end; row++) {
        logits[row] = -INFINITY;
        work->survivors[part.first + count] = (uint32_t)row;
        count += !(work->upper[row] < floor);
    }
    return count;
}

static void compute(struct pass *pass, size_t thread, uint64_t row, float *logits)
{
    const struct assay_engine *engine = pass->engine;
    const struct assay_linear *head = &engine->model->head;
    const struct workspace *work = &engine->work;
    struct assay_kernel_call call = {
        .shape = {head->rows, head->columns, 1, 1}, .in = {head->weights, work->last}, .out = {logits}};
    if (head->activation != ASSAY_ACTIVATION_FLOAT) {
        const struct rounded *rounded = &work->rounded[head->activation];
        call.in[1] = rounded->q;
        call.in[2] = rounded->d;
        call.in[3] = rounded->sums;
    }
    dispatch(pass, thread, head->kernel, call, (struct assay_kernel_part){row, row + 1});
    if (!isfinite(logits[row])) {
        atomic_store_explicit(&pass->is_broken, true, memory_order_relaxed);
    } else if (logits[row] > work->upper[row] || logits[row] < work->lower[row]) {
        atomic_store_explicit(&pass->is_unbound, true, memory_order_relaxed);
    }
}

/* In turn, so that thread 0, which counts calls, has one whenever there is one. */
static void compute_all(struct pass *pass, size_t thread, float *logits)
{
    const struct assay_engine *engine = pass->engine;
    const struct assay_kernel_shape shape = {engine->model->head.rows, engine->model->head.columns, 1, 1};
    size_t threads = assay_team_threads(engine->team), nth = 0;
    for (size_t t = 0; t < threads; t++) {
        struct assay_kernel_part part = assay_kernel_share(engine->model->screen.coarse, &shape, t, threads);
        for (uint64_t i = 0; i < engine->work.survivors_counts[t * PER_LINE]; i++, nth++) {
            if (nth % threads == thread) {
                compute(pass, thread, engine->work.survivors[part.first + i], logits);
            }
        }
    }
}

bool screen_run(struct pass *pass, size_t thread, float *logits)
{
    struct assay_engine *engine = pass->engine;
    struct workspace *work = &engine->work;
    const struct assay_kernel_shape shape = {engine->model->head.rows, engine->model->head.columns, 1, 1};
    size_t threads = assay_team_threads(engine->team);
    struct assay_kernel_part part = assay_kernel_share(engine->model->screen.coarse, &shape, thread, threads);
    bound(pass, thread, part);
    work->floors[thread * PER_LINE] = largest(work->lower, part.first, part.end);
    assay_team_meet(engine->team, thread);
    float floor = -INFINITY;
    for (size_t t = 0; t < threads; t++) {
        floor = work->floors[t * PER_LINE] > floor ? work->floors[t * PER_LINE] : floor;
    }
    work->survivors_counts[thread * PER_LINE] = sift(work, part, floor, logits);
    assay_team_meet(engine->team, thread);
    uint64_t survivors = 0;
    for (size_t t = 0; t < threads; t++) {
        survivors += work->survivors_counts[t * PER_LINE];
    }
    bool is_enough = survivors <= shape.rows / SURVIVORS_SHARE + 1;
    if (thread == 0) {
        pass->survivors = survivors;
        pass->is_screened = is_enough;
    }
    if (is_enough) {
        compute_all(pass, thread, logits);
    }
    return is_enough;
}

const float *assay_engine_firm_logits(const struct assay_engine *engine, const float *logits, size_t *count)
{
    size_t best = 0;
    for (size_t i = 1; engine->model->screen.coarse && i < *count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    *count = engine->model->screen.coarse ? 1 : *count;
    return logits + best;
}

void screen_note(struct pass *pass, bool was_tried)
{
    struct screening *screening = &pass->engine->screening;
    if (!was_tried) {
        screening->rest -= screening->rest > 0 && pass->wants_best;
        return;
    }
    screening->passes += pass->is_screened;
    screening->survivors += pass->is_screened ? pass->survivors : 0;
    screening->failures += !pass->is_screened;
    screening->failures_in_turn = pass->is_screened ? 0 : screening->failures_in_turn + 1;
    if (screening->failures_in_turn == FAILURES_MAX) {
        screening->failures_in_turn = 0;
        screening->rest = REST_PASSES;
    }
}
