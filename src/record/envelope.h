/*
 * Envelope: the strict form of a DSSE envelope (evidence.md 2.1), as receipts, trust files and log entries have it:
 * JCS of {payload, payloadType, signatures[]{keyid, sig}}, base64 in its one spelling, signatures sorted by keyid, each
 * keyid the digest of a key. The payload is JCS too. What is verified is what is parsed: the bytes, decoded once.
 *
 * Reading here is for documents that nobody judges line by line (trust files, log entries): the first fault ends it.
 * Receipts are read by judge/, which reports them all.
 */
#ifndef ASSAY_RECORD_ENVELOPE_H
#define ASSAY_RECORD_ENVELOPE_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "json/json.h"

#define ASSAY_ENVELOPE_SIGNATURES_MAX 16

struct assay_envelope_signature {
    struct assay_digest keyid;
    unsigned char bytes[ASSAY_SIGNATURE_BYTES];
};

struct assay_envelope {
    json_t *body;             /* owned */
    struct assay_buf payload; /* its bytes, as signed */
    struct assay_envelope_signature signatures[ASSAY_ENVELOPE_SIGNATURES_MAX];
    size_t signatures_count;
};

struct assay_envelope_kind {
    const char *type; /* payload type */
    const char *what; /* "trust file": in front of messages */
    size_t bytes_max;
};

/* The canonical envelope without line end, signed by each key; no key makes an unsigned one. USAGE: one key twice.
 * payload_bytes_max bounds the canonical body. */
assay_code assay_envelope_write(const char *type, const json_t *body, const struct assay_secret_key *const *keys,
                                size_t keys_count, struct assay_buf *out, assay_err *err);

/* One line feed at the end is taken where has_line_end says so, and demanded. */
assay_code assay_envelope_open(const struct assay_envelope_kind *kind, bool has_line_end, const char *bytes, size_t len,
                               struct assay_envelope *ret, assay_err *err);
void assay_envelope_done(struct assay_envelope *envelope); /* fine on a zeroed one */

/* Whether that key has signed the envelope, under its own keyid. */
assay_code assay_envelope_is_signed_by(const struct assay_envelope *envelope, const struct assay_envelope_kind *kind,
                                       const struct assay_public_key *key, bool *ret, assay_err *err);

#endif
