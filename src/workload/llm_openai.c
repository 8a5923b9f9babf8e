/* Any server that speaks OpenAI's HTTP interface, without extras. */
#include "workload/llm.h"

static const struct assay_llm_endpoint ENDPOINTS[] = {
    {ASSAY_LLM_API_CHAT, "/v1/chat/completions", ASSAY_LLM_OPENAI, ASSAY_LLM_SSE},
    {ASSAY_LLM_API_TEXT, "/v1/completions", ASSAY_LLM_OPENAI, ASSAY_LLM_SSE},
};

static void write_body(const struct assay_llm_body *body, struct assay_buf *out)
{
    assay_llm_put_openai(out, body);
    assay_buf_text(out, ",\"stream_options\":{\"include_usage\":true}}");
}

static const struct assay_llm_fact FACTS[] = {
    {"model", "/v1/models", "/data", "/id", false},
    {"model_digest", "/v1/models", "/data", "/digest", false}, /* `assay lm serve` says it */
    {"model_root", "/v1/models", "/data", "/root", false},
    {"owner", "/v1/models", "/data", "/owned_by", false},
    {"context_tokens", "/v1/models", "/data", "/max_model_len", false},
};

const struct assay_llm_dialect assay_llm_openai = {
    .name = "openai",
    .endpoints = ENDPOINTS,
    .endpoints_count = sizeof ENDPOINTS / sizeof ENDPOINTS[0],
    .write_body = write_body,
    .facts = FACTS,
    .facts_count = sizeof FACTS / sizeof FACTS[0],
};
