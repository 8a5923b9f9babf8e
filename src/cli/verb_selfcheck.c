/* Whether this machine can tell the differences that are asked for: a command against itself, and against itself with
 * an injected slowdown. */
#include "cli/aa.h"
#include "cli/judged.h"

#include "base/log.h"
#include "base/proc.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DURATION "10s" /* of one comparison: five of them are within a minute, with what is around */
#define CALIBRATION_PAIRS "8"
#define ROWS_MAX 8
#define LINE_BYTES 4352          /* a path and some words */
#define OVERHEAD_SHARE_MAX 0.001 /* statistics.md 1.8 */

struct values {
    struct assay_judged_how how;
    double margin;
    const char *pairs;
    bool is_quiet;
};

static const struct values DEFAULTS = {.margin = 0.02, .pairs = "40"};

static const struct assay_opt OPTIONS[] = {
    {"margin", "SHARE", "the difference that must be told (default 2%)", ASSAY_OPT_SHARE,
     offsetof(struct values, margin)},
    {"pairs", "N", "rounds of each comparison (default 40)", ASSAY_OPT_TEXT, offsetof(struct values, pairs)},
    {"quiet", NULL, "no notes", ASSAY_OPT_FLAG, offsetof(struct values, is_quiet)},
    ASSAY_JUDGED_OPTIONS(struct values, how),
};

/* Some ten milliseconds of work each on a machine of today: far above a process's start, short enough for 80 of them.
 */
static const struct injection {
    const char *kind, *what;
    uint64_t amount;
} INJECTIONS[] = {
    {"loop", "more turns of a loop", 8000000},
    {"sleep", "a longer sleep", 10000000},
    {"memory", "more memory written", 128000000},
    {"calls", "more system calls", 60000},
};
enum { INJECTIONS_COUNT = sizeof INJECTIONS / sizeof INJECTIONS[0] };

struct selfcheck {
    struct assay_cli *cli;
    const struct values *values;
    struct assay_judged *judged;
    char own[LINE_BYTES - 256]; /* this program */
    struct assay_verdict_row rows[ROWS_MAX];
    size_t rows_count;
    double fit_margin;
};

static const char *keep(struct selfcheck *check, const char *text)
{
    char *kept = assay_arena_text(&check->judged->arena, text, strlen(text));
    return kept ? kept : "";
}

static struct assay_verdict_row *add_row(struct selfcheck *check, const char *id, const char *kind)
{
    struct assay_verdict_row *row = &check->rows[check->rows_count++];
    *row = (struct assay_verdict_row){.id = id, .kind = kind, .is_in_family = true};
    return row;
}

static void fill_row(struct assay_verdict_row *row, const struct assay_aa *aa)
{
    const struct assay_outcome *shown = aa->is_by_cpu ? &aa->cpu : &aa->wall;
    row->metric = aa->is_by_cpu ? "cpu_tree" : "service";
    row->unit = "ns";
    row->arm = "b";
    row->versus = "a";
    row->has_base = row->has_other = shown->n > 0;
    row->base = aa->is_by_cpu ? aa->base_cpu_ns : aa->base_ns;
    row->other = aa->is_by_cpu ? aa->other_cpu_ns : aa->other_ns;
    row->has_point = shown->n > 0;
    row->has_interval = shown->has_interval;
    row->point = shown->point;
    row->lower = shown->lower;
    row->upper = shown->upper;
    row->confidence = shown->confidence;
    row->n = shown->n;
    row->n_effective = shown->n_effective;
    row->method = shown->method;
    row->word = assay_word_text(aa->word);
    row->is_resolved = shown->is_resolved;
    row->effect_min = shown->effect_min;
    row->pairs_needed = shown->pairs_needed;
}

static struct assay_aa_setup setup_of(const struct selfcheck *check, const char *a, const char *b)
{
    return (struct assay_aa_setup){
        .a = a,
        .b = b,
        .pairs = check->values->pairs,
        .duration = DURATION,
        .rule = {.alpha = 0.05, .margin = check->values->margin, .level = ASSAY_LEVEL_ADVISORY}};
}

static void write_line(const struct selfcheck *check, const struct injection *injection, uint64_t amount,
                       char line[LINE_BYTES])
{
    (void)snprintf(line, LINE_BYTES, "'%s' work %s %" PRIu64, check->own, injection->kind, amount);
}

