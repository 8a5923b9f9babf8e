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

static void fail(struct assay_net_http *http, enum assay_net_outcome outcome, const char *reason)
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

/* ---- status line and headers ----------------------------------------------------------------------------------- */

static const char VERSION[] = "HTTP/1.";

static bool starts_like_http(struct assay_slice line)
{
    size_t len = line.len < sizeof VERSION - 1 ? line.len : sizeof VERSION - 1;
    return memcmp(line.data, VERSION, len) == 0;
}

static void read_status_line(struct assay_net_http *http, struct assay_slice line)
{
    int status = 0;
    bool is_good = line.len >= 12 && starts_like_http(line) && (line.data[7] == '0' || line.data[7] == '1') &&
                   line.data[8] == ' ' && (line.len == 12 || line.data[12] == ' ');
    for (size_t i = 9; is_good && i < 12; i++) {
        is_good = line.data[i] >= '0' && line.data[i] <= '9';
        status = status * 10 + (line.data[i] - '0');
    }
    if (!is_good || status < 100 || status == 101) { /* nobody asked to switch protocols */
        fail(http, ASSAY_NET_BAD_HTTP, "the answer does not begin with 'HTTP/1.1 STATUS'");
        return;
    }
    http->status = status;
    http->is_http10 = line.data[7] == '0';
    http->is_keep_alive = !http->is_http10;
    http->state = ASSAY_NET_HTTP_HEADERS;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_same(struct assay_slice a, struct assay_slice b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

static bool read_number(struct assay_slice text, uint64_t *ret)
{
    uint64_t value = 0;
    if (text.len == 0 || text.len > 18) { /* 10^18 is beyond every limit and far from overflow */
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret = value;
    return true;
}

static void heed_content_length(struct assay_net_http *http, struct assay_slice value)
{
    uint64_t length;
    if (!read_number(value, &length) || (http->content_length != UINT64_MAX && http->content_length != length)) {
        fail(http, ASSAY_NET_BAD_HTTP, "Content-Length is not one number");
        return;
    }
    http->content_length = length;
}

static void heed_transfer_encoding(struct assay_net_http *http, struct assay_slice value)
{
    if (!is_same(value, ASSAY_SLICE("chunked")) || http->is_chunked) {
        fail(http, ASSAY_NET_BAD_HTTP, "Transfer-Encoding is something other than chunked");
        return;
    }
    http->is_chunked = true;
}

static void heed_connection(struct assay_net_http *http, struct assay_slice value)
{
    for (struct assay_slice rest = value; rest.len > 0;) {
        struct assay_slice token = assay_slice_trim(assay_slice_cut(&rest, ','));
        if (is_same(token, ASSAY_SLICE("close"))) {
            http->is_keep_alive = false;
        } else if (is_same(token, ASSAY_SLICE("keep-alive")) && http->is_http10) {
            http->is_keep_alive = true;
        }
    }
}

static void heed_content_encoding(struct assay_net_http *http, struct assay_slice value)
{
    if (value.len > 0 && !is_same(value, ASSAY_SLICE("identity"))) {
        fail(http, ASSAY_NET_ENCODED, "the server encoded the body although only identity was accepted");
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
    if (read_number(value, &seconds) && seconds <= UINT64_MAX / 2 / ASSAY_NS_PER_S) {
        http->retry_after_ns = seconds * ASSAY_NS_PER_S;
    }
}

static const struct {
    struct assay_slice name;
    void (*heed)(struct assay_net_http *http, struct assay_slice value);
    bool needs_all; /* half of it could mean something else */
} HEEDED[] = {
    {{"content-length", 14}, heed_content_length, true}, {{"transfer-encoding", 17}, heed_transfer_encoding, true},
    {{"connection", 10}, heed_connection, true},         {{"content-encoding", 16}, heed_content_encoding, true},
    {{"content-type", 12}, heed_content_type, false},    {{"retry-after", 11}, heed_retry_after, false},
};

static bool is_header_name(struct assay_slice name)
{
    static const char SIGNS[] = "!#$%&'*+-.^_`|~"; /* RFC 9110, 5.6.2 */
    for (size_t i = 0; i < name.len; i++) {
        char c = lower(name.data[i]);
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
        if (!is_alnum && (c == '\0' || !strchr(SIGNS, c))) {
            return false;
        }
    }
    return name.len > 0;
}

static void read_header(struct assay_net_http *http, struct assay_slice line, bool is_heeded,
                        const struct assay_net_http_sink *sink, void *context)
{
    struct assay_slice value = line;
    struct assay_slice name = assay_slice_cut(&value, ':');
    if (!value.data || !is_header_name(name)) {
        fail(http, ASSAY_NET_BAD_HTTP, "a header line has no name and colon");
        return;
    }
    if (memchr(line.data, '\0', line.len) || memchr(line.data, '\r', line.len)) {
        fail(http, ASSAY_NET_BAD_HTTP, "a header line holds NUL or CR");
        return;
    }
    value = assay_slice_trim(value);
    for (size_t i = 0; is_heeded && i < sizeof HEEDED / sizeof HEEDED[0]; i++) {
        if (!is_same(name, HEEDED[i].name)) {
            continue;
        }
        if (http->is_line_cut && HEEDED[i].needs_all) {
            fail(http, ASSAY_NET_BAD_HTTP, "a header that frames the body is longer than 1024 bytes");
            return;
        }
        HEEDED[i].heed(http, value);
    }
    if (sink->on_header && is_heeded && http->state != ASSAY_NET_HTTP_FAILED) {
        sink->on_header(context, name, value);
    }
}

/* The empty line after the headers: what follows, and is it allowed? */
static void end_head(struct assay_net_http *http, size_t after_bytes, const struct assay_net_http_sink *sink,
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
        fail(http, ASSAY_NET_TOO_LARGE, "the body is larger than allowed");
    }
}

/* ---- body ------------------------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = lower(c);
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
        fail(http, ASSAY_NET_BAD_HTTP, "a chunk size is not hexadecimal");
    } else if (size == 0) {
        http->state = ASSAY_NET_HTTP_TRAILERS;
    } else if (size > http->body_bytes_max - http->body_bytes) {
        fail(http, ASSAY_NET_TOO_LARGE, "the body is larger than allowed");
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
        fail(http, ASSAY_NET_STOPPED, NULL);
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
        fail(http, ASSAY_NET_TOO_LARGE, "the body is larger than allowed");
    }
}

/* ---- the machine ----------------------------------------------------------------------------------------------- */

static void read_line(struct assay_net_http *http, struct assay_slice line, size_t after_bytes,
                      const struct assay_net_http_sink *sink, void *context)
{
    switch (http->state) {
    case ASSAY_NET_HTTP_STATUS_LINE:
        read_status_line(http, line);
        break;
    case ASSAY_NET_HTTP_HEADERS:
        if (line.len == 0) {
            end_head(http, after_bytes, sink, context);
        } else {
            read_header(http, line, http->status >= 200, sink, context);
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
            fail(http, ASSAY_NET_BAD_HTTP, "a chunk is longer than its size says");
        }
        break;
    case ASSAY_NET_HTTP_TRAILERS:
        if (line.len == 0) {
            http->state = ASSAY_NET_HTTP_DONE;
        } else {
            read_header(http, line, false, sink, context);
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
    if (http->state == ASSAY_NET_HTTP_STATUS_LINE && !starts_like_http(part)) {
        fail(http, ASSAY_NET_BAD_HTTP, "the answer does not begin with 'HTTP/1.1 STATUS'");
    } else if (http->state == ASSAY_NET_HTTP_CHUNK_END && part.len > 0 && part.data[0] != '\r') {
        fail(http, ASSAY_NET_BAD_HTTP, "a chunk is longer than its size says");
    }
}

static void step_line(struct assay_net_http *http, const char **at, const char *end,
                      const struct assay_net_http_sink *sink, void *context)
{
    struct assay_slice line;
    bool is_whole = take_line(http, at, end, &line);
    if (http->header_bytes > ASSAY_NET_HEADER_BYTES_MAX) {
        fail(http, ASSAY_NET_TOO_LARGE, "the header block is larger than 64 KiB");
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
        fail(http, ASSAY_NET_CLOSED, http->status == 0 ? "closed before a response" : "closed inside the response");
    }
}
