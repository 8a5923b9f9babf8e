#include "record/plan.h"

#include "base/rng.h"
#include "crypto/crypto.h"
#include "record/plan_ops.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30) /* ASSAY_PLAN_OPS_MAX operations, arms and texts */

static const char *const LOAD_MODES[] = {"closed", "open", "paired"};
static const char *const ARRIVALS[] = {"none", "poisson", "constant", "gamma", "ramp", "burst", "steps", "replay"};
static const char *const STOP_RULES[] = {"count", "duration", "precision"};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

const char *assay_load_mode_text(enum assay_load_mode mode)
{
    assert((size_t)mode < COUNT_OF(LOAD_MODES));
    return LOAD_MODES[mode];
}

const char *assay_arrivals_text(enum assay_arrivals arrivals)
{
    assert((size_t)arrivals < COUNT_OF(ARRIVALS));
    return ARRIVALS[arrivals];
}

const char *assay_stop_rule_text(enum assay_stop_rule rule)
{
    assert((size_t)rule < COUNT_OF(STOP_RULES));
    return STOP_RULES[rule];
}

assay_code assay_plan_new(struct assay_plan **ret, assay_err *err)
{
    assert(ret);
    struct assay_plan *plan = assay_alloc(1, sizeof *plan);
    if (!plan) {
        return assay_nomem(err);
    }
    assay_arena_init(&plan->arena, ARENA_BYTES_MAX);
    plan->workload = "";
    plan->order = "fixed";
    plan->seed_source = "fixed";
    plan->options = json_object();
    if (!plan->options) {
        assay_plan_free(plan);
        return assay_nomem(err);
    }
    *ret = plan;
    return ASSAY_OK;
}

void assay_plan_free(struct assay_plan *plan)
{
    if (plan) {
        for (size_t i = 0; i < plan->arms_count; i++) {
            json_decref(plan->arms[i].args);
        }
        json_decref(plan->options);
        assay_arena_done(&plan->arena);
        assay_free(plan);
    }
}

assay_code assay_plan_make_ops(struct assay_plan *plan, size_t count, assay_err *err)
{
    if (count > ASSAY_PLAN_OPS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a plan of %zu operations; at most %d are allowed", count,
                          ASSAY_PLAN_OPS_MAX);
    }
    plan->ops = assay_arena_take(&plan->arena, count ? count : 1, sizeof *plan->ops);
    if (!plan->ops) {
        return assay_nomem(err);
    }
    plan->ops_count = count;
    return ASSAY_OK;
}

/* The place of (arm, name) in the sorted rows; true if it is there already. */
static bool metric_place(const struct assay_plan *plan, uint32_t arm, const char *name, size_t *ret)
{
    size_t i = 0;
    for (; i < plan->metrics_count; i++) {
        const struct assay_plan_metric *row = &plan->metrics[i];
        int order = row->arm != arm ? (row->arm < arm ? -1 : 1) : strcmp(row->name, name);
        if (order >= 0) {
            *ret = i;
            return order == 0;
        }
    }
    *ret = i;
    return false;
}

assay_code assay_plan_insert_metric(struct assay_plan *plan, const struct assay_plan_metric *metric, assay_err *err)
{
    size_t place;
    if (metric_place(plan, metric->arm, metric->name, &place)) {
        return ASSAY_OK;
    }
    if (plan->metrics_count == ASSAY_PLAN_METRICS_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %d metrics in a plan", ASSAY_PLAN_METRICS_MAX);
    }
    if (!plan->metrics) {
        plan->metrics = assay_arena_take(&plan->arena, ASSAY_PLAN_METRICS_MAX, sizeof *plan->metrics);
    }
    const char *name = assay_arena_text(&plan->arena, metric->name, strlen(metric->name));
    const char *formula = assay_arena_text(&plan->arena, metric->formula, strlen(metric->formula));
    if (!plan->metrics || !name || !formula) {
        return assay_nomem(err);
    }
    memmove(plan->metrics + place + 1, plan->metrics + place, (plan->metrics_count - place) * sizeof *plan->metrics);
    plan->metrics[place] = (struct assay_plan_metric){.arm = metric->arm, .name = name, .formula = formula};
    plan->metrics_count++;
    return ASSAY_OK;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* The profile has neither null nor fractions: a plan that would not read back is not written. */
static assay_code check_profile(const json_t *value, const char *name, assay_err *err)
{
    const char *key;
    json_t *member; /* the iterator wants it so */
    size_t i;
    assay_code rc = ASSAY_OK;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        for (void *at = json_object_iter((json_t *)(uintptr_t)value); at && rc == ASSAY_OK;
             at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
            key = json_object_iter_key(at);
            rc = check_profile(json_object_iter_value(at), key, err);
        }
        return rc;
    case JSON_ARRAY:
        for (i = 0; i < json_array_size(value) && rc == ASSAY_OK; i++) {
            member = json_array_get(value, i);
            rc = check_profile(member, name, err);
        }
        return rc;
    case JSON_REAL:
    case JSON_NULL:
        return assay_fail(err, ASSAY_BUG, "option '%s' of a plan is a %s: write decimals as text and leave null out",
                          name, json_typeof(value) == JSON_REAL ? "number with a fraction" : "null");
    case JSON_STRING:
    case JSON_INTEGER:
    case JSON_TRUE:
    case JSON_FALSE:
    default:
        return ASSAY_OK;
    }
}

