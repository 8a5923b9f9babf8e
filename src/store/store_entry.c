#include "store/store_entry.h"

#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* A text member, or the why of a T? that has no value. */
static const char *text_at(const struct assay_store_new *entry, const char *pointer)
{
    const json_t *predicate = json_object_get(entry->statement, "predicate");
    return or_empty(json_string_value(assay_json_at(predicate, pointer)));
}

static const json_t *node_at(const struct assay_store_new *entry, const char *pointer)
{
    return assay_json_at(json_object_get(entry->statement, "predicate"), pointer);
}

static uint64_t count_at(const struct assay_store_new *entry, const char *pointer)
{
    json_int_t value = json_integer_value(node_at(entry, pointer));
    return value > 0 ? (uint64_t)value : 0;
}

static char *text_keep(struct assay_store_new *entry, const struct assay_buf *text)
{
    return text->failed == ASSAY_OK ? assay_arena_text(&entry->arena, or_empty(text->data), text->len) : NULL;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static const char *option_text(const json_t *options, const char *name)
{
    const char *found = json_string_value(json_object_get(options, name));
    const char *group;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)options, group, member)
    {
        found = found != NULL ? found : json_string_value(json_object_get(member, name));
    }
    return found;
}

static const char *subject_text(const struct assay_store_new *entry, const char *role, bool is_commit)
{
    const json_t *subjects = json_object_get(entry->statement, "subject");
    size_t len = strlen(role);
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const json_t *subject = json_array_get(subjects, i);
        const char *name = or_empty(json_string_value(json_object_get(subject, "name")));
        if (strncmp(name, role, len) == 0 && name[len] == ':') {
            return is_commit
                       ? or_empty(json_string_value(json_object_get(json_object_get(subject, "digest"), "gitCommit")))
                       : name + len + 1;
        }
    }
    return "";
}

static const char *model_of(const struct assay_store_new *entry, size_t arm)
{
    const char *model = NULL;
    if (entry->plan != NULL && arm < entry->plan->arms_count) {
        model = option_text(entry->plan->arms[arm].args, "model");
    }
    if (model == NULL && entry->plan != NULL) {
        model = option_text(entry->plan->options, "model");
    }
    return model != NULL && model[0] != '\0' ? model : subject_text(entry, "model", false);
}

static const char *invalid_text(struct assay_store_new *entry)
{
    const json_t *codes = node_at(entry, "/invalid");
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_STORE_ENTRY_BYTES_MAX);
    for (size_t i = 0; i < json_array_size(codes); i++) {
        assay_buf_printf(&text, "%s%s", i == 0 ? "" : " ", or_empty(json_string_value(json_array_get(codes, i))));
    }
    const char *copy = text_keep(entry, &text);
    assay_buf_done(&text);
    return copy;
}

static assay_code names_read(struct assay_store_new *entry, enum assay_document document,
                             const struct assay_store_run *run, assay_err *err)
{
    static const char *const DOCUMENTS[] = {"receipt", "record", "imported"};
    entry->document = DOCUMENTS[document];
    entry->invalid = invalid_text(entry);
    if (entry->invalid == NULL) {
        return assay_nomem(err);
    }
    entry->outcome = document == ASSAY_DOCUMENT_IMPORTED ? "imported"
                     : document == ASSAY_DOCUMENT_RECORD ? text_at(entry, "/outcome")
                     : entry->invalid[0] != '\0'         ? "invalid"
                                                         : "valid";
    entry->run_id = text_at(entry, "/attempts/runId");
    entry->started_at = text_at(entry, "/attempts/startedAt");
    entry->workload = text_at(entry, "/protocol/workload");
    entry->compute_path = document == ASSAY_DOCUMENT_IMPORTED ? "imported" : text_at(entry, "/protocol/computePath");
    entry->host = text_at(entry, "/environment/hosts/0/cpuModel");
    entry->model = model_of(entry, 0);
    entry->branch = or_empty(run->branch);
    entry->commit = run->commit != NULL ? run->commit : subject_text(entry, "source", true);
    entry->dir = or_empty(run->dir);
    entry->has_commit_order = run->has_commit_order && entry->commit[0] != '\0';
    entry->commit_order = run->commit_order;
    entry->commit_time_s = run->commit_time_s;
    entry->parent = run->parent;
    entry->merge_base = run->merge_base;
    entry->ok = count_at(entry, "/samples/ok");
    entry->count = count_at(entry, "/samples/count");
    return ASSAY_OK;
}

/* ---- points ----------------------------------------------------------------------------------------------------- */

static assay_code context_key(const struct assay_store_new *entry, struct assay_store_new_context *context,
                              assay_err *err)
{
    struct assay_buf text;
    struct assay_digest digest;
    assay_buf_init(&text, ASSAY_STORE_ENTRY_BYTES_MAX);
    assay_buf_printf(&text, "%s\n%s\n%s\n%s\n%s", entry->workload, context->set_sha256, entry->host_class,
                     context->settings_sha256, entry->branch);
    assay_code rc = assay_buf_check(&text, err);
    if (rc == ASSAY_OK) {
        assay_sha256_of(text.data, text.len, &digest);
        memcpy(context->key, digest.bytes, sizeof context->key);
    }
    assay_buf_done(&text);
    return rc;
}

