#include "net/url.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static assay_code bad_url(assay_err *err, const char *text, const char *wrong)
{
    struct assay_buf shown;
    assay_buf_init(&shown, 2 * ASSAY_ERR_BYTES);
    assay_text_show(&shown, text, strlen(text), ASSAY_ERR_BYTES / 4); /* a hostile URL reaches a terminal */
    assay_code rc = assay_fail(err, ASSAY_USAGE, "URL '%s': %s", shown.data ? shown.data : "", wrong);
    assay_buf_done(&shown);
    return rc;
}

static bool is_printable(struct assay_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_name(struct assay_slice host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_alnum && c != '.' && c != '-' && c != '_') {
            return false;
        }
    }
    return host.len > 0;
}

static bool is_ipv6_literal(struct assay_slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.len >= sizeof text) {
        return false;
    }
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* Cuts the host off the front of *rest, which then starts at ':' of a port or is empty. NULL, or what is wrong. */
static const char *take_host(struct assay_slice *rest, struct assay_net_url *ret)
{
    struct assay_slice host = *rest;
    if (rest->len > 0 && rest->data[0] == '[') {
        const char *close = memchr(rest->data, ']', rest->len);
        if (!close) {
            return "an IPv6 address ends with ']'";
        }
        host = (struct assay_slice){rest->data + 1, (size_t)(close - rest->data) - 1};
        if (!is_ipv6_literal(host)) {
            return "the brackets hold no IPv6 address";
        }
        ret->is_ipv6 = true;
        rest->len -= host.len + 2;
        rest->data = close + 1;
    } else {
        const char *colon = memchr(rest->data, ':', rest->len);
        host.len = colon ? (size_t)(colon - rest->data) : rest->len;
        if (!is_name(host)) {
            return "expected a host name or address after '://' (an IPv6 address goes in brackets)";
        }
        rest->data += host.len;
        rest->len -= host.len;
    }
    if (host.len >= sizeof ret->host) {
        return "the host name is longer than 253 characters";
    }
    memcpy(ret->host, host.data, host.len);
    ret->host[host.len] = '\0';
    return NULL;
}

static const char *take_port(struct assay_slice rest, struct assay_net_url *ret)
{
    ret->port = ret->is_tls ? 443 : 80;
    if (rest.len == 0) {
        return NULL;
    }
    uint64_t port = 0;
    struct assay_slice digits = {rest.data + 1, rest.len - 1};
    if (rest.data[0] != ':' || assay_num_u64(digits, "port", UINT16_MAX, &port, NULL) != ASSAY_OK || port == 0) {
        return "the port is not a number from 1 to 65535";
    }
    ret->port = (uint16_t)port;
    return NULL;
}

static void write_authority(struct assay_net_url *url)
{
    const char *open = url->is_ipv6 ? "[" : "", *close = url->is_ipv6 ? "]" : "";
    if (url->port == (url->is_tls ? 443 : 80)) {
        (void)snprintf(url->authority, sizeof url->authority, "%s%s%s", open, url->host, close);
    } else {
        (void)snprintf(url->authority, sizeof url->authority, "%s%s%s:%u", open, url->host, close, (unsigned)url->port);
    }
}

static const char *take_path(struct assay_slice path, struct assay_net_url *ret)
{
    if (memchr(path.data, '#', path.len)) {
        return "a fragment ('#...') is not sent to a server";
    }
    const char *slash = path.len > 0 && path.data[0] == '/' ? "" : "/"; /* "http://host?x" is "/?x" */
    (void)snprintf(ret->path, sizeof ret->path, "%s%.*s", slash, (int)path.len, path.data);
    return NULL;
}

assay_code assay_net_url_parse(const char *text, struct assay_net_url *ret, assay_err *err)
{
    struct assay_net_url url = {0};
    struct assay_slice rest = assay_slice_of(text);
    if (rest.len >= ASSAY_NET_URL_BYTES_MAX - 1) {
        return bad_url(err, text, "longer than 2046 bytes");
    }
    if (!is_printable(rest)) {
        return bad_url(err, text, "holds a space, a control byte or a byte beyond ASCII (write it as %XX)");
    }
    if (strncasecmp(text, "https://", 8) == 0) {
        url.is_tls = true;
    } else if (strncasecmp(text, "http://", 7) != 0) {
        return bad_url(err, text, "expected http://HOST[:PORT]/PATH or https://...");
    }
    const size_t scheme = url.is_tls ? 8 : 7;
    rest = (struct assay_slice){text + scheme, rest.len - scheme};
    size_t authority_len = strcspn(rest.data, "/?#");
    struct assay_slice authority = {rest.data, authority_len};
    struct assay_slice path = {rest.data + authority_len, rest.len - authority_len};
    if (memchr(authority.data, '@', authority.len)) {
        return assay_fail(err, ASSAY_USAGE, "the URL holds a user name or password: send keys as a header instead");
    }
    const char *wrong = take_host(&authority, &url);
    wrong = wrong ? wrong : take_port(authority, &url);
    wrong = wrong ? wrong : take_path(path, &url);
    if (wrong) {
        return bad_url(err, text, wrong);
    }
    write_authority(&url);
    *ret = url;
    return ASSAY_OK;
}
