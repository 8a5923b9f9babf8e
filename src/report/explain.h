/*
 * Explain: what other tools would have measured in our trace. A tool is a row of definitions (tool_table.c); the trace
 * gives one set of stamps a request (struct tool_request), a definition picks two of them. Inside report/ only.
 *
 * Those tools stamp in user space, so arrivals are taken from our user-space stamps: what our own client waited for
 * beyond that is not theirs to see, and their own delay is in no trace of ours.
 */
#ifndef ASSAY_REPORT_EXPLAIN_H
#define ASSAY_REPORT_EXPLAIN_H

#include "report/report.h"

#include "base/mem.h"
#include "record/record.h"

#include <stdbool.h>
#include <stdint.h>

/* Where a tool's clock starts. */
enum tool_start {
    TOOL_START_PICKED_UP, /* before the request is handed to its HTTP library: pool wait and connect are in it */
    TOOL_START_DUE        /* the scheduled time */
};

/* Which event ends its TTFT. */
enum tool_first {
    TOOL_FIRST_EVENT,  /* the first data event, role-only ones too */
    TOOL_FIRST_CONTENT /* the first chunk with text, reasoning or tool text */
};

/* Which event ends its end-to-end time. */
enum tool_end {
    TOOL_END_CONTENT, /* the last content chunk */
    TOOL_END_STREAM   /* the terminator or the end of the body */
};

enum tool_percentile { TOOL_PERCENTILE_LINEAR, TOOL_PERCENTILE_INVERSE_CDF, TOOL_PERCENTILE_INDEX };
enum tool_spread { TOOL_SPREAD_POPULATION, TOOL_SPREAD_SAMPLE };

/* A quantity, as that tool forms it from its own first and end. */
enum tool_value {
    TOOL_TTFT,             /* first - start */
    TOOL_E2E,              /* end - start */
    TOOL_TPOT,             /* (E2E - TTFT) / (N - 1) */
    TOOL_TPOT_CONTENT,     /* (last content - first content) / (N - 1) */
    TOOL_TPOT_FROM_START,  /* (last content - start) / N */
    TOOL_TPOT_AFTER_FIRST, /* (end - first) / (N - tokens of the first chunk) */
    TOOL_NTPOT,            /* E2E / N */
    TOOL_ITL_GAPS,         /* gaps between chunks, pooled */
    TOOL_ITL_TOKENS,       /* gaps spread over tokens: the gap once, 0 for every further token of the chunk; pooled */
    TOOL_ITL_MEAN,         /* (TTFT + gaps) / N: llmperf */
    TOOL_USER_RATE,        /* 1 / TPOT, tokens a second and user */
    TOOL_REQUEST_RATE,     /* N / E2E, tokens a second of one request */
    TOOL_COUNT_OK,         /* requests that were ok */
    TOOL_DURATION,         /* first start to last end */
    TOOL_REQUESTS_PER_S,   /* ok / duration */
    TOOL_TOKENS_PER_S      /* output tokens of ok requests / duration */
};

/* What each request's value weighs in that tool's distributions. */
enum tool_weight { TOOL_WEIGHT_ONE, TOOL_WEIGHT_TOKENS, TOOL_WEIGHT_GAPS };

enum tool_stat { TOOL_STAT_NONE, TOOL_STAT_MEAN, TOOL_STAT_SD, TOOL_STAT_MIN, TOOL_STAT_MAX, TOOL_STAT_PERCENTILE };

/* One line as the tool prints it. */
struct tool_row {
    const char *name; /* "Mean TTFT (ms)" */
    enum tool_value value;
    enum tool_stat stat;
    double p;           /* TOOL_STAT_PERCENTILE: 0.99 */
    double ns_per_unit; /* 1e6: printed in ms; for rates and counts 1 */
    int decimals;
    enum tool_weight weight;
    const char *ours; /* our metric, or NULL */
    const char *why;  /* why the two differ */
};

struct tool {
    const struct assay_explain_tool *head; /* name, title: a row of assay_tool_heads */
    enum tool_start start;
    enum tool_first first;
    enum tool_end end;
    enum tool_percentile percentile;
    enum tool_spread spread;
    const char *start_text, *first_text, *itl_text, *tpot_text, *end_text, *count_text, *percentile_text, *spread_text;
    const struct tool_row *rows;
    size_t rows_count;
};

extern const struct assay_explain_tool assay_tool_heads[]; /* in the order of assay_tools */
extern const struct tool *const assay_tools[];
extern const size_t assay_tools_count;

/* Stamps of one request, in ns since run start, ASSAY_NS_ABSENT if not there; user-space ones. */
struct tool_request {
    bool is_ok;
    uint64_t picked_up_ns, due_ns, first_event_ns, first_content_ns, last_content_ns, stream_end_ns;
    uint64_t tokens;            /* N; ASSAY_NS_ABSENT */
    uint64_t first_tokens;      /* of the first chunk; 0 = unknown */
    size_t gaps_at, gaps_count; /* into tool_requests.gaps_ns: arrivals after the first content */
    bool has_empty_first;       /* the first event had no content */
};

struct tool_requests {
    struct tool_request *all;
    size_t count;
    double *gaps_ns;
    uint32_t *gap_tokens; /* tokens of the chunk that ends the gap; 0 = unknown */
    size_t gaps_count;
};

/* The measured (not warm-up) requests of a trace, arrays in arena. */
assay_code assay_tool_requests_read(const struct assay_plan *plan, struct assay_trace *trace, struct assay_arena *arena,
                                    struct tool_requests *ret, assay_err *err);

/* One line recomputed. False if it cannot be: *ret_why then says what is missing. */
assay_code assay_tool_row_compute(const struct tool *tool, const struct tool_row *row,
                                  const struct tool_requests *requests, double *ret, size_t *ret_n,
                                  const char **ret_why, assay_err *err);

#endif
