/* The operands of one call: memory, contents, poison, canaries. */
#include "kernel/kernel.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/rng.h"

#include <string.h>

#define ALIGN ((size_t)64)  /* a cache line, and the widest vector */
#define CANARY ((size_t)64) /* as wide: a vector store past the end hits it */
#define CANARY_BYTE 0xc5
#define POISON_BYTE 0xa5 /* as f32 -2.9e-16, as int8 -91: nothing that a kernel writes everywhere */

static uint64_t rounded_up(uint64_t bytes)
{
    return bytes > UINT64_MAX - ALIGN ? UINT64_MAX : (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* One more operand at *at; false if the sum leaves the limit. */
static bool place(uint64_t bytes, size_t before, size_t *at, size_t *ret_start)
{
    uint64_t room = rounded_up(bytes);
    if (room > ASSAY_KERNEL_DATA_BYTES_MAX || *at > ASSAY_KERNEL_DATA_BYTES_MAX - (size_t)room) {
        return false;
    }
    *ret_start = *at + before;
    *at += before + (size_t)room + before;
    return true;
}

static bool operand_bytes(const struct assay_kernel_operand *operand, const struct assay_kernel_shape *shape,
                          size_t *ret)
{
    uint64_t bytes;
    bool fits = assay_mul_u64(operand->count(shape), assay_kernel_type_bytes(operand->type), &bytes) &&
                bytes <= ASSAY_KERNEL_DATA_BYTES_MAX;
    *ret = fits ? (size_t)bytes : 0;
    return fits;
}

static uint64_t scratch_of(const struct assay_kernel_operation *op, const struct assay_kernel_shape *shape)
{
    uint64_t most = 0;
    for (size_t i = 0; i < op->rows_count; i++) {
        uint64_t wanted = op->rows[i]->scratch_bytes ? op->rows[i]->scratch_bytes(shape) : 0;
        most = wanted > most ? wanted : most;
    }
    return most;
}

struct places {
    size_t in[ASSAY_KERNEL_INPUTS_MAX], out[ASSAY_KERNEL_OUTPUTS_MAX], scratch, total;
    uint64_t scratch_bytes;
};

static bool lay_out(struct assay_kernel_data *data, struct places *places)
{
    const struct assay_kernel_operation *op = data->op;
    const struct assay_kernel_shape *shape = &data->call.shape;
    bool fits = true;
    for (size_t i = 0; i < op->inputs_count && fits; i++) {
        fits = operand_bytes(&op->inputs[i], shape, &data->in_bytes[i]) &&
               place(data->in_bytes[i], 0, &places->total, &places->in[i]);
    }
    for (size_t i = 0; i < op->outputs_count && fits; i++) {
        fits = operand_bytes(&op->outputs[i], shape, &data->out_bytes[i]) &&
               place(data->out_bytes[i], CANARY, &places->total, &places->out[i]);
    }
    places->scratch_bytes = scratch_of(op, shape);
    return fits && place(places->scratch_bytes, 0, &places->total, &places->scratch);
}

static void at_least_one(uint64_t *size)
{
    *size = *size > 0 ? *size : 1;
}

assay_code assay_kernel_data_init(struct assay_kernel_data *data, const struct assay_kernel_operation *op,
                                  const struct assay_kernel_shape *shape, assay_err *err)
{
    *data = (struct assay_kernel_data){.op = op, .call.shape = *shape};
    struct places places = {0};
    at_least_one(&data->call.shape.rows);
    at_least_one(&data->call.shape.columns);
    at_least_one(&data->call.shape.tokens);
    at_least_one(&data->call.shape.extra);
    const char *wrong = op->refuse ? op->refuse(&data->call.shape) : NULL;
    if (wrong) {
        return assay_fail(err, ASSAY_USAGE, "shape of %s_%s: %s", op->name, op->format, wrong);
    }
    if (!lay_out(data, &places)) {
        return assay_fail(err, ASSAY_TOO_LARGE, "the operands of %s together, expected at most %zu bytes", op->name,
                          ASSAY_KERNEL_DATA_BYTES_MAX);
    }
    data->block = assay_alloc(places.total + ALIGN, 1);
    if (!data->block) {
        return assay_nomem(err);
    }
    char *first = (char *)data->block + (ALIGN - (uintptr_t)data->block % ALIGN) % ALIGN;
    for (size_t i = 0; i < op->inputs_count; i++) {
        data->call.in[i] = first + places.in[i];
    }
    for (size_t i = 0; i < op->outputs_count; i++) {
        data->call.out[i] = first + places.out[i];
    }
    data->call.scratch = places.scratch_bytes > 0 ? first + places.scratch : NULL;
    assay_kernel_data_poison(data);
    return ASSAY_OK;
}

void assay_kernel_data_done(struct assay_kernel_data *data)
{
    assay_free(data->block);
    *data = (struct assay_kernel_data){0};
}

/* ---- contents --------------------------------------------------------------------------------------------------- */

static void *input_of(const struct assay_kernel_data *data, size_t i)
{
    union { /* the block is ours: only the call shows it as const */
        const void *shown;
        void *ours;
    } at = {.shown = data->call.in[i]};
    return at.ours;
}

/* [-1, 1) in steps of 2^-23: exact in every float format but the halves, which take the upper bits. */
static float unit_float(struct assay_rng *rng)
{
    return ((float)(assay_rng_u64(rng) >> 40) - 0x1p23F) / 0x1p23F;
}

static void fill_floats(const struct assay_kernel_operand *operand, void *values, size_t bytes, struct assay_rng *rng)
{
    size_t count = bytes / assay_kernel_type_bytes(operand->type);
    for (size_t i = 0; i < count; i++) {
        float x = unit_float(rng);
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        if (operand->type == ASSAY_KERNEL_F32) {
            ((float *)values)[i] = x;
        } else if (operand->type == ASSAY_KERNEL_F64) {
            ((double *)values)[i] = (double)x;
        } else if (operand->type == ASSAY_KERNEL_BF16) {
            ((uint16_t *)values)[i] = (uint16_t)(bits >> 16);
        } else { /* a half of size 1/4 to 1/2 with random fraction and sign */
            ((uint16_t *)values)[i] = (uint16_t)((bits >> 16 & 0x8000u) | 0x3400u | (bits & 0x3ffu));
        }
    }
}

static bool is_float(enum assay_kernel_type type)
{
    return type == ASSAY_KERNEL_F32 || type == ASSAY_KERNEL_F64 || type == ASSAY_KERNEL_BF16 ||
           type == ASSAY_KERNEL_F16;
}

static void fill_default(struct assay_kernel_data *data, uint64_t seed)
{
    struct assay_rng rng;
    for (size_t i = 0; i < data->op->inputs_count; i++) {
        const struct assay_kernel_operand *operand = &data->op->inputs[i];
        unsigned char *bytes = input_of(data, i);
        assay_rng_seed(&rng, seed + i, "kernel operand");
        if (is_float(operand->type)) {
            fill_floats(operand, bytes, data->in_bytes[i], &rng);
            continue;
        }
        for (size_t k = 0; k < data->in_bytes[i]; k++) {
            bytes[k] = (unsigned char)(assay_rng_u64(&rng) >> 56);
        }
    }
}

void assay_kernel_data_fill(struct assay_kernel_data *data, const struct assay_kernel_case *which)
{
    if (!data->op->fill) {
        fill_default(data, which->seed);
        return;
    }
    void *inputs[ASSAY_KERNEL_INPUTS_MAX] = {NULL};
    for (size_t i = 0; i < data->op->inputs_count; i++) {
        inputs[i] = input_of(data, i);
    }
    data->op->fill(which, &data->call.shape, inputs);
}

void assay_kernel_data_copy(struct assay_kernel_data *to, const struct assay_kernel_data *from)
{
    for (size_t i = 0; i < to->op->inputs_count; i++) {
        memcpy(input_of(to, i), from->call.in[i], to->in_bytes[i]);
    }
}

/* What lies between the last byte of an output and its canary belongs to the canary too. */
static size_t tail_of(size_t bytes)
{
    return (size_t)rounded_up(bytes) - bytes + CANARY;
}

void assay_kernel_data_poison(struct assay_kernel_data *data)
{
    for (size_t i = 0; i < data->op->outputs_count; i++) {
        unsigned char *out = data->call.out[i];
        memset(out - CANARY, CANARY_BYTE, CANARY);
        memset(out, POISON_BYTE, data->out_bytes[i]);
        memset(out + data->out_bytes[i], CANARY_BYTE, tail_of(data->out_bytes[i]));
    }
    uint64_t scratch = scratch_of(data->op, &data->call.shape);
    if (data->call.scratch) {
        memset(data->call.scratch, POISON_BYTE, (size_t)scratch);
    }
}

static bool is_all_canary(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != CANARY_BYTE) {
            return false;
        }
    }
    return true;
}

bool assay_kernel_data_is_intact(const struct assay_kernel_data *data)
{
    for (size_t i = 0; i < data->op->outputs_count; i++) {
        const unsigned char *out = data->call.out[i];
        if (!is_all_canary(out - CANARY, CANARY) ||
            !is_all_canary(out + data->out_bytes[i], tail_of(data->out_bytes[i]))) {
            return false;
        }
    }
    return true;
}

uint64_t assay_kernel_data_input_hash(const struct assay_kernel_data *data)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < data->op->inputs_count; i++) {
        hash = hash * 31 + assay_fnv1a64(data->call.in[i], data->in_bytes[i]);
    }
    return hash;
}

uint64_t assay_kernel_data_output_hash(const struct assay_kernel_data *data)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < data->op->outputs_count; i++) {
        hash = hash * 31 + assay_fnv1a64(data->call.out[i], data->out_bytes[i]);
    }
    return hash;
}

size_t assay_kernel_data_outputs_bytes(const struct assay_kernel_data *data)
{
    size_t sum = 0;
    for (size_t i = 0; i < data->op->outputs_count; i++) {
        sum += data->out_bytes[i];
    }
    return sum;
}
