/* A certificate of the test's own: self-signed, for 127.0.0.1 and localhost, made when asked. */
#ifndef ASSAY_TESTS_SUPPORT_CERTIFICATE_H
#define ASSAY_TESTS_SUPPORT_CERTIFICATE_H

#include <openssl/ssl.h>

/* A server context with it; its PEM is written to a temporary file whose name goes to path. */
SSL_CTX *test_certificate_server(char path[64]);
void test_certificate_done(SSL_CTX *context, const char *path);

#endif
