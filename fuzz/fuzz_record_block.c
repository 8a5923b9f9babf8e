/* The plain bytes of a chunk of samples, below compression: a fuzzer does not get through zstd and its lengths. The
 * input is the header's count (u32) and the records. */
#include "record/trace_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_block block;
    if (size < 4 || size > ASSAY_TRACE_CHUNK_BYTES_MAX || assay_trace_block_init(&block, NULL) != ASSAY_OK) {
        return 0;
    }
    const struct trace_header header = {.first_id = 1, .count = assay_trace_get_u32((const char *)data)};
    (void)assay_trace_block_get(&block, &header, (const char *)data + 4, size - 4, NULL);
    assay_trace_block_done(&block);
    return 0;
}
