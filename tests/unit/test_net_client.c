/* The client loop against a raw server on loopback. */
#include "support/raw_server.h"

#include "base/mem.h"
#include "net/conn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY_MAX 65536
#define SPANS_MAX 64

/* What the callbacks of one request saw. */
struct record {
    char body[BODY_MAX];
    size_t body_len;
    struct assay_net_arrival spans[SPANS_MAX];
    uint64_t spans_after[SPANS_MAX];
    size_t spans_count, segments_count, heads_count, done_count;
    struct assay_net_segment last_segment;
    char content_type[64];
    char header[64]; /* value of X-Test */
    size_t stop_at;  /* on_body says stop at that many bytes; 0 = never */
    struct assay_net_facts facts;
};

static void on_segment(void *context, const struct assay_net_segment *segment)
{
    struct record *record = context;
    assert_int_equal(segment->index, record->segments_count);
    assert_true(segment->end_offset >= record->last_segment.end_offset);
    assert_true(segment->user_before_ns <= segment->user_after_ns);
    record->last_segment = *segment;
    record->segments_count++;
}

static void on_header(void *context, struct assay_slice name, struct assay_slice value)
{
    struct record *record = context;
    if (assay_slice_is(name, "X-Test")) {
        (void)snprintf(record->header, sizeof record->header, "%.*s", (int)value.len, value.data);
    }
}

static void on_head(void *context, const struct assay_net_response *response)
{
    struct record *record = context;
    record->heads_count++;
    (void)snprintf(record->content_type, sizeof record->content_type, "%.*s", (int)response->content_type.len,
                   response->content_type.data);
}

static bool on_body(void *context, const struct assay_net_span *span)
{
    struct record *record = context;
    assert_int_equal(span->body_offset, record->body_len);
    assert_true(record->body_len + span->len <= BODY_MAX);
    memcpy(record->body + record->body_len, span->data, span->len);
    record->body_len += span->len;
    if (record->spans_count < SPANS_MAX) {
        record->spans[record->spans_count] = assay_net_span_arrival(span, span->len);
        record->spans_after[record->spans_count++] = assay_net_span_after(span, span->len);
    }
    return record->stop_at == 0 || record->body_len < record->stop_at;
}

static void on_done(void *context, const struct assay_net_facts *facts)
{
    struct record *record = context;
    record->facts = *facts;
    record->done_count++;
}

static const struct assay_net_handler HANDLER = {on_segment, on_header, on_head, on_body, on_done};

