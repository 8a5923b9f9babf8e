#include "record/metric_book.h"

#include "base/mem.h"
#include "stat/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define ABSENT ASSAY_NS_ABSENT
#define VALUES_FIRST 256
#define VALUES_MAX ((size_t)1 << 27) /* of one series: 1 GiB; more than 16 GiB of trace hold honestly */

/* ---- series ----------------------------------------------------------------------------------------------------- */

static assay_code series_room(struct series *series, size_t more, assay_err *err)
{
    if (more > VALUES_MAX - series->count) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %zu values of one metric", VALUES_MAX);
    }
    size_t wanted = series->count + more;
    if (wanted <= series->capacity) {
        return ASSAY_OK;
    }
    size_t larger = series->capacity ? series->capacity * 2 : VALUES_FIRST;
    larger = larger < wanted ? wanted : larger;
    double *grown = assay_realloc(series->values, larger, sizeof *grown);
    if (!grown) {
        return assay_nomem(err);
    }
    series->values = grown;
    series->capacity = larger;
    return ASSAY_OK;
}

static assay_code series_add(struct series *series, double value, unsigned source, assay_err *err)
{
    assay_code rc = series_room(series, 1, err);
    if (rc == ASSAY_OK) {
        series->values[series->count++] = value;
        series->sources |= source != ASSAY_TOKENS_UNKNOWN ? 1u << source : 0;
    }
    return rc;
}

static void series_add_failure(struct series *series, enum assay_status_group group)
{
    if (group == ASSAY_GROUP_CANCELLED || group == ASSAY_GROUP_IN_FLIGHT) {
        series->open++;
    } else {
        series->infinite++;
        series->timed_out += group == ASSAY_GROUP_TIMED_OUT;
    }
}

uint64_t assay_series_n(const struct series *series)
{
    return series->count + series->infinite + series->open;
}

assay_code assay_series_sort(struct series *series, assay_err *err)
{
    if (series->sorted || series->count == 0) {
        return ASSAY_OK;
    }
    double *sorted = assay_alloc(series->count, sizeof *sorted);
    double *scratch = assay_alloc(series->count, 2 * sizeof *scratch);
    if (!sorted || !scratch) {
        assay_free(sorted);
        assay_free(scratch);
        return assay_nomem(err);
    }
    memcpy(sorted, series->values, series->count * sizeof *sorted);
    assay_stat_sort(sorted, scratch, series->count);
    series->effective_n = assay_stat_effective_n(series->values, sorted, scratch, series->count);
    series->sorted = sorted;
    assay_free(scratch);
    return ASSAY_OK;
}

/* ---- one sample ------------------------------------------------------------------------------------------------- */

static assay_code add_gaps(struct arm_book *arm, const struct sample_view *view, assay_err *err)
{
    struct series *icl = &arm->series[METRIC_ICL], *itl = &arm->series[METRIC_ITL];
    bool wants_itl = itl->is_wanted && assay_view_gaps_have_tokens(view);
    assay_code rc = ASSAY_OK;
    for (size_t i = 1; i < view->chunks_count && view->is_whole && rc == ASSAY_OK; i++) {
        double gap = (double)((int64_t)view->arrivals[i].hi_ns - (int64_t)view->arrivals[i - 1].hi_ns);
        if (icl->is_wanted) {
            rc = series_add(icl, gap, ASSAY_TOKENS_UNKNOWN, err);
        }
        if (!wants_itl || rc != ASSAY_OK) {
            continue;
        }
        uint64_t tokens = assay_view_chunk_tokens(view, i);
        rc = series_room(itl, (size_t)tokens, err);
        for (uint64_t k = 0; k < tokens && rc == ASSAY_OK; k++) {
            rc = series_add(itl, gap / (double)tokens, view->request->chunks[i].tokens_source, err);
        }
    }
    return rc;
}

