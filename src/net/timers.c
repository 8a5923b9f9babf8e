#include "net/timers.h"

#include "base/mem.h"

#include <assert.h>

assay_code assay_net_timers_init(struct assay_net_timers *timers, size_t capacity, assay_err *err)
{
    *timers = (struct assay_net_timers){.capacity = capacity};
    timers->heap = assay_alloc(capacity, sizeof(void *));
    return timers->heap ? ASSAY_OK : assay_nomem(err);
}

void assay_net_timers_done(struct assay_net_timers *timers)
{
    assay_free(timers->heap);
    *timers = (struct assay_net_timers){0};
}

static void put(struct assay_net_timers *timers, size_t place, struct assay_net_timer *timer)
{
    timers->heap[place] = timer;
    timer->at = place + 1;
}

static void sift_up(struct assay_net_timers *timers, size_t place)
{
    struct assay_net_timer *timer = timers->heap[place];
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (timers->heap[parent]->key_ns <= timer->key_ns) {
            break;
        }
        put(timers, place, timers->heap[parent]);
        place = parent;
    }
    put(timers, place, timer);
}

static void sift_down(struct assay_net_timers *timers, size_t place)
{
    struct assay_net_timer *timer = timers->heap[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= timers->count) {
            break;
        }
        if (child + 1 < timers->count && timers->heap[child + 1]->key_ns < timers->heap[child]->key_ns) {
            child++;
        }
        if (timers->heap[child]->key_ns >= timer->key_ns) {
            break;
        }
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, timer);
}

void assay_net_timers_set(struct assay_net_timers *timers, struct assay_net_timer *timer, uint64_t key_ns)
{
    timer->key_ns = key_ns;
    if (timer->at == 0) {
        assert(timers->count < timers->capacity);
        put(timers, timers->count++, timer);
    }
    sift_up(timers, timer->at - 1);
    sift_down(timers, timer->at - 1);
}

void assay_net_timers_remove(struct assay_net_timers *timers, struct assay_net_timer *timer)
{
    if (timer->at == 0) {
        return;
    }
    size_t place = timer->at - 1;
    timer->at = 0;
    struct assay_net_timer *last = timers->heap[--timers->count];
    if (last != timer) {
        put(timers, place, last);
        sift_up(timers, place);
        sift_down(timers, last->at - 1);
    }
}

struct assay_net_timer *assay_net_timers_first(const struct assay_net_timers *timers)
{
    return timers->count > 0 ? timers->heap[0] : NULL;
}
