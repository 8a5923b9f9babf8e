/* What counting costs: decoding with the counters on and off in turn, pair by pair (kernels.md 1.2: at most 0.5 %).
 * usage: bench_lm MODEL.gguf [PAIRS] */
#include "lm/lm.h"

#include "base/clock.h"
#include "base/num.h"
#include "stat/stat.h"

#include <stdio.h>
#include <stdlib.h>

#define TOKENS 16 /* decoded in one turn */
#define PAIRS 40
#define PAIRS_MAX 10000

static uint64_t turn_ns(struct assay_engine *engine, struct assay_session *session, bool is_on)
{
    const float *logits = NULL;
    assay_kernel_counters_enable(assay_team_counters(assay_engine_team(engine)), is_on);
    assay_session_rewind(session, 0);
    uint64_t begin_ns = assay_clock_thread_cpu_ns(); /* a neighbour's time slices are no cost of counting */
    for (int32_t id = 0; id < TOKENS; id++) {
        if (assay_session_eval(session, &id, 1, &logits, NULL) != ASSAY_OK) {
            abort();
        }
    }
    return assay_clock_thread_cpu_ns() - begin_ns;
}

static assay_code measure(struct assay_engine *engine, struct assay_session *session, size_t pairs)
{
    double *ratios = calloc(pairs, sizeof *ratios), *work = calloc(2 * pairs + 1, sizeof *work);
    if (!ratios || !work) {
        free(ratios);
        free(work);
        return ASSAY_NO_MEMORY;
    }
    (void)turn_ns(engine, session, true);
    for (size_t i = 0; i < pairs; i++) { /* each is first as often as second */
        double first = (double)turn_ns(engine, session, i % 2 == 0),
               second = (double)turn_ns(engine, session, i % 2 != 0);
        ratios[i] = i % 2 == 0 ? first / second : second / first;
    }
    double low = 0, median = 0, high = 0;
    for (size_t i = 1; i < pairs; i++) {
        for (size_t k = i; k > 0 && ratios[k - 1] > ratios[k]; k--) {
            double moved = ratios[k];
            ratios[k] = ratios[k - 1];
            ratios[k - 1] = moved;
        }
    }
    uint64_t lower = assay_stat_quantile_lower(pairs, 500, 0.025), upper = assay_stat_quantile_upper(pairs, 500, 0.025);
    median = (ratios[(pairs - 1) / 2] + ratios[pairs / 2]) / 2;
    low = lower ? ratios[lower - 1] : ratios[0];
    high = upper ? ratios[upper - 1] : ratios[pairs - 1];
    printf("counting costs %.2f %% of decode time [%.2f, %.2f], %zu pairs of %d tokens (goal 0.5 %%)\n",
           100 * (median - 1), 100 * (low - 1), 100 * (high - 1), pairs, TOKENS);
    free(ratios);
    free(work);
    return ASSAY_OK;
}

int main(int argc, char **argv)
{
    struct assay_engine_setup setup = {.threads = 1, .context = TOKENS};
    struct assay_engine *engine = NULL;
    struct assay_session *session = NULL;
    assay_err err = {0};
    uint64_t pairs = PAIRS;
    if (argc < 2 ||
        (argc > 2 && assay_num_u64(assay_slice_of(argv[2]), "PAIRS", PAIRS_MAX, &pairs, &err) != ASSAY_OK)) {
        fprintf(stderr, "usage: bench_lm MODEL.gguf [PAIRS]\n");
        return 4;
    }
    assay_code rc = assay_engine_open(argv[1], &setup, &engine, &err);
    rc = rc == ASSAY_OK ? assay_session_new(engine, 0, &session, &err) : rc;
    rc = rc == ASSAY_OK ? assay_session_reserve(session, TOKENS, &err) : rc;
    rc = rc == ASSAY_OK ? measure(engine, session, (size_t)pairs) : rc;
    assay_session_free(session);
    assay_engine_free(engine);
    if (rc != ASSAY_OK) {
        fprintf(stderr, "bench_lm: %s\n", err.message);
    }
    return assay_code_exit(rc);
}
