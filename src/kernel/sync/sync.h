/*
 * Waiting of threads for each other, as an id of its own, so that what is not work is not counted as work (kernels.md
 * 1.2). Internal to kernel/.
 *
 * sync_barrier_spin waits until a counter has come to a mark: it spins for SYNC_SPIN_NS at most, then sleeps in the
 * kernel, since threads that spin without end beside a busy neighbour wait for each other's time slices. Whoever counts
 * last looks at the sleepers' words, and wakes them.
 *
 * in: the mark; the counter, which others count up. out: the counter as it was seen, at or beyond the mark; whether
 * this thread sleeps, read by the others meanwhile and 0 at the end. All of them one u32 written as i32; counters wrap.
 */
#ifndef ASSAY_KERNEL_SYNC_SYNC_H
#define ASSAY_KERNEL_SYNC_SYNC_H

#include "assay/kernel.h"

#define SYNC_SPIN_NS 20000 /* a flag goes from core to core and back in a fraction of a microsecond */

enum { SYNC_MARK, SYNC_COUNTER };   /* in */
enum { SYNC_SEEN, SYNC_IS_ASLEEP }; /* out */

#endif
