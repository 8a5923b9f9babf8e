/* minisign's files: nothing crashes, and a key that is read is written as it was. Encrypted keys are not opened: scrypt
 * would take all the time. */
#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void on_secret(const char *text, size_t len)
{
    struct assay_secret_key secret, again;
    struct assay_key_number number;
    bool is_locked;
    if (assay_minisign_secret_is_locked(text, len, &is_locked, NULL) != ASSAY_OK || is_locked ||
        assay_minisign_secret_read(text, len, NULL, 0, &secret, &number, NULL) != ASSAY_OK) {
        return;
    }
    struct assay_buf file;
    const struct assay_key_lock lock = {0};
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    assert(assay_minisign_secret_write(&secret, &number, &lock, &file, NULL) == ASSAY_OK);
    assert(assay_minisign_secret_read(file.data, file.len, NULL, 0, &again, &number, NULL) == ASSAY_OK);
    assert(memcmp(again.bytes, secret.bytes, sizeof again.bytes) == 0);
    assay_secret_key_done(&again);
    assay_secret_key_done(&secret);
    assay_buf_done(&file);
}

static void on_public(const char *text, size_t len)
{
    struct assay_public_key key, again;
    struct assay_key_number number;
    struct assay_buf file;
    if (assay_minisign_public_read(text, len, &key, &number, NULL) != ASSAY_OK) {
        return;
    }
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    assay_minisign_public_write(&key, &number, &file);
    assert(assay_minisign_public_read(file.data, file.len, &again, &number, NULL) == ASSAY_OK);
    assert(memcmp(again.bytes, key.bytes, sizeof again.bytes) == 0);
    assay_buf_done(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    const struct assay_public_key key = {{1}}; /* no file is signed by it */
    const struct assay_key_number number = {{0}};
    const struct assay_minisign_check how = {.takes_unhashed = true};
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 0;
    }
    on_secret(text, len);
    on_public(text, len);
    assert(assay_minisign_verify(&key, &number, "x", 1, text, len, how, NULL) != ASSAY_OK);
    return 0;
}
