/*
 * Paired runs: several arms, interleaved in Latin-square blocks (statistics.md 1.1), and the ratios that follow.
 *
 * A round runs every arm once, a block is as many rounds as there are arms, and only whole blocks count. What is left
 * out is derived here and nowhere stored: operations the plan marks as warm-up, the warm-up that MSER finds (the
 * largest cut over the arms, in whole rounds), and blocks that the end of the run cut off. The stop rule of measure/,
 * the metrics ID_ratio and every judge call this one function, so that the run stops on the interval it reports.
 *
 *     assay_paired_of(plan, trace, &query, arena, &pairs, err);      // from a finished run
 *     assay_paired_from_table(&table, &query, arena, &pairs, err);   // from values in memory: stop rule, simulations
 *
 * A cell is what one arm came to in one round: the value of its sample, the median of several samples, or, for a name
 * with a statistic ("ttft_p50"), that statistic over the window's samples (statistics.md 1.9). A cell without a value
 * (failed, below timer resolution, zero) drops its round from the pairs that need it, and is counted.
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

#define ASSAY_PAIRED_LOOK_FIRST 20   /* pairs before the first look of a precision rule (statistics.md 1.4) */
#define ASSAY_PAIRED_ALPHA_SHARE 0.8 /* of alpha is spent where the run may stop early (statistics.md 1.4) */

struct assay_paired_query {
    const char *metric; /* "service", "cpu", "cpu_tree", "peak_rss", "ttft_p50" ... */
    uint32_t base, other;
    bool is_untouched_only; /* diagnostic: only pairs that no noise touched (statistics.md 6); never a result */
};

struct assay_pairs {
    double *base, *other, *ratios; /* ratios[i] = other[i] / base[i], in order of rounds; owned by the arena */
    uint32_t *rounds;
    size_t count;
    uint64_t rounds_planned, rounds_whole; /* in whole blocks, warm-up included */
    uint64_t rounds_warmup;                /* marked by the plan or cut by MSER */
    uint64_t rounds_cut_off;               /* of a block that was not finished */
    uint64_t rounds_dropped;               /* a cell had no value, or zero */
    uint64_t outputs_differ;               /* rounds whose outputs were compared and differ */
    enum assay_stat_steady steady_base, steady_other;
    double position_effect; /* median ratio of first to second place of a round; 1 = none; 0 = not known */
    bool may_stop_early;    /* the plan has a precision rule: alpha is ASSAY_PAIRED_ALPHA_SHARE of the asked one */
};

assay_code assay_paired_of(const struct assay_plan *plan, struct assay_trace *trace,
                           const struct assay_paired_query *query, struct assay_arena *arena, struct assay_pairs *ret,
                           assay_err *err);

/* One value a round and arm: cells[round * arms_count + arm]; NaN = none. Warm-up rounds that the plan marks first. */
struct assay_paired_table {
    const double *cells;
    size_t arms_count, rounds_count;
    size_t warmup_rounds;
    bool may_stop_early;
};
assay_code assay_paired_from_table(const struct assay_paired_table *table, const struct assay_paired_query *query,
                                   struct assay_arena *arena, struct assay_pairs *ret, assay_err *err);

/* The pairs at which a precision rule looks after `pairs`: 20, then a quarter more, whole blocks of arms_count rounds.
 */
uint64_t assay_paired_next_look(uint64_t pairs, size_t arms_count);

/* Draws the order of a paired plan into ops (arm, round, block) from the substream "order" of the seed: a fresh random
 * permutation a block, rotated by one place a round. ops_count must be a multiple of arms_count squared. */
void assay_paired_order(struct assay_plan *plan);

#endif
