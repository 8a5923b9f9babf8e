/* Asking one question and waiting for the answer, and the targets that questions go to. */
#include "support/raw_server.h"

#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

static struct raw_server server;
static struct assay_net_target *target_of_server;

static void begin(const struct raw_options *options)
{
    assay_err err = {0};
    raw_server_start(&server, options);
    assert_int_equal(
        assay_net_target_open(&(struct assay_net_target_options){.url = server.url}, &target_of_server, &err),
        ASSAY_OK);
}

static void end(void)
{
    assay_net_target_close(target_of_server);
    raw_server_stop(&server);
}

#define STEPS(...)                                                \
    static const struct raw_step STEPS_OF_TEST[] = {__VA_ARGS__}; \
    begin(&(struct raw_options){.steps = STEPS_OF_TEST, .steps_count = sizeof STEPS_OF_TEST / sizeof STEPS_OF_TEST[0]})

static void a_fetch_asks_and_waits(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnope"});
    assay_err err = {0};
    struct assay_buf out;
    assay_buf_init(&out, 100);
    int status = 0;
    const struct assay_net_header key = {"Authorization", "Bearer k"};
    struct assay_net_question question = {.target = target_of_server,
                                          .method = "POST",
                                          .path = "/api/show",
                                          .headers = &key,
                                          .headers_count = 1,
                                          .body = ASSAY_SLICE("{}")};
    assert_int_equal(assay_net_fetch(&question, &out, &status, &err), ASSAY_OK);
    assert_int_equal(status, 404);
    assert_string_equal(out.data, "nope");
    assert_non_null(strstr(server.last_request, "POST /api/show HTTP/1.1\r\n"));
    assert_non_null(strstr(server.last_request, "Authorization: Bearer k\r\n"));
    assert_non_null(strstr(server.last_request, "Content-Length: 2\r\n"));
    assay_buf_done(&out);
    assay_buf_init(&out, 3);
    assert_int_equal(assay_net_fetch(&question, &out, &status, &err), ASSAY_TOO_LARGE);
    assay_buf_done(&out);
    end();
}

static void a_fetch_says_what_failed(void **state)
{
    (void)state;
    STEPS({RAW_PAUSE, .ms = 200});
    assay_err err = {0};
    struct assay_buf out;
    assay_buf_init(&out, 100);
    int status = 0;
    struct assay_net_question question = {.target = target_of_server, .method = "GET", .timeout_ns = 30000000};
    assert_int_equal(assay_net_fetch(&question, &out, &status, &err), ASSAY_TIMEOUT);
    raw_server_stop(&server);
    assert_int_equal(assay_net_fetch(&question, &out, &status, &err), ASSAY_NETWORK);
    assert_non_null(strstr(err.message, "127.0.0.1"));
    assert_non_null(strstr(err.message, "refused"));
    assert_null(strstr(err.message, "Connection refused")); /* the same words again, from the system */
    assay_buf_done(&out);
    assay_net_target_close(target_of_server);
}

static void do_nothing(int number)
{
    (void)number;
}

static void a_signal_ends_the_wait_of_a_fetch(void **state)
{
    (void)state;
    STEPS({RAW_PAUSE, .ms = 300});
    assay_err err = {0};
    struct assay_buf out;
    int status = 0;
    assay_buf_init(&out, 100);
    const struct sigaction action = {.sa_handler = do_nothing};
    const struct itimerval soon = {.it_value.tv_usec = 30000};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    struct assay_net_question question = {.target = target_of_server, .method = "GET"};
    uint64_t start = assay_clock_mono_ns();
    assert_int_equal(assay_net_fetch(&question, &out, &status, &err), ASSAY_INTERRUPTED);
    assert_true(assay_clock_mono_ns() - start < 250 * ASSAY_NS_PER_MS);
    assay_buf_done(&out);
    end();
}

/* ---- targets -------------------------------------------------------------------------------------------------------
 */

