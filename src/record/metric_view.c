#include "record/metric_book.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define ABSENT ASSAY_NS_ABSENT
#define ROOM_FIRST 256
#define RSS_FLOOR_SHARE 1.1 /* within 10% of the spawner's own peak nothing is measured (statistics.md 1.7) */

static bool make_room(struct assay_arrival **array, size_t *capacity, size_t wanted)
{
    if (wanted <= *capacity) {
        return true;
    }
    size_t larger = *capacity ? *capacity * 2 : ROOM_FIRST;
    larger = larger < wanted ? wanted : larger;
    struct assay_arrival *grown = assay_realloc(*array, larger, sizeof *grown);
    if (grown) {
        *array = grown;
        *capacity = larger;
    }
    return grown != NULL;
}

void assay_view_room_done(struct view_room *room)
{
    assay_free(room->segments);
    assay_free(room->chunks);
    *room = (struct view_room){0};
}

static bool is_countable(unsigned source)
{
    return source != ASSAY_TOKENS_UNKNOWN && source != ASSAY_TOKENS_CHUNK_COUNT;
}

static void view_content(struct sample_view *view, struct view_room *room)
{
    const struct assay_request *request = view->request;
    for (size_t i = 0; i < request->chunks_count; i++) {
        room->chunks[i] = assay_arrival_of_chunk(request, &request->chunks[i], room->segments);
        if (view->output_ns == ABSENT && request->chunks[i].kind != ASSAY_CHUNK_REASONING) {
            view->output_ns = room->chunks[i].hi_ns;
        }
    }
    view->arrivals = room->chunks;
    view->chunks_count = request->chunks_count;
    view->first_ns = room->chunks[0].hi_ns;
    view->last_ns = room->chunks[request->chunks_count - 1].hi_ns;
    view->first_tokens = assay_view_chunk_tokens(view, 0);
}

assay_code assay_view_make(const struct assay_sample *sample, uint64_t uncertainty_ns, struct view_room *room,
                           struct sample_view *ret, assay_err *err)
{
    const struct assay_request *request = sample->request;
    *ret = (struct sample_view){.sample = sample,
                                .request = request,
                                .is_whole = !(sample->flags & ASSAY_SAMPLE_EVENTS_LOST),
                                .first_ns = ABSENT,
                                .last_ns = ABSENT,
                                .output_ns = ABSENT,
                                .tokens = ABSENT};
    if (!request) {
        return ASSAY_OK;
    }
    if (!make_room(&room->segments, &room->segments_capacity, request->segments_count) ||
        !make_room(&room->chunks, &room->chunks_capacity, request->chunks_count)) {
        return assay_nomem(err);
    }
    assay_arrival_of_segments(request, uncertainty_ns, room->segments);
    if (request->output_tokens != ASSAY_COUNT_ABSENT && is_countable(request->output_source)) {
        ret->tokens = request->output_tokens;
    }
    if (request->chunks_count > 0) {
        view_content(ret, room);
    }
    return ASSAY_OK;
}

uint64_t assay_view_chunk_tokens(const struct sample_view *view, size_t i)
{
    const struct assay_chunk *chunk = &view->request->chunks[i];
    return is_countable(chunk->tokens_source) ? chunk->tokens : 0;
}

bool assay_view_gaps_have_tokens(const struct sample_view *view)
{
    for (size_t i = 1; i < view->chunks_count; i++) {
        if (assay_view_chunk_tokens(view, i) == 0) {
            return false;
        }
    }
    return true;
}

double assay_view_chunk_weight(const struct sample_view *view, size_t i)
{
    uint64_t tokens = assay_view_chunk_tokens(view, i);
    if (tokens > 0) {
        return (double)tokens;
    }
    return view->tokens == ABSENT || !view->is_whole ? 0 : (double)view->tokens / (double)view->chunks_count;
}

/* ---- formulas: each says whether it is defined ------------------------------------------------------------------ */

static bool difference(uint64_t end_ns, uint64_t start_ns, double *ret)
{
    if (end_ns == ABSENT || start_ns == ABSENT) {
        return false;
    }
    *ret = (double)((int64_t)end_ns - (int64_t)start_ns);
    return true;
}

static bool plain(uint64_t value, double *ret)
{
    *ret = (double)value;
    return value != ABSENT;
}

static bool count_of(uint32_t value, double *ret)
{
    *ret = (double)value;
    return value != ASSAY_COUNT_ABSENT;
}

static bool last_of(const struct sample_view *view, uint64_t start_ns, double *ret)
{
    return view->is_whole && difference(view->last_ns, start_ns, ret);
}

/* (a(m) - a(1)) / tokens, or its inverse in tokens a second. */
static bool per_token(const struct sample_view *view, uint64_t left_out, bool is_rate, double *ret)
{
    double span;
    if (!view->is_whole || view->chunks_count < 2 || view->tokens == ABSENT || view->tokens <= left_out ||
        left_out == 0 || !difference(view->last_ns, view->first_ns, &span)) {
        return false;
    }
    double tokens = (double)(view->tokens - left_out);
    if (is_rate) {
        *ret = tokens * (double)ASSAY_NS_PER_S / span;
        return span > 0;
    }
    *ret = span / tokens;
    return true;
}

