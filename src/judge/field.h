/*
 * Field (inside this room): one row of the table of fields of evidence.md 1.3 and 6. The type belongs to the field,
 * not to the value. The tables stand in field_table.c; fields.c walks a statement along them.
 */
#ifndef ASSAY_JUDGE_FIELD_H
#define ASSAY_JUDGE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_INT,    /* JSON integer, |n| < 2^53, within low..high */
    FIELD_U64,    /* decimal string < 2^64 */
    FIELD_DEC,    /* string, a binary64 exactly as ECMAScript prints it */
    FIELD_HEX,    /* string of exactly `digits` lowercase hex digits */
    FIELD_COMMIT, /* 40 or 64 hex digits */
    FIELD_TIME,   /* YYYY-MM-DDTHH:MM:SSZ */
    FIELD_ID,     /* [a-z0-9][a-z0-9_.-]{0,63} */
    FIELD_REF,    /* id@version */
    FIELD_STR,    /* at most 256 bytes */
    FIELD_BOOL,
    FIELD_OBJECT, /* with `members` */
    FIELD_LIST,   /* of `members[0]`, at most `cap` */
    FIELD_SET,    /* a list of texts, sorted, without duplicates */
    FIELD_DATA    /* an object of int or dec under ids */
};

struct field {
    const char *name;
    enum field_type type;
    bool is_maybe;               /* T?: or {"absent":"why"} or {"unknown":"why"} */
    bool is_optional;            /* `o`: may be left out */
    unsigned digits;             /* HEX */
    int64_t low, high;           /* INT; both 0: 0 .. 2^53 - 1 */
    size_t cap;                  /* LIST, SET: a cap of evidence.md 1.2, gate 109 */
    const char *const *choices;  /* ID, REF, STR: a closed list, NULL-terminated */
    const struct field *members; /* OBJECT: ends with a row without name; LIST, SET: the element */
};

/* The predicate of a document, by enum assay_document; subject stands beside it. */
extern const struct field field_predicates[3];
extern const struct field field_subject;

#endif
