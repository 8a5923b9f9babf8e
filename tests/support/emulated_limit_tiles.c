/* The source of a variant with software for its instructions. */
#include "support/emulated.h"
#include "support/soft_amx.h"

#define KERNEL_EMULATED
#define kernel_row_limit_ops_tile_amxint8 emulated_limit_ops_tile_amxint8
#include "../../src/kernel/limit/ops_tile_amxint8.c"
