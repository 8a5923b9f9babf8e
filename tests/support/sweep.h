/*
 * Sweeps: a document with one place changed, and what its reader says, for all places and many values. Each member and
 * element of a JSON document is left out and is given each of a list of values; the answers to one place that are alike
 * stand in one line, behind the numbers of the values that gave them. To be held against a golden file (golden.h).
 *
 *     /gates/0/min
 *       without: ! line 4: gates[0] (g): the key 'min' is missing
 *       0 3: ! line 9: gates[0] (g): min: found ..., expected a number
 *       7: min 0.5
 *       8-9: host =            (= is the value itself)
 */
#ifndef ASSAY_TESTS_SWEEP_H
#define ASSAY_TESTS_SWEEP_H

#include "base/err.h"
#include "json/json.h"

#include <stdbool.h>

struct sweep {
    const char *name;
    const json_t *document;
    const char *const *values; /* JSON texts */
    size_t values_count;
    const char *below; /* only places that begin so; NULL: all */
    /* Reads the document: appends a line a field that was read, or one line "! MESSAGE". */
    void (*ask)(const json_t *document, struct assay_buf *ret, void *context);
    void *context;
};

/* The values by number, in front of sweeps that use them. */
void sweep_list_values(const char *const *values, size_t values_count, struct assay_buf *found);
/* The document as it is read, then all places. */
void sweep_document(const struct sweep *sweep, struct assay_buf *found);

/* "! MESSAGE\n", what was found in it left out: it is the value that was given. */
void sweep_refusal(const assay_err *err, struct assay_buf *ret);

/* With every amount of memory that is not enough: each allocation fails once, and the answer is NO_MEMORY until all can
 * be had. may_pass: one that only words a message may fail unseen; the reader then looks that all is as ever. Returns
 * the number of allocations. */
size_t sweep_memory(assay_code (*read)(void *context), void *context, bool may_pass);

#endif
