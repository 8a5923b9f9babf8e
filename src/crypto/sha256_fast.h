/*
 * SHA-256 blocks by the instructions of the processor, where it has them. Inside this room only.
 */
#ifndef ASSAY_CRYPTO_SHA256_FAST_H
#define ASSAY_CRYPTO_SHA256_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64

/* Whether sha256_fast_blocks may be called here. Costs a look into a table that the loader has filled. */
bool sha256_fast_is_there(void);

/* FIPS 180-4, section 6.2.2, for each block. */
void sha256_fast_blocks(uint32_t state[8], const unsigned char *blocks, size_t count);

struct assay_digest;

/* SHA-256 of the prefix and the bytes behind it, with those instructions or without. */
void sha256_of_prefixed(unsigned char prefix, const void *bytes, size_t len, struct assay_digest *ret);

#endif
