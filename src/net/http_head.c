/* Status line and headers of a response, and what they say about its body (RFC 9112, 4 to 6). */
#include "net/http.h"
#include "net/token.h"

#include "base/clock.h"

#include <string.h>

static const char VERSION[] = "HTTP/1.";

bool assay_net_http_starts_like_one(struct assay_slice line)
{
    size_t len = line.len < sizeof VERSION - 1 ? line.len : sizeof VERSION - 1;
    return memcmp(line.data, VERSION, len) == 0;
}

void assay_net_http_status_line(struct assay_net_http *http, struct assay_slice line)
{
    int status = 0;
    bool is_good = line.len >= 12 && assay_net_http_starts_like_one(line) &&
                   (line.data[7] == '0' || line.data[7] == '1') && line.data[8] == ' ' &&
                   (line.len == 12 || line.data[12] == ' ');
    for (size_t i = 9; is_good && i < 12; i++) {
        is_good = line.data[i] >= '0' && line.data[i] <= '9';
        status = status * 10 + (line.data[i] - '0');
    }
    if (!is_good || status < 100 || status == 101) { /* nobody asked to switch protocols */
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "the answer does not begin with 'HTTP/1.1 STATUS'");
        return;
    }
    http->status = status;
    http->is_http10 = line.data[7] == '0';
    http->is_keep_alive = !http->is_http10;
    http->state = ASSAY_NET_HTTP_HEADERS;
}

static void heed_content_length(struct assay_net_http *http, struct assay_slice value)
{
    uint64_t length;
    if (!assay_net_token_number(value, &length) ||
        (http->content_length != UINT64_MAX && http->content_length != length)) {
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "Content-Length is not one number");
        return;
    }
    http->content_length = length;
}

static void heed_transfer_encoding(struct assay_net_http *http, struct assay_slice value)
{
    if (!assay_net_token_same(value, "chunked") || http->is_chunked) {
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "Transfer-Encoding is something other than chunked");
        return;
    }
    http->is_chunked = true;
}

static void heed_connection(struct assay_net_http *http, struct assay_slice value)
{
    for (struct assay_slice rest = value; rest.len > 0;) {
        struct assay_slice token = assay_slice_trim(assay_slice_cut(&rest, ','));
        if (assay_net_token_same(token, "close")) {
            http->is_keep_alive = false;
        } else if (assay_net_token_same(token, "keep-alive") && http->is_http10) {
            http->is_keep_alive = true;
        }
    }
}

static void heed_content_encoding(struct assay_net_http *http, struct assay_slice value)
{
    if (value.len > 0 && !assay_net_token_same(value, "identity")) {
        assay_net_http_fail(http, ASSAY_NET_ENCODED, "the server encoded the body although only identity was accepted");
    }
}

static void heed_content_type(struct assay_net_http *http, struct assay_slice value)
{
    http->content_type_len = (uint8_t)(value.len < ASSAY_NET_CONTENT_TYPE_MAX ? value.len : ASSAY_NET_CONTENT_TYPE_MAX);
    memcpy(http->content_type, value.data, http->content_type_len);
}

static void heed_retry_after(struct assay_net_http *http, struct assay_slice value)
{
    uint64_t seconds;
    if (assay_net_token_number(value, &seconds) && seconds <= UINT64_MAX / 2 / ASSAY_NS_PER_S) {
        http->retry_after_ns = seconds * ASSAY_NS_PER_S;
    }
}

static const struct {
    const char *name;
    void (*heed)(struct assay_net_http *http, struct assay_slice value);
    bool needs_all; /* half of it could mean something else */
} HEEDED[] = {
    {"content-length", heed_content_length, true}, {"transfer-encoding", heed_transfer_encoding, true},
    {"connection", heed_connection, true},         {"content-encoding", heed_content_encoding, true},
    {"content-type", heed_content_type, false},    {"retry-after", heed_retry_after, false},
};

void assay_net_http_header(struct assay_net_http *http, struct assay_slice line, bool is_heeded,
                           const struct assay_net_http_sink *sink, void *context)
{
    struct assay_slice value = line;
    struct assay_slice name = assay_slice_cut(&value, ':');
    if (!value.data || !assay_net_token_is(name)) {
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "a header line has no name and colon");
        return;
    }
    if (memchr(line.data, '\0', line.len) || memchr(line.data, '\r', line.len)) {
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "a header line holds NUL or CR");
        return;
    }
    value = assay_slice_trim(value);
    for (size_t i = 0; is_heeded && i < sizeof HEEDED / sizeof HEEDED[0]; i++) {
        if (!assay_net_token_same(name, HEEDED[i].name)) {
            continue;
        }
        if (http->is_line_cut && HEEDED[i].needs_all) {
            assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "a header that frames the body is longer than 1024 bytes");
            return;
        }
        HEEDED[i].heed(http, value);
    }
    if (sink->on_header && is_heeded && http->state != ASSAY_NET_HTTP_FAILED) {
        sink->on_header(context, name, value);
    }
}

/* The empty line after the headers: what follows, and is it allowed? */
void assay_net_http_end_head(struct assay_net_http *http, size_t after_bytes, const struct assay_net_http_sink *sink,
                             void *context)
{
    if (http->status < 200) { /* 100 Continue, 103 Early Hints: the real response follows */
        size_t header_bytes = http->header_bytes;
        assay_net_http_init(http, http->is_head_method, http->body_bytes_max);
        http->header_bytes = header_bytes;
        return;
    }
    const bool has_no_body = http->is_head_method || http->status == 204 || http->status == 304;
    if (has_no_body) {
        http->state = ASSAY_NET_HTTP_DONE;
    } else if (http->is_chunked) {
        http->is_keep_alive &= http->content_length == UINT64_MAX; /* both: one of them lies (RFC 9112, 6.1) */
        http->state = ASSAY_NET_HTTP_CHUNK_SIZE;
    } else if (http->content_length != UINT64_MAX) {
        http->remaining = http->content_length;
        http->state = http->remaining > 0 ? ASSAY_NET_HTTP_BODY_LENGTH : ASSAY_NET_HTTP_DONE;
    } else {
        http->is_keep_alive = false;
        http->state = ASSAY_NET_HTTP_BODY_CLOSE;
    }
    sink->on_head(context, after_bytes);
    if (http->state == ASSAY_NET_HTTP_BODY_LENGTH && http->remaining > http->body_bytes_max) {
        assay_net_http_fail(http, ASSAY_NET_TOO_LARGE, "the body is larger than allowed");
    }
}
