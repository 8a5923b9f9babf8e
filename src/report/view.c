#include "report/view.h"

#include "report/shape.h"

#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

/* Why a T? of evidence.md 1.2 has no value; NULL if it has one. */
static const char *absent_why(const json_t *value)
{
    if (!json_is_object(value)) {
        return NULL;
    }
    const json_t *why = json_object_get(value, "absent");
    why = why != NULL ? why : json_object_get(value, "unknown");
    return json_string_value(why);
}

const char *assay_view_text(const struct assay_view *view, const char *pointer)
{
    const json_t *value = assay_json_at(view->predicate, pointer);
    const char *why = absent_why(value);
    const char *text = why != NULL ? why : json_string_value(value);
    return text != NULL ? text : "";
}

static uint64_t count_at(const struct assay_view *view, const char *pointer)
{
    const json_t *value = assay_json_at(view->predicate, pointer);
    return json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
}

bool assay_view_is_valid(const struct assay_view *view)
{
    return view->document == ASSAY_DOCUMENT_RECEIPT && json_array_size(assay_json_at(view->predicate, "/invalid")) == 0;
}

const struct assay_metric_view *assay_view_metric(const struct assay_view *view, size_t arm, const char *name)
{
    for (size_t i = 0; i < view->metrics_count; i++) {
        if (view->metrics[i].arm == arm && strcmp(view->metrics[i].name, name) == 0) {
            return &view->metrics[i];
        }
    }
    return NULL;
}

const json_t *assay_view_check(const struct assay_view *view, const char *rule)
{
    const json_t *checks = assay_json_at(view->predicate, "/checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        const char *found = json_string_value(json_object_get(check, "rule")); /* "stamp_calibration@1" */
        size_t len = strlen(rule);
        if (found != NULL && strncmp(found, rule, len) == 0 && (found[len] == '\0' || found[len] == '@')) {
            return check;
        }
    }
    return NULL;
}

/* Options stand side by side, or grouped one level down ({"load":{...},"llm":{...}}). */
static const json_t *option_find(const json_t *options, const char *name)
{
    const json_t *found = json_object_get(options, name);
    const char *group;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)options, group, member)
    {
        found = found != NULL ? found : json_object_get(member, name);
    }
    return found;
}

static const char *scalar_text(struct assay_arena *arena, const json_t *value)
{
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (!json_is_number(value) && !json_is_boolean(value)) {
        return NULL;
    }
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_JSON_POINTER_BYTES);
    assay_json_show(&text, value, ASSAY_JSON_POINTER_BYTES / 2);
    char *copy = text.len > 0 ? assay_arena_text(arena, text.data, text.len) : NULL;
    assay_buf_done(&text);
    return copy;
}

const char *assay_view_option(struct assay_view *view, const char *name)
{
    return view->plan != NULL ? scalar_text(&view->arena, option_find(view->plan->options, name)) : NULL;
}

const char *assay_view_arg(struct assay_view *view, size_t arm, const char *name)
{
    const char *text = NULL;
    if (view->plan != NULL && arm < view->plan->arms_count) {
        text = scalar_text(&view->arena, option_find(view->plan->arms[arm].args, name));
    }
    return text != NULL ? text : assay_view_option(view, name);
}

/* ---- metrics ---------------------------------------------------------------------------------------------------- */

/* ID_STAT into its halves: the statistic is one of a closed list, so an id may hold underscores. */
static assay_code name_split(struct assay_view *view, struct assay_metric_view *metric)
{
    static const char *const STATS[] = {"mean", "sd", "min", "max", "p50", "p90", "p95", "p99", "p99.9"};
    metric->id = metric->name;
    const char *cut = strrchr(metric->name, '_');
    for (size_t i = 0; cut != NULL && i < sizeof STATS / sizeof STATS[0]; i++) {
        if (strcmp(cut + 1, STATS[i]) == 0) {
            metric->stat = STATS[i];
            metric->id = assay_arena_text(&view->arena, metric->name, (size_t)(cut - metric->name));
        }
    }
    return metric->id != NULL ? ASSAY_OK : ASSAY_NO_MEMORY;
}

