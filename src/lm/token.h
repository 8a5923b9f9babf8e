/*
 * Tokenizer: text to token ids and back, from the metadata of a model file (kernels.md 5.2): byte-level BPE ("gpt2") or
 * SentencePiece ("llama"). How text is cut into pieces before byte-level BPE is named by the file
 * (`tokenizer.ggml.pre`), and a name that this build does not know is refused, because a guess gives fluent nonsense.
 *
 *     rc = assay_tokenizer_new(gguf, &tokenizer, err);
 *     rc = assay_tokenizer_encode(tokenizer, text, false, &tokens, err);   // appends
 *     struct assay_slice bytes = assay_tokenizer_bytes(tokenizer, id);
 *     assay_tokenizer_free(tokenizer);
 *
 * The tokenizer is read-only once it is made: any number of threads may encode with it. gguf may be freed.
 */
#ifndef ASSAY_LM_TOKEN_H
#define ASSAY_LM_TOKEN_H

#include "lm/gguf.h"

#define ASSAY_TOKEN_NONE (-1)
#define ASSAY_TOKENS_MAX ((size_t)1 << 24) /* of one text: larger than any context */
#define ASSAY_VOCABULARY_MAX ((size_t)1 << 20)

struct assay_tokens {
    int32_t *ids; /* assay_tokens_done frees it */
    size_t count, capacity;
};
void assay_tokens_done(struct assay_tokens *tokens);
assay_code assay_tokens_add(struct assay_tokens *tokens, int32_t id, assay_err *err);

struct assay_tokenizer;
/* UNSUPPORTED: another model or pre-tokenizer; MALFORMED: metadata that contradicts itself. */
assay_code assay_tokenizer_new(const struct assay_gguf *gguf, struct assay_tokenizer **ret, assay_err *err);
void assay_tokenizer_free(struct assay_tokenizer *tokenizer); /* fine on NULL */

/* Appends the ids of text. Control tokens written out in it are plain text unless wants_control. Bytes that are no
 * UTF-8 are kept, but for those that the vocabulary has no token for: real ones lack some control characters and bytes
 * that UTF-8 never has. SentencePiece may put a blank before a text and behind a special token, and U+2581 comes back
 * as a blank; whether a text begins is told by the tokens that are there already. */
assay_code assay_tokenizer_encode(const struct assay_tokenizer *tokenizer, struct assay_slice text, bool wants_control,
                                  struct assay_tokens *tokens, assay_err *err);

/* The bytes of a token; of a control token its name. Empty for an id that is not in the vocabulary. */
struct assay_slice assay_tokenizer_bytes(const struct assay_tokenizer *tokenizer, int32_t id);
bool assay_tokenizer_is_control(const struct assay_tokenizer *tokenizer, int32_t id);
size_t assay_tokenizer_count(const struct assay_tokenizer *tokenizer);
/* ASSAY_TOKEN_NONE where the file names none. */
int32_t assay_tokenizer_bos(const struct assay_tokenizer *tokenizer);
int32_t assay_tokenizer_eos(const struct assay_tokenizer *tokenizer);
/* Whether a text ends with it: the end-of-sequence and end-of-turn tokens that the file names, and control tokens whose
 * names say so (<|im_end|>, <|eot_id|>, <|end_of_text|>, <|endoftext|>, <end_of_turn>). */
bool assay_tokenizer_is_end(const struct assay_tokenizer *tokenizer, int32_t id);
bool assay_tokenizer_adds_bos(const struct assay_tokenizer *tokenizer);
/* The id whose bytes are these, or ASSAY_TOKEN_NONE. */
int32_t assay_tokenizer_find(const struct assay_tokenizer *tokenizer, struct assay_slice bytes);

#endif
