/*
 * The tools (endpoints.md 2, "Other tools' definitions"): one table of printed lines and one row of definitions each.
 * Names and digits are those of the tool's own console or result file.
 */
#include "report/explain.h"

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

#define MS 1e6
#define S 1e9

#define START_WHY \
    "their clock starts before pool wait, connect and send, ours when the kernel sent the last request byte"
#define PERCENTILE_WHY "they interpolate between samples, ours is a sample that occurred; " START_WHY
#define RATE_WHY "their wall time runs from first send to last end, ours is a window without ramp and drain"

/* Mean, median and p99, as vLLM and SGLang print a quantity. */
#define MEAN_MEDIAN_P99(label, quantity, our_id, reason)                                                       \
    {.name = "Mean " label,                                                                                    \
     .value = (quantity),                                                                                      \
     .stat = TOOL_STAT_MEAN,                                                                                   \
     .ns_per_unit = MS,                                                                                        \
     .decimals = 2,                                                                                            \
     .ours = our_id "_mean",                                                                                   \
     .why = (reason)},                                                                                         \
        {.name = "Median " label,                                                                              \
         .value = (quantity),                                                                                  \
         .stat = TOOL_STAT_PERCENTILE,                                                                         \
         .p = 0.5,                                                                                             \
         .ns_per_unit = MS,                                                                                    \
         .decimals = 2,                                                                                        \
         .ours = our_id "_p50",                                                                                \
         .why = (reason)},                                                                                     \
    {                                                                                                          \
        .name = "P99 " label, .value = (quantity), .stat = TOOL_STAT_PERCENTILE, .p = 0.99, .ns_per_unit = MS, \
        .decimals = 2, .ours = our_id "_p99", .why = (reason)                                                  \
    }

#define VLLM_TTFT_WHY "ends at the first chunk with choices, role-only ones too; " START_WHY
#define VLLM_TPOT_WHY "spread over N - 1 tokens from their TTFT, which a role-only chunk may end early"
#define VLLM_ITL_WHY "gaps between chunks, not tokens; a role-only first chunk adds one"

static const struct tool_row VLLM_ROWS[] = {
    {.name = "Successful requests", .value = TOOL_COUNT_OK, .ns_per_unit = 1, .why = "the same"},
    {.name = "Benchmark duration (s)",
     .value = TOOL_DURATION,
     .ns_per_unit = S,
     .decimals = 2,
     .why = "first start to last end; ours is a window"},
    {.name = "Request throughput (req/s)",
     .value = TOOL_REQUESTS_PER_S,
     .ns_per_unit = 1,
     .decimals = 2,
     .why = RATE_WHY},
    {.name = "Output token throughput (tok/s)",
     .value = TOOL_TOKENS_PER_S,
     .ns_per_unit = 1,
     .decimals = 2,
     .ours = "output_rate",
     .why = RATE_WHY},
    MEAN_MEDIAN_P99("TTFT (ms)", TOOL_TTFT, "ttft", VLLM_TTFT_WHY),
    MEAN_MEDIAN_P99("TPOT (ms)", TOOL_TPOT, "tpot", VLLM_TPOT_WHY),
    MEAN_MEDIAN_P99("ITL (ms)", TOOL_ITL_GAPS, "icl", VLLM_ITL_WHY),
    MEAN_MEDIAN_P99("E2EL (ms)", TOOL_E2E, "e2e", START_WHY),
};

static const struct tool VLLM = {
    .head = &assay_tool_heads[0],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_EVENT,
    .end = TOOL_END_CONTENT,
    .percentile = TOOL_PERCENTILE_LINEAR,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "before session.post, after the semaphore",
    .first_text = "first chunk with choices, role-only too",
    .itl_text = "chunk gaps, pooled",
    .tpot_text = "(E2E - TTFT) / (N - 1); N <= 1 left out",
    .end_text = "last choices chunk",
    .count_text = "usage, else tokenizer, else 1",
    .percentile_text = "linear",
    .spread_text = "population",
    .rows = VLLM_ROWS,
    .rows_count = sizeof VLLM_ROWS / sizeof VLLM_ROWS[0],
};

