/*
 * A receipt of ours as shape B of the schema 1.0.0 of BitNet-rs (evidence.md 4). Everything in it comes from the
 * receipt, the kernel table, and the plan that the receipt binds; what the receipt does not say is left out, and a run
 * whose kernels that schema cannot name is not exported.
 */
#include "report/view.h"

#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 4096 /* one value of the environment: a host field */

struct legacy_export {
    const struct assay_legacy_export *from;
    struct assay_view view;
    size_t arm;
    struct assay_json_builder b;
    json_t *root;
};

static assay_code refuse(const char *why, assay_err *err)
{
    return assay_fail(err, ASSAY_UNDECIDED, "not exported as " ASSAY_LEGACY_PROFILE ": %s", why);
}

static const json_t *at(const struct legacy_export *export, const char *pointer)
{
    return assay_json_at(export->view.predicate, pointer);
}

/* ---- kernels ---------------------------------------------------------------------------------------------------- */

/* The last word of the table's line of an id; empty: no such id, or none in old receipts. */
static struct assay_slice legacy_id_of(const struct assay_legacy_export *from, const char *id)
{
    struct assay_slice rest = {from->kernel_table, from->kernel_table_len};
    while (rest.len > 0) {
        struct assay_slice line = assay_slice_cut(&rest, '\n'), last = {0};
        if (!assay_slice_is(assay_slice_cut(&line, ' '), id)) {
            continue;
        }
        while (line.data) {
            last = assay_slice_cut(&line, ' ');
        }
        return assay_slice_is(last, "-") ? (struct assay_slice){0} : last;
    }
    return (struct assay_slice){0};
}

static bool has_text(const json_t *list, struct assay_slice text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (assay_slice_equal(assay_legacy_text(json_array_get(list, i)), text)) {
            return true;
        }
    }
    return false;
}

static assay_code add_kernel(struct legacy_export *export, const json_t *entry, json_t *list, assay_err *err)
{
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *arm = json_string_value(json_object_get(entry, "arm"));
    bool is_of_arm = arm && strcmp(arm, export->view.arms[export->arm].id) == 0;
    if (!id || !is_of_arm || json_integer_value(json_object_get(entry, "ns")) <= 0) {
        return ASSAY_OK;
    }
    struct assay_slice legacy = legacy_id_of(export->from, id);
    if (legacy.len == 0 && json_is_true(json_object_get(entry, "fallback"))) {
        return refuse("a fallback ran that the schema has no id for, and would not show", err);
    }
    if (legacy.len > 0 && !has_text(list, legacy)) {
        assay_json_add(&export->b, list, json_stringn(legacy.data, legacy.len));
    }
    return ASSAY_OK;
}

static assay_code put_kernels(struct legacy_export *export, assay_err *err)
{
    const json_t *entries = at(export, "/kernels/entries");
    json_t *list = assay_json_put_array(&export->b, export->root, "kernels");
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(entries); i++) {
        rc = add_kernel(export, json_array_get(entries, i), list, err);
    }
    if (rc == ASSAY_OK && json_array_size(list) == 0) {
        rc = refuse("no kernel ran that the schema has an id for", err);
    }
    return rc;
}

/* ---- where it ran ----------------------------------------------------------------------------------------------- */

/* A field as text: what is not known says so, a list is joined by commas. */
static void field_text(const json_t *field, struct assay_buf *out)
{
    const char *absent = json_string_value(json_object_get(field, "absent"));
    const char *unknown = json_string_value(json_object_get(field, "unknown"));
    if (absent || unknown) {
        assay_buf_printf(out, "%s: %s", absent ? "absent" : "unknown", absent ? absent : unknown);
    } else if (json_is_string(field)) {
        assay_buf_text(out, json_string_value(field));
    } else if (json_is_integer(field)) {
        assay_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(field));
    } else if (json_is_boolean(field)) {
        assay_buf_text(out, json_is_true(field) ? "true" : "false");
    } else if (json_is_object(field)) {
        (void)assay_json_canon(field, out, NULL); /* a GPU */
    }
    for (size_t i = 0; i < json_array_size(field); i++) {
        assay_buf_text(out, i > 0 ? "," : "");
        field_text(json_array_get(field, i), out);
    }
}

