/*
 * Change points on made-up series with fixed seeds: noise of four kinds, where every point is false, and steps. Writes
 * the series for a peer, and prints what assay finds in them.
 *
 *     bench_changes FILE      one line a series: case, n, place of the step (0: none), values
 */
#include "base/rng.h"
#include "stat/stat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 400, TRIALS = 200 };
enum noise { IID, LOGNORMAL, AR, OUTLIERS };

static const struct scenario {
    const char *name;
    enum noise noise;
    size_t n, step_at; /* 0: no step */
    double sigmas;
} CASES[] = {
    {"iid 100", IID, 100, 0, 0},
    {"lognormal .5 100", LOGNORMAL, 100, 0, 0},
    {"AR .3 100", AR, 100, 0, 0},
    {"5% outliers 100", OUTLIERS, 100, 0, 0},
    {"iid 400", IID, 400, 0, 0},
    {"5% outliers 400", OUTLIERS, 400, 0, 0},
    {"3 sigma, 5 points on", IID, 65, 60, 3},
    {"2 sigma, 10 points on", IID, 70, 60, 2},
    {"1 sigma, middle of 200", IID, 200, 100, 1},
    {"2 sigma in AR .3, middle of 100", AR, 100, 50, 2},
    {"2 sigma among outliers, of 100", OUTLIERS, 100, 50, 2},
};
enum { CASES_COUNT = sizeof CASES / sizeof CASES[0] };

static double normal(struct assay_rng *rng)
{
    return assay_stat_normal_quantile(assay_rng_unit(rng) * (1 - 2e-12) + 1e-12);
}

/* Logarithms of times, around ln 1 ms. */
static void draw(struct assay_rng *rng, const struct scenario *scenario, double *values)
{
    double before = normal(rng);
    for (size_t i = 0; i < scenario->n; i++) {
        double fresh = normal(rng);
        before = scenario->noise == AR ? 0.3 * before + sqrt(1 - 0.09) * fresh : fresh;
        double x = before + (scenario->step_at > 0 && i >= scenario->step_at ? scenario->sigmas : 0.0);
        if (scenario->noise == OUTLIERS && assay_rng_unit(rng) < 0.05) {
            x += -6.0 * assay_stat_log(1.0 - assay_rng_unit(rng));
        }
        values[i] = 13.8 + (scenario->noise == LOGNORMAL ? 0.5 : 0.01) * x;
    }
}

int main(int argc, char **argv)
{
    static double values[LONGEST], work[4 * LONGEST];
    static struct assay_change_point points[ASSAY_CHANGE_POINTS_MAX(LONGEST)];
    FILE *file = argc == 2 ? fopen(argv[1], "w") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: bench_changes FILE\n");
        return 4;
    }
    for (size_t c = 0; c < CASES_COUNT; c++) {
        struct assay_rng rng;
        size_t found = 0, hits = 0;
        assay_rng_seed(&rng, 20261121 + c, "changes");
        for (int t = 0; t < TRIALS; t++) {
            draw(&rng, &CASES[c], values);
            fprintf(file, "%s\t%zu\t%zu", CASES[c].name, CASES[c].n, CASES[c].step_at);
            for (size_t i = 0; i < CASES[c].n; i++) {
                fprintf(file, "\t%.17g", values[i]);
            }
            fprintf(file, "\n");
            size_t count = assay_change_rescan(values, CASES[c].n, points, work);
            bool is_hit = false;
            for (size_t i = 0; i < count; i++) {
                is_hit |= CASES[c].step_at > 0 && points[i].at + 2 >= CASES[c].step_at &&
                          points[i].at <= CASES[c].step_at + 2;
            }
            found += count;
            hits += is_hit;
        }
        /* False points per 100, or the share of steps that were placed within two. */
        double figure =
            CASES[c].step_at > 0 ? (double)hits / TRIALS : 100.0 * (double)found / ((double)CASES[c].n * TRIALS);
        printf("%s\t%.4f\n", CASES[c].name, figure);
    }
    return fclose(file) == 0 ? 0 : 5;
}
