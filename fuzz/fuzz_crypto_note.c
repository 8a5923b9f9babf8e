/* Notes, checkpoints, verifier keys and proof files: what is read is what would be written. */
#include "crypto/crypto.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void on_checkpoint(struct assay_slice text)
{
    struct assay_checkpoint checkpoint;
    struct assay_buf again;
    if (assay_checkpoint_read(text, &checkpoint, NULL) != ASSAY_OK) {
        return;
    }
    assay_buf_init(&again, 4096);
    assay_checkpoint_write(&checkpoint, &again);
    /* the last line end may be missing in what was read: then it is no text of a note */
    assert(again.len == text.len || again.len == text.len + 1);
    assert(memcmp(again.data, text.data, text.len) == 0);
    assay_buf_done(&again);
}

static void on_note(const char *bytes, size_t len)
{
    struct assay_note note;
    if (assay_note_read(bytes, len, &note, NULL) != ASSAY_OK) {
        return;
    }
    assert(note.signatures_count > 0 && note.text.len + 2 <= len && note.text.data[note.text.len - 1] == '\n');
    on_checkpoint(note.text);
}

static void on_proof(const char *bytes, size_t len)
{
    struct assay_tlog_proof_file file;
    struct assay_buf again;
    if (assay_tlog_proof_read(bytes, len, &file, NULL) != ASSAY_OK) {
        return;
    }
    assay_buf_init(&again, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_tlog_proof_write(&file, &again);
    assert(again.len == len && memcmp(again.data, bytes, len) == 0);
    assay_buf_done(&again);
}

static void on_vkey(const char *bytes, size_t len)
{
    char *text = assay_strndup(bytes, len);
    struct assay_note_key key;
    if (text && assay_note_key_read(text, &key, NULL) == ASSAY_OK) {
        struct assay_buf again;
        assay_buf_init(&again, 4096);
        assay_note_key_write(&key, &again);
        assert(strcmp(again.data, text) == 0);
        assay_buf_done(&again);
    }
    assay_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    struct assay_slice rest = {text, len}, entry;
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 0;
    }
    on_note(text, len);
    on_proof(text, len);
    on_vkey(text, len);
    while (assay_entry_cut(&rest, &entry)) {
        assert(entry.len <= len);
    }
    return 0;
}
