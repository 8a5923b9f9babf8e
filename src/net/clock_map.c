#include "net/stamp.h"

#include <assert.h>

#define STEP_SLACK_NS 100 /* two readings of one constant differ by rounding at a timer tick, never by this much */
#define BRACKET_MIN_NS 10 /* stamps are cut to whole nanoseconds: no claim is finer than a few of them */

struct bracket {
    int64_t lo, hi;
};

/* real - mono at that reading lies in here. Unsigned subtraction, then signed: exact for every real date. */
static struct bracket bracket_of(struct assay_clock_pair pair)
{
    return (struct bracket){.lo = (int64_t)(pair.real_ns - pair.mono_after_ns),
                            .hi = (int64_t)(pair.real_ns - pair.mono_before_ns)};
}

static void remember_reading(struct assay_net_clock_map *map, struct assay_clock_pair pair, struct bracket bracket)
{
    if (bracket.hi - bracket.lo < BRACKET_MIN_NS) {
        int64_t middle = bracket.lo + (bracket.hi - bracket.lo) / 2;
        bracket = (struct bracket){middle - BRACKET_MIN_NS / 2, middle + BRACKET_MIN_NS / 2};
    }
    map->offset_lo_ns = bracket.lo;
    map->offset_hi_ns = bracket.hi;
    map->last_mono_ns = pair.mono_after_ns;
    map->last_real_ns = pair.real_ns;
    map->readings++;
}

void assay_net_clock_map_init(struct assay_net_clock_map *map, struct assay_clock_pair pair)
{
    *map = (struct assay_net_clock_map){0};
    remember_reading(map, pair, bracket_of(pair));
}

static void remember_step(struct assay_net_clock_map *map, uint64_t to_ns)
{
    if (map->steps_count == ASSAY_NET_STEPS_MAX) {
        map->steps[map->steps_count - 1].to_ns = to_ns;
        return;
    }
    map->steps[map->steps_count++] = (struct assay_net_clock_step){.from_ns = map->last_mono_ns, .to_ns = to_ns};
}

bool assay_net_clock_map_add(struct assay_net_clock_map *map, struct assay_clock_pair pair)
{
    struct bracket now = bracket_of(pair);
    struct bracket both = {now.lo > map->offset_lo_ns ? now.lo : map->offset_lo_ns,
                           now.hi < map->offset_hi_ns ? now.hi : map->offset_hi_ns};
    int64_t gap = both.lo - both.hi; /* > 0: the brackets do not meet */
    if (gap <= 0) {
        remember_reading(map, pair, both);
        return true;
    }
    if (gap <= STEP_SLACK_NS) {
        remember_reading(map, pair, now);
        return true;
    }
    remember_step(map, pair.mono_after_ns);
    /* A stamp taken before a step back would map into the future by the size of the step. */
    map->valid_from_ns = pair.mono_after_ns + (uint64_t)gap;
    remember_reading(map, pair, now);
    return false;
}

struct assay_net_stamp assay_net_clock_map_stamp(const struct assay_net_clock_map *map, uint64_t real_ns)
{
    if (real_ns == 0 || real_ns > map->last_real_ns) {
        return ASSAY_NET_STAMP_ABSENT;
    }
    int64_t width = map->offset_hi_ns - map->offset_lo_ns;
    uint64_t mono_ns = real_ns - (uint64_t)(map->offset_lo_ns + width / 2);
    if (mono_ns < map->valid_from_ns || mono_ns > map->last_mono_ns) {
        return ASSAY_NET_STAMP_ABSENT;
    }
    return (struct assay_net_stamp){.ns = mono_ns, .uncertainty_ns = (uint64_t)(width + 1) / 2};
}
