/*
 * Rows of variants whose instructions are software, under names of their own: the registry has the real ones.
 */
#ifndef ASSAY_TESTS_EMULATED_H
#define ASSAY_TESTS_EMULATED_H

#include "assay/kernel.h"

extern const struct assay_kernel_row emulated_ternary_gemv_lane2_vnni512;
extern const struct assay_kernel_row emulated_ternary_gemm_lane2_vnni512;
extern const struct assay_kernel_row emulated_ternary_gemm_lane2_amxint8;
extern const struct assay_kernel_row emulated_ternary_gemv_lane2_avxvnni;
extern const struct assay_kernel_row emulated_ternary_gemm_lane2_avxvnni;
extern const struct assay_kernel_row emulated_limit_ops_dot4_avxvnni;
extern const struct assay_kernel_row emulated_limit_ops_dot4_vnni512;
extern const struct assay_kernel_row emulated_limit_ops_tile_amxint8;
extern const struct assay_kernel_row emulated_dense_gemv_q80lane_vnni512;
extern const struct assay_kernel_row emulated_dense_gemv_q40lane_vnni512;
extern const struct assay_kernel_row emulated_dense_gemv_q41lane_vnni512;

#endif
