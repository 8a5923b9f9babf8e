/* Prints a man page from an option table: `assay man run llm`. Used by the build and by tests. */
#include "cli/cli.h"
#include "cli/run_options.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static void write_page(const struct assay_opt_verb *verb, struct assay_buf *out)
{
    assay_opt_man(verb, ASSAY_VERSION, ASSAY_RELEASE_DATE, out);
}

static assay_code write_run_page(const struct assay_cli *cli, const char *workload, struct assay_buf *out,
                                 assay_err *err)
{
    const struct assay_workload *found = assay_cli_workload(cli, workload);
    if (!found) {
        return assay_fail(err, ASSAY_USAGE, "there is no workload '%s'", workload);
    }
    struct assay_run_table combined;
    assay_code rc = assay_run_table_init(&combined, found, err);
    if (rc == ASSAY_OK) {
        write_page(&combined.verb, out);
        assay_run_table_done(&combined);
    }
    return rc;
}

/* One line a page, "run-llm run llm": file name, then the arguments that print it. */
static void write_list(const struct assay_cli *cli, struct assay_buf *out)
{
    for (size_t i = 0; i < cli->verbs_count; i++) {
        if (!cli->verbs[i]->is_hidden) {
            assay_buf_printf(out, "%s %s\n", cli->verbs[i]->opt.name, cli->verbs[i]->opt.name);
        }
        for (size_t k = 0; k < cli->verbs[i]->words_count; k++) {
            const char *name = cli->verbs[i]->words[k]->opt.name;
            assay_buf_printf(out, "%s-%s %s\n", cli->verbs[i]->opt.name, strrchr(name, ' ') + 1, name);
        }
    }
    for (size_t i = 0; i < cli->workloads_count; i++) {
        assay_buf_printf(out, "run-%s run %s\n", cli->workloads[i]->name, cli->workloads[i]->name);
    }
}

static assay_code write_verb_page(const struct assay_cli *cli, const char *name, struct assay_buf *out, assay_err *err)
{
    for (size_t i = 0; i < cli->verbs_count; i++) {
        if (strcmp(cli->verbs[i]->opt.name, name) == 0) {
            write_page(&cli->verbs[i]->opt, out);
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "there is no page for '%s'", name);
}

static assay_code write_word_page(const struct assay_cli *cli, const char *verb, const char *word,
                                  struct assay_buf *out, assay_err *err)
{
    for (size_t i = 0; i < cli->verbs_count; i++) {
        for (size_t k = 0; k < cli->verbs[i]->words_count; k++) {
            const struct assay_opt_verb *page = &cli->verbs[i]->words[k]->opt;
            if (strcmp(cli->verbs[i]->opt.name, verb) == 0 && strcmp(strrchr(page->name, ' ') + 1, word) == 0) {
                write_page(page, out);
                return ASSAY_OK;
            }
        }
    }
    return assay_fail(err, ASSAY_USAGE, "there is no page for '%s %s'", verb, word);
}

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)values;
    if (given->arguments_count == 0) {
        write_list(cli, out);
        return ASSAY_OK;
    }
    if (given->arguments_count == 2 && strcmp(given->arguments[0], "run") == 0) {
        return write_run_page(cli, given->arguments[1], out, err);
    }
    if (given->arguments_count == 2) {
        return write_word_page(cli, given->arguments[0], given->arguments[1], out, err);
    }
    return write_verb_page(cli, given->arguments[0], out, err);
}

const struct assay_verb assay_verb_man = {
    .opt = {.name = "man",
            .synopsis = "[VERB [WORKLOAD|WORD]]",
            .summary = "print a man page, or the list of pages",
            .arguments_max = 2},
    .is_hidden = true,
    .run = run,
};
