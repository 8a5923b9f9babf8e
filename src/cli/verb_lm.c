/* The built-in language model: `lm WORD`, a file verb_lm_WORD.c each. */
#include "cli/cli.h"

static const struct assay_verb *const WORDS[] = {
#define A_WORD(name) &assay_verb_lm_##name,
    ASSAY_LM_WORDS(A_WORD)
#undef A_WORD
};

const struct assay_verb assay_verb_lm = {
    .opt = {.name = "lm",
            .synopsis = "WORD [OPTIONS]",
            .summary = "the built-in language model",
            .manual =
                "A ternary language model (BitNet b1.58) or one of the llama architecture, from a GGUF file, on the "
                "CPU, with no other program and no download. Kernels count what they do, so that a receipt can say "
                "which one did which share of the work. ASSAY_ISA, ASSAY_KERNEL and ASSAY_KERNEL_FORBID choose them.",
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay lm synth --shape tiny --format i2_s --seed 1 model.gguf\n"
                        "  a small model with seeded weights\n"},
    .words = WORDS,
    .words_count = sizeof WORDS / sizeof WORDS[0],
};
