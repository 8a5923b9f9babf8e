/*
 * Verification of a run, as `assay verify` does it: every number of the receipt is computed again from its trace.
 *
 *     struct assay_verify_input input = {0};
 *     input.document.data = receipt; input.document.len = receipt_len;       // receipt.json, as read from disk
 *     input.plan... input.trace... input.identity...                         // plan.json, trace.assay, identity.json
 *     input.now_unix_ns = now;                                               // the caller's clock: the library has
 * none
 *
 *     struct assay_verification *verification;
 *     if (assay_verify(&input, &verification) == 0) {
 *         puts(assay_verification_text(verification));
 *         status = assay_verification_status(verification);                  // 0: every required line passes
 *         assay_verification_free(verification);
 *     }
 *
 * Pure: no file, clock, socket, thread or global state. Safe to call from any thread; one verification belongs to one
 * thread at a time. Inputs may be hostile: whatever is wrong with them is a line of the text, and their sizes are
 * limited.
 */
#ifndef ASSAY_VERIFY_H
#define ASSAY_VERIFY_H

#include <assay/api.h>

#include <stddef.h>
#include <stdint.h>

ASSAY_BEGIN_C

struct assay_verify_bytes {
    const void *data; /* borrowed; NULL: not given */
    size_t len;
};

struct assay_verify_input {
    struct assay_verify_bytes document; /* receipt.json, record.json or imported.json */
    struct assay_verify_bytes plan, trace, identity;
    uint64_t now_unix_ns;                   /* nanoseconds since 1970, against dates in the future */
    uint64_t max_age_ns;                    /* 0: any age */
    const char *nonce;                      /* demanded nonce, 64 hex digits; NULL: none */
    int wants_default_policy;               /* compute path real, clean tree, release build, no failed sanity check */
    struct assay_verify_bytes trust;        /* trust file: signatures are checked, and demanded */
    struct assay_verify_bytes proof, entry; /* receipt.tlog-proof and receipt.tlog-entry; they need the trust file */
    /* In their place a whole log (tier 2 and above): the file checkpoint, and the files tile/entries/N one after the
     * other, as many as the checkpoint's size says. They need the trust file too. */
    struct assay_verify_bytes checkpoint, entries;
};

struct assay_verification;

/* 0, ENOMEM, or ENOSYS where libsodium cannot start; on 0 the caller owns *ret_verification (assay_verification_free),
 * otherwise it is untouched. */
ASSAY_API int assay_verify(const struct assay_verify_input *input, struct assay_verification **ret_verification);

/* The exit status of `assay verify`: 0 every required line passes; 1 one fails; 2 undecided; 3 malformed; 5 no
 * document. */
ASSAY_API int assay_verification_status(const struct assay_verification *verification);

/* What `assay verify` prints: four lines, then every violation. Lives as long as the verification. */
ASSAY_API const char *assay_verification_text(const struct assay_verification *verification);

/* How many violations there are. */
ASSAY_API size_t assay_verification_violations_count(const struct assay_verification *verification);

ASSAY_API void assay_verification_free(struct assay_verification *verification); /* fine on NULL */

ASSAY_END_C

#endif
