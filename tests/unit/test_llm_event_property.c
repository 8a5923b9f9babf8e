/* The event reader says what Jansson says, on random events and on random damage to them. */
#include "workload/llm_event.h"

#include "base/buf.h"
#include "base/rng.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 20000 /* under a second; ASSAY_ROUNDS asks for more */

static struct assay_rng rng;

static uint64_t below(uint64_t n)
{
    return assay_rng_below(&rng, n);
}

static void write_space(struct assay_buf *out)
{
    if (below(6) == 0) {
        assay_buf_char(out, " \t\r\n"[below(4)]);
    }
}

static void write_string(struct assay_buf *out)
{
    static const char *const bits[] = {"a",
                                       " token",
                                       "\\n",
                                       "\\\"",
                                       "\\u00e9",
                                       "\\u20AC",
                                       "\\/",
                                       "\\\\",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\\ud83d\\ude00",
                                       "0123456",
                                       "{",
                                       "}",
                                       "]",
                                       "\x7f",
                                       "long run of text "};
    assay_buf_char(out, '"');
    for (uint64_t n = below(5); n > 0; n--) {
        assay_buf_text(out, bits[below(sizeof bits / sizeof bits[0])]);
    }
    assay_buf_char(out, '"');
}

static void write_value(struct assay_buf *out, int depth);

static const char *const NAMES[] = {
    "id",
    "object",
    "choices",
    "usage",
    "delta",
    "content",
    "role",
    "finish_reason",
    "index",
    "logprobs",
    "tokens",
    "prompt_tokens",
    "text",
    "completion_tokens",
    "cached_tokens",
    "prompt_tokens_details",
    "timings",
    "cache_n",
    "predicted_n",
    "prompt_ms",
    "error",
    "message",
    "tool_calls",
    "function",
    "arguments",
    "name",
    "reasoning",
    "reasoning_content",
    "stop",
    "done",
    "response",
    "thinking",
    "eval_count",
    "total_duration",
    "x",
    "tokens_evaluated",
};

static void write_container(struct assay_buf *out, int depth, bool is_object)
{
    assay_buf_char(out, is_object ? '{' : '[');
    uint64_t count = below(4);
    for (uint64_t i = 0; i < count; i++) {
        write_space(out);
        if (is_object) {
            assay_buf_printf(out, "\"%s\"", NAMES[below(sizeof NAMES / sizeof NAMES[0])]);
            write_space(out);
            assay_buf_char(out, ':');
        }
        write_space(out);
        write_value(out, depth + 1);
        write_space(out);
        if (i + 1 < count) {
            assay_buf_char(out, ',');
        }
    }
    write_space(out);
    assay_buf_char(out, is_object ? '}' : ']');
}

static void write_value(struct assay_buf *out, int depth)
{
    static const char *const scalars[] = {"null", "true", "false", "0",      "-0", "12",        "4294967296",
                                          "1.25", "-3e2", "1E+2",  "0.5e-3", "7",  "2147483647"};
    uint64_t kind = below(depth > 5 ? 2 : 4);
    if (kind == 0) {
        write_string(out);
    } else if (kind == 1) {
        assay_buf_text(out, scalars[below(sizeof scalars / sizeof scalars[0])]);
    } else {
        write_container(out, depth, kind == 2);
    }
}

