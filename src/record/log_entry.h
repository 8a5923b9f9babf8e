/*
 * Entries of a transparency log (evidence.md 2.5): DSSE envelopes of type `application/vnd.assay.log-entry+json`, each
 * signed by one receipt key, without line end, holding digests only. The body has one member, the kind:
 *
 *     intent    {runId, requestSha256, planSha256, policySha256?, keyid, counter, previous?, head{size,root}, nonce?}
 *     receipt, record   {runId, payloadSha256, keyid}
 *     abandoned {runId}     policy {name, version, sha256}     trust {version, sha256}
 *
 * `?`: or {"absent":"why"}.
 *
 * assay_tlog_book is a whole log in memory: what its entries say, and the root that they give. It judges nothing;
 * whoever asks (judge/, `assay log audit`) compares.
 */
#ifndef ASSAY_RECORD_LOG_ENTRY_H
#define ASSAY_RECORD_LOG_ENTRY_H

#include "record/envelope.h"

#include <stdbool.h>
#include <stdint.h>

#define ASSAY_LOG_ENTRY_TYPE "application/vnd.assay.log-entry+json"
#define ASSAY_LOG_ENTRY_BYTES_MAX ((size_t)4096) /* evidence.md 1.2 */
#define ASSAY_LOG_ENTRIES_MAX ((size_t)1 << 26)  /* 64 million: 12 GB of rows; beyond that a log wants an index */

enum assay_entry_kind {
    ASSAY_ENTRY_INTENT,
    ASSAY_ENTRY_RECEIPT,
    ASSAY_ENTRY_RECORD,
    ASSAY_ENTRY_ABANDONED,
    ASSAY_ENTRY_POLICY,
    ASSAY_ENTRY_TRUST,
    ASSAY_ENTRY_KIND_COUNT
};
const char *assay_entry_kind_text(enum assay_entry_kind kind);

struct assay_tlog_row {
    enum assay_entry_kind kind;
    uint8_t run_id[16];            /* zero for policy and trust */
    struct assay_digest signer;    /* keyid of the signature; not verified: assay_tlog_row_is_signed_by */
    struct assay_digest request;   /* intent; policy: SHA-256 of its name */
    struct assay_digest content;   /* intent: plan; receipt, record: payload; policy, trust: their digest */
    struct assay_digest previous;  /* intent; valid iff has_previous */
    struct assay_digest head_root; /* intent */
    uint64_t head_size, counter;   /* intent */
    uint64_t version;              /* policy, trust */
    bool has_previous;
    struct assay_slice bytes; /* the entry; borrowed, and NULL where it was not kept */
    struct assay_digest leaf; /* its leaf hash; set by the book */
};

/* Reads one entry: its form, and what it says. */
assay_code assay_tlog_row_read(struct assay_slice entry, struct assay_tlog_row *ret, assay_err *err);

/* fields: the object under the kind; borrowed. */
assay_code assay_tlog_entry_write(enum assay_entry_kind kind, const json_t *fields, const struct assay_secret_key *key,
                                  struct assay_buf *out, assay_err *err);

assay_code assay_tlog_row_is_signed_by(const struct assay_tlog_row *row, const struct assay_public_key *key, bool *ret,
                                       assay_err *err);

/* The fields of an intent, for the run that is about to start. */
struct assay_intent {
    const uint8_t *run_id;
    const uint8_t *request_sha256, *plan_sha256;
    const char *policy_sha256; /* 64 hex, or NULL */
    struct assay_digest keyid;
    uint64_t counter;
    const char *previous; /* 64 hex, or NULL */
    uint64_t head_size;
    struct assay_digest head_root;
    const char *nonce; /* 64 hex, or "" */
};
assay_code assay_intent_write(const struct assay_intent *intent, const struct assay_secret_key *key,
                              struct assay_buf *out, assay_err *err);
