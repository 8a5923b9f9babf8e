#include "net/http.h"

#include "base/clock.h"

#include <string.h>

void assay_net_http_init(struct assay_net_http *http, bool is_head_method, uint64_t body_bytes_max)
{
    http->state = ASSAY_NET_HTTP_STATUS_LINE; /* field by field: the line buffer need not be cleared */
    http->outcome = ASSAY_NET_OK;
    http->reason = NULL;
    http->status = 0;
    http->content_length = UINT64_MAX;
    http->retry_after_ns = ASSAY_NS_ABSENT;
    http->body_bytes = http->remaining = 0;
    http->body_bytes_max = body_bytes_max;
    http->header_bytes = 0;
    http->is_head_method = is_head_method;
    http->is_chunked = http->is_keep_alive = http->is_http10 = http->is_line_cut = false;
    http->content_type_len = 0;
    http->line_len = 0;
}

void assay_net_http_fail(struct assay_net_http *http, enum assay_net_outcome outcome, const char *reason)
{
    http->state = ASSAY_NET_HTTP_FAILED;
    http->outcome = outcome;
    http->reason = reason;
}

/* ---- lines ----------------------------------------------------------------------------------------------------- */

static void keep_line_part(struct assay_net_http *http, const char *bytes, size_t len)
{
    size_t room = sizeof http->line - http->line_len;
    size_t kept = len < room ? len : room;
    memcpy(http->line + http->line_len, bytes, kept);
    http->line_len = (uint16_t)(http->line_len + kept);
    http->is_line_cut |= kept < len;
}

/* A whole line without its end, or false if it goes on in the next input. *at is moved past what was used. A line
 * longer than the buffer is cut, whether it was split or not. */
static bool take_line(struct assay_net_http *http, const char **at, const char *end, struct assay_slice *ret_line)
{
    const char *lf = memchr(*at, '\n', (size_t)(end - *at));
    size_t len = (size_t)((lf ? lf : end) - *at);
    struct assay_slice line = {*at, len};
    *at = lf ? lf + 1 : end;
    http->header_bytes += len + (lf != NULL);
    if (http->line_len > 0 || !lf) {
        keep_line_part(http, line.data, line.len);
        line = (struct assay_slice){http->line, http->line_len};
    } else if (line.len > sizeof http->line) {
        line.len = sizeof http->line;
        http->is_line_cut = true;
    }
    if (!lf) {
        return false;
    }
    http->line_len = 0;
    if (line.len > 0 && line.data[line.len - 1] == '\r' && !http->is_line_cut) {
        line.len--;
    }
    *ret_line = line;
    return true;
}

/* ---- body ------------------------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void read_chunk_size(struct assay_net_http *http, struct assay_slice line)
{
    uint64_t size = 0;
    size_t digits = 0;
    for (; digits < line.len && hex_digit(line.data[digits]) >= 0; digits++) {
        if (digits == 15) { /* 2^60 is beyond every limit and far from overflow */
            break;
        }
        size = size * 16 + (uint64_t)hex_digit(line.data[digits]);
    }
    /* An extension is skipped unread; some servers pad the size with blanks. */
    const char next = digits < line.len ? line.data[digits] : ';';
    if (digits == 0 || (next != ';' && next != ' ' && next != '\t')) {
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "a chunk size is not hexadecimal");
    } else if (size == 0) {
        http->state = ASSAY_NET_HTTP_TRAILERS;
    } else if (size > http->body_bytes_max - http->body_bytes) {
        assay_net_http_fail(http, ASSAY_NET_TOO_LARGE, "the body is larger than allowed");
    } else {
        http->remaining = size;
        http->state = ASSAY_NET_HTTP_CHUNK_DATA;
    }
}

static uint32_t count_closing(const char *at, const char *end)
{
    if (at < end && *at == '\n') {
        return 1;
    }
    if (at < end && *at == '\r') {
        return at + 1 < end && at[1] == '\n' ? 2 : 1;
    }
    return 0;
}

static void hand_over(struct assay_net_http *http, const char **at, size_t len, const char *end,
                      const struct assay_net_http_sink *sink, void *context)
{
    struct assay_net_http_body body = {.data = *at, .len = len};
    *at += len;
    http->body_bytes += len;
    if (http->state == ASSAY_NET_HTTP_CHUNK_END) {
        body.closing_bytes = count_closing(*at, end);
    }
    body.after_bytes = (size_t)(end - *at) - body.closing_bytes;
    if (len > 0 && !sink->on_body(context, &body)) {
        assay_net_http_fail(http, ASSAY_NET_STOPPED, NULL);
    }
}

static void take_counted(struct assay_net_http *http, const char **at, const char *end, enum assay_net_http_state next,
                         const struct assay_net_http_sink *sink, void *context)
{
    size_t input = (size_t)(end - *at);
    size_t len = input < http->remaining ? input : (size_t)http->remaining;
    http->remaining -= len;
    if (http->remaining == 0) {
        http->state = next;
    }
    hand_over(http, at, len, end, sink, context);
}

