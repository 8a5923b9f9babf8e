#include "lm/session.h"

#include "base/half.h"
#include "base/mem.h"
#include "stat/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define BATCH 32
#define ALIGNMENT 64

/* Activations as the linear layers want them, and what is shared between layers of one kind. */
struct rounded {
    int8_t *q;
    float *d;
    int32_t *sums;
    bool is_made;
};

struct assay_session {
    const struct assay_model *model;
    struct assay_kernel_thread *counters;
    uint64_t context, batch, position;
    uint16_t *keys, *values;      /* [layer][position][kv head][value] */
    float *cosines, *sines;       /* [position][head / 2] */
    float *x, *h;                 /* [token][hidden]: residual stream, normed */
    float *q, *q_rotated, *mixed; /* [token][heads][head] */
    float *k, *k_rotated, *v;     /* [token][kv heads][head] */
    float *gate, *up, *wide;      /* [token][ffn] */
    float *logits, *last;         /* vocabulary; hidden */
    void *scratch;
    struct rounded rounded[ASSAY_ACTIVATION_COUNT];
    struct assay_arena arena;
};

/* ---- memory ------------------------------------------------------------------------------------------------------*/

#define ARENA_BYTES_MAX ((size_t)1 << 40) /* bounded by context and shape, which are bounded themselves */

static void *take(struct assay_session *session, uint64_t count, size_t bytes)
{
    char *memory = assay_arena_take(&session->arena, (size_t)count + ALIGNMENT / bytes + 1, bytes);
    return memory ? memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT : NULL;
}

static float *floats(struct assay_session *session, uint64_t count)
{
    return take(session, count, sizeof(float));
}

static bool take_rounded(struct assay_session *session, uint64_t widest)
{
    for (size_t i = 0; i < ASSAY_ACTIVATION_COUNT; i++) {
        struct rounded *rounded = &session->rounded[i];
        rounded->q = take(session, session->batch * widest, 1);
        rounded->d = floats(session, session->batch * (widest / 32 + 1));
        rounded->sums = take(session, session->batch * (widest / 32 + 1), sizeof(int32_t));
        if (!rounded->q || !rounded->d || !rounded->sums) {
            return false;
        }
    }
    return true;
}

static uint64_t scratch_bytes(const struct assay_session *session)
{
    const struct assay_model_shape *shape = &session->model->shape;
    struct assay_kernel_shape call = {shape->heads, shape->head, session->context, shape->kv_heads};
    return assay_kernel_scratch_bytes(session->model->kernels.attention, &call);
}

static bool take_all(struct assay_session *session)
{
    const struct assay_model_shape *shape = &session->model->shape;
    uint64_t batch = session->batch, wide = shape->heads * shape->head, narrow = shape->kv_heads * shape->head;
    uint64_t cache = shape->layers * session->context * narrow;
    uint64_t widest = shape->ffn > wide ? shape->ffn : wide;
    session->keys = take(session, cache, sizeof *session->keys);
    session->values = take(session, cache, sizeof *session->values);
    session->cosines = floats(session, session->context * (shape->head / 2));
    session->sines = floats(session, session->context * (shape->head / 2));
    session->x = floats(session, batch * shape->hidden);
    session->h = floats(session, batch * (shape->hidden > wide ? shape->hidden : wide));
    session->q = floats(session, batch * wide);
    session->q_rotated = floats(session, batch * wide);
    session->mixed = floats(session, batch * wide);
    session->k = floats(session, batch * narrow);
    session->k_rotated = floats(session, batch * narrow);
    session->v = floats(session, batch * narrow);
    session->gate = floats(session, batch * shape->ffn);
    session->up = floats(session, batch * shape->ffn);
    session->wide = floats(session, batch * shape->ffn);
    session->logits = floats(session, shape->vocabulary);
    session->last = floats(session, shape->hidden);
    session->scratch = take(session, scratch_bytes(session) + 1, 1);
    return session->keys && session->values && session->cosines && session->sines && session->x && session->h &&
           session->q && session->q_rotated && session->mixed && session->k && session->k_rotated && session->v &&
           session->gate && session->up && session->wide && session->logits && session->last && session->scratch &&
           take_rounded(session, widest > shape->hidden ? widest : shape->hidden);
}

