/* Quantities: sign, hedge, number, unit, and the forms that two numbers make together. */
#include "claims/interval.h"
#include "claims/scan.h"

#include <string.h>

#define LIST_MAX 8 /* a/b/c/...: zipped with as many labels */

/* ---- what stands before --- */

static bool is_blank_or_open(char c)
{
    return c == ' ' || c == '(' || c == '\n' || c == '|' || c == ',' || c == '\v' || c == '[' || c == '~' || c == ':' ||
           c == '*';
}

/* The sign before the digit at `at`, if it is one and no dash between words. Returns where the number begins. */
static uint32_t take_sign(const struct scan *sc, uint32_t at, struct decimal *num)
{
    uint32_t sign = at;
    if (at >= 3 && memcmp(sc->s + at - 3, "\xe2\x88\x92", 3) == 0) {
        sign = at - 3;
        num->is_negative = true;
    } else if (at >= 1 && (sc->s[at - 1] == '-' || sc->s[at - 1] == '+')) {
        sign = at - 1;
        num->is_negative = sc->s[at - 1] == '-';
    } else {
        return at;
    }
    if (sign > 0 && !is_blank_or_open(sc->s[sign - 1]) && sc->s[sign - 1] != '=' && sc->s[sign - 1] != '>') {
        num->is_negative = false;
        return at;
    }
    num->has_sign = true;
    return sign;
}

static const struct item *item_back(const struct scan *sc, uint32_t back)
{
    const struct block *block = &sc->m->blocks.at[sc->block];
    uint32_t have = sc->m->items.count - block->item;
    return back < have ? &sc->m->items.at[sc->m->items.count - 1 - back] : NULL;
}

static bool is_word_back(const struct scan *sc, uint32_t back, unsigned word)
{
    const struct item *item = item_back(sc, back);
    return item && item->kind == ITEM_WORD && item->word == word;
}

static bool is_percent_back(const struct scan *sc, uint32_t back)
{
    const struct item *item = item_back(sc, back);
    return item && item->kind == ITEM_QUANTITY && item->hash < sc->m->quantities.count;
}

static unsigned bound_of_mark(unsigned mark)
{
    switch (mark) {
    case '<':
    case MARK_LE:
        return BOUND_UPPER;
    case '>':
    case MARK_GE:
        return BOUND_LOWER;
    case '~':
    case MARK_APPROX:
        return BOUND_ABOUT;
    default:
        return BOUND_EXACT;
    }
}

/* The hedge before a number: "about", "up to", "at least", "≤". A number that compares ("10 % below 500 fps") is none.
 */
static unsigned read_bound(const struct scan *sc)
{
    uint32_t at = 0;
    const struct item *last = item_back(sc, 0);
    if (last && last->kind == ITEM_MARK && last->word == '$') {
        last = item_back(sc, ++at);
    }
    if (!last || last->flags & ITEM_ENDS_SENTENCE) {
        return BOUND_EXACT;
    }
    if (last->kind == ITEM_MARK) {
        return bound_of_mark(last->word);
    }
    if (last->kind != ITEM_WORD) {
        return BOUND_EXACT;
    }
    bool is_at = is_word_back(sc, at + 1, W_AT);
    switch (last->word) {
    case W_ABOUT:
        return BOUND_ABOUT;
    case W_MOST:
    case W_MAX:
        return is_at ? BOUND_UPPER : BOUND_EXACT;
    case W_LEAST:
        return is_at ? BOUND_LOWER : BOUND_EXACT;
    case W_TO:
        return is_word_back(sc, at + 1, W_UPWARD) ? BOUND_UPPER : BOUND_EXACT;
    case W_UNDER:
        return is_percent_back(sc, at + 1) ? BOUND_EXACT : BOUND_UPPER;
    case W_OVER:
        return is_percent_back(sc, at + 1) ? BOUND_EXACT : BOUND_LOWER;
    case W_THAN:
        if (is_word_back(sc, at + 1, W_MORE)) {
            return is_percent_back(sc, at + 2) ? BOUND_EXACT : BOUND_LOWER;
        }
        return is_word_back(sc, at + 1, W_LESS) && !is_percent_back(sc, at + 2) ? BOUND_UPPER : BOUND_EXACT;
    default:
        return BOUND_EXACT;
    }
}

