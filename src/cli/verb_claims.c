/* Documents against themselves, against result files and against receipts. */
#include "cli/claims_files.h"
#include "cli/claims_paths.h"
#include "cli/claims_receipts.h"
#include "cli/claims_settings.h"
#include "cli/claims_stamps.h"
#include "cli/claims_write.h"
#include "cli/cli.h"
#include "cli/terminal.h"

#include "base/log.h"
#include "base/mem.h"
#include "claims/claims.h"
#include "report/report.h"

#include <stddef.h>
#include <string.h>

struct values {
    struct assay_opt_list evidence, receipts, source, enabled, disabled;
    const char *name, *out, *root, *head, *policy, *hardware, *base;
    double min_coverage;
    int forbid_unbound;
    bool requires_signed, is_fix, is_dry_run, is_written;
    int format, fail_on, level;
    bool is_verbose, reads_quotes, ignores_suppressions;
    int decimal;
};

static const char *const FORMATS[] = {"text", "json", "sarif", "gitlab", "md", NULL};
static const char *const LEVELS[] = {"note", "warning", "error", NULL};
static const char *const UNBOUND[] = {"none", "headline", "tables", "all", NULL};
static const char *const DECIMALS[] = {"point", "comma", NULL};

static const struct assay_opt OPTIONS[] = {
    {"evidence", "PATH", "result files beside the documents (a file, or a folder of .json .jsonl .csv)",
     ASSAY_OPT_TEXT_LIST, offsetof(struct values, evidence)},
    {"receipts", "DIR", "receipts that bindings may name; each is verified", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, receipts)},
    {"root", "DIR", "where the paths in the documents begin, and what they may not leave (default .)", ASSAY_OPT_TEXT,
     offsetof(struct values, root)},
    {"head", "COMMIT", "receipts of other sources than this commit are stale", ASSAY_OPT_TEXT,
     offsetof(struct values, head)},
    {"policy", "FILE", "a policy; its section 'claims' counts here", ASSAY_OPT_TEXT, offsetof(struct values, policy)},
    {"hardware", "FILE", "peaks of devices and links (default: the table that is installed)", ASSAY_OPT_TEXT,
     offsetof(struct values, hardware)},
    {"base", "FILE", "an earlier --format json: only findings that are new count", ASSAY_OPT_TEXT,
     offsetof(struct values, base)},
    {"min-coverage", "PCT", "this share of all claims must be bound (\"80%\")", ASSAY_OPT_SHARE,
     offsetof(struct values, min_coverage)},
    {"forbid-unbound", "none|headline|tables|all", "claims that must be bound", ASSAY_OPT_CHOICE,
     offsetof(struct values, forbid_unbound), .choices = UNBOUND},
    {"require-signed", NULL, "receipts must be signed", ASSAY_OPT_FLAG, offsetof(struct values, requires_signed)},
    {"fix", NULL, "write what the receipts render to into the documents", ASSAY_OPT_FLAG,
     offsetof(struct values, is_fix)},
    {"dry-run", NULL, "with --fix: print a diff instead", ASSAY_OPT_FLAG, offsetof(struct values, is_dry_run)},
    {"write", NULL, "with bind: insert the bindings that are proposed", ASSAY_OPT_FLAG,
     offsetof(struct values, is_written)},
    {"name", "PATH", "what standard input ('-') is called", ASSAY_OPT_TEXT, offsetof(struct values, name)},
    {"source", "DIR", "also look at the programs that write the keys of the documents (C820 to C822)",
     ASSAY_OPT_TEXT_LIST, offsetof(struct values, source)},
    {"enable", "RULE", "turn a rule or family on at its usual level (C602, C6)", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, enabled)},
    {"disable", "RULE", "turn a rule or family off", ASSAY_OPT_TEXT_LIST, offsetof(struct values, disabled)},
    {"fail-on", "error|warning|note", "the least level that fails (exit status 1)", ASSAY_OPT_CHOICE,
     offsetof(struct values, fail_on), .choices = LEVELS},
    {"level", "error|warning|note", "the least level shown", ASSAY_OPT_CHOICE, offsetof(struct values, level),
     .choices = LEVELS},
    {"verbose", NULL, "show notes, and what could not be decided", ASSAY_OPT_FLAG, offsetof(struct values, is_verbose)},
    {"quotes", NULL, "read block quotes too", ASSAY_OPT_FLAG, offsetof(struct values, reads_quotes)},
    {"decimal", "point|comma", "what a comma between digits is, where it is no thousands mark", ASSAY_OPT_CHOICE,
     offsetof(struct values, decimal), .choices = DECIMALS},
    {"no-suppress", NULL, "ignore the suppressions in the documents", ASSAY_OPT_FLAG,
     offsetof(struct values, ignores_suppressions)},
    {"format", "text|json|sarif|gitlab|md", "what is written", ASSAY_OPT_CHOICE, offsetof(struct values, format),
     .choices = FORMATS},
    {"out", "FILE", "write there instead of to standard output", ASSAY_OPT_TEXT, offsetof(struct values, out)},
};

