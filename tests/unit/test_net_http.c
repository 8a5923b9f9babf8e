/* The response parser alone: the same response for every split of the same bytes, and what each piece says of its
 * place. */
#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    char body[256], headers[256];
    size_t body_len, headers_len, heads;
    uint32_t closing; /* of the last piece */
    size_t after;     /* of the last piece */
    size_t used;      /* bytes that belong to the response */
};

static void on_header(void *context, struct assay_slice name, struct assay_slice value)
{
    struct seen *seen = context;
    assert_true(seen->headers_len + name.len + value.len + 2 <= sizeof seen->headers);
    memcpy(seen->headers + seen->headers_len, name.data, name.len);
    seen->headers_len += name.len;
    seen->headers[seen->headers_len++] = '=';
    memcpy(seen->headers + seen->headers_len, value.data, value.len);
    seen->headers_len += value.len;
    seen->headers[seen->headers_len++] = ';';
}

static void on_head(void *context, size_t after_bytes)
{
    (void)after_bytes;
    ((struct seen *)context)->heads++;
}

static bool on_body(void *context, const struct assay_net_http_body *body)
{
    struct seen *seen = context;
    assert_true(body->len > 0 && seen->body_len + body->len <= sizeof seen->body);
    memcpy(seen->body + seen->body_len, body->data, body->len);
    seen->body_len += body->len;
    seen->closing = body->closing_bytes;
    seen->after = body->after_bytes;
    return true;
}

static const struct assay_net_http_sink SINK = {on_header, on_head, on_body};

/* Feeds pieces that end at a and b. */
static void read_cut(struct assay_net_http *http, const char *text, size_t len, size_t a, size_t b, struct seen *seen)
{
    const size_t ends[] = {a, b, len};
    size_t at = 0;
    memset(seen, 0, sizeof *seen);
    assay_net_http_init(http, false, 200);
    for (size_t i = 0; i < 3; i++) {
        size_t used = assay_net_http_feed(http, text + at, ends[i] - at, &SINK, seen);
        seen->used += used;
        if (used < ends[i] - at) {
            break;
        }
        at = ends[i];
    }
    assay_net_http_end(http);
}

static const struct {
    const char *text, *body;
    enum assay_net_http_state state;
    enum assay_net_outcome outcome;
} CASES[] = {
    {"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n\r\nhelloMORE", "hello", ASSAY_NET_HTTP_DONE, ASSAY_NET_OK},
    {"HTTP/1.1 100 C\r\nX: y\r\n\r\nHTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n5;a=b\r\nhello\r\n1 \n!\n0\r\nT: "
     "t\r\n\r\n",
     "hello!", ASSAY_NET_HTTP_DONE, ASSAY_NET_OK},
    {"HTTP/1.0 200 OK\r\n\r\nto the end", "to the end", ASSAY_NET_HTTP_DONE, ASSAY_NET_OK},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", ASSAY_NET_HTTP_DONE, ASSAY_NET_OK},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "short", ASSAY_NET_HTTP_FAILED, ASSAY_NET_CLOSED},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n", "ab", ASSAY_NET_HTTP_FAILED,
     ASSAY_NET_BAD_HTTP},
    {"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "", ASSAY_NET_HTTP_FAILED, ASSAY_NET_BAD_HTTP},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc9\r\n", "", ASSAY_NET_HTTP_FAILED, ASSAY_NET_TOO_LARGE},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n", "", ASSAY_NET_HTTP_FAILED, ASSAY_NET_ENCODED},
    {"<html>", "", ASSAY_NET_HTTP_FAILED, ASSAY_NET_BAD_HTTP},
    {"", "", ASSAY_NET_HTTP_FAILED, ASSAY_NET_CLOSED},
};

static void every_split_of_a_response_is_the_same_response(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const size_t len = strlen(CASES[i].text);
        struct assay_net_http http;
        struct seen whole, cut;
        read_cut(&http, CASES[i].text, len, len, len, &whole);
        for (size_t a = 0; a <= len; a++) {
            for (size_t b = a; b <= len; b++) {
                read_cut(&http, CASES[i].text, len, a, b, &cut);
                assert_int_equal(http.state, CASES[i].state);
                assert_int_equal(http.outcome, CASES[i].outcome);
                assert_int_equal(cut.body_len, strlen(CASES[i].body));
                assert_memory_equal(cut.body, CASES[i].body, cut.body_len);
                assert_int_equal(cut.headers_len, whole.headers_len);
                assert_memory_equal(cut.headers, whole.headers, whole.headers_len);
                assert_int_equal(cut.heads, whole.heads);
                if (http.state == ASSAY_NET_HTTP_DONE) {
                    assert_int_equal(cut.used, whole.used);
                }
            }
        }
    }
}

static void a_piece_knows_what_of_the_read_follows_it(void **state)
{
    (void)state;
    static const char HEAD[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const struct {
        const char *text;
        uint32_t closing;
        size_t after;
    } PIECES[] = {
        {"3\r\nabc", 0, 0}, {"3\r\nabc\r", 1, 0}, {"3\r\nabc\r\n", 2, 0}, {"3\r\nabc\r\n0\r\n\r\n", 2, 5},
        {"9\r\nabc", 0, 0},
    };
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++) {
        struct assay_net_http http;
        struct seen seen = {.used = 0};
        assay_net_http_init(&http, false, 200);
        (void)assay_net_http_feed(&http, HEAD, sizeof HEAD - 1, &SINK, &seen);
        (void)assay_net_http_feed(&http, PIECES[i].text, strlen(PIECES[i].text), &SINK, &seen);
        assert_int_equal(seen.closing, PIECES[i].closing);
        assert_int_equal(seen.after, PIECES[i].after);
    }
}

static void a_cut_header_counts_only_where_half_of_it_is_harmless(void **state)
{
    (void)state;
    static char text[4096];
    static const struct {
        const char *name;
        enum assay_net_outcome outcome;
    } HEADERS[] = {{"X-Long", ASSAY_NET_OK}, {"Content-Type", ASSAY_NET_OK}, {"Connection", ASSAY_NET_BAD_HTTP}};
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        struct assay_net_http http;
        struct seen seen;
        memset(text, 'v', sizeof text);
        int head = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s: ", HEADERS[i].name);
        text[head] = 'v'; /* over the NUL: the value goes on for 2,000 bytes */
        static const char REST[] = "\r\nContent-Length: 2\r\n\r\nok";
        const size_t at = (size_t)head + 2000;
        memcpy(text + at, REST, sizeof REST - 1);
        const struct assay_net_http_sink quiet = {NULL, on_head, on_body};
        for (size_t cut = 0; cut < at; cut += 700) { /* whole, then in two reads */
            memset(&seen, 0, sizeof seen);
            assay_net_http_init(&http, false, 200);
            (void)assay_net_http_feed(&http, text, cut, &quiet, &seen);
            (void)assay_net_http_feed(&http, text + cut, at + sizeof REST - 1 - cut, &quiet, &seen);
            assert_int_equal(http.outcome, HEADERS[i].outcome);
            assert_int_equal(http.state,
                             HEADERS[i].outcome == ASSAY_NET_OK ? ASSAY_NET_HTTP_DONE : ASSAY_NET_HTTP_FAILED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_of_a_response_is_the_same_response),
        cmocka_unit_test(a_piece_knows_what_of_the_read_follows_it),
        cmocka_unit_test(a_cut_header_counts_only_where_half_of_it_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
