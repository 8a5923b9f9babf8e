#include "base/cpu.h"

#include <string.h>

size_t assay_cpu_names(const struct assay_cpu *cpu, const char *ret[ASSAY_CPU_NAMES_MAX])
{
    size_t count = 0;
#define TAKE(member, name)   \
    if (cpu->member) {       \
        ret[count++] = name; \
    }
    ASSAY_CPU_FEATURES(TAKE)
#undef TAKE
    for (size_t i = 1; i < count; i++) { /* insertion sort: a dozen short names */
        const char *name = ret[i];
        size_t j = i;
        for (; j > 0 && strcmp(ret[j - 1], name) > 0; j--) {
            ret[j] = ret[j - 1];
        }
        ret[j] = name;
    }
    ret[count] = NULL;
    return count;
}
