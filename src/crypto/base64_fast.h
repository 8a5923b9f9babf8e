/*
 * Base64 by the instructions of the processor, where it has them. Inside this room only.
 */
#ifndef ASSAY_CRYPTO_BASE64_FAST_H
#define ASSAY_CRYPTO_BASE64_FAST_H

#include <stddef.h>

/* Decodes from the front as long as 16 characters more are there and all of them digits of the standard alphabet. Gives
 * how many characters that were, a multiple of 16, or 0; of each four, three bytes are at `to`, and no byte beyond. */
size_t base64_fast_decode(const char *text, size_t len, unsigned char *to);

#endif
