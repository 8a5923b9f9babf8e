#include "record/metric_book.h"
#include "record/paired.h"
#include "record/touched.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Paired runs from plan and trace: which samples count, and the table of cells for one metric. */

#define ARENA_BYTES_MAX ((size_t)64 << 20) /* reasons why windows have no value */

struct walk {
    const struct assay_plan *plan;
    struct assay_trace *trace;
    enum metric_id id;
    uint64_t uncertainty_ns;
    struct view_room room;
    double *cells;          /* of the metric: rounds * arms */
    uint16_t *places;       /* or NULL */
    bool *touched;          /* of rounds, or NULL */
    uint8_t (*outputs)[32]; /* of cells, or NULL */
    double *window;         /* values of the cell that is being read */
    double *scratch;
    size_t window_count;
    uint64_t ended; /* samples that the end of the run did not cut short, a prefix */
    bool is_cut_short;
};

static size_t rounds_of(const struct assay_plan *plan)
{
    return plan->ops_count / plan->load.window / plan->arms_count;
}

/* ---- one sample ------------------------------------------------------------------------------------------------- */

/* A window's value is its median; a failure in it is worse than any value, so half of them leave no median. */
static double close_cell(struct walk *walk)
{
    size_t n = walk->window_count, rank = (size_t)assay_stat_quantile_rank(walk->plan->load.window, 500);
    assay_stat_sort(walk->window, walk->scratch, n);
    walk->window_count = 0;
    return n >= rank ? walk->window[rank - 1] : (double)NAN;
}

static assay_code add_value(struct walk *walk, const struct assay_sample *sample, assay_err *err)
{
    struct sample_view view;
    double value;
    unsigned source;
    assay_code rc = assay_view_make(sample, walk->uncertainty_ns, &walk->room, &view, err);
    if (rc == ASSAY_OK && sample->status == ASSAY_STATUS_OK && assay_view_value(walk->id, &view, &value, &source)) {
        walk->window[walk->window_count++] = value;
    }
    return rc;
}

