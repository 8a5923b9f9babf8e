#include "lm/parity.h"

#include "stat/stat.h"

#include <math.h>
#include <string.h>

/* The ids of the largest values, ties to the lowest id. */
static void find_top(const double *values, size_t count, int32_t top[ASSAY_PARITY_TOP])
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = found;
        while (at > 0 && values[i] > values[top[at - 1]]) {
            at--;
        }
        if (at < ASSAY_PARITY_TOP) {
            found += found < ASSAY_PARITY_TOP;
            for (size_t k = found - 1; k > at; k--) {
                top[k] = top[k - 1];
            }
            top[at] = (int32_t)i;
        }
    }
    for (; found < ASSAY_PARITY_TOP; found++) {
        top[found] = -1;
    }
}

/* log of the sum of e^(x - most) */
static double log_sum(const double *values, size_t count, double most)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += assay_stat_exp(values[i] - most);
    }
    return assay_stat_log(sum);
}

static double divergence(const double *ours, const double *reference, size_t count, double most, double reference_most)
{
    double ours_log = log_sum(ours, count, most), reference_log = log_sum(reference, count, reference_most), sum = 0;
    for (size_t i = 0; i < count; i++) {
        double log_p = reference[i] - reference_most - reference_log, log_q = ours[i] - most - ours_log;
        sum += assay_stat_exp(log_p) * (log_p - log_q);
    }
    return sum > 0 ? sum : 0; /* rounding may leave a little less than none */
}

static bool same_bits(double ours, double reference)
{
    float rounded = (float)reference, own = (float)ours;
    return memcmp(&rounded, &own, sizeof own) == 0;
}

struct assay_logits_parity assay_logits_parity_of(const double *logits, const double *reference, size_t count)
{
    struct assay_logits_parity parity = {.is_finite = true, .is_bit_equal = true};
    double ab = 0, aa = 0, bb = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        double distance = fabs(logits[i] - reference[i]);
        parity.is_finite = parity.is_finite && isfinite(reference[i]);
        parity.is_bit_equal = parity.is_bit_equal && same_bits(logits[i], reference[i]);
        parity.max_abs = distance > parity.max_abs ? distance : parity.max_abs;
        largest = fabs(reference[i]) > largest ? fabs(reference[i]) : largest;
        ab += logits[i] * reference[i];
        aa += logits[i] * logits[i];
        bb += reference[i] * reference[i];
    }
    if (!parity.is_finite) {
        return (struct assay_logits_parity){0};
    }
    int32_t top[ASSAY_PARITY_TOP], reference_top[ASSAY_PARITY_TOP];
    find_top(logits, count, top);
    find_top(reference, count, reference_top);
    for (size_t i = 0; i < ASSAY_PARITY_TOP; i++) {
        for (size_t k = 0; k < ASSAY_PARITY_TOP; k++) {
            parity.top_shared += top[i] >= 0 && top[i] == reference_top[k];
        }
    }
    parity.relative = largest > 0 ? parity.max_abs / largest : parity.max_abs > 0;
    parity.cosine = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : aa == bb;
    parity.top = top[0];
    parity.reference_top = reference_top[0];
    parity.gap = reference[reference_top[0]] - reference[top[0]];
    parity.kl = divergence(logits, reference, count, logits[top[0]], reference[reference_top[0]]);
    return parity;
}
