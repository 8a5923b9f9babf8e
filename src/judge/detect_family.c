#include "judge/detect_room.h"

#include "base/num.h"
#include "stat/stat.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A change that still has to be judged beside the others of its commit. */
static bool is_open(const struct assay_detect_change *change)
{
    return change->state == ASSAY_CHANGE_CANDIDATE || change->state == ASSAY_CHANGE_PROVISIONAL;
}

static const char *class_of(const struct assay_detection *detection, const struct assay_detect_change *change)
{
    return detection->series[change->series].host_class;
}

/* The commits that a change may be of: it is placed within so many. */
#define NEAR_COUNT (2 * ASSAY_DETECT_TOGETHER + 1)
static_assert(ASSAY_DETECT_TOGETHER < ASSAY_CHANGE_EDGE, "a level on either side has more points");

static const char *const *commits_near(const struct assay_detection *detection,
                                       const struct assay_detect_change *change)
{
    const struct assay_detect_line *line = &detection->lines[change->series];
    size_t at = change->position;
    assert(at >= ASSAY_DETECT_TOGETHER && at + ASSAY_DETECT_TOGETHER < line->count);
    return line->commits + at - ASSAY_DETECT_TOGETHER;
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

static bool mark_hits(const struct assay_mark *mark, const struct assay_detection *detection,
                      const struct assay_detect_change *change)
{
    const char *const *commits = commits_near(detection, change);
    for (size_t i = 0; i < NEAR_COUNT; i++) {
        if (assay_mark_fits(mark, detection->series[change->series].name, commits[i])) {
            return true;
        }
    }
    return false;
}

static void marks_apply(struct assay_detection *detection, struct assay_detect_change *change)
{
    const struct assay_marks *marks = detection->marks;
    for (size_t i = 0; marks != NULL && is_open(change) && i < marks->count; i++) {
        const struct assay_mark *mark = &marks->marks[i];
        if (mark->kind != ASSAY_MARK_SHIFT && assay_mark_is_valid(mark, detection->today) &&
            mark_hits(mark, detection, change)) {
            change->mark = mark;
            change->state = mark->kind == ASSAY_MARK_ACK ? ASSAY_CHANGE_ACKED : ASSAY_CHANGE_IGNORED;
        }
    }
}

/* ---- the series of one commit ----------------------------------------------------------------------------------- */

/* A commit with changes, and how many series have a value there: so many were looked at. */
struct family {
    const char *commit;
    size_t series;
    size_t counted; /* so many of the series have been: a commit may come twice in one */
};

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct family *)left)->commit, ((const struct family *)right)->commit);
}

/* Counts for all commits with changes in one pass over all series. */
static assay_code families_count(const struct assay_detection *detection, struct assay_arena *arena,
                                 struct family **ret, size_t *ret_count, assay_err *err)
{
    size_t count = 0;
    struct family *families = assay_arena_take(arena, detection->changes_count, sizeof *families);
    if (families == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < detection->changes_count; i++) {
        families[i].commit = detection->changes[i].commit;
    }
    qsort(families, detection->changes_count, sizeof *families, by_name);
    for (size_t i = 0; i < detection->changes_count; i++) {
        if (count == 0 || strcmp(families[i].commit, families[count - 1].commit) != 0) {
            families[count++] = families[i];
        }
    }
    for (size_t i = 0; i < detection->series_count; i++) {
        const struct assay_detect_line *line = &detection->lines[i];
        for (size_t j = 0; !line->is_too_short && j < line->count; j++) {
            struct family *family =
                bsearch(&(struct family){.commit = line->commits[j]}, families, count, sizeof *families, by_name);
            if (family != NULL && family->counted <= i) {
                family->counted = i + 1;
                family->series++;
            }
        }
    }
    *ret = families;
    *ret_count = count;
    return ASSAY_OK;
}