static const struct tool_row SGLANG_ROWS[] = {
    {.name = "Successful requests", .value = TOOL_COUNT_OK, .ns_per_unit = 1, .why = "the same"},
    {.name = "Benchmark duration (s)",
     .value = TOOL_DURATION,
     .ns_per_unit = S,
     .decimals = 2,
     .why = "theirs holds a call for server information at the end, which no trace of ours has"},
    {.name = "Request throughput (req/s)",
     .value = TOOL_REQUESTS_PER_S,
     .ns_per_unit = 1,
     .decimals = 2,
     .why = RATE_WHY},
    {.name = "Output token throughput (tok/s)",
     .value = TOOL_TOKENS_PER_S,
     .ns_per_unit = 1,
     .decimals = 2,
     .ours = "output_rate",
     .why = RATE_WHY},
    MEAN_MEDIAN_P99("E2E Latency (ms)", TOOL_E2E, "e2e",
                    "ends at the last line of the stream, usage and terminator in it"),
    MEAN_MEDIAN_P99("TTFT (ms)", TOOL_TTFT, "ttft", PERCENTILE_WHY),
    MEAN_MEDIAN_P99("TPOT (ms)", TOOL_TPOT, "tpot", "from first text to the last line, over N - 1"),
    MEAN_MEDIAN_P99("ITL (ms)", TOOL_ITL_GAPS, "icl", "gaps between chunks, not tokens"),
};

static const struct tool SGLANG = {
    .head = &assay_tool_heads[1],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_STREAM,
    .percentile = TOOL_PERCENTILE_LINEAR,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "before post, a new connection each",
    .first_text = "first non-empty text",
    .itl_text = "chunk gaps, pooled",
    .tpot_text = "(E2E - TTFT) / (N - 1)",
    .end_text = "last line",
    .count_text = "usage and re-tokenized",
    .percentile_text = "linear",
    .spread_text = "population",
    .rows = SGLANG_ROWS,
    .rows_count = sizeof SGLANG_ROWS / sizeof SGLANG_ROWS[0],
};

#define AIPERF_RATE_WHY \
    "theirs divides by its phase, from the first credit to the last return, which is longer than any request shows"

/* One line of AIPerf's console: avg, min, max, p99, p90, p50, std. */
#define AIPERF_LINE(label, tag, quantity, scale, our_id, reason)                                                    \
    {.name = tag " avg" label,                                                                                      \
     .value = (quantity),                                                                                           \
     .stat = TOOL_STAT_MEAN,                                                                                        \
     .ns_per_unit = (scale),                                                                                        \
     .decimals = 2,                                                                                                 \
     .ours = our_id "_mean",                                                                                        \
     .why = (reason)},                                                                                              \
        {.name = tag " p99" label,                                                                                  \
         .value = (quantity),                                                                                       \
         .stat = TOOL_STAT_PERCENTILE,                                                                              \
         .p = 0.99,                                                                                                 \
         .ns_per_unit = (scale),                                                                                    \
         .decimals = 2,                                                                                             \
         .ours = our_id "_p99",                                                                                     \
         .why = (reason)},                                                                                          \
        {.name = tag " p90" label,                                                                                  \
         .value = (quantity),                                                                                       \
         .stat = TOOL_STAT_PERCENTILE,                                                                              \
         .p = 0.9,                                                                                                  \
         .ns_per_unit = (scale),                                                                                    \
         .decimals = 2,                                                                                             \
         .ours = our_id "_p90",                                                                                     \
         .why = (reason)},                                                                                          \
        {.name = tag " p50" label,                                                                                  \
         .value = (quantity),                                                                                       \
         .stat = TOOL_STAT_PERCENTILE,                                                                              \
         .p = 0.5,                                                                                                  \
         .ns_per_unit = (scale),                                                                                    \
         .decimals = 2,                                                                                             \
         .ours = our_id "_p50",                                                                                     \
         .why = (reason)},                                                                                          \
    {                                                                                                               \
        .name = tag " std" label, .value = (quantity), .stat = TOOL_STAT_SD, .ns_per_unit = (scale), .decimals = 2, \
        .ours = our_id "_sd", .why = "population here, sample deviation in ours"                                    \
    }

