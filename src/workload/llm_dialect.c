/* The dialects: which there are, how one is recognised, and what their request bodies share. */
#include "workload/llm.h"

#include "base/num.h"

#include <assert.h>

static const struct assay_llm_dialect *const DIALECTS[] = {&assay_llm_ollama, &assay_llm_openai, &assay_llm_llamacpp,
                                                           &assay_llm_vllm};
const char *const assay_llm_dialect_names[] = {"auto", "ollama", "openai", "llamacpp", "vllm", NULL};

/* Asked in this order: llama.cpp also answers /v1/models, and proxies may answer more than one. */
static const struct {
    const char *path, *pointer;
    const struct assay_llm_dialect *dialect;
} SIGNS[] = {
    {"/props", "/default_generation_settings", &assay_llm_llamacpp},
    {"/api/version", "/version", &assay_llm_ollama},
    {"/version", "/version", &assay_llm_vllm},
    {"/v1/models", "/data", &assay_llm_openai},
};

static assay_code recognise(struct assay_llm_state *state, assay_err *err)
{
    for (size_t i = 0; i < sizeof SIGNS / sizeof SIGNS[0]; i++) {
        json_t *answer = NULL;
        int status = 0;
        assay_code rc = assay_llm_ask(state, SIGNS[i].path, NULL, &status, &answer, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        bool is_it = status == 200 && assay_json_at(answer, SIGNS[i].pointer) != NULL;
        json_decref(answer);
        if (is_it) {
            state->dialect = SIGNS[i].dialect;
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_UNSUPPORTED,
                      "%s answers none of /props, /api/version, /version and /v1/models as a known server does; name "
                      "its --dialect",
                      state->options.url);
}

/* The words of --api, by dialect: "generate" is Ollama's word for plain text, "completion" llama.cpp's own endpoint. */
static assay_code choose_endpoint(struct assay_llm_state *state, assay_err *err)
{
    static const enum assay_llm_api apis[] = {ASSAY_LLM_API_AUTO, ASSAY_LLM_API_CHAT, ASSAY_LLM_API_TEXT,
                                              ASSAY_LLM_API_TEXT, ASSAY_LLM_API_NATIVE};
    const struct assay_llm_dialect *dialect = state->dialect;
    enum assay_llm_api asked = apis[state->options.api];
    for (size_t i = 0; i < dialect->endpoints_count; i++) {
        if (asked == ASSAY_LLM_API_AUTO || dialect->endpoints[i].api == asked) {
            state->endpoint = &dialect->endpoints[i];
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "--api completion is an endpoint of llama.cpp, and the dialect is %s",
                      dialect->name);
}

assay_code assay_llm_dialect_choose(struct assay_llm_state *state, assay_err *err)
{
    if (state->options.dialect == 0) {
        assay_code rc = recognise(state, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    } else {
        state->dialect = DIALECTS[state->options.dialect - 1];
    }
    return choose_endpoint(state, err);
}

/* ---- parts of bodies -------------------------------------------------------------------------------------------- */

void assay_llm_put_text(struct assay_buf *out, const char *name, const char *value)
{
    assay_buf_printf(out, ",\"%s\":", name);
    assay_json_quote(out, value, strlen(value));
}

void assay_llm_put_number(struct assay_buf *out, const char *name, double value)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    assay_num_print_shortest(value, text);
    assay_buf_printf(out, ",\"%s\":%s", name, text);
}

void assay_llm_put_u64(struct assay_buf *out, const char *name, uint64_t value)
{
    assay_buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)value);
}

/* An empty list is sent too: the model's files may hold stop texts of their own. */
void assay_llm_put_stop(struct assay_buf *out, const struct assay_llm_options *options)
{
    assay_buf_text(out, ",\"stop\":[");
    for (size_t i = 0; i < options->stop.count; i++) {
        assay_buf_text(out, i > 0 ? "," : "");
        assay_json_quote(out, options->stop.items[i], strlen(options->stop.items[i]));
    }
    assay_buf_char(out, ']');
}

void assay_llm_put_prompt(struct assay_buf *out, enum assay_llm_api api)
{
    if (api == ASSAY_LLM_API_CHAT) {
        assay_buf_printf(out, ",\"messages\":[{\"role\":\"user\",\"content\":\"%c\"}]", ASSAY_LLM_MARK_PROMPT);
    } else {
        assay_buf_printf(out, ",\"prompt\":\"%c\"", ASSAY_LLM_MARK_PROMPT);
    }
}

void assay_llm_put_openai(struct assay_buf *out, const struct assay_llm_body *body)
{
    const struct assay_llm_options *options = body->options;
    bool is_chat = body->endpoint->api == ASSAY_LLM_API_CHAT;
    assay_buf_text(out, "{\"model\":");
    assay_json_quote(out, body->model, strlen(body->model));
    assay_llm_put_prompt(out, body->endpoint->api);
    assay_buf_printf(out, ",\"max_tokens\":%c,\"stream\":true,\"n\":1", ASSAY_LLM_MARK_TOKENS);
    assay_llm_put_number(out, "temperature", options->temperature);
    assay_llm_put_number(out, "top_p", options->top_p);
    assay_llm_put_number(out, "presence_penalty", options->presence_penalty);
    assay_llm_put_number(out, "frequency_penalty", options->frequency_penalty);
    assay_llm_put_u64(out, "seed", options->sampling_seed);
    assay_llm_put_stop(out, options);
    if (options->logprobs) {
        assay_buf_text(out, is_chat ? ",\"logprobs\":true,\"top_logprobs\":0" : ",\"logprobs\":1");
    }
}
