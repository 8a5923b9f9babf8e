/* Receipts against a policy file. */
#include "cli/ancestry.h"
#include "cli/gates.h"

#include "base/mem.h"

#include <stddef.h>

struct values {
    struct assay_judged_how how;
    struct assay_opt_list baseline;
    const char *rollout, *date, *trust, *log, *base;
    bool starts_rollout;
};

static const struct assay_opt OPTIONS[] = {
    {"baseline", "DIR", "a run of the baseline, for gates versus baseline; repeat for more", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, baseline)},
    {"rollout", "VERDICT", "decide the roll-out: the verdict of the look before", ASSAY_OPT_TEXT,
     offsetof(struct values, rollout)},
    {"rollout-start", NULL, "decide the roll-out: this is its first look", ASSAY_OPT_FLAG,
     offsetof(struct values, starts_rollout)},
    {"trust", "FILE", "check signatures and log by this trust file", ASSAY_OPT_TEXT, offsetof(struct values, trust)},
    {"log", "DIR|URL", "the log that the runs are in", ASSAY_OPT_TEXT, offsetof(struct values, log)},
    {"policy-base", "FILE", "the same policy on the base branch: another one is refused", ASSAY_OPT_TEXT,
     offsetof(struct values, base)},
    {"date", "DAY", "judge waivers, ages and prices by this day (default today)", ASSAY_OPT_TEXT,
     offsetof(struct values, date)},
    ASSAY_JUDGED_OPTIONS(struct values, how),
};

struct runs {
    const struct assay_opened *candidates[ASSAY_JUDGED_RUNS_MAX], *baselines[ASSAY_JUDGED_RUNS_MAX];
    size_t candidates_count, baselines_count;
};

static assay_code open_runs(struct assay_judged *judged, const struct values *values,
                            const struct assay_opt_result *given, struct runs *runs, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    judged->evidence = (struct assay_verify_options){.trust = values->trust, .log = values->log};
    for (size_t i = 1; i < given->arguments_count && rc == ASSAY_OK; i++) {
        rc = assay_judged_open(judged, given->arguments[i], &runs->candidates[runs->candidates_count++], err);
    }
    for (size_t i = 0; i < values->baseline.count && rc == ASSAY_OK; i++) {
        rc = assay_judged_open(judged, values->baseline.items[i], &runs->baselines[runs->baselines_count++], err);
    }
    return rc;
}

static assay_code read_previous(struct assay_judged *judged, const char *path, struct assay_buf *bytes,
                                struct assay_verdict_document *ret, assay_err *err)
{
    assay_code rc = assay_buf_read_file(bytes, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_verdict_parse(bytes->data ? bytes->data : "", bytes->len, &judged->arena, ret, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "verdict '%s'", path);
        }
    }
    return rc;
}

static assay_code judge(struct assay_cli *cli, struct assay_judged *judged, const struct assay_gates *gates,
                        const struct values *values, const struct assay_opt_result *given, struct assay_buf *out,
                        assay_err *err)
{
    struct runs runs = {.candidates_count = 0};
    struct assay_gate_question question;
    struct assay_verdict_document document, previous = {0};
    struct assay_buf bytes;
    char base[ASSAY_DIGEST_TEXT_BYTES];
    assay_buf_init(&bytes, ASSAY_VERDICT_BYTES_MAX);
    assay_code rc = assay_gates_question(gates, judged, given->arguments[0], values->date, &question, err);
    if (rc == ASSAY_OK) {
        rc = open_runs(judged, values, given, &runs, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_gates_guard(judged, values->base, &question, base, err);
    }
    if (rc == ASSAY_OK && values->rollout) {
        rc = read_previous(judged, values->rollout, &bytes, &previous, err);
        question.previous = &previous;
    }
    question.runs = runs.candidates;
    question.runs_count = runs.candidates_count;
    question.baselines = runs.baselines;
    question.baselines_count = runs.baselines_count;
    question.wants_rollout = values->rollout != NULL || values->starts_rollout;
    rc = rc == ASSAY_OK ? assay_cli_ancestries(&question, &judged->arena, err) : rc;
    if (rc == ASSAY_OK) {
        rc = assay_judge_gate(&question, &judged->arena, &document, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_judged_end(judged, cli, &document, &values->how, out, err);
    }
    assay_buf_done(&bytes);
    bool is_rollout = cli->has_judged && question.wants_rollout;
    return is_rollout ? assay_rollout_code(&document) : rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    if (values->rollout && values->starts_rollout) {
        return assay_fail(err, ASSAY_USAGE, "--rollout-start is the first look, and --rollout one after it: give one");
    }
    assay_code rc = assay_judged_check_how(&assay_verb_gate.opt, given, &values->how, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_judged *judged = assay_alloc(1, sizeof *judged); /* both too large for a stack */
    struct assay_gates *gates = assay_alloc(1, sizeof *gates);
    rc = judged && gates ? ASSAY_OK : assay_nomem(err);
    if (rc == ASSAY_OK) {
        rc = assay_judged_begin(judged, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_gates_load(given->arguments[0], gates, err);
    }
    if (rc == ASSAY_OK) {
        rc = judge(cli, judged, gates, values, given, out, err);
    }
    if (gates) {
        assay_gates_done(gates);
    }
    if (judged) {
        assay_judged_done(judged);
    }
    assay_free(gates);
    assay_free(judged);
    return rc;
}

const struct assay_verb assay_verb_gate = {
    .opt = {.name = "gate",
            .synopsis = "[OPTIONS] POLICY DIR|RECEIPT...",
            .summary = "receipts against a policy file: pass, fail, undecided or not-measured per gate",
            .manual =
                "Every receipt is verified first. Each gate of the policy has a row: a metric, arm, output or set that "
                "no receipt carries fails as missing; one that is carried as not-measured stays so. Pass and fail "
                "are taken from one-sided bounds at the gate's confidence, fail at the level of all gates together; "
                "what lies between is undecided, with the pairs that would decide. A waiver keeps the gate's verdict "
                "beside the word 'waived'.\n\nWith --rollout the exit status is that of the roll-out, which is "
                "decided and not carried out: 0 promote, 1 rollback, 2 hold. Its state stands in the verdict that "
                "--output writes.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 2,
            .arguments_max = ASSAY_JUDGED_RUNS_MAX,
            .examples = "assay gate release.yaml night/\n  one run\n"
                        "assay gate release.yaml --output verdict.json night-*/\n  several, and the verdict kept\n",
            .exits = "0 all gates pass; 1 one fails; 2 none fails, but one is undecided or not measured; 3 a malformed "
                     "policy or verdict; 4 usage; 5 a file could not be read; with --rollout 0 promote, 1 rollback, "
                     "2 hold"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