static const struct tool_row AIPERF_ROWS[] = {
    AIPERF_LINE(" (ms)", "Time to First Token", TOOL_TTFT, MS, "ttft", PERCENTILE_WHY),
    AIPERF_LINE(" (ms)", "Request Latency", TOOL_E2E, MS, "e2e", PERCENTILE_WHY),
    AIPERF_LINE(" (ms)", "Inter Token Latency", TOOL_TPOT, MS, "tpot",
                "a mean per request, which we call TPOT; the gaps themselves are our itl"),
    AIPERF_LINE(" (tokens/sec/user)", "Output Token Throughput Per User", TOOL_USER_RATE, 1, "decode_rate",
                "inverse of their ITL; ours leaves out the first chunk's tokens"),
    {.name = "Output Token Throughput (tokens/sec)",
     .value = TOOL_TOKENS_PER_S,
     .ns_per_unit = 1,
     .decimals = 2,
     .ours = "output_rate",
     .why = AIPERF_RATE_WHY},
    {.name = "Request Throughput (requests/sec)",
     .value = TOOL_REQUESTS_PER_S,
     .ns_per_unit = 1,
     .decimals = 2,
     .why = AIPERF_RATE_WHY},
    {.name = "Request Count (requests)", .value = TOOL_COUNT_OK, .ns_per_unit = 1, .decimals = 2, .why = "the same"},
};

static const struct tool AIPERF = {
    .head = &assay_tool_heads[2],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_CONTENT,
    .percentile = TOOL_PERCENTILE_LINEAR,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "before the request, pool wait and connect in it",
    .first_text = "first content or reasoning",
    .itl_text = "(E2E - TTFT) / (N - 1); chunk gaps apart",
    .tpot_text = "its ITL",
    .end_text = "last content chunk",
    .count_text = "tokenizer or usage",
    .percentile_text = "linear",
    .spread_text = "population (0.13.0; sample in older ones)",
    .rows = AIPERF_ROWS,
    .rows_count = sizeof AIPERF_ROWS / sizeof AIPERF_ROWS[0],
};

/* GuideLLM's console: mean, median and p95; its distributions weigh each request by its tokens or gaps. */
#define GUIDELLM_LINE(tag, quantity, scale, weighing, our_id, reason)                                             \
    {.name = tag " mean",                                                                                         \
     .value = (quantity),                                                                                         \
     .stat = TOOL_STAT_MEAN,                                                                                      \
     .ns_per_unit = (scale),                                                                                      \
     .decimals = 1,                                                                                               \
     .weight = (weighing),                                                                                        \
     .ours = our_id "_mean",                                                                                      \
     .why = (reason)},                                                                                            \
        {.name = tag " median",                                                                                   \
         .value = (quantity),                                                                                     \
         .stat = TOOL_STAT_PERCENTILE,                                                                            \
         .p = 0.5,                                                                                                \
         .ns_per_unit = (scale),                                                                                  \
         .decimals = 1,                                                                                           \
         .weight = (weighing),                                                                                    \
         .ours = our_id "_p50",                                                                                   \
         .why = (reason)},                                                                                        \
    {                                                                                                             \
        .name = tag " p95", .value = (quantity), .stat = TOOL_STAT_PERCENTILE, .p = 0.95, .ns_per_unit = (scale), \
        .decimals = 1, .weight = (weighing), .ours = our_id "_p95", .why = (reason)                               \
    }

