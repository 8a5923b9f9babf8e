#include "record/choice.h"

#include <string.h>

uint64_t assay_choice_seed(const char *nonce, const char *commit, const struct assay_digest *log_root)
{
    static const char LABEL[] = "assay-choice/1"; /* hashed with its NUL: the 0x00 of the definition */
    static const struct assay_digest NONE;
    struct assay_digest digest = {{0}};
    struct assay_sha256 hash;
    uint64_t seed = 0;
    if (!assay_digest_read(nonce, &digest)) {
        digest = NONE;
    }
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, LABEL, sizeof LABEL);
    assay_sha256_add(&hash, digest.bytes, sizeof digest.bytes);
    assay_sha256_add(&hash, commit, strlen(commit));
    assay_sha256_add(&hash, log_root ? log_root->bytes : NONE.bytes, sizeof NONE.bytes);
    assay_sha256_end(&hash, &digest);
    for (int i = 7; i >= 0; i--) {
        seed = seed << 8 | digest.bytes[i];
    }
    return seed;
}