/* Angles in binary64, rounded once (kernels.md 3.2). */
static void fill_angles(struct assay_session *session)
{
    uint64_t half = session->model->shape.head / 2;
    double log_base = assay_stat_log(session->model->shape.rope_base);
    for (uint64_t i = 0; i < half; i++) {
        double frequency = assay_stat_exp(-(double)i / (double)half * log_base);
        for (uint64_t p = 0; p < session->context; p++) {
            double sine, cosine;
            assay_stat_sine_cosine((double)p * frequency, &sine, &cosine);
            session->sines[p * half + i] = (float)sine;
            session->cosines[p * half + i] = (float)cosine;
        }
    }
}

assay_code assay_session_new(const struct assay_model *model, const struct assay_session_setup *setup,
                             struct assay_session **ret, assay_err *err)
{
    struct assay_session *session = assay_alloc(1, sizeof *session);
    if (!session) {
        return assay_nomem(err);
    }
    session->model = model;
    session->counters = setup->counters;
    session->context = setup->context ? setup->context : model->shape.context;
    session->batch = setup->batch ? setup->batch : BATCH;
    assay_arena_init(&session->arena, ARENA_BYTES_MAX);
    assay_code rc = ASSAY_OK;
    if (session->context > model->shape.context || session->batch > ASSAY_SESSION_BATCH_MAX) {
        rc = assay_fail(err, ASSAY_USAGE,
                        "a context of %" PRIu64 " and %" PRIu64 " tokens a pass, expected at most %" PRIu64 " and %d",
                        session->context, session->batch, model->shape.context, ASSAY_SESSION_BATCH_MAX);
    } else if (!take_all(session)) {
        rc = assay_nomem(err);
    }
    if (rc != ASSAY_OK) {
        assay_session_free(session);
        return rc;
    }
    fill_angles(session);
    *ret = session;
    return ASSAY_OK;
}

void assay_session_free(struct assay_session *session)
{
    if (session) {
        assay_arena_done(&session->arena);
        assay_free(session);
    }
}

uint64_t assay_session_position(const struct assay_session *session)
{
    return session->position;
}

uint64_t assay_session_context(const struct assay_session *session)
{
    return session->context;
}

void assay_session_rewind(struct assay_session *session, uint64_t position)
{
    assert(position <= session->position);
    session->position = position;
}

/* ---- stages ------------------------------------------------------------------------------------------------------*/

static void dispatch(struct assay_session *session, const struct assay_kernel *kernel,
                     const struct assay_kernel_call *call)
{
    assay_kernel_dispatch(kernel, session->counters, call);
}

static void norm(struct assay_session *session, const float *x, const float *w, uint64_t columns, uint64_t tokens,
                 float *y)
{
    dispatch(session, session->model->kernels.norm,
             &(struct assay_kernel_call){
                 .shape = {1, columns, tokens, 1}, .in = {x, w, &session->model->shape.eps}, .out = {y}});
}

/* New activations: what was rounded of the ones before is no longer theirs. */
static void forget_rounded(struct assay_session *session)
{
    for (size_t i = 0; i < ASSAY_ACTIVATION_COUNT; i++) {
        session->rounded[i].is_made = false;
    }
}

static const struct rounded *round_once(struct assay_session *session, enum assay_activation activation, const float *x,
                                        uint64_t columns, uint64_t tokens)
{
    struct rounded *rounded = &session->rounded[activation];
    if (!rounded->is_made) {
        dispatch(session, session->model->kernels.rounding[activation],
                 &(struct assay_kernel_call){
                     .shape = {1, columns, tokens, 1}, .in = {x}, .out = {rounded->q, rounded->d, rounded->sums}});
        rounded->is_made = true;
    }
    return rounded;
}

