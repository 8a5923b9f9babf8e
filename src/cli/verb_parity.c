/* Are two endpoints, or more, equally fast? `run llm` with an arm a URL, or receipts; equivalence, or an honest ratio.
 */
#include "cli/judged.h"
#include "cli/one_run.h"

#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Ten pairs are the least that a family of three metrics needs for a word at level gate (statistics.md 2.7). */
#define DEFAULT_PAIRS "12"

static const char *const LEVELS[] = {"gate", "advisory", NULL};

struct values {
    struct assay_judged_how how;
    int level;
    double margin, confidence;
    struct assay_opt_list metric, option;
    bool takes_model_names, is_quiet, wants_store, wants_calibration;
    /* Handed on to `run llm` as they were given. */
    const char *pairs, *requests, *concurrency, *gap, *duration, *dialect, *model, *prompt_tokens, *output_tokens,
        *state, *seed, *out, *store;
};

static const struct values DEFAULTS = {
    .margin = 0.02, .confidence = 0.95, .wants_store = true, .wants_calibration = true};

#define AT(member) offsetof(struct values, member)
#define LOAD "The run (URLs)"

static const struct assay_opt OPTIONS[] = {
    {"margin", "SHARE", "differences within it are parity (default 2%)", ASSAY_OPT_SHARE, AT(margin)},
    {"confidence", "SHARE", "of the interval (default 95%)", ASSAY_OPT_SHARE, AT(confidence)},
    {"level", "gate|advisory", "what the words are good for (default gate)", ASSAY_OPT_CHOICE, AT(level),
     .choices = LEVELS},
    {"metric", "NAME", "compare this one (default ttft_p50, tpot_p50 and e2e_p50); repeat for more",
     ASSAY_OPT_TEXT_LIST, AT(metric)},
    {"model-by-name", NULL, "of servers that name no digest of their model, take the name for it", ASSAY_OPT_FLAG,
     AT(takes_model_names)},
    ASSAY_JUDGED_OPTIONS(struct values, how),

    {"pairs", "N", "rounds in which every endpoint has a window (default " DEFAULT_PAIRS ")", ASSAY_OPT_TEXT, AT(pairs),
     .group = LOAD},
    {"requests", "N", "requests of a window (default 20)", ASSAY_OPT_TEXT, AT(requests), .group = LOAD},
    {"concurrency", "C", "requests in flight at once (default 1)", ASSAY_OPT_TEXT, AT(concurrency), .group = LOAD},
    {"gap", "T", "idle time between two windows (default 200ms)", ASSAY_OPT_TEXT, AT(gap), .group = LOAD},
    {"duration", "T", "end after this time; only whole blocks count", ASSAY_OPT_TEXT, AT(duration), .group = LOAD},
    {"dialect", "NAME", "how the servers speak (default: they are asked)", ASSAY_OPT_TEXT, AT(dialect), .group = LOAD},
    {"model", "NAME", "model to ask for", ASSAY_OPT_TEXT, AT(model), .group = LOAD},
    {"prompt-tokens", "SPEC", "prompt length, as of run llm", ASSAY_OPT_TEXT, AT(prompt_tokens), .group = LOAD},
    {"output-tokens", "SPEC", "output limit, as of run llm", ASSAY_OPT_TEXT, AT(output_tokens), .group = LOAD},
    {"state", "any|warm|cached", "state of the models, brought about and verified", ASSAY_OPT_TEXT, AT(state),
     .group = LOAD},
    {"option", "NAME=VALUE", "any other option of run llm; repeat for more", ASSAY_OPT_TEXT_LIST, AT(option),
     .group = LOAD},
    {"calibrate", NULL, "measure the stamp error of this client first", ASSAY_OPT_FLAG_ON, AT(wants_calibration),
     .group = LOAD},
    {"seed", "N", "seed of every random choice (default: drawn, and kept)", ASSAY_OPT_TEXT, AT(seed), .group = LOAD},
    {"out", "DIR", "the run directory, which must not exist (default ./assay-RUNID)", ASSAY_OPT_TEXT, AT(out),
     .group = LOAD},
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT, AT(store),
     .group = LOAD},
    {"save", NULL, "append the run to the history", ASSAY_OPT_FLAG_ON, AT(wants_store), .group = LOAD},
    {"quiet", NULL, "no progress, no notes", ASSAY_OPT_FLAG, AT(is_quiet), .group = LOAD},
};

