#include "lm/gguf.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "GGUF"
#define PAIR_BYTES_MIN 13   /* key length, one byte of key, type ... and no value at all: still an upper bound */
#define TENSOR_BYTES_MIN 33 /* name length, one byte, dims, one ne, type, offset */
#define HEAD_FIRST ((uint64_t)1 << 20) /* of a file, read first */
#define HEAD_FACTOR 4
#define SWAPPED_V3 0x03000000u
#define NAME_SHOWN 64
#define ALIGNMENT_MAX ((uint64_t)1 << 30)

struct reader {
    const uint8_t *bytes;
    uint64_t have;     /* bytes that are in memory, of */
    uint64_t len;      /* all */
    bool is_too_short; /* what is in memory, for the head */
    uint64_t at;
    struct assay_gguf *gguf;
    char shown[NAME_SHOWN * 4 + 8]; /* the name in the message at hand */
};

static const struct {
    const char *text;
    uint8_t bytes; /* of a scalar */
} TYPES[ASSAY_GGUF_TYPE_COUNT] = {
    [ASSAY_GGUF_U8] = {"u8", 1},       [ASSAY_GGUF_I8] = {"i8", 1},     [ASSAY_GGUF_U16] = {"u16", 2},
    [ASSAY_GGUF_I16] = {"i16", 2},     [ASSAY_GGUF_U32] = {"u32", 4},   [ASSAY_GGUF_I32] = {"i32", 4},
    [ASSAY_GGUF_F32] = {"f32", 4},     [ASSAY_GGUF_BOOL] = {"bool", 1}, [ASSAY_GGUF_TEXT] = {"text", 0},
    [ASSAY_GGUF_ARRAY] = {"array", 0}, [ASSAY_GGUF_U64] = {"u64", 8},   [ASSAY_GGUF_I64] = {"i64", 8},
    [ASSAY_GGUF_F64] = {"f64", 8},
};

/* Types of ggml that are refused by name. */
static const struct {
    uint32_t type;
    const char *name;
} FOREIGN[] = {
    {6, "Q5_0"},          {7, "Q5_1"},   {9, "Q8_1"},     {10, "Q2_K"},   {11, "Q3_K"},    {12, "Q4_K"},
    {13, "Q5_K"},         {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"},
    {20, "IQ4_NL"},       {21, "IQ3_S"}, {22, "IQ2_S"},   {23, "IQ4_XS"}, {24, "I8"},      {25, "I16"},
    {26, "I32"},          {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},  {37, "I8_S"},    {38, "TL1"},
    {39, "TL2 or MXFP4"}, {40, "NVFP4"}, {41, "Q1_0"},    {42, "Q2_0"},   {134, "IQ1_BN"},
};

const char *assay_gguf_type_text(enum assay_gguf_type type)
{
    return TYPES[type].text;
}

/* ---- taking bytes ------------------------------------------------------------------------------------------------*/

static uint64_t left(const struct reader *reader)
{
    return reader->len - reader->at;
}

static assay_code take(struct reader *reader, uint64_t bytes, const char *what, const uint8_t **ret, assay_err *err)
{
    if (bytes > left(reader)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "offset %" PRIu64 ": %s needs %" PRIu64 " bytes, the file has %" PRIu64 " left", reader->at,
                          what, bytes, left(reader));
    }
    if (bytes > reader->have - reader->at) {
        reader->is_too_short = true;
        return assay_fail(err, ASSAY_TOO_LARGE, "%s ends behind the first %" PRIu64 " bytes", what, reader->have);
    }
    *ret = reader->bytes + reader->at;
    reader->at += bytes;
    return ASSAY_OK;
}

