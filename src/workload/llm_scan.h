/*
 * Scanner: walks over the bytes of one JSON text without building anything. Inside of the event reader (llm_event.h);
 * everything hot is inline here.
 *
 * A scan stops at its first fault and stays there: functions return false, `fault` and `at` say what and where. Strings
 * are checked for well-formed UTF-8, escapes and control bytes; numbers for their grammar; nesting for its limit, so
 * that a text that scans through is JSON.
 */
#ifndef ASSAY_WORKLOAD_LLM_SCAN_H
#define ASSAY_WORKLOAD_LLM_SCAN_H

#include "base/text.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ASSAY_LLM_DEPTH_MAX 64 /* endpoints.md 8 */

enum assay_llm_fault {
    ASSAY_LLM_FAULT_NONE,
    ASSAY_LLM_FAULT_NOT_JSON, /* not JSON at all, or trailing bytes */
    ASSAY_LLM_FAULT_SHAPE,    /* JSON, but a known member has a type it must not have, or stands there twice */
    ASSAY_LLM_FAULT_ENCODING, /* ill-formed UTF-8, or half a surrogate pair */
    ASSAY_LLM_FAULT_DEPTH,    /* nested deeper than ASSAY_LLM_DEPTH_MAX */
    ASSAY_LLM_FAULT_COUNT     /* more pieces of text in one event than there is room for */
};

struct assay_llm_scan {
    const char *at, *end;
    unsigned depth;
    enum assay_llm_fault fault;
};

/* A string literal without its quotes, still escaped. */
struct assay_llm_text {
    const char *data;
    uint32_t len;
    bool has_escapes;
};

static inline bool assay_llm_scan_fail(struct assay_llm_scan *scan, enum assay_llm_fault fault)
{
    scan->fault = fault;
    return false;
}

static inline void assay_llm_scan_space(struct assay_llm_scan *scan)
{
    const char *p = scan->at;
    while (p < scan->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    scan->at = p;
}

/* The next byte that is not white space, not consumed; 0 at the end (a raw NUL fails everywhere it matters). */
static inline char assay_llm_scan_peek(struct assay_llm_scan *scan)
{
    if (scan->at < scan->end && (unsigned char)*scan->at > ' ') {
        return *scan->at;
    }
    assay_llm_scan_space(scan);
    return scan->at < scan->end ? *scan->at : '\0';
}

#define ASSAY_LLM_BYTES_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Marks (bit 7 of the byte) every byte of a little-endian word that ends the plain run of a string: quote, backslash,
 * control and non-ASCII bytes. Bits above the first mark may be false alarms (borrows); the first one never is. */
static inline uint64_t assay_llm_scan_marks(uint64_t word)
{
    const uint64_t low = ASSAY_LLM_BYTES_OF(0x01), high = ASSAY_LLM_BYTES_OF(0x80);
    uint64_t quote = word ^ ASSAY_LLM_BYTES_OF(0x22), slash = word ^ ASSAY_LLM_BYTES_OF(0x5c);
    uint64_t hit = ((quote - low) & ~quote) | ((slash - low) & ~slash) | ((word - ASSAY_LLM_BYTES_OF(0x20)) & ~word);
    return (hit | word) & high;
}

/* The slow part of a string: escapes and bytes beyond ASCII, from scan->at up to the closing quote. */
bool assay_llm_scan_string_rest(struct assay_llm_scan *scan, bool *ret_has_escapes);

/* scan->at stands on the opening quote. */
static inline bool assay_llm_scan_string(struct assay_llm_scan *scan, struct assay_llm_text *ret)
{
    const char *start = scan->at + 1, *p = start;
    ret->data = start;
    ret->has_escapes = false;
    while (scan->end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        uint64_t marks = assay_llm_scan_marks(le64toh(word));
        if (marks != 0) {
            p += __builtin_ctzll(marks) >> 3;
            if (*p == '"') {
                ret->len = (uint32_t)(p - start);
                scan->at = p + 1;
                return true;
            }
            break;
        }
        p += 8;
    }
    scan->at = p;
    if (!assay_llm_scan_string_rest(scan, &ret->has_escapes)) {
        return false;
    }
    ret->len = (uint32_t)(scan->at - 1 - start);
    return true;
}

struct assay_llm_number {
    const char *data; /* NULL: not there, or null */
    uint32_t len;
};

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
bool assay_llm_scan_number(struct assay_llm_scan *scan, struct assay_llm_number *ret);

/* Any value, checked and skipped. */
bool assay_llm_scan_skip(struct assay_llm_scan *scan);

/* Any value; what it covers goes to *ret (raw JSON). */
bool assay_llm_scan_raw(struct assay_llm_scan *scan, struct assay_slice *ret);

/* true, false or null; the caller has looked at the first letter. */
bool assay_llm_scan_word(struct assay_llm_scan *scan, const char *word, size_t len);

static inline bool assay_llm_scan_null(struct assay_llm_scan *scan)
{
    return assay_llm_scan_word(scan, "null", 4);
}

/* Steps into an object or array; scan->at stands on its bracket. *ret_empty: it was closed again at once. */
static inline bool assay_llm_scan_enter(struct assay_llm_scan *scan, char closing, bool *ret_empty)
{
    if (++scan->depth > ASSAY_LLM_DEPTH_MAX) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_DEPTH);
    }
    scan->at++;
    *ret_empty = assay_llm_scan_peek(scan) == closing;
    if (*ret_empty) {
        scan->at++;
        scan->depth--;
    }
    return true;
}

/* After a member: a comma (go on, *ret_more) or the closing bracket. */
static inline bool assay_llm_scan_next(struct assay_llm_scan *scan, char closing, bool *ret_more)
{
    char c = assay_llm_scan_peek(scan);
    if (c == ',') {
        scan->at++;
        *ret_more = true;
        return true;
    }
    if (c != closing) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    scan->at++;
    scan->depth--;
    *ret_more = false;
    return true;
}

/* The name of a member and its colon. */
static inline bool assay_llm_scan_name(struct assay_llm_scan *scan, struct assay_llm_text *ret)
{
    if (assay_llm_scan_peek(scan) != '"') {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    if (!assay_llm_scan_string(scan, ret)) {
        return false;
    }
    if (assay_llm_scan_peek(scan) != ':') {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    scan->at++;
    return true;
}

/* The decoded bytes of a text, handed over in pieces of at most 256 bytes; the text has been scanned. */
typedef void assay_llm_bytes_fn(void *context, const char *bytes, size_t len);
void assay_llm_text_decode(struct assay_llm_text text, assay_llm_bytes_fn *sink, void *context);

#endif
