#include "judge/detect_room.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

static const char *const STATES[ASSAY_CHANGE_STATE_COUNT] = {
    [ASSAY_CHANGE_CANDIDATE] = "candidate",     [ASSAY_CHANGE_PROVISIONAL] = "provisional",
    [ASSAY_CHANGE_CONFIRMED] = "confirmed",     [ASSAY_CHANGE_REFUTED] = "refuted",
    [ASSAY_CHANGE_UNDECIDED] = "not decided",   [ASSAY_CHANGE_NOT_BUILT] = "could not build",
    [ASSAY_CHANGE_ACKED] = "acknowledged",      [ASSAY_CHANGE_IGNORED] = "ignored",
    [ASSAY_CHANGE_ENVIRONMENT] = "environment", [ASSAY_CHANGE_NOT_REJECTED] = "not beyond chance",
};

const char *assay_change_state_text(enum assay_change_state state)
{
    assert((size_t)state < ASSAY_CHANGE_STATE_COUNT);
    return STATES[state];
}

/* The changes of one series that count. */
struct found {
    const struct assay_detect_change *changes;
    size_t count;
};

/* The first position that counts: that of the commit asked for, or the end if the series does not have it. */
static size_t since_of(const struct assay_detect_line *line, const char *since)
{
    size_t at = 0;
    while (since != NULL && at < line->count && !assay_text_starts(line->commits[at], since)) {
        at++;
    }
    return at;
}

static assay_code series_scan(struct assay_detection *detection, size_t index, const struct assay_detect_rule *rule,
                              struct assay_arena *arena, struct found *ret, assay_err *err)
{
    struct detect_scan scan = {.series = &detection->series[index],
                               .index = index,
                               .rule = rule,
                               .arena = arena,
                               .line = &detection->lines[index]};
    assay_code rc = detect_line(&scan, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    detection->too_short += scan.line->is_too_short;
    size_t since = since_of(scan.line, rule->since), skipped = 0;
    detection->has_since |= since < scan.line->count;
    while (skipped < scan.changes_count && scan.changes[skipped].position < since) {
        skipped++;
    }
    *ret = (struct found){.changes = scan.changes + skipped, .count = scan.changes_count - skipped};
    return ASSAY_OK;
}

/* Those of all series one behind the other. */
static assay_code changes_join(struct assay_detection *detection, const struct found *found, struct assay_arena *arena,
                               assay_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < detection->series_count; i++) {
        count += found[i].count;
    }
    struct assay_detect_change *to = assay_arena_take(arena, count, sizeof *to);
    if (to == NULL) {
        return assay_nomem(err);
    }
    detection->changes = to;
    detection->changes_count = count;
    for (size_t i = 0; i < detection->series_count; i++) {
        memcpy(to, found[i].changes, found[i].count * sizeof *to);
        to += found[i].count;
    }
    return ASSAY_OK;
}

assay_code assay_detect(const struct assay_detect_series *series, size_t count, const struct assay_detect_rule *rule,
                        struct assay_arena *arena, struct assay_detection *ret, assay_err *err)
{
    assert((series || count == 0) && rule && arena && ret);
    struct found *found = assay_arena_take(arena, count, sizeof *found);
    *ret =
        (struct assay_detection){.series = series, .series_count = count, .marks = rule->marks, .today = rule->today};
    ret->lines = assay_arena_take(arena, count, sizeof *ret->lines);
    assay_code rc = found != NULL && ret->lines != NULL ? ASSAY_OK : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        rc = series_scan(ret, i, rule, arena, &found[i], err);
    }
    if (rc == ASSAY_OK && rule->since && count > 0 && !ret->has_since) { /* nothing since nowhere is no good news */
        rc = assay_fail(err, ASSAY_UNDECIDED, "no series has a value at commit '%.64s'", rule->since);
    }
    rc = rc == ASSAY_OK ? changes_join(ret, found, arena, err) : rc;
    return rc == ASSAY_OK ? detect_families(ret, arena, err) : rc;
}

void assay_detect_settle(struct assay_detection *detection, size_t change, enum assay_change_state state,
                         const char *reason)
{
    assert(change < detection->changes_count && detection->changes[change].state == ASSAY_CHANGE_CANDIDATE);
    detection->changes[change].state = state;
    detection->changes[change].reason = reason;
}

static bool is_undecided(const struct assay_detect_change *change)
{
    bool is_open = change->state == ASSAY_CHANGE_CANDIDATE || change->state == ASSAY_CHANGE_PROVISIONAL ||
                   change->state == ASSAY_CHANGE_UNDECIDED || change->state == ASSAY_CHANGE_NOT_BUILT;
    return is_open && !change->is_better;
}

int assay_detection_exit(const struct assay_detection *detection)
{
    bool is_open = detection->environments_count > 0 || detection->too_short == detection->series_count;
    for (size_t i = 0; i < detection->changes_count; i++) {
        const struct assay_detect_change *change = &detection->changes[i];
        if (change->state == ASSAY_CHANGE_CONFIRMED && change->is_worse) {
            return 1;
        }
        is_open |= is_undecided(change);
    }
    return is_open ? 2 : 0;
}