/* How long the client left bytes lying: per read that has a kernel stamp. */
static assay_code add_client_delays(struct series *series, const struct assay_request *request, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < request->segments_count && rc == ASSAY_OK; i++) {
        const struct assay_segment *segment = &request->segments[i];
        if (segment->rx_ns != ABSENT && segment->user_after_ns != ABSENT) {
            double delay = (double)((int64_t)segment->user_after_ns - (int64_t)segment->rx_ns);
            rc = series_add(series, delay > 0 ? delay : 0, ASSAY_TOKENS_UNKNOWN, err);
        }
    }
    return rc;
}

static assay_code add_series(struct arm_book *arm, const struct sample_view *view, enum assay_status_group group,
                             assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (unsigned id = 0; id < METRIC_COUNT && rc == ASSAY_OK; id++) {
        struct series *series = &arm->series[id];
        enum metric_kind kind = assay_metric_nature((enum metric_id)id)->kind;
        bool is_ranked = kind == METRIC_KIND_RANKED || kind == METRIC_KIND_GAPS;
        if (!series->is_wanted || kind == METRIC_KIND_RUN) {
            continue;
        }
        if (is_ranked && group != ASSAY_GROUP_OK) {
            series_add_failure(series, group);
        } else if (kind == METRIC_KIND_SEGMENTS) {
            rc = view->request ? add_client_delays(series, view->request, err) : ASSAY_OK;
        } else if (kind != METRIC_KIND_GAPS) {
            double value;
            unsigned source;
            if (assay_view_value((enum metric_id)id, view, &value, &source)) {
                rc = series_add(series, value, source, err);
            }
        }
    }
    return rc == ASSAY_OK && group == ASSAY_GROUP_OK ? add_gaps(arm, view, err) : rc;
}

/* Whether an SLO is kept: 1 yes, 0 no, -1 cannot be told. */
static int keeps(uint64_t limit_ns, bool is_defined, double value)
{
    if (limit_ns == ABSENT) {
        return 1;
    }
    return is_defined ? value <= (double)limit_ns : -1;
}

static void add_goodput(struct metric_book *book, struct arm_book *arm, const struct sample_view *view)
{
    bool is_open = book->plan->load.mode == ASSAY_LOAD_OPEN;
    double value = 0;
    unsigned source;
    bool is_defined = assay_view_value(is_open ? METRIC_TTFT_SCHED : METRIC_TTFT, view, &value, &source);
    int ttft = keeps(book->slo.ttft_ns, is_defined, value);
    is_defined = assay_view_value(is_open ? METRIC_E2E_SCHED : METRIC_E2E, view, &value, &source);
    int e2e = keeps(book->slo.e2e_ns, is_defined, value);
    int tpot = 1;
    if (view->tokens != ABSENT && view->tokens <= 1) {
        arm->no_tpot++; /* does not apply; not a pass by being 0 */
    } else {
        is_defined = assay_view_value(METRIC_TPOT, view, &value, &source);
        tpot = keeps(book->slo.tpot_ns, is_defined, value);
    }
    if (ttft == 0 || e2e == 0 || tpot == 0) {
        return;
    }
    if (ttft < 0 || e2e < 0 || tpot < 0) {
        arm->goodput_unknown++;
    } else {
        arm->good++;
    }
}

static void add_tokens(struct arm_book *arm, const struct sample_view *view)
{
    const struct assay_request *request = view->request;
    double arrived = 0;
    for (size_t i = 0; i < view->chunks_count; i++) {
        double weight = assay_view_chunk_weight(view, i);
        arm->quality_tokens[view->arrivals[i].quality] += weight > 0 ? weight : 1;
        arrived += weight;
    }
    if (!view->is_whole) { /* what the full log dropped has no stamp */
        double lost = view->tokens != ABSENT ? (double)view->tokens - arrived : 1;
        arm->quality_tokens[ASSAY_QUALITY_UNKNOWN] += lost > 1 ? lost : 1;
    }
    if (view->tokens != ABSENT) {
        arm->output_tokens += view->tokens;
        arm->output_known++;
        arm->output_sources |= 1u << request->output_source;
    }
    if (request->prompt_tokens != ASSAY_COUNT_ABSENT) {
        arm->prompt_tokens += request->prompt_tokens;
        arm->prompt_known++;
    }
    if (request->cached_tokens != ASSAY_COUNT_ABSENT && request->prompt_tokens != ASSAY_COUNT_ABSENT) {
        arm->cached_tokens += request->cached_tokens;
    } else {
        arm->cached_unknown++;
    }
}

