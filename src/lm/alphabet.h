/*
 * GPT-2's printable alphabet: a byte as a character. Those that are printable in Latin-1 stand for themselves, the
 * others, in order, are the 68 characters from U+0100 on. Inside this room only.
 */
#ifndef ASSAY_LM_ALPHABET_H
#define ASSAY_LM_ALPHABET_H

#include <stdint.h>

uint32_t assay_alphabet_code_point(unsigned byte);
int assay_alphabet_byte(uint32_t code_point); /* -1: outside the alphabet */

#endif
