/* Measures into one directory a run: `run WORKLOAD`, or several from a suite file. */
#include "cli/cli.h"
#include "cli/one_run.h"
#include "cli/suite.h"

#include "base/text.h"

#include <string.h>

static assay_code run_workload(struct assay_cli *cli, const struct assay_workload *workload, int argc,
                               char *const *argv, assay_err *err)
{
    struct assay_prepared_run run;
    struct assay_opt_result result = {0};
    bool done = false;
    assay_code rc = assay_prepared_run_init(&run, workload, err);
    if (rc == ASSAY_OK) {
        rc = assay_cli_parse(&run.table.verb, argc, argv, run.values, &result, &done, err);
    }
    if (rc == ASSAY_OK && !done && result.arguments_count == 1) {
        rc = assay_opt_set(&run.table.verb, workload->argument, result.arguments[0], run.values, &result.seen, err);
    }
    if (rc == ASSAY_OK && !done) {
        rc = assay_one_run_do(cli, &run, err);
    }
    assay_opt_result_done(&result);
    assay_prepared_run_done(&run);
    return rc;
}

static assay_code fail_no_workload(const struct assay_cli *cli, const char *name, assay_err *err)
{
    struct assay_buf list;
    assay_buf_init(&list, 4096); /* names of the compiled-in workloads */
    for (size_t i = 0; i < cli->workloads_count; i++) {
        assay_buf_printf(&list, "%s%s", i ? ", " : "", cli->workloads[i]->name);
    }
    const char *names = list.data ? list.data : "";
    assay_code rc =
        name ? assay_fail(err, ASSAY_USAGE, "there is no workload '%s': %s, or a suite file *.yaml", name, names)
             : assay_fail(err, ASSAY_USAGE, "what to run is missing: %s, or a suite file *.yaml", names);
    assay_buf_done(&list);
    return rc;
}

static assay_code print_help(struct assay_cli *cli, assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    assay_opt_help(&assay_verb_run.opt, &out);
    assay_buf_text(&out, "\nWorkloads ('assay run WORKLOAD --help' lists their options)\n");
    for (size_t i = 0; i < cli->workloads_count; i++) {
        assay_buf_printf(&out, "  %-10s %s\n", cli->workloads[i]->name, cli->workloads[i]->summary);
    }
    assay_code rc = assay_cli_print(&out, err);
    assay_buf_done(&out);
    return rc;
}

static assay_code run(struct assay_cli *cli, int argc, char *const *argv, assay_err *err)
{
    if (argc == 0) {
        return fail_no_workload(cli, NULL, err);
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        return print_help(cli, err);
    }
    const struct assay_workload *workload = assay_cli_workload(cli, argv[0]);
    if (workload) {
        return run_workload(cli, workload, argc - 1, argv + 1, err);
    }
    if (assay_text_ends(argv[0], ".yaml") || assay_text_ends(argv[0], ".yml")) {
        return assay_suite_verb(cli, argc, argv, err);
    }
    return fail_no_workload(cli, argv[0], err);
}

const struct assay_verb assay_verb_run = {
    .opt = {.name = "run",
            .synopsis = "WORKLOAD|SUITE.yaml [OPTIONS]",
            .summary = "measure, and issue a receipt",
            .manual =
                "One run gives one new directory with plan.json, trace.assay and receipt.json; a run that failed, "
                "was aborted or stopped early gives record.json without rates instead. Ctrl-C ends a run cleanly.",
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay run llm --url http://127.0.0.1:8080 --requests 100 --concurrency 4\n"
                        "  measure an endpoint in a closed loop\n"
                        "assay run suite.yaml --out night\n  several runs from one file\n",
            .exits = "0 valid receipt; 1 outputs are wrong; 2 invalid, partial, aborted or stand-in; 3 bad "
                     "input; 4 usage; 5 failed; 70 a bug"},
    .run_raw = run,
};