/* ---- what is no quantity --- */

static void skip_as_word(struct scan *sc, uint32_t from, uint32_t to)
{
    uint32_t token = TOKEN(CLASS_NAME, claims_hash(sc->s + from, to - from));
    /* "720p", "4K": a size */
    bool is_size = (to - from >= 4 && sc->s[to - 1] == 'p') || (to - from == 2 && sc->s[to - 1] == 'K');
    if (is_size) {
        token = TOKEN(CLASS_SIZE, claims_hash(sc->s + from, to - from));
    }
    scan_item(sc, from, to, ITEM_WORD, W_NONE, token);
    sc->i = to;
}

static bool is_identifier_char(char c)
{
    return scan_is_letter(c) || scan_is_digit(c);
}

/* The end of a token that begins with digits and is a version, a time of day, an address or a glued identifier. */
static uint32_t token_end(const struct scan *sc, uint32_t at)
{
    while (at < sc->n &&
           (is_identifier_char(sc->s[at]) || ((sc->s[at] == '.' || sc->s[at] == ':' || sc->s[at] == '-') &&
                                              at + 1 < sc->n && is_identifier_char(sc->s[at + 1])))) {
        at++;
    }
    return at;
}

/* Letters of a name directly before: "utf-8", "#12", "/usr/4", "v.2", "sm_90". */
static bool is_glued_before(const struct scan *sc, uint32_t at)
{
    if (at == 0) {
        return false;
    }
    char c = sc->s[at - 1];
    if (c == '#' || c == '@' || c == '\\') {
        return true;
    }
    if (at >= 2 && (c == '-' || c == '.' || c == '/' || c == ':' || c == '_')) {
        char b = sc->s[at - 2];
        return scan_is_letter(b) || (scan_is_digit(b) && c != ':') || b == '-' || (c == '/' && (b == '.' || b == '/'));
    }
    return c == '/' && at == 1;
}

/* Whether the digits at `at` begin something else than a number. Returns its end, or `at`. */
static uint32_t other_end(const struct scan *sc, uint32_t at, const struct number *number)
{
    uint32_t to = number->to;
    char c = to < sc->n ? sc->s[to] : '\0';
    char next = to + 1 < sc->n ? sc->s[to + 1] : '\0';
    if (number->is_undecided) {
        return to;
    }
    if ((c == '.' && scan_is_digit(next) && number->has_point) || (c == ':' && scan_is_digit(next)) ||
        (c == '.' && scan_is_letter(next)) || (c == '.' && next == 'x') || c == '_') {
        return token_end(sc, at);
    }
    if (sc->s[at] == '0' && to == at + 1 && (c == 'x' || c == 'X') && is_identifier_char(next)) {
        return token_end(sc, at);
    }
    if (c == ']' && at > 0 && sc->s[at - 1] == '[') {
        return to; /* a citation */
    }
    return at;
}

/* ---- forms --- */

static bool is_comparing_behind(const struct scan *sc, uint32_t at)
{
    uint32_t word = scan_spaces(sc, at);
    uint32_t end = scan_word_end(sc, word);
    struct word_hit hit = claims_word_find(sc->s + word, end - word);
    return hit.word == W_AS || (claims_words[hit.word].flags & (WORD_COMPARED | WORD_NOUN)) != 0;
}

