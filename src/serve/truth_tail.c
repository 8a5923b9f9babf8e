/* What follows the last token: finish, usage, terminator. */
#include "serve/truth_stream.h"

#include "json/json.h"

#include <string.h>

static bool has_tail_usage(const struct truth_stream *stream)
{
    switch ((enum truth_usage)stream->spec->usage) {
    case TRUTH_USAGE_AUTO:
        return stream->ask.wants_usage || stream->dialect == TRUTH_LLAMACPP;
    case TRUTH_USAGE_TAIL:
    case TRUTH_USAGE_RUNNING:
    case TRUTH_USAGE_WRONG:
    case TRUTH_USAGE_TWICE:
    case TRUTH_USAGE_NULL:
        return true;
    case TRUTH_USAGE_FINISH:
    case TRUTH_USAGE_MISSING:
        break;
    }
    return false;
}

static void put_finish(struct truth_stream *stream, struct assay_buf *out)
{
    struct assay_buf *json = &stream->json;
    const char *text = stream->ask.api == TRUTH_API_CHAT ? "\"delta\":{}" : "\"text\":\"\"";
    assay_buf_clear(json);
    truth_event_opening(stream, json);
    assay_buf_printf(json, ",\"choices\":[{\"index\":0,%s,\"finish_reason\":", text);
    assay_json_quote(json, stream->spec->finish, strlen(stream->spec->finish));
    assay_buf_text(json, "}]");
    if (stream->spec->usage == TRUTH_USAGE_FINISH) {
        assay_buf_text(json, ",\"usage\":");
        truth_answer_usage(stream, stream->token, json);
    }
    if (stream->dialect == TRUTH_LLAMACPP) {
        assay_buf_text(json, ",\"timings\":");
        truth_answer_timings(stream, stream->token, json);
    }
    assay_buf_char(json, '}');
    truth_event_frame(stream, out);
}

static void put_usage(struct truth_stream *stream, uint64_t tokens, struct assay_buf *out)
{
    struct assay_buf *json = &stream->json;
    assay_buf_clear(json);
    truth_event_opening(stream, json);
    assay_buf_text(json, ",\"choices\":[],\"usage\":");
    truth_answer_usage(stream, tokens, json);
    assay_buf_char(json, '}');
    truth_event_frame(stream, out);
}

static void put_openai_tail(struct truth_stream *stream, struct assay_buf *out)
{
    enum { WRONG_BY = 7 }; /* what usage "wrong" adds */
    put_finish(stream, out);
    if (has_tail_usage(stream)) {
        uint64_t wrong = stream->spec->usage == TRUTH_USAGE_WRONG ? WRONG_BY : 0;
        put_usage(stream, stream->token + wrong, out);
    }
    if (stream->spec->usage == TRUTH_USAGE_TWICE) {
        put_usage(stream, stream->token, out);
    }
    if (stream->spec->fault.kind != TRUTH_FAULT_MISSING_END) {
        truth_event_text(stream, "[DONE]", out);
    }
}

static void put_native_tail(struct truth_stream *stream, struct assay_buf *out)
{
    struct assay_buf *json = &stream->json;
    if (stream->spec->fault.kind == TRUTH_FAULT_MISSING_END) {
        return;
    }
    assay_buf_clear(json);
    assay_buf_printf(json,
                     "{\"index\":0,\"content\":\"\",\"tokens\":[],\"id_slot\":0,\"stop\":true,\"stop_type\":\"%s\","
                     "\"tokens_predicted\":%llu,\"tokens_evaluated\":%llu,\"tokens_cached\":%llu,\"truncated\":%s,"
                     "\"timings\":",
                     strcmp(stream->spec->finish, "stop") == 0 ? "eos" : "limit", (unsigned long long)stream->token,
                     (unsigned long long)stream->prompt_tokens,
                     (unsigned long long)(stream->prompt_tokens + stream->token),
                     stream->spec->truncated ? "true" : "false");
    truth_answer_timings(stream, stream->token, json);
    assay_buf_char(json, '}');
    truth_event_frame(stream, out);
}

static void put_ollama_tail(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    struct assay_buf *json = &stream->json;
    if (stream->spec->fault.kind == TRUTH_FAULT_MISSING_END) {
        return;
    }
    bool is_chat = stream->ask.api == TRUTH_API_OLLAMA_CHAT;
    assay_buf_clear(json);
    assay_buf_append(json, stream->heads[0].data, stream->heads[0].len);
    if (stream->spec->content_on_done) {
        stream->tokens = stream->token + 1;
        write->event = (uint32_t)stream->event++;
        write->events = 1;
        write->tokens = 1;
        write->kind = ASSAY_TRUTH_TOKENS;
        truth_answer_token(stream, stream->token++, write->planned_ns, json);
    }
    assay_buf_printf(json, "\"%s,\"done_reason\":", is_chat ? "}" : "");
    assay_json_quote(json, stream->spec->finish, strlen(stream->spec->finish));
    assay_buf_text(json, ",\"done\":true");
    truth_answer_ollama_counts(stream, json);
    assay_buf_char(json, '}');
    truth_event_frame(stream, out);
}

void truth_event_tail(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    if (truth_event_is_lines(stream)) {
        put_ollama_tail(stream, write, out);
    } else if (stream->ask.api == TRUTH_API_NATIVE) {
        put_native_tail(stream, out);
    } else {
        put_openai_tail(stream, out);
    }
    if (stream->spec->fault.kind == TRUTH_FAULT_AFTER_END) {
        truth_event_odd(stream, "\"after the end\"", 15, out);
    }
}
