/* Linear layers against the read-only pass: every variant that this host has, from memory and from cache, over the same
 * bytes on the same pages in the same order, arms in turn, by the CPU time of the thread. Each variant's output is
 * first held against the reference.
 *
 *     bench_variants [FORMAT ...]     only the formats named
 */
#include "base/clock.h"
#include "base/mem.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROUNDS = 15, ARMS_MAX = 8 };
#define HUGE_BYTES ((size_t)2 << 20)
#define LINE_BYTES 64

static const struct subject {
    const char *name, *format;
    struct assay_kernel_shape shape;
    size_t total_mb; /* of copies of the weights; 0: one copy, which stays in the cache */
} SUBJECTS[] = {
    {"ternary_gemv", "i2s", {2560, 2560, 1, 1}, 256},    {"ternary_gemv", "i2s", {2560, 6912, 1, 1}, 256},
    {"ternary_gemv", "i2s", {256, 2560, 1, 1}, 0},       {"ternary_gemv", "i2s", {2560, 2560, 16, 1}, 32},
    {"ternary_gemv", "lane2", {2560, 2560, 1, 1}, 256},  {"ternary_gemv", "lane2", {2560, 6912, 1, 1}, 256},
    {"ternary_gemv", "lane2", {256, 2560, 1, 1}, 0},     {"ternary_gemm", "lane2", {2560, 2560, 16, 1}, 32},
    {"ternary_gemm", "lane2", {2560, 2560, 128, 1}, 4},  {"dense_gemv", "q80", {16384, 576, 1, 1}, 256},
    {"dense_gemv", "q80", {1536, 576, 32, 1}, 0},        {"dense_gemv", "q41", {1536, 576, 1, 1}, 256},
    {"dense_gemv", "q41", {1536, 576, 1, 1}, 0},         {"dense_gemv", "q41", {1536, 576, 32, 1}, 0},
    {"dense_gemv", "q40", {1536, 576, 1, 1}, 256},       {"dense_gemv", "q40", {1536, 576, 32, 1}, 0},
    {"dense_gemv", "q80lane", {16384, 576, 1, 1}, 256},  {"dense_gemv", "q80lane", {1536, 576, 32, 1}, 0},
    {"dense_gemv", "q41lane", {1536, 576, 1, 1}, 256},   {"dense_gemv", "q41lane", {1536, 576, 1, 1}, 0},
    {"dense_gemv", "q41lane", {1536, 576, 32, 1}, 0},    {"dense_gemv", "q40lane", {1536, 576, 1, 1}, 256},
    {"dense_gemv", "q6k", {16384, 2560, 1, 1}, 256},     {"dense_gemv", "q6k", {2560, 2560, 32, 1}, 0},
    {"dense_gemv", "q6klane", {16384, 2560, 1, 1}, 256}, {"dense_gemv", "q6klane", {2560, 2560, 32, 1}, 0},
    {"dense_gemv", "q6klane", {16384, 2560, 16, 1}, 32}, {"dense_gemv", "f16", {4096, 2560, 1, 1}, 256},
    {"dense_gemv", "f16", {2560, 2560, 32, 1}, 0},       {"dense_gemv", "f32", {4096, 2560, 1, 1}, 256},
};

static void must(assay_code rc, const assay_err *err)
{
    if (rc != ASSAY_OK) {
        (void)fprintf(stderr, "%s\n", err->message);
        exit(assay_code_exit(rc));
    }
}

struct arena { /* copies of the weights, one after the other, on huge pages where the system gives them */
    char *first;
    size_t stride, copies;
};

struct arm {
    const char *name;
    void (*run)(const struct assay_kernel_call *);
    double ns[ROUNDS];
};

struct bench {
    const struct subject *subject;
    struct assay_kernel_data data;
    struct arena arena;
    struct arm arms[ARMS_MAX];
    size_t arms_count;
};

static void fill_arena(struct bench *bench)
{
    size_t bytes = bench->data.in_bytes[0], total = bench->subject->total_mb << 20;
    struct arena *arena = &bench->arena;
    arena->stride = (bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    arena->copies = total > arena->stride ? total / arena->stride : 1;
    size_t room = arena->stride * arena->copies + 2 * HUGE_BYTES;
    char *block = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        (void)fprintf(stderr, "no memory of %zu bytes\n", room);
        exit(EXIT_FAILURE);
    }
    arena->first = block + (HUGE_BYTES - (uintptr_t)block % HUGE_BYTES);
    (void)madvise(arena->first, room - HUGE_BYTES, MADV_HUGEPAGE);
    for (size_t i = 0; i < arena->copies; i++) {
        memcpy(arena->first + i * arena->stride, bench->data.call.in[0], bytes);
    }
}

static void run_copies(struct bench *bench, const struct arm *arm)
{
    struct assay_kernel_call call = bench->data.call;
    for (size_t i = 0; i < bench->arena.copies; i++) {
        call.in[0] = bench->arena.first + i * bench->arena.stride;
        arm->run(&call);
    }
}

