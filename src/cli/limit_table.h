/*
 * The limits that `assay host --limits` measures, a row each. Inside cli/ only.
 */
#ifndef ASSAY_CLI_LIMIT_TABLE_H
#define ASSAY_CLI_LIMIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMIT_THREADS_MAX 256
#define LIMIT_CHASE_BYTES ((uint64_t)256 << 20) /* far out of every cache */
#define LIMIT_CHASE_STEPS 65536                 /* of one repetition: some 10 ms in memory */

enum limit_unit { LIMIT_BYTES, LIMIT_OPS, LIMIT_ELEMENTS, LIMIT_LATENCY };
enum limit_pages { LIMIT_HUGE_PAGES, LIMIT_SMALL_PAGES, LIMIT_PAGES_COUNT };
enum limit_size { LIMIT_SIZE_MEMORY, LIMIT_SIZE_L1, LIMIT_SIZE_L2, LIMIT_SIZE_LAST, LIMIT_SIZE_COUNT };
enum limit_target { LIMIT_READS, LIMIT_WRITES, LIMIT_COPIES, LIMIT_OWN }; /* OWN: operands that the kernel makes */
enum limit_threads { LIMIT_ANY_THREADS, LIMIT_ONE_THREAD, LIMIT_MANY_THREADS };

struct limit_row {
    const char *name;
    const char *operation, *format; /* of a kernel of class limit; NULL: threads that meet */
    const char *isa;                /* NULL: the variant in force */
    enum limit_unit unit;
    enum limit_target target;
    enum limit_size size;
    enum limit_pages pages;
    enum limit_threads threads;
    uint64_t columns; /* of the shape: lines of prefetch, panels of tiles; 0: those of the default case */
    bool is_quick;
};

/* What two sweeps of one limit came to, and what else the machine did meanwhile (UINT64_MAX: unknown). */
struct limit_sweeps {
    double first, last; /* medians */
    uint64_t foreign_cpu_ppm, steal_ppm;
    bool is_in_cache; /* a limit of memory whose buffer is no larger than the caches */
};
/* "ok", "invalid": the sweeps differ by more than 15 %; "polluted"; "in-cache" (kernels.md 7). */
const char *assay_limit_state(const struct limit_sweeps *sweeps);

extern const struct limit_row LIMIT_ROWS[];
extern const size_t LIMIT_ROWS_COUNT;
extern const char *const LIMIT_UNIT_TEXTS[]; /* by enum limit_unit */

#endif
