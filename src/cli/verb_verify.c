/* Re-derives every number of a run from its plan and trace, and says what is proven and what is not. */
#include "cli/gates.h"
#include "cli/run_files.h"
#include "cli/terminal.h"
#include "cli/verify_inputs.h"
#include "cli/verify_many.h"
#include "cli/verify_profile.h"

#include "base/clock.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "kernel/kernel.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define FILES_MAX 4096 /* a folder of receipts, by a shell pattern */

struct values {
    const char *trace, *nonce, *policy, *policy_base;
    uint64_t max_age_ns;
    bool is_interop, wants_json;
    struct assay_verify_options evidence;
    struct assay_profile_options profile;
};

static const struct assay_opt OPTIONS[] = {
    {"trace", "FILE", "the trace, if it is not beside the document", ASSAY_OPT_TEXT, offsetof(struct values, trace)},
    {"policy", "default|FILE",
     "also judge by a policy file, or by the built-in one: real compute path, clean tree, release build",
     ASSAY_OPT_TEXT, offsetof(struct values, policy)},
    {"policy-base", "FILE", "the same policy file on the base branch: another one is refused", ASSAY_OPT_TEXT,
     offsetof(struct values, policy_base)},
    {"nonce", "HEX", "the run must carry this nonce", ASSAY_OPT_TEXT, offsetof(struct values, nonce)},
    {"max-age", "T", "the run must not be older", ASSAY_OPT_DURATION, offsetof(struct values, max_age_ns),
     .refuses_zero = true},
    {"trust", "FILE", "check signatures and log by this trust file", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.trust)},
    {"log", "DIR|URL|PROOF", "the log that the run is in, or its receipt.tlog-proof", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.log)},
    {"consistency", "FILE",
     "with --log PROOF: that its head and the one seen before are of one log ('log prove --since')", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.consistency)},
    {"require", "tier=N", "refuse a lower tier", ASSAY_OPT_TEXT, offsetof(struct values, evidence.require)},
    {"subject", "FILE", "this file must be what was measured (repeatable)", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, evidence.subjects)},
    {"provenance", "FILE",
     "what was measured must be the binary of this SLSA provenance (its signature is not checked)", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.provenance)},
    {"commit", "HEX", "the source that was measured must be at this commit", ASSAY_OPT_TEXT,
     offsetof(struct values, evidence.commit)},
    {"profile", "bitnet-1.0.0", "receipts of that schema instead, any number: as its own verifier judges them",
     ASSAY_OPT_TEXT, offsetof(struct values, profile.profile)},
    {"strict", NULL, "with --profile: refuse too what that verifier lets through", ASSAY_OPT_FLAG,
     offsetof(struct values, profile.is_strict)},
    {"require-gpu-kernels", NULL, "with --profile: a GPU kernel id must be there, whatever the backend", ASSAY_OPT_FLAG,
     offsetof(struct values, profile.needs_gpu)},
    {"with", "DIR|RECEIPT",
     "a run of the same plan by another key on another machine: tier 5 if it says the same within --margin",
     ASSAY_OPT_TEXT, offsetof(struct values, evidence.with)},
    {"margin", "SHARE", "of --with (default 2%)", ASSAY_OPT_SHARE, offsetof(struct values, evidence.margin)},
    {"baseline", "DIR|RECEIPT", "what the run is to be compared with: a receipt of an ancestor, and comparable",
     ASSAY_OPT_TEXT, offsetof(struct values, evidence.baseline)},
    {"baseline-age", "T", "the baseline must not be older", ASSAY_OPT_DURATION,
     offsetof(struct values, evidence.baseline_age_ns), .refuses_zero = true},
    {"interop", NULL, "accept white space and unknown members (caps the tier)", ASSAY_OPT_FLAG,
     offsetof(struct values, is_interop)},
    {"json", NULL, "print the judgement as JSON", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
};

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data, .len = buf->len};
}

