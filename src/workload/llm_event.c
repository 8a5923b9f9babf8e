#include "workload/llm_event.h"

#include "workload/llm_members.h"

#include "base/num.h"

#include <assert.h>
#include <stddef.h>

/* ---- content ---------------------------------------------------------------------------------------------------- */

static bool add_piece(struct assay_llm_scan *scan, struct assay_llm_event *event, struct assay_llm_text text,
                      enum assay_chunk_kind kind)
{
    if (text.len == 0) {
        return true;
    }
    if (event->pieces_count == ASSAY_LLM_PIECES_MAX) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_COUNT);
    }
    event->pieces[event->pieces_count].text = text;
    event->pieces[event->pieces_count].kind = kind;
    event->pieces_count++;
    event->has |= ASSAY_LLM_HAS_CONTENT;
    return true;
}

static bool read_content(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    struct assay_llm_text text;
    return assay_llm_read_text(scan, &text) && add_piece(scan, event, text, ASSAY_CHUNK_TEXT);
}

/* Servers between two versions send the same text as reasoning and as reasoning_content: it counts once. */
static bool read_reasoning(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    struct assay_llm_text text;
    if (!assay_llm_read_text(scan, &text)) {
        return false;
    }
    if (text.len == 0 || (event->has & ASSAY_LLM_HAS_REASONING) != 0) {
        return true;
    }
    event->has |= ASSAY_LLM_HAS_REASONING;
    return add_piece(scan, event, text, ASSAY_CHUNK_REASONING);
}

static bool read_tool_text(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    struct assay_llm_text text;
    return assay_llm_read_text(scan, &text) && add_piece(scan, event, text, ASSAY_CHUNK_TOOL);
}

/* OpenAI streams arguments as pieces of a string; Ollama sends a whole object, whose JSON is then the text. */
static bool read_tool_arguments(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    if (assay_llm_scan_peek(scan) != '{') {
        return read_tool_text(scan, event);
    }
    struct assay_slice raw;
    if (!assay_llm_scan_raw(scan, &raw)) {
        return false;
    }
    return add_piece(scan, event, (struct assay_llm_text){raw.data, (uint32_t)raw.len, false}, ASSAY_CHUNK_TOOL);
}

static const struct assay_llm_row FUNCTION[] = {CALL("name", read_tool_text), CALL("arguments", read_tool_arguments)};

static bool read_function(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    return assay_llm_read_object(TABLE(FUNCTION), scan, event, &is_there);
}

static const struct assay_llm_row TOOL_CALL[] = {CALL("function", read_function), SKIP("index"), SKIP("id"),
                                                 SKIP("type")};

static bool read_tool_call(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    return assay_llm_read_object(TABLE(TOOL_CALL), scan, event, &is_there);
}

static bool read_tool_calls(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    uint32_t entries;
    return assay_llm_read_array(read_tool_call, scan, event, &entries);
}

static const struct assay_llm_row DELTA[] = {
    CALL("content", read_content),
    SKIP("role"),
    CALL("reasoning_content", read_reasoning),
    CALL("reasoning", read_reasoning),
    CALL("tool_calls", read_tool_calls),
    CALL("function_call", read_function),
    CALL("refusal", read_content),
};

static bool read_delta(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    return assay_llm_read_object(TABLE(DELTA), scan, event, &is_there);
}

/* ---- finish, errors, counts ------------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    enum assay_finish finish;
} FINISHES[] = {
    {"stop", ASSAY_FINISH_STOP}, {"length", ASSAY_FINISH_LENGTH},     {"tool_calls", ASSAY_FINISH_TOOL},
    {"eos", ASSAY_FINISH_STOP},  {"limit", ASSAY_FINISH_LENGTH},      {"function_call", ASSAY_FINISH_TOOL},
    {"word", ASSAY_FINISH_STOP}, {"max_tokens", ASSAY_FINISH_LENGTH},
};

static bool read_finish(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    struct assay_llm_text text;
    if (!assay_llm_read_text(scan, &text)) {
        return false;
    }
    if (text.len == 0 || assay_llm_text_is(text, "none")) {
        return true;
    }
    event->has |= ASSAY_LLM_HAS_FINISH;
    event->finish = ASSAY_FINISH_OTHER;
    for (size_t i = 0; i < sizeof FINISHES / sizeof FINISHES[0]; i++) {
        if (assay_llm_text_is(text, FINISHES[i].word)) {
            event->finish = FINISHES[i].finish;
        }
    }
    if (assay_llm_text_is(text, "unload")) {
        event->has |= ASSAY_LLM_HAS_UNLOAD;
    }
    return true;
}

static bool read_error_message(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    if (assay_llm_scan_peek(scan) == '"') {
        return assay_llm_scan_string(scan, &event->error);
    }
    return assay_llm_scan_skip(scan);
}

static const struct assay_llm_row ERROR[] = {CALL("message", read_error_message)};

/* An object (OpenAI, llama.cpp) or a text (Ollama); null and false are none. */
static bool read_error(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    char c = assay_llm_scan_peek(scan);
    if (c == 'n' || c == 'f') {
        return assay_llm_scan_skip(scan);
    }
    event->has |= ASSAY_LLM_HAS_ERROR;
    return c == '{' ? assay_llm_read_members(TABLE(ERROR), scan, event) : read_error_message(scan, event);
}

