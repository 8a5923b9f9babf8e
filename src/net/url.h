/*
 * URLs and request heads. Pure.
 *
 * Only http:// and https:// URLs that name a host; no user information (keys go into a header, where they are not
 * logged) and no fragment. A host is a name, an IPv4 address or an IPv6 address in brackets.
 */
#ifndef ASSAY_NET_URL_H
#define ASSAY_NET_URL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_NET_URL_BYTES_MAX 2048 /* as long as servers and proxies commonly take */
#define ASSAY_NET_HOST_BYTES_MAX 254 /* a DNS name is at most 253 characters */

struct assay_net_url {
    bool is_tls;
    bool is_ipv6; /* host was written in brackets; host itself is without them */
    char host[ASSAY_NET_HOST_BYTES_MAX];
    uint16_t port;                                /* 80 or 443 if not written */
    char path[ASSAY_NET_URL_BYTES_MAX];           /* with query; "/" at least */
    char authority[ASSAY_NET_HOST_BYTES_MAX + 8]; /* what the Host header says: port only if not the scheme's own */
};

/* USAGE with the URL and what would be right. */
assay_code assay_net_url_parse(const char *text, struct assay_net_url *ret, assay_err *err);

/* Where requests go through: http://[user:password@]host:port of a proxy. */
struct assay_net_proxy {
    bool is_set;
    char host[ASSAY_NET_HOST_BYTES_MAX];
    uint16_t port;
    char authorization[400]; /* value of Proxy-Authorization, or "" */
};

assay_code assay_net_proxy_parse(const char *text, struct assay_net_proxy *ret, assay_err *err);

/* What the environment says for that URL: https_proxy, http_proxy (lower case only for http: HTTP_PROXY can be set by a
 * CGI request), all_proxy, no_proxy (comma-separated hosts, domain suffixes, addresses, "*"). Never for localhost.
 * get_env is getenv, or a test's own. */
assay_code assay_net_proxy_from_env(const struct assay_net_url *url, char *(*get_env)(const char *name),
                                    struct assay_net_proxy *ret, assay_err *err);

struct assay_net_header {
    const char *name, *value;
};

struct assay_net_head {
    const struct assay_net_url *url;
    const struct assay_net_proxy *proxy; /* or NULL: the URL's host is spoken to directly, or through CONNECT */
    const char *method;                  /* "POST" */
    const char *path;                    /* replaces that of the URL if not NULL */
    const struct assay_net_header *headers;
    size_t headers_count;
    bool has_body;
    size_t body_bytes; /* goes into Content-Length if has_body */
    bool is_last;      /* asks the server to close the connection afterwards */
};

/* Appends request line, Host, Accept-Encoding: identity, User-Agent, Content-Length, Connection, the proxy's key where
 * it belongs, the caller's headers, and the empty line. USAGE for a name that is no token, a value with control bytes
 * (so that no header can smuggle in another), or a header that is this function's own matter. */
assay_code assay_net_head_build(struct assay_buf *out, const struct assay_net_head *head, assay_err *err);

#endif