static void multiply(struct assay_session *session, const struct assay_linear *linear, const float *x, uint64_t tokens,
                     float *y)
{
    struct assay_kernel_call call = {
        .shape = {linear->rows, linear->columns, tokens, 1}, .in = {linear->weights, x}, .out = {y}};
    if (linear->activation != ASSAY_ACTIVATION_FLOAT) {
        const struct rounded *rounded = round_once(session, linear->activation, x, linear->columns, tokens);
        call.in[1] = rounded->q;
        call.in[2] = rounded->d;
        call.in[3] = rounded->sums;
        call.in[4] = linear->scale;
    }
    dispatch(session, linear->kernel, &call);
}

static void rotate(struct assay_session *session, const float *x, uint64_t heads, uint64_t tokens, float *y)
{
    uint64_t head = session->model->shape.head, at = session->position * (head / 2);
    dispatch(session, session->model->kernels.rope,
             &(struct assay_kernel_call){
                 .shape = {heads, head, tokens, 1}, .in = {x, session->cosines + at, session->sines + at}, .out = {y}});
}

static void store(uint16_t *to, const float *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        to[i] = assay_f16_bits(from[i]);
    }
}

static void add(float *x, const float *y, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        x[i] += y[i];
    }
}

static void attend(struct assay_session *session, uint64_t layer, uint64_t tokens)
{
    const struct assay_model_shape *shape = &session->model->shape;
    uint64_t wide = shape->heads * shape->head, narrow = shape->kv_heads * shape->head;
    uint16_t *keys = session->keys + layer * session->context * narrow;
    uint16_t *values = session->values + layer * session->context * narrow;
    store(keys + session->position * narrow, session->k_rotated, tokens * narrow);
    store(values + session->position * narrow, session->v, tokens * narrow);
    for (uint64_t t = 0; t < tokens; t++) {
        dispatch(session, session->model->kernels.attention,
                 &(struct assay_kernel_call){
                     .shape = {shape->heads, shape->head, session->position + t + 1, shape->kv_heads},
                     .in = {session->q_rotated + t * wide, keys, values},
                     .out = {session->mixed + t * wide},
                     .scratch = session->scratch});
    }
}

static void run_attention(struct assay_session *session, uint64_t number, uint64_t tokens)
{
    const struct assay_model_shape *shape = &session->model->shape;
    const struct assay_layer *layer = &session->model->layers[number];
    uint64_t wide = shape->heads * shape->head;
    const float *mixed = session->mixed;
    norm(session, session->x, layer->norms[ASSAY_NORM_ATTN], shape->hidden, tokens, session->h);
    forget_rounded(session);
    multiply(session, &layer->linears[ASSAY_LINEAR_Q], session->h, tokens, session->q);
    multiply(session, &layer->linears[ASSAY_LINEAR_K], session->h, tokens, session->k);
    multiply(session, &layer->linears[ASSAY_LINEAR_V], session->h, tokens, session->v);
    rotate(session, session->q, shape->heads, tokens, session->q_rotated);
    rotate(session, session->k, shape->kv_heads, tokens, session->k_rotated);
    attend(session, number, tokens);
    if (layer->norms[ASSAY_NORM_ATTN_SUB]) {
        norm(session, session->mixed, layer->norms[ASSAY_NORM_ATTN_SUB], wide, tokens, session->q);
        mixed = session->q;
    }
    forget_rounded(session);
    multiply(session, &layer->linears[ASSAY_LINEAR_O], mixed, tokens, session->h);
    add(session->x, session->h, tokens * shape->hidden);
}

