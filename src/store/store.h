/*
 * store/: the history of runs. SQLite is the default; another database is another row of operations (store_ops.h).
 *
 *     assay_store_path(asked, &env, &path, err);            // --store, ASSAY_STORE, $XDG_DATA_HOME/assay/history.db
 *     assay_store_open(path.data, ASSAY_STORE_WRITE, &store, err);
 *     assay_store_append(store, &run, &is_new, err);        // idempotent by receipt digest
 *     assay_store_series(store, &query, &points, err);      // what `history` reads: points with all their words
 *     assay_store_lines(store, &query, &lines, err);        // what `detect` reads: the series themselves, and
 *     assay_store_values(store, line.id, 0, &values, err);  // the numbers of each, packed on disk
 *     assay_store_close(store);
 *
 * Points are kept packed, at about eight bytes each: the runs that came last as one row a run, the rest in blocks of
 * one series (docs/formats/history.md).
 *
 * An append is one transaction: after a crash or kill -9 the run is there whole or not at all. Several processes may
 * append at once: writers wait for each other (ASSAY_STORE_BUSY_MS) and then fail with TIMEOUT. Run records and
 * imported summaries are listed but are no points of a series. Missing stays missing: nothing is filled forward.
 *
 * Thread: a store belongs to one thread at a time; open one per thread.
 */
#ifndef ASSAY_STORE_STORE_H
#define ASSAY_STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/log_dir.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_STORE_BUSY_MS 30000 /* a writer holds the lock for milliseconds; half a minute of waiting is a fault */
#define ASSAY_STORE_ROWS_MAX 1000000

/* The environment that decides where the history is; passed in, never read here. Members may be NULL. */
struct assay_store_env {
    const char *assay_store;   /* ASSAY_STORE */
    const char *xdg_data_home; /* XDG_DATA_HOME */
    const char *home;          /* HOME */
};

/* asked (--store, may be NULL), else ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db, else
 * $HOME/.local/share/assay/history.db. Relative XDG paths are ignored, as the XDG specification demands. USAGE if
 * nothing says where. */
assay_code assay_store_path(const char *asked, const struct assay_store_env *env, struct assay_buf *ret_path,
                            assay_err *err);

enum assay_store_mode {
    ASSAY_STORE_READ, /* NOT_FOUND if there is no history yet */
    ASSAY_STORE_WRITE /* made, with its directory, if it is not there; migrated to this build's schema */
};

struct assay_store;
/* UNSUPPORTED: a history of a newer assay. MALFORMED: the file is no history. */
assay_code assay_store_open(const char *path, enum assay_store_mode mode, struct assay_store **ret, assay_err *err);
void assay_store_close(struct assay_store *store); /* fine on NULL */

/* One run, as the bytes of its files. */
struct assay_store_run {
    const char *document; /* receipt.json, record.json or imported.json */
    size_t document_len;
    const char *plan; /* plan.json, or NULL: the point then has no model and no settings */
    size_t plan_len;
    const char *identity; /* identity.json, or NULL */
    size_t identity_len;
    const char *dir;    /* run directory as a label, or NULL */
    const char *branch; /* "main"; NULL = "" */
    const char *commit; /* of the thing measured; NULL: the `source:` subject, else none */
    /* What the repository knows of the commit; it orders runs that did not arrive in the order of their commits. */
    bool has_commit_order;
    uint64_t commit_order;  /* topological: every ancestor has a smaller one */
    int64_t commit_time_s;  /* committer's date, seconds since 1970 */
    const char *parent;     /* branch that this one left, or NULL */
    const char *merge_base; /* and the last commit that they share: there the branch's series begins */
};

/* *ret_is_new (may be NULL) is false if this very document was there already. */
assay_code assay_store_append(struct assay_store *store, const struct assay_store_run *run, bool *ret_is_new,
                              assay_err *err);
/* Several runs as one transaction: all of them or none. *ret_new (may be NULL): how many were not there already. */
assay_code assay_store_append_all(struct assay_store *store, const struct assay_store_run *runs, size_t count,
                                  size_t *ret_new, assay_err *err);

/* What to list. NULL members do not filter. */
struct assay_store_query {
    const char *model;
    const char *metric; /* series: required */
    const char *workload;
    const char *branch;
    uint64_t limit; /* newest so many; 0 = ASSAY_STORE_ROWS_MAX */
};

