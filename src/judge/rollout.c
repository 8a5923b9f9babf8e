/* Staged roll-out (statistics.md 4.4): promote, hold or roll back. The state stands in the verdict, so that it replays.
 */
#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include <math.h>
#include <string.h>

#define ALPHA 0.05   /* of all looks of all stages together */
#define CANARY_ARM 1 /* arm b; arm a is what runs already */
#define DAY_NS (UINT64_C(86400) * 1000000000)
static const char *const METRICS[] = {"service", "ttft_p50", "e2e_p50"}; /* the first that the receipt carries */

static const char EARLIER[] = "earlier receipt"; /* among the inputs: what the looks before were made from */

static const char PROMOTE[] = "promote", HOLD[] = "hold", ROLLBACK[] = "rollback";

struct look {
    struct gates *gates;
    const struct assay_policy_rollout *policy;
    struct assay_rollout state;
    bool is_canary_good, is_canary_bad, has_pairs;
    const char *failed_guard, *open_guard;
    const char *unfit; /* a receipt of this look that nothing can be taken from */
};

/* Canary against stable, in the first metric that has pairs of them. */
static assay_code pairs_of(struct look *look, const struct assay_opened *run, struct assay_paired_query *ret_query,
                           struct assay_pairs *ret)
{
    for (size_t i = 0; i < sizeof METRICS / sizeof METRICS[0]; i++) {
        assay_err unread = {0};
        *ret_query = (struct assay_paired_query){.metric = METRICS[i], .base = 0, .other = CANARY_ARM};
        assay_code rc = assay_paired_of(run->plan, run->trace, ret_query, look->gates->draft->arena, ret, &unread);
        if (rc == ASSAY_OK && ret->count > 0) {
            return ASSAY_OK;
        }
        if (rc == ASSAY_NO_MEMORY) {
            return assay_nomem(look->gates->err);
        }
    }
    return ASSAY_UNDECIDED;
}

static bool is_paired_run(const struct assay_opened *run)
{
    return run->trust == ASSAY_TRUST_GOOD && run->plan->load.mode == ASSAY_LOAD_PAIRED && run->plan->arms_count > 1;
}

/* One receipt of the look: the canary is good if it is in all of them, and bad if it is in one. */
static void compare_one(struct look *look, const struct assay_opened *run, double alpha)
{
    struct gates *gates = look->gates;
    struct assay_paired_query query;
    struct assay_pairs pairs = {0};
    assay_code rc = pairs_of(look, run, &query, &pairs);
    if (rc != ASSAY_OK) {
        gates->failed = rc == ASSAY_UNDECIDED ? gates->failed : rc;
        look->is_canary_good = false;
        return;
    }
    const struct assay_outcome_rule rule = {.alpha = alpha,
                                            .family = alpha,
                                            .margin = look->policy->promote_margin,
                                            .level = ASSAY_LEVEL_GATE,
                                            .may_stop_early = pairs.may_stop_early};
    struct assay_outcome outcome = assay_outcome_of_pairs(pairs.ratios, pairs.count, &rule, gates->draft->arena);
    const char *absent = judge_draft_ratio_absent(gates->draft, run, &query, &pairs);
    bool is_decidable = outcome.has_interval && !absent;
    look->has_pairs |= is_decidable;
    look->is_canary_good &= is_decidable && outcome.tost_upper < 1 + look->policy->promote_margin;
    look->is_canary_bad |= is_decidable && outcome.lower > 1 + look->policy->rollback_margin;
    struct assay_verdict_row *row = judge_draft_row(gates->draft, "canary", "comparison");
    judge_draft_outcome(row, &outcome);
    row->metric = query.metric;
    row->arm = run->plan->arms[CANARY_ARM].id;
    row->versus = run->plan->arms[0].id;
    row->word = assay_word_text(outcome.word);
    row->reason = absent ? absent : row->reason;
    row->element = run->name;
}

