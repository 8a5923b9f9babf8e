/*
 * The words of assay as types: sample, arrival, plan, trace, metric, receipt; their codecs and formulas. Pure: bytes
 * in, bytes out. This is the front door; what belongs together stands in one header each.
 */
#ifndef ASSAY_RECORD_RECORD_H
#define ASSAY_RECORD_RECORD_H

#include "record/arrival.h"
#include "record/breaker.h"
#include "record/choice.h"
#include "record/envelope.h"
#include "record/finding.h"
#include "record/legacy.h"
#include "record/log_entry.h"
#include "record/manifest.h"
#include "record/marks.h"
#include "record/metric.h"
#include "record/paired.h"
#include "record/plan.h"
#include "record/policy.h"
#include "record/prices.h"
#include "record/receipt.h"
#include "record/recorder.h"
#include "record/roofline.h"
#include "record/sample.h"
#include "record/suite.h"
#include "record/touched.h"
#include "record/trace.h"
#include "record/trust.h"
#include "record/verdict.h"

#endif
