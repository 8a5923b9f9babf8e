/* Where did it begin? The change points of the history, confirmed by running the commits again. */
#include "cli/detect_confirm.h"
#include "cli/detect_read.h"
#include "cli/detect_text.h"
#include "cli/judged.h"
#include "cli/store_place.h"

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)8 << 30) /* ten million points with their commits */
#define DIR_BYTES 64

static const char *const METHODS[] = {"scan", "e-divisive", NULL};

struct values {
    struct assay_judged_how how;
    const char *series, *marks, *confirm, *since, *store, *keep, *precision, *duration;
    double margin;
    uint64_t seed;
    int method;
    bool wants_bisect, is_quiet;
};

static const struct values DEFAULTS = {.margin = 0.02, .seed = 1, .wants_bisect = true};

#define AT(member) offsetof(struct values, member)
#define CONFIRM "Confirmation"

static const struct assay_opt OPTIONS[] = {
    {"series", "GLOB", "only series whose name fits: 'llm * ttft_p50*' (* any text, ? any byte)", ASSAY_OPT_TEXT,
     AT(series)},
    {"marks", "FILE", "known shifts, acknowledged and ignored changes", ASSAY_OPT_TEXT, AT(marks)},
    {"since", "COMMIT", "only changes at this commit or later", ASSAY_OPT_TEXT, AT(since)},
    {"method", "scan|e-divisive", "e-divisive: for comparison with other tools (default scan)", ASSAY_OPT_CHOICE,
     AT(method), .choices = METHODS},
    {"seed", "N", "seed of the permutations of e-divisive (default 1)", ASSAY_OPT_U64, AT(seed)},
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT,
     AT(store)},
    ASSAY_JUDGED_OPTIONS(struct values, how),
    {"quiet", NULL, "no notes on what is being built", ASSAY_OPT_FLAG, AT(is_quiet)},

    {"confirm", "CMD",
     "called as CMD COMMIT DIR: builds the commit into DIR and prints, as its last line, the command "
     "to be measured",
     ASSAY_OPT_TEXT, AT(confirm), .group = CONFIRM},
    {"keep", "DIR", "builds and paired runs are kept there (default ./assay-confirm-ID)", ASSAY_OPT_TEXT, AT(keep),
     .group = CONFIRM},
    {"margin", "SHARE", "differences within it are parity (default 2%)", ASSAY_OPT_SHARE, AT(margin), .group = CONFIRM},
    {"precision", "SHARE", "of the paired runs, as of 'assay ab'", ASSAY_OPT_TEXT, AT(precision), .group = CONFIRM},
    {"duration", "T", "of each paired run at most, as of 'assay ab'", ASSAY_OPT_TEXT, AT(duration), .group = CONFIRM},
    {"bisect", NULL, "where more commits lie between, find the one by the same runs", ASSAY_OPT_FLAG_ON,
     AT(wants_bisect), .group = CONFIRM},
};

/* What one call of the verb holds. */
struct work {
    const struct values *values;
    struct assay_judged judged; /* date, digest, arena of the document */
    struct assay_arena arena;
    struct assay_marks *marks;
    struct assay_detect_history history;
    struct assay_detection detection;
    struct assay_verdict_input input;
};

static assay_code marks_read(struct work *work, assay_err *err)
{
    struct assay_buf bytes;
    if (work->values->marks == NULL) {
        return ASSAY_OK;
    }
    assay_buf_init(&bytes, ASSAY_MARKS_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, work->values->marks, err);
    rc = rc == ASSAY_OK ? assay_marks_parse(bytes.data ? bytes.data : "", bytes.len, &work->marks, err) : rc;
    assay_buf_done(&bytes);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", work->values->marks);
        return rc;
    }
    work->input =
        (struct assay_verdict_input){.name = work->values->marks, .sha256 = work->marks->sha256, .document = "marks"};
    return ASSAY_OK;
}

static assay_code history_read(struct work *work, assay_err *err)
{
    struct assay_store *store = NULL;
    assay_code rc = assay_store_place_open(work->values->store, ASSAY_STORE_READ, &store, err);
    rc =
        rc == ASSAY_OK ? assay_detect_history_read(store, work->values->series, &work->arena, &work->history, err) : rc;
    assay_store_close(store);
    if (rc == ASSAY_OK && work->history.count == 0) {
        return work->values->series != NULL
                   ? assay_fail(err, ASSAY_UNDECIDED, "no series fits '%s'; 'assay history --metric NAME' lists some",
                                work->values->series)
                   : assay_fail(err, ASSAY_UNDECIDED, "the history holds no series: not measured");
    }
    return rc;
}

