#include "record/touched.h"

#include "base/mem.h"
#include "stat/stat.h"

#include <string.h>

#define LEAST_VALUES 8                /* quartiles of fewer say little */
#define FENCE 3.0                     /* times the range of the middle half, above the third quartile */
#define NS_PER_READING ASSAY_NS_PER_S /* what the first reading covers: those before it are not there */

const char *assay_touch_text(size_t index)
{
    static const char *const TEXTS[ASSAY_TOUCH_COUNT] = {
#define TOUCH_TEXT(name, bit, text) text,
        ASSAY_TOUCHES(TOUCH_TEXT)
#undef TOUCH_TEXT
    };
    return TEXTS[index];
}

static bool rose(uint64_t value)
{
    return value != ASSAY_NS_ABSENT && value > 0;
}

unsigned assay_sample_touches(const struct assay_sample *sample, const struct assay_host_reading *host, size_t count)
{
    unsigned touches = 0;
    if (sample->process) {
        touches |= rose(sample->process->nivcsw) ? ASSAY_TOUCH_SWITCHED : 0;
        touches |= rose(sample->process->majflt) ? ASSAY_TOUCH_PAGED : 0;
    }
    if (sample->start_ns == ASSAY_NS_ABSENT || sample->end_ns == ASSAY_NS_ABSENT) {
        return touches;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t before_ns = host[i].at_ns > NS_PER_READING ? host[i].at_ns - NS_PER_READING : 0;
        uint64_t from_ns = i > 0 ? host[i - 1].at_ns : before_ns;
        if (sample->start_ns < host[i].at_ns && sample->end_ns > from_ns) {
            touches |= rose(host[i].steal_ppm) ? ASSAY_TOUCH_STOLEN : 0;
            touches |= rose(host[i].throttled_ns) ? ASSAY_TOUCH_THROTTLED : 0;
        }
    }
    return touches;
}

/* Wall times of an arm's measured ok samples, and their touches beside them. */
struct values {
    double *times, *sorted, *scratch;
    unsigned *touches;
    size_t count;
};

static void done(struct values *values)
{
    assay_free(values->times);
    assay_free(values->sorted);
    assay_free(values->scratch);
    assay_free(values->touches);
}

static assay_code collect(const struct assay_plan *plan, struct assay_trace *trace, uint32_t arm, struct values *ret,
                          assay_err *err)
{
    size_t room = (size_t)assay_trace_samples(trace) + 1, host_count;
    const struct assay_host_reading *host = assay_trace_host(trace, &host_count);
    *ret = (struct values){.times = assay_alloc(room, sizeof *ret->times),
                           .sorted = assay_alloc(room, sizeof *ret->sorted),
                           .scratch = assay_alloc(room, sizeof *ret->scratch),
                           .touches = assay_alloc(room, sizeof *ret->touches)};
    if (!ret->times || !ret->sorted || !ret->scratch || !ret->touches) {
        return assay_nomem(err);
    }
    assay_code rc = ASSAY_OK;
    bool is_end = false;
    assay_trace_rewind(trace);
    while (rc == ASSAY_OK && !is_end) {
        struct assay_sample sample;
        rc = assay_trace_next(trace, &sample, &is_end, err);
        bool is_measured = rc == ASSAY_OK && !is_end && sample.id >= plan->warmup.samples && sample.arm == arm;
        if (is_measured && sample.status == ASSAY_STATUS_OK && sample.start_ns != ASSAY_NS_ABSENT) {
            ret->touches[ret->count] = assay_sample_touches(&sample, host, host_count);
            ret->times[ret->count++] = (double)(sample.end_ns - sample.start_ns);
        }
    }
    assay_trace_rewind(trace);
    return rc;
}

/* The touch that outliers have most more often than the rest. */
static void find_cause(const struct values *values, double fence, struct assay_outliers *ret)
{
    double best = 0;
    for (size_t t = 0; t < ASSAY_TOUCH_COUNT; t++) {
        uint64_t among = 0, elsewhere = 0;
        for (size_t i = 0; i < values->count; i++) {
            bool has = (values->touches[i] & (1u << t)) != 0;
            among += has && values->times[i] > fence;
            elsewhere += has && values->times[i] <= fence;
        }
        uint64_t rest = ret->n - ret->count;
        double share = (double)among / (double)ret->count, of_rest = rest ? (double)elsewhere / (double)rest : 0;
        if (share - of_rest > best) {
            best = share - of_rest;
            ret->cause = assay_touch_text(t);
            ret->share = share;
            ret->share_of_rest = of_rest;
        }
    }
}

assay_code assay_outliers_of(const struct assay_plan *plan, struct assay_trace *trace, uint32_t arm,
                             struct assay_outliers *ret, assay_err *err)
{
    struct values values = {0};
    *ret = (struct assay_outliers){0};
    assay_code rc = collect(plan, trace, arm, &values, err);
    if (rc == ASSAY_OK && values.count >= LEAST_VALUES) {
        memcpy(values.sorted, values.times, values.count * sizeof *values.times);
        assay_stat_sort(values.sorted, values.scratch, values.count);
        double q1 = assay_stat_quantile_type7(values.sorted, values.count, 0.25);
        double q3 = assay_stat_quantile_type7(values.sorted, values.count, 0.75), fence = q3 + FENCE * (q3 - q1);
        ret->n = values.count;
        for (size_t i = 0; i < values.count; i++) {
            ret->count += values.times[i] > fence;
        }
        if (ret->count > 0) {
            find_cause(&values, fence, ret);
        }
    }
    done(&values);
    return rc;
}
