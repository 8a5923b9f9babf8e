#include "measure/facts.h"

#include "assay/version.h"
#include "host/host.h"

#include <stdlib.h>
#include <string.h>

#define CI_ATTEMPT_MAX 1000000 /* no service counts further */

assay_code assay_run_facts_probe(struct assay_run_facts *facts, assay_err *err)
{
    json_t *build = NULL, *host = NULL;
    struct assay_json_builder b = {0};
    facts->environment = json_object();
    assay_code rc = assay_host_build(&build, err);
    if (rc == ASSAY_OK) {
        rc = assay_host_fingerprint(0, &host, err);
    }
    if (rc != ASSAY_OK) {
        json_decref(build);
        return rc;
    }
    assay_json_put(&b, facts->environment, "build", build);
    json_t *hosts = assay_json_put_array(&b, facts->environment, "hosts");
    assay_json_add(&b, hosts, host);
    (void)assay_json_put_array(&b, facts->environment, "notes");
    return assay_json_builder_check(&b, facts->environment, err);
}

void assay_run_facts_done(struct assay_run_facts *facts)
{
    json_decref(facts->environment);
    json_decref(facts->logged);
    json_decref(facts->description.subject);
    json_decref(facts->description.identity);
    json_decref(facts->description.checks);
    json_decref(facts->description.kernels);
    json_decref(facts->description.invalid);
    *facts = (struct assay_run_facts){0};
}

static assay_code add_checks(const json_t *checks, struct assay_trace_writer *trace, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(checks); i++) {
        rc = assay_trace_add_check(trace, json_array_get(checks, i), err);
    }
    return rc;
}

/* Asks whoever derives from the trace to judge the steady state; the figures follow from the samples. */
static assay_code ask_for_steady(struct assay_trace_writer *trace, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *check = json_object();
    assay_json_put_text(&b, check, "id", "steady-state");
    assay_json_put_text(&b, check, "rule", "steady_state@1");
    assay_json_put_u64(&b, check, "n", 0);
    (void)assay_json_put_object(&b, check, "data");
    assay_code rc = assay_json_builder_check(&b, check, err);
    rc = rc == ASSAY_OK ? assay_trace_add_check(trace, check, err) : rc;
    json_decref(check);
    return rc;
}

assay_code assay_run_facts_checks(const struct assay_run_facts *facts, const json_t *more,
                                  struct assay_trace_writer *trace, assay_err *err)
{
    assay_code rc = ask_for_steady(trace, err);
    rc = rc == ASSAY_OK ? add_checks(more, trace, err) : rc;
    if (rc == ASSAY_OK) {
        rc = add_checks(facts->description.checks, trace, err);
    }
    if (rc != ASSAY_OK || json_array_size(facts->description.invalid) == 0) {
        return rc;
    }
    struct assay_json_builder b = {0};
    json_t *check = json_object();
    assay_json_put(&b, check, "invalid", json_incref(facts->description.invalid));
    rc = assay_json_builder_check(&b, check, err);
    if (rc == ASSAY_OK) {
        rc = assay_trace_add_check(trace, check, err);
    }
    json_decref(check);
    return rc;
}

struct ci_service {
    const char *provider, *run_variable, *attempt_variable;
};

