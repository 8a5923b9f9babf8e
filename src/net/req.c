#include "net/server.h"

#include "net/token.h"

#include <assert.h>
#include <string.h>

void assay_net_req_init(struct assay_net_req *req, char *buffer, size_t capacity)
{
    assert(buffer && capacity > 0);
    *req = (struct assay_net_req){.buffer = buffer, .capacity = capacity, .status = ASSAY_NET_REQ_MORE};
}

static enum assay_net_req_status refuse(struct assay_net_req *req, enum assay_net_req_status status, const char *reason)
{
    req->reason = reason;
    req->status = status;
    return status;
}

/* The next line without its end; LF alone is taken as a line end too (RFC 9112, 2.2). */
static struct assay_slice cut_line(struct assay_slice *rest)
{
    struct assay_slice line = assay_slice_cut(rest, '\n');
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

static bool read_request_line(struct assay_net_req *req, struct assay_slice line)
{
    struct assay_slice rest = line;
    req->method = assay_slice_cut(&rest, ' ');
    struct assay_slice target = assay_slice_cut(&rest, ' ');
    if (!assay_net_token_is(req->method) || target.len == 0) {
        return false;
    }
    if (!assay_slice_is(rest, "HTTP/1.1") && !assay_slice_is(rest, "HTTP/1.0")) {
        return false;
    }
    req->is_keep_alive = assay_slice_is(rest, "HTTP/1.1");
    req->query = target;
    req->path = assay_slice_cut(&req->query, '?');
    return true;
}

/* What a header means for framing; NULL if it is fine. */
static const char *heed_header(struct assay_net_req *req, const struct assay_net_req_header *header, bool *has_length)
{
    if (assay_net_token_same(header->name, "content-length")) {
        uint64_t length;
        if (!assay_net_token_number(header->value, &length) || (*has_length && length != req->body_bytes)) {
            return "Content-Length is not one number";
        }
        req->body_bytes = length;
        *has_length = true;
    } else if (assay_net_token_same(header->name, "transfer-encoding")) {
        return "a request body must have a Content-Length";
    } else if (assay_net_token_same(header->name, "connection")) {
        if (assay_net_token_same(header->value, "close")) {
            req->is_keep_alive = false;
        } else if (assay_net_token_same(header->value, "keep-alive")) {
            req->is_keep_alive = true;
        }
    } else if (assay_net_token_same(header->name, "expect")) {
        req->wants_continue = assay_net_token_same(header->value, "100-continue");
    }
    return NULL;
}

static const char *read_header(struct assay_net_req *req, struct assay_slice line, bool *has_length)
{
    struct assay_slice value = line;
    struct assay_slice name = assay_slice_cut(&value, ':');
    if (!value.data || !assay_net_token_is(name)) {
        return "a header line has no name and colon";
    }
    if (memchr(line.data, '\0', line.len) || memchr(line.data, '\r', line.len)) {
        return "a header line holds NUL or CR";
    }
    if (req->headers_count == ASSAY_NET_REQ_HEADERS_MAX) {
        return "too many headers";
    }
    struct assay_net_req_header *header = &req->headers[req->headers_count++];
    *header = (struct assay_net_req_header){.name = name, .value = assay_slice_trim(value)};
    return heed_header(req, header, has_length);
}

static enum assay_net_req_status read_head(struct assay_net_req *req)
{
    struct assay_slice rest = {req->buffer, req->head_len};
    if (!read_request_line(req, cut_line(&rest))) {
        return refuse(req, ASSAY_NET_REQ_BAD, "the request line is not METHOD PATH HTTP/1.1");
    }
    bool has_length = false;
    for (;;) {
        struct assay_slice line = cut_line(&rest);
        if (line.len == 0) {
            break;
        }
        const char *wrong = read_header(req, line, &has_length);
        if (wrong) {
            return refuse(req, ASSAY_NET_REQ_BAD, wrong);
        }
    }
    if (req->body_bytes > req->capacity - req->head_len) {
        return refuse(req, ASSAY_NET_REQ_TOO_LARGE, "the body is larger than allowed");
    }
    return ASSAY_NET_REQ_MORE;
}

/* Length of the head with its empty line within the first `len` bytes, or 0. */
static size_t find_head_end(const struct assay_net_req *req, size_t len)
{
    for (size_t at = req->scan; at < len;) {
        const char *lf = memchr(req->buffer + at, '\n', len - at);
        if (!lf) {
            return 0;
        }
        size_t end = (size_t)(lf - req->buffer) + 1;
        bool is_empty_line = (end >= 2 && lf[-1] == '\n') || (end >= 3 && lf[-1] == '\r' && lf[-2] == '\n');
        if (is_empty_line) {
            return end;
        }
        at = end;
    }
    return 0;
}

/* Takes head bytes; returns how many of the input belong to the head. */
static size_t feed_head(struct assay_net_req *req, const char *bytes, size_t len)
{
    size_t room = req->capacity - req->len;
    size_t taken = len < room ? len : room;
    memcpy(req->buffer + req->len, bytes, taken);
    size_t end = find_head_end(req, req->len + taken);
    if (end == 0) {
        req->len += taken;
        req->scan = req->len;
        if (taken < len || req->len == req->capacity) {
            (void)refuse(req, ASSAY_NET_REQ_TOO_LARGE, "the head is larger than allowed");
        }
        return taken;
    }
    taken = end - req->len;
    req->len = req->head_len = end;
    (void)read_head(req);
    return taken;
}

enum assay_net_req_status assay_net_req_feed(struct assay_net_req *req, const char *bytes, size_t len, size_t *ret_used)
{
    size_t used = 0;
    if (req->status == ASSAY_NET_REQ_MORE && req->head_len == 0 && len > 0) {
        used = feed_head(req, bytes, len);
    }
    if (req->status == ASSAY_NET_REQ_MORE && req->head_len > 0) {
        uint64_t missing = req->body_bytes - (req->len - req->head_len); /* read_head made sure that it fits */
        size_t taken = len - used < missing ? len - used : (size_t)missing;
        if (taken > 0) {
            memcpy(req->buffer + req->len, bytes + used, taken);
        }
        req->len += taken;
        used += taken;
        if (taken == missing) {
            req->body = (struct assay_slice){req->buffer + req->head_len, (size_t)req->body_bytes};
            req->status = ASSAY_NET_REQ_DONE;
        }
    }
    *ret_used = used;
    return req->status;
}

struct assay_slice assay_net_req_header(const struct assay_net_req *req, const char *name)
{
    for (size_t i = 0; i < req->headers_count; i++) {
        if (assay_net_token_same(req->headers[i].name, name)) {
            return req->headers[i].value;
        }
    }
    return (struct assay_slice){NULL, 0};
}
