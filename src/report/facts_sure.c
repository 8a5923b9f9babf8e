#include "report/facts.h"

#include "report/value.h"

#include "base/num.h"

#include <assert.h>
#include <string.h>

/* What the host line shows, in this order; every field is T? of evidence.md 6. */
static const struct host_field {
    const char *name, *title;
} HOST_FIELDS[] = {
    {"cpuModel", ""},
    {"cores", "cores "},
    {"threads", "threads "},
    {"memoryBytes", "memory "},
    {"os", ""},
    {"kernelRelease", ""},
    {"governor", "governor "},
    {"virtualization", "virtualization "},
    {"container", "container "},
    {"clocksource", "clock "},
    {"load1", "load "},
};

static void scalar_put(struct assay_page *page, const json_t *value, bool is_bytes, struct assay_buf *out)
{
    if (json_is_integer(value) && is_bytes) {
        char text[ASSAY_NUM_TEXT_BYTES];
        assay_num_print_bytes((double)json_integer_value(value), text);
        assay_buf_text(out, text);
    } else if (json_is_integer(value)) {
        assay_buf_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_boolean(value)) {
        assay_buf_text(out, json_is_true(value) ? "yes" : "no");
    } else if (json_is_string(value)) {
        assay_buf_text(out, assay_page_show(page, json_string_value(value)));
    } else {
        const char *why = json_string_value(json_object_get(value, "unknown"));
        assay_buf_text(out, why != NULL ? "unknown" : "none");
    }
}

static void host_put(struct assay_page *page, const json_t *host, bool is_imported)
{
    struct assay_buf line;
    assay_buf_init(&line, ASSAY_REPORT_BYTES_MAX);
    for (size_t i = 0; i < sizeof HOST_FIELDS / sizeof HOST_FIELDS[0]; i++) {
        const json_t *value = json_object_get(host, HOST_FIELDS[i].name);
        if (value != NULL) {
            assay_buf_printf(&line, "%s%s", line.len > 0 ? "; " : "", HOST_FIELDS[i].title);
            scalar_put(page, value, strcmp(HOST_FIELDS[i].name, "memoryBytes") == 0, &line);
        }
    }
    assay_page_item(page, "%s: %s", is_imported ? "imported on (not where it ran)" : "host",
                    line.data != NULL ? line.data : "unknown");
    assay_buf_done(&line);
}

static void subjects_put(struct assay_page *page, const struct assay_view *view)
{
    const json_t *subjects = json_object_get(view->statement, "subject");
    for (size_t i = 0; i < json_array_size(subjects); i++) {
        const json_t *subject = json_array_get(subjects, i);
        const char *name = json_string_value(json_object_get(subject, "name"));
        const json_t *digest = json_object_get(subject, "digest");
        const char *hex = json_string_value(json_object_get(digest, "sha256"));
        hex = hex != NULL ? hex : json_string_value(json_object_get(digest, "gitCommit"));
        assay_page_item(page, "subject: %s, %.12s", name != NULL ? assay_page_show(page, name) : "?",
                        hex != NULL ? assay_page_show(page, hex) : "no digest");
    }
}

void assay_facts_subject(struct assay_page *page, const struct assay_view *view)
{
    assert(page && view);
    for (size_t i = 0; i < view->arms_count; i++) {
        const struct assay_arm_view *arm = &view->arms[i];
        bool is_model = arm->model[0] != '\0';
        assay_page_item(page, "%s %s: %s%s%s", is_model ? "model" : "arm",
                        assay_page_show(page, is_model ? arm->model : arm->id), assay_page_show(page, arm->shape),
                        arm->state[0] != '\0' ? "; state " : "", assay_page_show(page, arm->state));
    }
    if (view->url[0] != '\0') {
        assay_page_item(page, "endpoint: %s%s%s", assay_page_show(page, view->url), view->engine[0] != '\0' ? ", " : "",
                        assay_page_show(page, view->engine));
    }
    subjects_put(page, view);
    const json_t *hosts = assay_json_at(view->predicate, "/environment/hosts");
    for (size_t i = 0; i < json_array_size(hosts); i++) {
        host_put(page, json_array_get(hosts, i), strcmp(view->compute_path, "imported") == 0);
    }
    assay_page_item(page, "run %s, %s, %s", assay_page_show(page, view->run_id),
                    assay_page_show(page, view->started_at),
                    assay_page_show(page, assay_view_text(view, "/protocol/tool")));
}

