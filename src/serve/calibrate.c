#include "serve/calibrate.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/net.h"
#include "record/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* From the transmit stamp to the receiver's queue: microseconds, but the processor may be taken away in between. */
#define PATH_NS ASSAY_NS_PER_MS

/* A content event as the server wrote it. */
struct event {
    uint32_t stream, first, count; /* content events first .. first + count - 1 */
    uint64_t server_real_ns;
};

struct stream_salt {
    uint64_t salt;
    uint32_t stream;
};

struct joiner {
    const struct assay_calibration_input *input;
    struct assay_plan *plan;
    struct assay_trace *trace;
    struct event *events; /* by stream, then first */
    size_t events_count;
    struct stream_salt *salts; /* by salt */
    size_t salts_count;
    int64_t *kernel, *user, *exact; /* errors, up to errors_max each */
    size_t kernel_count, user_count, exact_count, errors_max;
    struct assay_arrival *arrivals; /* of the segments of one sample */
    size_t arrivals_max;
    uint64_t *lateness;
    size_t lateness_count;
    int64_t client_offset_ns, server_offset_ns; /* real - mono of each side's own origin */
    uint64_t uncertainty_ns;
    struct assay_calibration result;
};

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->stream != y->stream) {
        return x->stream < y->stream ? -1 : 1;
    }
    return (x->first > y->first) - (x->first < y->first);
}

static int compare_salts(const void *a, const void *b)
{
    const struct stream_salt *x = a, *y = b;
    return (x->salt > y->salt) - (x->salt < y->salt);
}

static int compare_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* p of n by nearest rank, x(ceil(p n)). */
static size_t nearest_rank(size_t n, unsigned percent)
{
    size_t rank = (n * percent + 99) / 100;
    return rank ? rank - 1 : 0;
}

/* ---- the two clocks -----------------------------------------------------------------------------------------------
 */

static int64_t middle(int64_t low, int64_t high)
{
    return low + (high - low) / 2;
}

static assay_code read_clocks(struct joiner *joiner, assay_err *err)
{
    const struct assay_trace_summary *client = assay_trace_summary(joiner->trace);
    struct assay_net_clock_map server = {0};
    const struct assay_truth_log *log = joiner->input->log;
    for (size_t i = 0; i < log->count; i++) {
        const struct assay_truth_record *record = &log->records[i];
        struct assay_clock_pair pair = {
            .mono_before_ns = record->planned_ns, .real_ns = record->tx_real_ns, .mono_after_ns = record->before_ns};
        if (record->kind == ASSAY_TRUTH_CLOCK && server.readings == 0) {
            assay_net_clock_map_init(&server, pair);
        } else if (record->kind == ASSAY_TRUTH_CLOCK) {
            (void)assay_net_clock_map_add(&server, pair); /* after a step the newer constant serves */
        }
    }
    if (client->clock_count == 0 || server.readings == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "%s holds no reading of the clocks",
                          client->clock_count == 0 ? "the trace" : "the truth log");
    }
    uint64_t half_ns = (uint64_t)(server.offset_hi_ns - server.offset_lo_ns) / 2;
    joiner->client_offset_ns = middle(client->clock_offset_lo_ns, client->clock_offset_hi_ns);
    joiner->server_offset_ns = middle(server.offset_lo_ns, server.offset_hi_ns);
    joiner->uncertainty_ns = client->clock_uncertainty_ns + half_ns;
    joiner->result.clock_uncertainty_ns = joiner->uncertainty_ns;
    return ASSAY_OK;
}

/* ---- the server's side --------------------------------------------------------------------------------------------
 */

static void take_record(struct joiner *joiner, const struct assay_truth_record *record)
{
    if (record->kind == ASSAY_TRUTH_REQUEST && record->planned_ns != 0) {
        joiner->salts[joiner->salts_count++] = (struct stream_salt){record->planned_ns, record->stream};
    }
    if (record->kind != ASSAY_TRUTH_TOKENS || record->events == 0 || (record->flags & ASSAY_TRUTH_BROKEN)) {
        return;
    }
    uint64_t before_real_ns = record->before_ns + (uint64_t)joiner->server_offset_ns;
    joiner->events[joiner->events_count++] =
        (struct event){.stream = record->stream,
                       .first = record->event,
                       .count = record->events,
                       .server_real_ns = record->tx_real_ns ? record->tx_real_ns : before_real_ns};
    joiner->errors_max += record->events;
    if (record->before_ns >= record->planned_ns) {
        joiner->lateness[joiner->lateness_count++] = record->before_ns - record->planned_ns;
    }
}