/* Canary against stable on the look's own samples, at alpha / (looks * stages), shared by the look's receipts. */
static void compare(struct look *look)
{
    const struct gates *gates = look->gates;
    double alpha = ALPHA / ((double)look->policy->looks * (double)look->policy->stages_count);
    size_t count = 0;
    for (size_t i = 0; i < gates->question->runs_count; i++) {
        look->unfit =
            gates->question->runs[i]->trust == ASSAY_TRUST_GOOD ? look->unfit : gates->question->runs[i]->name;
    }
    for (size_t i = 0; i < gates->runs_count; i++) {
        count += is_paired_run(gates->runs[i]);
    }
    look->is_canary_good = count > 0;
    for (size_t i = 0; i < gates->runs_count; i++) {
        if (is_paired_run(gates->runs[i])) {
            compare_one(look, gates->runs[i], alpha / (double)count);
        }
    }
}

static const struct assay_verdict_row *row_of(const struct verdict_draft *draft, const char *id)
{
    for (size_t i = 0; i < draft->rows_count; i++) {
        if (draft->rows[i].id && strcmp(draft->rows[i].id, id) == 0 && strcmp(draft->rows[i].kind, "receipt") != 0) {
            return &draft->rows[i];
        }
    }
    return NULL;
}

static void ask_guards(struct look *look)
{
    for (size_t i = 0; i < look->policy->guards.count; i++) {
        const struct assay_verdict_row *row = row_of(look->gates->draft, look->policy->guards.words[i]);
        enum assay_verdict verdict = row ? row->verdict : ASSAY_VERDICT_NOT_MEASURED;
        if (verdict == ASSAY_VERDICT_FAIL) {
            look->failed_guard = look->policy->guards.words[i];
        } else if (verdict != ASSAY_VERDICT_PASS) {
            look->open_guard = look->policy->guards.words[i];
        }
    }
}

/* New samples every look: a receipt that one of the looks before was made from proves nothing again. */
static const char *repeated_receipt(const struct look *look)
{
    const struct assay_verdict_document *previous = look->gates->question->previous;
    for (size_t i = 0; previous && i < previous->inputs_count; i++) {
        const struct assay_verdict_input *input = &previous->inputs[i];
        for (size_t r = 0; r < look->gates->runs_count; r++) {
            if (input->sha256 && strcmp(input->sha256, look->gates->runs[r]->sha256) == 0) {
                return look->gates->runs[r]->name;
            }
        }
    }
    return NULL;
}

/* The verdict keeps them all, so that the next look knows them too. */
static void keep_inputs(struct look *look)
{
    const struct assay_verdict_document *previous = look->gates->question->previous;
    for (size_t i = 0; previous && i < previous->inputs_count; i++) {
        const struct assay_verdict_input *input = &previous->inputs[i];
        bool is_receipt =
            input->document && (strcmp(input->document, "receipt") == 0 || strcmp(input->document, EARLIER) == 0);
        if (is_receipt && input->sha256) {
            judge_draft_input(look->gates->draft, input->name, input->sha256, EARLIER);
        }
    }
}

static bool is_cooling(const struct look *look, int64_t *ret_day)
{
    const struct assay_rollout *before =
        look->gates->question->previous ? &look->gates->question->previous->rollout : NULL;
    return before && before->is_given && before->not_before && assay_day_read(before->not_before, ret_day) &&
           look->gates->question->day < *ret_day;
}

static void conclude(struct look *look, const char *decision, const char *reason)
{
    look->state.decision = decision;
    look->state.reason = reason;
}

static void roll_back(struct look *look, const char *reason)
{
    char day[11];
    int64_t days = (int64_t)((look->policy->cooldown_ns + DAY_NS - 1) / DAY_NS);
    conclude(look, ROLLBACK, reason);
    assay_day_print(look->gates->question->day + days, day);
    look->state.stage = look->state.looks = look->state.streak = look->state.holds = 0;
    look->state.not_before = days > 0 ? judge_draft_text(look->gates->draft, "%s", day) : NULL;
}

