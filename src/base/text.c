#include "base/text.h"

#include <assert.h>
#include <string.h>

struct assay_slice assay_slice_of(const char *text)
{
    return (struct assay_slice){text, strlen(text)};
}

bool assay_slice_equal(struct assay_slice a, struct assay_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool assay_slice_is(struct assay_slice slice, const char *text)
{
    return assay_slice_equal(slice, assay_slice_of(text));
}

bool assay_slice_starts(struct assay_slice slice, const char *prefix)
{
    size_t len = strlen(prefix);
    return slice.len >= len && (len == 0 || memcmp(slice.data, prefix, len) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct assay_slice assay_slice_trim(struct assay_slice slice)
{
    while (slice.len > 0 && is_space(slice.data[0])) {
        slice.data++;
        slice.len--;
    }
    while (slice.len > 0 && is_space(slice.data[slice.len - 1])) {
        slice.len--;
    }
    return slice;
}

struct assay_slice assay_slice_cut(struct assay_slice *rest, char separator)
{
    struct assay_slice whole = *rest;
    const char *at = whole.len > 0 ? memchr(whole.data, separator, whole.len) : NULL;
    if (!at) {
        *rest = (struct assay_slice){NULL, 0};
        return whole;
    }
    size_t before = (size_t)(at - whole.data);
    *rest = (struct assay_slice){at + 1, whole.len - before - 1};
    return (struct assay_slice){whole.data, before};
}

bool assay_text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool assay_text_is_hex(const char *text, size_t digits)
{
    return strspn(text, "0123456789abcdef") == digits && text[digits] == '\0';
}

bool assay_text_ends(const char *text, const char *suffix)
{
    size_t text_len = strlen(text), suffix_len = strlen(suffix);
    return text_len >= suffix_len && memcmp(text + text_len - suffix_len, suffix, suffix_len) == 0;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t assay_text_distance(const char *a, const char *b, size_t limit)
{
    enum { LEN_MAX = 63 }; /* names that people mistype are short; longer ones count as far apart */
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > LEN_MAX || b_len > LEN_MAX) {
        return strcmp(a, b) == 0 ? 0 : limit + 1;
    }
    /* Wagner and Fischer, 1974, keeping one row. */
    size_t row[LEN_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smallest(replaced, row[j] + 1, row[j - 1] + 1);
        }
    }
    return row[b_len] <= limit ? row[b_len] : limit + 1;
}
