/*
 * Pre-tokenizers: how text is cut into pieces that merges never cross. Inside this room only.
 */
#ifndef ASSAY_LM_TOKEN_SPLIT_H
#define ASSAY_LM_TOKEN_SPLIT_H

#include "base/text.h"

enum assay_split { ASSAY_SPLIT_GPT2, ASSAY_SPLIT_SMOLLM, ASSAY_SPLIT_LLAMA_BPE, ASSAY_SPLIT_COUNT };

struct assay_split_row {
    const char *names[2]; /* in tokenizer.ggml.pre; llama.cpp writes the first, other tools the second or none */
    bool ignores_merges;  /* a piece that is a token is taken whole */
};
extern const struct assay_split_row assay_split_rows[ASSAY_SPLIT_COUNT];

/* Length in bytes of the first piece of text, which is not empty. */
size_t assay_split_next(enum assay_split split, struct assay_slice text);

#endif
