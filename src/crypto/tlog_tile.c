#include "crypto/crypto.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUP 1000 /* three digits a path element */
#define GROUP_BYTES (sizeof "x999/")
#define HEAD_BYTES (sizeof "tile/entries/")
#define PARTIAL_BYTES (sizeof ".p/255")
#define ENTRY_BYTES_MAX 65535
#define GROUPS_MAX 7 /* of a number below 2^63 */

/* "x001/x234/067"; returns where it ends. */
static char *print_number(uint64_t number, char *to)
{
    unsigned groups[GROUPS_MAX];
    size_t count = 0;
    do {
        groups[count++] = (unsigned)(number % GROUP);
        number /= GROUP;
    } while (number > 0);
    while (count > 0) {
        count--;
        to += snprintf(to, GROUP_BYTES, count > 0 ? "x%03u/" : "%03u", groups[count]);
    }
    return to;
}

/* A path has room for the longest head, number and end (tlog.h). */
void assay_tile_path(const struct assay_tile *tile, char ret[ASSAY_TILE_PATH_BYTES])
{
    assert(tile->level < ASSAY_TILE_LEVELS && tile->width >= 1 && tile->width <= ASSAY_TILE_WIDTH);
    int n = tile->is_entries ? snprintf(ret, HEAD_BYTES, "tile/entries/")
                             : snprintf(ret, HEAD_BYTES, "tile/%u/", tile->level);
    char *end = print_number(tile->number, ret + n);
    if (tile->width < ASSAY_TILE_WIDTH) {
        (void)snprintf(end, PARTIAL_BYTES, ".p/%u", tile->width);
    }
}

uint64_t assay_tile_hashes(unsigned level, uint64_t size)
{
    assert(level < ASSAY_TILE_LEVELS);
    return size >> (8 * level);
}

bool assay_entry_cut(struct assay_slice *rest, struct assay_slice *ret)
{
    if (rest->len < 2) {
        return false;
    }
    const unsigned char *at = (const unsigned char *)rest->data;
    size_t len = (size_t)at[0] << 8 | at[1];
    if (rest->len - 2 < len) {
        return false;
    }
    *ret = (struct assay_slice){rest->data + 2, len};
    *rest = (struct assay_slice){rest->data + 2 + len, rest->len - 2 - len};
    return true;
}

assay_code assay_entry_append(const char *bytes, size_t len, struct assay_buf *out, assay_err *err)
{
    if (len > ENTRY_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a log entry of %zu bytes, expected at most %d", len, ENTRY_BYTES_MAX);
    }
    assay_buf_char(out, (char)(unsigned char)(len >> 8));
    assay_buf_char(out, (char)(unsigned char)(len & 255));
    assay_buf_append(out, bytes, len);
    return assay_buf_check(out, err);
}

/* ---- proof files ---- */

static const char FIRST_LINE[] = "c2sp.org/tlog-proof@v1", INDEX[] = "index ";

static assay_code read_hash(struct assay_slice line, struct assay_tlog_proof *proof, assay_err *err)
{
    struct assay_buf bytes;
    if (proof->count >= ASSAY_PROOF_HASHES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "the proof has over %d hashes", ASSAY_PROOF_HASHES_MAX);
    }
    assay_buf_init(&bytes, 64);
    assay_code rc = assay_base64_decode(line.data, line.len, &bytes, err);
    if (rc == ASSAY_OK && bytes.len != ASSAY_DIGEST_BYTES) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%zu bytes, expected %d", bytes.len, ASSAY_DIGEST_BYTES);
    }
    if (rc == ASSAY_OK) {
        memcpy(proof->hashes[proof->count++].bytes, bytes.data, ASSAY_DIGEST_BYTES);
    } else {
        assay_wrap(err, "hash %zu of the proof", proof->count + 1);
    }
    assay_buf_done(&bytes);
    return rc;
}

/* Hashes up to an empty line, and the checkpoint behind it. */
static assay_code read_tail(struct assay_slice *rest, struct assay_tlog_proof *ret, struct assay_slice *ret_checkpoint,
                            assay_err *err)
{
    ret->count = 0;
    for (struct assay_slice line = assay_slice_cut(rest, '\n'); line.len > 0; line = assay_slice_cut(rest, '\n')) {
        assay_code rc = read_hash(line, ret, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    if (rest->len == 0) {
        return assay_fail(err, ASSAY_MALFORMED, "the proof holds no checkpoint behind an empty line");
    }
    *ret_checkpoint = *rest;
    return ASSAY_OK;
}

static void write_tail(const struct assay_tlog_proof *proof, struct assay_slice checkpoint, struct assay_buf *out)
{
    for (size_t i = 0; i < proof->count; i++) {
        assay_base64_append(out, proof->hashes[i].bytes, sizeof proof->hashes[i].bytes);
        assay_buf_char(out, '\n');
    }
    assay_buf_char(out, '\n');
    assay_buf_append(out, checkpoint.data, checkpoint.len);
}

/* A line of a word and a decimal number. */
static bool read_numbered(struct assay_slice line, const char *word, uint64_t *ret)
{
    size_t len = strlen(word);
    return assay_slice_starts(line, word) &&
           assay_tlog_number_read((struct assay_slice){line.data + len, line.len - len}, ret);
}

assay_code assay_tlog_proof_read(const char *bytes, size_t len, struct assay_tlog_proof_file *ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_slice rest = {bytes, len};
    if (len > ASSAY_TLOG_PROOF_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a proof of %zu bytes, expected at most %zu", len,
                          ASSAY_TLOG_PROOF_BYTES_MAX);
    }
    if (!assay_slice_is(assay_slice_cut(&rest, '\n'), FIRST_LINE)) {
        return assay_fail(err, ASSAY_MALFORMED, "the first line of the proof is not '%s'", FIRST_LINE);
    }
    struct assay_slice line = assay_slice_cut(&rest, '\n');
    if (assay_slice_starts(line, "extra ")) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "the proof has an extra line, which nothing authenticates; expected none");
    }
    if (!read_numbered(line, INDEX, &ret->index)) {
        return assay_fail(err, ASSAY_MALFORMED, "the second line of the proof is not 'index' and a decimal number");
    }
    return read_tail(&rest, &ret->proof, &ret->checkpoint, err);
}

void assay_tlog_proof_write(const struct assay_tlog_proof_file *file, struct assay_buf *out)
{
    assay_buf_printf(out, "%s\n%s%" PRIu64 "\n", FIRST_LINE, INDEX, file->index);
    write_tail(&file->proof, file->checkpoint, out);
}

/* ---- growth ---- */

static const char OLD[] = "old ";

assay_code assay_tlog_growth_read(const char *bytes, size_t len, struct assay_tlog_growth *ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_slice rest = {bytes, len};
    if (len > ASSAY_TLOG_PROOF_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a proof of %zu bytes, expected at most %zu", len,
                          ASSAY_TLOG_PROOF_BYTES_MAX);
    }
    struct assay_slice line = assay_slice_cut(&rest, '\n');
    if (!read_numbered(line, OLD, &ret->old_size)) {
        return assay_fail(err, ASSAY_MALFORMED, "the first line of the proof is not 'old' and a decimal number");
    }
    return read_tail(&rest, &ret->proof, &ret->checkpoint, err);
}

void assay_tlog_growth_write(const struct assay_tlog_growth *growth, struct assay_buf *out)
{
    assay_buf_printf(out, "%s%" PRIu64 "\n", OLD, growth->old_size);
    write_tail(&growth->proof, growth->checkpoint, out);
}
