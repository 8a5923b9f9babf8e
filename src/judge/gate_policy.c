/* Whether this is the policy to judge by (gate 423): the one of the base branch, none older than the trust file
 * demands, and the newest that was logged. Whoever asks for a change must not bring the measure that it is judged by.
 */
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include <inttypes.h>
#include <string.h>

static void add_policy_row(struct gates *gates, const char *id, bool is_met, const char *found, const char *expected)
{
    struct assay_verdict_row *row = judge_draft_row(gates->draft, id, "requirement");
    row->is_in_family = true;
    row->expected = expected;
    row->verdict = is_met ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL;
    row->gate = is_met ? 0 : GATE_POLICY;
    row->found = is_met ? NULL : found;
}

/* A policy that the log knows by name: entries count if a receipt key of the trust file signed them. */
static bool is_entry_of(struct gates *gates, const struct assay_tlog_row *row, const struct assay_digest *name)
{
    const struct assay_trust_key *key = assay_trust_key_find(gates->question->trust, &row->signer);
    bool is_signed = false;
    if (row->kind != ASSAY_ENTRY_POLICY || !assay_digest_equal(&row->request, name) || !key ||
        key->role != ASSAY_ROLE_RECEIPT) {
        return false;
    }
    if (assay_tlog_row_is_signed_by(row, &key->public, &is_signed, gates->err) == ASSAY_NO_MEMORY) {
        gates->failed = ASSAY_NO_MEMORY;
    }
    return is_signed;
}

/* The newest that was logged under its name, if any was. */
static void check_logged(struct gates *gates)
{
    const struct assay_policy *policy = gates->question->policy;
    const struct assay_tlog_book *log = gates->question->log;
    const struct assay_tlog_row *newest = NULL;
    struct assay_digest name;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    if (!log || !gates->question->trust) {
        return;
    }
    assay_sha256_of(policy->name, strlen(policy->name), &name);
    for (size_t i = 0; i < log->count; i++) {
        if (is_entry_of(gates, &log->rows[i], &name) && (!newest || log->rows[i].version >= newest->version)) {
            newest = &log->rows[i];
        }
    }
    if (newest) {
        assay_digest_print(&newest->content, text);
        add_policy_row(gates, "policy.logged", strcmp(text, policy->sha256) == 0,
                       judge_draft_text(gates->draft, "version %" PRIu64 ", %.64s", policy->version, policy->sha256),
                       judge_draft_text(gates->draft,
                                        "the newest that was logged under this name, version %" PRIu64 ", %.64s",
                                        newest->version, text));
    }
}

void gate_policy(struct gates *gates)
{
    const struct assay_gate_question *question = gates->question;
    const struct assay_policy *policy = question->policy;
    if (question->base_sha256) {
        add_policy_row(gates, "policy.base", strcmp(question->base_sha256, policy->sha256) == 0, "another policy",
                       "the policy of the base branch");
    }
    if (question->version_min > 0) {
        add_policy_row(gates, "policy.version", policy->version >= question->version_min,
                       judge_draft_text(gates->draft, "version %" PRIu64, policy->version),
                       judge_draft_text(gates->draft, "version %" PRIu64 " or later", question->version_min));
    }
    check_logged(gates);
}
