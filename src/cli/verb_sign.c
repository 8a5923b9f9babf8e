/* Signs a receipt that recomputes, or any file in minisign's form. */
#include "cli/cli.h"
#include "cli/key_file.h"
#include "cli/run_files.h"
#include "cli/signing.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "judge/judge.h"
#include "kernel/kernel.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 30) /* --minisign: a release archive */
#define PATH_BYTES_MAX 65536

struct values {
    struct assay_opt_list keys;
    const char *password_file, *comment;
    bool is_forced, is_minisign, wants_json;
};

static const struct assay_opt OPTIONS[] = {
    {"key", "FILE", "a secret key (repeatable: a receipt may need several)", ASSAY_OPT_TEXT_LIST,
     offsetof(struct values, keys)},
    {"password-file", "FILE", "the password is the first line of FILE (default: asked at the terminal)", ASSAY_OPT_TEXT,
     offsetof(struct values, password_file)},
    {"force", NULL, "replace the signatures that are there", ASSAY_OPT_FLAG, offsetof(struct values, is_forced)},
    {"minisign", NULL, "sign any file instead: writes FILE.minisig", ASSAY_OPT_FLAG,
     offsetof(struct values, is_minisign)},
    {"comment", "TEXT", "trusted comment of --minisign (default: time and file name)", ASSAY_OPT_TEXT,
     offsetof(struct values, comment)},
    {"json", NULL, "print as JSON", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
};

/* ---- receipts ---- */

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data, .len = buf->len};
}

/* A signature says "this is what I measured": what does not recompute is not signed. */
static assay_code check_recomputes(const struct assay_run_files *files, assay_err *err)
{
    struct assay_judgement *judgement = NULL;
    struct assay_buf kernel_table;
    assay_buf_init(&kernel_table, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&kernel_table);
    const struct assay_judge_input input = {.document = bytes_of(&files->document),
                                            .plan = bytes_of(&files->plan),
                                            .trace = bytes_of(&files->trace),
                                            .identity = bytes_of(&files->identity),
                                            .kernel_table = bytes_of(&kernel_table),
                                            .now_real_ns = assay_clock_real_ns()};
    assay_code rc = assay_buf_check(&kernel_table, err);
    rc = rc == ASSAY_OK ? assay_judge_verify(&input, &judgement, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        if (violation->verdict == ASSAY_VERDICT_FAIL || violation->gate == 301) {
            rc = assay_fail(err, ASSAY_WANTING, "'%s' is not signed: %03u %s: found %s, expected %s", files->place,
                            violation->gate, violation->pointer, violation->found, violation->expected);
        }
    }
    assay_judgement_free(judgement);
    assay_buf_done(&kernel_table);
    return rc;
}

static assay_code check_unsigned(const struct values *values, const struct assay_run_files *files, assay_err *err)
{
    json_t *envelope = NULL;
    assay_code rc =
        assay_json_read(files->document.data, files->document.len, &assay_json_limits_default, &envelope, err);
    if (rc == ASSAY_OK && json_array_size(json_object_get(envelope, "signatures")) > 0 && !values->is_forced) {
        rc = assay_fail(err, ASSAY_EXISTS, "'%s' is signed already; use --force to sign it anew", files->place);
    }
    json_decref(envelope);
    return rc;
}

