/* The truth server over a real socket: what a client reads, what the log says, and that both agree. */
#include "base/clock.h"
#include "serve/serve.h"
#include "json/json.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_MAX = 1 << 20, READ_LIMIT_S = 10 };

struct server {
    struct assay_truth_script *script;
    struct assay_truth_child child;
};

static struct server serve(const char *fields)
{
    struct server server;
    struct assay_buf json;
    assay_err err = {0};
    assay_buf_init(&json, 65536);
    assay_buf_printf(&json, "{\"assay_truth\":1,%s}", fields);
    if (assay_truth_script_parse(json.data, json.len, &server.script, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_buf_done(&json);
    struct assay_truth_setup setup = {.script = server.script, .cpu = -1, .log_records_max = 65536};
    if (assay_truth_fork(&setup, &server.child, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_not_equal(server.child.port, 0);
    return server;
}

static struct assay_truth_log *end(struct server *server)
{
    struct assay_truth_log *log = NULL;
    assay_err err = {0};
    if (assay_truth_collect(&server->child, &log, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_truth_script_free(server->script);
    return log;
}

static int dial(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval limit = {.tv_sec = READ_LIMIT_S};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void ask(int fd, const char *method, const char *path, const char *body)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s", method, path,
                     strlen(body), body);
    assert_true(n > 0 && (size_t)n < sizeof text);
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
}

/* Reads until the text `until` was seen, or the end. Returns the last result of recv. */
static ssize_t read_until(int fd, const char *until, char *answer)
{
    size_t len = 0;
    ssize_t n;
    while ((n = recv(fd, answer + len, ANSWER_MAX - 1 - len, 0)) > 0) {
        len += (size_t)n;
        answer[len] = '\0';
        if (until && strstr(answer, until)) {
            return n;
        }
    }
    answer[len] = '\0';
    return n;
}

static char answer[ANSWER_MAX];

#define CHAT "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"00000000deadbeef hi\"}]}"

static void the_log_agrees_with_what_the_client_read(void **state)
{
    (void)state;
    enum { TOKENS = 5 };
    struct server server = serve("\"default\":{\"tokens\":5,\"first_ns\":2000000,\"interval_ns\":1000000}");
    int fd = dial(server.child.port);
    ask(fd, "POST", "/v1/chat/completions", CHAT);
    read_until(fd, "0\r\n\r\n", answer);
    (void)close(fd);
    struct assay_truth_log *log = end(&server);
    size_t tokens = 0;
    uint64_t salt = 0;
    for (size_t i = 0; i < log->count; i++) {
        const struct assay_truth_record *record = &log->records[i];
        if (record->kind == ASSAY_TRUTH_REQUEST) {
            salt = record->planned_ns;
        }
        if (record->kind != ASSAY_TRUTH_TOKENS) {
            continue;
        }
        char text[64];
        (void)snprintf(text, sizeof text, "%06x-%06x-%016llx ", record->stream, record->event,
                       (unsigned long long)record->planned_ns);
        assert_non_null(strstr(answer, text));
        assert_true(record->before_ns >= record->planned_ns); /* never early */
        assert_int_equal(record->event, tokens);
        tokens += record->tokens;
    }
    assert_int_equal(tokens, TOKENS);
    assert_int_equal(salt, 0xdeadbeef);
    assert_int_equal(log->dropped, 0);
    assay_truth_log_free(log);
}

/* Real - mono as the log's first reading says. */
static int64_t clock_offset(const struct assay_truth_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        const struct assay_truth_record *r = &log->records[i];
        if (r->kind == ASSAY_TRUTH_CLOCK) {
            return (int64_t)(r->tx_real_ns - r->planned_ns);
        }
    }
    fail_msg("no reading of the clocks");
    return 0;
}

static void every_write_has_its_kernel_stamp_after_the_instant_before_it(void **state)
{
    (void)state;
    struct server server = serve("\"default\":{\"tokens\":20,\"first_ns\":0,\"interval_ns\":500000}");
    int fd = dial(server.child.port);
    ask(fd, "POST", "/v1/completions", "{\"stream\":true,\"prompt\":\"x\"}");
    read_until(fd, "0\r\n\r\n", answer);
    (void)close(fd);
    struct assay_truth_log *log = end(&server);
    int64_t offset = clock_offset(log);
    size_t stamped = 0;
    for (size_t i = 0; i < log->count; i++) {
        const struct assay_truth_record *r = &log->records[i];
        if (r->kind == ASSAY_TRUTH_TOKENS && r->tx_real_ns != 0) {
            int64_t delay = (int64_t)(r->tx_real_ns - r->before_ns) - offset;
            assert_true(delay > -(int64_t)(100 * ASSAY_NS_PER_US));
            assert_true(delay < (int64_t)ASSAY_NS_PER_S);
            stamped++;
        }
    }
    assert_int_equal(stamped, 20);
    assay_truth_log_free(log);
}

static void a_connection_serves_one_request_after_the_other(void **state)
{
    (void)state;
    struct server server = serve("\"default\":{\"tokens\":2,\"first_ns\":0,\"interval_ns\":0}");
    int fd = dial(server.child.port);
    for (int i = 0; i < 3; i++) {
        ask(fd, "POST", "/api/chat", "{\"messages\":[{\"content\":\"hello\"}]}");
        read_until(fd, "0\r\n\r\n", answer);
        assert_non_null(strstr(answer, "\"done\":true"));
        ask(fd, "GET", "/api/version", "");
        read_until(fd, "truth\"}", answer);
    }
    (void)close(fd);
    struct assay_truth_log *log = end(&server);
    assay_truth_log_free(log);
}

static void requests_sent_together_are_answered_in_order(void **state)
{
    (void)state;
    struct server server = serve("\"default\":{\"tokens\":1,\"first_ns\":0}");
    int fd = dial(server.child.port);
    static const char THREE[] =
        "GET /health HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\nGET /version HTTP/1.1\r\n\r\n";
    assert_int_equal(send(fd, THREE, sizeof THREE - 1, MSG_NOSIGNAL), sizeof THREE - 1);
    read_until(fd, "0.0.0-truth", answer);
    const char *first = strstr(answer, "\"ok\""), *second = strstr(answer, "404"), *third = strstr(answer, "version\"");
    assert_true(first && second && third && first < second && second < third);
    (void)close(fd);
    assay_truth_log_free(end(&server));
}

static void faults_of_the_transport_reach_the_client(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        bool is_reset;
        const char *seen, *unseen;
    } CASES[] = {
        {"\"kind\":\"reset\",\"at\":1", true, "-000000-", "[DONE]"},
        {"\"kind\":\"cut\",\"at\":1", false, "-000000-", "[DONE]"},
        {"\"kind\":\"close\",\"at\":1", false, "-000000-", "-000001-"},
        {"\"kind\":\"bad_chunk\",\"at\":1", false, "zz!", "[DONE]"},
        {"\"kind\":\"bad_status_line\"", false, "HTTQ", "200"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char fields[256];
        (void)snprintf(fields, sizeof fields, "\"default\":{\"tokens\":4,\"first_ns\":0,\"fault\":{%s}}",
                       CASES[i].fault);
        struct server server = serve(fields);
        int fd = dial(server.child.port);
        ask(fd, "POST", "/v1/chat/completions", CHAT);
        ssize_t n = read_until(fd, NULL, answer);
        assert_int_equal(n, CASES[i].is_reset ? -1 : 0);
        assert_non_null(strstr(answer, CASES[i].seen));
        assert_null(strstr(answer, CASES[i].unseen));
        (void)close(fd);
        assay_truth_log_free(end(&server));
    }
}

static void a_status_has_its_retry_after(void **state)
{
    (void)state;
    struct server server = serve("\"default\":{\"fault\":{\"kind\":\"status\",\"status\":503,\"retry_after_s\":7}}");
    int fd = dial(server.child.port);
    ask(fd, "POST", "/v1/chat/completions", CHAT);
    read_until(fd, "truth\"}}", answer);
    assert_non_null(strstr(answer, "HTTP/1.1 503 "));
    assert_non_null(strstr(answer, "Retry-After: 7\r\n"));
    (void)close(fd);
    assay_truth_log_free(end(&server));
}

static void a_model_is_unloaded_and_loaded_on_demand(void **state)
{
    (void)state;
    struct server server =
        serve("\"default\":{\"dialect\":\"ollama\",\"tokens\":1,\"first_ns\":0,\"load_ns\":30000000}");
    int fd = dial(server.child.port);
    ask(fd, "POST", "/api/generate", "{\"model\":\"truth\",\"keep_alive\":0}");
    read_until(fd, "}\n", answer);
    assert_non_null(strstr(answer, "\"done_reason\":\"unload\""));
    ask(fd, "GET", "/api/ps", "");
    read_until(fd, "]}", answer);
    assert_non_null(strstr(answer, "{\"models\":[]}"));
    uint64_t before_ns = assay_clock_mono_ns();
    ask(fd, "POST", "/api/generate", "{\"model\":\"truth\",\"prompt\":\"hi\"}");
    read_until(fd, "0\r\n\r\n", answer);
    assert_true(assay_clock_mono_ns() - before_ns >= 30 * ASSAY_NS_PER_MS);
    assert_non_null(strstr(answer, "\"load_duration\":30000000"));
    ask(fd, "GET", "/api/ps", "");
    read_until(fd, "]}", answer);
    assert_non_null(strstr(answer, "\"name\":\"truth\""));
    (void)close(fd);
    assay_truth_log_free(end(&server));
}

static void a_digest_changes_when_the_script_says(void **state)
{
    (void)state;
    struct server server = serve("\"identity\":{\"digest\":\"aaaa\",\"next_digest\":\"bbbb\",\"next_digest_after\":1},"
                                 "\"default\":{\"tokens\":1,\"first_ns\":0}");
    int fd = dial(server.child.port);
    ask(fd, "GET", "/api/tags", "");
    read_until(fd, "]}", answer);
    assert_non_null(strstr(answer, "aaaa"));
    ask(fd, "POST", "/api/chat", "{\"messages\":[{\"content\":\"hello\"}]}");
    read_until(fd, "0\r\n\r\n", answer);
    ask(fd, "GET", "/api/tags", "");
    read_until(fd, "]}", answer);
    assert_non_null(strstr(answer, "bbbb"));
    (void)close(fd);
    assay_truth_log_free(end(&server));
}

static void a_server_that_cannot_listen_says_so(void **state)
{
    (void)state;
    struct server server = serve("\"default\":{}");
    char listen[64];
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", server.child.port);
    struct assay_truth_setup setup = {.script = server.script, .listen = listen, .cpu = -1};
    struct assay_truth_child second;
    assay_err err = {0};
    assert_int_equal(assay_truth_fork(&setup, &second, &err), ASSAY_NETWORK);
    assert_non_null(strstr(err.message, "127.0.0.1"));
    assay_truth_log_free(end(&server));
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
        cmocka_unit_test(the_log_agrees_with_what_the_client_read),
        cmocka_unit_test(every_write_has_its_kernel_stamp_after_the_instant_before_it),
        cmocka_unit_test(a_connection_serves_one_request_after_the_other),
        cmocka_unit_test(requests_sent_together_are_answered_in_order),
        cmocka_unit_test(faults_of_the_transport_reach_the_client),
        cmocka_unit_test(a_status_has_its_retry_after),
        cmocka_unit_test(a_model_is_unloaded_and_loaded_on_demand),
        cmocka_unit_test(a_digest_changes_when_the_script_says),
        cmocka_unit_test(a_server_that_cannot_listen_says_so),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
