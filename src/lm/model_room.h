/*
 * What the files that load a model share. Inside this room only.
 */
#ifndef ASSAY_LM_MODEL_ROOM_H
#define ASSAY_LM_MODEL_ROOM_H

#include "lm/model.h"

struct loader {
    struct assay_model *model;
    const struct assay_model_setup *setup;
    const uint8_t *bytes; /* of the file */
    char arch[32];
    uint64_t taken_bytes;           /* of the model's memory */
    uint64_t done_bytes, all_bytes; /* of tensors, for the progress */
};

/* Address space for every weight that may be copied or packed anew. */
assay_code model_reserve(struct loader *loader, assay_err *err);
/* The tensor, with its bytes checked. MALFORMED if it is not there or has another shape. */
assay_code model_need_tensor(struct loader *loader, const char *name, uint64_t columns, uint64_t rows,
                             const struct assay_gguf_tensor **ret, assay_err *err);
assay_code model_bind(struct loader *loader, const char *operation, const char *format, struct assay_kernel **ret,
                      assay_err *err);
assay_code model_load_linear(struct loader *loader, const char *name, uint64_t columns, uint64_t rows,
                             struct assay_linear *ret, assay_err *err);

#endif
