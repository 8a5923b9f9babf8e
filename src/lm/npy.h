/*
 * NumPy's .npy, versions 1 to 3: one array of binary32 or binary64, little endian, rows first. Logits of another
 * program come in it, and ours go out.
 *
 *     rc = assay_npy_parse(bytes, len, &array, err);        // borrows the bytes
 *     double value = assay_npy_value(&array, row, column);
 */
#ifndef ASSAY_LM_NPY_H
#define ASSAY_LM_NPY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_npy {
    const uint8_t *data;
    bool is_double;
    uint64_t rows, columns; /* an array of one dimension is one row */
};

/* MALFORMED; UNSUPPORTED: another type, order or number of dimensions, with what would be right. */
assay_code assay_npy_parse(const uint8_t *bytes, uint64_t len, struct assay_npy *ret, assay_err *err);
double assay_npy_value(const struct assay_npy *array, uint64_t row, uint64_t column);

/* Appends the header of an array of binary32 with so many rows and columns; the values follow it. */
void assay_npy_begin(struct assay_buf *out, uint64_t rows, uint64_t columns);

#endif
