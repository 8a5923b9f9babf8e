/*
 * JSON: reading foreign text strictly, writing it canonically, and taking values out with messages that name the place.
 *
 * Values are Jansson's json_t, so that callers use json_array_size() and the like as usual. Reading and writing are
 * ours: Jansson's reader has neither limits nor places in its messages, and its writer is not RFC 8785.
 *
 *     json_t *root = NULL;
 *     rc = assay_json_read(bytes, len, &assay_json_limits_default, &root, err);   // "line 3, column 7: ..."
 *     rc = assay_json_get_u64(root, "count", "", &count, err);                    // "/count: found ..., expected ..."
 *     json_decref(root);
 *
 * assay_json_init() once at program start (in main, and at the start of a test) sends Jansson's allocations through
 * base/mem.h; it is the only global that this room touches, and it is Jansson's. After it every function here is pure
 * and may be called from any thread; one json_t belongs to one thread at a time.
 *
 * Errors: MALFORMED (not what it should be), TOO_LARGE (over a limit), NO_MEMORY.
 */
#ifndef ASSAY_JSON_JSON_H
#define ASSAY_JSON_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "json/yaml.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void assay_json_init(void);

/* ---- reading ---------------------------------------------------------------------------------------------------- */

enum assay_json_flag {
    /* The profile of receipts (evidence.md 1.2): besides everything the strict reader refuses, no null, no number with
     * fraction or exponent, no integer of 2^53 or more, no control character (Unicode Cc) raw or escaped. */
    ASSAY_JSON_RECEIPT_PROFILE = 1,
    /* Foreign formats that say so: the last of two members with one name counts. Otherwise duplicates are refused. */
    ASSAY_JSON_LAST_DUPLICATE_WINS = 2
};

#define ASSAY_JSON_DEPTH_MAX 512 /* no limit may be set above: reading, writing and freeing recurse */

struct assay_json_limits {
    size_t bytes_max;   /* of the text; checked before anything is allocated */
    size_t members_max; /* of one object; 0 = no limit of its own */
    unsigned depth_max; /* containers inside each other; a scalar has depth 0 */
    unsigned flags;     /* enum assay_json_flag */
};

/* 64 MiB, depth 64, any number of members: other tools' files, suites, answers of servers. */
extern const struct assay_json_limits assay_json_limits_default;
/* 768 KiB, depth 16, 256 members, ASSAY_JSON_RECEIPT_PROFILE: the payload of a receipt (evidence.md 1.2). */
extern const struct assay_json_limits assay_json_limits_receipt;
/* As the receipt, but 256 MiB: plan.json. */
extern const struct assay_json_limits assay_json_limits_plan;

/* Reads one JSON text of any root. Refused at any depth: duplicate names, trailing bytes, a byte order mark, ill-formed
 * UTF-8, lone surrogates, numbers beyond binary64. Integers outside int64_t become reals. Members keep the order of the
 * text. NUL inside strings is kept (json_string_length tells); the receipt profile refuses it. */
assay_code assay_json_read(const char *bytes, size_t len, const struct assay_json_limits *limits, json_t **ret_root,
                           assay_err *err);

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Appends the canonical form, RFC 8785: members by UTF-16 code units, no white space, numbers as ECMAScript prints the
 * binary64. For each canonical text T: canon(read(T)) == T. */
assay_code assay_json_canon(const json_t *value, struct assay_buf *out, assay_err *err);

/* Whether `bytes`, from which `value` was read, is its canonical form. MALFORMED with line and column of the first
 * difference if not. */
assay_code assay_json_canon_check(const json_t *value, const char *bytes, size_t len, assay_err *err);

/* Whether the bytes are a canonical JSON text; false also for text that cannot be read and for lack of memory. */
bool assay_json_is_canonical(const char *bytes, size_t len);

/* For people and --json: two spaces a level, members in the order in which they were set, "key": value, a line end at
 * the end. Integers exactly. */
assay_code assay_json_pretty(const json_t *value, struct assay_buf *out, assay_err *err);

/* One line a value (JSON lines): as pretty, without white space except the line end. */
assay_code assay_json_line(const json_t *value, struct assay_buf *out, assay_err *err);

/* Appends one JSON string literal with its quotes; ill-formed bytes become U+FFFD. For writers that stream. */
void assay_json_quote(struct assay_buf *out, const char *bytes, size_t len);

/* ---- places (RFC 6901) ------------------------------------------------------------------------------------------ */

#define ASSAY_JSON_POINTER_BYTES 256 /* a place for a message; deeper or hostile ones are cut with "..." */

/* A place that grows and shrinks while a walker descends:
 *     size_t mark = assay_json_pointer_name(&at, "hosts");  ... descend ...  assay_json_pointer_back(&at, mark); */
struct assay_json_pointer {
    char text[ASSAY_JSON_POINTER_BYTES];
    size_t len;
};

size_t assay_json_pointer_name(struct assay_json_pointer *at, const char *name); /* "~" and "/" are escaped */
size_t assay_json_pointer_index(struct assay_json_pointer *at, size_t index);
void assay_json_pointer_back(struct assay_json_pointer *at, size_t mark);

/* The value at a JSON pointer ("" = root, "/a/0/b"), borrowed; NULL if there is none. */
json_t *assay_json_at(const json_t *root, const char *pointer);

/* ---- typed getters ---------------------------------------------------------------------------------------------- */