static size_t arm_find(const struct assay_view *view, const char *id)
{
    for (size_t i = 0; i < view->arms_count; i++) {
        if (strcmp(view->arms[i].id, id) == 0) {
            return i;
        }
    }
    return view->arms_count;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static bool bounds_read(const json_t *entry, struct assay_metric_view *metric)
{
    metric->lower_text = json_string_value(json_object_get(entry, "lower"));
    metric->upper_text = json_string_value(json_object_get(entry, "upper"));
    metric->confidence_text = json_string_value(json_object_get(entry, "confidence"));
    return metric->lower_text != NULL && metric->upper_text != NULL && metric->confidence_text != NULL &&
           assay_json_dec_read(metric->lower_text, &metric->lower) &&
           assay_json_dec_read(metric->upper_text, &metric->upper) &&
           assay_json_dec_read(metric->confidence_text, &metric->confidence);
}

static assay_code metric_read(struct assay_view *view, const json_t *entry, struct assay_metric_view *metric,
                              size_t index, assay_err *err)
{
    int64_t n = 0, censored = 0;
    const json_t *value = json_object_get(entry, "value");
    metric->name = text_of(entry, "name");
    metric->formula = text_of(entry, "formula");
    metric->unit = text_of(entry, "unit");
    metric->direction = text_of(entry, "direction");
    metric->arm = arm_find(view, text_of(entry, "arm"));
    metric->absent = absent_why(value);
    metric->value_text = json_string_value(value);
    bool is_number = metric->value_text != NULL && assay_json_dec_read(metric->value_text, &metric->value);
    if (metric->arm == view->arms_count || metric->name[0] == '\0' || (metric->absent == NULL && !is_number)) {
        return assay_fail(err, ASSAY_MALFORMED, "/predicate/metrics/%zu: not a metric of a known arm with a value",
                          index);
    }
    assay_code rc = assay_json_get_int(entry, "n", "/predicate/metrics", &n, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_get_int(entry, "censored", "/predicate/metrics", &censored, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    metric->n = n > 0 ? (uint64_t)n : 0;
    metric->censored = censored > 0 ? (uint64_t)censored : 0;
    metric->has_bounds = bounds_read(entry, metric);
    return name_split(view, metric) == ASSAY_OK ? ASSAY_OK : assay_nomem(err);
}

static assay_code metrics_read(struct assay_view *view, assay_err *err)
{
    const json_t *list = assay_json_at(view->predicate, "/metrics");
    view->metrics_count = json_array_size(list);
    view->metrics = assay_arena_take(&view->arena, view->metrics_count + 1, sizeof *view->metrics);
    if (view->metrics == NULL) {
        return assay_nomem(err);
    }
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < view->metrics_count; i++) {
        rc = metric_read(view, json_array_get(list, i), &view->metrics[i], i, err);
    }
    return rc;
}

/* ---- the rest of the statement ---------------------------------------------------------------------------------- */

static void counts_read(struct assay_view *view)
{
    view->count = count_at(view, "/samples/count");
    view->planned = count_at(view, "/samples/planned");
    view->warmup = count_at(view, "/samples/warmup");
    view->ok = count_at(view, "/samples/ok");
    view->failed = count_at(view, "/samples/failed");
    view->timed_out = count_at(view, "/samples/timedOut");
    view->cancelled = count_at(view, "/samples/cancelled");
    view->in_flight = count_at(view, "/samples/inFlight");
}

static void names_read(struct assay_view *view)
{
    view->predicate = json_object_get(view->statement, "predicate");
    view->workload = assay_view_text(view, "/protocol/workload");
    view->compute_path = assay_view_text(view, "/protocol/computePath");
    view->run_id = assay_view_text(view, "/attempts/runId");
    view->started_at = assay_view_text(view, "/attempts/startedAt");
    view->reason = assay_view_text(view, "/reason");
    switch (view->document) {
    case ASSAY_DOCUMENT_RECEIPT:
        view->outcome = assay_view_is_valid(view) ? "valid" : "invalid";
        break;
    case ASSAY_DOCUMENT_RECORD:
        view->outcome = assay_view_text(view, "/outcome");
        view->outcome = view->outcome[0] != '\0' ? view->outcome : "record";
        break;
    case ASSAY_DOCUMENT_IMPORTED:
        view->outcome = "imported";
        view->compute_path = "imported";
        break;
    }
}

static assay_code digest_read(struct assay_view *view, assay_err *err)
{
    struct assay_buf payload;
    assay_buf_init(&payload, ASSAY_PAYLOAD_BYTES_MAX);
    assay_code rc = assay_json_canon(view->statement, &payload, err);
    if (rc == ASSAY_OK) {
        struct assay_digest digest;
        assay_sha256_of(payload.data, payload.len, &digest);
        assay_digest_print(&digest, view->digest);
    }
    assay_buf_done(&payload);
    return rc;
}

static assay_code files_read(struct assay_view *view, const struct assay_report_input *input, assay_err *err)
{
    assay_code rc = assay_receipt_read(input->document, input->document_len, &view->statement, &view->document, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (input->plan != NULL) {
        rc = assay_plan_parse(input->plan, input->plan_len, &view->plan, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "plan.json");
            return rc;
        }
    }
    if (input->identity != NULL) {
        rc = assay_json_read(input->identity, input->identity_len, &assay_json_limits_default, &view->identity, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "identity.json");
        }
    }
    return rc;
}

assay_code assay_view_init(struct assay_view *view, const struct assay_report_input *input, assay_err *err)
{
    assert(view && input && input->document);
    *view = (struct assay_view){.place = input->place != NULL ? input->place : ""};
    assay_arena_init(&view->arena, ASSAY_VIEW_BYTES_MAX);
    assay_code rc = files_read(view, input, err);
    if (rc != ASSAY_OK) {
        goto out;
    }
    names_read(view);
    counts_read(view);
    rc = digest_read(view, err);
    if (rc == ASSAY_OK) {
        rc = assay_shape_read(view, err);
    }
    if (rc == ASSAY_OK && view->document == ASSAY_DOCUMENT_RECEIPT) {
        rc = metrics_read(view, err);
    }
out:
    if (rc != ASSAY_OK) {
        if (view->place[0] != '\0') {
            assay_wrap(err, "%s", view->place);
        }
        assay_view_done(view);
    }
    return rc;
}

void assay_view_done(struct assay_view *view)
{
    if (view != NULL) {
        json_decref(view->statement);
        json_decref(view->identity);
        assay_plan_free(view->plan);
        assay_arena_done(&view->arena);
        *view = (struct assay_view){0};
    }
}
