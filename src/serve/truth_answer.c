/* Answers that are not streams, and the parts that they share with events. */
#include "serve/truth_stream.h"

#include "base/clock.h"
#include "json/json.h"

#include <string.h>

static const struct {
    unsigned status;
    const char *text;
} STATUS_TEXTS[] = {
    {200, "OK"},
    {302, "Found"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
};

const char *truth_status_text(unsigned status)
{
    for (size_t i = 0; i < sizeof STATUS_TEXTS / sizeof STATUS_TEXTS[0]; i++) {
        if (STATUS_TEXTS[i].status == status) {
            return STATUS_TEXTS[i].text;
        }
    }
    return "Scripted";
}

void truth_answer_head(struct assay_buf *out, unsigned status, const char *type, const char *extra)
{
    assay_buf_printf(out, "HTTP/1.1 %u %s\r\n" ASSAY_TRUTH_HEADER ": 1\r\nContent-Type: %s\r\n%s\r\n", status,
                     truth_status_text(status), type, extra);
}

void truth_answer_simple(struct assay_buf *out, unsigned status, const char *type, const char *extra, const char *body,
                         size_t len, bool is_keep_alive)
{
    struct assay_buf headers;
    assay_buf_init(&headers, 4096);
    assay_buf_printf(&headers, "%sContent-Length: %zu\r\n%s", extra, len, is_keep_alive ? "" : "Connection: close\r\n");
    truth_answer_head(out, status, type, headers.data ? headers.data : "");
    assay_buf_done(&headers);
    assay_buf_append(out, body, len);
}

static char *put_hex(char *at, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    return at + digits;
}

/* "stream-token-planned ": three fixed-width hexadecimal numbers and the script's text. One word, one token. */
void truth_answer_token(const struct truth_stream *stream, uint64_t token, uint64_t planned_ns, struct assay_buf *out)
{
    char text[TRUTH_TOKEN_BYTES];
    char *at = put_hex(text, stream->number, 6);
    *at++ = '-';
    at = put_hex(at, token, 6);
    *at++ = '-';
    at = put_hex(at, planned_ns, 16);
    assay_buf_append(out, text, (size_t)(at - text));
    if (stream->text.len > 2) {
        assay_buf_append(out, stream->text.data + 1, stream->text.len - 2); /* without its quotes */
    }
    assay_buf_char(out, ' ');
}

void truth_answer_usage(const struct truth_stream *stream, uint64_t tokens, struct assay_buf *out)
{
    assay_buf_printf(out, "{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu",
                     (unsigned long long)stream->prompt_tokens, (unsigned long long)tokens,
                     (unsigned long long)(stream->prompt_tokens + tokens));
    if (stream->cached_tokens != ASSAY_NS_ABSENT) {
        assay_buf_printf(out, ",\"prompt_tokens_details\":{\"cached_tokens\":%llu}",
                         (unsigned long long)stream->cached_tokens);
    }
    assay_buf_char(out, '}');
}

/* Durations that the script plans, as a server would report them. */
struct durations {
    uint64_t prompt_ns, eval_ns, total_ns;
};

static struct durations durations_of(const struct truth_stream *stream)
{
    uint64_t events = stream->event ? stream->event : 1;
    struct durations d = {.prompt_ns = stream->base_ns - stream->request_ns - stream->load_ns,
                          .eval_ns = truth_spec_offset_ns(stream->spec, events - 1)};
    d.total_ns = stream->load_ns + d.prompt_ns + d.eval_ns;
    return d;
}

static void put_ms(struct assay_buf *out, const char *name, uint64_t ns)
{
    assay_buf_printf(out, ",\"%s\":%llu.%06llu", name, (unsigned long long)(ns / ASSAY_NS_PER_MS),
                     (unsigned long long)(ns % ASSAY_NS_PER_MS));
}

void truth_answer_timings(const struct truth_stream *stream, uint64_t tokens, struct assay_buf *out)
{
    struct durations d = durations_of(stream);
    uint64_t cached = stream->cached_tokens == ASSAY_NS_ABSENT ? 0 : stream->cached_tokens;
    uint64_t prompt = stream->prompt_tokens > cached ? stream->prompt_tokens - cached : 0;
    assay_buf_printf(out, "{\"cache_n\":%llu,\"prompt_n\":%llu", (unsigned long long)cached,
                     (unsigned long long)prompt);
    put_ms(out, "prompt_ms", d.prompt_ns);
    assay_buf_printf(out, ",\"predicted_n\":%llu", (unsigned long long)tokens);
    put_ms(out, "predicted_ms", d.eval_ns);
    assay_buf_char(out, '}');
}

static void put_count(struct assay_buf *out, const char *name, uint64_t value)
{
    if (value > 0) { /* Ollama leaves zeros out */
        assay_buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)value);
    }
}

