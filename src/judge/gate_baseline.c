/* Gate 411 over all receipts (evidence.md 3.2): what they are held against verifies, is young enough, is none of them,
 * and was made from an ancestor of their source. */
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include "base/clock.h"

#include <string.h>

#define NS_PER_DAY (UINT64_C(1000000000) * GATE_DAY_S)

static bool is_too_old(const struct gates *gates, const struct assay_opened *baseline)
{
    int64_t finished;
    const char *text = judge_text_of(assay_json_at(baseline->statement, "/predicate/attempts"), "finishedAt");
    uint64_t most_days = gates->question->policy->max_age_ns / NS_PER_DAY;
    return gates->question->policy->max_age_ns > 0 &&
           (!assay_time_read(text, &finished) || gates->question->day - finished / GATE_DAY_S > (int64_t)most_days);
}

static enum assay_ancestry told(const struct gates *gates, const struct assay_opened *baseline)
{
    const struct assay_gate_question *question = gates->question;
    for (size_t i = 0; question->ancestries && i < question->baselines_count; i++) {
        if (question->baselines[i] == baseline) {
            return question->ancestries[i];
        }
    }
    return ASSAY_ANCESTRY_UNKNOWN;
}

static struct gate_fault against_run(const struct gates *gates, const struct assay_opened *baseline,
                                     const struct assay_opened *run)
{
    if (baseline->run_id[0] && strcmp(baseline->run_id, run->run_id) == 0) {
        return (struct gate_fault){ASSAY_VERDICT_FAIL, "it is the receipt itself"};
    }
    switch (judge_ancestry(baseline->statement, run->statement, told(gates, baseline))) {
    case ASSAY_ANCESTRY_IS_NOT:
        return (struct gate_fault){ASSAY_VERDICT_FAIL, "its source is no ancestor"};
    case ASSAY_ANCESTRY_UNKNOWN:
        return (struct gate_fault){ASSAY_VERDICT_UNDECIDED, "its source is of unknown descent"};
    case ASSAY_ANCESTRY_IS:
    case ASSAY_ANCESTRY_NOT_ASKED:
    default:
        return (struct gate_fault){ASSAY_VERDICT_PASS, NULL};
    }
}

struct gate_fault gate_baseline_fault(const struct gates *gates, const struct assay_opened *baseline)
{
    struct gate_fault worst = {ASSAY_VERDICT_PASS, NULL};
    if (baseline->trust == ASSAY_TRUST_REFUSED || baseline->trust == ASSAY_TRUST_NONE) {
        return (struct gate_fault){ASSAY_VERDICT_FAIL, baseline->why};
    }
    if (baseline->trust == ASSAY_TRUST_OPEN) {
        worst = (struct gate_fault){ASSAY_VERDICT_UNDECIDED, baseline->why};
    }
    if (is_too_old(gates, baseline)) {
        return (struct gate_fault){ASSAY_VERDICT_FAIL, "older than max_age"};
    }
    for (size_t i = 0; i < gates->runs_count && worst.verdict != ASSAY_VERDICT_FAIL; i++) {
        struct gate_fault fault = against_run(gates, baseline, gates->runs[i]);
        worst = fault.verdict == ASSAY_VERDICT_FAIL || worst.verdict == ASSAY_VERDICT_PASS ? fault : worst;
    }
    return worst;
}

static bool does_look_at_baselines(const struct assay_policy *policy)
{
    for (size_t i = 0; i < policy->gates_count; i++) {
        if (policy->gates[i].kind == ASSAY_GATE_CHANGE && strcmp(policy->gates[i].versus, "baseline") == 0) {
            return true;
        }
    }
    return false;
}

void gate_baselines(struct gates *gates)
{
    struct gate_fault worst = {ASSAY_VERDICT_PASS, NULL};
    const struct assay_opened *by = NULL;
    if (gates->baselines_count == 0) {
        return;
    }
    for (size_t i = 0; i < gates->baselines_count && worst.verdict != ASSAY_VERDICT_FAIL; i++) {
        struct gate_fault fault = gate_baseline_fault(gates, gates->baselines[i]);
        if (fault.verdict == ASSAY_VERDICT_FAIL || worst.verdict == ASSAY_VERDICT_PASS) {
            worst = fault;
            by = fault.found ? gates->baselines[i] : by;
        }
    }
    struct assay_verdict_row *row = judge_draft_row(gates->draft, "baseline", "requirement");
    row->is_in_family = true;
    row->expected = "a receipt that verifies, of an ancestor, young enough, and none of those that are judged";
    row->verdict = worst.verdict;
    row->gate = worst.verdict == ASSAY_VERDICT_PASS ? 0 : GATE_BASELINE;
    row->found = judge_draft_copy(gates->draft, worst.found);
    row->element = by ? by->name : NULL;
    if (!does_look_at_baselines(gates->question->policy)) {
        judge_draft_note(gates->draft,
                         "no gate of the policy compares with a baseline: it is looked at for itself only");
    }
}
