/* What the targets of the importers share: one format each, so that a corpus stays with its parser. */
#ifndef ASSAY_FUZZ_IMPORT_H
#define ASSAY_FUZZ_IMPORT_H

#include "crypto/crypto.h"
#include "import/import.h"
#include "report/report.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Whatever is read must be derived into a document that the report can show; whatever is refused says why. */
static inline int fuzz_import(const char *format, const uint8_t *bytes, size_t len)
{
    struct assay_import_result result;
    assay_err err = {0};
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 0;
    }
    json_t *environment = json_pack("{s:[],s:{},s:[]}", "notes", "build", "hosts");
    struct assay_import_request request = {.bytes = (const char *)bytes,
                                           .len = len,
                                           .name = "input",
                                           .format = format,
                                           .tool = "assay 0",
                                           .environment = environment};
    assay_code rc = assay_import(&request, &result, &err);
    assert(rc == err.code && rc != ASSAY_BUG);
    if (rc == ASSAY_OK) {
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        struct assay_report_input input = {.place = "",
                                           .document = result.file.data,
                                           .document_len = result.file.len,
                                           .plan = result.plan.data,
                                           .plan_len = result.plan.len};
        rc = assay_report_show(&input, ASSAY_REPORT_MARKDOWN, &(struct assay_style){0}, &out, &err);
        assert(rc == ASSAY_OK);
        assay_buf_done(&out);
        assay_import_result_done(&result);
    }
    json_decref(environment);
    return 0;
}

#endif
