/* What a value of a GGUF file says, once the file was read. */
#include "lm/gguf.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static int compare(struct assay_slice a, const char *name)
{
    size_t name_len = strlen(name);
    size_t len = a.len < name_len ? a.len : name_len;
    int order = memcmp(a.data, name, len);
    return order ? order : (a.len > name_len) - (a.len < name_len);
}

const struct assay_gguf_value *assay_gguf_find(const struct assay_gguf *gguf, const char *key)
{
    size_t low = 0, high = gguf->values_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct assay_gguf_value *value = &gguf->values[gguf->values_by_key[middle]];
        int order = compare(value->key, key);
        if (order == 0) {
            return value;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

const struct assay_gguf_tensor *assay_gguf_tensor(const struct assay_gguf *gguf, const char *name)
{
    size_t low = 0, high = gguf->tensors_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct assay_gguf_tensor *tensor = &gguf->tensors[gguf->tensors_by_name[middle]];
        int order = compare(tensor->name, name);
        if (order == 0) {
            return tensor;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

/* ---- scalars -----------------------------------------------------------------------------------------------------*/

static int64_t signed_at(enum assay_gguf_type type, const uint8_t *at)
{
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    switch (type) {
    case ASSAY_GGUF_I8:
        memcpy(&i8, at, sizeof i8);
        return i8;
    case ASSAY_GGUF_I16:
        memcpy(&i16, at, sizeof i16);
        return i16;
    case ASSAY_GGUF_I32:
        memcpy(&i32, at, sizeof i32);
        return i32;
    case ASSAY_GGUF_I64:
        memcpy(&i64, at, sizeof i64);
        return i64;
    case ASSAY_GGUF_U8:
    case ASSAY_GGUF_U16:
    case ASSAY_GGUF_U32:
    case ASSAY_GGUF_F32:
    case ASSAY_GGUF_BOOL:
    case ASSAY_GGUF_TEXT:
    case ASSAY_GGUF_ARRAY:
    case ASSAY_GGUF_U64:
    case ASSAY_GGUF_F64:
    case ASSAY_GGUF_TYPE_COUNT:
        break;
    }
    return -1;
}

static size_t unsigned_bytes(enum assay_gguf_type type)
{
    return type == ASSAY_GGUF_U8    ? 1
           : type == ASSAY_GGUF_U16 ? 2
           : type == ASSAY_GGUF_U32 ? 4
           : type == ASSAY_GGUF_U64 ? 8
                                    : 0;
}

static bool is_signed(enum assay_gguf_type type)
{
    return type == ASSAY_GGUF_I8 || type == ASSAY_GGUF_I16 || type == ASSAY_GGUF_I32 || type == ASSAY_GGUF_I64;
}

static assay_code fail_type(const struct assay_gguf_value *value, const char *expected, assay_err *err)
{
    return assay_fail(err, ASSAY_MALFORMED, "key '%.*s' (offset %" PRIu64 ") is of type %s, expected %s",
                      (int)value->key.len, value->key.data, value->offset, assay_gguf_type_text(value->type), expected);
}

static uint64_t unsigned_at(enum assay_gguf_type type, const uint8_t *at)
{
    uint64_t number = 0;
    memcpy(&number, at, unsigned_bytes(type));
    return number;
}

assay_code assay_gguf_u64(const struct assay_gguf_value *value, uint64_t max, uint64_t *ret, assay_err *err)
{
    uint64_t number = 0;
    if (unsigned_bytes(value->type)) {
        number = unsigned_at(value->type, value->at);
    } else if (is_signed(value->type)) {
        int64_t given = signed_at(value->type, value->at);
        if (given < 0) {
            return assay_fail(err, ASSAY_MALFORMED,
                              "key '%.*s' (offset %" PRIu64 ") is %" PRId64 ", expected 0 or more", (int)value->key.len,
                              value->key.data, value->offset, given);
        }
        number = (uint64_t)given;
    } else {
        return fail_type(value, "an integer", err);
    }
    if (number > max) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "key '%.*s' (offset %" PRIu64 ") is %" PRIu64 ", expected at most %" PRIu64,
                          (int)value->key.len, value->key.data, value->offset, number, max);
    }
    *ret = number;
    return ASSAY_OK;
}

assay_code assay_gguf_double(const struct assay_gguf_value *value, double *ret, assay_err *err)
{
    float narrow;
    if (value->type == ASSAY_GGUF_F32) {
        memcpy(&narrow, value->at, sizeof narrow);
        *ret = (double)narrow;
        return ASSAY_OK;
    }
    if (value->type == ASSAY_GGUF_F64) {
        memcpy(ret, value->at, sizeof *ret);
        return ASSAY_OK;
    }
    return fail_type(value, "f32 or f64", err);
}

assay_code assay_gguf_bool(const struct assay_gguf_value *value, bool *ret, assay_err *err)
{
    if (value->type != ASSAY_GGUF_BOOL) {
        return fail_type(value, "bool", err);
    }
    *ret = value->at[0] != 0;
    return ASSAY_OK;
}

assay_code assay_gguf_text(const struct assay_gguf_value *value, struct assay_slice *ret, assay_err *err)
{
    if (value->type != ASSAY_GGUF_TEXT) {
        return fail_type(value, "text", err);
    }
    *ret = (struct assay_slice){(const char *)value->at, (size_t)value->length};
    return ASSAY_OK;
}

/* ---- arrays ------------------------------------------------------------------------------------------------------*/

bool assay_gguf_next_text(const struct assay_gguf_value *array, uint64_t *cursor, struct assay_slice *ret)
{
    assert(array->type == ASSAY_GGUF_ARRAY && array->element == ASSAY_GGUF_TEXT);
    if (*cursor == array->bytes) {
        return false;
    }
    uint64_t len;
    memcpy(&len, array->at + *cursor, sizeof len);
    *ret = (struct assay_slice){(const char *)array->at + *cursor + sizeof len, (size_t)len};
    *cursor += sizeof len + len;
    return true;
}

int64_t assay_gguf_array_int(const struct assay_gguf_value *array, uint64_t i)
{
    assert(array->type == ASSAY_GGUF_ARRAY && i < array->length);
    size_t bytes = unsigned_bytes(array->element);
    if (bytes) {
        return (int64_t)unsigned_at(array->element, array->at + i * bytes);
    }
    assert(is_signed(array->element));
    return signed_at(array->element, array->at + i * (array->bytes / array->length));
}

double assay_gguf_array_double(const struct assay_gguf_value *array, uint64_t i)
{
    assert(array->type == ASSAY_GGUF_ARRAY && i < array->length);
    float narrow;
    double wide;
    if (array->element == ASSAY_GGUF_F32) {
        memcpy(&narrow, array->at + i * sizeof narrow, sizeof narrow);
        return (double)narrow;
    }
    assert(array->element == ASSAY_GGUF_F64);
    memcpy(&wide, array->at + i * sizeof wide, sizeof wide);
    return wide;
}
