/*
 * A run taken apart into what a database keeps of it: one entry, and one point for each metric of a receipt. Inside
 * store/ only.
 */
#ifndef ASSAY_STORE_ENTRY_H
#define ASSAY_STORE_ENTRY_H

#include "store/store.h"

#include "record/record.h"
#include "json/json.h"

#define ASSAY_STORE_ENTRY_BYTES_MAX ((size_t)64 << 20) /* texts of one run; a receipt has at most 4,096 metrics */

/* What all series of one arm share. */
struct assay_store_new_context {
    unsigned char key[32]; /* SHA-256 of the parts that make a series: equal parts are one context */
    const char *label;     /* for people */
    const char *model, *set_sha256, *settings_sha256;
};

struct assay_store_new_point {
    size_t context; /* index */
    const char *metric, *unit, *direction, *arm;
    const char *absent; /* or NULL */
    double value, lower, upper;
    bool has_bounds;
    uint64_t n;
};

struct assay_store_new {
    struct assay_arena arena;
    json_t *statement;       /* owned: texts below borrow from it */
    struct assay_plan *plan; /* owned; NULL if not given */
    char digest[65], host_class[65];
    const char *document, *outcome, *invalid, *run_id, *started_at, *workload, *model, *compute_path, *host, *branch,
        *commit, *dir;
    uint64_t ok, count;
    bool has_commit_order;
    uint64_t commit_order;
    int64_t commit_time_s;
    const char *parent, *merge_base;          /* NULL: none is known */
    struct assay_store_new_context *contexts; /* one an arm */
    size_t contexts_count;
    struct assay_store_new_point *points; /* by context, then metric, then arm */
    size_t points_count;
};

assay_code assay_store_new_init(struct assay_store_new *entry, const struct assay_store_run *run, assay_err *err);
void assay_store_new_done(struct assay_store_new *entry);

/* SHA-256 over the comparability class of all hosts and of the build (the fields marked * in evidence.md 6), hex. */
assay_code assay_store_host_class(const json_t *environment, char ret[65], assay_err *err);

#endif
