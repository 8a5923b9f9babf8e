/* The source of a variant with software for its instructions. */
#include "support/emulated.h"
#include "support/soft_avxvnni.h"

#define KERNEL_EMULATED
#define kernel_row_limit_ops_dot4_avxvnni emulated_limit_ops_dot4_avxvnni
#include "../../src/kernel/limit/ops_dot4_avxvnni.c"