/* A run of any document. */
struct assay_store_entry {
    int64_t id;           /* order of arrival */
    const char *digest;   /* SHA-256 of the payload, hex */
    const char *document; /* "receipt", "record", "imported" */
    const char *outcome;  /* "valid", "invalid", "partial", "aborted", "failed", "standin", "imported" */
    const char *invalid;  /* validity codes, blank between; "" if none */
    const char *run_id, *started_at, *workload, *model, *compute_path, *host, *branch, *commit, *dir;
    uint64_t ok, count;
    const char *host_class;
    bool has_commit_order;
    uint64_t commit_order;
    int64_t commit_time_s;
};

/* A point of a series. Points of one series share series_id: workload, metric, set digest, host class, settings digest,
 * branch (statistics.md 5.1). */
struct assay_store_point {
    int64_t series_id, entry_id;
    const char *series; /* for people: "llm smollm2 closed c=4 on Xeon ... (main)" */
    const char *metric, *unit, *direction, *arm, *model;
    const char *started_at, *commit, *digest, *compute_path, *invalid;
    const char *absent; /* why there is no value, or NULL */
    double value, lower, upper;
    bool has_bounds;
    uint64_t n;
};

/* Rows belong to arena, oldest first. */
assay_code assay_store_entries(struct assay_store *store, const struct assay_store_query *query,
                               struct assay_arena *arena, struct assay_store_entry **ret, size_t *ret_count,
                               assay_err *err);
assay_code assay_store_series(struct assay_store *store, const struct assay_store_query *query,
                              struct assay_arena *arena, struct assay_store_point **ret, size_t *ret_count,
                              assay_err *err);

/* ---- numbers in bulk -------------------------------------------------------------------------------------------- */

/* A series: what its points have in common. */
struct assay_store_line {
    int64_t id, context_id; /* series of one run's arm share the context */
    const char *metric, *unit, *direction;
    const char *label; /* as assay_store_point.series */
    const char *workload, *model, *branch, *host_class, *set_sha256, *settings_sha256;
};

/* A point without its words. */
struct assay_store_value {
    int64_t entry_id;
    double value, lower, upper;
    uint64_t n;
    uint32_t arm, absent; /* assay_store_word; absent 0 = there is a value */
    bool has_bounds;
};

struct assay_store_values {
    struct assay_store_value *data; /* ascending entry ids: order of arrival */
    size_t count, capacity;
};
void assay_store_values_done(struct assay_store_values *values);

/* Series by id. Of the query limit is not looked at, and metric may be NULL. */
assay_code assay_store_lines(struct assay_store *store, const struct assay_store_query *query,
                             struct assay_arena *arena, struct assay_store_line **ret, size_t *ret_count,
                             assay_err *err);
/* The newest `limit` points of a series (0 = all). `values` is zeroed at first and used again from call to call. */
assay_code assay_store_values(struct assay_store *store, int64_t series_id, size_t limit,
                              struct assay_store_values *values, assay_err *err);
/* The text of an arm or of a reason, in arena; "" for 0. */
assay_code assay_store_word(struct assay_store *store, uint32_t id, struct assay_arena *arena, const char **ret,
                            assay_err *err);

/* The newest value of a series beside the median of those before it. */
struct assay_store_newest {
    int64_t series_id, entry_id;
    double value, median;
    size_t baseline_count; /* of values in the median; 0: there is nothing to compare with */
    bool is_absent;        /* the newest point has no value */
};
/* For each line, the newest point against at most `baseline` points before it. ret: room for lines_count. */
assay_code assay_store_compare_newest(struct assay_store *store, const struct assay_store_line *lines,
                                      size_t lines_count, size_t baseline, struct assay_store_newest *ret,
                                      assay_err *err);

/* Between hold and release everything is read from one state of the history, whatever others append meanwhile. */
assay_code assay_store_hold(struct assay_store *store, assay_err *err);
void assay_store_release(struct assay_store *store);

/* Where a branch began. */
struct assay_store_branch {
    const char *name, *parent, *merge_base;
};
assay_code assay_store_branches(struct assay_store *store, struct assay_arena *arena, struct assay_store_branch **ret,
                                size_t *ret_count, assay_err *err);

#endif
