#include "base/num.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_MAX 1100 /* the longest exact decimal of a binary64 has 1,077 characters (-2^-1074) */
#define SHOWN_MAX 64         /* of a wrong value, in a message */

int assay_order_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int assay_order_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

bool assay_mul_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}

bool assay_add_u64(uint64_t a, uint64_t b, uint64_t *ret)
{
    return !__builtin_add_overflow(a, b, ret);
}

/* "WHAT is 'VALUE', not RIGHT". The value came from outside and is shown safely. */
static assay_code fail_value(assay_err *err, struct assay_slice text, const char *what, const char *right)
{
    struct assay_buf shown;
    assay_buf_init(&shown, 16 * SHOWN_MAX);
    assay_text_show(&shown, text.data, text.len, SHOWN_MAX);
    assay_code rc = assay_fail(err, ASSAY_MALFORMED, "%s is '%s', not %s", what, shown.data ? shown.data : "", right);
    assay_buf_done(&shown);
    return rc;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_len(struct assay_slice text)
{
    size_t n = 0;
    while (n < text.len && is_digit(text.data[n])) {
        n++;
    }
    return n;
}

static struct assay_slice skip(struct assay_slice text, size_t n)
{
    return (struct assay_slice){text.data + n, text.len - n};
}

/* False on overflow. All of text is digits. */
static bool read_digits(struct assay_slice text, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!assay_mul_u64(value, 10, &value) || !assay_add_u64(value, (uint64_t)(text.data[i] - '0'), &value)) {
            return false;
        }
    }
    *ret = value;
    return true;
}

assay_code assay_num_u64(struct assay_slice text, const char *what, uint64_t max, uint64_t *ret, assay_err *err)
{
    uint64_t value = 0;
    if (text.len == 0 || digits_len(text) != text.len) {
        return fail_value(err, text, what, "a whole number");
    }
    if (!read_digits(text, &value) || value > max) {
        assay_code rc = fail_value(err, text, what, "in range");
        assay_wrap(err, "at most %llu is allowed", (unsigned long long)max);
        return rc;
    }
    *ret = value;
    return ASSAY_OK;
}

/* -?digits[.digits][(e|E)[+-]digits], the whole text. */
static bool is_decimal(struct assay_slice text)
{
    if (text.len > 0 && text.data[0] == '-') {
        text = skip(text, 1);
    }
    size_t n = digits_len(text);
    if (n == 0) {
        return false;
    }
    text = skip(text, n);
    if (text.len > 0 && text.data[0] == '.') {
        text = skip(text, 1);
        n = digits_len(text);
        if (n == 0) {
            return false;
        }
        text = skip(text, n);
    }
    if (text.len > 0 && (text.data[0] == 'e' || text.data[0] == 'E')) {
        text = skip(text, 1);
        if (text.len > 0 && (text.data[0] == '+' || text.data[0] == '-')) {
            text = skip(text, 1);
        }
        n = digits_len(text);
        if (n == 0) {
            return false;
        }
        text = skip(text, n);
    }
    return text.len == 0;
}

double assay_num_strtod_c(const char *text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", NULL); /* glibc hands out a static object: no allocation, no failure */
    assert(c);
    double value = strtod_l(text, NULL, c);
    freelocale(c);
    return value;
}

static assay_code read_double(struct assay_slice text, const char *suffix, struct assay_slice shown, const char *what,
                              const char *right, double *ret, assay_err *err)
{
    size_t suffix_len = strlen(suffix);
    char copy[NUMBER_TEXT_MAX + 1];
    if (!is_decimal(text) || text.len + suffix_len > NUMBER_TEXT_MAX) {
        return fail_value(err, shown, what, right);
    }
    memcpy(copy, text.data, text.len);
    memcpy(copy + text.len, suffix, suffix_len + 1);
    double value = assay_num_strtod_c(copy);
    if (!isfinite(value)) {
        return fail_value(err, shown, what, right);
    }
    *ret = value;
    return ASSAY_OK;
}

assay_code assay_num_double(struct assay_slice text, const char *what, double *ret, assay_err *err)
{
    return read_double(text, "", text, what, "a finite decimal number such as 1.5", ret, err);
}

assay_code assay_num_share(struct assay_slice text, const char *what, double *ret, assay_err *err)
{
    static const char RIGHT[] = "a share such as 2% or 0.02";
    if (text.len > 0 && text.data[text.len - 1] == '%') {
        struct assay_slice number = {text.data, text.len - 1};
        if (memchr(number.data, 'e', number.len) || memchr(number.data, 'E', number.len)) {
            return fail_value(err, text, what, RIGHT);
        }
        return read_double(number, "e-2", text, what, RIGHT, ret, err); /* rounded once, unlike a division by 100 */
    }
    return read_double(text, "", text, what, RIGHT, ret, err);
}

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit *unit_find(const struct unit *units, struct assay_slice name)
{
    for (size_t i = 0; units[i].name; i++) {
        if (assay_slice_is(name, units[i].name)) {
            return &units[i];
        }
    }
    return NULL;
}

