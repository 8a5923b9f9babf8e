/*
 * Histories in bulk: runs of many made-up points, put into the store beneath the reading of documents, for tests and
 * measurements of the store itself.
 *
 * Series i of run j has the value bulk_value(i, j): a level of its own with a per cent of noise, in whole nanoseconds
 * as receipts have them, and bounds of a third of a per cent.
 */
#ifndef ASSAY_TESTS_BULK_H
#define ASSAY_TESTS_BULK_H

#include "store/store_entry.h"
#include "store/store_ops.h"

struct bulk {
    void *state; /* of assay_store_sqlite */
    size_t series;
    struct assay_store_new entry; /* used again for each run */
    struct assay_arena arena;
};

/* Opens or makes the history. Asserts whatever can go wrong. */
void bulk_open(struct bulk *bulk, const char *path, size_t series);
void bulk_close(struct bulk *bulk);

struct assay_store_value bulk_value(size_t series, uint64_t run);

/* Makes the points of run number `run`, and puts them; append does both. */
void bulk_make(struct bulk *bulk, uint64_t run);
assay_code bulk_put(struct bulk *bulk, assay_err *err);
assay_code bulk_append(struct bulk *bulk, uint64_t run, assay_err *err);

#endif
