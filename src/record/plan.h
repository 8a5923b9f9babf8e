/*
 * Plan: the fully expanded, seeded schedule, fixed and hashed before the first operation (evidence.md 1.6).
 *
 * Lifecycle: assay_plan_new -> fill the request part (options, arms, load, metrics) -> measure/ and the workload draw
 * the operations -> assay_plan_encode once: from then on the bytes are the plan and the struct is only read. Readers
 * start from the bytes with assay_plan_parse. The arrays belong to the plan's arena.
 *
 * Members of `options` that have a meaning here, all optional:
 *     slo   {"ttft_ns":u,"tpot_ns":u,"e2e_ns":u}, any of them: what a good request keeps (goodput)
 *     peer  "scripted": the plan openly names a scripted server. Without it a scripted peer makes the run a stand-in
 */
#ifndef ASSAY_RECORD_PLAN_H
#define ASSAY_RECORD_PLAN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

#include <stdbool.h>
#include <stdint.h>

#define ASSAY_PLAN_BYTES_MAX ((size_t)256 << 20) /* evidence.md 1.2 */
#define ASSAY_PLAN_ARMS_MAX 64
#define ASSAY_PLAN_OPS_MAX 10000000 /* what fits into the bytes above */
#define ASSAY_PLAN_METRICS_MAX 4096
#define ASSAY_PLAN_FORMAT "assay-plan/1"

enum assay_load_mode { ASSAY_LOAD_CLOSED, ASSAY_LOAD_OPEN, ASSAY_LOAD_PAIRED };
enum assay_arrivals {
    ASSAY_ARRIVALS_NONE,
    ASSAY_ARRIVALS_POISSON,
    ASSAY_ARRIVALS_CONSTANT,
    ASSAY_ARRIVALS_GAMMA,
    ASSAY_ARRIVALS_RAMP,
    ASSAY_ARRIVALS_BURST,
    ASSAY_ARRIVALS_STEPS,
    ASSAY_ARRIVALS_REPLAY
};
enum assay_stop_rule { ASSAY_STOP_COUNT, ASSAY_STOP_DURATION, ASSAY_STOP_PRECISION };

struct assay_load {
    enum assay_load_mode mode;
    enum assay_arrivals arrivals;
    uint32_t concurrency; /* closed loop: users; open loop: 0 */
    uint32_t workers;     /* threads */
    double rate_per_s;    /* open loop */
    double gamma_cv;      /* gamma: coefficient of variation */
    uint64_t think_ns;    /* closed loop */
    uint64_t gap_ns;      /* paired: idle time between two cells (statistics.md 1.9) */
    uint32_t window;      /* paired: operations of one arm in one round, 1 or more */
};

struct assay_stop {
    enum assay_stop_rule rule;
    uint64_t count;           /* measured operations */
    uint64_t duration_ns;     /* of the measured phase */
    uint64_t max_duration_ns; /* always set: the run ends here whatever the rule says */
    double error_share_max;   /* breaker: above this share of failures (of at least 20) the run stops */
    double precision;         /* rule precision: half-width of the interval of the ratio that is enough (0.005) */
    double confidence;        /* of that interval, 0.95 */
};

struct assay_warmup {
    uint32_t samples; /* the first operations of the plan; kept in the trace, left out of metrics */
};

struct assay_plan_arm {
    char id[2]; /* "a", "b", ... */
    const char *label;
    json_t *args; /* owned, or NULL; what distinguishes it: JCS of this is argsSha256 */
};

struct assay_plan_metric {
    uint32_t arm;
    const char *name;    /* "ttft_p50" */
    const char *formula; /* "quantile_nearest@1" */
};

struct assay_plan_op {
    uint64_t due_ns; /* open loop: from run start; closed loop: 0 for all (recomputed from the trace) */
    uint64_t salt;
    uint32_t prompt_tokens, output_tokens; /* asked */
    uint32_t prompt;                       /* index into the prompt list, or 0 */
    uint32_t round, block;
    uint16_t arm;
    bool is_warmup;
};

struct assay_plan {
    struct assay_arena arena;
    const char *workload;
    json_t *options; /* owned; every option of the run, defaults included; secrets never. No reals, no null */
    struct assay_plan_arm arms[ASSAY_PLAN_ARMS_MAX];
    size_t arms_count;
    struct assay_plan_metric *metrics;
    size_t metrics_count;
    struct assay_load load;
    struct assay_stop stop;
    struct assay_warmup warmup;
    const char *order; /* "fixed", "random", "latin" */
    uint64_t seed;
    const char *seed_source; /* "fixed", "challenge", "log-head" */
    char nonce[65];          /* 64 hex digits, or "" */
    uint8_t run_id[16];
    struct assay_plan_op *ops;
    size_t ops_count;
};

assay_code assay_plan_new(struct assay_plan **ret, assay_err *err);
void assay_plan_free(struct assay_plan *plan); /* fine on NULL */

/* Adds rows; names and formulas are looked up in the formula table (metric.h): USAGE if unknown. */
assay_code assay_plan_add_metric(struct assay_plan *plan, uint32_t arm, const char *name, assay_err *err);
/* Makes room for count zeroed operations. */
assay_code assay_plan_make_ops(struct assay_plan *plan, size_t count, assay_err *err);

/* The canonical bytes of plan.json, and the digests of the receipt. requestSha256 covers what defines the plan except
 * random choices, nonce and run id. */
assay_code assay_plan_encode(const struct assay_plan *plan, struct assay_buf *out, assay_err *err);
assay_code assay_plan_request_sha256(const struct assay_plan *plan, uint8_t ret[32], assay_err *err);
assay_code assay_plan_args_sha256(const struct assay_plan *plan, size_t arm, uint8_t ret[32], assay_err *err);
assay_code assay_plan_parse(const char *bytes, size_t len, struct assay_plan **ret, assay_err *err);

const char *assay_load_mode_text(enum assay_load_mode mode);
const char *assay_arrivals_text(enum assay_arrivals arrivals);
const char *assay_stop_rule_text(enum assay_stop_rule rule);

#endif
