/* The source of a variant with software for its instructions. */
#include "support/emulated.h"
#include "support/soft_avx512.h"

#define KERNEL_EMULATED
#define kernel_row_limit_ops_dot4_vnni512 emulated_limit_ops_dot4_vnni512
#include "../../src/kernel/limit/ops_dot4_vnni512.c"
