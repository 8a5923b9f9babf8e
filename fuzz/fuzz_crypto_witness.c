/* What a witness is asked, and what it answers (c2sp.org/tlog-witness): a request is what would be written of it, and
 * a line is taken of an answer only if it stands there and is good. */
#include "crypto/crypto.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char TEXT[] = "example.org/log\n4\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

static void on_request(const char *bytes, size_t len)
{
    struct assay_tlog_growth growth;
    struct assay_buf again;
    if (assay_tlog_growth_read(bytes, len, &growth, NULL) != ASSAY_OK) {
        return;
    }
    assay_buf_init(&again, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_tlog_growth_write(&growth, &again);
    assert(again.len == len && memcmp(again.data, bytes, len) == 0);
    assay_buf_done(&again);
}

static void on_answer(const char *bytes, size_t len)
{
    static const unsigned char SEED[ASSAY_SEED_BYTES] = {0};
    struct assay_secret_key secret;
    struct assay_public_key public;
    struct assay_note_key witness;
    struct assay_buf line;
    assay_secret_key_init(&secret, SEED);
    assay_secret_key_public(&secret, &public);
    assay_secret_key_done(&secret);
    assay_code rc = assay_note_key_make("witness.example", ASSAY_NOTE_COSIGNATURE, &public, &witness, NULL);
    assert(rc == ASSAY_OK);
    (void)rc;
    assay_buf_init(&line, ASSAY_NOTE_BYTES_MAX);
    if (assay_note_answer_read(assay_slice_of(TEXT), bytes, len, &witness, &line, NULL) == ASSAY_OK) {
        assert(line.len > 0 && line.len <= len && memmem(bytes, len, line.data, line.len));
    }
    assay_buf_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (assay_crypto_init(NULL) == ASSAY_OK && len > 0) {
        on_request((const char *)bytes, len);
        on_answer((const char *)bytes, len);
    }
    return 0;
}
