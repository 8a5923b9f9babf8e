/* Receipts of BitNet-rs, either schema, told apart by the content. */
#include "fuzz_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    (void)fuzz_import("bitnet-1.0.0", bytes, len);
    return fuzz_import(NULL, bytes, len);
}