static uint64_t load(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

static assay_code take_number(struct reader *reader, size_t bytes, const char *what, uint64_t *ret, assay_err *err)
{
    const uint8_t *at = NULL;
    assay_code rc = take(reader, bytes, what, &at, err);
    if (rc == ASSAY_OK) {
        *ret = load(at, bytes);
    }
    return rc;
}

static assay_code take_text(struct reader *reader, uint64_t max, const char *what, struct assay_slice *ret,
                            assay_err *err)
{
    uint64_t len = 0;
    const uint8_t *at = NULL;
    assay_code rc = take_number(reader, 8, what, &len, err);
    if (rc == ASSAY_OK && len > max) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "offset %" PRIu64 ": %s has %" PRIu64 " bytes, expected at most %" PRIu64,
                        reader->at - 8, what, len, max);
    }
    if (rc == ASSAY_OK) {
        rc = take(reader, len, what, &at, err);
    }
    if (rc == ASSAY_OK) {
        *ret = (struct assay_slice){(const char *)at, (size_t)len};
    }
    return rc;
}

/* A key or name: not empty, UTF-8, no NUL. */
static assay_code take_name(struct reader *reader, const char *what, struct assay_slice *ret, assay_err *err)
{
    uint64_t from = reader->at;
    assay_code rc = take_text(reader, ASSAY_GGUF_KEY_BYTES_MAX, what, ret, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (ret->len == 0 || memchr(ret->data, 0, ret->len) || assay_utf8_valid_prefix(ret->data, ret->len) != ret->len) {
        return assay_fail(err, ASSAY_MALFORMED, "offset %" PRIu64 ": %s is empty, holds a NUL or is no UTF-8", from,
                          what);
    }
    return ASSAY_OK;
}

static const char *show(struct reader *reader, struct assay_slice name)
{
    struct assay_buf text;
    assay_buf_init(&text, sizeof reader->shown - 1);
    assay_text_show(&text, name.data, name.len, NAME_SHOWN);
    size_t len = text.data ? text.len : 0;
    memcpy(reader->shown, text.data ? text.data : "", len);
    reader->shown[len] = '\0';
    assay_buf_done(&text);
    return reader->shown;
}

/* ---- values ------------------------------------------------------------------------------------------------------*/

static assay_code take_type(struct reader *reader, enum assay_gguf_type *ret, assay_err *err)
{
    uint64_t type = 0;
    assay_code rc = take_number(reader, 4, "a value's type", &type, err);
    if (rc == ASSAY_OK && type >= ASSAY_GGUF_TYPE_COUNT) {
        rc = assay_fail(err, ASSAY_MALFORMED, "offset %" PRIu64 ": value type %" PRIu64 ", expected 0 to %d",
                        reader->at - 4, type, ASSAY_GGUF_TYPE_COUNT - 1);
    }
    *ret = (enum assay_gguf_type)type;
    return rc;
}

static assay_code check_bools(struct reader *reader, const uint8_t *at, uint64_t count, assay_err *err)
{
    for (uint64_t i = 0; i < count; i++) {
        if (at[i] > 1) {
            return assay_fail(err, ASSAY_MALFORMED, "offset %" PRIu64 ": a bool is %u, expected 0 or 1",
                              (uint64_t)(at + i - reader->bytes), at[i]);
        }
    }
    return ASSAY_OK;
}

static assay_code skip_value(struct reader *reader, enum assay_gguf_type type, unsigned depth, assay_err *err);

static assay_code take_elements(struct reader *reader, enum assay_gguf_type element, uint64_t count, unsigned depth,
                                assay_err *err)
{
    uint64_t least = TYPES[element].bytes ? TYPES[element].bytes : element == ASSAY_GGUF_TEXT ? 8 : 12;
    if (count > ASSAY_GGUF_ARRAY_MAX || count > left(reader) / least) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "offset %" PRIu64 ": an array of %" PRIu64 " %s does not fit into the "
                          "%" PRIu64 " bytes left (at most %" PRIu64 " elements)",
                          reader->at, count, TYPES[element].text, left(reader), (uint64_t)ASSAY_GGUF_ARRAY_MAX);
    }
    if (TYPES[element].bytes) {
        const uint8_t *at = NULL;
        assay_code rc = take(reader, count * TYPES[element].bytes, "an array", &at, err);
        return rc == ASSAY_OK && element == ASSAY_GGUF_BOOL ? check_bools(reader, at, count, err) : rc;
    }
    assay_code rc = ASSAY_OK;
    for (uint64_t i = 0; rc == ASSAY_OK && i < count; i++) {
        rc = skip_value(reader, element, depth, err);
    }
    return rc;
}

