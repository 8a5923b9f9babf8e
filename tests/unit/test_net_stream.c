/* SSE and NDJSON: the same events and offsets for every split of the same bytes. */
#include "net/net.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS_MAX 64
#define TEXT_MAX 512

struct seen {
    char data[EVENTS_MAX][TEXT_MAX];
    size_t data_len[EVENTS_MAX];
    char name[EVENTS_MAX][ASSAY_NET_EVENT_NAME_MAX];
    size_t name_len[EVENTS_MAX];
    uint64_t end[EVENTS_MAX];
    size_t input_end[EVENTS_MAX];
    size_t count, stop_at;
    bool is_partial;
};

static bool see(void *context, const struct assay_net_event *event)
{
    struct seen *seen = context;
    assert_true(seen->count < EVENTS_MAX && event->data.len <= TEXT_MAX);
    if (event->data.len > 0) {
        memcpy(seen->data[seen->count], event->data.data, event->data.len);
    }
    seen->data_len[seen->count] = event->data.len;
    memcpy(seen->name[seen->count], event->name.data, event->name.len);
    seen->name_len[seen->count] = event->name.len;
    seen->end[seen->count] = event->end_offset;
    seen->input_end[seen->count] = event->input_end;
    seen->count++;
    return seen->count != seen->stop_at;
}

static struct assay_net_pool *pool;

static int open_pool(void **state)
{
    (void)state;
    return assay_net_pool_new(4, &pool, NULL) == ASSAY_OK ? 0 : -1;
}

static int close_pool(void **state)
{
    (void)state;
    assay_net_pool_free(pool);
    return 0;
}

/* Feeds text in pieces that end at the given cuts. Every piece is a copy of its own, so that a parser that keeps a
 * pointer into an input is found by the sanitizers and by the comparison. */
static void feed_sse(const char *text, size_t len, const size_t *cuts, size_t cuts_count, struct seen *seen)
{
    struct assay_net_sse sse;
    assay_net_sse_init(&sse, pool);
    *seen = (struct seen){0};
    size_t at = 0;
    for (size_t i = 0; i <= cuts_count; i++) {
        size_t to = i < cuts_count ? cuts[i] : len;
        char *piece = malloc(to - at + 1);
        assert_non_null(piece);
        memcpy(piece, text + at, to - at);
        assert_int_equal(assay_net_sse_feed(&sse, piece, to - at, see, seen), ASSAY_NET_STREAM_OK);
        memset(piece, '#', to - at);
        free(piece);
        at = to;
    }
    seen->is_partial = assay_net_sse_is_partial(&sse);
    assay_net_sse_done(&sse);
}

static void assert_same(const struct seen *a, const struct seen *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->is_partial, b->is_partial);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->data_len[i], b->data_len[i]);
        assert_memory_equal(a->data[i], b->data[i], a->data_len[i]);
        assert_int_equal(a->name_len[i], b->name_len[i]);
        assert_memory_equal(a->name[i], b->name[i], a->name_len[i]);
        assert_int_equal(a->end[i], b->end[i]);
    }
}

static void assert_sse(const char *text, size_t len, const char *const *events, bool is_partial)
{
    struct seen seen;
    feed_sse(text, len, NULL, 0, &seen);
    size_t count = 0;
    for (; events[count]; count++) {
        assert_true(count < seen.count);
        assert_int_equal(seen.data_len[count], strlen(events[count]));
        assert_memory_equal(seen.data[count], events[count], seen.data_len[count]);
    }
    assert_int_equal(seen.count, count);
    assert_int_equal(seen.is_partial, is_partial);
}

#define SSE(text, is_partial, ...) assert_sse(text, sizeof(text) - 1, (const char *const[]){__VA_ARGS__}, is_partial)

