#include "base/rng.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

uint64_t assay_fnv1a64(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void assay_rng_seed(struct assay_rng *rng, uint64_t seed, const char *use)
{
    assay_rng_seed_plain(rng, seed ^ assay_fnv1a64(use, strlen(use)));
}

void assay_rng_seed_plain(struct assay_rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        rng->s[i] = splitmix64(&seed);
    }
}

static uint64_t rotate_left(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t assay_rng_u64(struct assay_rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t assay_rng_below(struct assay_rng *rng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t reject_below = (0 - bound) % bound; /* 2^64 mod bound: what would be drawn once too often */
    for (;;) {
        uint64_t x = assay_rng_u64(rng);
        if (x >= reject_below) {
            return x % bound;
        }
    }
}

double assay_rng_unit(struct assay_rng *rng)
{
    return (double)(assay_rng_u64(rng) >> 11) * 0x1p-53;
}

void assay_rng_system_bytes(void *bytes, size_t len)
{
    unsigned char *p = bytes;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0) {
            assert(errno == EINTR);
            continue;
        }
        p += n;
        len -= (size_t)n;
    }
}
