/*
 * Goal 11 of endpoints.md: at most 8 bytes a token in the trace, and a million token events verified in under a second.
 *
 *     bench_trace [TOKENS [TOKENS_A_REQUEST]]
 *
 * The tokens are made as a jittery network would bring them, nanosecond noise in every stamp: exponential gaps around
 * a stream's own pace, wake-up delays of 5 to 60 us, reads of 0.6 to 3 us, events whose length changes by a few bytes,
 * now and then two tokens in one read. What is timed is the whole derivation: decompression, root, SHA-256, checks of
 * every sample, all default metrics, the statement.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "record/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS 64 /* closed loop: so many users */
#define ROUNDS 5

struct maker {
    struct assay_rng rng;
    struct assay_segment *segments;
    struct assay_chunk *chunks;
    uint64_t free_ns[STREAMS];
    size_t tokens_a_request;
};

static uint64_t exponential(struct assay_rng *rng, double mean)
{
    return (uint64_t)(-log(1 - assay_rng_unit(rng)) * mean);
}

static void make_events(struct maker *maker, struct assay_request *request, uint64_t start_ns)
{
    struct assay_rng *rng = &maker->rng;
    uint64_t at = start_ns + 80000000 + exponential(rng, 30000000), offset = 300;
    double pace = 15e6 + 1e7 * assay_rng_unit(rng);
    size_t segments = 0;
    for (size_t i = 0; i < maker->tokens_a_request; i++) {
        bool is_joined = i > 0 && assay_rng_below(rng, 50) == 0; /* with the one before, in one read */
        offset += 195 + assay_rng_below(rng, 8);
        if (is_joined) {
            maker->chunks[i - 1].after_bytes = 197;
            maker->segments[segments - 1].end_offset = offset;
        } else {
            at += (uint64_t)(0.9 * pace) + exponential(rng, 0.1 * pace);
            uint64_t before = at + 5000 + exponential(rng, 12000);
            maker->segments[segments++] = (struct assay_segment){.end_offset = offset,
                                                                 .rx_ns = at,
                                                                 .user_before_ns = before,
                                                                 .user_after_ns = before + 600 + exponential(rng, 500)};
        }
        maker->chunks[i] = (struct assay_chunk){
            .segment = (uint32_t)(segments - 1), .tokens = 1, .tokens_source = ASSAY_TOKENS_RUNNING_USAGE};
    }
    request->segments = maker->segments;
    request->segments_count = segments;
    request->chunks = maker->chunks;
    request->chunks_count = maker->tokens_a_request;
}

static struct assay_request make_request(struct maker *maker, uint64_t start_ns)
{
    struct assay_rng *rng = &maker->rng;
    struct assay_request request = {.conn_start_ns = ASSAY_NS_ABSENT,
                                    .conn_end_ns = ASSAY_NS_ABSENT,
                                    .tls_end_ns = ASSAY_NS_ABSENT,
                                    .tx_ack_ns = ASSAY_NS_ABSENT,
                                    .server_load_ns = ASSAY_NS_ABSENT,
                                    .server_prompt_ns = ASSAY_NS_ABSENT,
                                    .server_eval_ns = ASSAY_NS_ABSENT,
                                    .server_total_ns = ASSAY_NS_ABSENT,
                                    .retry_after_ns = ASSAY_NS_ABSENT,
                                    .http_status = 200,
                                    .prompt_tokens_asked = 512,
                                    .output_tokens_asked = (uint32_t)maker->tokens_a_request,
                                    .prompt_tokens = 512 + (uint32_t)assay_rng_below(rng, 9),
                                    .output_tokens = (uint32_t)maker->tokens_a_request,
                                    .output_source = ASSAY_TOKENS_RUNNING_USAGE,
                                    .finish = ASSAY_FINISH_LENGTH};
    request.send_enter_ns = start_ns - 4000 - exponential(rng, 3000);
    request.send_return_ns = start_ns + 2000 + exponential(rng, 2000);
    request.tx_ns = start_ns;
    for (size_t i = 0; i < 32; i++) {
        request.body_sha256[i] = (uint8_t)assay_rng_u64(rng);
        request.output_sha256[i] = (uint8_t)assay_rng_u64(rng);
    }
    make_events(maker, &request, start_ns);
    const struct assay_segment *segments = request.segments;
    request.hdr_ns = request.first_byte_ns = start_ns + 3000000 + exponential(rng, 400000);
    request.first_event_ns = segments[0].rx_ns;
    request.usage_ns = request.done_ns = segments[request.segments_count - 1].rx_ns + exponential(rng, 60000);
    return request;
}

static assay_code add_samples(struct maker *maker, size_t requests, struct assay_trace_writer *writer, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < requests && rc == ASSAY_OK; i++) {
        uint64_t due_ns = maker->free_ns[i % STREAMS];
        uint64_t queued_ns = due_ns + exponential(&maker->rng, 2000);
        uint64_t start_ns = queued_ns + 20000 + exponential(&maker->rng, 5000);
        struct assay_request request = make_request(maker, start_ns);
        struct assay_sample sample = {.id = i,
                                      .worker = (uint32_t)(i % 2),
                                      .due_ns = due_ns,
                                      .queued_ns = queued_ns,
                                      .start_ns = start_ns,
                                      .end_ns = request.done_ns,
                                      .cpu_ns = ASSAY_NS_ABSENT,
                                      .request = &request};
        maker->free_ns[i % STREAMS] = sample.end_ns;
        rc = assay_trace_add_sample(writer, &sample, err);
    }
    return rc;
}