static void the_rules_of_the_standard_hold(void **state)
{
    (void)state;
    SSE("data: a\n\ndata: b\n\n", false, "a", "b", NULL);
    SSE("data: a\r\n\r\ndata: b\r\r", false, "a", "b", NULL);
    SSE("data: a\r\n\ndata: b\n\r\ndata:c\r\n\r", false, "a", "b", "c", NULL);
    SSE("\xEF\xBB\xBF"
        "data: bom\n\n",
        false, "bom", NULL);
    SSE("\xEF\xBB"
        "data: no bom\n\ndata: b\n\n",
        false, "b", NULL);
    SSE("data: \xEF\xBB\xBF\n\n\xEF\xBB\xBF"
        "data: x\n\n",
        false, "\xEF\xBB\xBF", NULL);
    SSE("data: one\ndata: two\ndata:\ndata:  four\n\n", false, "one\ntwo\n\n four", NULL);
    SSE(": ping\n\n:\ndata: a\n: in between\n\n", false, "a", NULL);
    SSE("data\n\ndata:\n\ndata: \n\n", false, "", "", "", NULL);
    SSE("id: 7\nretry: 10\nwhat: ever\ndatum: x\ndata : y\n\n", false, NULL);
    SSE("event: error\n\ndata: a\n\n", false, "a", NULL);
    SSE("data: cut\n", true, NULL);
    SSE("data: cut", true, NULL);
    SSE("data: a\n\n: ping\n", false, "a", NULL);
    SSE("\n\n\r\r\r\n", false, NULL);
    SSE("", false, NULL);
}

static void an_event_carries_its_name_and_only_its_own(void **state)
{
    (void)state;
    static const char TEXT[] =
        "event: error\ndata: a\n\ndata: b\n\nevent:0123456789012345678901234567890123\ndata: c\n\n";
    struct seen seen;
    feed_sse(TEXT, sizeof TEXT - 1, NULL, 0, &seen);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.name_len[0], 5);
    assert_memory_equal(seen.name[0], "error", 5);
    assert_int_equal(seen.name_len[1], 0);
    assert_int_equal(seen.name_len[2], ASSAY_NET_EVENT_NAME_MAX);
}

static void the_extent_takes_the_lf_of_a_crlf_if_it_is_there(void **state)
{
    (void)state;
    static const char TEXT[] = "data: a\r\n\r\ndata: b\r\n\r\n";
    struct seen seen;
    feed_sse(TEXT, sizeof TEXT - 1, NULL, 0, &seen);
    assert_int_equal(seen.end[0], 10); /* the CR completes it */
    assert_int_equal(seen.input_end[0], 11);
    assert_int_equal(seen.input_end[1], 22);
    feed_sse(TEXT, sizeof TEXT - 1, (size_t[]){10}, 1, &seen);
    assert_int_equal(seen.end[0], 10);
    assert_int_equal(seen.input_end[0], 10);
    assert_int_equal(seen.count, 2);
}

/* ---- every split ----------------------------------------------------------------------------------------------- */

static const char *const DOCUMENTS[] = {
    "data: {\"a\":1}\n\ndata: {\"b\":2}\n\n: ping\n\ndata: [DONE]\n\n",
    "\xEF\xBB\xBFid: 1\r\nevent: x\r\ndata: one\r\ndata: two\r\n\r\n:c\r\ndata: three\r\n\r\n",
    "data: one\rdata: two\r\rdata\r\r\ndata: \xC3\xA4\xF0\x9F\x98\x80\n\n\n\ndata: cut",
    ("\xEF\xBB" /* two literals: \xBBda would be one escape */
     "data: broken bom\n\ndata:ok\n\n"),
    "event: a\nevent: b\ndata:1\n\nretry: 3\n\ndata:2\n\r\n\r",
};

static void sse_gives_the_same_for_every_cut_in_two(void **state)
{
    (void)state;
    for (size_t d = 0; d < sizeof DOCUMENTS / sizeof DOCUMENTS[0]; d++) {
        size_t len = strlen(DOCUMENTS[d]);
        static struct seen whole, cut;
        feed_sse(DOCUMENTS[d], len, NULL, 0, &whole);
        assert_true(whole.count > 0);
        for (size_t a = 0; a <= len; a++) {
            for (size_t b = a; b <= len; b++) {
                feed_sse(DOCUMENTS[d], len, (size_t[]){a, b}, 2, &cut);
                assert_same(&whole, &cut);
            }
        }
    }
}

