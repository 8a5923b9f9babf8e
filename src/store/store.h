/*
 * store/: the history of runs. SQLite is the default; another database is another row of operations (store_ops.h).
 *
 *     assay_store_path(asked, &env, &path, err);            // --store, ASSAY_STORE, $XDG_DATA_HOME/assay/history.db
 *     assay_store_open(path.data, ASSAY_STORE_WRITE, &store, err);
 *     assay_store_append(store, &run, &is_new, err);        // idempotent by receipt digest
 *     assay_store_series(store, &query, &points, err);      // what `history` and `detect` read
 *     assay_store_close(store);
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
};

/* *ret_is_new (may be NULL) is false if this very document was there already. */
assay_code assay_store_append(struct assay_store *store, const struct assay_store_run *run, bool *ret_is_new,
                              assay_err *err);

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

#endif
