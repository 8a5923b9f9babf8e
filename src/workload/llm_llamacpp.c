/* llama.cpp's server: OpenAI's endpoints with extras, and its own /completion. */
#include "workload/llm.h"

static const struct assay_llm_endpoint ENDPOINTS[] = {
    {ASSAY_LLM_API_CHAT, "/v1/chat/completions", ASSAY_LLM_OPENAI, ASSAY_LLM_SSE},
    {ASSAY_LLM_API_TEXT, "/v1/completions", ASSAY_LLM_OPENAI, ASSAY_LLM_SSE},
    {ASSAY_LLM_API_NATIVE, "/completion", ASSAY_LLM_NATIVE, ASSAY_LLM_SSE},
};

static void put_native(struct assay_buf *out, const struct assay_llm_options *options)
{
    assay_buf_printf(out, "{\"prompt\":\"%c\",\"n_predict\":%c,\"stream\":true,\"return_tokens\":true",
                     ASSAY_LLM_MARK_PROMPT, ASSAY_LLM_MARK_TOKENS);
    assay_llm_put_number(out, "temperature", options->temperature);
    assay_llm_put_number(out, "top_p", options->top_p);
    assay_llm_put_number(out, "presence_penalty", options->presence_penalty);
    assay_llm_put_number(out, "frequency_penalty", options->frequency_penalty);
    assay_llm_put_u64(out, "seed", options->sampling_seed);
    assay_llm_put_stop(out, options);
}

static void write_body(const struct assay_llm_body *body, struct assay_buf *out)
{
    const struct assay_llm_options *options = body->options;
    if (body->endpoint->api == ASSAY_LLM_API_NATIVE) {
        put_native(out, options);
    } else {
        assay_llm_put_openai(out, body);
        assay_buf_text(out, ",\"stream_options\":{\"include_usage\":true}");
    }
    assay_llm_put_u64(out, "top_k", options->top_k);
    assay_llm_put_number(out, "min_p", options->min_p);
    assay_llm_put_number(out, "repeat_penalty", options->repeat_penalty);
    assay_buf_printf(out, ",\"cache_prompt\":%s,\"ignore_eos\":%s,\"timings_per_token\":true,\"sse_ping_interval\":-1",
                     options->state == ASSAY_LLM_CACHED ? "true" : "false", options->ignore_eos ? "true" : "false");
    if (options->reasoning != ASSAY_LLM_REASONING_AUTO) {
        assay_buf_printf(out, ",\"chat_template_kwargs\":{\"enable_thinking\":%s}",
                         options->reasoning == ASSAY_LLM_REASONING_ON ? "true" : "false");
    }
    assay_buf_char(out, '}');
}

static const struct assay_llm_fact FACTS[] = {
    {"engine_version", "/props", NULL, "/build_info", false},
    {"context_tokens", "/props", NULL, "/default_generation_settings/n_ctx", false},
    {"slots", "/props", NULL, "/total_slots", false},
    {"model_path", "/props", NULL, "/model_path", false},
    {"quantisation", "/props", NULL, "/model_ftype", false},
    {"model", "/v1/models", NULL, "/data/0/id", false},
    {"model_parameters", "/v1/models", NULL, "/data/0/meta/n_params", false},
    {"model_bytes", "/v1/models", NULL, "/data/0/meta/size", false},
    {"vocabulary", "/v1/models", NULL, "/data/0/meta/n_vocab", false},
};

/* /slots may be switched off (501), then /metrics may be on. */
static assay_code count_busy(struct assay_llm_state *state, int *ret, assay_err *err)
{
    json_t *slots = NULL;
    int status = 0;
    *ret = -1;
    assay_code rc = assay_llm_ask(state, "/slots", NULL, &status, &slots, err);
    if (rc == ASSAY_OK && status == 200 && json_is_array(slots)) {
        *ret = 0;
        for (size_t i = 0; i < json_array_size(slots); i++) {
            *ret += json_is_true(json_object_get(json_array_get(slots, i), "is_processing"));
        }
    }
    json_decref(slots);
    if (rc != ASSAY_OK || *ret >= 0) {
        return rc;
    }
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_LLM_ANSWER_BYTES_MAX);
    rc = assay_llm_ask_text(state, "/metrics", NULL, &status, &text, err);
    if (rc == ASSAY_OK && status == 200) {
        double running = assay_llm_gauge(&text, "llamacpp:requests_processing");
        double waiting = assay_llm_gauge(&text, "llamacpp:requests_deferred");
        *ret = running < 0 ? -1 : (int)(running + (waiting > 0 ? waiting : 0));
    }
    assay_buf_done(&text);
    return rc;
}

/* /health is 503 while the model is loaded; an idle server may have put it out of memory (is_sleeping). */
static assay_code is_resident(struct assay_llm_state *state, int *ret, assay_err *err)
{
    json_t *props = NULL;
    int status = 0;
    *ret = 0;
    assay_code rc = assay_llm_ask(state, "/health", NULL, &status, NULL, err);
    if (rc != ASSAY_OK || status != 200) {
        return rc;
    }
    rc = assay_llm_ask(state, "/props", NULL, &status, &props, err);
    *ret = !json_is_true(json_object_get(props, "is_sleeping"));
    json_decref(props);
    return rc;
}

const struct assay_llm_dialect assay_llm_llamacpp = {
    .name = "llamacpp",
    .endpoints = ENDPOINTS,
    .endpoints_count = sizeof ENDPOINTS / sizeof ENDPOINTS[0],
    .write_body = write_body,
    .facts = FACTS,
    .facts_count = sizeof FACTS / sizeof FACTS[0],
    .long_slack = 3, /* n_predict is exceeded while a character of up to four bytes is not complete */
    .knows_ignore_eos = true,
    .count_busy = count_busy,
    .is_resident = is_resident,
};
