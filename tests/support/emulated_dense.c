/* The source of a variant with software for its instructions. */
#include "support/emulated.h"
#include "support/soft_avx512.h"

#define KERNEL_EMULATED
#define kernel_row_dense_gemv_q80lane_vnni512 emulated_dense_gemv_q80lane_vnni512
#define kernel_row_dense_gemv_q40lane_vnni512 emulated_dense_gemv_q40lane_vnni512
#define kernel_row_dense_gemv_q41lane_vnni512 emulated_dense_gemv_q41lane_vnni512
#include "../../src/kernel/dense/gemv_lane_vnni512.c"
