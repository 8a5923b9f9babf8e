/* Every trap of endpoints.md 3 and 8 that one event can hold. */
#include "workload/llm_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct assay_llm_event event;

static bool read_as(enum assay_llm_family family, const char *text)
{
    return assay_llm_event_read(family, text, strlen(text), &event);
}

static bool openai(const char *text)
{
    return read_as(ASSAY_LLM_OPENAI, text);
}

static bool native(const char *text)
{
    return read_as(ASSAY_LLM_NATIVE, text);
}

static bool ollama(const char *text)
{
    return read_as(ASSAY_LLM_OLLAMA, text);
}

struct gathered {
    char text[4096];
    size_t len;
};

static void gather(void *context, const char *bytes, size_t len)
{
    struct gathered *gathered = context;
    assert_true(gathered->len + len < sizeof gathered->text);
    memcpy(gathered->text + gathered->len, bytes, len);
    gathered->len += len;
    gathered->text[gathered->len] = '\0';
}

static void assert_piece(size_t index, enum assay_chunk_kind kind, const char *expected)
{
    struct gathered gathered = {.len = 0};
    assert_true(index < event.pieces_count);
    assert_int_equal(event.pieces[index].kind, kind);
    assay_llm_text_decode(event.pieces[index].text, gather, &gathered);
    assert_int_equal(gathered.len, strlen(expected));
    assert_memory_equal(gathered.text, expected, gathered.len);
}

static void assert_fault(const char *text, enum assay_llm_fault fault, const char *path)
{
    char found[ASSAY_LLM_PATH_BYTES];
    assert_false(openai(text));
    assert_int_equal(event.fault, fault);
    assert_int_equal(event.has, 0);
    assert_int_equal(event.pieces_count, 0);
    assay_llm_event_path(text, strlen(text), event.fault_offset, found);
    assert_string_equal(found, path);
}

/* ---- OpenAI ----------------------------------------------------------------------------------------------------- */

static void a_text_delta_is_content(void **state)
{
    (void)state;
    assert_true(openai("{\"id\":\"c-1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":"
                       "{\"content\":\" moon\"},\"finish_reason\":null}]}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_CONTENT);
    assert_piece(0, ASSAY_CHUNK_TEXT, " moon");
}

static void a_role_only_delta_is_no_content(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}]}"));
    assert_int_equal(event.has, 0);
    assert_true(openai("{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"));
    assert_int_equal(event.has, 0);
    assert_true(openai("{\"choices\":[{\"index\":0,\"delta\":{}}]}"));
    assert_int_equal(event.has, 0);
    assert_true(openai("{\"choices\":[{\"index\":0,\"delta\":null}]}"));
    assert_int_equal(event.has, 0);
}

static void empty_or_null_choices_are_no_fault(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[]}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_NO_CHOICE);
    assert_true(openai("{\"choices\":null}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_NO_CHOICE);
}

static void a_usage_record_has_three_counts(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[],\"usage\":{\"prompt_tokens\":37,\"completion_tokens\":6,\"total_tokens\":43,"
                       "\"prompt_tokens_details\":{\"cached_tokens\":16}}}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_NO_CHOICE | ASSAY_LLM_HAS_USAGE);
    assert_int_equal(event.counts.prompt, 37);
    assert_int_equal(event.counts.output, 6);
    assert_int_equal(event.counts.cached, 16);
}

static void a_null_usage_is_none(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_CONTENT);
    assert_int_equal(event.counts.output, ASSAY_COUNT_ABSENT);
}

static void usage_may_come_with_content_or_with_the_finish(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"completion_tokens\":3}}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_CONTENT | ASSAY_LLM_HAS_USAGE);
    assert_int_equal(event.counts.output, 3);
    assert_true(
        openai("{\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}],\"usage\":{\"completion_tokens\":5}}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_FINISH | ASSAY_LLM_HAS_USAGE);
    assert_int_equal(event.finish, ASSAY_FINISH_LENGTH);
}

static void null_cached_details_are_unknown_and_not_zero(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"prompt_tokens_details\":null}}"));
    assert_int_equal(event.counts.cached, ASSAY_COUNT_ABSENT);
}

static void reasoning_under_both_names_counts_once(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"reasoning\":\"hm\",\"reasoning_content\":\"hm\"}}]}"));
    assert_int_equal(event.pieces_count, 1);
    assert_piece(0, ASSAY_CHUNK_REASONING, "hm");
}

