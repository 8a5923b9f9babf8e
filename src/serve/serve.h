/*
 * serve/: HTTP servers on one event loop each. The truth server (truth.h) plays a script exactly and logs what it
 * wrote; calibrate.h joins its log with the trace of a run.
 */
#ifndef ASSAY_SERVE_SERVE_H
#define ASSAY_SERVE_SERVE_H

#include "serve/calibrate.h"
#include "serve/lm.h"
#include "serve/truth.h"
#include "serve/truth_log.h"

#endif
