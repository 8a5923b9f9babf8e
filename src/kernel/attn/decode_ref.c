/* attn_decode_f16_ref: the arithmetic as it is written down. Scratch: one score a position. */
#include "kernel/attn/attn.h"
#include "kernel/families.h"
#include "kernel/part.h"

static uint64_t scratch_bytes(const struct assay_kernel_shape *shape)
{
    return shape->tokens * sizeof(float);
}

static float dot(const float *q, const uint16_t *k, size_t columns)
{
    float lanes[KERNEL_LANES] = {0};
    for (size_t i = 0; i < columns; i++) {
        lanes[i % KERNEL_LANES] = fmaf(q[i], assay_f16_value(k[i]), lanes[i % KERNEL_LANES]);
    }
    return kernel_tree(lanes);
}

/* Scores become weights, not yet divided; returns their sum. */
static float weigh(float *scores, size_t positions)
{
    float most = scores[0], lanes[KERNEL_LANES] = {0};
    for (size_t p = 1; p < positions; p++) {
        most = scores[p] > most ? scores[p] : most;
    }
    for (size_t p = 0; p < positions; p++) {
        scores[p] = kernel_exp(scores[p] - most);
        lanes[p % KERNEL_LANES] += scores[p];
    }
    return kernel_tree(lanes);
}

static void run_head(const struct assay_kernel_call *call, size_t head)
{
    size_t columns = (size_t)call->shape.columns, positions = (size_t)call->shape.tokens;
    size_t step = (size_t)call->shape.extra * columns;
    size_t at = head / ((size_t)call->shape.rows / (size_t)call->shape.extra) * columns;
    const float *q = (const float *)call->in[ATTN_Q] + head * columns;
    const uint16_t *k = (const uint16_t *)call->in[ATTN_K] + at, *v = (const uint16_t *)call->in[ATTN_V] + at;
    float *scores = call->scratch, *o = (float *)call->out[0] + head * columns;
    float scale = 1.0F / sqrtf((float)columns);
    for (size_t p = 0; p < positions; p++) {
        scores[p] = dot(q, k + p * step, columns) * scale;
    }
    float sum = weigh(scores, positions);
    for (size_t i = 0; i < columns; i++) {
        o[i] = 0;
    }
    for (size_t p = 0; p < positions; p++) {
        for (size_t i = 0; i < columns; i++) {
            o[i] = fmaf(scores[p], assay_f16_value(v[p * step + i]), o[i]);
        }
    }
    for (size_t i = 0; i < columns; i++) {
        o[i] /= sum;
    }
}

static void run(const struct assay_kernel_call *call)
{
    struct kernel_range range = kernel_range_of(call, call->shape.rows);
    for (size_t head = range.first; head < range.end; head++) {
        run_head(call, head);
    }
}

const struct assay_kernel_row kernel_row_attn_decode_f16_ref = {
    .id = "attn_decode_f16_ref",
    .kind = ASSAY_KERNEL_NATIVE,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .legacy_id = "attention_real",
    .scratch_bytes = scratch_bytes,
    .help = "plain C",
};
