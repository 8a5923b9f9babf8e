#include "judge/detect_room.h"

#include "base/num.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE 0.95
#define DIVISIVE_ALPHA 0.01
#define DIVISIVE_PERMUTATIONS 199
#define DIVISIVE_SIZE_MIN 5
/* The points on either side of a change, sorted, and what their comparison wants. */
#define BESIDE_ROOM (2 * ASSAY_DETECT_BESIDE_MAX + ASSAY_DETECT_BESIDE_MAX * ASSAY_DETECT_BESIDE_MAX + 2)

/* ---- runs to commits -------------------------------------------------------------------------------------------- */

static int by_commit_order(const void *left, const void *right)
{
    const struct assay_detect_run *a = left, *b = right;
    int order = assay_order_u64(a->order, b->order);
    order = order != 0 ? order : strcmp(a->commit, b->commit); /* of two branches: one number, but other commits */
    return order != 0 ? order : assay_order_i64(a->entry_id, b->entry_id);
}

static int by_arrival(const void *left, const void *right)
{
    const struct assay_detect_run *a = left, *b = right;
    return assay_order_i64(a->entry_id, b->entry_id);
}

static struct assay_detect_run *runs_sort(const struct assay_detect_series *series, struct assay_arena *arena)
{
    struct assay_detect_run *runs = assay_arena_take(arena, series->runs_count, sizeof *runs);
    bool are_ordered = true;
    for (size_t i = 0; runs != NULL && i < series->runs_count; i++) {
        runs[i] = series->runs[i];
        are_ordered &= runs[i].has_order && runs[i].commit[0] != '\0';
    }
    if (runs != NULL) {
        qsort(runs, series->runs_count, sizeof *runs, are_ordered ? by_commit_order : by_arrival);
    }
    return runs;
}

