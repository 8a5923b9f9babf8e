/*
 * The built-in operations, one line each, and the rows, one line a variant file. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_FAMILIES_H
#define ASSAY_KERNEL_FAMILIES_H

#include "assay/kernel.h"

/* X(operation and format) */
#define KERNEL_OPERATIONS(X) \
    X(ternary_gemv_i2s)      \
    X(limit_read_bytes)

#define KERNEL_DECLARE_OPERATION(name) extern const struct assay_kernel_operation kernel_op_##name;
KERNEL_OPERATIONS(KERNEL_DECLARE_OPERATION)
#undef KERNEL_DECLARE_OPERATION

/* X(id): one file a variant */
#define KERNEL_ROWS(X)       \
    X(ternary_gemv_i2s_ref)  \
    X(ternary_gemv_i2s_avx2) \
    X(limit_read_bytes_ref)  \
    X(limit_read_bytes_avx2)

#define KERNEL_DECLARE_ROW(id) extern const struct assay_kernel_row kernel_row_##id;
KERNEL_ROWS(KERNEL_DECLARE_ROW)
#undef KERNEL_DECLARE_ROW

#endif
