#include "net/openssl_late.h"
#include "net/tls.h"

#include "base/mem.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct assay_net_tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *method;
};

struct assay_net_tls {
    SSL *ssl;
    const char *input; /* borrowed from the loop's receive buffer */
    size_t input_len;
    struct assay_net_gather output;
    const char *reason;
};

/* ---- the memory between OpenSSL and the socket ----------------------------------------------------------------- */

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct assay_net_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0 || !assay_net_gather_append(&tls->output, bytes, (size_t)len)) {
        return -1;
    }
    return len;
}

static int bio_read(BIO *bio, char *buffer, int capacity)
{
    struct assay_net_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->input_len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = tls->input_len < (size_t)capacity ? tls->input_len : (size_t)capacity;
    memcpy(buffer, tls->input, len);
    tls->input += len;
    tls->input_len -= len;
    return (int)len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* all else is not known here */
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *new_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "assay memory");
    if (method && (!BIO_meth_set_write(method, bio_write) || !BIO_meth_set_read(method, bio_read) ||
                   !BIO_meth_set_ctrl(method, bio_control) || !BIO_meth_set_create(method, bio_create))) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

/* ---- context --------------------------------------------------------------------------------------------------- */

static const char *library_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error()); /* the first one: what went wrong to begin with */
    ERR_clear_error();
    return reason ? reason : "no further reason given";
}

static assay_code load_authorities(SSL_CTX *ssl, const char *ca_file, assay_err *err)
{
    if (!ca_file) {
        return SSL_CTX_set_default_verify_paths(ssl) == 1
                   ? ASSAY_OK
                   : assay_fail(err, ASSAY_IO, "cannot load the system's certificate authorities: %s",
                                library_reason());
    }
    if (access(ca_file, R_OK) != 0) {
        return assay_fail_errno(err, ASSAY_NOT_FOUND, "cannot read the CA file '%s'", ca_file);
    }
    if (SSL_CTX_load_verify_locations(ssl, ca_file, NULL) != 1) {
        return assay_fail(err, ASSAY_MALFORMED, "the CA file '%s' holds no PEM certificates: %s", ca_file,
                          library_reason());
    }
    return ASSAY_OK;
}

assay_code assay_net_tls_context_new(const char *ca_file, bool is_insecure, struct assay_net_tls_context **ret,
                                     assay_err *err)
{
    assay_code rc = openssl_late_bind(err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_net_tls_context *context = assay_alloc(1, sizeof *context);
    if (!context) {
        return assay_nomem(err);
    }
    context->ssl = SSL_CTX_new(TLS_client_method());
    context->method = new_method();
    if (!context->ssl || !context->method || SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION) != 1) {
        ERR_clear_error();
        rc = assay_nomem(err);
        goto out;
    }
    SSL_CTX_set_verify(context->ssl, is_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);         /* 34 KB less on a stream that waits */
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF); /* each connection pays its own handshake */
    static const unsigned char ALPN[] = "\x08http/1.1";
    (void)SSL_CTX_set_alpn_protos(context->ssl, ALPN, sizeof ALPN - 1); /* 0 is success; without it servers assume it */
    if (!is_insecure) {
        rc = load_authorities(context->ssl, ca_file, err);
    }
out:
    if (rc != ASSAY_OK) {
        assay_net_tls_context_free(context);
        return rc;
    }
    *ret = context;
    return ASSAY_OK;
}

void assay_net_tls_context_free(struct assay_net_tls_context *context)
{
    if (!context) {
        return;
    }
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->method);
    assay_free(context);
}

/* ---- connection ------------------------------------------------------------------------------------------------ */

static bool name_peer(SSL *ssl, const struct assay_net_url *url)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, url->host) == 1) {
        return true; /* an address: no server name indication (RFC 6066, 3) */
    }
    ERR_clear_error();
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    char name[sizeof url->host]; /* the macro below casts const away, but does not write */
    memcpy(name, url->host, sizeof name);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct assay_net_tls *assay_net_tls_new(const struct assay_net_tls_context *context, const struct assay_net_url *url,
                                        struct assay_net_pool *pool)
{
    struct assay_net_tls *tls = assay_alloc(1, sizeof *tls);
    if (!tls) {
        return NULL;
    }
    tls->output.pool = pool;
    tls->ssl = SSL_new(context->ssl);
    BIO *bio = BIO_new(context->method);
    if (!tls->ssl || !bio || !name_peer(tls->ssl, url)) {
        BIO_free(bio);
        ERR_clear_error();
        assay_net_tls_free(tls);
        return NULL;
    }
    BIO_set_data(bio, tls);
    SSL_set_bio(tls->ssl, bio, bio); /* takes the one reference for both directions */
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void assay_net_tls_free(struct assay_net_tls *tls)
{
    if (!tls) {
        return;
    }
    SSL_free(tls->ssl);
    assay_net_gather_release(&tls->output);
    assay_free(tls);
}

void assay_net_tls_input(struct assay_net_tls *tls, const char *bytes, size_t len)
{
    assert(tls->input_len == 0); /* OpenSSL is always asked until it wants more */
    tls->input = bytes;
    tls->input_len = len;
}

size_t assay_net_tls_input_left(const struct assay_net_tls *tls)
{
    return tls->input_len;
}

struct assay_net_gather *assay_net_tls_output(struct assay_net_tls *tls)
{
    return &tls->output;
}

static enum assay_net_tls_result result_of(struct assay_net_tls *tls, int returned)
{
    if (returned > 0) {
        return ASSAY_NET_TLS_OK;
    }
    int error = SSL_get_error(tls->ssl, returned);
    if (error == SSL_ERROR_WANT_READ) {
        return ASSAY_NET_TLS_WANT;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        return ASSAY_NET_TLS_CLOSED;
    }
    long verify = SSL_get_verify_result(tls->ssl);
    bool is_verify = verify != X509_V_OK && SSL_get_verify_mode(tls->ssl) != SSL_VERIFY_NONE;
    tls->reason = is_verify ? X509_verify_cert_error_string(verify) : library_reason();
    ERR_clear_error();
    return ASSAY_NET_TLS_BROKEN;
}

enum assay_net_tls_result assay_net_tls_handshake(struct assay_net_tls *tls)
{
    return result_of(tls, SSL_do_handshake(tls->ssl));
}

enum assay_net_tls_result assay_net_tls_read(struct assay_net_tls *tls, char *buffer, size_t capacity, size_t *ret_len)
{
    int wanted = capacity < INT_MAX ? (int)capacity : INT_MAX;
    int len = SSL_read(tls->ssl, buffer, wanted);
    *ret_len = len > 0 ? (size_t)len : 0;
    return result_of(tls, len);
}

enum assay_net_tls_result assay_net_tls_write(struct assay_net_tls *tls, const char *bytes, size_t len)
{
    assert(len > 0 && len <= ASSAY_NET_TLS_RECORD_BYTES);
    return result_of(tls, SSL_write(tls->ssl, bytes, (int)len));
}

const char *assay_net_tls_reason(const struct assay_net_tls *tls)
{
    return tls->reason ? tls->reason : "TLS failed";
}
