/* Events of all dialects as text. The hot path appends pieces that were rendered when the stream started. */
#include "serve/truth_stream.h"

#include "base/clock.h"
#include "json/json.h"

#include <string.h>

enum event_kind { EVENT_CONTENT, EVENT_REASONING };

bool truth_event_is_lines(const struct truth_stream *stream)
{
    return stream->ask.api == TRUTH_API_OLLAMA_CHAT || stream->ask.api == TRUTH_API_OLLAMA_GENERATE;
}

static void put_text(struct assay_buf *out, const struct assay_buf *text)
{
    if (text->len > 0) {
        assay_buf_append(out, text->data, text->len);
    }
}

/* The members that every event of the OpenAI family starts with. */
void truth_event_opening(const struct truth_stream *stream, struct assay_buf *out)
{
    bool is_chat = stream->ask.api == TRUTH_API_CHAT;
    assay_buf_printf(
        out, "{\"id\":\"%s-%08x\",\"object\":\"%s\",\"created\":%llu,\"model\":", is_chat ? "chatcmpl" : "cmpl",
        stream->number, is_chat ? "chat.completion.chunk" : "text_completion", (unsigned long long)stream->real_s);
    put_text(out, &stream->model);
}

static void put_ollama_opening(const struct truth_stream *stream, struct assay_buf *out)
{
    char at[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc(stream->real_s * ASSAY_NS_PER_S, at);
    assay_buf_text(out, "{\"model\":");
    put_text(out, &stream->model);
    assay_buf_printf(out, ",\"created_at\":\"%s\"", at);
}

static const char *reasoning_name(const struct truth_stream *stream)
{
    return stream->dialect == TRUTH_VLLM ? "reasoning" : "reasoning_content";
}

static void put_head(const struct truth_stream *stream, enum event_kind kind, struct assay_buf *out)
{
    bool is_reasoning = kind == EVENT_REASONING;
    switch (stream->ask.api) {
    case TRUTH_API_CHAT:
        truth_event_opening(stream, out);
        assay_buf_printf(out, ",\"choices\":[{\"index\":0,\"delta\":{\"%s\":\"",
                         is_reasoning ? reasoning_name(stream) : "content");
        return;
    case TRUTH_API_TEXT:
        truth_event_opening(stream, out);
        assay_buf_text(out, ",\"choices\":[{\"index\":0,\"text\":\"");
        return;
    case TRUTH_API_NATIVE:
        assay_buf_text(out, "{\"index\":0,\"content\":\"");
        return;
    case TRUTH_API_OLLAMA_CHAT:
        put_ollama_opening(stream, out);
        assay_buf_printf(out, ",\"message\":{\"role\":\"assistant\",\"content\":\"%s",
                         is_reasoning ? "\",\"thinking\":\"" : "");
        return;
    case TRUTH_API_OLLAMA_GENERATE:
        put_ollama_opening(stream, out);
        assay_buf_printf(out, ",\"response\":\"%s", is_reasoning ? "\",\"thinking\":\"" : "");
        return;
    }
}

void truth_event_prepare(struct truth_stream *stream)
{
    assay_buf_clear(&stream->model);
    assay_json_quote(&stream->model, stream->ask.model, strlen(stream->ask.model));
    assay_buf_clear(&stream->text);
    assay_json_quote(&stream->text, stream->spec->text, strlen(stream->spec->text));
    for (size_t kind = 0; kind < 2; kind++) {
        assay_buf_clear(&stream->heads[kind]);
        put_head(stream, (enum event_kind)kind, &stream->heads[kind]);
    }
    (void)assay_buf_reserve(&stream->json, TRUTH_EVENT_BYTES);
    (void)assay_buf_reserve(&stream->body, TRUTH_EVENT_BYTES);
}

/* No line of these pairs ends in CR before one that ends in LF: the two would be read as one line end. */
static const char *const LINE_PAIRS[][2] = {{"\n", "\n"},   {"\r\n", "\r\n"}, {"\r", "\r"},
                                            {"\n", "\r\n"}, {"\r\n", "\n"},   {"\n", "\r"}};

static const char *const *line_ends(struct truth_stream *stream)
{
    static const size_t OF_CHOICE[] = {[TRUTH_LF] = 0, [TRUTH_CRLF] = 1, [TRUTH_CR] = 2};
    if (stream->spec->line_end == TRUTH_MIXED) {
        return LINE_PAIRS[stream->lines++ % (sizeof LINE_PAIRS / sizeof LINE_PAIRS[0])];
    }
    return LINE_PAIRS[OF_CHOICE[stream->spec->line_end]];
}

/* What framing did to the JSON: how far its bytes behind the first one moved, and whether CR LF dispatches. */
struct frame {
    size_t shift;
    bool ends_in_crlf;
};

static struct frame frame_line(struct truth_stream *stream, const char *json, size_t len, struct assay_buf *out)
{
    assay_buf_append(out, json, len);
    assay_buf_text(out, stream->spec->line_end == TRUTH_CRLF ? "\r\n" : "\n");
    return (struct frame){0};
}

/* Wraps JSON as one event: a line of NDJSON, or the data lines of an SSE event, cut where JSON allows white space. */
static struct frame put_frame(struct truth_stream *stream, const char *json, size_t len, struct assay_buf *out)
{
    if (truth_event_is_lines(stream)) {
        return frame_line(stream, json, len, out);
    }
    const char *const *ends = line_ends(stream);
    uint64_t lines = len > 2 && json[0] == '{' ? stream->spec->data_lines : 1;
    size_t start = out->len;
    assay_buf_text(out, lines > 1 ? "data: {" : "data: ");
    if (lines > 1) {
        assay_buf_text(out, ends[0]);
        assay_buf_text(out, "data: ");
        json++, len--;
    }
    struct frame frame = {.shift = out->len - start - (lines > 1), .ends_in_crlf = ends[1][0] == '\r' && ends[1][1]};
    if (lines > 2) {
        assay_buf_append(out, json, len - 1);
        assay_buf_text(out, ends[0]);
        assay_buf_text(out, "data:}");
    } else {
        assay_buf_append(out, json, len);
    }
    assay_buf_text(out, ends[0]);
    assay_buf_text(out, ends[1]);
    return frame;
}

void truth_event_frame(struct truth_stream *stream, struct assay_buf *out)
{
    if (stream->json.data) {
        (void)put_frame(stream, stream->json.data, stream->json.len, out);
    }
}

void truth_event_text(struct truth_stream *stream, const char *json, struct assay_buf *out)
{
    (void)put_frame(stream, json, strlen(json), out);
}

static bool has_running_usage(const struct truth_stream *stream)
{
    return stream->spec->usage == TRUTH_USAGE_RUNNING ||
           (stream->spec->usage == TRUTH_USAGE_AUTO && stream->ask.wants_running_usage);
}

static void put_logprobs(const struct truth_stream *stream, uint64_t tokens, uint64_t planned_ns, struct assay_buf *out)
{
    for (uint64_t i = 0; i < tokens; i++) {
        assay_buf_text(out, i ? "," : "");
        assay_buf_text(out, "{\"token\":\"");
        truth_answer_token(stream, stream->token + i, planned_ns, out);
        assay_buf_text(out, "\",\"logprob\":-0.1,\"bytes\":null,\"top_logprobs\":[]}");
    }
}

static void put_ids(const struct truth_stream *stream, uint64_t tokens, struct assay_buf *out)
{
    enum { FIRST_ID = 100 }; /* below are special tokens in most vocabularies */
    for (uint64_t i = 0; i < tokens; i++) {
        assay_buf_printf(out, "%s%llu", i ? "," : "", (unsigned long long)(FIRST_ID + stream->token + i));
    }
}

/* What follows the text in an event of /v1/...: choice closed, usage, what a newer server might send, object closed. */
static void put_openai_rest(const struct truth_stream *stream, uint64_t tokens, uint64_t planned_ns,
                            struct assay_buf *out)
{
    if (stream->ask.api == TRUTH_API_CHAT) {
        assay_buf_char(out, '}');
    }
    if (stream->ask.wants_logprobs) {
        assay_buf_text(out, ",\"logprobs\":{\"content\":[");
        put_logprobs(stream, tokens, planned_ns, out);
        assay_buf_text(out, "]}");
    }
    if (stream->ask.wants_token_ids) {
        assay_buf_text(out, ",\"token_ids\":[");
        put_ids(stream, tokens, out);
        assay_buf_char(out, ']');
    }
    assay_buf_text(out, ",\"finish_reason\":null}]");
    if (has_running_usage(stream)) {
        assay_buf_text(out, ",\"usage\":");
        truth_answer_usage(stream, stream->token + tokens, out);
    } else if (stream->spec->usage == TRUTH_USAGE_NULL) {
        assay_buf_text(out, ",\"usage\":null");
    }
    if (stream->dialect == TRUTH_LLAMACPP && stream->ask.wants_timings) {
        assay_buf_text(out, ",\"timings\":");
        truth_answer_timings(stream, stream->token + tokens, out);
    }
}

static void put_rest(const struct truth_stream *stream, uint64_t tokens, uint64_t planned_ns, struct assay_buf *out)
{
    assay_buf_char(out, '"');
    switch (stream->ask.api) {
    case TRUTH_API_CHAT:
    case TRUTH_API_TEXT:
        put_openai_rest(stream, tokens, planned_ns, out);
        break;
    case TRUTH_API_NATIVE:
        assay_buf_text(out, ",\"tokens\":[");
        if (stream->ask.wants_token_ids) {
            put_ids(stream, tokens, out);
        }
        assay_buf_printf(out, "],\"stop\":false,\"id_slot\":0,\"tokens_predicted\":%llu,\"tokens_evaluated\":%llu",
                         (unsigned long long)(stream->token + tokens), (unsigned long long)stream->prompt_tokens);
        break;
    case TRUTH_API_OLLAMA_CHAT:
        assay_buf_text(out, "},\"done\":false");
        break;
    case TRUTH_API_OLLAMA_GENERATE:
        assay_buf_text(out, ",\"done\":false");
        break;
    }
    if (stream->spec->unknown_keys) {
        assay_buf_text(out, ",\"x_future\":{\"nested\":[1,null,\"]}\"],\"data\":\"[DONE]\"}");
    }
    assay_buf_char(out, '}');
}

uint64_t truth_event_size(const struct truth_stream *stream, bool *ret_is_reasoning)
{
    uint64_t size = truth_spec_tokens_of_event(stream->spec, stream->event);
    uint64_t left = stream->tokens - stream->token;
    *ret_is_reasoning = stream->token < stream->spec->reasoning_tokens;
    if (*ret_is_reasoning && left > stream->spec->reasoning_tokens - stream->token) {
        left = stream->spec->reasoning_tokens - stream->token; /* an event holds one kind */
    }
    return size < left ? size : left;
}

void truth_event_tokens(struct truth_stream *stream, uint64_t planned_ns, struct truth_write *write,
                        struct assay_buf *out)
{
    bool is_reasoning = false;
    uint64_t tokens = truth_event_size(stream, &is_reasoning);
    if (stream->spec->ping_every > 0 && stream->event % stream->spec->ping_every == 0 &&
        !truth_event_is_lines(stream)) {
        const char *const *ends = line_ends(stream);
        assay_buf_printf(out, ": ping%s%s", ends[0], ends[1]);
    }
    struct assay_buf *json = &stream->json;
    assay_buf_clear(json);
    put_text(json, &stream->heads[is_reasoning ? EVENT_REASONING : EVENT_CONTENT]);
    size_t text_at = json->len;
    for (uint64_t i = 0; i < tokens; i++) {
        truth_answer_token(stream, stream->token + i, planned_ns, json);
    }
    put_rest(stream, tokens, planned_ns, json);
    size_t before = out->len;
    struct frame frame = put_frame(stream, json->data ? json->data : "", json->len, out);
    if (write->token_at == SIZE_MAX) {
        write->token_at = before + frame.shift + text_at;
    }
    write->line_cut = out->len - 1;
    write->complete_at = out->len - frame.ends_in_crlf;
    if (write->events == 0) {
        write->event = (uint32_t)stream->event;
    }
    write->events++;
    write->tokens = (uint16_t)(write->tokens + tokens);
    stream->event++;
    stream->token += tokens;
}

static void put_plain(struct truth_stream *stream, const char *members, struct assay_buf *out)
{
    struct assay_buf *json = &stream->json;
    assay_buf_clear(json);
    truth_event_opening(stream, json);
    assay_buf_text(json, members);
    truth_event_frame(stream, out);
}

/* An event of the stream's shape whose text is `text`, which is JSON and may be any type. */
void truth_event_odd(struct truth_stream *stream, const char *text, size_t len, struct assay_buf *out)
{
    struct assay_buf *json = &stream->json;
    assay_buf_clear(json);
    put_text(json, &stream->heads[EVENT_CONTENT]);
    if (json->len > 0) {
        json->len--; /* the opening quote */
    }
    assay_buf_append(json, text, len);
    bool is_nested = stream->ask.api == TRUTH_API_CHAT;
    bool is_choice = is_nested || stream->ask.api == TRUTH_API_TEXT;
    if (is_choice) {
        assay_buf_printf(json, "%s,\"finish_reason\":null}]}", is_nested ? "}" : "");
    } else if (stream->ask.api == TRUTH_API_NATIVE) {
        assay_buf_text(json, ",\"tokens\":[],\"stop\":false}");
    } else {
        assay_buf_printf(json, "%s,\"done\":false}", stream->ask.api == TRUTH_API_OLLAMA_CHAT ? "}" : "");
    }
    truth_event_frame(stream, out);
}

void truth_event_before(struct truth_stream *stream, struct assay_buf *out)
{
    const struct truth_spec *spec = stream->spec;
    if (spec->bom && !truth_event_is_lines(stream)) {
        assay_buf_text(out, "\xEF\xBB\xBF");
    }
    bool is_openai = stream->ask.api == TRUTH_API_CHAT || stream->ask.api == TRUTH_API_TEXT;
    if (spec->role && stream->ask.api == TRUTH_API_CHAT) {
        put_plain(stream,
                  ",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
                  "\"finish_reason\":null}]}",
                  out);
    }
    for (uint64_t i = 0; is_openai && i < spec->choices_empty; i++) {
        put_plain(stream, ",\"choices\":[]}", out);
    }
    for (uint64_t i = 0; is_openai && i < spec->choices_null; i++) {
        put_plain(stream, ",\"choices\":null}", out);
    }
    for (uint64_t i = 0; i < spec->empty_deltas; i++) {
        truth_event_odd(stream, "\"\"", 2, out);
    }
}

static void put_oversized(struct truth_stream *stream, struct assay_buf *out)
{
    enum { OVERSIZED_BYTES = 3 << 19 }; /* half as much again as the limit of an event */
    uint64_t bytes = stream->spec->fault.bytes ? stream->spec->fault.bytes : OVERSIZED_BYTES;
    struct assay_buf text;
    assay_buf_init(&text, TRUTH_STREAM_BYTES_MAX);
    assay_buf_char(&text, '"');
    for (uint64_t i = 0; i < bytes; i++) {
        assay_buf_char(&text, 'x');
    }
    assay_buf_char(&text, '"');
    if (text.data) {
        truth_event_odd(stream, text.data, text.len, out);
    }
    assay_buf_done(&text);
}

static void put_deep(struct truth_stream *stream, struct assay_buf *out)
{
    enum { DEEP = 100 }; /* the limit is 64 */
    char text[2 * DEEP];
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    truth_event_odd(stream, text, sizeof text, out);
}

/* The event that stands at the fault's place; the stream goes on behind it, except after an error object. */
void truth_event_fault(struct truth_stream *stream, struct assay_buf *out)
{
    switch (stream->spec->fault.kind) {
    case TRUTH_FAULT_ERROR:
        truth_event_text(stream,
                         truth_event_is_lines(stream)
                             ? "{\"error\":\"scripted error\"}"
                             : "{\"error\":{\"message\":\"scripted error\",\"type\":\"server_error\","
                               "\"code\":500}}",
                         out);
        return;
    case TRUTH_FAULT_GARBAGE:
        truth_event_text(stream, "}{ \"not json", out);
        return;
    case TRUTH_FAULT_NUL:
        truth_event_odd(stream, "\"a\0b\"", 5, out);
        return;
    case TRUTH_FAULT_BAD_UTF8:
        truth_event_odd(stream, "\"\xC3\x28\"", 4, out);
        return;
    case TRUTH_FAULT_WRONG_SHAPE:
        truth_event_odd(stream, "{\"text\":\"nested\"}", 17, out);
        return;
    case TRUTH_FAULT_DEEP:
        put_deep(stream, out);
        return;
    case TRUTH_FAULT_OVERSIZED:
        put_oversized(stream, out);
        return;
    default: /* the others are not events */
        return;
    }
}
