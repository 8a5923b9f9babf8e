#include "record/plan_ops.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *const ORDERS[] = {"fixed", "random", "latin"};
static const char *const SEED_SOURCES[] = {"challenge", "log-head", "fixed"};

static const char *order_at(size_t i)
{
    return ORDERS[i];
}

static const char *seed_source_at(size_t i)
{
    return SEED_SOURCES[i];
}

static const char *load_mode_at(size_t i)
{
    return assay_load_mode_text((enum assay_load_mode)i);
}

static const char *arrivals_at(size_t i)
{
    return assay_arrivals_text((enum assay_arrivals)i);
}

static const char *stop_rule_at(size_t i)
{
    return assay_stop_rule_text((enum assay_stop_rule)i);
}

typedef const char *word_at(size_t i);

static assay_code get_word(const json_t *object, const char *name, const char *at, word_at *word, size_t count,
                           size_t *ret, assay_err *err)
{
    const char *text;
    assay_code rc = assay_json_get_text(object, name, at, &text, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, word(i)) == 0) {
            *ret = i;
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_MALFORMED, "%s/%s: found '%.64s', expected one of the words for it", at, name, text);
}

static assay_code get_u32(const json_t *object, const char *name, const char *at, uint32_t *ret, assay_err *err)
{
    uint64_t value;
    assay_code rc = assay_json_get_u64(object, name, at, &value, err);
    if (rc == ASSAY_OK && value > UINT32_MAX) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%s/%s: found %" PRIu64 ", expected less than 2^32", at, name, value);
    }
    *ret = rc == ASSAY_OK ? (uint32_t)value : 0;
    return rc;
}

static assay_code get_copy(struct assay_plan *plan, const json_t *object, const char *name, const char *at,
                           const char **ret, assay_err *err)
{
    const char *text;
    assay_code rc = assay_json_get_text(object, name, at, &text, err);
    if (rc == ASSAY_OK) {
        *ret = assay_arena_text(&plan->arena, text, strlen(text));
        rc = *ret ? ASSAY_OK : assay_nomem(err);
    }
    return rc;
}

static assay_code read_arms(struct assay_plan *plan, const json_t *root, assay_err *err)
{
    json_t *arms;
    assay_code rc = assay_json_get_array(root, "arms", "", &arms, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    size_t count = json_array_size(arms);
    if (count < 1 || count > ASSAY_PLAN_ARMS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "/arms: found %zu, expected 1 to %d", count, ASSAY_PLAN_ARMS_MAX);
    }
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        struct assay_plan_arm *arm = &plan->arms[i];
        const json_t *object = json_array_get(arms, i);
        const char *id;
        rc = assay_json_get_text(object, "id", "/arms", &id, err);
        if (rc == ASSAY_OK && strlen(id) >= sizeof arm->id) {
            rc = assay_fail(err, ASSAY_MALFORMED, "/arms/%zu/id: found '%.64s', expected one letter", i, id);
        }
        rc = rc == ASSAY_OK ? get_copy(plan, object, "label", "/arms", &arm->label, err) : rc;
        json_t *args = NULL;
        rc = rc == ASSAY_OK ? assay_json_get_object(object, "args", "/arms", &args, err) : rc;
        if (rc == ASSAY_OK) {
            memcpy(arm->id, id, strlen(id) + 1);
            arm->args = json_incref(args);
            plan->arms_count = i + 1;
        }
    }
    return rc;
}

