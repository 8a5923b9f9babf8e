#include "json/json.h"

#include "base/text.h"
#include "json/scan.h"

#include <assert.h>
#include <string.h>

#define SHOWN_MAX 24 /* of the text on either side of a difference */

static assay_code fail_difference(const char *bytes, size_t len, const struct assay_buf *canon, size_t at,
                                  assay_err *err)
{
    struct assay_buf found, expected;
    assay_buf_init(&found, ASSAY_ERR_BYTES);
    assay_buf_init(&expected, ASSAY_ERR_BYTES);
    assay_text_show(&found, bytes + at, len - at, SHOWN_MAX);
    assay_text_show(&expected, canon->data + at, canon->len - at, SHOWN_MAX);
    struct json_place place = scan_place(bytes, at);
    assay_code rc =
        assay_fail(err, ASSAY_MALFORMED, "line %zu, column %zu: found '%s', expected the canonical form '%s'",
                   place.line, place.column, found.data ? found.data : "", expected.data ? expected.data : "");
    assay_buf_done(&found);
    assay_buf_done(&expected);
    return rc;
}

assay_code assay_json_canon_check(const json_t *value, const char *bytes, size_t len, assay_err *err)
{
    assert(value && bytes);
    struct assay_buf canon;
    /* a canonical form can be longer than the text (1e20 is written with 21 digits): that too is a difference */
    assay_buf_init(&canon, 2 * len + 64);
    (void)assay_buf_reserve(&canon, len); /* an honest text needs that much */
    assay_code rc = assay_json_canon(value, &canon, err);
    if (rc != ASSAY_OK) {
        if (rc == ASSAY_TOO_LARGE) {
            rc = assay_fail(err, ASSAY_MALFORMED, "the text is not in its canonical form, which is longer");
        }
        goto out;
    }
    if (canon.len != len || memcmp(bytes, canon.data, len) != 0) {
        size_t at = 0;
        while (at < len && at < canon.len && bytes[at] == canon.data[at]) {
            at++;
        }
        rc = fail_difference(bytes, len, &canon, at, err);
    }
out:
    assay_buf_done(&canon);
    return rc;
}

bool assay_json_is_canonical(const char *bytes, size_t len)
{
    json_t *value = NULL;
    if (assay_json_read(bytes, len, &assay_json_limits_default, &value, NULL) != ASSAY_OK) {
        return false;
    }
    bool is_canonical = assay_json_canon_check(value, bytes, len, NULL) == ASSAY_OK;
    json_decref(value);
    return is_canonical;
}
