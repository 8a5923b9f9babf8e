/*
 * The lines of minisign's files, for minisign_key.c and minisign_sig.c. Inside this room only.
 */
#ifndef ASSAY_CRYPTO_MINISIGN_TEXT_H
#define ASSAY_CRYPTO_MINISIGN_TEXT_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Exactly that many bytes; `what` stands in front of the message. */
assay_code minisign_read_base64(struct assay_slice line, size_t bytes, const char *what, unsigned char *ret,
                                assay_err *err);
/* Cuts one line off; what follows the prefix is the comment. */
assay_code minisign_read_comment(struct assay_slice *rest, const char *prefix, size_t bytes_max, const char *what,
                                 struct assay_slice *ret, assay_err *err);
/* What a password may cost: a file that asks for more would stop whoever reads it. */
bool minisign_scrypt_is_allowed(uint64_t operations, uint64_t memory);
assay_code minisign_read_end(struct assay_slice rest, const char *what, assay_err *err);

#endif
