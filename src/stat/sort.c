#include "stat/stat.h"

#include <string.h>

/*
 * Least significant digit radix sort on the bits of binary64: with the sign bit flipped (positive) or all bits flipped
 * (negative) they order as unsigned integers. Digits in which all keys agree, as the high ones of times do, are
 * skipped.
 */
#define DIGIT_BITS 11
#define DIGITS 6
#define BUCKETS (1u << DIGIT_BITS)
#define INSERTION_MAX 64 /* below it counting costs more than it saves */

static uint64_t key_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (UINT64_C(1) << 63);
}

static void insertion_sort(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        double value = values[i];
        uint64_t key = key_of(value);
        size_t j = i;
        for (; j > 0 && key_of(values[j - 1]) > key; j--) {
            values[j] = values[j - 1];
        }
        values[j] = value;
    }
}

static void count_digits(const double *values, size_t count, size_t counts[DIGITS][BUCKETS])
{
    for (size_t i = 0; i < count; i++) {
        uint64_t key = key_of(values[i]);
        for (unsigned d = 0; d < DIGITS; d++) {
            counts[d][(key >> (d * DIGIT_BITS)) & (BUCKETS - 1)]++;
        }
    }
}

static void scatter(const double *from, double *to, size_t count, unsigned digit, size_t *starts)
{
    for (size_t i = 0; i < count; i++) {
        to[starts[(key_of(from[i]) >> (digit * DIGIT_BITS)) & (BUCKETS - 1)]++] = from[i];
    }
}

void assay_stat_sort(double *values, double *scratch, size_t count)
{
    if (count <= INSERTION_MAX) {
        insertion_sort(values, count);
        return;
    }
    size_t counts[DIGITS][BUCKETS] = {0}; /* 96 KiB of stack */
    count_digits(values, count, counts);
    double *from = values, *to = scratch;
    for (unsigned d = 0; d < DIGITS; d++) {
        if (counts[d][(key_of(from[0]) >> (d * DIGIT_BITS)) & (BUCKETS - 1)] == count) {
            continue;
        }
        size_t start = 0;
        for (size_t b = 0; b < BUCKETS; b++) {
            size_t n = counts[d][b];
            counts[d][b] = start;
            start += n;
        }
        scatter(from, to, count, d, counts[d]);
        double *swapped = from;
        from = to;
        to = swapped;
    }
    if (from != values) {
        memcpy(values, from, count * sizeof *values);
    }
}
