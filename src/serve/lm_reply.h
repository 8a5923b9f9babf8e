/*
 * Inside serve/: answers of the language model in the words of each dialect (docs/formats/lm-server.md). Pure: the same
 * output gives the same bytes.
 *
 *     lm_reply_piece(&reply, i, out);      // a stream: one event a piece; then
 *     lm_reply_end(&reply, out);           // finish, usage, terminator, in one write; or, where it failed,
 *     lm_reply_broken(&reply, why, out);   // an error in the middle of the stream
 *     lm_reply_whole(&reply, out);         // not a stream: all of it
 *
 * Texts that the caller hands over are well-formed UTF-8.
 */
#ifndef ASSAY_SERVE_LM_REPLY_H
#define ASSAY_SERVE_LM_REPLY_H

#include "lm/lm.h"
#include "serve/lm_ask.h"
#include "serve/lm_output.h"

#define LM_REPLY_BYTES_MAX ((size_t)1 << 30) /* a whole answer with logprobs of 20 candidates a token */

struct lm_reply {
    enum lm_api api;
    bool wants_usage, wants_running_usage;
    const char *model, *fingerprint;
    uint64_t number;  /* of the request */
    uint64_t real_ns; /* now; OpenAI's "created" is created_ns */
    uint64_t created_ns, seed, prompt_tokens;
    const struct assay_tokenizer *tokenizer;
    const struct lm_output *output;
};

const char *lm_reply_type(enum lm_api api, bool is_stream); /* Content-Type */
void lm_reply_piece(const struct lm_reply *reply, size_t piece, struct assay_buf *out);
void lm_reply_end(const struct lm_reply *reply, struct assay_buf *out);
void lm_reply_broken(const struct lm_reply *reply, const char *why, struct assay_buf *out);
void lm_reply_whole(const struct lm_reply *reply, struct assay_buf *out);
/* Ollama, asked for nothing: the model is there. */
void lm_reply_loaded(const struct lm_reply *reply, struct assay_buf *out);

/* An error as the whole body. wrong: the member, or NULL. */
struct lm_refusal {
    unsigned status;
    const char *message, *wrong;
};
void lm_reply_error(bool is_ollama, const struct lm_refusal *refusal, struct assay_buf *out);
const char *lm_finish_word(enum lm_finish finish); /* "stop", "length" */

/* ---- parts: lm_reply.c to the dialects ---------------------------------------------------------------------------*/

void lm_put_text(struct assay_buf *out, const char *text);
/* [{"token", "logprob", "bytes", "top_logprobs"}, ...] of the tokens first..end-1, as both dialects' chats have it. */
void lm_put_logprobs(const struct lm_reply *reply, size_t first, size_t end, struct assay_buf *out);
void lm_put_number(double x, struct assay_buf *out);

void lm_ollama_piece(const struct lm_reply *reply, size_t piece, struct assay_buf *out);
void lm_ollama_end(const struct lm_reply *reply, struct assay_buf *out);
void lm_ollama_whole(const struct lm_reply *reply, struct assay_buf *out);
void lm_openai_piece(const struct lm_reply *reply, size_t piece, struct assay_buf *out);
void lm_openai_end(const struct lm_reply *reply, struct assay_buf *out);
void lm_openai_whole(const struct lm_reply *reply, struct assay_buf *out);

#endif
