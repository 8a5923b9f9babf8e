/*
 * The tools (endpoints.md 2, "Other tools' definitions"): one table of printed lines and one row of definitions each.
 * Names and digits are those of the tool's own console or result file.
 */
#include "report/tool_rows.h"

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

const struct tool assay_tool_vllm = {
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

const struct tool assay_tool_sglang = {
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

const struct tool assay_tool_aiperf = {
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

const struct tool assay_tool_guidellm = {
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
