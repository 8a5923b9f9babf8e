/* Scanning (inside claims/): the quantity grammar over the flat text of one block, one pass from left to right. */
#ifndef ASSAY_CLAIMS_SCAN_H
#define ASSAY_CLAIMS_SCAN_H

#include "claims/model.h"

struct scan {
    struct model *m;
    uint32_t block;
    const char *s; /* flat text of the block, NUL at s[n] */
    uint32_t n, i;
    uint32_t flat;          /* of s[0] in the file's flat text */
    uint32_t sentence, cut; /* number of the open sentence in the block, and its first item */
    uint32_t seen;          /* bits of enum scan_seen: decides whether the items are worth keeping */
};
enum scan_seen {
    SEEN_SCOPE = 1,
    SEEN_VERDICT = 2,
    SEEN_DIRECTION = 4,
    SEEN_MULTIPLE = 8,
    SEEN_SHIPS = 16,
    SEEN_NUMBER = 32
};

/* A printed number: its digits and where it ends. */
struct number {
    struct decimal num;
    uint32_t from, to;
    bool has_point, has_magnitude, is_undecided; /* a comma of unknown meaning */
};

struct measure { /* a unit as it was read */
    double scale, alt;
    uint32_t noun, per, to;
    uint16_t unit;
    uint8_t dim;
    bool is_found;
};

bool scan_is_letter(char c);
bool scan_is_digit(char c);
uint32_t scan_spaces(const struct scan *sc, uint32_t at);   /* after blanks, also the wide ones */
uint32_t scan_word_end(const struct scan *sc, uint32_t at); /* of letters and bytes above 127 */
bool scan_number_read(const struct scan *sc, uint32_t at, struct number *ret);
bool scan_measure_read(const struct scan *sc, uint32_t at, struct measure *ret);
/* A unit that stands before its number ("$"): what may stand below the line. */
bool scan_measure_below(const struct scan *sc, uint32_t at, uint16_t unit, struct measure *ret);

void scan_item(struct scan *sc, uint32_t from, uint32_t to, unsigned kind, unsigned word, uint32_t hash);
void scan_quantity(struct scan *sc);           /* at a digit: appends a quantity, a stamp or a word, and moves on */
void scan_shape(struct scan *sc, uint32_t at); /* "1920x1080": one word */
bool scan_stamp(struct scan *sc);              /* a date at the digit: appended */
bool scan_stamp_read(const char *s, uint32_t n, struct stamp *ret, uint32_t *ret_len);
bool scan_number_word(struct scan *sc, uint32_t from, uint32_t to, uint16_t word); /* "seven codecs", "twice as fast" */

/* Value, step and intervals from the digits and the unit. */
void quantity_measure(struct quantity *q, const struct measure *measure);
double decimal_value(const struct decimal *num);
bool measure_of_key(const char *key, size_t len, struct measure *ret, size_t *ret_stem);

#endif
