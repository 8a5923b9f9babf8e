#include "lm/model_room.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 96

/* ---- keys --------------------------------------------------------------------------------------------------------*/

static const char *key_of(const struct loader *loader, const char *suffix, char name[NAME_BYTES])
{
    (void)snprintf(name, NAME_BYTES, "%s.%s", loader->arch, suffix);
    return name;
}

/* A count of at least 1; `absent`: what a missing key means, 0 = it must be there. */
static assay_code read_count(const struct loader *loader, const char *suffix, uint64_t max, uint64_t absent,
                             uint64_t *ret, assay_err *err)
{
    char name[NAME_BYTES];
    const struct assay_gguf_value *value = assay_gguf_find(loader->model->gguf, key_of(loader, suffix, name));
    if (!value) {
        *ret = absent;
        return absent ? ASSAY_OK : assay_fail(err, ASSAY_MALFORMED, "key '%s' is missing", name);
    }
    assay_code rc = assay_gguf_u64(value, max, ret, err);
    return rc == ASSAY_OK && *ret == 0 ? assay_fail(err, ASSAY_MALFORMED, "key '%s' is 0", name) : rc;
}

static assay_code read_real(const struct loader *loader, const char *suffix, double absent, double *ret, assay_err *err)
{
    char name[NAME_BYTES];
    const struct assay_gguf_value *value = assay_gguf_find(loader->model->gguf, key_of(loader, suffix, name));
    *ret = absent;
    assay_code rc = value ? assay_gguf_double(value, ret, err) : ASSAY_OK;
    if (rc == ASSAY_OK && !(isfinite(*ret) && *ret > 0)) {
        rc = value ? assay_fail(err, ASSAY_MALFORMED, "key '%s' is %g, expected above 0", name, *ret)
                   : assay_fail(err, ASSAY_MALFORMED, "key '%s' is missing", name);
    }
    return rc;
}

static assay_code read_arch(struct loader *loader, assay_err *err)
{
    const struct assay_gguf_value *value = assay_gguf_find(loader->model->gguf, "general.architecture");
    struct assay_slice arch = {0};
    if (!value) {
        return assay_fail(err, ASSAY_MALFORMED, "key 'general.architecture' is missing");
    }
    assay_code rc = assay_gguf_text(value, &arch, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    bool is_bitnet = assay_slice_is(arch, "bitnet-b1.58") || assay_slice_is(arch, "bitnet-25");
    if (!is_bitnet && !assay_slice_is(arch, "llama")) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "architecture '%.*s', expected llama, bitnet-b1.58 or bitnet-25",
                          (int)(arch.len < 64 ? arch.len : 64), arch.data);
    }
    (void)snprintf(loader->arch, sizeof loader->arch, "%.*s", (int)arch.len, arch.data);
    loader->model->shape.is_bitnet = is_bitnet;
    return ASSAY_OK;
}

/* What would change the angles is refused, never left out. */
static assay_code refuse_scaling(const struct loader *loader, assay_err *err)
{
    char name[NAME_BYTES];
    const struct assay_gguf_value *value =
        assay_gguf_find(loader->model->gguf, key_of(loader, "rope.scaling.type", name));
    struct assay_slice type = {0};
    assay_code rc = value ? assay_gguf_text(value, &type, err) : ASSAY_OK;
    if (rc == ASSAY_OK && value && !assay_slice_is(type, "none")) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED, "key '%s' is '%.*s': this build has no rope scaling", name,
                        (int)(type.len < 64 ? type.len : 64), type.data);
    }
    if (rc == ASSAY_OK && assay_gguf_tensor(loader->model->gguf, "rope_freqs.weight")) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED, "tensor 'rope_freqs.weight': this build has no rope factors");
    }
    return rc;
}

static assay_code check_shape(const struct loader *loader, uint64_t rope_dims, assay_err *err)
{
    const struct assay_model_shape *shape = &loader->model->shape;
    if (shape->heads % shape->kv_heads != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "%" PRIu64 " heads are no multiple of %" PRIu64 " key-value heads",
                          shape->heads, shape->kv_heads);
    }
    if (rope_dims != shape->head || shape->head % 2 != 0) {
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          "%" PRIu64 " of a head's %" PRIu64 " values rotate, expected all, and an even number",
                          rope_dims, shape->head);
    }
    if (shape->rope_base < 1) { /* angles would outgrow positions, and the range in which they are exact */
        return assay_fail(err, ASSAY_MALFORMED, "key '%s.rope.freq_base' is %g, expected at least 1", loader->arch,
                          shape->rope_base);
    }
    return ASSAY_OK;
}

/* The tokenizer itself is made while the weights come. */
static assay_code count_tokens(struct loader *loader, assay_err *err)
{
    const struct assay_gguf_value *tokens = assay_gguf_find(loader->model->gguf, "tokenizer.ggml.tokens");
    loader->model->shape.vocabulary = tokens && tokens->type == ASSAY_GGUF_ARRAY ? tokens->length : 0;
    return loader->model->shape.vocabulary > 0
               ? ASSAY_OK
               : assay_fail(err, ASSAY_MALFORMED, "key 'tokenizer.ggml.tokens' is missing, or no array of texts");
}

