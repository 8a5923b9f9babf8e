#include "record/metric_book.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Ratios of two arms: median and sign interval of the pairs (statistics.md 2.3). */

#define CONFIDENCE 0.95
#define ARENA_BYTES_MAX ((size_t)1 << 30) /* nine doubles a round, of at most 10,000,000 operations */
#define NAME_BYTES 64
#define REASON_BYTES 96

static const char *say(struct assay_arena *arena, const char *text)
{
    const char *copy = assay_arena_text(arena, text, strlen(text));
    return copy ? copy : "n too small";
}

/* Why there is no ratio; NULL: there is one. */
static const char *withheld(const struct metric_book *book, uint32_t arm, const struct assay_metric_key *key,
                            const struct assay_pairs *pairs, struct assay_arena *arena)
{
    char text[REASON_BYTES];
    enum metric_id id = assay_metric_id(key->row);
    const char *base = assay_arm_withheld(book, 0, id), *other = assay_arm_withheld(book, arm, id);
    uint64_t rounds = pairs->count + pairs->rounds_dropped;
    if (rounds > 0 && (base || other)) {
        return base ? base : other;
    }
    if ((double)pairs->rounds_dropped > ASSAY_PAIRED_DROPPED_SHARE * (double)rounds) {
        (void)snprintf(text, sizeof text, "no value in %" PRIu64 " of %" PRIu64 " rounds", pairs->rounds_dropped,
                       rounds);
        return say(arena, text);
    }
    return pairs->count == 0 ? "n too small (0 of 6)" : NULL;
}

static void fill(const struct assay_pairs *pairs, double alpha, double *scratch, struct statistic *ret)
{
    struct assay_stat_pairs found = assay_stat_pairs_compare(pairs->ratios, pairs->count, alpha, scratch);
    ret->value = found.point;
    ret->has_bounds = found.has_interval;
    ret->lower = found.lower;
    ret->upper = found.upper;
}

assay_code assay_book_ratio(struct metric_book *book, uint32_t arm, const char *name,
                            const struct assay_metric_key *key, struct assay_arena *arena, struct statistic *ret,
                            double *ret_confidence, assay_err *err)
{
    assert(key->is_ratio && book->extent);
    char term[NAME_BYTES];
    struct assay_arena own;
    struct assay_pairs pairs;
    const struct assay_plan *plan = book->plan;
    (void)snprintf(term, sizeof term, "%.*s", (int)(strlen(name) - strlen("_ratio")), name);
    const struct assay_paired_query query = {.metric = term, .base = 0, .other = arm};
    bool may_stop = plan->stop.rule == ASSAY_STOP_PRECISION;
    double asked = may_stop ? plan->stop.confidence : CONFIDENCE;
    *ret = (struct statistic){0};
    *ret_confidence = 1 - assay_paired_alpha(asked, plan->arms_count, false);
    assay_arena_init(&own, ARENA_BYTES_MAX);
    assay_code rc = assay_paired_of(plan, book->trace, &query, &own, &pairs, err);
    double *scratch = rc == ASSAY_OK ? assay_arena_take(&own, pairs.count + 1, 4 * sizeof *scratch) : NULL;
    rc = rc == ASSAY_OK && !scratch ? assay_nomem(err) : rc;
    if (rc == ASSAY_OK) {
        ret->n = pairs.count;
        ret->censored = pairs.rounds_dropped;
        ret->absent = withheld(book, arm, key, &pairs, arena);
        if (!ret->absent) {
            fill(&pairs, assay_paired_alpha(asked, plan->arms_count, may_stop), scratch, ret);
        }
    }
    assay_arena_done(&own);
    return rc;
}
