/* https, and requests through a proxy, against a raw server with a certificate of the test's own. */
#include "support/certificate.h"
#include "support/raw_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static SSL_CTX *server_tls;
static char ca_file[64];
static struct assay_net_stamping stamping;

static const char HEAD[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

struct record {
    char body[1024];
    size_t body_len, done_count, segments_count;
    struct assay_net_arrival spans[8];
    size_t spans_count;
    uint64_t end_offset;
    struct assay_net_facts facts;
};

static void on_segment(void *context, const struct assay_net_segment *segment)
{
    struct record *record = context;
    record->segments_count++;
    record->end_offset = segment->end_offset;
}

static bool on_body(void *context, const struct assay_net_span *span)
{
    struct record *record = context;
    assert_true(record->body_len + span->len <= sizeof record->body);
    memcpy(record->body + record->body_len, span->data, span->len);
    record->body_len += span->len;
    if (record->spans_count < 8) {
        record->spans[record->spans_count++] = assay_net_span_arrival(span, span->len);
    }
    return true;
}

static void on_done(void *context, const struct assay_net_facts *facts)
{
    struct record *record = context;
    record->facts = *facts;
    record->done_count++;
}

static const struct assay_net_handler HANDLER = {.on_segment = on_segment, .on_body = on_body, .on_done = on_done};

static int open_all(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* the test's server uses SSL_write on its sockets */
    server_tls = test_certificate_server(ca_file);
    return assay_net_stamping_open(&stamping, NULL) == ASSAY_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    test_certificate_done(server_tls, ca_file);
    assay_net_stamping_close(&stamping);
    return 0;
}

/* Asks `times` times on one loop; the facts of the last answer are kept. */
static void ask(const struct assay_net_target_options *options, struct assay_slice body, size_t times,
                struct record *record)
{
    assay_err err = {0};
    struct assay_net_target *target;
    struct assay_net_loop *loop;
    if (assay_net_target_open(options, &target, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(assay_net_loop_new(&(struct assay_net_loop_options){.slots = 2}, &loop, &err), ASSAY_OK);
    char head[128];
    (void)snprintf(head, sizeof head, "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", body.len);
    for (size_t i = 0; i < times; i++) {
        memset(record, 0, sizeof *record);
        struct assay_net_request request = {.target = target,
                                            .head = body.len ? assay_slice_of(head) : ASSAY_SLICE(HEAD),
                                            .body = body,
                                            .timeouts = {.total_ns = 5 * ASSAY_NS_PER_S},
                                            .handler = &HANDLER,
                                            .context = record};
        assert_int_equal(assay_net_loop_submit(loop, &request), 0);
        while (record->done_count == 0) {
            (void)assay_net_loop_run(loop, UINT64_MAX, ASSAY_NET_SLEEP);
        }
    }
    assay_net_loop_free(loop);
    assay_net_target_close(target);
}

static void assert_outcome(const struct record *record, enum assay_net_outcome expected)
{
    if (record->facts.outcome != expected) {
        fail_msg("%s (%s), not %s", assay_net_outcome_name(record->facts.outcome),
                 record->facts.reason ? record->facts.reason : "-", assay_net_outcome_name(expected));
    }
}

static const struct raw_step CHUNKS[] = {
    {RAW_SEND, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {RAW_PAUSE, .ms = 10},
    {RAW_SEND, "3\r\none\r\n"},
    {RAW_PAUSE, .ms = 10},
    {RAW_SEND, "3\r\ntwo\r\n0\r\n\r\n"},
};

static void https_works_and_its_connection_is_used_again(void **state)
{
    (void)state;
    static struct raw_server server;
    static struct record record;
    raw_server_start(&server, &(struct raw_options){.steps = CHUNKS, .steps_count = 5, .tls = server_tls});
    struct assay_net_target_options options = {.url = server.url, .ca_file = ca_file};
    ask(&options, (struct assay_slice){NULL, 0}, 1, &record);
    assert_outcome(&record, ASSAY_NET_OK);
    assert_int_equal(record.body_len, 6);
    assert_memory_equal(record.body, "onetwo", 6);
    assert_true(record.facts.conn_end_ns < record.facts.tls_end_ns);
    assert_true(record.facts.tls_end_ns <= record.facts.send_enter_ns);
    assert_true(record.facts.received_bytes > record.end_offset); /* the wire carries more than the plain bytes */
    ask(&options, (struct assay_slice){NULL, 0}, 5, &record);
    assert_outcome(&record, ASSAY_NET_OK);
    assert_true(record.facts.conn_reused);
    assert_int_equal(record.facts.tls_end_ns, 0);
    raw_server_stop(&server);
}

static void stamps_of_a_record_are_those_of_its_last_byte(void **state)
{
    (void)state;
    static struct raw_server server;
    static struct record record;
    raw_server_start(&server, &(struct raw_options){.steps = CHUNKS, .steps_count = 5, .tls = server_tls});
    struct assay_net_target_options options = {.url = server.url, .ca_file = ca_file};
    record.segments_count = 0;
    for (int i = 0; i < 20 && record.segments_count != 3; i++) { /* until each write was read by itself */
        ask(&options, (struct assay_slice){NULL, 0}, 2, &record);
    }
    assert_int_equal(record.segments_count, 3);
    assert_outcome(&record, ASSAY_NET_OK);
    assert_int_equal(record.spans_count, 2);
    if (stamping.is_on) {
        assert_int_equal(record.spans[0].quality, ASSAY_NET_EXACT);
        assert_int_equal(record.spans[1].quality, ASSAY_NET_BOUNDED); /* 0 CRLF CRLF follows in its record */
        assert_int_equal(record.facts.end.quality, ASSAY_NET_EXACT);
        assert_in_range(record.spans[1].hi_ns - record.spans[0].hi_ns, 9 * ASSAY_NS_PER_MS, 500 * ASSAY_NS_PER_MS);
        assert_true(record.facts.tx.ns != ASSAY_NS_ABSENT);
        assert_true(record.facts.tx.ns >= record.facts.send_enter_ns && record.facts.tx.ns < record.facts.hdr.lo_ns);
    }
    raw_server_stop(&server);
}

static void a_large_request_over_tls_arrives_whole(void **state)
{
    (void)state;
    enum { BODY = 500000 };
    static char body[BODY];
    memset(body, 'q', sizeof body);
    static struct raw_server server;
    static struct record record;
    static const struct raw_step STEP = {RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    raw_server_start(&server, &(struct raw_options){
                                  .steps = &STEP, .steps_count = 1, .tls = server_tls, .receive_buffer_bytes = 8192});
    ask(&(struct assay_net_target_options){.url = server.url, .ca_file = ca_file}, (struct assay_slice){body, BODY}, 2,
        &record);
    assert_outcome(&record, ASSAY_NET_OK);
    assert_true(record.facts.sent_bytes > BODY);
    assert_int_equal(atomic_load(&server.requests), 2);
    raw_server_stop(&server);
}

static void a_certificate_is_verified_unless_told_otherwise(void **state)
{
    (void)state;
    static struct raw_server server;
    static struct record record;
    char by_name[64];
    raw_server_start(&server, &(struct raw_options){.steps = CHUNKS, .steps_count = 5, .tls = server_tls});
    ask(&(struct assay_net_target_options){.url = server.url}, (struct assay_slice){NULL, 0}, 1, &record);
    assert_outcome(&record, ASSAY_NET_TLS_FAILED);
    assert_non_null(strstr(record.facts.reason, "self"));
    ask(&(struct assay_net_target_options){.url = server.url, .is_insecure = true}, (struct assay_slice){NULL, 0}, 1,
        &record);
    assert_outcome(&record, ASSAY_NET_OK);
    (void)snprintf(by_name, sizeof by_name, "https://localhost:%u/", (unsigned)server.listener.port);
    ask(&(struct assay_net_target_options){.url = by_name, .ca_file = ca_file}, (struct assay_slice){NULL, 0}, 1,
        &record);
    assert_outcome(&record, ASSAY_NET_OK);
    raw_server_stop(&server);
}

static void a_certificate_for_another_host_is_refused(void **state)
{
    (void)state;
    struct raw_server *server = calloc(1, sizeof *server), *proxy = calloc(1, sizeof *proxy);
    assert_true(server && proxy);
    static struct record record;
    static const struct raw_step RELAY = {RAW_RELAY};
    char proxy_url[64];
    raw_server_start(server, &(struct raw_options){.steps = CHUNKS, .steps_count = 5, .tls = server_tls});
    raw_server_start(proxy,
                     &(struct raw_options){.steps = &RELAY, .steps_count = 1, .relay_port = server->listener.port});
    (void)snprintf(proxy_url, sizeof proxy_url, "http://127.0.0.1:%u", (unsigned)proxy->listener.port);
    ask(&(struct assay_net_target_options){.url = "https://other.example/", .ca_file = ca_file, .proxy = proxy_url},
        (struct assay_slice){NULL, 0}, 1, &record);
    assert_outcome(&record, ASSAY_NET_TLS_FAILED);
    assert_non_null(strstr(record.facts.reason, "ostname"));
    raw_server_stop(server);
    raw_server_stop(proxy);
    free(server);
    free(proxy);
}

static void https_goes_through_a_proxy_by_connect(void **state)
{
    (void)state;
    struct raw_server *server = calloc(1, sizeof *server), *proxy = calloc(1, sizeof *proxy);
    assert_true(server && proxy);
    static struct record record;
    static const struct raw_step RELAY = {RAW_RELAY};
    char proxy_url[64];
    raw_server_start(server, &(struct raw_options){.steps = CHUNKS, .steps_count = 5, .tls = server_tls});
    raw_server_start(proxy,
                     &(struct raw_options){.steps = &RELAY, .steps_count = 1, .relay_port = server->listener.port});
    (void)snprintf(proxy_url, sizeof proxy_url, "http://me:pw@127.0.0.1:%u", (unsigned)proxy->listener.port);
    ask(&(struct assay_net_target_options){.url = "https://localhost/", .ca_file = ca_file, .proxy = proxy_url},
        (struct assay_slice){NULL, 0}, 3, &record);
    assert_outcome(&record, ASSAY_NET_OK);
    assert_int_equal(record.body_len, 6);
    assert_true(record.facts.conn_reused);
    assert_int_equal(atomic_load(&proxy->connections), 1);
    assert_non_null(strstr(proxy->last_request, "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n"));
    assert_non_null(strstr(proxy->last_request, "Proxy-Authorization: Basic bWU6cHc=\r\n"));
    raw_server_stop(server);
    raw_server_stop(proxy);
    free(server);
    free(proxy);
}

static void a_record_that_was_begun_in_the_read_makes_the_one_before_it_bounded(void **state)
{
    (void)state;
    struct raw_server *server = calloc(1, sizeof *server), *proxy = calloc(1, sizeof *proxy);
    assert_true(server && proxy);
    static struct record record;
    static const struct raw_step RELAY = {RAW_RELAY};
    char proxy_url[64];
    raw_server_start(server, &(struct raw_options){.steps = CHUNKS, .steps_count = 5, .tls = server_tls});
    raw_server_start(
        proxy, &(struct raw_options){
                   .steps = &RELAY, .steps_count = 1, .relay_port = server->listener.port, .relay_holds_back = 8});
    (void)snprintf(proxy_url, sizeof proxy_url, "http://127.0.0.1:%u", (unsigned)proxy->listener.port);
    ask(&(struct assay_net_target_options){.url = "https://localhost/", .ca_file = ca_file, .proxy = proxy_url},
        (struct assay_slice){NULL, 0}, 1, &record);
    assert_outcome(&record, ASSAY_NET_OK);
    assert_int_equal(record.spans_count, 2);
    if (stamping.is_on) { /* "one" ends with the first bytes of a read that goes on with most of "two" */
        assert_int_equal(record.spans[0].quality, ASSAY_NET_BOUNDED);
        assert_int_equal(record.facts.hdr.quality, ASSAY_NET_BOUNDED);
        assert_int_equal(record.facts.end.quality, ASSAY_NET_EXACT);
    }
    raw_server_stop(server);
    raw_server_stop(proxy);
    free(server);
    free(proxy);
}

static void a_proxy_that_says_no_makes_the_host_unreachable(void **state)
{
    (void)state;
    static struct raw_server proxy;
    static struct record record;
    static const struct raw_step NO[] = {{RAW_SEND, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"}, {RAW_CLOSE}};
    char proxy_url[64];
    raw_server_start(&proxy, &(struct raw_options){.steps = NO, .steps_count = 2});
    (void)snprintf(proxy_url, sizeof proxy_url, "http://127.0.0.1:%u", (unsigned)proxy.listener.port);
    ask(&(struct assay_net_target_options){.url = "https://localhost/", .ca_file = ca_file, .proxy = proxy_url},
        (struct assay_slice){NULL, 0}, 1, &record);
    assert_outcome(&record, ASSAY_NET_UNREACHABLE);
    assert_non_null(strstr(record.facts.reason, "password"));
    raw_server_stop(&proxy);
}

static void a_server_without_tls_fails_the_handshake(void **state)
{
    (void)state;
    static struct raw_server server;
    static struct record record;
    static const struct raw_step STEPS[] = {{RAW_SEND, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"},
                                            {RAW_CLOSE}};
    char url[64];
    raw_server_start(&server, &(struct raw_options){.steps = STEPS, .steps_count = 2, .answers_at_once = true});
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", (unsigned)server.listener.port);
    ask(&(struct assay_net_target_options){.url = url, .ca_file = ca_file}, (struct assay_slice){NULL, 0}, 1, &record);
    assert_outcome(&record, ASSAY_NET_TLS_FAILED);
    raw_server_stop(&server);
}

static void a_tls_body_that_ends_without_a_goodbye_is_cut(void **state)
{
    (void)state;
    static struct raw_server server;
    static struct record record;
    static const struct raw_step POLITE[] = {{RAW_SEND, "HTTP/1.1 200 OK\r\n\r\nall of it"}, {RAW_CLOSE}};
    static const struct raw_step RUDE[] = {{RAW_SEND, "HTTP/1.1 200 OK\r\n\r\nhalf of"}, {RAW_CUT}};
    raw_server_start(&server, &(struct raw_options){.steps = POLITE, .steps_count = 2, .tls = server_tls});
    ask(&(struct assay_net_target_options){.url = server.url, .ca_file = ca_file}, (struct assay_slice){NULL, 0}, 1,
        &record);
    assert_outcome(&record, ASSAY_NET_OK);
    assert_int_equal(record.body_len, 9);
    raw_server_stop(&server);
    raw_server_start(&server, &(struct raw_options){.steps = RUDE, .steps_count = 2, .tls = server_tls});
    ask(&(struct assay_net_target_options){.url = server.url, .ca_file = ca_file}, (struct assay_slice){NULL, 0}, 1,
        &record);
    assert_outcome(&record, ASSAY_NET_CLOSED);
    assert_non_null(strstr(record.facts.reason, "goodbye"));
    assert_int_equal(record.body_len, 7);
    raw_server_stop(&server);
}

static void a_wrong_ca_file_is_said_when_the_target_is_opened(void **state)
{
    (void)state;
    assay_err err = {0};
    struct assay_net_target *target;
    struct assay_net_target_options options = {.url = "https://127.0.0.1:1/", .ca_file = "/does/not/exist.pem"};
    assert_int_equal(assay_net_target_open(&options, &target, &err), ASSAY_NOT_FOUND);
    assert_non_null(strstr(err.message, "/does/not/exist.pem"));
    options.ca_file = "/dev/null";
    assert_int_equal(assay_net_target_open(&options, &target, &err), ASSAY_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(https_works_and_its_connection_is_used_again),
        cmocka_unit_test(stamps_of_a_record_are_those_of_its_last_byte),
        cmocka_unit_test(a_large_request_over_tls_arrives_whole),
        cmocka_unit_test(a_certificate_is_verified_unless_told_otherwise),
        cmocka_unit_test(a_certificate_for_another_host_is_refused),
        cmocka_unit_test(https_goes_through_a_proxy_by_connect),
        cmocka_unit_test(a_record_that_was_begun_in_the_read_makes_the_one_before_it_bounded),
        cmocka_unit_test(a_proxy_that_says_no_makes_the_host_unreachable),
        cmocka_unit_test(a_server_without_tls_fails_the_handshake),
        cmocka_unit_test(a_tls_body_that_ends_without_a_goodbye_is_cut),
        cmocka_unit_test(a_wrong_ca_file_is_said_when_the_target_is_opened),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
