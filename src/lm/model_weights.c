/* Weights: found in the file, bound to the kernel of their format, and given a place in memory of our own in the layout
 * that the kernel reads. model_place.c brings them there. */
#include "lm/model_room.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const struct {
    enum assay_format format;
    const char *operation, *name,
        *mapped; /* the layout that is fastest, and that of the file where a kernel reads it */
    enum assay_activation activation;
    const char *packer; /* makes the fastest one; NULL: it is that of the file */
} MULTIPLIERS[] = {
    {ASSAY_FORMAT_F32, "dense_gemv", "f32", "f32", ASSAY_ACTIVATION_FLOAT, NULL},
    {ASSAY_FORMAT_F16, "dense_gemv", "f16", "f16", ASSAY_ACTIVATION_FLOAT, NULL},
    {ASSAY_FORMAT_BF16, "dense_gemv", "bf16", "bf16", ASSAY_ACTIVATION_FLOAT, NULL},
    {ASSAY_FORMAT_Q8_0, "dense_gemv", "q80lane", "q80", ASSAY_ACTIVATION_B32, "pack_dense"},
    {ASSAY_FORMAT_Q4_0, "dense_gemv", "q40lane", "q40", ASSAY_ACTIVATION_B32, "pack_dense"},
    {ASSAY_FORMAT_Q4_1, "dense_gemv", "q41lane", "q41", ASSAY_ACTIVATION_B32, "pack_dense"},
    {ASSAY_FORMAT_Q6_K, "dense_gemv", "q6klane", "q6k", ASSAY_ACTIVATION_B256, "pack_dense"},
    {ASSAY_FORMAT_I2_S, "ternary_gemv", "lane2", NULL, ASSAY_ACTIVATION_TERNARY, "pack_ternary"},
    {ASSAY_FORMAT_TQ1_0, "ternary_gemv", "lane2", NULL, ASSAY_ACTIVATION_TERNARY, "pack_tq1"},
    {ASSAY_FORMAT_TQ2_0, "ternary_gemv", "lane2", NULL, ASSAY_ACTIVATION_TERNARY, "pack_tq2"},
    {ASSAY_FORMAT_IQ2_BN, "ternary_gemv", "lane2", NULL, ASSAY_ACTIVATION_TERNARY, "pack_iq2bn"},
};

/* The operation for many tokens; NULL: the same. */
static const char *const MULTIPLIERS_OF_MANY[ASSAY_ACTIVATION_COUNT] = {[ASSAY_ACTIVATION_TERNARY] = "ternary_gemm"};

/* ---- memory of our own -------------------------------------------------------------------------------------------*/

#define ALIGNMENT 64 /* what kernels want of an operand */
#define PADDED_ROWS 64
#define PADDED_LANES 8
#define PADDED_COLUMNS 16 /* to which layouts of ternary weights are filled up */
#define GROUP 8           /* rows that every packer takes together */

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* No layout of a tensor takes more. */
static uint64_t most_bytes(const struct assay_gguf_tensor *tensor)
{
    /* lanes of eight rows are filled up */
    uint64_t packed = tensor->bytes + PADDED_LANES * (tensor->bytes / tensor->ne[1]);
    if (tensor->format && tensor->format->is_ternary) {
        packed = round_up(tensor->ne[1], PADDED_ROWS) * round_up(tensor->ne[0], PADDED_COLUMNS) / 4 + ALIGNMENT;
    }
    return round_up((packed > tensor->bytes ? packed : tensor->bytes) + ALIGNMENT, ALIGNMENT);
}

assay_code model_reserve(struct loader *loader, assay_err *err)
{
    const struct assay_gguf *gguf = loader->model->gguf;
    const struct assay_gguf_tensor *twice = assay_gguf_tensor(gguf, "token_embd.weight"); /* as rows and as the head */
    uint64_t bytes = twice ? most_bytes(twice) : 0;
    for (size_t i = 0; i < gguf->tensors_count; i++) { /* they lie in the file, and so no sum overflows */
        bytes += most_bytes(&gguf->tensors[i]);
    }
    if (bytes == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "the file has no tensors");
    }
    loader->placings = assay_alloc(gguf->tensors_count + 1, sizeof *loader->placings);
    return loader->placings ? assay_pages_map(bytes, loader->setup->pages, &loader->model->memory, err)
                            : assay_nomem(err);
}

static void *take(struct loader *loader, uint64_t bytes)
{
    struct assay_model *model = loader->model;
    char *at = (char *)model->memory.at + loader->taken_bytes;
    loader->taken_bytes += round_up(bytes, ALIGNMENT);
    assert(loader->taken_bytes <= model->memory.bytes);
    model->copied_bytes += bytes;
    return at;
}

static struct placing *add_placing(struct loader *loader, struct assay_gguf_tensor *tensor)
{
    assert(loader->placings_count <= loader->model->gguf->tensors_count);
    struct placing *placing = &loader->placings[loader->placings_count++];
    uint64_t tail = tensor->format->tail_bytes;
    *placing = (struct placing){.tensor = tensor,
                                .rows = tensor->ne[1],
                                .columns = tensor->ne[0],
                                .row_bytes = (tensor->bytes - tail) / tensor->ne[1],
                                .group = 1};
    placing->group_bytes = placing->row_bytes;
    return placing;
}

