#include "record/paired.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Memory of one comparison, from an arena or from the caller: nothing here allocates. */
struct room {
    double *base, *other, *ratios, *values; /* one a round */
    double *scratch;                        /* five a round */
    uint32_t *rounds;                       /* or NULL */
};

static bool is_value(double value)
{
    return value > 0 && value < HUGE_VAL; /* NaN is neither */
}

static double cell_of(const struct assay_paired_table *table, size_t round, size_t arm)
{
    return table->cells[round * table->arms_count + arm];
}

static size_t whole_rounds(const struct assay_paired_table *table)
{
    return table->rounds_count / table->arms_count * table->arms_count;
}

/* The round behind the warm-up that MSER finds in one arm, counted from the first measured one. */
static size_t cut_of_arm(const struct assay_paired_table *table, size_t arm, struct room *room,
                         enum assay_stat_steady *ret_state)
{
    size_t count = 0, cut = 0, whole = whole_rounds(table);
    for (size_t round = table->warmup_rounds; round < whole; round++) {
        double value = cell_of(table, round, arm);
        if (is_value(value)) {
            room->values[count++] = value;
        }
    }
    *ret_state = assay_stat_steady_find(room->values, count, &cut);
    size_t round = table->warmup_rounds;
    for (size_t seen = 0; cut > 0 && seen < cut; round++) { /* rounds without a value are cut with those before */
        seen += is_value(cell_of(table, round, arm));
    }
    return round - table->warmup_rounds;
}

struct cut {
    size_t rounds;
    enum assay_stat_steady base, other;
};

static struct cut find_cut(const struct assay_paired_table *table, const struct assay_paired_query *query,
                           struct room *room)
{
    struct cut cut = {.rounds = table->cut_rounds, .base = ASSAY_STEADY_TOO_SHORT, .other = ASSAY_STEADY_TOO_SHORT};
    if (table->has_cut) {
        if (table->steady) {
            cut.base = table->steady[query->base];
            cut.other = table->steady[query->other];
        }
        return cut;
    }
    cut.rounds = 0;
    for (size_t arm = 0; arm < table->arms_count; arm++) {
        enum assay_stat_steady state;
        size_t rounds = cut_of_arm(table, arm, room, &state);
        cut.rounds = rounds > cut.rounds ? rounds : cut.rounds;
        cut.base = arm == query->base ? state : cut.base;
        cut.other = arm == query->other ? state : cut.other;
    }
    return cut;
}

static double median_in_place(double *values, size_t count, double *scratch)
{
    assay_stat_sort(values, scratch, count);
    return count % 2 ? values[count / 2] : sqrt(values[count / 2 - 1] * values[count / 2]);
}

/* Median of (value at the earlier place) / (value at the later one). */
static double position_effect(const struct assay_paired_table *table, const struct assay_paired_query *query,
                              const struct assay_pairs *pairs, struct room *room)
{
    if (!table->places || pairs->count == 0) {
        return 0;
    }
    for (size_t i = 0; i < pairs->count; i++) {
        const uint16_t *places = table->places + (size_t)room->rounds[i] * table->arms_count;
        bool is_base_first = places[query->base] < places[query->other];
        room->values[i] = is_base_first ? 1 / pairs->ratios[i] : pairs->ratios[i];
    }
    return median_in_place(room->values, pairs->count, room->scratch);
}

static void compare(const struct assay_paired_table *table, const struct assay_paired_query *query, struct room *room,
                    struct assay_pairs *ret)
{
    size_t whole = whole_rounds(table);
    struct cut cut = find_cut(table, query, room);
    *ret = (struct assay_pairs){.base = room->base,
                                .other = room->other,
                                .ratios = room->ratios,
                                .rounds = room->rounds,
                                .rounds_planned = table->rounds_count,
                                .rounds_whole = whole,
                                .rounds_warmup = table->warmup_rounds + cut.rounds,
                                .rounds_cut_off = table->rounds_count - whole,
                                .steady_base = cut.base,
                                .steady_other = cut.other,
                                .may_stop_early = table->may_stop_early};
    for (size_t round = table->warmup_rounds + cut.rounds; round < whole; round++) {
        double base = cell_of(table, round, query->base), other = cell_of(table, round, query->other);
        double ratio = other / base;
        if (!is_value(base) || !is_value(other) || !is_value(ratio)) {
            ret->rounds_dropped++;
            continue;
        }
        ret->base[ret->count] = base;
        ret->other[ret->count] = other;
        if (room->rounds) {
            ret->rounds[ret->count] = (uint32_t)round;
        }
        ret->ratios[ret->count++] = ratio;
    }
    ret->position_effect = room->rounds ? position_effect(table, query, ret, room) : 0;
}

assay_code assay_paired_from_table(const struct assay_paired_table *table, const struct assay_paired_query *query,
                                   struct assay_arena *arena, struct assay_pairs *ret, assay_err *err)
{
    assert(table && query && arena && ret && table->arms_count > 0);
    if (query->base >= table->arms_count || query->other >= table->arms_count || query->base == query->other) {
        return assay_fail(err, ASSAY_USAGE, "a ratio of arms %u and %u, expected two of %zu", (unsigned)query->other,
                          (unsigned)query->base, table->arms_count);
    }
    size_t n = table->rounds_count + 1;
    double *work = assay_arena_take(arena, ASSAY_PAIRED_WORK(n), sizeof *work);
    struct room room = {.rounds = assay_arena_take(arena, n, sizeof *room.rounds)};
    if (!work || !room.rounds) {
        return assay_nomem(err);
    }
    room.base = work;
    room.other = work + n;
    room.ratios = work + 2 * n;
    room.values = work + 3 * n;
    room.scratch = work + 4 * n;
    compare(table, query, &room, ret);
    return ASSAY_OK;
}

double assay_paired_alpha(double confidence, size_t arms_count, bool may_stop_early)
{
    double alpha = (1 - confidence) / (double)(arms_count > 2 ? arms_count - 1 : 1);
    return may_stop_early ? alpha * ASSAY_PAIRED_ALPHA_SHARE : alpha;
}

bool assay_paired_is_precise(const struct assay_paired_table *table, double confidence, double precision, double *work)
{
    size_t n = table->rounds_count;
    struct room room = {
        .base = work, .other = work + n, .ratios = work + 2 * n, .values = work + 3 * n, .scratch = work + 4 * n};
    double alpha = assay_paired_alpha(confidence, table->arms_count, true);
    for (uint32_t other = 1; other < table->arms_count; other++) {
        struct assay_paired_query query = {.base = 0, .other = other};
        struct assay_pairs pairs;
        compare(table, &query, &room, &pairs);
        if (pairs.count == 0) {
            return false;
        }
        struct assay_stat_pairs found = assay_stat_pairs_compare(pairs.ratios, pairs.count, alpha, room.scratch);
        if (!found.has_interval || (found.upper - found.lower) / 2 > precision * found.point) {
            return false;
        }
    }
    return table->arms_count > 1;
}
