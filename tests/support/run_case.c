#include "support/run_case.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ABSENT ASSAY_NS_ABSENT
#define USER_DELAY_BEFORE_NS 10 /* a read begins so long after the kernel's stamp, and ends 5 ns later */
#define USER_DELAY_AFTER_NS 15

static void must(assay_code rc, const assay_err *err)
{
    if (rc != ASSAY_OK) {
        fail_msg("%s", err->message);
    }
}

void run_case_init(struct run_case *run, const char *workload, enum assay_load_mode mode)
{
    assay_err err = {0};
    *run = (struct run_case){.stop_reason = "reached", .checks = json_array()};
    must(assay_plan_new(&run->plan, &err), &err);
    run->plan->workload = workload;
    run->plan->arms_count = 1;
    run->plan->arms[0] = (struct assay_plan_arm){.id = "a", .label = "one"};
    run->plan->load = (struct assay_load){.mode = mode, .concurrency = mode == ASSAY_LOAD_CLOSED, .workers = 1};
    memset(run->plan->run_id, 7, sizeof run->plan->run_id);
    run->samples = calloc(RUN_CASE_SAMPLES_MAX, sizeof *run->samples);
    assert_non_null(run->samples);
}

struct case_sample *run_case_add(struct run_case *run, struct case_sample sample)
{
    assert_true(run->count < RUN_CASE_SAMPLES_MAX);
    sample.sample.id = run->count;
    sample.has_request |= sample.chunks[0].at_ns > 0;
    if (sample.sample.queued_ns == 0) {
        sample.sample.queued_ns = sample.sample.due_ns;
    }
    run->samples[run->count] = sample;
    return &run->samples[run->count++];
}

static uint64_t or_absent(uint64_t stamp)
{
    return stamp ? stamp : ABSENT;
}

static void fill_request(const struct case_sample *made, struct assay_request *request, struct assay_segment *segments,
                         struct assay_chunk *chunks)
{
    *request = made->request;
    uint64_t *stamps[] = {&request->conn_start_ns,   &request->conn_end_ns,      &request->tls_end_ns,
                          &request->send_enter_ns,   &request->send_return_ns,   &request->tx_ns,
                          &request->tx_ack_ns,       &request->hdr_ns,           &request->first_byte_ns,
                          &request->first_event_ns,  &request->usage_ns,         &request->done_ns,
                          &request->server_load_ns,  &request->server_prompt_ns, &request->server_eval_ns,
                          &request->server_total_ns, &request->retry_after_ns};
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++) {
        *stamps[i] = or_absent(*stamps[i]);
    }
    size_t n = 0;
    for (; n < RUN_CASE_CHUNKS_MAX && made->chunks[n].at_ns > 0; n++) {
        const struct case_chunk *chunk = &made->chunks[n];
        segments[n] = (struct assay_segment){.end_offset = 100 * (n + 1),
                                             .rx_ns = made->lacks_kernel_stamps ? ABSENT : chunk->at_ns,
                                             .user_before_ns = chunk->at_ns + USER_DELAY_BEFORE_NS,
                                             .user_after_ns = chunk->at_ns + USER_DELAY_AFTER_NS};
        chunks[n] = (struct assay_chunk){.segment = (uint32_t)n,
                                         .tokens = chunk->tokens,
                                         .kind = (uint8_t)chunk->kind,
                                         .tokens_source = ASSAY_TOKENS_IDS};
    }
    request->segments = segments;
    request->segments_count = n;
    request->chunks = chunks;
    request->chunks_count = n;
}