static void put_environment(struct legacy_export *export)
{
    json_t *environment = assay_json_put_object(&export->b, export->root, "environment");
    const json_t *host = json_array_get(at(export, "/environment/hosts"), 0);
    const char *name;
    json_t *field;
    json_object_foreach((json_t *)(uintptr_t)host, name, field)
    {
        struct assay_buf text;
        assay_buf_init(&text, TEXT_BYTES_MAX);
        field_text(field, &text);
        assay_json_put_slice(&export->b, environment, name, text.data ? text.data : "", text.len);
        assay_buf_done(&text);
    }
    assay_json_put_text(&export->b, environment, "ASSAY_VERSION", assay_view_text(&export->view, "/protocol/tool"));
    assay_json_put_text(&export->b, environment, "ASSAY_RECEIPT_SHA256", export->view.digest);
}

static const char *backend_of(const struct legacy_export *export)
{
    const json_t *backends = at(export, "/protocol/backend");
    return has_text(backends, ASSAY_SLICE("cuda")) ? "cuda" : has_text(backends, ASSAY_SLICE("cpu")) ? "cpu" : NULL;
}

/* ---- the model -------------------------------------------------------------------------------------------------- */

static assay_code put_model(struct legacy_export *export, assay_err *err)
{
    static const char ROLE[] = "model:";
    const json_t *subjects = json_object_get(export->view.statement, "subject"), *model = NULL;
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(subjects, i), "name"));
        if (assay_text_starts(name, ROLE) && strcmp(name, "model:tokenizer") != 0) {
            if (model) {
                return refuse("the receipt speaks of several models", err);
            }
            model = json_array_get(subjects, i);
        }
    }
    const char *digest = json_string_value(json_object_get(json_object_get(model, "digest"), "sha256"));
    if (!digest) {
        return refuse("the receipt speaks of no model with a SHA-256", err);
    }
    json_t *info = assay_json_put_object(&export->b, export->root, "model_info");
    assay_json_put_text(&export->b, info, "model_path",
                        json_string_value(json_object_get(model, "name")) + strlen(ROLE));
    assay_json_put_text(&export->b, info, "sha256", digest);
    return ASSAY_OK;
}

/* ---- tests and figures ------------------------------------------------------------------------------------------ */

/* Tokens of one operation of the arm: an argument of the plan, or what every request gave. */
static bool tokens_per_run(const struct legacy_export *export, uint64_t *ret)
{
    const struct assay_plan *plan = export->view.plan;
    const json_t *asked = plan ? json_object_get(plan->arms[export->arm].args, "tokens") : NULL;
    const struct assay_metric_view *least = assay_view_metric(&export->view, export->arm, "output_tokens_min");
    const struct assay_metric_view *most = assay_view_metric(&export->view, export->arm, "output_tokens_max");
    if (json_is_integer(asked) && json_integer_value(asked) > 0) {
        *ret = (uint64_t)json_integer_value(asked);
        return true;
    }
    bool is_same = least && most && !least->absent && !most->absent && least->value == most->value;
    *ret = is_same ? (uint64_t)most->value : 0;
    return is_same && *ret > 0;
}

static assay_code put_tests(struct legacy_export *export, bool is_deterministic, assay_err *err)
{
    const json_t *checks = at(export, "/checks");
    struct assay_json_builder *b = &export->b;
    uint64_t passed = 0, failed = 0, tokens = 0;
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const char *verdict = json_string_value(json_object_get(json_array_get(checks, i), "verdict"));
        passed += verdict && strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_PASS)) == 0;
        failed += verdict && strcmp(verdict, assay_verdict_text(ASSAY_VERDICT_FAIL)) == 0;
    }
    json_t *tests = assay_json_put_object(b, export->root, "test_results");
    assay_json_put_u64(b, tests, "total_tests", json_array_size(checks));
    assay_json_put_u64(b, tests, "passed", passed);
    assay_json_put_u64(b, tests, "failed", failed);
    assay_json_put_u64(b, tests, "skipped", json_array_size(checks) - passed - failed);
    if (is_deterministic) {
        if (!tokens_per_run(export, &tokens)) {
            return refuse("its repetitions have no count of tokens, which the schema demands", err);
        }
        json_t *repeats = assay_json_put_object(b, tests, "determinism_tests");
        assay_json_put_bool(b, repeats, "identical_sequences", true);
        assay_json_put_u64(b, repeats, "runs", (uint64_t)json_integer_value(at(export, "/determinism/repetitions")));
        assay_json_put_u64(b, repeats, "tokens_per_run", tokens);
    }
    return ASSAY_OK;
}

