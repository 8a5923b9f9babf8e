#include "report/tool_rows.h"

const struct assay_explain_tool assay_tool_heads[] = {
    {"vllm", "vLLM bench serve"},
    {"sglang", "SGLang bench_serving"},
    {"aiperf", "AIPerf (checked with 0.13.0)"},
    {"guidellm", "GuideLLM (checked with 0.8.1)"},
    {"llmperf", "llmperf"},
    {"inference-perf", "inference-perf"},
    {"mlperf", "mlcommons/endpoints"},
    {"loadgen", "MLPerf LoadGen, Server scenario"},
    {"fw-ai", "fw-ai/benchmark"},
};

const struct tool *const assay_tools[] = {&assay_tool_vllm,     &assay_tool_sglang,  &assay_tool_aiperf,
                                          &assay_tool_guidellm, &assay_tool_llmperf, &assay_tool_inference_perf,
                                          &assay_tool_mlperf,   &assay_tool_loadgen, &assay_tool_fw_ai};
const size_t assay_tools_count = sizeof assay_tools / sizeof assay_tools[0];
_Static_assert(sizeof assay_tool_heads / sizeof assay_tool_heads[0] == sizeof assay_tools / sizeof assay_tools[0],
               "one name a tool");
