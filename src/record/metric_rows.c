#include "record/metric_rows.h"

#include "base/text.h"
#include "record/plan_ops.h"

#include <assert.h>
#include <string.h>

static const struct assay_metric_row ROWS[METRIC_COUNT] = {
#define METRIC_ROW(name, text, where, of_unit, better, by, nature, needs, words)                                      \
    [METRIC_##                                                                                                        \
        name] = {.id = (text),                                                                                        \
                 .workloads = (where),                                                                                \
                 .unit = (of_unit),                                                                                   \
                 .direction = (better),                                                                               \
                 .formula = (by),                                                                                     \
                 .takes_stat = METRIC_KIND_##nature != METRIC_KIND_RUN,                                               \
                 .is_ranked = METRIC_KIND_##nature == METRIC_KIND_RANKED || METRIC_KIND_##nature == METRIC_KIND_GAPS, \
                 .help = (words)},
    METRIC_ROWS(METRIC_ROW)
#undef METRIC_ROW
};

static const struct metric_nature NATURES[METRIC_COUNT] = {
#define METRIC_NATURE(name, id, workloads, unit, direction, formula, nature, need, help) \
    [METRIC_##name] = {METRIC_KIND_##nature, METRIC_NEEDS_##need},
    METRIC_ROWS(METRIC_NATURE)
#undef METRIC_NATURE
};

/* Least n: the largest sample bounds the percentile at 95% (endpoints.md 2); test_stat_quantile derives them. */
static const struct assay_metric_stat STATS[] = {
    {"mean", "mean@1", "mean_ok@1", 0, 1},
    {"sd", "sd@1", "sd_ok@1", 0, 2},
    {"min", "min@1", "min_ok@1", 0, 1},
    {"max", "max@1", "max_ok@1", 0, 1},
    {"p50", "quantile_nearest@1", "quantile_nearest_ok@1", 500, 5},
    {"p90", "quantile_nearest@1", "quantile_nearest_ok@1", 900, 29},
    {"p95", "quantile_nearest@1", "quantile_nearest_ok@1", 950, 59},
    {"p99", "quantile_nearest@1", "quantile_nearest_ok@1", 990, 299},
    {"p99.9", "quantile_nearest@1", "quantile_nearest_ok@1", 999, 2995},
};

#define STATS_COUNT (sizeof STATS / sizeof STATS[0])

const struct assay_metric_row *assay_metric_rows(size_t *ret_count)
{
    *ret_count = METRIC_COUNT;
    return ROWS;
}

const struct assay_metric_stat *assay_metric_stats(size_t *ret_count)
{
    *ret_count = STATS_COUNT;
    return STATS;
}

const struct metric_nature *assay_metric_nature(enum metric_id id)
{
    assert((unsigned)id < METRIC_COUNT);
    return &NATURES[id];
}

enum metric_id assay_metric_id(const struct assay_metric_row *row)
{
    assert(row >= ROWS && row < ROWS + METRIC_COUNT);
    return (enum metric_id)(row - ROWS);
}

static const struct assay_metric_stat *stat_find(const char *name)
{
    for (size_t i = 0; i < STATS_COUNT; i++) {
        if (strcmp(STATS[i].name, name) == 0) {
            return &STATS[i];
        }
    }
    return NULL;
}

uint64_t assay_metric_least_n(const char *stat)
{
    const struct assay_metric_stat *row = stat ? stat_find(stat) : NULL;
    return row ? row->least_n : 1;
}

/* The rest of a name behind the id: "", "_STAT" or "_ok_STAT". */
static bool match_rest(const struct assay_metric_row *row, const char *rest, struct assay_metric_key *ret)
{
    *ret = (struct assay_metric_key){.row = row, .formula = row->formula};
    if (!row->takes_stat) {
        return rest[0] == '\0';
    }
    if (row->is_ranked && assay_text_starts(rest, "_ok_")) {
        ret->is_ok_only = true;
        rest += strlen("_ok");
    }
    const struct assay_metric_stat *stat = rest[0] == '_' ? stat_find(rest + 1) : NULL;
    if (!stat) {
        return false;
    }
    ret->stat = stat->name;
    ret->formula = ret->is_ok_only ? stat->formula_ok : stat->formula;
    return true;
}

static bool find(const char *name, struct assay_metric_key *ret)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        size_t len = strlen(ROWS[i].id);
        if (strncmp(name, ROWS[i].id, len) == 0 && match_rest(&ROWS[i], name + len, ret)) {
            return true;
        }
    }
    return false;
}

