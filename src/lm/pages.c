#include "lm/pages.h"

#include "base/buf.h"
#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES ((uint64_t)2 << 20)
#define SMAPS_BYTES_MAX ((size_t)16 << 20) /* a process of ours has a few hundred mappings of a kilobyte each */
#define MAP_BYTES_MAX ((uint64_t)1 << 46)  /* of the address space of a process, half */

static const char *const NAMES[] = {"huge", "small", "mapped"};

const char *assay_pages_text(enum assay_pages which)
{
    return NAMES[which];
}

assay_code assay_pages_named(const char *name, enum assay_pages *ret, assay_err *err)
{
    for (int i = 0; i <= ASSAY_PAGES_MAPPED; i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            *ret = (enum assay_pages)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "pages are '%.40s', expected huge, small or mapped", name);
}

assay_code assay_pages_map(uint64_t bytes, enum assay_pages which, struct assay_pages_memory *ret, assay_err *err)
{
    if (bytes == 0 || bytes > MAP_BYTES_MAX) {
        return assay_fail(err, ASSAY_NO_MEMORY, "%" PRIu64 " bytes of memory, expected 1 to %" PRIu64, bytes,
                          MAP_BYTES_MAX);
    }
    bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    uint64_t wide = bytes + PAGE_BYTES; /* what lies before the first and behind the last whole page goes back */
    char *at = mmap(NULL, wide, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        return assay_fail_errno(err, ASSAY_NO_MEMORY, "no address space for %" PRIu64 " bytes", bytes);
    }
    uint64_t before = (PAGE_BYTES - (uintptr_t)at % PAGE_BYTES) % PAGE_BYTES;
    if (before > 0) {
        (void)munmap(at, before);
    }
    if (PAGE_BYTES - before > 0) {
        (void)munmap(at + before + bytes, PAGE_BYTES - before);
    }
    *ret = (struct assay_pages_memory){at + before, bytes};
    (void)madvise(ret->at, bytes, which == ASSAY_PAGES_SMALL ? MADV_NOHUGEPAGE : MADV_HUGEPAGE); /* read back later */
    return ASSAY_OK;
}

void assay_pages_unmap(struct assay_pages_memory *memory)
{
    if (memory->at) {
        (void)munmap(memory->at, memory->bytes);
    }
    *memory = (struct assay_pages_memory){0};
}

void assay_pages_drop(const struct assay_pages_memory *memory, uint64_t kept)
{
    kept = (kept + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (kept < memory->bytes) {
        (void)madvise((char *)memory->at + kept, memory->bytes - kept, MADV_DONTNEED);
    }
}

/* ---- reading back ------------------------------------------------------------------------------------------------*/

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "START-END ..." at the beginning of a line; false: this line is no mapping. */
static bool read_range(struct assay_slice line, uint64_t *start, uint64_t *end)
{
    uint64_t *values[] = {start, end};
    size_t at = 0;
    for (int i = 0; i < 2; i++) {
        size_t first = at;
        for (*values[i] = 0; at < line.len && hex_digit(line.data[at]) >= 0; at++) {
            *values[i] = *values[i] << 4 | (uint64_t)hex_digit(line.data[at]);
        }
        if (at == first || at == line.len || line.data[at] != (i == 0 ? '-' : ' ')) {
            return false;
        }
        at++;
    }
    return true;
}

/* "AnonHugePages:   2048 kB" */
static uint64_t read_kilobytes(struct assay_slice line)
{
    uint64_t kilobytes = 0;
    (void)assay_slice_cut(&line, ':');
    line = assay_slice_trim(line);
    (void)assay_num_u64(assay_slice_cut(&line, ' '), "AnonHugePages", UINT64_MAX >> 10, &kilobytes, NULL);
    return kilobytes << 10;
}

uint64_t assay_pages_huge_bytes(const struct assay_pages_memory *memory)
{
    struct assay_buf text;
    uint64_t sum = 0, start = 0, end = 0, first = (uintptr_t)memory->at, last = first + memory->bytes;
    assay_buf_init(&text, SMAPS_BYTES_MAX);
    bool is_read = assay_buf_read_file(&text, "/proc/self/smaps", NULL) == ASSAY_OK;
    struct assay_slice rest = {text.data, text.len};
    bool is_ours = false;
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        if (read_range(line, &start, &end)) {
            is_ours = start < last && end > first; /* neighbours of the same kind may be joined with it */
        } else if (is_ours && assay_slice_starts(line, "AnonHugePages:")) {
            sum += read_kilobytes(line);
        }
    }
    assay_buf_done(&text);
    return !is_read ? UINT64_MAX : sum < memory->bytes ? sum : memory->bytes;
}
