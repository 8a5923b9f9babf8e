#include "stat/change.h"

#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct best {
    double q;
    size_t at; /* from the start of the cluster; 0 = it is too short to be split */
};

struct cluster {
    size_t from, to;
    struct best best;
};

/* ret[i * (n + 1) + j] = sum of |v_k - v_i| over k < j: every sum of distances is then a difference of two. */
static void distances_sum(const double *values, size_t n, double *ret)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        double *row = ret + i * (n + 1);
        row[0] = 0.0;
        for (size_t j = 0; j < n; j++) {
            sum += fabs(values[j] - values[i]);
            row[j + 1] = sum;
        }
    }
}

/* Matteson and James (2014), eq. 4 with alpha = 1: mn/(m+n) times (2 E|X-Y| - E|X-X'| - E|Y-Y'|). */
static double energy(double between, double within_left, double within_right, double m, double n)
{
    double e = 2.0 * between / (m * n) - 2.0 * within_left / (m * (m - 1)) - 2.0 * within_right / (n * (n - 1));
    return m * n / (m + n) * e;
}

/* The largest energy over all splits and right ends: O(n^2). sums: n * (n + 1). */
static struct best best_split(const double *values, size_t n, size_t size_min, double *sums)
{
    struct best best = {.q = -HUGE_VAL};
    if (n < 2 * size_min) {
        return best;
    }
    distances_sum(values, n, sums);
    double within_left = 0.0;
    for (size_t tau = 1; tau + size_min <= n; tau++) {
        within_left += sums[(tau - 1) * (n + 1) + tau - 1];
        if (tau < size_min) {
            continue;
        }
        double between = 0.0, within_right = 0.0;
        for (size_t end = tau + 1; end <= n; end++) {
            const double *row = sums + (end - 1) * (n + 1);
            between += row[tau];
            within_right += row[end - 1] - row[tau];
            if (end - tau < size_min) {
                continue;
            }
            double q = energy(between, within_left, within_right, (double)tau, (double)(end - tau));
            if (q > best.q) {
                best = (struct best){q, tau};
            }
        }
    }
    return best;
}

static void shuffle(double *values, size_t count, struct assay_rng *rng)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)assay_rng_below(rng, i);
        double swapped = values[i - 1];
        values[i - 1] = values[j];
        values[j] = swapped;
    }
}

struct task {
    const double *values;
    const struct assay_change_divisive_rule *rule;
    struct cluster clusters[ASSAY_CHANGE_POINTS_MAX(ASSAY_CHANGE_DIVISIVE_MAX) + 1];
    size_t clusters_count;
    struct assay_rng rng;
    double *shuffled, *sums;
};

static size_t strongest_of(const struct task *task)
{
    size_t strongest = 0;
    for (size_t i = 1; i < task->clusters_count; i++) {
        if (task->clusters[i].best.q > task->clusters[strongest].best.q) {
            strongest = i;
        }
    }
    return strongest;
}

/* Permutes within every cluster and takes the strongest split of all, as the split under test was taken. */
static double permuted_max(struct task *task)
{
    double most = -HUGE_VAL;
    for (size_t i = 0; i < task->clusters_count; i++) {
        const struct cluster *cluster = &task->clusters[i];
        size_t n = cluster->to - cluster->from;
        memcpy(task->shuffled, task->values + cluster->from, n * sizeof *task->shuffled);
        shuffle(task->shuffled, n, &task->rng);
        struct best best = best_split(task->shuffled, n, task->rule->size_min, task->sums);
        most = best.q > most ? best.q : most;
    }
    return most;
}

static double p_of(struct task *task, double q)
{
    unsigned as_strong = 0;
    for (unsigned i = 0; i < task->rule->permutations; i++) {
        as_strong += permuted_max(task) >= q;
    }
    return (1.0 + as_strong) / (1.0 + task->rule->permutations);
}

static void cluster_add(struct task *task, size_t from, size_t to)
{
    task->clusters[task->clusters_count++] = (struct cluster){
        .from = from, .to = to, .best = best_split(task->values + from, to - from, task->rule->size_min, task->sums)};
}

static void point_put(struct assay_change_point *points, size_t count, struct assay_change_point point)
{
    size_t i = count;
    for (; i > 0 && points[i - 1].at > point.at; i--) {
        points[i] = points[i - 1];
    }
    points[i] = point;
}

size_t assay_change_divisive(const double *values, size_t count, const struct assay_change_divisive_rule *rule,
                             struct assay_change_point *ret, double *work)
{
    assert(rule && count <= ASSAY_CHANGE_DIVISIVE_MAX && rule->size_min >= ASSAY_CHANGE_EDGE);
    struct task task = {.values = values, .rule = rule, .shuffled = work, .sums = work + count};
    size_t points_count = 0;
    assay_rng_seed(&task.rng, rule->seed, "divisive");
    cluster_add(&task, 0, count);
    for (;;) {
        size_t strongest = strongest_of(&task);
        struct cluster cluster = task.clusters[strongest];
        if (cluster.best.at == 0) {
            return points_count;
        }
        double p = p_of(&task, cluster.best.q);
        if (p > rule->alpha) {
            return points_count;
        }
        size_t at = cluster.from + cluster.best.at;
        point_put(ret, points_count++, (struct assay_change_point){.at = at, .statistic = cluster.best.q, .p = p});
        task.clusters[strongest] = task.clusters[--task.clusters_count];
        cluster_add(&task, cluster.from, at);
        cluster_add(&task, at, cluster.to);
    }
}
