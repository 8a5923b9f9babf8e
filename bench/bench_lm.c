/* What counting costs: the same token decoded with the counters on and off in turn, pair by pair in one process, each
 * first as often as second (kernels.md 1.2: at most 0.5 %). The interval is that of the median of the ratios.
 * usage: bench_lm MODEL.gguf [PAIRS] */
#include "lm/lm.h"

#include "base/clock.h"
#include "base/num.h"
#include "stat/stat.h"

#include <stdio.h>
#include <stdlib.h>

#define DEPTH 16 /* positions before the token */
#define PAIRS 400
#define PAIRS_MAX 100000
#define WARM 4 /* pairs that are thrown away */

static uint64_t step_ns(struct assay_engine *engine, struct assay_session *session, bool is_on)
{
    const float *logits = NULL;
    const int32_t id = 1;
    assay_kernel_counters_enable(assay_team_counters(assay_engine_team(engine)), is_on);
    assay_session_rewind(session, DEPTH);
    uint64_t begin_ns = assay_clock_thread_cpu_ns(); /* a neighbour's time slices are no cost of counting */
    if (assay_session_eval(session, &id, 1, &logits, NULL) != ASSAY_OK) {
        abort();
    }
    return assay_clock_thread_cpu_ns() - begin_ns;
}

/* Of one decoded token. */
static uint64_t dispatches(struct assay_engine *engine, struct assay_session *session)
{
    struct assay_kernel_counters *counters = assay_team_counters(assay_engine_team(engine));
    struct assay_kernel_total total;
    uint64_t sum = 0;
    assay_kernel_counters_zero(counters);
    (void)step_ns(engine, session, true);
    for (size_t i = 0; i < assay_kernel_set_rows(assay_engine_kernels(engine)); i++) {
        assay_kernel_counters_sum(counters, i, &total);
        sum += total.calls;
    }
    return sum;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static assay_code measure(struct assay_engine *engine, struct assay_session *session, size_t pairs)
{
    double *ratios = calloc(pairs, sizeof *ratios), *off_ns = calloc(pairs, sizeof *off_ns);
    if (!ratios || !off_ns) {
        free(ratios);
        free(off_ns);
        return ASSAY_NO_MEMORY;
    }
    for (size_t i = 0; i < pairs + WARM; i++) {
        double first = (double)step_ns(engine, session, i % 2 == 0);
        double second = (double)step_ns(engine, session, i % 2 != 0);
        size_t at = i < WARM ? 0 : i - WARM;
        ratios[at] = i % 2 == 0 ? first / second : second / first;
        off_ns[at] = i % 2 == 0 ? second : first;
    }
    qsort(ratios, pairs, sizeof *ratios, compare);
    qsort(off_ns, pairs, sizeof *off_ns, compare);
    uint64_t lower = assay_stat_quantile_lower(pairs, 500, 0.025), upper = assay_stat_quantile_upper(pairs, 500, 0.025);
    double median = (ratios[(pairs - 1) / 2] + ratios[pairs / 2]) / 2;
    double low = lower ? ratios[lower - 1] : ratios[0], high = upper ? ratios[upper - 1] : ratios[pairs - 1];
    printf("counting costs %.2f %% of decode time [%.2f, %.2f], %zu pairs, %llu dispatches in a token of %.3f ms (goal "
           "0.5 %%)\n",
           100 * (median - 1), 100 * (low - 1), 100 * (high - 1), pairs,
           (unsigned long long)dispatches(engine, session), off_ns[pairs / 2] / 1e6);
    free(ratios);
    free(off_ns);
    return ASSAY_OK;
}

static assay_code fill(struct assay_session *session, assay_err *err)
{
    const float *logits = NULL;
    int32_t ids[DEPTH] = {0};
    return assay_session_eval(session, ids, DEPTH, &logits, err);
}

int main(int argc, char **argv)
{
    struct assay_engine_setup setup = {.threads = 1, .context = DEPTH + 1};
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
    rc = rc == ASSAY_OK ? assay_session_reserve(session, DEPTH + 1, &err) : rc;
    rc = rc == ASSAY_OK ? fill(session, &err) : rc;
    rc = rc == ASSAY_OK ? measure(engine, session, (size_t)pairs) : rc;
    assay_session_free(session);
    assay_engine_free(engine);
    if (rc != ASSAY_OK) {
        fprintf(stderr, "bench_lm: %s\n", err.message);
    }
    return assay_code_exit(rc);
}
