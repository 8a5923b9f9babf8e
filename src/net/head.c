#include "net/url.h"

#include "net/token.h"

#include <string.h>
#include <strings.h>

#define USER_AGENT "assay"

/* Headers that decide where a message ends or who it is for: written by assay_net_head_build alone. */
static const char *const OWN_HEADERS[] = {
    "host",       "content-length",  "transfer-encoding",
    "connection", "accept-encoding", "proxy-authorization",
    "upgrade",    "expect",          "te",
    "trailer",
};

static bool is_own_header(const char *name)
{
    for (size_t i = 0; i < sizeof OWN_HEADERS / sizeof OWN_HEADERS[0]; i++) {
        if (strcasecmp(name, OWN_HEADERS[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_clean(const char *text, bool is_space_allowed)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool is_blank = *c == ' ' || *c == '\t';
        if ((*c < ' ' && *c != '\t') || *c == 0x7f || (is_blank && !is_space_allowed)) {
            return false;
        }
    }
    return true;
}

static assay_code check_header(const struct assay_net_header *header, assay_err *err)
{
    if (!assay_net_token_is(assay_slice_of(header->name))) {
        return assay_fail(err, ASSAY_USAGE, "a header name is empty or holds a character that is not allowed there");
    }
    if (is_own_header(header->name)) {
        return assay_fail(err, ASSAY_USAGE, "header '%s' is set by assay itself", header->name);
    }
    if (!is_clean(header->value, true)) { /* the value may be a secret: it is not shown */
        return assay_fail(err, ASSAY_USAGE, "the value of header '%s' holds a control character", header->name);
    }
    return ASSAY_OK;
}

static assay_code check_head(const struct assay_net_head *head, const char *path, assay_err *err)
{
    if (!assay_net_token_is(assay_slice_of(head->method))) {
        return assay_fail(err, ASSAY_USAGE, "the request method is not a token");
    }
    if (path[0] != '/' || !is_clean(path, false)) {
        return assay_fail(err, ASSAY_USAGE, "a request path starts with '/' and holds no space or control character");
    }
    for (size_t i = 0; i < head->headers_count; i++) {
        assay_code rc = check_header(&head->headers[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

static bool has_header(const struct assay_net_head *head, const char *name)
{
    for (size_t i = 0; i < head->headers_count; i++) {
        if (strcasecmp(head->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

assay_code assay_net_head_build(struct assay_buf *out, const struct assay_net_head *head, assay_err *err)
{
    const char *path = head->path ? head->path : head->url->path;
    assay_code rc = check_head(head, path, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const bool is_proxied = head->proxy && head->proxy->is_set && !head->url->is_tls;
    const char *origin = is_proxied ? head->url->authority : "";
    assay_buf_printf(out, "%s %s%s%s HTTP/1.1\r\nHost: %s\r\n", head->method, is_proxied ? "http://" : "", origin, path,
                     head->url->authority);
    if (is_proxied && head->proxy->authorization[0]) {
        assay_buf_printf(out, "Proxy-Authorization: %s\r\n", head->proxy->authorization);
    }
    if (!has_header(head, "user-agent")) {
        assay_buf_text(out, "User-Agent: " USER_AGENT "\r\n");
    }
    assay_buf_printf(out, "Accept-Encoding: identity\r\nConnection: %s\r\n", head->is_last ? "close" : "keep-alive");
    for (size_t i = 0; i < head->headers_count; i++) {
        assay_buf_printf(out, "%s: %s\r\n", head->headers[i].name, head->headers[i].value);
    }
    if (head->has_body) {
        assay_buf_printf(out, "Content-Length: %zu\r\n", head->body_bytes);
    }
    assay_buf_text(out, "\r\n");
    return assay_buf_check(out, err);
}
