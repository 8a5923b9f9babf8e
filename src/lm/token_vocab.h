/*
 * What a tokenizer knows: the bytes of every token, the ids of bytes, the merges. Inside this room only.
 */
#ifndef ASSAY_LM_TOKEN_VOCAB_H
#define ASSAY_LM_TOKEN_VOCAB_H

#include "lm/token.h"
#include "lm/token_split.h"

#include "base/mem.h"

/* tokenizer.ggml.token_type */
enum token_type {
    TOKEN_NORMAL = 1,
    TOKEN_UNKNOWN = 2,
    TOKEN_CONTROL = 3,
    TOKEN_USER = 4,
    TOKEN_UNUSED = 5,
    TOKEN_BYTE = 6
};

struct merge {
    uint64_t pair; /* left id << 32 | right id; UINT64_MAX: free place */
    uint32_t rank;
    int32_t result;
};

struct place {
    uint32_t tag; /* bits of the hash that the place does not tell: what differs here is not looked at */
    int32_t id;   /* ASSAY_TOKEN_NONE: free */
};

struct assay_tokenizer {
    struct assay_buf text; /* bytes of all tokens, one after another */
    uint64_t *starts;      /* count + 1 offsets into it */
    uint8_t *types;
    size_t count;
    struct place *by_bytes; /* hash table of ids, size a power of two */
    size_t by_bytes_mask;
    struct merge *merges; /* the same, of pairs */
    size_t merges_mask;
    int32_t *specials; /* control and user tokens, longest first */
    size_t specials_count;
    int32_t bos, eos, eot;
    bool adds_bos;
    enum assay_split split;
    int32_t bytes[256]; /* the token of each single byte */
};

/* NULL if the pair does not merge. */
const struct merge *assay_vocab_merge(const struct assay_tokenizer *tokenizer, int32_t left, int32_t right);

/* token_merge.c: appends the ids of one piece. */
assay_code assay_token_merge(const struct assay_tokenizer *tokenizer, struct assay_slice piece,
                             struct assay_tokens *tokens, assay_err *err);

#endif