/* The standard read byte by byte, as plainly as it can be written: what the fast parser is held against. */
static void reference_sse(const char *text, size_t len, struct seen *seen)
{
    char data[TEXT_MAX * 4], line[TEXT_MAX * 4];
    size_t data_len = 0, line_len = 0, name_len = 0;
    char name[TEXT_MAX];
    *seen = (struct seen){0};
    size_t i = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (; i < len; i++) {
        if (text[i] == '\n' && i > 0 && text[i - 1] == '\r') {
            continue;
        }
        if (text[i] != '\n' && text[i] != '\r') {
            line[line_len++] = text[i];
            continue;
        }
        if (line_len == 0) {
            if (data_len > 0) {
                struct assay_net_event event = {{data, data_len - 1}, {name, name_len}, i + 1, 0};
                (void)see(seen, &event);
            }
            data_len = name_len = 0;
            continue;
        }
        char *colon = memchr(line, ':', line_len);
        size_t field_len = colon ? (size_t)(colon - line) : line_len;
        size_t value = colon ? field_len + 1 : line_len;
        value += value < line_len && line[value] == ' ';
        if (field_len == 4 && memcmp(line, "data", 4) == 0) {
            memcpy(data + data_len, line + value, line_len - value);
            data_len += line_len - value;
            data[data_len++] = '\n';
        } else if (field_len == 5 && memcmp(line, "event", 5) == 0) {
            name_len = line_len - value < ASSAY_NET_EVENT_NAME_MAX ? line_len - value : ASSAY_NET_EVENT_NAME_MAX;
            memcpy(name, line + value, name_len);
        }
        line_len = 0;
    }
}

static size_t random_document(struct assay_rng *rng, char *text)
{
    static const char *const PARTS[] = {
        "data",  ":",      " ", "\n",           "\r",    "\r\n",   "\n\n",          "\r\n\r\n", "data: x",
        "data:", "event:", "e", "\xEF\xBB\xBF", "id: 1", ": ping", "{\"k\":\"v\"}", "\xEF"};
    size_t len = 0, parts = 1 + assay_rng_below(rng, 30);
    for (size_t i = 0; i < parts; i++) {
        const char *part = PARTS[assay_rng_below(rng, sizeof PARTS / sizeof PARTS[0])];
        memcpy(text + len, part, strlen(part));
        len += strlen(part);
    }
    return len;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void sse_agrees_with_a_plain_reading_on_random_text_and_splits(void **state)
{
    (void)state;
    struct assay_rng rng;
    assay_rng_seed(&rng, 20260105, "sse");
    static struct seen expected, got;
    for (size_t round = 0; round < 20000; round++) {
        char text[TEXT_MAX];
        size_t len = random_document(&rng, text), cuts[6];
        for (size_t i = 0; i < 6; i++) {
            cuts[i] = assay_rng_below(&rng, len + 1);
        }
        qsort(cuts, 6, sizeof cuts[0], compare_sizes);
        reference_sse(text, len, &expected);
        feed_sse(text, len, cuts, round % 7, &got);
        expected.is_partial = got.is_partial; /* the reference does not know */
        assert_same(&expected, &got);
    }
}

/* ---- limits ---------------------------------------------------------------------------------------------------- */

static bool count_event(void *context, const struct assay_net_event *event)
{
    *(size_t *)context += event->data.len;
    return true;
}

/* "data: xxx" with a line of line_len bytes, fed in pieces. Returns the status, and the data bytes that arrived. */
static enum assay_net_stream_status feed_long_sse(size_t line_len, size_t piece, size_t *ret_data_bytes)
{
    size_t len = line_len + 2;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "data: ", 6);
    memcpy(text + line_len, "\n\n", 2);
    struct assay_net_sse sse;
    assay_net_sse_init(&sse, pool);
    *ret_data_bytes = 0;
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        (void)assay_net_sse_feed(&sse, text + at, n, count_event, ret_data_bytes);
    }
    enum assay_net_stream_status status = sse.status;
    assay_net_sse_done(&sse);
    free(text);
    return status;
}

static void an_event_line_over_a_mebibyte_is_too_large_for_every_split(void **state)
{
    (void)state;
    static const size_t PIECES[] = {4096, 65536, 1000003, 2 * ASSAY_NET_EVENT_BYTES_MAX};
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++) {
        size_t bytes;
        assert_int_equal(feed_long_sse(ASSAY_NET_EVENT_BYTES_MAX, PIECES[i], &bytes), ASSAY_NET_STREAM_OK);
        assert_int_equal(bytes, ASSAY_NET_EVENT_BYTES_MAX - 6);
        assert_int_equal(feed_long_sse(ASSAY_NET_EVENT_BYTES_MAX + 1, PIECES[i], &bytes), ASSAY_NET_STREAM_TOO_LARGE);
        assert_int_equal(bytes, 0);
    }
}

