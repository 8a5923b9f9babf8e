/* The tools that write seconds with all digits, and the MLPerf family, which writes nanoseconds (see tool_table.c). */
#include "report/tool_rows.h"

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

const struct tool assay_tool_llmperf = {
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

const struct tool assay_tool_inference_perf = {
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

const struct tool assay_tool_mlperf = {
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

const struct tool assay_tool_loadgen = {
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

const struct tool assay_tool_fw_ai = {
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
