/* Prints a man page from an option table: `assay man run llm`. Used by the build and by tests. */
#include "cli/cli.h"
#include "cli/run_options.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static assay_code print_page(const struct assay_opt_verb *verb, assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    assay_opt_man(verb, assay_cli_version(), ASSAY_RELEASE_DATE, &out);
    assay_code rc = assay_cli_print(&out, err);
    assay_buf_done(&out);
    return rc;
}

static assay_code print_run_page(struct assay_cli *cli, const char *workload, assay_err *err)
{
    for (size_t i = 0; i < cli->workloads_count; i++) {
        if (strcmp(cli->workloads[i]->name, workload) == 0) {
            struct assay_run_table combined;
            assay_code rc = assay_run_table_init(&combined, cli->workloads[i], err);
            if (rc == ASSAY_OK) {
                rc = print_page(&combined.verb, err);
                assay_run_table_done(&combined);
            }
            return rc;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "there is no workload '%s'", workload);
}

/* One line a page, "run-llm run llm": file name, then the arguments that print it. */
static assay_code print_list(struct assay_cli *cli, assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    for (size_t i = 0; i < cli->verbs_count; i++) {
        if (!cli->verbs[i]->is_hidden) {
            assay_buf_printf(&out, "%s %s\n", cli->verbs[i]->opt.name, cli->verbs[i]->opt.name);
        }
    }
    for (size_t i = 0; i < cli->workloads_count; i++) {
        assay_buf_printf(&out, "run-%s run %s\n", cli->workloads[i]->name, cli->workloads[i]->name);
    }
    assay_code rc = assay_cli_print(&out, err);
    assay_buf_done(&out);
    return rc;
}

static assay_code run(struct assay_cli *cli, int argc, char *const *argv, assay_err *err)
{
    struct assay_opt_result result;
    bool done;
    char none;
    assay_code rc = assay_cli_parse(&assay_verb_man.opt, argc, argv, &none, &result, &done, err);
    if (rc != ASSAY_OK || done) {
        return rc;
    }
    if (result.arguments_count == 0) {
        rc = print_list(cli, err);
    } else if (result.arguments_count == 2 && strcmp(result.arguments[0], "run") == 0) {
        rc = print_run_page(cli, result.arguments[1], err);
    } else {
        rc = assay_fail(err, ASSAY_USAGE, "there is no page for '%s'", result.arguments[0]);
        for (size_t i = 0; i < cli->verbs_count; i++) {
            if (strcmp(cli->verbs[i]->opt.name, result.arguments[0]) == 0) {
                rc = print_page(&cli->verbs[i]->opt, err);
            }
        }
    }
    assay_opt_result_done(&result);
    return rc;
}

const struct assay_verb assay_verb_man = {
    .opt = {.name = "man",
            .synopsis = "[VERB [WORKLOAD]]",
            .summary = "print a man page, or the list of pages",
            .arguments_max = 2},
    .is_hidden = true,
    .run = run,
};
