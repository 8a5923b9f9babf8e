/*
 * Receipt: the statement that binds plan, subject, host, trace and metrics (evidence.md 1).
 *
 * There is one function that makes a receipt, from the bytes of plan and trace and nothing else: the run calls it to
 * write one, the verifier calls it to compare. What cannot be derived (subject, environment, attempts) was put into the
 * trace's facts chunk by the run, so a receipt cannot be edited apart from its trace.
 */
#ifndef ASSAY_RECORD_RECEIPT_H
#define ASSAY_RECORD_RECEIPT_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "record/metric.h"
#include "record/plan.h"
#include "record/trace.h"
#include "json/json.h"

#define ASSAY_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define ASSAY_STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define ASSAY_TYPE_RECEIPT "https://assay.dev/performance-receipt/v1"
#define ASSAY_TYPE_RECORD "https://assay.dev/run-record/v1"
#define ASSAY_TYPE_IMPORTED "https://assay.dev/imported-summary/v1"
#define ASSAY_ENVELOPE_BYTES_MAX ((size_t)1 << 20)
#define ASSAY_PAYLOAD_BYTES_MAX ((size_t)768 << 10)

enum assay_document { ASSAY_DOCUMENT_RECEIPT, ASSAY_DOCUMENT_RECORD, ASSAY_DOCUMENT_IMPORTED };
const char *assay_document_file(enum assay_document document); /* "receipt.json", "record.json", "imported.json" */

/* Facts of the run, for the trace's last chunk: subject, protocol, environment, attempts, runnerId (evidence.md 1.6).
 */
struct assay_facts_input {
    json_t *subject;     /* array; borrowed */
    json_t *environment; /* object; borrowed */
    json_t *attempts;    /* object without counter and previous; borrowed */
    const char *runner_id;
    const char *tool;        /* "assay 0.1.0" */
    const char *stop_reason; /* "reached", "time", "errors", "signal", "harness" */
    const char *clock_source;
    uint64_t clock_resolution_ns, clock_read_ns;
    const char *policy_sha256; /* 64 hex digits, or NULL: no policy given */
};

/* Adds {"name": name, "digest": {kind: hex}} to the subjects, which are sorted by name. kind: "sha256", "gitCommit". */
void assay_subject_add(struct assay_json_builder *b, json_t *subjects, const char *name, const char *kind,
                       const char *hex);

/* Call after the last sample, clock reading and counter went into the writer, and hand the result to
 * assay_trace_finish. What derives from plan and records goes into protocol: compute path, backend, load, warm-up,
 * stop, clock. */
assay_code assay_facts_make(const struct assay_plan *plan, const char *plan_bytes, size_t plan_len,
                            const struct assay_facts_input *input, const struct assay_trace_writer *trace, json_t **ret,
                            assay_err *err);

struct assay_derivation {
    enum assay_document document;
    const char *outcome; /* "valid", "invalid"; of a run record "failed", "aborted", "partial", "standin" */
    json_t *statement;   /* owned by the caller: json_decref */
    int gate;            /* on failure: the gate of evidence.md 3.2 that the breach belongs to (302..312, 321) */
};

/* Derives the whole statement. MALFORMED if plan or trace are, or if they do not belong together; a validity rule that
 * is broken is no failure but a code in `invalid`. Outcomes that are no complete run give a run record without rates.
 */
assay_code assay_receipt_derive(const char *plan_bytes, size_t plan_len, const char *trace_bytes, size_t trace_len,
                                struct assay_derivation *ret, assay_err *err);

/* The strict file: JCS of an envelope with an empty signature array, and one LF. */
assay_code assay_receipt_envelope(const json_t *statement, struct assay_buf *out, assay_err *err);
/* The same with signatures. The statement must already name the keys: assay_receipt_name_signers. */
assay_code assay_receipt_sign(const json_t *statement, const struct assay_secret_key *const *keys, size_t keys_count,
                              struct assay_buf *out, assay_err *err);

/* What a signature brings in (evidence.md 1.3): tier.signers (not in a run record, which has no tier) and the place of
 * the document in the first key's chain. */
struct assay_chain {
    uint64_t counter;     /* of this document: 1 for the key's first */
    const char *previous; /* 64 hex digits: payload digest of the key's document before it; NULL: there is none */
};
assay_code assay_receipt_name_signers(json_t *statement, const struct assay_secret_key *const *keys, size_t keys_count,
                                      const struct assay_chain *chain, assay_err *err);

/* Opens a strict or interop envelope without judging it: statement as JSON. For show, report and the store. */
assay_code assay_receipt_read(const char *bytes, size_t len, json_t **ret_statement, enum assay_document *ret_document,
                              assay_err *err);

#endif