static const char HEAD[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/* A server with its steps, a target, a loop: what nearly every test needs. */
struct bench {
    struct raw_server server;
    struct assay_net_target *target;
    struct assay_net_loop *loop;
    struct assay_net_stamping stamping;
    struct assay_net_request request;
    struct record record;
};

static struct bench bench;

static void begin(const struct raw_options *options, uint32_t slots)
{
    assay_err err = {0};
    memset(&bench, 0, sizeof bench);
    assert_int_equal(assay_net_stamping_open(&bench.stamping, &err), ASSAY_OK);
    raw_server_start(&bench.server, options);
    assert_int_equal(
        assay_net_target_open(&(struct assay_net_target_options){.url = bench.server.url}, &bench.target, &err),
        ASSAY_OK);
    assert_int_equal(assay_net_loop_new(&(struct assay_net_loop_options){.slots = slots}, &bench.loop, &err), ASSAY_OK);
    bench.request = (struct assay_net_request){.target = bench.target,
                                               .head = ASSAY_SLICE(HEAD),
                                               .timeouts = {.total_ns = 5 * ASSAY_NS_PER_S},
                                               .handler = &HANDLER,
                                               .context = &bench.record};
}

static void end(void)
{
    assay_net_loop_free(bench.loop);
    assay_net_target_close(bench.target);
    raw_server_stop(&bench.server);
    assay_net_stamping_close(&bench.stamping);
}

static void finish_all(void)
{
    while (assay_net_loop_in_flight(bench.loop) > 0) {
        (void)assay_net_loop_run(bench.loop, UINT64_MAX, ASSAY_NET_SLEEP);
    }
}

static const struct assay_net_facts *go(void)
{
    assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
    finish_all();
    assert_int_equal(bench.record.done_count, 1);
    return &bench.record.facts;
}

/* Again, until the machine let the client read each write by itself: what is asserted then must hold every time. */
static const struct assay_net_facts *go_until_read_in(size_t reads)
{
    const struct assay_net_facts *facts = go();
    for (int i = 0; i < 20 && bench.record.segments_count != reads; i++) {
        memset(&bench.record, 0, sizeof bench.record);
        facts = go();
    }
    assert_int_equal(bench.record.segments_count, reads);
    return facts;
}

#define STEPS(...)                                                                                                    \
    static const struct raw_step STEPS_OF_TEST[] = {__VA_ARGS__};                                                     \
    begin(                                                                                                            \
        &(struct raw_options){.steps = STEPS_OF_TEST, .steps_count = sizeof STEPS_OF_TEST / sizeof STEPS_OF_TEST[0]}, \
        4)

static void assert_outcome(const struct assay_net_facts *facts, enum assay_net_outcome expected)
{
    if (facts->outcome != expected) {
        fail_msg("%s (%s, %s), not %s", assay_net_outcome_name(facts->outcome), facts->reason ? facts->reason : "-",
                 strerror(facts->sys_errno), assay_net_outcome_name(expected));
    }
}

static void assert_body(const char *text)
{
    assert_int_equal(bench.record.body_len, strlen(text));
    assert_memory_equal(bench.record.body, text, strlen(text));
}

/* ---- framing --------------------------------------------------------------------------------------------------- */

static void a_counted_body_is_read_and_the_connection_is_used_again(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nX-Test: yes\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"});
    const struct assay_net_facts *facts = go();
    assert_outcome(facts, ASSAY_NET_OK);
    assert_body("hello");
    assert_int_equal(facts->status, 200);
    assert_string_equal(bench.record.content_type, "text/plain");
    assert_string_equal(bench.record.header, "yes");
    assert_false(facts->conn_reused);
    assert_true(facts->conn_start_ns <= facts->conn_end_ns && facts->conn_end_ns <= facts->send_enter_ns);
    assert_true(facts->send_enter_ns <= facts->send_return_ns && facts->send_return_ns <= facts->end_ns);
    assert_int_equal(facts->sent_bytes, sizeof HEAD - 1);
    assert_int_equal(facts->body_bytes, 5);
    assert_int_equal(facts->segments, bench.record.segments_count);
    memset(&bench.record, 0, sizeof bench.record);
    facts = go();
    assert_outcome(facts, ASSAY_NET_OK);
    assert_true(facts->conn_reused);
    assert_int_equal(facts->conn_start_ns, 0);
    assert_int_equal(assay_net_loop_stats(bench.loop).connections, 1);
    memset(&bench.record, 0, sizeof bench.record);
    bench.request.is_new_connection = true;
    assert_false(go()->conn_reused);
    assert_int_equal(assay_net_loop_stats(bench.loop).connections, 2);
    end();
}

static void chunks_are_unwrapped_wherever_they_are_split(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Enc"}, {RAW_PAUSE, .ms = 3},
          {RAW_SEND, "oding: chunked\r\n\r\n5\r\nhel"}, {RAW_PAUSE, .ms = 3}, {RAW_SEND, "lo\r"}, {RAW_PAUSE, .ms = 3},
          {RAW_SEND, "\n"}, {RAW_PAUSE, .ms = 3}, {RAW_SEND, "000006 ;x=\"y\"\r\n world\r\n0\r\nTrailer: t\r\n\r\n"});
    assert_outcome(go(), ASSAY_NET_OK);
    assert_body("hello world");
    assert_int_equal(bench.record.heads_count, 1);
    memset(&bench.record, 0, sizeof bench.record);
    assert_true(go()->conn_reused);
    end();
}

