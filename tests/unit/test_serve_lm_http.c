/* The HTTP side of the language model's server, over real sockets: writes, connections, and requests that are wrong. */
#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"
#include "serve/serve.h"
#include "json/json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_MAX = 1 << 20, READ_LIMIT_S = 60 };

static char path[] = "/tmp/assay-test-XXXXXX";
static volatile sig_atomic_t stop; /* of the server's process */
static atomic_uint *port;          /* shared with it */
static int log_fds[2];             /* its log: read here, written there */
static struct assay_proc child;

static int write_model(void)
{
    struct assay_buf file;
    const struct assay_synth synth = {.shape = "tiny", .format = "i2_s", .head = "f16", .seed = 1};
    assay_buf_init(&file, (size_t)64 << 20);
    int fd = mkstemp(path);
    bool is_good = fd >= 0 && assay_synth_make(&synth, &file, NULL) == ASSAY_OK &&
                   assay_fd_write(fd, file.data, file.len, path, NULL) == ASSAY_OK;
    assay_buf_done(&file);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_good ? 0 : -1;
}

static void on_ready(void *context, uint16_t bound, const char *const *names, size_t names_count)
{
    (void)context;
    (void)names;
    assert_int_equal(names_count, 1);
    atomic_store(port, bound);
}

static void on_signal(int number)
{
    stop = number;
}

static int serve(void *argument)
{
    const struct assay_lm_served served = {.name = "test", .path = path, .digest = "0123456789abcdef"};
    const struct assay_lm_serve_setup setup = {.models = &served,
                                               .models_count = 1,
                                               .listen = "127.0.0.1:0",
                                               .stop_flag = &stop,
                                               .engine = {.threads = 1, .pin = ASSAY_SWITCH_OFF},
                                               .parallel = 2,
                                               .queue = 8,
                                               .header_ns = 400 * ASSAY_NS_PER_MS,
                                               .version = "0",
                                               .binary_digest = "fedcba9876543210",
                                               .log_fd = log_fds[1],
                                               .on_ready = on_ready};
    const struct sigaction action = {.sa_handler = on_signal};
    assay_err err = {0};
    (void)argument;
    if (sigaction(SIGTERM, &action, NULL) != 0 || assay_lm_serve(&setup, &err) != ASSAY_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int start(void **state)
{
    (void)state;
    assay_json_init();
    void *shared = mmap(NULL, sizeof *port, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        return -1;
    }
    port = shared;
    if (write_model() != 0 || pipe(log_fds) != 0 || assay_proc_fork(&child, serve, NULL, NULL) != ASSAY_OK) {
        return -1;
    }
    for (int i = 0; i < READ_LIMIT_S * 100 && atomic_load(port) == 0; i++) {
        assay_clock_system.sleep_until_ns(NULL, assay_clock_mono_ns() + 10 * ASSAY_NS_PER_MS);
    }
    return atomic_load(port) != 0 ? 0 : -1;
}

/* With connections of the tests still open or just closed, it ends as it was told to. */
static int finish(void **state)
{
    (void)state;
    int status = -1;
    bool has_ended = kill(child.pid, SIGTERM) == 0 &&
                     assay_proc_wait(&child, READ_LIMIT_S * ASSAY_NS_PER_S, &status, NULL) == ASSAY_OK;
    assay_proc_kill(&child);
    return unlink(path) == 0 && has_ended && status == EXIT_SUCCESS ? 0 : -1;
}

/* ---- a client ----------------------------------------------------------------------------------------------------*/

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atomic_load(port))};
    struct timeval limit = {.tv_sec = READ_LIMIT_S};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void post(int fd, const char *to, const char *body)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s", to,
                     strlen(body), body);
    assert_true(n > 0 && (size_t)n < sizeof text);
    say(fd, text);
}

static char answer[ANSWER_MAX];

/* Reads until the text was seen (true) or the connection ends (false). */
static bool read_until(int fd, const char *until)
{
    size_t len = 0;
    ssize_t n;
    answer[0] = '\0';
    while ((n = recv(fd, answer + len, ANSWER_MAX - 1 - len, 0)) > 0) {
        len += (size_t)n;
        answer[len] = '\0';
        if (until && strstr(answer, until)) {
            return true;
        }
    }
    if (n < 0 && errno != ECONNRESET) {
        fail_msg("no end of the connection within %d s; so far: %s", READ_LIMIT_S, answer);
    }
    return false;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) {
        count++;
    }
    return count;
}

static void assert_status(const char *status)
{
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0) {
        fail_msg("expected %s, got: %.200s", status, answer);
    }
}

/* ---- streams -----------------------------------------------------------------------------------------------------*/

