/*
 * YAML as a strict subset, read into JSON values: mappings, sequences and plain or quoted scalars. Every scalar becomes
 * a string: what is a number is for the reader of the key to say, since YAML's own guesses (yes, 0x10, 1e999, .nan)
 * have surprised too many people. Refused, with line and column: anchors, aliases, tags, repeated keys, keys that are
 * no scalars, a second document, depth over ASSAY_YAML_DEPTH_MAX, input over ASSAY_YAML_BYTES_MAX.
 */
#ifndef ASSAY_JSON_YAML_H
#define ASSAY_JSON_YAML_H

#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

#define ASSAY_YAML_BYTES_MAX ((size_t)256 << 10) /* statistics.md 4.1; a suite or policy is typed by people */
#define ASSAY_YAML_DEPTH_MAX 16

assay_code assay_yaml_read(const char *bytes, size_t len, json_t **ret, assay_err *err);

/* Where the values of one read text stand, so that whoever reads a key can name its line. */
struct assay_yaml_lines {
    struct assay_yaml_place {
        const json_t *value; /* borrowed: valid while the tree is */
        size_t line;
    } *places;
    size_t count, capacity;
};
/* As above; *ret_lines is zeroed before and the caller's to end with _done, on failure too. */
assay_code assay_yaml_read_lines(const char *bytes, size_t len, json_t **ret, struct assay_yaml_lines *ret_lines,
                                 assay_err *err);
size_t assay_yaml_line(const struct assay_yaml_lines *lines, const json_t *value); /* 0: not known */
void assay_yaml_lines_done(struct assay_yaml_lines *lines);

#endif
