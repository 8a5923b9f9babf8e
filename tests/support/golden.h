/*
 * Golden files: what a test found, line by line, against a file of tests/golden. ASSAY_CASES_WRITE writes the file anew,
 * to be read before it is committed.
 */
#ifndef ASSAY_TESTS_GOLDEN_H
#define ASSAY_TESTS_GOLDEN_H

#include "base/buf.h"

/* Fails the test at the first line that differs. name: below tests/golden. */
void golden_hold(const char *name, const struct assay_buf *found);

#endif
