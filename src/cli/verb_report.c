/* Several runs in one text: summary, per model and shape, models against each other, advice. */
#include "cli/cli.h"
#include "cli/run_files.h"
#include "cli/terminal.h"

#include "base/mem.h"

#include <stddef.h>

/* The order of enum assay_report_format. */
static const char *const FORMATS[] = {"text", "csv", "md", "json", NULL};

struct values {
    int format;
    const char *output;
    bool is_forced;
};

static const struct assay_opt OPTIONS[] = {
    {"format", "text|csv|md|json", "how to print (default text)", ASSAY_OPT_CHOICE, offsetof(struct values, format),
     .choices = FORMATS},
    {"output", "FILE", "write to this file instead of standard output", ASSAY_OPT_TEXT,
     offsetof(struct values, output)},
    {"force", NULL, "replace the file if it is there", ASSAY_OPT_FLAG, offsetof(struct values, is_forced)},
};

struct runs {
    struct assay_run_files *files;
    struct assay_report_input *inputs;
    size_t count;
};

static void runs_done(struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++) {
        assay_run_files_done(&runs->files[i]);
    }
    assay_free(runs->files);
    assay_free(runs->inputs);
}

static assay_code runs_load(struct runs *runs, const struct assay_opt_result *places, assay_err *err)
{
    *runs = (struct runs){.files = assay_alloc(places->arguments_count, sizeof *runs->files),
                          .inputs = assay_alloc(places->arguments_count, sizeof *runs->inputs)};
    if (!runs->files || !runs->inputs) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < places->arguments_count; i++) {
        assay_code rc = assay_run_files_load(places->arguments[i], NULL, &runs->files[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        runs->count++;
        runs->inputs[i] = assay_run_files_input(&runs->files[i]);
    }
    return ASSAY_OK;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    const struct values *values = values_;
    struct runs runs;
    assay_code rc = runs_load(&runs, given, err);
    if (rc == ASSAY_OK) {
        struct assay_style style = values->output ? (struct assay_style){0} : assay_terminal_style();
        rc = assay_report_runs(runs.inputs, runs.count, (enum assay_report_format)values->format, &style, out, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_cli_output(out, values->output, values->is_forced, err);
    }
    runs_done(&runs);
    return rc;
}

const struct assay_verb assay_verb_report = {
    .opt = {.name = "report",
            .synopsis = "[OPTIONS] DIR|RECEIPT...",
            .summary = "one report over runs: per model and shape, compared, with advice",
            .manual = "Every number is rendered from a receipt. CSV has one row per run, arm and metric, in the units "
                      "of the receipt (ns), for machines; Markdown and text are for people.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = ASSAY_REPORT_RUNS_MAX,
            .examples = "assay report --format md --output report.md demo-out\n  a page for people\n"
                        "assay report --format csv night-*\n  rows for a spreadsheet or a script\n"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
