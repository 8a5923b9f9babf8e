#include "judge/detect_room.h"

#include <assert.h>
#include <string.h>

#define TEXT_BYTES_MAX 4096 /* one sentence with names of series and commits in it */

static const char *text_keep(struct assay_arena *arena, struct assay_buf *text)
{
    return text->failed == ASSAY_OK ? assay_arena_text(arena, text->data != NULL ? text->data : "", text->len) : NULL;
}

static enum assay_verdict verdict_of(const struct assay_detect_change *change)
{
    switch (change->state) {
    case ASSAY_CHANGE_CONFIRMED:
        return change->is_worse ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS;
    case ASSAY_CHANGE_REFUTED:
    case ASSAY_CHANGE_ACKED:
    case ASSAY_CHANGE_IGNORED:
    case ASSAY_CHANGE_NOT_REJECTED:
        return ASSAY_VERDICT_PASS;
    case ASSAY_CHANGE_CANDIDATE:
    case ASSAY_CHANGE_PROVISIONAL:
    case ASSAY_CHANGE_UNDECIDED:
    case ASSAY_CHANGE_NOT_BUILT:
    case ASSAY_CHANGE_ENVIRONMENT:
    case ASSAY_CHANGE_STATE_COUNT:
    default:
        return change->is_better ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_UNDECIDED;
    }
}

static const char *word_of(const struct assay_detect_change *change)
{
    return change->is_worse ? "slower" : change->is_better ? "faster" : NULL;
}

static const char *found_text(const struct assay_detect_change *change, struct assay_arena *arena)
{
    struct assay_buf text;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    assay_buf_printf(&text, "%s at commit %.64s after %.64s", assay_change_state_text(change->state),
                     change->commit[0] != '\0' ? change->commit : "unknown",
                     change->before[0] != '\0' ? change->before : "unknown");
    const char *copy = text_keep(arena, &text);
    assay_buf_done(&text);
    return copy;
}

static bool row_fill(const struct assay_detection *detection, const struct assay_detect_change *change,
                     struct assay_arena *arena, struct assay_verdict_row *row)
{
    const struct assay_detect_series *series = &detection->series[change->series];
    *row = (struct assay_verdict_row){.id = series->name,
                                      .kind = "change",
                                      .metric = series->metric,
                                      .unit = series->unit,
                                      .arm = change->commit,
                                      .versus = change->before,
                                      .has_base = true,
                                      .has_other = true,
                                      .base = change->level_before,
                                      .other = change->level_after,
                                      .has_point = change->ratio != 0.0,
                                      .point = change->ratio,
                                      .has_interval = change->has_interval,
                                      .lower = change->lower,
                                      .upper = change->upper,
                                      .confidence = 0.95,
                                      .n = change->n_before + change->n_after,
                                      .method = "largest two-sample t over all splits; Hodges-Lehmann ratio",
                                      .word = word_of(change),
                                      .is_resolved = change->p_adjusted <= ASSAY_DETECT_Q,
                                      .verdict = verdict_of(change),
                                      .is_waived = change->mark != NULL,
                                      .is_in_family = change->state != ASSAY_CHANGE_NOT_REJECTED,
                                      .found = found_text(change, arena),
                                      .reason = change->mark != NULL ? change->mark->reason : change->reason};
    row->element = change->bisected;
    return row->found != NULL;
}

static size_t count_of(const struct assay_detection *detection, enum assay_change_state state, bool is_worse)
{
    size_t count = 0;
    for (size_t i = 0; i < detection->changes_count; i++) {
        count += detection->changes[i].state == state && (!is_worse || detection->changes[i].is_worse);
    }
    return count;
}

