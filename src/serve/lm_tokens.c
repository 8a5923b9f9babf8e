/* /tokenize and /detokenize, in the words of llama.cpp ("content", "tokens") and of vLLM ("prompt", "count"). */
#include "serve/lm_server.h"

#include <inttypes.h>

#define TEXT_BYTES_MAX ((size_t)1 << 20) /* cutting it takes a fifth of a second at most, and nobody else is served */

struct question {
    json_t *root;
    const struct lm_hosted *hosted;
};

static bool open_question(struct lm_server *server, struct lm_call *call, struct question *ret)
{
    static const struct assay_json_limits limits = {.bytes_max = LM_BODY_BYTES_MAX, .depth_max = LM_DEPTH_MAX};
    assay_err err = {0};
    *ret = (struct question){0};
    if (assay_json_read(call->body.data ? call->body.data : "", call->body.len, &limits, &ret->root, &err) !=
        ASSAY_OK) {
        lm_refuse(call, lm_status_of(err.code), NULL, "body: %s", err.message);
        return false;
    }
    const json_t *name = json_object_get(ret->root, "model");
    struct assay_slice asked = {json_string_value(name), json_string_length(name)};
    ret->hosted = asked.len > 0 ? lm_model_find(server, asked) : &server->models[0];
    if (!ret->hosted) {
        lm_refuse(call, MHD_HTTP_NOT_FOUND, "model", "model '%.*s' not found", (int)asked.len, asked.data);
        json_decref(ret->root);
        return false;
    }
    return true;
}

static void put_tokens(const struct assay_tokens *tokens, const struct lm_card *card, struct assay_buf *out)
{
    assay_buf_text(out, "{\"tokens\":[");
    for (size_t i = 0; i < tokens->count; i++) {
        assay_buf_printf(out, "%s%" PRId32, i ? "," : "", tokens->ids[i]);
    }
    assay_buf_printf(out, "],\"count\":%zu,\"max_model_len\":%" PRIu64 "}", tokens->count, card->context);
}

/* "add_special": with the begin token, where the vocabulary has one. "parse_special": control tokens that the text
 * spells are control tokens. Both are off unless asked for, as in llama.cpp. */
static assay_code tokenize(const struct question *question, struct assay_tokens *tokens, assay_err *err)
{
    const struct assay_tokenizer *tokenizer = question->hosted->card->tokenizer;
    const json_t *content = json_object_get(question->root, "content");
    const json_t *text = content ? content : json_object_get(question->root, "prompt");
    if (!json_is_string(text)) {
        return assay_fail(err, ASSAY_MALFORMED, "content: expected a text");
    }
    struct assay_slice bytes = {json_string_value(text), json_string_length(text)};
    if (bytes.len > TEXT_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "content: %zu bytes, expected at most %zu", bytes.len, TEXT_BYTES_MAX);
    }
    assay_code rc = ASSAY_OK;
    if (json_is_true(json_object_get(question->root, "add_special")) &&
        assay_tokenizer_bos(tokenizer) != ASSAY_TOKEN_NONE) {
        rc = assay_tokens_add(tokens, assay_tokenizer_bos(tokenizer), err);
    }
    bool wants_control = json_is_true(json_object_get(question->root, "parse_special"));
    return rc == ASSAY_OK ? assay_tokenizer_encode(tokenizer, bytes, wants_control, tokens, err) : rc;
}

void lm_answer_tokenize(struct lm_server *server, struct lm_call *call)
{
    struct question question;
    struct assay_tokens tokens = {0};
    assay_err err = {0};
    if (!open_question(server, call, &question)) {
        return;
    }
    if (tokenize(&question, &tokens, &err) == ASSAY_OK) {
        put_tokens(&tokens, question.hosted->card, &call->answer);
    } else {
        lm_refuse(call, lm_status_of(err.code), "content", "%s", err.message);
    }
    assay_tokens_done(&tokens);
    json_decref(question.root);
}

/* The bytes of all tokens; what is no UTF-8 when they stand together becomes U+FFFD. */
static assay_code detokenize(const struct question *question, struct assay_buf *text, assay_err *err)
{
    const struct lm_card *card = question->hosted->card;
    const json_t *ids = json_object_get(question->root, "tokens");
    if (!json_is_array(ids)) {
        return assay_fail(err, ASSAY_MALFORMED, "tokens: expected an array of integers");
    }
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        if (!json_is_integer(id) || json_integer_value(id) < 0 ||
            (uint64_t)json_integer_value(id) >= card->vocabulary) {
            return assay_fail(err, ASSAY_MALFORMED, "tokens: element %zu, expected an integer from 0 to %" PRIu64, i,
                              card->vocabulary - 1);
        }
        struct assay_slice bytes = assay_tokenizer_bytes(card->tokenizer, (int32_t)json_integer_value(id));
        assay_buf_append(text, bytes.data, bytes.len);
    }
    return assay_buf_check(text, err);
}

void lm_answer_detokenize(struct lm_server *server, struct lm_call *call)
{
    struct question question;
    struct assay_buf text;
    assay_err err = {0};
    if (!open_question(server, call, &question)) {
        return;
    }
    assay_buf_init(&text, LM_OUTPUT_BYTES_MAX);
    if (detokenize(&question, &text, &err) == ASSAY_OK) {
        assay_buf_text(&call->answer, "{\"content\":");
        assay_json_quote(&call->answer, text.data ? text.data : "", text.len);
        assay_buf_text(&call->answer, ",\"prompt\":");
        assay_json_quote(&call->answer, text.data ? text.data : "", text.len);
        assay_buf_char(&call->answer, '}');
    } else {
        lm_refuse(call, lm_status_of(err.code), "tokens", "%s", err.message);
    }
    assay_buf_done(&text);
    json_decref(question.root);
}
