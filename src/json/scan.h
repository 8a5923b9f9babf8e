/*
 * Scan (inside this room): the tokens of a JSON text, with the place of each fault. The reader in read.c makes values
 * of them. The text was checked to be well-formed UTF-8 before the first token is asked for.
 */
#ifndef ASSAY_JSON_SCAN_H
#define ASSAY_JSON_SCAN_H

#include "base/text.h"
#include "json/json.h"

struct json_scan {
    const char *bytes;
    size_t len, at;
    unsigned flags;
    struct assay_buf decoded; /* of the last string, if it held escapes */
};

struct json_number {
    bool is_integer; /* as int64_t */
    int64_t integer;
    double real;
};

/* To look at eight bytes at once: the same byte in each place. */
#define SCAN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define SCAN_ONES SCAN_EACH(1)
#define SCAN_HIGHS SCAN_EACH(0x80)

void scan_space(struct json_scan *scan);
bool scan_take(struct json_scan *scan, char c); /* takes c if it is next */
assay_code scan_word(struct json_scan *scan, const char *word, assay_err *err);
assay_code scan_number(struct json_scan *scan, struct json_number *ret, assay_err *err);
/* *ret is valid until the next string. The scan stands at the opening quote. */
assay_code scan_string(struct json_scan *scan, struct assay_slice *ret, assay_err *err);

/* MALFORMED or TOO_LARGE: "line L, column C: ..." with a column in code points. */
assay_code scan_fail(const struct json_scan *scan, size_t at, assay_code code, assay_err *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* MALFORMED: "found 'x', expected ..." at the present place. */
assay_code scan_fail_found(const struct json_scan *scan, const char *expected, assay_err *err);

struct json_place {
    size_t line, column; /* from 1 */
};
struct json_place scan_place(const char *bytes, size_t at);

#endif
