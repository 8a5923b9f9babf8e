/* Marks: whatever the bytes, they are refused with a reason, or every mark is whole and can be asked. */
#include "crypto/crypto.h"
#include "record/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_marks *marks = NULL;
    assay_err err = {0};
    assay_json_init();
    if (size == 0 || assay_crypto_init(NULL) != ASSAY_OK) {
        return 0;
    }
    assay_code rc = assay_marks_parse((const char *)data, size, &marks, &err);
    if (rc != err.code || rc == ASSAY_BUG) {
        abort();
    }
    for (size_t i = 0; rc == ASSAY_OK && i < marks->count; i++) {
        const struct assay_mark *mark = &marks->marks[i];
        if (mark->expires_day <= mark->issued_day || mark->reason[0] == '\0') {
            abort();
        }
        (void)assay_mark_fits(mark, "llm m ttft_p50", "0123456789abcdef");
        (void)assay_mark_fits(mark, mark->series, "");
    }
    assay_marks_free(marks);
    return 0;
}
