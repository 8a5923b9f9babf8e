/* From what was seen to the status and the sample of one request (endpoints.md 6 and 8). */
#include "workload/llm.h"

#include <assert.h>
#include <stdio.h>

void assay_llm_note(struct assay_llm_slot *slot, enum assay_status status, const char *format, ...)
{
    struct assay_llm_totals *totals = &slot->worker->state->totals;
    uint_fast32_t index = atomic_load_explicit(&totals->notes_count, memory_order_relaxed);
    if (index >= ASSAY_LLM_NOTES_MAX) {
        return; /* without touching the shared line again: there may be thousands */
    }
    index = atomic_fetch_add_explicit(&totals->notes_count, 1, memory_order_relaxed);
    if (index >= ASSAY_LLM_NOTES_MAX) {
        return;
    }
    struct assay_llm_note *note = &totals->notes[index];
    note->sample = slot->id;
    note->status = status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(note->text, sizeof note->text, format, args);
    va_end(args);
}

/* ---- what ended it ---------------------------------------------------------------------------------------------- */

/* ENCODED: another content encoding than asked for cannot be read as a stream. OK and STOPPED are looked at further. */
static const enum assay_status OF_OUTCOME[ASSAY_NET_OUTCOME_COUNT] = {
    [ASSAY_NET_OK] = ASSAY_STATUS_OK,
    [ASSAY_NET_REFUSED] = ASSAY_STATUS_REFUSED,
    [ASSAY_NET_UNREACHABLE] = ASSAY_STATUS_UNREACHABLE,
    [ASSAY_NET_TLS_FAILED] = ASSAY_STATUS_TLS_FAILED,
    [ASSAY_NET_SEND_FAILED] = ASSAY_STATUS_SEND_FAILED,
    [ASSAY_NET_RESET] = ASSAY_STATUS_RESET,
    [ASSAY_NET_CLOSED] = ASSAY_STATUS_INCOMPLETE,
    [ASSAY_NET_BAD_HTTP] = ASSAY_STATUS_BAD_HTTP,
    [ASSAY_NET_ENCODED] = ASSAY_STATUS_BAD_STREAM,
    [ASSAY_NET_TOO_LARGE] = ASSAY_STATUS_TOO_LARGE,
    [ASSAY_NET_TIMEOUT_CONNECT] = ASSAY_STATUS_TIMEOUT_CONNECT,
    [ASSAY_NET_TIMEOUT_FIRST] = ASSAY_STATUS_TIMEOUT_FIRST,
    [ASSAY_NET_TIMEOUT_STALL] = ASSAY_STATUS_TIMEOUT_STALL,
    [ASSAY_NET_TIMEOUT_TOTAL] = ASSAY_STATUS_TIMEOUT_TOTAL,
    [ASSAY_NET_STOPPED] = ASSAY_STATUS_OK,
    [ASSAY_NET_CANCELLED] = ASSAY_STATUS_CANCELLED_STOP,
};

static enum assay_status of_http(uint32_t status)
{
    switch (status) {
    case 408:
        return ASSAY_STATUS_HTTP_408;
    case 429:
        return ASSAY_STATUS_HTTP_429;
    case 503:
        return ASSAY_STATUS_HTTP_503;
    default:
        break;
    }
    if (status >= 400 && status < 500) {
        return ASSAY_STATUS_HTTP_4XX;
    }
    return status >= 500 && status < 600 ? ASSAY_STATUS_HTTP_5XX : ASSAY_STATUS_HTTP_OTHER;
}

/* A last line without its end: an error object counts as such; else it is a JSON document instead of a stream, or a
 * stream that was cut. */
static enum assay_status of_last_line(struct assay_llm_slot *slot)
{
    const struct assay_net_gather *gather = &slot->parser.ndjson.gather;
    struct assay_llm_event event;
    bool is_read = assay_llm_event_read(slot->worker->state->endpoint->family, gather->data, gather->len, &event);
    if (is_read && (event.has & ASSAY_LLM_HAS_ERROR) != 0) {
        assay_llm_note(slot, ASSAY_STATUS_STREAM_ERROR, "the server says: %.*s", (int)event.error.len,
                       event.error.data != NULL ? event.error.data : "");
        return ASSAY_STATUS_STREAM_ERROR;
    }
    if (!slot->is_whole) {
        return ASSAY_STATUS_INCOMPLETE;
    }
    assay_llm_note(slot, ASSAY_STATUS_BAD_STREAM, "one JSON document instead of a stream");
    return ASSAY_STATUS_BAD_STREAM;
}