static void run_ffn(struct assay_session *session, uint64_t number, uint64_t tokens)
{
    const struct assay_model_shape *shape = &session->model->shape;
    const struct assay_layer *layer = &session->model->layers[number];
    const float *wide = session->wide;
    norm(session, session->x, layer->norms[ASSAY_NORM_FFN], shape->hidden, tokens, session->h);
    forget_rounded(session);
    multiply(session, &layer->linears[ASSAY_LINEAR_GATE], session->h, tokens, session->gate);
    multiply(session, &layer->linears[ASSAY_LINEAR_UP], session->h, tokens, session->up);
    dispatch(session, session->model->kernels.activation,
             &(struct assay_kernel_call){
                 .shape = {1, shape->ffn, tokens, 1}, .in = {session->gate, session->up}, .out = {session->wide}});
    if (layer->norms[ASSAY_NORM_FFN_SUB]) {
        norm(session, session->wide, layer->norms[ASSAY_NORM_FFN_SUB], shape->ffn, tokens, session->gate);
        wide = session->gate;
    }
    forget_rounded(session);
    multiply(session, &layer->linears[ASSAY_LINEAR_DOWN], wide, tokens, session->h);
    add(session->x, session->h, tokens * shape->hidden);
}

/* ---- a pass ------------------------------------------------------------------------------------------------------*/

static assay_code embed(struct assay_session *session, const int32_t *ids, size_t count, assay_err *err)
{
    const struct assay_gguf_tensor *table = session->model->embedding;
    uint64_t hidden = session->model->shape.hidden;
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || (uint64_t)ids[i] >= table->ne[1]) {
            return assay_fail(err, ASSAY_MALFORMED, "token id %" PRId32 ", expected 0 to %" PRIu64, ids[i],
                              table->ne[1] - 1);
        }
        assay_format_decode(table->format->format, table->data, table->ne[1], hidden, (uint64_t)ids[i],
                            session->x + i * hidden);
    }
    return ASSAY_OK;
}

static assay_code pass(struct assay_session *session, const int32_t *ids, size_t count, assay_err *err)
{
    const struct assay_model_shape *shape = &session->model->shape;
    assay_code rc = embed(session, ids, count, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (uint64_t layer = 0; layer < shape->layers; layer++) {
        run_attention(session, layer, count);
        run_ffn(session, layer, count);
    }
    session->position += count;
    return ASSAY_OK;
}

/* The head, for the last token only: nobody asks for the logits of a prompt. */
static assay_code predict(struct assay_session *session, size_t count, assay_err *err)
{
    const struct assay_model *model = session->model;
    const float *x = session->x + (count - 1) * model->shape.hidden;
    norm(session, x, model->output_norm, model->shape.hidden, 1, session->last);
    forget_rounded(session);
    multiply(session, &model->head, session->last, 1, session->logits);
    for (uint64_t i = 0; i < model->shape.vocabulary; i++) {
        if (!isfinite(session->logits[i])) {
            return assay_fail(err, ASSAY_MALFORMED,
                              "the logit of token %" PRIu64 " is not finite: the weights are "
                              "broken, or not of this architecture",
                              i);
        }
    }
    return ASSAY_OK;
}

assay_code assay_session_eval(struct assay_session *session, const int32_t *ids, size_t count, const float **ret_logits,
                              assay_err *err)
{
    assert(count > 0);
    if (count > session->context - session->position) {
        return assay_fail(err, ASSAY_TOO_LARGE,
                          "%zu tokens after %" PRIu64 ", expected at most %" PRIu64 " in all (the context)", count,
                          session->position, session->context);
    }
    assay_code rc = ASSAY_OK;
    size_t step = 0;
    for (size_t done = 0; rc == ASSAY_OK && done < count; done += step) {
        step = count - done < session->batch ? count - done : (size_t)session->batch;
        rc = pass(session, ids + done, step, err);
    }
    rc = rc == ASSAY_OK ? predict(session, step, err) : rc;
    if (rc == ASSAY_OK) {
        *ret_logits = session->logits;
    }
    return rc;
}
