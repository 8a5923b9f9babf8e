#include "crypto/crypto.h"

#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ROOT_BYTES_READ 64 /* more than a root has, to say of what length another one is */
#define SIZE_SHOWN_MAX 32  /* of what is no size, in a message: a number has 19 digits */

static assay_code read_root(struct assay_slice line, unsigned char ret[ASSAY_DIGEST_BYTES], assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, ROOT_BYTES_READ);
    assay_code rc = assay_base64_decode(line.data ? line.data : "", line.len, &bytes, err);
    if (rc == ASSAY_OK && bytes.len != ASSAY_DIGEST_BYTES) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%zu bytes, expected %d", bytes.len, ASSAY_DIGEST_BYTES);
    }
    if (rc == ASSAY_OK) {
        memcpy(ret, bytes.data, ASSAY_DIGEST_BYTES);
    } else {
        assay_wrap(err, "root of the checkpoint");
    }
    assay_buf_done(&bytes);
    return rc;
}

/* Digits without leading zero, below 2^63: what a tree can have. */
bool assay_tlog_number_read(struct assay_slice text, uint64_t *ret)
{
    bool is_canonical = text.len > 0 && (text.data[0] != '0' || text.len == 1);
    return is_canonical && assay_num_u64(text, "a number", ASSAY_TREE_SIZE_MAX, ret, NULL) == ASSAY_OK;
}

static assay_code fail_size(struct assay_slice size, assay_err *err)
{
    struct assay_buf shown;
    assay_buf_init(&shown, ASSAY_ERR_BYTES);
    assay_text_show(&shown, size.data, size.len, SIZE_SHOWN_MAX);
    assay_code rc = assay_fail(err, ASSAY_MALFORMED, "the checkpoint's size is '%s', expected a decimal number",
                               shown.data ? shown.data : "");
    assay_buf_done(&shown);
    return rc;
}

assay_code assay_checkpoint_read(struct assay_slice text, struct assay_checkpoint *ret, assay_err *err)
{
    assert(ret);
    struct assay_slice rest = text;
    struct assay_slice origin = assay_slice_cut(&rest, '\n'), size = assay_slice_cut(&rest, '\n'),
                       root = assay_slice_cut(&rest, '\n');
    if (origin.len == 0 || origin.len > ASSAY_NOTE_NAME_BYTES_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "the checkpoint's origin has %zu bytes, expected 1 to %d", origin.len,
                          ASSAY_NOTE_NAME_BYTES_MAX);
    }
    if (!assay_tlog_number_read(size, &ret->size)) {
        return fail_size(size, err);
    }
    if (rest.len > 0) { /* extension lines are allowed, but no monitor can audit them: none of ours has one */
        return assay_fail(err, ASSAY_MALFORMED, "the checkpoint has extension lines, expected three lines");
    }
    memcpy(ret->origin, origin.data, origin.len);
    ret->origin[origin.len] = '\0';
    return read_root(root, ret->root, err);
}

void assay_checkpoint_write(const struct assay_checkpoint *checkpoint, struct assay_buf *out)
{
    assay_buf_printf(out, "%s\n%llu\n", checkpoint->origin, (unsigned long long)checkpoint->size);
    assay_base64_append(out, checkpoint->root, sizeof checkpoint->root);
    assay_buf_char(out, '\n');
}
