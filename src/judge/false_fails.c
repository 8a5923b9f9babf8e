#include "judge/judge.h"

#include "stat/stat.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CONFIDENCE 0.95
#define WHY_BYTES 512

/* What was measured, and how it was asked for; equal in all A/A runs. */
static bool is_same_thing(const struct assay_opened *a, const struct assay_opened *b)
{
    static const char *const POINTERS[] = {"/subject", "/predicate/protocol/requestSha256"};
    for (size_t i = 0; i < sizeof POINTERS / sizeof POINTERS[0]; i++) {
        if (!json_equal(assay_json_at(a->statement, POINTERS[i]), assay_json_at(b->statement, POINTERS[i]))) {
            return false;
        }
    }
    return true;
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
    int len = broken ? snprintf(text, sizeof text, "%s", broken)
                     : snprintf(text, sizeof text,
                                "%" PRIu64 " false fails in %" PRIu64 " A/A runs: a rate of at most %.4g at 95 %%, "
                                "where the policy allows %.4g",
                                answer->fails, answer->runs, answer->upper, answer->alpha);
    return assay_arena_text(arena, text, len > 0 ? strlen(text) : 0);
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
        broken = is_same_thing(first, run) ? broken : "the A/A runs are not all of one build and one request";
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
