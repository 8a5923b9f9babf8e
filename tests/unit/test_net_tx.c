/* Transmit stamps for real, over loopback. Where the kernel refuses them, the refusal is what is checked. */
#include "net/net.h"

#include "base/clock.h"
#include "net/sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
    struct assay_net_listener listener;
    int client, server;
};

static void open_pair(struct pair *pair)
{
    assay_err err = {0};
    assert_int_equal(assay_net_listen("127.0.0.1", 0, &pair->listener, &err), ASSAY_OK);
    struct assay_net_sock_refusals refusals;
    pair->client = assay_net_sock_new(AF_INET, &refusals);
    assert_true(pair->client >= 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(pair->listener.port)};
    (void)connect(pair->client, (struct sockaddr *)&address, sizeof address);
    struct pollfd wait = {.fd = pair->listener.fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 1000), 1);
    pair->server = assay_net_accept(&pair->listener);
    assert_true(pair->server >= 0);
    assert_int_equal(assay_net_accept(&pair->listener), -1);
}

static void close_pair(struct pair *pair)
{
    (void)close(pair->client);
    (void)close(pair->server);
    assay_net_listener_close(&pair->listener);
}

static size_t wait_for_notes(const struct assay_net_tx *tx, struct assay_net_tx_note *notes, size_t wanted)
{
    size_t count = 0;
    for (int i = 0; i < 100 && count < wanted; i++) {
        struct pollfd wait = {.fd = tx->fd, .events = 0};
        (void)poll(&wait, 1, 10);
        count += assay_net_tx_reap(tx, notes + count, wanted - count);
    }
    return count;
}

static void the_stamp_of_a_write_carries_the_number_of_its_last_byte(void **state)
{
    (void)state;
    struct pair pair;
    open_pair(&pair);
    struct assay_net_tx tx;
    assay_net_tx_init(&tx, pair.server);
    uint32_t id[3];
    uint64_t before = assay_clock_real_ns();
    assert_int_equal(assay_net_tx_send(&tx, "hello", 5, (struct assay_net_tx_ask){.snd = true}, &id[0]), 5);
    assert_int_equal(assay_net_tx_send(&tx, "-", 1, (struct assay_net_tx_ask){0}, &id[1]), 1);
    assert_int_equal(assay_net_tx_send(&tx, "worlds", 6, (struct assay_net_tx_ask){.snd = true}, &id[2]), 6);
    assert_int_equal(id[0], 4);
    assert_int_equal(id[2], 11);
    struct assay_net_tx_note notes[4] = {0};
    if (tx.is_on) {
        assert_int_equal(wait_for_notes(&tx, notes, 2), 2);
        assert_int_equal(notes[0].kind, ASSAY_NET_TX_SND);
        assert_int_equal(notes[0].id, id[0]);
        assert_int_equal(notes[1].id, id[2]);
        assert_in_range(notes[0].real_ns, before, assay_clock_real_ns());
        assert_in_range(notes[1].real_ns, notes[0].real_ns, assay_clock_real_ns());
    } else {
        print_message("this kernel refuses transmit stamps\n");
    }
    assert_int_equal(assay_net_tx_reap(&tx, notes, 4), 0);
    close_pair(&pair);
}

static void a_read_tells_what_it_left_and_when_its_newest_byte_came(void **state)
{
    (void)state;
    struct assay_net_stamping stamping;
    struct pair pair;
    assay_err err = {0};
    assert_int_equal(assay_net_stamping_open(&stamping, &err), ASSAY_OK);
    open_pair(&pair);
    uint64_t sent = assay_clock_real_ns();
    assert_int_equal(send(pair.server, "0123456789", 10, 0), 10);
    struct pollfd wait = {.fd = pair.client, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 1000), 1);
    char bytes[16];
    struct assay_net_sock_read read = assay_net_sock_recv(pair.client, bytes, 4);
    assert_int_equal(read.count, 4);
    assert_true(read.left_bytes == 6 || read.left_bytes == ASSAY_NET_LEFT_UNKNOWN);
    assert_true(read.before_ns <= read.after_ns);
    if (stamping.is_on) {
        assert_in_range(read.real_ns, sent, assay_clock_real_ns());
    }
    read = assay_net_sock_recv(pair.client, bytes, sizeof bytes);
    assert_int_equal(read.count, 6);
    assert_true(read.left_bytes == 0 || read.left_bytes == ASSAY_NET_LEFT_UNKNOWN);
    read = assay_net_sock_recv(pair.client, bytes, sizeof bytes);
    assert_int_equal(read.count, -1);
    assert_int_equal(read.real_ns, 0);
    close_pair(&pair);
    assay_net_stamping_close(&stamping);
}

static void a_fin_is_not_a_byte_that_was_left(void **state)
{
    (void)state;
    struct pair pair;
    char bytes[16];
    open_pair(&pair);
    assert_int_equal(send(pair.server, "last", 4, 0), 4);
    assert_int_equal(shutdown(pair.server, SHUT_WR), 0);
    (void)poll(NULL, 0, 20);
    struct assay_net_sock_read read = assay_net_sock_recv(pair.client, bytes, sizeof bytes);
    assert_int_equal(read.count, 4);
    assert_true(read.left_bytes == 0 || read.left_bytes == ASSAY_NET_LEFT_UNKNOWN);
    assert_int_equal(assay_net_sock_recv(pair.client, bytes, sizeof bytes).count, 0);
    close_pair(&pair);
}

static void a_listener_on_a_taken_port_says_which(void **state)
{
    (void)state;
    assay_err err = {0};
    struct assay_net_listener first, second;
    assert_int_equal(assay_net_listen("127.0.0.1", 0, &first, &err), ASSAY_OK);
    char port[16];
    (void)snprintf(port, sizeof port, "port %u", (unsigned)first.port);
    assert_int_equal(assay_net_listen("127.0.0.1", first.port, &second, &err), ASSAY_NETWORK);
    assert_non_null(strstr(err.message, port));
    assert_int_equal(assay_net_listen("localhost", 0, &second, &err), ASSAY_USAGE);
    assay_net_listener_close(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stamp_of_a_write_carries_the_number_of_its_last_byte),
        cmocka_unit_test(a_read_tells_what_it_left_and_when_its_newest_byte_came),
        cmocka_unit_test(a_fin_is_not_a_byte_that_was_left),
        cmocka_unit_test(a_listener_on_a_taken_port_says_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
