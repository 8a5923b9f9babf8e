/*
 * Events a second through the SSE splitter and the event reader together, memory to memory, one core. Streams of 150 to
 * 200-byte events as servers send them; the input is fed in reads of 16 KiB, so that some events are split.
 *
 *     bench_events [SECONDS]
 */
#include "net/net.h"
#include "workload/llm_event.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define STREAM_BYTES ((size_t)4 << 20) /* more than a second-level cache holds */
#define READ_BYTES ((size_t)16 << 10)

struct shape {
    const char *name;
    void (*write)(struct assay_buf *out, unsigned index);
};

static const char *const WORDS[] = {" the", " a", " moon", " of", "ing", ",", " and", " quick", "\\n", " \\\"x\\\""};

static const char *word(unsigned index)
{
    return WORDS[index % (sizeof WORDS / sizeof WORDS[0])];
}

/* 171 bytes with a word of four letters; usage at the end of each 128 */
static void write_openai(struct assay_buf *out, unsigned index)
{
    if (index % 128 == 127) {
        assay_buf_text(out,
                       "data: {\"id\":\"chatcmpl-9aXk2\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,"
                       "\"choices\":[],\"usage\":{\"prompt_tokens\":512,\"completion_tokens\":128,"
                       "\"total_tokens\":640}}\n\n");
        return;
    }
    assay_buf_printf(out,
                     "data: {\"id\":\"chatcmpl-9aXk2\",\"object\":\"chat.completion.chunk\",\"created\":1763700000,"
                     "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":null}]}\n\n",
                     word(index));
}

/* continuous usage: the counts change with every event */
static void write_running(struct assay_buf *out, unsigned index)
{
    assay_buf_printf(out,
                     "data: {\"id\":\"cmpl-9aXk2\",\"created\":1763700000,\"choices\":[{\"index\":0,\"delta\":"
                     "{\"content\":\"%s\"}}],\"usage\":{\"prompt_tokens\":512,\"total_tokens\":%u,"
                     "\"completion_tokens\":%u}}\n\n",
                     word(index), 513 + index % 128, 1 + index % 128);
}

static const struct shape SHAPES[] = {
    {"content, usage at the end", write_openai},
    {"content and running usage", write_running},
};

struct count {
    uint64_t events, content, tokens;
};

static bool on_event(void *context, const struct assay_net_event *event)
{
    struct count *count = context;
    struct assay_llm_event read;
    if (!assay_llm_event_read(ASSAY_LLM_OPENAI, event->data.data, event->data.len, &read)) {
        return false;
    }
    count->events++;
    count->content += (read.has & ASSAY_LLM_HAS_CONTENT) != 0 ? read.pieces[0].text.len : 0;
    count->tokens += (read.has & ASSAY_LLM_HAS_USAGE) != 0 ? read.counts.output : 0;
    return true;
}

static bool run(const struct shape *shape, uint64_t limit_ns)
{
    struct assay_buf stream;
    struct assay_net_pool *pool = NULL;
    assay_buf_init(&stream, STREAM_BYTES + 4096);
    unsigned written = 0;
    while (stream.len < STREAM_BYTES) {
        shape->write(&stream, written++);
    }
    if (assay_buf_check(&stream, NULL) != ASSAY_OK || assay_net_pool_new(1, &pool, NULL) != ASSAY_OK) {
        return false;
    }
    struct assay_net_sse sse;
    struct count count = {0};
    assay_net_sse_init(&sse, pool);
    uint64_t start = assay_clock_mono_ns(), end = start;
    bool is_good = true;
    while (is_good && end - start < limit_ns) {
        for (size_t at = 0; at < stream.len && is_good; at += READ_BYTES) {
            size_t len = stream.len - at < READ_BYTES ? stream.len - at : READ_BYTES;
            is_good = assay_net_sse_feed(&sse, stream.data + at, len, on_event, &count) == ASSAY_NET_STREAM_OK;
        }
        end = assay_clock_mono_ns();
    }
    is_good = is_good && count.events % written == 0; /* nothing was lost at the seams */
    double seconds = (double)(end - start) / 1e9;
    printf("%-26s %6.2f M events/s  %5.0f MB/s  %3zu bytes/event  (%" PRIu64 " events, %" PRIu64 " content bytes)%s\n",
           shape->name, (double)count.events / seconds / 1e6,
           (double)count.events / (double)written * (double)stream.len / seconds / 1e6, stream.len / written,
           count.events, count.content, is_good ? "" : "  FAILED");
    assay_net_sse_done(&sse);
    assay_net_pool_free(pool);
    assay_buf_done(&stream);
    return is_good;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;
    bool is_good = true;
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        is_good = run(&SHAPES[i], (uint64_t)(seconds * 1e9)) && is_good;
    }
    return is_good ? 0 : 1;
}