/* The services whose variables are documented; the first that is there counts. */
static const struct ci_service CI_SERVICES[] = {
    {"github", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"},
    {"gitlab", "CI_PIPELINE_ID", NULL},
    {"buildkite", "BUILDKITE_BUILD_ID", NULL},
    {"jenkins", "BUILD_TAG", NULL},
};

static uint64_t attempt_of(const char *variable)
{
    const char *text = variable ? getenv(variable) : NULL;
    uint64_t attempt = 0;
    bool is_good = text && assay_num_u64(assay_slice_of(text), variable, CI_ATTEMPT_MAX, &attempt, NULL) == ASSAY_OK;
    return is_good && attempt > 0 ? attempt : 1;
}

static void put_absent(struct assay_json_builder *b, json_t *object, const char *name, const char *why)
{
    assay_json_put_text(b, assay_json_put_object(b, object, name), "absent", why);
}

static void put_ci(struct assay_json_builder *b, json_t *attempts)
{
    for (size_t i = 0; i < sizeof CI_SERVICES / sizeof CI_SERVICES[0]; i++) {
        const char *run = getenv(CI_SERVICES[i].run_variable);
        if (run && run[0] != '\0') {
            json_t *ci = assay_json_put_object(b, attempts, "ci");
            assay_json_put_text(b, ci, "provider", CI_SERVICES[i].provider);
            assay_json_put_slice(b, ci, "runId", run, strnlen(run, 256)); /* type str: at most 256 bytes */
            assay_json_put_u64(b, ci, "attempt", attempt_of(CI_SERVICES[i].attempt_variable));
            return;
        }
    }
    put_absent(b, attempts, "ci", "not in CI");
}

static json_t *attempts_of(struct assay_json_builder *b, const struct assay_run_facts *facts,
                           const struct assay_plan *plan)
{
    char text[ASSAY_TIME_TEXT_BYTES];
    json_t *attempts = json_object();
    assay_json_put_hex(b, attempts, "runId", plan->run_id, sizeof plan->run_id);
    assay_clock_format_utc(facts->started_real_ns, text);
    assay_json_put_text(b, attempts, "startedAt", text);
    assay_clock_format_utc(facts->finished_real_ns, text);
    assay_json_put_text(b, attempts, "finishedAt", text);
    if (plan->nonce[0] != '\0') {
        assay_json_put_text(b, attempts, "nonce", plan->nonce);
    } else {
        put_absent(b, attempts, "nonce", "none asked");
    }
    if (json_object_get(facts->logged, "intent")) {
        assay_json_put(b, attempts, "intent", json_incref(json_object_get(facts->logged, "intent")));
        assay_json_put(b, attempts, "earlier", json_incref(json_object_get(facts->logged, "earlier")));
        put_ci(b, attempts);
        return attempts;
    }
    put_absent(b, attempts, "intent", "no log");
    json_t *earlier = assay_json_put_object(b, attempts, "earlier");
    static const char *const COUNTS[] = {"intents", "receipts", "records", "open"};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        assay_json_put_u64(b, earlier, COUNTS[i], 0); /* earlier *logged* runs: there is no log */
    }
    put_ci(b, attempts);
    return attempts;
}

/* Without a subject of the workload's own it is assay itself that was measured. The source comes last: subjects are in
 * the order of their names, and no role is behind it. */
static json_t *subject_of(struct assay_json_builder *b, const struct assay_run_facts *facts, const char *commit)
{
    json_t *subjects = facts->description.subject ? json_copy(facts->description.subject) : json_array();
    const char *digest = json_string_value(assay_json_at(facts->environment, "/build/binarySha256"));
    if (!facts->description.subject && digest) { /* without one the set stays empty, and the reader says so */
        assay_subject_add(b, subjects, "binary:assay", "sha256", digest);
    }
    if (commit) {
        assay_subject_add(b, subjects, "source:tree", "gitCommit", commit);
    }
    return subjects;
}

assay_code assay_run_facts_make(const struct assay_run_facts *facts, const struct assay_run_setup *setup,
                                const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                                const struct assay_trace_writer *trace, json_t **ret, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *attempts = attempts_of(&b, facts, plan), *subject = subject_of(&b, facts, setup->source_commit);
    struct assay_facts_input input = {.subject = subject,
                                      .environment = facts->environment,
                                      .attempts = attempts,
                                      .runner_id = setup->runner_id ? setup->runner_id : "local",
                                      .tool = "assay " ASSAY_VERSION,
                                      .stop_reason = facts->stop_reason,
                                      .clock_source = "monotonic",
                                      .clock_resolution_ns = facts->clock_cost.quantum_ns,
                                      .clock_read_ns = facts->clock_cost.overhead_ns};
    assay_code rc = assay_json_builder_check(&b, attempts, err);
    if (rc == ASSAY_OK) {
        rc = assay_json_builder_check(&b, subject, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_facts_make(plan, plan_bytes->data, plan_bytes->len, &input, trace, ret, err);
    }
    json_decref(attempts);
    json_decref(subject);
    return rc;
}
