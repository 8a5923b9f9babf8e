/* llama-bench JSON and JSON lines: the whole file. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    return fuzz_import("llama-bench", bytes, len);
}