/* An event as servers send it, with values drawn at random. */
static void write_chunk(struct assay_buf *out)
{
    assay_buf_text(out, "{\"id\":");
    write_string(out);
    assay_buf_text(out, ",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":");
    write_string(out);
    assay_buf_text(out, "},\"logprobs\":");
    write_value(out, 5);
    assay_buf_printf(out, ",\"finish_reason\":%s}],\"usage\":", below(2) == 0 ? "null" : "\"stop\"");
    if (below(2) == 0) {
        assay_buf_text(out, "null}");
    } else {
        assay_buf_printf(out, "{\"prompt_tokens\":%u,\"completion_tokens\":%u}}", (unsigned)below(5000),
                         (unsigned)below(5000));
    }
}

static void damage(struct assay_buf *text)
{
    for (uint64_t n = 1 + below(2); n > 0 && text->len > 0; n--) {
        size_t at = below(text->len);
        switch (below(3)) {
        case 0:
            text->data[at] = (char)below(256);
            break;
        case 1:
            text->data[at] = "{}[]\",:\\0"[below(9)];
            break;
        default:
            text->len = at;
            break;
        }
    }
}

struct gathered {
    char bytes[4096];
    size_t len;
};

static void gather(void *context, const char *bytes, size_t len)
{
    struct gathered *gathered = context;
    assert_true(gathered->len + len <= sizeof gathered->bytes);
    memcpy(gathered->bytes + gathered->len, bytes, len);
    gathered->len += len;
}

/* Jansson stops at numbers beyond its types and at NUL in names, of which the event reader has no opinion. */
static bool is_beyond_jansson(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
}

static void assert_same_content(const json_t *root, const struct assay_llm_event *event)
{
    const json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    const json_t *content = json_object_get(json_object_get(choice, "delta"), "content");
    struct gathered gathered = {.len = 0};
    for (uint32_t i = 0; i < event->pieces_count; i++) {
        if (event->pieces[i].kind == ASSAY_CHUNK_TEXT) {
            assay_llm_text_decode(event->pieces[i].text, gather, &gathered);
        }
    }
    assert_int_equal(gathered.len, json_string_length(content));
    assert_memory_equal(gathered.bytes, json_is_string(content) ? json_string_value(content) : "", gathered.len);
    const json_t *usage = json_object_get(root, "usage");
    assert_int_equal((event->has & ASSAY_LLM_HAS_USAGE) != 0, json_is_object(usage));
    if (json_is_object(usage)) {
        assert_int_equal(event->counts.prompt, json_integer_value(json_object_get(usage, "prompt_tokens")));
        assert_int_equal(event->counts.output, json_integer_value(json_object_get(usage, "completion_tokens")));
    }
    const json_t *finish = json_object_get(choice, "finish_reason");
    assert_int_equal((event->has & ASSAY_LLM_HAS_FINISH) != 0, json_is_string(finish));
}

/* Compares what both say of one text; returns whether it was JSON. */
static bool compare(const struct assay_buf *text, uint64_t round, bool is_chunk)
{
    static struct assay_llm_event event;
    json_error_t error;
    json_t *root = json_loadb(text->data, text->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    bool is_read = assay_llm_event_read(ASSAY_LLM_OPENAI, text->data, text->len, &event);
    bool is_json = is_read || event.fault == ASSAY_LLM_FAULT_SHAPE || event.fault == ASSAY_LLM_FAULT_COUNT;
    bool is_special = (event.has & (ASSAY_LLM_HAS_END | ASSAY_LLM_HAS_BAD_NUMBER)) != 0;
    bool has_no_opinion = root == NULL && (is_beyond_jansson(&error) || is_special);
    /* after a wrong shape the reader looks no further, so that JSON may break later */
    bool is_early = root == NULL && event.fault == ASSAY_LLM_FAULT_SHAPE;
    if (!has_no_opinion && !is_early && is_json != (root != NULL)) {
        fail_msg("round %llu: reader %d, Jansson %d (%s) on %.*s", (unsigned long long)round, (int)event.fault,
                 root != NULL, root != NULL ? "" : error.text, (int)text->len, text->data);
    }
    if (is_chunk && is_read && root != NULL) {
        assert_same_content(root, &event);
    }
    json_decref(root);
    return is_json;
}

static uint64_t rounds(void)
{
    const char *asked = getenv("ASSAY_ROUNDS");
    return asked != NULL ? strtoull(asked, NULL, 10) : ROUNDS;
}

static void the_reader_agrees_with_jansson_on_any_json(void **state)
{
    (void)state;
    struct assay_buf text;
    assay_buf_init(&text, 1 << 20);
    assay_rng_seed(&rng, 1, "event any");
    for (uint64_t round = 0; round < rounds(); round++) {
        assay_buf_clear(&text);
        write_container(&text, 0, below(8) != 0);
        assert_true(compare(&text, round, false));
    }
    assay_buf_done(&text);
}

static void the_reader_takes_the_same_content_and_counts_as_jansson(void **state)
{
    (void)state;
    struct assay_buf text;
    assay_buf_init(&text, 1 << 20);
    assay_rng_seed(&rng, 2, "event chunk");
    for (uint64_t round = 0; round < rounds(); round++) {
        assay_buf_clear(&text);
        write_chunk(&text);
        compare(&text, round, true);
    }
    assay_buf_done(&text);
}

static void the_reader_agrees_with_jansson_on_damage(void **state)
{
    (void)state;
    struct assay_buf text;
    assay_buf_init(&text, 1 << 20);
    assay_rng_seed(&rng, 3, "event damage");
    uint64_t refused = 0;
    for (uint64_t round = 0; round < rounds(); round++) {
        assay_buf_clear(&text);
        write_chunk(&text);
        damage(&text);
        refused += !compare(&text, round, false);
    }
    assert_true(refused > rounds() / 4); /* else nothing was damaged */
    assay_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reader_agrees_with_jansson_on_any_json),
        cmocka_unit_test(the_reader_takes_the_same_content_and_counts_as_jansson),
        cmocka_unit_test(the_reader_agrees_with_jansson_on_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
