/* Feeding a parser the same bytes whole and in pieces, and comparing what it said. */
#ifndef ASSAY_FUZZ_NET_STREAM_H
#define ASSAY_FUZZ_NET_STREAM_H

#include "base/rng.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Everything that was said, folded into one number. */
struct fold {
    uint64_t value;
};

static inline void fold_bytes(struct fold *fold, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++) {
        fold->value = (fold->value ^ at[i]) * UINT64_C(1099511628211);
    }
}

static inline void fold_number(struct fold *fold, uint64_t number)
{
    fold_bytes(fold, &number, sizeof number);
}

/* The length of the next piece: 1 to 16 bytes, drawn; or all, if not is_split. */
static inline size_t next_piece(struct assay_rng *rng, size_t left, int is_split)
{
    size_t piece = is_split ? 1 + (size_t)assay_rng_below(rng, 16) : left;
    return piece < left ? piece : left;
}

#endif
