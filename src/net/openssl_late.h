/*
 * OpenSSL, bound when the first TLS context is made (base/library.h). Inside this room only, and behind OpenSSL's own
 * headers: from here on their names, in their macros too, mean the functions that were bound. A function that is
 * missing here does not link.
 */
#ifndef ASSAY_NET_OPENSSL_LATE_H
#define ASSAY_NET_OPENSSL_LATE_H

#include "base/library.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define OPENSSL_FUNCTIONS(F)            \
    F(BIO_clear_flags)                  \
    F(BIO_free)                         \
    F(BIO_get_data)                     \
    F(BIO_get_new_index)                \
    F(BIO_meth_free)                    \
    F(BIO_meth_new)                     \
    F(BIO_meth_set_create)              \
    F(BIO_meth_set_ctrl)                \
    F(BIO_meth_set_read)                \
    F(BIO_meth_set_write)               \
    F(BIO_new)                          \
    F(BIO_set_data)                     \
    F(BIO_set_flags)                    \
    F(BIO_set_init)                     \
    F(ERR_clear_error)                  \
    F(ERR_peek_error)                   \
    F(ERR_reason_error_string)          \
    F(SSL_CTX_ctrl)                     \
    F(SSL_CTX_free)                     \
    F(SSL_CTX_load_verify_locations)    \
    F(SSL_CTX_new)                      \
    F(SSL_CTX_set_alpn_protos)          \
    F(SSL_CTX_set_default_verify_paths) \
    F(SSL_CTX_set_verify)               \
    F(SSL_ctrl)                         \
    F(SSL_do_handshake)                 \
    F(SSL_free)                         \
    F(SSL_get0_param)                   \
    F(SSL_get_error)                    \
    F(SSL_get_verify_mode)              \
    F(SSL_get_verify_result)            \
    F(SSL_new)                          \
    F(SSL_read)                         \
    F(SSL_set1_host)                    \
    F(SSL_set_bio)                      \
    F(SSL_set_connect_state)            \
    F(SSL_set_hostflags)                \
    F(SSL_write)                        \
    F(TLS_client_method)                \
    F(X509_VERIFY_PARAM_set1_ip_asc)    \
    F(X509_verify_cert_error_string)

struct openssl_late {
    struct assay_library library;
#define A_POINTER(name) __typeof__(&name) name;
    OPENSSL_FUNCTIONS(A_POINTER)
#undef A_POINTER
};
extern struct openssl_late openssl_late;

/* Before any other call. */
assay_code openssl_late_bind(assay_err *err);

#ifndef OPENSSL_LATE_AS_DECLARED /* the table itself names them as they are */
#define BIO_clear_flags openssl_late.BIO_clear_flags
#define BIO_free openssl_late.BIO_free
#define BIO_get_data openssl_late.BIO_get_data
#define BIO_get_new_index openssl_late.BIO_get_new_index
#define BIO_meth_free openssl_late.BIO_meth_free
#define BIO_meth_new openssl_late.BIO_meth_new
#define BIO_meth_set_create openssl_late.BIO_meth_set_create
#define BIO_meth_set_ctrl openssl_late.BIO_meth_set_ctrl
#define BIO_meth_set_read openssl_late.BIO_meth_set_read
#define BIO_meth_set_write openssl_late.BIO_meth_set_write
#define BIO_new openssl_late.BIO_new
#define BIO_set_data openssl_late.BIO_set_data
#define BIO_set_flags openssl_late.BIO_set_flags
#define BIO_set_init openssl_late.BIO_set_init
#define ERR_clear_error openssl_late.ERR_clear_error
#define ERR_peek_error openssl_late.ERR_peek_error
#define ERR_reason_error_string openssl_late.ERR_reason_error_string
#define SSL_CTX_ctrl openssl_late.SSL_CTX_ctrl
#define SSL_CTX_free openssl_late.SSL_CTX_free
#define SSL_CTX_load_verify_locations openssl_late.SSL_CTX_load_verify_locations
#define SSL_CTX_new openssl_late.SSL_CTX_new
#define SSL_CTX_set_alpn_protos openssl_late.SSL_CTX_set_alpn_protos
#define SSL_CTX_set_default_verify_paths openssl_late.SSL_CTX_set_default_verify_paths
#define SSL_CTX_set_verify openssl_late.SSL_CTX_set_verify
#define SSL_ctrl openssl_late.SSL_ctrl
#define SSL_do_handshake openssl_late.SSL_do_handshake
#define SSL_free openssl_late.SSL_free
#define SSL_get0_param openssl_late.SSL_get0_param
#define SSL_get_error openssl_late.SSL_get_error
#define SSL_get_verify_mode openssl_late.SSL_get_verify_mode
#define SSL_get_verify_result openssl_late.SSL_get_verify_result
#define SSL_new openssl_late.SSL_new
#define SSL_read openssl_late.SSL_read
#define SSL_set1_host openssl_late.SSL_set1_host
#define SSL_set_bio openssl_late.SSL_set_bio
#define SSL_set_connect_state openssl_late.SSL_set_connect_state
#define SSL_set_hostflags openssl_late.SSL_set_hostflags
#define SSL_write openssl_late.SSL_write
#define TLS_client_method openssl_late.TLS_client_method
#define X509_VERIFY_PARAM_set1_ip_asc openssl_late.X509_VERIFY_PARAM_set1_ip_asc
#define X509_verify_cert_error_string openssl_late.X509_verify_cert_error_string
#endif

#endif
