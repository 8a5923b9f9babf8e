#include "judge/gate_room.h"
#include "judge/judge_room.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum gate_number { NUMBER_FAILED = 501, NUMBER_MISSING, NUMBER_SET, NUMBER_UNDECIDED, NUMBER_NOT_MEASURED };

static const struct gate_kind *const KINDS[ASSAY_GATE_KIND_COUNT] = {
    [ASSAY_GATE_SPEEDUP] = &gate_speedup, [ASSAY_GATE_BUDGET] = &gate_budget,
    [ASSAY_GATE_PARITY] = &gate_parity,   [ASSAY_GATE_STABILITY] = &gate_stability,
    [ASSAY_GATE_CHANGE] = &gate_change,   [ASSAY_GATE_SUCCESS_RATE] = &gate_success_rate,
    [ASSAY_GATE_COST] = &gate_cost};

/* ---- what kinds call -------------------------------------------------------------------------------------------- */

void gate_settle(struct gate_case *it, enum assay_verdict verdict, const char *reason)
{
    it->is_settled = true;
    it->row.verdict = verdict;
    it->row.reason = reason;
}

__attribute__((format(printf, 2, 0))) static const char *vreason(struct gate_case *it, const char *format, va_list args)
{
    char text[512];
    (void)vsnprintf(text, sizeof text, format, args);
    return judge_draft_text(it->gates->draft, "%s", text);
}

void gate_missing(struct gate_case *it, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gate_settle(it, ASSAY_VERDICT_FAIL, vreason(it, format, args));
    va_end(args);
    it->row.is_missing = true;
}

void gate_not_measured(struct gate_case *it, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gate_settle(it, ASSAY_VERDICT_NOT_MEASURED, vreason(it, format, args));
    va_end(args);
}

void gate_broken(struct gate_case *it, assay_code rc)
{
    if (it->gates->failed == ASSAY_OK) {
        it->gates->failed = rc;
    }
    gate_settle(it, ASSAY_VERDICT_NOT_MEASURED, "it could not be computed");
}

const char *gate_open_reason(bool is_beyond)
{
    return is_beyond ? "beyond the limit, but not at the level of all gates" : "the interval holds the limit";
}

struct assay_judge_bytes gate_file(const struct gates *gates, const char *path)
{
    for (size_t i = 0; i < gates->question->files_count; i++) {
        if (strcmp(gates->question->files[i].path, path) == 0) {
            return gates->question->files[i].bytes;
        }
    }
    return (struct assay_judge_bytes){0};
}

void gate_carriers(struct gate_case *it, const char *name)
{
    size_t most = 0;
    for (size_t i = 0; i < it->runs_count; i++) {
        most += json_array_size(assay_json_at(it->runs[i]->statement, "/predicate/protocol/arms"));
    }
    it->carriers = assay_arena_take(it->gates->draft->arena, most, sizeof *it->carriers);
    if (!it->carriers) {
        gate_broken(it, assay_nomem(it->gates->err));
        return;
    }
    for (size_t i = 0; i < it->runs_count; i++) {
        const struct assay_opened *run = it->runs[i];
        size_t arms = json_array_size(assay_json_at(run->statement, "/predicate/protocol/arms"));
        uint32_t wanted = it->gate->arm ? assay_opened_arm(run, it->gate->arm) : UINT32_MAX;
        for (uint32_t arm = 0; arm < arms; arm++) {
            const json_t *metric = assay_opened_metric(run, arm, name);
            if (metric && (!it->gate->arm || arm == wanted)) {
                it->carriers[it->carriers_count++] = (struct gate_carrier){.run = run, .arm = arm, .metric = metric};
            }
        }
    }
    if (it->carriers_count == 0 && !it->is_settled) {
        gate_missing(it, "no receipt carries %s%s%s", name, it->gate->arm ? " of arm " : "",
                     it->gate->arm ? it->gate->arm : "");
    }
}