/* Benjamini-Hochberg over the series of the commit that changes[first .. end) share; those without a change have p = 1
 * and need not be listed: they only count. */
static assay_code rates_control(struct assay_detection *detection, size_t first, size_t end, size_t series,
                                struct assay_arena *arena, assay_err *err)
{
    size_t changed = end - first, count = series > changed ? series : changed; /* a commit may come twice in a series */
    double *p = assay_arena_take(arena, 2 * count, sizeof *p);
    size_t *order = assay_arena_take(arena, count, sizeof *order);
    if (p == NULL || order == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        p[i] = i < changed ? detection->changes[first + i].p : 1.0;
    }
    (void)assay_stat_multiple_fdr(p, count, ASSAY_DETECT_Q, p + count, order);
    for (size_t i = first; i < end; i++) {
        struct assay_detect_change *change = &detection->changes[i];
        change->p_adjusted = p[count + i - first];
        if (is_open(change) && change->p_adjusted > ASSAY_DETECT_Q) {
            change->state = ASSAY_CHANGE_NOT_REJECTED;
        }
    }
    return ASSAY_OK;
}

static void rows_fold(struct assay_detection *detection, size_t first, size_t end)
{
    size_t shown = 0;
    for (size_t i = first; i < end; i++) {
        struct assay_detect_change *change = &detection->changes[i];
        if (is_open(change)) {
            change->is_folded = shown >= ASSAY_DETECT_ROWS_MAX;
            shown++;
        }
    }
}

/* ---- movements of a host ---------------------------------------------------------------------------------------- */

/* Whether two changes are of commits at most ASSAY_DETECT_TOGETHER apart, as the first one's series has them. Runs
 * whose commit nobody knows may lie weeks apart. */
static bool is_together(const struct assay_detection *detection, const struct assay_detect_change *change,
                        const struct assay_detect_change *other)
{
    const char *const *commits = commits_near(detection, change);
    if (*other->commit == '\0') {
        return other == change;
    }
    for (size_t i = 0; i < NEAR_COUNT; i++) {
        if (strcmp(commits[i], other->commit) == 0) {
            return true;
        }
    }
    return false;
}

/* Series by context and by name, and changes by series, so that each question is one pass. */
struct index {
    size_t *by_context, *by_name;
    const struct assay_detect_change **changes; /* by series */
    size_t *first;                              /* of a series in changes; first[series_count] ends the last */
};

struct key {
    int64_t context_id;
    const char *name;
    size_t series;
};

static int key_by_context(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    return assay_order_i64(a->context_id, b->context_id);
}

static int key_by_name(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : assay_order_u64(a->series, b->series);
}

static assay_code index_make(const struct assay_detection *detection, struct assay_arena *arena, struct index *ret,
                             assay_err *err)
{
    size_t count = detection->series_count;
    struct key *keys = assay_arena_take(arena, count, sizeof *keys);
    *ret = (struct index){.by_context = assay_arena_take(arena, 2 * count, sizeof *ret->by_context),
                          .changes = assay_arena_take(arena, detection->changes_count, sizeof *ret->changes),
                          .first = assay_arena_take(arena, count + 1, sizeof *ret->first)};
    if (!keys || !ret->by_context || !ret->changes || !ret->first) {
        return assay_nomem(err);
    }
    ret->by_name = ret->by_context + count;
    for (size_t i = 0; i < count; i++) {
        keys[i] = (struct key){detection->series[i].context_id, detection->series[i].name, i};
    }
    qsort(keys, count, sizeof *keys, key_by_context);
    for (size_t i = 0; i < count; i++) {
        ret->by_context[i] = keys[i].series;
    }
    qsort(keys, count, sizeof *keys, key_by_name);
    for (size_t i = 0; i < count; i++) {
        ret->by_name[i] = keys[i].series;
    }
    for (size_t i = 0; i < detection->changes_count; i++) { /* counting sort: how many come before each series */
        ret->first[detection->changes[i].series + 1]++;
    }
    for (size_t i = 0; i < count; i++) {
        ret->first[i + 1] += ret->first[i];
    }
    for (size_t i = detection->changes_count; i > 0; i--) {
        size_t series = detection->changes[i - 1].series;
        ret->changes[--ret->first[series + 1]] = &detection->changes[i - 1];
    }
    for (size_t i = 0; i < count; i++) { /* filled from behind, each end became its own start */
        ret->first[i] = ret->first[i + 1];
    }
    ret->first[count] = detection->changes_count;
    return ASSAY_OK;
}

