#include "base/faults.h"

#include <stdlib.h>

unsigned long assay_fault_wanted(const char *variable)
{
    const char *text = getenv(variable);
    unsigned long n = text ? strtoul(text, NULL, 10) : 0;
    return n == ASSAY_FAULT_UNASKED ? 0 : n;
}
