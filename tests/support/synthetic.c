#include "support/synthetic.h"

#include "crypto/crypto.h"
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define USERS_DEFAULT 4
#define STAMP_ERROR_DEFAULT_NS 12000

static bool is_closed(const struct synthetic_run *run)
{
    return run->rate_per_s == NULL;
}

static unsigned users_of(const struct synthetic_run *run)
{
    return !is_closed(run) ? 0 : run->users > 0 ? run->users : USERS_DEFAULT;
}

static void text_put(struct assay_json_builder *b, json_t *object, const char *name, const char *text)
{
    assay_json_put_text(b, object, name, text != NULL ? text : "");
}

static void plan_make(const struct synthetic_run *run, struct assay_buf *out)
{
    struct assay_plan *plan = NULL;
    struct assay_json_builder b = {0};
    assert_int_equal(assay_plan_new(&plan, NULL), ASSAY_OK);
    plan->workload = "llm";
    plan->load.mode = is_closed(run) ? ASSAY_LOAD_CLOSED : ASSAY_LOAD_OPEN;
    plan->load.arrivals = is_closed(run) ? ASSAY_ARRIVALS_NONE : ASSAY_ARRIVALS_POISSON;
    plan->load.concurrency = users_of(run);
    text_put(&b, plan->options, "model", run->model);
    text_put(&b, plan->options, "url", run->url);
    text_put(&b, plan->options, "state", run->state != NULL ? run->state : "warm");
    text_put(&b, plan->options, "prompt-tokens", "128");
    text_put(&b, plan->options, "output-tokens", "64");
    memcpy(plan->arms[0].id, "a", 2);
    plan->arms[0].label = run->label != NULL ? run->label : "a";
    plan->arms[0].args = json_object();
    plan->arms_count = 1;
    assert_int_equal(assay_plan_make_ops(plan, 1, NULL), ASSAY_OK);
    assay_err err = {0};
    if (assay_json_builder_check(&b, plan->options, &err) != ASSAY_OK ||
        assay_plan_encode(plan, out, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_plan_free(plan);
}

static void metric_put(struct assay_json_builder *b, json_t *list, const struct synthetic_metric *metric)
{
    json_t *entry = assay_json_add_object(b, list);
    assay_json_put_text(b, entry, "arm", "a");
    assay_json_put_text(b, entry, "name", metric->name);
    assay_json_put_text(b, entry, "formula", "quantile_nearest@1");
    assay_json_put_text(b, entry, "unit", metric->unit != NULL ? metric->unit : "ns");
    assay_json_put_text(b, entry, "direction", metric->direction != NULL ? metric->direction : "lower");
    if (metric->absent != NULL) {
        assay_json_put_text(b, assay_json_put_object(b, entry, "value"), "absent", metric->absent);
    } else {
        assay_json_put_dec(b, entry, "value", metric->value);
    }
    if (metric->upper > 0) {
        assay_json_put_dec(b, entry, "lower", metric->lower);
        assay_json_put_dec(b, entry, "upper", metric->upper);
        assay_json_put_dec(b, entry, "confidence", 0.95);
    }
    assay_json_put_u64(b, entry, "n", metric->n);
    assay_json_put_u64(b, entry, "censored", 0);
}

static void protocol_put(struct assay_json_builder *b, json_t *predicate, const struct synthetic_run *run)
{
    json_t *protocol = assay_json_put_object(b, predicate, "protocol");
    assay_json_put_text(b, protocol, "workload", "llm");
    assay_json_put_text(b, protocol, "computePath", "scripted");
    assay_json_put_text(b, protocol, "tool", "assay 0.1.0");
    json_t *arm = assay_json_add_object(b, assay_json_put_array(b, protocol, "arms"));
    assay_json_put_text(b, arm, "id", "a");
    text_put(b, arm, "label", run->label != NULL ? run->label : "a");
    json_t *load = assay_json_put_object(b, protocol, "load");
    assay_json_put_text(b, load, "mode", is_closed(run) ? "closed" : "open");
    assay_json_put_u64(b, load, "concurrency", users_of(run));
    assay_json_put_text(b, load, "arrivals", is_closed(run) ? "none" : "poisson");
    if (run->rate_per_s != NULL) {
        assay_json_put_text(b, load, "ratePerS", run->rate_per_s);
    }
}

static void host_put(struct assay_json_builder *b, json_t *predicate)
{
    json_t *environment = assay_json_put_object(b, predicate, "environment");
    json_t *host = assay_json_add_object(b, assay_json_put_array(b, environment, "hosts"));
    assay_json_put_text(b, host, "cpuModel", "Example CPU");
    assay_json_put_u64(b, host, "cores", 2);
    assay_json_put_u64(b, host, "memoryBytes", UINT64_C(8321499136));
    assay_json_put_text(b, assay_json_put_object(b, host, "governor"), "unknown", "no cpufreq directory");
    assay_json_put_text(b, host, "machineKey", "ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d");
}

static void samples_put(struct assay_json_builder *b, json_t *predicate, const struct synthetic_run *run)
{
    json_t *samples = assay_json_put_object(b, predicate, "samples");
    uint64_t count = run->ok + run->failed + run->timed_out;
    assay_json_put_u64(b, samples, "count", count);
    assay_json_put_u64(b, samples, "planned", count);
    assay_json_put_u64(b, samples, "warmup", 0);
    assay_json_put_u64(b, samples, "ok", run->ok);
    assay_json_put_u64(b, samples, "failed", run->failed);
    assay_json_put_u64(b, samples, "timedOut", run->timed_out);
    assay_json_put_u64(b, samples, "cancelled", 0);
    assay_json_put_u64(b, samples, "inFlight", 0);
}

static void checks_put(struct assay_json_builder *b, json_t *predicate, const struct synthetic_run *run)
{
    json_t *checks = assay_json_put_array(b, predicate, "checks");
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", "stamp-calibration");
    assay_json_put_text(b, check, "rule", "stamp_calibration@1");
    assay_json_put_text(b, check, "verdict", "pass");
    assay_json_put_u64(b, check, "n", 1000);
    assay_json_put_u64(b, assay_json_put_object(b, check, "data"), "kernelP99Ns",
                       run->stamp_error_ns > 0 ? run->stamp_error_ns : STAMP_ERROR_DEFAULT_NS);
}

static void receipt_put(struct assay_json_builder *b, json_t *predicate, const struct synthetic_run *run)
{
    json_t *metrics = assay_json_put_array(b, predicate, "metrics");
    for (size_t i = 0; i < run->metrics_count; i++) {
        metric_put(b, metrics, &run->metrics[i]);
    }
    json_t *invalid = assay_json_put_array(b, predicate, "invalid");
    for (size_t i = 0; i < 4 && run->invalid[i] != NULL; i++) {
        assay_json_add_text(b, invalid, run->invalid[i]);
    }
    checks_put(b, predicate, run);
    (void)assay_json_put_array(b, assay_json_put_object(b, predicate, "tier"), "signers");
}

static json_t *statement_make(struct assay_json_builder *b, const struct synthetic_run *run)
{
    json_t *statement = json_object();
    assay_json_put_text(b, statement, "_type", ASSAY_STATEMENT_TYPE);
    assay_json_put_text(b, statement, "predicateType", run->outcome != NULL ? ASSAY_TYPE_RECORD : ASSAY_TYPE_RECEIPT);
    json_t *subject = assay_json_add_object(b, assay_json_put_array(b, statement, "subject"));
    assay_json_put_text(b, subject, "name", "endpoint:llm");
    assay_json_put_text(b, assay_json_put_object(b, subject, "digest"), "sha256",
                        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    json_t *predicate = assay_json_put_object(b, statement, "predicate");
    assay_json_put_u64(b, predicate, "minor", 0);
    protocol_put(b, predicate, run);
    host_put(b, predicate);
    samples_put(b, predicate, run);
    json_t *attempts = assay_json_put_object(b, predicate, "attempts");
    assay_json_put_text(b, attempts, "runId", "00112233445566778899aabbccddeeff");
    assay_json_put_text(b, attempts, "startedAt", "2026-01-05T09:30:00Z");
    json_t *codes = assay_json_put_array(b, predicate, "notChecked");
    assay_json_add_text(b, codes, "platform");
    assay_json_add_text(b, codes, "signer-honesty");
    if (run->outcome != NULL) {
        assay_json_put_text(b, predicate, "outcome", run->outcome);
        assay_json_put_text(b, predicate, "reason", run->why);
    } else {
        receipt_put(b, predicate, run);
    }
    return statement;
}

void synthetic_make(const struct synthetic_run *run, struct synthetic_files *ret)
{
    struct assay_json_builder b = {0};
    assay_err err = {0};
    assay_json_init();
    assert_int_equal(assay_crypto_init(NULL), ASSAY_OK);
    assay_buf_init(&ret->document, ASSAY_ENVELOPE_BYTES_MAX);
    assay_buf_init(&ret->plan, ASSAY_PLAN_BYTES_MAX);
    json_t *statement = statement_make(&b, run);
    if (assay_json_builder_check(&b, statement, &err) != ASSAY_OK ||
        assay_receipt_envelope(statement, &ret->document, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    json_decref(statement);
    plan_make(run, &ret->plan);
}

void synthetic_done(struct synthetic_files *files)
{
    assay_buf_done(&files->document);
    assay_buf_done(&files->plan);
}

struct assay_report_input synthetic_input(const struct synthetic_files *files, const char *place)
{
    return (struct assay_report_input){.place = place,
                                       .document = files->document.data,
                                       .document_len = files->document.len,
                                       .plan = files->plan.data,
                                       .plan_len = files->plan.len};
}
