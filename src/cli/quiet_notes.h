/*
 * What the noise cost (statistics.md 6), as notes of a verdict document: how many pairs were touched, the interval over
 * the untouched ones (a diagnostic, never the result), layouts, and what the doctor found before the run.
 */
#ifndef ASSAY_CLI_QUIET_NOTES_H
#define ASSAY_CLI_QUIET_NOTES_H

#include "host/host.h"
#include "judge/judge.h"

/* before: rows of the doctor, or NULL. Notes are appended; texts belong to the arena. */
assay_code assay_quiet_notes_add(const struct assay_opened *run, const json_t *before,
                                 const struct assay_outcome_rule *rule, struct assay_arena *arena,
                                 struct assay_verdict_document *document, assay_err *err);

#endif
