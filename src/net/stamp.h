/*
 * Stamps: kernel packet stamps on the monotonic clock, and how good they are (endpoints.md 1.2 to 1.4).
 *
 * The kernel stamps received segments only while somebody in the system wants it, and starts lazily: one stamping
 * object is opened before warm-up and held open until the end.
 */
#ifndef ASSAY_NET_STAMP_H
#define ASSAY_NET_STAMP_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_net_stamping {
    int fd;
    bool is_on; /* proven: a datagram sent to itself came back stamped. false: receive stamps will be absent */
};

assay_code assay_net_stamping_open(struct assay_net_stamping *ret, assay_err *err);
void assay_net_stamping_close(struct assay_net_stamping *stamping);

/* ---- from CLOCK_REALTIME to CLOCK_MONOTONIC -------------------------------------------------------------------- */

/* Both clocks are slewed together, so real - mono is one constant until somebody sets the clock or the machine was
 * suspended. Every reading (mono, real, mono) confines that constant to a bracket; the brackets' intersection is kept.
 * An empty intersection is a step: kernel stamps from the reading before it to the one that found it are absent.
 * A loop does all of this by itself; truth logs and tests may use it too. Pure. */
#define ASSAY_NET_STEPS_MAX 16 /* more steps than that in one run are one long bad interval */

struct assay_net_clock_step {
    uint64_t from_ns, to_ns; /* mono: between these two readings the clock was set */
};

struct assay_net_clock_map {
    int64_t offset_lo_ns, offset_hi_ns; /* real - mono lies in between */
    uint64_t last_mono_ns, last_real_ns;
    uint64_t valid_from_ns; /* mono: stamps before it are absent */
    uint64_t readings;
    struct assay_net_clock_step steps[ASSAY_NET_STEPS_MAX];
    size_t steps_count; /* the last entry grows when there is no room for one more */
};

struct assay_net_stamp {
    uint64_t ns; /* CLOCK_MONOTONIC, or ASSAY_NS_ABSENT */
    uint64_t uncertainty_ns;
};
#define ASSAY_NET_STAMP_ABSENT ((struct assay_net_stamp){ASSAY_NS_ABSENT, 0})

void assay_net_clock_map_init(struct assay_net_clock_map *map, struct assay_clock_pair pair);
bool assay_net_clock_map_add(struct assay_net_clock_map *map, struct assay_clock_pair pair); /* false: a step */
/* real_ns of 0 means "no stamp", as the kernel says it. A stamp later than the last reading is absent: read first. */
struct assay_net_stamp assay_net_clock_map_stamp(const struct assay_net_clock_map *map, uint64_t real_ns);

/* ---- segments and arrivals ------------------------------------------------------------------------------------- */
#define ASSAY_NET_LEFT_UNKNOWN UINT32_MAX /* the kernel knows no TCP_INQ */

/* One recvmsg of a response. */
struct assay_net_segment {
    uint32_t index;      /* 0, 1, ... within the request */
    uint32_t left_bytes; /* TCP_INQ after the read */
    uint64_t end_offset; /* response bytes so far, this read included, counted after TLS and before HTTP framing */
    struct assay_net_stamp rx; /* kernel stamp of the newest segment that the read touched */
    uint64_t user_before_ns, user_after_ns;
};

enum assay_net_quality { ASSAY_NET_EXACT, ASSAY_NET_BOUNDED, ASSAY_NET_UNKNOWN };

struct assay_net_arrival {
    uint64_t lo_ns, hi_ns; /* mono; ASSAY_NS_ABSENT both: nothing arrived */
    enum assay_net_quality quality;
};
#define ASSAY_NET_ARRIVAL_ABSENT ((struct assay_net_arrival){ASSAY_NS_ABSENT, ASSAY_NS_ABSENT, ASSAY_NET_UNKNOWN})

/* What earlier reads of the request leave behind for the later ones. */
struct assay_net_timeline {
    uint64_t lo_ns;      /* user stamp before the last earlier read that left nothing */
    uint64_t next_lo_ns; /* the same, the current read included */
    uint64_t max_rx_ns;  /* running maximum of kernel stamps */
};

/* sent_ns: nothing of the response can be older (send_enter_ns). */
void assay_net_timeline_start(struct assay_net_timeline *timeline, uint64_t sent_ns);
void assay_net_timeline_read(struct assay_net_timeline *timeline, const struct assay_net_segment *segment);
/* The arrival of something that ends after_bytes before the end of the segment handed to timeline_read last. */
struct assay_net_arrival assay_net_timeline_arrival(const struct assay_net_timeline *timeline,
                                                    const struct assay_net_segment *segment, uint64_t after_bytes);

#endif
