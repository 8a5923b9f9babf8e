#include "stat/parity.h"

#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* fmax and fmin are calls into libm, and this room makes none that it need not. */
static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* ---- formats ---------------------------------------------------------------------------------------------------- */

/* A binary format of sign, exponent and fraction; integers have none of them. */
static const struct layout {
    size_t bytes;
    int exponent_bits, fraction_bits;
    double unit;
    double low, high; /* integers */
} LAYOUTS[] = {
    [ASSAY_STAT_F32] = {4, 8, 23, 0x1p-24, 0, 0},
    [ASSAY_STAT_F16] = {2, 5, 10, 0x1p-11, 0, 0},
    [ASSAY_STAT_BF16] = {2, 8, 7, 0x1p-8, 0, 0},
    [ASSAY_STAT_F64] = {8, 11, 52, 0x1p-53, 0, 0},
    [ASSAY_STAT_I32] = {4, 0, 0, 0, -0x1p31, 0x1p31 - 1},
    [ASSAY_STAT_I8] = {1, 0, 0, 0, -128, 127},
    [ASSAY_STAT_U8] = {1, 0, 0, 0, 0, 255},
    [ASSAY_STAT_U64] = {8, 0, 0, 0, 0, 0x1p64 - 2048},
};

size_t assay_stat_format_bytes(enum assay_stat_format format)
{
    return LAYOUTS[format].bytes;
}

double assay_stat_format_unit(enum assay_stat_format format)
{
    return LAYOUTS[format].unit;
}

static uint64_t bits_at(enum assay_stat_format format, const void *values, size_t index)
{
    size_t bytes = LAYOUTS[format].bytes;
    const unsigned char *at = (const unsigned char *)values + index * bytes;
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++) { /* little endian, as it lies in memory on every machine we build for */
        bits |= (uint64_t)at[i] << (8 * i);
    }
    return bits;
}

static double float_of(const struct layout *layout, uint64_t bits)
{
    int fraction_bits = layout->fraction_bits, bias = (1 << (layout->exponent_bits - 1)) - 1;
    uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
    int exponent = (int)(bits >> fraction_bits & ((UINT64_C(1) << layout->exponent_bits) - 1));
    bool is_negative = (bits >> (fraction_bits + layout->exponent_bits) & 1) != 0;
    double size;
    if (exponent == (1 << layout->exponent_bits) - 1) {
        size = fraction ? (double)NAN : (double)INFINITY;
    } else if (exponent == 0) {
        size = ldexp((double)fraction, 1 - bias - fraction_bits);
    } else {
        size = ldexp((double)(fraction | UINT64_C(1) << fraction_bits), exponent - bias - fraction_bits);
    }
    return is_negative ? -size : size;
}

double assay_stat_value_at(enum assay_stat_format format, const void *values, size_t index)
{
    uint64_t bits = bits_at(format, values, index);
    switch (format) {
    case ASSAY_STAT_I32:
        return (double)(int32_t)(uint32_t)bits;
    case ASSAY_STAT_I8:
        return (double)(int8_t)(uint8_t)bits;
    case ASSAY_STAT_U8:
    case ASSAY_STAT_U64:
        return (double)bits;
    case ASSAY_STAT_F32:
    case ASSAY_STAT_F16:
    case ASSAY_STAT_BF16:
    case ASSAY_STAT_F64:
        break;
    }
    return float_of(&LAYOUTS[format], bits);
}

/* x / quantum to the nearest integer, ties to even; x >= 0. The quotient of a power of two is exact. */
static uint64_t round_even(double x)
{
    double below = floor(x), rest = x - below;
    uint64_t whole = (uint64_t)below;
    return whole + (rest > 0.5 || (rest == 0.5 && (whole & 1)) ? 1 : 0);
}

static uint64_t float_bits(const struct layout *layout, double x)
{
    int fraction_bits = layout->fraction_bits, bias = (1 << (layout->exponent_bits - 1)) - 1;
    uint64_t sign = signbit(x) ? UINT64_C(1) << (fraction_bits + layout->exponent_bits) : 0;
    uint64_t infinity = ((UINT64_C(1) << layout->exponent_bits) - 1) << fraction_bits;
    double size = fabs(x);
    int exponent;
    if (isinf(x)) {
        return sign | infinity;
    }
    (void)frexp(size, &exponent); /* size = 0.1... * 2^exponent */
    int low = 1 - bias;
    int place =
        size > 0 && exponent - 1 > low ? exponent - 1 : low; /* of the leading bit; subnormals share the lowest */
    uint64_t significand = round_even(ldexp(size, fraction_bits - place));
    /* A carry out of the fraction moves into the exponent by itself; one out of the last exponent gives infinity. */
    uint64_t bits = significand + ((uint64_t)(place - low) << fraction_bits);
    return sign | (bits > infinity ? infinity : bits);
}

