/*
 * Detect: the change points of a history, from candidate to alert (statistics.md 5.2, 5.3). Pure: the runs of each
 * series come in, what is found comes out; reading the history and running commits again is the caller's.
 *
 *     assay_detect(series, count, &rule, arena, &detection, err);
 *     for each change with state ASSAY_CHANGE_CANDIDATE: run both commits again, paired, and
 *         assay_detect_settle(&detection, i, state, reason);
 *     assay_detect_document(&detection, &document, ...);       // assay.verdict/1
 *     assay_detection_exit(&detection);                         // 0, 1 or 2
 *
 * A series' runs may come in any order: they are put in the topological order of their commits where all have one, else
 * they stay as they are. Several runs of a commit are judged by their median. What is missing stays missing; a gap over
 * half of the series divides it, and a known shift does.
 */
#ifndef ASSAY_JUDGE_DETECT_H
#define ASSAY_JUDGE_DETECT_H

#include "base/err.h"
#include "base/mem.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_DETECT_Q 0.01           /* false-discovery rate over the series of a commit (statistics.md 2.7) */
#define ASSAY_DETECT_ROWS_MAX 5       /* alert rows a commit, the rest folded (5.3) */
#define ASSAY_DETECT_ENVIRONMENT 0.20 /* of a host's contexts moving together is no commit's doing (5.3) */
#define ASSAY_DETECT_CONTEXTS_LEAST 5 /* on a host with fewer, one of them moving would be a fifth */
#define ASSAY_DETECT_TOGETHER 2       /* commits apart: a change is placed within that */
#define ASSAY_DETECT_BESIDE_MAX 100   /* points on either side of a change that its size is taken from */

struct assay_detect_run {
    const char *commit; /* "" = unknown: the run stands for itself */
    const char *started_at;
    bool has_order;
    uint64_t order;   /* topological */
    int64_t entry_id; /* order of arrival */
    double value;
    bool is_absent;    /* or left out because the run is invalid */
    bool is_inherited; /* of the line that the branch left: its own series tells of changes there */
};

struct assay_detect_series {
    int64_t id, context_id; /* series of one context come from the same runs */
    const char *name;       /* what globs of marks and --series match */
    const char *metric, *unit, *direction;
    const char *host_class;
    const struct assay_detect_run *runs;
    size_t runs_count;
};

struct assay_detect_rule {
    const struct assay_marks *marks; /* or NULL */
    int64_t today;                   /* day since 1970, for the marks */
    const char *since; /* changes at earlier commits are left out; a prefix of one that a series has, or NULL */
    bool is_divisive;  /* E-divisive in place of the scan: for comparison with other tools */
    uint64_t seed;     /* of its permutations */
};

enum assay_change_state {
    ASSAY_CHANGE_CANDIDATE,   /* found, and nobody ran the commits again */
    ASSAY_CHANGE_PROVISIONAL, /* fewer than five points after it: no alert */
    ASSAY_CHANGE_CONFIRMED,   /* a paired run of both commits says so too */
    ASSAY_CHANGE_REFUTED,     /* a paired run says parity, or the contrary */
    ASSAY_CHANGE_UNDECIDED,   /* a paired run decides nothing */
    ASSAY_CHANGE_NOT_BUILT,   /* a commit could not be built or run */
    ASSAY_CHANGE_ACKED,
    ASSAY_CHANGE_IGNORED,
    ASSAY_CHANGE_ENVIRONMENT,  /* the host's contexts moved together */
    ASSAY_CHANGE_NOT_REJECTED, /* not distinguishable from chance among this commit's series */
    ASSAY_CHANGE_STATE_COUNT
};
const char *assay_change_state_text(enum assay_change_state state); /* "candidate", "could not build" ... */

struct assay_detect_change {
    size_t series;                      /* index */
    size_t position;                    /* of the first commit of the new level */
    const char *commit, *before;        /* where it began, and the last commit of the old level */
    const char *started_at;             /* of the first run of the new level */
    bool is_exact, is_worse, is_better; /* by the metric's direction */
    double level_before, level_after;   /* medians, in the metric's unit */
    double ratio, lower, upper;         /* after / before, 95 % */
    bool has_interval;
    size_t n_before, n_after; /* commits on either side */
    double p, p_adjusted;
    enum assay_change_state state;
    const struct assay_mark *mark; /* that acked or ignored it */
    const char *reason;            /* of refuted, not built, environment */
    bool is_folded;                /* beyond the rows of its commit: counted, not shown */
    const char *bisected;          /* the commit itself, if others lay between; or NULL */
    const char *bisect_stop;       /* where and why the search for it ended early; or NULL */
};

/* A series as it was scanned. */
struct assay_detect_line {
    const double *values; /* one a commit, in order */
    const char *const *commits;
    size_t count, missing, left_out; /* commits with a value; without; runs that were left out */
    bool is_too_short;
    const size_t *shifts; /* positions of known shifts */
    size_t shifts_count;
};

struct assay_environment {
    const char *host_class, *commit;
    size_t contexts, moved;
    bool is_new_host; /* not a movement: the host class was not there before */
};

struct assay_detection {
    const struct assay_detect_series *series;
    struct assay_detect_line *lines;
    size_t series_count, too_short;
    bool has_since;                      /* a series has a value at the commit asked for */
    struct assay_detect_change *changes; /* newest commit first, worst first */
    size_t changes_count;
    struct assay_environment *environments;
    size_t environments_count;
    const struct assay_marks *marks;
    int64_t today;
};

/* Everything belongs to arena; series must live as long. */
assay_code assay_detect(const struct assay_detect_series *series, size_t count, const struct assay_detect_rule *rule,
                        struct assay_arena *arena, struct assay_detection *ret, assay_err *err);

/* What a paired run of both commits said. */
void assay_detect_settle(struct assay_detection *detection, size_t change, enum assay_change_state state,
                         const char *reason);

/* 1: a confirmed change for the worse; 2: none, but something is open (candidates or provisional changes for the worse,
 * commits that could not be built, an environment that moved) or every series is too short; 0: else. */
int assay_detection_exit(const struct assay_detection *detection);

struct assay_detect_about {
    const char *tool, *date;
    const struct assay_verdict_input *inputs;
    size_t inputs_count;
};
/* Rows of the changes, the environment as notes. */
assay_code assay_detect_document(const struct assay_detection *detection, const struct assay_detect_about *about,
                                 struct assay_arena *arena, struct assay_verdict_document *ret, assay_err *err);

#endif
