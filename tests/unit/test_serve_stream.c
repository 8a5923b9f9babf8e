/* What a stream renders, read back with the parsers of net/: the content is the same however it is dressed. */
#include "net/net.h"
#include "serve/truth_stream.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TOKENS = 11, BODY_MAX = 1 << 22 };

struct seen {
    enum truth_api api;
    char text[8192];
    size_t content_events, events;
    bool has_end;
};

static const char *text_of(const json_t *root, enum truth_api api)
{
    static const char *const PLACES[][2] = {
        [TRUTH_API_CHAT] = {"/choices/0/delta/content", "/choices/0/delta/reasoning_content"},
        [TRUTH_API_TEXT] = {"/choices/0/text", NULL},
        [TRUTH_API_NATIVE] = {"/content", NULL},
        [TRUTH_API_OLLAMA_CHAT] = {"/message/thinking", "/message/content"},
        [TRUTH_API_OLLAMA_GENERATE] = {"/thinking", "/response"},
    };
    for (size_t i = 0; i < 2; i++) {
        const char *text = PLACES[api][i] ? json_string_value(assay_json_at(root, PLACES[api][i])) : NULL;
        if (text && text[0]) {
            return text;
        }
    }
    return NULL;
}

static bool on_event(void *context, const struct assay_net_event *event)
{
    struct seen *seen = context;
    seen->events++;
    if (assay_slice_is(event->data, "[DONE]")) {
        seen->has_end = true;
        return true;
    }
    json_t *root = NULL;
    assay_err err = {0};
    if (assay_json_read(event->data.data, event->data.len, &assay_json_limits_default, &root, &err) != ASSAY_OK) {
        fail_msg("%s: %.*s", err.message, (int)event->data.len, event->data.data);
    }
    const char *text = text_of(root, seen->api);
    if (text) {
        seen->content_events++;
        assert_true(strlen(seen->text) + strlen(text) < sizeof seen->text);
        memcpy(seen->text + strlen(seen->text), text, strlen(text) + 1);
    }
    seen->has_end =
        seen->has_end || json_is_true(json_object_get(root, "done")) || json_is_true(json_object_get(root, "stop"));
    json_decref(root);
    return true;
}

