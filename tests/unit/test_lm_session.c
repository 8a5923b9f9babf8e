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
    struct assay_engine *engine;
    const struct assay_model *model;
    struct assay_session *session;
    assay_err err;
};

static void bench_init_threads(struct bench *bench, const char *shape, const char *format, const char *head,
                               uint64_t threads)
{
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"};
    const struct assay_synth synth = {
        .shape = shape, .format = format, .head = head, .seed = 11, .zero_share = ASSAY_SYNTH_ZERO_SHARE};
    *bench = (struct bench){0};
    assay_buf_init(&bench->file, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &bench->file, NULL), ASSAY_OK);
    const struct assay_engine_setup setup = {.threads = threads, .context = 64, .batch = 8, .kernels = &NONE};
    if (assay_engine_new((const uint8_t *)bench->file.data, bench->file.len, &setup, &bench->engine, &bench->err) !=
        ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
    bench->model = assay_engine_model(bench->engine);
    assert_int_equal(assay_session_new(bench->engine, 0, &bench->session, NULL), ASSAY_OK);
}

static void bench_done(struct bench *bench)
{
    assay_session_free(bench->session);
    assay_engine_free(bench->engine);
    assay_buf_done(&bench->file);
}

static void bench_init(struct bench *bench, const char *shape, const char *format, const char *head)
{
    bench_init_threads(bench, shape, format, head, 1);
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
        {"tiny", "iq2_bn", "f16", 0.998},
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

/* Two sequences, alone. */
static void alone(struct bench *bench, float a[512], float b[512])
{
    const float *logits = NULL;
    assert_int_equal(assay_session_eval(bench->session, IDS, TOKENS, &logits, NULL), ASSAY_OK);
    memcpy(a, logits, 512 * sizeof *a);
    assay_session_rewind(bench->session, 0);
    assert_int_equal(assay_session_eval(bench->session, IDS + 3, 5, &logits, NULL), ASSAY_OK);
    memcpy(b, logits, 512 * sizeof *b);
    assay_session_rewind(bench->session, 0);
}

static void neither_threads_nor_neighbours_change_a_bit(void **state)
{
    (void)state;
    static const char *const FORMATS[][2] = {{"llama-tiny", "q4_1"}, {"tiny", "i2_s"}};
    for (size_t m = 0; m < 2; m++) {
        float a[512], b[512];
        for (uint64_t threads = 1; threads <= 3; threads++) {
            struct bench bench;
            struct assay_session *other = NULL;
            float again_a[512], again_b[512];
            bench_init_threads(&bench, FORMATS[m][0], FORMATS[m][1], "q8_0", threads);
            alone(&bench, threads == 1 ? a : again_a, threads == 1 ? b : again_b);
            if (threads > 1) {
                assert_memory_equal(again_a, a, sizeof a);
                assert_memory_equal(again_b, b, sizeof b);
            }
            assert_int_equal(assay_session_new(bench.engine, 32, &other, NULL), ASSAY_OK);
            struct assay_session_step steps[] = {{.session = bench.session, .ids = IDS, .count = TOKENS - 1},
                                                 {.session = other, .ids = IDS + 3, .count = 5}};
            assert_int_equal(assay_session_eval_many(steps, 2, NULL), ASSAY_OK);
            assert_memory_equal(steps[1].logits, b, sizeof b);
            struct assay_session_step next = {.session = bench.session, .ids = IDS + TOKENS - 1, .count = 1};
            assert_int_equal(assay_session_eval_many(&next, 1, NULL), ASSAY_OK);
            assert_memory_equal(next.logits, a, sizeof a);
            assay_session_free(other);
            bench_done(&bench);
        }
    }
}

static void logits_of_all_tokens_are_those_of_each(void **state)
{
    (void)state;
    struct bench bench;
    float all[TOKENS][512];
    const float *logits = NULL;
    bench_init_threads(&bench, "tiny", "tq2_0", "q6_k", 2);
    struct assay_session_step step = {.session = bench.session, .ids = IDS, .count = TOKENS, .wants = ASSAY_LOGITS_ALL};
    assert_int_equal(assay_session_eval_many(&step, 1, NULL), ASSAY_OK); /* in two passes of 8 tokens */
    memcpy(all, step.logits, sizeof all);
    assay_session_rewind(bench.session, 0);
    step.wants = ASSAY_LOGITS_NONE;
    step.count = 2;
    assert_int_equal(assay_session_eval_many(&step, 1, NULL), ASSAY_OK);
    assert_null(step.logits);
    for (size_t i = 2; i < TOKENS; i++) {
        assert_int_equal(assay_session_eval(bench.session, IDS + i, 1, &logits, NULL), ASSAY_OK);
        assert_memory_equal(logits, all[i], sizeof all[i]);
    }
    bench_done(&bench);
}

static bool stop_at_second_layer(void *context)
{
    return (*(int *)context)++ < 1;
}

static void a_pass_that_is_stopped_leaves_the_session_where_it_was(void **state)
{
    (void)state;
    struct bench bench;
    int asked = 0;
    float before[512];
    const float *logits = NULL;
    bench_init_threads(&bench, "tiny", "i2_s", "f16", 2);
    assert_int_equal(assay_session_eval(bench.session, IDS, 6, &logits, NULL), ASSAY_OK);
    memcpy(before, logits, sizeof before);
    assay_session_rewind(bench.session, 5);
    assay_engine_watch(bench.engine, stop_at_second_layer, &asked);
    assert_int_equal(assay_session_eval(bench.session, IDS + 5, 3, &logits, NULL), ASSAY_INTERRUPTED);
    assert_int_equal(asked, 2);
    assert_int_equal(assay_session_position(bench.session), 5);
    assay_engine_watch(bench.engine, NULL, NULL);
    assert_int_equal(assay_session_eval(bench.session, IDS + 5, 1, &logits, NULL), ASSAY_OK);
    assert_memory_equal(logits, before, sizeof before);
    bench_done(&bench);
}

static void sequences_share_one_pool_of_positions(void **state)
{
    (void)state;
    struct bench bench; /* a pool of one context: 64 positions, two pages */
    struct assay_session *a = NULL, *b = NULL;
    const float *logits = NULL;
    bench_init(&bench, "tiny", "i2_s", "f16");
    assert_int_equal(assay_session_new(bench.engine, 0, &a, NULL), ASSAY_OK);
    assert_int_equal(assay_session_new(bench.engine, 0, &b, NULL), ASSAY_OK);
    assert_int_equal(assay_engine_positions_free(bench.engine), 64);
    assert_int_equal(assay_session_reserve(a, 33, NULL), ASSAY_OK);
    assert_int_equal(assay_engine_positions_free(bench.engine), 0);
    assert_int_equal(assay_session_eval(b, IDS, 1, &logits, &bench.err), ASSAY_UNDECIDED);
    assert_int_equal(assay_session_position(b), 0);
    assert_int_equal(assay_session_reserve(a, 65, &bench.err), ASSAY_TOO_LARGE);
    assay_session_free(a);
    assert_int_equal(assay_session_eval(b, IDS, 1, &logits, NULL), ASSAY_OK);
    assert_int_equal(assay_engine_positions_free(bench.engine), 32);
    assay_session_free(b);
    bench_done(&bench);
}

static void a_number_that_is_not_finite_is_refused_whatever_hides_it(void **state)
{
    (void)state;
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"};
    const struct assay_synth synth = {.shape = "tiny", .format = "i2_s", .head = "f32", .seed = 1};
    struct assay_buf file;
    struct assay_gguf *gguf = NULL;
    assay_err err = {0};
    assay_buf_init(&file, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_parse((const uint8_t *)file.data, file.len, &gguf, NULL), ASSAY_OK);
    const struct assay_gguf_tensor *table = assay_gguf_tensor(gguf, "token_embd.weight");
    const float infinite = INFINITY;
    memcpy(file.data + ((const char *)table->data - file.data) + 256 * sizeof(float) * 7, &infinite, sizeof infinite);
    assay_gguf_free(gguf);
    struct assay_engine *engine = NULL;
    struct assay_session *session = NULL;
    const struct assay_engine_setup setup = {.threads = 1, .context = 32, .kernels = &NONE};
    assert_int_equal(assay_engine_new((const uint8_t *)file.data, file.len, &setup, &engine, NULL), ASSAY_OK);
    assert_int_equal(assay_session_new(engine, 0, &session, NULL), ASSAY_OK);
    const int32_t good = 6, bad = 7;
    const float *logits = NULL;
    assert_int_equal(assay_session_eval(session, &good, 1, &logits, NULL), ASSAY_OK);
    assert_int_equal(assay_session_eval(session, &bad, 1, &logits, &err), ASSAY_MALFORMED);
    assert_int_equal(assay_session_position(session), 1);
    assay_session_free(session);
    assay_engine_free(engine);
    assay_buf_done(&file);
}

/* Its angles would leave the range of the sine, where the program stops. */
static void a_rope_base_below_one_is_refused(void **state)
{
    (void)state;
    static const char KEY[] = "bitnet-b1.58.rope.freq_base";
    const struct assay_synth synth = {.shape = "tiny", .format = "i2_s", .head = "f16", .seed = 1};
    const struct assay_engine_setup setup = {.threads = 1, .pin = ASSAY_SWITCH_OFF};
    const float base = 1e-40F;
    struct assay_buf file;
    struct assay_engine *engine = NULL;
    assay_err err = {0};
    assay_buf_init(&file, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &file, NULL), ASSAY_OK);
    char *key = memmem(file.data, file.len, KEY, strlen(KEY));
    assert_non_null(key);
    memcpy(key + strlen(KEY) + sizeof(uint32_t), &base, sizeof base); /* behind the type */
    assert_int_equal(assay_engine_new((const uint8_t *)file.data, file.len, &setup, &engine, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "expected at least 1"));
    assay_buf_done(&file);
}