static assay_code take_array_head(struct reader *reader, enum assay_gguf_type *ret_element, uint64_t *ret_count,
                                  assay_err *err)
{
    assay_code rc = take_type(reader, ret_element, err);
    return rc == ASSAY_OK ? take_number(reader, 8, "an array's count", ret_count, err) : rc;
}

static assay_code skip_value(struct reader *reader, enum assay_gguf_type type, unsigned depth, assay_err *err)
{
    struct assay_slice text;
    if (type == ASSAY_GGUF_TEXT) {
        return take_text(reader, ASSAY_GGUF_TEXT_BYTES_MAX, "a text", &text, err);
    }
    assert(type == ASSAY_GGUF_ARRAY); /* numbers are taken as a whole */
    if (depth == ASSAY_GGUF_NESTING_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "offset %" PRIu64 ": arrays nest deeper than %d", reader->at,
                          ASSAY_GGUF_NESTING_MAX);
    }
    enum assay_gguf_type element;
    uint64_t count;
    assay_code rc = take_array_head(reader, &element, &count, err);
    return rc == ASSAY_OK ? take_elements(reader, element, count, depth + 1, err) : rc;
}

static assay_code take_value(struct reader *reader, struct assay_gguf_value *ret, assay_err *err)
{
    assay_code rc = take_type(reader, &ret->type, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    ret->offset = reader->at;
    struct assay_slice text;
    switch (ret->type) {
    case ASSAY_GGUF_TEXT:
        rc = take_text(reader, ASSAY_GGUF_TEXT_BYTES_MAX, "a text", &text, err);
        ret->length = ret->bytes = rc == ASSAY_OK ? text.len : 0;
        ret->at = rc == ASSAY_OK ? (const uint8_t *)text.data : NULL;
        return rc;
    case ASSAY_GGUF_ARRAY:
        rc = take_array_head(reader, &ret->element, &ret->length, err);
        ret->at = reader->bytes + reader->at;
        if (rc == ASSAY_OK) {
            rc = take_elements(reader, ret->element, ret->length, 1, err);
        }
        ret->bytes = (uint64_t)(reader->bytes + reader->at - ret->at);
        return rc;
    case ASSAY_GGUF_U8:
    case ASSAY_GGUF_I8:
    case ASSAY_GGUF_U16:
    case ASSAY_GGUF_I16:
    case ASSAY_GGUF_U32:
    case ASSAY_GGUF_I32:
    case ASSAY_GGUF_F32:
    case ASSAY_GGUF_BOOL:
    case ASSAY_GGUF_U64:
    case ASSAY_GGUF_I64:
    case ASSAY_GGUF_F64:
    case ASSAY_GGUF_TYPE_COUNT:
        break;
    }
    ret->length = 1;
    ret->bytes = TYPES[ret->type].bytes;
    rc = take(reader, ret->bytes, "a value", &ret->at, err);
    return rc == ASSAY_OK && ret->type == ASSAY_GGUF_BOOL ? check_bools(reader, ret->at, 1, err) : rc;
}

/* ---- tensors -----------------------------------------------------------------------------------------------------*/

static assay_code take_shape(struct reader *reader, struct assay_gguf_tensor *tensor, assay_err *err)
{
    uint64_t dims = 0;
    assay_code rc = take_number(reader, 4, "the number of dimensions", &dims, err);
    if (rc == ASSAY_OK && (dims == 0 || dims > ASSAY_GGUF_DIMS_MAX)) {
        rc = assay_fail(err, ASSAY_MALFORMED,
                        "offset %" PRIu64 ": tensor '%s' has %" PRIu64 " dimensions, expected 1 to %d", reader->at - 4,
                        show(reader, tensor->name), dims, ASSAY_GGUF_DIMS_MAX);
    }
    tensor->dims = (uint32_t)dims;
    uint64_t product = 1;
    for (uint64_t i = 0; i < ASSAY_GGUF_DIMS_MAX; i++) {
        tensor->ne[i] = 1;
        if (rc != ASSAY_OK || i >= dims) {
            continue;
        }
        rc = take_number(reader, 8, "a dimension", &tensor->ne[i], err);
        if (rc == ASSAY_OK && (tensor->ne[i] == 0 || __builtin_mul_overflow(product, tensor->ne[i], &product))) {
            rc = assay_fail(err, ASSAY_MALFORMED,
                            "offset %" PRIu64 ": dimension %" PRIu64 " of tensor '%s' is %" PRIu64
                            ", expected above 0 and a product below 2^64",
                            reader->at - 8, i, show(reader, tensor->name), tensor->ne[i]);
        }
    }
    return rc;
}

static assay_code fail_type(struct reader *reader, const struct assay_gguf_tensor *tensor, assay_err *err)
{
    const char *name = NULL;
    for (size_t i = 0; i < sizeof FOREIGN / sizeof FOREIGN[0]; i++) {
        name = FOREIGN[i].type == tensor->type ? FOREIGN[i].name : name;
    }
    return assay_fail(err, name ? ASSAY_UNSUPPORTED : ASSAY_MALFORMED,
                      "tensor '%s' has type %" PRIu32 " (%s), expected one of F32 F16 BF16 Q4_0 Q4_1 Q8_0 Q6_K TQ1_0 "
                      "TQ2_0 I2_S IQ2_BN",
                      show(reader, tensor->name), tensor->type, name ? name : "unknown");
}

static assay_code take_tensor(struct reader *reader, struct assay_gguf_tensor *ret, uint64_t *ret_offset,
                              assay_err *err)
{
    uint64_t type = 0;
    assay_code rc = take_name(reader, "a tensor's name", &ret->name, err);
    if (rc == ASSAY_OK) {
        rc = take_shape(reader, ret, err);
    }
    if (rc == ASSAY_OK) {
        rc = take_number(reader, 4, "a tensor's type", &type, err);
    }
    if (rc == ASSAY_OK) {
        rc = take_number(reader, 8, "a tensor's offset", ret_offset, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    ret->type = (uint32_t)type;
    ret->format = assay_format_row(ret->type);
    if (!ret->format || !ret->format->is_in_gguf) {
        return fail_type(reader, ret, err);
    }
    uint64_t rows = 0;
    if (__builtin_mul_overflow(ret->ne[1], ret->ne[2], &rows) || __builtin_mul_overflow(rows, ret->ne[3], &rows)) {
        return assay_fail(err, ASSAY_MALFORMED, "tensor '%s': rows overflow", show(reader, ret->name));
    }
    rc = assay_format_bytes(ret->format->format, rows, ret->ne[0], &ret->bytes, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "tensor '%s'", show(reader, ret->name));
    }
    return rc;
}

static assay_code place_tensor(struct reader *reader, struct assay_gguf_tensor *tensor, uint64_t offset, assay_err *err)
{
    const struct assay_gguf *gguf = reader->gguf;
    if (offset % gguf->alignment != 0) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "tensor '%s' lies at offset %" PRIu64 " of the data, expected a multiple of %" PRIu32,
                          show(reader, tensor->name), offset, gguf->alignment);
    }
    uint64_t room = reader->len - gguf->data_offset;
    if (offset > room || tensor->bytes > room - offset) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "tensor '%s': %" PRIu64 " bytes at offset %" PRIu64 " of the data end beyond its %" PRIu64
                          " bytes",
                          show(reader, tensor->name), tensor->bytes, offset, room);
    }
    tensor->offset = gguf->data_offset + offset;
    tensor->data = reader->have == reader->len ? reader->bytes + tensor->offset : NULL;
    return ASSAY_OK;
}

