/* The table of words as it is laid out (inside claims/): word_table.c prints it, word.c reads it. */
#ifndef ASSAY_CLAIMS_WORD_SLOT_H
#define ASSAY_CLAIMS_WORD_SLOT_H

#include <stddef.h>
#include <stdint.h>

#define WORD_SLOTS 4096   /* a power of two, several times the number of aliases, so that probes stay short */
#define WORD_BYTES_MAX 24 /* longer words are not in the lists */

struct word_entry {
    uint32_t hash;
    uint16_t word, unit;
    uint8_t len;
    uint8_t is_cased; /* a unit that is matched as written */
    char text[WORD_BYTES_MAX];
};

/* Open addressing; the upper half of the hash tells most other words apart without a look at the entry. */
struct word_slot {
    uint16_t entry, tag; /* entry 0: empty */
};

static inline unsigned char word_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : (unsigned char)c;
}

static inline uint32_t word_hash_add(uint32_t hash, char c)
{
    return (hash ^ word_lower(c)) * UINT32_C(16777619); /* FNV-1a */
}

#define WORD_HASH_BEGIN UINT32_C(2166136261)

static inline uint32_t word_hash(const char *bytes, size_t len)
{
    uint32_t hash = WORD_HASH_BEGIN;
    for (size_t i = 0; i < len; i++) {
        hash = word_hash_add(hash, bytes[i]);
    }
    return hash;
}

#endif