void truth_answer_ollama_counts(const struct truth_stream *stream, struct assay_buf *out)
{
    struct durations d = durations_of(stream);
    enum truth_times times = (enum truth_times)stream->spec->times;
    enum truth_usage usage = (enum truth_usage)stream->spec->usage;
    if (times == TRUTH_TIMES_IMPOSSIBLE) {
        d.total_ns = (d.prompt_ns + d.eval_ns) / 2; /* less than its parts */
    }
    if (times == TRUTH_TIMES_NEGATIVE) {
        assay_buf_text(out, ",\"total_duration\":-5,\"load_duration\":-1");
    } else if (times != TRUTH_TIMES_MISSING) {
        put_count(out, "total_duration", d.total_ns);
        put_count(out, "load_duration", stream->load_ns);
    }
    if (usage == TRUTH_USAGE_MISSING) {
        return;
    }
    put_count(out, "prompt_eval_count", stream->prompt_tokens);
    put_count(out, "eval_count", stream->token + (usage == TRUTH_USAGE_WRONG ? 7 : 0));
    if (times != TRUTH_TIMES_MISSING) {
        put_count(out, "prompt_eval_duration", d.prompt_ns);
        put_count(out, "eval_duration", d.eval_ns);
    }
}

static void put_all_tokens(struct truth_stream *stream, uint64_t planned_ns, struct assay_buf *out)
{
    assay_buf_char(out, '"');
    for (uint64_t i = 0; i < stream->tokens; i++) {
        truth_answer_token(stream, i, planned_ns, out);
    }
    assay_buf_char(out, '"');
    stream->token = stream->tokens;
    stream->event = stream->tokens;
}

static void put_whole_openai(struct truth_stream *stream, uint64_t planned_ns, struct assay_buf *out)
{
    bool is_chat = stream->ask.api == TRUTH_API_CHAT;
    assay_buf_printf(
        out, "{\"id\":\"%s-%08x\",\"object\":\"%s\",\"created\":%llu,\"model\":", is_chat ? "chatcmpl" : "cmpl",
        stream->number, is_chat ? "chat.completion" : "text_completion", (unsigned long long)stream->real_s);
    assay_buf_append(out, stream->model.data, stream->model.len);
    assay_buf_printf(out, ",\"choices\":[{\"index\":0,%s",
                     is_chat ? "\"message\":{\"role\":\"assistant\",\"content\":" : "\"text\":");
    put_all_tokens(stream, planned_ns, out);
    assay_buf_printf(out, "%s,\"finish_reason\":", is_chat ? "}" : "");
    assay_json_quote(out, stream->spec->finish, strlen(stream->spec->finish));
    assay_buf_text(out, "}],\"usage\":");
    truth_answer_usage(stream, stream->token, out);
    assay_buf_char(out, '}');
}

static void put_whole_native(struct truth_stream *stream, uint64_t planned_ns, struct assay_buf *out)
{
    assay_buf_text(out, "{\"index\":0,\"content\":");
    put_all_tokens(stream, planned_ns, out);
    assay_buf_printf(out,
                     ",\"tokens\":[],\"stop\":true,\"tokens_predicted\":%llu,\"tokens_evaluated\":%llu,"
                     "\"truncated\":false,\"timings\":",
                     (unsigned long long)stream->token, (unsigned long long)stream->prompt_tokens);
    truth_answer_timings(stream, stream->token, out);
    assay_buf_char(out, '}');
}

static void put_whole_ollama(struct truth_stream *stream, uint64_t planned_ns, struct assay_buf *out)
{
    char at[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc(stream->real_s * ASSAY_NS_PER_S, at);
    bool is_chat = stream->ask.api == TRUTH_API_OLLAMA_CHAT;
    assay_buf_text(out, "{\"model\":");
    assay_buf_append(out, stream->model.data, stream->model.len);
    assay_buf_printf(out, ",\"created_at\":\"%s\",%s", at,
                     is_chat ? "\"message\":{\"role\":\"assistant\",\"content\":" : "\"response\":");
    put_all_tokens(stream, planned_ns, out);
    assay_buf_printf(out, "%s,\"done_reason\":", is_chat ? "}" : "");
    assay_json_quote(out, stream->spec->finish, strlen(stream->spec->finish));
    assay_buf_text(out, ",\"done\":true");
    truth_answer_ollama_counts(stream, out);
    assay_buf_char(out, '}');
}

void truth_answer_whole(struct truth_stream *stream, uint64_t planned_ns, struct assay_buf *out)
{
    struct assay_buf *body = &stream->body;
    assay_buf_clear(body);
    switch (stream->ask.api) {
    case TRUTH_API_CHAT:
    case TRUTH_API_TEXT:
        put_whole_openai(stream, planned_ns, body);
        break;
    case TRUTH_API_NATIVE:
        put_whole_native(stream, planned_ns, body);
        break;
    case TRUTH_API_OLLAMA_CHAT:
    case TRUTH_API_OLLAMA_GENERATE:
        put_whole_ollama(stream, planned_ns, body);
        break;
    }
    if (body->data) {
        truth_answer_simple(out, 200, "application/json", "", body->data, body->len, stream->is_keep_alive);
    }
}
