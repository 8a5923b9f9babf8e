/*
 * Packed points: how many numbers of one kind become few bytes. Pure; inside store/ only (docs/formats/history.md).
 *
 * A block holds points of one series in order of arrival, a batch those of one run over many series. Both are columns,
 * each as offsets from its least value in as many bits as the largest offset needs. Values are integers times a power
 * of ten where all of a block are (times in ns always; most rates as printed), else their bits; bounds are differences
 * from the value. What was put in comes out, bit for bit.
 *
 * Bytes from a file are not trusted: reading checks every length and returns MALFORMED.
 */
#ifndef ASSAY_STORE_BLOCK_H
#define ASSAY_STORE_BLOCK_H

#include "store/store.h"

#define ASSAY_BLOCK_POINTS_MAX                                                             \
    65536 /* of one block or batch: a receipt has at most 4,096 metrics, blocks 128 points \
           */

/* Appends the block. Entry ids ascend; count > 0. */
void assay_block_write(const struct assay_store_value *values, size_t count, struct assay_buf *out);
/* A batch: series[i] is the series of values[i]; ids ascend, and all values have the same entry id, which is not
 * written. */
void assay_batch_write(const int64_t *series, const struct assay_store_value *values, size_t count,
                       struct assay_buf *out);

/* How many points the bytes say that they hold; 0 if that cannot be. */
size_t assay_block_count(const void *bytes, size_t len);

/* Fills assay_block_count() points. */
assay_code assay_block_read(const void *bytes, size_t len, struct assay_store_value *ret, assay_err *err);
assay_code assay_batch_read(const void *bytes, size_t len, int64_t entry_id, int64_t *ret_series,
                            struct assay_store_value *ret, assay_err *err);

#endif