/* Tokens by arrival: those of warm-up requests that are still answered in the window are the system's work too. */
static void add_window_tokens(struct arm_book *arm, const struct sample_view *view)
{
    for (size_t i = 0; i < view->chunks_count; i++) {
        uint64_t at_ns = view->arrivals[i].hi_ns;
        if (at_ns < arm->first_due_ns || at_ns > arm->last_start_ns) {
            continue;
        }
        double weight = assay_view_chunk_weight(view, i);
        arm->window_tokens += weight;
        arm->window_unknown += weight <= 0;
        bool is_own = assay_view_chunk_tokens(view, i) > 0;
        arm->window_sources |= 1u << (is_own ? view->request->chunks[i].tokens_source : view->request->output_source);
    }
}

/* ---- passes ----------------------------------------------------------------------------------------------------- */

static bool is_measured(const struct metric_book *book, const struct assay_sample *sample)
{
    return sample->id >= book->from_id && sample->id < book->to_id;
}

/* Another program may not have known when its samples were due: then they were when they began. */
static uint64_t due_of(const struct assay_sample *sample)
{
    return sample->due_ns != ABSENT ? sample->due_ns : sample->start_ns;
}

static void add_window(struct arm_book *arm, const struct assay_sample *sample)
{
    uint64_t due_ns = due_of(sample);
    uint64_t *groups[ASSAY_GROUP_COUNT] = {&arm->ok, &arm->failed, &arm->timed_out, &arm->cancelled, &arm->in_flight};
    ++*groups[assay_status_group_of(sample->status)];
    arm->issued++;
    if (!arm->has_samples || due_ns < arm->first_due_ns) {
        arm->first_due_ns = due_ns;
    }
    arm->has_samples = true;
    if (sample->end_ns != ABSENT) {
        arm->last_end_ns = sample->end_ns > arm->last_end_ns ? sample->end_ns : arm->last_end_ns;
    }
    if (sample->start_ns == ABSENT) {
        return;
    }
    bool is_ok = sample->status == ASSAY_STATUS_OK && sample->end_ns != ABSENT && sample->end_ns >= sample->start_ns;
    if (is_ok && sample->end_ns - sample->start_ns < arm->shortest_ns) {
        arm->shortest_ns = sample->end_ns - sample->start_ns;
    }
    if (arm->sent++ == 0) {
        arm->first_sent_ns = sample->start_ns;
        arm->first_sent_due_ns = due_ns;
    }
    arm->last_sent_ns = sample->start_ns;
    arm->last_sent_due_ns = due_ns;
    arm->last_start_ns = sample->start_ns > arm->last_start_ns ? sample->start_ns : arm->last_start_ns;
}

static assay_code arm_of(struct metric_book *book, const struct assay_sample *sample, struct arm_book **ret,
                         assay_err *err)
{
    if (sample->arm >= book->plan->arms_count) {
        return assay_fail(err, ASSAY_MALFORMED, "trace: sample %" PRIu64 " is of arm %u of %zu", sample->id,
                          (unsigned)sample->arm, book->plan->arms_count);
    }
    size_t place = sample->arm;
    if (book->is_by_cell) {
        if (sample->id >= book->plan->ops_count) {
            return assay_fail(err, ASSAY_MALFORMED, "trace: sample %" PRIu64 " of a plan of %zu operations", sample->id,
                              book->plan->ops_count);
        }
        const struct assay_plan_op *op = &book->plan->ops[sample->id];
        place = (size_t)op->round * book->plan->arms_count + op->arm;
    }
    *ret = &book->arms[place];
    return ASSAY_OK;
}

