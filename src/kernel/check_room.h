/* What checking shares. Internal to kernel/. */
#ifndef ASSAY_KERNEL_CHECK_ROOM_H
#define ASSAY_KERNEL_CHECK_ROOM_H

#include "kernel/kernel.h"

enum assay_stat_format kernel_format_of(enum assay_kernel_type type);

#endif
