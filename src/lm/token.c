#include "lm/token_vocab.h"

#include <assert.h>
#include <string.h>

#define TOKENS_FIRST 64
#define PREPARED_BYTES_MAX ((size_t)1 << 30) /* of a text, which was in memory before */

void assay_tokens_done(struct assay_tokens *tokens)
{
    assay_free(tokens->ids);
    *tokens = (struct assay_tokens){0};
}

assay_code assay_tokens_add(struct assay_tokens *tokens, int32_t id, assay_err *err)
{
    if (tokens->count == tokens->capacity) {
        size_t capacity = tokens->capacity ? tokens->capacity * 2 : TOKENS_FIRST;
        if (capacity > ASSAY_TOKENS_MAX) {
            return assay_fail(err, ASSAY_TOO_LARGE, "a text of more than %zu tokens", ASSAY_TOKENS_MAX);
        }
        int32_t *ids = assay_realloc(tokens->ids, capacity, sizeof *ids);
        if (!ids) {
            return assay_nomem(err);
        }
        tokens->ids = ids;
        tokens->capacity = capacity;
    }
    tokens->ids[tokens->count++] = id;
    return ASSAY_OK;
}

/* ---- pieces ------------------------------------------------------------------------------------------------------*/

/* Words come again: the ids of one that was merged before are taken from where they stand in the result. */
#define MEMO_PLACES 1024
#define MEMO_TEXT_BYTES 1024 /* shorter texts are merged before the places are cleared */
#define MEMO_PIECE_BYTES 32  /* longer ones seldom come again */

struct encoder {
    const struct assay_tokenizer *tokenizer;
    struct assay_tokens *tokens;
    struct assay_buf prepared; /* text as pieces of SentencePiece see it, so far */
    bool remembers;
    struct {
        size_t at, len;      /* of the piece in the whole text */
        size_t first, count; /* of its ids */
    } memo[MEMO_PLACES];
};

static size_t memo_place(struct assay_slice piece)
{
    uint64_t hash = piece.len;
    for (size_t i = 0; i < piece.len; i++) {
        hash = (hash ^ (unsigned char)piece.data[i]) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return (size_t)(hash >> 32) % MEMO_PLACES;
}

/* A piece of the text that begins at `whole`. */
static assay_code add_piece(struct encoder *encoder, const char *whole, struct assay_slice piece, assay_err *err)
{
    struct assay_tokens *tokens = encoder->tokens;
    if (!encoder->remembers || piece.len > MEMO_PIECE_BYTES) {
        return assay_token_merge(encoder->tokenizer, piece, tokens, err);
    }
    size_t place = memo_place(piece), first = tokens->count;
    struct assay_slice before = {whole + encoder->memo[place].at, encoder->memo[place].len};
    assay_code rc = ASSAY_OK;
    if (assay_slice_equal(before, piece)) {
        for (size_t i = 0; rc == ASSAY_OK && i < encoder->memo[place].count; i++) {
            rc = assay_tokens_add(tokens, tokens->ids[encoder->memo[place].first + i], err);
        }
        return rc;
    }
    rc = assay_token_merge(encoder->tokenizer, piece, tokens, err);
    encoder->memo[place].at = (size_t)(piece.data - whole);
    encoder->memo[place].len = piece.len;
    encoder->memo[place].first = first;
    encoder->memo[place].count = tokens->count - first;
    return rc;
}

/* Text without special tokens, in a vocabulary with scores. */
static assay_code encode_pieces(struct encoder *encoder, struct assay_slice text, assay_err *err)
{
    const struct assay_tokenizer *tokenizer = encoder->tokenizer;
    const struct assay_tokens *tokens = encoder->tokens;
    bool is_first = tokens->count == 0 || assay_vocab_is_special(tokenizer, tokens->ids[tokens->count - 1]);
    size_t from = encoder->prepared.len;
    assay_pieces_prepare(text, tokenizer->adds_space && is_first && text.len > 0, &encoder->prepared);
    assay_code rc = assay_buf_check(&encoder->prepared, err);
    const char *whole = encoder->prepared.data;
    struct assay_slice rest = {whole + from, encoder->prepared.len - from};
    while (rc == ASSAY_OK && rest.len > 0) {
        struct assay_slice piece = {rest.data, assay_pieces_next(tokenizer, rest)};
        rc = add_piece(encoder, whole, piece, err);
        rest.data += piece.len;
        rest.len -= piece.len;
    }
    return rc;
}

/* Text without special tokens; `whole` is where the text begins that it is a part of. */
static assay_code encode_plain(struct encoder *encoder, const char *whole, struct assay_slice text, assay_err *err)
{
    const struct assay_tokenizer *tokenizer = encoder->tokenizer;
    if (tokenizer->ranks) {
        return text.len > 0 ? encode_pieces(encoder, text, err) : ASSAY_OK;
    }
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && text.len > 0) {
        struct assay_slice piece = {text.data, assay_split_next(tokenizer->split, text)};
        int32_t known = assay_split_rows[tokenizer->split].ignores_merges ? assay_vocab_find_plain(tokenizer, piece)
                                                                          : ASSAY_TOKEN_NONE;
        rc = known != ASSAY_TOKEN_NONE ? assay_tokens_add(encoder->tokens, known, err)
                                       : add_piece(encoder, whole, piece, err);
        text.data += piece.len;
        text.len -= piece.len;
    }
    return rc;
}

