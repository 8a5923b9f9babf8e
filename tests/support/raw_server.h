/*
 * Raw server: plays bytes, pauses and faults to whoever connects. For tests of the transport.
 *
 * Every request on every connection is answered by the same steps, in a thread a connection. It reads a request with
 * the server parser, keeps the last one, and then does what the steps say.
 */
#ifndef ASSAY_TESTS_SUPPORT_RAW_SERVER_H
#define ASSAY_TESTS_SUPPORT_RAW_SERVER_H

#include "net/net.h"

#include <pthread.h>
#include <stdatomic.h>

#define RAW_CONNECTIONS_MAX 256
#define RAW_REQUEST_BYTES_MAX (1 << 20)

enum raw_kind {
    RAW_SEND,  /* text, len (0 = strlen) */
    RAW_PAUSE, /* ms */
    RAW_CLOSE, /* orderly */
    RAW_CUT,   /* FIN, and in TLS without the goodbye */
    RAW_RESET, /* RST */
    RAW_RELAY  /* a CONNECT proxy: 200, then bytes to and from relay_port until one side closes */
};

struct raw_step {
    enum raw_kind kind;
    const char *text;
    size_t len;
    unsigned ms;
};

struct raw_options {
    const char *address; /* NULL: 127.0.0.1 */
    const struct raw_step *steps;
    size_t steps_count;
    void *tls;                /* SSL_CTX of the server, or NULL */
    uint16_t relay_port;      /* of RAW_RELAY */
    size_t relay_holds_back;  /* bytes of each read that go to the client with the next one, or after 200 ms */
    bool never_reads;         /* accepts, and leaves the request in the socket */
    bool answers_at_once;     /* steps begin without a request */
    int receive_buffer_bytes; /* 0 = the system's */
};

struct raw_server {
    struct assay_net_listener listener;
    struct raw_options options;
    pthread_t acceptor;
    pthread_t threads[RAW_CONNECTIONS_MAX];
    atomic_int fds[RAW_CONNECTIONS_MAX];
    atomic_uint connections, requests;
    atomic_bool is_stopping;
    pthread_mutex_t lock;
    char last_request[4096]; /* its beginning, as text; read after the response */
    char url[64];
};

void raw_server_start(struct raw_server *server, const struct raw_options *options);
void raw_server_stop(struct raw_server *server);

#endif
