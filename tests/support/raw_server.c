#include "support/raw_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
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

struct connection {
    struct raw_server *server;
    unsigned number;
    int fd;
    SSL *ssl;
    char *buffer;
};

static bool wait_for(int fd, short events)
{
    struct pollfd wait = {.fd = fd, .events = events};
    return poll(&wait, 1, 10000) == 1;
}

static ssize_t receive(struct connection *connection, char *bytes, size_t len)
{
    if (connection->ssl) {
        return SSL_read(connection->ssl, bytes, (int)len);
    }
    return wait_for(connection->fd, POLLIN) ? recv(connection->fd, bytes, len, 0) : -1;
}

static bool transmit(struct connection *connection, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n;
        if (connection->ssl) {
            n = SSL_write(connection->ssl, bytes + at, (int)(len - at));
        } else {
            n = send(connection->fd, bytes + at, len - at, MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN && wait_for(connection->fd, POLLOUT)) {
                continue;
            }
        }
        if (n <= 0) {
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

/* Reads one request. Pipelined bytes do not occur: the client waits for its answer. */
static bool read_request(struct connection *connection)
{
    struct raw_server *server = connection->server;
    struct assay_net_req req;
    char piece[16384];
    assay_net_req_init(&req, connection->buffer, RAW_REQUEST_BYTES_MAX);
    while (req.status == ASSAY_NET_REQ_MORE) {
        ssize_t n = receive(connection, piece, sizeof piece);
        if (n <= 0) {
            return false;
        }
        size_t used;
        (void)assay_net_req_feed(&req, piece, (size_t)n, &used);
    }
    (void)pthread_mutex_lock(&server->lock);
    size_t len = req.len < sizeof server->last_request - 1 ? req.len : sizeof server->last_request - 1;
    memcpy(server->last_request, req.buffer, len);
    server->last_request[len] = '\0';
    (void)pthread_mutex_unlock(&server->lock);
    atomic_fetch_add(&server->requests, 1);
    return req.status == ASSAY_NET_REQ_DONE;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

#define HOLD_MS 200

static bool send_all(int fd, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t sent = send(fd, bytes + at, len - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN && wait_for(fd, POLLOUT)) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        at += (size_t)sent;
    }
    return true;
}

/* Passes on what `from` has, save the last `hold` bytes, which stay in held. */
static bool pass_on(int from, int to, size_t hold, char *held, size_t *held_len)
{
    char bytes[32768];
    memcpy(bytes, held, *held_len);
    ssize_t n = recv(from, bytes + *held_len, 16384, 0);
    if (n <= 0) {
        (void)send_all(to, bytes, *held_len);
        return false;
    }
    size_t len = *held_len + (size_t)n;
    *held_len = hold < len ? hold : len;
    memcpy(held, bytes + len - *held_len, *held_len);
    return send_all(to, bytes, len - *held_len);
}

static void relay(struct connection *connection)
{
    static const char OPENED[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    const struct raw_options *options = &connection->server->options;
    char held[1024], none[1];
    size_t held_len = 0, none_len = 0;
    int other = connect_to(options->relay_port);
    if (other < 0 || !transmit(connection, OPENED, sizeof OPENED - 1)) {
        return;
    }
    struct pollfd wait[] = {{.fd = connection->fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
    bool goes_on = true;
    while (goes_on && !atomic_load(&connection->server->is_stopping)) {
        int ready = poll(wait, 2, HOLD_MS);
        if (ready == 0) {
            goes_on = send_all(connection->fd, held, held_len);
            held_len = 0;
            continue;
        }
        goes_on = ready > 0 && (!wait[0].revents || pass_on(connection->fd, other, 0, none, &none_len)) &&
                  (!wait[1].revents || pass_on(other, connection->fd, options->relay_holds_back, held, &held_len));
    }
    (void)close(other);
}

/* False: the connection is over. */
static bool play(struct connection *connection, const struct raw_step *step)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    switch (step->kind) {
    case RAW_SEND:
        return transmit(connection, step->text, step->len ? step->len : strlen(step->text));
    case RAW_PAUSE:
        (void)usleep(step->ms * 1000);
        return true;
    case RAW_CLOSE:
        if (connection->ssl) {
            (void)SSL_shutdown(connection->ssl);
        }
        return false;
    case RAW_CUT:
        return false;
    case RAW_RESET:
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
    case RAW_RELAY:
        relay(connection);
        return false;
    }
    return false;
}

static bool serve_one(struct connection *connection)
{
    const struct raw_options *options = &connection->server->options;
    if (!options->never_reads && !options->answers_at_once && !read_request(connection)) {
        return false;
    }
    for (size_t i = 0; i < options->steps_count; i++) {
        if (!play(connection, &options->steps[i])) {
            return false;
        }
    }
    return !options->answers_at_once;
}

static void *serve(void *argument)
{
    struct connection *connection = argument;
    struct raw_server *server = connection->server;
    if (connection->server->options.tls) {
        connection->ssl = SSL_new(connection->server->options.tls);
        (void)SSL_set_fd(connection->ssl, connection->fd);
    }
    bool goes_on = !connection->ssl || SSL_accept(connection->ssl) == 1;
    while (goes_on && !atomic_load(&server->is_stopping)) {
        goes_on = serve_one(connection);
        if (server->options.never_reads) {
            while (!atomic_load(&server->is_stopping)) {
                (void)usleep(1000);
            }
        }
    }
    SSL_free(connection->ssl);
    atomic_store(&server->fds[connection->number], -1);
    (void)close(connection->fd);
    free(connection->buffer);
    free(connection);
    return NULL;
}

static void *accept_all(void *argument)
{
    struct raw_server *server = argument;
    while (!atomic_load(&server->is_stopping)) {
        struct pollfd wait = {.fd = server->listener.fd, .events = POLLIN};
        if (poll(&wait, 1, 10) != 1) {
            continue;
        }
        struct sockaddr_storage address;
        socklen_t len = sizeof address;
        /* Blocking when TLS: SSL_read and SSL_write then need no loop around them. */
        int fd = accept4(server->listener.fd, (struct sockaddr *)&address, &len,
                         SOCK_CLOEXEC | (server->options.tls ? 0 : SOCK_NONBLOCK));
        const int on = 1; /* or the second step waits for the acknowledgement of the first */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        unsigned n = atomic_load(&server->connections);
        if (fd < 0 || n == RAW_CONNECTIONS_MAX) {
            continue;
        }
        struct connection *connection = calloc(1, sizeof *connection);
        char *buffer = malloc(RAW_REQUEST_BYTES_MAX);
        if (!connection || !buffer) {
            abort();
        }
        *connection = (struct connection){.server = server, .number = n, .fd = fd, .buffer = buffer};
        atomic_store(&server->fds[n], fd);
        if (pthread_create(&server->threads[n], NULL, serve, connection) != 0) {
            abort();
        }
        atomic_fetch_add(&server->connections, 1);
    }
    return NULL;
}

void raw_server_start(struct raw_server *server, const struct raw_options *options)
{
    assay_err err = {0};
    memset(server, 0, sizeof *server);
    server->options = *options;
    (void)pthread_mutex_init(&server->lock, NULL);
    const char *address = options->address ? options->address : "127.0.0.1";
    assert_int_equal(assay_net_listen(address, 0, &server->listener, &err), ASSAY_OK);
    if (options->receive_buffer_bytes) {
        assert_int_equal(setsockopt(server->listener.fd, SOL_SOCKET, SO_RCVBUF, &options->receive_buffer_bytes,
                                    sizeof options->receive_buffer_bytes),
                         0);
    }
    (void)snprintf(server->url, sizeof server->url, strchr(address, ':') ? "%s://[%s]:%u/" : "%s://%s:%u/",
                   options->tls ? "https" : "http", address, (unsigned)server->listener.port);
    assert_int_equal(pthread_create(&server->acceptor, NULL, accept_all, server), 0);
}

void raw_server_stop(struct raw_server *server)
{
    atomic_store(&server->is_stopping, true);
    (void)pthread_join(server->acceptor, NULL);
    for (unsigned i = 0; i < atomic_load(&server->connections); i++) {
        (void)shutdown(atomic_load(&server->fds[i]), SHUT_RDWR); /* ends a wait in recv; -1 is refused */
        (void)pthread_join(server->threads[i], NULL);
    }
    assay_net_listener_close(&server->listener);
    (void)pthread_mutex_destroy(&server->lock);
}
