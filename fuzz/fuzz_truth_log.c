/* Truth logs: what is accepted is written back byte for byte. */
#include "serve/truth_log.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    enum { HEAD = 64 }; /* of it only the defined members are kept */
    struct assay_truth_log *log = NULL;
    if (assay_truth_log_parse(bytes, len, &log, NULL) == ASSAY_OK) {
        struct assay_buf out, csv;
        assay_buf_init(&out, len + 1);
        assay_buf_init(&csv, (size_t)64 << 20);
        assay_truth_log_encode(log, &out);
        assay_truth_log_csv(log, &csv);
        assert(out.len == len && memcmp(out.data + HEAD, bytes + HEAD, len - HEAD) == 0);
        assay_buf_done(&out);
        assay_buf_done(&csv);
        assay_truth_log_free(log);
    }
    return 0;
}
