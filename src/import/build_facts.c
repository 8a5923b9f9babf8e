#include "import/build.h"

#include "crypto/crypto.h"

#include <stdio.h>

static void absent_put(struct assay_json_builder *b, json_t *object, const char *name, const char *why)
{
    assay_json_put_text(b, assay_json_put_object(b, object, name), "absent", why);
}

static json_t *attempts_make(struct assay_json_builder *b, const struct assay_import_request *request)
{
    static const char *const COUNTS[] = {"intents", "receipts", "records", "open"};
    char now[ASSAY_TIME_TEXT_BYTES];
    assay_clock_format_utc(request->now_real_ns, now);
    json_t *attempts = json_object();
    assay_json_put_hex(b, attempts, "runId", request->run_id, sizeof request->run_id);
    assay_json_put_text(b, attempts, "startedAt", now);
    assay_json_put_text(b, attempts, "finishedAt", now);
    absent_put(b, attempts, "nonce", "none asked");
    absent_put(b, attempts, "intent", "no log");
    json_t *earlier = assay_json_put_object(b, attempts, "earlier");
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        assay_json_put_u64(b, earlier, COUNTS[i], 0);
    }
    absent_put(b, attempts, "ci", "imported");
    return attempts;
}

static json_t *subject_make(struct assay_json_builder *b, const struct assay_import_request *request,
                            const char *format)
{
    struct assay_digest digest;
    char name[64];
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_of(request->bytes, request->len, &digest);
    assay_digest_print(&digest, hex);
    (void)snprintf(name, sizeof name, "data:%s", format);
    json_t *list = json_array();
    json_t *subject = assay_json_add_object(b, list);
    assay_json_put_text(b, subject, "name", name);
    assay_json_put_text(b, assay_json_put_object(b, subject, "digest"), "sha256", hex);
    return list;
}

assay_code assay_import_facts(const struct assay_import_request *request, const char *format,
                              const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                              const struct assay_trace_writer *writer, json_t **ret, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *attempts = attempts_make(&b, request);
    json_t *subject = subject_make(&b, request, format);
    json_t *environment = json_deep_copy(request->environment);
    assay_code rc = assay_json_builder_check(&b, attempts, err);
    if (rc == ASSAY_OK && (subject == NULL || environment == NULL)) {
        rc = assay_nomem(err);
    }
    if (rc == ASSAY_OK) {
        struct assay_facts_input input = {.subject = subject,
                                          .environment = environment,
                                          .attempts = attempts,
                                          .runner_id = "",
                                          .tool = request->tool,
                                          .stop_reason = "reached",
                                          .clock_source = "imported"};
        rc = assay_facts_make(plan, plan_bytes->data, plan_bytes->len, &input, writer, ret, err);
    }
    json_decref(attempts);
    json_decref(subject);
    json_decref(environment);
    return rc;
}

assay_code assay_import_summary(const struct assay_import_request *request, const struct assay_import_rows *rows,
                                struct assay_import_result *ret, assay_err *err)
{
    struct assay_json_builder b = {0};
    struct assay_digest digest;
    char hex[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_of(request->bytes, request->len, &digest);
    assay_digest_print(&digest, hex);
    json_t *statement = json_object();
    assay_json_put_text(&b, statement, "_type", ASSAY_STATEMENT_TYPE);
    assay_json_put_text(&b, statement, "predicateType", ASSAY_TYPE_IMPORTED);
    assay_json_put(&b, statement, "subject", subject_make(&b, request, ret->format));
    json_t *predicate = assay_json_put_object(&b, statement, "predicate");
    assay_json_put_u64(&b, predicate, "minor", 0);
    json_t *source = assay_json_put_object(&b, predicate, "source");
    assay_json_put_text(&b, source, "format", ret->format);
    assay_json_put_text(&b, source, "sha256", hex);
    json_t *claimed = assay_json_put_array(&b, predicate, "claimed");
    for (size_t i = 0; i < rows->figures_count; i++) {
        json_t *figure = assay_json_add_object(&b, claimed);
        assay_json_put_text(&b, figure, "name", rows->figures[i].name);
        assay_json_put_text(&b, figure, "unit", rows->figures[i].unit);
        assay_json_put_dec(&b, figure, "value", rows->figures[i].value);
    }
    assay_code rc = assay_json_builder_check(&b, statement, err);
    if (rc == ASSAY_OK) {
        ret->document = ASSAY_DOCUMENT_IMPORTED;
        rc = assay_receipt_envelope(statement, &ret->file, err);
    }
    json_decref(statement);
    return rc;
}
