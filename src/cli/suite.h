/*
 * `assay run SUITE.yaml`: several models, nodes, shapes, states in one file; one run directory each.
 */
#ifndef ASSAY_CLI_SUITE_H
#define ASSAY_CLI_SUITE_H

#include "cli/cli.h"

/* argv[0] is the suite file. The worst code of its runs: a suite is as good as its worst run. */
assay_code assay_suite_verb(struct assay_cli *cli, int argc, char *const *argv, assay_err *err);

#endif
