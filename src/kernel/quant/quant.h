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

#endif
