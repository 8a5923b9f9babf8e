/* Numbers as they are printed: digits, separators, exponent, magnitude. */
#include "claims/scan.h"

#include <math.h>
#include <string.h>

#define DIGITS_MAX 40       /* of one number; longer ones are identifiers */
#define DIGITS_EXACT_MAX 19 /* that fit uint64_t */

bool scan_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool scan_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Length of a wide blank (U+00A0, U+2009, U+202F) at p, else 0. */
static uint32_t wide_blank(const char *p, uint32_t left)
{
    if (left >= 2 && memcmp(p, "\xc2\xa0", 2) == 0) {
        return 2;
    }
    if (left >= 3 && (memcmp(p, "\xe2\x80\x89", 3) == 0 || memcmp(p, "\xe2\x80\xaf", 3) == 0)) {
        return 3;
    }
    return 0;
}

uint32_t scan_spaces(const struct scan *sc, uint32_t at)
{
    while (at < sc->n) {
        uint32_t wide = wide_blank(sc->s + at, sc->n - at);
        if (sc->s[at] == ' ' || sc->s[at] == '\t' || sc->s[at] == '\n') {
            at++;
        } else if (wide) {
            at += wide;
        } else {
            break;
        }
    }
    return at;
}

static void add_digit(struct decimal *num, char c, bool is_after_point)
{
    if (num->count < DIGITS_EXACT_MAX) {
        num->digits = num->digits * 10 + (uint64_t)(c - '0');
        num->exp10 = (int16_t)(num->exp10 - is_after_point);
    } else {
        num->exp10 = (int16_t)(num->exp10 + !is_after_point);
    }
    if (num->digits > 0 || is_after_point) {
        num->count = (uint8_t)(num->count < UINT8_MAX ? num->count + 1 : UINT8_MAX);
    }
}

static uint32_t digits_end(const struct scan *sc, uint32_t at)
{
    while (at < sc->n && scan_is_digit(sc->s[at])) {
        at++;
    }
    return at;
}

/* Length of a separator of thousands at `at` if exactly three digits follow it. */
static uint32_t separator_len(const struct scan *sc, uint32_t at, char *ret_mark)
{
    uint32_t len = 0;
    char c = sc->s[at];
    if (c == ',' || c == '_' || c == '\'' || c == ' ') {
        len = 1;
    } else {
        len = wide_blank(sc->s + at, sc->n - at);
        c = 'w';
    }
    if (len == 0 || (*ret_mark && *ret_mark != c) || digits_end(sc, at + len) != at + len + 3) {
        return 0;
    }
    *ret_mark = c;
    return len;
}

/* The whole part with its separators. Plain blanks only count if the caller finds a unit behind. */
static uint32_t read_whole(const struct scan *sc, uint32_t at, struct decimal *num, char *ret_mark)
{
    uint32_t end = digits_end(sc, at);
    uint32_t first = end - at;
    for (; at < end; at++) {
        add_digit(num, sc->s[at], false);
    }
    while (first <= 3 && at < sc->n) {
        uint32_t len = separator_len(sc, at, ret_mark);
        if (len == 0) {
            break;
        }
        for (uint32_t k = 0; k < 3; k++) {
            add_digit(num, sc->s[at + len + k], false);
        }
        at += len + 3;
    }
    return at;
}

static uint32_t read_exponent(const struct scan *sc, uint32_t at, struct decimal *num)
{
    uint32_t k = at;
    uint32_t times = sc->s[k] == '\xc3' && sc->n - k > 1 && sc->s[k + 1] == '\x97' ? 2u : 0u;
    bool is_power = false;
    if (sc->s[k] == 'e' || sc->s[k] == 'E') {
        k++;
    } else if (times || sc->s[k] == 'x') {
        k += times ? times : 1;
        if (sc->n - k < 4 || memcmp(sc->s + k, "10^", 3) != 0) {
            return at;
        }
        k += 3;
        is_power = true;
    } else {
        return at;
    }
    bool is_negative = sc->s[k] == '-';
    k += sc->s[k] == '-' || sc->s[k] == '+';
    uint32_t end = digits_end(sc, k);
    if (end == k || end - k > 3 || (!is_power && end < sc->n && scan_is_letter(sc->s[end]))) {
        return at;
    }
    int exponent = 0;
    for (; k < end; k++) {
        exponent = exponent * 10 + (sc->s[k] - '0');
    }
    num->exp10 = (int16_t)(num->exp10 + (is_negative ? -exponent : exponent));
    return end;
}