static bool prefill(const struct sample_view *view, double time_ns, bool is_known, double *ret)
{
    const struct assay_request *request = view->request;
    if (!is_known || time_ns <= 0 || request->prompt_tokens == ASSAY_COUNT_ABSENT ||
        request->cached_tokens == ASSAY_COUNT_ABSENT || request->cached_tokens > request->prompt_tokens) {
        return false;
    }
    *ret = (double)(request->prompt_tokens - request->cached_tokens) * (double)ASSAY_NS_PER_S / time_ns;
    return true;
}

static double iterations_of(const struct assay_sample *sample)
{
    return sample->iterations ? (double)sample->iterations : 1;
}

static bool request_value(enum metric_id id, const struct sample_view *view, double *ret)
{
    const struct assay_request *request = view->request;
    uint64_t start_ns = view->sample->start_ns, due_ns = view->sample->due_ns;
    bool has_figures = !(request->flags & ASSAY_REQUEST_IMPOSSIBLE); /* else the server's own are withheld */
    double ttft = 0;
    switch ((int)id) {
    case METRIC_TTFT:
        return difference(view->first_ns, start_ns, ret);
    case METRIC_TTFT_SCHED:
        return difference(view->first_ns, due_ns, ret);
    case METRIC_TTFB:
        return difference(request->first_byte_ns, start_ns, ret);
    case METRIC_TTFR:
        return difference(request->first_event_ns, start_ns, ret);
    case METRIC_TTFO:
        return difference(view->output_ns, start_ns, ret);
    case METRIC_TPOT:
        return per_token(view, 1, false, ret);
    case METRIC_TPOT_AFTER_FIRST:
        return per_token(view, view->first_tokens, false, ret);
    case METRIC_DECODE_RATE:
        return per_token(view, view->first_tokens, true, ret);
    case METRIC_E2E:
        return last_of(view, start_ns, ret);
    case METRIC_E2E_SCHED:
        return last_of(view, due_ns, ret);
    case METRIC_E2E_STREAM:
        return difference(request->done_ns, start_ns, ret);
    case METRIC_PREFILL_RATE:
        return has_figures &&
               prefill(view, (double)request->server_prompt_ns, request->server_prompt_ns != ABSENT, ret);
    case METRIC_PREFILL_RATE_CLIENT:
        return difference(view->first_ns, start_ns, &ttft) && prefill(view, ttft, true, ret);
    case METRIC_LOAD_TIME:
        return has_figures && plain(request->server_load_ns, ret);
    case METRIC_REPORTED_RATE:
        *ret = (double)request->reported_rate_micro / 1e6;
        return request->reported_rate_micro > 0;
    case METRIC_PROMPT_TOKENS_ASKED:
        return count_of(request->prompt_tokens_asked, ret);
    case METRIC_OUTPUT_TOKENS_ASKED:
        return count_of(request->output_tokens_asked, ret);
    case METRIC_PROMPT_TOKENS:
        return count_of(request->prompt_tokens, ret);
    case METRIC_OUTPUT_TOKENS:
        return plain(view->tokens, ret);
    default:
        return false;
    }
}

static bool process_value(enum metric_id id, const struct assay_process *process, double *ret)
{
    switch ((int)id) {
    case METRIC_SPAWN:
        return plain(process->spawn_ns, ret);
    case METRIC_CPU_TREE:
        return plain(process->cpu_tree_ns, ret);
    case METRIC_PEAK_RSS:
        return plain(process->maxrss_bytes, ret) && process->rss_floor_bytes != ABSENT &&
               *ret > RSS_FLOOR_SHARE * (double)process->rss_floor_bytes;
    case METRIC_MINFLT:
        return plain(process->minflt, ret);
    case METRIC_MAJFLT:
        return plain(process->majflt, ret);
    case METRIC_NVCSW:
        return plain(process->nvcsw, ret);
    case METRIC_NIVCSW:
        return plain(process->nivcsw, ret);
    default:
        return false;
    }
}

bool assay_view_value(enum metric_id id, const struct sample_view *view, double *ret, unsigned *ret_source)
{
    const struct assay_sample *sample = view->sample;
    *ret_source = ASSAY_TOKENS_UNKNOWN;
    switch ((int)id) {
    case METRIC_LATENESS:
        return difference(sample->start_ns, sample->due_ns, ret);
    case METRIC_SERVICE_TIME:
        if (!difference(sample->end_ns, sample->start_ns, ret)) {
            return false;
        }
        *ret /= iterations_of(sample);
        return true;
    case METRIC_TOKEN_RATE:
        if (!difference(sample->end_ns, sample->start_ns, ret) || *ret <= 0) {
            return false;
        }
        *ret = iterations_of(sample) * (double)ASSAY_NS_PER_S / *ret;
        return true;
    case METRIC_SCHED:
        return difference(sample->end_ns, sample->due_ns, ret);
    case METRIC_CPU:
        if (!plain(sample->cpu_ns, ret)) {
            return false;
        }
        *ret /= iterations_of(sample);
        return true;
    default:
        break;
    }
    if (view->request) {
        if (id == METRIC_TPOT || id == METRIC_TPOT_AFTER_FIRST || id == METRIC_DECODE_RATE ||
            id == METRIC_OUTPUT_TOKENS) {
            *ret_source = view->request->output_source;
        }
        return request_value(id, view, ret);
    }
    return sample->process && process_value(id, sample->process, ret);
}
