/* Server-sent events and NDJSON: the same events and offsets for every split. */
#include "fuzz_net_stream.h"

#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct assay_net_pool *pool;

static bool on_event(void *context, const struct assay_net_event *event)
{
    fold_number(context, event->end_offset);
    fold_number(context, event->data.len);
    fold_bytes(context, event->data.data, event->data.len);
    fold_bytes(context, event->name.data, event->name.len);
    return true;
}

static uint64_t read_sse(const char *text, size_t len, int is_split)
{
    struct fold fold = {UINT64_C(14695981039346656037)};
    struct assay_net_sse sse;
    struct assay_rng rng;
    assay_rng_seed(&rng, len, "split");
    assay_net_sse_init(&sse, pool);
    for (size_t at = 0, piece; at < len; at += piece) {
        piece = next_piece(&rng, len - at, is_split);
        (void)assay_net_sse_feed(&sse, text + at, piece, on_event, &fold);
    }
    fold_number(&fold, sse.status);
    fold_number(&fold, sse.comments);
    fold_number(&fold, sse.ignored_fields);
    fold_number(&fold, sse.empty_events);
    fold_number(&fold, assay_net_sse_is_partial(&sse));
    assay_net_sse_done(&sse);
    return fold.value;
}

static uint64_t read_ndjson(const char *text, size_t len, int is_split)
{
    struct fold fold = {UINT64_C(14695981039346656037)};
    struct assay_net_ndjson ndjson;
    struct assay_rng rng;
    assay_rng_seed(&rng, len, "split");
    assay_net_ndjson_init(&ndjson, pool);
    for (size_t at = 0, piece; at < len; at += piece) {
        piece = next_piece(&rng, len - at, is_split);
        (void)assay_net_ndjson_feed(&ndjson, text + at, piece, on_event, &fold);
    }
    fold_number(&fold, ndjson.status);
    fold_number(&fold, ndjson.empty_lines);
    fold_number(&fold, assay_net_ndjson_is_partial(&ndjson));
    assay_net_ndjson_done(&ndjson);
    return fold.value;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    if (!pool && assay_net_pool_new(1, &pool, NULL) != ASSAY_OK) {
        return 0;
    }
    assert(read_sse(text, len, 0) == read_sse(text, len, 1));
    assert(read_ndjson(text, len, 0) == read_ndjson(text, len, 1));
    return 0;
}
