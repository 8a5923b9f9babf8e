/* From body bytes to chunks, counts and stamps of one request. Called by net/ for every read; allocates nothing. */
#include "workload/llm.h"

#include <strings.h>

/* ---- ends ------------------------------------------------------------------------------------------------------- */

static bool end_as(struct assay_llm_slot *slot, enum assay_status status)
{
    if (!slot->has_status) {
        slot->has_status = true;
        slot->status = status;
    }
    slot->is_stopped = true;
    return false;
}

static bool end_on_fault(struct assay_llm_slot *slot, const char *bytes, size_t len,
                         const struct assay_llm_event *event)
{
    char path[ASSAY_LLM_PATH_BYTES];
    assay_llm_event_path(bytes, len, event->fault_offset, path);
    enum assay_status status = ASSAY_STATUS_BAD_STREAM;
    if (event->fault == ASSAY_LLM_FAULT_ENCODING) {
        status = ASSAY_STATUS_BAD_ENCODING;
    } else if (event->fault == ASSAY_LLM_FAULT_COUNT) {
        status = ASSAY_STATUS_TOO_LARGE;
    }
    assay_llm_note(slot, status, "%s at '%s', byte %u of an event", assay_llm_fault_text(event->fault), path,
                   event->fault_offset);
    return end_as(slot, status);
}

struct message {
    char text[96];
    size_t len;
};

static void message_add(void *context, const char *bytes, size_t len)
{
    struct message *message = context;
    size_t room = sizeof message->text - message->len;
    size_t part = len < room ? len : room;
    memcpy(message->text + message->len, bytes, part);
    message->len += part;
}

static bool end_on_error(struct assay_llm_slot *slot, const struct assay_llm_event *event)
{
    struct message message = {.len = 0};
    if (event->error.data != NULL) {
        assay_llm_text_decode(event->error, message_add, &message);
    }
    assay_llm_note(slot, ASSAY_STATUS_STREAM_ERROR, "the server says: %.*s", (int)message.len, message.text);
    return end_as(slot, ASSAY_STATUS_STREAM_ERROR);
}

/* ---- content ---------------------------------------------------------------------------------------------------- */

static void hash_text(void *context, const char *bytes, size_t len)
{
    struct assay_llm_slot *slot = context;
    assay_sha256_add(&slot->output, bytes, len);
    slot->content_bytes += len;
}

/* Of several texts in one event the visible one names the chunk: it is what `ttfo` waits for. */
static enum assay_chunk_kind kind_of(const struct assay_llm_event *event)
{
    enum assay_chunk_kind kind = event->pieces[0].kind;
    for (uint32_t i = 1; i < event->pieces_count; i++) {
        if (kind == ASSAY_CHUNK_REASONING || event->pieces[i].kind == ASSAY_CHUNK_TEXT) {
            kind = event->pieces[i].kind;
        }
    }
    return kind;
}

/* Tokens of a chunk by the best source that speaks of single chunks; text that was held back brings its tokens along.
 */
static void count_tokens(struct assay_llm_slot *slot, const struct assay_llm_event *event, struct assay_chunk *chunk)
{
    uint32_t running = event->counts.output;
    chunk->tokens = 0;
    chunk->tokens_source = ASSAY_TOKENS_UNKNOWN;
    if (slot->pending_ids > 0) {
        chunk->tokens = slot->pending_ids;
        chunk->tokens_source = ASSAY_TOKENS_IDS;
    } else if (running != ASSAY_COUNT_ABSENT && running > slot->running_last) {
        chunk->tokens = running - slot->running_last;
        chunk->tokens_source = ASSAY_TOKENS_RUNNING_USAGE;
    } else if (slot->pending_logprobs > 0) {
        chunk->tokens = slot->pending_logprobs;
        chunk->tokens_source = ASSAY_TOKENS_LOGPROBS;
    }
    if (running != ASSAY_COUNT_ABSENT) {
        slot->running_last = running;
    }
    slot->pending_ids = 0;
    slot->pending_logprobs = 0;
    slot->chunks_with[chunk->tokens_source]++;
    slot->tokens_with[chunk->tokens_source] += chunk->tokens;
}

static void add_chunk(struct assay_llm_slot *slot, const struct assay_llm_event *event, uint64_t after_bytes,
                      uint64_t at_ns)
{
    struct assay_chunk chunk = {
        .segment = slot->span->segment->index,
        .after_bytes = after_bytes < UINT32_MAX ? (uint32_t)after_bytes : UINT32_MAX,
        .kind = (uint8_t)kind_of(event),
    };
    count_tokens(slot, event, &chunk);
    assay_recorder_chunk(slot->worker->recorder, slot->id, &chunk);
    slot->chunks++;
    if (slot->first_content_ns == ASSAY_NS_ABSENT) {
        slot->first_content_ns = at_ns;
    }
    for (uint32_t i = 0; i < event->pieces_count; i++) {
        assay_llm_text_decode(event->pieces[i].text, hash_text, slot);
    }
}