/* ---- heads narrower than the model ---- */

enum { NARROW_HIDDEN = 2048, NARROW_FFN = 256, NARROW_HEAD = 32 };

static void copy_texts(struct assay_gguf_writer *writer, const char *key, const struct assay_gguf_value *value)
{
    struct assay_slice texts[512];
    uint64_t cursor = 0;
    size_t count = 0;
    while (count < 512 && assay_gguf_next_text(value, &cursor, &texts[count])) {
        count++;
    }
    assay_gguf_put_texts(writer, key, texts, count);
}

/* The keys of the tokenizer, as another model has them. */
static void copy_tokenizer(struct assay_gguf_writer *writer, const struct assay_gguf *from)
{
    for (size_t i = 0; i < from->values_count; i++) {
        const struct assay_gguf_value *value = &from->values[i];
        char key[64], text[64];
        uint64_t number = 0;
        bool is_on = false;
        (void)snprintf(key, sizeof key, "%.*s", (int)value->key.len, value->key.data);
        if (strncmp(key, "tokenizer.", strlen("tokenizer.")) != 0) {
            continue;
        }
        if (value->type == ASSAY_GGUF_ARRAY && value->element == ASSAY_GGUF_TEXT) {
            copy_texts(writer, key, value);
        } else if (value->type == ASSAY_GGUF_TEXT) {
            (void)snprintf(text, sizeof text, "%.*s", (int)value->length, (const char *)value->at);
            assay_gguf_put_text(writer, key, text);
        } else if (assay_gguf_bool(value, &is_on, NULL) == ASSAY_OK) {
            assay_gguf_put_bool(writer, key, is_on);
        } else if (assay_gguf_u64(value, UINT32_MAX, &number, NULL) == ASSAY_OK) {
            assay_gguf_put_u32(writer, key, (uint32_t)number);
        }
    }
}