/* Of a finished run: kind is ASSAY_ENTRY_RECEIPT or _RECORD. */
assay_code assay_outcome_write(enum assay_entry_kind kind, const uint8_t run_id[16], const struct assay_digest *payload,
                               const struct assay_secret_key *key, struct assay_buf *out, assay_err *err);

/* ---- a whole log ---- */

struct assay_tlog_book {
    struct assay_tlog_row *rows;
    size_t count, capacity;
    struct assay_merkle tree;
    struct assay_digest *tiles; /* roots of the full tiles of leaf hashes, of the entries that were read, not added */
    size_t tiles_count;
};

/* entries: the bundles of the log one after the other (tlog.h). MALFORMED with the number of the entry. */
assay_code assay_tlog_book_read(const char *entries, size_t len, struct assay_tlog_book *ret, assay_err *err);
void assay_tlog_book_done(struct assay_tlog_book *book);
/* The same by several threads: empty; then room for `count` rows in all, each range of whole tiles filled by one of them
 * (the last tile may be partial), as often as wanted; then the tree. TOO_LARGE: more rows than a log may have. */
void assay_tlog_book_begin(struct assay_tlog_book *ret);
assay_code assay_tlog_book_extend(struct assay_tlog_book *book, size_t count, assay_err *err);
assay_code assay_tlog_book_fill(struct assay_tlog_book *book, struct assay_slice entries, size_t first, size_t count,
                                assay_err *err);
void assay_tlog_book_end(struct assay_tlog_book *book);
/* One entry more, at the end; borrowed. */
assay_code assay_tlog_book_add(struct assay_tlog_book *book, struct assay_slice entry, assay_err *err);

/* Root of the first `size` entries; size <= book->count. */
void assay_tlog_book_root(const struct assay_tlog_book *book, uint64_t size, struct assay_digest *ret);

/* What the log says before entry `until` of one request: intents, and how each ended. */
struct assay_tlog_earlier {
    uint64_t intents, receipts, records, open;
};
assay_code assay_tlog_book_earlier(const struct assay_tlog_book *book, const struct assay_digest *request,
                                   uint64_t until, struct assay_tlog_earlier *ret, assay_err *err);

/* The first outcome (receipt, record, abandoned) of a run at or after entry `from`; book->count if there is none. */
uint64_t assay_tlog_book_outcome(const struct assay_tlog_book *book, const uint8_t run_id[16], uint64_t from);

/* What the counters and `previous` chains, intents and outcomes of all keys must be. */
struct assay_tlog_finding {
    uint64_t index;
    const char *what; /* a constant sentence */
};
#define ASSAY_LOG_FINDINGS_MAX 1024
struct assay_tlog_audit {
    uint64_t intents, receipts, records, abandoned, open;
    struct assay_tlog_finding findings[ASSAY_LOG_FINDINGS_MAX];
    size_t findings_count, findings_left_out; /* findings: the first ones, in the order of entries */
};
/* Findings about one key or one run alone, so that those about others cannot crowd them out. */
struct assay_tlog_focus {
    struct assay_digest signer;
    uint8_t run_id[16];
};
/* focus: NULL for everything that is found. */
assay_code assay_tlog_book_audit(const struct assay_tlog_book *book, const struct assay_tlog_focus *focus,
                                 struct assay_tlog_audit *ret, assay_err *err);

/* Where a key stands in the log: what its next document must say. *ret_is_known: the key has an intent there. */
struct assay_tlog_standing {
    bool is_known, is_open; /* is_open: its last intent has no outcome */
    uint8_t open_run_id[16];
    uint64_t counter;             /* of its last intent */
    uint64_t document_counter;    /* of the intent that ended in its last document; 0: none */
    bool has_document;            /* some document of it is in the log */
    struct assay_digest document; /* payload digest of the last one */
};
void assay_tlog_book_standing(const struct assay_tlog_book *book, const struct assay_digest *keyid,
                              struct assay_tlog_standing *ret);

#endif
