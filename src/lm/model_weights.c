/* Weights: found in the file, checked, bound to the kernel of their format, and brought into memory of our own in the
 * layout that the kernel reads. */
#include "lm/model_room.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

assay_code model_need_tensor(struct loader *loader, const char *name, uint64_t columns, uint64_t rows,
                             const struct assay_gguf_tensor **ret, assay_err *err)
{
    const struct assay_gguf_tensor *tensor = assay_gguf_tensor(loader->model->gguf, name);
    if (!tensor) {
        return assay_fail(err, ASSAY_MALFORMED, "tensor '%s' is missing", name);
    }
    if (tensor->ne[0] != columns || tensor->ne[1] != rows || tensor->ne[2] != 1 || tensor->ne[3] != 1) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "tensor '%s' has %" PRIu64 " rows of %" PRIu64 " columns, expected %" PRIu64 " of %" PRIu64,
                          name, tensor->ne[1], tensor->ne[0], rows, columns);
    }
    *ret = tensor;
    loader->done_bytes += tensor->bytes;
    if (loader->setup->on_progress) {
        loader->setup->on_progress(loader->setup->progress_context, loader->done_bytes, loader->all_bytes);
    }
    return assay_gguf_check_tensor(tensor, err);
}

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
    {ASSAY_FORMAT_Q6_K, "dense_gemv", "q6k", "q6k", ASSAY_ACTIVATION_B256, NULL},
    {ASSAY_FORMAT_I2_S, "ternary_gemv", "lane2", NULL, ASSAY_ACTIVATION_TERNARY, "pack_ternary"},
    {ASSAY_FORMAT_TQ1_0, "ternary_gemv", "lane2", NULL, ASSAY_ACTIVATION_TERNARY, "pack_ternary"},
    {ASSAY_FORMAT_TQ2_0, "ternary_gemv", "lane2", NULL, ASSAY_ACTIVATION_TERNARY, "pack_ternary"},
};

/* The one scale of a tensor whose blocks could each have their own; blocks of zeros may have scale 0. */
static assay_code one_scale(const struct assay_gguf_tensor *tensor, const float *scales, uint64_t blocks, uint64_t row,
                            float *scale, assay_err *err)
{
    for (uint64_t b = 0; b < blocks; b++) {
        if (*scale == 0) {
            *scale = scales[b];
        } else if (scales[b] != 0 && scales[b] != *scale) {
            return assay_fail(err, ASSAY_UNSUPPORTED,
                              "tensor '%.*s': the scale of row %" PRIu64
                              " is %g, that of rows before it %g; expected one scale",
                              (int)tensor->name.len, tensor->name.data, row, (double)scales[b], (double)*scale);
        }
    }
    return ASSAY_OK;
}

/* A block of scale 0 is a block of zeros, whatever its codes. In I2_S its codes stand in bytes of their own. */
static void silence(uint8_t *packed, const float *scales, uint64_t columns)
{
    const int ones = 0x55; /* four codes 1, which mean 0 */
    for (uint64_t block = 0; block < columns / ASSAY_FORMAT_SCALE_COLS; block++) {
        if (scales[block] == 0) {
            memset(packed + block * ASSAY_FORMAT_SCALE_COLS / 4, ones, ASSAY_FORMAT_SCALE_COLS / 4);
        }
    }
}

/* ---- memory of our own -------------------------------------------------------------------------------------------*/

#define ALIGNMENT 64 /* what kernels want of an operand */
#define PADDED_ROWS 64
#define PADDED_LANES 8
#define PADDED_COLUMNS 16 /* to which layouts of ternary weights are filled up */

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
    uint64_t bytes = 0;
    for (size_t i = 0; i < gguf->tensors_count; i++) { /* they lie in the file, and so no sum overflows */
        bytes += most_bytes(&gguf->tensors[i]);
        loader->all_bytes += gguf->tensors[i].bytes;
    }
    if (bytes == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "the file has no tensors");
    }
    return assay_pages_map(bytes, loader->setup->pages, &loader->model->memory, err);
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

/* A TQ tensor as I2_S, which the packer reads: *ret_packed, of `bytes`, is the caller's. */
static assay_code unpack(const struct assay_gguf_tensor *tensor, const struct assay_linear *linear, uint64_t bytes,
                         uint8_t **ret_packed, assay_err *err)
{
    uint64_t rows = linear->rows, columns = linear->columns;
    uint8_t *packed = assay_alloc((size_t)bytes, 1);
    float *scales = assay_alloc((size_t)columns / ASSAY_FORMAT_SCALE_COLS + 1, sizeof *scales);
    assay_code rc = scales && packed ? ASSAY_OK : assay_nomem(err);
    float scale = 0;
    for (uint64_t row = 0; rc == ASSAY_OK && row < rows; row++) {
        uint8_t *at = packed + row * columns / 4;
        assay_format_to_i2s(tensor->format->format, tensor->data, rows, columns, row, at, scales);
        rc = one_scale(tensor, scales, columns / ASSAY_FORMAT_SCALE_COLS, row, &scale, err);
        silence(at, scales, columns);
    }
    if (rc == ASSAY_OK) {
        memcpy(packed + rows * columns / 4, &scale, sizeof scale);
        *ret_packed = packed;
    } else {
        assay_free(packed);
    }
    assay_free(scales);
    return rc;
}

