/* What a row says of itself: id, class, cost. */
#include "kernel/kernel.h"

#include "base/num.h"

#include <assert.h>
#include <string.h>

static bool is_part(struct assay_slice part)
{
    if (part.len == 0 || part.data[0] < 'a' || part.data[0] > 'z') {
        return false;
    }
    for (size_t i = 0; i < part.len; i++) {
        char c = part.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            return false;
        }
    }
    return true;
}

bool assay_kernel_id_read(const char *text, struct assay_kernel_id *ret)
{
    struct assay_slice rest = assay_slice_of(text), parts[4];
    if (rest.len > ASSAY_KERNEL_ID_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        parts[i] = i < 3 ? assay_slice_cut(&rest, '_') : rest;
        if (!is_part(parts[i])) {
            return false;
        }
    }
    *ret = (struct assay_kernel_id){.family = parts[0], .operation = parts[1], .format = parts[2], .isa = parts[3]};
    return true;
}

static const struct class_text {
    const char *text;
    bool is_fallback;
} CLASSES[] = {
    [ASSAY_KERNEL_NATIVE] = {"native", false},    [ASSAY_KERNEL_QUANTISED] = {"quantised", false},
    [ASSAY_KERNEL_FALLBACK] = {"fallback", true}, [ASSAY_KERNEL_LIMIT] = {"limit", false},
    [ASSAY_KERNEL_COPY] = {"copy", false},        [ASSAY_KERNEL_SYNC] = {"sync", false},
    [ASSAY_KERNEL_STANDIN] = {"standin", true},
};

const char *assay_kernel_class_text(enum assay_kernel_class kind)
{
    assert((size_t)kind < sizeof CLASSES / sizeof CLASSES[0]);
    return CLASSES[kind].text;
}

bool assay_kernel_class_is_fallback(enum assay_kernel_class kind)
{
    assert((size_t)kind < sizeof CLASSES / sizeof CLASSES[0]);
    return CLASSES[kind].is_fallback;
}

const char *assay_kernel_equality_text(enum assay_kernel_equality equality)
{
    return equality == ASSAY_KERNEL_EXACT ? "exact" : "bounded";
}

const char *assay_kernel_isa(const struct assay_kernel_row *row)
{
    const char *last = strrchr(row->id, '_');
    return last ? last + 1 : row->id;
}

size_t assay_kernel_type_bytes(enum assay_kernel_type type)
{
    static const size_t BYTES[] = {
        [ASSAY_KERNEL_F32] = 4, [ASSAY_KERNEL_F16] = 2, [ASSAY_KERNEL_BF16] = 2, [ASSAY_KERNEL_F64] = 8,
        [ASSAY_KERNEL_I32] = 4, [ASSAY_KERNEL_I8] = 1,  [ASSAY_KERNEL_U8] = 1,   [ASSAY_KERNEL_U64] = 8};
    assert((size_t)type < sizeof BYTES / sizeof BYTES[0]);
    return BYTES[type];
}

/* Saturates: a size that does not fit fails where memory is asked for. */
static uint64_t product(uint64_t a, uint64_t b)
{
    uint64_t result;
    return assay_mul_u64(a, b, &result) ? result : UINT64_MAX;
}

static uint64_t at_least_one(uint64_t size)
{
    return size > 0 ? size : 1;
}

struct assay_kernel_cost assay_kernel_cost_of(const struct assay_kernel_operation *op,
                                              const struct assay_kernel_shape *shape)
{
    struct assay_kernel_cost cost = {0};
    cost.elements = op->elements ? op->elements(shape)
                                 : product(product(at_least_one(shape->rows), at_least_one(shape->columns)),
                                           at_least_one(shape->tokens));
    if (op->bytes) {
        cost.bytes = op->bytes(shape);
    } else {
        for (size_t i = 0; i < op->inputs_count; i++) {
            cost.bytes += product(op->inputs[i].count(shape), assay_kernel_type_bytes(op->inputs[i].type));
        }
    }
    cost.ops = op->ops ? op->ops(shape) : product(2, cost.elements);
    return cost;
}

static uint64_t units_of(const struct assay_kernel_operation *op, const struct assay_kernel_shape *shape)
{
    return op->units ? at_least_one(op->units(shape)) : 1;
}

/* floor(value * units / all), for any value and up to 2^32 units. */
static uint64_t portion(uint64_t value, uint64_t units, uint64_t all)
{
    uint64_t product;
    if (units == 0 || units == all) { /* no division: this runs once a dispatch, inside of what is measured */
        return units == 0 ? 0 : value;
    }
    return assay_mul_u64(value, units, &product) ? product / all : value / all * units + value % all * units / all;
}

struct assay_kernel_cost assay_kernel_cost_of_part(const struct assay_kernel_operation *op,
                                                   const struct assay_kernel_shape *shape,
                                                   struct assay_kernel_part part)
{
    struct assay_kernel_cost cost = assay_kernel_cost_of(op, shape);
    uint64_t all = units_of(op, shape);
    if (part.end == 0) {
        return cost;
    }
    assert(part.first <= part.end && part.end <= all);
    cost.elements = portion(cost.elements, part.end, all) - portion(cost.elements, part.first, all);
    cost.bytes = portion(cost.bytes, part.end, all) - portion(cost.bytes, part.first, all);
    cost.ops = portion(cost.ops, part.end, all) - portion(cost.ops, part.first, all);
    return cost;
}

/* Borders of parts lie at multiples of this where there are enough units: a line of floats has one writer, and layouts
 * of 8 or 16 rows are not torn. */
#define PART_GRAIN 64

struct assay_kernel_part assay_kernel_part_of(const struct assay_kernel_operation *op,
                                              const struct assay_kernel_shape *shape, size_t thread, size_t count)
{
    assert(thread < count);
    if (!op->units && thread == 0) {
        return (struct assay_kernel_part){0};
    }
    uint64_t all = units_of(op, shape), grain = all / count >= PART_GRAIN ? PART_GRAIN : 1;
    uint64_t units = (all + grain - 1) / grain, whole = units / count, rest = units % count;
    uint64_t first = (thread * whole + (thread < rest ? thread : rest)) * grain;
    uint64_t end = first + (whole + (thread < rest)) * grain;
    return (struct assay_kernel_part){.first = first, .end = end < all ? end : all};
}

uint64_t assay_kernel_terms_of(const struct assay_kernel_operation *op, const struct assay_kernel_shape *shape)
{
    return op->terms ? op->terms(shape) : at_least_one(shape->columns);
}

const struct assay_kernel_case *assay_kernel_case_find(const struct assay_kernel_operation *op, const char *name)
{
    for (size_t i = 0; i < op->cases_count; i++) {
        const struct assay_kernel_case *which = &op->cases[i];
        if (name ? strcmp(which->name, name) == 0 : (which->flags & ASSAY_KERNEL_CASE_DEFAULT) != 0) {
            return which;
        }
    }
    return name || op->cases_count == 0 ? NULL : &op->cases[0];
}
