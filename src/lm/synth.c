#include "lm/synth.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/rng.h"
#include "lm/alphabet.h"
#include "lm/gguf.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 64
#define CONTROLS 2 /* begin and end */
#define BYTES 256
#define BEGIN_TOKEN "<|begin|>"
#define END_TOKEN "<|end|>"
#define TRIT_RANGE 65536

struct shape {
    const char *name;
    bool is_llama, is_head_tied;
    uint64_t layers, hidden, ffn, heads, kv_heads, vocabulary, context;
};

/* The tiny ones have a head of their own: a random model that shares it with the embedding repeats one token for ever.
 * 2b4t is the shape of BitNet-b1.58-2B-4T, which shares it. */
static const struct shape SHAPES[] = {
    {"tiny", false, false, 2, 256, 768, 4, 2, 512, 512},
    {"small", false, true, 8, 768, 2048, 12, 4, 8192, 2048},
    {"2b4t", false, true, 30, 2560, 6912, 20, 5, 128256, 4096},
    {"llama-tiny", true, false, 2, 256, 768, 4, 2, 512, 512},
};

struct maker {
    const struct assay_synth *synth;
    struct shape shape;
    enum assay_format format, head;
    struct assay_gguf_writer *writer;
};

/* ---- arguments ---------------------------------------------------------------------------------------------------*/

static assay_code parse_numbers(const char *text, struct shape *ret, assay_err *err)
{
    uint64_t *members[] = {&ret->layers, &ret->hidden, &ret->ffn, &ret->heads, &ret->kv_heads, &ret->vocabulary};
    struct assay_slice rest = assay_slice_of(text);
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof members / sizeof members[0]; i++) {
        rc = assay_num_u64(assay_slice_cut(&rest, ','), "--shape", ASSAY_FORMAT_ROW_MAX, members[i], err);
    }
    if (rc != ASSAY_OK || rest.len > 0) {
        return assay_fail(err, ASSAY_USAGE,
                          "--shape '%s': expected tiny, small, 2b4t, llama-tiny or "
                          "LAYERS,HIDDEN,FFN,HEADS,KV,VOCABULARY",
                          text);
    }
    ret->context = 2048;
    return ASSAY_OK;
}

static assay_code find_shape(const char *text, struct shape *ret, assay_err *err)
{
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        if (strcmp(text, SHAPES[i].name) == 0) {
            *ret = SHAPES[i];
            return ASSAY_OK;
        }
    }
    *ret = (struct shape){.name = "own"};
    assay_code rc = parse_numbers(text, ret, err);
    if (rc == ASSAY_OK && (ret->layers == 0 || ret->layers > 1024 || ret->heads == 0 || ret->kv_heads == 0 ||
                           ret->heads % ret->kv_heads != 0 || ret->hidden % ret->heads != 0 ||
                           ret->hidden / ret->heads % 2 != 0 || ret->hidden % 256 != 0 || ret->ffn % 256 != 0 ||
                           ret->ffn == 0 || ret->hidden == 0 || ret->vocabulary < BYTES + CONTROLS)) {
        rc = assay_fail(err, ASSAY_USAGE,
                        "--shape '%s': hidden and ffn must be multiples of 256, hidden of twice the "
                        "heads, heads of the key-value heads, and the vocabulary at least %d",
                        text, BYTES + CONTROLS);
    }
    return rc;
}

static assay_code find_format(const char *option, const char *text, enum assay_format *ret, assay_err *err)
{
    static const enum assay_format FORMATS[] = {
        ASSAY_FORMAT_F32,  ASSAY_FORMAT_F16,  ASSAY_FORMAT_BF16,  ASSAY_FORMAT_Q8_0,  ASSAY_FORMAT_Q4_0,
        ASSAY_FORMAT_Q4_1, ASSAY_FORMAT_Q6_K, ASSAY_FORMAT_TQ1_0, ASSAY_FORMAT_TQ2_0, ASSAY_FORMAT_I2_S,
        ASSAY_FORMAT_IQ2_BN};
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (strcasecmp(text, assay_format_row(FORMATS[i])->name) == 0) {
            *ret = FORMATS[i];
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "%s '%s': expected f32 f16 bf16 q8_0 q4_0 q4_1 q6_k tq1_0 tq2_0 i2_s or iq2_bn",
                      option, text);
}

