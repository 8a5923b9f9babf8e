/* `run lm` once a number of threads, and a table of the cases instead of all that is in the receipts. */
#include "cli/cli.h"
#include "cli/one_run.h"
#include "cli/stop.h"
#include "cli/terminal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/thread.h"
#include "report/report.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define THREADS_MAX 256 /* what the workload takes */
#define RUNS_MAX 16     /* thread counts of one call */
#define GRID "Cases (default: prefill 1 16 64 128 512, decode at 0 512 2048, batches of 4 16)"
#define HOW "How"
#define RUN "The run"
#define AT(member) offsetof(struct values, member)

struct values {
    const char *threads;
    /* Handed on to `run lm` as they were given. */
    const char *prompts, *decoded, *passes, *depths, *batches, *epoch, *pages, *pinned, *head, *isa, *kernels, *forbid,
        *pairs, *duration, *warmup, *seed, *out, *store, *commit, *branch, *log, *log_key, *password_file;
    struct assay_opt_list keys;
    bool wants_store, is_quiet, wants_json, wants_fresh;
};

static const struct values DEFAULTS = {.wants_store = true, .wants_fresh = true};

static const struct assay_opt OPTIONS[] = {
    {"p", "LIST", "prompt lengths to prefill; 0: none", ASSAY_OPT_TEXT, AT(prompts), .group = GRID},
    {"n", "N", "tokens to decode (default 32); 0: none", ASSAY_OPT_TEXT, AT(decoded), .group = GRID},
    {"tokens", "LIST", "prompt tokens a pass (default the whole prompt, at most 512)", ASSAY_OPT_TEXT, AT(passes),
     .group = GRID},
    {"depth", "LIST", "tokens of context before those that are decoded", ASSAY_OPT_TEXT, AT(depths), .group = GRID},
    {"batch", "LIST", "sequences that are decoded together", ASSAY_OPT_TEXT, AT(batches), .group = GRID},

    {"t", "LIST", "threads, a run each (default 1 and all CPUs; with ASSAY_THREADS, that)", ASSAY_OPT_TEXT, AT(threads),
     .group = HOW},
    {"epoch", "T", "least length of one timed region (default 20ms)", ASSAY_OPT_TEXT, AT(epoch), .group = HOW},
    {"pairs", "N", "rounds of all cases (default 40)", ASSAY_OPT_TEXT, AT(pairs), .group = HOW},
    {"duration", "T", "for this long", ASSAY_OPT_TEXT, AT(duration), .group = HOW},
    {"warmup", "N", "first blocks of rounds, kept and marked, outside the figures", ASSAY_OPT_TEXT, AT(warmup),
     .group = HOW},
    {"pages", "huge|small|mapped", "where the weights lie (default $ASSAY_PAGES, else huge)", ASSAY_OPT_TEXT, AT(pages),
     .group = HOW},
    {"pinned", "0|1", "thread i on the i-th CPU of the affinity mask (default $ASSAY_PIN, else 1)", ASSAY_OPT_TEXT,
     AT(pinned), .group = HOW},
    {"head", "exact|screened", "of one greedy sequence (default $ASSAY_HEAD, else exact)", ASSAY_OPT_TEXT, AT(head),
     .group = HOW},
    {"isa", "ISA", "highest instruction set allowed (default $ASSAY_ISA)", ASSAY_OPT_TEXT, AT(isa), .group = HOW},
    {"kernel", "NAME=ISA,...", "variants that must run (default $ASSAY_KERNEL)", ASSAY_OPT_TEXT, AT(kernels),
     .group = HOW},
    {"forbid", "PATTERN,...", "ids that may not run (default $ASSAY_KERNEL_FORBID)", ASSAY_OPT_TEXT, AT(forbid),
     .group = HOW},
    {"fresh", NULL, "one output is computed again by a new process and held against the run's", ASSAY_OPT_FLAG_ON,
     AT(wants_fresh), .group = HOW},

    {"seed", "N", "seed of tokens and order (default: drawn, and kept)", ASSAY_OPT_TEXT, AT(seed), .group = RUN},
    {"out", "DIR", "the run directory, which must not exist; of several runs DIR/tN", ASSAY_OPT_TEXT, AT(out),
     .group = RUN},
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT, AT(store),
     .group = RUN},
    {"commit", "REV", "the commit that is measured, for the history", ASSAY_OPT_TEXT, AT(commit), .group = RUN},
    {"branch", "NAME", "its branch: a series of its own", ASSAY_OPT_TEXT, AT(branch), .group = RUN},
    {"save", NULL, "append the runs to the history", ASSAY_OPT_FLAG_ON, AT(wants_store), .group = RUN},
    {"key", "FILE", "sign the receipts with this key (repeatable)", ASSAY_OPT_TEXT_LIST, AT(keys), .group = RUN},
    {"log", "DIR", "log the runs: intent before, receipt after", ASSAY_OPT_TEXT, AT(log), .group = RUN},
    {"log-key", "FILE", "the key of the log (default: DIR.key)", ASSAY_OPT_TEXT, AT(log_key), .group = RUN},
    {"password-file", "FILE", "the password of the keys is the first line of FILE", ASSAY_OPT_TEXT, AT(password_file),
     .group = RUN},
    {"quiet", NULL, "no progress, no notes", ASSAY_OPT_FLAG, AT(is_quiet), .group = RUN},
    {"json", NULL, "print the receipts as JSON, one a run", ASSAY_OPT_FLAG, AT(wants_json), .group = RUN},
};

