/*
 * The built-in operations, one line each, and the rows, one line a variant file. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_FAMILIES_H
#define ASSAY_KERNEL_FAMILIES_H

#include "assay/kernel.h"

/* X(operation and format) */
#define KERNEL_OPERATIONS(X) \
    X(ternary_gemv_i2s)      \
    X(ternary_gemv_lane2)    \
    X(ternary_gemm_lane2)    \
    X(dense_gemv_q80)        \
    X(dense_gemv_q40)        \
    X(dense_gemv_q41)        \
    X(dense_gemv_q6k)        \
    X(dense_gemv_f32)        \
    X(dense_gemv_f16)        \
    X(dense_gemv_bf16)       \
    X(dense_gemv_q80lane)    \
    X(dense_gemv_q40lane)    \
    X(dense_gemv_q41lane)    \
    X(dense_gemv_q6klane)    \
    X(head_bound_f32)        \
    X(norm_rms_f32)          \
    X(act_silu_f32)          \
    X(act_relu2_f32)         \
    X(rope_pairs_f32)        \
    X(rope_halves_f32)       \
    X(attn_decode_f16)       \
    X(quant_rows_b32)        \
    X(quant_rows_b256)       \
    X(quant_rows_ternary)    \
    X(sync_barrier_spin)     \
    X(pack_ternary_lane2)    \
    X(pack_ternary_i2s)      \
    X(pack_tq2_lane2)        \
    X(pack_tq1_lane2)        \
    X(pack_iq2bn_lane2)      \
    X(pack_dense_q80lane)    \
    X(pack_dense_q40lane)    \
    X(pack_dense_q41lane)    \
    X(pack_dense_q6klane)    \
    X(limit_read_bytes)      \
    X(limit_ops_i8)          \
    X(limit_ops_sums)        \
    X(limit_ops_dot4)        \
    X(limit_ops_tile)        \
    X(limit_read_ahead)      \
    X(limit_write_bytes)     \
    X(limit_write_nt)        \
    X(limit_copy_bytes)      \
    X(limit_chase_bytes)     \
    X(limit_ops_f32)         \
    X(limit_exp_f32)

#define KERNEL_DECLARE_OPERATION(name) extern const struct assay_kernel_operation kernel_op_##name;
KERNEL_OPERATIONS(KERNEL_DECLARE_OPERATION)
#undef KERNEL_DECLARE_OPERATION

/* X(id): one file a variant */
#define KERNEL_ROWS(X)            \
    X(ternary_gemv_i2s_ref)       \
    X(ternary_gemv_i2s_avx2)      \
    X(ternary_gemv_lane2_ref)     \
    X(ternary_gemv_lane2_avx2)    \
    X(ternary_gemv_lane2_vnni512) \
    X(ternary_gemm_lane2_ref)     \
    X(ternary_gemm_lane2_avx2)    \
    X(ternary_gemm_lane2_vnni512) \
    X(ternary_gemm_lane2_amxint8) \
    X(dense_gemv_q80_ref)         \
    X(dense_gemv_q80_avx2)        \
    X(dense_gemv_q40_ref)         \
    X(dense_gemv_q40_avx2)        \
    X(dense_gemv_q41_ref)         \
    X(dense_gemv_q41_avx2)        \
    X(dense_gemv_q6k_ref)         \
    X(dense_gemv_q6k_avx2)        \
    X(dense_gemv_f32_ref)         \
    X(dense_gemv_f32_avx2)        \
    X(dense_gemv_f16_ref)         \
    X(dense_gemv_f16_avx2)        \
    X(dense_gemv_bf16_ref)        \
    X(dense_gemv_bf16_avx2)       \
    X(dense_gemv_q80lane_ref)     \
    X(dense_gemv_q80lane_avx2)    \
    X(dense_gemv_q80lane_vnni512) \
    X(dense_gemv_q40lane_ref)     \
    X(dense_gemv_q40lane_avx2)    \
    X(dense_gemv_q40lane_vnni512) \
    X(dense_gemv_q41lane_ref)     \
    X(dense_gemv_q41lane_avx2)    \
    X(dense_gemv_q41lane_vnni512) \
    X(dense_gemv_q6klane_ref)     \
    X(dense_gemv_q6klane_avx2)    \
    X(head_bound_f32_ref)         \
    X(head_bound_f32_avx2)        \
    X(norm_rms_f32_ref)           \
    X(norm_rms_f32_avx2)          \
    X(act_silu_f32_ref)           \
    X(act_silu_f32_avx2)          \
    X(act_relu2_f32_ref)          \
    X(act_relu2_f32_avx2)         \
    X(rope_pairs_f32_ref)         \
    X(rope_pairs_f32_avx2)        \
    X(rope_halves_f32_ref)        \
    X(rope_halves_f32_avx2)       \
    X(attn_decode_f16_ref)        \
    X(attn_decode_f16_avx2)       \
    X(quant_rows_b32_ref)         \
    X(quant_rows_b32_avx2)        \
    X(quant_rows_b256_ref)        \
    X(quant_rows_b256_avx2)       \
    X(quant_rows_ternary_ref)     \
    X(quant_rows_ternary_avx2)    \
    X(sync_barrier_spin_ref)      \
    X(pack_ternary_lane2_ref)     \
    X(pack_ternary_lane2_avx2)    \
    X(pack_ternary_i2s_ref)       \
    X(pack_tq2_lane2_ref)         \
    X(pack_tq2_lane2_avx2)        \
    X(pack_tq1_lane2_ref)         \
    X(pack_tq1_lane2_avx2)        \
    X(pack_iq2bn_lane2_ref)       \
    X(pack_iq2bn_lane2_avx2)      \
    X(pack_dense_q80lane_ref)     \
    X(pack_dense_q40lane_ref)     \
    X(pack_dense_q41lane_ref)     \
    X(pack_dense_q6klane_ref)     \
    X(limit_read_bytes_ref)       \
    X(limit_read_bytes_avx2)      \
    X(limit_ops_i8_ref)           \
    X(limit_ops_i8_avx2)          \
    X(limit_ops_sums_ref)         \
    X(limit_ops_sums_avx2)        \
    X(limit_ops_dot4_ref)         \
    X(limit_ops_dot4_avxvnni)     \
    X(limit_ops_dot4_vnni512)     \
    X(limit_ops_tile_ref)         \
    X(limit_ops_tile_amxint8)     \
    X(limit_ops_f32_avx512)       \
    X(ternary_gemv_lane2_avxvnni) \
    X(ternary_gemm_lane2_avxvnni) \
    X(limit_read_ahead_ref)       \
    X(limit_read_ahead_avx2)      \
    X(limit_write_bytes_ref)      \
    X(limit_write_bytes_avx2)     \
    X(limit_write_nt_ref)         \
    X(limit_write_nt_avx2)        \
    X(limit_copy_bytes_ref)       \
    X(limit_copy_bytes_avx2)      \
    X(limit_ops_f32_ref)          \
    X(limit_ops_f32_avx2)         \
    X(limit_exp_f32_ref)          \
    X(limit_exp_f32_avx2)         \
    X(limit_chase_bytes_ref)

#define KERNEL_DECLARE_ROW(id) extern const struct assay_kernel_row kernel_row_##id;
KERNEL_ROWS(KERNEL_DECLARE_ROW)
#undef KERNEL_DECLARE_ROW

#endif
