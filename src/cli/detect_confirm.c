#include "cli/detect_confirm.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/text.h"
#include "cli/repository.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define BUILD_TIMEOUT_NS (3600 * ASSAY_NS_PER_S)
#define AB_TIMEOUT_NS (3600 * ASSAY_NS_PER_S)
#define OUTPUT_MAX ((size_t)16 << 20) /* of a build: its last line is what counts */
#define PATH_BYTES 4096
#define COMMITS_MAX 4096 /* between two measured ones: more is a history of its own */
#define ALPHA 0.05
#define PRECISION "0.5%" /* as `ab` has them */
#define DURATION "60s"
#define REASON_BYTES 512
#define AB_WORDS_MAX 24
#define NUMBER_BYTES 64

struct builder {
    const struct assay_confirm *confirm;
    struct assay_arena *arena;
    unsigned builds, runs;
    assay_err *err;
};

/* ---- one build -------------------------------------------------------------------------------------------------- */

static const char *last_line(const struct assay_buf *output, struct assay_arena *arena)
{
    struct assay_slice rest = {output->data, output->len}, last = {NULL, 0};
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_trim(assay_slice_cut(&rest, '\n'));
        last = line.len > 0 ? line : last;
    }
    return last.len > 0 ? assay_arena_text(arena, last.data, last.len) : NULL;
}