/* "3.6x", "3.6 ×", "3-fold", "3 times faster". A second number makes it a shape: *ret_is_shape. */
static bool read_factor(const struct scan *sc, uint32_t at, struct measure *ret, bool *ret_is_shape)
{
    uint32_t i = scan_spaces(sc, at);
    uint32_t len = 0;
    if (i < sc->n && (sc->s[i] == 'x' || sc->s[i] == 'X')) {
        len = 1;
    } else if (sc->n - i >= 2 && memcmp(sc->s + i, "\xc3\x97", 2) == 0) {
        len = 2;
    } else if (i == at && sc->n - i >= 5 && memcmp(sc->s + i, "-fold", 5) == 0) {
        len = 5;
    } else if (sc->n - i >= 5 && memcmp(sc->s + i, "times", 5) == 0 && is_comparing_behind(sc, i + 5)) {
        len = 5;
    }
    if (len == 0 || (i + len < sc->n && scan_is_letter(sc->s[i + len]))) {
        return false;
    }
    uint32_t behind = i + len < sc->n && sc->s[i + len] == ' ' && len <= 2 ? i + len + 1 : i + len;
    *ret_is_shape = behind < sc->n && scan_is_digit(sc->s[behind]);
    *ret =
        (struct measure){.unit = UNIT_TIMES, .dim = DIM_RATIO, .scale = 1, .alt = 1, .to = i + len, .is_found = true};
    return true;
}

static uint32_t currency_before(const struct scan *sc, uint32_t at, uint16_t *ret_unit)
{
    if (at >= 1 && sc->s[at - 1] == '$') {
        *ret_unit = UNIT_DOLLAR;
        return at - 1;
    }
    if (at >= 3 && memcmp(sc->s + at - 3, "\xe2\x82\xac", 3) == 0) {
        *ret_unit = UNIT_EURO;
        return at - 3;
    }
    if (at >= 2 && (memcmp(sc->s + at - 2, "\xc2\xa3", 2) == 0 || memcmp(sc->s + at - 2, "\xc2\xa5", 2) == 0)) {
        *ret_unit = sc->s[at - 1] == '\xa3' ? UNIT_POUND : UNIT_YEN;
        return at - 2;
    }
    return at;
}

static struct quantity *append(struct scan *sc, const struct quantity *q, uint32_t from, uint32_t to)
{
    struct model *m = sc->m;
    if (m->quantities.count >= ASSAY_CLAIMS_QUANTITIES_MAX) {
        m->incomplete_why = "more than 1,000,000 quantities";
        sc->i = to;
        return NULL;
    }
    if (!vec_room(&m->quantities)) {
        model_fail(m);
        return NULL;
    }
    struct quantity *at = &m->quantities.at[m->quantities.count];
    *at = *q;
    at->file = m->blocks.at[sc->block].file;
    at->block = sc->block;
    at->item = m->items.count;
    at->sentence = sc->sentence;
    at->flat = sc->flat + from;
    at->flat_end = sc->flat + to;
    at->from = model_source_of(m, sc->block, at->flat);
    at->to = model_source_of(m, sc->block, at->flat_end - 1) + 1;
    at->num_from = model_source_of(m, sc->block, sc->flat + q->num_from);
    at->num_to = model_source_of(m, sc->block, sc->flat + q->num_to - 1) + 1;
    at->table = at->row = at->column = at->group = at->binding = NONE32;
    at->is_in_code = model_flags_at(m, sc->block, at->flat) & SEGMENT_CODE;
    scan_item(sc, from, to, ITEM_QUANTITY, 0, m->quantities.count);
    m->quantities.count++;
    sc->i = to;
    return at;
}