static bool is_bind(const struct assay_opt_result *given)
{
    return strcmp(given->arguments[0], "bind") == 0;
}

static assay_code load(const struct values *values, const struct assay_opt_result *given,
                       struct assay_claims_files *files, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = is_bind(given) ? 1 : 0; i < given->arguments_count && rc == ASSAY_OK; i++) {
        const char *path = given->arguments[i];
        const char *name = strcmp(path, "-") == 0 ? (values->name ? values->name : "standard-input.md") : path;
        rc = assay_claims_files_add(files, path, name, err);
    }
    for (size_t i = 0; i < values->evidence.count && rc == ASSAY_OK; i++) {
        rc = assay_claims_files_add_evidence(files, values->evidence.items[i], err);
    }
    for (size_t i = 0; i < values->source.count && rc == ASSAY_OK; i++) {
        rc = assay_claims_files_add_source(files, values->source.items[i], err);
    }
    return rc;
}

static assay_code code_of(int status)
{
    static const assay_code BY_EXIT[] = {ASSAY_OK, ASSAY_WANTING, ASSAY_UNDECIDED, ASSAY_MALFORMED};
    return BY_EXIT[status];
}

static assay_code write_findings(const struct values *values, const struct assay_findings *findings,
                                 struct assay_buf *out, assay_err *err)
{
    struct assay_style style = assay_terminal_style();
    style.has_color = style.has_color && !values->out;
    assay_code rc = assay_report_claims(findings, (enum assay_claims_format)values->format, &style, out, err);
    return rc == ASSAY_OK ? assay_cli_output(out, values->out, true, err) : rc;
}

static size_t fill_rules(const struct values *values, struct assay_claims_rule_level *rules)
{
    size_t count = 0;
    for (size_t i = 0; i < values->enabled.count; i++) {
        rules[count++] = (struct assay_claims_rule_level){.rule = values->enabled.items[i], .is_usual = true};
    }
    for (size_t i = 0; i < values->disabled.count; i++) {
        rules[count++] = (struct assay_claims_rule_level){.rule = values->disabled.items[i], .is_off = true};
    }
    return count;
}

/* Everything of one call; released together. */
struct call {
    struct assay_claims_files files;
    struct assay_claims_receipts receipts;
    struct assay_findings *findings;
    struct assay_claims_proposals *proposals;
    struct assay_claims_settings settings;
    struct assay_claims_stamps stamps;
    struct assay_claims_paths paths;
    struct assay_claims_rule_level rules[2 * ASSAY_OPT_LIST_MAX];
    struct assay_claims_request request;
};

static void fill_request(struct call *call, const struct values *values)
{
    struct assay_claims_request *request = &call->request;
    request->inputs = call->files.inputs;
    request->inputs_count = call->files.count;
    request->receipts = call->receipts.at;
    request->receipts_count = call->receipts.count;
    request->stamps = call->stamps.at;
    request->stamps_count = call->stamps.count;
    request->paths = call->paths.at;
    request->paths_count = call->paths.count;
    request->hardware = call->settings.hardware;
    request->old_fingerprints = call->settings.old_fingerprints;
    request->old_fingerprints_count = call->settings.old_count;
    request->policy = call->settings.policy;
    if (values->min_coverage > 0) {
        request->policy.min_coverage = values->min_coverage;
    }
    if (values->forbid_unbound) {
        request->policy.forbid_unbound = (enum assay_claims_unbound)values->forbid_unbound;
    }
    request->policy.requires_signed |= values->requires_signed;
    request->options = (struct assay_claims_options){.level = (enum assay_severity)values->level,
                                                     .fail_on = (enum assay_severity)values->fail_on,
                                                     .is_verbose = values->is_verbose,
                                                     .is_terse = values->format != ASSAY_CLAIMS_FORMAT_JSON,
                                                     .reads_quotes = values->reads_quotes,
                                                     .has_decimal_comma = values->decimal == 1,
                                                     .ignores_suppressions = values->ignores_suppressions,
                                                     .is_rooted = values->root != NULL,
                                                     .has_receipts = values->receipts.count > 0,
                                                     .rules = call->rules,
                                                     .rules_count = fill_rules(values, call->rules)};
}