static assay_code argv_make(const char *command, const char *commit, const char *dir, struct assay_arena *arena,
                            char ***ret, assay_err *err)
{
    char **words = NULL;
    size_t count = 0;
    assay_code rc = assay_text_split_command(command, &words, &count, err);
    char **argv = rc == ASSAY_OK ? assay_arena_take(arena, count + 3, sizeof *argv) : NULL;
    if (rc == ASSAY_OK && argv == NULL) {
        rc = assay_nomem(err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        argv[i] = assay_arena_text(arena, words[i], strlen(words[i]));
        rc = argv[i] != NULL ? ASSAY_OK : assay_nomem(err);
    }
    if (rc == ASSAY_OK) {
        argv[count] = assay_arena_text(arena, commit, strlen(commit));
        argv[count + 1] = assay_arena_text(arena, dir, strlen(dir));
        rc = argv[count] != NULL && argv[count + 1] != NULL ? ASSAY_OK : assay_nomem(err);
        *ret = argv;
    }
    assay_text_argv_free(words);
    return rc;
}

/* *ret_why is set, and *ret_command is not, where the commit could not be built. Other failures are assay's own. */
static assay_code build(struct builder *builder, const char *commit, const char **ret_command, const char **ret_why)
{
    char dir[PATH_BYTES], why[REASON_BYTES];
    char **argv = NULL;
    struct assay_buf output;
    int status = -1;
    assay_err failed = {0};
    (void)snprintf(dir, sizeof dir, "%s/%.12s-%u", builder->confirm->dir, commit, builder->builds++);
    assay_log_note("building %.12s", commit);
    assay_buf_init(&output, OUTPUT_MAX);
    assay_code rc = assay_dir_make(dir, builder->err);
    rc = rc == ASSAY_OK ? argv_make(builder->confirm->command, commit, dir, builder->arena, &argv, builder->err) : rc;
    *ret_command = NULL;
    if (rc == ASSAY_OK) {
        assay_code ran = assay_proc_run(argv, BUILD_TIMEOUT_NS, &output, &status, &failed);
        if (ran == ASSAY_OK && status == 0) {
            *ret_command = last_line(&output, builder->arena);
        }
        (void)snprintf(why, sizeof why, "%.12s: %s%.300s", commit,
                       ran != ASSAY_OK ? ""
                       : status != 0   ? "the build failed, exit status "
                                       : "no command was printed",
                       ran != ASSAY_OK ? failed.message : "");
        if (ran == ASSAY_OK && status != 0) {
            size_t len = strlen(why);
            (void)snprintf(why + len, sizeof why - len, "%d", status);
        }
        *ret_why = *ret_command == NULL ? assay_arena_text(builder->arena, why, strlen(why)) : NULL;
        rc = *ret_command != NULL || *ret_why != NULL ? ASSAY_OK : assay_nomem(builder->err);
    }
    assay_buf_done(&output);
    return rc;
}

/* ---- one paired run --------------------------------------------------------------------------------------------- */

/* Texts that an argument of `ab` needs for as long as it runs. */
struct ab_texts {
    char run[PATH_BYTES], verdict[PATH_BYTES], confidence[NUMBER_BYTES], margin[NUMBER_BYTES];
};

static void ab_words(const struct builder *builder, const char *base, const char *other, double alpha,
                     struct ab_texts *texts, const char *ret[AB_WORDS_MAX])
{
    const struct assay_confirm *confirm = builder->confirm;
    (void)snprintf(texts->run, PATH_BYTES, "%s/run-%u", confirm->dir, builder->runs);
    (void)snprintf(texts->verdict, PATH_BYTES, "%s/verdict-%u.json", confirm->dir, builder->runs);
    (void)snprintf(texts->confidence, NUMBER_BYTES, "%.6f", 1.0 - alpha);
    (void)snprintf(texts->margin, NUMBER_BYTES, "%.6f", confirm->margin);
    const char *const words[] = {"/proc/self/exe",
                                 "ab",
                                 "--quiet",
                                 "--no-save",
                                 "--out",
                                 texts->run,
                                 "--output",
                                 texts->verdict,
                                 "--confidence",
                                 texts->confidence,
                                 "--margin",
                                 texts->margin,
                                 "--precision",
                                 confirm->precision != NULL ? confirm->precision : PRECISION,
                                 "--duration",
                                 confirm->duration != NULL ? confirm->duration : DURATION,
                                 "--",
                                 base,
                                 other,
                                 NULL};
    _Static_assert(sizeof words / sizeof words[0] <= AB_WORDS_MAX, "room for every word");
    memcpy(ret, words, sizeof words);
}

/* The verdict of base against other; *ret_why where the run did not come to one. */
static assay_code pair_run(struct builder *builder, const char *base, const char *other, double alpha,
                           struct assay_verdict_document *ret, const char **ret_why)
{
    struct ab_texts texts;
    const char *words[AB_WORDS_MAX];
    struct assay_buf output, bytes;
    int status = -1;
    assay_err failed = {0};
    ab_words(builder, base, other, alpha, &texts, words);
    char *const *argv = (char *const *)(uintptr_t)words; /* as exec has it; nobody writes there */
    builder->runs++;
    assay_buf_init(&output, OUTPUT_MAX);
    assay_buf_init(&bytes, ASSAY_VERDICT_BYTES_MAX);
    *ret_why = NULL;
    assay_code rc = assay_proc_run(argv, AB_TIMEOUT_NS, &output, &status, &failed);
    rc = rc == ASSAY_OK ? assay_buf_read_file(&bytes, texts.verdict, &failed) : rc;
    rc = rc == ASSAY_OK ? assay_verdict_parse(bytes.data, bytes.len, builder->arena, ret, &failed) : rc;
    if (rc != ASSAY_OK && rc != ASSAY_NO_MEMORY) {
        char why[REASON_BYTES];
        (void)snprintf(why, sizeof why, "the paired run came to no verdict (exit status %d): %.300s", status,
                       failed.message);
        *ret_why = assay_arena_text(builder->arena, why, strlen(why));
        rc = *ret_why != NULL ? ASSAY_OK : assay_nomem(builder->err);
    }
    assay_buf_done(&output);
    assay_buf_done(&bytes);
    return rc;
}

/* ---- what it means for the series ------------------------------------------------------------------------------- */

/* "service" of "service_p50". */
static bool is_metric_of(const char *id, const char *metric)
{
    size_t len = id != NULL ? strlen(id) : 0;
    return len > 0 && strncmp(id, metric, len) == 0 && (metric[len] == '\0' || metric[len] == '_');
}

static const struct assay_verdict_row *row_of(const struct assay_verdict_document *document, const char *metric)
{
    for (size_t i = 0; i < document->rows_count; i++) {
        if (document->rows[i].word != NULL && is_metric_of(document->rows[i].metric, metric)) {
            return &document->rows[i];
        }
    }
    return NULL;
}

static bool says(const struct assay_verdict_row *row, bool is_worse)
{
    return row != NULL && assay_text_starts(row->word, is_worse ? "slower" : "faster");
}

/* Not resolved is never "same". */
static bool is_undecided(const struct assay_verdict_row *row)
{
    return assay_text_starts(row->word, "inconclusive");
}

static void settle_by_row(struct assay_detection *detection, size_t index,
                          const struct assay_verdict_document *document, struct assay_arena *arena)
{
    const struct assay_detect_change *change = &detection->changes[index];
    const char *metric = detection->series[change->series].metric;
    const struct assay_verdict_row *row = row_of(document, metric);
    char reason[REASON_BYTES];
    if (row == NULL) {
        (void)snprintf(reason, sizeof reason, "the paired run does not measure '%.64s'", metric);
    } else if (row->has_interval) {
        (void)snprintf(reason, sizeof reason, "paired run: %.32s, ratio %.4f [%.4f, %.4f], %llu pairs%s%.160s",
                       row->word, row->point, row->lower, row->upper, (unsigned long long)row->n,
                       row->reason ? ": " : "", row->reason ? row->reason : "");
    } else {
        (void)snprintf(reason, sizeof reason, "paired run: %.32s%s%.160s", row->word, row->reason ? ": " : "",
                       row->reason ? row->reason : "");
    }
    const char *kept = assay_arena_text(arena, reason, strlen(reason));
    enum assay_change_state state = row == NULL                   ? ASSAY_CHANGE_NOT_BUILT
                                    : says(row, change->is_worse) ? ASSAY_CHANGE_CONFIRMED
                                    : is_undecided(row)           ? ASSAY_CHANGE_UNDECIDED
                                                                  : ASSAY_CHANGE_REFUTED;
    assay_detect_settle(detection, index, state, kept);
}

static bool is_same_pair(const struct assay_detect_change *a, const struct assay_detect_change *b)
{
    return a->state == ASSAY_CHANGE_CANDIDATE && !a->is_folded && strcmp(a->commit, b->commit) == 0 &&
           strcmp(a->before, b->before) == 0;
}

/* Every series that changed between these two commits is settled by the one run. */
static void settle_all(struct assay_detection *detection, size_t first, const struct assay_verdict_document *document,
                       const char *why, struct assay_arena *arena)
{
    const struct assay_detect_change pair = detection->changes[first];
    for (size_t i = first; i < detection->changes_count; i++) {
        if (!is_same_pair(&detection->changes[i], &pair)) {
            continue;
        }
        if (why != NULL) {
            assay_detect_settle(detection, i, ASSAY_CHANGE_NOT_BUILT, why);
        } else {
            settle_by_row(detection, i, document, arena);
        }
    }
}

/* ---- bisection -------------------------------------------------------------------------------------------------- */

struct commits {
    const char *names[COMMITS_MAX];
    size_t count;
};

static assay_code commits_between(const struct builder *builder, const struct assay_detect_change *change,
                                  struct commits *ret)
{
    struct assay_buf text;
    assay_code rc = ASSAY_OK;
    ret->count = 0;
    assay_buf_init(&text, OUTPUT_MAX);
    if (assay_revisions_between(change->before, change->commit, &text)) {
        struct assay_slice rest = {text.data, text.len};
        while (rc == ASSAY_OK && rest.len > 0 && ret->count < COMMITS_MAX) {
            struct assay_slice line = assay_slice_cut(&rest, '\n');
            ret->names[ret->count] = assay_arena_text(builder->arena, line.data, line.len);
            rc = ret->names[ret->count++] != NULL ? ASSAY_OK : assay_nomem(builder->err);
        }
    }
    assay_buf_done(&text);
    return rc;
}

static unsigned steps_of(size_t count)
{
    unsigned steps = 0;
    for (size_t left = 1; left < count; left *= 2) {
        steps++;
    }
    return steps;
}

static assay_code bisect_stop(struct builder *builder, struct assay_detect_change *change, const char *commit,
                              const char *why)
{
    char text[REASON_BYTES];
    (void)snprintf(text, sizeof text, "the search between them ended at %.12s: %.300s", commit, why);
    change->bisect_stop = assay_arena_text(builder->arena, text, strlen(text));
    return change->bisect_stop != NULL ? ASSAY_OK : assay_nomem(builder->err);
}

/* The first of the commits at which the base's command is beaten, or lost to; a step that cannot be built or does not
 * say so ends the search, and the change says where. */
static assay_code bisect(struct builder *builder, struct assay_detection *detection, size_t index, const char *base)
{
    struct assay_detect_change *change = &detection->changes[index];
    struct commits *commits = assay_arena_take(builder->arena, 1, sizeof *commits);
    assay_code rc = commits != NULL ? commits_between(builder, change, commits) : assay_nomem(builder->err);
    size_t low = 0, high = rc == ASSAY_OK ? commits->count : 0; /* names[high - 1] is known to have changed */
    double alpha = ALPHA / (steps_of(high) > 0 ? steps_of(high) : 1);
    while (rc == ASSAY_OK && low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        const char *command = NULL, *why = NULL;
        struct assay_verdict_document document = {0};
        rc = build(builder, commits->names[middle - 1], &command, &why);
        if (rc == ASSAY_OK && command != NULL) {
            rc = pair_run(builder, base, command, alpha, &document, &why);
        }
        if (rc != ASSAY_OK) {
            return rc;
        }
        const struct assay_verdict_row *row =
            why == NULL ? row_of(&document, detection->series[change->series].metric) : NULL;
        if (row == NULL || is_undecided(row)) {
            return bisect_stop(builder, change, commits->names[middle - 1], why != NULL ? why : "not decided");
        }
        if (says(row, change->is_worse)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    if (rc == ASSAY_OK && high > 0 && commits->count > 1) {
        change->bisected = commits->names[high - 1];
    }
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static assay_code confirm_one(struct builder *builder, struct assay_detection *detection, size_t index)
{
    const struct assay_detect_change *change = &detection->changes[index];
    struct assay_verdict_document document = {0};
    const char *base = NULL, *other = NULL, *why = NULL;
    if (change->commit[0] == '\0' || change->before[0] == '\0') {
        settle_all(detection, index, NULL, "the history does not name its commits", builder->arena);
        return ASSAY_OK;
    }
    assay_code rc = build(builder, change->before, &base, &why);
    if (rc == ASSAY_OK && base != NULL) {
        rc = build(builder, change->commit, &other, &why);
    }
    if (rc == ASSAY_OK && base != NULL && other != NULL) {
        rc = pair_run(builder, base, other, ALPHA, &document, &why);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    settle_all(detection, index, &document, why, builder->arena);
    bool wants_bisect = builder->confirm->wants_bisect && change->state == ASSAY_CHANGE_CONFIRMED;
    return wants_bisect ? bisect(builder, detection, index, base) : ASSAY_OK;
}

assay_code assay_confirm_all(const struct assay_confirm *confirm, struct assay_detection *detection,
                             struct assay_arena *arena, assay_err *err)
{
    assert(confirm && confirm->command && confirm->dir && detection && arena);
    struct builder builder = {.confirm = confirm, .arena = arena, .err = err};
    assay_code rc = assay_dir_make(confirm->dir, err);
    for (size_t i = 0; rc == ASSAY_OK && i < detection->changes_count; i++) {
        if (detection->changes[i].state == ASSAY_CHANGE_CANDIDATE && !detection->changes[i].is_folded) {
            rc = confirm_one(&builder, detection, i);
        }
    }
    return rc;
}
