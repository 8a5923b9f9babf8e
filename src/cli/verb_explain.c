/* What other tools would have printed for the same traffic, and why it differs. */
#include "cli/cli.h"
#include "cli/run_files.h"
#include "cli/terminal.h"

#include <stddef.h>

static const char *const FORMATS[] = {"text", "csv", "md", "json", NULL};

struct values {
    const char *tool;
    int format;
};

static const struct assay_opt OPTIONS[] = {
    {"as", "TOOL", "vllm, aiperf, guidellm, llmperf, inference-perf, sglang or mlperf", ASSAY_OPT_TEXT,
     offsetof(struct values, tool)},
    {"format", "text|csv|md|json", "how to print (default text)", ASSAY_OPT_CHOICE, offsetof(struct values, format),
     .choices = FORMATS},
};

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    const struct values *values = values_;
    const char *place = given->arguments[0];
    struct assay_run_files files;
    if (!values->tool) {
        return assay_fail(err, ASSAY_USAGE, "--as TOOL is missing: %s", OPTIONS[0].help);
    }
    assay_code rc = assay_run_files_load(place, NULL, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (files.plan.len == 0 || files.trace.len == 0) {
        rc = assay_fail(err, ASSAY_NOT_FOUND,
                        "'%s' has no plan.json and trace.assay beside it; explain recomputes from them", place);
    } else {
        struct assay_style style = assay_terminal_style();
        rc = assay_explain(values->tool, files.plan.data, files.plan.len, files.trace.data, files.trace.len,
                           (enum assay_report_format)values->format, &style, out, err);
    }
    assay_run_files_done(&files);
    return rc;
}

const struct assay_verb assay_verb_explain = {
    .opt = {.name = "explain",
            .synopsis = "--as TOOL DIR",
            .summary = "what another tool would have printed for this run, and why it differs",
            .manual = "Tools give the same names to different things: TTFT to a role-only chunk, ITL per chunk or per "
                      "token, percentiles interpolated or not. This recomputes their definitions from our trace.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay explain demo-out --as vllm\n  the numbers of 'vllm bench serve'\n"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
