/*
 * The same generation in a fresh process: whether ids and logits are the same there is what determinism means; a second
 * run in one process shares its memory and its choices with the first (kernels.md 5.3).
 */
#ifndef ASSAY_CLI_LM_REPEAT_H
#define ASSAY_CLI_LM_REPEAT_H

#include "base/opt.h"
#include "crypto/crypto.h"

/* Members of the JSON of `lm generate`. */
#define ASSAY_LM_IDS_MEMBER "idsSha256"       /* of the token ids, u32 little endian */
#define ASSAY_LM_LOGITS_MEMBER "logitsSha256" /* of the logits that each was picked from, f32 little endian */

struct assay_lm_digests {
    char ids[ASSAY_DIGEST_TEXT_BYTES], logits[ASSAY_DIGEST_TEXT_BYTES];
};

/* Runs this program again: `VERB PATH` with the options that were given, but for `repeat`, `json` and `seed`, and with
 * this seed. */
assay_code assay_lm_fresh(const struct assay_opt_verb *verb, const void *values, const struct assay_opt_seen *seen,
                          const char *path, uint64_t seed, struct assay_lm_digests *ret, assay_err *err);

#endif