/* What ended the stream, before its content is judged. Once the terminator is there, the transport's end is no fault
 * of the answer. */
static enum assay_status of_stream(struct assay_llm_slot *slot, const struct assay_net_facts *facts)
{
    if (slot->has_status) {
        return slot->status;
    }
    if (facts->outcome == ASSAY_NET_CANCELLED) {
        return slot->worker->cancel_status;
    }
    if (slot->is_ended) {
        return ASSAY_STATUS_OK;
    }
    if (facts->status != 0 && facts->status != 200) {
        return of_http((uint32_t)facts->status);
    }
    if (facts->outcome != ASSAY_NET_OK) {
        return OF_OUTCOME[facts->outcome];
    }
    bool has_last_line = slot->stream == ASSAY_LLM_NDJSON && assay_net_ndjson_is_partial(&slot->parser.ndjson);
    return has_last_line ? of_last_line(slot) : ASSAY_STATUS_INCOMPLETE;
}

/* ---- content checks --------------------------------------------------------------------------------------------- */

/* Output tokens by the best source that covers the whole answer. */
static uint32_t count_output(const struct assay_llm_slot *slot, enum assay_token_source *ret_source)
{
    static const enum assay_token_source by_chunk[] = {ASSAY_TOKENS_IDS, ASSAY_TOKENS_RUNNING_USAGE,
                                                       ASSAY_TOKENS_LOGPROBS};
    for (size_t i = 0; i < sizeof by_chunk / sizeof by_chunk[0]; i++) {
        enum assay_token_source source = by_chunk[i];
        if (slot->chunks > 0 && slot->chunks_with[source] == slot->chunks) {
            *ret_source = source;
            bool is_running = source == ASSAY_TOKENS_RUNNING_USAGE && slot->final_output != ASSAY_COUNT_ABSENT &&
                              slot->final_output > slot->tokens_with[source];
            return is_running ? slot->final_output : slot->tokens_with[source];
        }
    }
    if (slot->final_output != ASSAY_COUNT_ABSENT && slot->final_output > 0) {
        *ret_source = ASSAY_TOKENS_FINAL_USAGE;
        return slot->final_output;
    }
    *ret_source = slot->chunks > 0 ? ASSAY_TOKENS_CHUNK_COUNT : ASSAY_TOKENS_UNKNOWN;
    return slot->chunks > 0 ? slot->chunks : ASSAY_COUNT_ABSENT;
}

/* Usage that says fewer tokens than the stream showed, or more than an end token and one held-back character. */
#define USAGE_SLACK 4
static bool is_unlike_stream(const struct assay_llm_slot *slot)
{
    uint32_t ids = slot->tokens_with[ASSAY_TOKENS_IDS];
    bool is_known = slot->chunks > 0 && slot->chunks_with[ASSAY_TOKENS_IDS] == slot->chunks &&
                    slot->final_output != ASSAY_COUNT_ABSENT;
    return is_known && (slot->final_output < ids || slot->final_output > ids + USAGE_SLACK);
}

/* The server counts the template as well, so it cannot count fewer tokens than were sent; one in ten is left for words
 * that cost less than the calibrated mean. */
static bool is_cut(const struct assay_llm_slot *slot)
{
    const struct assay_llm_prompts *prompts = &slot->worker->state->prompts;
    bool is_known = prompts->is_calibrated && slot->op->prompt == 0 && slot->prompt_tokens != ASSAY_COUNT_ABSENT;
    uint32_t asked = slot->op->prompt_tokens;
    return slot->is_truncated ||
           (is_known && asked > 2 * prompts->floor_tokens && slot->prompt_tokens < asked - asked / 10);
}

