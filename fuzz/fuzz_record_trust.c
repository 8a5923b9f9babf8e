/* Trust files and log entries: nothing crashes, and a log that is read gives the root of its bytes. */
#include "record/record.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct assay_trust *trust = NULL;
    struct assay_tlog_row row;
    struct assay_tlog_book book;
    const char *text = (const char *)bytes;
    if (assay_crypto_init(NULL) != ASSAY_OK || len == 0) {
        return 0;
    }
    if (assay_trust_read(text, len, &trust, NULL) == ASSAY_OK) {
        assert(trust->version > 0 && trust->keys_count > 0);
        assay_trust_free(trust);
    }
    if (assay_tlog_row_read((struct assay_slice){text, len}, &row, NULL) == ASSAY_OK) {
        assert(row.kind < ASSAY_ENTRY_KIND_COUNT && row.bytes.len == len);
    }
    if (assay_tlog_book_read(text, len, &book, NULL) == ASSAY_OK) {
        struct assay_digest root, again;
        assay_merkle_root(&book.tree, &root);
        assay_tlog_book_root(&book, book.count, &again);
        assert(assay_digest_equal(&root, &again));
        assay_tlog_book_done(&book);
    }
    return 0;
}