/* Plays a whole stream; the body without HTTP framing goes to `body`. Returns the planned instant of the last token. */
static uint64_t play(const char *fields, enum truth_api api, struct assay_buf *body, struct truth_stream *stream)
{
    struct assay_buf json, out;
    assay_buf_init(&json, 65536);
    assay_buf_init(&out, BODY_MAX);
    assay_buf_printf(&json, "{\"assay_truth\":1,\"default\":{\"framing\":\"close\",%s}}", fields);
    struct assay_truth_script *script = NULL;
    assay_err err = {0};
    if (assay_truth_script_parse(json.data, json.len, &script, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    struct truth_ask ask = {.api = api, .model = "m", .tokens = TOKENS, .streams = true, .wants_usage = true};
    struct truth_start start = {.script = script,
                                .spec = &script->standard,
                                .ask = &ask,
                                .number = 7,
                                .now_ns = 1000,
                                .origin_ns = 1000,
                                .real_ns = 0};
    truth_stream_start(stream, &start);
    uint64_t last = 0;
    while (truth_stream_due(stream) != ASSAY_NS_ABSENT) {
        struct truth_write write;
        uint64_t due = truth_stream_due(stream);
        truth_stream_next(stream, &write, &out);
        assert_int_equal(write.planned_ns, due);
        last = write.kind == ASSAY_TRUTH_TOKENS ? write.planned_ns : last;
        size_t skip = 0;
        if (write.kind == ASSAY_TRUTH_HEAD) {
            char *end = strstr(out.data, "\r\n\r\n");
            assert_non_null(end);
            assert_non_null(strstr(out.data, ASSAY_TRUTH_HEADER ": 1\r\n"));
            skip = (size_t)(end + 4 - out.data);
        }
        assay_buf_append(body, out.data + skip, out.len - skip);
    }
    assay_truth_script_free(script);
    assay_buf_done(&json);
    assay_buf_done(&out);
    return last;
}

static void parse_body(const struct assay_buf *body, struct seen *seen)
{
    struct assay_net_pool *pool = NULL;
    assay_err err = {0};
    assert_int_equal(assay_net_pool_new(1, &pool, &err), ASSAY_OK);
    bool is_ndjson = seen->api == TRUTH_API_OLLAMA_CHAT || seen->api == TRUTH_API_OLLAMA_GENERATE;
    struct assay_net_sse sse;
    struct assay_net_ndjson ndjson;
    if (is_ndjson) {
        assay_net_ndjson_init(&ndjson, pool);
        assert_int_equal(assay_net_ndjson_feed(&ndjson, body->data, body->len, on_event, seen), ASSAY_NET_STREAM_OK);
        assay_net_ndjson_done(&ndjson);
    } else {
        assay_net_sse_init(&sse, pool);
        assert_int_equal(assay_net_sse_feed(&sse, body->data, body->len, on_event, seen), ASSAY_NET_STREAM_OK);
        assay_net_sse_done(&sse);
    }
    assay_net_pool_free(pool);
}

static struct seen read_back(const char *fields, enum truth_api api)
{
    struct truth_stream stream;
    struct assay_buf body;
    truth_stream_init(&stream);
    assay_buf_init(&body, BODY_MAX);
    struct seen seen = {.api = api};
    (void)play(fields, api, &body, &stream);
    parse_body(&body, &seen);
    assay_buf_done(&body);
    truth_stream_done(&stream);
    return seen;
}

static size_t words_of(const char *text)
{
    size_t words = 0;
    for (; *text; text++) {
        words += *text == ' ';
    }
    return words;
}

static void every_dress_carries_the_same_tokens(void **state)
{
    (void)state;
    static const char *const DRESSES[] = {
        "\"seed0\"",          "\"line_end\":\"crlf\"", "\"line_end\":\"cr\"",  "\"line_end\":\"mixed\"",
        "\"bom\":true",       "\"ping_every\":2",      "\"data_lines\":2",     "\"data_lines\":3",
        "\"role\":false",     "\"unknown_keys\":true", "\"empty_deltas\":3",   "\"choices_empty\":2",
        "\"choices_null\":1", "\"usage\":\"running\"", "\"usage\":\"finish\"", "\"usage\":\"null\"",
        "\"tail_ns\":0",      "\"events_per_write\":4"};
    static const enum truth_api APIS[] = {TRUTH_API_CHAT, TRUTH_API_TEXT, TRUTH_API_NATIVE, TRUTH_API_OLLAMA_CHAT,
                                          TRUTH_API_OLLAMA_GENERATE};
    for (size_t api = 0; api < sizeof APIS / sizeof APIS[0]; api++) {
        struct seen plain = read_back("\"interval_ns\":5", APIS[api]);
        assert_int_equal(plain.content_events, TOKENS);
        assert_int_equal(words_of(plain.text), TOKENS);
        assert_true(plain.has_end);
        for (size_t i = 1; i < sizeof DRESSES / sizeof DRESSES[0]; i++) {
            bool is_burst = strstr(DRESSES[i], "events_per_write") != NULL; /* other planned instants in the text */
            char fields[256];
            (void)snprintf(fields, sizeof fields, "\"interval_ns\":5,%s", DRESSES[i]);
            struct seen dressed = read_back(fields, APIS[api]);
            assert_int_equal(dressed.content_events, TOKENS);
            assert_true(is_burst || strcmp(dressed.text, plain.text) == 0);
            assert_true(dressed.has_end);
        }
    }
}

static void a_token_names_stream_index_and_planned_instant(void **state)
{
    (void)state;
    struct seen seen = read_back("\"first_ns\":20,\"interval_ns\":5", TRUTH_API_CHAT);
    assert_int_equal(strncmp(seen.text, "000007-000000-00000000000003fc ", 31), 0); /* 1000 + 20 */
    assert_int_equal(strncmp(seen.text + 31, "000007-000001-0000000000000401 ", 31), 0);
}

static void tokens_per_event_changes_events_but_not_tokens(void **state)
{
    (void)state;
    struct seen seen = read_back("\"tokens_per_event\":[1,4]", TRUTH_API_CHAT); /* 1 4 1 4 1 */
    assert_int_equal(seen.content_events, 5);
    assert_int_equal(words_of(seen.text), TOKENS);
}

static void reasoning_comes_first_and_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        enum truth_api api = i ? TRUTH_API_OLLAMA_CHAT : TRUTH_API_CHAT;
        struct seen seen = read_back("\"reasoning_tokens\":4,\"tokens_per_event\":3", api); /* 3 1 | 3 3 1 */
        assert_int_equal(seen.content_events, 5);
        assert_int_equal(words_of(seen.text), TOKENS);
    }
}

static void a_missing_end_has_no_terminator(void **state)
{
    (void)state;
    assert_false(read_back("\"fault\":{\"kind\":\"missing_end\"}", TRUTH_API_CHAT).has_end);
    assert_false(read_back("\"fault\":{\"kind\":\"missing_end\"}", TRUTH_API_OLLAMA_CHAT).has_end);
    assert_false(read_back("\"fault\":{\"kind\":\"missing_end\"}", TRUTH_API_NATIVE).has_end);
}