static assay_code check(const struct maker *maker, assay_err *err)
{
    const struct assay_format_row *format = assay_format_row(maker->format);
    if (!maker->shape.is_llama && !format->is_ternary) {
        return assay_fail(err, ASSAY_USAGE, "--format '%s': a bitnet shape takes tq1_0, tq2_0, i2_s or iq2_bn",
                          maker->synth->format);
    }
    if (assay_format_row(maker->head)->is_ternary) {
        return assay_fail(err, ASSAY_USAGE, "--head '%s': a ternary head fails, expected f16 f32 bf16 q8_0 q4_0 q4_1 or q6_k",
                          maker->synth->head);
    }
    return maker->synth->zero_share >= 0 && maker->synth->zero_share < 1
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--zero-share is %g, expected 0 to below 1", maker->synth->zero_share);
}

/* ---- weights -----------------------------------------------------------------------------------------------------*/

/* A value of mean 0 and variance 1: four uniform fields of 16 bits, centred. */
static float next_normal(struct assay_rng *rng)
{
    uint64_t bits = assay_rng_u64(rng);
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += (double)(bits >> 16 * i & 0xffff) - 32767.5;
    }
    return (float)(sum / (65536 / sqrt(12) * 2));
}

static void put_real(const struct maker *maker, const char *name, enum assay_format format, uint64_t columns,
                     uint64_t rows, double sigma, uint8_t *data, uint64_t bytes, float *row)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, maker->synth->seed, name);
    for (uint64_t r = 0; r < rows; r++) {
        for (uint64_t i = 0; i < columns; i++) {
            row[i] = (float)sigma * next_normal(&rng);
        }
        assay_format_encode_row(format, row, columns, data + r * (bytes / rows));
    }
    assay_gguf_put_tensor(maker->writer, name, format, columns, rows, data, bytes);
}

static void draw_trits(const struct maker *maker, const char *name, uint8_t *codes, uint64_t count)
{
    struct assay_rng rng;
    uint32_t edge = (uint32_t)floor(TRIT_RANGE / 2 * (1 - maker->synth->zero_share) + 0.5);
    uint64_t bits = 0;
    assay_rng_seed(&rng, maker->synth->seed, name);
    for (uint64_t i = 0; i < count; i++) {
        bits = i % 4 == 0 ? assay_rng_u64(&rng) : bits >> 16;
        uint32_t field = (uint32_t)(bits & (TRIT_RANGE - 1));
        codes[i] = field < edge ? 0 : field >= TRIT_RANGE - edge ? 2 : 1;
    }
}

