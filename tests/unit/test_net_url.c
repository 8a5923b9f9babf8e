#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void urls_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *path, *authority;
        uint16_t port;
        bool is_tls, is_ipv6;
    } CASES[] = {
        {"http://localhost", "localhost", "/", "localhost", 80, false, false},
        {"HTTP://localhost:80/", "localhost", "/", "localhost", 80, false, false},
        {"http://127.0.0.1:8080/v1?x=1&y", "127.0.0.1", "/v1?x=1&y", "127.0.0.1:8080", 8080, false, false},
        {"https://api.example.com", "api.example.com", "/", "api.example.com", 443, true, false},
        {"https://[::1]:8443/a", "::1", "/a", "[::1]:8443", 8443, true, true},
        {"http://[2001:db8::1]", "2001:db8::1", "/", "[2001:db8::1]", 80, false, true},
        {"http://gpu_node-3?q", "gpu_node-3", "/?q", "gpu_node-3", 80, false, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_net_url url;
        assay_err err = {0};
        assert_int_equal(assay_net_url_parse(CASES[i].text, &url, &err), ASSAY_OK);
        assert_string_equal(url.host, CASES[i].host);
        assert_string_equal(url.path, CASES[i].path);
        assert_string_equal(url.authority, CASES[i].authority);
        assert_int_equal(url.port, CASES[i].port);
        assert_int_equal(url.is_tls, CASES[i].is_tls);
        assert_int_equal(url.is_ipv6, CASES[i].is_ipv6);
    }
}

static void a_wrong_url_is_a_usage_error_with_its_cause(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } CASES[] = {
        {"", "expected http"},
        {"localhost:8080", "expected http"},
        {"ftp://x/", "expected http"},
        {"http://", "host"},
        {"http:///x", "host"},
        {"http://a b/", "space"},
        {"http://a/\r\nX: y", "control"},
        {"http://a:0/", "port"},
        {"http://a:65536/", "port"},
        {"http://a:8x/", "port"},
        {"http://a:/", "port"},
        {"http://::1/", "host"},
        {"http://fe80::1:2/", "port"},
        {"http://[::1/", "']'"},
        {"http://[zz]/", "IPv6"},
        {"http://[::1]x/", "port"},
        {"http://u:p@a/", "header"},
        {"http://a/#top", "fragment"},
        {"http://a\\b/", "host"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_net_url url;
        assay_err err = {0};
        if (assay_net_url_parse(CASES[i].text, &url, &err) != ASSAY_USAGE) {
            fail_msg("accepted: '%s'", CASES[i].text);
        }
        assert_non_null(strstr(err.message, CASES[i].part));
    }
}

static void a_password_in_a_url_is_not_repeated_in_the_message(void **state)
{
    (void)state;
    struct assay_net_url url;
    assay_err err = {0};
    assert_int_equal(assay_net_url_parse("http://me:hunter2@a/", &url, &err), ASSAY_USAGE);
    assert_null(strstr(err.message, "hunter2"));
}

static void a_url_at_its_limit_is_taken_and_one_over_it_is_not(void **state)
{
    (void)state;
    char text[ASSAY_NET_URL_BYTES_MAX + 8];
    struct assay_net_url url;
    assay_err err = {0};
    memset(text, 'p', sizeof text);
    memcpy(text, "http://a/", 9);
    text[ASSAY_NET_URL_BYTES_MAX - 2] = '\0';
    assert_int_equal(assay_net_url_parse(text, &url, &err), ASSAY_OK);
    assert_int_equal(strlen(url.path), ASSAY_NET_URL_BYTES_MAX - 2 - 8);
    text[ASSAY_NET_URL_BYTES_MAX - 2] = 'p';
    text[ASSAY_NET_URL_BYTES_MAX - 1] = '\0';
    assert_int_equal(assay_net_url_parse(text, &url, &err), ASSAY_USAGE);
}

static struct assay_net_url url_of(const char *text)
{
    struct assay_net_url url;
    assert_int_equal(assay_net_url_parse(text, &url, NULL), ASSAY_OK);
    return url;
}

static void a_head_is_complete(void **state)
{
    (void)state;
    struct assay_net_url url = url_of("http://h:81/v1");
    const struct assay_net_header headers[] = {{"Authorization", "Bearer k"}, {"Content-Type", "application/json"}};
    struct assay_buf out;
    assay_buf_init(&out, 4096);
    struct assay_net_head head = {.url = &url,
                                  .method = "POST",
                                  .path = "/api/chat",
                                  .headers = headers,
                                  .headers_count = 2,
                                  .has_body = true,
                                  .body_bytes = 12};
    assert_int_equal(assay_net_head_build(&out, &head, NULL), ASSAY_OK);
    assert_string_equal(out.data, "POST /api/chat HTTP/1.1\r\nHost: h:81\r\nUser-Agent: assay\r\n"
                                  "Accept-Encoding: identity\r\nConnection: keep-alive\r\nAuthorization: Bearer k\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n");
    assay_buf_done(&out);
}

static void through_a_proxy_the_request_line_names_the_whole_url(void **state)
{
    (void)state;
    struct assay_net_url url = url_of("http://h:81/v1");
    struct assay_net_proxy proxy;
    assert_int_equal(assay_net_proxy_parse("http://me:p%40ss@squid:3128", &proxy, NULL), ASSAY_OK);
    assert_string_equal(proxy.host, "squid");
    assert_int_equal(proxy.port, 3128);
    assert_string_equal(proxy.authorization, "Basic bWU6cEBzcw==");
    struct assay_buf out;
    assay_buf_init(&out, 4096);
    struct assay_net_head head = {.url = &url, .proxy = &proxy, .method = "GET", .is_last = true};
    assert_int_equal(assay_net_head_build(&out, &head, NULL), ASSAY_OK);
    assert_string_equal(out.data, "GET http://h:81/v1 HTTP/1.1\r\nHost: h:81\r\n"
                                  "Proxy-Authorization: Basic bWU6cEBzcw==\r\nUser-Agent: assay\r\n"
                                  "Accept-Encoding: identity\r\nConnection: close\r\n\r\n");
    assay_buf_done(&out);
}

