/* The server's request parser: the same request for every split; slices stay inside the buffer. */
#include "fuzz_net_stream.h"

#include "net/net.h"

#define BUFFER_BYTES 2048

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_slice(const struct assay_net_req *req, struct assay_slice slice)
{
    assert(slice.len == 0 || (slice.data >= req->buffer && slice.data + slice.len <= req->buffer + req->len &&
                              req->len <= req->capacity));
}

static uint64_t read_request(const char *text, size_t len, int is_split)
{
    struct fold fold = {UINT64_C(14695981039346656037)};
    static char buffer[BUFFER_BYTES];
    struct assay_net_req req;
    struct assay_rng rng;
    size_t used_all = 0;
    assay_rng_seed(&rng, len, "split");
    assay_net_req_init(&req, buffer, sizeof buffer);
    for (size_t at = 0, piece; at < len && req.status == ASSAY_NET_REQ_MORE; at += piece) {
        size_t used;
        piece = next_piece(&rng, len - at, is_split);
        (void)assay_net_req_feed(&req, text + at, piece, &used);
        assert(used <= piece);
        used_all += used;
    }
    fold_number(&fold, req.status);
    if (req.status == ASSAY_NET_REQ_DONE) {
        const struct assay_slice parts[] = {req.method, req.path, req.query, req.body};
        for (size_t i = 0; i < 4; i++) {
            check_slice(&req, parts[i]);
            fold_bytes(&fold, parts[i].data, parts[i].len);
        }
        for (size_t i = 0; i < req.headers_count; i++) {
            check_slice(&req, req.headers[i].name);
            check_slice(&req, req.headers[i].value);
            fold_bytes(&fold, req.headers[i].value.data, req.headers[i].value.len);
        }
        fold_number(&fold, used_all);
        fold_number(&fold, req.is_keep_alive);
    }
    return fold.value;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    assert(read_request(text, len, 0) == read_request(text, len, 1));
    return 0;
}
