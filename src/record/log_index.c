#include "record/log_index.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

_Static_assert(ASSAY_LOG_ENTRIES_MAX < UINT32_MAX, "numbers of 32 bits");

assay_code log_index_init(struct log_index *index, const struct assay_tlog_book *book, size_t key_bytes, assay_err *err)
{
    struct assay_digest root;
    size_t slots = 2;
    while (slots < 2 * book->count) { /* at most half full, so that searches stay short */
        slots *= 2;
    }
    assay_merkle_root(&book->tree, &root);
    *index = (struct log_index){.mask = slots - 1, .key_bytes = key_bytes};
    memcpy(index->seed, root.bytes, sizeof index->seed);
    index->slots = assay_alloc(slots, sizeof *index->slots);
    index->keys = assay_alloc(book->count, sizeof *index->keys);
    return index->slots && index->keys ? ASSAY_OK : assay_nomem(err);
}

void log_index_done(struct log_index *index)
{
    assay_free(index->slots);
    assay_free(index->keys);
    *index = (struct log_index){0};
}

uint64_t log_index_ahead(const struct log_index *index, const void *key)
{
    uint64_t hash = assay_siphash(index->seed, key, index->key_bytes);
    __builtin_prefetch(&index->slots[hash & index->mask]);
    return hash;
}

size_t log_index_number(struct log_index *index, const void *key)
{
    return log_index_number_at(index, key, assay_siphash(index->seed, key, index->key_bytes));
}

size_t log_index_number_at(struct log_index *index, const void *key, uint64_t ahead)
{
    for (size_t at = (size_t)ahead & index->mask;; at = (at + 1) & index->mask) {
        uint32_t slot = index->slots[at];
        if (slot == 0) {
            assert(index->count <= index->mask / 2);
            index->keys[index->count] = key;
            index->slots[at] = (uint32_t)++index->count;
            return index->count - 1;
        }
        if (memcmp(index->keys[slot - 1], key, index->key_bytes) == 0) {
            return slot - 1;
        }
    }
}
