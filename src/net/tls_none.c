/* The build without TLS: https is refused when a target is opened, so that no connection ever gets here. */
#include "net/tls.h"

#include <assert.h>

assay_code assay_net_tls_context_new(const char *ca_file, bool is_insecure, struct assay_net_tls_context **ret,
                                     assay_err *err)
{
    (void)ca_file;
    (void)is_insecure;
    (void)ret;
    return assay_fail(err, ASSAY_UNSUPPORTED, "this assay was built without TLS: use http:// or another build");
}

void assay_net_tls_context_free(struct assay_net_tls_context *context)
{
    assert(!context);
}

struct assay_net_tls *assay_net_tls_new(const struct assay_net_tls_context *context, const struct assay_net_url *url,
                                        struct assay_net_pool *pool)
{
    (void)context;
    (void)url;
    (void)pool;
    return NULL;
}

void assay_net_tls_free(struct assay_net_tls *tls)
{
    assert(!tls);
}

void assay_net_tls_input(struct assay_net_tls *tls, const char *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    assert(!tls);
}

size_t assay_net_tls_input_left(const struct assay_net_tls *tls)
{
    assert(!tls);
    return 0;
}

struct assay_net_gather *assay_net_tls_output(struct assay_net_tls *tls)
{
    assert(!tls);
    return NULL;
}

enum assay_net_tls_result assay_net_tls_handshake(struct assay_net_tls *tls)
{
    assert(!tls);
    return ASSAY_NET_TLS_BROKEN;
}

enum assay_net_tls_result assay_net_tls_read(struct assay_net_tls *tls, char *buffer, size_t capacity, size_t *ret_len)
{
    (void)buffer;
    (void)capacity;
    assert(!tls);
    *ret_len = 0;
    return ASSAY_NET_TLS_BROKEN;
}

enum assay_net_tls_result assay_net_tls_write(struct assay_net_tls *tls, const char *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    assert(!tls);
    return ASSAY_NET_TLS_BROKEN;
}

const char *assay_net_tls_reason(const struct assay_net_tls *tls)
{
    assert(!tls);
    return "TLS is not built in";
}
