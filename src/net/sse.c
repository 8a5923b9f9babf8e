/* Server-sent events (WHATWG HTML, 9.2.5 and 9.2.6). */
#include "net/pool.h"

#include <assert.h>
#include <string.h>

static const char BOM[] = "\xEF\xBB\xBF";

/* One call of feed: the input, and where its next line ends were last seen (each byte is looked at once per kind). */
struct feed {
    const char *bytes, *end;
    const char *next_lf, *next_cr; /* NULL: not looked for yet; end: none */
    assay_net_event_fn *on_event;
    void *context;
};

void assay_net_sse_init(struct assay_net_sse *sse, struct assay_net_pool *pool)
{
    *sse = (struct assay_net_sse){.gather.pool = pool};
}

void assay_net_sse_done(struct assay_net_sse *sse)
{
    assay_net_gather_release(&sse->gather);
}

bool assay_net_sse_is_partial(const struct assay_net_sse *sse)
{
    return sse->is_open || sse->is_line_split;
}

static size_t joined_len(const struct assay_net_sse *sse)
{
    return sse->whole.data ? sse->whole.len + 1 : sse->data_len;
}

/* Moves a data line that still lies in the input to where it survives the input. */
static bool spill(struct assay_net_sse *sse)
{
    if (!sse->whole.data) {
        return true;
    }
    assert(sse->gather.len == 0);
    bool is_kept = assay_net_gather_append(&sse->gather, sse->whole.data, sse->whole.len) &&
                   assay_net_gather_append(&sse->gather, "\n", 1);
    sse->data_len = sse->gather.len;
    sse->whole = (struct assay_slice){NULL, 0};
    return is_kept;
}

static bool take_data(struct assay_net_sse *sse, struct assay_slice value)
{
    if (sse->is_line_split) { /* the value already lies in gather, behind "data:": it moves down over that */
        memmove(sse->gather.data + sse->data_len, value.data, value.len);
        sse->gather.len = sse->data_len + value.len;
        bool is_kept = assay_net_gather_append(&sse->gather, "\n", 1);
        sse->data_len = sse->gather.len;
        return is_kept;
    }
    if (joined_len(sse) == 0) {
        sse->whole = value;
        return true;
    }
    if (!spill(sse) || !assay_net_gather_append(&sse->gather, value.data, value.len) ||
        !assay_net_gather_append(&sse->gather, "\n", 1)) {
        return false;
    }
    sse->data_len = sse->gather.len;
    return true;
}

static void take_name(struct assay_net_sse *sse, struct assay_slice value)
{
    sse->name_len = (uint8_t)(value.len < sizeof sse->name ? value.len : sizeof sse->name);
    memcpy(sse->name, value.data, sse->name_len);
}

static bool is_field(struct assay_slice line, const char *name, size_t name_len, struct assay_slice *ret_value)
{
    if (line.len < name_len || memcmp(line.data, name, name_len) != 0 ||
        (line.len > name_len && line.data[name_len] != ':')) {
        return false;
    }
    size_t skip = line.len > name_len ? name_len + 1 : name_len;
    if (skip < line.len && line.data[skip] == ' ') {
        skip++;
    }
    *ret_value = (struct assay_slice){line.data + skip, line.len - skip};
    return true;
}

static bool take_line(struct assay_net_sse *sse, struct assay_slice line)
{
    struct assay_slice value;
    if (line.data[0] == ':') {
        sse->comments++;
        return true;
    }
    sse->is_open = true;
    if (is_field(line, "data", 4, &value)) {
        return take_data(sse, value);
    }
    if (is_field(line, "event", 5, &value)) {
        take_name(sse, value);
    } else {
        sse->ignored_fields++; /* id, retry and unknown ones mean nothing to a measurement */
    }
    return true;
}

/* The empty line: hands the open event over. False: the callback said stop. */
static bool dispatch(struct assay_net_sse *sse, const struct feed *feed, const char *complete, const char *extent_end)
{
    bool goes_on = true;
    if (joined_len(sse) > 0) {
        struct assay_net_event event = {
            .data = sse->whole.data ? sse->whole : (struct assay_slice){sse->gather.data, sse->data_len - 1},
            .name = {sse->name, sse->name_len},
            .end_offset = sse->offset + (uint64_t)(complete - feed->bytes),
            .input_end = (size_t)(extent_end - feed->bytes),
        };
        sse->events++;
        goes_on = feed->on_event(feed->context, &event);
    } else if (sse->is_open) {
        sse->empty_events++; /* fields without data are no event */
    }
    assay_net_gather_release(&sse->gather);
    sse->data_len = 0;
    sse->whole = (struct assay_slice){NULL, 0};
    sse->name_len = 0;
    sse->is_open = false;
    return goes_on;
}