/* "± 1.9" behind a quantity. */
static uint32_t read_spread(const struct scan *sc, uint32_t at, const struct measure *measure, struct quantity *q)
{
    uint32_t i = scan_spaces(sc, at);
    uint32_t len = sc->n - i >= 2 && memcmp(sc->s + i, "\xc2\xb1", 2) == 0 ? 2u : 0u;
    if (!len && sc->n - i >= 3 && (memcmp(sc->s + i, "+/-", 3) == 0)) {
        len = 3;
    }
    struct number number;
    if (!len || i + len >= sc->n) {
        return at;
    }
    i = scan_spaces(sc, i + len);
    if (i >= sc->n || !scan_is_digit(sc->s[i]) || !scan_number_read(sc, i, &number)) {
        return at;
    }
    struct measure own;
    bool has_unit = scan_measure_read(sc, number.to, &own) && own.dim != DIM_COUNT;
    bool is_percent = has_unit && own.dim == DIM_PERCENT && measure->dim != DIM_PERCENT;
    struct quantity spread = {.num = number.num};
    struct measure as = has_unit && !is_percent ? own : *measure;
    quantity_measure(&spread, &as);
    q->form = FORM_SPREAD;
    q->spread = spread.h;
    if (is_percent) {
        double share = decimal_value(&number.num) / 100;
        q->spread = range_of(share * q->value, share * q->value);
    }
    return has_unit ? own.to : number.to;
}

/* "10-20 ms", "10 – 20 ms": the hull of both ends. */
static bool read_range(struct scan *sc, struct quantity *q, uint32_t from, uint32_t at)
{
    uint32_t i = at;
    bool is_spaced = i < sc->n && sc->s[i] == ' ';
    i += is_spaced;
    uint32_t len = sc->n - i >= 3 && memcmp(sc->s + i, "\xe2\x80\x93", 3) == 0 ? 3u : 0u;
    if (!len && !is_spaced && i < sc->n && sc->s[i] == '-') {
        len = 1;
    }
    if (!len && sc->n - i >= 2 && memcmp(sc->s + i, "..", 2) == 0) {
        len = 2;
    }
    if (!len) {
        return false;
    }
    i = scan_spaces(sc, i + len);
    struct number number;
    struct measure measure;
    bool is_factor = false, is_shape = false;
    if (i >= sc->n || !scan_is_digit(sc->s[i]) || !scan_number_read(sc, i, &number)) {
        return false;
    }
    is_factor = read_factor(sc, number.to, &measure, &is_shape);
    if (number.is_undecided || is_shape || (!is_factor && !scan_measure_read(sc, number.to, &measure))) {
        return false;
    }
    struct quantity end = {.num = number.num, .bound = q->bound};
    quantity_measure(&end, &measure);
    struct quantity first = *q;
    quantity_measure(&first, &measure);
    if (end.value < first.value) {
        return false;
    }
    first.form = FORM_RANGE;
    first.other = end.value;
    first.h = range_hull(first.h, end.h);
    first.w = range_hull(first.w, end.w);
    append(sc, &first, from, measure.to);
    return true;
}

/* "2m30s", "1 h 05 min": smaller units that follow at once are added. */
static uint32_t read_duration_rest(const struct scan *sc, uint32_t at, struct quantity *q, double unit_scale)
{
    for (int parts = 0; parts < 3; parts++) {
        struct number number;
        struct measure measure;
        uint32_t i = scan_spaces(sc, at);
        if (i >= sc->n || !scan_is_digit(sc->s[i]) || !scan_number_read(sc, i, &number) ||
            !scan_measure_read(sc, number.to, &measure) || measure.dim != DIM_TIME || measure.scale >= unit_scale ||
            measure.scale < unit_scale / 1000) {
            break;
        }
        struct quantity part = {.num = number.num, .bound = q->bound};
        quantity_measure(&part, &measure);
        q->value += part.value;
        q->step = part.step;
        q->h = range_of(q->value - part.step / 2, q->value + part.step / 2);
        q->w = range_of(q->value - part.step, q->value + part.step);
        q->form = FORM_DURATION;
        unit_scale = measure.scale;
        at = measure.to;
    }
    return at;
}

