/* Re-derives every number of a run from its plan and trace, and says what is proven and what is not. */
#include "cli/cli.h"
#include "cli/run_files.h"
#include "cli/verify_inputs.h"

#include "base/clock.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "kernel/kernel.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct values {
    const char *trace, *nonce, *policy;
    uint64_t max_age_ns;
    bool is_interop, wants_json;
    struct assay_verify_options evidence;
};

static const struct assay_opt OPTIONS[] = {
    {"trace", "FILE", "the trace, if it is not beside the document", ASSAY_OPT_TEXT, offsetof(struct values, trace)},
    {"policy", "default", "also judge by the built-in policy: real compute path, clean tree, release build",
     ASSAY_OPT_TEXT, offsetof(struct values, policy)},
    {"nonce", "HEX", "the run must carry this nonce", ASSAY_OPT_TEXT, offsetof(struct values, nonce)},
    {"max-age", "T", "the run must not be older", ASSAY_OPT_DURATION, offsetof(struct values, max_age_ns)},
    {"trust", "FILE", "check signatures and log by this trust file", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.trust)},
    {"log", "DIR|PROOF", "the log that the run is in, or its receipt.tlog-proof", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.log)},
    {"require", "tier=N", "refuse a lower tier", ASSAY_OPT_TEXT, offsetof(struct values, evidence.require)},
    {"subject", "FILE", "this file must be what was measured (repeatable)", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, evidence.subjects)},
    {"commit", "HEX", "the source that was measured must be at this commit", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.commit)},
    {"interop", NULL, "accept white space and unknown members (caps the tier)", ASSAY_OPT_FLAG,
     offsetof(struct values, is_interop)},
    {"json", NULL, "print the judgement as JSON", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
};

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data, .len = buf->len};
}

static assay_code write_judgement(const struct assay_judgement *judgement, bool wants_json, struct assay_buf *out,
                                  assay_err *err)
{
    if (!wants_json) {
        assay_judgement_render(judgement, out);
        return ASSAY_OK;
    }
    json_t *json = NULL;
    assay_code rc = assay_judgement_json(judgement, &json, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_pretty(json, out, err);
    }
    json_decref(json);
    return rc;
}

/* A code with the judgement's exit status. */
static assay_code code_of_exit(int status)
{
    static const assay_code BY_EXIT[] = {[0] = ASSAY_OK,        [1] = ASSAY_WANTING, [2] = ASSAY_UNDECIDED,
                                         [3] = ASSAY_MALFORMED, [4] = ASSAY_BUG,     [5] = ASSAY_IO};
    assert(status >= 0 && status <= 5 && status != 4);
    return BY_EXIT[status];
}

static assay_code verify(struct assay_cli *cli, const struct values *values, const char *place, struct assay_buf *out,
                         assay_err *err)
{
    struct assay_run_files files;
    struct assay_judgement *judgement = NULL;
    assay_code rc = assay_run_files_load(place, values->trace, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_buf kernel_table;
    assay_buf_init(&kernel_table, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&kernel_table);
    struct assay_judge_input input = {.document = bytes_of(&files.document),
                                      .plan = bytes_of(&files.plan),
                                      .trace = bytes_of(&files.trace),
                                      .identity = bytes_of(&files.identity),
                                      .now_real_ns = assay_clock_real_ns(),
                                      .is_interop = values->is_interop,
                                      .wants_default_policy = values->policy != NULL,
                                      .nonce = values->nonce,
                                      .max_age_ns = values->max_age_ns,
                                      .kernel_table = bytes_of(&kernel_table)};
    struct assay_verify_inputs evidence;
    rc = assay_verify_inputs_load(&values->evidence, &files, &input, &evidence, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&kernel_table, err) : rc;
    if (rc == ASSAY_OK) {
        rc = assay_judge_verify(&input, &judgement, err);
    }
    if (rc == ASSAY_OK) {
        assay_verify_inputs_remember(&evidence, judgement);
    }
    if (rc == ASSAY_OK) {
        rc = write_judgement(judgement, values->wants_json, out, err);
    }
    if (rc == ASSAY_OK) {
        rc = code_of_exit(assay_judgement_exit(judgement));
        cli->has_judged = true;
    }
    assay_judgement_free(judgement);
    assay_verify_inputs_done(&evidence);
    assay_run_files_done(&files);
    assay_buf_done(&kernel_table);
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    if (values->policy && strcmp(values->policy, "default") != 0) {
        return assay_fail(err, ASSAY_USAGE, "--policy is '%s', expected 'default', the one that is built in",
                          values->policy);
    }
    struct assay_digest nonce;
    if (values->nonce && !assay_digest_read(values->nonce, &nonce)) {
        return assay_fail(err, ASSAY_USAGE, "--nonce is '%s', expected 64 lowercase hex digits", values->nonce);
    }
    return verify(cli, values, given->arguments[0], out, err);
}

const struct assay_verb assay_verb_verify = {
    .opt = {.name = "verify",
            .synopsis = "[OPTIONS] DIR|RECEIPT",
            .summary = "re-derive every number from plan and trace; say what is proven and what is not",
            .manual =
                "Prints four lines (CRYPTO, RECOMPUTE, POLICY, ASSURANCE) and then every violation with its gate "
                "number and place. Nothing in a file is believed: metrics, counts and derived fields are computed "
                "again and compared byte for byte.\n\nA receipt proves who said a thing and that it is unchanged, "
                "and lets anyone redo the arithmetic; it does not prove that the clock was right.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay verify demo-out\n  the run directory that 'make demo' leaves\n",
            .exits = "0 every required line passes; 1 one fails; 2 something required is undecided or not measured; 3 "
                     "malformed; 4 usage; 5 a file could not be read"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
