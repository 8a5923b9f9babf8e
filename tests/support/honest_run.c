#include "support/honest_run.h"

#include "base/rng.h"
#include "crypto/crypto.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)256 << 20)
#define SEED UINT64_C(11400714819323198485)
#define FIRST_DUE_NS UINT64_C(1000000)
#define SEGMENTS_MAX 4096 /* chunks of one request of the llm run */

static const uint8_t RUN_ID[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                   0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static void must(assay_code rc, const assay_err *err, const char *what)
{
    if (rc != ASSAY_OK) {
        fail_msg("%s: %s", what, err->message);
    }
}

static uint64_t seed_of(const struct honest_options *options)
{
    return options->seed ? options->seed : SEED;
}

/* The usual run has the usual id; another seed makes another run. */
static void run_id_of(const struct honest_options *options, uint8_t ret[16])
{
    memcpy(ret, RUN_ID, sizeof RUN_ID);
    for (size_t i = 0; i < sizeof options->seed; i++) {
        ret[i] ^= (uint8_t)(options->seed >> (8 * i));
    }
    ret[15] ^= options->number;
}

/* ---- plan ---- */

static void make_arms(const struct honest_options *options, struct assay_plan *plan)
{
    plan->arms[0] = (struct assay_plan_arm){
        .id = "a", .label = "only", .args = options->arm_args ? json_deep_copy(options->arm_args) : json_object()};
    plan->arms_count = 1;
    plan->load = (struct assay_load){.mode = ASSAY_LOAD_CLOSED, .concurrency = 1, .workers = 1};
    for (size_t i = 0; options->arms_count > 1 && i < options->arms_count; i++) {
        static const char *const LABELS[] = {"base", "other", "third", "fourth"};
        json_decref(plan->arms[i].args); /* of the only one, above */
        plan->arms[i] = (struct assay_plan_arm){.id = {(char)('a' + i), 0}, .label = LABELS[i % 4]};
        plan->arms[i].args = json_pack("{s:s}", "arm", options->has_equal_arms ? "any" : plan->arms[i].id);
        plan->arms_count = i + 1;
        plan->load.mode = ASSAY_LOAD_PAIRED;
        plan->load.window = 1;
        plan->order = "latin";
    }
}

static struct assay_plan *make_plan(const struct honest_options *options)
{
    assay_err err = {0};
    struct assay_plan *plan = NULL;
    must(assay_plan_new(&plan, &err), &err, "plan");
    plan->workload = options->workload;
    make_arms(options, plan);
    plan->stop = (struct assay_stop){.rule = ASSAY_STOP_COUNT,
                                     .count = options->count - options->warmup,
                                     .max_duration_ns = 600 * ASSAY_NS_PER_S,
                                     .error_share_max = 1};
    plan->warmup.samples = (uint32_t)options->warmup;
    plan->seed = seed_of(options);
    plan->seed_source = options->seed_source ? options->seed_source : "fixed";
    run_id_of(options, plan->run_id);
    must(assay_metric_add_defaults(plan, &err), &err, "metrics");
    must(assay_plan_make_ops(plan, options->count, &err), &err, "operations");
    struct assay_rng rng;
    assay_rng_seed(&rng, SEED, "ops");
    for (size_t i = 0; i < options->count; i++) {
        plan->ops[i] = (struct assay_plan_op){.salt = assay_rng_u64(&rng),
                                              .prompt_tokens = options->tokens ? 32 : 0,
                                              .output_tokens = (uint32_t)options->tokens,
                                              .is_warmup = i < options->warmup};
    }
    if (options->arms_count > 1) {
        assay_paired_order(plan);
    }
    return plan;
}

/* ---- trace ---- */

struct story {
    uint64_t now_ns;
    struct assay_rng rng;
    struct assay_request request;
    struct assay_segment segments[SEGMENTS_MAX];
    struct assay_chunk chunks[SEGMENTS_MAX];
    struct assay_digest output;
};

static uint64_t step(struct story *story, uint64_t least_ns, uint64_t spread_ns)
{
    story->now_ns += least_ns + assay_rng_below(&story->rng, spread_ns);
    return story->now_ns;
}

/* One streamed answer: a token a read, each with its kernel stamp. */
static void tell_request(const struct honest_options *options, struct story *story, struct assay_sample *sample)
{
    struct assay_request *request = &story->request;
    const size_t tokens = options->tokens;
    assert_in_range(tokens, 1, SEGMENTS_MAX);
    *request = (struct assay_request){.conn_start_ns = ASSAY_NS_ABSENT,
                                      .conn_end_ns = ASSAY_NS_ABSENT,
                                      .tls_end_ns = ASSAY_NS_ABSENT,
                                      .tx_ack_ns = ASSAY_NS_ABSENT,
                                      .server_load_ns = ASSAY_NS_ABSENT,
                                      .server_prompt_ns = ASSAY_NS_ABSENT,
                                      .server_eval_ns = ASSAY_NS_ABSENT,
                                      .server_total_ns = ASSAY_NS_ABSENT,
                                      .retry_after_ns = ASSAY_NS_ABSENT,
                                      .http_status = 200,
                                      .prompt_tokens_asked = 32,
                                      .output_tokens_asked = (uint32_t)tokens,
                                      .prompt_tokens = 32,
                                      .output_tokens = (uint32_t)tokens,
                                      .cached_tokens = 0,
                                      .flags = ASSAY_REQUEST_CONN_REUSED,
                                      .output_source = ASSAY_TOKENS_IDS,
                                      .finish = ASSAY_FINISH_LENGTH,
                                      .content_bytes = 4 * tokens,
                                      .segments = story->segments,
                                      .segments_count = tokens,
                                      .chunks = story->chunks,
                                      .chunks_count = tokens};
    request->send_enter_ns = step(story, 500, 500);
    request->tx_ns = step(story, 2000, 500);
    request->send_return_ns = step(story, 500, 500);
    sample->start_ns = request->tx_ns;
    for (size_t i = 0; i < tokens; i++) {
        uint64_t rx_ns = step(story, i > 0 ? 20000 : 200000 + options->op_ns, 5000);
        story->segments[i] = (struct assay_segment){.end_offset = 400 + 60 * i,
                                                    .rx_ns = rx_ns,
                                                    .user_before_ns = step(story, 800, 100),
                                                    .user_after_ns = step(story, 300, 100)};
        story->chunks[i] = (struct assay_chunk){
            .segment = (uint32_t)i, .tokens = 1, .kind = ASSAY_CHUNK_TEXT, .tokens_source = ASSAY_TOKENS_IDS};
    }
    request->hdr_ns = request->first_byte_ns = request->first_event_ns = story->segments[0].rx_ns;
    request->usage_ns = request->done_ns = story->now_ns;
    memcpy(request->body_sha256, story->output.bytes, sizeof request->body_sha256);
    memcpy(request->output_sha256, story->output.bytes, sizeof request->output_sha256);
    sample->request = request;
}

static void spend(const struct honest_options *options, const struct assay_plan_op *op, struct story *story,
                  struct assay_sample *sample)
{
    uint64_t service_ns = 0;
    sample->cpu_ns = 900;
    if (options->spend) {
        options->spend(op, &service_ns, &sample->cpu_ns, options->context);
        story->now_ns += service_ns;
    } else {
        (void)step(story, options->op_ns ? options->op_ns : 50000, 400);
    }
}

static void add_sample(const struct honest_options *options, struct story *story, const struct assay_plan *plan,
                       size_t i, struct assay_trace_writer *writer)
{
    assay_err err = {0};
    struct assay_sample sample = {
        .id = i, .arm = plan->ops[i].arm, .iterations = 1, .due_ns = story->now_ns, .cpu_ns = ASSAY_NS_ABSENT};
    sample.queued_ns = step(story, 40, 20);
    if (options->tokens > 0) {
        tell_request(options, story, &sample);
    } else {
        sample.start_ns = step(story, 40, 20);
        spend(options, &plan->ops[i], story, &sample);
    }
    sample.end_ns = story->now_ns;
    if (options->failed_every > 0 && i >= options->warmup && i % options->failed_every == 0) {
        sample.status = ASSAY_STATUS_RESET;
    }
    if (options->tamper) {
        options->tamper(&sample, options->context);
    }
    must(assay_trace_add_sample(writer, &sample, &err), &err, "sample");
}

static void add_clock(struct assay_trace_writer *writer, uint64_t at_ns, uint64_t raw_ahead_ns)
{
    assay_err err = {0};
    const struct assay_clock_reading reading = {.mono_before_ns = at_ns,
                                                .real_ns = HONEST_NOW_NS - 240 * ASSAY_NS_PER_S + at_ns + 20,
                                                .mono_after_ns = at_ns + 40,
                                                .raw_ns = at_ns + 20 + raw_ahead_ns};
    must(assay_trace_add_clock(writer, &reading, &err), &err, "clock");
}

static void add_host(struct assay_trace_writer *writer, uint64_t at_ns)
{
    assay_err err = {0};
    const struct assay_host_reading reading = {.at_ns = at_ns,
                                               .load1_milli = 20,
                                               .temperature_milli_c = UINT64_MAX,
                                               .frequency_khz = UINT64_MAX,
                                               .client_cpu_ppm = 100000};
    must(assay_trace_add_host(writer, &reading, &err), &err, "host");
}

/* ---- facts ---- */

/* The environment of the published example, a binary and, for requests, an endpoint. */
static void make_facts(const struct honest_options *options, struct honest_run *run, struct assay_facts_input *ret)
{
    assay_err err = {0};
    char path[4096], digest_text[ASSAY_DIGEST_TEXT_BYTES];
    struct assay_buf text;
    json_t *example = NULL;
    assay_buf_init(&text, FILE_MAX);
    (void)snprintf(path, sizeof path, "%s/tests/data/receipt-example.json", source_root());
    must(assay_buf_read_file(&text, path, &err), &err, "example");
    must(assay_json_read(text.data, text.len, &assay_json_limits_receipt, &example, &err), &err, "example");
    struct assay_json_builder b = {0};
    json_t *subject = json_array(), *attempts = json_object();
    ret->environment = json_incref(assay_json_at(example, "/predicate/environment"));
    json_t *binary = assay_json_add_object(&b, subject);
    assay_json_put_text(&b, binary, "name", "binary:assay");
    assay_json_put(&b, assay_json_put_object(&b, binary, "digest"), "sha256",
                   json_incref(assay_json_at(example, "/predicate/environment/build/binarySha256")));
    if (options->tokens > 0) {
        struct assay_digest digest;
        assay_buf_text(&run->identity, "{\"url\":\"http://127.0.0.1:8080/v1/completions\"}");
        assay_sha256_of(run->identity.data, run->identity.len, &digest);
        assay_digest_print(&digest, digest_text);
        json_t *endpoint = assay_json_add_object(&b, subject);
        assay_json_put_text(&b, endpoint, "name", "endpoint:local");
        assay_json_put_text(&b, assay_json_put_object(&b, endpoint, "digest"), "sha256", digest_text);
    }
    uint8_t run_id[16];
    run_id_of(options, run_id);
    assay_json_put_hex(&b, attempts, "runId", run_id, sizeof run_id);
    assay_json_put_text(&b, attempts, "startedAt", "2026-01-05T09:31:00Z");
    assay_json_put_text(&b, attempts, "finishedAt", "2026-01-05T09:31:01Z");
    assay_json_put_text(&b, assay_json_put_object(&b, attempts, "nonce"), "absent", "none asked");
    assay_json_put_text(&b, assay_json_put_object(&b, attempts, "intent"), "absent", "not logged");
    json_t *earlier = assay_json_put_object(&b, attempts, "earlier");
    static const char *const COUNTS[] = {"intents", "receipts", "records", "open"};
    for (size_t i = 0; i < 4; i++) {
        assay_json_put_u64(&b, earlier, COUNTS[i], 0);
    }
    assay_json_put_text(&b, assay_json_put_object(&b, attempts, "ci"), "absent", "not in CI");
    must(assay_json_builder_check(&b, attempts, &err), &err, "facts");
    ret->subject = subject;
    ret->attempts = attempts;
    json_decref(example);
    assay_buf_done(&text);
}

static void finish_trace(const struct honest_options *options, struct honest_run *run, const struct assay_plan *plan,
                         struct assay_trace_writer *writer)
{
    assay_err err = {0};
    json_t *facts = NULL;
    struct assay_facts_input input = {.runner_id = "",
                                      .tool = "assay 0.1.0",
                                      .stop_reason = options->is_partial ? "time" : "reached",
                                      .clock_source = "monotonic",
                                      .clock_resolution_ns = 1,
                                      .clock_read_ns = 38};
    make_facts(options, run, &input);
    must(assay_facts_make(plan, run->plan.data, run->plan.len, &input, writer, &facts, &err), &err, "facts");
    if (options->tamper_facts) {
        options->tamper_facts(facts, options->context);
    }
    must(assay_trace_finish(writer, facts, &run->trace, &err), &err, "trace");
    json_decref(facts);
    json_decref(input.subject);
    json_decref(input.environment);
    json_decref(input.attempts);
}

static void make_trace(const struct honest_options *options, struct honest_run *run, const struct assay_plan *plan)
{
    static struct story story; /* large, and one at a time */
    assay_err err = {0};
    struct assay_digest digest;
    struct assay_trace_ident ident;
    struct assay_trace_writer *writer = NULL;
    size_t issued = options->is_partial ? options->count - options->count / 4 : options->count;
    assay_sha256_of(run->plan.data, run->plan.len, &digest);
    memcpy(ident.run_id, plan->run_id, sizeof ident.run_id);
    memcpy(ident.plan_sha256, digest.bytes, sizeof ident.plan_sha256);
    must(assay_trace_writer_new(&ident, &writer, &err), &err, "trace");
    story = (struct story){.now_ns = FIRST_DUE_NS};
    assay_rng_seed(&story.rng, SEED, "story");
    assay_sha256_of("the same answer every time", 26, &story.output);
    add_clock(writer, 0, 0);
    for (size_t i = 0; i < issued; i++) {
        add_sample(options, &story, plan, i, writer);
    }
    for (size_t i = 0; i < json_array_size(options->checks); i++) {
        must(assay_trace_add_check(writer, json_array_get(options->checks, i), &err), &err, "check");
    }
    add_clock(writer, story.now_ns, options->clock_ahead_ns);
    add_host(writer, story.now_ns);
    if (options->kernels) {
        must(assay_trace_add_kernels(writer, options->kernels, &err), &err, "kernels");
    }
    finish_trace(options, run, plan, writer);
    assay_trace_writer_free(writer);
}

/* ---- all of it ---- */

void honest_envelope(const json_t *statement, struct assay_buf *out)
{
    assay_err err = {0};
    assay_buf_clear(out);
    must(assay_receipt_envelope(statement, out, &err), &err, "envelope");
}

void honest_run_make(const struct honest_options *options, struct honest_run *ret)
{
    assay_err err = {0};
    *ret = (struct honest_run){0};
    assay_buf_init(&ret->plan, FILE_MAX);
    assay_buf_init(&ret->trace, FILE_MAX);
    assay_buf_init(&ret->identity, FILE_MAX);
    assay_buf_init(&ret->receipt, FILE_MAX);
    struct assay_plan *plan = make_plan(options);
    must(assay_plan_encode(plan, &ret->plan, &err), &err, "plan");
    make_trace(options, ret, plan);
    assay_plan_free(plan);
    if (!options->leaves_receipt_out) {
        struct assay_derivation derived = {0};
        must(assay_receipt_derive(ret->plan.data, ret->plan.len, ret->trace.data, ret->trace.len, &derived, &err), &err,
             "receipt");
        ret->statement = derived.statement;
        ret->document = derived.document;
        honest_envelope(ret->statement, &ret->receipt);
    }
}

void honest_run_done(struct honest_run *run)
{
    assay_buf_done(&run->plan);
    assay_buf_done(&run->trace);
    assay_buf_done(&run->identity);
    assay_buf_done(&run->receipt);
    json_decref(run->statement);
    run->statement = NULL;
}
