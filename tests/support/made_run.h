/*
 * Made runs: honest runs whose operations take what a test says, opened for a judge. For tests of comparisons and
 * gates, which want times to the nanosecond.
 *
 *     made_run_make(&tale, &made);      // plan, trace and receipt in memory; opened and verified
 *     made_run_reopen(&made);           // after edits of made.opened: as it was made
 *     made_run_done(&made);
 */
#ifndef ASSAY_TESTS_MADE_RUN_H
#define ASSAY_TESTS_MADE_RUN_H

#include "base/rng.h"
#include "judge/judge.h"
#include "support/honest_run.h"

enum { MADE_ARMS = 4, MADE_NAME_BYTES = 24 };

/* All numbers are doubles, so that one table reads them; those that are 0 have no effect. */
struct made_tale {
    char name[MADE_NAME_BYTES];
    bool is_llm;
    double count, arms, warmup, seed, number, failed_every, tokens;
    double base;            /* ns of an operation; 2,000,000 */
    double step;            /* more for the share (k * 37) % 100 of operation k */
    double tenth;           /* ns of the tenth operation */
    double wall[MADE_ARMS]; /* factors of the arms; 0: 1 */
    double cpu[MADE_ARMS];  /* of 0.9 base, in place of the wall time */
    double spread;          /* half-spread of the ratio of arm a, evenly, in no order that a scan could call a trend */
    double ramp;            /* arm a takes so much more at the end than at the start, evenly */
    double noise;           /* sigma of logarithms of the wall time */
    double trend[2];        /* ns more with each operation: of all arms; of arm b alone */
    double fail_b;          /* 1: all operations of arm b fail */
    double blind;           /* 1: nobody counted the tokens of the answers; 2: its chunks were */
    double rss, rss_step;   /* bytes of the child process; more with each operation */
};

struct made_run {
    struct made_tale tale;
    struct assay_rng rng;
    size_t spent, processes;
    struct assay_process process;
    struct assay_request request;
    struct honest_run run;
    struct assay_opened *opened;
};

void made_run_make(const struct made_tale *tale, struct made_run *ret);
void made_run_reopen(struct made_run *made);
void made_run_done(struct made_run *made);

/* "key=number" into the tale; false: no such key, or no number. */
bool made_tale_read(struct made_tale *tale, const char *word);

#endif