static void write_samples(struct run_case *run, struct assay_trace_writer *writer)
{
    assay_err err = {0};
    for (size_t i = 0; i < run->count; i++) {
        const struct case_sample *made = &run->samples[i];
        struct assay_sample sample = made->sample;
        struct assay_request request;
        struct assay_segment segments[RUN_CASE_CHUNKS_MAX];
        struct assay_chunk chunks[RUN_CASE_CHUNKS_MAX];
        if (made->has_request) {
            fill_request(made, &request, segments, chunks);
            sample.request = &request;
        }
        sample.process = made->has_process ? &made->process : NULL;
        must(assay_trace_add_sample(writer, &sample, &err), &err);
    }
    for (size_t i = 0; i < run->host_count; i++) {
        must(assay_trace_add_host(writer, &run->host[i], &err), &err);
    }
    if (run->kernels) {
        must(assay_trace_add_kernels(writer, run->kernels, &err), &err);
    }
    for (size_t i = 0; i < json_array_size(run->checks); i++) {
        must(assay_trace_add_check(writer, json_array_get(run->checks, i), &err), &err);
    }
}

static void write_trace(struct run_case *run)
{
    assay_err err = {0};
    struct assay_trace_ident ident;
    struct assay_trace_writer *writer = NULL;
    assay_trace_ident_of(run->plan->run_id, run->plan_bytes.data, run->plan_bytes.len, &ident);
    must(assay_trace_writer_new(&ident, &writer, &err), &err);
    write_samples(run, writer);
    json_t *facts = NULL, *subject = json_array();
    json_t *environment = json_pack("{s:[],s:{},s:[{s:i}]}", "notes", "build", "hosts", "rank", 0);
    json_t *attempts = json_pack("{s:s,s:{s:s},s:{s:s}}", "runId", "07070707070707070707070707070707", "nonce",
                                 "absent", "none asked", "intent", "absent", "no log");
    const struct assay_facts_input input = {.subject = subject,
                                            .environment = environment,
                                            .attempts = attempts,
                                            .runner_id = "local",
                                            .tool = "assay test",
                                            .stop_reason = run->stop_reason,
                                            .clock_source = "monotonic",
                                            .clock_resolution_ns = run->clock_read_ns,
                                            .clock_read_ns = run->clock_read_ns};
    must(assay_facts_make(run->plan, run->plan_bytes.data, run->plan_bytes.len, &input, writer, &facts, &err), &err);
    must(assay_trace_finish(writer, facts, &run->trace_bytes, &err), &err);
    json_decref(facts);
    json_decref(subject);
    json_decref(environment);
    json_decref(attempts);
    assay_trace_writer_free(writer);
}

void run_case_write(struct run_case *run, const char *const *metrics)
{
    assay_err err = {0};
    struct assay_plan *plan = run->plan;
    bool is_kept = run->keeps_order;
    if (!is_kept) {
        must(assay_plan_make_ops(plan, run->planned ? run->planned : run->count, &err), &err);
    }
    for (size_t i = 0; i < plan->ops_count; i++) {
        plan->ops[i].is_warmup = i < plan->warmup.samples;
    }
    for (size_t i = 0; i < run->count && !is_kept; i++) {
        bool is_open = plan->load.mode == ASSAY_LOAD_OPEN;
        plan->ops[i].due_ns = is_open ? run->samples[i].sample.due_ns : 0;
        plan->ops[i].arm = (uint16_t)run->samples[i].sample.arm;
    }
    if (plan->load.mode == ASSAY_LOAD_PAIRED && !is_kept) {
        assay_paired_order(plan);
    }
    for (size_t i = 0; metrics && metrics[i]; i++) {
        must(assay_plan_add_metric(plan, 0, metrics[i], &err), &err);
    }
    if (!metrics) {
        must(assay_metric_add_defaults(plan, &err), &err);
    }
    assay_buf_init(&run->plan_bytes, ASSAY_PLAN_BYTES_MAX);
    assay_buf_init(&run->trace_bytes, ASSAY_TRACE_BYTES_MAX);
    must(assay_plan_encode(plan, &run->plan_bytes, &err), &err);
    write_trace(run);
}

void run_case_done(struct run_case *run)
{
    assay_plan_free(run->plan);
    free(run->samples);
    json_decref(run->checks);
    json_decref(run->kernels);
    assay_buf_done(&run->plan_bytes);
    assay_buf_done(&run->trace_bytes);
}
