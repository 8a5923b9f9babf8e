/*
 * A model: the weights of a file, checked against its own keys, each bound to the kernel that multiplies its format
 * (kernels.md 5.1).
 *
 *     rc = assay_model_new(&source, set, &setup, &model, err);   // source (a file, or memory) and set are borrowed
 *     ... an engine runs it (engine.h)
 *     assay_model_free(model);
 *
 * Architectures: `llama` (SiLU, neighbours rotate) and `bitnet-b1.58` / `bitnet-25` (sub-norms, squared ReLU, halves
 * rotate). Everything comes from the keys of the file; no constant of a model stands in code. What is not understood
 * (a rope scaling, an unknown architecture, a tensor of another shape) is refused by name: the alternative is fluent
 * nonsense. Read-only once it is made; any number of sessions on any threads may use it.
 */
#ifndef ASSAY_LM_MODEL_H
#define ASSAY_LM_MODEL_H

#include "kernel/kernel.h"
#include "lm/gguf.h"
#include "lm/pages.h"
#include "lm/team.h"
#include "lm/token.h"

#define ASSAY_MODEL_LAYERS_MAX 1024
#define ASSAY_MODEL_CONTEXT_MAX ((uint64_t)1 << 20)

/* How activations come to a linear layer. */
enum assay_activation { ASSAY_ACTIVATION_FLOAT, ASSAY_ACTIVATION_B32, ASSAY_ACTIVATION_B256, ASSAY_ACTIVATION_TERNARY };
#define ASSAY_ACTIVATION_COUNT 4

/* From here on tokens are many: what multiplies them is another kernel where the format has one (kernels.md 4.2). */
#define ASSAY_LINEAR_MANY 5

struct assay_linear {
    struct assay_kernel *kernel;
    struct assay_kernel *many; /* the same one where the format has none */
    enum assay_activation activation;
    uint64_t rows, columns;
    const void *weights;
    uint64_t bytes;     /* of the weights, as they lie there */
    const float *scale; /* ternary: of the tensor */
    const char *format; /* in the file: "TQ2_0" */
    const char *layout; /* in memory: the format of the kernel, "lane2" */
};

static inline struct assay_kernel *assay_linear_kernel(const struct assay_linear *linear, uint64_t tokens)
{
    return tokens < ASSAY_LINEAR_MANY ? linear->kernel : linear->many;
}

enum assay_layer_linear {
    ASSAY_LINEAR_Q,
    ASSAY_LINEAR_K,
    ASSAY_LINEAR_V,
    ASSAY_LINEAR_O,
    ASSAY_LINEAR_GATE,
    ASSAY_LINEAR_UP,
    ASSAY_LINEAR_DOWN,
    ASSAY_LINEAR_COUNT
};
enum assay_layer_norm {
    ASSAY_NORM_ATTN,
    ASSAY_NORM_FFN,
    ASSAY_NORM_ATTN_SUB, /* bitnet */
    ASSAY_NORM_FFN_SUB,  /* bitnet */
    ASSAY_NORM_COUNT
};

struct assay_layer {
    struct assay_linear linears[ASSAY_LINEAR_COUNT];
    const float *norms[ASSAY_NORM_COUNT]; /* NULL: this architecture has none */
};

struct assay_model_shape {
    uint64_t layers, hidden, ffn, heads, kv_heads, head, vocabulary, context;
    double rope_base;
    float eps;
    bool is_bitnet;
};

struct assay_model_kernels { /* what is not a linear layer */
    struct assay_kernel *norm, *activation, *rope, *attention;
    struct assay_kernel *rounding[ASSAY_ACTIVATION_COUNT]; /* [FLOAT]: NULL */
};

/* A coarse copy of the head, which tells which rows cannot be the largest (kernels.md 4.2.9). */
struct assay_screen {
    struct assay_kernel *coarse, *bound; /* NULL: there is no copy */
    const void *weights;                 /* q40lane */
    const float *radius, *norm;          /* of each row: distance of the copy, and length, rounded up */
    uint64_t bytes;                      /* of all three */
    struct assay_pages_memory memory;
};

struct assay_model {
    struct assay_gguf *gguf;
    struct assay_tokenizer *tokenizer;
    struct assay_kernel_set *set; /* borrowed */
    struct assay_model_shape shape;
    struct assay_model_kernels kernels;
    struct assay_layer *layers;
    const struct assay_gguf_tensor *embedding; /* without data: its rows are those of the head, in lanes */
    const float *output_norm;
    struct assay_linear head;
    bool is_head_tied;
    struct assay_screen screen;
    struct assay_pages_memory memory; /* of weights that were copied or packed anew */
    uint64_t copied_bytes, repack_ns; /* repack: reading them included */
};

struct assay_model_setup {
    enum assay_pages pages;  /* MAPPED: weights in memory that need no other layout stay where they are */
    bool screens_head;       /* a coarse copy of the head is made, if its format allows it */
    struct assay_team *team; /* that reads and packs them; NULL: the caller alone */
    void (*on_progress)(void *context, uint64_t done_bytes, uint64_t all_bytes); /* may be NULL */
    void *progress_context;
};

/* Of a file nothing is needed any more when it returns. Memory must stay: keys are there, and so may the embedding be,
 * and with MAPPED pages the weights. */
assay_code assay_model_new(const struct assay_source *source, struct assay_kernel_set *set,
                           const struct assay_model_setup *setup, struct assay_model **ret, assay_err *err);
void assay_model_free(struct assay_model *model); /* fine on NULL */

#endif
