/*
 * The rows of the formula table as numbers, and what is known of a row beyond its public face. Inside this room only.
 */
#ifndef ASSAY_RECORD_METRIC_ROWS_H
#define ASSAY_RECORD_METRIC_ROWS_H

#include "record/metric.h"

/* X(ENUM, id, workloads, unit, direction, formula or NULL, kind, needs, help)
 * kind: RANKED per sample, failures rank last; PLAIN per sample whatever its status; GAPS ranked, several values a
 * sample; SEGMENTS one value a read; RUN one value a run.
 * needs: ARRIVAL withheld from 0.1% unknown tokens on; GAP the same, and percentiles from 1% bounded tokens on; COUNT
 * rests on token counts of one source; TIMER withheld where a timed region is under 1,000 clock readings; NOTHING. */
#define LLM "llm"
#define SERVICE "noop command kernel lm pipeline"
#define EVERY "llm noop command kernel lm pipeline"
#define METRIC_ROWS(X)                                                                                                 \
    X(TTFT, "ttft", LLM, "ns", "lower", NULL, RANKED, ARRIVAL,                                                         \
      "time to first token, service: arrival of the first content chunk - t0")                                         \
    X(TTFT_SCHED, "ttft_sched", LLM, "ns", "lower", NULL, RANKED, ARRIVAL,                                             \
      "time to first token from schedule: arrival of the first content chunk - due")                                   \
    X(TTFB, "ttfb", LLM, "ns", "lower", NULL, RANKED, NOTHING, "time to first response byte: first byte - t0")         \
    X(TTFR, "ttfr", LLM, "ns", "lower", NULL, RANKED, NOTHING,                                                         \
      "time to first event of any kind, a role-only one included: first event - t0")                                   \
    X(TTFO, "ttfo", LLM, "ns", "lower", NULL, RANKED, ARRIVAL,                                                         \
      "time to first output: arrival of the first content chunk that is no reasoning - t0")                            \
    X(ICL, "icl", LLM, "ns", "lower", NULL, GAPS, GAP,                                                                 \
      "inter-chunk latency: a(j) - a(j-1), one value a chunk gap; a failed request adds one worst value")              \
    X(ITL, "itl", LLM, "ns", "lower", NULL, GAPS, GAP,                                                                 \
      "inter-token latency: the gap before chunk j spread over its k(j) tokens, k(j) values; failures as for icl")     \
    X(TPOT, "tpot", LLM, "ns", "lower", NULL, RANKED, COUNT, "time per output token: (a(m) - a(1)) / (N - 1)")         \
    X(TPOT_AFTER_FIRST, "tpot_after_first", LLM, "ns", "lower", NULL, RANKED, COUNT,                                   \
      "time per output token after the first chunk: (a(m) - a(1)) / (N - k(1))")                                       \
    X(DECODE_RATE, "decode_rate", LLM, "1/s", "higher", NULL, RANKED, COUNT,                                           \
      "tokens a second after the first chunk: (N - k(1)) / (a(m) - a(1))")                                             \
    X(E2E, "e2e", LLM, "ns", "lower", NULL, RANKED, ARRIVAL, "end to end, service: arrival of the last chunk - t0")    \
    X(E2E_SCHED, "e2e_sched", LLM, "ns", "lower", NULL, RANKED, ARRIVAL,                                               \
      "end to end from schedule: arrival of the last chunk - due")                                                     \
    X(E2E_STREAM, "e2e_stream", LLM, "ns", "lower", NULL, RANKED, NOTHING,                                             \
      "end of the stream, with terminator and usage record: done - t0")                                                \
    X(PREFILL_RATE, "prefill_rate", LLM, "1/s", "higher", NULL, RANKED, NOTHING,                                       \
      "prompt tokens a second by the server's clock: (P - cached) / server prefill time; not defined if cached is "    \
      "unknown")                                                                                                       \
    X(PREFILL_RATE_CLIENT, "prefill_rate_client", LLM, "1/s", "higher", NULL, RANKED, ARRIVAL,                         \
      "a lower bound of it by the client's clock: (P - cached) / ttft")                                                \
    X(LOAD_TIME, "load_time", LLM, "ns", "lower", NULL, PLAIN, NOTHING, "time to load the model, as the server says")  \
    X(REPORTED_RATE, "reported_rate", LLM, "1/s", "higher", NULL, RANKED, NOTHING,                                     \
      "tokens a second as an imported file states them: nothing else is known of such a sample")                       \
    X(PROMPT_TOKENS_ASKED, "prompt_tokens_asked", LLM, "1", "none", NULL, PLAIN, NOTHING, "prompt tokens of the plan") \
    X(OUTPUT_TOKENS_ASKED, "output_tokens_asked", LLM, "1", "none", NULL, PLAIN, NOTHING, "output tokens of the plan") \
    X(PROMPT_TOKENS, "prompt_tokens", LLM, "1", "none", NULL, PLAIN, NOTHING, "prompt tokens that the server counted") \
    X(OUTPUT_TOKENS, "output_tokens", LLM, "1", "none", NULL, PLAIN, NOTHING, "output tokens obtained")                \
    X(CLIENT_DELAY, "client_delay", LLM, "ns", "lower", NULL, SEGMENTS, NOTHING,                                       \
      "how long received bytes waited for assay itself: user-space stamp after the read - kernel stamp")               \
    X(LATENESS, "lateness", EVERY, "ns", "lower", NULL, PLAIN, NOTHING,                                                \
      "how late assay itself was: t0 - due, of every sample that was sent")                                            \
    X(SERVICE_TIME, "service", SERVICE, "ns", "lower", NULL, RANKED, TIMER,                                            \
      "service time of one operation: (end - start) / iterations")                                                     \
    X(TOKEN_RATE, "token_rate", "lm", "1/s", "higher", NULL, RANKED, TIMER,                                            \
      "tokens a second of one operation: tokens of all its sequences / (end - start)")                                 \
    X(SCHED, "sched", SERVICE, "ns", "lower", NULL, RANKED, NOTHING, "latency from schedule: end - due")               \
    X(SPAWN, "spawn", "command", "ns", "lower", NULL, RANKED, NOTHING, "how long the spawn took")                      \
    X(CPU, "cpu", SERVICE, "ns", "lower", NULL, RANKED, TIMER, "CPU time of one operation: cpu / iterations")          \
    X(CPU_TREE, "cpu_tree", "command", "ns", "lower", NULL, RANKED, NOTHING,                                           \
      "CPU time with that of reaped descendants: user + system")                                                       \
    X(PEAK_RSS, "peak_rss", "command", "bytes", "lower", NULL, RANKED, NOTHING,                                        \
      "peak resident memory; not defined within 10% of the spawner's own")                                             \
    X(MINFLT, "minflt", "command", "1", "lower", NULL, RANKED, NOTHING, "page faults without input")                   \
    X(MAJFLT, "majflt", "command", "1", "lower", NULL, RANKED, NOTHING, "page faults with input")                      \
    X(NVCSW, "nvcsw", "command", "1", "lower", NULL, RANKED, NOTHING, "voluntary context switches")                    \
    X(NIVCSW, "nivcsw", "command", "1", "lower", NULL, RANKED, NOTHING, "involuntary context switches")                \
    X(OUTPUT_RATE, "output_rate", LLM, "1/s", "higher", "tokens_per_window@1", RUN, COUNT,                             \
      "output tokens of the whole system that arrived in the window / its length; window: first measured due to last " \
      "issue; N of a request with unknown chunk sizes is spread evenly over its chunks")                               \
    X(OUTPUT_RATE_WALL, "output_rate_wall", LLM, "1/s", "higher", "tokens_per_wall@1", RUN, NOTHING,                   \
      "all output tokens / (last end - first send): only to compare with other tools")                                 \
    X(GOODPUT_SHARE, "goodput_share", LLM, "1", "higher", "good_share@1", RUN, ARRIVAL,                                \
      "requests that are ok and keep every SLO of the plan / issued; open loop: latencies from schedule")              \
    X(GOODPUT_RATE, "goodput_rate", LLM, "1/s", "higher", "good_per_window@1", RUN, ARRIVAL,                           \
      "good requests / window length")                                                                                 \
    X(GOODPUT_NO_TPOT, "goodput_no_tpot", LLM, "1", "none", "count@1", RUN, NOTHING,                                   \
      "ok requests of at most one token: to them the TPOT SLO does not apply")                                         \
    X(ACHIEVED_RATIO, "achieved_ratio", EVERY, "1", "higher", "achieved_ratio@1", RUN, NOTHING,                        \
      "achieved / asked request rate, open loop: (due(n) - due(1)) / (t0(n) - t0(1))")                                 \
    X(RATE, "rate", SERVICE, "1/s", "higher", "count_per_window@1", RUN, NOTHING,                                      \
      "ok operations / window, from the first measured due to the last end")                                           \
    X(SUCCESS_SHARE, "success_share", EVERY, "1", "higher", "share_wilson@1", RUN, NOTHING, "ok / issued")             \
    X(PROMPT_TOKENS_TOTAL, "prompt_tokens_total", LLM, "1", "none", "sum@1", RUN, NOTHING,                             \
      "prompt tokens that the server counted, all measured requests")                                                  \
    X(OUTPUT_TOKENS_TOTAL, "output_tokens_total", LLM, "1", "none", "sum@1", RUN, NOTHING,                             \
      "output tokens obtained, all measured requests")                                                                 \
    X(CACHED_SHARE, "cached_share", LLM, "1", "none", "share@1", RUN, NOTHING,                                         \
      "cached prompt tokens / prompt tokens; not measured if any count is unknown")                                    \
    X(EXACT_SHARE, "exact_share", LLM, "1", "higher", "share@1", RUN, NOTHING,                                         \
      "share of output tokens whose arrival is exact (endpoints.md 1.4)")                                              \
    X(BOUNDED_SHARE, "bounded_share", LLM, "1", "lower", "share@1", RUN, NOTHING,                                      \
      "share of output tokens whose arrival is an interval")                                                           \
    X(UNKNOWN_SHARE, "unknown_share", LLM, "1", "lower", "share@1", RUN, NOTHING,                                      \
      "share of output tokens without a kernel stamp, or dropped")

enum metric_id {
#define METRIC_ENUM(name, id, workloads, unit, direction, formula, kind, needs, help) METRIC_##name,
    METRIC_ROWS(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

enum metric_kind { METRIC_KIND_RANKED, METRIC_KIND_PLAIN, METRIC_KIND_GAPS, METRIC_KIND_SEGMENTS, METRIC_KIND_RUN };
enum metric_needs {
    METRIC_NEEDS_NOTHING,
    METRIC_NEEDS_ARRIVAL,
    METRIC_NEEDS_GAP,
    METRIC_NEEDS_COUNT,
    METRIC_NEEDS_TIMER
};

struct metric_nature {
    enum metric_kind kind;
    enum metric_needs needs;
};

const struct metric_nature *assay_metric_nature(enum metric_id id);
enum metric_id assay_metric_id(const struct assay_metric_row *row);

#endif