/* Segments that came in beyond those of head, events and end of the body. */
static int segments_too_many(void)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    int fd = dial();
    post(fd, "/api/generate", "{\"prompt\":\"x\",\"options\":{\"num_predict\":30,\"seed\":4}}");
    assert_true(read_until(fd, "\r\n0\r\n\r\n"));
    assert_status("200");
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    (void)close(fd);
    size_t events = count_of(answer, "\"done\":");
    assert_true(events > 10);
    return (int)info.tcpi_data_segs_in - (int)(1 + events + 1);
}

/* The kernel counts the segments that come in: on loopback, without delay, one write is one segment, however late the
 * reader is. On a machine so busy that the window fills up the kernel joins some; a server that holds writes back joins
 * them every time. */
static void each_event_is_one_write(void **state)
{
    (void)state;
    enum { TRIES = 10 };
    int too_many = segments_too_many();
    for (int i = 1; i < TRIES && too_many != 0; i++) {
        too_many = segments_too_many();
    }
    assert_int_equal(too_many, 0);
}

/* When the kernel got the last bytes of an answer, from its stamp of the packet; UINT64_MAX: it has none, as packets
 * soon after the first request for stamps. */
static uint64_t last_arrival_ns(int fd)
{
    static const char END[] = "\r\n0\r\n\r\n";
    union {
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
        struct cmsghdr align;
    } control;
    struct timespec stamp = {0};
    bool is_stamped = false;
    size_t len = 0;
    while (!strstr(answer, END) || len == 0) {
        struct iovec part = {.iov_base = answer + len, .iov_len = ANSWER_MAX - 1 - len};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
        ssize_t n = recvmsg(fd, &message, 0);
        assert_true(n > 0);
        len += (size_t)n;
        answer[len] = '\0';
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        is_stamped = header && header->cmsg_type == SCM_TIMESTAMPNS;
        if (is_stamped) {
            memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
        }
    }
    return !is_stamped ? UINT64_MAX : (uint64_t)stamp.tv_sec * ASSAY_NS_PER_S + (uint64_t)stamp.tv_nsec;
}

/* When the last token of the request with this seed was drawn, from its line of the log; those of others come before.
 */
static uint64_t last_drawn_ns(unsigned seed)
{
    static const char KEY[] = "\"last_unix_ns\":";
    char line[4096], wanted[64];
    (void)snprintf(wanted, sizeof wanted, "\"seed\":%u,", seed);
    do {
        size_t len = 0;
        do {
            assert_int_equal(read(log_fds[0], line + len, 1), 1);
        } while (line[len++] != '\n' && len < sizeof line);
        line[len - 1] = '\0';
    } while (!strstr(line, wanted));
    const char *at = strstr(line, KEY);
    assert_non_null(at);
    return strtoull(at + strlen(KEY), NULL, 10);
}

/* From drawing the last token to the last bytes of its answer. */
static uint64_t measure_lateness_ns(int fd)
{
    static unsigned seed = 1000000;
    char body[128];
    answer[0] = '\0';
    (void)snprintf(body, sizeof body, "{\"prompt\":\"x\",\"max_tokens\":3,\"stream\":true,\"seed\":%u}", ++seed);
    post(fd, "/v1/completions", body);
    uint64_t arrived_ns = last_arrival_ns(fd), drawn_ns = last_drawn_ns(seed);
    assert_true(arrived_ns > drawn_ns);
    return arrived_ns - drawn_ns;
}

/* The end of the answer follows its last token in a write of its own: a server that corks, or leaves small writes to
 * Nagle's algorithm, is 40 ms late every time. A busy machine makes many late, hardly ever all, and none in time: then
 * nothing is known. */
static void a_token_leaves_within_a_millisecond(void **state)
{
    (void)state;
    enum { WANTED = 3 };
    const uint64_t corked_ns = 20 * ASSAY_NS_PER_MS; /* half of what it costs */
    uint64_t end_ns = assay_clock_mono_ns() + READ_LIMIT_S / 2 * ASSAY_NS_PER_S, least_ns = UINT64_MAX;
    int in_time = 0, on = 1, fd = dial();
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), 0);
    while (in_time < WANTED && assay_clock_mono_ns() < end_ns) {
        uint64_t late_ns = measure_lateness_ns(fd);
        in_time += late_ns <= ASSAY_NS_PER_MS;
        least_ns = late_ns < least_ns ? late_ns : least_ns;
    }
    (void)close(fd);
    assert_true(least_ns < corked_ns);
    if (in_time < WANTED) {
        skip();
    }
}

static void a_connection_serves_one_request_after_the_other(void **state)
{
    (void)state;
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        post(fd, "/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":2}");
        assert_true(read_until(fd, "\"seed\":"));
        assert_status("200");
        post(fd, "/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":2,\"stream\":true}");
        assert_true(read_until(fd, "\r\n0\r\n\r\n"));
        assert_non_null(strstr(answer, "data: [DONE]"));
    }
    (void)close(fd);
}

