#include "base/mem.h"

#include "base/faults.h"
#include "base/poison.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong fail_countdown = ASSAY_FAULT_UNASKED;

void assay_mem_fail_at(unsigned long n)
{
    atomic_store(&fail_countdown, n);
}

static bool must_fail(void)
{
    return assay_fault_due(&fail_countdown, "ASSAY_FAULT_ALLOC");
}

void *assay_alloc(size_t count, size_t element_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, element_bytes, &bytes) || must_fail()) {
        return NULL;
    }
    return calloc(count ? count : 1, element_bytes ? element_bytes : 1);
}

void *assay_realloc(void *old, size_t count, size_t element_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, element_bytes, &bytes) || must_fail()) {
        return NULL;
    }
    return realloc(old, bytes ? bytes : 1);
}

char *assay_strndup(const char *text, size_t bytes)
{
    char *copy = bytes == SIZE_MAX ? NULL : assay_alloc(bytes + 1, 1);
    if (copy) {
        memcpy(copy, text, bytes);
    }
    return copy;
}

char *assay_strdup(const char *text)
{
    return assay_strndup(text, strlen(text));
}

void assay_free(void *memory)
{
    free(memory);
}

struct assay_arena_block {
    struct assay_arena_block *next;
    size_t used_bytes, size_bytes;
    _Alignas(16) unsigned char bytes[];
};

#define ARENA_BLOCK_BYTES 65536 /* large enough that headers vanish, small enough for short lifetimes */

void assay_arena_init(struct assay_arena *arena, size_t max_bytes)
{
    *arena = (struct assay_arena){.max_bytes = max_bytes};
}

static struct assay_arena_block *arena_grow(struct assay_arena *arena, size_t bytes)
{
    size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    if (size > SIZE_MAX - sizeof(struct assay_arena_block) - ARENA_GAP_BYTES) {
        return NULL;
    }
    size += ARENA_GAP_BYTES;
    struct assay_arena_block *block = assay_alloc(1, sizeof *block + size);
    if (block) {
        ASAN_POISON_MEMORY_REGION(block->bytes, size);
        block->size_bytes = size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

static void *arena_take(struct assay_arena *arena, size_t count, size_t element_bytes)
{
    size_t asked;
    if (__builtin_mul_overflow(count, element_bytes, &asked) || asked > SIZE_MAX - 15 - ARENA_GAP_BYTES) {
        return NULL;
    }
    size_t bytes = (asked + 15) & ~(size_t)15;
    if (bytes > arena->max_bytes - arena->used_bytes) {
        return NULL;
    }
    struct assay_arena_block *block = arena->blocks;
    if (!block || bytes + ARENA_GAP_BYTES > block->size_bytes - block->used_bytes) {
        block = arena_grow(arena, bytes);
        if (!block) {
            return NULL;
        }
    }
    void *piece = block->bytes + block->used_bytes;
    ASAN_UNPOISON_MEMORY_REGION(piece, asked);
    block->used_bytes += bytes + ARENA_GAP_BYTES;
    arena->used_bytes += bytes;
    return piece;
}

void *assay_arena_take(struct assay_arena *arena, size_t count, size_t element_bytes)
{
    void *piece = arena_take(arena, count, element_bytes);
    arena->has_refused |= !piece;
    return piece;
}

char *assay_arena_text(struct assay_arena *arena, const char *text, size_t bytes)
{
    char *copy = bytes == SIZE_MAX ? NULL : assay_arena_take(arena, bytes + 1, 1);
    if (copy) {
        memcpy(copy, text, bytes);
    }
    return copy;
}

void assay_arena_done(struct assay_arena *arena)
{
    struct assay_arena_block *block = arena->blocks;
    while (block) {
        struct assay_arena_block *next = block->next;
        assay_free(block);
        block = next;
    }
    *arena = (struct assay_arena){0};
}