static const char *find_line_end(struct feed *feed, const char *at)
{
    if (!feed->next_lf || feed->next_lf < at) {
        const char *lf = memchr(at, '\n', (size_t)(feed->end - at));
        feed->next_lf = lf ? lf : feed->end;
    }
    if (!feed->next_cr || feed->next_cr < at) {
        const char *cr = memchr(at, '\r', (size_t)(feed->end - at));
        feed->next_cr = cr ? cr : feed->end;
    }
    return feed->next_lf < feed->next_cr ? feed->next_lf : feed->next_cr;
}

/* Completes a line: what lies in the input, after what an earlier input left of it. */
static enum assay_net_stream_status end_line(struct assay_net_sse *sse, const struct feed *feed,
                                             struct assay_slice part, const char *extent_end)
{
    struct assay_slice line = part;
    if (sse->is_line_split) {
        if (!assay_net_gather_append(&sse->gather, part.data, part.len)) {
            return ASSAY_NET_STREAM_TOO_LARGE;
        }
        line = (struct assay_slice){sse->gather.data + sse->data_len, sse->gather.len - sse->data_len};
    } else if (line.len > ASSAY_NET_EVENT_BYTES_MAX - joined_len(sse)) {
        return ASSAY_NET_STREAM_TOO_LARGE; /* as if it had come in pieces */
    }
    if (line.len == 0) {
        const char *complete = part.data + part.len + 1;
        return dispatch(sse, feed, complete, extent_end) ? ASSAY_NET_STREAM_OK : ASSAY_NET_STREAM_STOPPED;
    }
    bool is_kept = take_line(sse, line);
    if (sse->is_line_split) {
        sse->gather.len = sse->data_len;
        sse->is_line_split = false;
    }
    return is_kept ? ASSAY_NET_STREAM_OK : ASSAY_NET_STREAM_TOO_LARGE;
}

/* The input ends inside a line or an event: what is needed later is copied. */
static enum assay_net_stream_status keep_rest(struct assay_net_sse *sse, const char *at, const char *end)
{
    if (!spill(sse)) {
        return ASSAY_NET_STREAM_TOO_LARGE;
    }
    if (at < end) {
        sse->is_line_split = true;
        if (!assay_net_gather_append(&sse->gather, at, (size_t)(end - at))) {
            return ASSAY_NET_STREAM_TOO_LARGE;
        }
    }
    return ASSAY_NET_STREAM_OK;
}

/* Skips a BOM at the start of the stream, itself split or not. Returns where the text goes on. */
static const char *skip_start(struct assay_net_sse *sse, const char *at, const char *end)
{
    while (!sse->is_past_start && at < end) {
        if (*at == BOM[sse->bom_len]) {
            at++;
            sse->is_past_start = ++sse->bom_len == sizeof BOM - 1;
            continue;
        }
        sse->is_past_start = true;
        if (sse->bom_len > 0) { /* no BOM after all: its bytes begin the first line */
            sse->is_line_split = true;
            if (!assay_net_gather_append(&sse->gather, BOM, sse->bom_len)) {
                sse->status = ASSAY_NET_STREAM_TOO_LARGE;
            }
        }
    }
    if (sse->is_after_cr && at < end) {
        sse->is_after_cr = false;
        at += *at == '\n';
    }
    return at;
}

enum assay_net_stream_status assay_net_sse_feed(struct assay_net_sse *sse, const char *bytes, size_t len,
                                                assay_net_event_fn *on_event, void *context)
{
    if (sse->status != ASSAY_NET_STREAM_OK || len == 0) {
        return sse->status;
    }
    const char *at = skip_start(sse, bytes, bytes + len);
    struct feed feed = {.bytes = bytes, .end = bytes + len, .on_event = on_event, .context = context};
    while (at < feed.end && sse->status == ASSAY_NET_STREAM_OK) {
        const char *eol = find_line_end(&feed, at);
        if (eol == feed.end) {
            break;
        }
        const char *next = eol + 1;
        if (*eol == '\r' && next == feed.end) {
            sse->is_after_cr = true;
        } else if (*eol == '\r' && *next == '\n') {
            next++;
        }
        sse->status = end_line(sse, &feed, (struct assay_slice){at, (size_t)(eol - at)}, next);
        at = next;
    }
    if (sse->status == ASSAY_NET_STREAM_OK) {
        sse->status = keep_rest(sse, at, feed.end);
    }
    sse->offset += len;
    return sse->status;
}