bool gate_absent(struct gate_case *it, const struct gate_carrier *carrier)
{
    double value;
    if (assay_opened_value(carrier->metric, &value)) {
        return false;
    }
    const char *why = assay_opened_absent(carrier->metric);
    it->row.element = carrier->run->name;
    if (strcmp(why, "not finite") == 0) {
        gate_settle(it, ASSAY_VERDICT_FAIL, "the quantile falls among failed or timed-out samples");
    } else if (strcmp(why, "censored") == 0) {
        gate_settle(it, ASSAY_VERDICT_UNDECIDED, "the quantile falls among cancelled or in-flight samples");
    } else {
        gate_not_measured(it, "%s", why[0] ? why : "no value");
    }
    return true;
}

bool gate_is_unsettled(const struct assay_opened *run, uint32_t arm)
{
    const json_t *checks = assay_json_at(run->statement, "/predicate/checks");
    char of_arm[32];
    (void)snprintf(of_arm, sizeof of_arm, "steady-state-%s", run->plan->arms[arm].id);
    size_t i;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        const char *id = judge_text_of(check, "id");
        bool is_about = assay_text_starts(judge_text_of(check, "rule"), "steady_state@") &&
                        (strcmp(id, "steady-state") == 0 || strcmp(id, of_arm) == 0);
        if (is_about && strcmp(judge_text_of(check, "verdict"), assay_verdict_text(ASSAY_VERDICT_FAIL)) == 0) {
            return true;
        }
    }
    return false;
}

assay_code gate_pairs(struct gate_case *it, const struct assay_opened *run, uint32_t base, uint32_t other,
                      struct gate_ratios *ret)
{
    const struct assay_paired_query query = {.metric = it->gate->name, .base = base, .other = other};
    struct assay_pairs pairs = {0};
    assay_code rc = assay_paired_of(run->plan, run->trace, &query, it->gates->draft->arena, &pairs, it->gates->err);
    *ret = (struct gate_ratios){.ratios = pairs.ratios, .count = pairs.count, .may_stop_early = pairs.may_stop_early};
    if (rc == ASSAY_OK) {
        ret->absent = judge_draft_ratio_absent(it->gates->draft, run, &query, &pairs);
    }
    return rc;
}

/* ---- scope ------------------------------------------------------------------------------------------------------ */

static bool is_in_scope(const struct assay_policy_gate *gate, const struct assay_opened *run)
{
    const json_t *protocol = assay_json_at(run->statement, "/predicate/protocol");
    const json_t *host = assay_json_at(run->statement, "/predicate/environment/hosts/0");
    if (gate->workload && strcmp(judge_text_of(protocol, "workload"), gate->workload) != 0) {
        return false;
    }
    return !gate->host || strcmp(judge_text_of(host, "machineKey"), gate->host) == 0 ||
           strcmp(judge_text_of(host, "cpuModel"), gate->host) == 0;
}

static void find_scope(struct gate_case *it)
{
    struct gates *gates = it->gates;
    it->runs = assay_arena_take(gates->draft->arena, gates->runs_count, sizeof *it->runs);
    if (!it->runs) {
        gate_broken(it, assay_nomem(gates->err));
        return;
    }
    for (size_t i = 0; i < gates->runs_count; i++) {
        if (is_in_scope(it->gate, gates->runs[i])) {
            it->runs[it->runs_count++] = gates->runs[i];
        }
    }
    if (it->runs_count == 0) {
        gate_missing(it, "no receipt in scope that could be judged");
    }
}

static void prepare(struct gate_case *it)
{
    const struct assay_policy_gate *gate = it->gate;
    it->row = (struct assay_verdict_row){.id = gate->id,
                                         .kind = assay_gate_kind_text(gate->kind),
                                         .metric = gate->name ? gate->name : gate->output,
                                         .unit = gate->unit,
                                         .arm = gate->arm,
                                         .versus = gate->versus,
                                         .is_in_family = true};
    find_scope(it);
    if (!it->is_settled && gate->set) {
        gate_narrow_to_set(it);
    }
    if (!it->is_settled) {
        it->kind->prepare(it);
    }
}

