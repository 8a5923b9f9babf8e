#include "net/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CREDENTIAL_BYTES_MAX 256 /* user:password; its base64 fits into struct assay_net_proxy */

static void write_base64(const unsigned char *bytes, size_t len, char *text)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        size_t rest = len - i;
        unsigned group = (unsigned)bytes[i] << 16 | (rest > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                         (rest > 2 ? (unsigned)bytes[i + 2] : 0);
        *text++ = DIGITS[group >> 18];
        *text++ = DIGITS[group >> 12 & 63];
        *text++ = rest > 1 ? DIGITS[group >> 6 & 63] : '=';
        *text++ = rest > 2 ? DIGITS[group & 63] : '=';
    }
    *text = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "user:p%40ss" as bytes; the length, or 0 if it is malformed or too long. */
static size_t decode_credential(struct assay_slice text, unsigned char bytes[CREDENTIAL_BYTES_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (len == CREDENTIAL_BYTES_MAX) {
            return 0;
        }
        if (text.data[i] != '%') {
            bytes[len++] = (unsigned char)text.data[i];
            continue;
        }
        int high = i + 1 < text.len ? hex_digit(text.data[i + 1]) : -1;
        int low = i + 2 < text.len ? hex_digit(text.data[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return 0;
        }
        bytes[len++] = (unsigned char)(high * 16 + low);
        i += 2;
    }
    return len;
}

static assay_code read_credential(struct assay_slice text, struct assay_net_proxy *ret, assay_err *err)
{
    unsigned char bytes[CREDENTIAL_BYTES_MAX];
    size_t len = decode_credential(text, bytes);
    if (len == 0) {
        return assay_fail(err, ASSAY_USAGE, "user and password of the proxy are malformed or longer than %d bytes",
                          CREDENTIAL_BYTES_MAX);
    }
    static const char SCHEME[] = "Basic ";
    memcpy(ret->authorization, SCHEME, sizeof SCHEME - 1);
    write_base64(bytes, len, ret->authorization + sizeof SCHEME - 1);
    return ASSAY_OK;
}

assay_code assay_net_proxy_parse(const char *text, struct assay_net_proxy *ret, assay_err *err)
{
    struct assay_net_proxy proxy = {.is_set = true};
    const char *scheme_end = strstr(text, "://");
    if (scheme_end && strncasecmp(text, "http://", 7) != 0) {
        return assay_fail(err, ASSAY_USAGE, "only http:// proxies are supported (they carry https by CONNECT)");
    }
    const char *rest = scheme_end ? scheme_end + 3 : text;
    const char *at = memchr(rest, '@', strcspn(rest, "/?#"));
    if (at) {
        assay_code rc = read_credential((struct assay_slice){rest, (size_t)(at - rest)}, &proxy, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        rest = at + 1;
    }
    char bare[ASSAY_NET_URL_BYTES_MAX];
    struct assay_net_url url;
    (void)snprintf(bare, sizeof bare, "http://%s", rest); /* one that is cut is refused by its host below */
    assay_code rc = assay_net_url_parse(bare, &url, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "proxy");
        return rc;
    }
    if (strcmp(url.path, "/") != 0) {
        return assay_fail(err, ASSAY_USAGE, "a proxy is http://[USER:PASSWORD@]HOST[:PORT], without a path");
    }
    memcpy(proxy.host, url.host, sizeof proxy.host);
    proxy.port = url.port;
    *ret = proxy;
    return ASSAY_OK;
}

/* One entry of no_proxy: "*", a host, ".suffix", an address, each also with ":port". */
static bool entry_covers(struct assay_slice entry, const struct assay_net_url *url)
{
    if (assay_slice_is(entry, "*")) {
        return true;
    }
    char with_port[sizeof url->authority];
    (void)snprintf(with_port, sizeof with_port, "%s:%u", url->host, (unsigned)url->port);
    if (entry.len > 0 && entry.data[0] == '.') {
        entry.data++;
        entry.len--;
    }
    const char *const names[] = {url->host, with_port, url->authority};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]);
        if (entry.len == 0 || entry.len > len || strncasecmp(names[i] + len - entry.len, entry.data, entry.len) != 0) {
            continue;
        }
        if (entry.len == len || names[i][len - entry.len - 1] == '.') {
            return true;
        }
    }
    return false;
}

static bool is_excepted(const struct assay_net_url *url, const char *list)
{
    for (struct assay_slice rest = assay_slice_of(list ? list : ""); rest.len > 0;) {
        if (entry_covers(assay_slice_trim(assay_slice_cut(&rest, ',')), url)) {
            return true;
        }
    }
    return false;
}

/* A proxy cannot reach what listens on the loopback of this host, and a calibration must not leave it. */
static bool is_this_host(const struct assay_net_url *url)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, url->host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, url->host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return strcasecmp(url->host, "localhost") == 0;
}

static const char *first_set(char *(*get_env)(const char *name), const char *const *names)
{
    for (; *names; names++) {
        const char *value = get_env(*names);
        if (value && value[0]) {
            return value;
        }
    }
    return NULL;
}

assay_code assay_net_proxy_from_env(const struct assay_net_url *url, char *(*get_env)(const char *name),
                                    struct assay_net_proxy *ret, assay_err *err)
{
    static const char *const FOR_HTTP[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const FOR_HTTPS[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
    static const char *const EXCEPT[] = {"no_proxy", "NO_PROXY", NULL};
    if (is_this_host(url) || is_excepted(url, first_set(get_env, EXCEPT))) {
        *ret = (struct assay_net_proxy){0};
        return ASSAY_OK;
    }
    const char *value = first_set(get_env, url->is_tls ? FOR_HTTPS : FOR_HTTP);
    if (!value) {
        *ret = (struct assay_net_proxy){0};
        return ASSAY_OK;
    }
    return assay_net_proxy_parse(value, ret, err);
}
