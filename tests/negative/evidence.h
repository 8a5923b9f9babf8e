/*
 * The lines of a negative file that are about keys, the trust file and the log (README.md): what a scene is given of
 * them, and how its document is signed. Keys are numbers: 1 and 2 receipt keys, 3 not in the trust file, 50 the log, 60
 * a witness, 100 and 101 root keys.
 */
#ifndef ASSAY_TESTS_NEGATIVE_EVIDENCE_H
#define ASSAY_TESTS_NEGATIVE_EVIDENCE_H

#include "judge/judge.h"
#include "support/honest_run.h"

#define KIT_ORIGIN "example.org/log"
#define KIT_SIGNERS_MAX 20

struct evidence {
    bool is_signed, has_trust, has_log, is_proof, lacks_entry, hides_earlier;
    bool has_odd_index, has_odd_leaf, has_later_head, is_rubbish; /* faults of the intent, and an entry that is none */
    unsigned signers[KIT_SIGNERS_MAX];
    size_t signers_count;
    unsigned root_signer, log_signer, intent_signer, outcome_signer;
    unsigned outcomes;         /* entries of the document: 1, or 0 and 2 as faults */
    uint64_t witness;          /* cosigns the checkpoint, if not 0 */
    uint64_t witness_s;        /* when */
    struct assay_buf cosigned; /* earlier heads, as the log keeps them */
    uint64_t documents;        /* of key 1 in the log so far */
    json_t *trust_body, *intent, *earlier;
    const char *policy_sha256;
    char source[65]; /* a subject of role source with this commit; empty: none */
    struct assay_buf trust, trust_step, entries, checkpoint, proof, growth, entry, edited_checkpoint;
    uint64_t seen_head; /* size of the remembered head of this log, its root the true one; 0: none */
    bool has_growth, has_false_growth, has_other_growth; /* from one to the other of it and the log's; of other sizes */
    struct assay_digest previous;
    struct assay_judge_bytes step;
    char commit[65];
    struct assay_judge_artefact artefact;
};

void evidence_init(struct evidence *e);
void evidence_done(struct evidence *e);

/* Whether the line is one of these; then it is done. */
bool evidence_line(struct evidence *e, const char *verb, struct assay_slice rest, const struct honest_run *run,
                   struct assay_judge_input *input);

/* What `sign` puts into the statement. */
void evidence_name_signers(const struct evidence *e, json_t *statement);
/* Facts of a logged run: for honest_options.tamper_facts, context a struct evidence. */
void evidence_facts(json_t *facts, void *context);
/* Signs these payload bytes into the envelope. */
void evidence_sign(const struct evidence *e, const char *payload, size_t len, json_t *envelope);
/* Once the payload is final: the outcome's entry, checkpoint or proof, trust file; into `input`. */
void evidence_finish(struct evidence *e, const struct honest_run *run, const char *payload, size_t len,
                     struct assay_judge_input *input);

#endif