static void a_body_may_end_with_the_connection(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.0 200 OK\r\n\r\nto the "}, {RAW_PAUSE, .ms = 3}, {RAW_SEND, "end"}, {RAW_CLOSE});
    assert_outcome(go(), ASSAY_NET_OK);
    assert_body("to the end");
    memset(&bench.record, 0, sizeof bench.record);
    assert_false(go()->conn_reused);
    end();
}

static void answers_without_a_body_end_with_their_head(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 204 No Content\r\n\r\n"});
    assert_outcome(go(), ASSAY_NET_OK);
    memset(&bench.record, 0, sizeof bench.record);
    assert_true(go()->conn_reused);
    end();
}

static void the_answer_to_head_has_no_body_whatever_it_says(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"});
    bench.request.is_head_method = true;
    assert_outcome(go(), ASSAY_NET_OK);
    assert_int_equal(bench.record.body_len, 0);
    end();
}

static void an_error_status_is_a_complete_response_with_retry_after(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy"});
    assert_outcome(go(), ASSAY_NET_OK);
    assert_int_equal(bench.record.facts.status, 503);
    assert_int_equal(bench.record.facts.retry_after_ns, 7 * ASSAY_NS_PER_S);
    end();
}

/* ---- what can go wrong ----------------------------------------------------------------------------------------- */

static void bytes_after_the_end_are_counted_and_spend_the_connection(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokMORE"});
    assert_outcome(go(), ASSAY_NET_OK);
    assert_body("ok");
    assert_int_equal(bench.record.facts.bytes_after_end, 4);
    memset(&bench.record, 0, sizeof bench.record);
    assert_false(go()->conn_reused);
    end();
}

static void wrong_http_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum assay_net_outcome outcome;
    } CASES[] = {
        {"SSH-2.0-OpenSSH\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 2x0 OK\r\n\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 101 Switching\r\n\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", ASSAY_NET_BAD_HTTP},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", ASSAY_NET_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 268435457\r\n\r\n", ASSAY_NET_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", ASSAY_NET_ENCODED},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct raw_step step = {RAW_SEND, CASES[i].text};
        begin(&(struct raw_options){.steps = &step, .steps_count = 1}, 1);
        assert_outcome(go(), CASES[i].outcome);
        assert_non_null(bench.record.facts.reason);
        end();
    }
}

static void a_header_block_over_its_limit_is_too_large(void **state)
{
    (void)state;
    static char text[ASSAY_NET_HEADER_BYTES_MAX + 100];
    memset(text, 'a', sizeof text);
    memcpy(text, "HTTP/1.1 200 OK\r\nx: ", 20);
    const struct raw_step step = {RAW_SEND, text, sizeof text};
    begin(&(struct raw_options){.steps = &step, .steps_count = 1}, 1);
    assert_outcome(go(), ASSAY_NET_TOO_LARGE);
    end();
}

static void a_close_inside_the_response_keeps_what_came(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}, {RAW_CLOSE});
    assert_outcome(go(), ASSAY_NET_CLOSED);
    assert_body("half");
    assert_int_equal(bench.record.facts.status, 200);
    end();
}

static void a_reset_is_a_reset(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}, {RAW_PAUSE, .ms = 20}, {RAW_RESET});
    assert_outcome(go(), ASSAY_NET_RESET);
    assert_body("half");
    end();
}