/* Each takes a member of an object that must be there with that type. `at` is the JSON pointer of the object itself and
 * stands in the message: "/protocol/seed: found 12, expected a string of decimal digits". Texts, objects and arrays are
 * borrowed. */
assay_code assay_json_get(const json_t *object, const char *name, const char *at, json_t **ret, assay_err *err);
assay_code assay_json_get_object(const json_t *object, const char *name, const char *at, json_t **ret, assay_err *err);
assay_code assay_json_get_array(const json_t *object, const char *name, const char *at, json_t **ret, assay_err *err);
assay_code assay_json_get_text(const json_t *object, const char *name, const char *at, const char **ret,
                               assay_err *err); /* without NUL inside */
assay_code assay_json_get_bool(const json_t *object, const char *name, const char *at, bool *ret, assay_err *err);
assay_code assay_json_get_int(const json_t *object, const char *name, const char *at, int64_t *ret, assay_err *err);
assay_code assay_json_get_u64(const json_t *object, const char *name, const char *at, uint64_t *ret,
                              assay_err *err); /* a JSON integer >= 0 */
assay_code assay_json_get_double(const json_t *object, const char *name, const char *at, double *ret,
                                 assay_err *err); /* any JSON number */
/* The string types of evidence.md 1.2: u64 = decimal digits without leading zero, dec = exactly what ECMAScript prints,
 * hex = lowercase, 2 * bytes digits. */
assay_code assay_json_get_u64_text(const json_t *object, const char *name, const char *at, uint64_t *ret,
                                   assay_err *err);
assay_code assay_json_get_dec(const json_t *object, const char *name, const char *at, double *ret, assay_err *err);
assay_code assay_json_get_hex(const json_t *object, const char *name, const char *at, void *ret_bytes, size_t bytes,
                              assay_err *err);
/* MALFORMED if it is no object, and at the first member that is not in the NULL-terminated list. */
assay_code assay_json_only(const json_t *object, const char *const *names, const char *at, assay_err *err);

/* What is there, for "found ...": the value as one short line, cut at max_bytes; a missing value is "nothing". */
void assay_json_show(struct assay_buf *out, const json_t *value, size_t max_bytes);

/* Whether a text is exactly a dec or a u64 as above. */
bool assay_json_dec_read(const char *text, double *ret);
bool assay_json_u64_read(const char *text, uint64_t *ret);

/* ---- building --------------------------------------------------------------------------------------------------- */

/*
 * A builder remembers the first failure, as assay_buf does, so that a tree is built unchecked and asked about once:
 *
 *     struct assay_json_builder b = {0};
 *     json_t *root = json_object();                           // NULL if memory is short: noticed below
 *     assay_json_put_text(&b, root, "name", name);
 *     json_t *list = assay_json_put_array(&b, root, "list");   // borrowed: belongs to root
 *     assay_json_add_u64(&b, list, 7);
 *     if (assay_json_builder_check(&b, root, err)) { json_decref(root); ... }
 *
 * Every function is fine on a NULL container, and takes over the values given to _put and _add even when it fails.
 */
struct assay_json_builder {
    assay_code failed;
    const char *name; /* the member at which it failed, for the message */
};

void assay_json_put(struct assay_json_builder *b, json_t *object, const char *name, json_t *taken);
json_t *assay_json_put_object(struct assay_json_builder *b, json_t *object, const char *name);
json_t *assay_json_put_array(struct assay_json_builder *b, json_t *object, const char *name);
void assay_json_put_text(struct assay_json_builder *b, json_t *object, const char *name, const char *text);
void assay_json_put_slice(struct assay_json_builder *b, json_t *object, const char *name, const char *bytes,
                          size_t len); /* ill-formed UTF-8 is MALFORMED */
void assay_json_put_bool(struct assay_json_builder *b, json_t *object, const char *name, bool value);
void assay_json_put_null(struct assay_json_builder *b, json_t *object, const char *name);
void assay_json_put_int(struct assay_json_builder *b, json_t *object, const char *name, int64_t value);
void assay_json_put_u64(struct assay_json_builder *b, json_t *object, const char *name,
                        uint64_t value); /* a JSON integer; 2^53 and above is TOO_LARGE */
void assay_json_put_double(struct assay_json_builder *b, json_t *object, const char *name,
                           double value); /* a JSON number; NaN and infinity are MALFORMED */
void assay_json_put_u64_text(struct assay_json_builder *b, json_t *object, const char *name, uint64_t value);
void assay_json_put_dec(struct assay_json_builder *b, json_t *object, const char *name,
                        double value); /* a string as get_dec reads it */
void assay_json_put_hex(struct assay_json_builder *b, json_t *object, const char *name, const void *bytes, size_t len);

void assay_json_add(struct assay_json_builder *b, json_t *array, json_t *taken);
json_t *assay_json_add_object(struct assay_json_builder *b, json_t *array);
json_t *assay_json_add_array(struct assay_json_builder *b, json_t *array);
void assay_json_add_text(struct assay_json_builder *b, json_t *array, const char *text);
void assay_json_add_int(struct assay_json_builder *b, json_t *array, int64_t value);
void assay_json_add_u64(struct assay_json_builder *b, json_t *array, uint64_t value);
void assay_json_add_double(struct assay_json_builder *b, json_t *array, double value);

/* OK, or why the tree under root cannot be used. */
assay_code assay_json_builder_check(const struct assay_json_builder *b, const json_t *root, assay_err *err);

#endif
