/* Gates that are asked where memory is short: they do not answer, or answer as they would with it. */
#ifndef ASSAY_TESTS_STARVED_H
#define ASSAY_TESTS_STARVED_H

#include "judge/judge.h"

/* Lets each allocation fail, one at a time, until none is left that could; `whole` is the answer with memory. */
void starved_gates(const struct assay_gate_question *question, const struct assay_verdict_document *whole);

#endif
