/* Any bytes as a model file: the reader must refuse or give views that stay inside the bytes. */
#include "lm/lm.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_gguf *gguf = NULL;
    assay_err err = {0};
    if (assay_gguf_parse(data, size, &gguf, &err) != ASSAY_OK) {
        assert(err.message[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < gguf->values_count; i++) {
        const struct assay_gguf_value *value = &gguf->values[i];
        assert(value->at >= data && value->at + value->bytes <= data + size);
        assert(assay_gguf_find(gguf, "general.architecture") == NULL || gguf->values_count > 0);
        uint64_t cursor = 0;
        struct assay_slice text;
        while (value->type == ASSAY_GGUF_ARRAY && value->element == ASSAY_GGUF_TEXT &&
               assay_gguf_next_text(value, &cursor, &text)) {
            assert((const uint8_t *)text.data + text.len <= data + size);
        }
    }
    for (size_t i = 0; i < gguf->tensors_count; i++) {
        assert(gguf->tensors[i].data + gguf->tensors[i].bytes <= data + size);
        (void)assay_gguf_check_tensor(&gguf->tensors[i], &err);
    }
    assay_gguf_free(gguf);
    return 0;
}
