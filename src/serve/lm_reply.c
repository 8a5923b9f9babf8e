#include "serve/lm_reply.h"

#include "base/num.h"

#include <inttypes.h>
#include <string.h>

/* ---- parts -------------------------------------------------------------------------------------------------------*/

void lm_put_text(struct assay_buf *out, const char *text)
{
    assay_json_quote(out, text, strlen(text));
}

void lm_put_number(double x, struct assay_buf *out)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    assay_buf_append(out, text, assay_num_print_shortest(x, text));
}

const char *lm_finish_word(enum lm_finish finish)
{
    return finish == LM_LENGTH ? "length" : "stop";
}

/* A token may be a part of a character: its text then has U+FFFD, and its bytes are exact. */
static void put_token(const struct lm_reply *reply, const struct lm_top *top, struct assay_buf *out)
{
    struct assay_slice bytes = assay_tokenizer_bytes(reply->tokenizer, top->id);
    assay_buf_text(out, "{\"token\":");
    assay_json_quote(out, bytes.data, bytes.len);
    assay_buf_text(out, ",\"logprob\":");
    lm_put_number(top->logprob, out);
    assay_buf_text(out, ",\"bytes\":[");
    for (size_t i = 0; i < bytes.len; i++) {
        assay_buf_printf(out, "%s%u", i ? "," : "", (unsigned)(unsigned char)bytes.data[i]);
    }
    assay_buf_char(out, ']');
}

void lm_put_logprobs(const struct lm_reply *reply, size_t first, size_t end, struct assay_buf *out)
{
    const struct lm_output *output = reply->output;
    assay_buf_char(out, '[');
    for (size_t i = first; i < end; i++) {
        assay_buf_text(out, i > first ? "," : "");
        put_token(reply, &output->chosen[i], out);
        assay_buf_text(out, ",\"top_logprobs\":[");
        for (size_t k = 0; k < output->tops_each; k++) {
            assay_buf_text(out, k ? "," : "");
            put_token(reply, &output->tops[i * output->tops_each + k], out);
            assay_buf_char(out, '}');
        }
        assay_buf_text(out, "]}");
    }
    assay_buf_char(out, ']');
}

/* ---- errors ------------------------------------------------------------------------------------------------------*/

static const struct {
    unsigned status;
    const char *type, *code;
} OPENAI_ERRORS[] = {
    {404, "invalid_request_error", "model_not_found"},
    {413, "invalid_request_error", "request_too_large"},
    {500, "server_error", "internal_error"},
    {503, "server_error", "overloaded"},
};

static void put_openai_error(const struct lm_refusal *refusal, struct assay_buf *out)
{
    const char *type = "invalid_request_error", *code = NULL;
    for (size_t i = 0; i < sizeof OPENAI_ERRORS / sizeof OPENAI_ERRORS[0]; i++) {
        if (OPENAI_ERRORS[i].status == refusal->status) {
            type = OPENAI_ERRORS[i].type;
            code = refusal->wrong || refusal->status != 404 ? OPENAI_ERRORS[i].code : NULL; /* no such path: none */
        }
    }
    assay_buf_text(out, "{\"error\":{\"message\":");
    lm_put_text(out, refusal->message);
    assay_buf_printf(out, ",\"type\":\"%s\",\"param\":", type);
    if (refusal->wrong) {
        lm_put_text(out, refusal->wrong);
    } else {
        assay_buf_text(out, "null");
    }
    if (code) {
        assay_buf_printf(out, ",\"code\":\"%s\"}}", code);
    } else {
        assay_buf_text(out, ",\"code\":null}}");
    }
}

void lm_reply_error(bool is_ollama, const struct lm_refusal *refusal, struct assay_buf *out)
{
    if (is_ollama) {
        assay_buf_text(out, "{\"error\":");
        lm_put_text(out, refusal->message);
        assay_buf_char(out, '}');
    } else {
        put_openai_error(refusal, out);
    }
}

void lm_reply_broken(const struct lm_reply *reply, const char *why, struct assay_buf *out)
{
    bool is_ollama = lm_api_is_ollama(reply->api);
    const struct lm_refusal refusal = {.status = reply->output->finish == LM_SHUT ? 503 : 500, .message = why};
    assay_buf_text(out, is_ollama ? "" : "data: ");
    lm_reply_error(is_ollama, &refusal, out);
    assay_buf_text(out, is_ollama ? "\n" : "\n\n");
}

/* ---- by dialect --------------------------------------------------------------------------------------------------*/

const char *lm_reply_type(enum lm_api api, bool is_stream)
{
    if (!is_stream) {
        return "application/json";
    }
    return lm_api_is_ollama(api) ? "application/x-ndjson" : "text/event-stream; charset=utf-8";
}

void lm_reply_piece(const struct lm_reply *reply, size_t piece, struct assay_buf *out)
{
    (lm_api_is_ollama(reply->api) ? lm_ollama_piece : lm_openai_piece)(reply, piece, out);
}

void lm_reply_end(const struct lm_reply *reply, struct assay_buf *out)
{
    (lm_api_is_ollama(reply->api) ? lm_ollama_end : lm_openai_end)(reply, out);
}

void lm_reply_whole(const struct lm_reply *reply, struct assay_buf *out)
{
    (lm_api_is_ollama(reply->api) ? lm_ollama_whole : lm_openai_whole)(reply, out);
}
