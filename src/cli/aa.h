/*
 * Two commands measured against each other in memory, for what a measurement is checked with: a command against itself
 * (A/A), and against itself with an injected slowdown (statistics.md 7).
 */
#ifndef ASSAY_CLI_AA_H
#define ASSAY_CLI_AA_H

#include "cli/cli.h"
#include "judge/judge.h"

struct assay_aa_setup {
    const char *a, *b;            /* command lines */
    const char *pairs, *duration; /* as options of `run command`; duration NULL: as long as the pairs take */
    /* Further options of `run command`, as they were given: name, value, name, value, NULL. May be NULL. */
    const char *const *options;
    struct assay_outcome_rule rule;
};

struct assay_aa {
    struct assay_outcome wall, cpu;
    enum assay_word word; /* of both witnesses */
    bool is_by_cpu;
    double base_ns, other_ns; /* medians of the wall time; 0: none */
    double base_cpu_ns, other_cpu_ns;
    uint64_t clock_read_ns;
};

/* TIMEOUT, NETWORK ...: it could not be measured. Texts of the outcomes belong to the arena. */
assay_code assay_aa_measure(struct assay_cli *cli, const struct assay_aa_setup *setup, struct assay_arena *arena,
                            struct assay_aa *ret, assay_err *err);

/* The smallest margin at which the pairs would have been at parity; 0: there is none. */
double assay_aa_margin(const struct assay_outcome *outcome);

/* The check `aa_noise` of a receipt that is made under it: an array of one. */
assay_code assay_aa_check(const struct assay_aa *aa, double margin, json_t **ret, assay_err *err);
bool assay_aa_is_fit(const struct assay_aa *aa); /* at parity, and not resolved */

#endif
