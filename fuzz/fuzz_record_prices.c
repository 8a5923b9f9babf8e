/* Prices and manifests, the small files that a policy names: refused with a reason, or whole. */
#include "record/record.h"

#include <stdlib.h>

#define ARENA_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_prices prices;
    struct assay_manifest manifest;
    struct assay_arena arena;
    assay_err err = {0};
    if (size == 0) {
        return 0;
    }
    if (assay_prices_parse((const char *)data, size, &prices, &err) == ASSAY_OK) {
        if (prices.from_day >= prices.until_day || prices.prompt_token < 0 || prices.hour < 0) {
            abort();
        }
    } else if (err.message[0] == '\0') {
        abort();
    }
    assay_arena_init(&arena, ARENA_BYTES);
    if (assay_manifest_parse((const char *)data, size, &arena, &manifest, NULL) == ASSAY_OK && manifest.count == 0) {
        abort();
    }
    assay_arena_done(&arena);
    return 0;
}
