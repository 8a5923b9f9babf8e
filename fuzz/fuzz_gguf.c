/* Any bytes as a model file: the reader must refuse or give views that stay inside the bytes. */
#include "lm/lm.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A vocabulary that is taken gives tokens for any text, and they are its own. */
static void encode(const struct assay_gguf *gguf, const uint8_t *data, size_t size)
{
    struct assay_tokenizer *tokenizer = NULL;
    struct assay_tokens tokens = {0};
    assay_err err = {0};
    if (assay_tokenizer_new(gguf, &tokenizer, &err) != ASSAY_OK) {
        assert(err.message[0] != '\0');
        return;
    }
    struct assay_slice text = {(const char *)data, size < TEXT_BYTES ? size : TEXT_BYTES};
    (void)assay_tokenizer_encode(tokenizer, text, true, &tokens, NULL);
    for (size_t i = 0; i < tokens.count; i++) {
        assert(tokens.ids[i] >= 0 && (size_t)tokens.ids[i] < assay_tokenizer_count(tokenizer));
    }
    assay_tokens_done(&tokens);
    assay_tokenizer_free(tokenizer);
}

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
    encode(gguf, data, size);
    assay_gguf_free(gguf);
    return 0;
}