static assay_code add_sample(struct walk *walk, const struct assay_sample *sample, assay_err *err)
{
    const struct assay_plan *plan = walk->plan;
    const struct assay_plan_op *op = &plan->ops[sample->id];
    size_t in_window = (size_t)sample->id % plan->load.window, cell = (size_t)op->round * plan->arms_count + op->arm;
    walk->is_cut_short |= sample->status == ASSAY_STATUS_CANCELLED_STOP || sample->status == ASSAY_STATUS_IN_FLIGHT;
    walk->ended += !walk->is_cut_short;
    assay_code rc = add_value(walk, sample, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (walk->places) {
        walk->places[cell] = (uint16_t)((size_t)sample->id / plan->load.window % plan->arms_count);
    }
    if (walk->touched) {
        size_t count;
        const struct assay_host_reading *host = assay_trace_host(walk->trace, &count);
        walk->touched[op->round] |= assay_sample_touches(sample, host, count) != 0;
    }
    if (walk->outputs && sample->process && sample->status == ASSAY_STATUS_OK) {
        memcpy(walk->outputs[cell], sample->process->output_sha256, 32);
    }
    if (in_window + 1 == plan->load.window) {
        walk->cells[cell] = close_cell(walk);
    }
    return ASSAY_OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static assay_code walk_samples(struct walk *walk, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    bool is_end = false;
    size_t cells = rounds_of(walk->plan) * walk->plan->arms_count;
    for (size_t i = 0; i < cells; i++) {
        walk->cells[i] = (double)NAN;
    }
    assay_trace_rewind(walk->trace);
    for (uint64_t seen = 0; rc == ASSAY_OK && !is_end; seen++) {
        struct assay_sample sample;
        rc = assay_trace_next(walk->trace, &sample, &is_end, err);
        if (rc != ASSAY_OK || is_end) {
            break;
        }
        if (sample.id != seen || sample.id >= walk->plan->ops_count || sample.arm != walk->plan->ops[seen].arm) {
            rc = assay_fail(err, ASSAY_MALFORMED, "trace: sample %" PRIu64 " of arm %u is not what the plan has there",
                            sample.id, (unsigned)sample.arm);
        }
        rc = rc == ASSAY_OK ? add_sample(walk, &sample, err) : rc;
    }
    assay_trace_rewind(walk->trace);
    assay_view_room_done(&walk->room);
    return rc;
}

static assay_code walk_init(struct walk *walk, const struct assay_plan *plan, struct assay_trace *trace,
                            enum metric_id id, assay_err *err)
{
    size_t cells = rounds_of(plan) * plan->arms_count;
    *walk = (struct walk){.plan = plan,
                          .trace = trace,
                          .id = id,
                          .uncertainty_ns = assay_trace_summary(trace)->clock_uncertainty_ns,
                          .cells = assay_alloc(cells + 1, sizeof *walk->cells),
                          .window = assay_alloc(plan->load.window, 2 * sizeof *walk->window)};
    if (!walk->cells || !walk->window) {
        return assay_nomem(err);
    }
    walk->scratch = walk->window + plan->load.window;
    return ASSAY_OK;
}

static void walk_done(struct walk *walk)
{
    assay_free(walk->cells);
    assay_free(walk->window);
    assay_free(walk->places);
    assay_free(walk->touched);
    assay_free(walk->outputs);
}

/* ---- which samples count ---------------------------------------------------------------------------------------- */

static void count_rounds(const struct walk *walk, uint64_t samples, struct assay_paired_extent *ret)
{
    const struct assay_plan *plan = walk->plan;
    uint64_t round = plan->load.window * plan->arms_count;
    uint64_t ended = walk->ended / round, begun = (samples + round - 1) / round;
    ret->rounds_planned = rounds_of(plan);
    ret->rounds_whole = ended / plan->arms_count * plan->arms_count;
    ret->rounds_cut_off = begun - ret->rounds_whole;
    ret->rounds_warmup = plan->warmup.samples / round;
    if (ret->rounds_warmup > ret->rounds_whole) {
        ret->rounds_warmup = ret->rounds_whole;
    }
}

/* The steady state of each arm, and how many rounds the largest cut takes. */
static void find_cuts(const struct walk *walk, double *values, double *work, struct assay_paired_extent *ret)
{
    size_t k = walk->plan->arms_count;
    for (size_t arm = 0; arm < k; arm++) {
        size_t count = 0;
        for (uint64_t round = ret->rounds_warmup; round < ret->rounds_whole; round++) {
            double value = walk->cells[round * k + arm];
            if (value > 0) {
                values[count++] = value;
            }
        }
        ret->steady[arm] = assay_steady_find(values, count, work);
        ret->values[arm] = count;
        uint64_t round = ret->rounds_warmup;
        for (size_t seen = 0; seen < ret->steady[arm].cut; round++) {
            seen += walk->cells[round * k + arm] > 0;
        }
        uint64_t rounds = round - ret->rounds_warmup;
        ret->rounds_cut = rounds > ret->rounds_cut ? rounds : ret->rounds_cut;
    }
}

assay_code assay_paired_extent_of(const struct assay_plan *plan, struct assay_trace *trace,
                                  struct assay_paired_extent *ret, assay_err *err)
{
    assert(plan->load.mode == ASSAY_LOAD_PAIRED && plan->load.window > 0);
    struct walk walk;
    size_t rounds = rounds_of(plan);
    double *values = assay_alloc(rounds + ASSAY_STEADY_WORK(rounds), sizeof *values);
    *ret = (struct assay_paired_extent){0};
    assay_code rc = walk_init(&walk, plan, trace, METRIC_SERVICE_TIME, err);
    rc = rc == ASSAY_OK && !values ? assay_nomem(err) : rc;
    rc = rc == ASSAY_OK ? walk_samples(&walk, err) : rc;
    if (rc == ASSAY_OK) {
        uint64_t round = plan->load.window * plan->arms_count;
        count_rounds(&walk, assay_trace_samples(trace), ret);
        find_cuts(&walk, values, values + rounds, ret);
        ret->from_id = (ret->rounds_warmup + ret->rounds_cut) * round;
        ret->to_id = ret->rounds_whole * round;
    }
    assay_free(values);
    walk_done(&walk);
    return rc;
}

/* ---- pairs ------------------------------------------------------------------------------------------------------ */

static assay_code check_query(const struct assay_plan *plan, const struct assay_paired_query *query,
                              struct assay_metric_key *ret, assay_err *err)
{
    if (plan->load.mode != ASSAY_LOAD_PAIRED) {
        return assay_fail(err, ASSAY_MALFORMED, "the run is not paired: its load has mode %s",
                          assay_load_mode_text(plan->load.mode));
    }
    assay_code rc = assay_paired_check(plan, err); /* whoever read the plan may not have derived from it */
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (query->base >= plan->arms_count || query->other >= plan->arms_count || query->base == query->other) {
        return assay_fail(err, ASSAY_USAGE, "a ratio of arms %u and %u, expected two of %zu", (unsigned)query->other,
                          (unsigned)query->base, plan->arms_count);
    }
    return assay_metric_find_term(query->metric, ret, err);
}

static assay_code walk_extras(struct walk *walk, const struct assay_paired_query *query, assay_err *err)
{
    size_t rounds = rounds_of(walk->plan), cells = rounds * walk->plan->arms_count;
    walk->places = assay_alloc(cells + 1, sizeof *walk->places);
    walk->outputs = assay_alloc(cells + 1, sizeof *walk->outputs);
    walk->touched = query->is_untouched_only ? assay_alloc(rounds + 1, sizeof *walk->touched) : NULL;
    bool is_short = !walk->places || !walk->outputs || (query->is_untouched_only && !walk->touched);
    return is_short ? assay_nomem(err) : ASSAY_OK;
}

static void compare_outputs(const struct walk *walk, const struct assay_paired_query *query,
                            const struct assay_paired_extent *extent, struct assay_pairs *ret)
{
    static const uint8_t NONE[32];
    for (uint64_t round = 0; round < extent->rounds_whole; round++) {
        const uint8_t *base = walk->outputs[round * walk->plan->arms_count + query->base];
        const uint8_t *other = walk->outputs[round * walk->plan->arms_count + query->other];
        bool are_known = memcmp(base, NONE, 32) != 0 && memcmp(other, NONE, 32) != 0;
        ret->rounds_compared += are_known;
        ret->outputs_differ += are_known && memcmp(base, other, 32) != 0;
    }
}

static assay_code make_pairs(struct walk *walk, const struct assay_paired_query *query,
                             const struct assay_paired_extent *extent, struct assay_arena *arena,
                             struct assay_pairs *ret, assay_err *err)
{
    const struct assay_plan *plan = walk->plan;
    enum assay_stat_steady steady[ASSAY_PLAN_ARMS_MAX];
    for (size_t arm = 0; arm < plan->arms_count; arm++) {
        steady[arm] = extent->steady[arm].state;
    }
    for (uint64_t round = 0; walk->touched && round < extent->rounds_whole; round++) {
        if (walk->touched[round]) {
            walk->cells[round * plan->arms_count + query->base] = (double)NAN;
        }
    }
    const struct assay_paired_table table = {.cells = walk->cells,
                                             .places = walk->places,
                                             .arms_count = plan->arms_count,
                                             .rounds_count = (size_t)extent->rounds_whole,
                                             .warmup_rounds = (size_t)extent->rounds_warmup,
                                             .may_stop_early = plan->stop.rule == ASSAY_STOP_PRECISION,
                                             .has_cut = true,
                                             .cut_rounds = (size_t)extent->rounds_cut,
                                             .steady = steady};
    assay_code rc = assay_paired_from_table(&table, query, arena, ret, err);
    if (rc == ASSAY_OK) {
        ret->rounds_planned = extent->rounds_planned;
        ret->rounds_cut_off = extent->rounds_cut_off;
        compare_outputs(walk, query, extent, ret);
    }
    return rc;
}

/* Windows: the statistic that is asked for, over the samples of each. */
static assay_code fill_cells(struct walk *walk, const struct assay_metric_key *key, assay_err *err)
{
    const struct assay_plan *plan = walk->plan;
    if (plan->load.window == 1 || (key->row->takes_stat && !key->stat)) {
        return ASSAY_OK; /* the values of the samples, or their medians, as the walk found them */
    }
    struct metric_book book;
    struct assay_arena arena;
    assay_arena_init(&arena, ARENA_BYTES_MAX);
    assay_code rc = assay_book_make_cells(plan, walk->trace, assay_metric_id(key->row), &book, err);
    bool is_made = rc == ASSAY_OK;
    for (size_t cell = 0; rc == ASSAY_OK && cell < book.arms_count; cell++) {
        struct statistic statistic;
        rc = assay_book_statistic(&book, (uint32_t)cell, key, &arena, &statistic, err);
        walk->cells[cell] = rc == ASSAY_OK && !statistic.absent ? statistic.value : (double)NAN;
    }
    if (is_made) {
        assay_book_done(&book);
    }
    assay_arena_done(&arena);
    return rc;
}

assay_code assay_paired_of(const struct assay_plan *plan, struct assay_trace *trace,
                           const struct assay_paired_query *query, struct assay_arena *arena, struct assay_pairs *ret,
                           assay_err *err)
{
    assert(plan && trace && query && query->metric && arena && ret);
    struct assay_metric_key key;
    struct assay_paired_extent extent;
    struct walk walk = {0};
    assay_code rc = check_query(plan, query, &key, err);
    rc = rc == ASSAY_OK ? assay_paired_extent_of(plan, trace, &extent, err) : rc;
    rc = rc == ASSAY_OK ? walk_init(&walk, plan, trace, assay_metric_id(key.row), err) : rc;
    rc = rc == ASSAY_OK ? walk_extras(&walk, query, err) : rc;
    rc = rc == ASSAY_OK ? walk_samples(&walk, err) : rc;
    rc = rc == ASSAY_OK ? fill_cells(&walk, &key, err) : rc;
    rc = rc == ASSAY_OK ? make_pairs(&walk, query, &extent, arena, ret, err) : rc;
    walk_done(&walk);
    return rc;
}
