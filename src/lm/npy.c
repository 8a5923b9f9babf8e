#include "lm/npy.h"

#include "base/num.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define ALIGNMENT 64 /* of the data, which NumPy reads in place */
#define HEADER_BYTES_MAX 65536

/* The text behind `'name':`, up to what ends it. */
static bool find_member(struct assay_slice header, const char *name, struct assay_slice *ret)
{
    const char *at = memmem(header.data, header.len, name, strlen(name));
    if (!at) {
        return false;
    }
    at += strlen(name);
    struct assay_slice rest = {at, header.len - (size_t)(at - header.data)};
    (void)assay_slice_cut(&rest, ':');
    if (!rest.data) {
        return false;
    }
    *ret = assay_slice_trim(rest);
    return true;
}

static assay_code read_shape(struct assay_slice text, struct assay_npy *ret, assay_err *err)
{
    uint64_t sizes[3] = {0};
    size_t count = 0;
    (void)assay_slice_cut(&text, '(');
    struct assay_slice inside = assay_slice_cut(&text, ')');
    if (!text.data) {
        return assay_fail(err, ASSAY_MALFORMED, "the shape has no end, expected '(rows, columns)'");
    }
    while (inside.len > 0) {
        struct assay_slice size = assay_slice_trim(assay_slice_cut(&inside, ','));
        if (size.len == 0 && inside.len == 0) {
            break; /* "(5,)" */
        }
        if (count == 2) {
            return assay_fail(err, ASSAY_UNSUPPORTED, "an array of more than 2 dimensions, expected rows and columns");
        }
        assay_code rc = assay_num_u64(size, "a size of the shape", UINT32_MAX, &sizes[count++], err);
        if (rc != ASSAY_OK) {
            return ASSAY_MALFORMED;
        }
    }
    ret->rows = count == 2 ? sizes[0] : 1;
    ret->columns = count == 2 ? sizes[1] : sizes[0];
    return ret->rows > 0 && ret->columns > 0
               ? ASSAY_OK
               : assay_fail(err, ASSAY_MALFORMED, "the array is empty, expected rows and columns");
}

static assay_code read_header(struct assay_slice header, struct assay_npy *ret, assay_err *err)
{
    struct assay_slice type, order, shape;
    if (!find_member(header, "'descr'", &type) || !find_member(header, "'fortran_order'", &order) ||
        !find_member(header, "'shape'", &shape)) {
        return assay_fail(err, ASSAY_MALFORMED, "the header lacks descr, fortran_order or shape");
    }
    ret->is_double = assay_slice_starts(type, "'<f8'");
    if (!ret->is_double && !assay_slice_starts(type, "'<f4'")) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "the array is of type %.*s, expected '<f4' or '<f8'",
                          (int)(type.len < 8 ? type.len : 8), type.data);
    }
    if (!assay_slice_starts(order, "False")) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "fortran_order is not False, expected rows one after another");
    }
    return read_shape(shape, ret, err);
}

assay_code assay_npy_parse(const uint8_t *bytes, uint64_t len, struct assay_npy *ret, assay_err *err)
{
    uint64_t before = 0, header = 0, values = 0, needed = 0;
    if (len < MAGIC_BYTES + 6 || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "no .npy file: it does not begin with \\x93NUMPY");
    }
    uint8_t version = bytes[MAGIC_BYTES];
    if (version < 1 || version > 3) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "version %u of .npy, expected 1 to 3", version);
    }
    before = version == 1 ? MAGIC_BYTES + 4 : MAGIC_BYTES + 6;
    header = (uint64_t)bytes[8] | (uint64_t)bytes[9] << 8;
    if (version > 1) {
        header |= (uint64_t)bytes[10] << 16 | (uint64_t)bytes[11] << 24;
    }
    if (header > HEADER_BYTES_MAX || header > len - before) {
        return assay_fail(err, ASSAY_MALFORMED, "a header of %" PRIu64 " bytes in a file of %" PRIu64, header, len);
    }
    *ret = (struct assay_npy){.data = bytes + before + header};
    assay_code rc = read_header((struct assay_slice){(const char *)bytes + before, (size_t)header}, ret, err);
    if (rc == ASSAY_OK &&
        (!assay_mul_u64(ret->rows, ret->columns, &values) || !assay_mul_u64(values, ret->is_double ? 8 : 4, &needed) ||
         needed != len - before - header)) {
        rc = assay_fail(err, ASSAY_MALFORMED,
                        "%" PRIu64 " bytes of values, expected those of %" PRIu64 " rows of %" PRIu64 " columns",
                        len - before - header, ret->rows, ret->columns);
    }
    return rc;
}

double assay_npy_value(const struct assay_npy *array, uint64_t row, uint64_t column)
{
    uint64_t at = row * array->columns + column;
    double wide;
    float narrow;
    if (array->is_double) {
        memcpy(&wide, array->data + at * sizeof wide, sizeof wide);
        return wide;
    }
    memcpy(&narrow, array->data + at * sizeof narrow, sizeof narrow);
    return (double)narrow;
}

void assay_npy_begin(struct assay_buf *out, uint64_t rows, uint64_t columns)
{
    struct assay_buf header;
    assay_buf_init(&header, HEADER_BYTES_MAX);
    assay_buf_printf(&header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %" PRIu64 "), }", rows,
                     columns);
    while ((MAGIC_BYTES + 4 + header.len + 1) % ALIGNMENT != 0) {
        assay_buf_char(&header, ' ');
    }
    assay_buf_char(&header, '\n');
    if (header.failed != ASSAY_OK) {
        assay_buf_fail(out, header.failed);
    } else {
        const unsigned char size[] = {1, 0, (unsigned char)(header.len & 0xff), (unsigned char)(header.len >> 8)};
        assay_buf_append(out, MAGIC, MAGIC_BYTES);
        assay_buf_append(out, size, sizeof size);
        assay_buf_append(out, header.data, header.len);
    }
    assay_buf_done(&header);
}