static void put_arms(struct assay_json_builder *b, json_t *root, const struct assay_plan *plan)
{
    json_t *arms = assay_json_put_array(b, root, "arms");
    for (size_t i = 0; i < plan->arms_count; i++) {
        const struct assay_plan_arm *arm = &plan->arms[i];
        json_t *object = assay_json_add_object(b, arms);
        assay_json_put_text(b, object, "id", arm->id);
        assay_json_put_text(b, object, "label", arm->label ? arm->label : "");
        assay_json_put(b, object, "args", arm->args ? json_incref(arm->args) : json_object());
    }
}

static void put_metrics(struct assay_json_builder *b, json_t *root, const struct assay_plan *plan)
{
    json_t *metrics = assay_json_put_array(b, root, "metrics");
    for (size_t i = 0; i < plan->metrics_count; i++) {
        const struct assay_plan_metric *metric = &plan->metrics[i];
        json_t *object = assay_json_add_object(b, metrics);
        assay_json_put_text(b, object, "arm", plan->arms[metric->arm].id);
        assay_json_put_text(b, object, "name", metric->name);
        assay_json_put_text(b, object, "formula", metric->formula);
    }
}

static void put_load(struct assay_json_builder *b, json_t *root, const struct assay_plan *plan)
{
    json_t *load = assay_json_put_object(b, root, "load");
    assay_json_put_text(b, load, "mode", assay_load_mode_text(plan->load.mode));
    assay_json_put_text(b, load, "arrivals", assay_arrivals_text(plan->load.arrivals));
    assay_json_put_u64(b, load, "concurrency", plan->load.concurrency);
    assay_json_put_u64(b, load, "workers", plan->load.workers);
    assay_json_put_dec(b, load, "ratePerS", plan->load.rate_per_s);
    assay_json_put_dec(b, load, "gammaCv", plan->load.gamma_cv);
    assay_json_put_u64(b, load, "thinkNs", plan->load.think_ns);
    if (plan->load.mode == ASSAY_LOAD_PAIRED) {
        assay_json_put_u64(b, load, "gapNs", plan->load.gap_ns);
        assay_json_put_u64(b, load, "window", plan->load.window);
    }
    json_t *stop = assay_json_put_object(b, root, "stop");
    assay_json_put_text(b, stop, "rule", assay_stop_rule_text(plan->stop.rule));
    assay_json_put_u64(b, stop, "count", plan->stop.count);
    assay_json_put_u64(b, stop, "durationNs", plan->stop.duration_ns);
    assay_json_put_u64(b, stop, "maxDurationNs", plan->stop.max_duration_ns);
    assay_json_put_dec(b, stop, "errorShareMax", plan->stop.error_share_max);
    if (plan->stop.rule == ASSAY_STOP_PRECISION) {
        assay_json_put_dec(b, stop, "precision", plan->stop.precision);
        assay_json_put_dec(b, stop, "confidence", plan->stop.confidence);
    }
    json_t *warmup = assay_json_put_object(b, root, "warmup");
    assay_json_put_text(b, warmup, "rule", "fixed");
    assay_json_put_u64(b, warmup, "samples", plan->warmup.samples);
}