static void requests_sent_ahead_are_answered_in_order(void **state)
{
    (void)state;
    int fd = dial();
    post(fd, "/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":3}");
    post(fd, "/api/generate", "{\"prompt\":\"x\",\"stream\":false,\"options\":{\"num_predict\":4}}");
    say(fd, "GET /health HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    assert_false(read_until(fd, NULL));
    const char *first = strstr(answer, "\"text_completion\""), *second = strstr(answer, "\"eval_count\":");
    const char *third = strstr(answer, "{\"status\":\"ok\"}");
    assert_true(first && second && third && first < second && second < third);
    (void)close(fd);
}

static void an_old_client_gets_its_answer_to_the_end_of_the_connection(void **state)
{
    (void)state;
    static const char BODY[] = "{\"prompt\":\"x\",\"max_tokens\":3,\"stream\":true}";
    char text[256];
    int fd = dial();
    (void)snprintf(text, sizeof text, "POST /v1/completions HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s", strlen(BODY),
                   BODY);
    say(fd, text);
    assert_false(read_until(fd, NULL));
    assert_non_null(strstr(answer, "data: [DONE]\n\n"));
    assert_null(strstr(answer, "chunked"));
    (void)close(fd);
}

static void a_client_that_leaves_while_it_waits_harms_nobody(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = dial();
        post(fd, "/v1/completions", "{\"prompt\":\"xyz\",\"max_tokens\":400,\"ignore_eos\":true,\"stream\":true}");
        if (i % 2) {
            (void)read_until(fd, "data: ");
        }
        (void)close(fd);
    }
    int fd = dial();
    post(fd, "/v1/completions", "{\"prompt\":\"x\",\"max_tokens\":2}");
    assert_true(read_until(fd, "\"seed\":"));
    assert_status("200");
    (void)close(fd);
}

/* ---- hostile requests --------------------------------------------------------------------------------------------*/

static void what_is_no_http_is_refused_or_cut(void **state)
{
    (void)state;
    static const char *const REQUESTS[] = {
        "\r\n\r\n\r\n",
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", /* no Host */
        "POST /api/chat HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
        "POST /api/chat HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /api/chat HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\x16\x03\x01\x02", /* TLS */
    };
    for (size_t i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; i++) {
        int fd = dial();
        say(fd, REQUESTS[i]);
        (void)shutdown(fd, SHUT_WR);
        assert_false(read_until(fd, NULL)); /* it ends, by itself */
        if (answer[0] != '\0' && strncmp(answer, "HTTP/1.1 4", 10) != 0 && strncmp(answer, "HTTP/1.1 5", 10) != 0) {
            fail_msg("request %zu was answered: %.100s", i, answer);
        }
        (void)close(fd);
    }
}

static void a_header_block_without_end_is_refused(void **state)
{
    (void)state;
    char line[1024];
    int fd = dial();
    memset(line, 'a', sizeof line - 3);
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof line - 3, "\r\n", 3);
    say(fd, "GET /health HTTP/1.1\r\nHost: t\r\n");
    ssize_t n = 1;
    for (int i = 0; i < 1000 && n > 0; i++) { /* a megabyte */
        n = send(fd, line, strlen(line), MSG_NOSIGNAL);
    }
    assert_false(read_until(fd, NULL));
    assert_null(strstr(answer, "200 OK"));
    (void)close(fd);
}

static void silence_and_trickles_end(void **state)
{
    (void)state;
    int silent = dial(), partial = dial(), body = dial();
    say(partial, "POST /api/chat HTTP/1.1\r\nHost: ");
    say(body, "POST /api/chat HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{");
    assert_false(read_until(silent, NULL));
    assert_false(read_until(partial, NULL));
    assert_false(read_until(body, NULL));
    (void)close(silent);
    (void)close(partial);
    (void)close(body);
}

static void a_body_that_is_announced_too_large_is_refused_at_once(void **state)
{
    (void)state;
    int fd = dial();
    say(fd, "POST /api/chat HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000000\r\n\r\n");
    assert_true(read_until(fd, "larger than"));
    assert_status("413");
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_one_write),
        cmocka_unit_test(a_token_leaves_within_a_millisecond),
        cmocka_unit_test(a_connection_serves_one_request_after_the_other),
        cmocka_unit_test(requests_sent_ahead_are_answered_in_order),
        cmocka_unit_test(an_old_client_gets_its_answer_to_the_end_of_the_connection),
        cmocka_unit_test(a_client_that_leaves_while_it_waits_harms_nobody),
        cmocka_unit_test(what_is_no_http_is_refused_or_cut),
        cmocka_unit_test(a_header_block_without_end_is_refused),
        cmocka_unit_test(silence_and_trickles_end),
        cmocka_unit_test(a_body_that_is_announced_too_large_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