/* vLLM: {"object":"error","message":...} */
static bool read_object_kind(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    struct assay_llm_text text;
    if (!assay_llm_read_text(scan, &text)) {
        return false;
    }
    if (assay_llm_text_is(text, "error")) {
        event->has |= ASSAY_LLM_HAS_ERROR;
    }
    return true;
}

static const struct assay_llm_row PROMPT_DETAILS[] = {COUNT("cached_tokens", counts.cached), SKIP("audio_tokens")};

static bool read_prompt_details(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    return assay_llm_read_object(TABLE(PROMPT_DETAILS), scan, event, &is_there);
}

static const struct assay_llm_row USAGE[] = {
    COUNT("prompt_tokens", counts.prompt),
    COUNT("completion_tokens", counts.output),
    SKIP("total_tokens"),
    CALL("prompt_tokens_details", read_prompt_details),
    SKIP("completion_tokens_details"),
};

static bool read_usage(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    if (!assay_llm_read_object(TABLE(USAGE), scan, event, &is_there)) {
        return false;
    }
    event->has |= is_there ? ASSAY_LLM_HAS_USAGE : 0;
    return true;
}

static const struct assay_llm_row TIMINGS[] = {
    COUNT("cache_n", counts.cached),
    COUNT("prompt_n", counts.prompt_new),
    NUMBER("prompt_ms", prompt_ms),
    SKIP("prompt_per_token_ms"),
    SKIP("prompt_per_second"),
    COUNT("predicted_n", predicted),
    NUMBER("predicted_ms", predicted_ms),
    SKIP("predicted_per_token_ms"),
    SKIP("predicted_per_second"),
    SKIP("draft_n"),
    SKIP("draft_n_accepted"),
};

static bool read_timings(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    uint32_t cached = event->counts.cached;
    if (!assay_llm_read_object(TABLE(TIMINGS), scan, event, &is_there)) {
        return false;
    }
    if (event->counts.cached == ASSAY_COUNT_ABSENT) {
        event->counts.cached = cached; /* usage said it before, timings did not */
    }
    return true;
}

static bool read_progress(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    if (assay_llm_scan_peek(scan) == '{') {
        event->has |= ASSAY_LLM_HAS_PROGRESS;
    }
    return assay_llm_scan_skip(scan);
}

static bool read_logprob_list(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    uint32_t entries;
    bool is_list = assay_llm_scan_peek(scan) == '[';
    if (!assay_llm_read_array(NULL, scan, event, &entries)) {
        return false;
    }
    if (is_list) {
        event->counts.logprobs = entries;
    }
    return true;
}

static bool read_ids(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    uint32_t entries;
    bool is_list = assay_llm_scan_peek(scan) == '[';
    if (!assay_llm_read_array(NULL, scan, event, &entries)) {
        return false;
    }
    if (is_list) {
        event->counts.ids = entries;
    }
    return true;
}

/* ---- OpenAI ----------------------------------------------------------------------------------------------------- */

/* Chat: {"content": [...]}; completions: {"tokens": [...], "token_logprobs": [...]}. */
static const struct assay_llm_row LOGPROBS[] = {CALL("content", read_logprob_list), CALL("tokens", read_logprob_list)};

static bool read_logprobs(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    return assay_llm_read_object(TABLE(LOGPROBS), scan, event, &is_there);
}

static const struct assay_llm_row CHOICE[] = {
    CALL("delta", read_delta),
    SKIP("index"),
    CALL("finish_reason", read_finish),
    CALL("logprobs", read_logprobs),
    CALL("text", read_content),
    CALL("token_ids", read_ids),
    SKIP("stop_reason"),
    SKIP("prompt_token_ids"),
};