static const struct tool_row GUIDELLM_ROWS[] = {
    GUIDELLM_LINE("Request Latency (s)", TOOL_E2E, S, TOOL_WEIGHT_ONE, "e2e",
                  "ends at the end of the stream, wall clock; " START_WHY),
    GUIDELLM_LINE("TTFT (ms)", TOOL_TTFT, MS, TOOL_WEIGHT_ONE, "ttft", "wall clock; " START_WHY),
    GUIDELLM_LINE("ITL (ms)", TOOL_TPOT_CONTENT, MS, TOOL_WEIGHT_GAPS, "tpot",
                  "a mean per request, weighed by its N - 1 gaps; we call it TPOT"),
    GUIDELLM_LINE("TPOT (ms)", TOOL_TPOT_FROM_START, MS, TOOL_WEIGHT_TOKENS, "tpot",
                  "the time to first token is in it: (last - start) / N, weighed by N"),
    {.name = "Requests per second", .value = TOOL_REQUESTS_PER_S, .ns_per_unit = 1, .decimals = 1, .why = RATE_WHY},
    {.name = "Output tokens per second",
     .value = TOOL_TOKENS_PER_S,
     .ns_per_unit = 1,
     .decimals = 1,
     .ours = "output_rate",
     .why = RATE_WHY},
};

static const struct tool GUIDELLM = {
    .head = &assay_tool_heads[3],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_STREAM,
    .percentile = TOOL_PERCENTILE_INVERSE_CDF,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "wall clock, before the stream opens",
    .first_text = "first chunk called a token",
    .itl_text = "(last - first) / (N - 1), weighed by N - 1",
    .tpot_text = "(last - start) / N, weighed by N",
    .end_text = "stream end",
    .count_text = "usage, else chunks",
    .percentile_text = "inverse CDF",
    .spread_text = "population",
    .rows = GUIDELLM_ROWS,
    .rows_count = sizeof GUIDELLM_ROWS / sizeof GUIDELLM_ROWS[0],
};

/* A quantity in seconds with all digits, as llmperf and inference-perf write it. */
#define SECONDS_LINE(tag, quantity, our_id, reason)                                                         \
    {.name = tag " mean",                                                                                   \
     .value = (quantity),                                                                                   \
     .stat = TOOL_STAT_MEAN,                                                                                \
     .ns_per_unit = S,                                                                                      \
     .decimals = 9,                                                                                         \
     .ours = our_id "_mean",                                                                                \
     .why = (reason)},                                                                                      \
        {.name = tag " p50",                                                                                \
         .value = (quantity),                                                                               \
         .stat = TOOL_STAT_PERCENTILE,                                                                      \
         .p = 0.5,                                                                                          \
         .ns_per_unit = S,                                                                                  \
         .decimals = 9,                                                                                     \
         .ours = our_id "_p50",                                                                             \
         .why = (reason)},                                                                                  \
        {.name = tag " p90",                                                                                \
         .value = (quantity),                                                                               \
         .stat = TOOL_STAT_PERCENTILE,                                                                      \
         .p = 0.9,                                                                                          \
         .ns_per_unit = S,                                                                                  \
         .decimals = 9,                                                                                     \
         .ours = our_id "_p90",                                                                             \
         .why = (reason)},                                                                                  \
    {                                                                                                       \
        .name = tag " p99", .value = (quantity), .stat = TOOL_STAT_PERCENTILE, .p = 0.99, .ns_per_unit = S, \
        .decimals = 9, .ours = our_id "_p99", .why = (reason)                                               \
    }