/* ---- the family ------------------------------------------------------------------------------------------------- */

static void decide(struct gate_case *it, double fail_alpha)
{
    if (!it->is_settled) {
        it->row.verdict = ASSAY_VERDICT_NOT_MEASURED;
        it->row.reason = NULL;
        it->kind->decide(it, 1.0 - it->gate->confidence, fail_alpha);
    }
}

static bool is_open_fail(const struct gate_case *it)
{
    return it->kind->is_statistical && !it->is_settled && it->row.verdict == ASSAY_VERDICT_FAIL;
}

/* Benjamini and Hochberg, stepping up: the largest R for which R gates fail at 1 - q R / m. What fails at its own
 * confidence and not at the family's is undecided. */
static void decide_all(struct gates *gates, struct gate_case *cases, size_t count)
{
    size_t family = 0, candidates = 0;
    for (size_t i = 0; i < count; i++) {
        decide(&cases[i], 1.0 - cases[i].gate->confidence);
        family += cases[i].kind->is_statistical && !cases[i].is_settled;
        candidates += is_open_fail(&cases[i]);
    }
    for (size_t rejected = candidates; rejected > 0; rejected--) {
        size_t failing = 0;
        double level = gates->question->policy->family_q * (double)rejected / (double)family;
        for (size_t i = 0; i < count; i++) {
            if (cases[i].kind->is_statistical && !cases[i].is_settled) {
                decide(&cases[i], fmin(level, 1.0 - cases[i].gate->confidence));
                failing += is_open_fail(&cases[i]);
            }
        }
        if (failing >= rejected) {
            return;
        }
    }
}

/* ---- after the gates -------------------------------------------------------------------------------------------- */

/* The last invalid run that the gate looks at, NULL if there is none; a baseline is looked at like a candidate. */
static const struct assay_opened *invalid_run(const struct gate_case *it)
{
    bool has_baseline = it->gate->kind == ASSAY_GATE_CHANGE && strcmp(it->gate->versus, "baseline") == 0;
    for (size_t i = it->runs_count; i > 0; i--) {
        if (it->runs[i - 1]->trust == ASSAY_TRUST_INVALID) {
            return it->runs[i - 1];
        }
    }
    for (size_t i = 0; has_baseline && i < it->gates->baselines_count; i++) {
        if (it->gates->baselines[i]->trust == ASSAY_TRUST_INVALID) {
            return it->gates->baselines[i];
        }
    }
    return NULL;
}

/* Numbers of an invalid run stand, and decide nothing; what is missing is missing all the same. */
static void hold_invalid(struct gate_case *it)
{
    const struct assay_opened *invalid = invalid_run(it);
    bool is_decided = it->row.verdict == ASSAY_VERDICT_PASS || it->row.verdict == ASSAY_VERDICT_FAIL;
    if (invalid && is_decided && !it->row.is_missing) {
        it->row.verdict = ASSAY_VERDICT_UNDECIDED;
        it->row.reason = invalid->why;
        it->row.element = invalid->name;
    }
}

static unsigned number_of(const struct assay_verdict_row *row)
{
    if (row->gate != 0) {
        return row->gate;
    }
    switch (row->verdict) {
    case ASSAY_VERDICT_FAIL:
        return row->is_missing ? NUMBER_MISSING : NUMBER_FAILED;
    case ASSAY_VERDICT_UNDECIDED:
        return NUMBER_UNDECIDED;
    case ASSAY_VERDICT_NOT_MEASURED:
        return NUMBER_NOT_MEASURED;
    case ASSAY_VERDICT_PASS:
    case ASSAY_VERDICT_COUNT:
    default:
        return 0;
    }
}

