/*
 * NVIDIA GPUs as the driver shows them in /proc. Internal to host/.
 */
#ifndef ASSAY_HOST_GPU_H
#define ASSAY_HOST_GPU_H

#include "host/read.h"

/* The array `gpus`; empty where there is no driver. NULL if memory is short. */
json_t *assay_host_gpus(const char *root);

#endif
