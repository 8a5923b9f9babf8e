#include "report/json.h"

#include "report/facts.h"
#include "report/value.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

#define PLACE_BYTES_MAX 4096 /* PATH_MAX */

static void metric_put(struct assay_json_builder *b, json_t *list, const struct assay_view *view,
                       const struct assay_metric_view *metric)
{
    json_t *entry = assay_json_add_object(b, list);
    assay_json_put_text(b, entry, "arm", view->arms[metric->arm].id);
    assay_json_put_text(b, entry, "name", metric->name);
    assay_json_put_text(b, entry, "unit", metric->unit);
    assay_json_put_text(b, entry, "direction", metric->direction);
    if (metric->absent != NULL) {
        assay_json_put_text(b, entry, "absent", metric->absent);
    } else {
        assay_json_put_double(b, entry, "value", metric->value);
    }
    if (metric->has_bounds) {
        assay_json_put_double(b, entry, "lower", metric->lower);
        assay_json_put_double(b, entry, "upper", metric->upper);
        assay_json_put_double(b, entry, "confidence", metric->confidence);
    }
    assay_json_put_u64(b, entry, "n", metric->n);
    assay_json_put_u64(b, entry, "censored", metric->censored);
}

static void arm_put(struct assay_json_builder *b, json_t *list, const struct assay_view *view, size_t arm)
{
    struct assay_buf answer;
    assay_buf_init(&answer, ASSAY_REPORT_BYTES_MAX);
    json_t *entry = assay_json_add_object(b, list);
    assay_json_put_text(b, entry, "id", view->arms[arm].id);
    assay_json_put_text(b, entry, "label", view->arms[arm].label);
    assay_json_put_text(b, entry, "model", view->arms[arm].model);
    assay_json_put_text(b, entry, "shape", view->arms[arm].shape);
    assay_json_put_text(b, entry, "state", view->arms[arm].state);
    if (view->document == ASSAY_DOCUMENT_RECEIPT) {
        assay_facts_answer_text(view, arm, &answer);
        assay_json_put_slice(b, entry, "answer", answer.data != NULL ? answer.data : "", answer.len);
    }
    assay_buf_done(&answer);
}

static void copy_put(struct assay_json_builder *b, json_t *object, const char *name, const struct assay_view *view,
                     const char *pointer)
{
    const json_t *value = assay_json_at(view->predicate, pointer);
    if (value != NULL) {
        assay_json_put(b, object, name, json_deep_copy(value));
    }
}

static void samples_put(struct assay_json_builder *b, json_t *object, const struct assay_view *view)
{
    json_t *samples = assay_json_put_object(b, object, "samples");
    assay_json_put_u64(b, samples, "planned", view->planned);
    assay_json_put_u64(b, samples, "count", view->count);
    assay_json_put_u64(b, samples, "warmup", view->warmup);
    assay_json_put_u64(b, samples, "ok", view->ok);
    assay_json_put_u64(b, samples, "failed", view->failed);
    assay_json_put_u64(b, samples, "timedOut", view->timed_out);
    assay_json_put_u64(b, samples, "cancelled", view->cancelled);
    assay_json_put_u64(b, samples, "inFlight", view->in_flight);
}

/* The only text here that no reader of JSON has looked at: a file's name may be any bytes. */
static void place_put(struct assay_json_builder *b, json_t *object, const char *place)
{
    struct assay_buf shown;
    assay_buf_init(&shown, ASSAY_REPORT_BYTES_MAX);
    assay_text_show(&shown, place, strlen(place), PLACE_BYTES_MAX);
    assay_json_put_slice(b, object, "place", shown.data != NULL ? shown.data : "", shown.len);
    assay_buf_done(&shown);
}

static void run_put(struct assay_json_builder *b, json_t *object, const struct assay_view *view)
{
    assay_json_put_text(b, object, "document", assay_document_file(view->document));
    assay_json_put_text(b, object, "outcome", view->outcome);
    if (view->reason[0] != '\0') {
        assay_json_put_text(b, object, "reason", view->reason);
    }
    copy_put(b, object, "invalid", view, "/invalid");
    place_put(b, object, view->place);
    assay_json_put_text(b, object, "runId", view->run_id);
    assay_json_put_text(b, object, "startedAt", view->started_at);
    assay_json_put_text(b, object, "workload", view->workload);
    assay_json_put_text(b, object, "computePath", view->compute_path);
    assay_json_put_text(b, object, "url", view->url);
    assay_json_put_text(b, object, "payloadSha256", view->digest);
    json_t *arms = assay_json_put_array(b, object, "arms");
    for (size_t i = 0; i < view->arms_count; i++) {
        arm_put(b, arms, view, i);
    }
    samples_put(b, object, view);
    if (view->document == ASSAY_DOCUMENT_RECEIPT) {
        json_t *metrics = assay_json_put_array(b, object, "metrics");
        for (size_t i = 0; i < view->metrics_count; i++) {
            metric_put(b, metrics, view, &view->metrics[i]);
        }
    }
    if (assay_value_grain_ns(view) > 0) {
        assay_json_put_double(b, object, "stampErrorP99Ns", assay_value_grain_ns(view));
    }
    copy_put(b, object, "claimed", view, "/claimed");
    copy_put(b, object, "checks", view, "/checks");
    copy_put(b, object, "notChecked", view, "/notChecked");
    copy_put(b, object, "hosts", view, "/environment/hosts");
}

static assay_code finish(struct assay_json_builder *b, json_t *root, struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_json_builder_check(b, root, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_pretty(root, out, err);
    }
    json_decref(root);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}

assay_code assay_report_json_show(const struct assay_view *view, struct assay_buf *out, assay_err *err)
{
    assert(view && out);
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    run_put(&b, root, view);
    return finish(&b, root, out, err);
}

assay_code assay_report_json_runs(const struct assay_view *views, size_t count, struct assay_buf *out, assay_err *err)
{
    assert(views && out);
    struct assay_json_builder b = {0};
    struct assay_arena arena;
    struct assay_advice *advice = NULL;
    size_t advice_count = 0;
    assay_arena_init(&arena, ASSAY_VIEW_BYTES_MAX);
    json_t *root = json_object();
    json_t *runs = assay_json_put_array(&b, root, "runs");
    for (size_t i = 0; i < count; i++) {
        run_put(&b, assay_json_add_object(&b, runs), &views[i]);
    }
    assay_code rc = assay_advice_give(views, count, &arena, &advice, &advice_count, err);
    json_t *list = assay_json_put_array(&b, root, "recommendations");
    for (size_t i = 0; i < advice_count; i++) {
        json_t *entry = assay_json_add_object(&b, list);
        assay_json_put_text(&b, entry, "rule", advice[i].rule);
        assay_json_put_text(&b, entry, "text", advice[i].text);
        assay_json_put_text(&b, entry, "inputs", advice[i].inputs);
        assay_json_put_text(&b, entry, "payloadSha256", advice[i].view->digest);
        assay_json_put_text(&b, entry, "arm", advice[i].view->arms[advice[i].arm].id);
    }
    if (rc == ASSAY_OK) {
        rc = finish(&b, root, out, err);
    } else {
        json_decref(root);
    }
    assay_arena_done(&arena);
    return rc;
}
