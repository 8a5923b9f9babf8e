/*
 * The second stage of detect: the commits before and after a candidate, built again and run in turn.
 *
 * The user's command is called as `CMD COMMIT DIR`: it leaves the build of that commit in DIR (new and empty) and
 * prints the command to be measured as its last line. Both builds are then measured by `assay ab` at level gate. Where
 * more commits lie between, git's list of them is bisected by the same runs, each at alpha / steps.
 */
#ifndef ASSAY_CLI_DETECT_CONFIRM_H
#define ASSAY_CLI_DETECT_CONFIRM_H

#include "judge/judge.h"

struct assay_confirm {
    const char *command;              /* --confirm */
    const char *dir;                  /* new: builds, runs and verdicts are left there */
    const char *precision, *duration; /* of `ab`, or NULL */
    double margin;
    bool wants_bisect;
};

/* Settles the candidates that are not folded; one pair of builds for all series of a commit. Texts go to arena. */
assay_code assay_confirm_all(const struct assay_confirm *confirm, struct assay_detection *detection,
                             struct assay_arena *arena, assay_err *err);

#endif
