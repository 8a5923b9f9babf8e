/*
 * Values for people: ms, %, counts, with no more digits than the measurement has. Inside report/ only.
 */
#ifndef ASSAY_REPORT_VALUE_H
#define ASSAY_REPORT_VALUE_H

#include "report/view.h"

#define ASSAY_VALUE_TEXT_BYTES 64

/* ns as "42.1 ms": three significant digits, and none finer than grain_ns (0: no limit). */
void assay_value_print_ms(double ns, double grain_ns, char text[ASSAY_VALUE_TEXT_BYTES]);

/* Any unit of the receipt: ns as ms, bytes as KiB and up, 1/s as "/s"; shares (metric ids that end in _share or _ratio)
 * as %. */
void assay_value_print(const struct assay_metric_view *metric, double value, double grain_ns,
                       char text[ASSAY_VALUE_TEXT_BYTES]);

/* The error bar of this run's arrival times in ns: p99 of the stamp calibration; 0 if it was not measured. */
double assay_value_grain_ns(const struct assay_view *view);

/* The heading for people of a metric id ("ttft_sched" is "TTFT from schedule"); the id itself if it has none. */
const char *assay_value_heading(const char *id);
/* Where it stands among its peers: rows are sorted by this, unknown ids last. */
size_t assay_value_order(const char *id);

/* A u64 or a dec of the receipt, which are texts; 0 if it is not there. */
double assay_value_count(const json_t *object, const char *name);
double assay_value_dec(const json_t *object, const char *name);

#endif