struct quantity {
    struct assay_slice whole, fraction, unit;
};

/* Takes "1.5s" off the front of *rest. False if there is no number. */
static bool quantity_take(struct assay_slice *rest, struct quantity *ret)
{
    struct assay_slice text = *rest;
    size_t n = digits_len(text);
    ret->whole = (struct assay_slice){text.data, n};
    ret->fraction = (struct assay_slice){text.data, 0};
    if (n == 0) {
        return false;
    }
    text = skip(text, n);
    if (text.len > 0 && text.data[0] == '.') {
        text = skip(text, 1);
        n = digits_len(text);
        ret->fraction = (struct assay_slice){text.data, n};
        if (n == 0) {
            return false;
        }
        text = skip(text, n);
    }
    n = 0;
    while (n < text.len && !is_digit(text.data[n]) && text.data[n] != '.') {
        n++;
    }
    ret->unit = (struct assay_slice){text.data, n};
    *rest = skip(text, n);
    return true;
}

/* floor((whole + fraction) * factor), and whether that was exact. False on overflow. */
static bool quantity_scale(const struct quantity *quantity, uint64_t factor, uint64_t *ret, bool *ret_exact)
{
    uint64_t value, below = 0;
    bool is_exact = true;
    /* Horner from the last digit: floor of floor is the floor of the whole, and nothing exceeds 10 * factor. */
    for (size_t i = quantity->fraction.len; i-- > 0;) {
        uint64_t scaled = below + (uint64_t)(quantity->fraction.data[i] - '0') * factor;
        is_exact = is_exact && scaled % 10 == 0;
        below = scaled / 10;
    }
    *ret_exact = is_exact;
    return read_digits(quantity->whole, &value) && assay_mul_u64(value, factor, &value) &&
           assay_add_u64(value, below, ret);
}

#define DAY_NS (UINT64_C(86400) * 1000000000)

static const struct unit TIME_UNITS[] = {
    {"d", DAY_NS}, {"h", DAY_NS / 24}, {"m", DAY_NS / 1440}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000},
    {"ns", 1},     {NULL, 0},
};

assay_code assay_num_duration(struct assay_slice text, const char *what, uint64_t *ret_ns, assay_err *err)
{
    static const char RIGHT[] = "a duration such as 250ms, 1.5s, 2m30s or 90 (seconds; units ns us ms s m h d)";
    struct assay_slice rest = text;
    uint64_t total = 0, factor_before = UINT64_MAX;
    do {
        struct quantity part;
        if (!quantity_take(&rest, &part)) {
            return fail_value(err, text, what, RIGHT);
        }
        bool is_plain_seconds = part.unit.len == 0 && rest.len == 0 && factor_before == UINT64_MAX;
        const struct unit *unit = unit_find(TIME_UNITS, is_plain_seconds ? ASSAY_SLICE("s") : part.unit);
        if (!unit || unit->factor >= factor_before) { /* parts go from large to small: "30s2m" is a slip */
            return fail_value(err, text, what, RIGHT);
        }
        factor_before = unit->factor;
        uint64_t ns;
        bool is_exact;
        if (!quantity_scale(&part, unit->factor, &ns, &is_exact) || !assay_add_u64(total, ns, &total) ||
            total > INT64_MAX) {
            return fail_value(err, text, what, "a duration below 292 years");
        }
        if (!is_exact) {
            return fail_value(err, text, what, "a whole number of nanoseconds");
        }
    } while (rest.len > 0);
    *ret_ns = total;
    return ASSAY_OK;
}

static const struct unit BYTE_UNITS[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", UINT64_C(1000000000000)},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

assay_code assay_num_bytes(struct assay_slice text, const char *what, uint64_t *ret_bytes, assay_err *err)
{
    struct assay_slice rest = text;
    struct quantity quantity;
    if (!quantity_take(&rest, &quantity) || rest.len > 0) {
        return fail_value(err, text, what, "a size such as 512, 64KiB or 2GB");
    }
    const struct unit *unit = unit_find(BYTE_UNITS, quantity.unit);
    if (!unit) {
        return fail_value(err, text, what, "a size with a unit of B kB MB GB TB KiB MiB GiB TiB");
    }
    uint64_t bytes;
    bool is_exact; /* a part of a byte is dropped: 0.1GiB is a size that people mean */
    if (!quantity_scale(&quantity, unit->factor, &bytes, &is_exact)) {
        return fail_value(err, text, what, "a size below 2^64 bytes");
    }
    *ret_bytes = bytes;
    return ASSAY_OK;
}
