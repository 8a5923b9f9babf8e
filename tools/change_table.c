/*
 * Draws the critical values of the change scan (statistics.md 5.2): quantiles of its statistic under no change, the
 * larger of AR(1) 0 and 0.3. Writes src/stat/change_table.h.
 *
 *     change_table [DRAWS [N...]]      default: 1,000,000 draws, every n; from 2,000 points on a tenth of the draws
 *
 * Every n has a substream of its own, so that one row can be drawn alone and is the same as in the full table.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "stat/stat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED 20261121
#define DRAWS 1000000
#define DRAWS_LEAST 1000 /* below, the rarest level is no quantile at all */
#define LONG_N 2000      /* the statistic hardly changes with n there, and a draw costs as much as 2,000 points do */

static const double LEVELS[] = {0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001};
static const size_t SIZES[] = {12,  14,  16,  18,  20,  25,  30,   40,   50,   65,   80,
                               100, 150, 200, 300, 400, 700, 1000, 2000, 5000, 10000};
enum { LEVELS_COUNT = sizeof LEVELS / sizeof LEVELS[0], SIZES_COUNT = sizeof SIZES / sizeof SIZES[0] };

/* Normals by inversion would do; the polar method (Marsaglia and Bray, 1964) draws them four times as fast. */
static double normal(struct assay_rng *rng, double *spare, bool *has_spare)
{
    if (*has_spare) {
        *has_spare = false;
        return *spare;
    }
    double x, y, s;
    do {
        x = 2 * assay_rng_unit(rng) - 1;
        y = 2 * assay_rng_unit(rng) - 1;
        s = x * x + y * y;
    } while (s >= 1 || s <= 0);
    double scale = sqrt(-2 * assay_stat_log(s) / s);
    *spare = y * scale;
    *has_spare = true;
    return x * scale;
}

struct room {
    double *values, *work, *statistics, *scratch;
};

static void draw(size_t n, size_t draws, double rho, struct room *room, double *ret_quantiles)
{
    struct assay_rng rng;
    char use[64];
    double spare = 0, fresh = sqrt(1 - rho * rho);
    bool has_spare = false;
    (void)snprintf(use, sizeof use, "change table %zu %g", n, rho);
    assay_rng_seed(&rng, SEED, use);
    for (size_t i = 0; i < draws; i++) {
        double before = normal(&rng, &spare, &has_spare);
        for (size_t j = 0; j < n; j++) {
            room->values[j] = before;
            before = rho * before + fresh * normal(&rng, &spare, &has_spare);
        }
        room->statistics[i] = assay_change_scan(room->values, n, ASSAY_CHANGE_05, room->work).statistic;
    }
    assay_stat_sort(room->statistics, room->scratch, draws);
    for (size_t i = 0; i < LEVELS_COUNT; i++) {
        size_t rank = (size_t)ceil((1 - LEVELS[i]) * (double)draws);
        ret_quantiles[i] = room->statistics[rank > 0 ? rank - 1 : 0];
    }
}

static void row_print(size_t n, size_t draws, struct room *room)
{
    double independent[LEVELS_COUNT], dependent[LEVELS_COUNT];
    draw(n, draws, 0.0, room, independent);
    draw(n, draws, 0.3, room, dependent);
    printf("ROW(%zu", n);
    for (size_t i = 0; i < LEVELS_COUNT; i++) {
        printf(", %.3f", fmax(independent[i], dependent[i]));
    }
    printf(")\n");
    (void)fflush(stdout);
}

static void table_print(size_t draws, struct room *room)
{
    printf("/* Written by tools/change_table.c with %zu draws a row (from n = %d on %zu), seed %d; no guard: included\n"
           " * once for each of its two lists. */\n#ifdef ALPHA\n",
           draws, LONG_N, draws / 10, SEED);
    for (size_t i = 0; i < LEVELS_COUNT; i++) {
        printf("ALPHA(%g)\n", LEVELS[i]);
    }
    printf("#endif\n#ifdef ROW\n");
    for (size_t i = 0; i < SIZES_COUNT; i++) {
        row_print(SIZES[i], SIZES[i] >= LONG_N ? draws / 10 : draws, room);
    }
    printf("#endif\n");
}

int main(int argc, char **argv)
{
    size_t draws = argc > 1 ? strtoul(argv[1], NULL, 10) : DRAWS;
    if (draws < DRAWS_LEAST) {
        fprintf(stderr, "change_table: at least %d draws\n", DRAWS_LEAST);
        return 4;
    }
    size_t longest = SIZES[SIZES_COUNT - 1];
    struct room room = {.values = assay_alloc(longest, sizeof(double)),
                        .work = assay_alloc(4 * longest, sizeof(double)),
                        .statistics = assay_alloc(draws, sizeof(double)),
                        .scratch = assay_alloc(draws, sizeof(double))};
    if (!room.values || !room.work || !room.statistics || !room.scratch) {
        fprintf(stderr, "change_table: out of memory\n");
        return 5;
    }
    if (argc <= 2) {
        table_print(draws, &room);
    }
    for (int i = 2; i < argc; i++) {
        size_t n = strtoul(argv[i], NULL, 10);
        if (n < ASSAY_CHANGE_N_MIN || n > longest) {
            fprintf(stderr, "change_table: n from %d to %zu\n", ASSAY_CHANGE_N_MIN, longest);
            return 4;
        }
        row_print(n, draws, &room);
    }
    assay_free(room.values);
    assay_free(room.work);
    assay_free(room.statistics);
    assay_free(room.scratch);
    return 0;
}
