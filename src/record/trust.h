/*
 * Trust file (evidence.md 2.4): which keys may sign what, which logs are believed, and until when. A DSSE envelope of
 * type `application/vnd.assay.trust+json` with a body of
 *
 *     version int, issued time, expires time
 *     keys[]{keyid, public (base64), minisignId, role, runnerIds[], notBefore, notAfter, revokedAt?, reason?}
 *     roles{receipt{threshold}, root{threshold}}
 *     logs[]{origin, vkey, witnesses[] (vkeys), quorum}
 *     minVersions{policy: int}
 *
 * A file is good if as many of its own root keys as its threshold says have signed it (assay_trust_read). Version N+1
 * follows N if the root keys of both agree to it (assay_trust_follows): that is how keys are rotated. Dates are for the
 * caller: expiry is looked at last, on the final version of an update.
 */
#ifndef ASSAY_RECORD_TRUST_H
#define ASSAY_RECORD_TRUST_H

#include "record/envelope.h"

#include <stdbool.h>
#include <stdint.h>

#define ASSAY_TRUST_TYPE "application/vnd.assay.trust+json"
#define ASSAY_TRUST_BYTES_MAX ((size_t)64 << 10)
#define ASSAY_TRUST_KEYS_MAX 256
#define ASSAY_TRUST_LOGS_MAX 64
#define ASSAY_TRUST_WITNESSES_MAX 64
#define ASSAY_TRUST_STEPS_MAX 256 /* of one update */

enum assay_role { ASSAY_ROLE_ROOT, ASSAY_ROLE_RECEIPT, ASSAY_ROLE_LOG, ASSAY_ROLE_WITNESS, ASSAY_ROLE_COUNT };
const char *assay_role_text(enum assay_role role);

struct assay_trust_key {
    struct assay_digest keyid; /* computed from the key, and equal to what the file says */
    struct assay_public_key public;
    enum assay_role role;
    const json_t *runner_ids;          /* array of texts; borrowed from the file */
    int64_t not_before_s, not_after_s; /* since 1970 */
    bool is_revoked;
    int64_t revoked_at_s;
};

struct assay_trust_log {
    struct assay_note_key log;
    struct assay_note_key witnesses[ASSAY_TRUST_WITNESSES_MAX];
    size_t witnesses_count;
    uint64_t quorum;
};

struct assay_trust {
    struct assay_digest digest; /* of the file's bytes */
    struct assay_envelope envelope;
    uint64_t version;
    int64_t issued_s, expires_s;
    struct assay_trust_key *keys;
    size_t keys_count;
    struct assay_trust_log *logs;
    size_t logs_count;
    uint64_t root_threshold, receipt_threshold;
    const json_t *min_versions; /* object of int; borrowed */
};

/* MALFORMED, TOO_LARGE: the form; WANTING: too few of its own root keys signed it. */
assay_code assay_trust_read(const char *bytes, size_t len, struct assay_trust **ret, assay_err *err);
void assay_trust_free(struct assay_trust *trust); /* fine on NULL */

/* WANTING with the reason unless `next` is version old + 1 and as many of old's root keys have signed it as old's
 * threshold says. */
assay_code assay_trust_follows(const struct assay_trust *old, const struct assay_trust *next, assay_err *err);

const struct assay_trust_key *assay_trust_key_find(const struct assay_trust *trust, const struct assay_digest *keyid);
const struct assay_trust_log *assay_trust_log_find(const struct assay_trust *trust, const char *origin);
bool assay_trust_key_has_runner(const struct assay_trust_key *key, const char *runner_id);

/* The file of a body, signed, with its line feed. */
assay_code assay_trust_write(const json_t *body, const struct assay_secret_key *const *roots, size_t roots_count,
                             struct assay_buf *out, assay_err *err);

#endif
