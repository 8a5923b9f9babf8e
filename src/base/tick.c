#include "base/tick.h"

#include "base/clock.h"
#include "base/thread.h"

#define SPAN_MIN_NS ASSAY_NS_PER_MS /* two clock reads of some 50 ns at either end are then 100 ppm */

/* The reading of the clock that lies between two readings of the counter, the closest of a few: an interrupt between
 * them would shift the whole calibration. */
static struct assay_tick_calibration read_both(void)
{
    enum { TRIES = 8 };
    struct assay_tick_calibration best = {0};
    uint64_t best_width = UINT64_MAX;
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = assay_tick_now(), raw_ns = assay_clock_mono_raw_ns(), after = assay_tick_now();
        if (after - before < best_width) {
            best_width = after - before;
            best = (struct assay_tick_calibration){.ticks = before + (after - before) / 2, .raw_ns = raw_ns};
        }
    }
    return best;
}

struct assay_tick_calibration assay_tick_calibrate(void)
{
    return read_both();
}

double assay_tick_per_s(const struct assay_tick_calibration *calibration)
{
    if (!assay_tick_is_counter()) {
        return (double)ASSAY_NS_PER_S;
    }
    while (assay_clock_mono_raw_ns() - calibration->raw_ns < SPAN_MIN_NS) {
        assay_thread_pause();
    }
    struct assay_tick_calibration now = read_both();
    return (double)(now.ticks - calibration->ticks) / (double)(now.raw_ns - calibration->raw_ns) *
           (double)ASSAY_NS_PER_S;
}
