/*
 * Edits of a JSON tree at a JSON pointer, for tests that plant faults. Each fails the test if the place is not there.
 */
#ifndef ASSAY_TESTS_EDIT_H
#define ASSAY_TESTS_EDIT_H

#include "json/json.h"

/* The container of what the pointer names, and its last token. */
json_t *edit_parent(json_t *root, const char *pointer, char *ret_name, size_t name_bytes);

void edit_set(json_t *root, const char *pointer, json_t *taken);
void edit_drop(json_t *root, const char *pointer);
void edit_append(json_t *root, const char *pointer, json_t *taken);
void edit_swap(json_t *root, const char *a, const char *b);
void edit_grow(json_t *root, const char *pointer, size_t count); /* repeats the last element */

/* Replaces the first occurrence of one byte string by another. */
void edit_bytes(struct assay_buf *bytes, const char *from, size_t from_len, const char *to, size_t to_len);

#endif