static void put_weights(struct assay_gguf_writer *writer, const char *name, uint64_t columns, uint64_t rows)
{
    float *values = assay_alloc((size_t)(columns * rows), sizeof *values);
    assert_non_null(values);
    for (uint64_t i = 0; i < columns * rows; i++) {
        values[i] = rows == 1 ? 1 : (float)((i * 2654435761U >> 7) % 2001) / 1e5F - 0.01F;
    }
    assay_gguf_put_tensor(writer, name, ASSAY_FORMAT_F32, columns, rows, (const uint8_t *)values,
                          columns * rows * sizeof *values);
    assay_free(values);
}

/* One layer, one head of 32 values beside 2,048 of the residual stream. */
static void make_narrow(struct assay_buf *out)
{
    static const struct {
        const char *key;
        uint32_t value;
    } KEYS[] = {{"llama.block_count", 1},
                {"llama.context_length", 32},
                {"llama.embedding_length", NARROW_HIDDEN},
                {"llama.feed_forward_length", NARROW_FFN},
                {"llama.attention.head_count", 1},
                {"llama.attention.head_count_kv", 1},
                {"llama.attention.key_length", NARROW_HEAD}};
    static const struct {
        const char *name;
        uint64_t columns, rows;
    } TENSORS[] = {{"output_norm.weight", NARROW_HIDDEN, 1},
                   {"blk.0.attn_norm.weight", NARROW_HIDDEN, 1},
                   {"blk.0.ffn_norm.weight", NARROW_HIDDEN, 1},
                   {"blk.0.attn_q.weight", NARROW_HIDDEN, NARROW_HEAD},
                   {"blk.0.attn_k.weight", NARROW_HIDDEN, NARROW_HEAD},
                   {"blk.0.attn_v.weight", NARROW_HIDDEN, NARROW_HEAD},
                   {"blk.0.attn_output.weight", NARROW_HEAD, NARROW_HIDDEN},
                   {"blk.0.ffn_gate.weight", NARROW_HIDDEN, NARROW_FFN},
                   {"blk.0.ffn_up.weight", NARROW_HIDDEN, NARROW_FFN},
                   {"blk.0.ffn_down.weight", NARROW_FFN, NARROW_HIDDEN}};
    const struct assay_synth synth = {.shape = "1,256,256,4,2,300", .format = "tq2_0", .head = "q8_0", .seed = 5};
    struct assay_buf file;
    struct assay_gguf *gguf = NULL;
    struct assay_gguf_writer *writer = NULL;
    assay_buf_init(&file, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_parse((const uint8_t *)file.data, file.len, &gguf, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_writer_new(&writer, NULL), ASSAY_OK);
    assay_gguf_put_text(writer, "general.architecture", "llama");
    assay_gguf_put_f32(writer, "llama.attention.layer_norm_rms_epsilon", 1e-5F);
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        assay_gguf_put_u32(writer, KEYS[i].key, KEYS[i].value);
    }
    copy_tokenizer(writer, gguf);
    put_weights(writer, "token_embd.weight", NARROW_HIDDEN, 300);
    for (size_t i = 0; i < sizeof TENSORS / sizeof TENSORS[0]; i++) {
        put_weights(writer, TENSORS[i].name, TENSORS[i].columns, TENSORS[i].rows);
    }
    assert_int_equal(assay_gguf_finish(writer, out, NULL), ASSAY_OK);
    assay_gguf_free(gguf);
    assay_buf_done(&file);
}

