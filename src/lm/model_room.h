/*
 * What the files that load a model share. Inside this room only.
 */
#ifndef ASSAY_LM_MODEL_ROOM_H
#define ASSAY_LM_MODEL_ROOM_H

#include "lm/model.h"

#include <stdatomic.h>

/* A tensor on its way from the file to memory of our own. */
struct placing {
    struct assay_gguf_tensor *tensor;
    struct assay_kernel *packer;                  /* NULL: the bytes as they are */
    const struct assay_kernel_operation *packing; /* what it is a variant of */
    uint8_t *to;
    uint64_t rows, columns, row_bytes; /* in the file */
    uint64_t group, group_bytes;       /* rows that a packer takes together, and what they come to */
    float *scale;                      /* where that of a ternary tensor goes, else NULL */
    atomic_uint scale_bits;            /* as binary32, of the first block that has one; 0: none yet */
};

struct loader {
    struct assay_model *model;
    const struct assay_model_setup *setup;
    const struct assay_source *source;
    char arch[32];
    uint64_t taken_bytes;     /* of the model's memory */
    struct placing *placings; /* at most one a tensor, and one more for an embedding that is also the head */
    size_t placings_count;
};

/* Address space for every weight, and the list of placings. */
assay_code model_reserve(struct loader *loader, assay_err *err);
/* MALFORMED if it is not there or has another shape. */
assay_code model_need_tensor(struct loader *loader, const char *name, uint64_t columns, uint64_t rows,
                             struct assay_gguf_tensor **ret, assay_err *err);
assay_code model_bind(struct loader *loader, const char *operation, const char *format, struct assay_kernel **ret,
                      assay_err *err);
/* Where the linear layer will lie, and what is to be done for it: model_place does it. */
assay_code model_load_linear(struct loader *loader, const char *name, uint64_t columns, uint64_t rows,
                             struct assay_linear *ret, assay_err *err);
/* The same of a tensor whose bytes are wanted as they are; tensor->data is where they will be. */
void model_load_bytes(struct loader *loader, struct assay_gguf_tensor *tensor);

/* model_place.c: all placings, by all threads of the team: read, checked, packed. */
assay_code model_place(struct loader *loader, assay_err *err);

/* model_screen.c: the coarse copy of the head; none for a head whose format has no use for one. */
assay_code model_screen(struct loader *loader, assay_err *err);

#endif