/* ---- tensors -----------------------------------------------------------------------------------------------------*/

assay_code model_need_tensor(struct loader *loader, const char *name, uint64_t columns, uint64_t rows,
                             struct assay_gguf_tensor **ret, assay_err *err)
{
    const struct assay_gguf *gguf = loader->model->gguf;
    const struct assay_gguf_tensor *tensor = assay_gguf_tensor(gguf, name);
    if (!tensor) {
        return assay_fail(err, ASSAY_MALFORMED, "tensor '%s' is missing", name);
    }
    if (tensor->ne[0] != columns || tensor->ne[1] != rows || tensor->ne[2] != 1 || tensor->ne[3] != 1) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "tensor '%s' has %" PRIu64 " rows of %" PRIu64 " columns, expected %" PRIu64 " of %" PRIu64,
                          name, tensor->ne[1], tensor->ne[0], rows, columns);
    }
    *ret = &gguf->tensors[tensor - gguf->tensors];
    return ASSAY_OK;
}

/* A copy, or the bytes themselves if that was asked for and they lie well. */
void model_load_bytes(struct loader *loader, struct assay_gguf_tensor *tensor)
{
    bool stays =
        loader->setup->pages == ASSAY_PAGES_MAPPED && loader->source->bytes && (uintptr_t)tensor->data % ALIGNMENT == 0;
    if (!stays) {
        struct placing *placing = add_placing(loader, tensor);
        placing->to = take(loader, tensor->bytes);
        tensor->data = placing->to;
    }
}

/* Lanes, and behind them the scale of a ternary tensor. */
static assay_code load_packed(struct loader *loader, struct assay_gguf_tensor *tensor, const char *packer,
                              struct assay_linear *linear, assay_err *err)
{
    struct placing *placing = add_placing(loader, tensor);
    const struct assay_kernel_operation *op = assay_kernel_set_find(loader->model->set, packer, linear->layout);
    const struct assay_kernel_shape shape = {linear->rows, linear->columns, 1, 1};
    const struct assay_kernel_shape group = {GROUP, linear->columns, 1, 1};
    assay_code rc = model_bind(loader, packer, linear->layout, &placing->packer, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const char *refusal = op->refuse ? op->refuse(&shape) : NULL;
    if (refusal) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "tensor '%.*s': %s", (int)tensor->name.len, tensor->name.data,
                          refusal);
    }
    bool is_ternary = linear->activation == ASSAY_ACTIVATION_TERNARY;
    uint64_t bytes = op->outputs[0].count(&shape);
    linear->bytes = bytes + (is_ternary ? sizeof(float) : 0);
    placing->to = take(loader, linear->bytes);
    placing->packing = op;
    placing->group = GROUP;
    placing->group_bytes = op->outputs[0].count(&group);
    placing->scale = is_ternary ? (float *)(void *)(placing->to + bytes) : NULL;
    linear->weights = placing->to;
    linear->scale = placing->scale;
    return ASSAY_OK;
}

/* ---- linear layers -----------------------------------------------------------------------------------------------*/

assay_code model_bind(struct loader *loader, const char *operation, const char *format, struct assay_kernel **ret,
                      assay_err *err)
{
    const struct assay_kernel_operation *op = assay_kernel_set_find(loader->model->set, operation, format);
    return op ? assay_kernel_set_bind(loader->model->set, op, ret, err)
              : assay_fail(err, ASSAY_BUG, "there is no kernel %s %s", operation, format);
}

assay_code model_load_linear(struct loader *loader, const char *name, uint64_t columns, uint64_t rows,
                             struct assay_linear *ret, assay_err *err)
{
    struct assay_gguf_tensor *tensor = NULL;
    assay_code rc = model_need_tensor(loader, name, columns, rows, &tensor, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    size_t i = 0;
    while (i < sizeof MULTIPLIERS / sizeof MULTIPLIERS[0] && MULTIPLIERS[i].format != tensor->format->format) {
        i++;
    }
    assert(i < sizeof MULTIPLIERS / sizeof MULTIPLIERS[0]); /* formats of GGUF all have a row */
    bool is_mapped = loader->setup->pages == ASSAY_PAGES_MAPPED && MULTIPLIERS[i].mapped;
    const char *packer = is_mapped ? NULL : MULTIPLIERS[i].packer;
    *ret = (struct assay_linear){.rows = rows,
                                 .columns = columns,
                                 .activation = MULTIPLIERS[i].activation,
                                 .format = tensor->format->name,
                                 .layout = is_mapped ? MULTIPLIERS[i].mapped : MULTIPLIERS[i].name};
    rc = model_bind(loader, MULTIPLIERS[i].operation, ret->layout, &ret->kernel, err);
    ret->many = ret->kernel;
    if (rc == ASSAY_OK && MULTIPLIERS_OF_MANY[ret->activation]) {
        rc = model_bind(loader, MULTIPLIERS_OF_MANY[ret->activation], ret->layout, &ret->many, err);
    }
    if (rc == ASSAY_OK && packer) {
        return load_packed(loader, tensor, packer, ret, err);
    }
    if (rc == ASSAY_OK) {
        model_load_bytes(loader, tensor);
        ret->weights = tensor->data;
        ret->bytes = tensor->bytes;
    }
    return rc;
}
