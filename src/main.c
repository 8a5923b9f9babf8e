/* Joins the registries (verbs, workloads) and turns codes into exit statuses. */
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "crypto/crypto.h"
#include "workload/workload.h"
#include "json/json.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct assay_verb *const VERBS[] = {
#define A_VERB(name) &assay_verb_##name,
    ASSAY_VERBS(A_VERB)
#undef A_VERB
};
enum { VERBS_COUNT = sizeof VERBS / sizeof VERBS[0] };

static const struct assay_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        if (strcmp(VERBS[i]->opt.name, name) == 0) {
            return VERBS[i];
        }
    }
    return NULL;
}

static void write_overview(struct assay_buf *out)
{
    assay_buf_printf(out,
                     "%s: measures AI inference and issues receipts that anyone can re-derive\n\n"
                     "usage: assay VERB [OPTIONS] [ARGUMENTS]\n\n",
                     assay_cli_version());
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        if (!VERBS[i]->is_hidden) {
            assay_buf_printf(out, "  %-10s %s\n", VERBS[i]->opt.name, VERBS[i]->opt.summary);
        }
    }
    assay_buf_text(out, "\n'assay VERB --help' tells more; 'assay --version' tells the version.\n"
                        "Exit status: 0 good; 1 found wanting; 2 undecided; 3 bad input; 4 usage; 5 the world failed; "
                        "70 a bug in assay.\n");
}

static void write_version(struct assay_buf *out)
{
    assay_buf_printf(out, "%s\n", assay_cli_version());
}

static assay_code print(void (*write)(struct assay_buf *), assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    write(&out);
    assay_code rc = assay_cli_print(&out, err);
    assay_buf_done(&out);
    return rc;
}

static assay_code fail_unknown_verb(const char *name, assay_err *err)
{
    enum { NEAR = 2 }; /* edits: more would suggest verbs that nobody meant */
    const char *nearest = NULL;
    size_t best = NEAR + 1;
    for (size_t i = 0; i < VERBS_COUNT; i++) {
        size_t distance = assay_text_distance(name, VERBS[i]->opt.name, NEAR);
        if (distance < best && !VERBS[i]->is_hidden) {
            best = distance;
            nearest = VERBS[i]->opt.name;
        }
    }
    if (nearest) {
        return assay_fail(err, ASSAY_USAGE, "there is no verb '%s'; did you mean '%s'?", name, nearest);
    }
    return assay_fail(err, ASSAY_USAGE, "there is no verb '%s'; 'assay --help' lists them", name);
}

static assay_code dispatch(struct assay_cli *cli, int argc, char **argv, assay_err *err)
{
    if (argc < 2) {
        return assay_fail(err, ASSAY_USAGE, "a verb is missing; 'assay --help' lists them");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        return print(write_overview, err);
    }
    if (strcmp(argv[1], "--version") == 0) {
        return print(write_version, err);
    }
    const struct assay_verb *verb = find_verb(argv[1]);
    if (!verb) {
        return fail_unknown_verb(argv[1], err);
    }
    assay_json_init();
    assay_code rc = assay_crypto_init(err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    return assay_verb_call(cli, verb, argc - 2, argv + 2, err);
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a closed peer or pipe is an error code, not a death */
    assay_map_explain();            /* neither is a file that others cut off while it is mapped */
    assay_log_open(ASSAY_LOG_NORMAL);
    struct assay_cli cli = {.verbs = VERBS, .verbs_count = VERBS_COUNT};
    cli.workloads = assay_workloads(&cli.workloads_count);
    assay_err err = {0};
    assay_code rc = dispatch(&cli, argc, argv, &err);
    if (rc != ASSAY_OK && !cli.has_judged) {
        assay_log_error("%s", err.message);
    }
    return assay_code_exit(rc);
}
