#include "report/explain.h"

#include "stat/stat.h"

#include <assert.h>
#include <stdlib.h>

#define NS_PER_S 1e9

/* ---- one request ------------------------------------------------------------------------------------------------ */

struct ends {
    double start, first, end;
    bool has_start, has_first, has_end;
};

static struct ends ends_of(const struct tool *tool, const struct tool_request *request)
{
    uint64_t start = tool->start == TOOL_START_DUE ? request->due_ns : request->picked_up_ns;
    uint64_t first = tool->first == TOOL_FIRST_EVENT ? request->first_event_ns : request->first_content_ns;
    uint64_t end = tool->end == TOOL_END_STREAM ? request->stream_end_ns : request->last_content_ns;
    return (struct ends){.start = (double)start,
                         .first = (double)first,
                         .end = (double)end,
                         .has_start = start != ASSAY_NS_ABSENT,
                         .has_first = first != ASSAY_NS_ABSENT,
                         .has_end = end != ASSAY_NS_ABSENT};
}

static bool per(double span, double tokens, double *ret)
{
    *ret = tokens > 0 ? span / tokens : 0;
    return tokens > 0;
}

static bool inverse(bool is_there, double *value)
{
    bool is_good = is_there && *value > 0;
    *value = is_good ? NS_PER_S / *value : 0;
    return is_good;
}

/* One value of one request in ns, or tokens a second; false if that tool has none for it. */
static bool request_value(const struct tool *tool, enum tool_value value, const struct tool_request *request,
                          double *ret)
{
    struct ends at = ends_of(tool, request);
    bool has_tokens = request->tokens != ASSAY_NS_ABSENT;
    double tokens = has_tokens ? (double)request->tokens : 0;
    double content = (double)request->last_content_ns - (double)request->first_content_ns;
    bool has_content = request->first_content_ns != ASSAY_NS_ABSENT;
    switch (value) {
    case TOOL_TTFT:
        *ret = at.first - at.start;
        return at.has_start && at.has_first;
    case TOOL_E2E:
        *ret = at.end - at.start;
        return at.has_start && at.has_end;
    case TOOL_TPOT:
        return at.has_first && at.has_end && has_tokens && per(at.end - at.first, tokens - 1, ret);
    case TOOL_TPOT_CONTENT:
        return has_content && has_tokens && per(content, tokens - 1, ret);
    case TOOL_TPOT_FROM_START:
        return has_content && at.has_start && has_tokens &&
               per((double)request->last_content_ns - at.start, tokens, ret);
    case TOOL_TPOT_AFTER_FIRST:
        return at.has_first && at.has_end && has_tokens && request->first_tokens > 0 &&
               per(at.end - at.first, tokens - (double)request->first_tokens, ret);
    case TOOL_NTPOT:
        return at.has_start && at.has_end && has_tokens && per(at.end - at.start, tokens, ret);
    case TOOL_ITL_MEAN:
        return has_content && at.has_start && has_tokens &&
               per((double)request->last_content_ns - at.start, tokens, ret);
    case TOOL_USER_RATE:
        return inverse(at.has_first && at.has_end && has_tokens && per(at.end - at.first, tokens - 1, ret), ret);
    case TOOL_REQUEST_RATE:
        return inverse(at.has_start && at.has_end && has_tokens && per(at.end - at.start, tokens, ret), ret);
    case TOOL_ITL_GAPS:
    case TOOL_ITL_TOKENS:
    case TOOL_COUNT_OK:
    case TOOL_DURATION:
    case TOOL_REQUESTS_PER_S:
    case TOOL_TOKENS_PER_S:
        break;
    }
    return false;
}

/* ---- distributions ---------------------------------------------------------------------------------------------- */

struct point {
    double value, weight;
    size_t index;
};

struct points {
    struct point *all;
    size_t count;
};