static const char *summary_text(const struct assay_detection *detection, struct assay_arena *arena)
{
    struct assay_buf text;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    assay_buf_printf(&text, "%zu series, %zu too short;", detection->series_count, detection->too_short);
    size_t worse = count_of(detection, ASSAY_CHANGE_CONFIRMED, true), listed = 0;
    assay_buf_printf(&text, " %zu confirmed for the worse", worse);
    for (enum assay_change_state state = ASSAY_CHANGE_CANDIDATE; state < ASSAY_CHANGE_STATE_COUNT; state++) {
        size_t count = count_of(detection, state, false);
        if (count > 0 && state != ASSAY_CHANGE_CONFIRMED) {
            assay_buf_printf(&text, ", %zu %s", count, assay_change_state_text(state));
            listed += count;
        }
    }
    assay_buf_text(&text, listed == 0 && worse == 0 && detection->changes_count == 0 ? ": no change found" : "");
    const char *copy = text_keep(arena, &text);
    assay_buf_done(&text);
    return copy;
}

static const char *environment_text(const struct assay_environment *environment, struct assay_arena *arena)
{
    struct assay_buf text;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    if (environment->is_new_host) {
        assay_buf_printf(&text, "environment: a new host class (%.12s) from commit %.64s on; its series begin anew",
                         environment->host_class, environment->commit);
    } else {
        assay_buf_printf(&text,
                         "environment: %zu of %zu contexts of host class %.12s moved together about commit %.64s",
                         environment->moved, environment->contexts, environment->host_class, environment->commit);
    }
    const char *copy = text_keep(arena, &text);
    assay_buf_done(&text);
    return copy;
}

static const char *mark_text(const struct assay_mark *mark, int64_t today, struct assay_arena *arena)
{
    struct assay_buf text;
    char issued[11], expires[11] = "never";
    assay_day_print(mark->issued_day, issued);
    if (mark->expires_day != ASSAY_MARK_NEVER) {
        assay_day_print(mark->expires_day, expires);
    }
    assay_buf_init(&text, TEXT_BYTES_MAX);
    assay_buf_printf(&text, "mark: %s '%s' at %s, %s (%s to %s%s)", assay_mark_kind_text(mark->kind), mark->series,
                     mark->commit != NULL ? mark->commit : "any commit", mark->reason, issued, expires,
                     assay_mark_is_valid(mark, today) ? "" : "; not valid today, it does nothing");
    const char *copy = text_keep(arena, &text);
    assay_buf_done(&text);
    return copy;
}

static bool notes_fill(const struct assay_detection *detection, struct assay_arena *arena,
                       struct assay_verdict_document *document)
{
    size_t marks = detection->marks != NULL ? detection->marks->count : 0, count = 0;
    const char **notes = assay_arena_take(arena, detection->environments_count + marks, sizeof *notes);
    for (size_t i = 0; notes != NULL && i < detection->environments_count; i++) {
        notes[count++] = environment_text(&detection->environments[i], arena);
    }
    for (size_t i = 0; notes != NULL && i < marks; i++) {
        notes[count++] = mark_text(&detection->marks->marks[i], detection->today, arena);
    }
    for (size_t i = 0; i < count; i++) {
        if (notes[i] == NULL) {
            return false;
        }
    }
    document->notes = notes;
    document->notes_count = count;
    return notes != NULL;
}

assay_code assay_detect_document(const struct assay_detection *detection, const struct assay_detect_about *about,
                                 struct assay_arena *arena, struct assay_verdict_document *ret, assay_err *err)
{
    static const enum assay_verdict BY_EXIT[] = {ASSAY_VERDICT_PASS, ASSAY_VERDICT_FAIL, ASSAY_VERDICT_UNDECIDED};
    assert(detection && about && arena && ret);
    *ret = (struct assay_verdict_document){.question = "detect",
                                           .level = "gate",
                                           .verdict = BY_EXIT[assay_detection_exit(detection)],
                                           .summary = summary_text(detection, arena),
                                           .inputs = about->inputs,
                                           .inputs_count = about->inputs_count,
                                           .tool = about->tool,
                                           .date = about->date};
    struct assay_verdict_row *rows = assay_arena_take(arena, detection->changes_count, sizeof *rows);
    bool is_good = rows != NULL && ret->summary != NULL && notes_fill(detection, arena, ret);
    for (size_t i = 0; is_good && i < detection->changes_count; i++) {
        is_good = row_fill(detection, &detection->changes[i], arena, &rows[i]);
    }
    ret->rows = rows;
    ret->rows_count = detection->changes_count;
    return is_good ? ASSAY_OK : assay_nomem(err);
}
