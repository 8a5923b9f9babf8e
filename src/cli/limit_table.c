#include "cli/limit_table.h"

#define SPREAD_MAX 0.15       /* between the sweeps (kernels.md 7) */
#define FOREIGN_PPM_MAX 80000 /* 8 % of the CPUs */
#define STEAL_PPM_MAX 10000   /* 1 % */

const char *assay_limit_state(const struct limit_sweeps *sweeps)
{
    double larger = sweeps->first > sweeps->last ? sweeps->first : sweeps->last;
    double smaller = sweeps->first > sweeps->last ? sweeps->last : sweeps->first;
    bool is_foreign = sweeps->foreign_cpu_ppm != UINT64_MAX && sweeps->foreign_cpu_ppm >= FOREIGN_PPM_MAX;
    bool is_stolen = sweeps->steal_ppm != UINT64_MAX && sweeps->steal_ppm >= STEAL_PPM_MAX;
    if (larger - smaller > SPREAD_MAX * larger) {
        return "invalid";
    }
    return is_foreign || is_stolen ? "polluted" : sweeps->is_in_cache ? "in-cache" : "ok";
}

#define READ(name_, pages_, size_)                                                                        \
    {                                                                                                     \
        .name = (name_), .operation = "limit_read", .format = "bytes", .pages = (pages_), .size = (size_) \
    }
#define AHEAD(name_, lines_)                                                               \
    {                                                                                      \
        .name = (name_), .operation = "limit_read", .format = "ahead", .columns = (lines_) \
    }
#define CHASE(name_, size_)                                                                                         \
    {                                                                                                               \
        .name = (name_), .operation = "limit_chase", .format = "bytes", .unit = LIMIT_LATENCY, .target = LIMIT_OWN, \
        .size = (size_), .threads = LIMIT_ONE_THREAD                                                                \
    }
#define ARITHMETIC(name_, operation_, format_, isa_, unit_, is_quick_)                                   \
    {                                                                                                    \
        .name = (name_), .operation = (operation_), .format = (format_), .isa = (isa_), .unit = (unit_), \
        .target = LIMIT_OWN, .is_quick = (is_quick_)                                                     \
    }

#define TILES(name_, panels_, is_quick_)                                                                  \
    {                                                                                                     \
        .name = (name_), .operation = "limit_ops", .format = "tile", .isa = "amxint8", .unit = LIMIT_OPS, \
        .target = LIMIT_OWN, .columns = (panels_), .is_quick = (is_quick_)                                \
    }

const struct limit_row LIMIT_ROWS[] = {
    {.name = "read memory, 2 MB pages", .operation = "limit_read", .format = "bytes", .is_quick = true},
    READ("read memory, 4 KB pages", LIMIT_SMALL_PAGES, LIMIT_SIZE_MEMORY),
    AHEAD("one stream, no prefetch", 1),
    AHEAD("one stream, prefetch 512 B", 8),
    AHEAD("one stream, prefetch 1024 B", 16),
    AHEAD("one stream, prefetch 1536 B", 24),
    READ("read last cache", LIMIT_HUGE_PAGES, LIMIT_SIZE_LAST),
    READ("read L2", LIMIT_HUGE_PAGES, LIMIT_SIZE_L2),
    READ("read L1", LIMIT_HUGE_PAGES, LIMIT_SIZE_L1),
    {.name = "write memory", .operation = "limit_write", .format = "bytes", .target = LIMIT_WRITES},
    {.name = "write memory, past the caches", .operation = "limit_write", .format = "nt", .target = LIMIT_WRITES},
    {.name = "copy memory, read and written", .operation = "limit_copy", .format = "bytes", .target = LIMIT_COPIES},
    CHASE("pointer chase, L1", LIMIT_SIZE_L1),
    CHASE("pointer chase, L2", LIMIT_SIZE_L2),
    CHASE("pointer chase, last cache", LIMIT_SIZE_LAST),
    CHASE("pointer chase, memory", LIMIT_SIZE_MEMORY),
    ARITHMETIC("int8, avx2", "limit_ops", "i8", "avx2", LIMIT_OPS, true),
    ARITHMETIC("ternary sums looked up, avx2", "limit_ops", "sums", "avx2", LIMIT_OPS, false),
    ARITHMETIC("int8, avxvnni", "limit_ops", "dot4", "avxvnni", LIMIT_OPS, true),
    ARITHMETIC("int8, vnni512", "limit_ops", "dot4", "vnni512", LIMIT_OPS, true),
    TILES("int8, amxint8", 1, true),
    TILES("int8, amxint8, operands from L1", 8, false),
    TILES("int8, amxint8, operands from L2", 128, false),
    ARITHMETIC("f32 fused multiply-add, avx2", "limit_ops", "f32", "avx2", LIMIT_OPS, false),
    ARITHMETIC("f32 fused multiply-add, avx512", "limit_ops", "f32", "avx512", LIMIT_OPS, false),
    ARITHMETIC("exponential, L1", "limit_exp", "f32", NULL, LIMIT_ELEMENTS, false),
    {.name = "threads meet", .unit = LIMIT_LATENCY, .threads = LIMIT_MANY_THREADS},
};

const size_t LIMIT_ROWS_COUNT = sizeof LIMIT_ROWS / sizeof LIMIT_ROWS[0];

const char *const LIMIT_UNIT_TEXTS[] = {
    [LIMIT_BYTES] = "GB/s", [LIMIT_OPS] = "GOP/s", [LIMIT_ELEMENTS] = "G/s", [LIMIT_LATENCY] = "ns"};
