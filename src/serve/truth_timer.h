/* Inside serve/: which connection is due next. A binary heap of instants over dense numbers; no allocation after init.
 */
#ifndef ASSAY_SERVE_TRUTH_TIMER_H
#define ASSAY_SERVE_TRUTH_TIMER_H

#include "base/err.h"

#include <stdint.h>

struct truth_timer_entry {
    uint64_t due_ns;
    uint32_t id;
};

struct truth_timer {
    struct truth_timer_entry *heap;
    uint32_t *places; /* of an id in the heap, from 1; 0: not waiting */
    uint32_t count, max;
};

assay_code truth_timer_init(struct truth_timer *timer, uint32_t max, assay_err *err);
void truth_timer_done(struct truth_timer *timer);
void truth_timer_set(struct truth_timer *timer, uint32_t id, uint64_t due_ns); /* moves one that is already waiting */
void truth_timer_clear(struct truth_timer *timer, uint32_t id);                /* fine if it does not wait */
uint64_t truth_timer_next_ns(const struct truth_timer *timer);                 /* ASSAY_NS_ABSENT: none waits */
uint32_t truth_timer_take(struct truth_timer *timer);                          /* the id that is due next */

#endif
