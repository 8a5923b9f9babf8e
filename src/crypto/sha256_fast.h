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
/* The same for two messages at once, in less time than one after the other. */
void sha256_fast_blocks_two(uint32_t state[2][8], const unsigned char *a, const unsigned char *b, size_t count);

struct assay_digest;

/* SHA-256 of the prefix and the bytes behind it, with those instructions or without. */
void sha256_of_prefixed(unsigned char prefix, const void *bytes, size_t len, struct assay_digest *ret);

/* How many blocks such a message has. */
size_t sha256_prefixed_blocks(size_t len);

#define SHA256_TWO_BLOCKS_MAX 66 /* a prefix and 4,096 bytes, the largest log entry, with the end mark */

/* Two of them of the same number of blocks, at most SHA256_TWO_BLOCKS_MAX; needs the instructions. */
void sha256_of_prefixed_two(unsigned char prefix, const void *const bytes[2], const size_t lens[2],
                            struct assay_digest *const ret[2]);

#endif