/* ---- (1) a command against itself --------------------------------------------------------------------------------*/

static assay_code check_same(struct selfcheck *check, const char *command, assay_err *err)
{
    char line[LINE_BYTES];
    struct assay_aa aa;
    write_line(check, &INJECTIONS[0], INJECTIONS[0].amount, line);
    struct assay_aa_setup setup = setup_of(check, command ? command : line, command ? command : line);
    assay_log_note("a command against itself ...");
    assay_code rc = assay_aa_measure(check->cli, &setup, &check->judged->arena, &aa, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_verdict_row *row = add_row(check, "same", "comparison");
    fill_row(row, &aa);
    row->metric = "service";
    row->word = assay_word_text(aa.wall.word);
    row->expected = "parity, and 1 within the interval";
    check->fit_margin = fmax(check->fit_margin, fmax(assay_aa_margin(&aa.wall), aa.wall.effect_min));
    if (!aa.wall.has_interval) {
        row->verdict = ASSAY_VERDICT_NOT_MEASURED;
        row->reason = aa.wall.reason;
    } else {
        row->verdict = assay_aa_is_fit(&aa) ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL;
        row->reason = assay_aa_is_fit(&aa)  ? NULL
                      : aa.wall.is_resolved ? "a false alarm: the machine changed with the place in a round"
                                            : "the interval goes beyond the margin";
    }
    double share = aa.base_ns > 0 ? (double)aa.clock_read_ns * 2 / aa.base_ns : 0;
    struct assay_verdict_row *overhead = add_row(check, "overhead", "requirement");
    overhead->metric = "clock";
    overhead->has_point = true;
    overhead->point = share;
    overhead->expected = "two clock reads within 0.1% of the shortest region";
    overhead->verdict = aa.base_ns > 0 ? (share <= OVERHEAD_SHARE_MAX ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL)
                                       : ASSAY_VERDICT_NOT_MEASURED;
    return ASSAY_OK;
}

/* ---- (2) injected slowdowns --------------------------------------------------------------------------------------*/

/* By how much the work must grow for the whole process to take `margin` longer: its start is not work. */
static assay_code calibrate(struct selfcheck *check, const struct injection *injection, uint64_t *ret_more,
                            assay_err *err)
{
    char none[LINE_BYTES], full[LINE_BYTES];
    struct assay_aa aa;
    write_line(check, injection, 0, none);
    write_line(check, injection, injection->amount, full);
    struct assay_aa_setup setup = setup_of(check, none, full);
    setup.pairs = CALIBRATION_PAIRS;
    assay_code rc = assay_aa_measure(check->cli, &setup, &check->judged->arena, &aa, err);
    double work_ns = aa.other_ns - aa.base_ns;
    if (rc == ASSAY_OK) {
        double factor = work_ns > 0 ? aa.other_ns / work_ns : 1;
        *ret_more = (uint64_t)((double)injection->amount * check->values->margin * factor + 0.5);
    }
    return rc;
}

static assay_code check_injected(struct selfcheck *check, const struct injection *injection, assay_err *err)
{
    char base[LINE_BYTES], more[LINE_BYTES], text[256];
    struct assay_aa aa;
    uint64_t extra = 0;
    assay_log_note("%s ...", injection->what);
    assay_code rc = calibrate(check, injection, &extra, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    write_line(check, injection, injection->amount, base);
    write_line(check, injection, injection->amount + extra, more);
    struct assay_aa_setup setup = setup_of(check, base, more);
    rc = assay_aa_measure(check->cli, &setup, &check->judged->arena, &aa, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_verdict_row *row = add_row(check, injection->kind, "comparison");
    fill_row(row, &aa);
    (void)snprintf(text, sizeof text, "slower: %s, %.3g%% of the whole injected", injection->what,
                   check->values->margin * 100);
    row->expected = keep(check, text);
    bool is_found = aa.word == ASSAY_WORD_SLOWER || (aa.wall.is_resolved && aa.wall.lower > 1);
    row->verdict = !aa.wall.has_interval ? ASSAY_VERDICT_NOT_MEASURED
                   : is_found            ? ASSAY_VERDICT_PASS
                                         : ASSAY_VERDICT_FAIL;
    row->word = is_found ? "slower" : row->word;
    row->reason = !aa.wall.has_interval ? aa.wall.reason : (is_found ? NULL : "the injected slowdown was not found");
    check->fit_margin = fmax(check->fit_margin, aa.wall.effect_min);
    return ASSAY_OK;
}

/* ---- the verdict -------------------------------------------------------------------------------------------------*/

static enum assay_verdict verdict_of(const struct selfcheck *check)
{
    bool is_unknown = false;
    for (size_t i = 0; i < check->rows_count; i++) {
        if (check->rows[i].verdict == ASSAY_VERDICT_FAIL) {
            return ASSAY_VERDICT_FAIL;
        }
        is_unknown |= check->rows[i].verdict != ASSAY_VERDICT_PASS;
    }
    return is_unknown ? ASSAY_VERDICT_UNDECIDED : ASSAY_VERDICT_PASS;
}

static assay_code answer(struct selfcheck *check, struct assay_buf *out, assay_err *err)
{
    char summary[160];
    enum assay_verdict verdict = verdict_of(check);
    const char *const words[ASSAY_VERDICT_COUNT] = {
        [ASSAY_VERDICT_PASS] = "fit", [ASSAY_VERDICT_FAIL] = "not fit", [ASSAY_VERDICT_UNDECIDED] = "not known"};
    (void)snprintf(summary, sizeof summary, "%s at a margin of %.3g%%; smallest fit margin %.2g%%",
                   words[verdict] ? words[verdict] : "not known", check->values->margin * 100,
                   ceil(check->fit_margin * 1000) / 10);
    struct assay_verdict_document document = {.question = "selfcheck",
                                              .level = "advisory",
                                              .verdict = verdict,
                                              .summary = keep(check, summary),
                                              .tool = assay_cli_version(),
                                              .binary_sha256 =
                                                  check->judged->binary_sha256[0] ? check->judged->binary_sha256 : NULL,
                                              .date = check->judged->date,
                                              .rows = check->rows,
                                              .rows_count = check->rows_count};
    return assay_judged_end(check->judged, check->cli, &document, &check->values->how, out, err);
}

static assay_code find_own(struct selfcheck *check, assay_err *err)
{
    assay_code rc = assay_proc_own_path(check->own, sizeof check->own, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    return strchr(check->own, '\'') ? assay_fail(err, ASSAY_IO, "'%s': a quote in the name of this program", check->own)
                                    : ASSAY_OK;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    struct assay_judged judged;
    if (!(values->margin > 0 && values->margin <= 1)) {
        return assay_fail(err, ASSAY_USAGE, "--margin: expected above 0%% and at most 100%%");
    }
    assay_log_open(values->is_quiet ? ASSAY_LOG_QUIET : ASSAY_LOG_NORMAL);
    assay_code rc = assay_judged_begin(&judged, err);
    struct selfcheck check = {.cli = cli, .values = values, .judged = &judged};
    rc = rc == ASSAY_OK ? find_own(&check, err) : rc;
    rc = rc == ASSAY_OK ? check_same(&check, given->arguments_count ? given->arguments[0] : NULL, err) : rc;
    for (size_t i = 0; i < INJECTIONS_COUNT && rc == ASSAY_OK; i++) {
        rc = check_injected(&check, &INJECTIONS[i], err);
    }
    rc = rc == ASSAY_OK ? answer(&check, out, err) : rc;
    assay_judged_done(&judged);
    return rc;
}

const struct assay_verb assay_verb_selfcheck = {
    .opt = {.name = "selfcheck",
            .synopsis = "[OPTIONS] ['COMMAND']",
            .summary = "can this machine tell the difference? A/A, and injected slowdowns",
            .manual = "A command (a loop of assay's own, or the one given) is measured against itself: the answer must "
                      "be parity. Then four kinds of work are measured against themselves with as much more work as "
                      "the margin: turns of a loop, sleep, memory written, system calls; each must be found. Ends "
                      "within a minute. 'assay ab --selfcheck' measures the first command against itself before the "
                      "run, and keeps the result in the receipt as the check aa_noise.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_max = 1,
            .examples = "assay selfcheck --margin 1%\n  before one percent is claimed\n",
            .exits = "0 fit at the margin; 1 not fit; 2 only unknowns; 4 usage; 5 the command could not be run"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
