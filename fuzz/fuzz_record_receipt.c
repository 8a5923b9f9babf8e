/* receipt.json as show, report and the store read it. */
#include "record/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *statement = NULL;
    enum assay_document document;
    if (size > 0 && assay_receipt_read((const char *)data, size, &statement, &document, NULL) == ASSAY_OK) {
        json_decref(statement);
    }
    return 0;
}
