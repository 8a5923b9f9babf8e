#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/text.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define AHEAD_S_MAX 300 /* gate 406: clocks of two machines may differ by minutes */

/* ---- expectations ---- */

static const json_t *at(const struct judge *judge, const char *pointer)
{
    return assay_json_at(judge->statement, pointer);
}

/* One thing that was asked for; a field that was refused says nothing. */
void judge_expect(struct judge *judge, bool is_met, enum gate gate, const char *pointer, const char *expected)
{
    judge->expectations++;
    if (!is_met) {
        judge->expectations_failed++;
        judge_fail(judge, gate, pointer, at(judge, pointer), expected);
    }
}

static void expect_nonce(struct judge *judge)
{
    static const char PLACE[] = "/predicate/attempts/nonce";
    const char *found = json_string_value(at(judge, PLACE));
    judge_expect(judge, found && strcmp(found, judge->input->nonce) == 0, GATE_NONCE, PLACE, judge->input->nonce);
}

static void expect_age(struct judge *judge)
{
    static const char PLACE[] = "/predicate/attempts/finishedAt";
    const char *finished = json_string_value(at(judge, PLACE));
    int64_t seconds = 0;
    char expected[64];
    bool is_read = finished && assay_time_read(finished, &seconds);
    uint64_t now_s = judge->input->now_real_ns / ASSAY_NS_PER_S;
    bool is_young = is_read && (uint64_t)seconds + judge->input->max_age_ns / ASSAY_NS_PER_S >= now_s;
    (void)snprintf(expected, sizeof expected, "at most %llu s before now",
                   (unsigned long long)(judge->input->max_age_ns / ASSAY_NS_PER_S));
    judge_expect(judge, is_young, GATE_AGE, PLACE, expected);
}

static void expect_default_policy(struct judge *judge)
{
    static const char BUILD[] = "/predicate/environment/build/";
    char place[ASSAY_JSON_POINTER_BYTES];
    const char *path = json_string_value(at(judge, "/predicate/protocol/computePath"));
    const json_t *build = at(judge, "/predicate/environment/build");
    const json_t *sanitizers = json_object_get(build, "sanitizers"), *optimize = json_object_get(build, "optimize");
    const struct {
        const char *member;
        enum gate gate;
        bool is_met;
        const char *expected;
    } rows[] = {
        {"dirty", GATE_DIRTY, json_is_false(json_object_get(build, "dirty")), "false"},
        {"sanitizers", GATE_BUILD, json_is_array(sanitizers) && json_array_size(sanitizers) == 0, "no sanitizer"},
        {"coverage", GATE_BUILD, json_is_false(json_object_get(build, "coverage")), "false"},
        {"optimize", GATE_BUILD, json_is_integer(optimize) && json_integer_value(optimize) >= 2, "2 or more"},
    };
    judge_expect(judge, path && strcmp(path, "real") == 0, GATE_PATH_POLICY, "/predicate/protocol/computePath",
                 "\"real\"");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(place, sizeof place, "%s%s", BUILD, rows[i].member);
        judge_expect(judge, rows[i].is_met, rows[i].gate, place, rows[i].expected);
    }
    /* the sanity gates have added their own violations */
    judge->expectations++;
    judge->expectations_failed += judge_has(judge, GATE_IMPOSSIBLE, GATE_INVALID - 1, ASSAY_VERDICT_FAIL) ? 1 : 0;
}

/* ---- what is always looked at ---- */

static void check_dates(struct judge *judge)
{
    static const char STARTED[] = "/predicate/attempts/startedAt", FINISHED[] = "/predicate/attempts/finishedAt";
    const char *started = json_string_value(at(judge, STARTED)), *finished = json_string_value(at(judge, FINISHED));
    int64_t start = 0;
    int64_t finish = 0;
    bool has_start = started && assay_time_read(started, &start);
    bool has_finish = finished && assay_time_read(finished, &finish);
    int64_t latest = (int64_t)(judge->input->now_real_ns / ASSAY_NS_PER_S) + AHEAD_S_MAX;
    if (has_start && has_finish && finish < start) {
        judge_fail(judge, GATE_DATE, FINISHED, at(judge, FINISHED), "a time not before startedAt");
    } else if (has_finish && finish > latest) {
        judge_fail(judge, GATE_DATE, FINISHED, at(judge, FINISHED), "a time at most 300 s ahead of now");
    } else if (has_start && start > latest) {
        judge_fail(judge, GATE_DATE, STARTED, at(judge, STARTED), "a time at most 300 s ahead of now");
    }
}

/* Subjects of role endpoint are the digest of identity.json. */
static void check_identity(struct judge *judge)
{
    const json_t *subjects = json_object_get(judge->statement, "subject");
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES], place[64];
    if (judge->input->identity.data) {
        assay_sha256_of(judge->input->identity.data, judge->input->identity.len, &digest);
        assay_digest_print(&digest, text);
    }
    size_t i;
    const json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const char *name = json_string_value(json_object_get(subject, "name"));
        const json_t *stated = json_object_get(json_object_get(subject, "digest"), "sha256");
        if (!name || !assay_text_starts(name, "endpoint:") || !json_is_string(stated)) {
            continue;
        }
        if (!judge->input->identity.data) {
            judge_add(judge, GATE_NOT_GIVEN, ASSAY_VERDICT_UNDECIDED, "identity.json", NULL,
                      "the file whose digest the subject is");
        } else if (strcmp(text, json_string_value(stated)) != 0) {
            (void)snprintf(place, sizeof place, "/subject/%zu/digest/sha256", i);
            judge_fail(judge, GATE_ARTEFACT, place, stated, text);
        }
    }
}

