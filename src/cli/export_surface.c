#include "cli/export_surface.h"

#include "cli/ancestry.h"
#include "cli/gates.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "judge/judge.h"

#include <assert.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES_MAX 64u /* of a sticky comment: a word, not a text */
#define PATH_BYTES_MAX 65536u

struct work {
    const struct assay_export_surface_options *options;
    struct assay_judged judged;
    struct assay_judged others; /* baselines and A/A runs: held against no expectation, they may be older */
    struct assay_gates gates;
    const struct assay_opened *runs[ASSAY_JUDGED_RUNS_MAX], *baselines[ASSAY_OPT_LIST_MAX], *aa[ASSAY_JUDGED_RUNS_MAX];
    const char *unread[ASSAY_JUDGED_RUNS_MAX]; /* why a run has no document, or NULL */
    size_t runs_count, baselines_count, aa_count;
    struct assay_surface_receipt receipts[ASSAY_JUDGED_RUNS_MAX];
    struct assay_verdict_document document;
    struct assay_surface_place *places;
    struct assay_surface_input input;
};

static bool is_file(const char *policy)
{
    return policy && strcmp(policy, "default") != 0;
}

/* ---- A/A runs --------------------------------------------------------------------------------------------------- */

static int is_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Every run directory in a folder, by name. */
static assay_code open_aa(struct work *work, const char *folder, assay_err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_name, alphasort);
    assay_code rc =
        count < 0 ? assay_fail_errno(err, ASSAY_NOT_FOUND, "'%s': no folder of A/A runs", folder) : ASSAY_OK;
    for (int i = 0; i < count; i++) {
        struct assay_buf path;
        assay_buf_init(&path, PATH_BYTES_MAX);
        assay_path_join(&path, folder, entries[i]->d_name);
        free(entries[i]); /* scandir's own memory */
        rc = rc == ASSAY_OK ? assay_buf_check(&path, err) : rc;
        if (rc == ASSAY_OK && assay_path_is_dir(path.data)) {
            const char *kept = assay_arena_text(&work->judged.arena, path.data, path.len);
            rc = kept ? assay_judged_open(&work->others, kept, &work->aa[work->aa_count++], err) : assay_nomem(err);
        }
        assay_buf_done(&path);
    }
    free(entries);
    return rc;
}

static const char *keep_mode(struct work *work, bool does_stop, const char *why)
{
    struct assay_buf text;
    assay_buf_init(&text, PATH_BYTES_MAX);
    assay_buf_printf(&text, "%s: %s", does_stop ? "they stop the job" : "they warn", why);
    const char *kept = text.failed == ASSAY_OK ? assay_arena_text(&work->judged.arena, text.data, text.len) : NULL;
    assay_buf_done(&text);
    return kept;
}

/* Whether gates that noise can fail stop the job: as asked, or as A/A runs allow. */
static assay_code decide_mode(struct work *work, const struct assay_gate_question *asked, assay_err *err)
{
    static const char *const WORDS[] = {
        [ASSAY_EXPORT_AUTO] = "", [ASSAY_EXPORT_ADVISE] = "mode advise", [ASSAY_EXPORT_GATE] = "mode gate"};
    struct assay_false_fails answer = {.is_bounded = work->options->mode == ASSAY_EXPORT_GATE,
                                       .why = WORDS[work->options->mode]};
    assay_code rc = ASSAY_OK;
    if (work->options->mode == ASSAY_EXPORT_AUTO) {
        struct assay_gate_question question = *asked;
        question.runs = work->aa;
        question.runs_count = work->aa_count;
        rc = assay_judge_false_fails(&question, &work->judged.arena, &answer, err);
    }
    if (rc == ASSAY_OK) {
        work->input.do_noisy_gates_stop = answer.is_bounded;
        work->input.noisy_why = keep_mode(work, answer.is_bounded, answer.why);
        rc = work->input.noisy_why ? ASSAY_OK : assay_nomem(err);
    }
    return rc;
}

/* ---- receipts and gates ----------------------------------------------------------------------------------------- */

