#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char POST[] = "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: a\r\nContent-Type:  application/json \r\n"
                           "content-length: 5\r\n\r\nhelloGET";

static void assert_is_the_post(const struct assay_net_req *req)
{
    assert_true(assay_slice_is(req->method, "POST"));
    assert_true(assay_slice_is(req->path, "/v1/chat/completions"));
    assert_true(assay_slice_is(req->query, "x=1"));
    assert_true(assay_slice_is(assay_net_req_header(req, "content-type"), "application/json"));
    assert_null(assay_net_req_header(req, "cookie").data);
    assert_true(assay_slice_is(req->body, "hello"));
    assert_true(req->is_keep_alive);
}

static void a_request_is_read_alike_for_every_split_and_the_next_one_is_left(void **state)
{
    (void)state;
    const size_t len = sizeof POST - 1, own = len - 3;
    for (size_t cut = 0; cut <= own; cut++) {
        char buffer[512];
        struct assay_net_req req;
        size_t used, more;
        assay_net_req_init(&req, buffer, sizeof buffer);
        enum assay_net_req_status first = assay_net_req_feed(&req, POST, cut, &used);
        assert_int_equal(used, cut);
        assert_int_equal(first, cut == own ? ASSAY_NET_REQ_DONE : ASSAY_NET_REQ_MORE);
        assert_int_equal(assay_net_req_feed(&req, POST + cut, len - cut, &more), ASSAY_NET_REQ_DONE);
        assert_int_equal(used + more, own);
        assert_is_the_post(&req);
    }
}

static void a_request_byte_by_byte_is_the_same_request(void **state)
{
    (void)state;
    char buffer[512];
    struct assay_net_req req;
    assay_net_req_init(&req, buffer, sizeof buffer);
    size_t used;
    for (size_t i = 0; i < sizeof POST - 4; i++) {
        (void)assay_net_req_feed(&req, POST + i, 1, &used);
        assert_int_equal(used, 1);
    }
    assert_int_equal(req.status, ASSAY_NET_REQ_DONE);
    assert_is_the_post(&req);
}

static enum assay_net_req_status status_of(const char *text, size_t capacity, const char **ret_reason)
{
    char buffer[512];
    struct assay_net_req req;
    size_t used;
    assay_net_req_init(&req, buffer, capacity);
    enum assay_net_req_status status = assay_net_req_feed(&req, text, strlen(text), &used);
    *ret_reason = req.reason;
    return status;
}

static void malformed_requests_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "GET\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "G ET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nbad name: x\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\rc\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        const char *reason;
        assert_int_equal(status_of(BAD[i], 512, &reason), ASSAY_NET_REQ_BAD);
        assert_non_null(reason);
    }
}

static void a_request_over_its_buffer_is_too_large(void **state)
{
    (void)state;
    const char *reason;
    assert_int_equal(status_of("GET /aaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n\r\n", 16, &reason), ASSAY_NET_REQ_TOO_LARGE);
    assert_int_equal(status_of("POST / HTTP/1.1\r\nContent-Length: 490\r\n\r\n", 512, &reason),
                     ASSAY_NET_REQ_TOO_LARGE);
}

static void keep_alive_follows_version_and_header(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_keep_alive;
    } CASES[] = {
        {"GET / HTTP/1.1\r\n\r\n", true},
        {"GET / HTTP/1.1\nConnection: Close\n\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char buffer[512];
        struct assay_net_req req;
        size_t used;
        assay_net_req_init(&req, buffer, sizeof buffer);
        assert_int_equal(assay_net_req_feed(&req, CASES[i].text, strlen(CASES[i].text), &used), ASSAY_NET_REQ_DONE);
        assert_int_equal(req.is_keep_alive, CASES[i].is_keep_alive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_alike_for_every_split_and_the_next_one_is_left),
        cmocka_unit_test(a_request_byte_by_byte_is_the_same_request),
        cmocka_unit_test(malformed_requests_are_refused_with_a_reason),
        cmocka_unit_test(a_request_over_its_buffer_is_too_large),
        cmocka_unit_test(keep_alive_follows_version_and_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
