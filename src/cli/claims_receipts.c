#include "cli/claims_receipts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "cli/claims_paths.h"
#include "judge/judge.h"
#include "kernel/kernel.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES_MAX 65536
#define DEPTH_MAX 32
#define REASON_BYTES_MAX 4096
#define REPORT_BYTES_MAX ((size_t)16 << 20)
#define TEXTS_EACH 4 /* path, reason, rendered report, changed paths */
#define CHANGED_BYTES_MAX ((size_t)64 << 20)
#define GIT_NS UINT64_C(20000000000) /* a diff of a large history */

void assay_claims_receipts_init(struct assay_claims_receipts *receipts, const char *root, const char *head)
{
    *receipts = (struct assay_claims_receipts){.root = root, .head = head};
    assay_buf_init(&receipts->kernel_table, ASSAY_KERNEL_TABLE_BYTES_MAX);
}

void assay_claims_receipts_done(struct assay_claims_receipts *receipts)
{
    for (size_t i = 0; i < receipts->count; i++) {
        json_t *statement = NULL;
        memcpy(&statement, &receipts->at[i].statement, sizeof statement); /* const to its readers, owned here */
        json_decref(statement);
        for (size_t text = 0; text < TEXTS_EACH; text++) {
            assay_buf_done(&receipts->texts[i * TEXTS_EACH + text]);
        }
    }
    assay_free(receipts->at);
    assay_free(receipts->texts);
    assay_buf_done(&receipts->kernel_table);
    *receipts = (struct assay_claims_receipts){0};
}

static bool make_room(struct assay_claims_receipts *receipts)
{
    if (receipts->count < receipts->room) {
        return true;
    }
    size_t room = receipts->room ? receipts->room * 2 : 16;
    struct assay_claims_receipt *at = assay_realloc(receipts->at, room, sizeof *at);
    if (!at) {
        return false;
    }
    receipts->at = at;
    struct assay_buf *texts = assay_realloc(receipts->texts, room * TEXTS_EACH, sizeof *texts);
    if (!texts) {
        return false;
    }
    receipts->texts = texts;
    receipts->room = room;
    return true;
}

/* ---- freshness --- */

/* The exit status of git; what it printed in *out, which is of the caller and may be NULL. */
static int git(const char *root, const char *const *words, size_t count, struct assay_buf *out)
{
    char *argv[16];
    struct assay_buf unread;
    int status = -1;
    const char *head[] = {"git", "-C", root ? root : "."};
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        argv[n++] = assay_strdup(head[i]);
    }
    for (size_t i = 0; i < count && n < 15; i++) {
        argv[n++] = assay_strdup(words[i]);
    }
    argv[n] = NULL;
    assay_buf_init(&unread, 4096);
    if (assay_proc_run(argv, GIT_NS, out ? out : &unread, &status, NULL) != ASSAY_OK) {
        status = -1;
    }
    assay_buf_done(&unread);
    for (size_t i = 0; i < n; i++) {
        assay_free(argv[i]);
    }
    return status;
}

static const char *source_commit(const json_t *statement)
{
    const char *commit = assay_source_commit(statement);
    return commit ? commit : json_string_value(assay_json_at(statement, "/predicate/environment/build/commit"));
}

/* Fresh: made at the head, or at an ancestor since which nothing but Markdown changed. */
static void judge_fresh(const struct assay_claims_receipts *receipts, struct assay_claims_receipt *receipt,
                        struct assay_buf *why, struct assay_buf *changed)
{
    const char *commit = receipt->statement ? source_commit(receipt->statement) : NULL;
    if (!receipts->head) {
        return;
    }
    receipt->fresh = ASSAY_CLAIMS_STALE;
    if (!commit || strlen(commit) < 7) {
        assay_buf_text(why, "it names no source commit");
        return;
    }
    if (json_is_true(assay_json_at(receipt->statement, "/predicate/environment/build/dirty"))) {
        assay_buf_text(why, "its tree was dirty");
        return;
    }
    if (strcmp(commit, receipts->head) == 0) {
        receipt->fresh = ASSAY_CLAIMS_FRESH;
        return;
    }
    const char *ancestor[] = {"merge-base", "--is-ancestor", commit, receipts->head};
    const char *diff[] = {"diff", "--name-only", "-z", commit, receipts->head, "--", ".", ":(exclude)*.md"};
    if (git(receipts->root, ancestor, sizeof ancestor / sizeof ancestor[0], NULL) != 0) {
        assay_buf_printf(why, "its commit %.12s is no ancestor of the head", commit);
    } else if (git(receipts->root, diff, sizeof diff / sizeof diff[0], changed) != 0) {
        assay_buf_printf(why, "what changed since its commit %.12s cannot be told", commit);
    } else if (changed->len > 0) {
        assay_buf_printf(why, "the sources changed since its commit %.12s", commit);
        receipt->changed = changed->data;
        receipt->changed_len = changed->len;
    } else {
        receipt->fresh = ASSAY_CLAIMS_FRESH;
    }
}

