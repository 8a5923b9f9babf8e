#include "report/explain.h"

#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define NS_PER_S 1e9

/* ---- one request ------------------------------------------------------------------------------------------------ */

/* What a tool sees of one request; NAN where it sees nothing, so that whatever rests on it is NAN, too. */
struct seen {
    double start, first, end, first_content, last_content, tokens, first_tokens;
};

static double stamp(uint64_t ns)
{
    return ns == ASSAY_NS_ABSENT ? (double)NAN : (double)ns;
}

static struct seen seen_of(const struct tool *tool, const struct tool_request *request)
{
    return (struct seen){
        .start = stamp(tool->start == TOOL_START_DUE ? request->due_ns : request->picked_up_ns),
        .first = stamp(tool->first == TOOL_FIRST_EVENT ? request->first_event_ns : request->first_content_ns),
        .end = stamp(tool->end == TOOL_END_STREAM ? request->stream_end_ns : request->last_content_ns),
        .first_content = stamp(request->first_content_ns),
        .last_content = stamp(request->last_content_ns),
        .tokens = stamp(request->tokens),
        .first_tokens = request->first_tokens > 0 ? (double)request->first_tokens : (double)NAN};
}

static double per(double span, double count)
{
    return count > 0 ? span / count : (double)NAN;
}

static double a_second(double ns)
{
    return ns > 0 ? NS_PER_S / ns : (double)NAN;
}

/* One value of one request in ns, or tokens a second; NAN if that tool has none for it. */
static double request_value(const struct tool *tool, enum tool_value value, const struct tool_request *request)
{
    struct seen at = seen_of(tool, request);
    switch ((int)value) {
    case TOOL_TTFT:
        return at.first - at.start;
    case TOOL_E2E:
        return at.end - at.start;
    case TOOL_TPOT:
        return per(at.end - at.first, at.tokens - 1);
    case TOOL_TPOT_CONTENT:
        return per(at.last_content - at.first_content, at.tokens - 1);
    case TOOL_TPOT_FROM_START:
    case TOOL_ITL_MEAN: /* (TTFT + gaps) / N: the gaps end at the last content */
        return per(at.last_content - at.start, at.tokens);
    case TOOL_TPOT_AFTER_FIRST:
        return per(at.end - at.first, at.tokens - at.first_tokens);
    case TOOL_NTPOT:
        return per(at.end - at.start, at.tokens);
    case TOOL_USER_RATE:
        return a_second(per(at.end - at.first, at.tokens - 1));
    case TOOL_REQUEST_RATE:
        return a_second(per(at.end - at.start, at.tokens));
    default:
        return (double)NAN;
    }
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
        if (!request->is_ok) {
            continue; /* every one of these tools leaves failed requests out of its latencies */
        }
        if (row->value == TOOL_ITL_GAPS || row->value == TOOL_ITL_TOKENS) {
            gaps_add(tool, row->value, requests, request, points);
            continue;
        }
        double value = request_value(tool, row->value, request);
        if (!isnan(value)) {
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
    double first_start, last_end, tokens, ok; /* NAN: no such stamp; tokens NAN: not all counts are known */
};

static struct totals totals_of(const struct tool *tool, const struct tool_requests *requests)
{
    struct totals totals = {.first_start = (double)NAN, .last_end = (double)NAN};
    for (size_t i = 0; i < requests->count; i++) {
        const struct tool_request *request = &requests->all[i];
        struct seen at = seen_of(tool, request);
        totals.first_start = fmin(totals.first_start, at.start); /* the other one if one is NAN */
        totals.last_end = fmax(totals.last_end, at.end);
        totals.ok += request->is_ok ? 1 : 0;
        totals.tokens += request->is_ok ? at.tokens : 0;
    }
    return totals;
}

static double run_value(const struct tool *tool, enum tool_value value, const struct tool_requests *requests)
{
    struct totals totals = totals_of(tool, requests);
    double span = totals.last_end - totals.first_start;
    switch ((int)value) {
    case TOOL_COUNT_OK:
        return totals.ok;
    case TOOL_DURATION:
        return span;
    case TOOL_REQUESTS_PER_S:
        return per(totals.ok * NS_PER_S, span);
    case TOOL_TOKENS_PER_S:
        return per(totals.tokens * NS_PER_S, span);
    default:
        return (double)NAN;
    }
}

assay_code assay_tool_row_compute(const struct tool *tool, const struct tool_row *row,
                                  const struct tool_requests *requests, double *ret, size_t *ret_n,
                                  const char **ret_why, assay_err *err)
{
    assert(tool && row && requests && ret && ret_n && ret_why);
    *ret_why = NULL;
    *ret_n = requests->count;
    if (row->value >= TOOL_COUNT_OK) {
        *ret = run_value(tool, row->value, requests);
        *ret_why = isnan(*ret) ? "stamps or counts missing" : NULL;
        return ASSAY_OK;
    }
    assay_code rc = distribution(tool, row, requests, ret, ret_n, err);
    if (rc == ASSAY_OK && *ret_n == 0) {
        *ret_why = "no request has it";
    }
    return rc;
}