/* The part of the window in which the sample's user was in flight or thinking before it. */
static void add_busy(struct arm_book *arm, const struct assay_sample *sample, uint64_t think_ns)
{
    uint64_t due_ns = due_of(sample);
    uint64_t from_ns = due_ns > think_ns ? due_ns - think_ns : 0;
    uint64_t to_ns = sample->end_ns == ABSENT ? arm->last_start_ns : sample->end_ns;
    from_ns = from_ns > arm->first_due_ns ? from_ns : arm->first_due_ns;
    to_ns = to_ns < arm->last_start_ns ? to_ns : arm->last_start_ns;
    if (to_ns > from_ns) {
        arm->busy_ns += (double)(to_ns - from_ns);
    }
}

static assay_code measure_sample(struct metric_book *book, struct arm_book *arm, const struct assay_sample *sample,
                                 assay_err *err)
{
    struct sample_view view;
    assay_code rc = assay_view_make(sample, book->uncertainty_ns, &book->room, &view, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    add_busy(arm, sample, book->plan->load.think_ns);
    if (view.request) {
        add_window_tokens(arm, &view);
    }
    if (!is_measured(book, sample)) {
        return ASSAY_OK;
    }
    if (view.request) {
        add_tokens(arm, &view);
    }
    enum assay_status_group group = assay_status_group_of(sample->status);
    if (group == ASSAY_GROUP_OK && view.request) {
        add_goodput(book, arm, &view);
    }
    return add_series(arm, &view, group, err);
}

static assay_code pass(struct metric_book *book, struct assay_trace *trace, bool is_first, assay_err *err)
{
    assay_trace_rewind(trace);
    for (;;) {
        struct assay_sample sample;
        bool is_end = false;
        struct arm_book *arm = NULL;
        assay_code rc = assay_trace_next(trace, &sample, &is_end, err);
        if (rc != ASSAY_OK || is_end) {
            return rc;
        }
        rc = arm_of(book, &sample, &arm, err);
        if (rc == ASSAY_OK && is_first && is_measured(book, &sample)) {
            add_window(arm, &sample);
        }
        rc = rc == ASSAY_OK && !is_first ? measure_sample(book, arm, &sample, err) : rc;
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
}

static assay_code read_slo(struct metric_book *book, assay_err *err)
{
    const struct {
        const char *name;
        uint64_t *ret;
    } LIMITS[] = {{"ttft_ns", &book->slo.ttft_ns}, {"tpot_ns", &book->slo.tpot_ns}, {"e2e_ns", &book->slo.e2e_ns}};
    const json_t *slo = json_object_get(book->plan->options, "slo");
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++) {
        *LIMITS[i].ret = ABSENT;
        const json_t *value = json_object_get(slo, LIMITS[i].name);
        if (value && (!json_is_integer(value) || json_integer_value(value) <= 0)) {
            return assay_fail(err, ASSAY_MALFORMED, "plan: /options/slo/%s must be a positive integer", LIMITS[i].name);
        }
        if (value) {
            *LIMITS[i].ret = (uint64_t)json_integer_value(value);
        }
    }
    return ASSAY_OK;
}

#define REGION_CLOCK_READS 1000 /* evidence.md 3.2, gate 337: a rate needs a region of as many clock readings */

/* From the clock that the facts name; 0 without facts, or if another program's clock was not measured. */
static uint64_t least_region_ns(const struct assay_trace *trace)
{
    const json_t *clock = assay_json_at(assay_trace_facts(trace), "/protocol/clock");
    json_int_t read_ns = json_integer_value(json_object_get(clock, "readNs"));
    json_int_t grain_ns = json_integer_value(json_object_get(clock, "resolutionNs"));
    json_int_t larger_ns = read_ns > grain_ns ? read_ns : grain_ns;
    return larger_ns > 0 && larger_ns < INT64_MAX / REGION_CLOCK_READS ? REGION_CLOCK_READS * (uint64_t)larger_ns : 0;
}

/* Of a paired run only whole blocks behind the warm-up count, that of MSER included. */
static assay_code find_extent(struct metric_book *book, assay_err *err)
{
    book->from_id = book->plan->warmup.samples;
    book->to_id = UINT64_MAX;
    if (book->plan->load.mode != ASSAY_LOAD_PAIRED) {
        return ASSAY_OK;
    }
    book->extent = assay_alloc(1, sizeof *book->extent);
    assay_code rc =
        book->extent ? assay_paired_extent_of(book->plan, book->trace, book->extent, err) : assay_nomem(err);
    if (rc == ASSAY_OK) {
        book->from_id = book->extent->from_id;
        book->to_id = book->extent->to_id;
    }
    return rc;
}

static assay_code book_fill(struct metric_book *book, size_t arms_count, const bool *wanted, assay_err *err)
{
    const struct assay_trace_summary *summary = assay_trace_summary(book->trace);
    book->uncertainty_ns = summary->clock_uncertainty_ns;
    book->region_least_ns = least_region_ns(book->trace);
    book->is_imported = (summary->flags & ASSAY_SAMPLE_IMPORTED) != 0;
    book->arms = assay_alloc(arms_count, sizeof *book->arms);
    book->arms_count = arms_count;
    assay_code rc = book->arms ? read_slo(book, err) : assay_nomem(err);
    for (size_t arm = 0; arm < arms_count && rc == ASSAY_OK; arm++) {
        book->arms[arm].shortest_ns = ABSENT;
        for (unsigned id = 0; id < METRIC_COUNT; id++) {
            book->arms[arm].series[id].is_wanted = wanted[id];
        }
    }
    rc = rc == ASSAY_OK ? pass(book, book->trace, true, err) : rc;
    rc = rc == ASSAY_OK ? pass(book, book->trace, false, err) : rc;
    assay_trace_rewind(book->trace);
    return rc;
}

assay_code assay_book_make(const struct assay_plan *plan, struct assay_trace *trace, const bool *wanted,
                           struct metric_book *ret, assay_err *err)
{
    assert(plan && trace && wanted && ret);
    *ret = (struct metric_book){.plan = plan, .trace = trace};
    assay_code rc = find_extent(ret, err);
    rc = rc == ASSAY_OK ? book_fill(ret, plan->arms_count, wanted, err) : rc;
    if (rc != ASSAY_OK) {
        assay_book_done(ret);
    }
    return rc;
}

assay_code assay_book_make_cells(const struct assay_plan *plan, struct assay_trace *trace, enum metric_id id,
                                 struct metric_book *ret, assay_err *err)
{
    bool wanted[METRIC_COUNT] = {false};
    size_t cells = plan->ops_count / plan->load.window;
    *ret = (struct metric_book){.plan = plan, .trace = trace, .to_id = UINT64_MAX, .is_by_cell = true};
    if (cells > PAIRED_CELLS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a paired run of %zu windows, expected at most %d", cells,
                          PAIRED_CELLS_MAX);
    }
    wanted[id] = true;
    assay_code rc = book_fill(ret, cells, wanted, err);
    if (rc != ASSAY_OK) {
        assay_book_done(ret);
    }
    return rc;
}

void assay_book_done(struct metric_book *book)
{
    for (size_t arm = 0; book->arms && arm < book->arms_count; arm++) {
        for (unsigned id = 0; id < METRIC_COUNT; id++) {
            assay_free(book->arms[arm].series[id].values);
            assay_free(book->arms[arm].series[id].sorted);
        }
    }
    assay_free(book->arms);
    assay_free(book->extent);
    assay_view_room_done(&book->room);
    *book = (struct metric_book){0};
}

uint64_t assay_arm_window_ns(const struct arm_book *arm)
{
    return arm->sent > 0 && arm->last_start_ns > arm->first_due_ns ? arm->last_start_ns - arm->first_due_ns : 0;
}

double assay_arm_quality_share(const struct arm_book *arm, enum assay_quality quality)
{
    const double *tokens = arm->quality_tokens;
    double all = tokens[ASSAY_QUALITY_EXACT] + tokens[ASSAY_QUALITY_BOUNDED] + tokens[ASSAY_QUALITY_UNKNOWN];
    return all > 0 ? tokens[quality] / all : 0;
}