static const struct tool_row LLMPERF_ROWS[] = {
    SECONDS_LINE("inter_token_latency_s", TOOL_ITL_MEAN, "tpot", "the time to first token is in it: (TTFT + gaps) / N"),
    SECONDS_LINE("ttft_s", TOOL_TTFT, "ttft", PERCENTILE_WHY),
    SECONDS_LINE("end_to_end_latency_s", TOOL_E2E, "e2e", "ends with the stream; " START_WHY),
    {.name = "request_output_throughput_token_per_s mean",
     .value = TOOL_REQUEST_RATE,
     .stat = TOOL_STAT_MEAN,
     .ns_per_unit = 1,
     .decimals = 6,
     .ours = "decode_rate_mean",
     .why = "N / E2E: the time to first token is in it"},
    {.name = "mean_output_throughput_token_per_s",
     .value = TOOL_TOKENS_PER_S,
     .ns_per_unit = 1,
     .decimals = 6,
     .ours = "output_rate",
     .why = RATE_WHY},
};

static const struct tool LLMPERF = {
    .head = &assay_tool_heads[4],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_STREAM,
    .percentile = TOOL_PERCENTILE_LINEAR,
    .spread = TOOL_SPREAD_SAMPLE,
    .start_text = "before post, a new connection each",
    .first_text = "first content",
    .itl_text = "(TTFT + gaps) / N",
    .tpot_text = "-",
    .end_text = "end",
    .count_text = "Llama tokenizer",
    .percentile_text = "linear",
    .spread_text = "sample",
    .rows = LLMPERF_ROWS,
    .rows_count = sizeof LLMPERF_ROWS / sizeof LLMPERF_ROWS[0],
};

static const struct tool_row INFERENCE_PERF_ROWS[] = {
    SECONDS_LINE("time_to_first_token", TOOL_TTFT, "ttft", PERCENTILE_WHY),
    SECONDS_LINE("time_per_output_token", TOOL_TPOT_CONTENT, "tpot", "the same formula; linear percentiles"),
    SECONDS_LINE("inter_token_latency", TOOL_ITL_TOKENS, "itl",
                 "0 for every further token of a chunk; ours spreads the gap"),
    SECONDS_LINE("normalized_time_per_output_token", TOOL_NTPOT, "tpot", "E2E / N"),
    SECONDS_LINE("request_latency", TOOL_E2E, "e2e",
                 "theirs ends after the client has tokenized, which no trace of ours can hold"),
};

static const struct tool INFERENCE_PERF = {
    .head = &assay_tool_heads[5],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_STREAM,
    .percentile = TOOL_PERCENTILE_LINEAR,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "before post, after its queue",
    .first_text = "first content, if over 1 token",
    .itl_text = "gap per token, 0 inside a chunk",
    .tpot_text = "(last - first) / (N - 1); NTPOT E2E / N",
    .end_text = "after client tokenization",
    .count_text = "tokenizer or usage",
    .percentile_text = "linear",
    .spread_text = "-",
    .rows = INFERENCE_PERF_ROWS,
    .rows_count = sizeof INFERENCE_PERF_ROWS / sizeof INFERENCE_PERF_ROWS[0],
};

#define MLPERF_LINE(tag, quantity, our_id, reason)                                                          \
    {.name = tag " avg",                                                                                    \
     .value = (quantity),                                                                                   \
     .stat = TOOL_STAT_MEAN,                                                                                \
     .ns_per_unit = 1,                                                                                      \
     .ours = our_id "_mean",                                                                                \
     .why = (reason)},                                                                                      \
        {.name = tag " p50",                                                                                \
         .value = (quantity),                                                                               \
         .stat = TOOL_STAT_PERCENTILE,                                                                      \
         .p = 0.5,                                                                                          \
         .ns_per_unit = 1,                                                                                  \
         .ours = our_id "_p50",                                                                             \
         .why = (reason)},                                                                                  \
        {.name = tag " p90",                                                                                \
         .value = (quantity),                                                                               \
         .stat = TOOL_STAT_PERCENTILE,                                                                      \
         .p = 0.9,                                                                                          \
         .ns_per_unit = 1,                                                                                  \
         .ours = our_id "_p90",                                                                             \
         .why = (reason)},                                                                                  \
    {                                                                                                       \
        .name = tag " p99", .value = (quantity), .stat = TOOL_STAT_PERCENTILE, .p = 0.99, .ns_per_unit = 1, \
        .ours = our_id "_p99", .why = (reason)                                                              \
    }

