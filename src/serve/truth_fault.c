/* Faults of a script: what stands for the whole answer, and what breaks a stream at its place. */
#include "serve/truth_stream.h"

#include "base/clock.h"

#include <string.h>

bool truth_fault_replaces(const struct truth_spec *spec)
{
    return spec->fault.kind == TRUTH_FAULT_STATUS || spec->fault.kind == TRUTH_FAULT_HTML ||
           spec->fault.kind == TRUTH_FAULT_BAD_STATUS_LINE || spec->fault.kind == TRUTH_FAULT_HUGE_HEAD;
}

void truth_fault_answer(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    static const char HTML[] = "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>\n";
    static const char REFUSAL[] = "{\"error\":{\"message\":\"scripted status\",\"type\":\"truth\"}}\n";
    const struct truth_fault *fault = &stream->spec->fault;
    char extra[64] = "";
    write->after = stream->is_keep_alive ? TRUTH_KEEP : TRUTH_SHUT;
    switch (fault->kind) {
    case TRUTH_FAULT_HTML:
        truth_answer_simple(out, 200, "text/html", "", HTML, sizeof HTML - 1, stream->is_keep_alive);
        return;
    case TRUTH_FAULT_BAD_STATUS_LINE:
        assay_buf_text(out, "HTTQ/1.1 banana OK\r\n\r\n");
        write->after = TRUTH_SHUT;
        return;
    case TRUTH_FAULT_HUGE_HEAD:
        assay_buf_text(out, "HTTP/1.1 200 OK\r\nX-Filler: ");
        for (uint64_t i = 0; i < (fault->bytes ? fault->bytes : 80000); i++) {
            assay_buf_char(out, 'f');
        }
        assay_buf_text(out, "\r\n\r\n");
        write->after = TRUTH_SHUT;
        return;
    default:
        break;
    }
    if (fault->retry_after_s != ASSAY_NS_ABSENT) {
        struct assay_buf text;
        assay_buf_init(&text, sizeof extra - 1);
        assay_buf_printf(&text, "Retry-After: %llu\r\n", (unsigned long long)fault->retry_after_s);
        memcpy(extra, text.data ? text.data : "", text.len);
        assay_buf_done(&text);
    }
    truth_answer_simple(out, (unsigned)fault->status, "application/json", extra, REFUSAL, sizeof REFUSAL - 1,
                        stream->is_keep_alive);
}

/* Where a cut inside an event falls: in the middle of its first token. */
static void cut_short(const struct truth_write *write, struct assay_buf *out)
{
    size_t at = write->token_at == SIZE_MAX ? out->len / 2 : write->token_at + TRUTH_TOKEN_BYTES / 2;
    if (at < out->len) {
        out->len = at;
    }
}

void truth_fault_here(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    stream->is_faulted = true;
    stream->stage = TRUTH_STAGE_DONE;
    switch (stream->spec->fault.kind) {
    case TRUTH_FAULT_CLOSE:
        truth_stream_chunk(stream, write, out);
        write->after = TRUTH_SHUT;
        return;
    case TRUTH_FAULT_HANG:
        truth_stream_chunk(stream, write, out);
        write->after = TRUTH_HANG;
        return;
    case TRUTH_FAULT_CUT:
    case TRUTH_FAULT_RESET: {
        struct truth_write torn = {.token_at = SIZE_MAX, .line_cut = SIZE_MAX};
        truth_event_tokens(stream, write->planned_ns, &torn, &stream->body);
        truth_stream_chunk(stream, &torn, out);
        cut_short(&torn, out);
        write->after = stream->spec->fault.kind == TRUTH_FAULT_CUT ? TRUTH_SHUT : TRUTH_RESET;
        return;
    }
    case TRUTH_FAULT_BAD_CHUNK:
        truth_stream_chunk(stream, write, out);
        assay_buf_text(out, "zz!\r\nnot a chunk\r\n");
        write->after = TRUTH_SHUT;
        return;
    default:
        break;
    }
    truth_event_fault(stream, &stream->body);
    truth_stream_chunk(stream, write, out);
    if (stream->spec->fault.kind != TRUTH_FAULT_ERROR) {
        stream->stage = stream->token < stream->tokens ? TRUTH_STAGE_TOKENS : TRUTH_STAGE_TAIL;
        return;
    }
    if (stream->spec->framing == TRUTH_CHUNKED) {
        assay_buf_text(out, "0\r\n\r\n");
    }
    write->after = stream->is_keep_alive ? TRUTH_KEEP : TRUTH_SHUT;
}

bool truth_fault_is_here(const struct truth_stream *stream)
{
    const struct truth_fault *fault = &stream->spec->fault;
    bool is_of_tail = fault->kind == TRUTH_FAULT_MISSING_END || fault->kind == TRUTH_FAULT_AFTER_END ||
                      fault->kind == TRUTH_FAULT_AFTER_BODY;
    bool is_of_transport = fault->kind == TRUTH_FAULT_CLOSE || fault->kind == TRUTH_FAULT_CUT ||
                           fault->kind == TRUTH_FAULT_RESET || fault->kind == TRUTH_FAULT_HANG ||
                           fault->kind == TRUTH_FAULT_BAD_CHUNK;
    if (stream->is_dry && is_of_transport) {
        return false; /* the announced length is that of the whole body */
    }
    bool is_here = stream->stage == TRUTH_STAGE_TAIL ? fault->at >= stream->event : fault->at == stream->event;
    return fault->kind != TRUTH_FAULT_NONE && !is_of_tail && !stream->is_faulted && is_here;
}