/* N/M, "N of M", "N out of M". */
static bool read_fraction(struct scan *sc, struct quantity *q, uint32_t from, uint32_t at, bool is_spelled)
{
    uint32_t i = at;
    if (is_spelled) {
        i = scan_spaces(sc, i);
        static const char *const WORDS[] = {"out of the ", "out of ", "of the ", "of "};
        uint32_t before = i;
        for (size_t k = 0; k < sizeof WORDS / sizeof WORDS[0] && i == before; k++) {
            size_t len = strlen(WORDS[k]);
            i += sc->n - i > len && memcmp(sc->s + i, WORDS[k], len) == 0 ? (uint32_t)len : 0;
        }
        if (i == before) {
            return false;
        }
    } else if (i + 1 < sc->n && sc->s[i] == '/') {
        i = i + 1 < sc->n && sc->s[i + 1] == ' ' ? i + 2 : i + 1;
    } else {
        return false;
    }
    struct number below;
    if (i >= sc->n || !scan_is_digit(sc->s[i]) || !scan_number_read(sc, i, &below) || below.has_point ||
        below.is_undecided || q->num.exp10 != 0 || below.num.exp10 < 0) {
        return false;
    }
    char c = below.to < sc->n ? sc->s[below.to] : ' ';
    if (c == '/' || c == '%' || scan_is_letter(c) ||
        (c == '-' && below.to + 1 < sc->n && scan_is_letter(sc->s[below.to + 1]))) {
        return false;
    }
    struct measure measure = {.scale = 1, .alt = 1, .dim = DIM_COUNT, .to = below.to};
    struct measure noun;
    if (scan_measure_read(sc, below.to, &noun)) {
        if (noun.dim != DIM_COUNT) {
            return false;
        }
        measure = noun;
    }
    quantity_measure(q, &measure);
    q->form = FORM_FRACTION;
    q->other = decimal_value(&below.num);
    append(sc, q, from, below.to);
    return true;
}

/* "12/30/44 ms": as many quantities. */
static bool read_list(struct scan *sc, const struct quantity *q, uint32_t at)
{
    struct number numbers[LIST_MAX];
    uint32_t count = 1;
    numbers[0] = (struct number){.num = q->num, .from = q->num_from, .to = at};
    while (count < LIST_MAX && at + 1 < sc->n && sc->s[at] == '/') {
        uint32_t i = scan_spaces(sc, at + 1);
        if (i >= sc->n || !scan_is_digit(sc->s[i]) || !scan_number_read(sc, i, &numbers[count])) {
            break;
        }
        at = numbers[count++].to;
        uint32_t blank = scan_spaces(sc, at);
        at = blank < sc->n && sc->s[blank] == '/' ? blank : at;
    }
    struct measure measure;
    if (count < 2 || !scan_measure_read(sc, at, &measure) || measure.dim == DIM_COUNT) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct quantity one = {.num = numbers[i].num,
                               .num_from = numbers[i].from,
                               .num_to = numbers[i].to,
                               .list_at = (uint8_t)(i + 1),
                               .list_of = (uint8_t)count};
        quantity_measure(&one, &measure);
        append(sc, &one, numbers[i].from, i + 1 == count ? measure.to : numbers[i].to);
    }
    return true;
}

/* ---- the quantity --- */

static bool is_year(const struct number *number, const struct decimal *num)
{
    return number->to - number->from == 4 && num->exp10 == 0 && num->digits >= 1900 && num->digits <= 2100;
}

/* "71.2 ± 4.0 ms": the unit stands behind the spread and is meant for both. */
static bool measure_behind_spread(const struct scan *sc, uint32_t at, struct measure *ret)
{
    uint32_t i = scan_spaces(sc, at);
    struct number number;
    if (sc->n - i < 3 || memcmp(sc->s + i, "\xc2\xb1", 2) != 0) {
        return false;
    }
    i = scan_spaces(sc, i + 2);
    bool is_read = i < sc->n && scan_is_digit(sc->s[i]) && scan_number_read(sc, i, &number) &&
                   scan_measure_read(sc, number.to, ret);
    if (!is_read || ret->dim == DIM_COUNT) {
        *ret = (struct measure){.scale = 1, .alt = 1, .to = at};
        return false;
    }
    ret->to = at;
    return true;
}

