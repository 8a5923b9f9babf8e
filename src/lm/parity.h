/*
 * Parity of logits: how far those of one position lie from a reference (kernels.md 5.3). Figures only; who judges them
 * says by which rule.
 */
#ifndef ASSAY_LM_PARITY_H
#define ASSAY_LM_PARITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_PARITY_TOP 5

struct assay_logits_parity {
    bool is_finite;    /* the reference; where it is not, the figures are 0 */
    bool is_bit_equal; /* every logit is the reference's, rounded to f32 */
    double max_abs;    /* largest |ours - reference| */
    double relative;   /* of that to the largest |reference| */
    double cosine;
    double kl; /* of our softmax from the reference's, in nats */
    int32_t top, reference_top;
    unsigned top_shared; /* ids among the five largest of both */
    double gap;          /* reference: its largest logit less the one of our top id */
};

/* count > 0 values each, in binary64; ours were binary32 and are exact. */
struct assay_logits_parity assay_logits_parity_of(const double *logits, const double *reference, size_t count);

#endif