/* ---- counts and server figures ---------------------------------------------------------------------------------- */

static void take_ns(struct assay_llm_slot *slot, struct assay_llm_number number, uint64_t unit_ns, uint64_t *into)
{
    uint64_t ns;
    if (!assay_llm_number_ns(number, unit_ns, &ns)) {
        slot->flags |= ASSAY_REQUEST_BAD_NUMBER;
    } else if (ns != ASSAY_NS_ABSENT) {
        *into = ns;
    }
}

static void take_usage(struct assay_llm_slot *slot, const struct assay_llm_event *event, uint64_t at_ns)
{
    slot->usage_ns = at_ns;
    slot->usage_records++;
    take_ns(slot, event->load_ns, 1, &slot->load_ns);
    take_ns(slot, event->prompt_ns, 1, &slot->prompt_ns);
    take_ns(slot, event->eval_ns, 1, &slot->eval_ns);
    take_ns(slot, event->total_ns, 1, &slot->total_ns);
    take_ns(slot, event->prompt_ms, ASSAY_NS_PER_MS, &slot->prompt_ns);
    take_ns(slot, event->predicted_ms, ASSAY_NS_PER_MS, &slot->eval_ns);
    if (event->counts.output == ASSAY_COUNT_ABSENT) {
        return;
    }
    bool is_final = (event->has & ASSAY_LLM_HAS_CONTENT) == 0 || (event->has & ASSAY_LLM_HAS_FINISH) != 0;
    bool was_final = slot->final_output != ASSAY_COUNT_ABSENT;
    if (is_final && was_final && slot->finish != ASSAY_FINISH_NONE && slot->final_output != event->counts.output &&
        slot->final_output != 0) {
        slot->flags |= ASSAY_REQUEST_USAGE_MISMATCH; /* said twice, and not the same */
    }
    slot->final_output = event->counts.output;
}

static void take_counts(struct assay_llm_slot *slot, const struct assay_llm_event *event)
{
    const struct assay_llm_counts *counts = &event->counts;
    if (counts->prompt != ASSAY_COUNT_ABSENT && counts->prompt > 0) {
        slot->prompt_tokens = counts->prompt;
    }
    if (counts->cached != ASSAY_COUNT_ABSENT) {
        slot->cached_tokens = counts->cached;
    }
    if (counts->ids != ASSAY_COUNT_ABSENT && (event->has & ASSAY_LLM_HAS_PROGRESS) == 0) {
        slot->pending_ids += counts->ids;
    }
    if (counts->logprobs != ASSAY_COUNT_ABSENT) {
        slot->pending_logprobs += counts->logprobs;
    }
    if ((event->has & ASSAY_LLM_HAS_BAD_NUMBER) != 0) {
        slot->flags |= ASSAY_REQUEST_BAD_NUMBER;
    }
}

/* ---- one event -------------------------------------------------------------------------------------------------- */

static void note_first(struct assay_llm_slot *slot, const struct assay_llm_event *event, uint64_t at_ns)
{
    if (!slot->has_event) {
        slot->has_event = true;
        slot->first_event_ns = at_ns;
        slot->flags |= (event->has & ASSAY_LLM_HAS_CONTENT) == 0 ? ASSAY_REQUEST_FIRST_EVENT_EMPTY : 0;
    }
}

static bool is_ignored(const struct assay_llm_event *event)
{
    const uint32_t matters =
        ASSAY_LLM_HAS_CONTENT | ASSAY_LLM_HAS_USAGE | ASSAY_LLM_HAS_END | ASSAY_LLM_HAS_FINISH | ASSAY_LLM_HAS_ERROR;
    return (event->has & matters) == 0;
}