/* "12k", "2M", "7.5 million". One of the letters only if no letter follows. */
static uint32_t read_magnitude(const struct scan *sc, uint32_t at, struct decimal *num)
{
    static const struct {
        char letter;
        int16_t exp10;
    } LETTERS[] = {{'k', 3}, {'K', 3}, {'M', 6}, {'T', 12}};
    static const struct {
        const char *word;
        int16_t exp10;
    } WORDS[] = {{"thousand", 3}, {"million", 6}, {"billion", 9}, {"hundred", 2}, {"bn", 9}};
    bool ends = at + 1 >= sc->n || (!scan_is_letter(sc->s[at + 1]) && !scan_is_digit(sc->s[at + 1]));
    for (size_t i = 0; ends && i < sizeof LETTERS / sizeof LETTERS[0]; i++) {
        if (sc->s[at] == LETTERS[i].letter) {
            num->exp10 = (int16_t)(num->exp10 + LETTERS[i].exp10);
            return at + 1;
        }
    }
    uint32_t word = scan_spaces(sc, at);
    uint32_t end = scan_word_end(sc, word);
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (end - word == strlen(WORDS[i].word) && memcmp(sc->s + word, WORDS[i].word, end - word) == 0) {
            num->exp10 = (int16_t)(num->exp10 + WORDS[i].exp10);
            return end;
        }
    }
    return at;
}

/* A plain blank is a separator only before a unit. */
static bool has_measure_behind(const struct scan *sc, uint32_t at)
{
    struct measure measure;
    if (at >= sc->n) {
        const struct block *block = &sc->m->blocks.at[sc->block];
        return block->kind == BLOCK_CELL;
    }
    return scan_measure_read(sc, at, &measure);
}

bool scan_number_read(const struct scan *sc, uint32_t at, struct number *ret)
{
    *ret = (struct number){.from = at};
    char mark = 0;
    uint32_t first = digits_end(sc, at);
    uint32_t i = read_whole(sc, at, &ret->num, &mark);
    if (mark == ' ' && !has_measure_behind(sc, i)) {
        ret->num = (struct decimal){0};
        for (i = at; i < first; i++) {
            add_digit(&ret->num, sc->s[i], false);
        }
    }
    bool has_comma = sc->m->request->options.has_decimal_comma;
    if (sc->s[i] == ',' && i + 1 < sc->n && scan_is_digit(sc->s[i + 1])) {
        if (!has_comma || mark == ',') {
            ret->is_undecided = true;
            i = digits_end(sc, i + 1);
        }
    }
    if (!ret->is_undecided && (sc->s[i] == '.' || (has_comma && sc->s[i] == ',')) && i + 1 < sc->n &&
        scan_is_digit(sc->s[i + 1])) {
        ret->has_point = true;
        for (i++; i < sc->n && scan_is_digit(sc->s[i]); i++) {
            add_digit(&ret->num, sc->s[i], true);
        }
    }
    if (i == at || i - at > DIGITS_MAX) {
        return false;
    }
    i = i < sc->n ? read_exponent(sc, i, &ret->num) : i;
    uint32_t behind = i < sc->n ? read_magnitude(sc, i, &ret->num) : i;
    ret->has_magnitude = behind != i;
    ret->to = behind;
    return true;
}

double decimal_value(const struct decimal *num)
{
    double value = (double)num->digits;
    int exponent = num->exp10;
    double scale = 1;
    for (int left = exponent < 0 ? -exponent : exponent; left > 0; left -= 22) {
        static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
        scale = POWERS[left < 22 ? left : 22];
        value = exponent < 0 ? value / scale : value * scale;
    }
    return num->is_negative ? -value : value;
}
