/* The forward pass on tiny synthetic models: against binary64, and against itself in other batches. */
#include "base/mem.h"
#include "kernel/kernel.h"
#include "lm/lm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOKENS 12
static const int32_t IDS[TOKENS] = {84, 104, 101, 32, 99, 97, 112, 300, 401, 32, 0, 509};

struct bench {
    struct assay_buf file;
    struct assay_kernel_set *set;
    struct assay_kernel_counters *counters;
    struct assay_model *model;
    struct assay_session *session;
    assay_err err;
};

static void bench_init(struct bench *bench, const char *shape, const char *format, const char *head)
{
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"};
    const struct assay_synth synth = {
        .shape = shape, .format = format, .head = head, .seed = 11, .zero_share = ASSAY_SYNTH_ZERO_SHARE};
    *bench = (struct bench){0};
    assay_buf_init(&bench->file, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &bench->file, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_set_new(&NONE, &bench->set, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_set_ready(bench->set, NULL), ASSAY_OK);
    if (assay_model_new((const uint8_t *)bench->file.data, bench->file.len, bench->set, &bench->model, &bench->err) !=
        ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
    assert_int_equal(assay_kernel_counters_new(bench->set, 1, &bench->counters, NULL), ASSAY_OK);
    const struct assay_session_setup setup = {
        .context = 64, .batch = 8, .counters = assay_kernel_counters_thread(bench->counters, 0)};
    assert_int_equal(assay_session_new(bench->model, &setup, &bench->session, NULL), ASSAY_OK);
}

static void bench_done(struct bench *bench)
{
    assay_session_free(bench->session);
    assay_kernel_counters_free(bench->counters);
    assay_model_free(bench->model);
    assay_kernel_set_free(bench->set);
    assay_buf_done(&bench->file);
}

/* ---- the same in binary64 ----------------------------------------------------------------------------------------*/

/* Whole sequence at once, weights as they decode, no activation rounded: slow, plain, and written from the paper. */
struct oracle {
    const struct assay_gguf *gguf;
    const struct assay_model_shape *shape;
    double x[TOKENS][256];
};

static const struct assay_gguf_tensor *tensor_of(const struct oracle *oracle, const char *name, uint64_t layer)
{
    char full[64];
    if (layer == UINT64_MAX) {
        (void)snprintf(full, sizeof full, "%s.weight", name);
    } else {
        (void)snprintf(full, sizeof full, "blk.%d.%s.weight", (int)layer, name);
    }
    const struct assay_gguf_tensor *tensor = assay_gguf_tensor(oracle->gguf, full);
    assert_non_null(tensor);
    return tensor;
}

static void times(const struct assay_gguf_tensor *tensor, const double *x, double *y)
{
    float row[1024];
    for (uint64_t r = 0; r < tensor->ne[1]; r++) {
        assay_format_decode(tensor->format->format, tensor->data, tensor->ne[1], tensor->ne[0], r, row);
        y[r] = 0;
        for (uint64_t i = 0; i < tensor->ne[0]; i++) {
            y[r] += (double)row[i] * x[i];
        }
    }
}

static void normed(const struct oracle *oracle, const double *x, uint64_t count, double *y)
{
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += x[i] * x[i];
    }
    for (uint64_t i = 0; i < count; i++) {
        y[i] = x[i] / sqrt(sum / (double)count + (double)oracle->shape->eps); /* weights of synthetic norms are 1 */
    }
}

static void rotated(const struct oracle *oracle, double *head, unsigned position)
{
    uint64_t half = oracle->shape->head / 2;
    for (uint64_t i = 0; i < half; i++) {
        double angle = position * pow(oracle->shape->rope_base, -(double)i / (double)half);
        uint64_t a = oracle->shape->is_bitnet ? i : 2 * i, b = oracle->shape->is_bitnet ? i + half : 2 * i + 1;
        double x = head[a], y = head[b];
        head[a] = x * cos(angle) - y * sin(angle);
        head[b] = x * sin(angle) + y * cos(angle);
    }
}

static void attention(const struct oracle *oracle, double q[TOKENS][256], double k[TOKENS][256], double v[TOKENS][256],
                      unsigned t, double *out)
{
    uint64_t head = oracle->shape->head, group = oracle->shape->heads / oracle->shape->kv_heads;
    for (uint64_t h = 0; h < oracle->shape->heads; h++) {
        double weights[TOKENS], sum = 0;
        for (unsigned p = 0; p <= t; p++) {
            double score = 0;
            for (uint64_t i = 0; i < head; i++) {
                score += q[t][h * head + i] * k[p][h / group * head + i];
            }
            weights[p] = exp(score / sqrt((double)head));
            sum += weights[p];
        }
        for (uint64_t i = 0; i < head; i++) {
            out[h * head + i] = 0;
            for (unsigned p = 0; p <= t; p++) {
                out[h * head + i] += weights[p] / sum * v[p][h / group * head + i];
            }
        }
    }
}

static void oracle_layer(struct oracle *oracle, uint64_t layer)
{
    static double q[TOKENS][256], k[TOKENS][256], v[TOKENS][256];
    const struct assay_model_shape *shape = oracle->shape;
    double h[1024], y[1024], gate[1024], up[1024];
    for (unsigned t = 0; t < TOKENS; t++) {
        normed(oracle, oracle->x[t], shape->hidden, h);
        times(tensor_of(oracle, "attn_q", layer), h, q[t]);
        times(tensor_of(oracle, "attn_k", layer), h, k[t]);
        times(tensor_of(oracle, "attn_v", layer), h, v[t]);
        for (uint64_t i = 0; i < shape->heads; i++) {
            rotated(oracle, q[t] + i * shape->head, t);
        }
        for (uint64_t i = 0; i < shape->kv_heads; i++) {
            rotated(oracle, k[t] + i * shape->head, t);
        }
    }
    for (unsigned t = 0; t < TOKENS; t++) {
        attention(oracle, q, k, v, t, h);
        if (shape->is_bitnet) {
            normed(oracle, h, shape->hidden, h);
        }
        times(tensor_of(oracle, "attn_output", layer), h, y);
        for (uint64_t i = 0; i < shape->hidden; i++) {
            oracle->x[t][i] += y[i];
        }
        normed(oracle, oracle->x[t], shape->hidden, h);
        times(tensor_of(oracle, "ffn_gate", layer), h, gate);
        times(tensor_of(oracle, "ffn_up", layer), h, up);
        for (uint64_t i = 0; i < shape->ffn; i++) {
            double relu = gate[i] > 0 ? gate[i] : 0;
            up[i] *= shape->is_bitnet ? relu * relu : gate[i] / (1 + exp(-gate[i]));
        }
        if (shape->is_bitnet) {
            normed(oracle, up, shape->ffn, up);
        }
        times(tensor_of(oracle, "ffn_down", layer), up, y);
        for (uint64_t i = 0; i < shape->hidden; i++) {
            oracle->x[t][i] += y[i];
        }
    }
}

static void oracle_logits(const struct assay_model *model, double *logits)
{
    static struct oracle oracle;
    oracle = (struct oracle){.gguf = model->gguf, .shape = &model->shape};
    const struct assay_gguf_tensor *table = tensor_of(&oracle, "token_embd", UINT64_MAX);
    float row[256];
    for (unsigned t = 0; t < TOKENS; t++) {
        assay_format_decode(table->format->format, table->data, table->ne[1], 256, (uint64_t)IDS[t], row);
        for (size_t i = 0; i < 256; i++) {
            oracle.x[t][i] = (double)row[i];
        }
    }
    for (uint64_t layer = 0; layer < model->shape.layers; layer++) {
        oracle_layer(&oracle, layer);
    }
    double h[256];
    normed(&oracle, oracle.x[TOKENS - 1], 256, h);
    times(tensor_of(&oracle, "output", UINT64_MAX), h, logits);
}

static double cosine_of(const float *a, const double *b, size_t count)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < count; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * (double)a[i];
        bb += b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

static void every_format_gives_the_logits_of_binary64(void **state)
{
    (void)state;
    static const struct {
        const char *shape, *format, *head;
        double cosine; /* what rounding activations to int8 leaves; floats are rounded nowhere */
    } MODELS[] = {
        {"llama-tiny", "f32", "f32", 0.9999999},   {"llama-tiny", "f16", "f16", 0.9999999},
        {"llama-tiny", "bf16", "bf16", 0.9999999}, {"llama-tiny", "q8_0", "q8_0", 0.9995},
        {"llama-tiny", "q4_0", "f16", 0.9995},     {"llama-tiny", "q4_1", "q8_0", 0.9995},
        {"llama-tiny", "q6_k", "q6_k", 0.9985},    {"tiny", "i2_s", "f16", 0.998},
        {"tiny", "tq2_0", "f16", 0.998},           {"tiny", "tq1_0", "q6_k", 0.998},
        {"llama-tiny", "tq2_0", "f16", 0.998},
    };
    for (size_t m = 0; m < sizeof MODELS / sizeof MODELS[0]; m++) {
        struct bench bench;
        double expected[512];
        const float *logits = NULL;
        bench_init(&bench, MODELS[m].shape, MODELS[m].format, MODELS[m].head);
        assert_int_equal(assay_session_eval(bench.session, IDS, TOKENS, &logits, NULL), ASSAY_OK);
        oracle_logits(bench.model, expected);
        double cosine = cosine_of(logits, expected, 512);
        if (!(cosine >= MODELS[m].cosine)) {
            fail_msg("%s %s %s: cosine %.9f, expected %.9f", MODELS[m].shape, MODELS[m].format, MODELS[m].head, cosine,
                     MODELS[m].cosine);
        }
        bench_done(&bench);
    }
}

/* ---- against itself ----------------------------------------------------------------------------------------------*/

static void a_batch_gives_the_bits_of_single_tokens(void **state)
{
    (void)state;
    static const char *const FORMATS[][2] = {{"llama-tiny", "q4_1"}, {"tiny", "i2_s"}, {"llama-tiny", "f16"}};
    for (size_t m = 0; m < 3; m++) {
        struct bench bench;
        float together[512];
        const float *logits = NULL;
        bench_init(&bench, FORMATS[m][0], FORMATS[m][1], "q8_0");
        assert_int_equal(assay_session_eval(bench.session, IDS, TOKENS, &logits, NULL), ASSAY_OK);
        memcpy(together, logits, sizeof together);
        assay_session_rewind(bench.session, 0);
        for (size_t i = 0; i < TOKENS; i++) {
            assert_int_equal(assay_session_eval(bench.session, IDS + i, 1, &logits, NULL), ASSAY_OK);
        }
        assert_memory_equal(logits, together, sizeof together);
        assay_session_rewind(bench.session, 5); /* and from the middle on */
        assert_int_equal(assay_session_eval(bench.session, IDS + 5, TOKENS - 5, &logits, NULL), ASSAY_OK);
        assert_memory_equal(logits, together, sizeof together);
        bench_done(&bench);
    }
}

static void all_ternary_packings_of_the_same_trits_give_the_same_bits(void **state)
{
    (void)state;
    static const char *const FORMATS[] = {"tq2_0", "tq1_0"};
    float first[512];
    for (size_t m = 0; m < 2; m++) {
        struct bench bench;
        const float *logits = NULL;
        bench_init(&bench, "tiny", FORMATS[m], "f16");
        assert_int_equal(assay_session_eval(bench.session, IDS, TOKENS, &logits, NULL), ASSAY_OK);
        if (m == 0) {
            memcpy(first, logits, sizeof first);
        }
        assert_memory_equal(logits, first, sizeof first);
        bench_done(&bench);
    }
}

static void kernels_count_what_the_pass_did(void **state)
{
    (void)state;
    struct bench bench;
    struct assay_kernel_total total;
    const float *logits = NULL;
    bench_init(&bench, "tiny", "i2_s", "f16");
    assert_int_equal(assay_session_eval(bench.session, IDS, 8, &logits, NULL), ASSAY_OK);
    uint64_t calls = 0, bytes = 0;
    for (size_t i = 0; i < assay_kernel_set_rows(bench.set); i++) {
        if (strncmp(assay_kernel_set_row(bench.set, i).row->id, "ternary_gemv_", 13) == 0) {
            assay_kernel_counters_sum(bench.counters, i, &total);
            calls += total.calls;
            bytes += total.bytes;
        }
    }
    assert_int_equal(calls, 2 * 7); /* layers, linears */
    assert_int_equal(bytes, 2 * ((2 * 256 * 256 + 2 * 256 * 128 + 3 * 256 * 768) / 4 + 7 * 4));
    bench_done(&bench);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    const float *logits = NULL;
    int32_t ids[65] = {0}, beyond = 512;
    bench_init(&bench, "tiny", "i2_s", "f16");
    assert_int_equal(assay_session_eval(bench.session, ids, 65, &logits, &bench.err), ASSAY_TOO_LARGE);
    assert_int_equal(assay_session_eval(bench.session, &beyond, 1, &logits, &bench.err), ASSAY_MALFORMED);
    assert_int_equal(assay_session_eval(bench.session, ids, 64, &logits, NULL), ASSAY_OK);
    assert_int_equal(assay_session_eval(bench.session, ids, 1, &logits, NULL), ASSAY_TOO_LARGE);
    bench_done(&bench);
}

static void a_synthetic_model_is_the_same_every_time(void **state)
{
    (void)state;
    struct assay_buf a, b;
    struct assay_synth synth = {.shape = "1,256,256,4,2,300",
                                .format = "tq2_0",
                                .head = "q8_0",
                                .seed = 5,
                                .zero_share = ASSAY_SYNTH_ZERO_SHARE};
    assay_buf_init(&a, (size_t)1 << 28);
    assay_buf_init(&b, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &a, NULL), ASSAY_OK);
    assert_int_equal(assay_synth_make(&synth, &b, NULL), ASSAY_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    synth.seed = 6;
    assay_buf_clear(&b);
    assert_int_equal(assay_synth_make(&synth, &b, NULL), ASSAY_OK);
    assert_true(a.len != b.len || memcmp(a.data, b.data, a.len) != 0);
    synth.format = "q8_0";
    assert_int_equal(assay_synth_make(&synth, &b, NULL), ASSAY_USAGE); /* a bitnet shape takes ternary weights */
    assay_buf_done(&a);
    assay_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_gives_the_logits_of_binary64),
        cmocka_unit_test(a_batch_gives_the_bits_of_single_tokens),
        cmocka_unit_test(all_ternary_packings_of_the_same_trits_give_the_same_bits),
        cmocka_unit_test(kernels_count_what_the_pass_did),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_synthetic_model_is_the_same_every_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
