/* The JSON reader, under each of its limits. What it takes by the receipt profile, the default reader takes too. */
#include "json/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool is_read(const char *text, size_t len, const struct assay_json_limits *limits)
{
    json_t *root = NULL;
    assay_err err = {0};
    assay_code rc = assay_json_read(text, len, limits, &root, &err);
    assert((rc == ASSAY_OK) == (root != NULL));
    assert(rc == err.code);
    assert(rc == ASSAY_OK || rc == ASSAY_MALFORMED || rc == ASSAY_TOO_LARGE);
    json_decref(root);
    return rc == ASSAY_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct assay_json_limits loose = assay_json_limits_default;
    loose.flags = ASSAY_JSON_LAST_DUPLICATE_WINS;
    const char *text = (const char *)bytes;
    assay_json_init();
    bool is_receipt = is_read(text, len, &assay_json_limits_receipt);
    bool is_default = is_read(text, len, &assay_json_limits_default);
    bool is_loose = is_read(text, len, &loose);
    assert(!is_receipt || is_default);
    assert(!is_default || is_loose);
    return 0;
}
