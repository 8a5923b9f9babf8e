/*
 * Chance: the one generator of assay, xoshiro256++ (Blackman and Vigna, 2019) seeded by SplitMix64, named
 * "xoshiro256pp@1" in plans and receipts. Each use draws from a substream of its own, seeded from
 * seed xor FNV-1a-64(name of the use), so that one more draw for one use shifts no other.
 */
#ifndef ASSAY_BASE_RNG_H
#define ASSAY_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#define ASSAY_RNG_NAME "xoshiro256pp@1"

struct assay_rng {
    uint64_t s[4];
};

void assay_rng_seed(struct assay_rng *rng, uint64_t seed, const char *use);
/* From the seed alone: for a generator that has one use, and whose draws others must be able to repeat. */
void assay_rng_seed_plain(struct assay_rng *rng, uint64_t seed);
uint64_t assay_rng_u64(struct assay_rng *rng);
uint64_t assay_rng_below(struct assay_rng *rng, uint64_t bound); /* uniform in 0..bound-1, by rejection; bound > 0 */
double assay_rng_unit(struct assay_rng *rng);                    /* top 53 bits: [0, 1) */

uint64_t assay_fnv1a64(const void *bytes, size_t len);

/* Bytes from the operating system, for run ids and unnamed seeds. Never fails on a kernel with getrandom. */
void assay_rng_system_bytes(void *bytes, size_t len);

#endif