static bool does_cover(const struct assay_policy_waiver *waiver, const struct assay_verdict_row *row)
{
    if (row->is_missing || row->gate == NUMBER_SET) {
        return false;
    }
    return (row->verdict == ASSAY_VERDICT_FAIL && strcmp(waiver->covers, "fail") == 0) ||
           (row->verdict == ASSAY_VERDICT_UNDECIDED && strcmp(waiver->covers, "undecided") == 0);
}

static void waive(struct gates *gates, struct gate_case *it)
{
    const struct assay_policy *policy = gates->question->policy;
    for (size_t i = 0; i < policy->waivers_count; i++) {
        const struct assay_policy_waiver *waiver = &policy->waivers[i];
        char expires[11];
        bool is_current = gates->question->day >= waiver->issued_day && gates->question->day < waiver->expires_day;
        if (strcmp(waiver->gate, it->gate->id) != 0) {
            continue;
        }
        assay_day_print(waiver->expires_day, expires);
        if (!is_current) {
            judge_draft_note(
                gates->draft, "the waiver of %s (%.200s) does nothing: %s %s", waiver->gate, waiver->reason,
                gates->question->day < waiver->issued_day ? "not issued yet; it expires" : "expired", expires);
        } else if (does_cover(waiver, &it->row) && !invalid_run(it)) {
            it->row.is_waived = true;
            judge_draft_note(gates->draft, "waived: %s, %s, until %s: %.200s", waiver->gate, waiver->covers, expires,
                             waiver->reason);
        }
    }
}

static void add_row(struct gates *gates, const struct gate_case *it)
{
    struct assay_verdict_row *row = judge_draft_row(gates->draft, NULL, NULL);
    *row = it->row; /* has its own id and kind */
    row->gate = number_of(row);
}

/* ---- receipts --------------------------------------------------------------------------------------------------- */

/* One run is one piece of evidence, however often and under whatever names it is given. */
static bool is_given_before(struct gates *gates, const struct assay_opened *const *before, size_t count,
                            const struct assay_opened *run)
{
    for (size_t i = 0; i < count; i++) {
        if (run->run_id[0] && strcmp(run->run_id, before[i]->run_id) == 0) {
            judge_draft_note(gates->draft, "'%.200s' is the same run as '%.200s': it counts once", run->name,
                             before[i]->name);
            return true;
        }
    }
    return false;
}

static void take_baselines(struct gates *gates)
{
    const struct assay_gate_question *question = gates->question;
    for (size_t i = 0; i < question->baselines_count; i++) {
        const struct assay_opened *run = question->baselines[i];
        judge_draft_input_run(gates->draft, run);
        if (!is_given_before(gates, gates->baselines, gates->baselines_count, run)) {
            gates->baselines[gates->baselines_count++] = run;
        }
    }
}

/* A receipt that does not verify fails the whole; one that could not be verified leaves it undecided. */
static void take_runs(struct gates *gates)
{
    const struct assay_gate_question *question = gates->question;
    gates->runs = assay_arena_take(gates->draft->arena, question->runs_count, sizeof *gates->runs);
    gates->baselines = assay_arena_take(gates->draft->arena, question->baselines_count, sizeof *gates->baselines);
    if (!gates->runs || !gates->baselines) {
        gates->failed = assay_nomem(gates->err);
        return;
    }
    for (size_t i = 0; i < question->runs_count; i++) {
        const struct assay_opened *run = question->runs[i];
        judge_draft_input_run(gates->draft, run);
        if (run->trust >= ASSAY_TRUST_INVALID && is_given_before(gates, gates->runs, gates->runs_count, run)) {
            continue;
        }
        if (run->trust >= ASSAY_TRUST_INVALID) {
            gates->runs[gates->runs_count++] = run;
            continue;
        }
        struct assay_verdict_row *row = judge_draft_row(gates->draft, run->name, "receipt");
        row->is_in_family = true;
        row->expected = "a receipt that verifies, with plan and trace";
        row->reason = run->why;
        row->verdict = run->trust == ASSAY_TRUST_REFUSED ? ASSAY_VERDICT_FAIL
                       : run->trust == ASSAY_TRUST_OPEN  ? ASSAY_VERDICT_UNDECIDED
                                                         : ASSAY_VERDICT_NOT_MEASURED;
        row->gate = number_of(row);
    }
    take_baselines(gates);
}

