/* The table of endpoints.md 1.4. */
#include "net/stamp.h"

void assay_net_timeline_start(struct assay_net_timeline *timeline, uint64_t sent_ns)
{
    *timeline = (struct assay_net_timeline){.lo_ns = sent_ns, .next_lo_ns = sent_ns};
}

void assay_net_timeline_read(struct assay_net_timeline *timeline, const struct assay_net_segment *segment)
{
    timeline->lo_ns = timeline->next_lo_ns;
    if (segment->left_bytes == 0) {
        timeline->next_lo_ns = segment->user_before_ns; /* what comes with later reads was not there yet */
    }
    if (segment->rx.ns != ASSAY_NS_ABSENT && segment->rx.ns > timeline->max_rx_ns) {
        timeline->max_rx_ns = segment->rx.ns;
    }
}

struct assay_net_arrival assay_net_timeline_arrival(const struct assay_net_timeline *timeline,
                                                    const struct assay_net_segment *segment, uint64_t after_bytes)
{
    if (segment->rx.ns == ASSAY_NS_ABSENT) {
        return (struct assay_net_arrival){timeline->lo_ns, segment->user_after_ns, ASSAY_NET_UNKNOWN};
    }
    uint64_t stamp = timeline->max_rx_ns; /* >= rx: a reordered segment was readable only when the prefix was there */
    if (after_bytes == 0 && segment->left_bytes == 0) {
        uint64_t around = segment->rx.uncertainty_ns;
        return (struct assay_net_arrival){stamp - around, stamp + around, ASSAY_NET_EXACT};
    }
    uint64_t lo = timeline->lo_ns < stamp ? timeline->lo_ns : stamp;
    return (struct assay_net_arrival){lo, stamp, ASSAY_NET_BOUNDED};
}
