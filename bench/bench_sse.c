/*
 * Server-sent events a second through the splitter alone, memory to memory, one core: events/s, MB/s, and the ratio to
 * a pass of memchr over the same bytes, which is what the line ends alone would cost.
 *
 *     bench_sse [SECONDS]
 */
#include "net/net.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_BYTES ((size_t)4 << 20) /* more than a second-level cache holds */

struct shape {
    const char *name;
    const char *line_end;
    size_t read_bytes; /* how much a read brings */
    bool has_comments;
};

static const struct shape SHAPES[] = {
    {"LF, reads of 16 KiB", "\n", 16384, false},
    {"LF, reads of 178 bytes, all split", "\n", 178, false},
    {"CRLF, reads of 16 KiB", "\r\n", 16384, false},
    {"LF with comments, reads of 64 KiB", "\n", 65536, true},
};

static void write_stream(struct assay_buf *out, const struct shape *shape)
{
    for (unsigned i = 0; out->len < STREAM_BYTES; i++) {
        assay_buf_printf(out,
                         "data: {\"id\":\"chatcmpl-9aXk2\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,"
                         "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word%u\"},\"finish_reason\":null}]}%s%s",
                         i % 1000, shape->line_end, shape->line_end);
        if (shape->has_comments && i % 4 == 0) {
            assay_buf_printf(out, ": ping%s%s", shape->line_end, shape->line_end);
        }
    }
}

struct count {
    uint64_t events, bytes;
};

static bool on_event(void *context, const struct assay_net_event *event)
{
    struct count *count = context;
    count->events++;
    count->bytes += event->data.len;
    return true;
}

/* Seconds for one pass over the stream, the best of as many as fit into the limit. */
static double best_of(uint64_t limit_ns, double (*pass)(const struct shape *, const struct assay_buf *, struct count *),
                      const struct shape *shape, const struct assay_buf *stream, struct count *count)
{
    double best = 1e9;
    for (uint64_t start = assay_clock_mono_ns(); assay_clock_mono_ns() - start < limit_ns;) {
        *count = (struct count){0};
        double seconds = pass(shape, stream, count);
        best = seconds < best ? seconds : best;
    }
    return best;
}

static struct assay_net_pool *pool;

static double pass_sse(const struct shape *shape, const struct assay_buf *stream, struct count *count)
{
    struct assay_net_sse sse;
    assay_net_sse_init(&sse, pool);
    uint64_t start = assay_clock_mono_ns();
    for (size_t at = 0; at < stream->len; at += shape->read_bytes) {
        size_t len = stream->len - at < shape->read_bytes ? stream->len - at : shape->read_bytes;
        (void)assay_net_sse_feed(&sse, stream->data + at, len, on_event, count);
    }
    uint64_t end = assay_clock_mono_ns();
    assay_net_sse_done(&sse);
    return (double)(end - start) / 1e9;
}

static double pass_memchr(const struct shape *shape, const struct assay_buf *stream, struct count *count)
{
    (void)shape;
    uint64_t start = assay_clock_mono_ns();
    const char *at = stream->data, *end = stream->data + stream->len;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count->events++;
        at++;
    }
    return (double)(assay_clock_mono_ns() - start) / 1e9;
}

static bool run(const struct shape *shape, uint64_t limit_ns)
{
    struct assay_buf stream;
    assay_buf_init(&stream, STREAM_BYTES + 4096);
    write_stream(&stream, shape);
    if (assay_buf_check(&stream, NULL) != ASSAY_OK) {
        return false;
    }
    struct count count = {0}, lines = {0};
    double seconds = best_of(limit_ns, pass_sse, shape, &stream, &count);
    double floor = best_of(limit_ns / 4, pass_memchr, shape, &stream, &lines);
    bool is_good = count.events > 0 && lines.events >= 2 * count.events;
    printf("%-36s %6.1f M events/s %6.0f MB/s %4.0f bytes/event  %.1f x memchr alone%s\n", shape->name,
           (double)count.events / seconds / 1e6, (double)stream.len / seconds / 1e6,
           (double)stream.len / (double)count.events, seconds / floor, is_good ? "" : "  FAILED");
    assay_buf_done(&stream);
    return is_good;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    bool is_good = assay_net_pool_new(1, &pool, NULL) == ASSAY_OK;
    for (size_t i = 0; is_good && i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        is_good = run(&SHAPES[i], (uint64_t)(seconds * 1e9));
    }
    assay_net_pool_free(pool);
    return is_good ? 0 : 1;
}