static void promote_or_hold(struct look *look)
{
    struct assay_rollout *state = &look->state;
    bool is_good = look->is_canary_good && !look->open_guard && !look->unfit;
    if (is_good) {
        state->streak++;
        state->holds = 0;
    } else {
        state->streak = 0;
        state->holds++;
    }
    if (state->streak >= look->policy->promote_after) {
        bool is_last = state->stage + 1 >= look->policy->stages_count;
        conclude(look, PROMOTE, is_last ? "the last stage is kept" : "to the next stage");
        state->stage += is_last ? 0 : 1;
        state->looks = state->streak = state->holds = 0;
    } else if (state->holds >= look->policy->max_holds) {
        roll_back(look, "too many holds in a row");
    } else if (state->looks >= look->policy->looks) {
        roll_back(look, "the looks of this stage are used up");
    } else {
        conclude(look, HOLD,
                 is_good            ? "good, and not often enough in a row"
                 : look->unfit      ? judge_draft_text(look->gates->draft, "'%.200s' decides nothing", look->unfit)
                 : look->open_guard ? judge_draft_text(look->gates->draft, "guard %s is open", look->open_guard)
                 : look->has_pairs  ? "the canary is neither shown good nor bad"
                                    : "no paired receipt of canary and stable");
    }
}

static void decide(struct look *look)
{
    int64_t day = 0;
    const char *repeated = repeated_receipt(look);
    if (is_cooling(look, &day)) {
        conclude(look, HOLD, "cooling down after a rollback");
        look->state.not_before = look->gates->question->previous->rollout.not_before;
        return;
    }
    if (repeated) {
        conclude(look, HOLD, judge_draft_text(look->gates->draft, "'%.100s' was judged before", repeated));
        return;
    }
    look->state.looks++;
    if (look->failed_guard) {
        roll_back(look, judge_draft_text(look->gates->draft, "guard %s fails", look->failed_guard));
    } else if (look->is_canary_bad) {
        roll_back(look, "the canary is slower than rollback_margin allows");
    } else {
        promote_or_hold(look);
    }
}

/* The state before is read from the verdict before: of this policy, by its bytes, or it is another roll-out. */
static void take_state(struct look *look)
{
    const struct assay_verdict_document *previous = look->gates->question->previous;
    look->state = (struct assay_rollout){.is_given = true};
    if (!previous || !previous->rollout.is_given) {
        return;
    }
    if (!previous->policy_sha256 || strcmp(previous->policy_sha256, look->gates->question->policy->sha256) != 0) {
        judge_draft_note(look->gates->draft, "the verdict before was of another policy: the roll-out starts anew");
        return;
    }
    look->state.stage = previous->rollout.stage;
    look->state.looks = previous->rollout.looks;
    look->state.streak = previous->rollout.streak;
    look->state.holds = previous->rollout.holds;
    if (look->state.stage >= look->policy->stages_count) {
        look->state.stage = (unsigned)look->policy->stages_count - 1;
    }
}

void gate_rollout(struct gates *gates, struct assay_verdict_document *document)
{
    const struct assay_policy_rollout *policy = &gates->question->policy->rollout;
    struct look look = {.gates = gates, .policy = policy};
    if (!policy->is_given) {
        document->rollout =
            (struct assay_rollout){.is_given = true, .decision = HOLD, .reason = "the policy has no roll-out"};
        return;
    }
    take_state(&look);
    compare(&look);
    ask_guards(&look);
    decide(&look);
    keep_inputs(&look);
    document->rollout = look.state;
}

assay_code assay_rollout_code(const struct assay_verdict_document *document)
{
    const char *decision = document->rollout.decision ? document->rollout.decision : HOLD;
    return strcmp(decision, PROMOTE) == 0    ? ASSAY_OK
           : strcmp(decision, ROLLBACK) == 0 ? ASSAY_WANTING
                                             : ASSAY_UNDECIDED;
}
