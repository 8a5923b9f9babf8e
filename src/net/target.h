/*
 * Target: where requests go. The URL, its addresses, resolved once, the proxy and the TLS settings.
 *
 * If a name has several addresses (localhost is ::1 and 127.0.0.1), the first one that accepts a connection is kept; if
 * none does, the first. A target is read-only after opening and may be shared by threads.
 */
#ifndef ASSAY_NET_TARGET_H
#define ASSAY_NET_TARGET_H

#include "base/err.h"
#include "net/url.h"

#include <stdbool.h>
#include <stdint.h>

/* proxy (a URL) goes before found_proxy (what assay_net_proxy_from_env gave, its user and password included); NULL for
 * both: none. */
struct assay_net_target_options {
    const char *url;
    const char *ca_file; /* PEM; NULL: the system's authorities */
    bool is_insecure;    /* takes any certificate */
    const char *proxy;
    const struct assay_net_proxy *found_proxy;
    uint64_t timeout_ns; /* for trying addresses; 0 = 5 s */
};

struct assay_net_target;

/* USAGE: URL or proxy; NETWORK: the name does not resolve; NOT_FOUND or MALFORMED: the CA file; UNSUPPORTED: https in a
 * build without TLS. */
assay_code assay_net_target_open(const struct assay_net_target_options *options, struct assay_net_target **ret,
                                 assay_err *err);
void assay_net_target_close(struct assay_net_target *target); /* fine on NULL; after the loops that used it */

const struct assay_net_url *assay_net_target_url(const struct assay_net_target *target);
/* For assay_net_head_build; NULL if requests are not written in proxy form (no proxy, or https through CONNECT). */
const struct assay_net_proxy *assay_net_target_proxy(const struct assay_net_target *target);
const char *assay_net_target_address(const struct assay_net_target *target); /* "127.0.0.1:8080", for messages */
bool assay_net_target_is_loopback(const struct assay_net_target *target);

#endif
