/*
 * What the tables of tools share: units, and why numbers differ. Inside report/ only.
 */
#ifndef ASSAY_REPORT_TOOL_ROWS_H
#define ASSAY_REPORT_TOOL_ROWS_H

#include "report/explain.h"

#define MS 1e6
#define S 1e9

#define START_WHY \
    "their clock starts before pool wait, connect and send, ours when the kernel sent the last request byte"
#define PERCENTILE_WHY "they interpolate between samples, ours is a sample that occurred; " START_WHY
#define RATE_WHY "their wall time runs from first send to last end, ours is a window without ramp and drain"

extern const struct tool assay_tool_vllm;
extern const struct tool assay_tool_sglang;
extern const struct tool assay_tool_aiperf;
extern const struct tool assay_tool_guidellm;
extern const struct tool assay_tool_llmperf;
extern const struct tool assay_tool_inference_perf;
extern const struct tool assay_tool_mlperf;
extern const struct tool assay_tool_loadgen;
extern const struct tool assay_tool_fw_ai;

#endif