static const struct tool_row MLPERF_ROWS[] = {
    MLPERF_LINE("ttft (ns)", TOOL_TTFT, "ttft", "theirs passes through another process; " START_WHY),
    MLPERF_LINE("tpot (ns)", TOOL_TPOT_AFTER_FIRST, "tpot_after_first",
                "to the complete answer, over the tokens after the first chunk"),
    MLPERF_LINE("latency (ns)", TOOL_E2E, "e2e", "to the complete answer; " START_WHY),
};

static const struct tool MLPERF = {
    .head = &assay_tool_heads[6],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_STREAM,
    .percentile = TOOL_PERCENTILE_INDEX,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "issue, in the main process",
    .first_text = "first content, stamped in the main process",
    .itl_text = "only if all chunks are forwarded",
    .tpot_text = "(complete - first) / tokens after the first chunk",
    .end_text = "complete, stamped in the worker",
    .count_text = "tokenizer",
    .percentile_text = "sample[n p]; its early-stopping bound is not recomputed",
    .spread_text = "-",
    .rows = MLPERF_ROWS,
    .rows_count = sizeof MLPERF_ROWS / sizeof MLPERF_ROWS[0],
};

static const struct tool_row LOADGEN_ROWS[] = {
    MLPERF_LINE("latency (ns)", TOOL_E2E, "e2e_sched", "the callback's stamp; the start is the scheduled time in both"),
    MLPERF_LINE("first token latency (ns)", TOOL_TTFT, "ttft_sched", "the callback's stamp"),
    MLPERF_LINE("time per output token (ns)", TOOL_TPOT, "tpot", "(latency - first) / (N - 1)"),
};

static const struct tool LOADGEN = {
    .head = &assay_tool_heads[7],
    .start = TOOL_START_DUE,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_STREAM,
    .percentile = TOOL_PERCENTILE_INDEX,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "scheduled time",
    .first_text = "callback",
    .itl_text = "-",
    .tpot_text = "(latency - first) / (N - 1)",
    .end_text = "callback",
    .count_text = "the system's",
    .percentile_text = "sample[n p]",
    .spread_text = "-",
    .rows = LOADGEN_ROWS,
    .rows_count = sizeof LOADGEN_ROWS / sizeof LOADGEN_ROWS[0],
};

static const struct tool_row FIREWORKS_ROWS[] = {
    SECONDS_LINE("time to first token", TOOL_TTFT, "ttft", PERCENTILE_WHY),
    SECONDS_LINE("total latency", TOOL_E2E, "e2e", "ends with the stream; " START_WHY),
};

static const struct tool FIREWORKS = {
    .head = &assay_tool_heads[8],
    .start = TOOL_START_PICKED_UP,
    .first = TOOL_FIRST_CONTENT,
    .end = TOOL_END_STREAM,
    .percentile = TOOL_PERCENTILE_LINEAR,
    .spread = TOOL_SPREAD_POPULATION,
    .start_text = "before post",
    .first_text = "first text or counted token",
    .itl_text = "-",
    .tpot_text = "(E2E - TTFT) / N",
    .end_text = "end",
    .count_text = "-",
    .percentile_text = "linear",
    .spread_text = "-",
    .rows = FIREWORKS_ROWS,
    .rows_count = sizeof FIREWORKS_ROWS / sizeof FIREWORKS_ROWS[0],
};

const struct tool *const assay_tools[] = {&VLLM,           &SGLANG, &AIPERF,  &GUIDELLM, &LLMPERF,
                                          &INFERENCE_PERF, &MLPERF, &LOADGEN, &FIREWORKS};
const size_t assay_tools_count = sizeof assay_tools / sizeof assay_tools[0];
_Static_assert(sizeof assay_tool_heads / sizeof assay_tool_heads[0] == sizeof assay_tools / sizeof assay_tools[0],
               "one name a tool");
