/*
 * Pages: large memory for weights and caches, zeroed, aligned to 2 MB, in pages of 2 MB where the system gives them
 * (kernels.md 4.2.3). What was asked for is one thing; what was given is read back from the system and reported.
 */
#ifndef ASSAY_LM_PAGES_H
#define ASSAY_LM_PAGES_H

#include "base/err.h"

#include <stdint.h>

enum assay_pages { ASSAY_PAGES_HUGE, ASSAY_PAGES_SMALL, ASSAY_PAGES_MAPPED }; /* MAPPED: weights stay in the file */
const char *assay_pages_text(enum assay_pages which);                         /* "huge", "small", "mapped" */
/* USAGE with the names that there are. */
assay_code assay_pages_named(const char *name, enum assay_pages *ret, assay_err *err);

struct assay_pages_memory {
    void *at;
    uint64_t bytes; /* whole pages */
};

/* Address space only: memory is given page by page when it is first written to. NO_MEMORY with the size. */
assay_code assay_pages_map(uint64_t bytes, enum assay_pages which, struct assay_pages_memory *ret, assay_err *err);
void assay_pages_unmap(struct assay_pages_memory *memory); /* fine on a zeroed one */
/* Takes pages behind the first `kept` bytes back; they read as zero. */
void assay_pages_drop(const struct assay_pages_memory *memory, uint64_t kept);
/* How many bytes of it lie in pages of 2 MB now; UINT64_MAX: the system does not say. */
uint64_t assay_pages_huge_bytes(const struct assay_pages_memory *memory);

#endif
