/* The join of trace and truth log, on a run made by hand: every number is known beforehand. */
#include "base/clock.h"
#include "base/mem.h"
#include "record/record.h"
#include "serve/calibrate.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { STREAMS = 3, EVENTS = 4 };

#define US ASSAY_NS_PER_US
#define MS ASSAY_NS_PER_MS
#define REAL_OF_SERVER_MONO UINT64_C(1700000000000000000) /* real - mono on the server's clock */
#define RUN_START_MONO UINT64_C(5000000000)               /* the run's origin on that clock */

struct made {
    struct assay_buf plan, trace;
    struct assay_truth_record records[128];
    struct assay_truth_log log;
};

/* When the server wrote event j of stream i, on the run's time line. */
static uint64_t written_at(size_t stream, size_t event)
{
    return 10 * MS + stream * 100 * US + event * 20 * MS;
}

static void add_record(struct made *made, struct assay_truth_record record)
{
    made->records[made->log.count++] = record;
    assert_true(made->log.count < sizeof made->records / sizeof made->records[0]);
}

static void make_log(struct made *made)
{
    made->log = (struct assay_truth_log){.records = made->records};
    add_record(made, (struct assay_truth_record){.kind = ASSAY_TRUTH_CLOCK,
                                                 .event = UINT32_MAX,
                                                 .planned_ns = RUN_START_MONO - 50,
                                                 .before_ns = RUN_START_MONO + 50,
                                                 .tx_real_ns = REAL_OF_SERVER_MONO + RUN_START_MONO});
    for (uint32_t i = 0; i < STREAMS; i++) {
        uint32_t sample = STREAMS - 1 - i; /* streams come in another order than samples */
        add_record(made,
                   (struct assay_truth_record){
                       .kind = ASSAY_TRUTH_REQUEST, .event = UINT32_MAX, .stream = i, .planned_ns = 0xABC000 + sample});
        for (uint32_t j = 0; j < EVENTS; j++) {
            uint64_t mono = RUN_START_MONO + written_at(sample, j);
            add_record(made, (struct assay_truth_record){.kind = ASSAY_TRUTH_TOKENS,
                                                         .stream = i,
                                                         .event = j,
                                                         .events = 1,
                                                         .tokens = 1,
                                                         .planned_ns = mono - 7 * US,
                                                         .before_ns = mono - 5 * US,
                                                         .tx_real_ns = REAL_OF_SERVER_MONO + mono});
        }
    }
}

