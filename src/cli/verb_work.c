/* Work of a known amount, as a program: what `selfcheck` runs in place of a user's command. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AMOUNT_MAX (UINT64_C(1) << 40)
#define MEMORY_BYTES ((size_t)16 << 20) /* beyond the second-level caches of today */

static void work_loop(uint64_t turns)
{
    uint64_t value = turns;
    for (uint64_t i = 0; i < turns; i++) {
        value = value * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        __asm__ volatile("" : "+r"(value));
    }
}

static void work_sleep(uint64_t ns)
{
    assay_clock_system.sleep_until_ns(NULL, assay_clock_mono_ns() + ns);
}

static void work_memory(uint64_t bytes)
{
    char *buffer = assay_alloc(1, MEMORY_BYTES);
    for (uint64_t done = 0; buffer && done < bytes; done += MEMORY_BYTES) {
        size_t piece = bytes - done < MEMORY_BYTES ? (size_t)(bytes - done) : MEMORY_BYTES;
        memset(buffer, (int)(done / MEMORY_BYTES) + 1, piece);
        __asm__ volatile("" : : "r"(buffer) : "memory");
    }
    assay_free(buffer);
}

static void work_calls(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        (void)syscall(SYS_getppid);
    }
}

static const struct {
    const char *name;
    void (*work)(uint64_t amount);
} WORKS[] = {{"loop", work_loop}, {"sleep", work_sleep}, {"memory", work_memory}, {"calls", work_calls}};

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    (void)values;
    (void)out;
    uint64_t amount;
    assay_code rc = assay_num_u64(assay_slice_of(given->arguments[1]), "AMOUNT", AMOUNT_MAX, &amount, err);
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof WORKS / sizeof WORKS[0]; i++) {
        if (strcmp(WORKS[i].name, given->arguments[0]) == 0) {
            WORKS[i].work(amount);
            return ASSAY_OK;
        }
    }
    return rc == ASSAY_OK
               ? assay_fail(err, ASSAY_USAGE, "'%s': expected loop, sleep, memory or calls", given->arguments[0])
               : rc;
}

const struct assay_verb assay_verb_work = {
    .opt = {.name = "work",
            .synopsis = "loop|sleep|memory|calls AMOUNT",
            .summary = "does so many turns, nanoseconds, bytes or system calls: the subject of selfcheck",
            .arguments_min = 2,
            .arguments_max = 2},
    .is_hidden = true,
    .run = run,
};
