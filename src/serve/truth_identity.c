#include "serve/truth_identity.h"

#include "base/clock.h"
#include "serve/truth_request.h"
#include "json/json.h"

#include <string.h>

#define MODIFIED_AT "2026-01-01T00:00:00Z" /* a model of a script has no file whose age could be told */

const char *truth_identity_digest(const struct truth_state *state)
{
    const struct truth_identity *identity = state->identity;
    bool has_changed = identity->next_digest && state->requests >= identity->next_digest_after;
    return has_changed ? identity->next_digest : identity->digest;
}

static void put_quoted(struct assay_buf *out, const char *text)
{
    assay_json_quote(out, text, strlen(text));
}

static void put_details(const struct truth_state *state, struct assay_buf *out)
{
    assay_buf_text(out, "{\"format\":\"gguf\",\"family\":\"truth\",\"parameter_size\":\"1M\",\"quantization_level\":");
    put_quoted(out, state->identity->quantization);
    assay_buf_char(out, '}');
}

/* The models that the server lists: that of the identity, and those that entries of the script answer for. */
#define MODELS_MAX 256 /* a list that a person wrote; entries beyond are played but not listed */

static size_t list_models(const struct truth_state *state, const char *models[MODELS_MAX])
{
    size_t count = 0;
    models[count++] = state->identity->model;
    for (size_t i = 0; i < state->script->streams_count && count < MODELS_MAX; i++) {
        const char *model = state->script->streams[i].model;
        bool is_new = model != NULL;
        for (size_t j = 0; is_new && j < count; j++) {
            is_new = strcmp(models[j], model) != 0;
        }
        if (is_new) {
            models[count++] = model;
        }
    }
    return count;
}

/* Appends one object a model, made by put, with commas. */
static void put_each(const struct truth_state *state, struct assay_buf *out,
                     void (*put)(const struct truth_state *, const char *, struct assay_buf *))
{
    const char *models[MODELS_MAX];
    size_t count = list_models(state, models);
    for (size_t i = 0; i < count; i++) {
        assay_buf_text(out, i ? "," : "");
        put(state, models[i], out);
    }
}

/* Name, digest and size, as /api/tags and /api/ps list them. */
static void put_ollama_model(const struct truth_state *state, const char *model, struct assay_buf *out)
{
    assay_buf_text(out, "{\"name\":");
    put_quoted(out, model);
    assay_buf_text(out, ",\"model\":");
    put_quoted(out, model);
    assay_buf_text(out, ",\"digest\":");
    put_quoted(out, truth_identity_digest(state));
    assay_buf_printf(out, ",\"size\":%llu,\"details\":", (unsigned long long)state->identity->size_bytes);
    put_details(state, out);
    if (state->identity->remote_model) {
        assay_buf_text(out, ",\"remote_model\":");
        put_quoted(out, state->identity->remote_model);
        assay_buf_text(out, ",\"remote_host\":\"https://remote.invalid\"");
    }
}

static void put_version(const struct truth_state *state, struct assay_buf *out)
{
    assay_buf_text(out, "{\"version\":");
    put_quoted(out, state->identity->version);
    assay_buf_char(out, '}');
}

static void put_tag(const struct truth_state *state, const char *model, struct assay_buf *out)
{
    put_ollama_model(state, model, out);
    assay_buf_text(out, ",\"modified_at\":\"" MODIFIED_AT "\"}");
}

static void put_tags(const struct truth_state *state, struct assay_buf *out)
{
    assay_buf_text(out, "{\"models\":[");
    put_each(state, out, put_tag);
    assay_buf_text(out, "]}");
}

static void put_resident(const struct truth_state *state, const char *model, struct assay_buf *out)
{
    put_ollama_model(state, model, out);
    assay_buf_printf(out, ",\"size_vram\":%llu,\"context_length\":%llu,\"expires_at\":\"2318-01-01T00:00:00Z\"}",
                     (unsigned long long)state->identity->size_vram_bytes,
                     (unsigned long long)state->identity->context_tokens);
}

static void put_ps(const struct truth_state *state, struct assay_buf *out)
{
    assay_buf_text(out, "{\"models\":[");
    if (state->is_resident) {
        put_each(state, out, put_resident);
    }
    assay_buf_text(out, "]}");
}

