/* The source of a variant with software for its instructions. */
#include "support/emulated.h"
#include "support/soft_amx.h"
#include "support/soft_avx512.h"

#define KERNEL_EMULATED
#define kernel_row_ternary_gemm_lane2_amxint8 emulated_ternary_gemm_lane2_amxint8
#include "../../src/kernel/ternary/gemm_lane2_amxint8.c"
