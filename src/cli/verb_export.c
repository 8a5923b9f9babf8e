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
    {"as", "FORMAT", "node-csv", ASSAY_OPT_TEXT, offsetof(struct values, format)},
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

static const struct exporter EXPORTERS[] = {
    {"node-csv", write_node_csv},
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

static assay_code export_run(const struct values *values, const char *place, assay_err *err)
{
    const struct exporter *exporter = find_exporter(values->format);
    if (!exporter) {
        return assay_fail(err, ASSAY_USAGE, "--as must be one of: %s", OPTIONS[0].help);
    }
    struct assay_run_files files;
    struct assay_buf out;
    assay_code rc = assay_run_files_load(place, NULL, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    rc = exporter->write(&files, &out, err);
    if (rc == ASSAY_OK) {
        rc = assay_cli_write(&out, values->output, values->is_forced, err);
    }
    assay_buf_done(&out);
    assay_run_files_done(&files);
    return rc;
}

static assay_code run(struct assay_cli *cli, int argc, char *const *argv, assay_err *err)
{
    (void)cli;
    struct values values = {0};
    struct assay_opt_result result;
    bool done;
    assay_code rc = assay_cli_parse(&assay_verb_export.opt, argc, argv, &values, &result, &done, err);
    if (rc == ASSAY_OK && !done) {
        rc = export_run(&values, result.arguments[0], err);
        assay_opt_result_done(&result);
    }
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
            .examples = "assay export --as node-csv demo-out\n  timestamp,model,first_token_ms,tokens_per_s\n"},
    .run = run,
};
