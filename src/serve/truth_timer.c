#include "serve/truth_timer.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>

assay_code truth_timer_init(struct truth_timer *timer, uint32_t max, assay_err *err)
{
    *timer = (struct truth_timer){.max = max};
    timer->heap = assay_alloc((size_t)max + 1, sizeof *timer->heap); /* place 0 is not used */
    timer->places = assay_alloc(max, sizeof *timer->places);
    if (!timer->heap || !timer->places) {
        truth_timer_done(timer);
        return assay_nomem(err);
    }
    return ASSAY_OK;
}

void truth_timer_done(struct truth_timer *timer)
{
    assay_free(timer->heap);
    assay_free(timer->places);
    *timer = (struct truth_timer){0};
}

static void put(struct truth_timer *timer, uint32_t place, struct truth_timer_entry entry)
{
    timer->heap[place] = entry;
    timer->places[entry.id] = place;
}

static void sift_up(struct truth_timer *timer, uint32_t place, struct truth_timer_entry entry)
{
    while (place > 1 && timer->heap[place / 2].due_ns > entry.due_ns) {
        put(timer, place, timer->heap[place / 2]);
        place /= 2;
    }
    put(timer, place, entry);
}

static void sift_down(struct truth_timer *timer, uint32_t place, struct truth_timer_entry entry)
{
    for (;;) {
        uint32_t child = place * 2;
        if (child < timer->count && timer->heap[child + 1].due_ns < timer->heap[child].due_ns) {
            child++;
        }
        if (child > timer->count || timer->heap[child].due_ns >= entry.due_ns) {
            break;
        }
        put(timer, place, timer->heap[child]);
        place = child;
    }
    put(timer, place, entry);
}

void truth_timer_set(struct truth_timer *timer, uint32_t id, uint64_t due_ns)
{
    assert(id < timer->max);
    struct truth_timer_entry entry = {due_ns, id};
    uint32_t place = timer->places[id];
    if (place == 0) {
        sift_up(timer, ++timer->count, entry);
    } else if (due_ns < timer->heap[place].due_ns) {
        sift_up(timer, place, entry);
    } else {
        sift_down(timer, place, entry);
    }
}

void truth_timer_clear(struct truth_timer *timer, uint32_t id)
{
    assert(id < timer->max);
    uint32_t place = timer->places[id];
    if (place == 0) {
        return;
    }
    timer->places[id] = 0;
    struct truth_timer_entry last = timer->heap[timer->count--];
    if (last.id == id) {
        return;
    }
    if (place > 1 && timer->heap[place / 2].due_ns > last.due_ns) {
        sift_up(timer, place, last);
    } else {
        sift_down(timer, place, last);
    }
}

uint64_t truth_timer_next_ns(const struct truth_timer *timer)
{
    return timer->count ? timer->heap[1].due_ns : ASSAY_NS_ABSENT;
}

uint32_t truth_timer_take(struct truth_timer *timer)
{
    assert(timer->count > 0);
    uint32_t id = timer->heap[1].id;
    truth_timer_clear(timer, id);
    return id;
}