static assay_code sign_receipt(const struct values *values, struct assay_cli_key *keys, const char *place,
                               struct assay_buf *out, assay_err *err)
{
    struct assay_run_files files;
    struct assay_buf signed_file;
    struct assay_key_chain chain;
    json_t *statement = NULL;
    enum assay_document document = ASSAY_DOCUMENT_RECEIPT;
    assay_code rc = assay_run_files_load(place, NULL, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_buf_init(&signed_file, ASSAY_ENVELOPE_BYTES_MAX);
    rc = check_unsigned(values, &files, err);
    rc = rc == ASSAY_OK ? check_recomputes(&files, err) : rc;
    rc = rc == ASSAY_OK ? assay_receipt_read(files.document.data, files.document.len, &statement, &document, err) : rc;
    if (rc == ASSAY_OK && document == ASSAY_DOCUMENT_IMPORTED) {
        rc = assay_fail(err, ASSAY_USAGE, "'%s' is an imported summary: it states no run that a key could answer for",
                        place);
    }
    rc = rc == ASSAY_OK ? assay_cli_chain_load(&keys[0], &chain, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_sign(statement, keys, values->keys.count, &chain, &signed_file, err) : rc;
    rc = rc == ASSAY_OK
             ? assay_file_write(files.document_path.data, signed_file.data, signed_file.len, ASSAY_FILE_REPLACE, err)
             : rc;
    rc = rc == ASSAY_OK ? assay_cli_signed(statement, keys, values->keys.count, &chain, err) : rc;
    if (rc == ASSAY_OK) {
        rc = assay_cli_describe_signed(files.document_path.data, statement, values->wants_json, out, err);
    }
    json_decref(statement);
    assay_buf_done(&signed_file);
    assay_run_files_done(&files);
    return rc;
}

/* ---- minisign ---- */

static assay_code sign_file(const struct values *values, const struct assay_cli_key *key, const char *path,
                            struct assay_buf *out, assay_err *err)
{
    struct assay_buf bytes, signature, target, comment;
    char now[ASSAY_TIME_TEXT_BYTES];
    const char *slash = strrchr(path, '/');
    assay_buf_init(&bytes, FILE_BYTES_MAX);
    assay_buf_init(&signature, ASSAY_MINISIG_BYTES_MAX);
    assay_buf_init(&target, PATH_BYTES_MAX);
    assay_buf_init(&comment, ASSAY_TRUSTED_COMMENT_BYTES_MAX);
    assay_clock_format_utc(assay_clock_real_ns(), now);
    assay_buf_printf(&comment, "time:%s file:%s hashed", now, slash ? slash + 1 : path);
    assay_buf_printf(&target, "%s.minisig", path);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&comment, err) : rc;
    rc = rc == ASSAY_OK ? assay_buf_check(&target, err) : rc;
    rc = rc == ASSAY_OK ? assay_minisign_sign(&key->secret, &key->number, bytes.data ? bytes.data : "", bytes.len,
                                              values->comment ? values->comment : comment.data, &signature, err)
                        : rc;
    rc = rc == ASSAY_OK ? assay_cli_output(&signature, target.data, values->is_forced, err) : rc;
    if (rc == ASSAY_OK) {
        assay_buf_printf(out, "%s\n", target.data);
    }
    assay_buf_done(&bytes);
    assay_buf_done(&signature);
    assay_buf_done(&target);
    assay_buf_done(&comment);
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    struct assay_cli_key keys[ASSAY_ENVELOPE_SIGNATURES_MAX];
    (void)cli;
    const struct assay_opt_verb *verb = &assay_verb_sign.opt;
    assay_code rc = assay_cli_check_pair(verb, given, "comment", "minisign", err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (values->is_minisign && values->wants_json) {
        return assay_fail(err, ASSAY_USAGE, "--json goes without --minisign, which prints the file that it wrote");
    }
    if (values->is_minisign && values->keys.count != 1) {
        return assay_fail(err, ASSAY_USAGE, "--minisign takes exactly one --key FILE");
    }
    rc = assay_cli_keys_load(&values->keys, values->password_file, keys, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = values->is_minisign ? sign_file(values, &keys[0], given->arguments[0], out, err)
                             : sign_receipt(values, keys, given->arguments[0], out, err);
    assay_cli_keys_done(keys, values->keys.count);
    return rc;
}

const struct assay_verb assay_verb_sign = {
    .opt =
        {.name = "sign",
         .synopsis = "--key FILE [OPTIONS] DIR|RECEIPT",
         .summary = "sign a receipt that recomputes, or any file in minisign's form",
         .manual =
             "The receipt is verified first; what does not recompute from its plan and trace is not signed. Then "
             "tier.signers, attempts.counter and attempts.previous are filled in, and the file is replaced as a whole. "
             "The counter and the digest of the last document stand beside the key, in FILE.state.\n\nWith --minisign "
             "any "
             "file is signed; 'minisign -V' checks the result.",
         .options = OPTIONS,
         .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
         .arguments_min = 1,
         .arguments_max = 1,
         .examples = "assay sign --key runner.key demo-out\n  sign the receipt of a run directory\n",
         .exits = "0 signed; 1 the receipt does not recompute; 3 malformed; 4 usage; 5 a file could not be read or "
                  "written, or is signed already"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