static void no_header_can_smuggle_in_another(void **state)
{
    (void)state;
    struct assay_net_url url = url_of("http://h/");
    static const struct assay_net_header BAD[] = {
        {"X-Key", "a\r\nHost: evil"},     {"X-Key", "a\nb"}, {"X: y\r\nZ", "v"}, {"", "v"}, {"Content-Length", "7"},
        {"TRANSFER-ENCODING", "chunked"}, {"Host", "evil"},  {"X Y", "v"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct assay_buf out;
        assay_buf_init(&out, 4096);
        assay_err err = {0};
        struct assay_net_head head = {.url = &url, .method = "GET", .headers = &BAD[i], .headers_count = 1};
        assert_int_equal(assay_net_head_build(&out, &head, &err), ASSAY_USAGE);
        assert_int_equal(out.len, 0);
        assert_null(strstr(err.message, "evil"));
        assay_buf_done(&out);
    }
    struct assay_buf out;
    assay_buf_init(&out, 4096);
    struct assay_net_head head = {.url = &url, .method = "GET", .path = "/a b"};
    assert_int_equal(assay_net_head_build(&out, &head, NULL), ASSAY_USAGE);
    head = (struct assay_net_head){.url = &url, .method = "GET /x", .path = "/a"};
    assert_int_equal(assay_net_head_build(&out, &head, NULL), ASSAY_USAGE);
    assay_buf_done(&out);
}

/* The environment of a test: NAME=VALUE lines. */
static const char *const *environment;

static char *get_test_env(const char *name)
{
    static char value[256];
    for (const char *const *line = environment; *line; line++) {
        size_t len = strlen(name);
        if (strncmp(*line, name, len) == 0 && (*line)[len] == '=') {
            size_t value_len = strlen(*line + len + 1);
            assert_true(value_len < sizeof value);
            memcpy(value, *line + len + 1, value_len + 1);
            return value;
        }
    }
    return NULL;
}

static void the_environment_names_the_proxy_and_its_exceptions(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host; /* host NULL: no proxy */
        const char *env[4];
    } CASES[] = {
        {"http://a/", NULL, {NULL}},
        {"http://a/", "p", {"http_proxy=http://p:1", NULL}},
        {"http://a/", NULL, {"HTTP_PROXY=http://p:1", NULL}},
        {"http://a/", NULL, {"https_proxy=http://p:1", NULL}},
        {"https://a/", "p", {"HTTPS_PROXY=p:1", NULL}},
        {"https://a/", "q", {"all_proxy=q:1", "http_proxy=p:1", NULL}},
        {"http://a/", NULL, {"http_proxy=p:1", "no_proxy=*", NULL}},
        {"http://a.b.c/", NULL, {"http_proxy=p:1", "no_proxy=x, .B.c", NULL}},
        {"http://ab.c/", "p", {"http_proxy=p:1", "no_proxy=b.c", NULL}},
        {"http://a:81/", NULL, {"http_proxy=p:1", "NO_PROXY=a:81", NULL}},
        {"http://a:82/", "p", {"http_proxy=p:1", "NO_PROXY=a:81", NULL}},
        {"http://a/", "p", {"http_proxy=p:1", "no_proxy=,", NULL}},
        {"http://localhost:8080/", NULL, {"http_proxy=p:1", NULL}},
        {"https://127.0.0.1/", NULL, {"https_proxy=p:1", NULL}},
        {"http://[::1]/", NULL, {"all_proxy=p:1", NULL}},
        {"http://128.0.0.1/", "p", {"http_proxy=p:1", NULL}},
        {"http://[2001:db8::1]/", NULL, {"http_proxy=p:1", "no_proxy=2001:db8::1", NULL}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        environment = CASES[i].env;
        struct assay_net_url url = url_of(CASES[i].url);
        struct assay_net_proxy proxy;
        assert_int_equal(assay_net_proxy_from_env(&url, get_test_env, &proxy, NULL), ASSAY_OK);
        assert_int_equal(proxy.is_set, CASES[i].host != NULL);
        if (CASES[i].host) {
            assert_string_equal(proxy.host, CASES[i].host);
        }
    }
}

static void a_wrong_proxy_is_a_usage_error(void **state)
{
    (void)state;
    static const char *const BAD[] = {"https://p",     "socks5://p:1", "http://",  "http://p:x",
                                      "http://p/path", "http://a%4@p", "http://@p"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct assay_net_proxy proxy;
        assert_int_equal(assay_net_proxy_parse(BAD[i], &proxy, NULL), ASSAY_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(a_wrong_url_is_a_usage_error_with_its_cause),
        cmocka_unit_test(a_password_in_a_url_is_not_repeated_in_the_message),
        cmocka_unit_test(a_url_at_its_limit_is_taken_and_one_over_it_is_not),
        cmocka_unit_test(a_head_is_complete),
        cmocka_unit_test(through_a_proxy_the_request_line_names_the_whole_url),
        cmocka_unit_test(no_header_can_smuggle_in_another),
        cmocka_unit_test(the_environment_names_the_proxy_and_its_exceptions),
        cmocka_unit_test(a_wrong_proxy_is_a_usage_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