static bool has_moved(const struct assay_detection *detection, const struct index *index, size_t series,
                      const struct assay_detect_change *with)
{
    for (size_t i = index->first[series]; i < index->first[series + 1]; i++) {
        if (is_together(detection, with, index->changes[i])) {
            return true;
        }
    }
    return false;
}

struct movement {
    size_t contexts, moved;
};

/* Contexts of the change's host class that were looked at, and those that moved with it. A run's metrics move together
 * by nature, so what counts is the run's context and not each of its metrics. */
static struct movement movement_of(const struct assay_detection *detection, const struct index *index,
                                   const struct assay_detect_change *change)
{
    struct movement movement = {0};
    const char *host_class = class_of(detection, change);
    for (size_t i = 0; i < detection->series_count;) {
        int64_t context = detection->series[index->by_context[i]].context_id;
        bool is_seen = false, is_moved = false;
        for (; i < detection->series_count && detection->series[index->by_context[i]].context_id == context; i++) {
            size_t series = index->by_context[i];
            if (!detection->lines[series].is_too_short &&
                strcmp(detection->series[series].host_class, host_class) == 0) {
                is_seen = true;
                is_moved = is_moved || has_moved(detection, index, series, change);
            }
        }
        movement.contexts += is_seen;
        movement.moved += is_moved;
    }
    return movement;
}

static void environment_put(struct assay_detection *detection, const struct assay_environment *environment)
{
    detection->environments[detection->environments_count++] = *environment;
}

static void movement_judge(struct assay_detection *detection, const struct index *index,
                           struct assay_detect_change *change)
{
    const char *host_class = class_of(detection, change);
    struct movement movement = movement_of(detection, index, change);
    if (movement.contexts < ASSAY_DETECT_CONTEXTS_LEAST ||
        (double)movement.moved <= ASSAY_DETECT_ENVIRONMENT * (double)movement.contexts) {
        return;
    }
    environment_put(detection, &(struct assay_environment){.host_class = host_class,
                                                           .commit = change->commit,
                                                           .contexts = movement.contexts,
                                                           .moved = movement.moved});
    for (size_t i = 0; i < detection->changes_count; i++) {
        struct assay_detect_change *other = &detection->changes[i];
        if (is_open(other) && strcmp(class_of(detection, other), host_class) == 0 &&
            is_together(detection, change, other)) {
            other->state = ASSAY_CHANGE_ENVIRONMENT;
            other->reason = "the series of this host moved together";
        }
    }
}

static bool is_known_new(const struct assay_detection *detection, const char *host_class)
{
    for (size_t i = 0; i < detection->environments_count; i++) {
        const struct assay_environment *known = &detection->environments[i];
        if (known->is_new_host && strcmp(known->host_class, host_class) == 0) {
            return true;
        }
    }
    return false;
}

/* Series of one name and two host classes, of which one ended before the other began: the same thing was measured on
 * another kind of host. Names leave the host out. */
static void new_host_judge(struct assay_detection *detection, const struct assay_detect_series *series,
                           const struct assay_detect_line *line, const struct assay_detect_series *other)
{
    if (line->count > 0 && other->runs_count > 0 && strcmp(other->host_class, series->host_class) != 0 &&
        other->runs[other->runs_count - 1].entry_id < series->runs[0].entry_id &&
        !is_known_new(detection, series->host_class)) {
        environment_put(detection, &(struct assay_environment){.host_class = series->host_class,
                                                               .commit = line->commits[0],
                                                               .is_new_host = true});
    }
}