/* ---- order -------------------------------------------------------------------------------------------------------*/

static int compare_slices(struct assay_slice a, struct assay_slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.data, b.data, len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_values(const void *a, const void *b, void *context)
{
    const struct assay_gguf_value *values = context;
    return compare_slices(values[*(const uint32_t *)a].key, values[*(const uint32_t *)b].key);
}

static int compare_names(const void *a, const void *b, void *context)
{
    const struct assay_gguf_tensor *tensors = context;
    return compare_slices(tensors[*(const uint32_t *)a].name, tensors[*(const uint32_t *)b].name);
}

static int compare_places(const void *a, const void *b, void *context)
{
    const struct assay_gguf_tensor *tensors = context;
    uint64_t x = tensors[*(const uint32_t *)a].offset, y = tensors[*(const uint32_t *)b].offset;
    return (x > y) - (x < y);
}

static assay_code make_order(size_t count, uint32_t **ret, assay_err *err)
{
    uint32_t *order = assay_alloc(count ? count : 1, sizeof *order);
    if (!order) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
    }
    *ret = order;
    return ASSAY_OK;
}

static assay_code order_values(struct reader *reader, assay_err *err)
{
    struct assay_gguf *gguf = reader->gguf;
    assay_code rc = make_order(gguf->values_count, &gguf->values_by_key, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    qsort_r(gguf->values_by_key, gguf->values_count, sizeof(uint32_t), compare_values, gguf->values);
    for (size_t i = 1; i < gguf->values_count; i++) {
        struct assay_slice key = gguf->values[gguf->values_by_key[i]].key;
        if (assay_slice_equal(gguf->values[gguf->values_by_key[i - 1]].key, key)) {
            return assay_fail(err, ASSAY_MALFORMED, "key '%s' is there twice", show(reader, key));
        }
    }
    return ASSAY_OK;
}

/* I2_S has no block size of its own in the file, and other packers left another number of bytes: the room must be
 * exactly what the x86 layout takes (kernels.md 2.2). */
static assay_code check_neighbours(struct reader *reader, const uint32_t *by_place, assay_err *err)
{
    const struct assay_gguf *gguf = reader->gguf;
    for (size_t i = 0; i < gguf->tensors_count; i++) {
        const struct assay_gguf_tensor *tensor = &gguf->tensors[by_place[i]];
        uint64_t end = i + 1 < gguf->tensors_count ? gguf->tensors[by_place[i + 1]].offset : reader->len;
        uint64_t room = end - tensor->offset;
        if (tensor->bytes > room) {
            return assay_fail(err, ASSAY_MALFORMED, "tensor '%s' overlaps the next one: %" PRIu64 " bytes in %" PRIu64,
                              show(reader, tensor->name), tensor->bytes, room);
        }
        uint64_t slack = room - tensor->bytes;
        if (tensor->type == ASSAY_FORMAT_I2_S && slack >= gguf->alignment) {
            return assay_fail(err, ASSAY_MALFORMED,
                              "tensor '%s' has room for %" PRIu64 " bytes, I2_S in the x86 layout "
                              "takes %" PRIu64,
                              show(reader, tensor->name), room, tensor->bytes);
        }
    }
    return ASSAY_OK;
}

static assay_code order_tensors(struct reader *reader, assay_err *err)
{
    struct assay_gguf *gguf = reader->gguf;
    uint32_t *by_place = NULL;
    assay_code rc = make_order(gguf->tensors_count, &gguf->tensors_by_name, err);
    if (rc == ASSAY_OK) {
        rc = make_order(gguf->tensors_count, &by_place, err);
    }
    if (rc == ASSAY_OK) {
        qsort_r(gguf->tensors_by_name, gguf->tensors_count, sizeof(uint32_t), compare_names, gguf->tensors);
        qsort_r(by_place, gguf->tensors_count, sizeof(uint32_t), compare_places, gguf->tensors);
        rc = check_neighbours(reader, by_place, err);
    }
    for (size_t i = 1; rc == ASSAY_OK && i < gguf->tensors_count; i++) {
        struct assay_slice name = gguf->tensors[gguf->tensors_by_name[i]].name;
        if (assay_slice_equal(gguf->tensors[gguf->tensors_by_name[i - 1]].name, name)) {
            rc = assay_fail(err, ASSAY_MALFORMED, "tensor '%s' is there twice", show(reader, name));
        }
    }
    assay_free(by_place);
    return rc;
}

/* ---- the file ----------------------------------------------------------------------------------------------------*/

static assay_code take_magic(struct reader *reader, assay_err *err)
{
    const uint8_t *magic = NULL;
    uint64_t version = 0;
    assay_code rc = take(reader, 4, "the magic", &magic, err);
    if (rc == ASSAY_OK && memcmp(magic, MAGIC, 4) != 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "offset 0: no GGUF file, expected the bytes 'GGUF'");
    }
    if (rc == ASSAY_OK) {
        rc = take_number(reader, 4, "the version", &version, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (version == SWAPPED_V3 || version == SWAPPED_V3 - (1u << 24)) {
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          "offset 4: the file is byte-swapped (big endian), expected little "
                          "endian");
    }
    if (version != 2 && version != 3) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "offset 4: GGUF version %" PRIu64 ", expected 2 or 3", version);
    }
    reader->gguf->version = (uint32_t)version;
    return ASSAY_OK;
}

