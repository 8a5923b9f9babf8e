/*
 * judge/: verify (here), comparisons (question.h) and policy gates (gate.h). Pure: everything it needs is an argument,
 * the date included.
 *
 *     struct assay_judgement *judgement = NULL;
 *     rc = assay_judge_verify(&input, &judgement, err);    // fails only for lack of memory or a bug
 *     assay_judgement_render(judgement, &out);              // four lines, then all violations
 *     status = assay_judgement_exit(judgement);             // 0, 1, 2, 3 or 5
 *     assay_judgement_free(judgement);
 *
 * Whatever is wrong with the bytes is a violation in the judgement and never an error code. Every check that can run
 * runs; nothing in a file is read as a verdict (evidence.md 3).
 */
#ifndef ASSAY_JUDGE_JUDGE_H
#define ASSAY_JUDGE_JUDGE_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "record/record.h"
#include "json/json.h"

#include "judge/detect.h"
#include "judge/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_judge_bytes {
    const char *data; /* NULL: not given */
    size_t len;
};

/* A file that the document must speak of (--subject). */
struct assay_judge_artefact {
    const char *name; /* for messages */
    struct assay_digest digest;
};

/* The files of one run. */
struct assay_judge_files {
    const char *name; /* as the user named it */
    struct assay_judge_bytes document, plan, trace, identity;
};

enum assay_ancestry {
    ASSAY_ANCESTRY_UNKNOWN, /* nobody could say: no repository, or no commit in one of the receipts */
    ASSAY_ANCESTRY_IS,      /* the baseline's source commit is an ancestor of the document's, or the same */
    ASSAY_ANCESTRY_IS_NOT,
    ASSAY_ANCESTRY_NOT_ASKED /* neither names a source, such as two runs of one endpoint: there is no descent */
};

/* The commit of the first `source:` subject of a statement, or NULL. */
const char *assay_source_commit(const json_t *statement);

/* Gates 411 and 409. */
struct assay_judge_baseline {
    struct assay_judge_files files;
    enum assay_ancestry ancestry;
    uint64_t max_age_ns; /* of the baseline at `now`; 0 = any */
};

/* What the verifier remembers from earlier: going back is refused (gates 210 and 213). */
struct assay_judge_memory {
    uint64_t trust_version; /* 0: nothing remembered */
    struct assay_digest trust_digest;
    /* The versions from the remembered one up to the one before the file: each must follow the one before it. Not
     * needed while the version is the remembered one. */
    const struct assay_judge_bytes *trust_steps;
    size_t trust_steps_count;
    const char *head_origin; /* NULL: nothing remembered */
    uint64_t head_size;
    struct assay_digest head_root;
};

#define ASSAY_PROVENANCE_BYTES_MAX ((size_t)16 << 20) /* as much as CI systems take for an attestation */

struct assay_judge_input {
    struct assay_judge_bytes document; /* receipt.json, record.json or imported.json */
    struct assay_judge_bytes plan, trace, identity;
    uint64_t now_real_ns;
    bool is_interop;           /* accept white space and unknown members; CRYPTO says so; tier <= 1 */
    bool wants_default_policy; /* compute path real, clean tree, release build, no failed sanity */
    const char *nonce;         /* demanded nonce, 64 hex, or NULL */
    uint64_t max_age_ns;       /* 0 = any */
    /* The built-in kernels of this build, sorted lines "id class equality fallback legacyId LF" (kernels.md 1.1); its
     * SHA-256 is tableSha256. Not given: ids that are not of family ext are undecided. */
    struct assay_judge_bytes kernel_table;
    const char *document_name; /* file name without directory ("receipt.json"), or NULL: bound to the document's type */
    const char *commit;        /* demanded commit of a source subject, hex, or NULL */
    const struct assay_judge_artefact *artefacts; /* what must be a subject, by its digest */
    size_t artefacts_count;
    struct assay_judge_bytes provenance; /* SLSA, of the binaries that were measured; given: gate 408 is asked */
    struct assay_judge_bytes trust;      /* trust file: makes CRYPTO required */
    /* The same file, read before (assay_trust_read), where many documents are judged by it; NULL: it is read here. */
    const struct assay_trust *trust_read;
    struct assay_judge_memory memory;
    /* A whole log (checkpoint and entries), or a proof of one entry with its bytes. Both need the trust file. */
    struct assay_judge_bytes log_checkpoint, log_entries;
    struct assay_judge_bytes log_proof, log_entry;
    /* Beside a proof: that its head and the remembered one are of one log (assay_tlog_growth). */
    struct assay_judge_bytes log_growth;
    /* Beside a whole log: heads that witnesses signed, by size, each behind a u16 length (assay_log_dir_read_cosigned).
     */
    struct assay_judge_bytes log_cosigned;
    const struct assay_tlog_book *log_read; /* instead of log_entries, read before (assay_tlog_book_read), or NULL */
    bool is_tier_required;
    int required_tier;
    /* Another receipt of the same plan, by another key on another machine: tier 5. NULL: none. */
    const struct assay_judge_files *reproduction;
    double reproduction_margin;                  /* 0 = 0.02 */
    const struct assay_judge_baseline *baseline; /* what the document is to be compared with, or NULL */
};