static void an_error_object_ends_the_stream_after_its_tokens(void **state)
{
    (void)state;
    struct seen seen = read_back("\"fault\":{\"kind\":\"error\",\"at\":3}", TRUTH_API_CHAT);
    assert_int_equal(seen.content_events, 3);
    assert_false(seen.has_end);
}

static void content_may_stand_on_the_done_line(void **state)
{
    (void)state;
    struct seen seen = read_back("\"content_on_done\":true", TRUTH_API_OLLAMA_CHAT);
    assert_int_equal(seen.content_events, TOKENS + 1);
    assert_true(seen.has_end);
}

/* The announced length of a body equals what is sent. */
static void content_length_is_that_of_the_body(void **state)
{
    (void)state;
    static const char *const FIELDS[] = {"\"tokens\":9", "\"usage\":\"running\"", "\"line_end\":\"mixed\"",
                                         "\"tail_ns\":0"};
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        struct truth_stream stream;
        struct assay_buf json, out, all;
        truth_stream_init(&stream);
        assay_buf_init(&json, 65536);
        assay_buf_init(&out, BODY_MAX);
        assay_buf_init(&all, BODY_MAX);
        assay_buf_printf(&json, "{\"assay_truth\":1,\"default\":{\"framing\":\"length\",%s}}", FIELDS[i]);
        struct assay_truth_script *script = NULL;
        assert_int_equal(assay_truth_script_parse(json.data, json.len, &script, NULL), ASSAY_OK);
        struct truth_ask ask = {.api = TRUTH_API_CHAT, .model = "m", .tokens = TOKENS, .streams = true};
        struct truth_start start = {.script = script, .spec = &script->standard, .ask = &ask, .now_ns = 5};
        truth_stream_start(&stream, &start);
        while (truth_stream_due(&stream) != ASSAY_NS_ABSENT) {
            struct truth_write write;
            truth_stream_next(&stream, &write, &out);
            assay_buf_append(&all, out.data, out.len);
        }
        const char *body = strstr(all.data, "\r\n\r\n") + 4;
        char announced[64];
        (void)snprintf(announced, sizeof announced, "\r\nContent-Length: %zu\r\n", all.len - (size_t)(body - all.data));
        assert_non_null(strstr(all.data, announced));
        assay_truth_script_free(script);
        truth_stream_done(&stream);
        assay_buf_done(&json);
        assay_buf_done(&out);
        assay_buf_done(&all);
    }
}

static void splits_cut_where_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        unsigned char before_cut;
    } CASES[] = {
        {"\"split\":\"line_end\",\"line_end\":\"crlf\"", '\r'},
        {"\"split\":\"utf8\",\"text\":\"\xC3\xA9\"", 0xC3},
    };
    for (size_t i = 0; i < 2; i++) {
        struct truth_stream stream;
        struct assay_buf json, out;
        truth_stream_init(&stream);
        assay_buf_init(&json, 65536);
        assay_buf_init(&out, BODY_MAX);
        assay_buf_printf(&json, "{\"assay_truth\":1,\"default\":{%s}}", CASES[i].fields);
        struct assay_truth_script *script = NULL;
        assert_int_equal(assay_truth_script_parse(json.data, json.len, &script, NULL), ASSAY_OK);
        struct truth_ask ask = {.api = TRUTH_API_CHAT, .model = "m", .tokens = 2, .streams = true};
        struct truth_start start = {.script = script, .spec = &script->standard, .ask = &ask, .now_ns = 5};
        truth_stream_start(&stream, &start);
        struct truth_write write;
        truth_stream_next(&stream, &write, &out);
        truth_stream_next(&stream, &write, &out);
        size_t cut = truth_stream_piece_end(&stream, &write, &out, 0);
        assert_true(cut > 0 && cut < out.len);
        assert_int_equal((unsigned char)out.data[cut - 1], CASES[i].before_cut);
        assert_int_equal(truth_stream_piece_end(&stream, &write, &out, cut), out.len);
        assay_truth_script_free(script);
        truth_stream_done(&stream);
        assay_buf_done(&json);
        assay_buf_done(&out);
    }
}

static int set_up(void **state)
{
    (void)state;
    assay_json_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dress_carries_the_same_tokens),
        cmocka_unit_test(a_token_names_stream_index_and_planned_instant),
        cmocka_unit_test(tokens_per_event_changes_events_but_not_tokens),
        cmocka_unit_test(reasoning_comes_first_and_counts),
        cmocka_unit_test(a_missing_end_has_no_terminator),
        cmocka_unit_test(an_error_object_ends_the_stream_after_its_tokens),
        cmocka_unit_test(content_may_stand_on_the_done_line),
        cmocka_unit_test(content_length_is_that_of_the_body),
        cmocka_unit_test(splits_cut_where_they_say),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
