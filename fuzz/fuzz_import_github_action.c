/* github-action-benchmark's own format: the whole file. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    return fuzz_import("github-action-benchmark", bytes, len);
}
