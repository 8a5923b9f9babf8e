/*
 * Numbers as text, locale-free. Parsers take the whole text or fail with MALFORMED and say what would be right;
 * `what` names the thing in the message ("--requests", "line 3, column first_token_ms").
 */
#ifndef ASSAY_BASE_NUM_H
#define ASSAY_BASE_NUM_H

#include "base/err.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

assay_code assay_num_u64(struct assay_slice text, const char *what, uint64_t max, uint64_t *ret, assay_err *err);
assay_code assay_num_double(struct assay_slice text, const char *what, double *ret,
                            assay_err *err); /* finite decimal */

/* "250ms", "1.5s", "2m30s", "1h", "90" (seconds). Units ns us ms s m h d. At most 2^63-1 ns. */
assay_code assay_num_duration(struct assay_slice text, const char *what, uint64_t *ret_ns, assay_err *err);

/* "64KiB", "2GB", "512": SI and binary prefixes as written; plain numbers are bytes. */
assay_code assay_num_bytes(struct assay_slice text, const char *what, uint64_t *ret_bytes, assay_err *err);

/* "2%" -> 0.02, "0.02" -> 0.02. */
assay_code assay_num_share(struct assay_slice text, const char *what, double *ret, assay_err *err);

/* The shortest text that reads back as the same binary64, spelled as ECMAScript does (1e+21, 0.000001, -0 as 0):
 * RFC 8785 section 3.2.2.3. x is finite. Returns the length; the text is NUL-terminated. */
#define ASSAY_NUM_TEXT_BYTES 32
size_t assay_num_print_shortest(double x, char text[ASSAY_NUM_TEXT_BYTES]);

/* For people: 3 significant digits and a unit chosen by size: "1.24 ms", "37.0 us", "2.10 s"; bytes "3.20 GiB". */
size_t assay_num_print_ns(double ns, char text[ASSAY_NUM_TEXT_BYTES]);
size_t assay_num_print_bytes(double bytes, char text[ASSAY_NUM_TEXT_BYTES]);

/* strtod as in the C locale, whatever the caller's is. text was checked to be a number. */
double assay_num_strtod_c(const char *text);

/* -1, 0 or 1, as qsort and bsearch want it. */
int assay_order_u64(uint64_t a, uint64_t b);
int assay_order_i64(int64_t a, int64_t b);

bool assay_mul_u64(uint64_t a, uint64_t b, uint64_t *ret); /* false on overflow */
bool assay_add_u64(uint64_t a, uint64_t b, uint64_t *ret);

#endif