/* The row that is computed again has room, though the residual stream is wider than everything else: behind the room
 * lie the angles, by which the keys are turned. */
static void a_model_wider_than_its_heads_gives_the_same_keys_again_and_again(void **state)
{
    (void)state;
    const struct assay_engine_setup setup = {.threads = 1, .pin = ASSAY_SWITCH_OFF, .batch = 1, .logits = 1};
    struct assay_buf file;
    struct assay_engine *engine = NULL;
    struct assay_session *session = NULL;
    assay_err err = {0};
    const float *logits = NULL;
    uint16_t first[32 * NARROW_HEAD];
    int32_t ids[32];
    assay_buf_init(&file, (size_t)1 << 28);
    make_narrow(&file);
    if (assay_engine_new((const uint8_t *)file.data, file.len, &setup, &engine, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(assay_session_new(engine, 0, &session, NULL), ASSAY_OK);
    for (int i = 0; i < 32; i++) {
        ids[i] = i * 7 % 256;
    }
    for (int pass = 0; pass < 50; pass++) { /* a row is looked at in every other one */
        assay_session_rewind(session, 0);
        assert_int_equal(assay_session_eval(session, ids, 32, &logits, NULL), ASSAY_OK);
        struct assay_session_cache cache = assay_session_cache_of(session, 0);
        assert_int_equal(cache.bytes, sizeof first);
        if (pass == 0) {
            memcpy(first, cache.keys, sizeof first);
        }
        assert_memory_equal(cache.keys, first, sizeof first);
    }
    assay_session_free(session);
    assay_engine_free(engine);
    assay_buf_done(&file);
}

/* A variant that passes its self-check and is wrong later, in the highest bit of every row. */
static bool lies;
static const struct assay_kernel_operation *honest;

static void lie(const struct assay_kernel_call *call)
{
    honest->rows[0]->run(call);
    uint64_t end = call->part.end ? call->part.end : call->shape.rows;
    for (uint64_t token = 0; lies && token < call->shape.tokens; token++) {
        for (uint64_t row = call->part.first; row < end; row++) {
            ((float *)call->out[0])[token * call->shape.rows + row] *= -1;
        }
    }
}

static const struct assay_kernel_operation *find_builtin(const char *name, const char *format)
{
    size_t count = 0;
    const struct assay_kernel_operation *const *all = assay_kernel_builtin(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i]->name, name) == 0 && strcmp(all[i]->format, format) == 0) {
            return all[i];
        }
    }
    fail_msg("no kernel %s %s", name, format);
    return NULL;
}

