#include "net/pool.h"

#include <string.h>

void assay_net_ndjson_init(struct assay_net_ndjson *ndjson, struct assay_net_pool *pool)
{
    *ndjson = (struct assay_net_ndjson){.gather.pool = pool};
}

void assay_net_ndjson_done(struct assay_net_ndjson *ndjson)
{
    assay_net_gather_release(&ndjson->gather);
}

bool assay_net_ndjson_is_partial(const struct assay_net_ndjson *ndjson)
{
    return ndjson->gather.len > 0;
}

/* Completes a line; part is what lies in the input. */
static enum assay_net_stream_status end_line(struct assay_net_ndjson *ndjson, struct assay_slice part,
                                             struct assay_net_event *event, assay_net_event_fn *on_event, void *context)
{
    struct assay_slice line = part;
    if (ndjson->gather.len > 0) {
        if (!assay_net_gather_append(&ndjson->gather, part.data, part.len)) {
            return ASSAY_NET_STREAM_TOO_LARGE;
        }
        line = (struct assay_slice){ndjson->gather.data, ndjson->gather.len};
    } else if (line.len > ASSAY_NET_EVENT_BYTES_MAX) {
        return ASSAY_NET_STREAM_TOO_LARGE; /* as if it had come in pieces */
    }
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    bool goes_on = true;
    if (line.len > 0) {
        event->data = line;
        ndjson->events++;
        goes_on = on_event(context, event);
    } else {
        ndjson->empty_lines++;
    }
    assay_net_gather_release(&ndjson->gather);
    return goes_on ? ASSAY_NET_STREAM_OK : ASSAY_NET_STREAM_STOPPED;
}

enum assay_net_stream_status assay_net_ndjson_feed(struct assay_net_ndjson *ndjson, const char *bytes, size_t len,
                                                   assay_net_event_fn *on_event, void *context)
{
    const char *at = bytes, *const end = bytes + len;
    while (at < end && ndjson->status == ASSAY_NET_STREAM_OK) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        if (!lf) {
            if (!assay_net_gather_append(&ndjson->gather, at, (size_t)(end - at))) {
                ndjson->status = ASSAY_NET_STREAM_TOO_LARGE;
            }
            break;
        }
        struct assay_net_event event = {.name = {"", 0},
                                        .end_offset = ndjson->offset + (uint64_t)(lf + 1 - bytes),
                                        .input_end = (size_t)(lf + 1 - bytes)};
        ndjson->status = end_line(ndjson, (struct assay_slice){at, (size_t)(lf - at)}, &event, on_event, context);
        at = lf + 1;
    }
    ndjson->offset += len;
    return ndjson->status;
}
