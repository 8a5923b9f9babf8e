#include "record/metric.h"

#include "record/metric_book.h"

#include <assert.h>
#include <string.h>

#define CONFIDENCE 0.95 /* of each bound, one-sided */

/* The rows whose series the plan's metrics need. */
assay_code assay_metrics_wanted(const struct assay_plan *plan, bool *wanted, assay_err *err)
{
    for (size_t i = 0; i < plan->metrics_count; i++) {
        struct assay_metric_key key;
        if (assay_metric_find(plan->metrics[i].name, &key, err) != ASSAY_OK) {
            return assay_fail(err, ASSAY_UNSUPPORTED, "metric '%.64s' is not in this build's formula table",
                              plan->metrics[i].name);
        }
        if (strcmp(key.formula, plan->metrics[i].formula) != 0) {
            return assay_fail(err, ASSAY_UNSUPPORTED, "metric '%.64s': formula '%.64s', this build has '%s'",
                              plan->metrics[i].name, plan->metrics[i].formula, key.formula);
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
    assay_code rc = assay_metric_find(asked->name, &key, err);
    rc = rc == ASSAY_OK ? assay_book_statistic(book, asked->arm, &key, arena, &statistic, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    *ret = (struct assay_metric){.arm = asked->arm,
                                 .name = asked->name,
                                 .formula = asked->formula,
                                 .unit = key.row->unit,
                                 .direction = key.row->direction,
                                 .absent = statistic.absent,
                                 .value = statistic.value,
                                 .lower = statistic.lower,
                                 .upper = statistic.upper,
                                 .confidence = CONFIDENCE,
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