static assay_code make_plan(size_t requests, struct assay_plan **ret, struct assay_buf *bytes, assay_err *err)
{
    assay_code rc = assay_plan_new(ret, err);
    if (rc == ASSAY_OK) {
        (*ret)->workload = "llm";
        (*ret)->arms_count = 1;
        (*ret)->arms[0] = (struct assay_plan_arm){.id = "a", .label = "bench"};
        (*ret)->load = (struct assay_load){.mode = ASSAY_LOAD_CLOSED, .concurrency = STREAMS, .workers = 2};
        rc = assay_plan_make_ops(*ret, requests, err);
    }
    rc = rc == ASSAY_OK ? assay_metric_add_defaults(*ret, err) : rc;
    return rc == ASSAY_OK ? assay_plan_encode(*ret, bytes, err) : rc;
}

static assay_code make_facts(const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                             const struct assay_trace_writer *writer, json_t **ret, assay_err *err)
{
    json_t *subject = json_array(), *environment = json_object();
    json_t *attempts = json_pack("{s:s}", "runId", "00000000000000000000000000000000");
    const struct assay_facts_input input = {.subject = subject,
                                            .environment = environment,
                                            .attempts = attempts,
                                            .runner_id = "bench",
                                            .tool = "bench",
                                            .stop_reason = "reached",
                                            .clock_source = "monotonic"};
    assay_code rc = assay_facts_make(plan, plan_bytes->data, plan_bytes->len, &input, writer, ret, err);
    json_decref(subject);
    json_decref(environment);
    json_decref(attempts);
    return rc;
}

static assay_code make_trace(struct maker *maker, const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                             struct assay_buf *ret, assay_err *err)
{
    struct assay_trace_ident ident;
    struct assay_trace_writer *writer = NULL;
    json_t *facts = NULL;
    assay_trace_ident_of(plan->run_id, plan_bytes->data, plan_bytes->len, &ident);
    assay_code rc = assay_trace_writer_new(&ident, &writer, err);
    rc = rc == ASSAY_OK ? add_samples(maker, plan->ops_count, writer, err) : rc;
    rc = rc == ASSAY_OK ? make_facts(plan, plan_bytes, writer, &facts, err) : rc;
    rc = rc == ASSAY_OK ? assay_trace_finish(writer, facts, ret, err) : rc;
    json_decref(facts);
    assay_trace_writer_free(writer);
    return rc;
}

static assay_code time_rounds(const struct assay_buf *plan_bytes, const struct assay_buf *trace_bytes, size_t tokens,
                              assay_err *err)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct assay_derivation derivation = {0};
        struct assay_trace *trace = NULL;
        uint64_t begin = assay_clock_mono_ns();
        assay_code rc = assay_trace_open(trace_bytes->data, trace_bytes->len, &trace, NULL, err);
        uint64_t opened = assay_clock_mono_ns();
        assay_trace_free(trace);
        rc = rc == ASSAY_OK ? assay_receipt_derive(plan_bytes->data, plan_bytes->len, trace_bytes->data,
                                                   trace_bytes->len, &derivation, err)
                            : rc;
        if (rc != ASSAY_OK) {
            return rc;
        }
        uint64_t derived = assay_clock_mono_ns();
        json_decref(derivation.statement);
        printf("round %u: open %.3f s, derive %.3f s (%.2f M tokens/s)\n", round, (double)(opened - begin) / 1e9,
               (double)(derived - opened) / 1e9, (double)tokens / (double)(derived - opened) * 1e3);
    }
    return ASSAY_OK;
}

int main(int argc, char **argv)
{
    size_t tokens = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 1000000;
    size_t each = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 128;
    if (each < 2 || tokens / each < 1) {
        fprintf(stderr, "usage: bench_trace [TOKENS [TOKENS_A_REQUEST]]\n");
        return 4;
    }
    size_t requests = tokens / each;
    assay_err err = {0};
    struct assay_plan *plan = NULL;
    struct assay_buf plan_bytes, trace_bytes;
    struct maker maker = {.tokens_a_request = each};
    assay_json_init();
    assay_rng_seed(&maker.rng, 1, "bench.trace");
    assay_buf_init(&plan_bytes, ASSAY_PLAN_BYTES_MAX);
    assay_buf_init(&trace_bytes, ASSAY_TRACE_BYTES_MAX);
    maker.segments = assay_alloc(each, sizeof *maker.segments);
    maker.chunks = assay_alloc(each, sizeof *maker.chunks);
    assay_code rc = maker.segments && maker.chunks ? make_plan(requests, &plan, &plan_bytes, &err) : assay_nomem(&err);
    uint64_t begin = assay_clock_mono_ns();
    rc = rc == ASSAY_OK ? make_trace(&maker, plan, &plan_bytes, &trace_bytes, &err) : rc;
    if (rc == ASSAY_OK) {
        printf("%zu tokens in %zu requests: %zu bytes, %.3f bytes a token, written in %.3f s\n", requests * each,
               requests, trace_bytes.len, (double)trace_bytes.len / (double)(requests * each),
               (double)(assay_clock_mono_ns() - begin) / 1e9);
        rc = time_rounds(&plan_bytes, &trace_bytes, requests * each, &err);
    }
    if (rc != ASSAY_OK) {
        fprintf(stderr, "bench_trace: %s\n", err.message);
    }
    assay_free(maker.segments);
    assay_free(maker.chunks);
    assay_buf_done(&plan_bytes);
    assay_buf_done(&trace_bytes);
    assay_plan_free(plan);
    return assay_code_exit(rc);
}
