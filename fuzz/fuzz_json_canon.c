/* The canonical writer: printing is idempotent, and reading back what was printed is the identity. */
#include "json/json.h"

#include <assert.h>
#include <string.h>

#define OUT_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void print_and_read_back(const json_t *root,
                                assay_code (*print)(const json_t *, struct assay_buf *, assay_err *))
{
    struct assay_buf once, twice;
    json_t *again = NULL;
    assay_buf_init(&once, OUT_MAX);
    assay_buf_init(&twice, OUT_MAX);
    if (print(root, &once, NULL) == ASSAY_OK) {
        assay_code rc = assay_json_read(once.data, once.len, &assay_json_limits_default, &again, NULL);
        assert(rc == ASSAY_OK);
        rc = print(again, &twice, NULL);
        assert(rc == ASSAY_OK);
        assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    }
    json_decref(again);
    assay_buf_done(&once);
    assay_buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    json_t *root = NULL;
    assay_json_init();
    if (assay_json_read((const char *)bytes, len, &assay_json_limits_default, &root, NULL) == ASSAY_OK) {
        print_and_read_back(root, assay_json_canon);
        print_and_read_back(root, assay_json_pretty);
        print_and_read_back(root, assay_json_line);
        json_decref(root);
    }
    return 0;
}
