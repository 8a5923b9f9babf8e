#include "stat/multiple.h"

/* Indices by ascending p, then by index. Insertion: a family has at most a few hundred members. */
static void order_by_p(const double *p, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        while (at > 0 && p[order[at - 1]] > p[i]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

static size_t count_up_to(const double *adjusted, size_t count, double limit)
{
    size_t rejected = 0;
    for (size_t i = 0; i < count; i++) {
        rejected += adjusted[i] <= limit;
    }
    return rejected;
}

size_t assay_stat_multiple_fdr(const double *p, size_t count, double q, double *ret_adjusted, size_t *order)
{
    order_by_p(p, count, order);
    double least = 1.0;
    for (size_t rank = count; rank >= 1; rank--) { /* min over j >= i of m p(j) / j */
        double scaled = p[order[rank - 1]] * (double)count / (double)rank;
        least = scaled < least ? scaled : least;
        ret_adjusted[order[rank - 1]] = least;
    }
    return count_up_to(ret_adjusted, count, q);
}

size_t assay_stat_multiple_holm(const double *p, size_t count, double alpha, double *ret_adjusted, size_t *order)
{
    order_by_p(p, count, order);
    double most = 0.0;
    for (size_t rank = 0; rank < count; rank++) { /* max over j <= i of (m - j + 1) p(j), at most 1 */
        double scaled = p[order[rank]] * (double)(count - rank);
        scaled = scaled < 1.0 ? scaled : 1.0;
        most = scaled > most ? scaled : most;
        ret_adjusted[order[rank]] = most;
    }
    return count_up_to(ret_adjusted, count, alpha);
}