static const char *summary(struct gates *gates, struct assay_verdict_document *document)
{
    size_t counts[ASSAY_VERDICT_COUNT] = {0}, all = 0, waived = 0;
    for (size_t i = 0; i < gates->draft->rows_count; i++) {
        const struct assay_verdict_row *row = &gates->draft->rows[i];
        counts[row->verdict] += row->is_in_family;
        all += row->is_in_family;
        waived += row->is_waived;
    }
    document->waivers_used = (unsigned)waived;
    const char *tail =
        waived == 0 ? "" : judge_draft_text(gates->draft, ", with %zu waiver%s", waived, waived == 1 ? "" : "s");
    return judge_draft_text(
        gates->draft, "%zu gate%s over %zu receipt%s: %zu pass, %zu fail, %zu undecided, %zu not-measured%s", all,
        all == 1 ? "" : "s", gates->question->runs_count, gates->question->runs_count == 1 ? "" : "s",
        counts[ASSAY_VERDICT_PASS], counts[ASSAY_VERDICT_FAIL], counts[ASSAY_VERDICT_UNDECIDED],
        counts[ASSAY_VERDICT_NOT_MEASURED], tail);
}

static void judge_gates(struct gates *gates, struct gate_case *cases)
{
    const struct assay_policy *policy = gates->question->policy;
    for (size_t i = 0; i < policy->gates_count; i++) {
        cases[i].gates = gates;
        cases[i].gate = &policy->gates[i];
        cases[i].kind = KINDS[policy->gates[i].kind];
        prepare(&cases[i]);
    }
    decide_all(gates, cases, policy->gates_count);
    for (size_t i = 0; i < policy->gates_count; i++) {
        hold_invalid(&cases[i]);
        waive(gates, &cases[i]);
        add_row(gates, &cases[i]);
    }
}

assay_code assay_judge_gate(const struct assay_gate_question *question, struct assay_arena *arena,
                            struct assay_verdict_document *ret, assay_err *err)
{
    assert(question && question->policy && arena && ret);
    const struct assay_policy *policy = question->policy;
    struct verdict_draft draft = {.arena = arena};
    struct gates gates = {.question = question, .draft = &draft, .err = err};
    struct assay_verdict_document document = {.question = "gate",
                                              .level = "gate",
                                              .policy_name = policy->name,
                                              .policy_sha256 = policy->sha256,
                                              .policy_version = policy->version,
                                              .date = question->date,
                                              .tool = question->tool,
                                              .binary_sha256 = question->binary_sha256};
    struct gate_case *cases = assay_arena_take(arena, policy->gates_count, sizeof *cases);
    if (!cases) {
        return assay_nomem(err);
    }
    judge_draft_input(&draft, question->policy_name ? question->policy_name : policy->name, policy->sha256, "policy");
    take_runs(&gates);
    if (gates.failed == ASSAY_OK) {
        gate_policy(&gates);
        gate_require(&gates);
        gate_baselines(&gates);
        judge_gates(&gates, cases);
    }
    if (gates.failed != ASSAY_OK) {
        return gates.failed;
    }
    document.verdict = judge_draft_overall(&draft);
    if (document.verdict == ASSAY_VERDICT_NOT_MEASURED && draft.rows_count > 0) {
        document.verdict = ASSAY_VERDICT_UNDECIDED;
    }
    document.summary = summary(&gates, &document);
    if (question->wants_rollout) {
        gate_rollout(&gates, &document);
    }
    assay_code rc = gates.failed == ASSAY_OK ? judge_draft_finish(&draft, &document, err) : gates.failed;
    if (rc == ASSAY_OK) {
        *ret = document;
    }
    return rc;
}
