#include "import/when.h"

#include "base/clock.h"
#include "base/num.h"

#include <math.h>

/* Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, chrono-compatible low-level date algorithms). */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

struct scan {
    struct assay_slice text;
    size_t at;
};

static bool digits_take(struct scan *scan, size_t count, unsigned *ret)
{
    unsigned value = 0;
    for (size_t i = 0; i < count; i++, scan->at++) {
        if (scan->at >= scan->text.len || scan->text.data[scan->at] < '0' || scan->text.data[scan->at] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(scan->text.data[scan->at] - '0');
    }
    *ret = value;
    return true;
}

static bool one_of_take(struct scan *scan, const char *wanted)
{
    for (; scan->at < scan->text.len && *wanted != '\0'; wanted++) {
        if (scan->text.data[scan->at] == *wanted) {
            scan->at++;
            return true;
        }
    }
    return false;
}

/* Digits after the point as nanoseconds; finer ones are cut. */
static uint64_t fraction_take(struct scan *scan)
{
    uint64_t ns = 0, unit = ASSAY_NS_PER_S / 10;
    unsigned digit;
    while (digits_take(scan, 1, &digit)) {
        ns += digit * unit;
        unit /= 10;
    }
    return ns;
}

static bool zone_take(struct scan *scan, int64_t *ret_offset_s)
{
    unsigned hours, minutes;
    *ret_offset_s = 0;
    if (scan->at == scan->text.len || one_of_take(scan, "Z")) {
        return scan->at == scan->text.len;
    }
    bool is_west = scan->text.data[scan->at] == '-';
    if (!one_of_take(scan, "+-") || !digits_take(scan, 2, &hours)) {
        return false;
    }
    one_of_take(scan, ":");
    if (!digits_take(scan, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_offset_s = (is_west ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
    return scan->at == scan->text.len;
}

struct fields {
    unsigned year, month, day, hour, minute, second;
};

static bool fields_take(struct scan *scan, struct fields *ret)
{
    const struct {
        unsigned *field;
        size_t digits;
        const char *after;
    } PARTS[] = {{&ret->year, 4, "-"}, {&ret->month, 2, "-"},  {&ret->day, 2, "T "},
                 {&ret->hour, 2, ":"}, {&ret->minute, 2, ":"}, {&ret->second, 2, NULL}};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        bool is_good = digits_take(scan, PARTS[i].digits, PARTS[i].field) &&
                       (PARTS[i].after == NULL || one_of_take(scan, PARTS[i].after));
        if (!is_good) {
            return false;
        }
    }
    return true;
}

static bool are_possible(const struct fields *f)
{
    bool is_date = f->year >= 1970 && f->year <= 2099 && f->month >= 1 && f->month <= 12 && f->day >= 1 && f->day <= 31;
    return is_date && f->hour <= 23 && f->minute <= 59 && f->second <= 60;
}

static bool calendar_read(struct assay_slice text, uint64_t *ret_ns)
{
    struct scan scan = {text, 0};
    struct fields f;
    int64_t offset;
    if (!fields_take(&scan, &f) || !are_possible(&f)) {
        return false;
    }
    uint64_t fraction = one_of_take(&scan, ".,") ? fraction_take(&scan) : 0;
    if (!zone_take(&scan, &offset)) {
        return false;
    }
    int64_t seconds =
        days_from_civil(f.year, f.month, f.day) * 86400 + f.hour * 3600 + f.minute * 60 + f.second - offset;
    *ret_ns = seconds < 0 ? 0 : (uint64_t)seconds * ASSAY_NS_PER_S + fraction;
    return seconds >= 0;
}

bool assay_import_when(struct assay_slice text, uint64_t *ret_ns)
{
    /* A Unix time of 2001 to 2100 in s has 10 digits, in ms 13, in us 16, in ns 19. */
    static const struct {
        double below, ns_per_unit;
    } UNITS[] = {{1e11, 1e9}, {1e14, 1e6}, {1e17, 1e3}, {4.1e18, 1}};
    double number;
    text = assay_slice_trim(text);
    if (calendar_read(text, ret_ns)) {
        return true;
    }
    if (assay_num_double(text, "", &number, NULL) != ASSAY_OK || number < 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (number < UNITS[i].below) {
            *ret_ns = (uint64_t)llround(number * UNITS[i].ns_per_unit);
            return true;
        }
    }
    return false;
}