static void a_callback_can_stop_the_stream(void **state)
{
    (void)state;
    static const char TEXT[] = "data: a\n\ndata: b\n\n";
    struct assay_net_sse sse;
    struct seen seen = {.stop_at = 1};
    assay_net_sse_init(&sse, pool);
    assert_int_equal(assay_net_sse_feed(&sse, TEXT, sizeof TEXT - 1, see, &seen), ASSAY_NET_STREAM_STOPPED);
    assert_int_equal(seen.count, 1);
    assert_int_equal(assay_net_sse_feed(&sse, TEXT, sizeof TEXT - 1, see, &seen), ASSAY_NET_STREAM_STOPPED);
    assert_int_equal(seen.count, 1);
    assay_net_sse_done(&sse);
}

/* ---- NDJSON ---------------------------------------------------------------------------------------------------- */

static void feed_ndjson(const char *text, size_t len, size_t a, size_t b, struct seen *seen)
{
    struct assay_net_ndjson ndjson;
    assay_net_ndjson_init(&ndjson, pool);
    *seen = (struct seen){0};
    const size_t cuts[] = {0, a, b, len};
    for (size_t i = 0; i < 3; i++) {
        size_t n = cuts[i + 1] - cuts[i];
        char *piece = malloc(n + 1);
        assert_non_null(piece);
        memcpy(piece, text + cuts[i], n);
        assert_int_equal(assay_net_ndjson_feed(&ndjson, piece, n, see, seen), ASSAY_NET_STREAM_OK);
        free(piece);
    }
    seen->is_partial = assay_net_ndjson_is_partial(&ndjson);
    assay_net_ndjson_done(&ndjson);
}

static void ndjson_is_one_event_a_line_for_every_split(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\":1}\n{\"b\":2}\r\n\n\r\n{\"c\":3}\n{\"cut";
    const size_t len = sizeof TEXT - 1;
    static struct seen seen, whole;
    feed_ndjson(TEXT, len, len, len, &whole);
    assert_int_equal(whole.count, 3);
    assert_memory_equal(whole.data[1], "{\"b\":2}", whole.data_len[1]);
    assert_int_equal(whole.data_len[1], 7);
    assert_int_equal(whole.end[1], 17);
    assert_int_equal(whole.input_end[2], 28);
    assert_true(whole.is_partial);
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++) {
            feed_ndjson(TEXT, len, a, b, &seen);
            assert_same(&whole, &seen);
        }
    }
}

static void blocks_come_back_to_the_pool(void **state)
{
    (void)state;
    struct assay_net_pool *small;
    assert_int_equal(assay_net_pool_new(1, &small, NULL), ASSAY_OK);
    for (int round = 0; round < 100; round++) { /* would run dry at once if a block were lost */
        struct assay_net_sse sse;
        struct seen seen = {0};
        assay_net_sse_init(&sse, small);
        assert_int_equal(assay_net_sse_feed(&sse, "data: hal", 9, see, &seen), ASSAY_NET_STREAM_OK);
        assert_int_equal(assay_net_sse_feed(&sse, "f\n\ndata: rest", 13, see, &seen), ASSAY_NET_STREAM_OK);
        assert_int_equal(seen.count, 1);
        assay_net_sse_done(&sse);
    }
    assay_net_pool_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_of_the_standard_hold),
        cmocka_unit_test(an_event_carries_its_name_and_only_its_own),
        cmocka_unit_test(the_extent_takes_the_lf_of_a_crlf_if_it_is_there),
        cmocka_unit_test(sse_gives_the_same_for_every_cut_in_two),
        cmocka_unit_test(sse_agrees_with_a_plain_reading_on_random_text_and_splits),
        cmocka_unit_test(an_event_line_over_a_mebibyte_is_too_large_for_every_split),
        cmocka_unit_test(a_callback_can_stop_the_stream),
        cmocka_unit_test(ndjson_is_one_event_a_line_for_every_split),
        cmocka_unit_test(blocks_come_back_to_the_pool),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