uint64_t assay_stat_bits_nearest(enum assay_stat_format format, double x)
{
    const struct layout *layout = &LAYOUTS[format];
    if (layout->exponent_bits > 0) {
        return isnan(x) ? (UINT64_C(1) << (layout->exponent_bits + layout->fraction_bits)) - 1 : float_bits(layout, x);
    }
    double clamped = isnan(x) ? 0 : smaller(larger(x, layout->low), layout->high);
    uint64_t size = round_even(fabs(clamped)), mask = UINT64_MAX >> (64 - 8 * layout->bytes);
    return (clamped < 0 ? ~size + 1 : size) & mask;
}

/* Bits as an integer that grows with the value; the two zeros meet. */
static int64_t ordered(enum assay_stat_format format, uint64_t bits)
{
    const struct layout *layout = &LAYOUTS[format];
    unsigned width = (unsigned)(8 * layout->bytes);
    if (format == ASSAY_STAT_I32 || format == ASSAY_STAT_I8) {
        return width == 32 ? (int64_t)(int32_t)(uint32_t)bits : (int64_t)(int8_t)(uint8_t)bits;
    }
    if (layout->exponent_bits == 0) {
        return (int64_t)bits; /* u8; u64 differences wrap alike */
    }
    uint64_t sign = UINT64_C(1) << (width - 1);
    return bits & sign ? -(int64_t)(bits & ~sign) : (int64_t)bits;
}

uint64_t assay_stat_ulps_between(enum assay_stat_format format, uint64_t a, uint64_t b)
{
    if (format == ASSAY_STAT_U64) {
        return a > b ? a - b : b - a;
    }
    int64_t x = ordered(format, a), y = ordered(format, b);
    return x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
}

/* ---- bounds ----------------------------------------------------------------------------------------------------- */

double assay_stat_dot_bound_hard(uint64_t terms, double unit, double magnitude, double rounding)
{
    double ku = (double)terms * unit;
    return ku < 1 ? ku / (1 - ku) * magnitude + rounding : (double)INFINITY;
}

double assay_stat_dot_bound_tight(uint64_t terms, double factor, double unit, double magnitude, double rounding)
{
    double steps = smaller((double)terms, factor * sqrt((double)terms));
    return steps * unit * magnitude + rounding;
}

bool assay_stat_is_difference(enum assay_stat_format format, double claimed, double least)
{
    const struct layout *layout = &LAYOUTS[format];
    assert(layout->exponent_bits > 0);
    if (!(claimed >= 0) || isinf(claimed) || !(least > 0)) {
        return false;
    }
    int exponent, bias = (1 << (layout->exponent_bits - 1)) - 1;
    (void)frexp(least, &exponent);
    int place = exponent - 1 > 1 - bias ? exponent - 1 : 1 - bias;
    double steps = ldexp(claimed, layout->fraction_bits - place);
    return steps == floor(steps);
}

double assay_stat_slack(double limit, double observed)
{
    return observed > 0 ? limit / observed : (double)INFINITY;
}

/* ---- parity ----------------------------------------------------------------------------------------------------- */

struct gather {
    double *absolute, *relative, *ulp; /* of the pairs compared */
    double xx, rr, xr;                 /* sums of products, compensated by what was lost */
    double xx_lost, rr_lost, xr_lost;
    size_t equal;
};

/* Neumaier, 1974. */
static void add(double *sum, double *lost, double x)
{
    double next = *sum + x;
    *lost += fabs(*sum) >= fabs(x) ? (*sum - next) + x : (x - next) + *sum;
    *sum = next;
}

static bool is_placed_alike(double x, double r)
{
    if (isnan(x) || isnan(r)) {
        return isnan(x) && isnan(r);
    }
    return x == r; /* one of them is infinite: the same infinity */
}

static double floor_of(const struct assay_stat_parity_input *input)
{
    if (input->floor > 0) {
        return input->floor;
    }
    double largest = 0;
    for (size_t i = 0; i < input->count; i++) {
        double size = fabs(input->reference[i]);
        largest = isfinite(size) && size > largest ? size : largest;
    }
    double unit = LAYOUTS[input->format].unit;
    return larger(largest * (unit > 0 ? unit : 1), 0x1p-1022);
}

static void note_bounds(const struct assay_stat_parity_input *input, size_t i, double r, double error,
                        struct assay_stat_parity *parity)
{
    double output_unit = LAYOUTS[input->format].unit, unit = input->unit > 0 ? input->unit : output_unit;
    double factor = input->dot_factor > 0 ? input->dot_factor : ASSAY_STAT_DOT_BOUND_FACTOR;
    double rounding = output_unit * fabs(r), magnitude = input->magnitudes[i];
    double tight = assay_stat_dot_bound_tight(input->terms, factor, unit, magnitude, rounding);
    parity->beyond_hard += error > assay_stat_dot_bound_hard(input->terms, unit, magnitude, rounding);
    parity->beyond_tight += error > tight;
    double used = error == 0 ? 0 : tight > 0 ? error / tight : (double)INFINITY;
    parity->tight_used = larger(parity->tight_used, used);
}