/* The read-only pass is an arm like the others, of another shape. */
static void read_copies(struct bench *bench, const struct arm *arm)
{
    uint64_t sum = 0;
    struct assay_kernel_call call = {.shape = {bench->arena.stride / LINE_BYTES, 1, 1, 1}, .out = {&sum}};
    for (size_t i = 0; i < bench->arena.copies; i++) {
        call.in[0] = bench->arena.first + i * bench->arena.stride;
        arm->run(&call);
    }
}

static double measure(struct bench *bench, size_t which)
{
    enum { LEAST_NS = 2000000 }; /* a region is at least this long */
    const struct arm *arm = &bench->arms[which];
    uint64_t begin_ns = assay_clock_thread_cpu_ns(), spent_ns = 0;
    int passes = 0;
    while (spent_ns < LEAST_NS) {
        (which == 0 ? read_copies : run_copies)(bench, arm);
        passes++;
        spent_ns = assay_clock_thread_cpu_ns() - begin_ns;
    }
    return (double)spent_ns / passes / (double)bench->arena.copies;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double values[ROUNDS])
{
    double sorted[ROUNDS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, ROUNDS, sizeof sorted[0], compare);
    return sorted[ROUNDS / 2];
}

static void add_usable(struct bench *bench, const struct assay_kernel_set *set, const struct assay_kernel_operation *op,
                       bool is_reader)
{
    struct assay_kernel_case which = op->cases[0];
    assay_err err = {0};
    for (size_t i = op->rows_count > 1 ? 1 : 0; i < op->rows_count && bench->arms_count < ARMS_MAX; i++) {
        char text[ASSAY_KERNEL_DIFFERENCE_BYTES];
        bool is_equal = true;
        if (assay_kernel_set_row(set, assay_kernel_set_index(set, op->rows[i]->id)).state != ASSAY_KERNEL_USABLE) {
            continue;
        }
        if (!is_reader) {
            const struct assay_kernel_shape small = {64, bench->subject->shape.columns, bench->subject->shape.tokens,
                                                     1};
            must(assay_kernel_check(op, op->rows[i], &which, &small, &is_equal, text, &err), &err);
        }
        if (!is_equal) {
            (void)printf("  %s is wrong: %s\n", op->rows[i]->id, text);
            exit(EXIT_FAILURE);
        }
        bench->arms[bench->arms_count++] = (struct arm){.name = op->rows[i]->id, .run = op->rows[i]->run};
        if (is_reader) {
            return;
        }
    }
}

static void print(const struct bench *bench)
{
    const struct assay_kernel_shape *shape = &bench->subject->shape;
    double bytes = (double)bench->data.in_bytes[0], read_ns = median(bench->arms[0].ns);
    double ops = 2.0 * (double)(shape->rows * shape->columns * shape->tokens);
    (void)printf("%s %llux%llu, %llu token%s, %s: read-only pass %.1f us, %.2f GB/s\n", bench->subject->format,
                 (unsigned long long)shape->rows, (unsigned long long)shape->columns, (unsigned long long)shape->tokens,
                 shape->tokens == 1 ? "" : "s", bench->subject->total_mb * bench->arena.copies > 1 ? "memory" : "cache",
                 read_ns / 1e3, bytes / read_ns);
    for (size_t i = 1; i < bench->arms_count; i++) {
        double ratios[ROUNDS], ns = median(bench->arms[i].ns);
        for (size_t k = 0; k < ROUNDS; k++) {
            ratios[k] = bench->arms[0].ns[k] / bench->arms[i].ns[k];
        }
        (void)printf("  %-28s %9.1f us %7.2f GB/s %8.1f Gop/s   of the pass %.2f\n", bench->arms[i].name, ns / 1e3,
                     bytes / ns, ops / ns, median(ratios));
    }
    (void)fflush(stdout);
}

static void run_subject(const struct assay_kernel_set *set, const struct subject *subject)
{
    assay_err err = {0};
    struct bench bench = {.subject = subject};
    const struct assay_kernel_operation *op = assay_kernel_set_find(set, subject->name, subject->format);
    if (!op) {
        return;
    }
    must(assay_kernel_data_init(&bench.data, op, &subject->shape, &err), &err);
    assay_kernel_data_fill(&bench.data, &op->cases[0]);
    fill_arena(&bench);
    add_usable(&bench, set, assay_kernel_set_find(set, "limit_read", "bytes"), true);
    add_usable(&bench, set, op, false);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < bench.arms_count; i++) {
            size_t which = (i + round) % bench.arms_count;
            bench.arms[which].ns[round] = measure(&bench, which);
        }
    }
    print(&bench);
    assay_kernel_data_done(&bench.data);
}

int main(int argc, char **argv)
{
    assay_err err = {0};
    struct assay_kernel_set *set = NULL;
    must(assay_kernel_set_new(NULL, &set, &err), &err);
    must(assay_kernel_set_ready(set, &err), &err);
    for (size_t i = 0; i < sizeof SUBJECTS / sizeof SUBJECTS[0]; i++) {
        bool is_wanted = argc < 2;
        for (int k = 1; k < argc; k++) {
            is_wanted = is_wanted || strcmp(argv[k], SUBJECTS[i].format) == 0;
        }
        if (is_wanted) {
            run_subject(set, &SUBJECTS[i]);
        }
    }
    assay_kernel_set_free(set);
    return 0;
}
