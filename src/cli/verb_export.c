/* A run in a form that other tools read. */
#include "cli/cli.h"
#include "cli/export_profile.h"
#include "cli/export_surface.h"
#include "cli/judged.h"
#include "cli/run_files.h"

#include <stddef.h>
#include <string.h>

struct values {
    const char *format, *output, *profile, *arm;
    bool is_forced;
    struct assay_export_surface_options surface;
};

static const char *const MODES[] = {"auto", "advise", "gate", NULL};
#define SURFACE(member) offsetof(struct values, surface.member), .group = "For CI"

#define FORMATS                                                                                                  \
    "of one run: node-csv, hyperfine, google-benchmark, go-bench, github-action-benchmark, bmf; for CI, of "     \
    "several: github-summary, github-annotations, github-outputs, pr-comment, junit, sarif, ctrf, openmetrics, " \
    "gitlab-metrics, gitlab-codequality; evidence: in-toto-bundle, attest-predicate, attest-subjects"

static const struct assay_opt OPTIONS[] = {
    {"as", "FORMAT", FORMATS, ASSAY_OPT_TEXT, offsetof(struct values, format)},
    {"profile", "bitnet-1.0.0", "as a receipt of that schema, of one run that verifies", ASSAY_OPT_TEXT,
     offsetof(struct values, profile)},
    {"arm", "NAME", "with --profile: which arm, if the run has several", ASSAY_OPT_TEXT, offsetof(struct values, arm)},
    {"output", "FILE", "write to this file instead of standard output", ASSAY_OPT_TEXT,
     offsetof(struct values, output)},
    {"force", NULL, "replace the file if it is there", ASSAY_OPT_FLAG, offsetof(struct values, is_forced)},
    {"policy", "default|FILE", "judge by this policy, as gate does", ASSAY_OPT_TEXT, SURFACE(policy)},
    {"policy-name", "PATH", "what the policy is called in the output (default: its path)", ASSAY_OPT_TEXT,
     SURFACE(policy_name)},
    {"baseline", "DIR", "a run of the baseline, for gates versus baseline; repeat for more", ASSAY_OPT_TEXT_LIST,
     SURFACE(baseline)},
    {"mode", "auto|advise|gate",
     "whether gates that noise can fail stop the job: if A/A runs bound how often they do so falsely, never, always",
     ASSAY_OPT_CHOICE, SURFACE(mode), .choices = MODES},
    {"aa", "DIR", "a folder of A/A runs: one build and one request, measured again and again", ASSAY_OPT_TEXT,
     SURFACE(aa)},
    {"date", "DAY", "judge waivers, ages and prices by this day (default today)", ASSAY_OPT_TEXT, SURFACE(date)},
    {"trust", "FILE", "check signatures and log by this trust file", ASSAY_OPT_TEXT, SURFACE(evidence.trust)},
    {"log", "DIR|URL|PROOF", "the log that the runs are in", ASSAY_OPT_TEXT, SURFACE(evidence.log)},
    {"require", "tier=N", "refuse a lower tier", ASSAY_OPT_TEXT, SURFACE(evidence.require)},
    {"commit", "HEX", "the source that was measured must be at this commit", ASSAY_OPT_TEXT, SURFACE(evidence.commit)},
    {"nonce", "HEX", "the runs must carry this nonce", ASSAY_OPT_TEXT, SURFACE(nonce)},
    {"max-age", "T", "the runs must not be older", ASSAY_OPT_DURATION, SURFACE(max_age_ns), .refuses_zero = true},
    {"key", "NAME", "of a pr-comment: which of several comments this is (default assay)", ASSAY_OPT_TEXT, SURFACE(key)},
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

static assay_code write_run(const struct exporter *exporter, const struct assay_opt_result *given,
                            struct assay_buf *out, assay_err *err)
{
    struct assay_run_files files;
    if (given->arguments_count != 1) {
        return assay_fail(err, ASSAY_USAGE, "%s is of one run, not of %zu", exporter->name, given->arguments_count);
    }
    assay_code rc = assay_run_files_load(given->arguments[0], NULL, &files, err);
    if (rc == ASSAY_OK) {
        rc = exporter->write(&files, out, err);
        assay_run_files_done(&files);
    }
    return rc;
}

/* What the gates of a policy file alone look at, and what one format alone does. */
static assay_code check_surface(const struct values *values, const struct assay_opt_result *given, assay_err *err)
{
    static const char *const OF_GATES[] = {"policy-name", "baseline", "mode", "aa", "date"};
    const struct assay_opt_verb *verb = &assay_verb_export.opt;
    const char *policy = values->surface.policy;
    bool has_gates = policy && strcmp(policy, "default") != 0;
    for (size_t i = 0; i < sizeof OF_GATES / sizeof OF_GATES[0] && !has_gates; i++) {
        if (assay_cli_was_given(verb, given, OF_GATES[i])) {
            return assay_fail(err, ASSAY_USAGE, "--%s goes with --policy FILE: it is about the gates of a policy file",
                              OF_GATES[i]);
        }
    }
    if (values->surface.aa && values->surface.mode != ASSAY_EXPORT_AUTO) {
        return assay_fail(err, ASSAY_USAGE, "--aa goes with --mode auto: by another mode no A/A run is looked at");
    }
    if (values->arm) {
        return assay_fail(err, ASSAY_USAGE, "--arm goes with --profile");
    }
    if (values->surface.key && strcmp(values->format, "pr-comment") != 0) {
        return assay_fail(err, ASSAY_USAGE, "--key goes with --as pr-comment");
    }
    return ASSAY_OK;
}

/* What only the formats for CI look at is not asked of another one. */
static assay_code check_options(const struct values *values, const struct assay_opt_result *given, bool is_surface,
                                assay_err *err)
{
    static const char *const OF_PROFILE[] = {"profile", "arm", "output", "force", NULL};
    static const char *const OF_FORMAT[] = {"as", "output", "force", NULL};
    const struct assay_opt_verb *verb = &assay_verb_export.opt;
    assay_code rc = assay_cli_check_pair(verb, given, "force", "output", err);
    if (rc != ASSAY_OK || is_surface) {
        return rc != ASSAY_OK ? rc : check_surface(values, given, err);
    }
    return values->profile ? assay_cli_check_given(verb, given, OF_PROFILE, "--profile", err)
                           : assay_cli_check_given(verb, given, OF_FORMAT, "a format that is not for CI", err);
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    const struct exporter *exporter = find_exporter(values->format);
    enum assay_surface_form form;
    assay_code judged = ASSAY_OK;
    bool is_surface = !exporter && values->format && assay_surface_form_read(values->format, &form);
    if (values->profile && (values->format || given->arguments_count != 1)) {
        return assay_fail(err, ASSAY_USAGE, "--profile is of one run, and goes without --as");
    }
    if (!values->profile && !exporter && !is_surface) {
        return assay_fail(err, ASSAY_USAGE, "--as must be one of: %s", FORMATS);
    }
    assay_code rc = check_options(values, given, is_surface, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = values->profile ? assay_export_profile(values->profile, values->arm, given->arguments[0], out, err)
         : exporter      ? write_run(exporter, given, out, err)
                         : assay_export_surface(form, &values->surface, given->arguments, given->arguments_count, out,
                                                &judged, err);
    if (rc == ASSAY_OK) {
        rc = assay_cli_output(out, values->output, values->is_forced, err);
    }
    if (rc == ASSAY_OK && is_surface) {
        cli->has_judged = true;
        rc = judged;
    }
    return rc;
}

const struct assay_verb assay_verb_export = {
    .opt =
        {.name = "export",
         .synopsis = "--as FORMAT [OPTIONS] DIR..., or --profile bitnet-1.0.0 DIR",
         .summary = "write runs in a form that other tools read",
         .manual =
             "Of one run: its samples or figures in the form of another tool. For CI: what the verifier says of "
             "each receipt, and what the policy says of all of them, as the system shows it. Whatever a file says "
             "of itself is escaped; a receipt that cannot be read has its place too; what a surface has no room "
             "for is counted.\n\nThe exit status of the CI formats is what the job should end with. A malformed or "
             "missing receipt, a failed CRYPTO, RECOMPUTE or POLICY line, a missing trace and a gate that fails "
             "without any noise (a missing metric, a requirement, parity) stop it always. A gate that is decided "
             "from samples warns, until A/A runs show that the policy fails what did not change at most as often "
             "as its family_q allows (upper 95% bound); --mode says otherwise.\n\n--profile bitnet-1.0.0 writes a "
             "receipt of BitNet-rs from a run that verifies, of compute path real, with a kernel that such receipts "
             "have an id for and a model; it is written only if 'assay verify --profile bitnet-1.0.0 --strict' takes "
             "it (else exit status 2).",
         .options = OPTIONS,
         .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
         .arguments_min = 1,
         .arguments_max = ASSAY_JUDGED_RUNS_MAX,
         .examples =
             "assay export --as node-csv demo-out\n  timestamp,model,first_token_ms,tokens_per_s\n"
             "assay export --as hyperfine run --output run.json\n  for scripts that read that tool's files\n"
             "assay export --as junit --policy release.yaml --output junit.xml night-*/\n  for the test report of CI\n",
         .exits = "0 written, and nothing stops the job; 1 something does; 2 nothing does, but something required "
                  "is undecided or not measured; 3 malformed; 4 usage; 5 a file could not be read or written"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
