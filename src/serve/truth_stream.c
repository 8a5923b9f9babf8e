#include "serve/truth_stream.h"

#include "base/clock.h"
#include "base/rng.h"

#include <assert.h>
#include <string.h>

void truth_stream_init(struct truth_stream *stream)
{
    *stream = (struct truth_stream){0};
    for (size_t i = 0; i < 2; i++) {
        assay_buf_init(&stream->heads[i], TRUTH_STREAM_BYTES_MAX);
    }
    assay_buf_init(&stream->model, TRUTH_STREAM_BYTES_MAX);
    assay_buf_init(&stream->text, TRUTH_STREAM_BYTES_MAX);
    assay_buf_init(&stream->json, TRUTH_STREAM_BYTES_MAX);
    assay_buf_init(&stream->body, TRUTH_STREAM_BYTES_MAX);
    stream->stage = TRUTH_STAGE_DONE;
}

void truth_stream_done(struct truth_stream *stream)
{
    for (size_t i = 0; i < 2; i++) {
        assay_buf_done(&stream->heads[i]);
    }
    assay_buf_done(&stream->model);
    assay_buf_done(&stream->text);
    assay_buf_done(&stream->json);
    assay_buf_done(&stream->body);
}

static enum truth_dialect dialect_of(const struct truth_spec *spec, enum truth_api api)
{
    if (spec->dialect != TRUTH_AUTO) {
        return (enum truth_dialect)spec->dialect;
    }
    switch (api) {
    case TRUTH_API_OLLAMA_CHAT:
    case TRUTH_API_OLLAMA_GENERATE:
        return TRUTH_OLLAMA;
    case TRUTH_API_NATIVE:
        return TRUTH_LLAMACPP;
    case TRUTH_API_CHAT:
    case TRUTH_API_TEXT:
        break;
    }
    return TRUTH_OPENAI;
}

/* Streams of one script fall evenly into an interval: the fractional parts of n * golden ratio are as even as any
 * sequence can be without knowing how many will come (Weyl, 1916). */
static uint64_t spread_ns(uint32_t number, uint64_t interval_ns)
{
    double turns = (double)number * 0.6180339887498949;
    return (uint64_t)((turns - (double)(uint64_t)turns) * (double)interval_ns);
}

static uint64_t base_of(const struct truth_stream *stream, const struct truth_start *start)
{
    const struct truth_spec *spec = stream->spec;
    bool is_cached = start->is_repeat && spec->caches_repeats && spec->cached_first_ns != ASSAY_NS_ABSENT;
    uint64_t base = start->now_ns + stream->load_ns + (is_cached ? spec->cached_first_ns : spec->first_ns);
    if (spec->interval_ns == 0 || spec->phase == TRUTH_PHASE_FREE) {
        return base;
    }
    uint64_t since = (base - start->origin_ns) % spec->interval_ns;
    uint64_t wanted = spec->phase == TRUTH_PHASE_SPREAD ? spread_ns(stream->number, spec->interval_ns) : 0;
    return base + (wanted + spec->interval_ns - since) % spec->interval_ns;
}

static void count_tokens(struct truth_stream *stream, const struct truth_start *start)
{
    const struct truth_spec *spec = stream->spec;
    enum { TOKENS_UNASKED = 64 }; /* neither script nor client says how many */
    stream->tokens = spec->tokens ? spec->tokens : start->ask->tokens;
    if (stream->tokens == 0) {
        stream->tokens = spec->fault.kind == TRUTH_FAULT_NONE ? TOKENS_UNASKED : spec->fault.at + TOKENS_UNASKED;
    }
    if (spec->no_content) {
        stream->tokens = 0;
    }
    if (stream->tokens > TRUTH_TOKENS_MAX) {
        stream->tokens = TRUTH_TOKENS_MAX;
    }
    stream->prompt_tokens =
        spec->prompt_tokens != ASSAY_NS_ABSENT ? spec->prompt_tokens : start->ask->prompt_words + spec->template_tokens;
    if (stream->prompt_tokens > spec->prompt_tokens_max) {
        stream->prompt_tokens = spec->prompt_tokens_max; /* a server that cuts long prompts without a word */
    }
    stream->cached_tokens = spec->cached_tokens;
    if (spec->caches_repeats) {
        uint64_t repeated = stream->prompt_tokens > 0 ? stream->prompt_tokens - 1 : 0;
        stream->cached_tokens = start->is_repeat ? repeated : 0;
    }
}