static void make_plan(struct made *made)
{
    struct assay_plan *plan = NULL;
    assay_err err = {0};
    assert_int_equal(assay_plan_new(&plan, &err), ASSAY_OK);
    plan->workload = "llm";
    plan->arms_count = 1;
    plan->arms[0] = (struct assay_plan_arm){.id = "a", .label = "a", .args = json_object()};
    plan->load = (struct assay_load){.mode = ASSAY_LOAD_CLOSED, .concurrency = STREAMS, .workers = 1};
    plan->stop = (struct assay_stop){.count = STREAMS, .max_duration_ns = 10 * ASSAY_NS_PER_S, .error_share_max = 1};
    plan->order = "fixed";
    plan->seed_source = "fixed";
    assert_int_equal(assay_plan_make_ops(plan, STREAMS, &err), ASSAY_OK);
    for (size_t i = 0; i < STREAMS; i++) {
        plan->ops[i].salt = 0xABC000 + i;
    }
    if (assay_plan_encode(plan, &made->plan, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_plan_free(plan);
}

/* kernel and user delay of every chunk; the last chunk of the last sample is late by `planted_ns` more. */
static void make_trace(struct made *made, uint64_t kernel_ns, uint64_t user_ns, uint64_t planted_ns, size_t chunks)
{
    struct assay_trace_writer *writer = NULL;
    assay_err err = {0};
    struct assay_trace_ident ident = {0};
    assert_int_equal(assay_trace_writer_new(&ident, &writer, &err), ASSAY_OK);
    struct assay_clock_reading reading = {
        .mono_before_ns = 0, .mono_after_ns = 100, .real_ns = REAL_OF_SERVER_MONO + RUN_START_MONO + 50, .raw_ns = 0};
    assert_int_equal(assay_trace_add_clock(writer, &reading, &err), ASSAY_OK);
    for (size_t i = 0; i < STREAMS; i++) {
        struct assay_segment segments[EVENTS];
        struct assay_chunk parts[EVENTS];
        for (size_t j = 0; j < chunks; j++) {
            bool is_last = i == STREAMS - 1 && j == chunks - 1;
            uint64_t at = written_at(i, j) + (is_last ? planted_ns : 0);
            segments[j] = (struct assay_segment){.end_offset = (j + 1) * 100,
                                                 .rx_ns = at + kernel_ns,
                                                 .user_before_ns = at + user_ns - 1 * US,
                                                 .user_after_ns = at + user_ns};
            parts[j] = (struct assay_chunk){.segment = (uint32_t)j, .tokens = 1};
        }
        struct assay_request request = {.send_enter_ns = 1 * MS,
                                        .send_return_ns = 1 * MS,
                                        .tx_ns = 1 * MS,
                                        .http_status = 200,
                                        .segments = segments,
                                        .segments_count = chunks,
                                        .chunks = parts,
                                        .chunks_count = chunks};
        struct assay_sample sample = {.id = i,
                                      .status = ASSAY_STATUS_OK,
                                      .start_ns = 1 * MS,
                                      .end_ns = 200 * MS,
                                      .cpu_ns = ASSAY_NS_ABSENT,
                                      .request = &request};
        if (assay_trace_add_sample(writer, &sample, &err) != ASSAY_OK) {
            fail_msg("%s", err.message);
        }
    }
    json_t *facts = json_object();
    if (assay_trace_finish(writer, facts, &made->trace, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    json_decref(facts);
    assay_trace_writer_free(writer);
}

static struct assay_calibration_input make(struct made *made, uint64_t kernel_ns, uint64_t user_ns, uint64_t planted_ns,
                                           size_t chunks)
{
    *made = (struct made){0};
    assay_buf_init(&made->plan, 1 << 20);
    assay_buf_init(&made->trace, 1 << 20);
    make_log(made);
    make_plan(made);
    make_trace(made, kernel_ns, user_ns, planted_ns, chunks);
    return (struct assay_calibration_input){.plan = made->plan.data,
                                            .plan_len = made->plan.len,
                                            .trace = made->trace.data,
                                            .trace_len = made->trace.len,
                                            .log = &made->log,
                                            .client_cpu_ns = 12000};
}

static void made_done(struct made *made)
{
    assay_buf_done(&made->plan);
    assay_buf_done(&made->trace);
}

static struct assay_calibration join(uint64_t kernel_ns, uint64_t user_ns, uint64_t planted_ns, size_t chunks)
{
    static struct made made;
    struct assay_calibration_input input = make(&made, kernel_ns, user_ns, planted_ns, chunks);
    struct assay_calibration calibration;
    assay_err err = {0};
    if (assay_calibration_join(&input, &calibration, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    made_done(&made);
    return calibration;
}

static void every_allocation_that_fails_is_an_answer(void **state)
{
    (void)state;
    static struct made made;
    struct assay_calibration_input input = make(&made, 3 * US, 40 * US, 0, EVENTS);
    struct assay_calibration calibration;
    assay_code rc = ASSAY_NO_MEMORY;
    for (unsigned long n = 1; rc != ASSAY_OK; n++) {
        assert_true(n < 10000);
        assay_mem_fail_at(n);
        rc = assay_calibration_join(&input, &calibration, NULL);
        assay_mem_fail_at(0);
        assert_true(rc == ASSAY_OK || rc == ASSAY_NO_MEMORY);
    }
    assert_int_equal(calibration.tokens, STREAMS * EVENTS);
    made_done(&made);
}

static void the_error_is_client_stamp_minus_server_stamp(void **state)
{
    (void)state;
    struct assay_calibration c = join(3 * US, 40 * US, 0, EVENTS);
    assert_int_equal(c.samples, STREAMS);
    assert_int_equal(c.samples_unjoined, 0);
    assert_int_equal(c.tokens, STREAMS * EVENTS);
    assert_int_equal(c.tokens_lost, 0);
    assert_int_equal(c.kernel.n, STREAMS * EVENTS);
    assert_int_equal(c.kernel.p50_ns, 3 * US);
    assert_int_equal(c.kernel.p99_ns, 3 * US);
    assert_int_equal(c.user.p50_ns, 40 * US);
    assert_int_equal(c.exact, STREAMS * EVENTS);
    assert_int_equal(c.outside_interval, 0);
    assert_int_equal(c.lateness_p99_ns, 2 * US);
    assert_int_equal(c.client_events, STREAMS * EVENTS);
}

static void a_planted_late_stamp_is_found(void **state)
{
    (void)state;
    struct assay_calibration c = join(3 * US, 40 * US, 2 * MS, EVENTS);
    assert_int_equal(c.kernel.p50_ns, 3 * US);
    assert_int_equal(c.kernel.max_ns, 2 * MS + 3 * US);
    assert_int_equal(c.kernel.p99_ns, 2 * MS + 3 * US);       /* 12 values: the largest */
    assert_int_equal(c.exact_kernel.max_ns, c.kernel.max_ns); /* tagged exact: the error shows, whatever the tag */
}

static void a_stamp_before_the_server_sent_lies_outside_its_interval(void **state)
{
    (void)state;
    assert_int_equal(join(0, 40 * US, (uint64_t)(-300 * (int64_t)US), EVENTS).outside_interval, 1);
}

static void a_token_that_did_not_arrive_is_lost(void **state)
{
    (void)state;
    struct assay_calibration c = join(3 * US, 40 * US, 0, EVENTS - 1);
    assert_int_equal(c.tokens, STREAMS * (EVENTS - 1));
    assert_int_equal(c.tokens_lost, STREAMS);
}

static void the_check_has_the_figures(void **state)
{
    (void)state;
    struct assay_calibration c = join(3 * US, 40 * US, 0, EVENTS);
    json_t *check = NULL;
    assay_err err = {0};
    assert_int_equal(assay_calibration_check(&c, "loopback", NULL, &check, &err), ASSAY_OK);
    assert_string_equal(json_string_value(json_object_get(check, "rule")), "stamp_calibration@1");
    assert_int_equal(json_integer_value(assay_json_at(check, "/n")), STREAMS * EVENTS);
    assert_int_equal(json_integer_value(assay_json_at(check, "/data/kernelP99Ns")), 3 * US);
    assert_int_equal(json_integer_value(assay_json_at(check, "/data/userP99Ns")), 40 * US);
    assert_int_equal(json_integer_value(assay_json_at(check, "/data/clientCpuPerEventNs")), 1000);
    assert_string_equal(json_string_value(assay_json_at(check, "/data/exactShare")), "1");
    json_decref(check);
}

static int set_up(void **state)
{
    (void)state;
    assay_json_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_is_client_stamp_minus_server_stamp),
        cmocka_unit_test(a_planted_late_stamp_is_found),
        cmocka_unit_test(a_stamp_before_the_server_sent_lies_outside_its_interval),
        cmocka_unit_test(a_token_that_did_not_arrive_is_lost),
        cmocka_unit_test(the_check_has_the_figures),
        cmocka_unit_test(every_allocation_that_fails_is_an_answer),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
