#include "crypto/crypto.h"

#include <sodium.h>

assay_code assay_crypto_init(assay_err *err)
{
    if (sodium_init() < 0) {
        return assay_fail(err, ASSAY_BUG, "libsodium could not be started");
    }
    return ASSAY_OK;
}
