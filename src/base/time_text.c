#include "base/clock.h"

#include <stddef.h>

#define DAYS_TO_1970 719468 /* from 0000-03-01 of the proleptic Gregorian calendar */

static bool read_digits(const char **at, int count, int *ret)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = **at;
        if (c < '0' || c > '9') {
            return false;
        }
        value = 10 * value + (c - '0');
        (*at)++;
    }
    *ret = value;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return DAYS[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* Days since 1970-01-01, years counted from March so that the leap day comes last (Hinnant, "days_from_civil"). */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t shifted = (month + 9) % 12;
    int64_t day_of_year = (153 * shifted + 2) / 5 + day - 1;
    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - DAYS_TO_1970;
}

bool assay_time_read(const char *text, int64_t *ret_seconds)
{
    static const struct {
        int digits;
        char after;
    } PARTS[] = {{4, '-'}, {2, '-'}, {2, 'T'}, {2, ':'}, {2, ':'}, {2, 'Z'}};
    int part[6];
    const char *at = text;
    for (size_t i = 0; i < 6; i++) {
        if (!read_digits(&at, PARTS[i].digits, &part[i]) || *at != PARTS[i].after) {
            return false;
        }
        at++;
    }
    bool is_date = *at == '\0' && part[0] >= 1970 && part[1] >= 1 && part[1] <= 12 && part[2] >= 1 &&
                   part[2] <= days_in_month(part[0], part[1]);
    if (!is_date || part[3] > 23 || part[4] > 59 || part[5] > 59) {
        return false;
    }
    *ret_seconds = days_since_1970(part[0], part[1], part[2]) * 86400 + part[3] * 3600 + part[4] * 60 + part[5];
    return true;
}