/* One JSON document: what the gates of a policy file say is a member of it. */
static assay_code write_json(const struct assay_judgement *judgement, const struct assay_verdict_document *gates,
                             struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = NULL, *verdict = NULL;
    assay_code rc = assay_judgement_json(judgement, &root, err);
    if (rc == ASSAY_OK && gates) {
        rc = assay_verdict_json(gates, &verdict, err);
        if (rc == ASSAY_OK) {
            assay_json_put(&b, root, "gates", verdict);
            rc = assay_json_builder_check(&b, root, err);
        }
    }
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

/* gates: of a policy file, or NULL. */
static assay_code write_judgement(const struct assay_judgement *judgement, const struct assay_verdict_document *gates,
                                  bool wants_json, struct assay_buf *out, assay_err *err)
{
    struct assay_style style = assay_terminal_style();
    if (wants_json) {
        return write_json(judgement, gates, out, err);
    }
    assay_judgement_render(judgement, out);
    return gates ? assay_report_verdict(gates, ASSAY_REPORT_TEXT, &style, out, err) : ASSAY_OK;
}

static bool is_file(const char *policy)
{
    return policy && strcmp(policy, "default") != 0;
}

/* `assay gate` for this one receipt: into its POLICY line, and below its violations. */
static assay_code judge_by_file(const struct values *values, const char *place, struct assay_judged *judged,
                                struct assay_gates *gates, struct assay_verdict_document *ret, assay_err *err)
{
    const struct assay_opened *run = NULL;
    struct assay_gate_question question;
    char base[ASSAY_DIGEST_TEXT_BYTES];
    assay_code rc = assay_gates_load(values->policy, gates, err);
    if (rc == ASSAY_OK) {
        rc = assay_gates_question(gates, judged, values->policy, NULL, &question, err);
    }
    judged->evidence = values->evidence;
    judged->how.is_interop = values->is_interop;
    if (rc == ASSAY_OK) {
        rc = assay_judged_open(judged, place, &run, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_gates_guard(judged, values->policy_base, &question, base, err);
    }
    if (rc == ASSAY_OK) {
        question.runs = &run;
        question.runs_count = 1;
        rc = assay_judge_gate(&question, &judged->arena, ret, err);
    }
    return rc;
}

static assay_code write_by_file(const struct values *values, const char *place, struct assay_judgement *judgement,
                                struct assay_buf *out, assay_err *err)
{
    struct assay_judged *judged = assay_alloc(1, sizeof *judged); /* both too large for a stack */
    struct assay_gates *gates = assay_alloc(1, sizeof *gates);
    struct assay_verdict_document document;
    assay_code rc = judged && gates ? assay_judged_begin(judged, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? judge_by_file(values, place, judged, gates, &document, err) : rc;
    rc = rc == ASSAY_OK ? assay_judgement_add_gates(judgement, &document, err) : rc;
    rc = rc == ASSAY_OK ? write_judgement(judgement, &document, values->wants_json, out, err) : rc;
    if (judged && gates) {
        assay_gates_done(gates);
        assay_judged_done(judged);
    }
    assay_free(gates);
    assay_free(judged);
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

/* The trust file, the log and the artefacts are read once, however many documents there are. */
static assay_code verify_one(const struct values *values, const struct assay_verify_how *how,
                             struct assay_verify_inputs *inputs, const char *place, struct assay_buf *out,
                             int *ret_status, assay_err *err)
{
    struct assay_judgement *judgement = NULL;
    assay_code rc = assay_verify_one(how, place, values->trace, &judgement, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_verify_inputs_remember(inputs, judgement);
    rc = is_file(values->policy) ? write_by_file(values, place, judgement, out, err)
                                 : write_judgement(judgement, NULL, values->wants_json, out, err);
    *ret_status = assay_judgement_exit(judgement);
    assay_judgement_free(judgement);
    return rc;
}

static assay_code verify(struct assay_cli *cli, const struct values *values, const struct assay_opt_result *given,
                         struct assay_buf *out, assay_err *err)
{
    struct assay_verify_inputs inputs;
    struct assay_buf kernel_table;
    int status = 0;
    assay_buf_init(&kernel_table, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&kernel_table);
    const struct assay_verify_how how = {.judge = {.now_real_ns = assay_clock_real_ns(),
                                                   .is_interop = values->is_interop,
                                                   .wants_default_policy = values->policy && !is_file(values->policy),
                                                   .nonce = values->nonce,
                                                   .max_age_ns = values->max_age_ns,
                                                   .kernel_table = bytes_of(&kernel_table)},
                                         .inputs = &inputs};
    assay_code rc = assay_verify_inputs_load(&values->evidence, &inputs, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&kernel_table, err) : rc;
    if (rc == ASSAY_OK) {
        rc = given->arguments_count == 1 ? verify_one(values, &how, &inputs, given->arguments[0], out, &status, err)
                                         : assay_verify_many(&how, &inputs, given->arguments, given->arguments_count,
                                                             values->wants_json, out, &status, err);
    }
    if (rc == ASSAY_OK) {
        rc = code_of_exit(status);
        cli->has_judged = true;
    }
    assay_verify_inputs_done(&inputs);
    assay_buf_done(&kernel_table);
    return rc;
}

/* Receipts of a profile hold nothing that a trust file, a policy or an expectation could be held against. */
static assay_code verify_profile(struct assay_cli *cli, const struct values *values,
                                 const struct assay_opt_result *given, struct assay_buf *out, assay_err *err)
{
    static const char *const NAMES[] = {"profile", "strict", "require-gpu-kernels", "json", NULL};
    assay_code rc = assay_cli_check_given(&assay_verb_verify.opt, given, NAMES, "--profile", err);
    if (rc == ASSAY_OK) {
        rc = assay_verify_profile(&values->profile, given, values->wants_json, out, err);
        cli->has_judged = rc != ASSAY_OK && !err->message[0];
    }
    return rc;
}

/* One that goes with nothing, or is 0, must not read as one that was not asked for. */
static assay_code check_bounds(const struct values *values, const struct assay_opt_result *given, assay_err *err)
{
    const struct assay_opt_verb *verb = &assay_verb_verify.opt;
    const struct assay_verify_options *evidence = &values->evidence;
    bool has_margin = assay_cli_was_given(verb, given, "margin");
    if ((assay_cli_was_given(verb, given, "baseline-age") && !evidence->baseline) || (has_margin && !evidence->with)) {
        return assay_fail(err, ASSAY_USAGE, "--baseline-age goes with --baseline, --margin with --with");
    }
    if (has_margin && !(evidence->margin > 0 && evidence->margin <= 1)) {
        return assay_fail(err, ASSAY_USAGE, "--margin is %g, expected a share above 0 and at most 1", evidence->margin);
    }
    return ASSAY_OK;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    struct assay_digest nonce;
    if (values->profile.profile) {
        return verify_profile(cli, values, given, out, err);
    }
    if (values->profile.is_strict || values->profile.needs_gpu) {
        return assay_fail(err, ASSAY_USAGE, "--strict and --require-gpu-kernels go with --profile");
    }
    if (given->arguments_count > 1 && (values->trace || is_file(values->policy))) {
        return assay_fail(err, ASSAY_USAGE,
                          "--trace goes with one document; several are held against a policy file by 'assay gate'");
    }
    if (values->policy_base && !is_file(values->policy)) {
        return assay_fail(err, ASSAY_USAGE, "--policy-base goes with --policy FILE");
    }
    if (values->nonce && !assay_digest_read(values->nonce, &nonce)) {
        return assay_fail(err, ASSAY_USAGE, "--nonce is '%s', expected 64 lowercase hex digits", values->nonce);
    }
    assay_code rc = check_bounds(values, given, err);
    return rc != ASSAY_OK ? rc : verify(cli, values, given, out, err);
}

const struct assay_verb assay_verb_verify = {
    .opt =
        {.name = "verify",
         .synopsis = "[OPTIONS] DIR|RECEIPT..., or --profile bitnet-1.0.0 FILE...",
         .summary = "re-derive every number from plan and trace; say what is proven and what is not",
         .manual =
             "Prints four lines (CRYPTO, RECOMPUTE, POLICY, ASSURANCE) and then every violation with its gate "
             "number and place. Nothing in a file is believed: metrics, counts and derived fields are computed "
             "again and compared byte for byte.\n\nA receipt proves who said a thing and that it is unchanged, "
             "and lets anyone redo the arithmetic; it does not prove that the clock was right.\n\nSeveral documents "
             "are "
             "judged each for itself, on as many threads as there are CPUs, and printed in the order in which they are "
             "named, each under its name; the last line counts how they ended, and the exit status is the gravest (1, "
             "then 5, 3, 2, 0). One that cannot be read does not keep the others from it.\n\nWith --profile "
             "bitnet-1.0.0 the files are receipts of BitNet-rs. They pass or fail as its own verifier would have it, "
             "and below that stands what it accepts and should not; --strict refuses that too (exit status 1). Such "
             "receipts hold no samples: RECOMPUTE stays not-measured, the tier is 0.",
         .options = OPTIONS,
         .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
         .arguments_min = 1,
         .arguments_max = FILES_MAX,
         .examples = "assay verify demo-out\n  the run directory that 'make demo' leaves\n"
                     "assay verify --trust trust.json night/*\n  every run of a night\n"
                     "assay verify --profile bitnet-1.0.0 --strict ci/inference.json\n  a receipt of BitNet-rs\n",
         .exits = "0 every required line passes; 1 one fails; 2 something required is undecided or not measured; 3 "
                  "malformed; 4 usage; 5 a file could not be read"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