static assay_code changes_confirm(struct work *work, assay_err *err)
{
    const struct values *values = work->values;
    unsigned char id[6];
    char dir[DIR_BYTES];
    if (values->confirm == NULL) {
        return ASSAY_OK;
    }
    assay_rng_system_bytes(id, sizeof id);
    (void)snprintf(dir, sizeof dir, "assay-confirm-%02x%02x%02x%02x%02x%02x", id[0], id[1], id[2], id[3], id[4], id[5]);
    const struct assay_confirm confirm = {.command = values->confirm,
                                          .dir = values->keep ? values->keep : dir,
                                          .precision = values->precision,
                                          .duration = values->duration,
                                          .margin = values->margin,
                                          .wants_bisect = values->wants_bisect};
    assay_log_open(values->is_quiet ? ASSAY_LOG_QUIET : ASSAY_LOG_NORMAL);
    return assay_confirm_all(&confirm, &work->detection, &work->arena, err);
}

/* One more note: what was left out. */
static assay_code notes_add(struct work *work, struct assay_verdict_document *document, assay_err *err)
{
    char text[128];
    if (work->history.invalid_runs == 0) {
        return ASSAY_OK;
    }
    const char **notes = assay_arena_take(&work->arena, document->notes_count + 1, sizeof *notes);
    (void)snprintf(text, sizeof text, "%zu points of invalid runs are left out", work->history.invalid_runs);
    char *note = assay_arena_text(&work->arena, text, strlen(text));
    if (notes == NULL || note == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < document->notes_count; i++) {
        notes[i] = document->notes[i];
    }
    notes[document->notes_count++] = note;
    document->notes = notes;
    return ASSAY_OK;
}

static assay_code answer(struct work *work, struct assay_cli *cli, struct assay_buf *out, assay_err *err)
{
    const struct assay_judged_how *how = &work->values->how;
    const struct assay_detect_about about = {.tool = assay_cli_version(),
                                             .date = work->judged.date,
                                             .inputs = &work->input,
                                             .inputs_count = work->marks != NULL};
    struct assay_verdict_document document;
    assay_code rc = assay_detect_document(&work->detection, &about, &work->arena, &document, err);
    if (rc != ASSAY_OK || (rc = notes_add(work, &document, err)) != ASSAY_OK) {
        return rc;
    }
    document.binary_sha256 = work->judged.binary_sha256[0] ? work->judged.binary_sha256 : NULL;
    rc = assay_judged_end(&work->judged, cli, &document, how, out, err);
    if (cli->has_judged && !how->wants_json && !how->wants_markdown) {
        assay_buf_clear(out);
        assay_detect_text(&work->detection, &document, out);
    }
    return rc;
}

static assay_code detect(struct work *work, struct assay_cli *cli, struct assay_buf *out, assay_err *err)
{
    assay_code rc = marks_read(work, err);
    rc = rc == ASSAY_OK ? history_read(work, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_detect_rule rule = {.marks = work->marks,
                                     .since = work->values->since,
                                     .is_divisive = work->values->method != 0,
                                     .seed = work->values->seed};
    if (!assay_day_read(work->judged.date, &rule.today)) {
        return assay_fail(err, ASSAY_BUG, "'%s' is no day", work->judged.date);
    }
    rc = assay_detect(work->history.series, work->history.count, &rule, &work->arena, &work->detection, err);
    rc = rc == ASSAY_OK ? changes_confirm(work, err) : rc;
    return rc == ASSAY_OK ? answer(work, cli, out, err) : rc;
}

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)given;
    struct work work = {.values = values};
    assay_arena_init(&work.arena, ARENA_BYTES_MAX);
    assay_code rc = assay_judged_begin(&work.judged, err);
    rc = rc == ASSAY_OK ? detect(&work, cli, out, err) : rc;
    assay_judged_done(&work.judged);
    assay_marks_free(work.marks);
    assay_arena_done(&work.arena);
    return rc;
}

const struct assay_verb assay_verb_detect = {
    .opt = {.name = "detect",
            .synopsis = "[OPTIONS]",
            .summary = "change points of the history: where did it begin?",
            .manual =
                "Every series of the history is scanned for changes of its level; what is found names the commit where "
                "the new level begins, the size of the step with its interval, and the commit before. Looking at every "
                "place, autocorrelation, lone outliers and the number of series are paid for, so noise is called a "
                "change less than once in a thousand series and commits.\n\nA change is a candidate until --confirm "
                "has built both commits and measured them in turn: then it is confirmed, refuted, or could not be "
                "built. Fewer than five commits after a change leave it provisional. Where a fifth of a host's "
                "contexts move together, or a new host class begins, the environment is the finding, once.\n\nMarks "
                "(--marks) are kept in the repository: shift (a known change: a new segment), ack (seen), ignore; each "
                "with series, commit, reason and days.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .examples = "assay detect --series 'command * service_p50*' --marks marks.yaml\n  what changed, and where\n"
                        "assay detect --confirm ci/build-at.sh\n  each candidate built and run again\n",
            .exits = "0 nothing for the worse; 1 a confirmed change for the worse; 2 candidates or provisional "
                     "changes only, an environment that moved, or series too short; 3 malformed marks; 4 usage; 5 "
                     "no history, or a file could not be read"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