enum assay_judge_line {
    ASSAY_LINE_CRYPTO,
    ASSAY_LINE_RECOMPUTE,
    ASSAY_LINE_POLICY,
    ASSAY_LINE_ASSURANCE,
    ASSAY_LINE_COUNT
};

const char *assay_judge_line_text(enum assay_judge_line line); /* "CRYPTO" */

struct assay_violation {
    unsigned gate;              /* stable number of evidence.md 3.2 */
    enum assay_verdict verdict; /* FAIL or UNDECIDED */
    const char *pointer;        /* JSON pointer, or "trace.assay" with chunk and offset */
    const char *found, *expected;
};

struct assay_judgement {
    struct assay_arena arena; /* owns the texts */
    struct {
        enum assay_verdict verdict;
        const char *text;
    } lines[ASSAY_LINE_COUNT];
    const struct assay_violation *violations; /* by gate number, then pointer */
    size_t violations_count;
    size_t violations_left_out; /* beyond ASSAY_VIOLATIONS_MAX */
    enum assay_document document;
    bool is_missing;  /* no document was given */
    bool is_readable; /* the document could be parsed: a statement of a known type */
    bool is_policy_required;
    size_t policy_counts[ASSAY_VERDICT_COUNT]; /* of expectations and gates, by verdict */
    bool is_profile;         /* a legacy receipt: only the gates of its profile are required (legacy.h) */
    bool is_crypto_required; /* a trust file was given */
    bool has_head;           /* a checkpoint was good */
    bool moves_head;         /* it is to be remembered, as is trust_version: the first, or shown to continue the last */
    struct assay_checkpoint head;
    uint64_t trust_version;           /* of a good trust file, else 0 */
    struct assay_digest trust_digest; /* of its bytes */
    bool has_signer;                  /* a key of the trust file has signed well; the first of them: */
    struct assay_digest signer;
    int tier; /* -1: not even the conditions of tier 0 hold */
};

#define ASSAY_VIOLATIONS_MAX \
    4096 /* a hostile file could hold a million; nobody reads more, and memory and time are bounded */

assay_code assay_judge_verify(const struct assay_judge_input *input, struct assay_judgement **ret, assay_err *err);
void assay_judgement_free(struct assay_judgement *judgement);

/* Takes what the gates of a policy file say of this document alone into its POLICY line, which is required from then
 * on. */
assay_code assay_judgement_add_gates(struct assay_judgement *judgement, const struct assay_verdict_document *gates,
                                     assay_err *err);

/* 0 every required line passes; 1 one fails; 2 nothing fails, but something required is undecided or not measured; 3
 * malformed; 5 unreadable. Once the document parsed, 1 beats 5 beats 3 beats 2 beats 0. */
int assay_judgement_exit(const struct assay_judgement *judgement);

void assay_judgement_render(const struct assay_judgement *judgement, struct assay_buf *out);
assay_code assay_judgement_json(const struct assay_judgement *judgement, json_t **ret, assay_err *err);

/* What is built on verified receipts; these need the types above. */
#include "judge/false_fails.h"
#include "judge/gate.h"
#include "judge/legacy.h"
#include "judge/opened.h"
#include "judge/question.h"

#endif