static void new_hosts_find(struct assay_detection *detection, const struct index *index)
{
    for (size_t i = 0; i + 1 < detection->series_count; i++) {
        size_t a = index->by_name[i], b = index->by_name[i + 1];
        if (strcmp(detection->series[a].name, detection->series[b].name) == 0) {
            new_host_judge(detection, &detection->series[a], &detection->lines[a], &detection->series[b]);
            new_host_judge(detection, &detection->series[b], &detection->lines[b], &detection->series[a]);
        }
    }
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

/* Series of one commit may have been run hours apart: all get the time of the commit's first run, so that they stand
 * together. */
static int by_commit(const void *left, const void *right)
{
    const struct assay_detect_change *a = left, *b = right;
    int order = strcmp(a->commit, b->commit);
    return order != 0 ? order : strcmp(a->started_at, b->started_at);
}

static void times_share(struct assay_detection *detection)
{
    qsort(detection->changes, detection->changes_count, sizeof *detection->changes, by_commit);
    for (size_t i = 1; i < detection->changes_count; i++) {
        struct assay_detect_change *change = &detection->changes[i];
        if (change->commit[0] != '\0' && strcmp(change->commit, change[-1].commit) == 0) {
            change->started_at = change[-1].started_at;
        }
    }
}

/* Newest first; those of a commit beside each other, worst first. */
static int newest_first(const void *left, const void *right)
{
    const struct assay_detect_change *a = left, *b = right;
    int order = strcmp(b->started_at, a->started_at);
    order = order != 0 ? order : strcmp(a->commit, b->commit);
    order = order != 0 ? order : (int)b->is_worse - (int)a->is_worse;
    order = order != 0 ? order : (a->p > b->p) - (a->p < b->p);
    return order != 0 ? order : assay_order_u64(a->series, b->series);
}

static assay_code movements_find(struct assay_detection *detection, struct assay_arena *arena, assay_err *err)
{
    struct index index = {0};
    detection->environments =
        assay_arena_take(arena, detection->changes_count + detection->series_count, sizeof *detection->environments);
    assay_code rc = detection->environments != NULL ? index_make(detection, arena, &index, err) : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < detection->changes_count; i++) {
        if (is_open(&detection->changes[i])) {
            movement_judge(detection, &index, &detection->changes[i]);
        }
    }
    if (rc == ASSAY_OK) {
        new_hosts_find(detection, &index);
    }
    return rc;
}

assay_code detect_families(struct assay_detection *detection, struct assay_arena *arena, assay_err *err)
{
    times_share(detection);
    qsort(detection->changes, detection->changes_count, sizeof *detection->changes, newest_first);
    for (size_t i = 0; i < detection->changes_count; i++) {
        marks_apply(detection, &detection->changes[i]);
    }
    struct family *families = NULL;
    size_t families_number = 0;
    assay_code rc = movements_find(detection, arena, err);
    rc = rc == ASSAY_OK ? families_count(detection, arena, &families, &families_number, err) : rc;
    for (size_t first = 0, end; rc == ASSAY_OK && first < detection->changes_count; first = end) {
        end = first + 1;
        /* a run of unknown commit stands for itself, and is one run of each series at most */
        bool is_known = detection->changes[first].commit[0] != '\0';
        while (is_known && end < detection->changes_count &&
               strcmp(detection->changes[end].commit, detection->changes[first].commit) == 0) {
            end++;
        }
        const struct family *family = bsearch(&(struct family){.commit = detection->changes[first].commit}, families,
                                              families_number, sizeof *families, by_name);
        assert(family);
        rc = rates_control(detection, first, end, is_known ? family->series : detection->series_count, arena, err);
        rows_fold(detection, first, end);
    }
    return rc;
}
