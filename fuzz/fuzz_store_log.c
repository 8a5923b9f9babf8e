/* A log as a web server hands it out: the answers to GET, one after the other (u16 length, bytes; none left: 404). Whatever
 * they are, reading ends, the entries are as many as the checkpoint says, and what is proven from the tiles holds. */
#include "store/store.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define SIZE_MAX_PROVEN ((uint64_t)1 << 20) /* of a head that is only claimed: proofs of a few entries are enough */

static assay_code get(void *context, const char *name, struct assay_buf *ret, assay_err *err)
{
    struct assay_slice *rest = context, answer;
    if (!assay_entry_cut(rest, &answer)) {
        return assay_fail(err, ASSAY_NOT_FOUND, "%s", name);
    }
    assay_buf_append(ret, answer.data, answer.len);
    return assay_buf_check(ret, err);
}

/* A proof that was made was checked against the checkpoint's root, so it can be read and holds. */
static void prove(const struct assay_log_dir *log, uint64_t index)
{
    struct assay_tlog_proof_file file;
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_TLOG_PROOF_BYTES_MAX);
    if (assay_log_dir_prove(log, index, &out, NULL) == ASSAY_OK) {
        assay_code rc = assay_tlog_proof_read(out.data, out.len, &file, NULL);
        assert(rc == ASSAY_OK && file.index == index);
        (void)rc;
    }
    assay_buf_done(&out);
}

static void grow(const struct assay_log_dir *log, uint64_t old_size)
{
    struct assay_tlog_growth growth;
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_TLOG_PROOF_BYTES_MAX);
    if (assay_log_dir_prove_growth(log, old_size, &out, NULL) == ASSAY_OK) {
        assay_code rc = assay_tlog_growth_read(out.data, out.len, &growth, NULL);
        assert(rc == ASSAY_OK && growth.old_size == old_size);
        (void)rc;
    }
    assay_buf_done(&out);
}

static void audit(const struct assay_log_dir *log)
{
    uint64_t tiles = 0;
    struct assay_tlog_audit *found = assay_alloc(1, sizeof *found);
    assert(log->book.count == log->head.size);
    if (found) {
        (void)assay_tlog_book_audit(&log->book, NULL, found, NULL);
        (void)assay_log_dir_check_tiles(log, &tiles, NULL);
    }
    assay_free(found);
}

static void on_answers(const uint8_t *bytes, size_t len, enum assay_log_mode mode)
{
    struct assay_slice rest = {(const char *)bytes, len};
    const struct assay_log_source source = {.get = get, .context = &rest};
    struct assay_log_dir *log = NULL;
    if (assay_log_open_from(&source, "http://log.example", mode, &log, NULL) != ASSAY_OK) {
        return;
    }
    if (mode == ASSAY_LOG_READ) {
        audit(log);
    }
    if (log->head.size > 0 && log->head.size <= SIZE_MAX_PROVEN) {
        prove(log, log->head.size - 1);
        grow(log, log->head.size / 2);
    }
    assay_log_dir_close(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    assay_json_init();
    if (assay_crypto_init(NULL) == ASSAY_OK && len > 0) {
        on_answers(bytes + 1, len - 1, bytes[0] & 1 ? ASSAY_LOG_HEAD : ASSAY_LOG_READ);
    }
    return 0;
}