static void check_put(struct assay_page *page, const json_t *check)
{
    struct assay_buf line;
    assay_buf_init(&line, ASSAY_REPORT_BYTES_MAX);
    const char *name, *id = json_string_value(json_object_get(check, "id"));
    const char *verdict = json_string_value(json_object_get(check, "verdict"));
    json_t *value;
    json_object_foreach(json_object_get(check, "data"), name, value)
    {
        assay_buf_printf(&line, ", %s ", assay_page_show(page, name));
        scalar_put(page, value, false, &line);
    }
    assay_page_item(page, "check %s: %s, n %lld%s", id != NULL ? assay_page_show(page, id) : "?",
                    verdict != NULL ? assay_page_show(page, verdict) : "no verdict",
                    (long long)json_integer_value(json_object_get(check, "n")), line.data != NULL ? line.data : "");
    assay_buf_done(&line);
}

static bool figure_put(const json_t *data, const char *name, const char *title, struct assay_buf *out)
{
    const json_t *value = json_object_get(data, name);
    char text[ASSAY_VALUE_TEXT_BYTES];
    if (!json_is_integer(value)) {
        return false;
    }
    assay_value_print_ms((double)json_integer_value(value), 0, text);
    assay_buf_printf(out, "%s%s %s", out->len > 0 ? ", " : "", title, text);
    return true;
}

/* What the stamps of this load shape were off by, measured against a server that logs every write. */
static void calibration_put(struct assay_page *page, const json_t *check)
{
    static const struct {
        const char *name, *title;
    } FIGURES[] = {{"kernelP50Ns", "kernel stamps p50"},
                   {"kernelP99Ns", "p99"},
                   {"kernelMaxNs", "largest"},
                   {"userP50Ns", "user-space stamps p50"},
                   {"userP99Ns", "p99"}};
    const json_t *data = json_object_get(check, "data");
    const char *verdict = json_string_value(json_object_get(check, "verdict"));
    struct assay_buf line;
    assay_buf_init(&line, ASSAY_REPORT_BYTES_MAX);
    for (size_t i = 0; i < sizeof FIGURES / sizeof FIGURES[0]; i++) {
        (void)figure_put(data, FIGURES[i].name, FIGURES[i].title, &line);
    }
    assay_page_item(
        page,
        "error bars: arrival stamps of this load shape were off by: %s (n=%lld, calibrated before the "
        "run%s; %s)",
        line.data != NULL ? line.data : "nothing stated", (long long)json_integer_value(json_object_get(check, "n")),
        json_integer_value(json_object_get(data, "pathDiffers")) != 0 ? ", on another path than the run's" : "",
        verdict != NULL ? assay_page_show(page, verdict) : "no verdict");
    assay_buf_done(&line);
}

static void error_bars_put(struct assay_page *page, const struct assay_view *view)
{
    const json_t *check = assay_view_check(view, "stamp_calibration");
    if (check != NULL) {
        calibration_put(page, check);
    } else if (strcmp(view->compute_path, "imported") == 0) {
        assay_page_item(page, "error bars: none, another program took the times");
    } else if (strcmp(view->workload, "llm") == 0) {
        assay_page_item(page, "error bars: none, the stamps of this run were not calibrated");
    }
}

void assay_facts_sureness(struct assay_page *page, const struct assay_view *view)
{
    assert(page && view);
    assay_page_item(
        page,
        "samples: %llu of %llu planned: %llu ok, %llu failed, %llu timed out, %llu cancelled, %llu in flight; "
        "%llu of them warm-up, in no metric",
        (unsigned long long)view->count, (unsigned long long)view->planned, (unsigned long long)view->ok,
        (unsigned long long)view->failed, (unsigned long long)view->timed_out, (unsigned long long)view->cancelled,
        (unsigned long long)view->in_flight, (unsigned long long)view->warmup);
    error_bars_put(page, view);
    const json_t *checks = assay_json_at(view->predicate, "/checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        if (check != assay_view_check(view, "stamp_calibration")) { /* it is the error bars */
            check_put(page, check);
        }
    }
    size_t signers = json_array_size(assay_json_at(view->predicate, "/tier/signers"));
    if (signers == 0) {
        assay_page_item(page, "signature: none, openly unsigned: anyone could have written this receipt");
    } else {
        assay_page_item(page, "signature: by %zu key%s named here; whether they verify is for `assay verify`", signers,
                        signers == 1 ? "" : "s");
    }
    assay_page_item(page, "receipt %.16s", view->digest);
}

void assay_facts_not_checked(struct assay_page *page, const struct assay_view *view)
{
    assert(page && view);
    const json_t *codes = assay_json_at(view->predicate, "/notChecked");
    struct assay_buf line;
    assay_buf_init(&line, ASSAY_REPORT_BYTES_MAX);
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const char *code = json_string_value(json_array_get(codes, i));
        assay_buf_printf(&line, "%s%s", i == 0 ? "" : " ", code != NULL ? assay_page_show(page, code) : "?");
    }
    assay_page_item(page, "not checked: %s", line.data != NULL ? line.data : "nothing is listed");
    assay_buf_done(&line);
}
