#include "report/facts.h"

#include "report/value.h"

#include <assert.h>
#include <string.h>

/* endpoints.md 4, Validity */
static const struct validity {
    const char *code, *text;
} VALIDITY[] = {
    {"late", "requests left too late (p99 lateness over 1 % of median TTFT)"},
    {"rate", "the asked request rate was missed by more than 0.1 %"},
    {"users", "mean users in flight or thinking outside 99 to 101 % of asked"},
    {"client", "the client itself was too busy"},
    {"stamps", "over 1 % of the tokens have no usable stamp"},
    {"calib", "the calibrated stamp error is too large for these latencies"},
    {"noise", "other load, steal, throttling or a clock step on this host"},
    {"busy", "another client used the server"},
    {"subject", "model, server or program changed during the run"},
    {"state", "the model was not in the asked state"},
    {"steady", "no steady state was found"},
    {"empty", "no sample was ok"},
};

const char *assay_facts_validity(const char *code)
{
    for (size_t i = 0; i < sizeof VALIDITY / sizeof VALIDITY[0]; i++) {
        if (strcmp(VALIDITY[i].code, code) == 0) {
            return VALIDITY[i].text;
        }
    }
    return NULL;
}

/* What a reader asks first, per workload; a metric that the receipt does not have is left out. */
#define HEADLINE_MAX 8
#define ANSWER_BYTES_MAX 1024 /* eight metrics, each possibly with the reason why it is withheld */
static const struct headline {
    const char *workload;
    const char *metrics[HEADLINE_MAX];
} HEADLINES[] = {
    {"llm",
     {"ttft_p50", "ttft_p95", "ttft_sched_p50", "ttft_sched_p95", "tpot_p50", "output_rate", "reported_rate_p50"}},
    {"noop", {"service_p50", "service_p99", "lateness_p99", "rate"}},
    {"command", {"service_p50", "service_p95", "cpu_p50"}},
    {"kernel", {"service_p50", "rate"}},
    {"lm", {"token_rate_p50", "service_p50"}},
};

void assay_facts_value(const struct assay_view *view, const struct assay_metric_view *metric, struct assay_buf *out)
{
    char text[ASSAY_VALUE_TEXT_BYTES];
    if (metric->absent != NULL) {
        assay_buf_text(out, metric->absent);
        return;
    }
    assay_value_print(metric, metric->value, assay_value_grain_ns(view), text);
    assay_buf_text(out, text);
}

static void metric_put(const struct assay_view *view, const struct assay_metric_view *metric, bool is_same_id,
                       struct assay_buf *out)
{
    bool is_rate = metric->stat == NULL && strcmp(metric->unit, "1/s") == 0;
    assay_buf_text(out, out->len == 0 ? "" : is_same_id ? ", " : "; ");
    if (!is_same_id && (!is_rate || metric->absent != NULL)) {
        assay_buf_printf(out, "%s ", assay_value_heading(metric->id));
    }
    if (metric->stat != NULL) {
        assay_buf_printf(out, "%s ", metric->stat);
    }
    assay_facts_value(view, metric, out);
}

static const char *const *headline_of(const char *workload)
{
    for (size_t i = 0; i < sizeof HEADLINES / sizeof HEADLINES[0]; i++) {
        if (strcmp(HEADLINES[i].workload, workload) == 0) {
            return HEADLINES[i].metrics;
        }
    }
    return HEADLINES[1].metrics;
}

