/* Two receipts: comparable or refused, then advice. */
#include "cli/judged.h"

#include <stddef.h>

static const char *const LEVELS[] = {"advisory", "gate", NULL};

struct values {
    struct assay_judged_how how;
    struct assay_opt_list baseline, candidate, may_differ, metric;
    int level;
    double margin, confidence;
    bool is_across;
};

static const struct values DEFAULTS = {.margin = 0.02, .confidence = 0.95};

static const struct assay_opt OPTIONS[] = {
    {"baseline", "DIR", "one more run of the baseline's side", ASSAY_OPT_TEXT_LIST, offsetof(struct values, baseline)},
    {"candidate", "DIR", "one more run of the candidate's side", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, candidate)},
    {"metric", "NAME", "compare this metric (default: those of the workload)", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, metric)},
    {"may-differ", "FIELD", "list this field and do not refuse for it: host.governor, subject.model ...",
     ASSAY_OPT_TEXT_LIST, offsetof(struct values, may_differ)},
    {"across", NULL, "different hosts or settings: both columns and a ratio, never a verdict", ASSAY_OPT_FLAG,
     offsetof(struct values, is_across)},
    {"level", "advisory|gate", "what the words are good for (default advisory)", ASSAY_OPT_CHOICE,
     offsetof(struct values, level), .choices = LEVELS},
    {"margin", "SHARE", "differences within it are parity (default 2%)", ASSAY_OPT_SHARE,
     offsetof(struct values, margin)},
    {"confidence", "SHARE", "of the interval (default 95%)", ASSAY_OPT_SHARE, offsetof(struct values, confidence)},
    ASSAY_JUDGED_OPTIONS(struct values, how),
};

struct side {
    const struct assay_opened *runs[ASSAY_COMPARE_RUNS_MAX];
    size_t count;
};

static assay_code open_side(struct assay_judged *judged, const char *first, const struct assay_opt_list *more,
                            struct side *side, assay_err *err)
{
    assay_code rc = assay_judged_open(judged, first, &side->runs[side->count++], err);
    for (size_t i = 0; i < more->count && rc == ASSAY_OK; i++) {
        rc = side->count == ASSAY_COMPARE_RUNS_MAX
                 ? assay_fail(err, ASSAY_USAGE, "more than %d runs a side", ASSAY_COMPARE_RUNS_MAX)
                 : assay_judged_open(judged, more->items[i], &side->runs[side->count++], err);
    }
    return rc;
}

static assay_code compare(struct assay_cli *cli, struct assay_judged *judged, const struct values *values,
                          const struct assay_opt_result *given, struct assay_buf *out, assay_err *err)
{
    struct side base = {.count = 0}, other = {.count = 0};
    struct assay_verdict_document document;
    bool is_comparable = false;
    assay_code rc = open_side(judged, given->arguments[0], &values->baseline, &base, err);
    if (rc == ASSAY_OK) {
        rc = open_side(judged, given->arguments[1], &values->candidate, &other, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_sides sides = {.base = base.runs,
                                      .other = other.runs,
                                      .base_count = base.count,
                                      .other_count = other.count,
                                      .is_across = values->is_across,
                                      .may_differ = values->may_differ.items,
                                      .may_differ_count = values->may_differ.count};
    const struct assay_asked asked = {.question = "compare",
                                      .rule = {.alpha = 1.0 - values->confidence,
                                               .margin = values->margin,
                                               .level = values->level ? ASSAY_LEVEL_GATE : ASSAY_LEVEL_ADVISORY},
                                      .metrics = values->metric.items,
                                      .metrics_count = values->metric.count,
                                      .date = judged->date,
                                      .tool = assay_cli_version(),
                                      .binary_sha256 = judged->binary_sha256[0] ? judged->binary_sha256 : NULL};
    rc = assay_judge_compare(&sides, &asked, &judged->arena, &document, &is_comparable, err);
    if (rc == ASSAY_OK) {
        rc = assay_judged_end(judged, cli, &document, &values->how, out, err);
    }
    /* advice has no verdict: what it answers is that the two could be compared */
    bool is_advice = rc == ASSAY_UNDECIDED && cli->has_judged && values->level == 0 && !values->is_across;
    return is_advice && is_comparable ? ASSAY_OK : rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    struct assay_judged judged;
    assay_code rc = assay_judged_check(values->margin, values->confidence, err);
    rc = rc == ASSAY_OK ? assay_judged_check_how(&assay_verb_compare.opt, given, &values->how, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_judged_begin(&judged, err);
    if (rc == ASSAY_OK) {
        rc = compare(cli, &judged, values, given, out, err);
    }
    assay_judged_done(&judged);
    return rc;
}

const struct assay_verb assay_verb_compare = {
    .opt = {.name = "compare",
            .synopsis = "[OPTIONS] BASELINE CANDIDATE",
            .summary = "two receipts: comparable or refused with every differing field; then advice",
            .manual =
                "Both receipts are verified first. They compare only if protocol, model, data, build class and host "
                "class are equal; if not, every differing field is listed with both values and the exit status is 2. A "
                "field that could not be looked at (unknown) equals nothing; --may-differ takes such a field out, "
                "and it stays in the list.\n\nRuns of different times are no pairs: what is said of them is advice "
                "from at least five runs a side (Hodges-Lehmann on their medians). Arms of one run are paired: see "
                "'assay ab'.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 2,
            .arguments_max = 2,
            .examples = "assay compare before after\n  two run directories of one host\n"
                        "assay compare --across laptop rig\n  side by side, without a verdict\n",
            .exits = "0 it could compare (level gate: parity or faster); 1 slower at level gate, or a receipt that "
                     "does not verify; 2 not comparable, or undecided; 3 malformed; 4 usage; 5 a file could not be "
                     "read"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
