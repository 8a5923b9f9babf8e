/*
 * Text: slices, UTF-8, safe display of foreign bytes.
 *
 * A slice borrows bytes that someone else owns; it is not NUL-terminated. Text that came from outside (a server, a
 * file, a flag) reaches a person only through assay_text_show, which makes control and bidi characters visible.
 */
#ifndef ASSAY_BASE_TEXT_H
#define ASSAY_BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_slice {
    const char *data;
    size_t len;
};

#define ASSAY_SLICE(literal) ((struct assay_slice){(literal), sizeof(literal) - 1})

struct assay_slice assay_slice_of(const char *text); /* strlen */
bool assay_slice_equal(struct assay_slice a, struct assay_slice b);
bool assay_slice_is(struct assay_slice slice, const char *text);
bool assay_slice_starts(struct assay_slice slice, const char *prefix);
struct assay_slice assay_slice_trim(struct assay_slice slice); /* ASCII white space off both ends */

/* Cuts slice at the first separator: returns what lies before it and leaves what follows in *rest. Without a
 * separator the whole slice is returned and *rest becomes empty (data NULL). */
struct assay_slice assay_slice_cut(struct assay_slice *rest, char separator);

bool assay_text_starts(const char *text, const char *prefix);
bool assay_text_ends(const char *text, const char *suffix);

/* Exactly so many lower-case hex digits. */
bool assay_text_is_hex(const char *text, size_t digits);

/* Length of the longest prefix that is well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). Equal to
 * len iff all of it is. A sequence cut off at the end is not well-formed. */
size_t assay_utf8_valid_prefix(const char *bytes, size_t len);

/* Appends code_point as UTF-8; anything that is no scalar value becomes U+FFFD. */
void assay_utf8_append(struct assay_buf *buf, uint32_t code_point);

/* Reads one code point at bytes (len > 0). Returns its length; ill-formed: returns 1 and *ret = U+FFFD. */
size_t assay_utf8_next(const char *bytes, size_t len, uint32_t *ret_code_point);

/* Appends foreign bytes for a person: control, bidi and ill-formed bytes as \xNN, at most max_bytes bytes of the input,
 * then "..." if it was cut. */
void assay_text_show(struct assay_buf *buf, const char *bytes, size_t len, size_t max_bytes);

/* Splits a command line by POSIX quoting rules ('..', "..", \), without expansion. On success the caller frees the
 * array with assay_text_argv_free. MALFORMED: an unclosed quote or a lone backslash, with its column. */
assay_code assay_text_split_command(const char *text, char ***ret_argv, size_t *ret_argc, assay_err *err);
void assay_text_argv_free(char **argv);

/* Edit distance up to limit, for "did you mean"; returns limit + 1 if it is larger. */
size_t assay_text_distance(const char *a, const char *b, size_t limit);

#endif
