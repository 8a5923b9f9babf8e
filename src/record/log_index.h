/*
 * Numbers for keys (run ids, key ids) in the order in which they first appear: 0, 1, 2 ... Inside this room only.
 *
 * Open addressing by SipHash, seeded with the root of the log: whoever writes entries cannot choose run ids that fall
 * into one another's places, since each of them changes the root.
 */
#ifndef ASSAY_RECORD_LOG_INDEX_H
#define ASSAY_RECORD_LOG_INDEX_H

#include "record/log_entry.h"

struct log_index {
    uint32_t *slots;    /* 0: empty, else the number and 1 */
    const void **keys;  /* by number; borrowed */
    size_t mask, count; /* count: keys so far */
    size_t key_bytes;
    unsigned char seed[ASSAY_SIPHASH_SEED_BYTES];
};

/* Room for the keys of every entry of the book. */
assay_code log_index_init(struct log_index *index, const struct assay_tlog_book *book, size_t key_bytes,
                          assay_err *err);
void log_index_done(struct log_index *index); /* fine on a zeroed one */

/* Said some keys ahead: asks memory for the place of the key, and returns what log_index_number_at wants to know. */
uint64_t log_index_ahead(const struct log_index *index, const void *key);
/* The number of the key, the next one if it is new. key: outlives the index, in both. */
size_t log_index_number_at(struct log_index *index, const void *key, uint64_t ahead);
size_t log_index_number(struct log_index *index, const void *key);

bool tlog_row_is_outcome(const struct assay_tlog_row *row); /* receipt, record, abandoned */

#endif