static assay_code take_count(struct reader *reader, const char *what, uint64_t max, uint64_t least_bytes, size_t *ret,
                             assay_err *err)
{
    uint64_t count = 0;
    assay_code rc = take_number(reader, 8, what, &count, err);
    if (rc == ASSAY_OK && (count > max || count > left(reader) / least_bytes)) {
        rc = assay_fail(err, ASSAY_MALFORMED,
                        "offset %" PRIu64 ": %s is %" PRIu64 ", more than %" PRIu64 " or than fit into the %" PRIu64
                        " bytes left",
                        reader->at - 8, what, count, max, left(reader));
    }
    *ret = (size_t)count;
    return rc;
}

static assay_code take_values(struct reader *reader, assay_err *err)
{
    struct assay_gguf *gguf = reader->gguf;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < gguf->values_count; i++) {
        rc = take_name(reader, "a key", &gguf->values[i].key, err);
        if (rc == ASSAY_OK) {
            rc = take_value(reader, &gguf->values[i], err);
            if (rc != ASSAY_OK) {
                assay_wrap(err, "key '%s'", show(reader, gguf->values[i].key));
            }
        }
    }
    return rc == ASSAY_OK ? order_values(reader, err) : rc;
}

static assay_code read_alignment(struct reader *reader, assay_err *err)
{
    struct assay_gguf *gguf = reader->gguf;
    const struct assay_gguf_value *value = assay_gguf_find(gguf, "general.alignment");
    uint64_t alignment = ASSAY_GGUF_ALIGNMENT;
    assay_code rc = value ? assay_gguf_u64(value, UINT64_MAX, &alignment, err) : ASSAY_OK;
    if (rc == ASSAY_OK && (alignment < 8 || alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0)) {
        rc = assay_fail(err, ASSAY_MALFORMED,
                        "general.alignment is %" PRIu64 ", expected a power of two from 8 to 2^30", alignment);
    }
    gguf->alignment = (uint32_t)alignment;
    return rc;
}

