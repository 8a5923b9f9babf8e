/* What a target holds. Private to net/. */
#ifndef ASSAY_NET_TARGET_IMPL_H
#define ASSAY_NET_TARGET_IMPL_H

#include "net/target.h"
#include "net/tls.h"

#include <sys/socket.h>

#define ASSAY_NET_CONNECT_HEAD_BYTES 1200 /* two authorities of 262 bytes, a proxy key of 400, and the fixed words */

struct assay_net_target {
    struct assay_net_url url;
    struct assay_net_proxy proxy;
    struct sockaddr_storage address; /* of the proxy if there is one */
    socklen_t address_len;
    char address_text[ASSAY_NET_HOST_BYTES_MAX + 8];
    bool is_loopback;
    struct assay_net_tls_context *tls;
    char connect_head[ASSAY_NET_CONNECT_HEAD_BYTES]; /* the CONNECT request, if https goes through a proxy; else "" */
    size_t connect_head_len;
};

#endif