void truth_stream_start(struct truth_stream *stream, const struct truth_start *start)
{
    stream->script = start->script;
    stream->spec = start->spec;
    stream->ask = *start->ask;
    stream->dialect = dialect_of(start->spec, start->ask->api);
    stream->number = start->number;
    stream->load_ns = start->load_ns;
    stream->request_ns = start->now_ns;
    stream->real_s = start->real_ns / ASSAY_NS_PER_S;
    stream->is_keep_alive = start->is_keep_alive && !start->spec->closes && start->spec->framing != TRUTH_CLOSE;
    stream->stage = TRUTH_STAGE_HEAD;
    stream->event = stream->token = stream->lines = 0;
    stream->is_dry = stream->is_faulted = false;
    count_tokens(stream, start);
    stream->base_ns = base_of(stream, start);
    truth_event_prepare(stream);
}

/* Planned instant of a content event; jitter is drawn anew for each from seed, stream and event alone. */
static uint64_t planned_of(const struct truth_stream *stream, uint64_t event)
{
    uint64_t planned = stream->base_ns + truth_spec_offset_ns(stream->spec, event);
    if (stream->spec->jitter_ns > 0) {
        struct assay_rng rng;
        uint64_t first = event - event % stream->spec->events_per_write; /* events of one write share it */
        assay_rng_seed(&rng, stream->script->seed ^ ((uint64_t)stream->number << 32) ^ first, "truth.jitter");
        planned += assay_rng_below(&rng, stream->spec->jitter_ns + 1);
    }
    return planned;
}

static uint64_t last_planned(const struct truth_stream *stream)
{
    return stream->event == 0 ? stream->base_ns : planned_of(stream, stream->event - 1);
}

/* Whole answers come when their last token would have. */
static uint64_t whole_due(const struct truth_stream *stream)
{
    uint64_t events = (stream->tokens + stream->spec->tokens_per_event[0] - 1) / stream->spec->tokens_per_event[0];
    return stream->base_ns + truth_spec_offset_ns(stream->spec, events ? events - 1 : 0);
}

uint64_t truth_stream_due(const struct truth_stream *stream)
{
    switch (stream->stage) {
    case TRUTH_STAGE_HEAD:
        if (!stream->ask.streams && !truth_fault_replaces(stream->spec)) {
            return whole_due(stream);
        }
        return stream->request_ns + stream->spec->head_ns;
    case TRUTH_STAGE_TOKENS:
        return planned_of(stream, stream->event);
    case TRUTH_STAGE_TAIL:
        return last_planned(stream) + stream->spec->tail_ns;
    case TRUTH_STAGE_DONE:
        break;
    }
    return ASSAY_NS_ABSENT;
}

void truth_stream_chunk(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    const struct assay_buf *body = &stream->body;
    if (body->len > 0 && stream->spec->framing == TRUTH_CHUNKED) {
        assay_buf_printf(out, "%zx\r\n", body->len);
    }
    size_t moved = out->len;
    if (body->len > 0) {
        assay_buf_append(out, body->data, body->len);
    }
    if (body->len > 0 && stream->spec->framing == TRUTH_CHUNKED) {
        assay_buf_text(out, "\r\n");
    }
    write->token_at = write->token_at == SIZE_MAX ? SIZE_MAX : write->token_at + moved;
    write->line_cut = write->line_cut == SIZE_MAX ? SIZE_MAX : write->line_cut + moved;
    write->complete_at += moved;
}

static uint64_t body_bytes(const struct truth_stream *stream)
{
    static_assert(sizeof(struct truth_stream) < 4096, "copied on the stack");
    struct truth_stream copy = *stream;
    copy.is_dry = true;
    assay_buf_init(&copy.json, TRUTH_STREAM_BYTES_MAX);
    assay_buf_init(&copy.body, TRUTH_STREAM_BYTES_MAX);
    struct assay_buf out;
    assay_buf_init(&out, TRUTH_STREAM_BYTES_MAX);
    uint64_t bytes = 0;
    while (truth_stream_due(&copy) != ASSAY_NS_ABSENT) {
        struct truth_write write;
        truth_stream_next(&copy, &write, &out);
        bytes += out.len;
    }
    assay_buf_done(&out);
    assay_buf_done(&copy.json);
    assay_buf_done(&copy.body);
    return bytes;
}

static void put_head(struct truth_stream *stream, struct assay_buf *out)
{
    struct assay_buf extra;
    assay_buf_init(&extra, TRUTH_EVENT_BYTES);
    if (stream->spec->framing == TRUTH_CHUNKED) {
        assay_buf_text(&extra, "Transfer-Encoding: chunked\r\n");
    } else if (stream->spec->framing == TRUTH_LENGTH) {
        assay_buf_printf(&extra, "Content-Length: %llu\r\n", (unsigned long long)body_bytes(stream));
    }
    if (stream->spec->encoding[0]) {
        assay_buf_printf(&extra, "Content-Encoding: %s\r\n", stream->spec->encoding);
    }
    if (!stream->is_keep_alive) {
        assay_buf_text(&extra, "Connection: close\r\n");
    }
    truth_answer_head(out, 200, truth_event_is_lines(stream) ? "application/x-ndjson" : "text/event-stream",
                      extra.data ? extra.data : "");
    assay_buf_done(&extra);
}

