/*
 * Log: the program's own words to standard error, and live progress. Only src/cli and src/main.c call this; rooms
 * below return errors instead. Colours and carriage returns appear only on a terminal.
 */
#ifndef ASSAY_BASE_LOG_H
#define ASSAY_BASE_LOG_H

#include <stdbool.h>

enum assay_log_level { ASSAY_LOG_QUIET, ASSAY_LOG_NORMAL, ASSAY_LOG_VERBOSE };

void assay_log_open(enum assay_log_level level); /* once, at program start */
bool assay_log_is_terminal(void);                /* standard error is one, and TERM is not "dumb" */

void assay_log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));    /* not under --quiet */
void assay_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2))); /* "warning: ..." */
void assay_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* "assay: ..." */

/* One line that is rewritten in place on a terminal; elsewhere printed as a plain line (the caller limits how often).
 */
void assay_log_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void assay_log_progress_end(void);

#endif
