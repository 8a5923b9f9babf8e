#include "crypto/crypto.h"

#include <sodium.h>
#include <string.h>

#define ORDER_2L_FIRST 0x95 /* the base point plus the point of order 2, encoded: 0x95, then 31 times 0x99 */
#define ORDER_2L_REST 0x99

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
    return ASSAY_OK;
}
