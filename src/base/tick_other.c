#include "base/tick.h"

#include "base/clock.h"

bool assay_tick_is_counter(void)
{
    return false;
}

uint64_t assay_tick_now(void)
{
    return assay_clock_mono_raw_ns();
}
