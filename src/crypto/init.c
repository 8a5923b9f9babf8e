#include "crypto/crypto.h"

#include <sodium.h>
#include <string.h>

#define ORDER_2L_FIRST 0x95 /* the base point plus the point of order 2, encoded: 0x95, then 31 times 0x99 */
#define ORDER_2L_REST 0x99

/* A signature over the empty message whose R has a component of order 8: it satisfies the equation that multiplies by
 * the cofactor and not the one that does not. The key is of the prime-order subgroup. */
static const struct assay_public_key MIXED_KEY = {{0xef, 0xf0, 0xa6, 0xb1, 0xd8, 0x69, 0x8a, 0x3f, 0x26, 0x26, 0xd3,
                                                   0x8f, 0xd7, 0x35, 0x6a, 0x0e, 0x74, 0xb1, 0x84, 0xc5, 0xf5, 0x28,
                                                   0xb1, 0x06, 0x47, 0x2b, 0x15, 0xf0, 0x3d, 0x04, 0x41, 0x87}};
static const unsigned char MIXED_SIGNATURE[ASSAY_SIGNATURE_BYTES] = {
    0x22, 0x5d, 0x4a, 0xe8, 0x2b, 0xa1, 0x1e, 0x88, 0xed, 0x1e, 0xa9, 0x95, 0xc5, 0xe9, 0xe2, 0xa6,
    0x02, 0x66, 0xd4, 0x27, 0x96, 0xb0, 0x23, 0xdc, 0x72, 0x33, 0x59, 0xea, 0x7e, 0x91, 0x15, 0x7f,
    0x38, 0x30, 0xc1, 0x8d, 0x40, 0x88, 0xb8, 0x66, 0x3a, 0x95, 0x52, 0x3b, 0xcd, 0x29, 0x7a, 0x26,
    0x00, 0xc0, 0x4f, 0xc2, 0x1e, 0xdc, 0xba, 0xda, 0x58, 0xa0, 0x8e, 0x7f, 0x19, 0xbb, 0xdd, 0x08};

assay_code assay_crypto_init(assay_err *err)
{
    unsigned char order_2l[ASSAY_PUBLIC_KEY_BYTES];
    if (sodium_init() < 0) {
        return assay_fail(err, ASSAY_BUG, "libsodium could not be started");
    }
    memset(order_2l, ORDER_2L_REST, sizeof order_2l);
    order_2l[0] = ORDER_2L_FIRST;
    if (crypto_core_ed25519_is_valid_point(order_2l) != 0) {
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          "libsodium %s takes points outside the prime-order subgroup for keys; expected 1.0.21, or "
                          "1.0.18-1+deb12u1 of Debian 12",
                          sodium_version_string());
    }
    if (assay_signature_check(&MIXED_KEY, "", 0, MIXED_SIGNATURE, sizeof MIXED_SIGNATURE) != ASSAY_SIGNATURE_OUTSIDE) {
        return assay_fail(err, ASSAY_UNSUPPORTED,
                          "libsodium %s is taken for one that compares encodings, and takes a signature whose R is "
                          "outside the prime-order subgroup",
                          sodium_version_string());
    }
    return ASSAY_OK;
}