static assay_code read_log(struct joiner *joiner, assay_err *err)
{
    const struct assay_truth_log *log = joiner->input->log;
    joiner->events = assay_alloc(log->count, sizeof *joiner->events);
    joiner->salts = assay_alloc(log->count, sizeof *joiner->salts);
    joiner->lateness = assay_alloc(log->count, sizeof *joiner->lateness);
    if (!joiner->events || !joiner->salts || !joiner->lateness) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < log->count; i++) {
        take_record(joiner, &log->records[i]);
    }
    qsort(joiner->events, joiner->events_count, sizeof *joiner->events, compare_events);
    qsort(joiner->salts, joiner->salts_count, sizeof *joiner->salts, compare_salts);
    joiner->kernel = assay_alloc(joiner->errors_max, sizeof *joiner->kernel);
    joiner->user = assay_alloc(joiner->errors_max, sizeof *joiner->user);
    joiner->exact = assay_alloc(joiner->errors_max, sizeof *joiner->exact);
    return joiner->kernel && joiner->user && joiner->exact ? ASSAY_OK : assay_nomem(err);
}

static const struct stream_salt *find_salt(const struct joiner *joiner, uint64_t salt)
{
    struct stream_salt key = {.salt = salt};
    return bsearch(&key, joiner->salts, joiner->salts_count, sizeof key, compare_salts);
}

/* First event of a stream, as an index; events_count if it has none. */
static size_t first_event(const struct joiner *joiner, uint32_t stream)
{
    size_t low = 0, high = joiner->events_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (joiner->events[mid].stream < stream) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

/* ---- the join -----------------------------------------------------------------------------------------------------
 */

static int64_t difference(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b);
}

static void count_interval(struct joiner *joiner, const struct assay_arrival *arrival, uint64_t server_ns)
{
    uint64_t *const counts[ASSAY_QUALITY_COUNT] = {[ASSAY_QUALITY_EXACT] = &joiner->result.exact,
                                                   [ASSAY_QUALITY_BOUNDED] = &joiner->result.bounded,
                                                   [ASSAY_QUALITY_UNKNOWN] = &joiner->result.unknown};
    (*counts[arrival->quality])++;
    int64_t slack = (int64_t)joiner->uncertainty_ns;
    bool is_early = arrival->hi_ns != ASSAY_NS_ABSENT && difference(server_ns, arrival->hi_ns) > slack;
    bool is_late = arrival->quality != ASSAY_QUALITY_EXACT && arrival->lo_ns != ASSAY_NS_ABSENT &&
                   difference(arrival->lo_ns, server_ns) > slack + (int64_t)PATH_NS;
    joiner->result.outside_interval += is_early || is_late;
}

/* server_ns: on the client's time line (since the run's start). */
static void join_chunk(struct joiner *joiner, const struct assay_request *request, const struct assay_chunk *chunk,
                       uint64_t server_ns)
{
    if (chunk->segment >= request->segments_count || joiner->user_count == joiner->errors_max) {
        return;
    }
    const struct assay_segment *segment = &request->segments[chunk->segment];
    struct assay_arrival arrival = assay_arrival_of_chunk(request, chunk, joiner->arrivals);
    count_interval(joiner, &arrival, server_ns);
    joiner->user[joiner->user_count++] = difference(segment->user_after_ns, server_ns);
    if (segment->rx_ns != ASSAY_NS_ABSENT) {
        joiner->kernel[joiner->kernel_count++] = difference(segment->rx_ns, server_ns);
    }
    if (arrival.quality == ASSAY_QUALITY_EXACT) {
        joiner->exact[joiner->exact_count++] = difference(segment->rx_ns, server_ns);
    }
}

static assay_code make_arrivals(struct joiner *joiner, const struct assay_request *request, assay_err *err)
{
    if (request->segments_count > joiner->arrivals_max) {
        struct assay_arrival *grown =
            assay_realloc(joiner->arrivals, request->segments_count, sizeof *joiner->arrivals);
        if (!grown) {
            return assay_nomem(err);
        }
        joiner->arrivals = grown;
        joiner->arrivals_max = request->segments_count;
    }
    assay_arrival_of_segments(request, joiner->uncertainty_ns, joiner->arrivals);
    return ASSAY_OK;
}

