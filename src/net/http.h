/*
 * HTTP/1.x response parser (RFC 9112), incremental and pure: the same calls for every split of the same bytes, save
 * that body pieces follow the splits. Private to net/.
 */
#ifndef ASSAY_NET_HTTP_H
#define ASSAY_NET_HTTP_H

#include "base/text.h"
#include "net/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_NET_CONTENT_TYPE_MAX 127

enum assay_net_http_state {
    ASSAY_NET_HTTP_STATUS_LINE,
    ASSAY_NET_HTTP_HEADERS,
    ASSAY_NET_HTTP_BODY_LENGTH,
    ASSAY_NET_HTTP_BODY_CLOSE,
    ASSAY_NET_HTTP_CHUNK_SIZE,
    ASSAY_NET_HTTP_CHUNK_DATA,
    ASSAY_NET_HTTP_CHUNK_END,
    ASSAY_NET_HTTP_TRAILERS,
    ASSAY_NET_HTTP_DONE,
    ASSAY_NET_HTTP_FAILED
};

struct assay_net_http_body {
    const char *data;
    size_t len;
    uint32_t closing_bytes; /* of the CRLF that closes the chunk, as far as it is in the input */
    size_t after_bytes;     /* of the input, after those */
};

struct assay_net_http_sink {
    void (*on_header)(void *context, struct assay_slice name, struct assay_slice value); /* may be NULL */
    void (*on_head)(void *context, size_t after_bytes);
    bool (*on_body)(void *context, const struct assay_net_http_body *body); /* false: STOPPED */
};

struct assay_net_http {
    enum assay_net_http_state state;
    enum assay_net_outcome outcome; /* when FAILED */
    const char *reason;
    int status;
    uint64_t content_length; /* UINT64_MAX: not said */
    uint64_t retry_after_ns; /* ASSAY_NS_ABSENT: not said */
    uint64_t body_bytes, body_bytes_max;
    uint64_t remaining; /* of the body or chunk */
    size_t header_bytes;
    bool is_head_method; /* no body whatever the header says; also set for CONNECT */
    bool is_chunked, is_keep_alive, is_http10;
    bool is_line_cut;
    uint8_t content_type_len;
    uint16_t line_len;
    char content_type[ASSAY_NET_CONTENT_TYPE_MAX + 1];
    char line[ASSAY_NET_LINE_BYTES_MAX]; /* the beginning of a split line */
};

void assay_net_http_init(struct assay_net_http *http, bool is_head_method, uint64_t body_bytes_max);
/* Takes input until the response is complete (DONE), wrong (FAILED) or the input is used up. Returns the bytes used. */
size_t assay_net_http_feed(struct assay_net_http *http, const char *bytes, size_t len,
                           const struct assay_net_http_sink *sink, void *context);
/* The connection was closed: DONE if that ends the body, else FAILED with CLOSED. */
void assay_net_http_end(struct assay_net_http *http);

/* ---- between http.c and http_head.c --------------------------------------------------------------------------------
 */

void assay_net_http_fail(struct assay_net_http *http, enum assay_net_outcome outcome, const char *reason);
bool assay_net_http_starts_like_one(struct assay_slice line); /* as far as the line goes */
void assay_net_http_status_line(struct assay_net_http *http, struct assay_slice line);
/* is_heeded: its meaning counts; false for trailers and for headers of interim responses. */
void assay_net_http_header(struct assay_net_http *http, struct assay_slice line, bool is_heeded,
                           const struct assay_net_http_sink *sink, void *context);
/* The empty line after the headers: what follows, and is it allowed? */
void assay_net_http_end_head(struct assay_net_http *http, size_t after_bytes, const struct assay_net_http_sink *sink,
                             void *context);

#endif
