/*
 * Vocabularies of SentencePiece (tokenizer.ggml.model = llama): tokens have scores, a blank is written U+2581, and a
 * character that no token has is told byte by byte ("<0x0A>"). Inside, a blank is a blank, so that what a token stands
 * for is what text is held against; U+2581 in a text is taken for a blank, as SentencePiece does.
 */
#include "lm/token_vocab.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char BLANK[] = "\xe2\x96\x81"; /* U+2581 */
#define BLANK_BYTES (sizeof BLANK - 1)

static bool is_blank(struct assay_slice text, size_t at)
{
    return text.len - at >= BLANK_BYTES && memcmp(text.data + at, BLANK, BLANK_BYTES) == 0;
}

static void put_blanks(struct assay_slice text, struct assay_buf *out)
{
    for (size_t at = 0; at < text.len;) {
        if (is_blank(text, at)) {
            assay_buf_char(out, ' ');
            at += BLANK_BYTES;
        } else {
            assay_buf_char(out, text.data[at++]);
        }
    }
}

/* ---- the vocabulary ----------------------------------------------------------------------------------------------*/

/* "<0x0A>" */
static int byte_of(struct assay_slice text)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    const char *high = text.len == 6 ? memchr(DIGITS, text.data[3], 16) : NULL;
    const char *low = high ? memchr(DIGITS, text.data[4], 16) : NULL;
    bool is_byte = low && memcmp(text.data, "<0x", 3) == 0 && text.data[5] == '>';
    return is_byte ? (int)(high - DIGITS) << 4 | (int)(low - DIGITS) : -1;
}

assay_code assay_vocab_put_piece(struct assay_tokenizer *tokenizer, size_t id, struct assay_slice text, assay_err *err)
{
    int byte = tokenizer->types[id] == TOKEN_BYTE ? byte_of(text) : 0;
    if (byte < 0) {
        return assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.tokens[%zu] is of type byte, expected <0x00> to <0xFF>",
                          id);
    }
    size_t from = tokenizer->text.len;
    if (tokenizer->types[id] == TOKEN_BYTE) {
        assay_buf_char(&tokenizer->text, (char)byte);
        tokenizer->bytes[byte] = (int32_t)id;
    } else if (assay_vocab_is_special(tokenizer, (int32_t)id)) {
        assay_buf_append(&tokenizer->text, text.data, text.len);
    } else {
        put_blanks(text, &tokenizer->text);
    }
    const char *bytes = tokenizer->text.data;
    bool is_piece = assay_vocab_is_piece(tokenizer->types[id], text); /* asked once: a token may have megabytes */
    for (size_t at = from + 1; is_piece && at < tokenizer->text.len; at++) {
        tokenizer->goes_on[(unsigned char)bytes[at - 1]] |= bytes[at] == ' ' && bytes[at - 1] != ' ';
    }
    return ASSAY_OK;
}

bool assay_vocab_is_piece(enum token_type type, struct assay_slice text)
{
    return type != TOKEN_BYTE && !memchr(text.data, ' ', text.len);
}

/* The larger a score, the smaller the number; equal scores have one number. */
static uint32_t rank_of(float score)
{
    uint32_t bits;
    score += 0.0F; /* of a negative zero a positive one */
    memcpy(&bits, &score, sizeof bits);
    return bits >> 31 ? bits : ~(bits | UINT32_C(1) << 31);
}

static assay_code read_scores(struct assay_tokenizer *tokenizer, const struct assay_gguf_value *scores, assay_err *err)
{
    if (!scores || scores->type != ASSAY_GGUF_ARRAY || scores->element != ASSAY_GGUF_F32 ||
        scores->length != tokenizer->count) {
        return assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.scores is missing, or no array of %zu f32",
                          tokenizer->count);
    }
    for (size_t id = 0; id < tokenizer->count; id++) {
        float score = (float)assay_gguf_array_double(scores, id);
        if (isnan(score)) {
            return assay_fail(err, ASSAY_MALFORMED, "tokenizer.ggml.scores[%zu] is no number", id);
        }
        tokenizer->ranks[id] = rank_of(score);
    }
    return ASSAY_OK;
}

/* A byte without a token of its own becomes the unknown token. */
static assay_code fill_bytes(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, assay_err *err)
{
    const struct assay_gguf_value *value = assay_gguf_find(gguf, "tokenizer.ggml.unknown_token_id");
    uint64_t unknown = 0; /* what a file that does not say means by it */
    assay_code rc = value ? assay_gguf_u64(value, tokenizer->count - 1, &unknown, err) : ASSAY_OK;
    for (unsigned byte = 0; rc == ASSAY_OK && byte < 256; byte++) {
        if (tokenizer->bytes[byte] == ASSAY_TOKEN_NONE) {
            tokenizer->bytes[byte] = (int32_t)unknown;
        }
    }
    return rc;
}

assay_code assay_vocab_read_scores(struct assay_tokenizer *tokenizer, const struct assay_gguf *gguf, assay_err *err)
{
    const struct assay_gguf_value *adds_space = assay_gguf_find(gguf, "tokenizer.ggml.add_space_prefix");
    assay_code rc = read_scores(tokenizer, assay_gguf_find(gguf, "tokenizer.ggml.scores"), err);
    rc = rc == ASSAY_OK ? fill_bytes(tokenizer, gguf, err) : rc;
    tokenizer->adds_space = true;
    return rc == ASSAY_OK && adds_space ? assay_gguf_bool(adds_space, &tokenizer->adds_space, err) : rc;
}

/* ---- texts -------------------------------------------------------------------------------------------------------*/

void assay_pieces_prepare(struct assay_slice text, bool wants_space, struct assay_buf *out)
{
    if (wants_space) {
        assay_buf_char(out, ' ');
    }
    put_blanks(text, out);
}

/* Merging looks at a whole text; but no token goes from the end of a word into the blank behind it, or those that do
 * have few bytes before it ('>' in Gemma 3's vocabulary), and so words can be merged one by one. */
size_t assay_pieces_next(const struct assay_tokenizer *tokenizer, struct assay_slice text)
{
    size_t at = 1;
    while (at < text.len &&
           (text.data[at] != ' ' || text.data[at - 1] == ' ' || tokenizer->goes_on[(unsigned char)text.data[at - 1]])) {
        at++;
    }
    return at;
}
