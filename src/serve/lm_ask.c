#include "serve/lm_ask.h"

#include "serve/lm_ask_member.h"

#include <string.h>

/* Texts of a request are borrowed from its JSON; the arena has joined parts and the list of messages. */
#define ARENA_BYTES_MAX (2 * LM_BODY_BYTES_MAX)

void lm_ask_init(struct lm_ask *ask)
{
    memset(ask, 0, sizeof *ask);
    assay_arena_init(&ask->arena, ARENA_BYTES_MAX);
}

void lm_ask_done(struct lm_ask *ask)
{
    json_decref(ask->root);
    assay_arena_done(&ask->arena);
    ask->root = NULL;
}

assay_code lm_ask_read(struct lm_ask *ask, enum lm_api api, struct assay_slice body, assay_err *err)
{
    static const struct assay_json_limits limits = {.bytes_max = LM_BODY_BYTES_MAX, .depth_max = LM_DEPTH_MAX};
    ask->api = api;
    if (body.len == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "the body is empty, expected a JSON object");
    }
    assay_code rc = assay_json_read(body.data, body.len, &limits, &ask->root, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "body");
        return rc;
    }
    if (!json_is_object(ask->root)) {
        return lm_member_fail(ask->root, "body", "an object", err);
    }
    bool is_ollama = lm_api_is_ollama(api);
    (is_ollama ? lm_ask_ollama_defaults : lm_ask_openai_defaults)(ask);
    return (is_ollama ? lm_ask_ollama_read : lm_ask_openai_read)(ask, ask->root, err);
}

bool lm_ask_is_empty(const struct lm_ask *ask)
{
    switch (ask->api) {
    case LM_OLLAMA_GENERATE:
        return ask->prompt.len == 0;
    case LM_OLLAMA_CHAT:
        return ask->messages_count == 0;
    case LM_OPENAI_TEXT:
    case LM_OPENAI_CHAT:
    case LM_API_COUNT:
        break;
    }
    return false;
}
