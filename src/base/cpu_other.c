#include "base/cpu.h"

struct assay_cpu assay_cpu_detect(void)
{
    struct assay_cpu cpu = {0};
#if defined(__ARM_NEON)
    cpu.neon = true; /* part of the base instruction set of aarch64 */
#endif
    return cpu;
}
