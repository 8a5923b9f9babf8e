/*
 * Reading a typed file strictly (inside this room): a table of keys says what a mapping may hold; whatever else is
 * there is an error with its line. Policy and price files are read with it.
 */
#ifndef ASSAY_RECORD_POLICY_READ_H
#define ASSAY_RECORD_POLICY_READ_H

#include "record/policy.h"
#include "json/json.h"

enum typed {
    TYPED_TEXT,     /* const char *: 1 to 256 bytes */
    TYPED_ID,       /* const char *: a letter or digit, then letters, digits, "_", "-", "." */
    TYPED_CHOICE,   /* const char *: one of `choices` */
    TYPED_MARK,     /* bool: set by the one word in `choices` */
    TYPED_BOOL,     /* bool: true or false */
    TYPED_COUNT,    /* uint64_t, least..most */
    TYPED_REAL,     /* double, least..most; "%" allowed */
    TYPED_NUMBER,   /* struct assay_policy_number, least..most */
    TYPED_LIMIT,    /* struct assay_policy_number in the reader's unit */
    TYPED_DURATION, /* uint64_t ns, with a unit */
    TYPED_DAY,      /* int64_t */
    TYPED_DIGEST,   /* const char *: 64 lowercase hex digits */
    TYPED_WORDS,    /* struct assay_policy_words, of `choices` if there are any */
    TYPED_OTHER     /* read elsewhere */
};

struct typed_key {
    const char *name;
    enum typed type;
    size_t at;
    bool is_required;
    const char *const *choices; /* ends with NULL */
    double least, most;
    unsigned kinds; /* of gates that may have it, bits of enum assay_gate_kind; 0: all */
};

struct typed_reader {
    struct assay_arena *arena;
    struct assay_yaml_lines lines;
    const char *unit; /* of TYPED_LIMIT; NULL: unknown metric, any unit */
    assay_err *err;
};

/* "line 14: WHERE: ..." */
assay_code typed_fail(struct typed_reader *reader, const json_t *value, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "...: found 'X', expected RIGHT" */
assay_code typed_fail_value(struct typed_reader *reader, const json_t *value, const char *where, const char *name,
                            const char *right);

/* What every typed file begins with: a mapping with `name: 1`. what: "a policy is", for the message that it is none.
 * UNSUPPORTED: another version. A mapping without the name is left to its table, which requires it. */
assay_code typed_head(struct typed_reader *reader, const json_t *root, const char *what, const char *name);

/* Reads a mapping along its table into the struct at `into`. */
assay_code typed_object(struct typed_reader *reader, const json_t *object, const char *where,
                        const struct typed_key *keys, size_t keys_count, void *into);
/* The same of a gate: only keys that its kind may have; its limits are left for typed_limits, once their unit is known.
 */
assay_code typed_object_of_kind(struct typed_reader *reader, const json_t *object, const char *where,
                                const struct typed_key *keys, size_t keys_count, enum assay_gate_kind kind, void *into);
assay_code typed_limits(struct typed_reader *reader, const json_t *object, const char *where,
                        const struct typed_key *keys, size_t keys_count, void *into);

/* A list, its length checked, its elements in the arena; *ret_count = 0 without one. */
assay_code typed_list(struct typed_reader *reader, const json_t *parent, const char *name, size_t most,
                      size_t element_bytes, void *ret_elements, size_t *ret_count);
/* "gates[2]" with the id behind it where there is one. */
#define TYPED_WHERE_BYTES 96
void typed_where(char text[TYPED_WHERE_BYTES], const char *list, size_t index, const json_t *object);

/* Number in a unit: "250ms" in ns, "6GiB" in bytes, "0.003USD", "50/s", "2%". False: it does not fit. */
bool typed_quantity(const char *text, const char *unit, double *ret);
const char *typed_unit_example(const char *unit);

#endif