static void a_kernel_that_becomes_wrong_is_found_and_leaves(void **state)
{
    (void)state;
    static struct assay_kernel_row liar;
    static struct assay_kernel_operation op;
    const struct assay_kernel_row *rows[2] = {NULL, &liar};
    const struct assay_synth synth = {.shape = "llama-tiny", .format = "bf16", .head = "f32", .seed = 4};
    struct assay_buf file;
    const float *logits = NULL;
    float right[512];
    honest = find_builtin("dense_gemv", "bf16"); /* all linear layers are of it: whichever is looked at, it lies */
    liar = (struct assay_kernel_row){.id = "dense_gemv_bf16_liar", .kind = ASSAY_KERNEL_NATIVE, .needs = "ref"};
    liar.run = lie;
    rows[0] = honest->rows[0];
    op = *honest;
    op.rows = rows;
    op.rows_count = 2;
    assay_buf_init(&file, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &file, NULL), ASSAY_OK);
    for (int round = 0; round < 2; round++) {
        struct assay_engine *engine = NULL;
        struct assay_session *session = NULL;
        struct assay_engine_setup setup = {.threads = 2, .context = 256, .plant = round == 1 ? &op : NULL};
        lies = false;
        assert_int_equal(assay_engine_new((const uint8_t *)file.data, file.len, &setup, &engine, NULL), ASSAY_OK);
        assert_int_equal(assay_session_new(engine, 0, &session, NULL), ASSAY_OK);
        struct assay_kernel_set *set = assay_engine_kernels(engine);
        size_t planted = assay_kernel_set_index(set, liar.id);
        assert_true((planted == SIZE_MAX) == (round == 0));
        lies = true;
        for (unsigned i = 0; i < 80; i += 8) { /* a row is looked at after 64 */
            assert_int_equal(assay_session_eval(session, IDS, 8, &logits, NULL), ASSAY_OK);
        }
        if (round == 1) {
            assert_int_equal(assay_kernel_set_row(set, planted).state, ASSAY_KERNEL_BREAKER_OPEN);
            assert_non_null(strstr(assay_kernel_set_row(set, planted).why, "computed again while running"));
        }
        assay_session_rewind(session, 0);
        assert_int_equal(assay_session_eval(session, IDS, TOKENS, &logits, NULL), ASSAY_OK);
        if (round == 0) {
            memcpy(right, logits, sizeof right);
        }
        assert_memory_equal(logits, right, sizeof right);
        assay_session_free(session);
        assay_engine_free(engine);
    }
    assay_buf_done(&file);
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

