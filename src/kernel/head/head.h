/*
 * A screened head (kernels.md 4.2.9): between what each logit lies, from logits of a coarse copy of the head. Internal
 * to kernel/.
 *
 *     e = radius factors[0] + norm factors[1],  upper = approx + e,  lower = approx - e
 *
 * Whoever calls has rounded radius, norm and factors up, far enough to cover the roundings of these three lines.
 */
#ifndef ASSAY_KERNEL_HEAD_H
#define ASSAY_KERNEL_HEAD_H

enum head_input { HEAD_APPROX, HEAD_RADIUS, HEAD_NORM, HEAD_FACTORS };
enum head_output { HEAD_UPPER, HEAD_LOWER };

#endif
