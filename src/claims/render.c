/* A bound number as its text writes it: same unit, digits, separators and sign style; correct rounding, half to even on
 * the exact decimal. */
#include "claims/binding.h"
#include "claims/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide; /* 64-bit digits times the factors of two units */

#define WIDE_SAFE ((wide)1 << 120) /* products stay below 2^127 */

struct style {
    uint32_t whole_from, whole_to; /* of the printed number, in its text */
    uint32_t decimals;
    char separator[4];
    uint32_t separator_len;
    bool is_grouped;
};

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

/* How the number is printed. False: an exponent, which is not re-rendered. */
static bool read_style(struct assay_slice text, bool has_decimal_comma, struct style *ret)
{
    *ret = (struct style){0};
    uint32_t i = 0;
    while (i < text.len && !is_digit(text.data[i])) {
        i++;
    }
    ret->whole_from = i;
    char point = has_decimal_comma ? ',' : '.';
    while (i < text.len) {
        if (is_digit(text.data[i])) {
            i++;
            continue;
        }
        uint32_t gap = 0;
        while (i + gap < text.len && gap < 4 && !is_digit(text.data[i + gap])) {
            gap++;
        }
        bool is_group = text.data[i] != point && gap <= 3 && i + gap + 2 < text.len && is_digit(text.data[i + gap]);
        if (!is_group) {
            break;
        }
        memcpy(ret->separator, text.data + i, gap);
        ret->separator_len = gap;
        ret->is_grouped = true;
        i += gap;
    }
    if (i + 1 < text.len && text.data[i] == point && is_digit(text.data[i + 1])) {
        for (i++; i < text.len && is_digit(text.data[i]); i++) {
            ret->decimals++;
        }
    }
    ret->whole_to = i;
    return i == text.len || (text.data[i] != 'e' && text.data[i] != 'E' && text.data[i] != '\xc3');
}

static bool times_ten(wide *x, int exponent)
{
    for (; exponent > 0; exponent--) {
        if (*x > WIDE_SAFE / 10) {
            return false;
        }
        *x *= 10;
    }
    return true;
}

static bool multiply(wide *x, double factor)
{
    wide whole = (wide)factor;
    if ((double)whole != factor || whole == 0 || *x > WIDE_SAFE / whole) {
        return false;
    }
    *x *= whole;
    return true;
}

/* "909.0909" -> digits and exponent. False: more digits than fit. */
static bool read_decimal(const char *text, uint64_t *ret_digits, int *ret_exp10, bool *ret_is_negative)
{
    uint64_t digits = 0;
    int exp10 = 0;
    bool has_point = false;
    *ret_is_negative = *text == '-';
    for (text += *ret_is_negative; is_digit(*text) || *text == '.'; text++) {
        if (*text == '.') {
            has_point = true;
        } else if (digits > UINT64_MAX / 10 - 1) {
            return false;
        } else {
            digits = digits * 10 + (uint64_t)(*text - '0');
            exp10 -= has_point;
        }
    }
    if (*text == 'e') {
        exp10 += (int)strtol(text + 1, NULL, 10);
    }
    *ret_digits = digits;
    *ret_exp10 = exp10;
    return true;
}

struct fraction { /* of two units: exact integers */
    double num, den;
};

/* In steps of 10^exp10 of the printed unit, rounded half to even. */
static bool round_to(uint64_t digits, int exp10, struct fraction unit, int step, uint64_t *ret)
{
    wide up = digits, down = 1;
    int shift = exp10 - step;
    if (!multiply(&up, unit.num) || !multiply(&down, unit.den) ||
        !(shift > 0 ? times_ten(&up, shift) : times_ten(&down, -shift))) {
        return false;
    }
    wide quotient = up / down, rest = up % down;
    bool is_up = rest * 2 > down || (rest * 2 == down && quotient % 2 == 1);
    quotient += is_up;
    if (quotient > UINT64_MAX) {
        return false;
    }
    *ret = (uint64_t)quotient;
    return true;
}

static void write_number(struct assay_buf *out, uint64_t value, const struct style *style)
{
    char digits[32];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || count <= style->decimals);
    while (count > 0) {
        count--;
        assay_buf_char(out, digits[count]);
        if (count == style->decimals && count > 0) {
            assay_buf_char(out, '.');
        } else if (style->is_grouped && count > style->decimals && (count - style->decimals) % 3 == 0) {
            assay_buf_append(out, style->separator, style->separator_len);
        }
    }
}

/* The exact factor from a unit to another, as a fraction of integers. */
static struct fraction factor_of(uint16_t from_unit, double from_scale, const struct quantity *q)
{
    double num = from_unit ? claims_units[from_unit].num : 1, den = from_unit ? claims_units[from_unit].den : 1;
    const struct unit *to = &claims_units[q->unit];
    (void)from_scale;
    bool is_plain = q->unit == UNIT_NONE || fabs(to->num / to->den - q->scale) <= 1e-12 * q->scale;
    if (!is_plain) { /* "per minute" and the like: by binary64, both are small integers */
        double ratio = 1 / q->scale;
        return ratio >= 1 ? (struct fraction){num * round(ratio), den} : (struct fraction){num, den * round(1 / ratio)};
    }
    return q->unit == UNIT_NONE ? (struct fraction){num, den} : (struct fraction){num * to->den, den * to->num};
}

bool binding_render(const struct check *c, const struct quantity *q, const char *decimal, uint16_t from_unit,
                    double from_scale, struct assay_buf *out, bool *ret_is_equal)
{
    struct assay_slice text = model_source(&c->m, q->file, q->num_from, q->num_to);
    struct style style;
    uint64_t digits = 0, value = 0;
    int exp10 = 0;
    bool is_negative = false;
    if (q->form != FORM_PLAIN || q->is_word || !read_style(text, c->m.request->options.has_decimal_comma, &style) ||
        !read_decimal(decimal, &digits, &exp10, &is_negative)) {
        return false;
    }
    if (!round_to(digits, exp10, factor_of(from_unit, from_scale, q), q->num.exp10, &value)) {
        return false;
    }
    bool is_sized = !q->num.has_sign; /* words say the direction */
    *ret_is_equal = value == q->num.digits && (is_sized || value == 0 || is_negative == q->num.is_negative);
    if (is_sized || is_negative == q->num.is_negative || value == 0) {
        assay_buf_append(out, text.data, style.whole_from);
    } else {
        assay_buf_text(out, is_negative ? (text.data[0] == '+' ? "-" : "\xe2\x88\x92") : "+");
    }
    write_number(out, value, &style);
    assay_buf_append(out, text.data + style.whole_to, text.len - style.whole_to);
    return true;
}
