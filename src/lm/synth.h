/*
 * Synthetic models: seeded weights of any shape, for tests and for measuring speed where no real weights are
 * (kernels.md 5.3). Identical bytes for equal arguments. Nothing that depends on what real weights are like (sparsity,
 * drafts, compression) may be concluded from them, and the name of the model says "synthetic".
 */
#ifndef ASSAY_LM_SYNTH_H
#define ASSAY_LM_SYNTH_H

#include "base/buf.h"
#include "lm/format.h"

#include <stdint.h>

#define ASSAY_SYNTH_ZERO_SHARE (1.0 / 3) /* where nobody says otherwise */

struct assay_synth {
    const char *shape;  /* "tiny", "small", "2b4t", "llama-tiny", or "L,hidden,ffn,heads,kv,vocabulary" */
    const char *format; /* of the linear layers: "tq2_0", "i2_s", "tq1_0", "iq2_bn"; llama: also "f32", "f16", "bf16", "q8_0",
                           "q4_0", "q4_1", "q6_k" */
    const char *head;   /* of embedding and head: "f16", "f32", "bf16", "q8_0", "q4_0", "q4_1", "q6_k" */
    uint64_t seed;
    double zero_share; /* of the trits */
};

/* The whole GGUF file. USAGE: a shape or format that does not exist, or that do not go together. */
assay_code assay_synth_make(const struct assay_synth *synth, struct assay_buf *out, assay_err *err);

#endif
