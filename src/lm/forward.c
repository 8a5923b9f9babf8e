/*
 * One pass: the same function on every thread of the team, which meets where one stage needs what all threads made.
 *
 *     by tokens   embedding, residual sums, norms, rounding: a token belongs to one thread
 *     by rows     linear layers: a static range of the rows of every matrix; the activation between gate and up and the
 *                 next rounding stays with the thread that made it
 *     by heads    attention
 *
 * Nothing here depends on the number of threads, tokens or sequences but who does it: every value is computed by the
 * same operations in the same order (kernels.md 3.3).
 */
#include "lm/engine_room.h"

#include "base/half.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct lane {
    struct pass *pass;
    struct assay_engine *engine;
    const struct assay_model *model;
    struct workspace *work;
    struct assay_kernel_thread *counting;
    size_t thread, threads;
    uint64_t first, end; /* tokens of this thread */
};

static void meet(const struct lane *lane)
{
    assay_team_meet(lane->engine->team, lane->thread);
}

/* The n-th share of `count`, as equal as can be, in order. */
static void share(uint64_t count, size_t nth, size_t threads, uint64_t *first, uint64_t *end)
{
    uint64_t whole = count / threads, rest = count % threads;
    *first = nth * whole + (nth < rest ? nth : rest);
    *end = *first + whole + (nth < rest);
}

/* Units from `first` up to `end` of a call; nothing for none. */
static void run_part(const struct lane *lane, const struct assay_kernel *kernel, struct assay_kernel_call call,
                     uint64_t first, uint64_t end)
{
    if (first < end) {
        call.part = (struct assay_kernel_part){first, end};
        assay_kernel_dispatch(kernel, lane->counting, &call);
    }
}

static void run_share(const struct lane *lane, const struct assay_kernel *kernel, struct assay_kernel_call call)
{
    call.part = assay_kernel_share(kernel, &call.shape, lane->thread, lane->threads);
    assay_kernel_dispatch(kernel, lane->counting, &call);
}

/* ---- by tokens ---------------------------------------------------------------------------------------------------*/

/* A float whose exponent has all bits set is infinite or no number; an integer format would hide it. */
static void check_finite(const struct lane *lane, const float *x, uint64_t count)
{
    const uint32_t exponent = 0x7f800000U;
    uint32_t found = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        found |= (bits & exponent) == exponent;
    }
    if (found) {
        atomic_store_explicit(&lane->pass->is_broken, true, memory_order_relaxed);
    }
}

static void norm(const struct lane *lane, const float *x, const float *w, uint64_t columns, float *y)
{
    const struct assay_kernel_call call = {
        .shape = {1, columns, lane->pass->tokens, 1}, .in = {x, w, &lane->model->shape.eps}, .out = {y}};
    check_finite(lane, x + lane->first * columns, (lane->end - lane->first) * columns);
    run_part(lane, lane->model->kernels.norm, call, lane->first, lane->end);
}

static void round_as(const struct lane *lane, enum assay_activation activation, const float *x, uint64_t columns,
                     uint64_t first, uint64_t end, uint64_t tokens)
{
    static const uint64_t BLOCKS[ASSAY_ACTIVATION_COUNT] = {[ASSAY_ACTIVATION_B32] = 32, [ASSAY_ACTIVATION_B256] = 256};
    struct rounded *rounded = &lane->work->rounded[activation];
    uint64_t scales = BLOCKS[activation] ? columns / BLOCKS[activation] : 1; /* of a token */
    const struct assay_kernel_call call = {
        .shape = {1, columns, tokens, 1}, .in = {x}, .out = {rounded->q, rounded->d, rounded->sums}};
    run_part(lane, lane->model->kernels.rounding[activation], call, first * scales, end * scales);
}

/* What the linear layers want of these activations, each kind once. */
static void round_for(const struct lane *lane, const struct assay_linear *linears, size_t count, const float *x)
{
    bool is_made[ASSAY_ACTIVATION_COUNT] = {[ASSAY_ACTIVATION_FLOAT] = true};
    for (size_t i = 0; i < count; i++) {
        if (!is_made[linears[i].activation]) {
            round_as(lane, linears[i].activation, x, linears[i].columns, lane->first, lane->end, lane->pass->tokens);
            is_made[linears[i].activation] = true;
        }
    }
}

/* The residual stream takes what the layer before gave. */
static void add(const struct lane *lane, const float *y)
{
    uint64_t hidden = lane->model->shape.hidden;
    float *x = lane->work->x;
    for (uint64_t i = lane->first * hidden; i < lane->end * hidden; i++) {
        x[i] += y[i];
    }
}