/* All members but the operations. with_choices: also what chance and the run add to the request. */
static assay_code head_of(const struct assay_plan *plan, bool with_choices, json_t **ret, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_text(&b, root, "format", ASSAY_PLAN_FORMAT);
    assay_json_put_text(&b, root, "workload", plan->workload);
    assay_json_put_text(&b, root, "generator", ASSAY_RNG_NAME);
    assay_json_put_text(&b, root, "order", plan->order);
    assay_json_put(&b, root, "options", json_incref(plan->options));
    put_arms(&b, root, plan);
    put_metrics(&b, root, plan);
    put_load(&b, root, plan);
    if (with_choices) {
        assay_json_put_u64_text(&b, root, "seed", plan->seed);
        assay_json_put_text(&b, root, "seedSource", plan->seed_source);
        assay_json_put_text(&b, root, "nonce", plan->nonce);
        assay_json_put_hex(&b, root, "runId", plan->run_id, sizeof plan->run_id);
    }
    assay_code rc = assay_json_builder_check(&b, root, err);
    if (rc != ASSAY_OK) {
        json_decref(root);
        return rc;
    }
    *ret = root;
    return ASSAY_OK;
}

/* The members in canonical order; the operations are written as text, since a tree of them would take 50 bytes a
 * number. */
static const char *const MEMBERS[] = {"arms",  "format",     "generator", "load",   "metrics",
                                      "nonce", "operations", "options",   "order",  "runId",
                                      "seed",  "seedSource", "stop",      "warmup", "workload"};

assay_code assay_plan_encode(const struct assay_plan *plan, struct assay_buf *out, assay_err *err)
{
    assert(plan && out && plan->arms_count > 0 && plan->arms_count <= ASSAY_PLAN_ARMS_MAX);
    json_t *head = NULL;
    assay_code rc = check_profile(plan->options, "options", err);
    for (size_t i = 0; i < plan->arms_count && rc == ASSAY_OK; i++) {
        rc = plan->arms[i].args ? check_profile(plan->arms[i].args, "args", err) : ASSAY_OK;
    }
    rc = rc == ASSAY_OK ? assay_plan_ops_check(plan, err) : rc;
    rc = rc == ASSAY_OK ? head_of(plan, true, &head, err) : rc;
    for (size_t i = 0; i < COUNT_OF(MEMBERS) && rc == ASSAY_OK; i++) {
        assay_buf_char(out, i == 0 ? '{' : ',');
        assay_json_quote(out, MEMBERS[i], strlen(MEMBERS[i]));
        assay_buf_char(out, ':');
        if (strcmp(MEMBERS[i], "operations") == 0) {
            assay_plan_ops_write(plan, out);
        } else {
            rc = assay_json_canon(json_object_get(head, MEMBERS[i]), out, err);
        }
    }
    if (rc == ASSAY_OK) {
        assay_buf_char(out, '}');
        rc = assay_buf_check(out, err);
    }
    json_decref(head);
    return rc;
}

static assay_code digest_of_json(const json_t *value, uint8_t ret[32], assay_err *err)
{
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_PLAN_BYTES_MAX);
    assay_code rc = assay_json_canon(value, &text, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&text, err) : rc;
    if (rc == ASSAY_OK) {
        struct assay_digest digest;
        assay_sha256_of(text.data, text.len, &digest);
        memcpy(ret, digest.bytes, sizeof digest.bytes);
    }
    assay_buf_done(&text);
    return rc;
}

assay_code assay_plan_request_sha256(const struct assay_plan *plan, uint8_t ret[32], assay_err *err)
{
    json_t *head = NULL;
    assay_code rc = head_of(plan, false, &head, err);
    rc = rc == ASSAY_OK ? digest_of_json(head, ret, err) : rc;
    json_decref(head);
    return rc;
}

assay_code assay_plan_args_sha256(const struct assay_plan *plan, size_t arm, uint8_t ret[32], assay_err *err)
{
    assert(arm < plan->arms_count);
    if (plan->arms[arm].args) {
        return digest_of_json(plan->arms[arm].args, ret, err);
    }
    json_t *none = json_object();
    assay_code rc = none ? digest_of_json(none, ret, err) : assay_nomem(err);
    json_decref(none);
    return rc;
}
