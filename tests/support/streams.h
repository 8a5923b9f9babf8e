/*
 * Noise for simulations: the streams N1 to N7 of statistics.md 7, one value a run of an operation, both arms drawn in
 * the order in which they run. Everything follows from a seed.
 */
#ifndef ASSAY_TESTS_STREAMS_H
#define ASSAY_TESTS_STREAMS_H

#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>

enum stream_kind {
    STREAM_N1, /* quiet: normal, 1% */
    STREAM_N2, /* 5% of the values much later */
    STREAM_N3, /* AR(0.8), 2% */
    STREAM_N4, /* a neighbour that comes and goes: 35% slower while it is there */
    STREAM_N5, /* drift of 8% over the run */
    STREAM_N6, /* two modes 3% apart */
    STREAM_N7, /* heavy tails on both sides */
    STREAM_COUNT
};

struct stream {
    enum stream_kind kind;
    struct assay_rng *rng;
    double place, step; /* of the run: 0 to 1 */
    double last;        /* AR */
    bool is_on;
};

struct stream stream_begin(enum stream_kind kind, struct assay_rng *rng, size_t runs);
double stream_next(struct stream *stream); /* log of the time of the next run, without the arm's effect */

double draw_normal(struct assay_rng *rng);
double draw_exponential(struct assay_rng *rng, double mean);

/* How the arms of a simulated run follow each other. */
enum stream_order {
    ORDER_LATIN,      /* ABBA or BAAB, drawn */
    ORDER_BASE_FIRST, /* AB AB AB: position is never balanced */
    ORDER_SEQUENTIAL  /* all of a, then all of b */
};
/* cells[2 * round + arm]: the times of a run of two arms, b slower by `effect` (log). */
void draw_cells(struct stream *stream, enum stream_order order, double effect, size_t rounds, double *cells);

/* How many of `trials` simulations a test runs: `few` in a normal check; 10,000 with ASSAY_SIMULATE=full. */
size_t simulation_trials(size_t few);

/* Upper 95% bound of Clopper and Pearson for hits of trials, two-sided. */
double clopper_pearson_upper(size_t hits, size_t trials);

#endif