static const struct assay_passed PASSED[] = {
    {"p", AT(prompts)},       {"n", AT(decoded)},
    {"tokens", AT(passes)},   {"depth", AT(depths)},
    {"batch", AT(batches)},   {"epoch", AT(epoch)},
    {"pages", AT(pages)},     {"pinned", AT(pinned)},
    {"isa", AT(isa)},         {"head", AT(head)},
    {"kernel", AT(kernels)},  {"forbid", AT(forbid)},
    {"pairs", AT(pairs)},     {"duration", AT(duration)},
    {"warmup", AT(warmup)},   {"seed", AT(seed)},
    {"store", AT(store)},     {"commit", AT(commit)},
    {"branch", AT(branch)},   {"log", AT(log)},
    {"log-key", AT(log_key)}, {"password-file", AT(password_file)},
};

/* ---- thread counts ------------------------------------------------------------------------------------------------*/

struct counts {
    uint64_t items[RUNS_MAX]; /* 0: what the environment says, else all */
    size_t count;
};

static assay_code read_counts(const char *text, struct counts *ret, assay_err *err)
{
    struct assay_slice rest = assay_slice_of(text);
    *ret = (struct counts){.count = 0};
    while (rest.data) {
        uint64_t value = 0;
        assay_code rc = assay_num_u64(assay_slice_trim(assay_slice_cut(&rest, ',')), "-t", THREADS_MAX, &value, NULL);
        if (rc != ASSAY_OK || value == 0 || ret->count == RUNS_MAX) {
            return assay_fail(err, ASSAY_USAGE, "-t is '%.80s', expected at most %d numbers, each 1 to %d", text,
                              RUNS_MAX, THREADS_MAX);
        }
        for (size_t i = 0; i < ret->count; i++) {
            if (ret->items[i] == value) { /* each run has a directory of its number */
                return assay_fail(err, ASSAY_USAGE, "-t is '%.80s', expected each number once", text);
            }
        }
        ret->items[ret->count++] = value;
    }
    return ASSAY_OK;
}

static assay_code find_counts(const struct values *values, struct counts *ret, assay_err *err)
{
    const char *given = getenv("ASSAY_THREADS");
    size_t all = assay_thread_cpu_count();
    if (values->threads) {
        return read_counts(values->threads, ret, err);
    }
    if (given && given[0] != '\0') {
        *ret = (struct counts){.items = {0}, .count = 1};
    } else {
        *ret = (struct counts){.items = {1, all < THREADS_MAX ? all : THREADS_MAX}, .count = all > 1 ? 2 : 1};
    }
    return ASSAY_OK;
}

/* ---- one run ------------------------------------------------------------------------------------------------------*/

#define PATH_BYTES 4096
#define COUNT_BYTES 24

struct bench {
    struct assay_cli *cli;
    const struct values *values;
    const char *model;
    struct counts counts;
    struct assay_buf *out;
    assay_code worst; /* of the runs that came to an end */
};

static assay_code set_options(const struct bench *bench, struct assay_prepared_run *run, const char *threads,
                              const char *dir, assay_err *err)
{
    const struct values *values = bench->values;
    assay_code rc = assay_prepared_run_pass(run, PASSED, sizeof PASSED / sizeof PASSED[0], values, err);
    rc = rc == ASSAY_OK ? assay_prepared_run_set(run, "model", bench->model, err) : rc;
    rc = rc == ASSAY_OK ? assay_prepared_run_set(run, "threads", threads, err) : rc;
    rc = rc == ASSAY_OK ? assay_prepared_run_set(run, "out", dir, err) : rc;
    rc = rc == ASSAY_OK ? assay_prepared_run_set(run, "fresh", values->wants_fresh ? "true" : "false", err) : rc;
    for (size_t i = 0; i < values->keys.count && rc == ASSAY_OK; i++) {
        rc = assay_prepared_run_set(run, "key", values->keys.items[i], err);
    }
    struct assay_run_options *options = assay_prepared_run_options(run);
    options->around.wants_store = values->wants_store;
    options->around.is_quiet = values->is_quiet;
    options->around.wants_calibration = false; /* nothing is stamped by a network */
    return rc;
}