static assay_code read_shape(struct loader *loader, assay_err *err)
{
    struct assay_model_shape *shape = &loader->model->shape;
    double eps = 0;
    uint64_t rope_dims = 0;
    assay_code rc = read_arch(loader, err);
    rc = rc == ASSAY_OK ? refuse_scaling(loader, err) : rc;
    rc = rc == ASSAY_OK ? read_count(loader, "block_count", ASSAY_MODEL_LAYERS_MAX, 0, &shape->layers, err) : rc;
    rc = rc == ASSAY_OK ? read_count(loader, "embedding_length", ASSAY_FORMAT_ROW_MAX, 0, &shape->hidden, err) : rc;
    rc = rc == ASSAY_OK ? read_count(loader, "feed_forward_length", ASSAY_FORMAT_ROW_MAX, 0, &shape->ffn, err) : rc;
    rc = rc == ASSAY_OK ? read_count(loader, "attention.head_count", 4096, 0, &shape->heads, err) : rc;
    rc = rc == ASSAY_OK ? read_count(loader, "attention.head_count_kv", 4096, shape->heads, &shape->kv_heads, err) : rc;
    rc = rc == ASSAY_OK ? read_count(loader, "context_length", ASSAY_MODEL_CONTEXT_MAX, 0, &shape->context, err) : rc;
    if (rc == ASSAY_OK) {
        uint64_t head = shape->hidden / shape->heads;
        rc = read_count(loader, "attention.key_length", 4096, head ? head : 1, &shape->head, err);
    }
    rc = rc == ASSAY_OK ? read_count(loader, "rope.dimension_count", 4096, shape->head, &rope_dims, err) : rc;
    rc = rc == ASSAY_OK ? count_tokens(loader, err) : rc;
    rc = rc == ASSAY_OK ? read_real(loader, "rope.freq_base", 10000, &shape->rope_base, err) : rc;
    rc = rc == ASSAY_OK ? read_real(loader, "attention.layer_norm_rms_epsilon", 0, &eps, err) : rc;
    shape->eps = (float)eps;
    return rc == ASSAY_OK ? check_shape(loader, rope_dims, err) : rc;
}

/* ---- tensors -----------------------------------------------------------------------------------------------------*/

static assay_code load_norm(struct loader *loader, const char *name, uint64_t columns, const float **ret,
                            assay_err *err)
{
    struct assay_gguf_tensor *tensor = NULL;
    assay_code rc = model_need_tensor(loader, name, columns, 1, &tensor, err);
    if (rc == ASSAY_OK && tensor->type != ASSAY_FORMAT_F32) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED, "tensor '%s' is %s, expected F32", name, tensor->format->name);
    }
    if (rc == ASSAY_OK) {
        model_load_bytes(loader, tensor);
        *ret = (const float *)(const void *)tensor->data;
    }
    return rc;
}

/* ---- layers ------------------------------------------------------------------------------------------------------*/

static assay_code load_layer(struct loader *loader, uint64_t number, assay_err *err)
{
    const struct assay_model_shape *shape = &loader->model->shape;
    struct assay_layer *layer = &loader->model->layers[number];
    uint64_t wide = shape->heads * shape->head, narrow = shape->kv_heads * shape->head;
    const struct {
        const char *name;
        uint64_t columns, rows;
    } LINEARS[ASSAY_LINEAR_COUNT] = {
        [ASSAY_LINEAR_Q] = {"attn_q", shape->hidden, wide},
        [ASSAY_LINEAR_K] = {"attn_k", shape->hidden, narrow},
        [ASSAY_LINEAR_V] = {"attn_v", shape->hidden, narrow},
        [ASSAY_LINEAR_O] = {"attn_output", wide, shape->hidden},
        [ASSAY_LINEAR_GATE] = {"ffn_gate", shape->hidden, shape->ffn},
        [ASSAY_LINEAR_UP] = {"ffn_up", shape->hidden, shape->ffn},
        [ASSAY_LINEAR_DOWN] = {"ffn_down", shape->ffn, shape->hidden},
    };
    const struct {
        const char *name;
        uint64_t columns;
        bool is_there;
    } NORMS[ASSAY_NORM_COUNT] = {
        [ASSAY_NORM_ATTN] = {"attn_norm", shape->hidden, true},
        [ASSAY_NORM_FFN] = {"ffn_norm", shape->hidden, true},
        [ASSAY_NORM_ATTN_SUB] = {"attn_sub_norm", wide, shape->is_bitnet},
        [ASSAY_NORM_FFN_SUB] = {"ffn_sub_norm", shape->ffn, shape->is_bitnet},
    };
    char name[NAME_BYTES];
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < ASSAY_LINEAR_COUNT; i++) {
        (void)snprintf(name, sizeof name, "blk.%" PRIu64 ".%s.weight", number, LINEARS[i].name);
        rc = model_load_linear(loader, name, LINEARS[i].columns, LINEARS[i].rows, &layer->linears[i], err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < ASSAY_NORM_COUNT; i++) {
        (void)snprintf(name, sizeof name, "blk.%" PRIu64 ".%s.weight", number, NORMS[i].name);
        rc = NORMS[i].is_there ? load_norm(loader, name, NORMS[i].columns, &layer->norms[i], err) : ASSAY_OK;
    }
    return rc;
}