static void put_show(const struct truth_state *state, struct assay_buf *out)
{
    const struct truth_identity *identity = state->identity;
    assay_buf_text(out, "{\"details\":");
    put_details(state, out);
    assay_buf_printf(out,
                     ",\"model_info\":{\"general.architecture\":\"truth\",\"general.parameter_count\":%llu,"
                     "\"truth.context_length\":%llu},\"template\":\"{{ .Prompt }}\",\"parameters\":\"\","
                     "\"capabilities\":[\"completion\"],\"modified_at\":\"" MODIFIED_AT "\"",
                     (unsigned long long)identity->parameters, (unsigned long long)identity->context_tokens);
    if (identity->remote_model) {
        assay_buf_text(out, ",\"remote_model\":");
        put_quoted(out, identity->remote_model);
        assay_buf_text(out, ",\"remote_host\":\"https://remote.invalid\"");
    }
    assay_buf_char(out, '}');
}

static void put_openai_model(const struct truth_state *state, const char *model, struct assay_buf *out)
{
    const struct truth_identity *identity = state->identity;
    assay_buf_text(out, "{\"id\":");
    put_quoted(out, model);
    assay_buf_text(out, ",\"object\":\"model\",\"created\":0,\"owned_by\":\"assay-truth\",\"root\":");
    put_quoted(out, model);
    assay_buf_printf(out, ",\"max_model_len\":%llu,\"meta\":{\"n_params\":%llu,\"size\":%llu,\"n_ctx_train\":%llu}}",
                     (unsigned long long)identity->context_tokens, (unsigned long long)identity->parameters,
                     (unsigned long long)identity->size_bytes, (unsigned long long)identity->context_tokens);
}

static void put_models(const struct truth_state *state, struct assay_buf *out)
{
    assay_buf_text(out, "{\"object\":\"list\",\"data\":[");
    put_each(state, out, put_openai_model);
    assay_buf_text(out, "]}");
}

static void put_props(const struct truth_state *state, struct assay_buf *out)
{
    const struct truth_identity *identity = state->identity;
    assay_buf_printf(out,
                     "{\"default_generation_settings\":{\"n_ctx\":%llu,\"params\":{}},\"total_slots\":%llu,"
                     "\"model_path\":\"/nonexistent/truth.gguf\",\"is_sleeping\":false,\"chat_template\":\"\","
                     "\"build_info\":",
                     (unsigned long long)identity->context_tokens, (unsigned long long)identity->slots);
    put_quoted(out, identity->version);
    assay_buf_text(out, ",\"model_alias\":");
    put_quoted(out, identity->model);
    assay_buf_char(out, '}');
}

static void put_slots(const struct truth_state *state, struct assay_buf *out)
{
    assay_buf_char(out, '[');
    for (uint64_t i = 0; i < state->identity->slots; i++) {
        assay_buf_printf(out, "%s{\"id\":%llu,\"n_ctx\":%llu,\"is_processing\":%s}", i ? "," : "",
                         (unsigned long long)i, (unsigned long long)state->identity->context_tokens,
                         i < state->streaming ? "true" : "false");
    }
    assay_buf_char(out, ']');
}

/* The counters of both servers that publish some, in Prometheus text. */
static void put_metrics(const struct truth_state *state, struct assay_buf *out)
{
    const struct {
        const char *name, *type;
        uint64_t value;
    } rows[] = {
        {"vllm:num_requests_running", "gauge", state->streaming},
        {"vllm:num_requests_waiting", "gauge", 0},
        {"vllm:prefix_cache_queries_total", "counter", state->prompt_tokens},
        {"vllm:prefix_cache_hits_total", "counter", state->cached_tokens},
        {"vllm:generation_tokens_total", "counter", state->output_tokens},
        {"llamacpp:requests_processing", "gauge", state->streaming},
        {"llamacpp:requests_deferred", "gauge", 0},
        {"llamacpp:tokens_predicted_total", "counter", state->output_tokens},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assay_buf_printf(out, "# TYPE %s %s\n%s %llu\n", rows[i].name, rows[i].type, rows[i].name,
                         (unsigned long long)rows[i].value);
    }
    assay_buf_text(out, "# TYPE vllm:cache_config_info gauge\nvllm:cache_config_info{cache_dtype=\"auto\"} 1\n");
}

