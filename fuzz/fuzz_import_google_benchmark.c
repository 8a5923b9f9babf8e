/* Google Benchmark JSON: the whole file. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    return fuzz_import("google-benchmark", bytes, len);
}
