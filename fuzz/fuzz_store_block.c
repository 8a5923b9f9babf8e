/* Packed points: whatever the bytes, they are refused, or what was read is written and read again as the same points.
 */
#include "store/block.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_and_write(const uint8_t *data, size_t size, size_t count, struct assay_store_value *values,
                           struct assay_store_value *again)
{
    struct assay_buf bytes;
    if (assay_block_read(data, size, values, NULL) != ASSAY_OK) {
        return;
    }
    assay_buf_init(&bytes, (size_t)1 << 30);
    assay_block_write(values, count, &bytes);
    if (assay_buf_check(&bytes, NULL) == ASSAY_OK &&
        (assay_block_read(bytes.data, bytes.len, again, NULL) != ASSAY_OK ||
         memcmp(values, again, count * sizeof *values) != 0)) {
        abort();
    }
    assay_buf_done(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = assay_block_count(data, size);
    struct assay_store_value *values = assay_alloc(count + 1, sizeof *values);
    struct assay_store_value *again = assay_alloc(count + 1, sizeof *again);
    int64_t *series = assay_alloc(count + 1, sizeof *series);
    if (count > 0 && values && again && series) {
        read_and_write(data, size, count, values, again);
        memset(values, 0, count * sizeof *values);
        (void)assay_batch_read(data, size, 1, series, values, NULL);
    }
    assay_free(values);
    assay_free(again);
    assay_free(series);
    return 0;
}
