#include "record/policy.h"

#include <stdio.h>
#include <string.h>

#define DAYS_TO_1970 719468 /* from 0000-03-01 of the proleptic Gregorian calendar */

static int days_in_month(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return DAYS[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* Years counted from March, so that the leap day comes last (Hinnant, "days_from_civil"). */
static int64_t day_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * 146097 + 365 * of_era + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

static bool two_digits(const char *text, int *ret)
{
    bool are_digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    *ret = are_digits ? 10 * (text[0] - '0') + (text[1] - '0') : 0;
    return are_digits;
}

bool assay_day_read(const char *text, int64_t *ret_day)
{
    int century, of_century, month, day;
    if (strlen(text) != strlen("2026-11-21") || text[4] != '-' || text[7] != '-' || !two_digits(text, &century) ||
        !two_digits(text + 2, &of_century) || !two_digits(text + 5, &month) || !two_digits(text + 8, &day)) {
        return false;
    }
    int year = 100 * century + of_century;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *ret_day = day_of(year, month, day);
    return true;
}

/* The inverse, Hinnant's "civil_from_days". */
void assay_day_print(int64_t day, char text[11])
{
    int64_t z = day + DAYS_TO_1970, era = z / 146097, of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153, month = shifted < 10 ? shifted + 3 : shifted - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    char all[32];
    (void)snprintf(all, sizeof all, "%04d-%02d-%02d", (int)(year % 10000), (int)month,
                   (int)(of_year - (153 * shifted + 2) / 5 + 1));
    memcpy(text, all, 10);
    text[10] = '\0';
}