static assay_code open_runs(struct work *work, const char *const *places, size_t places_count, assay_err *err)
{
    const struct assay_export_surface_options *options = work->options;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < places_count; i++) {
        rc = assay_judged_open_anyway(&work->judged, places[i], &work->runs[i], &work->unread[i], err);
        work->runs_count = i + 1;
        if (work->unread[i]) {
            assay_log_warning("%s", work->unread[i]); /* it stands in the output too, which may be a file */
        }
    }
    for (size_t i = 0; rc == ASSAY_OK && i < options->baseline.count; i++) {
        rc = assay_judged_open(&work->others, options->baseline.items[i], &work->baselines[work->baselines_count++],
                               err);
    }
    return rc == ASSAY_OK && options->aa && options->mode == ASSAY_EXPORT_AUTO ? open_aa(work, options->aa, err) : rc;
}

static assay_code keep_places(struct work *work, assay_err *err)
{
    const struct assay_policy *policy = work->gates.policy;
    work->places = assay_arena_take(&work->judged.arena, policy->gates_count + 1, sizeof *work->places);
    for (size_t i = 0; work->places && i < policy->gates_count; i++) {
        work->places[i] = (struct assay_surface_place){.id = policy->gates[i].id, .line = policy->gates[i].line};
    }
    work->input.places = work->places;
    work->input.places_count = policy->gates_count;
    return work->places ? ASSAY_OK : assay_nomem(err);
}

static assay_code judge(struct work *work, assay_err *err)
{
    struct assay_gate_question question;
    const char *path = work->options->policy;
    assay_code rc = assay_gates_question(&work->gates, &work->judged, path, work->options->date, &question, err);
    question.runs = work->runs;
    question.runs_count = work->runs_count;
    question.baselines = work->baselines;
    question.baselines_count = work->baselines_count;
    rc = rc == ASSAY_OK ? assay_cli_ancestries(&question, &work->judged.arena, err) : rc;
    rc = rc == ASSAY_OK ? assay_gates_guard(&work->judged, NULL, &question, NULL, err) : rc;
    rc = rc == ASSAY_OK ? assay_judge_gate(&question, &work->judged.arena, &work->document, err) : rc;
    rc = rc == ASSAY_OK ? decide_mode(work, &question, err) : rc;
    rc = rc == ASSAY_OK ? keep_places(work, err) : rc;
    work->input.gates = &work->document;
    work->input.policy_path = work->options->policy_name ? work->options->policy_name : path;
    return rc;
}

/* ---- what the surfaces are told --------------------------------------------------------------------------------- */

static bool is_required(const struct assay_judgement *judgement, int line)
{
    return line == ASSAY_LINE_RECOMPUTE || (line == ASSAY_LINE_CRYPTO && judgement->is_crypto_required) ||
           (line == ASSAY_LINE_POLICY && judgement->is_policy_required);
}

static assay_code fill_violations(struct work *work, size_t index, assay_err *err)
{
    const struct assay_judgement *judgement = work->runs[index]->judgement;
    struct assay_surface_receipt *receipt = &work->receipts[index];
    size_t count = judgement->violations_count;
    struct assay_surface_violation *list = assay_arena_take(&work->judged.arena, count + 1, sizeof *list);
    if (!list) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        const struct assay_violation *from = &judgement->violations[i];
        const char *found = work->unread[index] && i == 0 ? work->unread[index] : from->found;
        list[i] = (struct assay_surface_violation){.gate = from->gate,
                                                   .verdict = from->verdict,
                                                   .pointer = from->pointer,
                                                   .found = found,
                                                   .expected = from->expected};
    }
    receipt->violations = list;
    receipt->violations_count = count;
    receipt->violations_left_out = judgement->violations_left_out;
    return ASSAY_OK;
}

