#include "serve/truth_request.h"

#include "base/rng.h"
#include "json/json.h"

#include <string.h>

static const struct {
    const char *path;
    enum truth_api api;
} PATHS[] = {
    {"/v1/chat/completions", TRUTH_API_CHAT},     {"/chat/completions", TRUTH_API_CHAT},
    {"/v1/completions", TRUTH_API_TEXT},          {"/completion", TRUTH_API_NATIVE},
    {"/completions", TRUTH_API_NATIVE},           {"/api/chat", TRUTH_API_OLLAMA_CHAT},
    {"/api/generate", TRUTH_API_OLLAMA_GENERATE},
};

bool truth_request_api(struct assay_slice path, enum truth_api *ret)
{
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        if (assay_slice_is(path, PATHS[i].path)) {
            *ret = PATHS[i].api;
            return true;
        }
    }
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

uint64_t truth_request_words(const char *text, size_t len)
{
    uint64_t words = 0;
    bool is_inside = false;
    for (size_t i = 0; i < len; i++) {
        bool is_letter = !is_space(text[i]);
        words += is_letter && !is_inside;
        is_inside = is_letter;
    }
    return words;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first run of exactly 16 lower-case hexadecimal digits: where a prompt's salt stands. 0: none. */
static uint64_t find_salt(const char *text, size_t len)
{
    enum { SALT_DIGITS = 16 };
    uint64_t value = 0;
    size_t run = 0;
    for (size_t i = 0; i <= len; i++) {
        int digit = i < len ? hex_value(text[i]) : -1;
        if (digit >= 0) {
            value = value << 4 | (uint64_t)digit;
            run++;
            continue;
        }
        if (run == SALT_DIGITS) {
            return value;
        }
        run = 0;
        value = 0;
    }
    return 0;
}

/* Counts one text of the prompt. The salt is in the first that has one. */
static void take_text(const json_t *value, struct truth_ask *ask)
{
    if (!json_is_string(value)) {
        return;
    }
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    ask->prompt_words += truth_request_words(text, len);
    ask->prompt_hash = ask->prompt_hash * UINT64_C(0x9E3779B97F4A7C15) ^ assay_fnv1a64(text, len);
    if (ask->salt == 0) {
        ask->salt = find_salt(text, len);
    }
}

static void take_prompt(const json_t *root, struct truth_ask *ask)
{
    take_text(json_object_get(root, "prompt"), ask);
    take_text(json_object_get(root, "system"), ask);
    const json_t *messages = json_object_get(root, "messages");
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        const json_t *content = json_object_get(message, "content");
        take_text(content, ask);
        size_t j;
        json_t *part;
        json_array_foreach(content, j, part)
        {
            take_text(json_object_get(part, "text"), ask);
        }
    }
}

static uint64_t positive(const json_t *value)
{
    json_int_t n = json_is_integer(value) ? json_integer_value(value) : 0;
    return n > 0 ? (uint64_t)n : 0;
}

static uint64_t tokens_asked(const json_t *root)
{
    static const char *const NAMES[] = {"max_tokens", "max_completion_tokens", "n_predict"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        uint64_t n = positive(json_object_get(root, NAMES[i]));
        if (n > 0) {
            return n;
        }
    }
    return positive(json_object_get(json_object_get(root, "options"), "num_predict"));
}

static bool is_zero(const json_t *value)
{
    return (json_is_integer(value) && json_integer_value(value) == 0) ||
           (json_is_string(value) && json_string_value(value)[0] == '0');
}

bool truth_request_read(enum truth_api api, struct assay_slice body, struct truth_ask *ret, assay_err *err)
{
    json_t *root = NULL;
    if (assay_json_read(body.data ? body.data : "", body.len, &assay_json_limits_default, &root, err) != ASSAY_OK) {
        return false;
    }
    *ret = (struct truth_ask){.api = api};
    const char *model = json_string_value(json_object_get(root, "model"));
    if (model) {
        size_t len = strlen(model);
        memcpy(ret->model, model, len < sizeof ret->model ? len : sizeof ret->model - 1);
    }
    take_prompt(root, ret);
    bool is_ollama = api == TRUTH_API_OLLAMA_CHAT || api == TRUTH_API_OLLAMA_GENERATE;
    const json_t *stream = json_object_get(root, "stream");
    const json_t *options = json_object_get(root, "stream_options");
    ret->streams = stream ? json_is_true(stream) : is_ollama; /* Ollama streams unless told not to */
    ret->tokens = tokens_asked(root);
    ret->wants_usage = json_is_true(json_object_get(options, "include_usage"));
    ret->wants_running_usage = json_is_true(json_object_get(options, "continuous_usage_stats"));
    const json_t *logprobs = json_object_get(root, "logprobs");
    ret->wants_logprobs = json_is_true(logprobs) || positive(logprobs) > 0;
    ret->wants_token_ids =
        json_is_true(json_object_get(root, "return_tokens")) || json_is_true(json_object_get(root, "return_token_ids"));
    ret->wants_timings = json_is_true(json_object_get(root, "timings_per_token"));
    ret->is_empty = is_ollama && ret->prompt_words == 0;
    ret->unloads = is_ollama && is_zero(json_object_get(root, "keep_alive"));
    json_decref(root);
    return true;
}
