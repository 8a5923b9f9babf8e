#include "base/num.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The shortest decimal of a binary64. The value is sought as digits d1 d2 .. dk and an exponent n, meaning
 * 0.d1d2..dk * 10^n (the k, n and s of ECMA-262, Number::toString).
 *
 * With 15 digits every decimal survives the way to a normal binary64 and back (DBL_DIG), so if 15 digits read back as
 * x, those digits without their trailing zeros are the shortest. Otherwise 16 digits are tried, then 17, which always
 * read back. Subnormals have fewer digits: there all lengths are tried.
 */
#define DIGITS_MAX 17

struct decimal {
    char digits[DIGITS_MAX + 1];
    int count;    /* k */
    int exponent; /* n */
};

/* x > 0 rounded to count digits. The decimal point of the locale, whatever it is, is stepped over. */
static struct decimal round_to(double x, int count)
{
    char text[48];
    int len = snprintf(text, sizeof text, "%.*e", count - 1, x);
    assert(len > 0 && (size_t)len < sizeof text);
    struct decimal decimal = {.count = 0};
    const char *at = text;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') {
            decimal.digits[decimal.count++] = *at;
        }
    }
    assert(decimal.count == count);
    decimal.exponent = (int)strtol(at + 1, NULL, 10) + 1;
    return decimal;
}

static bool reads_back(const struct decimal *decimal, double x)
{
    char text[48];
    int len =
        snprintf(text, sizeof text, "%.*se%d", decimal->count, decimal->digits, decimal->exponent - decimal->count);
    assert(len > 0 && (size_t)len < sizeof text);
    return assay_num_strtod_c(text) == x;
}

/* The next larger decimal of the same number of digits. */
static struct decimal step_up(struct decimal decimal)
{
    int i = decimal.count - 1;
    while (i >= 0 && decimal.digits[i] == '9') {
        decimal.digits[i--] = '0';
    }
    if (i >= 0) {
        decimal.digits[i]++;
    } else {
        decimal.digits[0] = '1';
        decimal.exponent++;
    }
    return decimal;
}

static void strip_zeros(struct decimal *decimal)
{
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0') {
        decimal->count--;
    }
}

static struct decimal shortest(double x)
{
    int count = x < 0x1p-1022 ? 1 : 15;
    for (; count < DIGITS_MAX; count++) {
        struct decimal decimal = round_to(x, count);
        if (reads_back(&decimal, x)) {
            strip_zeros(&decimal);
            return decimal;
        }
        /* Below a power of two the binary64s lie twice as close as above it: the nearest decimal may be below and read
         * back as the one before, while the next one above, though farther away, reads back as x. */
        decimal = step_up(decimal);
        if (reads_back(&decimal, x)) {
            strip_zeros(&decimal);
            return decimal;
        }
    }
    struct decimal decimal = round_to(x, DIGITS_MAX);
    strip_zeros(&decimal);
    return decimal;
}

static char *put(char *at, const char *bytes, int count)
{
    memcpy(at, bytes, (size_t)count);
    return at + count;
}

static char *put_zeros(char *at, int count)
{
    memset(at, '0', (size_t)count);
    return at + count;
}

/* ECMA-262, Number::toString, steps 6 to 12. */
static char *spell(char *at, const struct decimal *decimal)
{
    int k = decimal->count, n = decimal->exponent;
    if (k <= n && n <= 21) {
        at = put(at, decimal->digits, k);
        return put_zeros(at, n - k);
    }
    if (n > 0 && n <= 21) {
        at = put(at, decimal->digits, n);
        *at++ = '.';
        return put(at, decimal->digits + n, k - n);
    }
    if (n > -6 && n <= 0) {
        at = put(at, "0.", 2);
        at = put_zeros(at, -n);
        return put(at, decimal->digits, k);
    }
    at = put(at, decimal->digits, 1);
    if (k > 1) {
        *at++ = '.';
        at = put(at, decimal->digits + 1, k - 1);
    }
    int len = snprintf(at, 6, "e%+d", n - 1); /* "e-324" at most */
    assert(len > 0 && len < 6);
    return at + len;
}

size_t assay_num_print_shortest(double x, char text[ASSAY_NUM_TEXT_BYTES])
{
    assert(isfinite(x));
    if (fabs(x) < 0x1p53 && x == trunc(x)) { /* exact as an integer, so nothing shorter exists; also -0 */
        return (size_t)snprintf(text, ASSAY_NUM_TEXT_BYTES, "%lld", (long long)x);
    }
    char *at = text;
    if (x < 0) {
        *at++ = '-';
    }
    struct decimal decimal = shortest(fabs(x));
    at = spell(at, &decimal);
    *at = '\0';
    return (size_t)(at - text);
}

struct scale {
    const char *unit;
    double factor;
};

/* Three significant digits of x in the largest unit that leaves at least 1, counted after rounding: 999.6 us is
 * "1.00 ms". Whole numbers below 1000 of the smallest unit are printed without decimals. */
static size_t print_scaled(double x, const struct scale *scales, size_t count, char text[ASSAY_NUM_TEXT_BYTES])
{
    if (!isfinite(x)) {
        return (size_t)snprintf(text, ASSAY_NUM_TEXT_BYTES, "-");
    }
    double size = fabs(x);
    size_t i = 0;
    while (i + 1 < count && size / scales[i].factor >= scales[i + 1].factor / scales[i].factor - 0.5) {
        i++;
    }
    double value = size / scales[i].factor;
    const char *sign = x < 0 ? "-" : "";
    if (value >= 1e15) { /* no such time or size is real; keep the text short */
        return (size_t)snprintf(text, ASSAY_NUM_TEXT_BYTES, "%s>1e15 %s", sign, scales[i].unit);
    }
    bool is_whole = i == 0 && value == trunc(value);
    unsigned decimals = is_whole || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    static const unsigned long long POWERS[] = {1, 10, 100};
    /* By integers, so that no locale can change the decimal point. */
    unsigned long long scaled = (unsigned long long)llround(value * (double)POWERS[decimals]);
    if (decimals == 0) {
        return (size_t)snprintf(text, ASSAY_NUM_TEXT_BYTES, "%s%llu %s", sign, scaled, scales[i].unit);
    }
    return (size_t)snprintf(text, ASSAY_NUM_TEXT_BYTES, "%s%llu.%0*llu %s", sign, scaled / POWERS[decimals],
                            (int)decimals, scaled % POWERS[decimals], scales[i].unit);
}

size_t assay_num_print_ns(double ns, char text[ASSAY_NUM_TEXT_BYTES])
{
    static const struct scale SCALES[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    return print_scaled(ns, SCALES, sizeof SCALES / sizeof SCALES[0], text);
}

size_t assay_num_print_bytes(double bytes, char text[ASSAY_NUM_TEXT_BYTES])
{
    static const struct scale SCALES[] = {{"B", 1}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
    return print_scaled(bytes, SCALES, sizeof SCALES / sizeof SCALES[0], text);
}
