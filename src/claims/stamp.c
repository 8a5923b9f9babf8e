/* Dates and times (RFC 3339 and near it), shapes, and number words. */
#include "claims/scan.h"

#include <string.h>

static bool read_two(const char *s, int *ret)
{
    if (!scan_is_digit(s[0]) || !scan_is_digit(s[1])) {
        return false;
    }
    *ret = (s[0] - '0') * 10 + (s[1] - '0');
    return true;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : DAYS[month - 1];
}

/* "T10:05", "T10:05:30.25": adds to *seconds. Returns the bytes read. */
static uint32_t read_clock(const char *s, uint32_t n, int64_t *seconds, bool *ret_is_valid)
{
    int hour = 0, minute = 0, second = 0;
    if (n < 6 || (s[0] != 'T' && s[0] != ' ' && s[0] != 't') || !read_two(s + 1, &hour) || s[3] != ':' ||
        !read_two(s + 4, &minute)) {
        return 0;
    }
    uint32_t i = 6;
    if (n >= i + 3 && s[i] == ':' && read_two(s + i + 1, &second)) {
        i += 3;
        if (i + 1 < n && s[i] == '.' && scan_is_digit(s[i + 1])) {
            for (i++; i < n && scan_is_digit(s[i]); i++) {
            }
        }
    }
    *ret_is_valid &= hour < 24 && minute < 60 && second < 61;
    *seconds += hour * 3600 + minute * 60 + second;
    return i;
}

static uint32_t read_zone(const char *s, uint32_t n, struct stamp *ret)
{
    int hour = 0, minute = 0;
    uint32_t blank = n > 0 && s[0] == ' ' ? 1 : 0;
    if (n > 0 && (s[0] == 'Z' || s[0] == 'z')) {
        ret->has_zone = true;
        return 1;
    }
    if (n >= blank + 3 && memcmp(s + blank, "UTC", 3) == 0) {
        ret->has_zone = true;
        return blank + 3;
    }
    if (n >= 6 && (s[0] == '+' || s[0] == '-') && read_two(s + 1, &hour) && s[3] == ':' && read_two(s + 4, &minute)) {
        int64_t offset = hour * 3600 + minute * 60;
        ret->unix_s -= s[0] == '-' ? -offset : offset;
        ret->has_zone = true;
        return 6;
    }
    return 0;
}

bool scan_stamp_read(const char *s, uint32_t n, struct stamp *ret, uint32_t *ret_len)
{
    int high = 0, low = 0, month = 0, day = 0;
    *ret = (struct stamp){0};
    if (n < 10 || !read_two(s, &high) || !read_two(s + 2, &low) || s[4] != '-' || !read_two(s + 5, &month) ||
        s[7] != '-' || !read_two(s + 8, &day) || (n > 10 && (scan_is_digit(s[10]) || s[10] == '-'))) {
        return false;
    }
    int year = high * 100 + low;
    ret->is_valid =
        month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month >= 1 && month <= 12 ? month : 1);
    int64_t seconds = ret->is_valid ? days_of(year, month, day) * 86400 : 0;
    uint32_t i = 10;
    uint32_t clock = read_clock(s + i, n - i, &seconds, &ret->is_valid);
    ret->has_time = clock > 0;
    ret->unix_s = seconds;
    i += clock;
    if (clock) {
        i += read_zone(s + i, n - i, ret);
    }
    *ret_len = i;
    return true;
}

bool scan_stamp(struct scan *sc)
{
    struct stamp stamp;
    uint32_t len = 0;
    struct model *m = sc->m;
    if (sc->n - sc->i < 10 || sc->s[sc->i + 4] != '-' || !scan_stamp_read(sc->s + sc->i, sc->n - sc->i, &stamp, &len)) {
        return false;
    }
    if (!vec_room(&m->stamps)) {
        model_fail(m);
        return false;
    }
    stamp.file = m->blocks.at[sc->block].file;
    stamp.block = sc->block;
    stamp.item = m->items.count;
    stamp.from = model_source_of(m, sc->block, sc->flat + sc->i);
    stamp.to = model_source_of(m, sc->block, sc->flat + sc->i + len - 1) + 1;
    m->stamps.at[m->stamps.count] = stamp;
    scan_item(sc, sc->i, sc->i + len, ITEM_STAMP, 0, m->stamps.count);
    m->stamps.count++;
    sc->i += len;
    return true;
}

void scan_shape(struct scan *sc, uint32_t at)
{
    uint32_t i = at;
    while (i < sc->n) {
        uint32_t times =
            sc->n - i >= 2 && memcmp(sc->s + i, "\xc3\x97", 2) == 0 ? 2 : sc->s[i] == 'x' || sc->s[i] == 'X';
        bool is_spaced = sc->s[i] == ' ' && i + 1 < sc->n && (sc->s[i + 1] == 'x' || sc->s[i + 1] == '\xc3');
        bool goes_on = i > at && sc->s[i] == ' ' && scan_is_digit(i + 1 < sc->n ? sc->s[i + 1] : ' ') &&
                       (sc->s[i - 1] == 'x' || sc->s[i - 1] == '\x97');
        if (times) {
            i += times;
        } else if (scan_is_digit(sc->s[i]) || sc->s[i] == ',' || is_spaced || goes_on) {
            i++;
        } else {
            break;
        }
    }
    scan_item(sc, at, i, ITEM_WORD, W_NONE, TOKEN(CLASS_SIZE, claims_hash(sc->s + at, i - at)));
    sc->i = i;
}

bool scan_number_word(struct scan *sc, uint32_t from, uint32_t to, uint16_t word)
{
    static const uint8_t VALUES[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12};
    struct measure measure;
    struct model *m = sc->m;
    if (word == W_ONE || !scan_measure_read(sc, to, &measure) || measure.dim != DIM_COUNT ||
        m->quantities.count >= ASSAY_CLAIMS_QUANTITIES_MAX) {
        return false; /* "one" is mostly no count */
    }
    struct quantity q = {.num = {.digits = VALUES[word - W_ONE], .count = 1}, .is_word = true};
    quantity_measure(&q, &measure);
    if (!vec_room(&m->quantities)) {
        model_fail(m);
        return false;
    }
    q.file = m->blocks.at[sc->block].file;
    q.block = sc->block;
    q.item = m->items.count;
    q.sentence = sc->sentence;
    q.flat = sc->flat + from;
    q.flat_end = sc->flat + measure.to;
    q.from = q.num_from = model_source_of(m, sc->block, q.flat);
    q.num_to = model_source_of(m, sc->block, sc->flat + to - 1) + 1;
    q.to = model_source_of(m, sc->block, q.flat_end - 1) + 1;
    q.table = q.row = q.column = q.group = q.binding = NONE32;
    m->quantities.at[m->quantities.count] = q;
    scan_item(sc, from, to, ITEM_QUANTITY, word, m->quantities.count);
    m->quantities.count++;
    return true;
}