/* ---- one receipt --- */

static void judge(struct assay_run_files *files, struct assay_buf *kernels, struct assay_claims_receipt *receipt,
                  struct assay_buf *why)
{
    struct assay_judgement *judgement = NULL;
    if (kernels->len == 0) {
        assay_kernel_table_text(kernels);
    }
    struct assay_judge_input input = {.document = {files->document.data, files->document.len},
                                      .plan = {files->plan.data, files->plan.len},
                                      .trace = {files->trace.data, files->trace.len},
                                      .identity = {files->identity.data, files->identity.len},
                                      .kernel_table = {kernels->data, kernels->len},
                                      .now_real_ns = assay_clock_real_ns()};
    assay_code rc = assay_buf_check(kernels, NULL);
    rc = rc == ASSAY_OK ? assay_judge_verify(&input, &judgement, NULL) : rc;
    if (rc != ASSAY_OK) {
        assay_buf_text(why, "out of memory");
        return;
    }
    receipt->is_verified = assay_judgement_exit(judgement) == 0;
    if (!receipt->is_verified && judgement->violations_count > 0) {
        const struct assay_violation *first = &judgement->violations[0];
        assay_buf_printf(why, "gate %u at %s", first->gate, first->pointer ? first->pointer : "");
    } else if (!receipt->is_verified) {
        assay_buf_text(why, "a required line of verify does not pass");
    }
    assay_judgement_free(judgement);
}

