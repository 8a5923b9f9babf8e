/*
 * Inside serve/: objects of a script read by tables. A row says where a member goes and what it may be; names beside
 * the table are known and read by the caller, all others are refused with their place.
 */
#ifndef ASSAY_SERVE_TRUTH_FIELDS_H
#define ASSAY_SERVE_TRUTH_FIELDS_H

#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

enum truth_field_kind { TRUTH_FIELD_U64, TRUTH_FIELD_BOOL, TRUTH_FIELD_TEXT, TRUTH_FIELD_CHOICE };

struct truth_field {
    const char *name;
    enum truth_field_kind kind;
    size_t offset;
    uint64_t max;               /* U64; 0: 2^62 */
    const char *const *choices; /* CHOICE, NULL-terminated; the value is an int, the index */
};

struct truth_reader {
    const struct truth_field *fields;
    size_t count;
    const char *const *others; /* names that the caller reads, NULL-terminated, or NULL */
    const char *at;            /* JSON pointer of the object */
};
#define TRUTH_READER(table, names, place) \
    ((struct truth_reader){(table), sizeof(table) / sizeof(table)[0], (names), (place)})

/* Reads the object into base; texts are copied into the arena. */
assay_code truth_fields_read(struct assay_arena *arena, const struct truth_reader *reader, json_t *object, void *base,
                             assay_err *err);
assay_code truth_fields_text(struct assay_arena *arena, const char *text, const char **ret, assay_err *err);

#endif