static bool on_event(void *context, const struct assay_net_event *net_event)
{
    struct assay_llm_slot *slot = context;
    if (slot->is_ended) {
        slot->flags |= ASSAY_REQUEST_BYTES_AFTER_END;
        slot->is_stopped = true;
        return false;
    }
    struct assay_llm_event event;
    const char *bytes = net_event->data.data != NULL ? net_event->data.data : "";
    if (!assay_llm_event_read(slot->worker->state->endpoint->family, bytes, net_event->data.len, &event)) {
        return end_on_fault(slot, bytes, net_event->data.len, &event);
    }
    uint64_t at_ns = assay_net_span_arrival(slot->span, net_event->input_end).hi_ns;
    note_first(slot, &event, at_ns);
    take_counts(slot, &event);
    if ((event.has & ASSAY_LLM_HAS_CONTENT) != 0) {
        add_chunk(slot, &event, assay_net_span_after(slot->span, net_event->input_end), at_ns);
    }
    if ((event.has & ASSAY_LLM_HAS_USAGE) != 0) {
        take_usage(slot, &event, at_ns);
    }
    if ((event.has & ASSAY_LLM_HAS_FINISH) != 0) {
        slot->finish = event.finish;
    }
    slot->ignored_events += is_ignored(&event);
    slot->has_remote |= (event.has & ASSAY_LLM_HAS_REMOTE) != 0;
    if ((event.has & ASSAY_LLM_HAS_ERROR) != 0) {
        return end_on_error(slot, &event);
    }
    slot->is_truncated |= (event.has & ASSAY_LLM_HAS_TRUNCATED) != 0;
    if ((event.has & ASSAY_LLM_HAS_END) != 0) {
        slot->is_ended = true;
        slot->done_ns = at_ns;
    }
    return true;
}

/* ---- callbacks of the transport --------------------------------------------------------------------------------- */

static void on_segment(void *context, const struct assay_net_segment *segment)
{
    struct assay_llm_slot *slot = context;
    struct assay_segment record = {
        .end_offset = segment->end_offset,
        .rx_ns = segment->rx.ns,
        .user_before_ns = segment->user_before_ns,
        .user_after_ns = segment->user_after_ns,
        .left_bytes = segment->left_bytes,
    };
    assay_recorder_segment(slot->worker->recorder, slot->id, &record);
}

static bool is_name(struct assay_slice name, const char *expected)
{
    return name.len == strlen(expected) && strncasecmp(name.data, expected, name.len) == 0;
}

bool assay_llm_is_truth_header(struct assay_slice name, struct assay_slice value)
{
    return is_name(name, ASSAY_LLM_TRUTH_HEADER) && assay_slice_is(assay_slice_trim(value), "1");
}

static void on_header(void *context, struct assay_slice name, struct assay_slice value)
{
    struct assay_llm_slot *slot = context;
    slot->is_scripted |= assay_llm_is_truth_header(name, value);
}

/* A JSON document at HTTP 200 instead of a stream is read as one line: it is an error object, or no stream at all. */
static bool has_type(struct assay_slice type, const char *expected)
{
    return type.len >= strlen(expected) && strncasecmp(type.data, expected, strlen(expected)) == 0;
}

static void on_head(void *context, const struct assay_net_response *response)
{
    struct assay_llm_slot *slot = context;
    slot->http_status = (uint32_t)response->status;
    slot->hdr_ns = response->hdr.hi_ns;
    slot->is_html = has_type(response->content_type, "text/html");
    slot->is_whole = slot->stream == ASSAY_LLM_SSE && has_type(response->content_type, "application/json");
    if (slot->is_whole) {
        slot->stream = ASSAY_LLM_NDJSON;
        assay_net_sse_done(&slot->parser.sse);
        assay_net_ndjson_init(&slot->parser.ndjson, slot->worker->pool);
    }
}

static enum assay_net_stream_status feed(struct assay_llm_slot *slot, const char *bytes, size_t len)
{
    return slot->stream == ASSAY_LLM_SSE ? assay_net_sse_feed(&slot->parser.sse, bytes, len, on_event, slot)
                                         : assay_net_ndjson_feed(&slot->parser.ndjson, bytes, len, on_event, slot);
}

static bool on_body(void *context, const struct assay_net_span *span)
{
    struct assay_llm_slot *slot = context;
    if (slot->http_status != 200) {
        return true; /* the text of a refusal is not looked at, but read to its end */
    }
    if (slot->is_html) {
        assay_llm_note(slot, ASSAY_STATUS_BAD_STREAM, "HTTP 200 with a page of HTML");
        return end_as(slot, ASSAY_STATUS_BAD_STREAM);
    }
    slot->span = span;
    enum assay_net_stream_status status = feed(slot, span->data, span->len);
    slot->span = NULL;
    if (status == ASSAY_NET_STREAM_TOO_LARGE) {
        return end_as(slot, ASSAY_STATUS_TOO_LARGE);
    }
    return !slot->is_stopped;
}

static void on_done(void *context, const struct assay_net_facts *facts)
{
    assay_llm_slot_finish(context, facts);
}

const struct assay_net_handler assay_llm_handler = {
    .on_segment = on_segment,
    .on_header = on_header,
    .on_head = on_head,
    .on_body = on_body,
    .on_done = on_done,
};