static void a_port_that_nobody_listens_on_refuses(void **state)
{
    (void)state;
    STEPS({RAW_CLOSE});
    raw_server_stop(&bench.server);
    assert_outcome(go(), ASSAY_NET_REFUSED);
    assert_int_equal(bench.record.facts.status, 0);
    assert_int_equal(bench.record.facts.send_enter_ns, ASSAY_NS_ABSENT);
    assay_net_loop_free(bench.loop);
    assay_net_target_close(bench.target);
    assay_net_stamping_close(&bench.stamping);
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

static void each_time_out_has_its_own_outcome(void **state)
{
    (void)state;
    static const struct raw_step SILENT[] = {{RAW_PAUSE, .ms = 300}};
    static const struct raw_step HEAD_ONLY[] = {{RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
                                                {RAW_PAUSE, .ms = 300}};
    static const struct raw_step STALLS[] = {{RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"},
                                             {RAW_PAUSE, .ms = 300}};
    static const struct {
        const struct raw_step *steps;
        size_t count;
        struct assay_net_timeouts timeouts;
        enum assay_net_outcome outcome;
    } CASES[] = {
        {SILENT, 1, {.first_ns = 50000000}, ASSAY_NET_TIMEOUT_FIRST},
        {HEAD_ONLY, 2, {.first_ns = 50000000, .stall_ns = 10000000}, ASSAY_NET_TIMEOUT_FIRST},
        {STALLS, 2, {.first_ns = 2000000000, .stall_ns = 50000000}, ASSAY_NET_TIMEOUT_STALL},
        {STALLS, 2, {.stall_ns = 2000000000, .total_ns = 50000000}, ASSAY_NET_TIMEOUT_TOTAL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        begin(&(struct raw_options){.steps = CASES[i].steps, .steps_count = CASES[i].count}, 1);
        bench.request.timeouts = CASES[i].timeouts;
        uint64_t start = assay_clock_mono_ns();
        assert_outcome(go(), CASES[i].outcome);
        assert_in_range(assay_clock_mono_ns() - start, 49 * ASSAY_NS_PER_MS, 1900 * ASSAY_NS_PER_MS);
        end();
    }
}

static void a_full_backlog_times_out_in_connecting(void **state)
{
    (void)state;
    assay_err err = {0};
    memset(&bench, 0, sizeof bench);
    struct assay_net_listener listener;
    assert_int_equal(assay_net_listen("127.0.0.1", 0, &listener, &err), ASSAY_OK);
    assert_int_equal(listen(listener.fd, 0), 0); /* nobody accepts: the first connections fill the queue */
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)listener.port);
    assert_int_equal(assay_net_target_open(&(struct assay_net_target_options){.url = url}, &bench.target, &err),
                     ASSAY_OK);
    assert_int_equal(assay_net_loop_new(&(struct assay_net_loop_options){.slots = 8}, &bench.loop, &err), ASSAY_OK);
    bench.request = (struct assay_net_request){.target = bench.target,
                                               .head = ASSAY_SLICE(HEAD),
                                               .timeouts = {.connect_ns = 50000000, .first_ns = 60000000},
                                               .handler = &HANDLER,
                                               .context = &bench.record};
    size_t timed_out = 0;
    for (int i = 0; i < 6; i++) {
        assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
        finish_all();
        timed_out += bench.record.facts.outcome == ASSAY_NET_TIMEOUT_CONNECT;
    }
    assert_true(timed_out >= 3);
    assay_net_loop_free(bench.loop);
    assay_net_target_close(bench.target);
    assay_net_listener_close(&listener);
}

static void a_deadline_of_run_is_kept_and_the_request_goes_on(void **state)
{
    (void)state;
    STEPS({RAW_PAUSE, .ms = 400}, {RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
    uint64_t until = assay_clock_mono_ns() + 20 * ASSAY_NS_PER_MS;
    assert_int_equal(assay_net_loop_run(bench.loop, until, ASSAY_NET_SLEEP), 0);
    assert_in_range(assay_clock_mono_ns(), until, until + 200 * ASSAY_NS_PER_MS);
    until = assay_clock_mono_ns() + 5 * ASSAY_NS_PER_MS;
    assert_int_equal(assay_net_loop_run(bench.loop, until, ASSAY_NET_BUSY), 0);
    assert_true(assay_clock_mono_ns() >= until);
    finish_all();
    assert_outcome(&bench.record.facts, ASSAY_NET_OK);
    end();
}

static void a_kernel_without_exact_waits_is_served_to_the_microsecond_all_the_same(void **state)
{
    (void)state;
    STEPS({RAW_PAUSE, .ms = 400}, {RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    bench.loop->has_no_pwait2 = true;
    assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
    uint64_t until = assay_clock_mono_ns() + 5500 * ASSAY_NS_PER_US;
    assert_int_equal(assay_net_loop_run(bench.loop, until, ASSAY_NET_SLEEP), 0);
    assert_in_range(assay_clock_mono_ns(), until, until + 200 * ASSAY_NS_PER_MS);
    finish_all();
    assert_outcome(&bench.record.facts, ASSAY_NET_OK);
    end();
}

/* ---- the caller's will ----------------------------------------------------------------------------------------- */

static void a_request_can_be_cancelled_or_stopped(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, {RAW_PAUSE, .ms = 100});
    int32_t slot = assay_net_loop_submit(bench.loop, &bench.request);
    (void)assay_net_loop_run(bench.loop, assay_clock_mono_ns() + 20 * ASSAY_NS_PER_MS, ASSAY_NET_SLEEP);
    assay_net_loop_cancel(bench.loop, slot);
    assert_int_equal(bench.record.done_count, 1);
    assert_outcome(&bench.record.facts, ASSAY_NET_CANCELLED);
    assert_int_equal(assay_net_loop_in_flight(bench.loop), 0);
    assay_net_loop_cancel(bench.loop, slot); /* nothing is there any more */
    assert_int_equal(bench.record.done_count, 1);
    memset(&bench.record, 0, sizeof bench.record);
    bench.record.stop_at = 2;
    assert_outcome(go(), ASSAY_NET_STOPPED);
    end();
}

static void busy_slots_refuse_a_request_and_idle_ones_give_way(void **state)
{
    (void)state;
    static const struct raw_step STEP[] = {{RAW_PAUSE, .ms = 10},
                                           {RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}};
    begin(&(struct raw_options){.steps = STEP, .steps_count = 2}, 2);
    static struct record records[3];
    memset(records, 0, sizeof records);
    for (int i = 0; i < 3; i++) {
        bench.request.context = &records[i];
        assert_int_equal(assay_net_loop_submit(bench.loop, &bench.request), i < 2 ? i : -1);
    }
    finish_all();
    assert_int_equal(records[0].done_count + records[1].done_count, 2);
    bench.request.is_new_connection = true;
    assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
    finish_all();
    assert_outcome(&records[2].facts, ASSAY_NET_OK);
    end();
}

static size_t chain_left;

static void submit_next(void *context, const struct assay_net_facts *facts)
{
    assert_outcome(facts, ASSAY_NET_OK);
    (void)context;
    if (chain_left > 0) {
        chain_left--;
        assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
    }
}

static void on_done_may_submit_the_next_request(void **state)
{
    (void)state;
    static const struct assay_net_handler CHAIN = {.on_done = submit_next};
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    bench.request.handler = &CHAIN;
    chain_left = 200;
    assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
    finish_all();
    assert_int_equal(chain_left, 0);
    assert_int_equal(atomic_load(&bench.server.requests), 201);
    assert_int_equal(assay_net_loop_stats(bench.loop).connections, 1);
    end();
}

static void an_idle_connection_that_the_server_closed_is_not_used(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {RAW_CLOSE});
    assert_outcome(go(), ASSAY_NET_OK);
    (void)usleep(20000);
    memset(&bench.record, 0, sizeof bench.record);
    assert_outcome(go(), ASSAY_NET_OK); /* without the look before reuse: CLOSED */
    end();
}

/* ---- large requests -------------------------------------------------------------------------------------------- */

static void a_large_request_arrives_whole_and_its_last_byte_is_stamped(void **state)
{
    (void)state;
    enum { BODY = 400000 };
    static char body[BODY];
    memset(body, 'p', sizeof body);
    static const struct raw_step STEP = {RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    begin(&(struct raw_options){.steps = &STEP, .steps_count = 1, .receive_buffer_bytes = 8192}, 1);
    bench.request.head = ASSAY_SLICE("POST / HTTP/1.1\r\nContent-Length: 400000\r\n\r\n");
    bench.request.body = (struct assay_slice){body, BODY};
    const struct assay_net_facts *facts = go();
    assert_outcome(facts, ASSAY_NET_OK);
    assert_int_equal(facts->sent_bytes, bench.request.head.len + BODY);
    if (!assay_net_loop_stats(bench.loop).is_tx_refused) {
        assert_true(facts->tx.ns != ASSAY_NS_ABSENT);
        assert_true(facts->tx.ns >= facts->send_enter_ns && facts->tx.ns <= facts->first_byte.hi_ns);
    }
    end();
}

static void an_answer_to_a_request_that_could_not_be_sent_is_still_read(void **state)
{
    (void)state;
    enum { BODY = 8000000 };
    static char body[BODY];
    static const struct raw_step STEPS[] = {
        {RAW_SEND, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"},
        {RAW_PAUSE, .ms = 50}};
    begin(&(struct raw_options){.steps = STEPS, .steps_count = 2, .answers_at_once = true}, 1);
    bench.request.head = ASSAY_SLICE("POST / HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n");
    bench.request.body = (struct assay_slice){body, BODY};
    const struct assay_net_facts *facts = go();
    assert_outcome(facts, ASSAY_NET_OK);
    assert_int_equal(facts->status, 413);
    end();
}

static void a_server_that_goes_away_while_it_is_sent_to_is_a_send_failure(void **state)
{
    (void)state;
    enum { BODY = 8000000 };
    static char body[BODY];
    static const struct raw_step STEPS[] = {{RAW_PAUSE, .ms = 20}, {RAW_RESET}};
    begin(&(struct raw_options){.steps = STEPS, .steps_count = 2, .answers_at_once = true}, 1);
    bench.request.head = ASSAY_SLICE("POST / HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n");
    bench.request.body = (struct assay_slice){body, BODY};
    const struct assay_net_facts *facts = go();
    assert_true(facts->outcome == ASSAY_NET_SEND_FAILED || facts->outcome == ASSAY_NET_RESET);
    assert_true(facts->sys_errno != 0);
    end();
}

/* ---- stamps ---------------------------------------------------------------------------------------------------- */

static void kernel_stamps_enclose_what_happened(void **state)
{
    (void)state;
    STEPS({RAW_PAUSE, .ms = 20}, {RAW_SEND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
          {RAW_PAUSE, .ms = 20}, {RAW_SEND, "3\r\none\r\n"}, {RAW_PAUSE, .ms = 20}, {RAW_SEND, "3\r\ntwo\r\n"},
          {RAW_PAUSE, .ms = 20}, {RAW_SEND, "5\r\nthree\r\n0\r\n\r\n"});
    bench.request.wants_tx_ack = true;
    const struct assay_net_facts *facts = go_until_read_in(4);
    assert_outcome(facts, ASSAY_NET_OK);
    assert_int_equal(bench.record.spans_count, 3);
    if (!bench.stamping.is_on || assay_net_loop_stats(bench.loop).is_inq_refused) {
        print_message("no kernel stamps here: absent is what was seen\n");
        assert_true(facts->unstamped_segments > 0 || bench.record.spans[0].quality != ASSAY_NET_EXACT);
        end();
        return;
    }
    assert_int_equal(facts->unstamped_segments, 0);
    assert_int_equal(facts->hdr.quality, ASSAY_NET_EXACT);
    assert_int_equal(bench.record.spans[0].quality, ASSAY_NET_EXACT); /* the chunk's CRLF is part of the extent */
    assert_int_equal(bench.record.spans[1].quality, ASSAY_NET_EXACT);
    assert_int_equal(bench.record.spans[2].quality, ASSAY_NET_BOUNDED); /* the last chunk's 0 follows in the read */
    assert_int_equal(bench.record.spans_after[2], 5);
    assert_int_equal(facts->end.quality, ASSAY_NET_EXACT);
    assert_true(facts->tx.ns >= facts->send_enter_ns && facts->tx.ns < facts->hdr.lo_ns);
    assert_int_equal(assay_net_facts_start(facts).quality, ASSAY_NET_EXACT);
    uint64_t last = facts->hdr.hi_ns;
    for (size_t i = 0; i < 3; i++) {
        assert_true(bench.record.spans[i].lo_ns <= bench.record.spans[i].hi_ns);
        assert_in_range(bench.record.spans[i].hi_ns - last, 19 * ASSAY_NS_PER_MS, 500 * ASSAY_NS_PER_MS);
        last = bench.record.spans[i].hi_ns;
    }
    assert_true(facts->tx.uncertainty_ns < 1000000);
    end();
}

static void many_requests_at_once_get_each_their_own_answer(void **state)
{
    (void)state;
    enum { STREAMS = 100 };
    static struct record records[STREAMS];
    static const struct raw_step STEPS[] = {
        {RAW_SEND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"},
        {RAW_PAUSE, .ms = 5},
        {RAW_SEND, "1\r\nb\r\n"},
        {RAW_PAUSE, .ms = 5},
        {RAW_SEND, "1\r\nc\r\n0\r\n\r\n"}};
    begin(&(struct raw_options){.steps = STEPS, .steps_count = 5}, STREAMS);
    memset(records, 0, sizeof records);
    for (size_t i = 0; i < STREAMS; i++) {
        bench.request.context = &records[i];
        assert_true(assay_net_loop_submit(bench.loop, &bench.request) >= 0);
    }
    assert_int_equal(assay_net_loop_in_flight(bench.loop), STREAMS);
    finish_all();
    for (size_t i = 0; i < STREAMS; i++) {
        assert_int_equal(records[i].done_count, 1);
        assert_outcome(&records[i].facts, ASSAY_NET_OK);
        assert_int_equal(records[i].body_len, 3);
        assert_memory_equal(records[i].body, "abc", 3);
    }
    end();
}

static void the_measured_phase_allocates_nothing(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na"}, {RAW_PAUSE, .ms = 1},
          {RAW_SEND, "bc\r\n0\r\n\r\n"});
    assay_mem_fail_at(1); /* armed: whoever allocates next uses the failure up */
    for (size_t i = 0; i < 20; i++) {
        memset(&bench.record, 0, sizeof bench.record);
        bench.request.is_new_connection = i % 2 == 0;
        assert_outcome(go(), ASSAY_NET_OK);
    }
    void *memory = assay_alloc(1, 1);
    assay_mem_fail_at(0);
    assert_null(memory); /* nobody did */
    assay_free(memory);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counted_body_is_read_and_the_connection_is_used_again),
        cmocka_unit_test(chunks_are_unwrapped_wherever_they_are_split),
        cmocka_unit_test(a_body_may_end_with_the_connection),
        cmocka_unit_test(answers_without_a_body_end_with_their_head),
        cmocka_unit_test(the_answer_to_head_has_no_body_whatever_it_says),
        cmocka_unit_test(an_error_status_is_a_complete_response_with_retry_after),
        cmocka_unit_test(bytes_after_the_end_are_counted_and_spend_the_connection),
        cmocka_unit_test(wrong_http_is_told_apart),
        cmocka_unit_test(a_header_block_over_its_limit_is_too_large),
        cmocka_unit_test(a_close_inside_the_response_keeps_what_came),
        cmocka_unit_test(a_reset_is_a_reset),
        cmocka_unit_test(a_port_that_nobody_listens_on_refuses),
        cmocka_unit_test(each_time_out_has_its_own_outcome),
        cmocka_unit_test(a_full_backlog_times_out_in_connecting),
        cmocka_unit_test(a_deadline_of_run_is_kept_and_the_request_goes_on),
        cmocka_unit_test(a_kernel_without_exact_waits_is_served_to_the_microsecond_all_the_same),
        cmocka_unit_test(a_request_can_be_cancelled_or_stopped),
        cmocka_unit_test(busy_slots_refuse_a_request_and_idle_ones_give_way),
        cmocka_unit_test(on_done_may_submit_the_next_request),
        cmocka_unit_test(an_idle_connection_that_the_server_closed_is_not_used),
        cmocka_unit_test(a_large_request_arrives_whole_and_its_last_byte_is_stamped),
        cmocka_unit_test(an_answer_to_a_request_that_could_not_be_sent_is_still_read),
        cmocka_unit_test(a_server_that_goes_away_while_it_is_sent_to_is_a_send_failure),
        cmocka_unit_test(kernel_stamps_enclose_what_happened),
        cmocka_unit_test(many_requests_at_once_get_each_their_own_answer),
        cmocka_unit_test(the_measured_phase_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
