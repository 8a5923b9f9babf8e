/*
 * Whether what a surface shows is inert: no hidden character, no markup, command, link or mention that came out of a
 * name, and the form is what its readers take. For tests with hostile names.
 */
#ifndef ASSAY_TESTS_INERT_H
#define ASSAY_TESTS_INERT_H

#include "report/report.h"

/* NULL, or what is wrong. The text is NUL-terminated. */
const char *inert_fault(enum assay_surface_form form, const char *text);

#endif
