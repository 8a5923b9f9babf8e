/*
 * Paired runs: several arms, interleaved in Latin-square blocks (statistics.md 1.1), and the ratios that follow.
 *
 * A cell is what one arm does in one round: one operation, or a window of plan->load.window operations. A round runs
 * every arm once, a block is as many rounds as there are arms, and only whole blocks count. What is left out is derived
 * here and nowhere stored: operations the plan marks as warm-up, the warm-up that MSER finds (the largest cut over the
 * arms, in whole rounds), and blocks that the end of the run cut off. The stop rule of measure/, the metrics ID_ratio
 * and every judge call the functions below, so that the run stops on the interval it reports.
 *
 *     assay_paired_of(plan, trace, &query, arena, &pairs, err);      // from a finished run
 *     assay_paired_from_table(&table, &query, arena, &pairs, err);   // from values in memory: stop rule, simulations
 *     assay_stat_pairs_compare(pairs.ratios, pairs.count, assay_paired_alpha(0.95, 2, pairs.may_stop_early), ...)
 *
 * The value of a cell: that of its sample; of a window, for a name with a statistic ("ttft_p50") or one of a whole run
 * ("output_rate") that statistic over the window's samples, for an id alone its median. A cell without a value (failed,
 * below timer resolution, zero) drops its round from the pairs that need it, and is counted.
 *
 * MSER looks at the wall time of the cells, whatever metric is asked for, so that all ratios of a run rest on the same
 * rounds.
 */
#ifndef ASSAY_RECORD_PAIRED_H
#define ASSAY_RECORD_PAIRED_H

#include "base/err.h"
#include "base/mem.h"
#include "record/plan.h"
#include "record/trace.h"
#include "stat/stat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_PAIRED_LOOK_FIRST 20      /* pairs before the first look of a precision rule (statistics.md 1.4) */
#define ASSAY_PAIRED_ALPHA_SHARE 0.8    /* of alpha is spent where the run may stop early (statistics.md 1.4) */
#define ASSAY_PAIRED_DROPPED_SHARE 0.01 /* above this share of rounds without a value there is no ratio (8, edges) */
#define ASSAY_PAIRED_WARMUP_LEAST 40    /* a plan for fewer values an arm starts with a block of warm-up (1.3) */

struct assay_paired_query {
    const char *metric; /* "service", "cpu", "cpu_tree", "peak_rss", "ttft_p50", "output_rate" ... */
    uint32_t base, other;
    bool is_untouched_only; /* diagnostic: only pairs that no noise touched (statistics.md 6); never a result */
};

struct assay_pairs {
    double *base, *other, *ratios; /* ratios[i] = other[i] / base[i], in order of rounds; owned by the arena */
    uint32_t *rounds;
    size_t count;
    uint64_t rounds_planned, rounds_whole;    /* in whole blocks, warm-up included */
    uint64_t rounds_warmup;                   /* marked by the plan or cut by MSER */
    uint64_t rounds_cut_off;                  /* begun, but of a block that was not finished */
    uint64_t rounds_dropped;                  /* a cell had no value, or zero */
    uint64_t rounds_compared, outputs_differ; /* rounds whose two outputs are known; those where they differ */
    enum assay_stat_steady steady_base, steady_other;
    double position_effect; /* median ratio of first to second place of a round; 1 = none; 0 = not known */
    bool may_stop_early;    /* the plan has a precision rule: alpha is ASSAY_PAIRED_ALPHA_SHARE of the asked one */
};

/* USAGE: no such arm or metric. MALFORMED: the plan is not paired, or the trace does not fit it. */
assay_code assay_paired_of(const struct assay_plan *plan, struct assay_trace *trace,
                           const struct assay_paired_query *query, struct assay_arena *arena, struct assay_pairs *ret,
                           assay_err *err);

/* One value a round and arm: cells[round * arms_count + arm]; NaN = none. Warm-up rounds that the plan marks first.
 * places, if given: at which place of its round (from 0) the cell ran. */
struct assay_paired_table {
    const double *cells;
    const uint16_t *places;
    size_t arms_count, rounds_count;
    size_t warmup_rounds;
    bool may_stop_early;
    bool has_cut; /* the cut is known (from another metric): cut_rounds behind the warm-up, and the steady states */
    size_t cut_rounds;
    const enum assay_stat_steady *steady; /* of each arm; NULL = too short */
};
/* The query's metric is not looked at. */
assay_code assay_paired_from_table(const struct assay_paired_table *table, const struct assay_paired_query *query,
                                   struct assay_arena *arena, struct assay_pairs *ret, assay_err *err);

/* Two-sided alpha of the interval of one ratio: split over the arms compared with the same base, and the share that
 * early stopping leaves. */
double assay_paired_alpha(double confidence, size_t arms_count, bool may_stop_early);

/* What a precision rule asks at a look: is the half-width of the interval, as a share of the point, at most `precision`
 * for every arm? work: room for ASSAY_PAIRED_WORK(rounds_count) doubles; nothing is allocated. */
#define ASSAY_PAIRED_WORK(rounds) (9 * (rounds) + 1)
bool assay_paired_is_precise(const struct assay_paired_table *table, double confidence, double precision, double *work);

/* The pairs at which a precision rule looks after `pairs`: 20, then a quarter more, whole blocks of arms_count rounds.
 */
uint64_t assay_paired_next_look(uint64_t pairs, size_t arms_count);

/* Whether an arm's series of one value a round has settled (statistics.md 1.3). */
struct assay_steady {
    enum assay_stat_steady state;
    size_t cut;                        /* values that MSER leaves out at the front; 0 where it finds no end of it */
    double thirds_lower, thirds_upper; /* 99% interval of last to first third, as a ratio; 0 if not computed */
};
#define ASSAY_STEADY_MARGIN 0.02 /* thirds that differ by more than this are no steady state */
#define ASSAY_STEADY_WORK(count) (2 * (count) + 8192)
/* values: one a round, positive. work: room for ASSAY_STEADY_WORK(count) doubles. */
struct assay_steady assay_steady_find(const double *values, size_t count, double *work);
const char *assay_steady_text(enum assay_stat_steady state); /* "flat", "warmed", "no steady state", "too short" */

/* Which samples count: rounds of whole blocks behind the warm-up, as ids from_id..to_id - 1. */
struct assay_paired_extent {
    uint64_t rounds_planned, rounds_whole, rounds_warmup, rounds_cut, rounds_cut_off;
    uint64_t from_id, to_id;
    struct assay_steady steady[ASSAY_PLAN_ARMS_MAX];
    uint64_t values[ASSAY_PLAN_ARMS_MAX]; /* that the steady state was found from */
};
assay_code assay_paired_extent_of(const struct assay_plan *plan, struct assay_trace *trace,
                                  struct assay_paired_extent *ret, assay_err *err);

/* Draws the order of a paired plan into ops (arm, round, block) from the substream "order" of the seed: a fresh random
 * permutation a block, rotated by one place a round. ops_count must be a multiple of arms_count squared times
 * load.window. */
void assay_paired_order(struct assay_plan *plan);
/* Whether a plan that was read is what assay_paired_order draws from its seed, and its parts fit together: MALFORMED.
 * Of a plan that is not paired: that it does not claim such an order. */
assay_code assay_paired_check(const struct assay_plan *plan, assay_err *err);

#endif