/* The embedding of a token; a head that shares the table has it in lanes, and nobody has it twice. */
static void look_up(const struct assay_model *model, uint64_t id, float *ret_x)
{
    const struct assay_gguf_tensor *table = model->embedding;
    const struct assay_format_row *format = table->format;
    uint64_t hidden = model->shape.hidden, blocks = hidden / format->block;
    if (table->data) {
        assay_format_decode(format->format, table->data, table->ne[1], hidden, id, ret_x);
        return;
    }
    for (uint64_t b = 0; b < blocks; b++) {
        uint8_t block[ASSAY_KERNEL_BLOCK_BYTES_MAX];
        assay_kernel_lane_block(model->head.layout, model->head.weights, blocks, id, b, block);
        assay_format_decode(format->format, block, 1, format->block, 0, ret_x + b * format->block);
    }
}

static void embed(const struct lane *lane)
{
    uint64_t hidden = lane->model->shape.hidden;
    for (size_t i = 0; i < lane->pass->spans_count; i++) {
        const struct span *span = &lane->pass->spans[i];
        for (uint64_t t = 0; t < span->count; t++) {
            uint64_t token = span->first + t;
            if (token >= lane->first && token < lane->end) {
                look_up(lane->model, (uint64_t)span->ids[t], lane->work->x + token * hidden);
            }
        }
    }
}

/* ---- by rows -----------------------------------------------------------------------------------------------------*/

static void multiply(const struct lane *lane, const struct assay_linear *linear, const float *x, uint64_t tokens,
                     float *y)
{
    struct assay_kernel_call call = {.shape = {linear->rows, linear->columns, tokens, 1},
                                     .in = {linear->weights, x},
                                     .out = {y},
                                     .scratch = lane->work->scratch[lane->thread]};
    if (linear->activation != ASSAY_ACTIVATION_FLOAT) {
        const struct rounded *rounded = &lane->work->rounded[linear->activation];
        call.in[1] = rounded->q;
        call.in[2] = rounded->d;
        call.in[3] = rounded->sums;
        call.in[4] = linear->scale;
    }
    run_share(lane, assay_linear_kernel(linear, tokens), call);
    if (lane->pass->recheck.linear == linear) {
        recheck_look(lane->pass, lane->thread, linear, &call);
    }
}

/* The rows of gate and up that this thread made, of every token. */
static void activate(const struct lane *lane, const struct assay_linear *gate)
{
    uint64_t rows = gate->rows, tokens = lane->pass->tokens;
    const struct assay_kernel_shape linear = {gate->rows, gate->columns, tokens, 1};
    struct assay_kernel_part own = assay_kernel_share(gate->kernel, &linear, lane->thread, lane->threads);
    const struct assay_kernel_call call = {
        .shape = {1, rows, tokens, 1}, .in = {lane->work->gate, lane->work->up}, .out = {lane->work->wide}};
    if (lane->threads == 1) {
        run_share(lane, lane->model->kernels.activation, call);
        return;
    }
    for (uint64_t t = 0; t < tokens; t++) {
        run_part(lane, lane->model->kernels.activation, call, t * rows + own.first, t * rows + own.end);
    }
}

/* ---- attention ---------------------------------------------------------------------------------------------------*/

/* Turns and keeps the keys, keeps the values, turns the queries: the share of this thread of (token, head) each. */
static void prepare(const struct lane *lane, uint64_t layer, const struct span *span)
{
    const struct assay_model_shape *shape = &lane->model->shape;
    uint64_t head = shape->head, narrow = shape->kv_heads * head, at = span->position * (head / 2);
    uint64_t cached = (layer * span->session->context + span->position) * narrow, first = 0, end = 0;
    struct assay_kernel_call call = {
        .shape = {shape->heads, head, span->count, 1},
        .in = {lane->work->q + span->first * shape->heads * head, lane->work->cosines + at, lane->work->sines + at},
        .out = {lane->work->q_rotated + span->first * shape->heads * head}};
    share(span->count * shape->heads, lane->thread, lane->threads, &first, &end);
    run_part(lane, lane->model->kernels.rope, call, first, end);
    share(span->count * shape->kv_heads, lane->thread, lane->threads, &first, &end);
    call.shape.rows = shape->kv_heads;
    call.in[0] = lane->work->k + span->first * narrow;
    call.out[0] = lane->work->k_rotated + span->first * narrow;
    run_part(lane, lane->model->kernels.rope, call, first, end);
    assay_f16_store(span->session->keys + cached + first * head,
                    lane->work->k_rotated + span->first * narrow + first * head, (end - first) * head);
    assay_f16_store(span->session->values + cached + first * head, lane->work->v + span->first * narrow + first * head,
                    (end - first) * head);
}