static enum assay_status of_content(const struct assay_llm_slot *slot, uint32_t output, enum assay_token_source source)
{
    const struct assay_llm_state *state = slot->worker->state;
    if (slot->chunks == 0) {
        return ASSAY_STATUS_EMPTY;
    }
    if (is_cut(slot)) {
        return ASSAY_STATUS_TRUNCATED;
    }
    if (source == ASSAY_TOKENS_CHUNK_COUNT || source == ASSAY_TOKENS_UNKNOWN) {
        return ASSAY_STATUS_OK; /* chunks are not tokens: nothing to compare */
    }
    if (output > slot->op->output_tokens + state->dialect->long_slack) {
        return ASSAY_STATUS_LONG;
    }
    bool must_be_full = state->options.ignore_eos && state->dialect->knows_ignore_eos && state->options.stop.count == 0;
    bool is_cut_short = slot->finish == ASSAY_FINISH_LENGTH; /* it says that the limit was reached */
    if (output < slot->op->output_tokens && (must_be_full || is_cut_short)) {
        return ASSAY_STATUS_SHORT;
    }
    return ASSAY_STATUS_OK;
}

/* ---- the sample ------------------------------------------------------------------------------------------------- */

#define IMPOSSIBLE_SLACK_NS ASSAY_NS_PER_MS /* servers that report in milliseconds round */

static uint64_t or_zero(uint64_t ns)
{
    return ns == ASSAY_NS_ABSENT ? 0 : ns;
}

/* Server figures that contradict each other or the client's clock are withheld. A cold start that assay itself timed is
 * no figure of the server. */
static void withhold_impossible(struct assay_llm_slot *slot, uint64_t client_ns)
{
    uint64_t parts = or_zero(slot->load_ns) + or_zero(slot->prompt_ns) + or_zero(slot->eval_ns);
    uint64_t total = slot->total_ns == ASSAY_NS_ABSENT ? parts : slot->total_ns;
    if (total + IMPOSSIBLE_SLACK_NS < parts || total > client_ns + IMPOSSIBLE_SLACK_NS) {
        slot->flags |= ASSAY_REQUEST_IMPOSSIBLE;
        slot->load_ns = slot->prompt_ns = slot->eval_ns = slot->total_ns = ASSAY_NS_ABSENT;
    }
}

static uint64_t or_absent(uint64_t ns)
{
    return ns == 0 ? ASSAY_NS_ABSENT : ns;
}

static void fill_request(struct assay_llm_slot *slot, const struct assay_net_facts *facts,
                         struct assay_request *request)
{
    struct assay_digest output;
    assay_sha256_end(&slot->output, &output);
    *request = (struct assay_request){
        .conn_start_ns = facts->conn_reused ? 0 : facts->conn_start_ns,
        .conn_end_ns = facts->conn_reused ? 0 : facts->conn_end_ns,
        .tls_end_ns = facts->conn_reused ? 0 : facts->tls_end_ns,
        .send_enter_ns = facts->send_enter_ns,
        .send_return_ns = facts->send_return_ns,
        .tx_ns = facts->tx.ns,
        .tx_ack_ns = facts->tx_ack.ns,
        .hdr_ns = slot->hdr_ns,
        .first_byte_ns = facts->first_byte.hi_ns,
        .first_event_ns = slot->first_event_ns,
        .usage_ns = slot->usage_ns,
        .done_ns = slot->done_ns,
        .server_load_ns = slot->load_before_ns != ASSAY_NS_ABSENT ? slot->load_before_ns : slot->load_ns,
        .server_prompt_ns = slot->prompt_ns,
        .server_eval_ns = slot->eval_ns,
        .server_total_ns = slot->total_ns,
        .retry_after_ns = or_absent(facts->retry_after_ns),
        .http_status = (uint32_t)facts->status,
        .prompt_tokens_asked = slot->op->prompt_tokens,
        .output_tokens_asked = slot->op->output_tokens,
        .prompt_tokens = slot->prompt_tokens,
        .cached_tokens = slot->cached_tokens,
        .ignored_events = slot->ignored_events,
        .flags = slot->flags,
        .finish = (uint8_t)slot->finish,
        .content_bytes = slot->content_bytes,
    };
    memcpy(request->body_sha256, slot->body_sha256, sizeof request->body_sha256);
    memcpy(request->output_sha256, output.bytes, sizeof request->output_sha256);
}

static void add(atomic_uint_fast64_t *total, uint64_t value)
{
    atomic_fetch_add_explicit(total, value, memory_order_relaxed);
}

