/*
 * Is standard output a terminal that takes colours? NO_COLOR and TERM=dumb say no.
 */
#ifndef ASSAY_CLI_TERMINAL_H
#define ASSAY_CLI_TERMINAL_H

#include "report/report.h"

struct assay_style assay_terminal_style(void);

#endif