/* A linear layer whose outputs have the variance of its inputs. */
static assay_code put_linear(const struct maker *maker, const char *name, uint64_t columns, uint64_t rows,
                             assay_err *err)
{
    bool is_ternary = assay_format_row(maker->format)->is_ternary;
    uint64_t bytes = 0;
    assay_code rc = assay_format_bytes(maker->format, rows, columns, &bytes, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    uint8_t *data = assay_alloc((size_t)bytes, 1);
    void *work = is_ternary ? assay_alloc((size_t)rows, (size_t)columns) : assay_alloc((size_t)columns, sizeof(float));
    if (!data || !work) {
        rc = assay_nomem(err);
    } else if (is_ternary) {
        draw_trits(maker, name, work, rows * columns);
        assay_format_pack(maker->format, work, rows, columns, (float)sqrt(1.5 / (double)columns), data);
        assay_gguf_put_tensor(maker->writer, name, maker->format, columns, rows, data, bytes);
    } else {
        put_real(maker, name, maker->format, columns, rows, sqrt(1 / (double)columns), data, bytes, work);
    }
    assay_free(data);
    assay_free(work);
    return rc;
}

static assay_code put_table(const struct maker *maker, const char *name, assay_err *err)
{
    uint64_t columns = maker->shape.hidden, rows = maker->shape.vocabulary, bytes = 0;
    assay_code rc = assay_format_bytes(maker->head, rows, columns, &bytes, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    uint8_t *data = assay_alloc((size_t)bytes, 1);
    float *row = assay_alloc((size_t)columns, sizeof *row);
    if (data && row) {
        put_real(maker, name, maker->head, columns, rows, 4 / sqrt((double)columns), data, bytes, row);
    } else {
        rc = assay_nomem(err);
    }
    assay_free(data);
    assay_free(row);
    return rc;
}

static assay_code put_norm(const struct maker *maker, const char *name, uint64_t columns, assay_err *err)
{
    float *ones = assay_alloc((size_t)columns, sizeof *ones);
    if (!ones) {
        return assay_nomem(err);
    }
    for (uint64_t i = 0; i < columns; i++) {
        ones[i] = 1;
    }
    assay_gguf_put_tensor(maker->writer, name, ASSAY_FORMAT_F32, columns, 1, (const uint8_t *)ones,
                          columns * sizeof *ones);
    assay_free(ones);
    return ASSAY_OK;
}

static assay_code put_layer(const struct maker *maker, uint64_t number, assay_err *err)
{
    const struct shape *shape = &maker->shape;
    uint64_t narrow = shape->hidden / shape->heads * shape->kv_heads;
    const struct {
        const char *name;
        uint64_t columns, rows;
    } LINEARS[] = {{"attn_q", shape->hidden, shape->hidden}, {"attn_k", shape->hidden, narrow},
                   {"attn_v", shape->hidden, narrow},        {"attn_output", shape->hidden, shape->hidden},
                   {"ffn_gate", shape->hidden, shape->ffn},  {"ffn_up", shape->hidden, shape->ffn},
                   {"ffn_down", shape->ffn, shape->hidden}};
    const struct {
        const char *name;
        uint64_t columns;
        bool is_there;
    } NORMS[] = {{"attn_norm", shape->hidden, true},
                 {"ffn_norm", shape->hidden, true},
                 {"attn_sub_norm", shape->hidden, !shape->is_llama},
                 {"ffn_sub_norm", shape->ffn, !shape->is_llama}};
    char name[NAME_BYTES];
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof LINEARS / sizeof LINEARS[0]; i++) {
        (void)snprintf(name, sizeof name, "blk.%" PRIu64 ".%s.weight", number, LINEARS[i].name);
        rc = put_linear(maker, name, LINEARS[i].columns, LINEARS[i].rows, err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof NORMS / sizeof NORMS[0]; i++) {
        (void)snprintf(name, sizeof name, "blk.%" PRIu64 ".%s.weight", number, NORMS[i].name);
        rc = NORMS[i].is_there ? put_norm(maker, name, NORMS[i].columns, err) : ASSAY_OK;
    }
    return rc;
}

/* ---- vocabulary --------------------------------------------------------------------------------------------------*/

struct vocabulary {
    struct assay_buf text; /* all tokens and merges, one after another */
    struct assay_slice *tokens, *merges;
    size_t *starts;
    int32_t *types;
    size_t count, merges_count;
};

static bool is_token(const struct vocabulary *vocabulary, struct assay_slice text)
{
    for (size_t i = 0; i < vocabulary->count; i++) {
        size_t len = vocabulary->starts[i + 1] - vocabulary->starts[i];
        if (len == text.len && memcmp(vocabulary->text.data + vocabulary->starts[i], text.data, len) == 0) {
            return true;
        }
    }
    return false;
}

#define MERGE_BYTES_MAX 64
#define SEARCH_MAX 4096 /* tokens that draws are checked against: a larger vocabulary is filled with numbered ones */

/* One more token: two that are there, joined. False: the draw was there already, or is too long. */
static bool try_merge(struct vocabulary *vocabulary, struct assay_rng *rng, struct assay_buf *merges)
{
    /* letters are drawn more often than other bytes, so that text merges */
    size_t among = vocabulary->count < SEARCH_MAX ? vocabulary->count : SEARCH_MAX;
    size_t pick[2];
    for (int i = 0; i < 2; i++) {
        pick[i] =
            assay_rng_below(rng, 2) ? 'a' + (size_t)assay_rng_below(rng, 26) : (size_t)assay_rng_below(rng, among);
    }
    char joined[MERGE_BYTES_MAX];
    size_t len[2];
    for (int i = 0; i < 2; i++) {
        len[i] = vocabulary->starts[pick[i] + 1] - vocabulary->starts[pick[i]];
    }
    if (len[0] + len[1] > MERGE_BYTES_MAX) {
        return false;
    }
    memcpy(joined, vocabulary->text.data + vocabulary->starts[pick[0]], len[0]);
    memcpy(joined + len[0], vocabulary->text.data + vocabulary->starts[pick[1]], len[1]);
    struct assay_slice text = {joined, len[0] + len[1]};
    if (is_token(vocabulary, text)) {
        return false;
    }
    assay_buf_append(&vocabulary->text, text.data, text.len);
    assay_buf_printf(merges, "%.*s %.*s", (int)len[0], joined, (int)len[1], joined + len[0]);
    assay_buf_char(merges, '\n');
    return true;
}

static void end_token(struct vocabulary *vocabulary, int32_t type)
{
    vocabulary->types[vocabulary->count] = type;
    vocabulary->starts[++vocabulary->count] = vocabulary->text.len;
}

static void fill_vocabulary(struct vocabulary *vocabulary, uint64_t seed, size_t count, struct assay_buf *merges)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, seed, "vocabulary");
    for (unsigned byte = 0; byte < BYTES; byte++) {
        assay_utf8_append(&vocabulary->text, assay_alphabet_code_point(byte));
        end_token(vocabulary, 1);
    }
    while (vocabulary->count < count - CONTROLS && vocabulary->count < SEARCH_MAX &&
           vocabulary->text.failed == ASSAY_OK) {
        if (try_merge(vocabulary, &rng, merges)) {
            end_token(vocabulary, 1);
            vocabulary->merges_count++;
        }
    }
    while (vocabulary->count < count - CONTROLS) {
        assay_buf_printf(&vocabulary->text, "unused-%zu", vocabulary->count);
        end_token(vocabulary, 5);
    }
    assay_buf_text(&vocabulary->text, BEGIN_TOKEN);
    end_token(vocabulary, 3);
    assay_buf_text(&vocabulary->text, END_TOKEN);
    end_token(vocabulary, 3);
}