static void take_until_close(struct assay_net_http *http, const char **at, const char *end,
                             const struct assay_net_http_sink *sink, void *context)
{
    size_t input = (size_t)(end - *at);
    uint64_t room = http->body_bytes_max - http->body_bytes;
    hand_over(http, at, input < room ? input : (size_t)room, end, sink, context);
    if (input > room && http->state != ASSAY_NET_HTTP_FAILED) {
        assay_net_http_fail(http, ASSAY_NET_TOO_LARGE, "the body is larger than allowed");
    }
}

/* ---- the machine ----------------------------------------------------------------------------------------------- */

static void read_line(struct assay_net_http *http, struct assay_slice line, size_t after_bytes,
                      const struct assay_net_http_sink *sink, void *context)
{
    switch (http->state) {
    case ASSAY_NET_HTTP_STATUS_LINE:
        assay_net_http_status_line(http, line);
        break;
    case ASSAY_NET_HTTP_HEADERS:
        if (line.len == 0) {
            assay_net_http_end_head(http, after_bytes, sink, context);
        } else {
            assay_net_http_header(http, line, http->status >= 200, sink, context);
        }
        break;
    case ASSAY_NET_HTTP_CHUNK_SIZE:
        http->header_bytes = 0; /* each such line has a limit of its own */
        read_chunk_size(http, line);
        break;
    case ASSAY_NET_HTTP_CHUNK_END:
        http->header_bytes = 0;
        http->state = ASSAY_NET_HTTP_CHUNK_SIZE;
        if (line.len > 0) {
            assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "a chunk is longer than its size says");
        }
        break;
    case ASSAY_NET_HTTP_TRAILERS:
        if (line.len == 0) {
            http->state = ASSAY_NET_HTTP_DONE;
        } else {
            assay_net_http_header(http, line, false, sink, context);
        }
        break;
    case ASSAY_NET_HTTP_BODY_LENGTH:
    case ASSAY_NET_HTTP_BODY_CLOSE:
    case ASSAY_NET_HTTP_CHUNK_DATA:
    case ASSAY_NET_HTTP_DONE:
    case ASSAY_NET_HTTP_FAILED:
        break; /* not read by lines */
    }
    http->is_line_cut = false;
}

/* What a line may hold while it is still incomplete: garbage is not waited for to end. */
static void check_line_part(struct assay_net_http *http)
{
    struct assay_slice part = {http->line, http->line_len};
    if (http->state == ASSAY_NET_HTTP_STATUS_LINE && !assay_net_http_starts_like_one(part)) {
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "the answer does not begin with 'HTTP/1.1 STATUS'");
    } else if (http->state == ASSAY_NET_HTTP_CHUNK_END && part.len > 0 && part.data[0] != '\r') {
        assay_net_http_fail(http, ASSAY_NET_BAD_HTTP, "a chunk is longer than its size says");
    }
}

static void step_line(struct assay_net_http *http, const char **at, const char *end,
                      const struct assay_net_http_sink *sink, void *context)
{
    struct assay_slice line;
    bool is_whole = take_line(http, at, end, &line);
    if (http->header_bytes > ASSAY_NET_HEADER_BYTES_MAX) {
        assay_net_http_fail(http, ASSAY_NET_TOO_LARGE, "the header block is larger than 64 KiB");
    } else if (is_whole) {
        read_line(http, line, (size_t)(end - *at), sink, context);
    } else {
        check_line_part(http);
    }
}

size_t assay_net_http_feed(struct assay_net_http *http, const char *bytes, size_t len,
                           const struct assay_net_http_sink *sink, void *context)
{
    const char *at = bytes, *const end = bytes + len;
    while (at < end && http->state != ASSAY_NET_HTTP_DONE && http->state != ASSAY_NET_HTTP_FAILED) {
        if (http->state == ASSAY_NET_HTTP_BODY_LENGTH) {
            take_counted(http, &at, end, ASSAY_NET_HTTP_DONE, sink, context);
        } else if (http->state == ASSAY_NET_HTTP_CHUNK_DATA) {
            take_counted(http, &at, end, ASSAY_NET_HTTP_CHUNK_END, sink, context);
        } else if (http->state == ASSAY_NET_HTTP_BODY_CLOSE) {
            take_until_close(http, &at, end, sink, context);
        } else {
            step_line(http, &at, end, sink, context);
        }
    }
    return (size_t)(at - bytes);
}

void assay_net_http_end(struct assay_net_http *http)
{
    if (http->state == ASSAY_NET_HTTP_BODY_CLOSE) {
        http->state = ASSAY_NET_HTTP_DONE;
    } else if (http->state != ASSAY_NET_HTTP_DONE && http->state != ASSAY_NET_HTTP_FAILED) {
        assay_net_http_fail(http, ASSAY_NET_CLOSED,
                            http->status == 0 ? "closed before a response" : "closed inside the response");
    }
}
