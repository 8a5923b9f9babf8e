/* Prints the completion script of a shell, from the option tables. */
#include "cli/cli.h"
#include "cli/run_options.h"

#include "base/mem.h"

#include <string.h>

static const char *const SHELLS[] = {"bash", "zsh", "fish", NULL};

/* The tables of all verbs, and of `run` once a workload, in one list. */
struct tables {
    const struct assay_opt_verb **list;
    struct assay_run_table *runs;
    size_t count, runs_count;
};

static void tables_done(struct tables *tables)
{
    for (size_t i = 0; i < tables->runs_count; i++) {
        assay_run_table_done(&tables->runs[i]);
    }
    assay_free(tables->runs);
    assay_free(tables->list);
}

static assay_code add_runs(struct tables *tables, const struct assay_cli *cli, assay_err *err)
{
    for (size_t i = 0; i < cli->workloads_count; i++) {
        assay_code rc = assay_run_table_init(&tables->runs[i], cli->workloads[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        tables->runs_count++;
        tables->list[tables->count++] = &tables->runs[i].verb;
    }
    return ASSAY_OK;
}

static assay_code tables_init(struct tables *tables, const struct assay_cli *cli, assay_err *err)
{
    *tables = (struct tables){0};
    size_t words = 0;
    for (size_t i = 0; i < cli->verbs_count; i++) {
        words += cli->verbs[i]->words_count;
    }
    tables->list = assay_alloc(cli->verbs_count + words + cli->workloads_count, sizeof *tables->list);
    tables->runs = assay_alloc(cli->workloads_count, sizeof *tables->runs);
    if (!tables->list || !tables->runs) {
        return assay_nomem(err);
    }
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < cli->verbs_count; i++) {
        if (!cli->verbs[i]->is_hidden) {
            tables->list[tables->count++] = &cli->verbs[i]->opt;
        }
        for (size_t k = 0; k < cli->verbs[i]->words_count; k++) {
            tables->list[tables->count++] = &cli->verbs[i]->words[k]->opt;
        }
        if (cli->verbs[i] == &assay_verb_run) { /* verbs of one first word stand together */
            rc = add_runs(tables, cli, err);
        }
    }
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)values;
    for (size_t i = 0; SHELLS[i]; i++) {
        if (strcmp(given->arguments[0], SHELLS[i]) == 0) {
            struct tables tables;
            assay_code rc = tables_init(&tables, cli, err);
            if (rc == ASSAY_OK) {
                assay_opt_complete(tables.list, tables.count, (enum assay_opt_shell)i, out);
            }
            tables_done(&tables);
            return rc;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "no completion for '%s': bash, zsh or fish", given->arguments[0]);
}

const struct assay_verb assay_verb_completion = {
    .opt = {.name = "completion",
            .synopsis = "bash|zsh|fish",
            .summary = "print the completion script of a shell",
            .arguments_min = 1,
            .arguments_max = 1},
    .is_hidden = true,
    .run = run,
};