/* From the layout of the file to that of the kernel, and the tail, which keeps its bytes, behind it. */
static assay_code pack(struct loader *loader, const char *name, const uint8_t *from, struct assay_slice tail,
                       struct assay_linear *linear, assay_err *err)
{
    struct assay_kernel *packer = NULL;
    struct assay_kernel_counters *counters = NULL;
    const struct assay_kernel_operation *op = assay_kernel_set_find(loader->model->set, name, linear->layout);
    struct assay_kernel_call call = {.shape = {linear->rows, linear->columns, 1, 1}, .in = {from}};
    assay_code rc = model_bind(loader, name, linear->layout, &packer, err);
    rc = rc == ASSAY_OK ? assay_kernel_counters_new(loader->model->set, 1, &counters, err) : rc;
    if (rc == ASSAY_OK) {
        uint64_t bytes = op->outputs[0].count(&call.shape);
        uint8_t *packed = take(loader, bytes + tail.len);
        call.out[0] = packed;
        assay_kernel_dispatch(packer, assay_kernel_counters_thread(counters, 0), &call);
        memcpy(packed + bytes, tail.data, tail.len);
        linear->weights = packed;
        linear->bytes = bytes + tail.len;
    }
    assay_kernel_counters_free(counters);
    return rc;
}

/* The scale lies behind the codes, as in I2_S. */
static assay_code place_ternary(struct loader *loader, const struct assay_gguf_tensor *tensor,
                                struct assay_linear *linear, assay_err *err)
{
    uint64_t bytes = 0, codes_bytes = linear->rows * linear->columns / 4;
    uint8_t *unpacked = NULL;
    assay_code rc = assay_format_bytes(ASSAY_FORMAT_I2_S, linear->rows, linear->columns, &bytes, err);
    if (rc == ASSAY_OK && tensor->type != ASSAY_FORMAT_I2_S) {
        rc = unpack(tensor, linear, bytes, &unpacked, err);
    }
    const uint8_t *i2s = unpacked ? unpacked : tensor->data;
    struct assay_slice scale = {.data = (const char *)i2s + codes_bytes, .len = sizeof(float)};
    rc = rc == ASSAY_OK ? pack(loader, "pack_ternary", i2s, scale, linear, err) : rc;
    if (rc == ASSAY_OK) {
        const uint8_t *behind = (const uint8_t *)linear->weights + linear->bytes - scale.len;
        linear->scale = (const float *)(const void *)behind;
    }
    assay_free(unpacked);
    return rc;
}

/* Where a pass reads the weights: a copy, or the file itself if that was asked for and it lies well. */
static assay_code place(struct loader *loader, const struct assay_gguf_tensor *tensor, const char *packer,
                        struct assay_linear *linear, assay_err *err)
{
    uint64_t began = assay_clock_mono_ns();
    assay_code rc = ASSAY_OK;
    linear->weights = tensor->data;
    linear->bytes = tensor->bytes;
    if (linear->activation == ASSAY_ACTIVATION_TERNARY) {
        rc = place_ternary(loader, tensor, linear, err);
    } else if (packer) {
        rc = pack(loader, packer, tensor->data, (struct assay_slice){"", 0}, linear, err);
    } else if (loader->setup->pages != ASSAY_PAGES_MAPPED || (uintptr_t)tensor->data % ALIGNMENT != 0) {
        void *copy = take(loader, tensor->bytes);
        memcpy(copy, tensor->data, (size_t)tensor->bytes);
        linear->weights = copy;
    }
    loader->model->repack_ns += assay_clock_mono_ns() - began;
    return rc;
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
    const struct assay_gguf_tensor *tensor = NULL;
    assay_code rc = model_need_tensor(loader, name, columns, rows, &tensor, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    ret->rows = rows;
    ret->columns = columns;
    size_t i = 0;
    while (i < sizeof MULTIPLIERS / sizeof MULTIPLIERS[0] && MULTIPLIERS[i].format != tensor->format->format) {
        i++;
    }
    assert(i < sizeof MULTIPLIERS / sizeof MULTIPLIERS[0]); /* formats of GGUF all have a row */
    ret->activation = MULTIPLIERS[i].activation;
    ret->format = tensor->format->name;
    bool is_mapped = loader->setup->pages == ASSAY_PAGES_MAPPED && MULTIPLIERS[i].mapped;
    ret->layout = is_mapped ? MULTIPLIERS[i].mapped : MULTIPLIERS[i].name;
    rc = model_bind(loader, MULTIPLIERS[i].operation, ret->layout, &ret->kernel, err);
    return rc == ASSAY_OK ? place(loader, tensor, is_mapped ? NULL : MULTIPLIERS[i].packer, ret, err) : rc;
}