static const struct assay_passed PASSED[] = {
    {"pairs", AT(pairs)},
    {"requests", AT(requests)},
    {"concurrency", AT(concurrency)},
    {"gap", AT(gap)},
    {"duration", AT(duration)},
    {"dialect", AT(dialect)},
    {"model", AT(model)},
    {"prompt-tokens", AT(prompt_tokens)},
    {"output-tokens", AT(output_tokens)},
    {"state", AT(state)},
    {"seed", AT(seed)},
    {"out", AT(out)},
    {"store", AT(store)},
};

/* --option NAME=VALUE */
static assay_code set_further(struct assay_prepared_run *run, const char *text, struct assay_arena *arena,
                              assay_err *err)
{
    const char *sign = strchr(text, '=');
    if (!sign || sign == text) {
        return assay_fail(err, ASSAY_USAGE, "--option '%.64s': expected NAME=VALUE", text);
    }
    const char *name = assay_arena_text(arena, text, (size_t)(sign - text));
    return name ? assay_prepared_run_set(run, name, sign + 1, err) : assay_nomem(err);
}

static assay_code set_options(struct assay_prepared_run *run, const struct values *values, struct assay_arena *arena,
                              assay_err *err)
{
    assay_code rc = assay_prepared_run_pass(run, PASSED, sizeof PASSED / sizeof PASSED[0], values, err);
    for (size_t i = 0; i < values->option.count && rc == ASSAY_OK; i++) {
        rc = set_further(run, values->option.items[i], arena, err);
    }
    rc = rc == ASSAY_OK && !values->pairs ? assay_prepared_run_set(run, "pairs", DEFAULT_PAIRS, err) : rc;
    struct assay_run_options *options = assay_prepared_run_options(run);
    options->around.wants_store = values->wants_store;
    options->around.is_quiet = values->is_quiet;
    options->around.wants_calibration = values->wants_calibration;
    return rc;
}

static struct assay_asked asked_of(const struct assay_judged *judged, const struct values *values)
{
    return (struct assay_asked){.question = "parity",
                                .rule = {.alpha = 1.0 - values->confidence,
                                         .margin = values->margin,
                                         .level = values->level ? ASSAY_LEVEL_ADVISORY : ASSAY_LEVEL_GATE},
                                .metrics = values->metric.items,
                                .metrics_count = values->metric.count,
                                .date = judged->date,
                                .tool = assay_cli_version(),
                                .binary_sha256 = judged->binary_sha256[0] ? judged->binary_sha256 : NULL,
                                .takes_model_names = values->takes_model_names};
}

/* One run with the nodes as arms. */
static assay_code judge_run(struct assay_cli *cli, struct assay_judged *judged, const struct values *values,
                            const char *place, struct assay_buf *out, assay_err *err)
{
    const struct assay_opened *run = NULL;
    struct assay_verdict_document document;
    const struct assay_asked asked = asked_of(judged, values);
    assay_code rc = assay_judged_open(judged, place, &run, err);
    rc = rc == ASSAY_OK ? assay_judge_arms(run, &asked, &judged->arena, &document, err) : rc;
    return rc == ASSAY_OK ? assay_judged_end(judged, cli, &document, &values->how, out, err) : rc;
}