static bool find_term(const char *name, struct assay_metric_key *ret)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (ROWS[i].takes_stat && strcmp(ROWS[i].id, name) == 0) {
            *ret = (struct assay_metric_key){.row = &ROWS[i]};
            return true;
        }
    }
    return find(name, ret);
}

#define RATIO "_ratio"
#define NAME_BYTES 64 /* of the longest id with statistic and suffix */

static bool find_ratio(const char *name, struct assay_metric_key *ret)
{
    char term[NAME_BYTES];
    size_t len = strlen(name), suffix = strlen(RATIO);
    if (len <= suffix || len - suffix >= sizeof term || strcmp(name + len - suffix, RATIO) != 0) {
        return false;
    }
    memcpy(term, name, len - suffix);
    term[len - suffix] = '\0';
    if (!find_term(term, ret)) {
        return false;
    }
    ret->is_ratio = true;
    ret->formula = ASSAY_FORMULA_PAIRS;
    return true;
}

static assay_code fail_unknown(const char *name, assay_err *err)
{
    enum { FAR = 8 };
    size_t best = FAR;
    const char *nearest = NULL, *nearest_stat = "";
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        for (size_t s = 0; s < (ROWS[i].takes_stat ? STATS_COUNT : 1); s++) {
            char candidate[64];
            struct assay_buf text;
            assay_buf_init(&text, sizeof candidate);
            assay_buf_text(&text, ROWS[i].id);
            if (ROWS[i].takes_stat) {
                assay_buf_char(&text, '_');
                assay_buf_text(&text, STATS[s].name);
            }
            size_t distance = text.data ? assay_text_distance(name, text.data, best) : FAR;
            if (distance < best) {
                best = distance;
                nearest = ROWS[i].id;
                nearest_stat = ROWS[i].takes_stat ? STATS[s].name : "";
            }
            assay_buf_done(&text);
        }
    }
    if (nearest) {
        return assay_fail(err, ASSAY_USAGE, "no metric '%.64s'; the nearest is %s%s%s", name, nearest,
                          nearest_stat[0] ? "_" : "", nearest_stat);
    }
    return assay_fail(err, ASSAY_USAGE, "no metric '%.64s'; a name is an id alone or ID_STAT, such as ttft_p99", name);
}

assay_code assay_metric_find(const char *name, struct assay_metric_key *ret, assay_err *err)
{
    assert(name && ret);
    return find(name, ret) || find_ratio(name, ret) ? ASSAY_OK : fail_unknown(name, err);
}

assay_code assay_metric_find_term(const char *name, struct assay_metric_key *ret, assay_err *err)
{
    assert(name && ret);
    return find_term(name, ret) ? ASSAY_OK : fail_unknown(name, err);
}

const char *assay_metric_formula(const struct assay_plan *plan, const struct assay_metric_key *key)
{
    if (!key->is_ratio) {
        return key->formula;
    }
    return plan->stop.rule == ASSAY_STOP_PRECISION ? ASSAY_FORMULA_PAIRS_STOP : ASSAY_FORMULA_PAIRS;
}

