#include "record/metric.h"

#include "record/metric_book.h"

#include <assert.h>
#include <string.h>

#define CONFIDENCE 0.95 /* of each bound, one-sided; of a ratio's interval, two-sided */

static bool has_metric(const struct assay_plan *plan, uint32_t arm, const char *name, size_t len, const char *suffix)
{
    for (size_t i = 0; i < plan->metrics_count; i++) {
        const struct assay_plan_metric *metric = &plan->metrics[i];
        if (metric->arm == arm && strncmp(metric->name, name, len) == 0 && strcmp(metric->name + len, suffix) == 0) {
            return true;
        }
    }
    return false;
}

/* A ratio stands beside both of its terms (evidence.md 3.2, gate 312). */
static assay_code check_ratio(const struct assay_plan *plan, const struct assay_plan_metric *ratio,
                              const struct assay_metric_key *key, assay_err *err)
{
    size_t len = strlen(ratio->name) - strlen("_ratio");
    const char *suffix = key->row->takes_stat && !key->stat ? "_p50" : "";
    if (plan->load.mode != ASSAY_LOAD_PAIRED || ratio->arm == 0) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "plan: metric '%.64s' of arm %s: a ratio is of a later arm of a paired run", ratio->name,
                          plan->arms[ratio->arm].id);
    }
    if (!has_metric(plan, 0, ratio->name, len, suffix) || !has_metric(plan, ratio->arm, ratio->name, len, suffix)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "plan: metric '%.64s' of arm %s: a ratio without both terms, %.*s%s of it and of arm %s",
                          ratio->name, plan->arms[ratio->arm].id, (int)len, ratio->name, suffix, plan->arms[0].id);
    }
    return ASSAY_OK;
}

/* The rows whose series the plan's metrics need. */
assay_code assay_metrics_wanted(const struct assay_plan *plan, bool *wanted, assay_err *err)
{
    for (size_t i = 0; i < plan->metrics_count; i++) {
        struct assay_metric_key key;
        if (assay_metric_find(plan->metrics[i].name, &key, err) != ASSAY_OK) {
            return assay_fail(err, ASSAY_UNSUPPORTED, "metric '%.64s' is not in this build's formula table",
                              plan->metrics[i].name);
        }
        const char *formula = assay_metric_formula(plan, &key);
        if (strcmp(formula, plan->metrics[i].formula) != 0) {
            return assay_fail(err, ASSAY_UNSUPPORTED, "metric '%.64s': formula '%.64s', this build has '%s'",
                              plan->metrics[i].name, plan->metrics[i].formula, formula);
        }
        assay_code rc = key.is_ratio ? check_ratio(plan, &plan->metrics[i], &key, err) : ASSAY_OK;
        if (rc != ASSAY_OK) {
            return rc;
        }
        wanted[assay_metric_id(key.row)] = true;
    }
    return ASSAY_OK;
}

static assay_code fill(struct metric_book *book, const struct assay_plan_metric *asked, struct assay_arena *arena,
                       struct assay_metric *ret, assay_err *err)
{
    struct assay_metric_key key;
    struct statistic statistic;
    double confidence = CONFIDENCE;
    assay_code rc = assay_metric_find(asked->name, &key, err);
    if (rc == ASSAY_OK && key.is_ratio) {
        rc = assay_book_ratio(book, asked->arm, asked->name, &key, arena, &statistic, &confidence, err);
    } else if (rc == ASSAY_OK) {
        rc = assay_book_statistic(book, asked->arm, &key, arena, &statistic, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    *ret = (struct assay_metric){.arm = asked->arm,
                                 .name = asked->name,
                                 .formula = asked->formula,
                                 .unit = key.is_ratio ? "1" : key.row->unit,
                                 .direction = key.row->direction,
                                 .absent = statistic.absent,
                                 .value = statistic.value,
                                 .lower = statistic.lower,
                                 .upper = statistic.upper,
                                 .confidence = confidence,
                                 .has_bounds = statistic.has_bounds,
                                 .n = statistic.n,
                                 .censored = statistic.censored};
    return ASSAY_OK;
}

assay_code assay_metrics_from_book(struct metric_book *book, struct assay_arena *arena, struct assay_metric **ret,
                                   size_t *ret_count, assay_err *err)
{
    const struct assay_plan *plan = book->plan;
    struct assay_metric *metrics = assay_arena_take(arena, plan->metrics_count + 1, sizeof *metrics);
    if (!metrics) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < plan->metrics_count; i++) {
        assay_code rc = fill(book, &plan->metrics[i], arena, &metrics[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        assert(i == 0 || assay_metric_compare(&metrics[i - 1], &metrics[i]) < 0);
    }
    *ret = metrics;
    *ret_count = plan->metrics_count;
    return ASSAY_OK;
}

assay_code assay_metrics_compute(const struct assay_plan *plan, struct assay_trace *trace, struct assay_arena *arena,
                                 struct assay_metric **ret, size_t *ret_count, assay_err *err)
{
    assert(plan && trace && arena && ret && ret_count);
    struct metric_book book = {0};
    bool wanted[METRIC_COUNT] = {false};
    assay_code rc = assay_metrics_wanted(plan, wanted, err);
    rc = rc == ASSAY_OK ? assay_book_make(plan, trace, wanted, &book, err) : rc;
    if (rc == ASSAY_OK) {
        rc = assay_metrics_from_book(&book, arena, ret, ret_count, err);
        assay_book_done(&book);
    }
    return rc;
}
