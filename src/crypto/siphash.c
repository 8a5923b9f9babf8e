#include "crypto/crypto.h"

#include <assert.h>
#include <endian.h>
#include <sodium/crypto_shorthash.h>
#include <string.h>

_Static_assert(ASSAY_SIPHASH_SEED_BYTES == crypto_shorthash_KEYBYTES, "one size of seed");

uint64_t assay_siphash(const unsigned char seed[ASSAY_SIPHASH_SEED_BYTES], const void *bytes, size_t len)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t value;
    int rc = crypto_shorthash(hash, bytes, len, seed);
    assert(rc == 0);
    memcpy(&value, hash, sizeof value);
    return le64toh(value);
}
