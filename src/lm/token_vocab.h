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
    int32_t *specials; /* control and user tokens with text, by their first byte, then longest first */
    size_t specials_count;
    uint32_t specials_from[257]; /* where those of a first byte begin */
    int32_t bos, eos, eot;
    bool adds_bos;
    enum assay_split split;
    int32_t bytes[256]; /* the token of each single byte */
    /* SentencePiece: */
    uint32_t *ranks;   /* of tokens by falling score, equal where scores are; NULL: byte-level BPE */
    bool adds_space;   /* before a text, and behind a special token */
    bool goes_on[256]; /* some token has a blank behind this byte, which is none itself: no piece ends there */
};

static inline bool assay_vocab_is_special(const struct assay_tokenizer *tokenizer, int32_t id)
{
    return tokenizer->types[id] == TOKEN_CONTROL || tokenizer->types[id] == TOKEN_USER;
}

/* token_pieces.c: what a vocabulary of SentencePiece says beside texts and types. */
assay_code assay_vocab_read_scores(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, assay_err *err);
/* Appends what a token of SentencePiece stands for, if it is not special. */
assay_code assay_vocab_put_piece(struct assay_tokenizer *tokenizer, size_t id, struct assay_slice text, assay_err *err);
/* Whether text can come to be the token: not the number of a byte, and no blank that was written as one. */
bool assay_vocab_is_piece(enum token_type type, struct assay_slice text);
/* Text as its pieces see it into out: blanks for U+2581, and one before it if wanted. */
void assay_pieces_prepare(struct assay_slice text, bool wants_space, struct assay_buf *out);
/* Bytes of text behind which no token of the vocabulary goes on. */
size_t assay_pieces_next(const struct assay_tokenizer *tokenizer, struct assay_slice text);

/* The token that plain text can come to be: not a control token, nor the unknown one. */
int32_t assay_vocab_find_plain(const struct assay_tokenizer *tokenizer, struct assay_slice bytes);

/* NULL if the pair does not merge. */
const struct merge *assay_vocab_merge(const struct assay_tokenizer *tokenizer, int32_t left, int32_t right);

/* token_merge.c: appends the ids of one piece. */
assay_code assay_token_merge(const struct assay_tokenizer *tokenizer, struct assay_slice piece,
                             struct assay_tokens *tokens, assay_err *err);

#endif