/* One choice was asked for (n: 1): the first one counts, further ones are skipped and counted as unknown. */
static bool read_choices(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    char c = assay_llm_scan_peek(scan);
    if (c != '[') {
        event->has |= ASSAY_LLM_HAS_NO_CHOICE;
        return c == 'n' ? assay_llm_scan_null(scan) : assay_llm_fail_shape(scan);
    }
    bool is_empty = false, has_more = true, is_there;
    if (!assay_llm_scan_enter(scan, ']', &is_empty)) {
        return false;
    }
    if (is_empty) {
        event->has |= ASSAY_LLM_HAS_NO_CHOICE;
        return true;
    }
    if (!assay_llm_read_object(TABLE(CHOICE), scan, event, &is_there) || !assay_llm_scan_next(scan, ']', &has_more)) {
        return false;
    }
    while (has_more) {
        event->unknown_members++;
        if (!assay_llm_scan_skip(scan) || !assay_llm_scan_next(scan, ']', &has_more)) {
            return false;
        }
    }
    return true;
}

static const struct assay_llm_row ROOT_OPENAI[] = {
    SKIP("id"),
    CALL("object", read_object_kind),
    SKIP("created"),
    SKIP("model"),
    CALL("choices", read_choices),
    CALL("usage", read_usage),
    SKIP("system_fingerprint"),
    CALL("timings", read_timings),
    CALL("error", read_error),
    CALL("prompt_progress", read_progress),
    SKIP("service_tier"),
    SKIP("prompt_token_ids"),
    CALL("message", read_error_message),
};

/* ---- llama.cpp /completion -------------------------------------------------------------------------------------- */

static bool read_stop(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_end;
    if (!assay_llm_read_bool(scan, &is_end)) {
        return false;
    }
    event->has |= is_end ? ASSAY_LLM_HAS_END | ASSAY_LLM_HAS_USAGE : 0;
    return true;
}

static bool read_truncated(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_truncated;
    if (!assay_llm_read_bool(scan, &is_truncated)) {
        return false;
    }
    event->has |= is_truncated ? ASSAY_LLM_HAS_TRUNCATED : 0;
    return true;
}

static const struct assay_llm_row ROOT_NATIVE[] = {
    SKIP("index"),
    CALL("content", read_content),
    CALL("tokens", read_ids),
    CALL("stop", read_stop),
    SKIP("id_slot"),
    COUNT("tokens_predicted", counts.output),
    COUNT("tokens_evaluated", counts.prompt),
    CALL("timings", read_timings),
    CALL("completion_probabilities", read_logprob_list),
    CALL("prompt_progress", read_progress),
    CALL("error", read_error),
    CALL("stop_type", read_finish),
    CALL("truncated", read_truncated),
    SKIP("model"),
    SKIP("prompt"),
    SKIP("generation_settings"),
    SKIP("has_new_line"),
    SKIP("stopping_word"),
    SKIP("tokens_cached"),
};

/* ---- Ollama ----------------------------------------------------------------------------------------------------- */

static const struct assay_llm_row MESSAGE[] = {
    SKIP("role"),
    CALL("content", read_content),
    CALL("thinking", read_reasoning),
    CALL("tool_calls", read_tool_calls),
    SKIP("images"),
    SKIP("tool_name"),
};

static bool read_message(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_there;
    return assay_llm_read_object(TABLE(MESSAGE), scan, event, &is_there);
}

static bool read_done(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    bool is_end;
    if (!assay_llm_read_bool(scan, &is_end)) {
        return false;
    }
    event->has |= is_end ? ASSAY_LLM_HAS_END : 0;
    return true;
}

static bool read_remote(struct assay_llm_scan *scan, struct assay_llm_event *event)
{
    struct assay_llm_text text;
    if (!assay_llm_read_text(scan, &text)) {
        return false;
    }
    event->has |= text.len > 0 ? ASSAY_LLM_HAS_REMOTE : 0;
    return true;
}

static const struct assay_llm_row ROOT_OLLAMA[] = {
    SKIP("model"),
    SKIP("created_at"),
    CALL("message", read_message),
    CALL("response", read_content),
    CALL("thinking", read_reasoning),
    CALL("done", read_done),
    CALL("done_reason", read_finish),
    NUMBER("total_duration", total_ns),
    NUMBER("load_duration", load_ns),
    COUNT("prompt_eval_count", counts.prompt),
    NUMBER("prompt_eval_duration", prompt_ns),
    COUNT("eval_count", counts.output),
    NUMBER("eval_duration", eval_ns),
    CALL("error", read_error),
    CALL("logprobs", read_logprob_list),
    CALL("tool_calls", read_tool_calls),
    SKIP("context"),
    CALL("remote_model", read_remote),
    CALL("remote_host", read_remote),
};

