/*
 * Activations rounded to int8. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_QUANT_H
#define ASSAY_KERNEL_QUANT_H

enum quant_output {
    QUANT_Q,
    QUANT_D,   /* what q is multiplied by; ternary: what x was multiplied by */
    QUANT_SUMS /* of q, a block */
};

#define QUANT_ROUND_MAGIC 12582912.0F /* 1.5 x 2^23: adding it leaves no fraction bits, rounded half to even */

/* b32, b256: a block whose largest |x| is not above this counts as zeros. 127 / m would overflow soon below it, and
 * infinity times zero is no number. */
#define QUANT_LEAST 1e-30F

struct quant_scale {
    float factor, d;
};

static inline struct quant_scale quant_scale_of(float most)
{
    return most > QUANT_LEAST ? (struct quant_scale){.factor = 127.0F / most, .d = most / 127.0F}
                              : (struct quant_scale){0};
}

#endif