static void ask_url(const char *url, const char *proxy, const char *body)
{
    assay_err err = {0};
    struct assay_net_target *target;
    struct assay_buf out;
    int status = 0;
    assay_buf_init(&out, 100);
    if (assay_net_target_open(&(struct assay_net_target_options){.url = url, .proxy = proxy}, &target, &err) !=
        ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    struct assay_net_question question = {.target = target, .method = "GET", .timeout_ns = 2 * ASSAY_NS_PER_S};
    if (assay_net_fetch(&question, &out, &status, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(out.data, body);
    assay_buf_done(&out);
    assay_net_target_close(target);
}

static void a_name_with_several_addresses_leads_to_the_one_that_listens(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere"});
    char url[64];
    (void)snprintf(url, sizeof url, "http://localhost:%u/", (unsigned)server.listener.port);
    ask_url(url, NULL, "here"); /* the server listens on 127.0.0.1 only; ::1 may come first */
    end();
}

static void an_ipv6_address_is_reached(void **state)
{
    (void)state;
    assay_err err = {0};
    struct assay_net_listener listener;
    if (assay_net_listen("::1", 0, &listener, &err) != ASSAY_OK) {
        print_message("no IPv6 here: %s\n", err.message);
        return;
    }
    assay_net_listener_close(&listener);
    static const struct raw_step STEP = {RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nsix"};
    raw_server_start(&server, &(struct raw_options){.steps = &STEP, .steps_count = 1, .address = "::1"});
    ask_url(server.url, NULL, "six");
    assert_non_null(strstr(server.last_request, "Host: [::1]:"));
    raw_server_stop(&server);
}

static void http_through_a_proxy_names_the_whole_url(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"});
    ask_url("http://model.invalid:81/v1?x", server.url, "proxy"); /* the name is the proxy's to resolve */
    assert_non_null(strstr(server.last_request, "GET http://model.invalid:81/v1?x HTTP/1.1\r\n"));
    assert_non_null(strstr(server.last_request, "Host: model.invalid:81\r\n"));
    end();
}

static char *only_http_proxy(const char *name)
{
    static char value[96];
    (void)snprintf(value, sizeof value, "http://me:pw@127.0.0.1:%u", (unsigned)server.listener.port);
    return strcmp(name, "http_proxy") == 0 ? value : NULL;
}

static void a_proxy_of_the_environment_keeps_its_password(void **state)
{
    (void)state;
    STEPS({RAW_SEND, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"});
    assay_err err = {0};
    struct assay_net_url url;
    struct assay_net_proxy proxy;
    struct assay_net_target *target;
    struct assay_buf out;
    int status = 0;
    assay_buf_init(&out, 100);
    assert_int_equal(assay_net_url_parse("http://model.invalid/", &url, &err), ASSAY_OK);
    assert_int_equal(assay_net_proxy_from_env(&url, only_http_proxy, &proxy, &err), ASSAY_OK);
    struct assay_net_target_options options = {.url = "http://model.invalid/", .found_proxy = &proxy};
    assert_int_equal(assay_net_target_open(&options, &target, &err), ASSAY_OK);
    struct assay_net_question question = {.target = target, .method = "GET"};
    assert_int_equal(assay_net_fetch(&question, &out, &status, &err), ASSAY_OK);
    assert_non_null(strstr(server.last_request, "Proxy-Authorization: Basic bWU6cHc=\r\n"));
    assay_buf_done(&out);
    assay_net_target_close(target);
    end();
}

static void a_name_that_does_not_resolve_is_an_error_of_the_target(void **state)
{
    (void)state;
    assay_err err = {0};
    struct assay_net_target *target;
    assert_int_equal(
        assay_net_target_open(&(struct assay_net_target_options){.url = "http://no.such.host.invalid/"}, &target, &err),
        ASSAY_NETWORK);
    assert_non_null(strstr(err.message, "no.such.host.invalid"));
}

static void opening_fails_in_good_order_for_every_allocation(void **state)
{
    (void)state;
    assay_code loop_rc = ASSAY_NO_MEMORY, target_rc = ASSAY_NO_MEMORY;
    unsigned long failed = 0;
    for (unsigned long n = 1; loop_rc != ASSAY_OK; n++, failed++) {
        struct assay_net_loop *loop = NULL;
        assay_mem_fail_at(n);
        loop_rc = assay_net_loop_new(&(struct assay_net_loop_options){.slots = 4}, &loop, NULL);
        assay_mem_fail_at(0);
        assert_true(loop_rc == ASSAY_OK || loop_rc == ASSAY_NO_MEMORY);
        assert_int_equal(loop_rc == ASSAY_OK, loop != NULL);
        assay_net_loop_free(loop);
    }
    assert_true(failed > 5);
    for (unsigned long n = 1; target_rc != ASSAY_OK; n++) {
        struct assay_net_target *target = NULL;
        assay_mem_fail_at(n);
        target_rc =
            assay_net_target_open(&(struct assay_net_target_options){.url = "https://127.0.0.1:1/"}, &target, NULL);
        assay_mem_fail_at(0);
        assert_true(target_rc == ASSAY_OK || target_rc == ASSAY_NO_MEMORY);
        assay_net_target_close(target);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fetch_asks_and_waits),
        cmocka_unit_test(a_fetch_says_what_failed),
        cmocka_unit_test(a_signal_ends_the_wait_of_a_fetch),
        cmocka_unit_test(a_name_with_several_addresses_leads_to_the_one_that_listens),
        cmocka_unit_test(an_ipv6_address_is_reached),
        cmocka_unit_test(http_through_a_proxy_names_the_whole_url),
        cmocka_unit_test(a_proxy_of_the_environment_keeps_its_password),
        cmocka_unit_test(a_name_that_does_not_resolve_is_an_error_of_the_target),
        cmocka_unit_test(opening_fails_in_good_order_for_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
