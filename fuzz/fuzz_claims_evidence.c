/* JSON of a stranger through claims/. */
#include "fuzz_claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_claims(data, size, "input.json");
    return 0;
}
