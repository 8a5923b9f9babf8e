#include "judge/judge_room.h"

#include "base/mem.h"

#include <assert.h>

/* All texts of a judgement: ASSAY_VIOLATIONS_MAX violations of three texts with escapes, and the four lines. */
#define ARENA_BYTES_MAX ((size_t)32 << 20)

/* In this order: what follows asks what was found before. Only memory stops the work. */
static void run_gates(struct judge *judge)
{
    static void (*const STEPS[])(struct judge *) = {judge_fields,   judge_recompute,   judge_sanity, judge_kernels,
                                                    judge_binding,  judge_trust,       judge_log,    judge_keys,
                                                    judge_baseline, judge_reproduction};
    judge_read(judge);
    for (size_t i = 0; judge->out->is_readable && i < sizeof STEPS / sizeof STEPS[0] && !judge->is_out_of_memory; i++) {
        STEPS[i](judge);
    }
    judge_lines(judge);
}

static void judge_done(struct judge *judge)
{
    json_decref(judge->envelope);
    json_decref(judge->statement);
    json_decref(judge->is_derived ? judge->derived.statement : NULL);
    assay_buf_done(&judge->payload);
    assay_free(judge->list);
    assay_trust_free(judge->trust_owned);
}

assay_code assay_judge_verify(const struct assay_judge_input *input, struct assay_judgement **ret, assay_err *err)
{
    assert(input && ret);
    struct judge judge = {.input = input};
    judge.out = assay_alloc(1, sizeof *judge.out);
    if (!judge.out) {
        return assay_nomem(err);
    }
    assay_arena_init(&judge.out->arena, ARENA_BYTES_MAX);
    run_gates(&judge);
    assay_code rc = judge_finish_violations(&judge, err);
    if (rc == ASSAY_OK) {
        *ret = judge.out;
        judge.out = NULL;
    }
    judge_done(&judge);
    assay_judgement_free(judge.out);
    return rc;
}

void assay_judgement_free(struct assay_judgement *judgement)
{
    if (judgement) {
        assay_arena_done(&judgement->arena);
        assay_free(judgement);
    }
}

static bool has_violation(const struct assay_judgement *judgement, unsigned first, unsigned last,
                          enum assay_verdict verdict)
{
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        if (violation->gate >= first && violation->gate <= last && violation->verdict == verdict) {
            return true;
        }
    }
    return false;
}

/* Of a profile only its own gates are required; 800 says that there is nothing to judge. */
static int profile_exit(const struct assay_judgement *judgement)
{
    if (has_violation(judgement, GATE_LEGACY_READ, GATE_LEGACY_READ, ASSAY_VERDICT_FAIL) ||
        has_violation(judgement, GATE_CAP, GATE_CAP, ASSAY_VERDICT_FAIL)) {
        return assay_code_exit(ASSAY_MALFORMED);
    }
    return assay_code_exit(judgement->violations_count > 0 ? ASSAY_WANTING : ASSAY_OK);
}

int assay_judgement_exit(const struct assay_judgement *judgement)
{
    const bool is_gate_failed =
        judgement->is_policy_required && judgement->lines[ASSAY_LINE_POLICY].verdict == ASSAY_VERDICT_FAIL;
    const bool is_wanting = is_gate_failed || has_violation(judgement, 201, 599, ASSAY_VERDICT_FAIL);
    const bool is_malformed = has_violation(judgement, 101, 199, ASSAY_VERDICT_FAIL);
    if (judgement->is_missing) {
        return assay_code_exit(ASSAY_NOT_FOUND);
    }
    if (judgement->is_profile) {
        return profile_exit(judgement);
    }
    if (judgement->is_readable && is_wanting) {
        return assay_code_exit(ASSAY_WANTING);
    }
    if (is_malformed) {
        return assay_code_exit(ASSAY_MALFORMED);
    }
    bool is_decided = judgement->document == ASSAY_DOCUMENT_RECEIPT && /* others exit 2 at best */
                      judgement->lines[ASSAY_LINE_RECOMPUTE].verdict == ASSAY_VERDICT_PASS &&
                      !has_violation(judgement, 101, 599, ASSAY_VERDICT_UNDECIDED);
    if (judgement->is_crypto_required) {
        is_decided = is_decided && judgement->lines[ASSAY_LINE_CRYPTO].verdict == ASSAY_VERDICT_PASS;
    }
    if (judgement->is_policy_required) {
        is_decided = is_decided && judgement->lines[ASSAY_LINE_POLICY].verdict == ASSAY_VERDICT_PASS;
    }
    return assay_code_exit(is_decided ? ASSAY_OK : ASSAY_UNDECIDED);
}