/* Two runs of different times: unpaired advice, which is never parity. */
static assay_code judge_runs(struct assay_cli *cli, struct assay_judged *judged, const struct values *values,
                             const struct assay_opt_result *given, struct assay_buf *out, assay_err *err)
{
    const struct assay_opened *runs[2] = {NULL, NULL};
    struct assay_verdict_document document;
    bool is_comparable = false;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < 2 && rc == ASSAY_OK; i++) {
        rc = assay_judged_open(judged, given->arguments[i], &runs[i], err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_asked asked = asked_of(judged, values);
    asked.rule.level = ASSAY_LEVEL_ADVISORY;
    const struct assay_sides sides = {
        .base = &runs[0], .other = &runs[1], .base_count = 1, .other_count = 1, .is_across = true};
    rc = assay_judge_compare(&sides, &asked, &judged->arena, &document, &is_comparable, err);
    return rc == ASSAY_OK ? assay_judged_end(judged, cli, &document, &values->how, out, err) : rc;
}

static assay_code measure_and_judge(struct assay_cli *cli, struct assay_judged *judged, const struct values *values,
                                    const struct assay_opt_result *given, struct assay_buf *out, assay_err *err)
{
    struct assay_prepared_run run;
    struct assay_run_result result = {0};
    assay_code rc = assay_prepared_run_init(&run, assay_cli_workload(cli, "llm"), err);
    rc = rc == ASSAY_OK ? assay_prepared_run_arms(&run, given, &judged->arena, err) : rc;
    rc = rc == ASSAY_OK ? set_options(&run, values, &judged->arena, err) : rc;
    rc = rc == ASSAY_OK ? assay_one_run_keep(&run, &result, err) : rc;
    rc = rc == ASSAY_OK ? judge_run(cli, judged, values, result.dir, out, err) : rc;
    assay_run_result_done(&result);
    assay_prepared_run_done(&run);
    return rc;
}

static bool is_url(const char *text)
{
    return assay_text_starts(text, "http://") || assay_text_starts(text, "https://");
}

static assay_code answer(struct assay_cli *cli, struct assay_judged *judged, const struct values *values,
                         const struct assay_opt_result *given, struct assay_buf *out, assay_err *err)
{
    size_t urls = 0;
    for (size_t i = 0; i < given->arguments_count; i++) {
        urls += is_url(given->arguments[i]);
    }
    if (urls == given->arguments_count && urls >= 2) {
        return measure_and_judge(cli, judged, values, given, out, err);
    }
    if (urls > 0 || given->arguments_count > 2) {
        return assay_fail(err, ASSAY_USAGE,
                          "expected two URLs or more, a receipt of a run of several endpoints, or two receipts");
    }
    return given->arguments_count == 1 ? judge_run(cli, judged, values, given->arguments[0], out, err)
                                       : judge_runs(cli, judged, values, given, out, err);
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    struct assay_judged judged;
    assay_code rc = assay_judged_check(values->margin, values->confidence, err);
    rc = rc == ASSAY_OK ? assay_judged_check_how(&assay_verb_parity.opt, given, &values->how, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_judged_begin(&judged, err);
    if (rc == ASSAY_OK) {
        rc = answer(cli, &judged, values, given, out, err);
    }
    assay_judged_done(&judged);
    return rc;
}

const struct assay_verb assay_verb_parity = {
    .opt = {.name = "parity",
            .synopsis = "[OPTIONS] URL_A URL_B ... | RECEIPT [RECEIPT]",
            .summary = "endpoints in turn, window by window: equally fast, or by how much not",
            .manual =
                "Every endpoint gets the same load in a round: the same lengths and prompts under fresh salts, in a "
                "window "
                "of its own, with everything ended and an idle gap between. Identity and queue of the servers are "
                "asked in "
                "the gap. The verdict rests on the ratios of the windows' statistics; parity is shown by equivalence "
                "testing within the margin, and what is not resolved is never parity. The first URL is the base; with "
                "more "
                "than two all are held against the one in the middle.\n\nEndpoints whose servers name another model, "
                "digest, quantisation, engine or context are not comparable, and every field in which they differ is "
                "listed. Some servers name no digest: --model-by-name takes the name of the model for it.\n\nGiven the "
                "receipt of such a run, it is judged again, with another margin for instance. Two receipts of separate "
                "runs stand side by side, without a verdict: they are no pairs.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 26,
            .examples = "assay parity http://10.0.0.1:8080 http://10.0.0.2:8080 --margin 5%\n"
                        "  are two nodes equally fast?\n"
                        "assay parity assay-1a2b/ --margin 10%\n  the same run against another margin\n",
            .exits =
                "0 parity; 1 not: faster or slower beyond the margin, or a receipt that does not verify; 2 "
                "inconclusive, an invalid run, or runs that are no pairs; 3 malformed; 4 usage; 5 a server or file "
                "failed; 70 a bug"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
