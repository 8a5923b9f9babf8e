/* attn_decode_f16_avx2: scores by the lanes of T16, weights eight at a time, outputs in registers over all positions.
 */
#include "kernel/attn/attn.h"
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { LANES = 8, OUTPUTS = 8 }; /* vectors of outputs that stay in registers */

KERNEL_INLINE __m256 load_halves(const uint16_t *at)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at));
}

KERNEL_INLINE float dot(const float *q, const uint16_t *k, size_t columns)
{
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + KERNEL_LANES <= columns; i += KERNEL_LANES) {
        low = _mm256_fmadd_ps(_mm256_loadu_ps(q + i), load_halves(k + i), low);
        high = _mm256_fmadd_ps(_mm256_loadu_ps(q + i + LANES), load_halves(k + i + LANES), high);
    }
    if (i == columns) {
        return kernel_tree_avx2(low, high);
    }
    _Alignas(32) float lanes[KERNEL_LANES];
    _mm256_store_ps(lanes, low);
    _mm256_store_ps(lanes + LANES, high);
    for (size_t lane = 0; i + lane < columns; lane++) {
        lanes[lane] = fmaf(q[i + lane], _cvtsh_ss(k[i + lane]), lanes[lane]);
    }
    return kernel_tree(lanes);
}

KERNEL_INLINE float largest(const float *scores, size_t positions)
{
    float most = scores[0];
    for (size_t p = 1; p < positions; p++) {
        most = scores[p] > most ? scores[p] : most;
    }
    return most;
}

/* Scores become weights, not yet divided; returns their sum. */
KERNEL_INLINE float weigh(float *scores, size_t positions)
{
    _Alignas(32) float lanes[KERNEL_LANES];
    const float most = largest(scores, positions);
    const __m256 all_most = _mm256_set1_ps(most);
    __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    size_t p = 0;
    for (; p + KERNEL_LANES <= positions; p += KERNEL_LANES) {
        for (size_t half = 0; half < 2; half++) {
            float *at = scores + p + half * LANES;
            __m256 weight = kernel_exp_avx2(_mm256_sub_ps(_mm256_loadu_ps(at), all_most));
            _mm256_storeu_ps(at, weight);
            sums[half] = _mm256_add_ps(sums[half], weight);
        }
    }
    _mm256_store_ps(lanes, sums[0]);
    _mm256_store_ps(lanes + LANES, sums[1]);
    for (size_t lane = 0; p + lane < positions; lane++) {
        scores[p + lane] = kernel_exp(scores[p + lane] - most);
        lanes[lane] += scores[p + lane];
    }
    return kernel_tree(lanes);
}

/* `vectors` times eight outputs from number `at` on. */
KERNEL_INLINE void mix(const float *weights, size_t positions, const uint16_t *v, size_t step, int vectors, float sum,
                       float *o)
{
    __m256 mixed[OUTPUTS];
    for (int i = 0; i < vectors; i++) {
        mixed[i] = _mm256_setzero_ps();
    }
    for (size_t p = 0; p < positions; p++) {
        __m256 weight = _mm256_broadcast_ss(weights + p);
        for (int i = 0; i < vectors; i++) {
            mixed[i] = _mm256_fmadd_ps(weight, load_halves(v + p * step + i * LANES), mixed[i]);
        }
    }
    for (int i = 0; i < vectors; i++) {
        _mm256_storeu_ps(o + i * LANES, _mm256_div_ps(mixed[i], _mm256_set1_ps(sum)));
    }
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
    size_t i = 0;
    for (; i + OUTPUTS * LANES <= columns; i += OUTPUTS * LANES) {
        mix(scores, positions, v + i, step, OUTPUTS, sum, o + i);
    }
    for (; i + LANES <= columns; i += LANES) {
        mix(scores, positions, v + i, step, 1, sum, o + i);
    }
    for (; i < columns; i++) {
        float mixed = 0;
        for (size_t p = 0; p < positions; p++) {
            mixed = fmaf(scores[p], _cvtsh_ss(v[p * step + i]), mixed);
        }
        o[i] = mixed / sum;
    }
}

static void run(const struct assay_kernel_call *call)
{
    struct kernel_range range = kernel_range_of(call, call->shape.rows);
    for (size_t head = range.first; head < range.end; head++) {
        run_head(call, head);
    }
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

static uint64_t scratch_bytes(const struct assay_kernel_shape *shape)
{
    return shape->tokens * sizeof(float);
}

const struct assay_kernel_row kernel_row_attn_decode_f16_avx2 = {
    .id = "attn_decode_f16_avx2",
    .kind = ASSAY_KERNEL_NATIVE,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .legacy_id = "attention_real",
    .scratch_bytes = scratch_bytes,
    .help = "64 outputs in registers",
};
