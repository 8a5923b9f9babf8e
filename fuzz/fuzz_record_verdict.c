/* A verdict document: whatever the bytes, it is refused or it is the one spelling of what was read. */
#include "record/verdict.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena;
    struct assay_verdict_document document;
    struct assay_buf again;
    assay_arena_init(&arena, ARENA_BYTES);
    assay_buf_init(&again, ASSAY_VERDICT_BYTES_MAX);
    if (size > 0 && assay_verdict_parse((const char *)data, size, &arena, &document, NULL) == ASSAY_OK &&
        (assay_verdict_encode(&document, &again, NULL) != ASSAY_OK || again.len != size ||
         memcmp(again.data, data, size) != 0)) {
        abort();
    }
    assay_buf_done(&again);
    assay_arena_done(&arena);
    return 0;
}