static int point_compare(const void *left, const void *right)
{
    const struct point *a = left, *b = right;
    if (a->value != b->value) {
        return a->value < b->value ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

static void point_add(struct points *points, double value, double weight)
{
    points->all[points->count] = (struct point){.value = value, .weight = weight, .index = points->count};
    points->count++;
}

/* Pooled gaps of a request. A role-only first event ends the TTFT of some tools; the gap behind it is then one more. */
static void gaps_add(const struct tool *tool, enum tool_value value, const struct tool_requests *requests,
                     const struct tool_request *request, struct points *points)
{
    if (tool->first == TOOL_FIRST_EVENT && request->has_empty_first &&
        request->first_event_ns < request->first_content_ns && request->first_content_ns != ASSAY_NS_ABSENT) {
        point_add(points, (double)(request->first_content_ns - request->first_event_ns), 1);
    }
    for (size_t i = 0; i < request->gaps_count; i++) {
        uint32_t tokens = requests->gap_tokens[request->gaps_at + i];
        point_add(points, requests->gaps_ns[request->gaps_at + i], 1);
        for (uint32_t k = 1; value == TOOL_ITL_TOKENS && k < tokens; k++) {
            point_add(points, 0, 1);
        }
    }
}

static size_t room_of(enum tool_value value, const struct tool_requests *requests)
{
    size_t room = requests->count + 1;
    if (value == TOOL_ITL_GAPS || value == TOOL_ITL_TOKENS) {
        room += requests->gaps_count;
    }
    for (size_t i = 0; value == TOOL_ITL_TOKENS && i < requests->gaps_count; i++) {
        room += requests->gap_tokens[i];
    }
    return room;
}

static double weight_of(enum tool_weight weight, const struct tool_request *request)
{
    double tokens = request->tokens != ASSAY_NS_ABSENT ? (double)request->tokens : 0;
    return weight == TOOL_WEIGHT_TOKENS ? tokens : weight == TOOL_WEIGHT_GAPS ? tokens - 1 : 1;
}

static void points_fill(const struct tool *tool, const struct tool_row *row, const struct tool_requests *requests,
                        struct points *points)
{
    for (size_t i = 0; i < requests->count; i++) {
        const struct tool_request *request = &requests->all[i];
        double value = 0;
        if (!request->is_ok) {
            continue; /* every one of these tools leaves failed requests out of its latencies */
        }
        if (row->value == TOOL_ITL_GAPS || row->value == TOOL_ITL_TOKENS) {
            gaps_add(tool, row->value, requests, request, points);
        } else if (request_value(tool, row->value, request, &value)) {
            point_add(points, value, weight_of(row->weight, request));
        }
    }
}

static double stat_of(const struct tool *tool, const struct tool_row *row, const double *values, const double *weights,
                      size_t count)
{
    struct assay_stat_spread spread = assay_stat_spread_weighted(values, weights, count);
    switch (row->stat) {
    case TOOL_STAT_MEAN:
    case TOOL_STAT_NONE:
        return spread.mean;
    case TOOL_STAT_SD:
        return tool->spread == TOOL_SPREAD_SAMPLE ? spread.sd_sample : spread.sd_population;
    case TOOL_STAT_MIN:
        return values[0];
    case TOOL_STAT_MAX:
        return values[count - 1];
    case TOOL_STAT_PERCENTILE:
        break;
    }
    switch (tool->percentile) {
    case TOOL_PERCENTILE_INVERSE_CDF:
        return assay_stat_quantile_inverse_cdf(values, weights, count, row->p);
    case TOOL_PERCENTILE_INDEX:
        return assay_stat_quantile_index(values, count, row->p);
    case TOOL_PERCENTILE_LINEAR:
        break;
    }
    return assay_stat_quantile_linear(values, count, row->p);
}

static assay_code distribution(const struct tool *tool, const struct tool_row *row,
                               const struct tool_requests *requests, double *ret, size_t *ret_n, assay_err *err)
{
    size_t room = room_of(row->value, requests);
    struct points points = {.all = assay_alloc(room, sizeof *points.all)};
    double *values = assay_alloc(room, sizeof *values), *weights = assay_alloc(room, sizeof *weights);
    assay_code rc = points.all != NULL && values != NULL && weights != NULL ? ASSAY_OK : assay_nomem(err);
    if (rc == ASSAY_OK) {
        points_fill(tool, row, requests, &points);
        qsort(points.all, points.count, sizeof *points.all, point_compare);
        for (size_t i = 0; i < points.count; i++) {
            values[i] = points.all[i].value;
            weights[i] = points.all[i].weight;
        }
        *ret_n = points.count;
        *ret = points.count > 0 ? stat_of(tool, row, values, weights, points.count) : 0;
    }
    assay_free(points.all);
    assay_free(values);
    assay_free(weights);
    return rc;
}

/* ---- the whole run ---------------------------------------------------------------------------------------------- */

struct totals {
    double first_start, last_end, tokens;
    size_t ok;
    bool has_span, has_tokens;
};

static struct totals totals_of(const struct tool *tool, const struct tool_requests *requests)
{
    struct totals totals = {.has_tokens = true};
    for (size_t i = 0; i < requests->count; i++) {
        const struct tool_request *request = &requests->all[i];
        struct ends at = ends_of(tool, request);
        if (at.has_start && at.has_end) {
            totals.first_start = !totals.has_span || at.start < totals.first_start ? at.start : totals.first_start;
            totals.last_end = !totals.has_span || at.end > totals.last_end ? at.end : totals.last_end;
            totals.has_span = true;
        }
        totals.ok += request->is_ok;
        totals.has_tokens = totals.has_tokens && (!request->is_ok || request->tokens != ASSAY_NS_ABSENT);
        totals.tokens += request->is_ok && request->tokens != ASSAY_NS_ABSENT ? (double)request->tokens : 0;
    }
    return totals;
}

static bool run_value(const struct tool *tool, enum tool_value value, const struct tool_requests *requests, double *ret)
{
    struct totals totals = totals_of(tool, requests);
    double span = totals.last_end - totals.first_start;
    switch (value) {
    case TOOL_COUNT_OK:
        *ret = (double)totals.ok;
        return true;
    case TOOL_DURATION:
        *ret = span;
        return totals.has_span;
    case TOOL_REQUESTS_PER_S:
        return totals.has_span && per((double)totals.ok * NS_PER_S, span, ret);
    case TOOL_TOKENS_PER_S:
        return totals.has_span && totals.has_tokens && per(totals.tokens * NS_PER_S, span, ret);
    case TOOL_TTFT:
    case TOOL_E2E:
    case TOOL_TPOT:
    case TOOL_TPOT_CONTENT:
    case TOOL_TPOT_FROM_START:
    case TOOL_TPOT_AFTER_FIRST:
    case TOOL_NTPOT:
    case TOOL_ITL_GAPS:
    case TOOL_ITL_TOKENS:
    case TOOL_ITL_MEAN:
    case TOOL_USER_RATE:
    case TOOL_REQUEST_RATE:
        break;
    }
    return false;
}

assay_code assay_tool_row_compute(const struct tool *tool, const struct tool_row *row,
                                  const struct tool_requests *requests, double *ret, size_t *ret_n,
                                  const char **ret_why, assay_err *err)
{
    assert(tool && row && requests && ret && ret_n && ret_why);
    *ret_why = NULL;
    *ret_n = requests->count;
    if (row->value >= TOOL_COUNT_OK) {
        if (!run_value(tool, row->value, requests, ret)) {
            *ret_why = "stamps or counts missing";
        }
        return ASSAY_OK;
    }
    assay_code rc = distribution(tool, row, requests, ret, ret_n, err);
    if (rc == ASSAY_OK && *ret_n == 0) {
        *ret_why = "no request has it";
    }
    return rc;
}
