/*
 * Rows: what an importer fills, whatever it read: models, one row per request, or figures without requests. build.c
 * turns them into plan, trace and document. Inside import/ only.
 *
 * Times are nanoseconds; what the file does not say is ASSAY_NS_ABSENT or ASSAY_COUNT_ABSENT.
 */
#ifndef ASSAY_IMPORT_ROWS_H
#define ASSAY_IMPORT_ROWS_H

#include "import/import.h"

#include "base/mem.h"

#include <stdbool.h>

#define ASSAY_IMPORT_ROWS_MAX 1000000                          /* what fits into a plan beside its texts */
#define ASSAY_IMPORT_CHUNKS_MAX 1000000                        /* of one sample, endpoints.md 8 */
#define ASSAY_IMPORT_FIGURES_MAX 4096                          /* of a summary, as many as a receipt has metrics */
#define ASSAY_IMPORT_METRICS_MAX 64                            /* metric names that one importer asks for */
#define ASSAY_IMPORT_NAME_BYTES_MAX 256                        /* a model's, command's or benchmark's name */
#define ASSAY_IMPORT_TIME_NS_MAX UINT64_C(4102444800000000000) /* 2100: stamps of a trace end at 2^62 ns, 2116 */
#define ASSAY_IMPORT_ARENA_MAX ((size_t)4 << 30)

struct assay_import_row {
    uint32_t arm;
    enum assay_status status;
    uint64_t due_ns;         /* when it should have started */
    uint64_t start_ns;       /* when the tool's clock for it started; every origin is fine, the earliest becomes 0 */
    uint64_t first_event_ns; /* from start */
    uint64_t *arrivals_ns;   /* of content chunks, from start, ascending */
    uint32_t *tokens;        /* per chunk, 0 = unknown; NULL: all unknown */
    size_t arrivals_count;
    uint64_t end_ns;     /* from start */
    uint32_t iterations; /* operations timed as one */
    uint64_t cpu_ns;     /* of all of them */
    uint32_t prompt_tokens, output_tokens, cached_tokens;
    enum assay_token_source output_source;
    uint64_t server_load_ns, server_prompt_ns, server_eval_ns, server_total_ns;
    uint64_t reported_rate_micro; /* 0 = not stated */
    uint32_t flags;               /* ASSAY_REQUEST_* */
};

struct assay_import_figure {
    const char *name, *unit;
    double value;
};

struct assay_import_rows {
    struct assay_arena arena;              /* owns every text and array below */
    const char *workload;                  /* "llm" at first; rows of another workload are no requests */
    const char *arms[ASSAY_PLAN_ARMS_MAX]; /* model names */
    size_t arms_count;
    struct assay_import_row *rows;
    size_t rows_count, rows_capacity;
    struct assay_import_figure *figures; /* of files without rows */
    size_t figures_count;
    const char *metrics[ASSAY_IMPORT_METRICS_MAX]; /* what these rows allow: "ttft_p50" ... */
    size_t metrics_count;
    uint32_t concurrency; /* if the file says so; 0 = unknown */
};

void assay_import_rows_init(struct assay_import_rows *rows);
void assay_import_rows_done(struct assay_import_rows *rows);

/* A new row with everything absent and status ok. */
assay_code assay_import_rows_add(struct assay_import_rows *rows, struct assay_import_row **ret, assay_err *err);

/* The arm of a model; a new one if it is new. TOO_LARGE over ASSAY_PLAN_ARMS_MAX. */
assay_code assay_import_rows_arm(struct assay_import_rows *rows, const char *model, size_t len, uint32_t *ret,
                                 assay_err *err);

assay_code assay_import_rows_figure(struct assay_import_rows *rows, const char *name, const char *unit, double value,
                                    assay_err *err);

/* The figure "NAME FIELD" of an object's number, if it has one; names that are too long are MALFORMED. */
assay_code assay_import_rows_figure_of(struct assay_import_rows *rows, const char *name, const char *field,
                                       const char *unit, double value, assay_err *err);

/* Asks for ID_STAT of each usual statistic. */
assay_code assay_import_rows_want(struct assay_import_rows *rows, const char *id, assay_err *err);
/* Asks for a metric without a statistic. */
void assay_import_rows_want_single(struct assay_import_rows *rows, const char *name);

/* Seconds or milliseconds as other tools print them, to nanoseconds. A negative or non-finite one is dropped: ABSENT
 * and *flags gets ASSAY_REQUEST_BAD_NUMBER. */
uint64_t assay_import_ns(double value, double ns_per_unit, uint32_t *flags);

/* One importer: whether the content is its own, and the reading. Both see the whole file. */
struct assay_importer {
    struct assay_import_format format;
    bool (*detect)(const char *bytes, size_t len);
    assay_code (*read)(const struct assay_import_request *request, struct assay_import_rows *rows, assay_err *err);
};

extern const struct assay_importer assay_import_node_csv;
extern const struct assay_importer assay_import_vllm;
extern const struct assay_importer assay_import_guidellm;
extern const struct assay_importer assay_import_aiperf;
extern const struct assay_importer assay_import_llama_bench;
extern const struct assay_importer assay_import_hyperfine;
extern const struct assay_importer assay_import_google_benchmark;
extern const struct assay_importer assay_import_go_bench;
extern const struct assay_importer assay_import_github_action_benchmark;
extern const struct assay_importer assay_import_bitnet_1_0;
extern const struct assay_importer assay_import_bitnet_1_1;
extern const struct assay_importer assay_import_bmf;

assay_code assay_import_build(const struct assay_import_request *request, struct assay_import_rows *rows,
                              struct assay_import_result *ret, assay_err *err);

#endif
