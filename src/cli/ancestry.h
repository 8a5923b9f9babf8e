/*
 * Whether what a baseline measured came before what is judged (gate 411), as git says in the repository of the working
 * directory.
 */
#ifndef ASSAY_CLI_ANCESTRY_H
#define ASSAY_CLI_ANCESTRY_H

#include "judge/judge.h"

/* Commits of `source:` subjects; NULL: none is named. */
enum assay_ancestry assay_cli_ancestry(const char *baseline, const char *document);

/* Of each baseline of a question to all of its runs: the worst. Of the arena. */
assay_code assay_cli_ancestries(struct assay_gate_question *question, struct assay_arena *arena, assay_err *err);

#endif