static void tool_calls_are_content_of_their_own_kind(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"x\",\"type\":\"function\","
                       "\"function\":{\"name\":\"add\",\"arguments\":\"{\\\"a\\\":\"}}]}}]}"));
    assert_int_equal(event.pieces_count, 2);
    assert_piece(0, ASSAY_CHUNK_TOOL, "add");
    assert_piece(1, ASSAY_CHUNK_TOOL, "{\"a\":");
}

static void more_tool_texts_than_there_is_room_for_are_a_fault(void **state)
{
    (void)state;
    char text[4096];
    size_t len = (size_t)snprintf(text, sizeof text, "{\"choices\":[{\"delta\":{\"tool_calls\":[");
    for (int i = 0; i < 17; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}",
                                i == 0 ? "" : ",");
    }
    snprintf(text + len, sizeof text - len, "]}}]}");
    assert_false(openai(text));
    assert_int_equal(event.fault, ASSAY_LLM_FAULT_COUNT);
}

static void the_text_of_a_completion_is_content(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"text\":\" the\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}]}"));
    assert_piece(0, ASSAY_CHUNK_TEXT, " the");
}

static void logprobs_entries_are_counted(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"content\":\"ab\"},\"logprobs\":{\"content\":[{\"token\":\"a\","
                       "\"top_logprobs\":[{\"token\":\"a\"}]},{\"token\":\"b\"}]}}]}"));
    assert_int_equal(event.counts.logprobs, 2);
    assert_true(openai("{\"choices\":[{\"text\":\"ab\",\"logprobs\":{\"tokens\":[\"a\",\"b\",\"c\"]}}]}"));
    assert_int_equal(event.counts.logprobs, 3);
}

static void token_ids_of_a_choice_are_counted(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"content\":\"ab\"},\"token_ids\":[5,6,7]}]}"));
    assert_int_equal(event.counts.ids, 3);
}