/* ---- special tokens ----------------------------------------------------------------------------------------------*/

/* The special token that text begins with, the longest of them. */
static int32_t special_at(const struct assay_tokenizer *tokenizer, struct assay_slice text, bool wants_control)
{
    unsigned first = (unsigned char)text.data[0];
    for (size_t i = tokenizer->specials_from[first]; i < tokenizer->specials_from[first + 1]; i++) {
        int32_t id = tokenizer->specials[i];
        struct assay_slice bytes = assay_tokenizer_bytes(tokenizer, id);
        if (bytes.len <= text.len && memcmp(text.data, bytes.data, bytes.len) == 0 &&
            (wants_control || tokenizer->types[id] != TOKEN_CONTROL)) {
            return id;
        }
    }
    return ASSAY_TOKEN_NONE;
}

/* The leftmost special token in text. */
static int32_t find_special(const struct assay_tokenizer *tokenizer, struct assay_slice text, bool wants_control,
                            size_t *ret_at)
{
    int32_t found = ASSAY_TOKEN_NONE;
    size_t at = 0;
    while (at < text.len && found == ASSAY_TOKEN_NONE) {
        found = special_at(tokenizer, (struct assay_slice){text.data + at, text.len - at}, wants_control);
        at += found == ASSAY_TOKEN_NONE;
    }
    *ret_at = at;
    return found;
}

assay_code assay_tokenizer_encode(const struct assay_tokenizer *tokenizer, struct assay_slice text, bool wants_control,
                                  struct assay_tokens *tokens, assay_err *err)
{
    struct encoder encoder;
    const char *whole = text.data;
    assay_code rc = ASSAY_OK;
    encoder.tokenizer = tokenizer;
    encoder.tokens = tokens;
    encoder.remembers = text.len > MEMO_TEXT_BYTES;
    assay_buf_init(&encoder.prepared, PREPARED_BYTES_MAX);
    if (encoder.remembers) {
        memset(encoder.memo, 0, sizeof encoder.memo);
    }
    while (rc == ASSAY_OK && text.len > 0) {
        size_t at = 0;
        int32_t special = find_special(tokenizer, text, wants_control, &at);
        rc = encode_plain(&encoder, whole, (struct assay_slice){text.data, at}, err);
        text.data += at;
        text.len -= at;
        if (rc == ASSAY_OK && special != ASSAY_TOKEN_NONE) {
            size_t len = assay_tokenizer_bytes(tokenizer, special).len;
            rc = assay_tokens_add(tokens, special, err);
            text.data += len;
            text.len -= len;
        }
    }
    assay_buf_done(&encoder.prepared);
    return rc;
}