static assay_code load_ends(struct loader *loader, assay_err *err)
{
    struct assay_model *model = loader->model;
    struct assay_model_shape *shape = &model->shape;
    struct assay_gguf_tensor *embedding = NULL;
    model->is_head_tied = !assay_gguf_tensor(model->gguf, "output.weight");
    const char *head = model->is_head_tied ? "token_embd.weight" : "output.weight";
    assay_code rc = model_need_tensor(loader, "token_embd.weight", shape->hidden, shape->vocabulary, &embedding, err);
    rc = rc == ASSAY_OK ? load_norm(loader, "output_norm.weight", shape->hidden, &model->output_norm, err) : rc;
    rc = rc == ASSAY_OK ? model_load_linear(loader, head, shape->hidden, shape->vocabulary, &model->head, err) : rc;
    if (rc == ASSAY_OK) {
        model->embedding = embedding;
        bool is_in_lanes = model->is_head_tied && model->head.activation != ASSAY_ACTIVATION_FLOAT &&
                           model->head.activation != ASSAY_ACTIVATION_TERNARY; /* from which rows are put together */
        if (!embedding->data && !is_in_lanes) {
            model_load_bytes(loader, embedding);
        }
    }
    return rc;
}

static assay_code bind_others(struct loader *loader, assay_err *err)
{
    struct assay_model_kernels *kernels = &loader->model->kernels;
    bool is_bitnet = loader->model->shape.is_bitnet;
    assay_code rc = model_bind(loader, "norm_rms", "f32", &kernels->norm, err);
    rc = rc == ASSAY_OK ? model_bind(loader, is_bitnet ? "act_relu2" : "act_silu", "f32", &kernels->activation, err)
                        : rc;
    rc = rc == ASSAY_OK ? model_bind(loader, is_bitnet ? "rope_halves" : "rope_pairs", "f32", &kernels->rope, err) : rc;
    rc = rc == ASSAY_OK ? model_bind(loader, "attn_decode", "f16", &kernels->attention, err) : rc;
    struct assay_kernel **rounding = kernels->rounding;
    rc = rc == ASSAY_OK ? model_bind(loader, "quant_rows", "b32", &rounding[ASSAY_ACTIVATION_B32], err) : rc;
    rc = rc == ASSAY_OK ? model_bind(loader, "quant_rows", "b256", &rounding[ASSAY_ACTIVATION_B256], err) : rc;
    return rc == ASSAY_OK ? model_bind(loader, "quant_rows", "ternary", &rounding[ASSAY_ACTIVATION_TERNARY], err) : rc;
}

static assay_code load(struct loader *loader, assay_err *err)
{
    struct assay_model *model = loader->model;
    assay_code rc = assay_gguf_read(loader->source, &model->gguf, err);
    rc = rc == ASSAY_OK ? read_shape(loader, err) : rc;
    rc = rc == ASSAY_OK ? model_reserve(loader, err) : rc;
    rc = rc == ASSAY_OK ? bind_others(loader, err) : rc;
    rc = rc == ASSAY_OK ? load_ends(loader, err) : rc;
    if (rc == ASSAY_OK) {
        model->layers = assay_alloc((size_t)model->shape.layers, sizeof *model->layers);
        rc = model->layers ? ASSAY_OK : assay_nomem(err);
    }
    for (uint64_t i = 0; rc == ASSAY_OK && i < model->shape.layers; i++) {
        rc = load_layer(loader, i, err);
    }
    rc = rc == ASSAY_OK ? model_place(loader, err) : rc;
    return rc == ASSAY_OK && loader->setup->screens_head ? model_screen(loader, err) : rc;
}

assay_code assay_model_new(const struct assay_source *source, struct assay_kernel_set *set,
                           const struct assay_model_setup *setup, struct assay_model **ret, assay_err *err)
{
    struct loader loader = {.model = assay_alloc(1, sizeof *loader.model), .setup = setup, .source = source};
    if (!loader.model) {
        return assay_nomem(err);
    }
    loader.model->set = set;
    assay_code rc = load(&loader, err);
    assay_free(loader.placings);
    if (rc != ASSAY_OK) {
        assay_model_free(loader.model);
        return rc;
    }
    *ret = loader.model;
    return ASSAY_OK;
}

void assay_model_free(struct assay_model *model)
{
    if (!model) {
        return;
    }
    assay_pages_unmap(&model->memory);
    assay_pages_unmap(&model->screen.memory);
    assay_free(model->layers);
    assay_tokenizer_free(model->tokenizer);
    assay_gguf_free(model->gguf);
    assay_free(model);
}