static void an_error_object_is_an_error_wherever_it_stands(void **state)
{
    (void)state;
    assert_true(openai("{\"error\":{\"code\":500,\"message\":\"out of slots\",\"type\":\"server_error\"}}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_ERROR);
    assert_int_equal(event.error.len, strlen("out of slots"));
    assert_true(openai("{\"object\":\"error\",\"message\":\"too long\"}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_ERROR);
    assert_int_equal(event.error.len, strlen("too long"));
    assert_true(openai("{\"choices\":[],\"error\":null}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_NO_CHOICE);
}

static void done_is_the_terminator_and_nothing_else_is(void **state)
{
    (void)state;
    assert_true(openai("[DONE]"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_END);
    assert_true(openai(" [DONE] "));
    assert_int_equal(event.has, ASSAY_LLM_HAS_END);
    assert_false(openai("[DONE"));
    assert_false(openai("DONE"));
}

static void only_the_first_choice_counts(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"content\":\"a\"}},{\"delta\":{\"content\":\"b\"}}]}"));
    assert_int_equal(event.pieces_count, 1);
    assert_int_equal(event.unknown_members, 1);
}

static void finish_reasons_map_to_few(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum assay_finish finish;
    } cases[] = {{"stop", ASSAY_FINISH_STOP},
                 {"length", ASSAY_FINISH_LENGTH},
                 {"tool_calls", ASSAY_FINISH_TOOL},
                 {"content_filter", ASSAY_FINISH_OTHER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"%s\"}]}", cases[i].word);
        assert_true(openai(text));
        assert_int_equal(event.finish, cases[i].finish);
    }
}

/* ---- llama.cpp -------------------------------------------------------------------------------------------------- */

static void timings_give_running_counts_and_the_cached_share(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"content\":\"'m\"}}],\"timings\":{\"cache_n\":5,\"prompt_n\":37,"
                       "\"prompt_ms\":310.234,\"predicted_n\":2,\"predicted_ms\":17.56}}"));
    assert_int_equal(event.counts.output, 2);
    assert_int_equal(event.counts.cached, 5);
    assert_int_equal(event.counts.prompt, 42);
    uint64_t ns;
    assert_true(assay_llm_number_ns(event.prompt_ms, 1000000, &ns));
    assert_int_equal(ns, 310234000);
}

static void a_progress_report_is_no_token(void **state)
{
    (void)state;
    assert_true(native("{\"index\":0,\"content\":\"\",\"tokens\":[0],\"stop\":false,\"tokens_predicted\":0,"
                       "\"tokens_evaluated\":2,\"prompt_progress\":{\"total\":2,\"processed\":0}}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_PROGRESS);
    assert_int_equal(event.pieces_count, 0);
}

static void native_events_carry_token_ids(void **state)
{
    (void)state;
    assert_true(native("{\"index\":0,\"content\":\" a\",\"tokens\":[253,7],\"stop\":false,\"tokens_predicted\":4,"
                       "\"tokens_evaluated\":2}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_CONTENT);
    assert_int_equal(event.counts.ids, 2);
    assert_int_equal(event.counts.output, 4);
}

static void stop_true_is_the_native_terminator(void **state)
{
    (void)state;
    assert_true(native("{\"content\":\"\",\"tokens\":[],\"stop\":true,\"tokens_predicted\":5,\"tokens_evaluated\":2,"
                       "\"generation_settings\":{\"stop\":[],\"temperature\":0.0},\"truncated\":true,"
                       "\"stop_type\":\"limit\",\"timings\":{\"cache_n\":1,\"prompt_n\":1}}"));
    assert_int_equal(event.has,
                     ASSAY_LLM_HAS_END | ASSAY_LLM_HAS_USAGE | ASSAY_LLM_HAS_FINISH | ASSAY_LLM_HAS_TRUNCATED);
    assert_int_equal(event.finish, ASSAY_FINISH_LENGTH);
    assert_int_equal(event.counts.prompt, 2);
    assert_int_equal(event.counts.cached, 1);
}

/* ---- Ollama ----------------------------------------------------------------------------------------------------- */

static void ollama_text_and_thinking_are_content(void **state)
{
    (void)state;
    assert_true(ollama("{\"model\":\"m\",\"created_at\":\"t\",\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},"
                       "\"done\":false}"));
    assert_piece(0, ASSAY_CHUNK_TEXT, "Hi");
    assert_true(ollama("{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"so\"},\"done\":false}"));
    assert_piece(0, ASSAY_CHUNK_REASONING, "so");
    assert_true(ollama("{\"response\":\"x\",\"thinking\":\"y\",\"done\":false}"));
    assert_int_equal(event.pieces_count, 2);
}

static void content_may_stand_on_the_done_line(void **state)
{
    (void)state;
    assert_true(ollama("{\"message\":{\"content\":\"!\"},\"done\":true,\"done_reason\":\"stop\",\"eval_count\":9}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_CONTENT | ASSAY_LLM_HAS_END | ASSAY_LLM_HAS_USAGE | ASSAY_LLM_HAS_FINISH);
    assert_int_equal(event.counts.output, 9);
}

static void missing_durations_are_absent_and_not_zero(void **state)
{
    (void)state;
    uint64_t ns;
    assert_true(ollama("{\"done\":true,\"total_duration\":5000,\"eval_duration\":0}"));
    assert_true(assay_llm_number_ns(event.total_ns, 1, &ns));
    assert_int_equal(ns, 5000);
    assert_true(assay_llm_number_ns(event.eval_ns, 1, &ns));
    assert_int_equal(ns, 0);
    assert_true(assay_llm_number_ns(event.load_ns, 1, &ns));
    assert_true(ns == ASSAY_NS_ABSENT);
}

static void negative_durations_are_refused(void **state)
{
    (void)state;
    uint64_t ns;
    assert_true(ollama("{\"done\":true,\"total_duration\":-5}"));
    assert_false(assay_llm_number_ns(event.total_ns, 1, &ns));
}

static void an_ollama_tool_call_is_its_json(void **state)
{
    (void)state;
    assert_true(ollama("{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"a\": 1}}}]},"
                       "\"done\":false}"));
    assert_piece(0, ASSAY_CHUNK_TOOL, "f");
    assert_piece(1, ASSAY_CHUNK_TOOL, "{\"a\": 1}");
}

static void an_ollama_error_is_a_text(void **state)
{
    (void)state;
    assert_true(ollama("{\"error\":\"an error was encountered while running the model\"}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_ERROR);
    assert_true(event.error.len > 10);
}

static void a_remote_model_is_seen(void **state)
{
    (void)state;
    assert_true(ollama("{\"remote_model\":\"big\",\"remote_host\":\"https://example.com\",\"done\":false}"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_REMOTE);
    assert_true(ollama("{\"remote_model\":\"\",\"done\":false}"));
    assert_int_equal(event.has, 0);
}

static void an_unload_is_seen(void **state)
{
    (void)state;
    assert_true(ollama("{\"response\":\"\",\"done\":true,\"done_reason\":\"unload\"}"));
    assert_true((event.has & ASSAY_LLM_HAS_UNLOAD) != 0);
}

static void a_line_of_ollama_is_never_done_in_brackets(void **state)
{
    (void)state;
    assert_false(ollama("[DONE]"));
}

/* ---- what is wrong ---------------------------------------------------------------------------------------------- */

static void wrong_shapes_are_named_by_their_path(void **state)
{
    (void)state;
    assert_fault("{\"choices\":[{\"delta\":{\"content\":{\"a\":1}}}]}", ASSAY_LLM_FAULT_SHAPE,
                 "/choices/0/delta/content");
    assert_fault("{\"choices\":[{\"delta\":{\"content\":[]}}]}", ASSAY_LLM_FAULT_SHAPE, "/choices/0/delta/content");
    assert_fault("{\"choices\":{}}", ASSAY_LLM_FAULT_SHAPE, "/choices");
    assert_fault("{\"choices\":[4]}", ASSAY_LLM_FAULT_SHAPE, "/choices/0");
    assert_fault("{\"usage\":[1]}", ASSAY_LLM_FAULT_SHAPE, "/usage");
    assert_fault("{\"id\":{\"a/b~\":[]},\"usage\":{\"prompt_tokens\":\"3\"}}", ASSAY_LLM_FAULT_SHAPE,
                 "/usage/prompt_tokens");
    assert_fault("{\"choices\":[{\"finish_reason\":7}]}", ASSAY_LLM_FAULT_SHAPE, "/choices/0/finish_reason");
    assert_fault("[1]", ASSAY_LLM_FAULT_SHAPE, "");
    assert_fault("\"text\"", ASSAY_LLM_FAULT_SHAPE, "");
}

static void a_known_member_that_stands_there_twice_is_refused(void **state)
{
    (void)state;
    assert_false(openai("{\"choices\":[{\"delta\":{\"content\":\"a\",\"content\":\"b\"}}]}"));
    assert_int_equal(event.fault, ASSAY_LLM_FAULT_SHAPE);
}

static void unknown_members_are_skipped_and_counted(void **state)
{
    (void)state;
    assert_true(openai("{\"x\":{\"choices\":[{\"delta\":{\"content\":\"no\"}}]},\"y\":[1,2.5e3,-0,true,false,null],"
                       "\"choices\":[{\"delta\":{\"content\":\"yes\"}}]}"));
    assert_int_equal(event.pieces_count, 1);
    assert_piece(0, ASSAY_CHUNK_TEXT, "yes");
    assert_int_equal(event.unknown_members, 2);
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "<html><body>hi</body></html>",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":nul}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"open}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{}x",
        "{} {}",
        "{\"a\":tru}",
        "{\"a\":-}",
        "{\"a\":NaN}",
        "data: {}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (openai(texts[i]) || event.fault != ASSAY_LLM_FAULT_NOT_JSON) {
            fail_msg("'%s' gave fault %d", texts[i], (int)event.fault);
        }
    }
}

static void a_raw_nul_is_refused(void **state)
{
    (void)state;
    static const char inside[] = "{\"choices\":[{\"delta\":{\"content\":\"a\0b\"}}]}";
    assert_false(assay_llm_event_read(ASSAY_LLM_OPENAI, inside, sizeof inside - 1, &event));
    assert_int_equal(event.fault, ASSAY_LLM_FAULT_NOT_JSON);
    static const char behind[] = "{}\0";
    assert_false(assay_llm_event_read(ASSAY_LLM_OPENAI, behind, sizeof behind - 1, &event));
    assert_int_equal(event.fault, ASSAY_LLM_FAULT_NOT_JSON);
}

static void ill_formed_utf8_is_a_fault_of_its_own(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"a\":\"\x80\"}",
        "{\"a\":\"\xc3\"}",
        "{\"a\":\"long enough \xe2\x82\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf5\x80\x80\x80\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\\ude00\"}",
        "{\"a\":\"\\ud83d\\u0041\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (openai(texts[i]) || event.fault != ASSAY_LLM_FAULT_ENCODING) {
            fail_msg("'%s' gave fault %d", texts[i], (int)event.fault);
        }
    }
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    assert_true(openai("{\"choices\":[{\"delta\":{\"content\":"
                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00 \xf0\x9f\x98\x80\"}}]}"));
    assert_piece(0, ASSAY_CHUNK_TEXT, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \xf0\x9f\x98\x80");
}

static void long_texts_with_escapes_decode_in_pieces(void **state)
{
    (void)state;
    char text[2048], expected[1024];
    size_t len = (size_t)snprintf(text, sizeof text, "{\"choices\":[{\"delta\":{\"content\":\"");
    for (size_t i = 0; i < 600; i++) {
        text[len++] = 'x';
        expected[i] = 'x';
    }
    snprintf(text + len, sizeof text - len, "\\n\"}}]}");
    expected[600] = '\n';
    expected[601] = '\0';
    assert_true(openai(text));
    assert_piece(0, ASSAY_CHUNK_TEXT, expected);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    char text[512];
    for (int depth = 63; depth <= 64; depth++) { /* inside of the object, which is one more */
        size_t len = (size_t)snprintf(text, sizeof text, "{\"a\":");
        memset(text + len, '[', (size_t)depth);
        memset(text + len + (size_t)depth, ']', (size_t)depth);
        snprintf(text + len + 2 * (size_t)depth, 8, "}");
        assert_int_equal(openai(text), depth == 63);
    }
    assert_int_equal(event.fault, ASSAY_LLM_FAULT_DEPTH);
}

static void numbers_that_are_none_are_dropped_and_flagged(void **state)
{
    (void)state;
    static const char *const values[] = {"-1",  "2147483648", "99999999999", "1.5",
                                         "1e3", "NaN",        "Infinity",    "-Infinity"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":%s}}", values[i]);
        assert_true(openai(text));
        assert_true((event.has & ASSAY_LLM_HAS_BAD_NUMBER) != 0);
        assert_int_equal(event.counts.output, ASSAY_COUNT_ABSENT);
        assert_int_equal(event.counts.prompt, 4);
    }
    assert_true(openai("{\"usage\":{\"completion_tokens\":2147483647}}"));
    assert_int_equal(event.counts.output, INT32_MAX);
}

static void white_space_between_everything_is_fine(void **state)
{
    (void)state;
    assert_true(openai(" \t{ \"choices\" : [ { \"delta\" : { \"content\" : \"a\" } } ] , \"usage\" : { } } \r\n"));
    assert_int_equal(event.has, ASSAY_LLM_HAS_CONTENT | ASSAY_LLM_HAS_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_delta_is_content),
        cmocka_unit_test(a_role_only_delta_is_no_content),
        cmocka_unit_test(empty_or_null_choices_are_no_fault),
        cmocka_unit_test(a_usage_record_has_three_counts),
        cmocka_unit_test(a_null_usage_is_none),
        cmocka_unit_test(usage_may_come_with_content_or_with_the_finish),
        cmocka_unit_test(null_cached_details_are_unknown_and_not_zero),
        cmocka_unit_test(reasoning_under_both_names_counts_once),
        cmocka_unit_test(tool_calls_are_content_of_their_own_kind),
        cmocka_unit_test(more_tool_texts_than_there_is_room_for_are_a_fault),
        cmocka_unit_test(the_text_of_a_completion_is_content),
        cmocka_unit_test(logprobs_entries_are_counted),
        cmocka_unit_test(token_ids_of_a_choice_are_counted),
        cmocka_unit_test(an_error_object_is_an_error_wherever_it_stands),
        cmocka_unit_test(done_is_the_terminator_and_nothing_else_is),
        cmocka_unit_test(only_the_first_choice_counts),
        cmocka_unit_test(finish_reasons_map_to_few),
        cmocka_unit_test(timings_give_running_counts_and_the_cached_share),
        cmocka_unit_test(a_progress_report_is_no_token),
        cmocka_unit_test(native_events_carry_token_ids),
        cmocka_unit_test(stop_true_is_the_native_terminator),
        cmocka_unit_test(ollama_text_and_thinking_are_content),
        cmocka_unit_test(content_may_stand_on_the_done_line),
        cmocka_unit_test(missing_durations_are_absent_and_not_zero),
        cmocka_unit_test(negative_durations_are_refused),
        cmocka_unit_test(an_ollama_tool_call_is_its_json),
        cmocka_unit_test(an_ollama_error_is_a_text),
        cmocka_unit_test(a_remote_model_is_seen),
        cmocka_unit_test(an_unload_is_seen),
        cmocka_unit_test(a_line_of_ollama_is_never_done_in_brackets),
        cmocka_unit_test(wrong_shapes_are_named_by_their_path),
        cmocka_unit_test(a_known_member_that_stands_there_twice_is_refused),
        cmocka_unit_test(unknown_members_are_skipped_and_counted),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(a_raw_nul_is_refused),
        cmocka_unit_test(ill_formed_utf8_is_a_fault_of_its_own),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(long_texts_with_escapes_decode_in_pieces),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(numbers_that_are_none_are_dropped_and_flagged),
        cmocka_unit_test(white_space_between_everything_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