static assay_code fill_receipt(struct work *work, size_t index, assay_err *err)
{
    const struct assay_opened *run = work->runs[index];
    const struct assay_judgement *judgement = run->judgement;
    struct assay_surface_receipt *receipt = &work->receipts[index];
    static_assert((int)ASSAY_LINE_COUNT == ASSAY_SURFACE_LINES, "a surface shows every line of the verifier");
    *receipt = (struct assay_surface_receipt){.files = assay_run_files_input(work->judged.files[index]),
                                              .path = work->judged.files[index]->document_path.data,
                                              .is_readable = judgement->is_readable && !judgement->is_missing,
                                              .exit = assay_judgement_exit(judgement),
                                              .tier = judgement->tier};
    for (int i = 0; i < ASSAY_LINE_COUNT; i++) {
        receipt->lines[i] = (struct assay_surface_line){.name = assay_judge_line_text((enum assay_judge_line)i),
                                                        .verdict = judgement->lines[i].verdict,
                                                        .has_verdict = i != ASSAY_LINE_ASSURANCE,
                                                        .is_required = is_required(judgement, i),
                                                        .text = judgement->lines[i].text};
    }
    return fill_violations(work, index, err);
}

static assay_code tell(struct work *work, enum assay_surface_form form, struct assay_buf *out, assay_code *ret_code,
                       assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < work->runs_count; i++) {
        rc = fill_receipt(work, i, err);
    }
    work->input.receipts = work->receipts;
    work->input.receipts_count = work->runs_count;
    work->input.tool = assay_cli_version();
    work->input.key = work->options->key;
    rc = rc == ASSAY_OK ? assay_report_surface(form, &work->input, out, err) : rc;
    if (rc == ASSAY_OK) {
        *ret_code = assay_surface_code(&work->input);
    }
    return rc;
}

/* The key stands in a hidden comment of HTML and in a command line. */
static assay_code check_options(const struct assay_export_surface_options *options, assay_err *err)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    struct assay_digest nonce;
    size_t len = options->key ? strlen(options->key) : 0;
    if (options->nonce && !assay_digest_read(options->nonce, &nonce)) {
        return assay_fail(err, ASSAY_USAGE, "--nonce is '%.80s', expected 64 lowercase hex digits", options->nonce);
    }
    return !options->key || (len > 0 && len <= KEY_BYTES_MAX && strspn(options->key, PLAIN) == len)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--key is '%.80s', expected at most %u letters, digits, dots and _",
                            options->key, KEY_BYTES_MAX);
}

static assay_code export(struct work *work, enum assay_surface_form form, const char *const *places,
                         size_t places_count, struct assay_buf *out, assay_code *ret_code, assay_err *err)
{
    const struct assay_export_surface_options *options = work->options;
    assay_code rc = assay_judged_begin(&work->judged, err);
    if (rc == ASSAY_OK && (options->baseline.count > 0 || options->aa)) {
        rc = assay_judged_begin(&work->others, err);
    }
    work->others.evidence =
        (struct assay_verify_options){.trust = options->evidence.trust, .log = options->evidence.log};
    work->judged.evidence = options->evidence;
    work->judged.how.wants_default_policy = options->policy && !is_file(options->policy);
    work->judged.how.nonce = options->nonce;
    work->judged.how.max_age_ns = options->max_age_ns;
    if (rc == ASSAY_OK && is_file(options->policy)) {
        rc = assay_gates_load(options->policy, &work->gates, err);
    }
    rc = rc == ASSAY_OK ? open_runs(work, places, places_count, err) : rc;
    rc = rc == ASSAY_OK && is_file(options->policy) ? judge(work, err) : rc;
    rc = rc == ASSAY_OK ? tell(work, form, out, ret_code, err) : rc;
    assay_gates_done(&work->gates);
    assay_judged_done(&work->others);
    assay_judged_done(&work->judged);
    return rc;
}

assay_code assay_export_surface(enum assay_surface_form form, const struct assay_export_surface_options *options,
                                const char *const *places, size_t places_count, struct assay_buf *out,
                                assay_code *ret_code, assay_err *err)
{
    assert(places_count <= ASSAY_JUDGED_RUNS_MAX);
    assay_code rc = check_options(options, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct work *work = assay_alloc(1, sizeof *work); /* too large for a stack */
    if (!work) {
        return assay_nomem(err);
    }
    work->options = options;
    rc = export(work, form, places, places_count, out, ret_code, err);
    assay_free(work);
    return rc;
}
