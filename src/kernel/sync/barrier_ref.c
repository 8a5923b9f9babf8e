/* sync_barrier_spin_ref: spins, then sleeps on a futex. */
#include "kernel/families.h"
#include "kernel/sync/sync.h"

#include "base/clock.h"
#include "base/thread.h"

#include <linux/futex.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TURNS_A_LOOK 64 /* at the clock, which costs as much as some turns */

static bool has_come(const uint32_t *counter, uint32_t mark, uint32_t *seen)
{
    *seen = __atomic_load_n(counter, __ATOMIC_ACQUIRE);
    return (int32_t)(*seen - mark) >= 0;
}

static bool spin(const uint32_t *counter, uint32_t mark, uint32_t *seen)
{
    uint64_t end = 0;
    for (;;) {
        for (int i = 0; i < TURNS_A_LOOK; i++) {
            if (has_come(counter, mark, seen)) {
                return true;
            }
            assay_thread_pause();
        }
        uint64_t now = assay_clock_mono_ns();
        end = end ? end : now + SYNC_SPIN_NS;
        if (now >= end) {
            return false;
        }
    }
}

/* The counter is looked at again after the word is set: whoever counts last counts first and looks at the word after,
 * so that one of the two sees the other. */
static void sleep_until(const uint32_t *counter, uint32_t mark, uint32_t *seen, uint32_t *is_asleep)
{
    __atomic_store_n(is_asleep, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        *seen = __atomic_load_n(counter, __ATOMIC_SEQ_CST);
        if ((int32_t)(*seen - mark) >= 0) {
            break;
        }
        (void)syscall(SYS_futex, counter, FUTEX_WAIT_PRIVATE, *seen, NULL, NULL, 0);
    }
    __atomic_store_n(is_asleep, 0, __ATOMIC_RELAXED);
}

static void run(const struct assay_kernel_call *call)
{
    uint32_t mark = *(const uint32_t *)call->in[SYNC_MARK], *seen = call->out[SYNC_SEEN];
    uint32_t *is_asleep = call->out[SYNC_IS_ASLEEP];
    const uint32_t *counter = call->in[SYNC_COUNTER];
    __atomic_store_n(is_asleep, 0, __ATOMIC_RELAXED);
    if (!spin(counter, mark, seen)) {
        sleep_until(counter, mark, seen, is_asleep);
    }
}

const struct assay_kernel_row kernel_row_sync_barrier_spin_ref = {
    .id = "sync_barrier_spin_ref",
    .kind = ASSAY_KERNEL_SYNC,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "spins for 20 us, then sleeps",
};
