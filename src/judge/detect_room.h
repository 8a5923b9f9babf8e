/* What the files of detect share. Inside judge/ only. */
#ifndef ASSAY_JUDGE_DETECT_ROOM_H
#define ASSAY_JUDGE_DETECT_ROOM_H

#include "judge/judge.h"

/* detect_line.c: one series, from runs to changes. */
struct detect_scan {
    const struct assay_detect_series *series;
    size_t index;
    const struct assay_detect_rule *rule;
    struct assay_arena *arena;
    struct assay_detect_line *line;
    struct assay_detect_change *changes; /* room for the most that there can be */
    size_t changes_count;
};
assay_code detect_line(struct detect_scan *scan, assay_err *err);

/* detect_family.c: marks, rates over the series of a commit, movements of a host, rows of a commit. */
assay_code detect_families(struct assay_detection *detection, struct assay_arena *arena, assay_err *err);

#endif
