/*
 * Suite: several runs in one file (endpoints.md 4). `assay_suite: 1`, `name`, `defaults`, `runs[]`; the keys of both
 * are the long options of `assay run`, and `workload`. A list expands as a product, in the order of the keys in the
 * file. This type knows no options: whether a key exists and what its value means is decided by the option tables.
 */
#ifndef ASSAY_RECORD_SUITE_H
#define ASSAY_RECORD_SUITE_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

#define ASSAY_SUITE_RUNS_MAX 10000  /* a product of lists grows fast; this is days of measuring */
#define ASSAY_SUITE_SETTINGS_MAX 64 /* keys of one run */

struct assay_suite_setting {
    const char *name, *value;
    bool is_varied; /* from a list: part of what tells this run from its siblings */
};

struct assay_suite_run {
    const char *workload;
    struct assay_suite_setting *settings;
    size_t settings_count;
};

struct assay_suite {
    struct assay_arena arena;
    const char *name;
    struct assay_suite_run *runs;
    size_t runs_count;
};

/* Reads the YAML text. MALFORMED names the line or the key and what would be right. */
assay_code assay_suite_parse(const char *bytes, size_t len, struct assay_suite *ret, assay_err *err);
void assay_suite_done(struct assay_suite *suite);

#endif