/* A file that was handed over is a subject, or it is not what was measured. */
static void check_artefact(struct judge *judge, const struct assay_judge_artefact *artefact)
{
    const json_t *subjects = json_object_get(judge->statement, "subject");
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_digest_print(&artefact->digest, text);
    size_t i;
    const json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const json_t *digest = json_object_get(subject, "digest");
        if (strcmp(judge_text_of(digest, "sha256"), text) == 0) {
            return;
        }
    }
    struct assay_buf found;
    assay_buf_init(&found, 4096 + ASSAY_DIGEST_TEXT_BYTES); /* a path and a digest */
    assay_buf_printf(&found, "sha256 %s of '%.1024s'", text, artefact->name);
    judge_add(judge, GATE_ARTEFACT, ASSAY_VERDICT_FAIL, "/subject", found.data, "the digest of a subject");
    assay_buf_done(&found);
}

static void expect_commit(struct judge *judge)
{
    const json_t *subjects = json_object_get(judge->statement, "subject");
    size_t i;
    const json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const json_t *digest = json_object_get(subject, "digest");
        const char *commit = json_string_value(json_object_get(digest, "gitCommit"));
        if (commit) {
            char place[64];
            (void)snprintf(place, sizeof place, "/subject/%zu/digest/gitCommit", i);
            judge_expect(judge, strcmp(commit, judge->input->commit) == 0, GATE_COMMIT, place, judge->input->commit);
            return;
        }
    }
    judge_expect(judge, false, GATE_COMMIT, "/subject", judge->input->commit);
}

/* The set of keyids is that of tier.signers (strict); whether the signatures are good is for keys to say. */
static void check_signers(struct judge *judge)
{
    const json_t *signatures = json_object_get(judge->envelope, "signatures");
    const json_t *signers = at(judge, "/predicate/tier/signers");
    size_t count = json_array_size(signatures);
    char place[64];
    if (judge->input->is_interop || !json_is_array(signers) || judge_is_refused(judge, "/predicate/tier/signers") ||
        !json_is_array(signatures) || judge_is_refused(judge, "/signatures") ||
        judge_has(judge, GATE_KEYID, GATE_KEYID, ASSAY_VERDICT_FAIL)) {
        return;
    }
    if (count != json_array_size(signers)) {
        (void)snprintf(place, sizeof place, "%zu keys, as many as signatures", count);
        judge_fail(judge, GATE_SIGNERS, "/predicate/tier/signers", signers, place);
        return;
    }
    size_t i;
    const json_t *signature;
    json_array_foreach(signatures, i, signature)
    {
        const json_t *keyid = json_object_get(signature, "keyid");
        const json_t *signer = json_array_get(signers, i); /* both lists are sorted */
        if (json_is_string(keyid) && json_is_string(signer) && !json_equal(keyid, signer)) {
            (void)snprintf(place, sizeof place, "/predicate/tier/signers/%zu", i);
            judge_differ(judge, GATE_SIGNERS, place, signer, keyid);
        }
    }
}

/* A seed that is said to come from challenge or log is the one that they give; with an intent the log is needed for
 * that (verify_log.c). */
static void check_choices(struct judge *judge)
{
    static const char PLACE[] = "/predicate/protocol/seed";
    const char *source = json_string_value(at(judge, "/predicate/protocol/seedSource"));
    const char *seed = json_string_value(at(judge, PLACE));
    const char *nonce = json_string_value(at(judge, "/predicate/attempts/nonce"));
    const char *commit = json_string_value(at(judge, "/predicate/environment/build/commit"));
    char expected[64];
    if (!source || !seed || strcmp(source, "fixed") == 0 || at(judge, "/predicate/attempts/intent/leaf")) {
        return;
    }
    uint64_t due = assay_choice_seed(nonce ? nonce : "", commit ? commit : "", NULL);
    (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)due);
    bool is_due = strcmp(source, "challenge") == 0 && nonce && strcmp(seed, expected) == 0;
    if (!is_due) {
        judge_add(judge, GATE_CHOICES, ASSAY_VERDICT_FAIL, PLACE, seed,
                  strcmp(source, "challenge") != 0 ? "a seed of a logged run" : expected);
    }
}

void judge_binding(struct judge *judge)
{
    check_choices(judge);
    check_dates(judge);
    check_identity(judge);
    check_signers(judge);
    if (judge->input->nonce) {
        expect_nonce(judge);
    }
    if (judge->input->max_age_ns > 0) {
        expect_age(judge);
    }
    if (judge->input->wants_default_policy) {
        expect_default_policy(judge);
    }
    if (judge->input->commit) {
        expect_commit(judge);
    }
    if (judge->input->provenance.data) {
        judge_provenance(judge);
    }
    for (size_t i = 0; i < judge->input->artefacts_count; i++) {
        check_artefact(judge, &judge->input->artefacts[i]);
    }
}