static void next_head(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    write->kind = ASSAY_TRUTH_HEAD;
    if (truth_fault_replaces(stream->spec)) {
        truth_fault_answer(stream, write, out);
        stream->stage = TRUTH_STAGE_DONE;
        return;
    }
    if (!stream->ask.streams) {
        truth_answer_whole(stream, write->planned_ns, out);
        write->kind = ASSAY_TRUTH_TAIL;
        write->after = stream->is_keep_alive ? TRUTH_KEEP : TRUTH_SHUT;
        stream->stage = TRUTH_STAGE_DONE;
        return;
    }
    if (!stream->is_dry) {
        put_head(stream, out);
    }
    truth_event_before(stream, &stream->body);
    truth_stream_chunk(stream, write, out);
    stream->stage = stream->tokens > 0 ? TRUTH_STAGE_TOKENS : TRUTH_STAGE_TAIL;
}

/* Terminator and end of the body. */
static void put_tail(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    enum truth_fault_kind fault = (enum truth_fault_kind)stream->spec->fault.kind;
    truth_event_tail(stream, write, &stream->body);
    truth_stream_chunk(stream, write, out);
    if (stream->spec->framing == TRUTH_CHUNKED) {
        assay_buf_text(out, "0\r\n\r\n");
    }
    if (fault == TRUTH_FAULT_AFTER_BODY && !stream->is_dry) {
        assay_buf_text(out, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");
    }
    write->after = stream->is_keep_alive ? TRUTH_KEEP : TRUTH_SHUT;
    stream->stage = TRUTH_STAGE_DONE;
}

static void next_tokens(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    write->kind = ASSAY_TRUTH_TOKENS;
    for (uint64_t i = 0; i < stream->spec->events_per_write && stream->token < stream->tokens; i++) {
        if (truth_fault_is_here(stream)) {
            if (write->events == 0) {
                write->kind = ASSAY_TRUTH_PIECE;
            }
            truth_fault_here(stream, write, out);
            return;
        }
        truth_event_tokens(stream, write->planned_ns, write, &stream->body);
    }
    if (stream->token == stream->tokens) {
        stream->stage = TRUTH_STAGE_TAIL;
        if (stream->spec->tail_ns == 0 && !truth_fault_is_here(stream)) {
            put_tail(stream, write, out);
            return;
        }
    }
    truth_stream_chunk(stream, write, out);
}

void truth_stream_next(struct truth_stream *stream, struct truth_write *write, struct assay_buf *out)
{
    *write = (struct truth_write){.kind = ASSAY_TRUTH_TAIL,
                                  .event = UINT32_MAX,
                                  .planned_ns = truth_stream_due(stream),
                                  .token_at = SIZE_MAX,
                                  .line_cut = SIZE_MAX};
    assay_buf_clear(out);
    assay_buf_clear(&stream->body);
    switch (stream->stage) {
    case TRUTH_STAGE_HEAD:
        next_head(stream, write, out);
        return;
    case TRUTH_STAGE_TOKENS:
        next_tokens(stream, write, out);
        return;
    case TRUTH_STAGE_TAIL:
        if (truth_fault_is_here(stream)) {
            truth_fault_here(stream, write, out);
        } else {
            put_tail(stream, write, out);
        }
        return;
    case TRUTH_STAGE_DONE:
        assert(false && "a stream that is done has no next write");
    }
}

static size_t cut_of_split(const struct truth_stream *stream, const struct truth_write *write,
                           const struct assay_buf *out)
{
    switch ((enum truth_split)stream->spec->split) {
    case TRUTH_SPLIT_CHUNK:
        return 1; /* behind the first digit of the chunk's size */
    case TRUTH_SPLIT_STRING:
        return write->token_at == SIZE_MAX ? 0 : write->token_at + TRUTH_TOKEN_BYTES / 2;
    case TRUTH_SPLIT_LINE_END:
        return write->line_cut == SIZE_MAX ? 0 : write->line_cut;
    case TRUTH_SPLIT_UTF8:
        for (size_t i = 0; i < out->len; i++) {
            if ((unsigned char)out->data[i] >= 0xC0) {
                return i + 1;
            }
        }
        return 0;
    case TRUTH_SPLIT_NONE:
        break;
    }
    return 0;
}

size_t truth_stream_piece_end(const struct truth_stream *stream, const struct truth_write *write,
                              const struct assay_buf *out, size_t from)
{
    uint64_t drip = stream->spec->drip_bytes;
    if (drip > 0 && write->kind != ASSAY_TRUTH_HEAD) {
        return out->len - from > drip ? from + (size_t)drip : out->len;
    }
    size_t cut = write->kind == ASSAY_TRUTH_TOKENS ? cut_of_split(stream, write, out) : 0;
    return cut > from && cut < out->len ? cut : out->len;
}
