#include "support/streams.h"

#include "stat/stat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FULL_TRIALS 10000

double draw_normal(struct assay_rng *rng)
{
    double u;
    do {
        u = assay_rng_unit(rng);
    } while (u <= 0);
    return assay_stat_normal_quantile(u);
}

double draw_exponential(struct assay_rng *rng, double mean)
{
    return -mean * assay_stat_log(1 - assay_rng_unit(rng));
}

struct stream stream_begin(enum stream_kind kind, struct assay_rng *rng, size_t runs)
{
    struct stream stream = {.kind = kind, .rng = rng, .step = 1.0 / (double)(runs > 1 ? runs - 1 : 1)};
    stream.last = kind == STREAM_N3 ? 0.02 * draw_normal(rng) : 0;
    stream.is_on = assay_rng_unit(rng) < 0.5;
    return stream;
}

double stream_next(struct stream *stream)
{
    struct assay_rng *rng = stream->rng;
    double n = draw_normal(rng), place = stream->place;
    stream->place += stream->step;
    switch (stream->kind) {
    case STREAM_N2:
        return 0.01 * n + (assay_rng_unit(rng) < 0.05 ? draw_exponential(rng, 0.3) : 0);
    case STREAM_N3:
        stream->last = 0.8 * stream->last + 0.02 * sqrt(1 - 0.8 * 0.8) * n;
        return stream->last;
    case STREAM_N4:
        stream->is_on ^= assay_rng_unit(rng) < 0.05;
        return 0.01 * n + (stream->is_on ? 0.35 : 0);
    case STREAM_N5:
        return 0.01 * n + 0.08 * place;
    case STREAM_N6:
        return 0.005 * n + (assay_rng_unit(rng) < 0.5 ? 0.03 : 0);
    case STREAM_N7:
        return 0.03 * n * fabs(n);
    case STREAM_N1:
    case STREAM_COUNT:
    default:
        return 0.01 * n;
    }
}

/* Which arm runs at this place. */
static unsigned arm_at(enum stream_order order, size_t i, size_t rounds, bool starts_with_b)
{
    if (order == ORDER_SEQUENTIAL) {
        return i >= rounds;
    }
    unsigned in_round = i % 2;
    if (order == ORDER_BASE_FIRST) {
        return in_round;
    }
    return in_round ^ (i / 2 % 2) ^ starts_with_b; /* the second round of a block is the first one rotated */
}

void draw_cells(struct stream *stream, enum stream_order order, double effect, size_t rounds, double *cells)
{
    size_t done[2] = {0};
    bool starts_with_b = false;
    for (size_t i = 0; i < 2 * rounds; i++) {
        if (i % 4 == 0) {
            starts_with_b = assay_rng_below(stream->rng, 2) == 1;
        }
        unsigned arm = arm_at(order, i, rounds, starts_with_b);
        cells[2 * done[arm]++ + arm] = assay_stat_exp(stream_next(stream) + (arm ? effect : 0));
    }
}

size_t simulation_trials(size_t few)
{
    const char *wanted = getenv("ASSAY_SIMULATE");
    return wanted && strcmp(wanted, "full") == 0 ? FULL_TRIALS : few;
}

double clopper_pearson_upper(size_t hits, size_t trials)
{
    return hits == trials ? 1 : assay_stat_beta_quantile(0.975, (double)hits + 1, (double)(trials - hits));
}