static void put_figures(struct legacy_export *export)
{
    static const struct {
        const char *member, *metrics[2]; /* the first that the receipt has */
        double per_unit;                 /* of the metric's unit in one of the member's; 0: a rate, as it is */
    } FIGURES[] = {
        {"tokens_generated", {"output_tokens_total", NULL}, 1},
        {"tokens_per_second", {"token_rate_p50", "output_rate"}, 0},
        {"first_token_latency_ms", {"ttft_p50", NULL}, 1e6},
        {"average_token_latency_ms", {"tpot_mean", "tpot_p50"}, 1e6},
        {"memory_usage_mb", {"peak_rss_max", NULL}, 1e6},
    };
    json_t *baseline = assay_json_put_object(&export->b, export->root, "performance_baseline");
    for (size_t i = 0; i < sizeof FIGURES / sizeof FIGURES[0]; i++) {
        const struct assay_metric_view *metric = NULL;
        for (size_t m = 0; !metric && m < 2 && FIGURES[i].metrics[m]; m++) {
            metric = assay_view_metric(&export->view, export->arm, FIGURES[i].metrics[m]);
            metric = metric && metric->absent ? NULL : metric;
        }
        double whole = metric && FIGURES[i].per_unit > 0 ? rint(metric->value / FIGURES[i].per_unit) : 0;
        if (metric && FIGURES[i].per_unit == 0) {
            assay_json_put_double(&export->b, baseline, FIGURES[i].member, metric->value);
        } else if (whole >= 1) { /* half-even; a time of 0 ms would be refused, and says nothing */
            assay_json_put_u64(&export->b, baseline, FIGURES[i].member, (uint64_t)whole);
        }
    }
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static assay_code find_arm(struct legacy_export *export, assay_err *err)
{
    const char *wanted = export->from->arm;
    const struct assay_view *view = &export->view;
    for (size_t i = 0; wanted && i < view->arms_count; i++) {
        if (strcmp(view->arms[i].id, wanted) == 0 || strcmp(view->arms[i].label, wanted) == 0) {
            export->arm = i;
            return ASSAY_OK;
        }
    }
    if (wanted) {
        return assay_fail(err, ASSAY_USAGE, "the run has no arm '%s'", wanted);
    }
    if (view->arms_count != 1) {
        return assay_fail(err, ASSAY_USAGE, "the run has %zu arms, '%s' the first: --arm chooses one", view->arms_count,
                          view->arms_count > 0 ? view->arms[0].label : "");
    }
    return ASSAY_OK;
}

static assay_code put_all(struct legacy_export *export, const char *backend, assay_err *err)
{
    const bool is_deterministic = strcmp(assay_view_text(&export->view, "/determinism/state"), "proven") == 0;
    struct assay_json_builder *b = &export->b;
    assay_json_put_text(b, export->root, "schema_version", "1.0.0");
    assay_json_put_text(b, export->root, "timestamp", assay_view_text(&export->view, "/attempts/finishedAt"));
    assay_json_put_text(b, export->root, "compute_path", export->view.compute_path);
    assay_json_put_text(b, export->root, "backend", backend);
    assay_code rc = put_kernels(export, err);
    assay_json_put_bool(b, export->root, "deterministic", is_deterministic);
    put_environment(export);
    rc = rc == ASSAY_OK ? put_model(export, err) : rc;
    rc = rc == ASSAY_OK ? put_tests(export, is_deterministic, err) : rc;
    put_figures(export);
    (void)assay_json_put_array(b, export->root, "corrections");
    return rc == ASSAY_OK ? assay_json_builder_check(b, export->root, err) : rc;
}

static assay_code export_view(struct legacy_export *export, struct assay_buf *out, assay_err *err)
{
    const char *backend = backend_of(export);
    if (export->view.document != ASSAY_DOCUMENT_RECEIPT) {
        return refuse("it is no receipt", err);
    }
    if (strcmp(export->view.compute_path, "real") != 0) {
        return refuse("the compute path is not real", err);
    }
    if (!backend) {
        return refuse("no kernel ran on cpu or cuda", err);
    }
    assay_code rc = find_arm(export, err);
    export->root = json_object();
    rc = rc == ASSAY_OK ? put_all(export, backend, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_pretty(export->root, out, err) : rc;
    json_decref(export->root);
    return rc;
}

assay_code assay_export_legacy(const struct assay_legacy_export *from, struct assay_buf *out, assay_err *err)
{
    assert(from && from->input && out);
    struct legacy_export export = {.from = from};
    assay_code rc = assay_view_init(&export.view, from->input, err);
    if (rc == ASSAY_OK) {
        rc = export_view(&export, out, err);
        assay_view_done(&export.view);
    }
    return rc;
}
