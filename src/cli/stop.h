/*
 * Ctrl-C and SIGTERM: the first one asks to end cleanly; a second Ctrl-C ends at once.
 */
#ifndef ASSAY_CLI_STOP_H
#define ASSAY_CLI_STOP_H

#include <signal.h>
#include <stdbool.h>

void assay_stop_catch(void);
const volatile sig_atomic_t *assay_stop_flag(void);
bool assay_stop_was_asked(void);

#endif
