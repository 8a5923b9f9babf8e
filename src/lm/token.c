#include "lm/token_vocab.h"

#include <assert.h>
#include <string.h>

#define TOKENS_FIRST 64

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

/* Text without special tokens. */
static assay_code encode_plain(const struct assay_tokenizer *tokenizer, struct assay_slice text,
                               struct assay_tokens *tokens, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && text.len > 0) {
        struct assay_slice piece = {text.data, assay_split_next(tokenizer->split, text)};
        int32_t whole = assay_split_rows[tokenizer->split].ignores_merges ? assay_tokenizer_find(tokenizer, piece)
                                                                          : ASSAY_TOKEN_NONE;
        rc = whole != ASSAY_TOKEN_NONE ? assay_tokens_add(tokens, whole, err)
                                       : assay_token_merge(tokenizer, piece, tokens, err);
        text.data += piece.len;
        text.len -= piece.len;
    }
    return rc;
}

/* The first special token in text: the leftmost, of those the longest. */
static int32_t find_special(const struct assay_tokenizer *tokenizer, struct assay_slice text, bool wants_control,
                            size_t *ret_at)
{
    int32_t found = ASSAY_TOKEN_NONE;
    size_t best = text.len;
    for (size_t i = 0; i < tokenizer->specials_count; i++) {
        int32_t id = tokenizer->specials[i];
        struct assay_slice bytes = assay_tokenizer_bytes(tokenizer, id);
        if (bytes.len == 0 || (tokenizer->types[id] == TOKEN_CONTROL && !wants_control)) {
            continue;
        }
        const char *at = memmem(text.data, text.len, bytes.data, bytes.len);
        if (at && (size_t)(at - text.data) < best) { /* longer ones come first, so a tie stays with the longer */
            best = (size_t)(at - text.data);
            found = id;
        }
    }
    *ret_at = best;
    return found;
}

assay_code assay_tokenizer_encode(const struct assay_tokenizer *tokenizer, struct assay_slice text, bool wants_control,
                                  struct assay_tokens *tokens, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && text.len > 0) {
        size_t at = 0;
        int32_t special = find_special(tokenizer, text, wants_control, &at);
        rc = encode_plain(tokenizer, (struct assay_slice){text.data, at}, tokens, err);
        text.data += at;
        text.len -= at;
        if (rc == ASSAY_OK && special != ASSAY_TOKEN_NONE) {
            size_t len = assay_tokenizer_bytes(tokenizer, special).len;
            rc = assay_tokens_add(tokens, special, err);
            text.data += len;
            text.len -= len;
        }
    }
    return rc;
}
