#include "base/cpu.h"

#include <errno.h>

struct assay_cpu assay_cpu_detect(void)
{
    struct assay_cpu cpu = {0};
#if defined(__ARM_NEON)
    cpu.neon = true; /* part of the base instruction set of aarch64 */
#endif
    return cpu;
}

int assay_cpu_permit_tiles(void)
{
    return ENOTSUP;
}

unsigned assay_cpu_float_mode(void)
{
    return 0;
}

void assay_cpu_set_float_mode(unsigned mode)
{
    (void)mode;
}