static void note_least(struct assay_stat_parity *parity, double x)
{
    double size = fabs(x);
    if (size > 0 && (parity->least == 0 || size < parity->least)) {
        parity->least = size;
    }
}

static void compare_pair(const struct assay_stat_parity_input *input, size_t i, double floor, struct gather *gather,
                         struct assay_stat_parity *parity)
{
    double x = assay_stat_value_at(input->format, input->values, i), r = input->reference[i];
    uint64_t rounded = assay_stat_bits_nearest(input->format, r);
    if (!isfinite(x) || !isfinite(assay_stat_value_at(input->format, &rounded, 0))) {
        double nearest = isnan(r) ? r : assay_stat_value_at(input->format, &rounded, 0);
        if (!is_placed_alike(x, nearest)) {
            parity->first_wrong = parity->places_wrong++ == 0 ? i : parity->first_wrong;
        }
        return;
    }
    size_t at = parity->compared++;
    double error = fabs(x - r);
    uint64_t ulps = assay_stat_ulps_between(input->format, bits_at(input->format, input->values, i), rounded);
    parity->worst = parity->worst == input->count || error > parity->absolute.max ? i : parity->worst;
    parity->absolute.max = larger(parity->absolute.max, error); /* until the quantiles are drawn: the running maximum */
    gather->absolute[at] = error;
    gather->relative[at] = error / larger(fabs(r), floor);
    gather->ulp[at] = (double)ulps;
    gather->equal += ulps == 0;
    add(&gather->xx, &gather->xx_lost, x * x);
    add(&gather->rr, &gather->rr_lost, r * r);
    add(&gather->xr, &gather->xr_lost, x * r);
    note_least(parity, x);
    note_least(parity, assay_stat_value_at(input->format, &rounded, 0));
    if (input->magnitudes) {
        note_bounds(input, i, r, error, parity);
    }
}

/* Sorts in place; heap sort, since there is no room for a second copy here and order among equals does not matter. */
static void sink(double *values, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        child += child + 1 < count && values[child + 1] > values[child];
        if (values[root] >= values[child]) {
            return;
        }
        double moved = values[root];
        values[root] = values[child];
        values[child] = moved;
        root = child;
    }
}

static struct assay_stat_errors errors_of(double *values, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        sink(values, i, count);
    }
    for (size_t end = count; end-- > 1;) {
        double largest = values[0];
        values[0] = values[end];
        values[end] = largest;
        sink(values, 0, end);
    }
    struct assay_stat_errors errors = {0};
    if (count > 0) {
        errors.p50 = values[assay_stat_quantile_rank(count, 500) - 1];
        errors.p90 = values[assay_stat_quantile_rank(count, 900) - 1];
        errors.p99 = values[assay_stat_quantile_rank(count, 990) - 1];
        errors.p999 = values[assay_stat_quantile_rank(count, 999) - 1];
        errors.max = values[count - 1];
    }
    return errors;
}

static double rms_of(const double *errors, size_t count)
{
    double sum = 0, lost = 0;
    for (size_t i = 0; i < count; i++) {
        add(&sum, &lost, errors[i] * errors[i]);
    }
    return count > 0 ? sqrt((sum + lost) / (double)count) : 0;
}

static double cosine_of(const struct gather *gather)
{
    double xx = gather->xx + gather->xx_lost, rr = gather->rr + gather->rr_lost, xr = gather->xr + gather->xr_lost;
    if (xx == 0 || rr == 0) {
        return xx == rr ? 1 : 0; /* both zero vectors: the same direction; one: none */
    }
    return larger(-1, smaller(1, xr / sqrt(xx) / sqrt(rr)));
}

struct assay_stat_parity assay_stat_parity_of(const struct assay_stat_parity_input *input, double *work)
{
    assert(input && (input->count == 0 || (input->values && input->reference && work)));
    size_t count = input->count;
    struct assay_stat_parity parity = {.count = count, .first_wrong = count, .worst = count};
    struct gather gather = {.absolute = work, .relative = work + count, .ulp = work + 2 * count};
    double floor = floor_of(input);
    for (size_t i = 0; i < count; i++) {
        compare_pair(input, i, floor, &gather, &parity);
    }
    parity.rms = rms_of(gather.absolute, parity.compared);
    parity.cosine = cosine_of(&gather);
    parity.equal_share = parity.compared > 0 ? (double)gather.equal / (double)parity.compared : 1;
    parity.absolute = errors_of(gather.absolute, parity.compared);
    parity.relative = errors_of(gather.relative, parity.compared);
    parity.ulp = errors_of(gather.ulp, parity.compared);
    return parity;
}
