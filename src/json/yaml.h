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

#endif