static double median_of(double *values, double *scratch, size_t count)
{
    assay_stat_sort(values, scratch, count);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

/* How many runs from this one on are of its commit. */
static size_t runs_of_commit(const struct assay_detect_run *runs, size_t count)
{
    size_t n = 1;
    while (n < count && runs[0].commit[0] != '\0' && strcmp(runs[n].commit, runs[0].commit) == 0) {
        n++;
    }
    return n;
}

/* A line under construction: positions[i] counts commits with and without a value, for gaps. */
struct build {
    double *values, *room, *scratch; /* room: the values of one commit */
    const char **commits, **started_at;
    size_t *positions;
    bool *is_inherited;
    size_t count, commits_count;
};

static bool build_init(struct build *build, size_t count, struct assay_arena *arena)
{
    *build = (struct build){.values = assay_arena_take(arena, count, sizeof *build->values),
                            .room = assay_arena_take(arena, count, sizeof *build->room),
                            .scratch = assay_arena_take(arena, count, sizeof *build->scratch),
                            .commits = assay_arena_take(arena, count, sizeof *build->commits),
                            .started_at = assay_arena_take(arena, count, sizeof *build->started_at),
                            .positions = assay_arena_take(arena, count, sizeof *build->positions),
                            .is_inherited = assay_arena_take(arena, count, sizeof *build->is_inherited)};
    return build->values && build->room && build->scratch && build->commits && build->started_at && build->positions &&
           build->is_inherited;
}

static void commit_add(struct build *build, const struct assay_detect_run *runs, size_t count)
{
    size_t present = 0;
    for (size_t i = 0; i < count; i++) {
        if (!runs[i].is_absent) {
            build->room[present++] = runs[i].value;
        }
    }
    if (present > 0) {
        build->values[build->count] = median_of(build->room, build->scratch, present);
        build->commits[build->count] = runs[0].commit;
        build->started_at[build->count] = runs[0].started_at;
        build->is_inherited[build->count] = runs[0].is_inherited;
        build->positions[build->count++] = build->commits_count;
    }
    build->commits_count++;
}

/* ---- segments --------------------------------------------------------------------------------------------------- */

struct segments {
    size_t *starts; /* ascending; the first is 0 */
    size_t count;
};

/* Whether a mark says that what is measured is another thing from this commit on. */
static bool is_shift(const struct detect_scan *scan, const char *commit)
{
    const struct assay_marks *marks = scan->rule->marks;
    for (size_t i = 0; marks != NULL && i < marks->count; i++) {
        const struct assay_mark *mark = &marks->marks[i];
        if (mark->kind == ASSAY_MARK_SHIFT && assay_mark_is_valid(mark, scan->rule->today) &&
            assay_mark_fits(mark, scan->series->name, commit)) {
            return true;
        }
    }
    return false;
}

static assay_code segments_find(struct detect_scan *scan, const struct build *build, struct segments *ret,
                                assay_err *err)
{
    size_t *shifts = assay_arena_take(scan->arena, build->count, sizeof *shifts);
    ret->starts = assay_arena_take(scan->arena, build->count + 1, sizeof *ret->starts);
    if (shifts == NULL || ret->starts == NULL) {
        return assay_nomem(err);
    }
    ret->starts[ret->count++] = 0;
    for (size_t i = 1; i < build->count; i++) {
        bool is_known = is_shift(scan, build->commits[i]);
        size_t gap = build->positions[i] - build->positions[i - 1] - 1;
        if (is_known) {
            shifts[scan->line->shifts_count++] = i;
        }
        if (is_known || 2 * gap > build->commits_count) {
            ret->starts[ret->count++] = i;
        }
    }
    scan->line->shifts = shifts;
    return ASSAY_OK;
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

static void size_measure(struct assay_detect_change *change, const double *before, size_t n, const double *after,
                         size_t m, bool is_log, double *room)
{
    size_t from = n > ASSAY_DETECT_BESIDE_MAX ? n - ASSAY_DETECT_BESIDE_MAX : 0;
    size_t left_count = n - from, right_count = m < ASSAY_DETECT_BESIDE_MAX ? m : ASSAY_DETECT_BESIDE_MAX;
    double *left = room, *right = left + left_count, *scratch = right + right_count;
    memcpy(left, before + from, left_count * sizeof *left);
    memcpy(right, after, right_count * sizeof *right);
    change->level_before = median_of(left, scratch, left_count);
    change->level_after = median_of(right, scratch, right_count);
    if (is_log) {
        struct assay_stat_shift shift =
            assay_stat_shift_compare(right, right_count, left, left_count, 1.0 - CONFIDENCE, scratch);
        change->ratio = assay_stat_exp(shift.point);
        change->has_interval = shift.has_interval;
        change->lower = shift.has_interval ? assay_stat_exp(shift.lower) : 0.0;
        change->upper = shift.has_interval ? assay_stat_exp(shift.upper) : 0.0;
        change->level_before = assay_stat_exp(change->level_before);
        change->level_after = assay_stat_exp(change->level_after);
    } else if (change->level_before != 0.0) {
        change->ratio = change->level_after / change->level_before;
    }
}

/* By the ratio where there is one: two levels of one median may lie apart. */
static void direction_judge(struct assay_detect_change *change, const char *direction, bool is_log)
{
    double from = is_log ? 1.0 : change->level_before, to = is_log ? change->ratio : change->level_after;
    bool is_up = to > from, is_down = to < from;
    bool has_direction = strcmp(direction, "none") != 0;
    bool is_higher_better = strcmp(direction, "higher") == 0;
    change->is_worse = has_direction && (is_higher_better ? is_down : is_up);
    change->is_better = has_direction && (is_higher_better ? is_up : is_down);
}

static void change_add(struct detect_scan *scan, const struct build *build, const struct assay_change_point *point,
                       size_t from, size_t to, bool is_log, double *room)
{
    size_t at = point->at;
    struct assay_detect_change *change = &scan->changes[scan->changes_count++];
    *change = (struct assay_detect_change){.series = scan->index,
                                           .position = at,
                                           .commit = build->commits[at],
                                           .before = build->commits[at - 1],
                                           .started_at = build->started_at[at],
                                           .is_exact = point->is_exact,
                                           .n_before = at - from,
                                           .n_after = to - at,
                                           .p = point->p,
                                           .p_adjusted = point->p};
    size_measure(change, build->values + from, at - from, build->values + at, to - at, is_log, room);
    direction_judge(change, scan->series->direction, is_log);
    change->state = change->n_after < ASSAY_CHANGE_SETTLED ? ASSAY_CHANGE_PROVISIONAL : ASSAY_CHANGE_CANDIDATE;
}

static size_t divisive_find(const struct detect_scan *scan, const double *values, size_t count,
                            struct assay_change_point *points, double *work)
{
    const struct assay_change_divisive_rule rule = {.alpha = DIVISIVE_ALPHA,
                                                    .permutations = DIVISIVE_PERMUTATIONS,
                                                    .size_min = DIVISIVE_SIZE_MIN,
                                                    .seed = scan->rule->seed};
    return assay_change_divisive(values, count, &rule, points, work);
}

static size_t scan_find(const double *values, size_t count, struct assay_change_point *points, double *work)
{
    size_t found = assay_change_rescan(values, count, points, work);
    /* What a rescan does not see yet, the scan of the newest points may. */
    struct assay_change_news news = assay_change_append(values, count, found > 0 ? points[found - 1].at : 0, work);
    if (news.is_change) {
        points[found++] = news.point;
    }
    return found;
}

static assay_code segment_scan(struct detect_scan *scan, const struct build *build, size_t from, size_t to, bool is_log,
                               assay_err *err)
{
    size_t count = to - from, found = 0;
    const double *values = build->values + from;
    bool is_divisive = scan->rule->is_divisive;
    if (count < ASSAY_CHANGE_N_MIN) {
        return ASSAY_OK;
    }
    if (is_divisive && count > ASSAY_CHANGE_DIVISIVE_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "series '%s' has %zu points; E-divisive takes at most %d",
                          scan->series->name, count, ASSAY_CHANGE_DIVISIVE_MAX);
    }
    double *work = is_divisive ? assay_alloc(count * (count + 4), sizeof *work)
                               : assay_alloc(4 * (count + ASSAY_CHANGE_WINDOW), sizeof *work);
    double *beside = assay_alloc(BESIDE_ROOM, sizeof *beside);
    struct assay_change_point *points = assay_alloc(ASSAY_CHANGE_POINTS_MAX(count), sizeof *points);
    assay_code rc = work != NULL && beside != NULL && points != NULL ? ASSAY_OK : assay_nomem(err);
    if (rc == ASSAY_OK) {
        found = is_divisive ? divisive_find(scan, values, count, points, work) : scan_find(values, count, points, work);
    }
    for (size_t i = 0; i < found; i++) {
        points[i].at += from;
    }
    for (size_t i = 0; i < found; i++) {
        if (build->is_inherited[points[i].at]) {
            continue;
        }
        change_add(scan, build, &points[i], i == 0 ? from : points[i - 1].at, i + 1 == found ? to : points[i + 1].at,
                   is_log, beside);
    }
    assay_free(work);
    assay_free(beside);
    assay_free(points);
    return rc;
}

/* Logarithms if all values are positive: a change is then a ratio. */
static bool logs_take(struct build *build)
{
    for (size_t i = 0; i < build->count; i++) {
        if (!(build->values[i] > 0.0)) {
            return false;
        }
    }
    for (size_t i = 0; i < build->count; i++) {
        build->values[i] = assay_stat_log(build->values[i]);
    }
    return true;
}

static assay_code line_scan(struct detect_scan *scan, struct build *build, assay_err *err)
{
    struct assay_detect_line *line = scan->line;
    struct segments segments = {0};
    double *kept = assay_arena_take(scan->arena, build->count, sizeof *kept);
    assay_code rc = kept != NULL ? segments_find(scan, build, &segments, err) : assay_nomem(err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    memcpy(kept, build->values, build->count * sizeof *kept);
    line->values = kept;
    bool is_log = logs_take(build);
    line->is_too_short = true;
    for (size_t i = 0; rc == ASSAY_OK && i < segments.count; i++) {
        size_t from = segments.starts[i], to = i + 1 == segments.count ? build->count : segments.starts[i + 1];
        line->is_too_short = line->is_too_short && to - from < ASSAY_CHANGE_N_MIN;
        rc = segment_scan(scan, build, from, to, is_log, err);
    }
    return rc;
}

assay_code detect_line(struct detect_scan *scan, assay_err *err)
{
    const struct assay_detect_series *series = scan->series;
    struct assay_detect_line *line = scan->line;
    struct build build;
    struct assay_detect_run *runs = runs_sort(series, scan->arena);
    if (runs == NULL || !build_init(&build, series->runs_count, scan->arena)) {
        return assay_nomem(err);
    }
    scan->changes = assay_arena_take(scan->arena, ASSAY_CHANGE_POINTS_MAX(series->runs_count), sizeof *scan->changes);
    if (scan->changes == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < series->runs_count;) {
        size_t count = runs_of_commit(runs + i, series->runs_count - i);
        commit_add(&build, runs + i, count);
        i += count;
    }
    for (size_t i = 0; i < series->runs_count; i++) {
        line->left_out += runs[i].is_absent;
    }
    line->commits = build.commits;
    line->count = build.count;
    line->missing = build.commits_count - build.count;
    return line_scan(scan, &build, err);
}
