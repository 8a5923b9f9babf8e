/*
 * TLS over memory: the loop reads and writes the socket, so that it sees the kernel stamps; OpenSSL sees only bytes.
 * Private to net/. Two implementations, one a build: tls_openssl.c, tls_none.c.
 *
 *     assay_net_tls_input(tls, bytes, len);                   // what recvmsg brought; consumed by the calls that
 * follow result = assay_net_tls_handshake(tls);  or  assay_net_tls_read(tls, buffer, capacity, &len); out =
 * assay_net_tls_output(tls);                        // ciphertext to send; the caller counts off what it sent
 */
#ifndef ASSAY_NET_TLS_H
#define ASSAY_NET_TLS_H

#include "base/err.h"
#include "net/pool.h"
#include "net/url.h"

#include <stdbool.h>
#include <stddef.h>

#define ASSAY_NET_TLS_RECORD_BYTES 16384 /* plain bytes of the largest record (RFC 8446, 5.1) */

struct assay_net_tls_context;
struct assay_net_tls;

/* UNSUPPORTED in a build without TLS. */
assay_code assay_net_tls_context_new(const char *ca_file, bool is_insecure, struct assay_net_tls_context **ret,
                                     assay_err *err);
void assay_net_tls_context_free(struct assay_net_tls_context *context); /* fine on NULL */

/* NULL: out of memory. The name or address of the URL is what the certificate is held against. */
struct assay_net_tls *assay_net_tls_new(const struct assay_net_tls_context *context, const struct assay_net_url *url,
                                        struct assay_net_pool *pool);
void assay_net_tls_free(struct assay_net_tls *tls); /* fine on NULL */

enum assay_net_tls_result {
    ASSAY_NET_TLS_OK,
    ASSAY_NET_TLS_WANT,   /* more input */
    ASSAY_NET_TLS_CLOSED, /* the peer said that it has nothing more to say */
    ASSAY_NET_TLS_BROKEN  /* *assay_net_tls_reason */
};

void assay_net_tls_input(struct assay_net_tls *tls, const char *bytes, size_t len);
size_t assay_net_tls_input_left(const struct assay_net_tls *tls);
struct assay_net_gather *assay_net_tls_output(struct assay_net_tls *tls);

enum assay_net_tls_result assay_net_tls_handshake(struct assay_net_tls *tls);
enum assay_net_tls_result assay_net_tls_read(struct assay_net_tls *tls, char *buffer, size_t capacity, size_t *ret_len);
/* Takes all of at most ASSAY_NET_TLS_RECORD_BYTES into the output. */
enum assay_net_tls_result assay_net_tls_write(struct assay_net_tls *tls, const char *bytes, size_t len);
const char *assay_net_tls_reason(const struct assay_net_tls *tls); /* static text */

#endif