static const char *relative_to(const char *root, const char *path)
{
    size_t len = root ? strlen(root) : 0;
    if (len > 0 && strncmp(path, root, len) == 0 && path[len] == '/') {
        return path + len + 1;
    }
    return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static bool is_known(const struct assay_claims_receipts *receipts, const char *path)
{
    for (size_t i = 0; i < receipts->count; i++) {
        if (strcmp(receipts->at[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

static assay_code add_receipt(struct assay_claims_receipts *receipts, const char *path, assay_err *err)
{
    const char *shown = relative_to(receipts->root, path);
    struct assay_run_files files;
    enum assay_document document = ASSAY_DOCUMENT_RECEIPT;
    json_t *statement = NULL;
    if (is_known(receipts, shown)) {
        return ASSAY_OK;
    }
    if (!make_room(receipts)) {
        return assay_nomem(err);
    }
    struct assay_buf *name = &receipts->texts[receipts->count * TEXTS_EACH], *why = name + 1, *changed = name + 3;
    struct assay_claims_receipt *receipt = &receipts->at[receipts->count];
    assay_buf_init(name, PATH_BYTES_MAX);
    assay_buf_init(why, REASON_BYTES_MAX);
    assay_buf_init(why + 1, REPORT_BYTES_MAX);
    assay_buf_init(changed, CHANGED_BYTES_MAX);
    assay_buf_text(name, shown);
    *receipt = (struct assay_claims_receipt){.path = name->data ? name->data : ""};
    receipts->count++;
    if (assay_run_files_load(path, NULL, &files, NULL) == ASSAY_OK) {
        if (assay_receipt_read(files.document.data, files.document.len, &statement, &document, NULL) == ASSAY_OK) {
            receipt->statement = statement;
            receipt->is_run_record = document == ASSAY_DOCUMENT_RECORD;
            receipt->is_signed = json_array_size(assay_json_at(statement, "/predicate/tier/signers")) > 0;
            receipt->compute_path = json_string_value(assay_json_at(statement, "/predicate/protocol/computePath"));
        }
        judge(&files, &receipts->kernel_table, receipt, why);
        assay_run_files_done(&files);
    } else {
        assay_buf_text(why, "it cannot be read");
    }
    receipt->why_not = why->data;
    if (receipt->is_verified) {
        judge_fresh(receipts, receipt, why, changed);
        receipt->stale_why = why->data;
    }
    return ASSAY_OK;
}

/* ---- folders --- */

static bool is_document(const char *name)
{
    return strcmp(name, "receipt.json") == 0 || strcmp(name, "record.json") == 0 || strcmp(name, "imported.json") == 0;
}

static assay_code add_tree(struct assay_claims_receipts *receipts, const char *dir, int depth, assay_err *err)
{
    struct dirent **entries = NULL;
    assay_code rc = ASSAY_OK;
    int count = depth > DEPTH_MAX ? 0 : scandir(dir, &entries, NULL, alphasort);
    if (count < 0) {
        return assay_fail_errno(err, ASSAY_IO, "folder '%s' cannot be read", dir);
    }
    for (int i = 0; i < count; i++) {
        struct assay_buf path;
        struct stat about;
        assay_buf_init(&path, PATH_BYTES_MAX);
        assay_path_join(&path, dir, entries[i]->d_name);
        bool is_there = rc == ASSAY_OK && entries[i]->d_name[0] != '.' && path.data && lstat(path.data, &about) == 0;
        if (is_there && S_ISDIR(about.st_mode)) {
            rc = add_tree(receipts, path.data, depth + 1, err);
        } else if (is_there && S_ISREG(about.st_mode) && is_document(entries[i]->d_name)) {
            rc = add_receipt(receipts, path.data, err);
        }
        assay_buf_done(&path);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

assay_code assay_claims_receipts_add_dir(struct assay_claims_receipts *receipts, const char *dir, assay_err *err)
{
    return add_tree(receipts, dir, 0, err);
}

/* ---- what bindings name --- */

struct targets {
    struct assay_claims_receipts *receipts;
    struct assay_claims_files *files;
    assay_code rc;
    assay_err *err;
};

static void add_target(void *user, struct assay_slice target)
{
    struct targets *t = user;
    struct assay_buf path, wanted;
    if (t->rc != ASSAY_OK || target.len > 4096 || !assay_claims_path_stays_below(target)) {
        return;
    }
    assay_buf_init(&path, PATH_BYTES_MAX);
    assay_buf_init(&wanted, PATH_BYTES_MAX);
    assay_buf_append(&wanted, target.data, target.len);
    assay_path_join(&path, t->receipts->root ? t->receipts->root : ".", wanted.data);
    const char *slash = strrchr(wanted.data, '/');
    bool is_there =
        path.data && assay_path_exists(path.data) && assay_claims_path_is_inside(t->receipts->root, path.data);
    bool is_new = is_there && !is_known(t->receipts, relative_to(t->receipts->root, path.data));
    for (size_t i = 0; i < t->files->count && is_new; i++) {
        is_new = strcmp(t->files->inputs[i].path, wanted.data) != 0;
    }
    if (is_new && is_document(slash ? slash + 1 : wanted.data)) {
        t->rc = add_receipt(t->receipts, path.data, t->err);
    } else if (is_new) {
        t->rc = assay_claims_files_add_evidence(t->files, path.data, t->err);
    }
    assay_buf_done(&path);
    assay_buf_done(&wanted);
}

/* A report that cannot be rendered stays NULL, and the rule says that the receipt is no good. */
static assay_code render(struct assay_claims_receipts *receipts, size_t index, const char *path)
{
    struct assay_buf *report = &receipts->texts[index * TEXTS_EACH + 2];
    struct assay_claims_receipt *receipt = &receipts->at[index];
    struct assay_run_files files;
    if (report->len > 0 || assay_run_files_load(path, NULL, &files, NULL) != ASSAY_OK) {
        return ASSAY_OK;
    }
    const struct assay_style plain = {0};
    struct assay_report_input input = assay_run_files_input(&files);
    assay_code rc = assay_report_runs(&input, 1, ASSAY_REPORT_MARKDOWN, &plain, report, NULL);
    assay_run_files_done(&files);
    receipt->report = rc == ASSAY_OK ? report->data : NULL;
    return rc == ASSAY_NO_MEMORY ? rc : ASSAY_OK;
}

static void add_reported(void *user, struct assay_slice target)
{
    struct targets *t = user;
    struct assay_buf path, wanted;
    add_target(user, target);
    assay_buf_init(&path, PATH_BYTES_MAX);
    assay_buf_init(&wanted, PATH_BYTES_MAX);
    assay_buf_append(&wanted, target.data, target.len);
    assay_path_join(&path, t->receipts->root ? t->receipts->root : ".", wanted.data);
    const char *shown = path.data ? relative_to(t->receipts->root, path.data) : "";
    for (size_t i = 0; i < t->receipts->count && t->rc == ASSAY_OK; i++) {
        if (strcmp(t->receipts->at[i].path, shown) == 0) {
            t->rc = render(t->receipts, i, path.data);
        }
    }
    assay_buf_done(&path);
    assay_buf_done(&wanted);
}

assay_code assay_claims_receipts_add_bound(struct assay_claims_receipts *receipts, struct assay_claims_files *files,
                                           assay_err *err)
{
    struct targets targets = {.receipts = receipts, .files = files, .err = err};
    size_t documents = files->count;
    for (size_t i = 0; i < documents; i++) {
        struct assay_claims_input input = files->inputs[i]; /* a copy: the array may grow */
        if (!input.is_evidence) {
            assay_claims_targets(input.bytes, input.len, add_target, &targets);
            assay_claims_reported(input.bytes, input.len, add_reported, &targets);
        }
    }
    return targets.rc;
}
