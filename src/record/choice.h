/*
 * Where random choices come from (evidence.md 1.6): a seed that nobody could choose, from the verifier's challenge or
 * from the head of a log as it stood before the run.
 */
#ifndef ASSAY_RECORD_CHOICE_H
#define ASSAY_RECORD_CHOICE_H

#include "crypto/crypto.h"

/* First 8 bytes, little-endian, of SHA-256("assay-choice/1", 0x00, nonce or 32 zero bytes, commit as hex, log root or
 * 32 zero bytes). nonce: 64 hex digits or ""; commit: as in environment.build.commit, "" if unknown; root may be NULL.
 */
uint64_t assay_choice_seed(const char *nonce, const char *commit, const struct assay_digest *log_root);

#endif
