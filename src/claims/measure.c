/* Units behind a number, and in the keys of JSON and the headers of tables. */
#include "claims/scan.h"

#include <string.h>

uint32_t scan_word_end(const struct scan *sc, uint32_t at)
{
    while (at < sc->n) {
        char c = sc->s[at];
        /* micro sign, Greek mu, degree: the letters of units above 127 */
        bool is_unit_sign = (c == '\xc2' && at + 1 < sc->n && (sc->s[at + 1] == '\xb5' || sc->s[at + 1] == '\xb0')) ||
                            (c == '\xce' && at + 1 < sc->n && sc->s[at + 1] == '\xbc');
        if (is_unit_sign) {
            at += 2;
        } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

static uint32_t noun_token(uint16_t unit, const char *text, size_t len)
{
    if (unit) {
        const char *name = claims_units[unit].aliases;
        return TOKEN(CLASS_NAME, claims_hash(name, strcspn(name, " ")));
    }
    return TOKEN(CLASS_NAME, claims_hash(text, len - (len > 3 && (text[len - 1] | 32) == 's')));
}

/* "per 1M tokens": the number before the noun below the line. */
static uint32_t read_per_number(const struct scan *sc, uint32_t at, double *ret_scale)
{
    struct number number;
    if (at < sc->n && scan_is_digit(sc->s[at]) && scan_number_read(sc, at, &number) && !number.is_undecided) {
        *ret_scale = decimal_value(&number.num);
        return scan_spaces(sc, number.to);
    }
    uint32_t end = scan_word_end(sc, at);
    if (end - at == 7 && memcmp(sc->s + at, "million", 7) == 0) {
        *ret_scale = 1e6;
        return scan_spaces(sc, end);
    }
    if (end - at == 8 && memcmp(sc->s + at, "thousand", 8) == 0) {
        *ret_scale = 1e3;
        return scan_spaces(sc, end);
    }
    return at;
}

/* What stands below the line, at its first letter or digit. */
static bool read_denominator(const struct scan *sc, uint32_t at, struct measure *measure)
{
    double scale = 1;
    at = read_per_number(sc, at, &scale);
    uint32_t end = scan_word_end(sc, at);
    if (end == at || scale == 0) {
        return false;
    }
    uint16_t unit = claims_unit_find(sc->s + at, end - at);
    const struct unit *row = &claims_units[unit];
    if (unit && row->dim == DIM_TIME) {
        measure->scale = measure->scale / (row->num / row->den) / scale;
        measure->dim = DIM_OVER(DIM_NUM(measure->dim), DIM_TIME);
    } else if (unit && row->dim == DIM_ENERGY && DIM_NUM(measure->dim) == DIM_MONEY) {
        measure->scale = measure->scale / (row->num / row->den) / scale;
        measure->dim = DIM_OVER(DIM_MONEY, DIM_ENERGY);
    } else if (!unit || row->dim == DIM_COUNT) {
        struct word_hit hit = claims_word_find(sc->s + at, end - at);
        if (!unit && hit.word && claims_words[hit.word].class_of == CLASS_NONE) {
            return false;
        }
        measure->scale /= scale;
        measure->dim = DIM_OVER(DIM_NUM(measure->dim), DIM_COUNT);
        measure->per = noun_token(unit, sc->s + at, end - at);
    } else {
        return false;
    }
    measure->to = end;
    return true;
}

static bool is_text(const struct scan *sc, uint32_t at, const char *text)
{
    size_t len = strlen(text);
    return sc->n - at >= len && memcmp(sc->s + at, text, len) == 0 &&
           (at + len == sc->n || !scan_is_letter(sc->s[at + len]));
}

/* "/s", " per second", " a month" */
static void read_below(const struct scan *sc, struct measure *measure)
{
    uint32_t at = measure->to;
    if (at >= sc->n || DIM_DEN(measure->dim) != DIM_NONE) {
        return;
    }
    if (sc->s[at] == '/' && at + 1 < sc->n && (scan_is_letter(sc->s[at + 1]) || scan_is_digit(sc->s[at + 1]))) {
        (void)read_denominator(sc, at + 1, measure);
        return;
    }
    at = scan_spaces(sc, at);
    if (at + 1 < sc->n && sc->s[at] == '/' && sc->s[at + 1] == ' ') {
        (void)read_denominator(sc, scan_spaces(sc, at + 1), measure);
    } else if (is_text(sc, at, "per")) {
        (void)read_denominator(sc, scan_spaces(sc, at + 3), measure);
    } else if (is_text(sc, at, "a") || is_text(sc, at, "an") || is_text(sc, at, "each")) {
        uint32_t word = scan_spaces(sc, scan_word_end(sc, at));
        uint32_t end = scan_word_end(sc, word);
        uint16_t unit = claims_unit_find(sc->s + word, end - word);
        struct word_hit hit = claims_word_find(sc->s + word, end - word);
        bool is_noun = !unit && !hit.word && measure->dim == DIM_COUNT && end - word >= 4; /* "duplicates a topic" */
        if (is_noun || (unit && (claims_units[unit].dim == DIM_TIME || claims_units[unit].flags & UNIT_NOUN))) {
            (void)read_denominator(sc, word, measure);
        }
    }
}

static void take_unit(struct measure *measure, uint16_t unit, uint32_t to)
{
    const struct unit *row = &claims_units[unit];
    measure->unit = unit;
    measure->dim = row->dim;
    measure->scale = row->num / row->den;
    measure->to = to;
    measure->is_found = true;
    if (row->flags & UNIT_TWO) { /* 1000 or 1024 */
        double power = unit == UNIT_KB                           ? 1024.0 / 1e3
                       : unit == UNIT_TB                         ? 1099511627776.0 / 1e12
                       : unit == UNIT_GB || unit == UNIT_GBYTEPS ? 1073741824.0 / 1e9
                                                                 : 1048576.0 / 1e6;
        measure->alt = power;
    }
}

/* Small words may stand for a unit elsewhere, but are none behind a number in running text. */
static bool is_taken_as_unit(uint16_t unit, uint32_t len, bool is_glued)
{
    if (unit == UNIT_TIMES || unit == UNIT_NONE) {
        return false; /* the caller reads factors */
    }
    return len > 1 || is_glued || unit == UNIT_S || unit == UNIT_H || unit == UNIT_BYTE || unit == UNIT_J ||
           unit == UNIT_WATT;
}

/* The noun that is counted, up to two words on: "300 test clips". */
static bool read_noun(const struct scan *sc, uint32_t at, struct measure *measure)
{
    uint32_t word = at, end = scan_word_end(sc, at), chain = at;
    for (int tries = 0; tries < 3 && end > word; tries++) {
        if (end < sc->n && (scan_is_digit(sc->s[end]) || sc->s[end] == '_')) { /* "float32 vectors" */
            while (end < sc->n && (scan_is_letter(sc->s[end]) || scan_is_digit(sc->s[end]))) {
                end++;
            }
            word = end < sc->n && sc->s[end] == ' ' ? end + 1 : end;
            end = scan_word_end(sc, word);
            continue;
        }
        uint16_t unit = claims_unit_find(sc->s + word, end - word);
        if (unit && claims_units[unit].flags & UNIT_NOUN) {
            /* "5 frame encoders": what is counted stands last */
            take_unit(measure, unit, end);
            measure->noun = noun_token(unit, sc->s + word, end - word);
            return true;
        }
        struct word_hit hit = claims_word_find(sc->s + word, end - word);
        unsigned class_of = claims_words[hit.word].class_of;
        bool is_chain = word > chain && sc->s[word - 1] == '-'; /* "look-ups" */
        uint32_t noun_len = is_chain ? end - chain : end - word;
        bool is_plural = noun_len >= 4 && sc->s[end - 1] == 's' && end - word > 1 && sc->s[end - 2] != 's' &&
                         sc->s[end - 2] != 'u' && sc->s[end - 2] != 'i';
        chain = is_chain ? chain : word;
        bool is_metric =
            class_of == CLASS_METRIC && tries == 0 && sc->s[end - 1] == 's' && end - word >= 5; /* "six sizes" */
        if (!unit && (!hit.word || is_metric) && is_plural) {
            measure->unit = UNIT_NONE;
            measure->dim = DIM_COUNT;
            measure->scale = 1;
            measure->to = end;
            measure->is_found = true;
            measure->noun = noun_token(UNIT_NONE, sc->s + word, end - word);
            return true;
        }
        bool is_adjective = (!hit.word || class_of == CLASS_PHASE || class_of == CLASS_PARAM ||
                             class_of == CLASS_DONE || class_of == CLASS_FAILED || class_of == CLASS_OVERLAPS ||
                             class_of == CLASS_DEVICE || class_of == CLASS_SIZE) &&
                            !unit;
        if (!is_adjective || end >= sc->n || (sc->s[end] != ' ' && sc->s[end] != '-')) {
            return false;
        }
        word = scan_spaces(sc, end + (sc->s[end] == '-'));
        end = scan_word_end(sc, word);
    }
    return false;
}

bool scan_measure_read(const struct scan *sc, uint32_t at, struct measure *ret)
{
    *ret = (struct measure){.scale = 1, .alt = 1, .to = at};
    if (at >= sc->n) {
        return false;
    }
    if (sc->s[at] == '/' && at + 1 < sc->n) { /* "1,200/s" */
        ret->dim = DIM_COUNT;
        ret->is_found = read_denominator(sc, at + 1, ret) && DIM_DEN(ret->dim) == DIM_TIME;
        return ret->is_found;
    }
    uint32_t word = scan_spaces(sc, at);
    if (word < sc->n && sc->s[word] == '-' && word == at) {
        word++; /* "30-second" */
    }
    if (word < sc->n && sc->s[word] == '%') {
        take_unit(ret, UNIT_PERCENT, word + 1);
        return true;
    }
    if (sc->n - word >= 3 && memcmp(sc->s + word, "\xe2\x80\xb0", 3) == 0) {
        take_unit(ret, UNIT_PERMILLE, word + 3);
        return true;
    }
    uint32_t end = scan_word_end(sc, word);
    bool is_bounded = end == sc->n || (!scan_is_digit(sc->s[end]) && sc->s[end] != '_');
    uint16_t unit = end > word && is_bounded ? claims_unit_find(sc->s + word, end - word) : UNIT_NONE;
    if (unit && !(claims_units[unit].flags & UNIT_NOUN) && is_taken_as_unit(unit, end - word, word == at)) {
        take_unit(ret, unit, end);
        read_below(sc, ret);
        return true;
    }
    if (is_text(sc, word, "percentage points")) {
        take_unit(ret, UNIT_POINT, word + 17);
        return true;
    }
    if (is_text(sc, word, "per")) {
        ret->dim = DIM_COUNT;
        ret->is_found = read_denominator(sc, scan_spaces(sc, word + 3), ret) && DIM_DEN(ret->dim) == DIM_TIME;
        return ret->is_found;
    }
    if (end > word && (word > at || (unit && is_bounded)) && read_noun(sc, word, ret)) {
        read_below(sc, ret);
        return true;
    }
    return false;
}

bool scan_measure_below(const struct scan *sc, uint32_t at, uint16_t unit, struct measure *ret)
{
    *ret = (struct measure){.scale = 1, .alt = 1};
    take_unit(ret, unit, at);
    read_below(sc, ret);
    return DIM_DEN(ret->dim) != DIM_NONE;
}

/* ---- keys: "p50_ms", "Peak memory (MB)", "tok/s" --- */

bool measure_of_key(const char *key, size_t len, struct measure *ret, size_t *ret_stem)
{
    static const struct {
        const char *suffix;
        uint16_t unit;
        uint8_t dim;
    } SUFFIXES[] = {
        {"_ns", UNIT_NS, DIM_TIME},       {"_us", UNIT_US, DIM_TIME},          {"_ms", UNIT_MS, DIM_TIME},
        {"_s", UNIT_S, DIM_TIME},         {"_sec", UNIT_S, DIM_TIME},          {"_seconds", UNIT_S, DIM_TIME},
        {"_bytes", UNIT_BYTE, DIM_BYTES}, {"_kib", UNIT_KIB, DIM_BYTES},       {"_mb", UNIT_MB, DIM_BYTES},
        {"_mib", UNIT_MIB, DIM_BYTES},    {"_gb", UNIT_GB, DIM_BYTES},         {"_gib", UNIT_GIB, DIM_BYTES},
        {"_kb", UNIT_KB, DIM_BYTES},      {"_pct", UNIT_PERCENT, DIM_PERCENT}, {"_percent", UNIT_PERCENT, DIM_PERCENT},
        {"_usd", UNIT_DOLLAR, DIM_MONEY}, {"_fps", UNIT_FPS, DIM_RATE},        {"_qps", UNIT_QPS, DIM_RATE},
        {"_rps", UNIT_RPS, DIM_RATE},     {"_tps", UNIT_TPS, DIM_RATE},        {"_per_s", UNIT_RPS, DIM_RATE},
        {"_joules", UNIT_J, DIM_ENERGY},  {"_watts", UNIT_WATT, DIM_POWER},    {"_per_sec", UNIT_RPS, DIM_RATE},
        {"_minutes", UNIT_MIN, DIM_TIME}, {"_hours", UNIT_H, DIM_TIME},        {"_hz", UNIT_HZ, DIM_RATE}};
    *ret = (struct measure){.scale = 1, .alt = 1};
    *ret_stem = len;
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        size_t suffix = strlen(SUFFIXES[i].suffix);
        if (len >= suffix && strncasecmp(key + len - suffix, SUFFIXES[i].suffix, suffix) == 0) {
            take_unit(ret, SUFFIXES[i].unit, 0);
            ret->dim = SUFFIXES[i].dim;
            *ret_stem = len - suffix;
            return true;
        }
        if (len == suffix - 1 && strncasecmp(key, SUFFIXES[i].suffix + 1, suffix - 1) == 0 && len > 1) {
            take_unit(ret, SUFFIXES[i].unit, 0);
            ret->dim = SUFFIXES[i].dim;
            return true;
        }
    }
    return false;
}