static const char *context_label(struct assay_store_new *entry, const struct assay_store_new_context *context)
{
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_STORE_ENTRY_BYTES_MAX);
    const char *mode = text_at(entry, "/protocol/load/mode");
    assay_buf_printf(&text, "%s%s%s, %s", entry->workload, context->model[0] != '\0' ? " " : "", context->model, mode);
    const char *rate = text_at(entry, "/protocol/load/ratePerS");
    if (strcmp(mode, "open") == 0) {
        assay_buf_printf(&text, " %s", text_at(entry, "/protocol/load/arrivals"));
        if (strcmp(rate, "") != 0 && strcmp(rate, "0") != 0) {
            assay_buf_printf(&text, " %s/s", rate);
        }
    } else {
        assay_buf_printf(&text, " %llu", (unsigned long long)count_at(entry, "/protocol/load/concurrency"));
    }
    assay_buf_printf(&text, ", %s%s%s", entry->host, entry->branch[0] != '\0' ? ", branch " : "", entry->branch);
    const char *copy = text_keep(entry, &text);
    assay_buf_done(&text);
    return copy;
}

/* One context an arm; a document without arms has one all the same. */
static assay_code contexts_read(struct assay_store_new *entry, assay_err *err)
{
    const json_t *arms = node_at(entry, "/protocol/arms");
    size_t count = json_array_size(arms) > 0 ? json_array_size(arms) : 1;
    entry->contexts = assay_arena_take(&entry->arena, count, sizeof *entry->contexts);
    assay_code rc = entry->contexts != NULL ? ASSAY_OK : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        struct assay_store_new_context *context = &entry->contexts[i];
        context->model = model_of(entry, i);
        context->set_sha256 = or_empty(json_string_value(json_object_get(json_array_get(arms, i), "argsSha256")));
        context->settings_sha256 = text_at(entry, "/protocol/requestSha256");
        context->label = context_label(entry, context);
        rc = context->label != NULL ? context_key(entry, context, err) : assay_nomem(err);
    }
    entry->contexts_count = count;
    return rc;
}

static size_t arm_index(const struct assay_store_new *entry, const char *id)
{
    const json_t *arms = node_at(entry, "/protocol/arms");
    for (size_t i = 0; i < json_array_size(arms); i++) {
        if (strcmp(or_empty(json_string_value(json_object_get(json_array_get(arms, i), "id"))), id) == 0) {
            return i;
        }
    }
    return 0;
}

static bool dec_at(const json_t *metric, const char *name, double *ret)
{
    const char *text = json_string_value(json_object_get(metric, name));
    return text != NULL && assay_json_dec_read(text, ret);
}

static assay_code point_read(struct assay_store_new *entry, const json_t *metric, struct assay_store_new_point *point,
                             assay_err *err)
{
    point->metric = or_empty(json_string_value(json_object_get(metric, "name")));
    point->unit = or_empty(json_string_value(json_object_get(metric, "unit")));
    point->direction = or_empty(json_string_value(json_object_get(metric, "direction")));
    point->arm = or_empty(json_string_value(json_object_get(metric, "arm")));
    point->context = arm_index(entry, point->arm);
    point->absent = json_string_value(json_object_get(json_object_get(metric, "value"), "absent"));
    if (point->absent == NULL && !dec_at(metric, "value", &point->value)) {
        return assay_fail(err, ASSAY_MALFORMED, "metric '%.64s' has neither a value nor a reason", point->metric);
    }
    point->has_bounds = dec_at(metric, "lower", &point->lower) && dec_at(metric, "upper", &point->upper);
    json_int_t n = json_integer_value(json_object_get(metric, "n"));
    point->n = n > 0 ? (uint64_t)n : 0;
    return ASSAY_OK;
}

static assay_code points_read(struct assay_store_new *entry, assay_err *err)
{
    const json_t *metrics = node_at(entry, "/metrics");
    entry->points_count = json_array_size(metrics);
    entry->points = assay_arena_take(&entry->arena, entry->points_count + 1, sizeof *entry->points);
    assay_code rc = entry->points != NULL ? contexts_read(entry, err) : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < entry->points_count; i++) {
        rc = point_read(entry, json_array_get(metrics, i), &entry->points[i], err);
    }
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static assay_code digest_read(struct assay_store_new *entry, assay_err *err)
{
    struct assay_buf payload;
    assay_buf_init(&payload, ASSAY_PAYLOAD_BYTES_MAX);
    assay_code rc = assay_json_canon(entry->statement, &payload, err);
    if (rc == ASSAY_OK) {
        struct assay_digest digest;
        assay_sha256_of(payload.data, payload.len, &digest);
        assay_digest_print(&digest, entry->digest);
    }
    assay_buf_done(&payload);
    return rc;
}

assay_code assay_store_new_init(struct assay_store_new *entry, const struct assay_store_run *run, assay_err *err)
{
    assert(entry && run && run->document);
    *entry = (struct assay_store_new){0};
    assay_arena_init(&entry->arena, ASSAY_STORE_ENTRY_BYTES_MAX);
    enum assay_document document;
    assay_code rc = assay_receipt_read(run->document, run->document_len, &entry->statement, &document, err);
    if (rc == ASSAY_OK && run->plan != NULL) {
        rc = assay_plan_parse(run->plan, run->plan_len, &entry->plan, err);
    }
    rc = rc == ASSAY_OK ? digest_read(entry, err) : rc;
    rc = rc == ASSAY_OK ? assay_store_host_class(node_at(entry, "/environment"), entry->host_class, err) : rc;
    rc = rc == ASSAY_OK ? names_read(entry, document, run, err) : rc;
    if (rc == ASSAY_OK && document == ASSAY_DOCUMENT_RECEIPT) {
        rc = points_read(entry, err);
    }
    if (rc != ASSAY_OK) {
        assay_store_new_done(entry);
    }
    return rc;
}

void assay_store_new_done(struct assay_store_new *entry)
{
    json_decref(entry->statement);
    assay_plan_free(entry->plan);
    assay_arena_done(&entry->arena);
    *entry = (struct assay_store_new){0};
}