static assay_code take_tensors(struct reader *reader, assay_err *err)
{
    struct assay_gguf *gguf = reader->gguf;
    uint64_t *offsets = assay_alloc(gguf->tensors_count ? gguf->tensors_count : 1, sizeof *offsets);
    assay_code rc = offsets ? ASSAY_OK : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < gguf->tensors_count; i++) {
        rc = take_tensor(reader, &gguf->tensors[i], &offsets[i], err);
    }
    if (rc == ASSAY_OK) {
        uint64_t rest = reader->at % gguf->alignment;
        gguf->data_offset = reader->at + (rest ? gguf->alignment - rest : 0);
        if (gguf->data_offset > reader->len) {
            gguf->data_offset = reader->len; /* without tensors there may be no padding */
        }
    }
    for (size_t i = 0; rc == ASSAY_OK && i < gguf->tensors_count; i++) {
        rc = place_tensor(reader, &gguf->tensors[i], offsets[i], err);
    }
    assay_free(offsets);
    return rc == ASSAY_OK ? order_tensors(reader, err) : rc;
}

static assay_code read_file(struct reader *reader, assay_err *err)
{
    struct assay_gguf *gguf = reader->gguf;
    if (reader->len > ASSAY_GGUF_FILE_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%" PRIu64 " bytes, expected at most 1 TiB", reader->len);
    }
    assay_code rc = take_magic(reader, err);
    if (rc == ASSAY_OK) {
        rc =
            take_count(reader, "the tensor count", ASSAY_GGUF_TENSORS_MAX, TENSOR_BYTES_MIN, &gguf->tensors_count, err);
    }
    if (rc == ASSAY_OK) {
        rc = take_count(reader, "the key count", ASSAY_GGUF_KEYS_MAX, PAIR_BYTES_MIN, &gguf->values_count, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    gguf->values = assay_alloc(gguf->values_count ? gguf->values_count : 1, sizeof *gguf->values);
    gguf->tensors = assay_alloc(gguf->tensors_count ? gguf->tensors_count : 1, sizeof *gguf->tensors);
    if (!gguf->values || !gguf->tensors) {
        return assay_nomem(err);
    }
    rc = take_values(reader, err);
    if (rc == ASSAY_OK) {
        rc = read_alignment(reader, err);
    }
    return rc == ASSAY_OK ? take_tensors(reader, err) : rc;
}

/* From the first `have` of `len` bytes; *ret_is_too_short: the head is longer. */
static assay_code parse(const uint8_t *bytes, uint64_t have, uint64_t len, struct assay_gguf **ret,
                        bool *ret_is_too_short, assay_err *err)
{
    struct reader reader = {
        .bytes = bytes, .have = have, .len = len, .gguf = assay_alloc(1, sizeof(struct assay_gguf))};
    if (!reader.gguf) {
        return assay_nomem(err);
    }
    assay_code rc = read_file(&reader, err);
    *ret_is_too_short = reader.is_too_short;
    if (rc != ASSAY_OK) {
        assay_gguf_free(reader.gguf);
        return rc;
    }
    *ret = reader.gguf;
    return ASSAY_OK;
}

assay_code assay_gguf_parse(const uint8_t *bytes, uint64_t len, struct assay_gguf **ret, assay_err *err)
{
    assert(bytes && ret);
    bool is_too_short = false;
    return parse(bytes, len, len, ret, &is_too_short, err);
}

/* How long the head is stands nowhere: a guess is made longer until it is all there. */
assay_code assay_gguf_read(const struct assay_source *source, struct assay_gguf **ret, assay_err *err)
{
    if (source->bytes) {
        return assay_gguf_parse(source->bytes, source->len, ret, err);
    }
    bool is_too_short = true;
    uint8_t *head = NULL;
    assay_code rc = ASSAY_OK;
    for (uint64_t have = 0, want = HEAD_FIRST; is_too_short && rc == ASSAY_OK; want *= HEAD_FACTOR) {
        want = want < source->len ? want : source->len;
        if (want > ASSAY_GGUF_HEAD_BYTES_MAX) {
            rc = assay_fail(err, ASSAY_TOO_LARGE, "keys and names take more than %" PRIu64 " bytes, expected less",
                            (uint64_t)ASSAY_GGUF_HEAD_BYTES_MAX);
            break;
        }
        uint8_t *longer = assay_realloc(head, (size_t)want, 1);
        if (!longer) {
            rc = assay_nomem(err);
            break;
        }
        head = longer;
        rc = assay_source_read(source, have, head + have, (size_t)(want - have), err);
        have = want;
        if (rc == ASSAY_OK) {
            assay_err unused = {0};
            rc = parse(head, have, source->len, ret, &is_too_short, &unused);
            if (err && rc != ASSAY_OK && !is_too_short) {
                *err = unused;
            }
            rc = is_too_short ? ASSAY_OK : rc;
        }
    }
    if (rc != ASSAY_OK) {
        assay_free(head);
        return rc;
    }
    (*ret)->head = head;
    return ASSAY_OK;
}

void assay_gguf_free(struct assay_gguf *gguf)
{
    if (gguf) {
        assay_free(gguf->values);
        assay_free(gguf->tensors);
        assay_free(gguf->values_by_key);
        assay_free(gguf->tensors_by_name);
        assay_free(gguf->head);
        assay_free(gguf);
    }
}

assay_code assay_gguf_check_tensor(const struct assay_gguf_tensor *tensor, assay_err *err)
{
    uint64_t rows = tensor->ne[1] * tensor->ne[2] * tensor->ne[3];
    assay_code rc = assay_format_check(tensor->format->format, tensor->data, rows, tensor->ne[0], err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "tensor '%.*s'", (int)tensor->name.len, tensor->name.data);
    }
    return rc;
}