static assay_code load_all(struct call *call, const struct values *values, const struct assay_opt_result *given,
                           assay_err *err)
{
    assay_code rc = load(values, given, &call->files, err);
    for (size_t i = 0; i < values->receipts.count && rc == ASSAY_OK; i++) {
        rc = assay_claims_receipts_add_dir(&call->receipts, values->receipts.items[i], err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_claims_receipts_add_bound(&call->receipts, &call->files, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_claims_settings_load(&call->settings, values->policy, values->hardware, values->base, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_claims_stamps_load(&call->stamps, &call->files, values->head, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_claims_paths_load(&call->paths, &call->files, values->root, err);
    }
    return rc;
}

static assay_code check(struct call *call, const struct values *values, struct assay_cli *cli, struct assay_buf *out,
                        assay_err *err)
{
    size_t edits = 0;
    assay_code rc = assay_claims_check(&call->request, &call->findings, err);
    if (rc == ASSAY_OK && values->is_fix) {
        rc = assay_claims_write_fixes(call->findings, &call->files, values->is_dry_run, out, &edits, err);
        assay_log_note("%zu numbers %s", edits, values->is_dry_run ? "would be written" : "written");
        return rc;
    }
    if (rc == ASSAY_OK) {
        rc = write_findings(values, call->findings, out, err);
    }
    if (rc == ASSAY_OK) {
        int status = assay_claims_exit(call->findings, &call->request);
        cli->has_judged = true;
        rc = status != 1 && call->files.unread ? ASSAY_IO : code_of(status);
    }
    return rc;
}

static assay_code bind(struct call *call, const struct values *values, struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_claims_bind(&call->request, &call->proposals, err);
    return rc == ASSAY_OK ? assay_claims_write_bindings(call->proposals, &call->files, values->is_written, out, err)
                          : rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    struct call *call = assay_alloc(1, sizeof *call);
    if (!call) {
        return assay_nomem(err);
    }
    assay_claims_files_init(&call->files);
    assay_claims_receipts_init(&call->receipts, values->root, values->head);
    assay_code rc = is_bind(given) && given->arguments_count < 2
                        ? assay_fail(err, ASSAY_USAGE, "'claims bind' takes a document")
                        : load_all(call, values, given, err);
    if (rc == ASSAY_OK) {
        fill_request(call, values);
        rc = is_bind(given) ? bind(call, values, out, err) : check(call, values, cli, out, err);
    }
    assay_claims_proposals_free(call->proposals);
    assay_findings_free(call->findings);
    assay_claims_settings_done(&call->settings);
    assay_claims_stamps_done(&call->stamps);
    assay_claims_paths_done(&call->paths);
    assay_claims_receipts_done(&call->receipts);
    assay_claims_files_done(&call->files);
    assay_free(call);
    return rc;
}

static const struct values DEFAULTS = {.fail_on = ASSAY_SEVERITY_ERROR, .level = ASSAY_SEVERITY_WARNING};

const struct assay_verb assay_verb_claims = {
    .opt = {.name = "claims",
            .synopsis = "[OPTIONS] [bind] DOC...",
            .summary = "hold the numbers of documents against each other and against result files",
            .manual = "Reads Markdown, plain text, JSON, JSON lines and CSV, extracts the quantities, and says which "
                      "contradict each other, which arithmetic is wrong, and which no machine can give. All files of "
                      "one call are one set. A rule that cannot decide says nothing; --verbose says why.\n\nIt does "
                      "not say that a number is true: 'supported' means that a verified receipt says so, 'consistent' "
                      "that nothing here contradicts it.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 4096,
            .examples = "assay claims REPORT.md --evidence bench/\n  a report against itself and its result files\n"
                        "assay claims - --name pr-12.md < body.md\n  the body of a pull request\n"
                        "assay claims bind NOTES.md --receipts r/ --write\n  binds the numbers that a receipt backs\n"
                        "assay claims NOTES.md --receipts r/ --fix\n  renders the bound numbers anew\n",
            .exits = "0 nothing at or above --fail-on; 1 a finding; 2 a bound claim is undecided; 3 malformed input or "
                     "over a cap; 4 wrong usage; 5 a file could not be read or written."},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