/* ---- the event -------------------------------------------------------------------------------------------------- */

static const struct {
    const struct assay_llm_row *rows;
    size_t count;
} ROOTS[] = {
    [ASSAY_LLM_OPENAI] = {TABLE(ROOT_OPENAI)},
    [ASSAY_LLM_NATIVE] = {TABLE(ROOT_NATIVE)},
    [ASSAY_LLM_OLLAMA] = {TABLE(ROOT_OLLAMA)},
};

static bool is_sse_done(const char *bytes, size_t len)
{
    struct assay_slice text = assay_slice_trim((struct assay_slice){bytes, len});
    return assay_slice_is(text, "[DONE]");
}

static void event_clear(struct assay_llm_event *event)
{
    memset(event, 0, offsetof(struct assay_llm_event, pieces));
    event->counts = (struct assay_llm_counts){ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT,
                                              ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT, ASSAY_COUNT_ABSENT};
    event->predicted = ASSAY_COUNT_ABSENT;
}

/* What only follows from several members together. */
static void event_settle(enum assay_llm_family family, struct assay_llm_event *event)
{
    struct assay_llm_counts *counts = &event->counts;
    if (counts->output == ASSAY_COUNT_ABSENT) {
        counts->output = event->predicted;
    }
    if (counts->prompt == ASSAY_COUNT_ABSENT && counts->prompt_new != ASSAY_COUNT_ABSENT &&
        counts->cached != ASSAY_COUNT_ABSENT) {
        counts->prompt = counts->prompt_new + counts->cached; /* each below 2^31 */
    }
    if (family == ASSAY_LLM_OLLAMA && (event->has & ASSAY_LLM_HAS_END) != 0) {
        event->has |= ASSAY_LLM_HAS_USAGE;
    }
}

bool assay_llm_event_read(enum assay_llm_family family, const char *bytes, size_t len, struct assay_llm_event *ret)
{
    assert(bytes != NULL && ret != NULL && len <= UINT32_MAX);
    event_clear(ret);
    if (len <= 16 && family != ASSAY_LLM_OLLAMA && is_sse_done(bytes, len)) {
        ret->has = ASSAY_LLM_HAS_END;
        return true;
    }
    struct assay_llm_scan scan = {.at = bytes, .end = bytes + len};
    char first = assay_llm_scan_peek(&scan);
    bool is_good;
    if (first == '{') {
        is_good = assay_llm_read_members(ROOTS[family].rows, ROOTS[family].count, &scan, ret);
    } else {
        /* JSON of another type has the wrong shape, anything else is no JSON */
        is_good = assay_llm_scan_skip(&scan);
        if (is_good) {
            scan.at = bytes;
            is_good = assay_llm_fail_shape(&scan);
        }
    }
    if (is_good && assay_llm_scan_peek(&scan) == '\0' && scan.at == scan.end) {
        event_settle(family, ret);
        return true;
    }
    ret->fault = scan.fault != ASSAY_LLM_FAULT_NONE ? scan.fault : ASSAY_LLM_FAULT_NOT_JSON;
    ret->fault_offset = (uint32_t)(scan.at - bytes);
    ret->has = 0;
    ret->pieces_count = 0;
    return false;
}

bool assay_llm_number_ns(struct assay_llm_number number, uint64_t unit_ns, uint64_t *ret_ns)
{
    *ret_ns = ASSAY_NS_ABSENT;
    if (number.data == NULL) {
        return true;
    }
    double value = 0;
    assay_code rc = assay_num_double((struct assay_slice){number.data, number.len}, "duration", &value, NULL);
    double ns = value * (double)unit_ns;
    if (rc != ASSAY_OK || !(ns >= 0) || ns > 9e18) { /* 9e18 ns: what fits, and 285 years */
        return false;
    }
    *ret_ns = (uint64_t)(ns + 0.5);
    return true;
}

const char *assay_llm_fault_text(enum assay_llm_fault fault)
{
    static const char *const texts[] = {
        [ASSAY_LLM_FAULT_NONE] = "good",
        [ASSAY_LLM_FAULT_NOT_JSON] = "not JSON",
        [ASSAY_LLM_FAULT_SHAPE] = "a value of another type than expected, or a member twice",
        [ASSAY_LLM_FAULT_ENCODING] = "ill-formed UTF-8",
        [ASSAY_LLM_FAULT_DEPTH] = "nested deeper than 64",
        [ASSAY_LLM_FAULT_COUNT] = "more than 32 texts in one event",
    };
    return texts[fault];
}
