/* Requests to /v1/completions and /v1/chat/completions. */
#include "serve/lm_ask_member.h"

#define AT(member) offsetof(struct lm_ask, member)
#define TOKENS_MAX 2147483647.0 /* what a client's int32 holds */
#define TEXT_TOKENS_DEFAULT 16  /* of /v1/completions, as documented there */

void lm_ask_openai_defaults(struct lm_ask *ask)
{
    ask->max_tokens = ask->api == LM_OPENAI_TEXT ? TEXT_TOKENS_DEFAULT : LM_UNLIMITED;
    ask->temperature = 1;
    ask->top_p = 1;
    ask->repeat_penalty = 1;
    ask->repeat_last = 64;
}

static assay_code read_stream_options(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    static const struct lm_member ROWS[] = {
        {"include_usage", LM_MEMBER_BOOL, AT(wants_usage)},
        {"continuous_usage_stats", LM_MEMBER_BOOL, AT(wants_running_usage)},
    };
    if (!json_is_object(value)) {
        return lm_member_fail(value, "stream_options", "an object", err);
    }
    return lm_members_read(ask, LM_MEMBERS(ROWS), value, err);
}

static const struct lm_member BOTH[] = {
    {"model", LM_MEMBER_TEXT, AT(model)},
    {"stream", LM_MEMBER_BOOL, AT(streams)},
    {"stream_options", LM_MEMBER_READ, .read = read_stream_options},
    {"max_tokens", LM_MEMBER_COUNT, AT(max_tokens), 1, TOKENS_MAX},
    {"temperature", LM_MEMBER_REAL, AT(temperature), 0, 100},
    {"top_p", LM_MEMBER_REAL, AT(top_p), 0, 1},
    {"top_k", LM_MEMBER_LIMIT, AT(top_k), .most = TOKENS_MAX},
    {"min_p", LM_MEMBER_REAL, AT(min_p), 0, 1},
    {"repetition_penalty", LM_MEMBER_REAL, AT(repeat_penalty), 0.01, 100},
    {"ignore_eos", LM_MEMBER_BOOL, AT(ignores_eos)},
    {"seed", LM_MEMBER_READ, .read = lm_seed_read},
    {"stop", LM_MEMBER_READ, .read = lm_stops_read},
    {"n", LM_MEMBER_NONE, .neutral = 1},
    {"presence_penalty", LM_MEMBER_NONE},
    {"frequency_penalty", LM_MEMBER_NONE},
    {"logit_bias", LM_MEMBER_NONE},
    {"response_format", LM_MEMBER_NONE, .word = "text"},
    {"grammar", LM_MEMBER_NONE},
    {"json_schema", LM_MEMBER_NONE},
    {"guided_json", LM_MEMBER_NONE},
    {"guided_regex", LM_MEMBER_NONE},
    {"guided_choice", LM_MEMBER_NONE},
    {"guided_grammar", LM_MEMBER_NONE},
    {"structured_outputs", LM_MEMBER_NONE},
    {"min_tokens", LM_MEMBER_NONE},
};

static const struct lm_member CHAT[] = {
    {"messages", LM_MEMBER_READ, .read = lm_messages_read},
    {"max_completion_tokens", LM_MEMBER_COUNT, AT(max_tokens), 1, TOKENS_MAX},
    {"logprobs", LM_MEMBER_BOOL, AT(wants_logprobs)},
    {"top_logprobs", LM_MEMBER_COUNT, AT(top_logprobs), .most = LM_TOP_LOGPROBS_MAX},
    {"tools", LM_MEMBER_NONE},
    {"functions", LM_MEMBER_NONE},
    {"audio", LM_MEMBER_NONE},
    {"web_search_options", LM_MEMBER_NONE},
};

/* One text, one list of tokens, or a list of one of them. */
static assay_code read_prompt(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    const json_t *first = json_array_get(value, 0);
    if (json_is_string(first) || json_is_array(first)) {
        if (json_array_size(value) != 1) {
            return lm_member_fail(value, "prompt", "one text: send one request for each", err);
        }
        value = first;
    }
    if (json_is_string(value)) {
        ask->prompt = lm_text_of(value);
        return ASSAY_OK;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_integer(json_array_get(value, i))) {
            return lm_member_fail(json_array_get(value, i), "prompt", "integers, where it is a list of tokens", err);
        }
    }
    if (json_array_size(value) == 0) {
        return lm_member_fail(value, "prompt", "a text or a list of tokens", err);
    }
    ask->prompt_ids = value;
    return ASSAY_OK;
}

static assay_code read_logprobs(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    if (json_is_boolean(value)) { /* as the chat has it; clients mix them up */
        ask->wants_logprobs = json_is_true(value);
        return ASSAY_OK;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > LM_TOP_LOGPROBS_MAX) {
        return lm_member_fail(value, "logprobs", "an integer from 0 to 20", err);
    }
    ask->wants_logprobs = true;
    ask->top_logprobs = (uint64_t)json_integer_value(value);
    return ASSAY_OK;
}

static const struct lm_member TEXT[] = {
    {"prompt", LM_MEMBER_READ, .read = read_prompt},
    {"logprobs", LM_MEMBER_READ, .read = read_logprobs},
    {"echo", LM_MEMBER_NONE},
    {"suffix", LM_MEMBER_NONE},
    {"best_of", LM_MEMBER_NONE, .neutral = 1},
};

static assay_code check(struct lm_ask *ask, assay_err *err)
{
    bool is_chat = ask->api == LM_OPENAI_CHAT;
    if (is_chat ? ask->messages_count == 0 : !ask->prompt.data && !ask->prompt_ids) {
        ask->wrong = is_chat ? "messages" : "prompt";
        return assay_fail(err, ASSAY_MALFORMED, "%s: found nothing, expected %s", ask->wrong,
                          is_chat ? "at least one message" : "a text or a list of tokens");
    }
    if (ask->top_k == LM_UNLIMITED) { /* -1: all */
        ask->top_k = 0;
    }
    return ASSAY_OK;
}

assay_code lm_ask_openai_read(struct lm_ask *ask, const json_t *root, assay_err *err)
{
    assay_code rc = lm_members_read(ask, LM_MEMBERS(BOTH), root, err);
    if (rc == ASSAY_OK) {
        rc = lm_members_read(ask, ask->api == LM_OPENAI_CHAT ? LM_MEMBERS(CHAT) : LM_MEMBERS(TEXT), root, err);
    }
    return rc == ASSAY_OK ? check(ask, err) : rc;
}
