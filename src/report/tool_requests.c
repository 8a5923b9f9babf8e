#include "report/explain.h"

#include <assert.h>

#define GAPS_MAX ((size_t)50000000) /* 400 MB of gaps: twenty times the largest run that a trace is made for */

/* When the program itself saw what a kernel stamp says: after the read that got it. */
static uint64_t user_stamp(const struct assay_request *request, uint64_t kernel_ns)
{
    if (kernel_ns == ASSAY_NS_ABSENT) {
        return ASSAY_NS_ABSENT;
    }
    for (size_t i = 0; i < request->segments_count; i++) {
        const struct assay_segment *segment = &request->segments[i];
        if (segment->rx_ns != ASSAY_NS_ABSENT && segment->rx_ns >= kernel_ns) {
            return segment->user_after_ns;
        }
    }
    return kernel_ns;
}

static uint64_t chunk_stamp(const struct assay_request *request, size_t chunk)
{
    return request->segments[request->chunks[chunk].segment].user_after_ns;
}

static uint64_t first_present(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return a != ASSAY_NS_ABSENT ? a : b != ASSAY_NS_ABSENT ? b : c != ASSAY_NS_ABSENT ? c : d;
}

static struct tool_request request_read(const struct assay_sample *sample)
{
    const struct assay_request *request = sample->request;
    struct tool_request out = {
        .is_ok = assay_status_group_of(sample->status) == ASSAY_GROUP_OK,
        .picked_up_ns =
            first_present(sample->queued_ns, request->conn_start_ns, request->send_enter_ns, sample->start_ns),
        .due_ns = sample->due_ns,
        .first_content_ns = ASSAY_NS_ABSENT,
        .last_content_ns = ASSAY_NS_ABSENT,
        .tokens = request->output_tokens == ASSAY_COUNT_ABSENT ? ASSAY_NS_ABSENT : request->output_tokens,
        .has_empty_first = (request->flags & ASSAY_REQUEST_FIRST_EVENT_EMPTY) != 0};
    if (request->chunks_count > 0) {
        out.first_content_ns = chunk_stamp(request, 0);
        out.last_content_ns = chunk_stamp(request, request->chunks_count - 1);
        out.first_tokens = request->chunks[0].tokens;
        out.gaps_count = request->chunks_count - 1;
    }
    uint64_t first_event_ns = user_stamp(request, request->first_event_ns);
    bool is_before = first_event_ns != ASSAY_NS_ABSENT && first_event_ns < out.first_content_ns;
    out.first_event_ns = is_before ? first_event_ns : out.first_content_ns;
    uint64_t done_ns = user_stamp(request, request->done_ns);
    out.stream_end_ns = first_present(done_ns, sample->end_ns, out.last_content_ns, ASSAY_NS_ABSENT);
    return out;
}

static void gaps_fill(const struct assay_request *request, struct tool_requests *requests, struct tool_request *out)
{
    out->gaps_at = requests->gaps_count;
    for (size_t i = 1; i < request->chunks_count; i++) {
        uint64_t before = chunk_stamp(request, i - 1), at = chunk_stamp(request, i);
        requests->gaps_ns[requests->gaps_count] = at > before ? (double)(at - before) : 0;
        requests->gap_tokens[requests->gaps_count] = request->chunks[i].tokens;
        requests->gaps_count++;
    }
}

static bool is_measured(const struct assay_plan *plan, const struct assay_sample *sample)
{
    return sample->request != NULL && !(sample->id < plan->ops_count && plan->ops[sample->id].is_warmup);
}

static assay_code room_take(const struct assay_plan *plan, struct assay_trace *trace, struct assay_arena *arena,
                            struct tool_requests *ret, assay_err *err)
{
    struct assay_sample sample;
    size_t gaps = 0, count = 0;
    bool is_end = false;
    assay_code rc = assay_trace_next(trace, &sample, &is_end, err);
    for (; rc == ASSAY_OK && !is_end; rc = assay_trace_next(trace, &sample, &is_end, err)) {
        if (is_measured(plan, &sample)) {
            count++;
            gaps += sample.request->chunks_count;
        }
    }
    assay_trace_rewind(trace);
    if (rc == ASSAY_OK && gaps > GAPS_MAX) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "%zu chunk gaps, at most %zu are explained", gaps, GAPS_MAX);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    ret->all = assay_arena_take(arena, count + 1, sizeof *ret->all);
    ret->gaps_ns = assay_arena_take(arena, gaps + 1, sizeof *ret->gaps_ns);
    ret->gap_tokens = assay_arena_take(arena, gaps + 1, sizeof *ret->gap_tokens);
    return ret->all != NULL && ret->gaps_ns != NULL && ret->gap_tokens != NULL ? ASSAY_OK : assay_nomem(err);
}

assay_code assay_tool_requests_read(const struct assay_plan *plan, struct assay_trace *trace, struct assay_arena *arena,
                                    struct tool_requests *ret, assay_err *err)
{
    assert(plan && trace && arena && ret);
    struct assay_sample sample;
    bool is_end = false;
    *ret = (struct tool_requests){0};
    assay_code rc = room_take(plan, trace, arena, ret, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_trace_next(trace, &sample, &is_end, err);
    for (; rc == ASSAY_OK && !is_end; rc = assay_trace_next(trace, &sample, &is_end, err)) {
        if (is_measured(plan, &sample)) {
            struct tool_request *out = &ret->all[ret->count++];
            *out = request_read(&sample);
            gaps_fill(sample.request, ret, out);
        }
    }
    assay_trace_rewind(trace);
    return rc;
}