/* The logits of a model whose first block of one tensor was changed by `change`. */
static void logits_of_changed(void (*change)(uint8_t *block), float ret[512])
{
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"};
    const struct assay_synth synth = {.shape = "tiny", .format = "tq2_0", .head = "f16", .seed = 9};
    const struct assay_engine_setup setup = {.threads = 1, .context = 32, .kernels = &NONE};
    struct assay_buf file;
    struct assay_gguf *gguf = NULL;
    struct assay_engine *engine = NULL;
    struct assay_session *session = NULL;
    const float *logits = NULL;
    assay_buf_init(&file, (size_t)1 << 28);
    assert_int_equal(assay_synth_make(&synth, &file, NULL), ASSAY_OK);
    assert_int_equal(assay_gguf_parse((const uint8_t *)file.data, file.len, &gguf, NULL), ASSAY_OK);
    const struct assay_gguf_tensor *tensor = assay_gguf_tensor(gguf, "blk.0.attn_v.weight");
    change((uint8_t *)file.data + (tensor->data - (const uint8_t *)file.data));
    assay_gguf_free(gguf);
    assert_int_equal(assay_engine_new((const uint8_t *)file.data, file.len, &setup, &engine, NULL), ASSAY_OK);
    assert_int_equal(assay_session_new(engine, 0, &session, NULL), ASSAY_OK);
    assert_int_equal(assay_session_eval(session, IDS, TOKENS, &logits, NULL), ASSAY_OK);
    memcpy(ret, logits, 512 * sizeof *ret);
    assay_session_free(session);
    assay_engine_free(engine);
    assay_buf_done(&file);
}

static void leave(uint8_t *block)
{
    (void)block;
}

static void clear_scale(uint8_t *block)
{
    memset(block + 64, 0, 2);
}

static void clear_codes(uint8_t *block)
{
    memset(block, 0x55, 64);
}

static void a_block_of_scale_0_is_a_block_of_zeros(void **state)
{
    (void)state;
    float unchanged[512], without_scale[512], without_codes[512];
    logits_of_changed(leave, unchanged);
    logits_of_changed(clear_scale, without_scale);
    logits_of_changed(clear_codes, without_codes);
    assert_memory_equal(without_scale, without_codes, sizeof without_codes);
    assert_memory_not_equal(without_scale, unchanged, sizeof unchanged);
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
    struct assay_kernel_set *set = assay_engine_kernels(bench.engine);
    for (size_t i = 0; i < assay_kernel_set_rows(set); i++) {
        if (strncmp(assay_kernel_set_row(set, i).row->id, "ternary_gemm_", 13) == 0) {
            assay_kernel_counters_sum(assay_team_counters(assay_engine_team(bench.engine)), i, &total);
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
        cmocka_unit_test(neither_threads_nor_neighbours_change_a_bit),
        cmocka_unit_test(logits_of_all_tokens_are_those_of_each),
        cmocka_unit_test(a_pass_that_is_stopped_leaves_the_session_where_it_was),
        cmocka_unit_test(sequences_share_one_pool_of_positions),
        cmocka_unit_test(a_number_that_is_not_finite_is_refused_whatever_hides_it),
        cmocka_unit_test(a_rope_base_below_one_is_refused),
        cmocka_unit_test(a_model_wider_than_its_heads_gives_the_same_keys_again_and_again),
        cmocka_unit_test(a_kernel_that_becomes_wrong_is_found_and_leaves),
        cmocka_unit_test(all_ternary_packings_of_the_same_trits_give_the_same_bits),
        cmocka_unit_test(a_block_of_scale_0_is_a_block_of_zeros),
        cmocka_unit_test(kernels_count_what_the_pass_did),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_synthetic_model_is_the_same_every_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