assay_code assay_plan_add_metric(struct assay_plan *plan, uint32_t arm, const char *name, assay_err *err)
{
    struct assay_metric_key key;
    assay_code rc = assay_metric_find(name, &key, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_plan_metric metric = {.arm = arm, .name = name, .formula = assay_metric_formula(plan, &key)};
    return assay_plan_insert_metric(plan, &metric, err);
}

/* ---- defaults --------------------------------------------------------------------------------------------------- */

#define ALL_PERCENTILES "mean p50 p90 p95 p99"
static const struct default_row {
    const char *workloads, *id, *stats; /* stats: words, or "" */
    bool needs_slo, needs_open;
} DEFAULTS[] = {
    {LLM, "ttft", ALL_PERCENTILES, false, false},
    {LLM, "ttft_sched", ALL_PERCENTILES, false, false},
    {LLM, "ttft_ok", "p50 p95 p99", false, false},
    {LLM, "ttfb", "p50", false, false},
    {LLM, "ttfo", "p50", false, false},
    {LLM, "tpot", ALL_PERCENTILES, false, false},
    {LLM, "tpot_after_first", "p50 p95 p99", false, false},
    {LLM, "itl", "p50 p90 p95 p99", false, false},
    {LLM, "icl", "p50 p99", false, false},
    {LLM, "decode_rate", "p50", false, false},
    {LLM, "e2e", ALL_PERCENTILES, false, false},
    {LLM, "e2e_sched", ALL_PERCENTILES, false, false},
    {LLM, "e2e_ok", "p50 p95 p99", false, false},
    {LLM, "e2e_stream", "p50", false, false},
    {LLM, "prefill_rate", "p50", false, false},
    {LLM, "load_time", "max", false, false},
    {LLM, "prompt_tokens_asked", "mean", false, false},
    {LLM, "prompt_tokens", "mean", false, false},
    {LLM, "output_tokens_asked", "mean", false, false},
    {LLM, "output_tokens", "mean min max", false, false},
    {LLM, "client_delay", "p50 p99", false, false},
    {LLM, "output_rate", "", false, false},
    {LLM, "output_rate_wall", "", false, false},
    {LLM, "goodput_share", "", true, false},
    {LLM, "goodput_rate", "", true, false},
    {LLM, "goodput_no_tpot", "", true, false},
    {LLM, "prompt_tokens_total", "", false, false},
    {LLM, "output_tokens_total", "", false, false},
    {LLM, "cached_share", "", false, false},
    {LLM, "exact_share", "", false, false},
    {LLM, "bounded_share", "", false, false},
    {LLM, "unknown_share", "", false, false},
    {EVERY, "lateness", "p50 p99 max", false, false},
    {EVERY, "achieved_ratio", "", false, true},
    {EVERY, "success_share", "", false, false},
    {SERVICE, "service", "mean sd min max p50 p90 p95 p99", false, false},
    {SERVICE, "sched", "p50 p95 p99", false, false},
    {SERVICE, "cpu", "mean p50", false, false},
    {SERVICE, "rate", "", false, false},
    {"lm", "token_rate", "min max p50", false, false},
    {"command", "spawn", "p50", false, false},
    {"command", "cpu_tree", "mean", false, false},
    {"command", "peak_rss", "max", false, false},
    {"command", "minflt", "mean", false, false},
    {"command", "majflt", "mean", false, false},
    {"command", "nvcsw", "mean", false, false},
    {"command", "nivcsw", "mean", false, false},
};

/* Ratios of paired runs, added for every arm but the base; with them their terms. */
static const struct ratio_row {
    const char *workloads, *term, *beside; /* beside: what stands in the receipt for an id alone */
    bool needs_slo;
} RATIOS[] = {
    {SERVICE, "service", "service_p50", false},
    {SERVICE, "cpu", "cpu_p50", false},
    {"command", "cpu_tree", "cpu_tree_p50", false},
    {"command", "peak_rss", "peak_rss_p50", false},
    {LLM, "ttft_p50", "ttft_p50", false},
    {LLM, "tpot_p50", "tpot_p50", false},
    {LLM, "e2e_p50", "e2e_p50", false},
    {LLM, "decode_rate_p50", "decode_rate_p50", false},
    {LLM, "goodput_share", "goodput_share", true},
};

static bool has_word(const char *words, const char *word)
{
    struct assay_slice rest = assay_slice_of(words);
    while (rest.len > 0) {
        if (assay_slice_is(assay_slice_cut(&rest, ' '), word)) {
            return true;
        }
    }
    return false;
}

static assay_code add_default(struct assay_plan *plan, uint32_t arm, const struct default_row *row, assay_err *err)
{
    if (row->stats[0] == '\0') {
        return assay_plan_add_metric(plan, arm, row->id, err);
    }
    struct assay_slice rest = assay_slice_of(row->stats);
    assay_code rc = ASSAY_OK;
    while (rest.len > 0 && rc == ASSAY_OK) {
        struct assay_slice stat = assay_slice_cut(&rest, ' ');
        struct assay_buf name;
        assay_buf_init(&name, 64);
        assay_buf_printf(&name, "%s_%.*s", row->id, (int)stat.len, stat.data);
        rc = assay_buf_check(&name, err);
        rc = rc == ASSAY_OK ? assay_plan_add_metric(plan, arm, name.data, err) : rc;
        assay_buf_done(&name);
    }
    return rc;
}

static assay_code add_ratio(struct assay_plan *plan, uint32_t arm, const struct ratio_row *row, assay_err *err)
{
    struct assay_buf name;
    assay_buf_init(&name, NAME_BYTES);
    assay_buf_printf(&name, "%s" RATIO, row->term);
    assay_code rc = assay_buf_check(&name, err);
    rc = rc == ASSAY_OK ? assay_plan_add_metric(plan, arm, name.data, err) : rc;
    rc = rc == ASSAY_OK ? assay_plan_add_metric(plan, arm, row->beside, err) : rc;
    rc = rc == ASSAY_OK ? assay_plan_add_metric(plan, 0, row->beside, err) : rc;
    assay_buf_done(&name);
    return rc;
}

static assay_code add_ratios(struct assay_plan *plan, bool has_slo, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (uint32_t arm = 1; arm < plan->arms_count; arm++) {
        for (size_t i = 0; i < sizeof RATIOS / sizeof RATIOS[0] && rc == ASSAY_OK; i++) {
            bool is_wanted = has_word(RATIOS[i].workloads, plan->workload) && (!RATIOS[i].needs_slo || has_slo);
            rc = is_wanted ? add_ratio(plan, arm, &RATIOS[i], err) : ASSAY_OK;
        }
    }
    return rc;
}

assay_code assay_metric_add_defaults(struct assay_plan *plan, assay_err *err)
{
    bool has_slo = json_object_size(json_object_get(plan->options, "slo")) > 0;
    bool is_open = plan->load.mode == ASSAY_LOAD_OPEN;
    for (uint32_t arm = 0; arm < plan->arms_count; arm++) {
        for (size_t i = 0; i < sizeof DEFAULTS / sizeof DEFAULTS[0]; i++) {
            const struct default_row *row = &DEFAULTS[i];
            bool is_wanted = has_word(row->workloads, plan->workload) && (!row->needs_slo || has_slo) &&
                             (!row->needs_open || is_open);
            assay_code rc = is_wanted ? add_default(plan, arm, row, err) : ASSAY_OK;
            if (rc != ASSAY_OK) {
                return rc;
            }
        }
    }
    return plan->load.mode == ASSAY_LOAD_PAIRED ? add_ratios(plan, has_slo, err) : ASSAY_OK;
}

int assay_metric_compare(const struct assay_metric *a, const struct assay_metric *b)
{
    return a->arm != b->arm ? (a->arm < b->arm ? -1 : 1) : strcmp(a->name, b->name);
}