static void put_health(const struct truth_state *state, struct assay_buf *out)
{
    bool is_loading = state->now_ns - state->origin_ns < state->identity->loading_ns;
    assay_buf_text(out, is_loading ? "{\"error\":{\"code\":503,\"message\":\"Loading model\","
                                     "\"type\":\"unavailable_error\"}}"
                                   : "{\"status\":\"ok\"}");
}

/* Who answers which path. A script without a dialect answers all of them. */
#define OF(dialect) (1U << (dialect))
#define OF_LLAMACPP OF(TRUTH_LLAMACPP)
#define OF_VLLM OF(TRUTH_VLLM)
#define OF_OLLAMA OF(TRUTH_OLLAMA)
#define OF_ALL (OF(TRUTH_OPENAI) | OF_OLLAMA | OF_LLAMACPP | OF_VLLM)
#define TOKENIZERS (OF_LLAMACPP | OF_VLLM)

#define JSON_TYPE "application/json"

static const struct {
    const char *path, *type;
    unsigned dialects;
    void (*put)(const struct truth_state *state, struct assay_buf *out);
} ANSWERS[] = {
    {"/api/version", JSON_TYPE, OF_OLLAMA, put_version},
    {"/api/tags", JSON_TYPE, OF_OLLAMA, put_tags},
    {"/api/ps", JSON_TYPE, OF_OLLAMA, put_ps},
    {"/api/show", JSON_TYPE, OF_OLLAMA, put_show},
    {"/v1/models", JSON_TYPE, OF_ALL, put_models},
    {"/models", JSON_TYPE, OF_LLAMACPP, put_models},
    {"/version", JSON_TYPE, OF_VLLM, put_version},
    {"/props", JSON_TYPE, OF_LLAMACPP, put_props},
    {"/slots", JSON_TYPE, OF_LLAMACPP, put_slots},
    {"/health", JSON_TYPE, OF_LLAMACPP | OF_VLLM, put_health},
    {"/metrics", "text/plain; version=0.0.4", OF_LLAMACPP | OF_VLLM, put_metrics},
};

static bool speaks(const struct truth_state *state, unsigned dialects)
{
    return state->dialect == TRUTH_AUTO || (dialects & OF(state->dialect)) != 0;
}

/* llama.cpp takes `content` and returns `tokens`; vLLM takes `prompt` and returns `count` beside them. */
static unsigned answer_tokenize(struct assay_slice body, struct assay_buf *out)
{
    json_t *root = NULL;
    assay_err err = {0};
    if (assay_json_read(body.data ? body.data : "", body.len, &assay_json_limits_default, &root, &err) != ASSAY_OK) {
        assay_buf_text(out, "{\"error\":\"not JSON\"}");
        return 400;
    }
    const json_t *content = json_object_get(root, "content");
    const json_t *text = content ? content : json_object_get(root, "prompt");
    uint64_t words = json_is_string(text) ? truth_request_words(json_string_value(text), json_string_length(text)) : 0;
    json_decref(root);
    assay_buf_text(out, "{");
    if (!content) {
        assay_buf_printf(out, "\"count\":%llu,\"max_model_len\":32768,", (unsigned long long)words);
    }
    assay_buf_text(out, "\"tokens\":[");
    for (uint64_t i = 0; i < words; i++) {
        assay_buf_printf(out, "%s%llu", i ? "," : "", (unsigned long long)(100 + i));
    }
    assay_buf_text(out, "]}");
    return 200;
}

bool truth_identity_answer(const struct truth_state *state, struct assay_slice path, struct assay_slice body,
                           struct assay_buf *out, unsigned *ret_status, const char **ret_type)
{
    *ret_status = 200;
    *ret_type = "application/json";
    if (assay_slice_is(path, "/tokenize") && speaks(state, TOKENIZERS)) {
        *ret_status = answer_tokenize(body, out);
        return true;
    }
    for (size_t i = 0; i < sizeof ANSWERS / sizeof ANSWERS[0]; i++) {
        if (assay_slice_is(path, ANSWERS[i].path) && speaks(state, ANSWERS[i].dialects)) {
            ANSWERS[i].put(state, out);
            *ret_type = ANSWERS[i].type;
            if (ANSWERS[i].put == put_health && state->now_ns - state->origin_ns < state->identity->loading_ns) {
                *ret_status = 503;
            }
            return true;
        }
    }
    *ret_status = 404;
    return false;
}
