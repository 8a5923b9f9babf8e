/* Ollama's own endpoints. */
#include "workload/llm.h"

#include "base/clock.h"

static const struct assay_llm_endpoint ENDPOINTS[] = {
    {ASSAY_LLM_API_CHAT, "/api/chat", ASSAY_LLM_OLLAMA, ASSAY_LLM_NDJSON},
    {ASSAY_LLM_API_TEXT, "/api/generate", ASSAY_LLM_OLLAMA, ASSAY_LLM_NDJSON},
};

static void write_options(struct assay_buf *out, const struct assay_llm_options *options)
{
    assay_buf_printf(out, ",\"options\":{\"num_predict\":%c", ASSAY_LLM_MARK_TOKENS);
    assay_llm_put_number(out, "temperature", options->temperature);
    assay_llm_put_number(out, "top_p", options->top_p);
    assay_llm_put_u64(out, "top_k", options->top_k);
    assay_llm_put_number(out, "min_p", options->min_p);
    assay_llm_put_number(out, "repeat_penalty", options->repeat_penalty);
    assay_llm_put_number(out, "presence_penalty", options->presence_penalty);
    assay_llm_put_number(out, "frequency_penalty", options->frequency_penalty);
    assay_llm_put_u64(out, "seed", options->sampling_seed);
    assay_llm_put_stop(out, options);
    if (options->context > 0) {
        assay_llm_put_u64(out, "num_ctx", options->context);
    }
    assay_buf_char(out, '}');
}

/* truncate and shift off: a prompt that is too long is an error instead of a shorter prompt. */
static void write_body(const struct assay_llm_body *body, struct assay_buf *out)
{
    const struct assay_llm_options *options = body->options;
    assay_buf_text(out, "{\"model\":");
    assay_json_quote(out, body->model, strlen(body->model));
    assay_llm_put_prompt(out, body->endpoint->api);
    assay_buf_text(out, ",\"stream\":true,\"truncate\":false,\"shift\":false");
    assay_llm_put_text(out, "keep_alive", options->model_ttl);
    if (options->reasoning != ASSAY_LLM_REASONING_AUTO) {
        assay_buf_printf(out, ",\"think\":%s", options->reasoning == ASSAY_LLM_REASONING_ON ? "true" : "false");
    }
    if (options->logprobs) {
        assay_buf_text(out, ",\"logprobs\":true");
    }
    write_options(out, options);
    assay_buf_char(out, '}');
}

static const struct assay_llm_fact FACTS[] = {
    {"engine_version", "/api/version", NULL, "/version", false},
    {"model", "/api/tags", "/models", "/name", false},
    {"model_digest", "/api/tags", "/models", "/digest", false},
    {"model_bytes", "/api/tags", "/models", "/size", false},
    {"remote_model", "/api/tags", "/models", "/remote_model", false},
    {"remote_host", "/api/tags", "/models", "/remote_host", false},
    {"quantisation", "/api/show", NULL, "/details/quantization_level", true},
    {"model_family", "/api/show", NULL, "/details/family", true},
    {"model_parameters", "/api/show", NULL, "/model_info/general.parameter_count", true},
    {"loaded_digest", "/api/ps", "/models", "/digest", false},
    {"loaded_bytes", "/api/ps", "/models", "/size", false},
    {"loaded_gpu_bytes", "/api/ps", "/models", "/size_vram", false},
    {"context_tokens", "/api/ps", "/models", "/context_length", false},
};

static assay_code is_resident(struct assay_llm_state *state, int *ret, assay_err *err)
{
    json_t *loaded = NULL;
    int status = 0;
    *ret = -1;
    assay_code rc = assay_llm_ask(state, "/api/ps", NULL, &status, &loaded, err);
    const json_t *models = json_object_get(loaded, "models");
    if (rc == ASSAY_OK && status == 200 && json_is_array(models)) {
        *ret = 0;
        for (size_t i = 0; i < json_array_size(models); i++) {
            const char *name = json_string_value(json_object_get(json_array_get(models, i), "name"));
            *ret |= name != NULL && strcmp(name, state->model) == 0;
        }
    }
    json_decref(loaded);
    return rc;
}

#define UNLOAD_TRIES 300 /* of 100 ms: half a minute */

/* An empty prompt with keep_alive 0 asks for it; /api/ps tells when it is done. */
static assay_code unload(struct assay_llm_state *state, assay_err *err)
{
    struct assay_buf body;
    assay_buf_init(&body, 4096);
    assay_buf_text(&body, "{\"model\":");
    assay_json_quote(&body, state->model, strlen(state->model));
    assay_buf_text(&body, ",\"keep_alive\":0,\"stream\":false}");
    int status = 0, is_there = 1;
    assay_code rc = assay_buf_check(&body, err);
    if (rc == ASSAY_OK) {
        rc = assay_llm_ask(state, "/api/generate", body.data, &status, NULL, err);
    }
    assay_buf_done(&body);
    for (int i = 0; rc == ASSAY_OK && is_there == 1 && i < UNLOAD_TRIES; i++) {
        rc = is_resident(state, &is_there, err);
        if (is_there == 1) {
            assay_clock_system.sleep_until_ns(assay_clock_system.self, assay_clock_mono_ns() + 100 * ASSAY_NS_PER_MS);
        }
    }
    if (rc == ASSAY_OK && is_there != 0) {
        return assay_fail(err, ASSAY_UNDECIDED, "model '%s' could not be unloaded: it is still in /api/ps (HTTP %d)",
                          state->model, status);
    }
    return rc;
}

const struct assay_llm_dialect assay_llm_ollama = {
    .name = "ollama",
    .endpoints = ENDPOINTS,
    .endpoints_count = sizeof ENDPOINTS / sizeof ENDPOINTS[0],
    .write_body = write_body,
    .facts = FACTS,
    .facts_count = sizeof FACTS / sizeof FACTS[0],
    .is_resident = is_resident,
    .unload = unload,
};