void assay_facts_answer_text(const struct assay_view *view, size_t arm, struct assay_buf *out)
{
    const char *const *names = headline_of(view->workload);
    struct assay_buf line;
    assay_buf_init(&line, ASSAY_REPORT_BYTES_MAX);
    const char *last_id = "";
    uint64_t n = 0;
    for (size_t i = 0; i < HEADLINE_MAX && names[i] != NULL; i++) {
        const struct assay_metric_view *metric = assay_view_metric(view, arm, names[i]);
        if (metric != NULL) {
            metric_put(view, metric, strcmp(metric->id, last_id) == 0, &line);
            last_id = metric->id;
            n = metric->n > n ? metric->n : n;
        }
    }
    if (line.len == 0) {
        assay_buf_text(&line, "no headline metric in this receipt");
    }
    assay_buf_printf(&line, "; %.4g %% ok; n=%llu; compute path %s",
                     view->count > 0 ? 100.0 * (double)view->ok / (double)view->count : 0.0, (unsigned long long)n,
                     view->compute_path);
    double grain = assay_value_grain_ns(view);
    if (grain > 0) {
        char text[ASSAY_VALUE_TEXT_BYTES];
        assay_value_print_ms(grain, 0, text);
        assay_buf_printf(&line, "; stamp error p99 %s", text);
    }
    assay_buf_append(out, line.data != NULL ? line.data : "", line.len);
    assay_buf_done(&line);
}

static void invalid_put(struct assay_page *page, const struct assay_view *view)
{
    const json_t *codes = assay_json_at(view->predicate, "/invalid");
    struct assay_buf line;
    assay_buf_init(&line, ASSAY_REPORT_BYTES_MAX);
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const char *code = json_string_value(json_array_get(codes, i));
        const char *text = code != NULL ? assay_facts_validity(code) : NULL;
        assay_buf_printf(&line, "%s%s: %s", i == 0 ? "" : "; ", code != NULL ? assay_page_show(page, code) : "?",
                         text != NULL ? text : "a rule that this build does not know");
    }
    assay_page_line(page, ASSAY_TINT_BAD, "INVALID: %s", line.data != NULL ? line.data : "");
    assay_buf_done(&line);
}

static void arm_put(struct assay_page *page, struct assay_view *view, size_t arm, bool has_shape)
{
    const struct assay_arm_view *entry = &view->arms[arm];
    struct assay_buf line;
    assay_buf_init(&line, ASSAY_REPORT_BYTES_MAX);
    assay_facts_answer_text(view, arm, &line);
    const char *name = entry->model[0] != '\0' ? entry->model : view->workload;
    if (has_shape) {
        assay_page_line(page, ASSAY_TINT_NONE, "%s%s%s:", assay_page_show(page, entry->shape),
                        entry->state[0] != '\0' ? "; " : "", assay_page_show(page, entry->state));
    }
    bool is_labelled = view->arms_count > 1 && strcmp(entry->label, name) != 0;
    assay_page_line(page, ASSAY_TINT_BOLD, "%s%s%s%s%s: %s", assay_page_show(page, name), is_labelled ? ", " : "",
                    is_labelled ? assay_page_show(page, entry->label) : "", view->url[0] != '\0' ? " at " : "",
                    view->url[0] != '\0' ? assay_page_show(page, view->url) : "",
                    line.data != NULL ? assay_page_show_line(page, line.data, ANSWER_BYTES_MAX) : "");
    assay_buf_done(&line);
}

void assay_facts_answer(struct assay_page *page, struct assay_view *view, bool has_shape)
{
    assert(page && view);
    switch (view->document) {
    case ASSAY_DOCUMENT_RECORD:
        assay_page_line(page, ASSAY_TINT_BAD, "No result, outcome %s: %s", assay_page_show(page, view->outcome),
                        assay_page_show(page, view->reason[0] != '\0' ? view->reason : "no reason given"));
        return;
    case ASSAY_DOCUMENT_IMPORTED:
        assay_page_line(page, ASSAY_TINT_BAD, "Imported summary of another tool (%s): no test possible",
                        assay_page_show(page, assay_view_text(view, "/source/format")));
        return;
    case ASSAY_DOCUMENT_RECEIPT:
        break;
    }
    if (!assay_view_is_valid(view)) {
        invalid_put(page, view);
    }
    for (size_t i = 0; i < view->arms_count; i++) {
        arm_put(page, view, i, has_shape);
    }
}