static assay_code write_vocabulary(const struct maker *maker, struct vocabulary *vocabulary, struct assay_buf *merges,
                                   assay_err *err)
{
    assay_code rc = assay_buf_check(&vocabulary->text, err);
    rc = rc == ASSAY_OK ? assay_buf_check(merges, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (size_t i = 0; i < vocabulary->count; i++) {
        vocabulary->tokens[i] = (struct assay_slice){vocabulary->text.data + vocabulary->starts[i],
                                                     vocabulary->starts[i + 1] - vocabulary->starts[i]};
    }
    struct assay_slice lines = {merges->data, merges->len};
    for (size_t i = 0; i < vocabulary->merges_count; i++) {
        vocabulary->merges[i] = assay_slice_cut(&lines, '\n');
    }
    assay_gguf_put_text(maker->writer, "tokenizer.ggml.model", "gpt2");
    assay_gguf_put_text(maker->writer, "tokenizer.ggml.pre", "gpt-2");
    assay_gguf_put_texts(maker->writer, "tokenizer.ggml.tokens", vocabulary->tokens, vocabulary->count);
    assay_gguf_put_i32s(maker->writer, "tokenizer.ggml.token_type", vocabulary->types, vocabulary->count);
    assay_gguf_put_texts(maker->writer, "tokenizer.ggml.merges", vocabulary->merges, vocabulary->merges_count);
    assay_gguf_put_u32(maker->writer, "tokenizer.ggml.bos_token_id", (uint32_t)vocabulary->count - 2);
    assay_gguf_put_u32(maker->writer, "tokenizer.ggml.eos_token_id", (uint32_t)vocabulary->count - 1);
    assay_gguf_put_bool(maker->writer, "tokenizer.ggml.add_bos_token", false);
    return ASSAY_OK;
}

static assay_code put_vocabulary(const struct maker *maker, assay_err *err)
{
    size_t count = (size_t)maker->shape.vocabulary;
    struct vocabulary vocabulary = {.tokens = assay_alloc(count, sizeof(struct assay_slice)),
                                    .merges = assay_alloc(count, sizeof(struct assay_slice)),
                                    .starts = assay_alloc(count + 1, sizeof(size_t)),
                                    .types = assay_alloc(count, sizeof(int32_t))};
    struct assay_buf merges;
    assay_buf_init(&vocabulary.text, (size_t)64 << 20);
    assay_buf_init(&merges, (size_t)64 << 20);
    bool has_memory = vocabulary.tokens && vocabulary.merges && vocabulary.starts && vocabulary.types;
    assay_code rc = has_memory ? ASSAY_OK : assay_nomem(err);
    if (rc == ASSAY_OK) {
        fill_vocabulary(&vocabulary, maker->synth->seed, count, &merges);
        rc = write_vocabulary(maker, &vocabulary, &merges, err);
    }
    assay_buf_done(&merges);
    assay_buf_done(&vocabulary.text);
    assay_free(vocabulary.tokens);
    assay_free(vocabulary.merges);
    assay_free(vocabulary.starts);
    assay_free(vocabulary.types);
    return rc;
}

/* ---- the file ----------------------------------------------------------------------------------------------------*/

static void put_key(const struct maker *maker, const char *suffix, uint64_t value)
{
    char name[NAME_BYTES];
    (void)snprintf(name, sizeof name, "%s.%s", maker->shape.is_llama ? "llama" : "bitnet-b1.58", suffix);
    assay_gguf_put_u32(maker->writer, name, (uint32_t)value);
}

static void put_keys(const struct maker *maker)
{
    const struct shape *shape = &maker->shape;
    const char *arch = shape->is_llama ? "llama" : "bitnet-b1.58";
    char name[NAME_BYTES], text[NAME_BYTES];
    assay_gguf_put_text(maker->writer, "general.architecture", arch);
    (void)snprintf(text, sizeof text, "synthetic %s, seed %" PRIu64, maker->synth->shape, maker->synth->seed);
    assay_gguf_put_text(maker->writer, "general.name", text);
    assay_gguf_put_text(maker->writer, "assay.synth.shape", maker->synth->shape);
    assay_gguf_put_text(maker->writer, "assay.synth.format", maker->synth->format);
    assay_gguf_put_text(maker->writer, "assay.synth.head", maker->synth->head);
    assay_gguf_put_u64(maker->writer, "assay.synth.seed", maker->synth->seed);
    assay_gguf_put_f32(maker->writer, "assay.synth.zero_share", (float)maker->synth->zero_share);
    put_key(maker, "block_count", shape->layers);
    put_key(maker, "context_length", shape->context);
    put_key(maker, "embedding_length", shape->hidden);
    put_key(maker, "feed_forward_length", shape->ffn);
    put_key(maker, "attention.head_count", shape->heads);
    put_key(maker, "attention.head_count_kv", shape->kv_heads);
    put_key(maker, "rope.dimension_count", shape->hidden / shape->heads);
    put_key(maker, "vocab_size", shape->vocabulary);
    (void)snprintf(name, sizeof name, "%s.rope.freq_base", arch);
    assay_gguf_put_f32(maker->writer, name, shape->is_llama ? 10000 : 500000);
    (void)snprintf(name, sizeof name, "%s.attention.layer_norm_rms_epsilon", arch);
    assay_gguf_put_f32(maker->writer, name, 1e-5F);
}

static assay_code make(const struct maker *maker, assay_err *err)
{
    put_keys(maker);
    assay_code rc = put_vocabulary(maker, err);
    rc = rc == ASSAY_OK ? put_table(maker, "token_embd.weight", err) : rc;
    if (rc == ASSAY_OK && !maker->shape.is_head_tied) {
        rc = put_table(maker, "output.weight", err);
    }
    rc = rc == ASSAY_OK ? put_norm(maker, "output_norm.weight", maker->shape.hidden, err) : rc;
    for (uint64_t i = 0; rc == ASSAY_OK && i < maker->shape.layers; i++) {
        rc = put_layer(maker, i, err);
    }
    return rc;
}

assay_code assay_synth_make(const struct assay_synth *synth, struct assay_buf *out, assay_err *err)
{
    struct maker maker = {.synth = synth};
    assay_code rc = find_shape(synth->shape, &maker.shape, err);
    rc = rc == ASSAY_OK ? find_format("--format", synth->format, &maker.format, err) : rc;
    rc = rc == ASSAY_OK ? find_format("--head", synth->head, &maker.head, err) : rc;
    rc = rc == ASSAY_OK ? check(&maker, err) : rc;
    rc = rc == ASSAY_OK ? assay_gguf_writer_new(&maker.writer, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = make(&maker, err);
    if (rc != ASSAY_OK) {
        assay_gguf_writer_free(maker.writer);
        return rc;
    }
    return assay_gguf_finish(maker.writer, out, err);
}