static assay_code join_sample(struct joiner *joiner, const struct assay_sample *sample, uint32_t stream, assay_err *err)
{
    const struct assay_request *request = sample->request;
    assay_code rc = make_arrivals(joiner, request, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    uint64_t joined = 0, written = 0;
    for (size_t i = first_event(joiner, stream); i < joiner->events_count && joiner->events[i].stream == stream; i++) {
        const struct event *event = &joiner->events[i];
        uint64_t server_ns = event->server_real_ns - (uint64_t)joiner->client_offset_ns;
        for (uint32_t j = event->first; j < event->first + event->count; j++) {
            written++;
            if (j < request->chunks_count) {
                join_chunk(joiner, request, &request->chunks[j], server_ns);
                joined++;
            }
        }
    }
    joiner->result.tokens += joined;
    if (assay_status_group_of(sample->status) == ASSAY_GROUP_OK) { /* others were cut, and lost nothing by it */
        joiner->result.tokens_lost += written - joined;
    }
    return ASSAY_OK;
}

static assay_code join_samples(struct joiner *joiner, assay_err *err)
{
    for (;;) {
        struct assay_sample sample;
        bool is_end = false;
        assay_code rc = assay_trace_next(joiner->trace, &sample, &is_end, err);
        if (rc != ASSAY_OK || is_end) {
            return rc;
        }
        if (!sample.request || sample.id >= joiner->plan->ops_count) {
            continue;
        }
        joiner->result.samples++;
        joiner->result.client_events += sample.request->chunks_count;
        const struct stream_salt *found = find_salt(joiner, joiner->plan->ops[sample.id].salt);
        if (!found) {
            joiner->result.samples_unjoined++;
            continue;
        }
        rc = join_sample(joiner, &sample, found->stream, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
}

static struct assay_calibration_error sum_up(int64_t *errors, size_t n)
{
    struct assay_calibration_error error = {.n = n};
    if (n == 0) {
        return error;
    }
    qsort(errors, n, sizeof *errors, compare_i64);
    error.p50_ns = errors[nearest_rank(n, 50)];
    error.p99_ns = errors[nearest_rank(n, 99)];
    error.min_ns = errors[0];
    error.max_ns = llabs(errors[0]) > llabs(errors[n - 1]) ? errors[0] : errors[n - 1];
    return error;
}

static void finish(struct joiner *joiner)
{
    struct assay_calibration *result = &joiner->result;
    size_t n = joiner->lateness_count;
    result->kernel = sum_up(joiner->kernel, joiner->kernel_count);
    result->exact_kernel = sum_up(joiner->exact, joiner->exact_count);
    result->user = sum_up(joiner->user, joiner->user_count);
    qsort(joiner->lateness, n, sizeof *joiner->lateness, compare_u64);
    result->lateness_p50_ns = n ? joiner->lateness[nearest_rank(n, 50)] : ASSAY_NS_ABSENT;
    result->lateness_p99_ns = n ? joiner->lateness[nearest_rank(n, 99)] : ASSAY_NS_ABSENT;
    result->lateness_max_ns = n ? joiner->lateness[n - 1] : ASSAY_NS_ABSENT;
    result->client_cpu_ns = joiner->input->client_cpu_ns;
}

assay_code assay_calibration_join(const struct assay_calibration_input *input, struct assay_calibration *ret,
                                  assay_err *err)
{
    assert(input && input->plan && input->trace && input->log && ret);
    struct joiner joiner = {.input = input};
    assay_code rc = assay_plan_parse(input->plan, input->plan_len, &joiner.plan, err);
    if (rc == ASSAY_OK) {
        rc = assay_trace_open(input->trace, input->trace_len, &joiner.trace, NULL, err);
    }
    if (rc == ASSAY_OK) {
        rc = read_clocks(&joiner, err);
    }
    if (rc == ASSAY_OK) {
        rc = read_log(&joiner, err);
    }
    if (rc == ASSAY_OK) {
        rc = join_samples(&joiner, err);
    }
    if (rc == ASSAY_OK) {
        finish(&joiner);
        *ret = joiner.result;
    }
    assay_free(joiner.events);
    assay_free(joiner.salts);
    assay_free(joiner.lateness);
    assay_free(joiner.kernel);
    assay_free(joiner.user);
    assay_free(joiner.exact);
    assay_free(joiner.arrivals);
    assay_trace_free(joiner.trace);
    assay_plan_free(joiner.plan);
    return rc;
}