/* What the checks of the whole run are made of. Warm-up counts too: a request is a request. */
static void add_totals(struct assay_llm_slot *slot, const struct assay_request *request, enum assay_status status)
{
    struct assay_llm_state *state = slot->worker->state;
    struct assay_llm_totals *totals = &state->totals;
    add(&totals->remote, slot->has_remote);
    add(&totals->scripted, slot->is_scripted);
    if (status != ASSAY_STATUS_OK) {
        add(&totals->truncated, status == ASSAY_STATUS_TRUNCATED);
        return;
    }
    add(&totals->requests, 1);
    add(&totals->usage_mismatch, (slot->flags & ASSAY_REQUEST_USAGE_MISMATCH) != 0);
    add(&totals->impossible, (slot->flags & ASSAY_REQUEST_IMPOSSIBLE) != 0);
    add(&totals->no_usage, slot->usage_records == 0);
    add(&totals->sources[request->output_source], 1);
    if (slot->prompt_tokens != ASSAY_COUNT_ABSENT && slot->cached_tokens != ASSAY_COUNT_ABSENT) {
        add(&totals->with_cached, 1);
        add(&totals->cached_tokens, slot->cached_tokens);
        add(&totals->prompt_tokens, slot->prompt_tokens);
        bool is_over = state->cached_floor != ASSAY_COUNT_ABSENT && slot->cached_tokens > state->cached_floor;
        add(&totals->over_floor, is_over);
    }
}

static void release_parser(struct assay_llm_slot *slot)
{
    if (slot->stream == ASSAY_LLM_SSE) {
        assay_net_sse_done(&slot->parser.sse);
    } else {
        assay_net_ndjson_done(&slot->parser.ndjson);
    }
}

static uint64_t end_of(const struct assay_llm_slot *slot, const struct assay_net_facts *facts)
{
    uint64_t end_ns = facts->end.hi_ns != ASSAY_NS_ABSENT ? facts->end.hi_ns : facts->end_ns;
    return end_ns != ASSAY_NS_ABSENT ? end_ns : slot->queued_ns;
}

static uint64_t start_of(const struct assay_net_facts *facts)
{
    if (facts->tx.ns != ASSAY_NS_ABSENT) {
        return facts->tx.ns;
    }
    return facts->send_enter_ns != ASSAY_NS_ABSENT && facts->send_enter_ns != 0 ? facts->send_enter_ns
                                                                                : ASSAY_NS_ABSENT;
}

void assay_llm_slot_finish(struct assay_llm_slot *slot, const struct assay_net_facts *facts)
{
    assert(slot->is_busy);
    struct assay_request request;
    enum assay_token_source source;
    uint32_t output = count_output(slot, &source);
    enum assay_status status = of_stream(slot, facts);
    if (status == ASSAY_STATUS_OK) {
        status = of_content(slot, output, source);
    }
    slot->flags |= facts->conn_reused ? ASSAY_REQUEST_CONN_REUSED : 0;
    slot->flags |= facts->retransmissions > 0 ? ASSAY_REQUEST_RETRANSMITTED : 0;
    slot->flags |= facts->bytes_after_end > 0 ? ASSAY_REQUEST_BYTES_AFTER_END : 0;
    slot->flags |= is_unlike_stream(slot) ? ASSAY_REQUEST_USAGE_MISMATCH : 0;
    uint64_t start_ns = start_of(facts), end_ns = end_of(slot, facts);
    withhold_impossible(slot, start_ns != ASSAY_NS_ABSENT && end_ns > start_ns ? end_ns - start_ns : 0);
    fill_request(slot, facts, &request);
    request.output_tokens = output;
    request.output_source = (uint8_t)source;
    struct assay_sample sample = {
        .id = slot->id,
        .arm = slot->op->arm,
        .worker = slot->worker->index,
        .status = status,
        .flags = slot->is_scripted ? ASSAY_SAMPLE_PEER_SCRIPTED : 0,
        .iterations = 1,
        .due_ns = slot->due_ns,
        .queued_ns = slot->queued_ns,
        .start_ns = start_ns,
        .end_ns = end_ns,
        .cpu_ns = ASSAY_NS_ABSENT,
        .request = &request,
    };
    assay_recorder_sample(slot->worker->recorder, &sample);
    add_totals(slot, &request, status);
    release_parser(slot);
    struct assay_completion completion = {
        .id = slot->id, .start_ns = start_ns, .first_ns = slot->first_content_ns, .end_ns = end_ns, .status = status};
    assay_llm_worker_ended(slot, &completion);
}
