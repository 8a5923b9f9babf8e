#include "record/metric_book.h"

#include <assert.h>

assay_code assay_metric_at(const struct assay_plan *plan, struct assay_trace *trace, uint32_t arm, const char *name,
                           double alpha, struct assay_arena *arena, struct assay_metric *ret, assay_err *err)
{
    assert(plan && trace && name && arena && ret && alpha > 0 && alpha < 1);
    struct assay_metric_key key;
    struct metric_book book = {0};
    struct statistic statistic = {0};
    bool wanted[METRIC_COUNT] = {false};
    assay_code rc = assay_metric_find(name, &key, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (arm >= plan->arms_count || key.is_ratio) {
        return assay_fail(err, ASSAY_USAGE, "'%.64s' of arm %u: no such arm, or a ratio, whose bounds are pairs'", name,
                          arm);
    }
    enum metric_id id = assay_metric_id(key.row);
    wanted[id] = key.row->takes_stat;
    assay_trace_rewind(trace);
    rc = assay_book_make(plan, trace, wanted, &book, err);
    if (rc == ASSAY_OK) {
        book.arms[arm].series[id].alpha = alpha;
        rc = assay_book_statistic(&book, arm, &key, arena, &statistic, err);
    }
    assay_book_done(&book);
    *ret = (struct assay_metric){.arm = arm,
                                 .name = name,
                                 .formula = key.formula,
                                 .unit = key.row->unit,
                                 .direction = key.row->direction,
                                 .absent = statistic.absent,
                                 .value = statistic.value,
                                 .lower = statistic.lower,
                                 .upper = statistic.upper,
                                 .confidence = 1 - alpha,
                                 .has_bounds = statistic.has_bounds,
                                 .n = statistic.n,
                                 .censored = statistic.censored};
    return rc;
}
