/*
 * The history as detect wants it: series with their runs, a branch's behind those of the line that it left.
 */
#ifndef ASSAY_CLI_DETECT_READ_H
#define ASSAY_CLI_DETECT_READ_H

#include "judge/judge.h"
#include "store/store.h"

struct assay_detect_history {
    struct assay_detect_series *series;
    size_t count;
    size_t invalid_runs; /* left out: their numbers say more of the noise than of the code */
};

/* Series whose name fits the glob (NULL: all). A name is "WORKLOAD MODEL METRIC #SET @BRANCH": SET are the first digits
 * of the arm's argsSha256; parts that are not known are left out. Everything belongs to arena. */
assay_code assay_detect_history_read(struct assay_store *store, const char *glob, struct assay_arena *arena,
                                     struct assay_detect_history *ret, assay_err *err);

#endif
