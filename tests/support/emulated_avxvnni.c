/* The source of a variant with software for its instructions. */
#include "support/emulated.h"
#include "support/soft_avxvnni.h"

#define KERNEL_EMULATED
#define kernel_row_ternary_gemv_lane2_avxvnni emulated_ternary_gemv_lane2_avxvnni
#define kernel_row_ternary_gemm_lane2_avxvnni emulated_ternary_gemm_lane2_avxvnni
#include "../../src/kernel/ternary/gemv_lane2_avxvnni.c"
