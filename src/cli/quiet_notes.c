#include "cli/quiet_notes.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOTES_MAX 32 /* findings of the doctor and what the run says of itself: a screen */
#define NOTE_BYTES 512

struct notes {
    struct assay_arena *arena;
    const char **list;
    size_t count;
    bool has_failed;
};

static void note(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct notes *notes, const char *format, ...)
{
    char text[NOTE_BYTES];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    char *kept = notes->count < NOTES_MAX ? assay_arena_text(notes->arena, text, strlen(text)) : NULL;
    notes->has_failed |= notes->count < NOTES_MAX && !kept;
    if (kept) {
        notes->list[notes->count++] = kept;
    }
}

static assay_code find(const struct assay_opened *run, const char *metric, bool is_untouched_only,
                       const struct assay_outcome_rule *rule, struct assay_arena *arena, struct assay_outcome *ret,
                       assay_err *err)
{
    struct assay_pairs pairs;
    const struct assay_paired_query query = {
        .metric = metric, .base = 0, .other = 1, .is_untouched_only = is_untouched_only};
    assay_trace_rewind(run->trace);
    assay_code rc = assay_paired_of(run->plan, run->trace, &query, arena, &pairs, err);
    if (rc == ASSAY_OK) {
        struct assay_outcome_rule same = *rule;
        same.may_stop_early = pairs.may_stop_early;
        *ret = assay_outcome_of_pairs(pairs.ratios, pairs.count, &same, arena);
    }
    return rc;
}

static double half_width(const struct assay_outcome *outcome)
{
    return (outcome->upper - outcome->lower) / 2 / outcome->point * 100;
}

/* Pairs in which a process was put off its CPU or had to wait for a page. */
static assay_code note_touched(struct notes *notes, const struct assay_opened *run,
                               const struct assay_outcome_rule *rule, assay_err *err)
{
    struct assay_outcome all, untouched;
    assay_code rc = find(run, "service", false, rule, notes->arena, &all, err);
    rc = rc == ASSAY_OK ? find(run, "service", true, rule, notes->arena, &untouched, err) : rc;
    if (rc != ASSAY_OK || all.n == 0) {
        return rc;
    }
    uint64_t touched = all.n > untouched.n ? all.n - untouched.n : 0;
    if (touched == 0) {
        note(notes, "noise: no pair was touched by a forced switch, a page read, steal or throttling");
    } else if (all.has_interval && untouched.has_interval) {
        note(notes,
             "noise: %" PRIu64 " of %" PRIu64
             " pairs touched (forced switch, page read, steal, throttling); interval +-%.2f%% "
             "now, +-%.2f%% over the others (to see what noise costs, never the result)",
             touched, all.n, half_width(&all), half_width(&untouched));
    } else {
        note(notes, "noise: %" PRIu64 " of %" PRIu64 " pairs touched (forced switch, page read, steal, throttling)",
             touched, all.n);
    }
    return ASSAY_OK;
}

/* What the values far above the others have in common, of each arm. */
static assay_code note_outliers(struct notes *notes, const struct assay_opened *run, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (uint32_t arm = 0; arm < run->plan->arms_count && rc == ASSAY_OK; arm++) {
        struct assay_outliers outliers;
        rc = assay_outliers_of(run->plan, run->trace, arm, &outliers, err);
        if (rc != ASSAY_OK || outliers.count == 0) {
            continue;
        }
        if (outliers.cause) {
            note(notes, "outliers of %s: %" PRIu64 " of %" PRIu64 "; %.0f%% of them had %s, of the rest %.0f%%",
                 run->plan->arms[arm].id, outliers.count, outliers.n, outliers.share * 100, outliers.cause,
                 outliers.share_of_rest * 100);
        } else {
            note(notes, "outliers of %s: %" PRIu64 " of %" PRIu64 "; no cause seen", run->plan->arms[arm].id,
                 outliers.count, outliers.n);
        }
    }
    return rc;
}

/* Sizes of the environment that commands were given: each is a layout of the stack. */
static void note_layouts(struct notes *notes, const struct assay_opened *run)
{
    const struct assay_plan *plan = run->plan;
    size_t count = 0, samples = (size_t)assay_trace_samples(run->trace);
    for (size_t i = 0; i < plan->ops_count && i < samples; i++) {
        bool is_new = true;
        for (size_t j = 0; j < i && is_new; j++) {
            is_new = plan->ops[j].salt != plan->ops[i].salt;
        }
        count += is_new;
        if (count > 99) {
            note(notes, "layouts: 100 or more sizes of the environment, one binary each");
            return;
        }
    }
    note(notes, "layouts: %zu sizes of the environment, one binary each", count);
}

static void note_findings(struct notes *notes, const json_t *rows)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *answer = json_string_value(json_object_get(row, "answer"));
        const char *probe = json_string_value(json_object_get(row, "probe"));
        const char *evidence = json_string_value(json_object_get(row, "evidence"));
        const char *fix = json_string_value(json_object_get(row, "fix"));
        if (answer && strcmp(answer, "finding") == 0) {
            note(notes, "%s: %s; fix: %s", probe ? probe : "", evidence ? evidence : "", fix ? fix : "");
        }
    }
}

assay_code assay_quiet_notes_add(const struct assay_opened *run, const json_t *before,
                                 const struct assay_outcome_rule *rule, struct assay_arena *arena,
                                 struct assay_verdict_document *document, assay_err *err)
{
    struct notes notes = {.arena = arena,
                          .list = assay_arena_take(arena, document->notes_count + NOTES_MAX, sizeof *notes.list)};
    if (!notes.list) {
        return assay_nomem(err);
    }
    assay_code rc = ASSAY_OK;
    if (run->plan && run->trace && run->plan->arms_count > 1) {
        rc = note_touched(&notes, run, rule, err);
        rc = rc == ASSAY_OK ? note_outliers(&notes, run, err) : rc;
        note_layouts(&notes, run);
    }
    note_findings(&notes, before);
    note(&notes, "kept in %.256s ('assay show' prints all of it)", run->name);
    if (rc != ASSAY_OK || notes.has_failed) {
        return rc != ASSAY_OK ? rc : assay_nomem(err);
    }
    const char **all = assay_arena_take(arena, document->notes_count + notes.count, sizeof *all);
    if (!all) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < document->notes_count; i++) {
        all[i] = document->notes[i];
    }
    for (size_t i = 0; i < notes.count; i++) {
        all[document->notes_count + i] = notes.list[i];
    }
    document->notes = all;
    document->notes_count += notes.count;
    return ASSAY_OK;
}
