#include "judge/judge_room.h"

#include "base/clock.h"

#include <stdio.h>

/* The trust file (evidence.md 2.4): its own signatures, its place after what was seen before, and at the end its
 * date. */

static const char TRUST[] = "trust file";

static void refuse_trust(struct judge *judge, const char *found, const char *expected)
{
    judge_add(judge, GATE_TRUST, ASSAY_VERDICT_FAIL, TRUST, found, expected);
    assay_trust_free(judge->trust_owned);
    judge->trust = judge->trust_owned = NULL;
}

/* What is remembered of this file: a version goes up, and one version has one content. */
static bool goes_back(struct judge *judge)
{
    const struct assay_judge_memory *memory = &judge->input->memory;
    char found[64], expected[64];
    bool is_older = judge->trust->version < memory->trust_version;
    bool is_other = judge->trust->version == memory->trust_version &&
                    !assay_digest_equal(&judge->out->trust_digest, &memory->trust_digest);
    if (memory->trust_version == 0 || (!is_older && !is_other)) {
        return false;
    }
    (void)snprintf(found, sizeof found, "version %llu%s", (unsigned long long)judge->trust->version,
                   is_other ? " with another content" : "");
    (void)snprintf(expected, sizeof expected, "version %llu, as seen before, or later",
                   (unsigned long long)memory->trust_version);
    refuse_trust(judge, found, expected);
    return true;
}

/* From the remembered version to this one, each step agreed to by the root keys of both sides. */
static assay_code walk_steps(struct judge *judge, assay_err *err)
{
    const struct assay_judge_memory *memory = &judge->input->memory;
    struct assay_trust *old = NULL;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < memory->trust_steps_count && rc == ASSAY_OK; i++) {
        struct assay_trust *step = NULL;
        struct assay_digest digest;
        assay_sha256_of(memory->trust_steps[i].data, memory->trust_steps[i].len, &digest);
        rc = assay_trust_read(memory->trust_steps[i].data, memory->trust_steps[i].len, &step, err);
        if (rc == ASSAY_OK && i == 0 && !assay_digest_equal(&digest, &memory->trust_digest)) {
            rc = assay_fail(err, ASSAY_WANTING, "the oldest step is not the version seen before");
        }
        rc = rc == ASSAY_OK && old ? assay_trust_follows(old, step, err) : rc;
        assay_trust_free(old);
        old = step;
    }
    rc = rc == ASSAY_OK ? assay_trust_follows(old, judge->trust, err) : rc;
    assay_trust_free(old);
    return rc;
}

static bool is_rotated_well(struct judge *judge)
{
    const struct assay_judge_memory *memory = &judge->input->memory;
    uint64_t steps = judge->trust->version - memory->trust_version;
    assay_err err = {0};
    if (memory->trust_version == 0 || steps == 0) {
        return true;
    }
    if (memory->trust_steps_count != steps || steps > ASSAY_TRUST_STEPS_MAX) {
        char found[96], expected[96];
        (void)snprintf(found, sizeof found, "version %llu without the steps to it",
                       (unsigned long long)judge->trust->version);
        (void)snprintf(expected, sizeof expected, "the versions from %llu on beside it, at most %d",
                       (unsigned long long)memory->trust_version, ASSAY_TRUST_STEPS_MAX);
        refuse_trust(judge, found, expected);
        return false;
    }
    if (walk_steps(judge, &err) != ASSAY_OK) {
        refuse_trust(judge, err.message, "each version signed by the root keys of the one before");
        return false;
    }
    return true;
}

/* False: no trust file that could be looked at further. */
static bool read_trust(struct judge *judge)
{
    assay_err err = {0};
    struct assay_judge_bytes file = judge->input->trust;
    assay_code rc = ASSAY_OK;
    if (judge->input->trust_read) {
        judge->trust = judge->input->trust_read;
    } else {
        rc = file.len > 0 ? assay_trust_read(file.data, file.len, &judge->trust_owned, &err)
                          : assay_fail(&err, ASSAY_MALFORMED, "an empty file");
        judge->trust = judge->trust_owned;
    }
    if (rc == ASSAY_NO_MEMORY) {
        judge->is_out_of_memory = true;
    } else if (rc != ASSAY_OK) {
        judge_add_err(judge, GATE_TRUST, TRUST, &err);
    }
    return rc == ASSAY_OK;
}

void judge_trust(struct judge *judge)
{
    int64_t now_s = (int64_t)(judge->input->now_real_ns / ASSAY_NS_PER_S);
    if (!judge->input->trust.data) {
        return;
    }
    judge->out->is_crypto_required = true;
    if (!read_trust(judge)) {
        return;
    }
    judge->out->trust_digest = judge->trust->digest;
    if (goes_back(judge) || !is_rotated_well(judge)) {
        return;
    }
    if (judge->trust->expires_s < now_s) { /* last, on the final version */
        char found[64];
        (void)snprintf(found, sizeof found, "expired %lld s ago", (long long)(now_s - judge->trust->expires_s));
        refuse_trust(judge, found, "a trust file that has not expired");
        return;
    }
    judge->out->trust_version = judge->trust->version;
}
