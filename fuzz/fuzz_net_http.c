/* The response parser: the same headers, body and verdict for every split. The first byte chooses HEAD and a body
 * limit. */
#include "fuzz_net_stream.h"

#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct seen {
    struct fold head, body;
    uint64_t body_bytes;
    size_t input_left; /* of the piece being fed, for checking what on_body says */
};

static void on_header(void *context, struct assay_slice name, struct assay_slice value)
{
    struct seen *seen = context;
    assert(name.len > 0 && !memchr(name.data, '\n', name.len) && !memchr(value.data, '\n', value.len));
    fold_bytes(&seen->head, name.data, name.len);
    fold_bytes(&seen->head, value.data, value.len);
}

static void on_head(void *context, size_t after_bytes)
{
    struct seen *seen = context;
    assert(after_bytes < seen->input_left);
    fold_number(&seen->head, 1);
}

static bool on_body(void *context, const struct assay_net_http_body *body)
{
    struct seen *seen = context;
    assert(body->len > 0 && body->len + body->closing_bytes + body->after_bytes <= seen->input_left);
    fold_bytes(&seen->body, body->data, body->len);
    seen->body_bytes += body->len;
    return true;
}

static const struct assay_net_http_sink SINK = {on_header, on_head, on_body};

static uint64_t read_response(const char *text, size_t len, uint8_t choice, int is_split)
{
    struct seen seen = {{UINT64_C(14695981039346656037)}, {UINT64_C(14695981039346656037)}, 0, 0};
    struct assay_net_http http;
    struct assay_rng rng;
    size_t used_all = 0;
    assay_rng_seed(&rng, len, "split");
    assay_net_http_init(&http, choice & 1, choice & 2 ? 100 : ASSAY_NET_BODY_BYTES_MAX);
    for (size_t at = 0, piece; at < len; at += piece) {
        piece = next_piece(&rng, len - at, is_split);
        seen.input_left = piece;
        size_t used = assay_net_http_feed(&http, text + at, piece, &SINK, &seen);
        assert(used <= piece);
        used_all += used;
        if (http.state == ASSAY_NET_HTTP_DONE || http.state == ASSAY_NET_HTTP_FAILED) {
            break;
        }
        assert(used == piece);
    }
    assert(seen.body_bytes == http.body_bytes && http.body_bytes <= http.body_bytes_max);
    const bool was_done = http.state == ASSAY_NET_HTTP_DONE;
    assay_net_http_end(&http);
    struct fold all = {seen.head.value ^ seen.body.value};
    fold_number(&all, http.state);
    fold_number(&all, http.outcome);
    fold_number(&all, (uint64_t)http.status);
    fold_number(&all, http.is_keep_alive);
    fold_number(&all, http.body_bytes);
    fold_number(&all, was_done ? used_all : 0); /* where a wrong response is noticed depends on the split */
    return all.value;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len > 0) {
        const char *text = (const char *)bytes + 1;
        assert(read_response(text, len - 1, bytes[0], 0) == read_response(text, len - 1, bytes[0], 1));
    }
    return 0;
}