static assay_code print(const struct bench *bench, const struct assay_run_result *result, assay_err *err)
{
    struct assay_style style = assay_terminal_style();
    const struct assay_report_input input = {.place = result->dir,
                                             .document = result->file.data,
                                             .document_len = result->file.len,
                                             .plan = result->plan.data,
                                             .plan_len = result->plan.len};
    if (bench->values->wants_json) {
        return assay_report_show(&input, ASSAY_REPORT_JSON, &style, bench->out, err);
    }
    assay_code rc = assay_report_cases(&input, &style, bench->out, err);
    assay_buf_printf(bench->out, "\n%s: %s\n\n", result->outcome, result->dir);
    return rc;
}

static assay_code code_of(const struct assay_run_result *result)
{
    switch (assay_run_exit_status(result)) {
    case 0:
        return ASSAY_OK;
    case 1:
        return ASSAY_WANTING;
    case 2:
        return ASSAY_UNDECIDED;
    default:
        return ASSAY_NETWORK;
    }
}

/* Failed beats wanting beats undecided beats good, as everywhere. */
static assay_code worse(assay_code a, assay_code b)
{
    static const assay_code ORDER[] = {ASSAY_NETWORK, ASSAY_WANTING, ASSAY_UNDECIDED};
    for (size_t i = 0; i < sizeof ORDER / sizeof ORDER[0]; i++) {
        if (a == ORDER[i] || b == ORDER[i]) {
            return ORDER[i];
        }
    }
    return ASSAY_OK;
}

static assay_code run_one(struct bench *bench, uint64_t count, assay_err *err)
{
    struct assay_prepared_run run;
    struct assay_run_result result = {0};
    char threads[COUNT_BYTES], dir[PATH_BYTES];
    const char *out = bench->values->out;
    bool is_one = bench->counts.count == 1;
    (void)snprintf(threads, sizeof threads, "%" PRIu64, count);
    int len =
        out ? is_one ? snprintf(dir, sizeof dir, "%s", out) : snprintf(dir, sizeof dir, "%s/t%s", out, threads) : 0;
    if (len < 0 || (size_t)len >= sizeof dir) {
        return assay_fail(err, ASSAY_USAGE, "--out is longer than %d bytes", PATH_BYTES);
    }
    assay_code rc = assay_prepared_run_init(&run, assay_cli_workload(bench->cli, "lm"), err);
    rc = rc == ASSAY_OK ? set_options(bench, &run, count > 0 ? threads : NULL, out ? dir : NULL, err) : rc;
    rc = rc == ASSAY_OK ? assay_one_run_keep(&run, &result, err) : rc;
    rc = rc == ASSAY_OK ? print(bench, &result, err) : rc;
    if (rc == ASSAY_OK) {
        bench->worst = worse(bench->worst, code_of(&result));
    }
    assay_run_result_done(&result);
    assay_prepared_run_done(&run);
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *given_values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    struct bench bench = {
        .cli = cli, .values = given_values, .model = given->arguments[0], .out = out, .worst = ASSAY_OK};
    assay_code rc = find_counts(bench.values, &bench.counts, err);
    if (rc == ASSAY_OK && bench.values->out && bench.counts.count > 1) {
        rc = assay_dir_make(bench.values->out, err);
    }
    for (size_t i = 0; i < bench.counts.count && rc == ASSAY_OK && !assay_stop_was_asked(); i++) {
        rc = run_one(&bench, bench.counts.items[i], err);
    }
    if (rc == ASSAY_OK) {
        cli->has_judged = true;
        rc = bench.worst;
    }
    return rc;
}

const struct assay_verb assay_verb_lm_bench = {
    .opt = {.name = "lm bench",
            .synopsis = "[OPTIONS] MODEL.gguf",
            .summary = "prefill and decode, with every kernel counted: receipts",
            .manual =
                "One run for each number of threads: 'assay run lm', whose cases are arms that take turns. Every "
                "forward pass is real. A row a case: tokens a second (median, with its interval), bytes that the "
                "kernels read for a token, the rate that this implies beside a read-only pass over the same weights in "
                "the same run, operations a second, and where the time went: in kernels, of which in fallbacks, "
                "waiting for other threads, and outside of all of them, which together are all of it. A second table "
                "names each kernel.\n\n"
                "-p, -n, --tokens, --depth or --batch replace the grid: then one prompt of 128, 32 decoded tokens at "
                "depth 0 and one sequence are the defaults. Tokens are drawn from the seed. Equal outputs of "
                "repetitions, and of a new process, are in the receipt as evidence; unequal ones too. A run that is "
                "stopped leaves a record without rates.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay lm bench tiny.gguf -p 128 -n 32 -t 1,2\n  one prefill and one decode case, twice\n"
                        "assay lm bench 2b4t.gguf --batch 1,4,16 -p 0\n  what batching brings\n",
            .exits = "0 valid receipts; 1 outputs are wrong; 2 invalid, partial or aborted; 3 a model that cannot be "
                     "read; 4 usage; 5 failed; 70 a bug"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