static void finish_plain(struct scan *sc, struct quantity *q, uint32_t from, const struct number *number)
{
    struct measure measure;
    if (!scan_measure_read(sc, number->to, &measure) && !measure_behind_spread(sc, number->to, &measure)) {
        if (is_year(number, &q->num) || sc->s[from] == '0') {
            bool is_zero = number->to - number->from == 1;
            if (!is_zero && !number->has_point) {
                skip_as_word(sc, from, number->to);
                return;
            }
        }
        measure = (struct measure){.scale = 1, .alt = 1, .to = number->to};
        q->is_bare = true;
    }
    quantity_measure(q, &measure);
    uint32_t to = measure.to;
    if (measure.dim == DIM_TIME) {
        to = read_duration_rest(sc, to, q, measure.scale);
    }
    to = read_spread(sc, to, &measure, q);
    append(sc, q, from, to);
}

static void finish_money(struct scan *sc, struct quantity *q, uint32_t from, const struct number *number, uint16_t unit)
{
    struct measure measure = {.unit = unit, .scale = 1, .alt = 1, .to = number->to};
    struct measure below;
    /* "$0.004 per request": what stands below the line is read as for a unit */
    uint32_t at = number->to;
    bool has_below = scan_measure_below(sc, at, unit, &below);
    measure = has_below ? below : measure;
    measure.dim = has_below ? below.dim : DIM_MONEY;
    quantity_measure(q, &measure);
    append(sc, q, from, measure.to);
}

static bool finish_glued(struct scan *sc, const struct number *number, uint32_t from)
{
    uint32_t end = scan_word_end(sc, number->to);
    char c = end < sc->n ? sc->s[end] : '\0';
    if (end == number->to) {
        return false;
    }
    uint16_t unit = claims_unit_find(sc->s + number->to, end - number->to);
    bool is_minutes = end - number->to == 1 && sc->s[number->to] == 'm' && scan_is_digit(c);
    bool is_decade = unit == UNIT_S && number->to - number->from == 4 && sc->s[number->from] == '1';
    bool is_bytes_or_billions = unit == UNIT_BYTE;
    if (is_minutes ||
        (unit && !(claims_units[unit].flags & UNIT_NOUN) && !is_decade && !is_bytes_or_billions && c != '_')) {
        return false;
    }
    skip_as_word(sc, from, token_end(sc, number->from));
    return true;
}

void scan_quantity(struct scan *sc)
{
    uint32_t at = sc->i;
    struct quantity q = {0};
    struct number number;
    if (scan_stamp(sc)) {
        return;
    }
    if (!scan_number_read(sc, at, &number)) {
        skip_as_word(sc, at, token_end(sc, at + 1));
        return;
    }
    uint32_t other = other_end(sc, at, &number);
    if (other != at || is_glued_before(sc, at)) {
        uint32_t to = other != at ? other : token_end(sc, at);
        skip_as_word(sc, at, to > at ? to : at + 1);
        return;
    }
    q.num = number.num;
    q.num_from = at;
    q.num_to = number.to;
    q.bound = (uint8_t)read_bound(sc);
    uint16_t currency = UNIT_NONE;
    uint32_t from = take_sign(sc, at, &q.num);
    q.num_from = from;
    uint32_t money = currency_before(sc, at, &currency);
    struct measure factor;
    bool is_shape = false;
    if (currency) {
        finish_money(sc, &q, money, &number, currency);
    } else if (read_factor(sc, number.to, &factor, &is_shape)) {
        if (is_shape) {
            scan_shape(sc, at);
            return;
        }
        quantity_measure(&q, &factor);
        append(sc, &q, from, factor.to);
    } else if (number.to < sc->n && finish_glued(sc, &number, at)) {
        return;
    } else if (read_range(sc, &q, from, number.to) || read_fraction(sc, &q, from, number.to, false) ||
               read_list(sc, &q, number.to) || read_fraction(sc, &q, from, number.to, true)) {
        return;
    } else {
        finish_plain(sc, &q, from, &number);
    }
}