/* Cut by heads. Shares go round from token to token, so that unequal ones do. */
static void attend(const struct lane *lane, uint64_t layer, const struct span *span)
{
    const struct assay_model_shape *shape = &lane->model->shape;
    uint64_t wide = shape->heads * shape->head, narrow = shape->kv_heads * shape->head;
    uint64_t cache = layer * span->session->context * narrow;
    bool goes_round = shape->heads >= lane->threads; /* else thread 0, which counts calls, could be left out */
    for (uint64_t t = 0; t < span->count; t++) {
        uint64_t token = span->first + t;
        struct assay_kernel_call call = {
            .shape = {shape->heads, shape->head, span->position + t + 1, shape->kv_heads},
            .in = {lane->work->q_rotated + token * wide, span->session->keys + cache, span->session->values + cache},
            .out = {lane->work->mixed + token * wide},
            .scratch = lane->work->scratch[lane->thread]};
        size_t nth = goes_round ? (size_t)((lane->thread + token) % lane->threads) : lane->thread;
        call.part = assay_kernel_share(lane->model->kernels.attention, &call.shape, nth, lane->threads);
        assay_kernel_dispatch(lane->model->kernels.attention, lane->counting, &call);
    }
}

static void run_attention(const struct lane *lane, uint64_t number)
{
    const struct assay_layer *layer = &lane->model->layers[number];
    const struct assay_linear *linears = layer->linears;
    const struct assay_model_shape *shape = &lane->model->shape;
    struct workspace *work = lane->work;
    const float *mixed = work->mixed;
    norm(lane, work->x, layer->norms[ASSAY_NORM_ATTN], shape->hidden, work->h);
    round_for(lane, linears + ASSAY_LINEAR_Q, 3, work->h);
    meet(lane);
    multiply(lane, &linears[ASSAY_LINEAR_Q], work->h, lane->pass->tokens, work->q);
    multiply(lane, &linears[ASSAY_LINEAR_K], work->h, lane->pass->tokens, work->k);
    multiply(lane, &linears[ASSAY_LINEAR_V], work->h, lane->pass->tokens, work->v);
    meet(lane);
    for (size_t i = 0; i < lane->pass->spans_count; i++) {
        prepare(lane, number, &lane->pass->spans[i]);
    }
    meet(lane);
    for (size_t i = 0; i < lane->pass->spans_count; i++) {
        attend(lane, number, &lane->pass->spans[i]);
    }
    meet(lane);
    if (layer->norms[ASSAY_NORM_ATTN_SUB]) {
        norm(lane, work->mixed, layer->norms[ASSAY_NORM_ATTN_SUB], shape->heads * shape->head, work->q);
        mixed = work->q;
    } else {
        check_finite(lane, mixed + lane->first * linears[ASSAY_LINEAR_O].columns,
                     (lane->end - lane->first) * linears[ASSAY_LINEAR_O].columns);
    }
    round_for(lane, &linears[ASSAY_LINEAR_O], 1, mixed);
    meet(lane);
    multiply(lane, &linears[ASSAY_LINEAR_O], mixed, lane->pass->tokens, work->h);
    meet(lane);
    add(lane, work->h);
}

static void run_ffn(const struct lane *lane, uint64_t number)
{
    const struct assay_layer *layer = &lane->model->layers[number];
    const struct assay_linear *linears = layer->linears;
    const struct assay_model_shape *shape = &lane->model->shape;
    struct workspace *work = lane->work;
    const float *wide = work->wide;
    norm(lane, work->x, layer->norms[ASSAY_NORM_FFN], shape->hidden, work->h);
    round_for(lane, linears + ASSAY_LINEAR_GATE, 2, work->h);
    meet(lane);
    multiply(lane, &linears[ASSAY_LINEAR_GATE], work->h, lane->pass->tokens, work->gate);
    multiply(lane, &linears[ASSAY_LINEAR_UP], work->h, lane->pass->tokens, work->up);
    if (linears[ASSAY_LINEAR_GATE].kernel != linears[ASSAY_LINEAR_UP].kernel) {
        meet(lane); /* other layouts may be cut elsewhere */
    }
    activate(lane, &linears[ASSAY_LINEAR_GATE]);
    meet(lane);
    if (layer->norms[ASSAY_NORM_FFN_SUB]) {
        norm(lane, work->wide, layer->norms[ASSAY_NORM_FFN_SUB], shape->ffn, work->gate);
        wide = work->gate;
    } else {
        check_finite(lane, wide + lane->first * shape->ffn, (lane->end - lane->first) * shape->ffn);
    }
    round_for(lane, &linears[ASSAY_LINEAR_DOWN], 1, wide);
    meet(lane);
    multiply(lane, &linears[ASSAY_LINEAR_DOWN], wide, lane->pass->tokens, work->h);
    meet(lane);
    add(lane, work->h);
}

