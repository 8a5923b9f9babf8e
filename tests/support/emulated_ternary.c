/* The source of a variant with software for its instructions. */
#include "support/emulated.h"
#include "support/soft_avx512.h"

#define KERNEL_EMULATED
#define kernel_row_ternary_gemv_lane2_vnni512 emulated_ternary_gemv_lane2_vnni512
#define kernel_row_ternary_gemm_lane2_vnni512 emulated_ternary_gemm_lane2_vnni512
#include "../../src/kernel/ternary/gemv_lane2_vnni512.c"