static assay_code read_metric(struct assay_plan *plan, const json_t *object, size_t index, assay_err *err)
{
    struct assay_plan_metric metric = {0};
    const char *arm;
    assay_code rc = assay_json_get_text(object, "arm", "/metrics", &arm, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(object, "name", "/metrics", &metric.name, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(object, "formula", "/metrics", &metric.formula, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    while (metric.arm < plan->arms_count && strcmp(plan->arms[metric.arm].id, arm) != 0) {
        metric.arm++;
    }
    if (metric.arm == plan->arms_count) {
        return assay_fail(err, ASSAY_MALFORMED, "/metrics/%zu/arm: found '%.64s', which is no arm", index, arm);
    }
    return assay_plan_insert_metric(plan, &metric, err);
}

static assay_code read_metrics(struct assay_plan *plan, const json_t *root, assay_err *err)
{
    json_t *metrics;
    assay_code rc = assay_json_get_array(root, "metrics", "", &metrics, err);
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(metrics); i++) {
        rc = read_metric(plan, json_array_get(metrics, i), i, err);
    }
    return rc;
}

/* Members that only some plans have. */
static assay_code read_paired(struct assay_plan *plan, const json_t *load, const json_t *stop, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    if (plan->load.mode == ASSAY_LOAD_PAIRED) {
        rc = assay_json_get_u64(load, "gapNs", "/load", &plan->load.gap_ns, err);
        rc = rc == ASSAY_OK ? get_u32(load, "window", "/load", &plan->load.window, err) : rc;
    }
    if (rc == ASSAY_OK && plan->stop.rule == ASSAY_STOP_PRECISION) {
        rc = assay_json_get_dec(stop, "precision", "/stop", &plan->stop.precision, err);
        rc = rc == ASSAY_OK ? assay_json_get_dec(stop, "confidence", "/stop", &plan->stop.confidence, err) : rc;
    }
    return rc;
}

static assay_code read_load(struct assay_plan *plan, const json_t *root, assay_err *err)
{
    json_t *load = NULL, *stop = NULL, *warmup = NULL;
    size_t mode = 0, arrivals = 0, rule = 0;
    assay_code rc = assay_json_get_object(root, "load", "", &load, err);
    rc = rc == ASSAY_OK ? get_word(load, "mode", "/load", load_mode_at, ASSAY_LOAD_PAIRED + 1, &mode, err) : rc;
    rc = rc == ASSAY_OK ? get_word(load, "arrivals", "/load", arrivals_at, ASSAY_ARRIVALS_REPLAY + 1, &arrivals, err)
                        : rc;
    rc = rc == ASSAY_OK ? get_u32(load, "concurrency", "/load", &plan->load.concurrency, err) : rc;
    rc = rc == ASSAY_OK ? get_u32(load, "workers", "/load", &plan->load.workers, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_dec(load, "ratePerS", "/load", &plan->load.rate_per_s, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_dec(load, "gammaCv", "/load", &plan->load.gamma_cv, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(load, "thinkNs", "/load", &plan->load.think_ns, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(root, "stop", "", &stop, err) : rc;
    rc = rc == ASSAY_OK ? get_word(stop, "rule", "/stop", stop_rule_at, ASSAY_STOP_PRECISION + 1, &rule, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(stop, "count", "/stop", &plan->stop.count, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(stop, "durationNs", "/stop", &plan->stop.duration_ns, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(stop, "maxDurationNs", "/stop", &plan->stop.max_duration_ns, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_dec(stop, "errorShareMax", "/stop", &plan->stop.error_share_max, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(root, "warmup", "", &warmup, err) : rc;
    rc = rc == ASSAY_OK ? get_u32(warmup, "samples", "/warmup", &plan->warmup.samples, err) : rc;
    plan->load.mode = (enum assay_load_mode)mode;
    plan->load.arrivals = (enum assay_arrivals)arrivals;
    plan->stop.rule = (enum assay_stop_rule)rule;
    return rc == ASSAY_OK ? read_paired(plan, load, stop, err) : rc;
}

static assay_code read_choices(struct assay_plan *plan, const json_t *root, assay_err *err)
{
    size_t order = 0, source = 0;
    const char *nonce = "";
    uint8_t bytes[32];
    assay_code rc = get_word(root, "order", "", order_at, COUNT_OF(ORDERS), &order, err);
    rc = rc == ASSAY_OK ? get_word(root, "seedSource", "", seed_source_at, COUNT_OF(SEED_SOURCES), &source, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64_text(root, "seed", "", &plan->seed, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_hex(root, "runId", "", plan->run_id, sizeof plan->run_id, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(root, "nonce", "", &nonce, err) : rc;
    if (rc == ASSAY_OK && nonce[0] != '\0') {
        rc = assay_json_get_hex(root, "nonce", "", bytes, sizeof bytes, err);
    }
    if (rc == ASSAY_OK) {
        plan->order = ORDERS[order];
        plan->seed_source = SEED_SOURCES[source];
        memcpy(plan->nonce, nonce, strlen(nonce) + 1); /* 64 digits, as the hex reader made sure, or none */
    }
    return rc;
}

static assay_code read_root(struct assay_plan *plan, const json_t *root, assay_err *err)
{
    const char *format;
    json_t *options = NULL;
    assay_code rc = assay_json_get_text(root, "format", "", &format, err);
    if (rc == ASSAY_OK && strcmp(format, ASSAY_PLAN_FORMAT) != 0) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "/format: found '%.64s', expected " ASSAY_PLAN_FORMAT, format);
    }
    rc = rc == ASSAY_OK ? get_copy(plan, root, "workload", "", &plan->workload, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_object(root, "options", "", &options, err) : rc;
    if (rc == ASSAY_OK) {
        json_decref(plan->options);
        plan->options = json_incref(options);
    }
    rc = rc == ASSAY_OK ? read_arms(plan, root, err) : rc;
    rc = rc == ASSAY_OK ? read_metrics(plan, root, err) : rc;
    rc = rc == ASSAY_OK ? read_load(plan, root, err) : rc;
    rc = rc == ASSAY_OK ? read_choices(plan, root, err) : rc;
    return rc == ASSAY_OK ? assay_plan_ops_read(plan, root, err) : rc;
}

/* What is read must be written again as it was: this one comparison refuses unknown members, other orders and every
 * second spelling. */
static assay_code check_same_bytes(const struct assay_plan *plan, const char *bytes, size_t len, assay_err *err)
{
    struct assay_buf again;
    assay_buf_init(&again, ASSAY_PLAN_BYTES_MAX);
    assay_code rc = assay_plan_encode(plan, &again, err);
    if (rc == ASSAY_OK && (again.len != len || memcmp(again.data, bytes, len) != 0)) {
        size_t i = 0;
        while (i < len && i < again.len && again.data[i] == bytes[i]) {
            i++;
        }
        rc = assay_fail(err, ASSAY_MALFORMED, "plan: not its canonical form from byte %zu on", i);
    }
    assay_buf_done(&again);
    return rc;
}

assay_code assay_plan_parse(const char *bytes, size_t len, struct assay_plan **ret, assay_err *err)
{
    assert(bytes && ret);
    json_t *root = NULL;
    struct assay_plan *plan = NULL;
    assay_code rc = assay_json_read(bytes, len, &assay_json_limits_plan, &root, err);
    if (rc == ASSAY_OK && !json_is_object(root)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "plan: expected an object");
    }
    rc = rc == ASSAY_OK ? assay_plan_new(&plan, err) : rc;
    rc = rc == ASSAY_OK ? read_root(plan, root, err) : rc;
    json_decref(root); /* before the comparison: a large plan is in memory once */
    rc = rc == ASSAY_OK ? check_same_bytes(plan, bytes, len, err) : rc;
    if (rc != ASSAY_OK) {
        assay_plan_free(plan);
        return rc;
    }
    *ret = plan;
    return ASSAY_OK;
}
