/*
 * The parts from which a statement is put together (receipt.c). Inside this room only.
 */
#ifndef ASSAY_RECORD_RECEIPT_PARTS_H
#define ASSAY_RECORD_RECEIPT_PARTS_H

#include "record/metric_book.h"
#include "record/receipt.h"
#include "record/verdict.h"

/* Gates of evidence.md 3.2 that deriving can break. */
enum derive_gate {
    DERIVE_GATE_PLAN_READ = 108,
    DERIVE_GATE_COUNTS = 304,
    DERIVE_GATE_OTHER_RUN = 306,
    DERIVE_GATE_BOUND = 308,
    DERIVE_GATE_PLAN = 309,
    DERIVE_GATE_STAMPS = 310,
    DERIVE_GATE_METRIC = 312,
    DERIVE_GATE_FORMULA = 313,
    DERIVE_GATE_KERNELS = 315,
    DERIVE_GATE_CHECK = 318,
    DERIVE_GATE_COMPUTE_PATH = 319,
    DERIVE_GATE_CODES = 320,
    DERIVE_GATE_FACTS = 321
};

/* ---- protocol (protocol.c) -------------------------------------------------------------------------------------- */

/* The one producer of compute path and backend (evidence.md 1.5). */
const char *assay_compute_path_of(const struct assay_trace_summary *summary);
/* A stand-in: scripted compute that the plan does not openly name. */
bool assay_is_standin(const struct assay_plan *plan, const struct assay_trace_summary *summary);

/* {"absent":why} */
void assay_put_absent(struct assay_json_builder *b, json_t *object, const char *name, const char *why);

/* What of the protocol is neither plan nor samples. */
struct protocol_facts {
    const char *tool, *stop_reason, *clock_source, *policy_sha256; /* policy: or NULL */
    uint64_t clock_resolution_ns, clock_read_ns;
};
void assay_protocol_put(struct assay_json_builder *b, json_t *parent, const struct assay_plan *plan,
                        const char *plan_bytes, size_t plan_len, const struct assay_trace_summary *summary,
                        const struct protocol_facts *facts);
/* Drift of raw against monotonic over the run, in parts per million; false with less than two readings. */
bool assay_cross_ppm(const struct assay_trace_summary *summary, double *ret);

/* ---- samples (account.c) ---------------------------------------------------------------------------------------- */

struct account {
    uint64_t planned, count, warmup, groups[ASSAY_GROUP_COUNT];
    uint64_t statuses[ASSAY_STATUS_NUMBER_MAX + 1]; /* by number in the trace */
    uint64_t measured_ok;
    uint64_t first_due_ns, last_start_ns, last_end_ns; /* 0 if there is none */
    const char *determinism;                           /* "proven", "refuted", "not-measured" */
    uint64_t repetitions;
    uint8_t (*digests)[32]; /* sorted, without duplicates */
    size_t digests_count;
};

/* Holds every sample against the plan and its own stamps. MALFORMED with the gate. */
assay_code assay_account_make(const struct assay_plan *plan, struct assay_trace *trace, struct account *ret,
                              int *ret_gate, assay_err *err);
void assay_account_done(struct account *account);

/* ---- validity (validity.c) -------------------------------------------------------------------------------------- */

/* The series that the rules need, beside those of the plan's metrics. */
void assay_validity_wants(bool wanted[METRIC_COUNT]);
/* Once, before the rest of this part: sorts what the rules look at. */
assay_code assay_validity_prepare(struct metric_book *book, assay_err *err);
/* Array of codes (endpoints.md 4), sorted. */
assay_code assay_validity_make(struct metric_book *book, const struct assay_trace *trace, json_t **ret, int *ret_gate,
                               assay_err *err);
/* The calibrated error against the median TTFT and ICL of the run: rule `calib` and check `stamp_calibration`. */
enum assay_verdict assay_judge_calibration(struct metric_book *book, const json_t *data);

/* ---- checks (checks.c) ------------------------------------------------------------------------------------------ */

/* Array of checks with their verdicts, sorted by id. */
assay_code assay_checks_make(struct metric_book *book, const struct assay_trace *trace, json_t **ret, int *ret_gate,
                             assay_err *err);
/* Whether a check of that rule is there with verdict pass. prefix: rule without "@version". */
bool assay_checks_have_pass(const json_t *checks, const char *prefix);

/* ---- evidence and what was not checked (codes.c) ---------------------------------------------------------------- */

struct code_basis {
    const struct assay_plan *plan;
    struct assay_trace *trace;
    const struct account *account;
    const json_t *checks; /* with their verdicts; NULL: none */
};
void assay_evidence_put(struct assay_json_builder *b, json_t *tier, const struct code_basis *basis);
void assay_not_checked_put(struct assay_json_builder *b, json_t *predicate, const struct code_basis *basis);

#endif
