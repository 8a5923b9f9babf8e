#include "judge/judge_room.h"

#include "stat/stat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CONFIDENCE 0.95
#define WHY_BYTES 512

/* What was measured, and how it was asked for; equal in all A/A runs. */
static bool is_same_thing(const struct assay_opened *a, const struct assay_opened *b)
{
    static const char REQUEST[] = "/predicate/protocol/requestSha256";
    return json_equal(json_object_get(a->statement, "subject"), json_object_get(b->statement, "subject")) &&
           json_equal(assay_json_at(a->statement, REQUEST), assay_json_at(b->statement, REQUEST));
}

/* ---- arms that a gate compares ---- */

static const json_t *arm_at(const struct assay_opened *run, const char *name)
{
    uint32_t index = assay_opened_arm(run, name);
    return index == UINT32_MAX
               ? NULL
               : json_array_get(assay_json_at(run->statement, "/predicate/protocol/arms"), (size_t)index);
}

/* The digest of the subject ROLE:ID, where `name` is ROLE:ANYTHING. */
static const json_t *digest_of(const json_t *subjects, const char *name, const char *id)
{
    size_t role = strcspn(name, ":") + 1, i;
    const json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const char *other = judge_text_of(subject, "name");
        if (strncmp(other, name, role) == 0 && strcmp(other + role, id) == 0) {
            return json_object_get(subject, "digest");
        }
    }
    return NULL;
}

/* What an arm has for a subject of its own, the other has with the same digest. */
static bool has_subjects_of(const json_t *subjects, const char *id, const char *other_id)
{
    size_t i;
    const json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const char *name = judge_text_of(subject, "name"), *label = strchr(name, ':');
        if (label && strcmp(label + 1, id) == 0 &&
            !json_equal(json_object_get(subject, "digest"), digest_of(subjects, name, other_id))) {
            return false;
        }
    }
    return true;
}

static bool are_equal_arms(const struct assay_opened *run, const char *arm, const char *versus)
{
    const json_t *one = arm_at(run, arm), *other = arm_at(run, versus);
    const json_t *subjects = json_object_get(run->statement, "subject");
    if (!one || !other) {
        return true; /* the gate finds nothing to compare, and says so */
    }
    const char *id = judge_text_of(one, "id"), *other_id = judge_text_of(other, "id");
    return json_equal(json_object_get(one, "argsSha256"), json_object_get(other, "argsSha256")) &&
           has_subjects_of(subjects, id, other_id) && has_subjects_of(subjects, other_id, id);
}

/* Why the fails of this run would not be false, or would not show; NULL: they are, and do. */
static const char *no_aa(const struct assay_policy *policy, const struct assay_opened *run)
{
    for (size_t i = 0; i < policy->gates_count; i++) {
        const struct assay_policy_gate *gate = &policy->gates[i];
        bool is_against_baseline = gate->versus && strcmp(gate->versus, "baseline") == 0;
        if (is_against_baseline) { /* it takes several runs a side, and here they are judged one by one */
            return "a gate of the policy compares with a baseline, of which A/A runs say nothing";
        }
        if (gate->versus && gate->arm && !are_equal_arms(run, gate->arm, gate->versus)) {
            return "the arms that a gate compares are not the same thing in the A/A runs";
        }
    }
    return NULL;
}

static bool was_given_before(const struct assay_gate_question *question, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(question->runs[i]->run_id, question->runs[index]->run_id) == 0) {
            return true;
        }
    }
    return false;
}

static assay_code does_fail(const struct assay_gate_question *question, const struct assay_opened *run,
                            struct assay_arena *arena, bool *ret, assay_err *err)
{
    struct assay_gate_question one = *question;
    struct assay_verdict_document document;
    one.runs = &run;
    one.runs_count = 1;
    *ret = false;
    assay_code rc = assay_judge_gate(&one, arena, &document, err);
    for (size_t i = 0; rc == ASSAY_OK && i < document.rows_count; i++) {
        *ret = *ret || assay_verdict_is_noisy_fail(&document.rows[i]);
    }
    return rc;
}

/* Clopper and Pearson: the rate at which so few fails or fewer are seen in 5 of 100 repetitions. */
static double upper_bound(uint64_t fails, uint64_t runs)
{
    return fails < runs ? assay_stat_beta_quantile(CONFIDENCE, (double)fails + 1, (double)(runs - fails)) : 1;
}

static const char *explain(const struct assay_false_fails *answer, const char *broken, struct assay_arena *arena)
{
    char text[WHY_BYTES];
    (void)snprintf(text, sizeof text,
                   "%" PRIu64 " false fails in %" PRIu64 " A/A runs: a rate of at most %.4g at 95 %%, "
                   "where the policy allows %.4g",
                   answer->fails, answer->runs, answer->upper, answer->alpha);
    const char *why = broken ? broken : text;
    return assay_arena_text(arena, why, strlen(why));
}

assay_code assay_judge_false_fails(const struct assay_gate_question *question, struct assay_arena *arena,
                                   struct assay_false_fails *ret, assay_err *err)
{
    struct assay_false_fails answer = {.alpha = question->policy->family_q};
    const char *broken = question->runs_count == 0 ? "no A/A runs were given" : NULL;
    const struct assay_opened *first = NULL;
    for (size_t i = 0; i < question->runs_count; i++) {
        const struct assay_opened *run = question->runs[i];
        bool is_fail = false;
        if (run->trust != ASSAY_TRUST_GOOD || was_given_before(question, i)) {
            continue;
        }
        first = first ? first : run;
        const char *why = is_same_thing(first, run) ? no_aa(question->policy, run)
                                                    : "the A/A runs are not all of one build and one request";
        broken = broken ? broken : why;
        assay_code rc = does_fail(question, run, arena, &is_fail, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        answer.runs++;
        answer.fails += is_fail;
    }
    answer.upper = upper_bound(answer.fails, answer.runs);
    answer.is_bounded = !broken && answer.upper <= answer.alpha;
    answer.why = explain(&answer, broken, arena);
    if (!answer.why) {
        return assay_nomem(err);
    }
    *ret = answer;
    return ASSAY_OK;
}
