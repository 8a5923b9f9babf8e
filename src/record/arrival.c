#include "record/arrival.h"

#include <assert.h>

static const char *const QUALITY_TEXTS[ASSAY_QUALITY_COUNT] = {
    [ASSAY_QUALITY_EXACT] = "exact",
    [ASSAY_QUALITY_BOUNDED] = "bounded",
    [ASSAY_QUALITY_UNKNOWN] = "unknown",
};

const char *assay_quality_text(enum assay_quality quality)
{
    assert((unsigned)quality < ASSAY_QUALITY_COUNT);
    return QUALITY_TEXTS[quality];
}

static uint64_t minus_or_zero(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* No byte of the answer is older than the request. */
static uint64_t request_start(const struct assay_request *request)
{
    if (request->send_enter_ns != ASSAY_NS_ABSENT) {
        return request->send_enter_ns;
    }
    return request->tx_ns != ASSAY_NS_ABSENT ? request->tx_ns : 0;
}

static struct assay_arrival arrival_of(const struct assay_segment *segment, uint64_t stamp_ns, uint64_t earliest_ns,
                                       uint64_t uncertainty_ns)
{
    struct assay_arrival arrival = {.earliest_ns = earliest_ns, .lo_ns = earliest_ns};
    if (segment->rx_ns == ASSAY_NS_ABSENT) {
        arrival.quality = ASSAY_QUALITY_UNKNOWN;
        arrival.hi_ns = segment->user_after_ns;
        return arrival;
    }
    arrival.hi_ns = stamp_ns + uncertainty_ns;
    if (segment->left_bytes == 0) {
        arrival.quality = ASSAY_QUALITY_EXACT;
        arrival.lo_ns = minus_or_zero(stamp_ns, uncertainty_ns);
    } else {
        arrival.quality = ASSAY_QUALITY_BOUNDED;
    }
    return arrival;
}

/* Bytes arrive in order, so what came later bounds what came before from above. */
static void lower_hi_backwards(struct assay_arrival *arrivals, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        struct assay_arrival *arrival = &arrivals[i];
        if (i + 1 < count && arrival->hi_ns > arrivals[i + 1].hi_ns) {
            arrival->hi_ns = arrivals[i + 1].hi_ns;
        }
        if (arrival->lo_ns > arrival->hi_ns) {
            arrival->lo_ns = arrival->hi_ns;
        }
        if (arrival->earliest_ns > arrival->hi_ns) {
            arrival->earliest_ns = arrival->hi_ns;
        }
    }
}

void assay_arrival_of_segments(const struct assay_request *request, uint64_t uncertainty_ns, struct assay_arrival *ret)
{
    uint64_t newest_stamp_ns = 0;
    uint64_t drained_ns = request_start(request); /* before the last earlier read that left nothing */
    for (size_t i = 0; i < request->segments_count; i++) {
        const struct assay_segment *segment = &request->segments[i];
        if (segment->rx_ns != ASSAY_NS_ABSENT && segment->rx_ns > newest_stamp_ns) {
            newest_stamp_ns = segment->rx_ns;
        }
        ret[i] = arrival_of(segment, newest_stamp_ns, drained_ns, uncertainty_ns);
        if (segment->left_bytes == 0) {
            drained_ns = segment->user_before_ns;
        }
    }
    lower_hi_backwards(ret, request->segments_count);
}

struct assay_arrival assay_arrival_of_chunk(const struct assay_request *request, const struct assay_chunk *chunk,
                                            const struct assay_arrival *segments)
{
    assert(chunk->segment < request->segments_count);
    struct assay_arrival arrival = segments[chunk->segment];
    if (chunk->after_bytes > 0 && arrival.quality == ASSAY_QUALITY_EXACT) {
        arrival.quality = ASSAY_QUALITY_BOUNDED;
        arrival.lo_ns = arrival.earliest_ns;
    }
    return arrival;
}
