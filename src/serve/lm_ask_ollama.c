/* Requests to /api/generate and /api/chat. */
#include "serve/lm_ask_member.h"

#define AT(member) offsetof(struct lm_ask, member)
#define TOKENS_MAX 2147483647.0 /* what a client's int32 holds */

/* The defaults that Ollama documents, without its penalty of repetitions: here nothing is changed unasked. */
void lm_ask_ollama_defaults(struct lm_ask *ask)
{
    ask->streams = true;
    ask->max_tokens = LM_UNLIMITED;
    ask->temperature = 0.8;
    ask->top_k = 40;
    ask->top_p = 0.9;
    ask->repeat_penalty = 1;
    ask->repeat_last = 64;
}

static const struct lm_member OPTIONS[] = {
    {"num_predict", LM_MEMBER_LIMIT, AT(max_tokens), .most = TOKENS_MAX},
    {"num_ctx", LM_MEMBER_COUNT, AT(context), .most = TOKENS_MAX},
    {"temperature", LM_MEMBER_REAL, AT(temperature), 0, 100},
    {"top_k", LM_MEMBER_LIMIT, AT(top_k), .most = TOKENS_MAX},
    {"top_p", LM_MEMBER_REAL, AT(top_p), 0, 1},
    {"min_p", LM_MEMBER_REAL, AT(min_p), 0, 1},
    {"repeat_penalty", LM_MEMBER_REAL, AT(repeat_penalty), 0.01, 100},
    {"repeat_last_n", LM_MEMBER_LIMIT, AT(repeat_last), .most = ASSAY_SAMPLER_REPEAT_LAST_MAX},
    {"seed", LM_MEMBER_READ, .read = lm_seed_read},
    {"stop", LM_MEMBER_READ, .read = lm_stops_read},
    {"presence_penalty", LM_MEMBER_NONE},
    {"frequency_penalty", LM_MEMBER_NONE},
    {"mirostat", LM_MEMBER_NONE},
    {"typical_p", LM_MEMBER_NONE, .neutral = 1},
    {"tfs_z", LM_MEMBER_NONE, .neutral = 1},
};

static assay_code read_options(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    if (!json_is_object(value)) {
        return lm_member_fail(value, "options", "an object", err);
    }
    assay_code rc = lm_members_read(ask, LM_MEMBERS(OPTIONS), value, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "options");
    }
    return rc;
}

static const struct lm_member BOTH[] = {
    {"model", LM_MEMBER_TEXT, AT(model)},
    {"stream", LM_MEMBER_BOOL, AT(streams)},
    {"logprobs", LM_MEMBER_BOOL, AT(wants_logprobs)},
    {"top_logprobs", LM_MEMBER_COUNT, AT(top_logprobs), .most = LM_TOP_LOGPROBS_MAX},
    {"options", LM_MEMBER_READ, .read = read_options},
    {"format", LM_MEMBER_NONE},
    {"think", LM_MEMBER_NONE},
    {"template", LM_MEMBER_NONE},
};

static const struct lm_member GENERATE[] = {
    {"prompt", LM_MEMBER_TEXT, AT(prompt)},
    {"system", LM_MEMBER_TEXT, AT(system)},
    {"raw", LM_MEMBER_BOOL, AT(is_raw)},
    {"images", LM_MEMBER_NONE},
    {"suffix", LM_MEMBER_NONE},
    {"context", LM_MEMBER_NONE},
};

static const struct lm_member CHAT[] = {
    {"messages", LM_MEMBER_READ, .read = lm_messages_read},
    {"tools", LM_MEMBER_NONE},
};

assay_code lm_ask_ollama_read(struct lm_ask *ask, const json_t *root, assay_err *err)
{
    assay_code rc = lm_members_read(ask, LM_MEMBERS(BOTH), root, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    bool is_chat = ask->api == LM_OLLAMA_CHAT;
    rc = lm_members_read(ask, is_chat ? LM_MEMBERS(CHAT) : LM_MEMBERS(GENERATE), root, err);
    if (ask->top_k == LM_UNLIMITED) {
        ask->top_k = 0;
    }
    if (ask->max_tokens == 0) { /* as there: no limit */
        ask->max_tokens = LM_UNLIMITED;
    }
    if (ask->repeat_last == LM_UNLIMITED) { /* the whole context there; as far as the sampler looks back here */
        ask->repeat_last = ASSAY_SAMPLER_REPEAT_LAST_MAX;
    }
    return rc;
}
