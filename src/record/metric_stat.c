#include "record/metric_book.h"

#include "stat/stat.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ALPHA 0.05 /* one-sided, each bound */
#define REASON_BYTES 96

static const char NOT_FINITE[] = "not finite";
static const char CENSORED[] = "censored";

__attribute__((format(printf, 3, 4))) static const char *reason(struct assay_arena *arena, const char *fallback,
                                                                const char *format, ...)
{
    char text[REASON_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(n > 0 && (size_t)n < sizeof text);
    const char *copy = assay_arena_text(arena, text, (size_t)n);
    return copy ? copy : fallback;
}

static const struct assay_metric_stat *stat_of(const char *name)
{
    size_t count;
    const struct assay_metric_stat *stats = assay_metric_stats(&count);
    size_t i = 0;
    while (i < count && strcmp(stats[i].name, name) != 0) {
        i++;
    }
    assert(i < count);
    return &stats[i];
}

/* ---- why there may be no value ---------------------------------------------------------------------------------- */

static bool is_single(uint32_t sources)
{
    return (sources & (sources - 1)) == 0;
}

/* A region so short that the clock's own cost shows in it is no measurement. */
static const char *withheld_timer(const struct metric_book *book, const struct arm_book *arm, enum metric_id id)
{
    bool is_short = assay_metric_nature(id)->needs == METRIC_NEEDS_TIMER && !book->is_imported &&
                    arm->shortest_ns < book->region_least_ns;
    return is_short ? "below timer resolution" : NULL;
}

/* Values that the spawner's own memory hides are left out of the series; none may be left. */
static const char *withheld_floor(const struct arm_book *arm, enum metric_id id)
{
    const struct series *series = &arm->series[METRIC_PEAK_RSS];
    return id == METRIC_PEAK_RSS && series->is_wanted && series->count == 0 && arm->ok > 0 ? "at floor" : NULL;
}

const char *assay_arm_withheld(const struct metric_book *book, uint32_t arm, enum metric_id id)
{
    const char *why = withheld_timer(book, &book->arms[arm], id);
    return why ? why : withheld_floor(&book->arms[arm], id);
}

/* Stamps that are not good enough for what the row says (endpoints.md 4). Samples of another program have none. */
static const char *withheld_stamps(const struct metric_book *book, const struct arm_book *arm, enum metric_id id,
                                   bool is_percentile, struct assay_arena *arena)
{
    enum metric_needs needs = assay_metric_nature(id)->needs;
    double unknown = assay_arm_quality_share(arm, ASSAY_QUALITY_UNKNOWN);
    double bounded = assay_arm_quality_share(arm, ASSAY_QUALITY_BOUNDED);
    if (book->is_imported || needs == METRIC_NEEDS_NOTHING || needs == METRIC_NEEDS_TIMER) {
        return NULL;
    }
    if (unknown >= UNKNOWN_SHARE_WITHHELD) {
        return reason(arena, "unknown stamps", "unknown stamps (%.3g%% of tokens)", unknown * 100);
    }
    if (needs == METRIC_NEEDS_GAP && is_percentile && bounded > BOUNDED_SHARE_WITHHELD) {
        return reason(arena, "bounded stamps", "bounded stamps (%.3g%% of tokens)", bounded * 100);
    }
    return NULL;
}

static const char *too_small(struct assay_arena *arena, uint64_t n, uint64_t least)
{
    return reason(arena, "n too small", "n too small (%" PRIu64 " of %" PRIu64 ")", n, least);
}

/* ---- percentiles ------------------------------------------------------------------------------------------------ */

/* The ranked values in ascending order of goodness lost: finite ones, then those that nobody knows, then failures;
 * where higher is better, the other way round. *ret_value is set if the rank falls among the finite ones. */
static const char *ranked_value(const struct series *series, uint64_t rank, bool is_higher_better, double *ret_value)
{
    uint64_t worse = series->infinite, open = series->open;
    if (is_higher_better) {
        if (rank <= worse) {
            return NOT_FINITE;
        }
        if (rank <= worse + open) {
            return CENSORED;
        }
        *ret_value = series->sorted[rank - worse - open - 1];
        return NULL;
    }
    if (rank <= series->count) {
        *ret_value = series->sorted[rank - 1];
        return NULL;
    }
    return rank <= series->count + open ? CENSORED : NOT_FINITE;
}

/* Index of a bound: taken at the effective n and moved to n, as in statistics.md 2.3. */
static uint64_t scaled(uint64_t index, uint64_t m, uint64_t n, bool is_upper)
{
    double at = (double)index * (double)(n + 1) / (double)(m + 1);
    uint64_t moved = (uint64_t)(is_upper ? ceil(at) : floor(at));
    return moved < 1 ? 1 : moved > n ? n : moved;
}

static void bound(const struct series *series, uint64_t n, uint64_t rank, unsigned p_milli, bool is_higher_better,
                  struct statistic *ret)
{
    uint64_t m = n;
    if (series->count > 0 && series->effective_n < series->count) {
        m = (uint64_t)floor((double)n * (double)series->effective_n / (double)series->count);
    }
    double alpha = series->alpha > 0 ? series->alpha : ALPHA;
    uint64_t upper = assay_stat_quantile_upper(m, p_milli, alpha);
    uint64_t lower = assay_stat_quantile_lower(m, p_milli, alpha);
    upper = upper && m < n ? scaled(upper, m, n, true) : upper;
    lower = lower && m < n ? scaled(lower, m, n, false) : lower;
    bool has_upper = upper && !ranked_value(series, upper < rank ? rank : upper, is_higher_better, &ret->upper);
    bool has_lower = lower && !ranked_value(series, lower > rank ? rank : lower, is_higher_better, &ret->lower);
    ret->has_bounds = has_upper && has_lower;
    if (series->alpha > 0 && has_upper != has_lower) { /* a judge asks one side at a time; a receipt has both or none */
        ret->has_bounds = true;
        ret->upper = has_upper ? ret->upper : HUGE_VAL;
        ret->lower = has_lower ? ret->lower : -HUGE_VAL;
    }
}

static assay_code percentile(struct series *series, const struct assay_metric_stat *stat, bool is_higher_better,
                             struct assay_arena *arena, struct statistic *ret, assay_err *err)
{
    uint64_t n = assay_series_n(series);
    if (n < stat->least_n) {
        ret->absent = too_small(arena, n, stat->least_n);
        return ASSAY_OK;
    }
    assay_code rc = assay_series_sort(series, err);
    if (rc == ASSAY_OK) {
        uint64_t rank = assay_stat_quantile_rank(n, stat->p_milli);
        ret->absent = ranked_value(series, rank, is_higher_better, &ret->value);
        if (!ret->absent) {
            bound(series, n, rank, stat->p_milli, is_higher_better, ret);
        }
    }
    return rc;
}

/* ---- mean, spread, extremes ------------------------------------------------------------------------------------- */

static const char *moment(const struct series *series, const struct assay_metric_stat *stat, bool is_higher_better,
                          struct assay_arena *arena, double *ret)
{
    uint64_t n = assay_series_n(series);
    if (n < stat->least_n) {
        return too_small(arena, n, stat->least_n);
    }
    bool is_extreme_good = strcmp(stat->name, is_higher_better ? "max" : "min") == 0; /* failures cannot move it */
    if (!is_extreme_good || series->count == 0) {
        if (series->infinite > 0) {
            return NOT_FINITE;
        }
        if (series->open > 0) {
            return CENSORED;
        }
    }
    if (strcmp(stat->name, "mean") == 0) {
        *ret = assay_stat_mean(series->values, series->count);
    } else if (strcmp(stat->name, "sd") == 0) {
        *ret = assay_stat_sd(series->values, series->count);
    } else {
        *ret = series->sorted[strcmp(stat->name, "min") == 0 ? 0 : series->count - 1];
    }
    return NULL;
}

/* ---- one value a run -------------------------------------------------------------------------------------------- */

struct question {
    const struct metric_book *book;
    const struct arm_book *arm;
    struct assay_arena *arena;
    struct statistic *ret;
};

static void say(const struct question *q, uint64_t n, double value)
{
    q->ret->n = n;
    q->ret->value = value;
}

static void say_absent(const struct question *q, uint64_t n, const char *why)
{
    q->ret->n = n;
    q->ret->absent = why;
}

static void say_share(const struct question *q, uint64_t hits, uint64_t total, bool has_bounds)
{
    if (total == 0) {
        say_absent(q, 0, too_small(q->arena, 0, 1));
        return;
    }
    say(q, total, (double)hits / (double)total);
    if (has_bounds) {
        struct assay_stat_bounds bounds = assay_stat_wilson(hits, total, ASSAY_STAT_Z95_ONE_SIDED);
        q->ret->lower = bounds.lower;
        q->ret->upper = bounds.upper;
        q->ret->has_bounds = true;
    }
}

static void say_rate(const struct question *q, uint64_t n, double amount, uint64_t span_ns)
{
    if (q->book->plan->arms_count > 1 && !q->book->is_by_cell) {
        say_absent(q, n, "the arms share the window");
    } else if (span_ns == 0) {
        say_absent(q, n, "empty window");
    } else if (span_ns < q->book->region_least_ns) {
        say_absent(q, n, "window below 1000 clock readings");
    } else {
        say(q, n, amount * (double)ASSAY_NS_PER_S / (double)span_ns);
    }
}

static void say_output_rate(const struct question *q, bool is_wall)
{
    const struct arm_book *arm = q->arm;
    uint32_t sources = is_wall ? arm->output_sources : arm->window_sources;
    if (!is_single(sources)) {
        say_absent(q, arm->issued, "token counts of several sources");
    } else if (is_wall ? arm->output_known < arm->ok : arm->window_unknown > 0) {
        say_absent(q, arm->issued, "token counts unknown");
    } else if (is_wall) {
        uint64_t span = arm->last_end_ns > arm->first_sent_ns && arm->sent ? arm->last_end_ns - arm->first_sent_ns : 0;
        say_rate(q, arm->issued, (double)arm->output_tokens, span);
    } else {
        say_rate(q, arm->issued, arm->window_tokens, assay_arm_window_ns(arm));
    }
}

static void say_goodput(const struct question *q, bool is_rate)
{
    const struct slo *slo = &q->book->slo;
    const struct arm_book *arm = q->arm;
    if (slo->ttft_ns == ASSAY_NS_ABSENT && slo->tpot_ns == ASSAY_NS_ABSENT && slo->e2e_ns == ASSAY_NS_ABSENT) {
        say_absent(q, arm->issued, "no SLO given");
    } else if (arm->goodput_unknown > 0) {
        say_absent(q, arm->issued,
                   reason(q->arena, "SLO undecided", "SLO undecided for %" PRIu64 " samples", arm->goodput_unknown));
    } else if (is_rate) {
        say_rate(q, arm->issued, (double)arm->good, assay_arm_window_ns(arm));
    } else {
        say_share(q, arm->good, arm->issued, true);
    }
}

static void say_achieved(const struct question *q)
{
    const struct arm_book *arm = q->arm;
    if (q->book->plan->load.mode != ASSAY_LOAD_OPEN) {
        say_absent(q, arm->sent, "closed loop");
    } else if (arm->sent < 2 || arm->last_sent_ns <= arm->first_sent_ns) {
        say_absent(q, arm->sent, too_small(q->arena, arm->sent, 2));
    } else {
        say(q, arm->sent,
            (double)(arm->last_sent_due_ns - arm->first_sent_due_ns) /
                (double)(arm->last_sent_ns - arm->first_sent_ns));
    }
}

static void say_total(const struct question *q, uint64_t known, uint64_t total, uint32_t sources)
{
    if (known < q->arm->ok) {
        say_absent(q, known, "token counts unknown");
    } else if (!is_single(sources)) {
        say_absent(q, known, "token counts of several sources");
    } else {
        say(q, known, (double)total);
    }
}

static void say_quality(const struct question *q, enum assay_quality quality)
{
    const double *tokens = q->arm->quality_tokens;
    double all = tokens[0] + tokens[1] + tokens[2];
    if (all <= 0) {
        say_absent(q, 0, too_small(q->arena, 0, 1));
    } else {
        say(q, (uint64_t)ceil(all), assay_arm_quality_share(q->arm, quality));
    }
}

static void say_run(const struct question *q, enum metric_id id)
{
    const struct arm_book *arm = q->arm;
    switch ((int)id) {
    case METRIC_OUTPUT_RATE:
    case METRIC_OUTPUT_RATE_WALL:
        say_output_rate(q, id == METRIC_OUTPUT_RATE_WALL);
        break;
    case METRIC_GOODPUT_SHARE:
    case METRIC_GOODPUT_RATE:
        say_goodput(q, id == METRIC_GOODPUT_RATE);
        break;
    case METRIC_GOODPUT_NO_TPOT:
        say(q, arm->ok, (double)arm->no_tpot);
        break;
    case METRIC_ACHIEVED_RATIO:
        say_achieved(q);
        break;
    case METRIC_RATE:
        say_rate(q, arm->ok, (double)arm->ok,
                 arm->last_end_ns > arm->first_due_ns ? arm->last_end_ns - arm->first_due_ns : 0);
        break;
    case METRIC_SUCCESS_SHARE:
        say_share(q, arm->ok, arm->issued, true);
        break;
    case METRIC_PROMPT_TOKENS_TOTAL:
        say_total(q, arm->prompt_known, arm->prompt_tokens, 0);
        break;
    case METRIC_OUTPUT_TOKENS_TOTAL:
        say_total(q, arm->output_known, arm->output_tokens, arm->output_sources);
        break;
    case METRIC_CACHED_SHARE:
        if (arm->cached_unknown > 0) {
            say_absent(q, arm->issued, "cached count unknown");
        } else {
            say_share(q, arm->cached_tokens, arm->prompt_tokens, false);
        }
        break;
    case METRIC_EXACT_SHARE:
        say_quality(q, ASSAY_QUALITY_EXACT);
        break;
    case METRIC_BOUNDED_SHARE:
        say_quality(q, ASSAY_QUALITY_BOUNDED);
        break;
    case METRIC_UNKNOWN_SHARE:
    default:
        assert(id == METRIC_UNKNOWN_SHARE);
        say_quality(q, ASSAY_QUALITY_UNKNOWN);
        break;
    }
}

/* ---- */

static assay_code say_series(struct series *series, const struct assay_metric_key *key, struct assay_arena *arena,
                             struct statistic *ret, assay_err *err)
{
    const struct assay_metric_stat *stat = stat_of(key->stat);
    bool is_higher_better = strcmp(key->row->direction, "higher") == 0;
    assay_code rc = assay_series_sort(series, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct series shown = *series; /* shares the arrays */
    ret->censored = series->timed_out + series->open;
    if (key->is_ok_only) {
        ret->censored = series->infinite + series->open;
        shown.infinite = shown.open = shown.timed_out = 0;
    }
    ret->n = assay_series_n(&shown);
    if (!is_single(series->sources)) {
        ret->absent = "token counts of several sources";
        return ASSAY_OK;
    }
    if (stat->p_milli) {
        return percentile(&shown, stat, is_higher_better, arena, ret, err);
    }
    ret->absent = moment(&shown, stat, is_higher_better, arena, &ret->value);
    return ASSAY_OK;
}

assay_code assay_book_statistic(struct metric_book *book, uint32_t arm, const struct assay_metric_key *key,
                                struct assay_arena *arena, struct statistic *ret, assay_err *err)
{
    enum metric_id id = assay_metric_id(key->row);
    struct arm_book *of_arm = &book->arms[arm];
    *ret = (struct statistic){0};
    assay_code rc = ASSAY_OK;
    if (key->stat) {
        rc = say_series(&of_arm->series[id], key, arena, ret, err);
    } else {
        const struct question question = {.book = book, .arm = of_arm, .arena = arena, .ret = ret};
        say_run(&question, id);
    }
    bool is_percentile = key->stat && stat_of(key->stat)->p_milli > 0;
    const char *withheld = assay_arm_withheld(book, arm, id);
    withheld = withheld ? withheld : withheld_stamps(book, of_arm, id, is_percentile, arena);
    if (withheld && (ret->n > 0 || id == METRIC_PEAK_RSS)) {
        ret->absent = withheld;
    }
    if (ret->absent) {
        ret->has_bounds = false;
        ret->value = 0;
    } else {
        assert(isfinite(ret->value));
    }
    return rc;
}
