/* vLLM: OpenAI's endpoints, running usage, cache salts. */
#include "workload/llm.h"

static const struct assay_llm_endpoint ENDPOINTS[] = {
    {ASSAY_LLM_API_CHAT, "/v1/chat/completions", ASSAY_LLM_OPENAI, ASSAY_LLM_SSE},
    {ASSAY_LLM_API_TEXT, "/v1/completions", ASSAY_LLM_OPENAI, ASSAY_LLM_SSE},
};

static void write_body(const struct assay_llm_body *body, struct assay_buf *out)
{
    const struct assay_llm_options *options = body->options;
    assay_llm_put_openai(out, body);
    assay_buf_text(out, ",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}");
    assay_buf_printf(out, ",\"top_k\":%lld", options->top_k == 0 ? -1LL : (long long)options->top_k);
    assay_llm_put_number(out, "min_p", options->min_p);
    assay_llm_put_number(out, "repetition_penalty", options->repeat_penalty);
    assay_buf_printf(out, ",\"ignore_eos\":%s", options->ignore_eos ? "true" : "false");
    if (options->ignore_eos && options->stop.count == 0) { /* stop texts are not looked for below min_tokens */
        assay_buf_printf(out, ",\"min_tokens\":%c", ASSAY_LLM_MARK_TOKENS);
    }
    if (options->state == ASSAY_LLM_WARM) { /* a cache of its own for every request: nothing is shared */
        assay_buf_printf(out, ",\"cache_salt\":\"%c\"", ASSAY_LLM_MARK_SALT);
    }
    if (options->reasoning != ASSAY_LLM_REASONING_AUTO) {
        assay_buf_printf(out, ",\"chat_template_kwargs\":{\"enable_thinking\":%s}",
                         options->reasoning == ASSAY_LLM_REASONING_ON ? "true" : "false");
    }
    assay_buf_char(out, '}');
}

static const struct assay_llm_fact FACTS[] = {
    {"engine_version", "/version", NULL, "/version", false},
    {"model", "/v1/models", "/data", "/id", false},
    {"model_root", "/v1/models", "/data", "/root", false},
    {"context_tokens", "/v1/models", "/data", "/max_model_len", false},
};

static assay_code count_busy(struct assay_llm_state *state, int *ret, assay_err *err)
{
    struct assay_buf text;
    int status = 0;
    *ret = -1;
    assay_buf_init(&text, ASSAY_LLM_ANSWER_BYTES_MAX);
    assay_code rc = assay_llm_ask_text(state, "/metrics", NULL, &status, &text, err);
    if (rc == ASSAY_OK && status == 200) {
        double running = assay_llm_gauge(&text, "vllm:num_requests_running");
        double waiting = assay_llm_gauge(&text, "vllm:num_requests_waiting");
        *ret = running < 0 ? -1 : (int)(running + (waiting > 0 ? waiting : 0));
    }
    assay_buf_done(&text);
    return rc;
}

static assay_code is_resident(struct assay_llm_state *state, int *ret, assay_err *err)
{
    int status = 0;
    assay_code rc = assay_llm_ask(state, "/health", NULL, &status, NULL, err);
    *ret = status == 200;
    return rc;
}

const struct assay_llm_dialect assay_llm_vllm = {
    .name = "vllm",
    .endpoints = ENDPOINTS,
    .endpoints_count = sizeof ENDPOINTS / sizeof ENDPOINTS[0],
    .write_body = write_body,
    .facts = FACTS,
    .facts_count = sizeof FACTS / sizeof FACTS[0],
    .knows_ignore_eos = true,
    .count_busy = count_busy,
    .is_resident = is_resident,
};
