/*
 * IEEE 754 binary16 and bfloat16 as bits. Reading is exact; writing rounds to nearest even; a NaN stays a NaN.
 */
#ifndef ASSAY_BASE_HALF_H
#define ASSAY_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>

float assay_f16_value(uint16_t bits);
uint16_t assay_f16_bits(float value);
void assay_f16_store(uint16_t *to, const float *from, size_t count); /* assay_f16_bits of each, many times faster */
float assay_bf16_value(uint16_t bits);
uint16_t assay_bf16_bits(float value);

#endif
