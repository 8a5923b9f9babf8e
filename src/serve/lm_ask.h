/*
 * Inside serve/: what a request asks of the language model, read from the body in the dialect of its endpoint
 * (docs/formats/lm-server.md). Pure.
 *
 *     struct lm_ask ask;
 *     lm_ask_init(&ask);
 *     rc = lm_ask_read(&ask, LM_OPENAI_CHAT, body, err);      // err names the member; ask.wrong is its name or NULL
 *     lm_ask_done(&ask);
 *
 * A member that this server does not know is ignored; one that would change the output and cannot be followed (tools,
 * images, a grammar, a penalty that the sampler lacks) is refused by its name, unless its value asks for nothing.
 * Errors: MALFORMED (not JSON, wrong type, out of range), UNSUPPORTED (refused by name), NO_MEMORY.
 */
#ifndef ASSAY_SERVE_LM_ASK_H
#define ASSAY_SERVE_LM_ASK_H

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "lm/lm.h"
#include "json/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LM_BODY_BYTES_MAX ((size_t)8 << 20) /* kernels.md 5.4 */
#define LM_DEPTH_MAX 32                     /* deepest true request: chat content parts, depth 5; schemas go deeper */
#define LM_MESSAGES_MAX 4096                /* a conversation; each costs at least four tokens of any context */
#define LM_STOPS_MAX 16
#define LM_STOP_BYTES_MAX 1024  /* a stream holds back this much at most */
#define LM_TOP_LOGPROBS_MAX 20  /* as OpenAI */
#define LM_UNLIMITED UINT64_MAX /* max_tokens: until the context is full */

enum lm_api { LM_OLLAMA_GENERATE, LM_OLLAMA_CHAT, LM_OPENAI_TEXT, LM_OPENAI_CHAT, LM_API_COUNT };
static inline bool lm_api_is_ollama(enum lm_api api)
{
    return api == LM_OLLAMA_GENERATE || api == LM_OLLAMA_CHAT;
}
static inline bool lm_api_is_chat(enum lm_api api)
{
    return api == LM_OLLAMA_CHAT || api == LM_OPENAI_CHAT;
}

struct lm_ask {
    enum lm_api api;
    struct assay_slice model; /* data NULL: not named */
    struct assay_slice prompt, system;
    const json_t *prompt_ids; /* tokens instead of text, or NULL */
    struct assay_message *messages;
    size_t messages_count;
    bool streams, is_raw, wants_usage, wants_running_usage, wants_logprobs, ignores_eos, has_seed;
    uint64_t top_logprobs, max_tokens, seed, context; /* context 0: all there is */
    double temperature, top_p, min_p, repeat_penalty;
    uint64_t top_k, repeat_last;
    struct assay_slice stops[LM_STOPS_MAX];
    size_t stops_count;
    const char *wrong; /* the member that made reading fail; a static text */
    json_t *root;      /* what the slices point into */
    struct assay_arena arena;
};

void lm_ask_init(struct lm_ask *ask);
void lm_ask_done(struct lm_ask *ask); /* fine after init */
assay_code lm_ask_read(struct lm_ask *ask, enum lm_api api, struct assay_slice body, assay_err *err);

/* Whether nothing is to be generated: Ollama's way of asking that the model be loaded. */
bool lm_ask_is_empty(const struct lm_ask *ask);

#endif
