/*
 * Timers: a binary heap of deadlines, one entry a slot in use. A deadline that moves later leaves its entry where it is
 * (the owner looks at the true one when the entry is due), so that a stream of tokens costs no heap work. Private to
 * net/.
 */
#ifndef ASSAY_NET_TIMERS_H
#define ASSAY_NET_TIMERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_net_timer {
    uint64_t key_ns;
    size_t at; /* place in the heap + 1; 0 = not in it */
};

struct assay_net_timers {
    struct assay_net_timer **heap;
    size_t count, capacity;
};

assay_code assay_net_timers_init(struct assay_net_timers *timers, size_t capacity, assay_err *err);
void assay_net_timers_done(struct assay_net_timers *timers);

void assay_net_timers_set(struct assay_net_timers *timers, struct assay_net_timer *timer, uint64_t key_ns);
void assay_net_timers_remove(struct assay_net_timers *timers, struct assay_net_timer *timer); /* fine if not in it */
struct assay_net_timer *assay_net_timers_first(const struct assay_net_timers *timers);        /* NULL: none */

#endif
