/* A run in a form that other tools read. */
#include "cli/cli.h"
#include "cli/run_files.h"

#include <stddef.h>
#include <string.h>

struct values {
    const char *format, *output;
    bool is_forced;
};

static const struct assay_opt OPTIONS[] = {
    {"as", "FORMAT", "node-csv, hyperfine, google-benchmark, go-bench, github-action-benchmark or bmf", ASSAY_OPT_TEXT,
     offsetof(struct values, format)},
    {"output", "FILE", "write to this file instead of standard output", ASSAY_OPT_TEXT,
     offsetof(struct values, output)},
    {"force", NULL, "replace the file if it is there", ASSAY_OPT_FLAG, offsetof(struct values, is_forced)},
};

struct exporter {
    const char *name;
    assay_code (*write)(const struct assay_run_files *files, struct assay_buf *out, assay_err *err);
};

static assay_code write_node_csv(const struct assay_run_files *files, struct assay_buf *out, assay_err *err)
{
    struct assay_report_input input = assay_run_files_input(files);
    if (files->trace.len == 0) {
        return assay_fail(err, ASSAY_NOT_FOUND, "'%s' has no trace.assay beside it", files->place);
    }
    return assay_export_node_csv(&input, files->trace.data, files->trace.len, out, err);
}

static assay_code write_form(enum assay_export_form form, bool needs_trace, const struct assay_run_files *files,
                             struct assay_buf *out, assay_err *err)
{
    struct assay_report_input input = assay_run_files_input(files);
    if (needs_trace && files->trace.len == 0) {
        return assay_fail(err, ASSAY_NOT_FOUND, "'%s' has no trace.assay beside it", files->place);
    }
    return assay_export_bench(form, &input, files->trace.data, files->trace.len, out, err);
}

#define FORM(name, form, needs_trace)                                                                  \
    static assay_code name(const struct assay_run_files *files, struct assay_buf *out, assay_err *err) \
    {                                                                                                  \
        return write_form(form, needs_trace, files, out, err);                                         \
    }
FORM(write_hyperfine, ASSAY_EXPORT_HYPERFINE, true)
FORM(write_google_benchmark, ASSAY_EXPORT_GOOGLE_BENCHMARK, true)
FORM(write_go_bench, ASSAY_EXPORT_GO_BENCH, true)
FORM(write_github_action, ASSAY_EXPORT_GITHUB_ACTION_BENCHMARK, false)
FORM(write_bmf, ASSAY_EXPORT_BMF, false)

static const struct exporter EXPORTERS[] = {
    {"node-csv", write_node_csv},
    {"hyperfine", write_hyperfine},
    {"google-benchmark", write_google_benchmark},
    {"go-bench", write_go_bench},
    {"github-action-benchmark", write_github_action},
    {"bmf", write_bmf},
};

static const struct exporter *find_exporter(const char *name)
{
    for (size_t i = 0; name && i < sizeof EXPORTERS / sizeof EXPORTERS[0]; i++) {
        if (strcmp(EXPORTERS[i].name, name) == 0) {
            return &EXPORTERS[i];
        }
    }
    return NULL;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    const struct values *values = values_;
    const struct exporter *exporter = find_exporter(values->format);
    struct assay_run_files files;
    if (!exporter) {
        return assay_fail(err, ASSAY_USAGE, "--as must be one of: %s", OPTIONS[0].help);
    }
    assay_code rc = assay_run_files_load(given->arguments[0], NULL, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = exporter->write(&files, out, err);
    if (rc == ASSAY_OK) {
        rc = assay_cli_output(out, values->output, values->is_forced, err);
    }
    assay_run_files_done(&files);
    return rc;
}

const struct assay_verb assay_verb_export = {
    .opt = {.name = "export",
            .synopsis = "--as FORMAT [OPTIONS] DIR",
            .summary = "write a run in a form that other tools read",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples =
                "assay export --as node-csv demo-out\n  timestamp,model,first_token_ms,tokens_per_s\n"
                "assay export --as hyperfine run --output run.json\n  for scripts that read that tool's files\n"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
