/* The fresh process of a run of the language model: computes the output of its first case again, and prints its digest.
 * For assay itself; takes the options of `run lm`. */
#include "cli/cli.h"
#include "cli/prepared_run.h"

#include "workload/workload.h"

static assay_code run(struct assay_cli *cli, int argc, char *const *argv, assay_err *err)
{
    struct assay_prepared_run run;
    struct assay_opt_result result = {0};
    struct assay_buf out;
    bool done = false;
    char digest[65];
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    assay_code rc = assay_prepared_run_init(&run, assay_cli_workload(cli, "lm"), err);
    rc = rc == ASSAY_OK ? assay_cli_parse(&run.table.verb, argc, argv, run.values, &result, &done, err) : rc;
    if (rc == ASSAY_OK && !done) {
        const char *seed = assay_prepared_run_options(&run)->load.seed_text;
        rc = assay_workload_lm_digest(assay_prepared_run_state(&run), seed ? seed : "0", digest, err);
    }
    if (rc == ASSAY_OK && !done) {
        assay_buf_printf(&out, "%s\n", digest);
        rc = assay_cli_print(&out, err);
    }
    assay_buf_done(&out);
    assay_opt_result_done(&result);
    assay_prepared_run_done(&run);
    return rc;
}

const struct assay_verb assay_verb_lm_digest = {
    .opt = {.name = "lm-digest",
            .synopsis = "[OPTIONS]",
            .summary = "the digest of what the first case of a run gives",
            .arguments_max = 1},
    .is_hidden = true,
    .run_raw = run,
};
