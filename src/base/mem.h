/*
 * Memory: every allocation of assay goes through here, so that every one of them can be made to fail in a test.
 *
 * assay_alloc() and its kin return NULL when memory is short; the caller turns that into ASSAY_NO_MEMORY (assay_nomem
 * does it in one line). Sizes are given as count and element size and are checked for overflow.
 *
 * An arena serves data of one lifetime: many small pieces, freed at once. It has a maximum, like every buffer here.
 * Thread: the functions are safe from any thread; one arena belongs to one thread at a time.
 */
#ifndef ASSAY_BASE_MEM_H
#define ASSAY_BASE_MEM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

void *assay_alloc(size_t count, size_t element_bytes); /* zeroed; NULL if short or if the product overflows */
void *assay_realloc(void *old, size_t count, size_t element_bytes); /* not zeroed; NULL leaves old as it is */
char *assay_strdup(const char *text);
char *assay_strndup(const char *text, size_t bytes);
void assay_free(void *memory); /* fine on NULL */

#define assay_nomem(err) assay_fail((err), ASSAY_NO_MEMORY, "out of memory")

/* Makes the n-th allocation from now on fail, once (1 = the next one; 0 = none). Builds made with -Dfaults=true also
 * take n from the environment variable ASSAY_FAULT_ALLOC at the first allocation (faults.h). For tests. */
void assay_mem_fail_at(unsigned long n);

/* Gives back what a quiet phase does not need: free heap, and program text, which comes back page by page when it is
 * used. For a process that sleeps while others are measured. */
void assay_mem_give_back(void);

struct assay_arena {
    struct assay_arena_block *blocks; /* newest first */
    size_t used_bytes, max_bytes;
    bool has_refused; /* something could not be had: what was made since may lack it */
};

void assay_arena_init(struct assay_arena *arena, size_t max_bytes);
void *assay_arena_take(struct assay_arena *arena, size_t count, size_t element_bytes); /* zeroed, aligned to 16 */
char *assay_arena_text(struct assay_arena *arena, const char *text, size_t bytes);     /* a NUL-terminated copy */
void assay_arena_done(struct assay_arena *arena);

#endif
