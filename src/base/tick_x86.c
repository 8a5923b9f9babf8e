#include "base/tick.h"

#include "base/clock.h"

#include <cpuid.h>
#include <pthread.h>
#include <x86intrin.h>

#define POWER_LEAF 0x80000007u
#define INVARIANT_TSC (1u << 8) /* EDX of that leaf */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool
    is_invariant; /* written once, before the first reader: CPUID traps in a virtual machine, so it is asked once */

static void ask(void)
{
    unsigned eax, ebx, ecx, edx;
    is_invariant = __get_cpuid(POWER_LEAF, &eax, &ebx, &ecx, &edx) != 0 && (edx & INVARIANT_TSC) != 0;
}

bool assay_tick_is_counter(void)
{
    (void)pthread_once(&once, ask);
    return is_invariant;
}

uint64_t assay_tick_now(void)
{
    if (!assay_tick_is_counter()) {
        return assay_clock_mono_raw_ns();
    }
    _mm_lfence(); /* what stands before has ended */
    uint64_t ticks = __rdtsc();
    _mm_lfence(); /* what follows has not begun */
    return ticks;
}