/* ---- the pass ----------------------------------------------------------------------------------------------------*/

/* The head, for wanted tokens only: nobody asks for the logits of a prompt. */
static void predict(const struct lane *lane)
{
    const struct pass *pass = lane->pass;
    const struct assay_model *model = lane->model;
    uint64_t hidden = model->shape.hidden, vocabulary = model->shape.vocabulary, first = 0, end = 0;
    bool is_screened = screen_applies(pass);
    if (pass->wanted_count == 0) {
        return;
    }
    meet(lane); /* any thread may have made the token */
    share(pass->wanted_count, lane->thread, lane->threads, &first, &end);
    for (uint64_t i = first; i < end; i++) {
        const float *x = lane->work->x + pass->wanted[i] * hidden;
        const struct assay_kernel_call call = {.shape = {1, hidden, 1, 1},
                                               .in = {x, model->output_norm, &model->shape.eps},
                                               .out = {lane->work->last + i * hidden}};
        check_finite(lane, x, hidden);
        run_part(lane, model->kernels.norm, call, 0, 1);
    }
    if (model->head.activation != ASSAY_ACTIVATION_FLOAT) {
        round_as(lane, model->head.activation, lane->work->last, hidden, first, end, pass->wanted_count);
    }
    if (is_screened && first < end) {
        if (model->head.activation != ASSAY_ACTIVATION_B32) {
            round_as(lane, ASSAY_ACTIVATION_B32, lane->work->last, hidden, first, end, pass->wanted_count);
        }
        screen_prepare(lane->pass);
    }
    meet(lane);
    float *logits = lane->work->logits + pass->first_row * vocabulary;
    if (is_screened && screen_run(lane->pass, lane->thread, logits)) {
        return;
    }
    multiply(lane, &model->head, lane->work->last, pass->wanted_count, logits);
    meet(lane);
    share(pass->wanted_count * vocabulary, lane->thread, lane->threads, &first, &end);
    check_finite(lane, logits + first, end - first);
}

/* Thread 0 asks whether to go on; the others learn of it at the next meeting. */
static bool ask(const struct lane *lane)
{
    struct assay_engine *engine = lane->engine;
    if (!engine->may_go_on) {
        return true;
    }
    if (lane->thread == 0 && !engine->may_go_on(engine->watch_context)) {
        lane->pass->is_stopped = true;
    }
    meet(lane);
    return !lane->pass->is_stopped;
}

static void run_thread(void *argument, size_t thread)
{
    struct pass *pass = argument;
    struct assay_engine *engine = pass->engine;
    struct lane lane = {.pass = pass,
                        .engine = engine,
                        .model = engine->model,
                        .work = &engine->work,
                        .counting = assay_team_counting(engine->team, thread),
                        .thread = thread,
                        .threads = assay_team_threads(engine->team)};
    share(pass->tokens, thread, lane.threads, &lane.first, &lane.end);
    embed(&lane);
    for (uint64_t layer = 0; layer < engine->model->shape.layers; layer++) {
        if (!ask(&lane)) {
            return;
        }
        run_attention(&lane, layer);
        run_ffn(&lane, layer);
    }
    predict(&lane);
}

/* A kernel whose row is wrong is out of force from here on; the pass is made again without it. Caches are written anew
 * at the same positions, and nobody has seen a logit. */
static void run_until_right(struct pass *pass)
{
    struct screening *screening = &pass->engine->screening;
    bool is_unbound = false;
    do {
        pass->is_stopped = pass->is_screened = false;
        atomic_store_explicit(&pass->is_broken, false, memory_order_relaxed);
        atomic_store_explicit(&pass->is_unbound, false, memory_order_relaxed);
        recheck_choose(pass);
        bool is_tried = screen_applies(pass);
        assay_team_run(pass->engine->team, run_thread, pass);
        is_unbound = atomic_load_explicit(&pass->is_unbound, memory_order_relaxed);
        screening->is_off = screening->is_off || is_unbound;
        if (!pass->is_stopped) {
            screen_note(pass, is_tried);
        }
    } while ((pass->recheck.is_wrong || is_unbound) && !pass->is_stopped);
}

assay_code forward_run(struct pass *pass, assay_err *err)
{
    run_until_right(pass);
    if (pass->is_stopped) {
        return assay_fail(err, ASSAY_INTERRUPTED, "stopped between two layers, as was asked for");
    }
    if (atomic_load_explicit(&pass->is_broken, memory_order_relaxed)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "a number is no longer finite: the weights are broken, or not of this architecture");
    }
    pass->engine->tokens += pass->tokens;
    return ASSAY_OK;
}
