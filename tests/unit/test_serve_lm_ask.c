/* What requests to the server of the language model ask for, and what is refused. */
#include "serve/lm_ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static assay_code read_ask(struct lm_ask *ask, enum lm_api api, const char *body, assay_err *err)
{
    lm_ask_init(ask);
    return lm_ask_read(ask, api, assay_slice_of(body), err);
}

static struct lm_ask good(enum lm_api api, const char *body)
{
    struct lm_ask ask;
    assay_err err = {0};
    if (read_ask(&ask, api, body, &err) != ASSAY_OK) {
        fail_msg("%s: %s", body, err.message);
    }
    return ask;
}

static void assert_refused(enum lm_api api, const char *body, assay_code code, const char *word, const char *wrong)
{
    struct lm_ask ask;
    assay_err err = {0};
    assert_int_equal(read_ask(&ask, api, body, &err), code);
    if (!strstr(err.message, word)) {
        fail_msg("%s: the message '%s' does not say '%s'", body, err.message, word);
    }
    if (wrong) {
        assert_non_null(ask.wrong);
        assert_string_equal(ask.wrong, wrong);
    }
    lm_ask_done(&ask);
}

static void ollamas_options_are_read(void **state)
{
    (void)state;
    struct lm_ask ask = good(LM_OLLAMA_GENERATE,
                             "{\"model\":\"m:latest\",\"prompt\":\"hi\",\"system\":\"s\",\"raw\":true,\"stream\":false,"
                             "\"logprobs\":true,\"top_logprobs\":3,\"keep_alive\":\"5m\",\"options\":{"
                             "\"num_predict\":7,\"num_ctx\":64,\"temperature\":0.25,\"top_k\":5,\"top_p\":0.5,"
                             "\"min_p\":0.125,\"repeat_penalty\":1.5,\"repeat_last_n\":0,\"seed\":9,"
                             "\"stop\":[\"a\",\"\",\"bc\"],\"num_thread\":3}}");
    assert_true(assay_slice_is(ask.model, "m:latest"));
    assert_true(assay_slice_is(ask.prompt, "hi") && assay_slice_is(ask.system, "s"));
    assert_true(ask.is_raw && !ask.streams && ask.wants_logprobs && ask.has_seed);
    assert_int_equal(ask.top_logprobs, 3);
    assert_int_equal(ask.max_tokens, 7);
    assert_int_equal(ask.context, 64);
    assert_int_equal(ask.top_k, 5);
    assert_int_equal(ask.repeat_last, 0);
    assert_int_equal(ask.seed, 9);
    assert_true(ask.temperature == 0.25 && ask.top_p == 0.5 && ask.min_p == 0.125 && ask.repeat_penalty == 1.5);
    assert_int_equal(ask.stops_count, 2); /* the empty one stops nothing */
    assert_true(assay_slice_is(ask.stops[1], "bc"));
    lm_ask_done(&ask);
}

static void defaults_are_those_of_the_dialect(void **state)
{
    (void)state;
    struct lm_ask ask = good(LM_OLLAMA_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
    assert_true(ask.streams && ask.temperature == 0.8 && ask.top_k == 40 && ask.max_tokens == LM_UNLIMITED);
    lm_ask_done(&ask);
    ask = good(LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":null}");
    assert_true(!ask.streams && ask.temperature == 1 && ask.top_k == 0 && ask.max_tokens == LM_UNLIMITED);
    lm_ask_done(&ask);
    ask = good(LM_OPENAI_TEXT, "{\"prompt\":\"x\"}");
    assert_int_equal(ask.max_tokens, 16);
    assert_false(ask.has_seed);
    lm_ask_done(&ask);
}

static void openais_members_are_read(void **state)
{
    (void)state;
    struct lm_ask ask =
        good(LM_OPENAI_CHAT, "{\"model\":\"m\",\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},"
                             "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                             "{\"type\":\"text\",\"text\":\"b\"}]}],\"stream\":true,"
                             "\"stream_options\":{\"include_usage\":true},\"max_completion_tokens\":3.0,"
                             "\"stop\":\"end\",\"seed\":-1,\"user\":\"me\",\"response_format\":{\"type\":\"text\"},"
                             "\"tools\":[],\"n\":1,\"presence_penalty\":0}");
    assert_true(ask.streams && ask.wants_usage && !ask.has_seed);
    assert_int_equal(ask.max_tokens, 3);
    assert_int_equal(ask.messages_count, 2);
    assert_true(assay_slice_is(ask.messages[0].role, "system"));
    assert_true(assay_slice_is(ask.messages[1].text, "ab"));
    assert_true(assay_slice_is(ask.stops[0], "end"));
    lm_ask_done(&ask);
}

static void a_prompt_may_be_tokens(void **state)
{
    (void)state;
    struct lm_ask ask = good(LM_OPENAI_TEXT, "{\"prompt\":[1,2,3],\"logprobs\":2}");
    assert_int_equal(json_array_size(ask.prompt_ids), 3);
    assert_true(ask.wants_logprobs && ask.top_logprobs == 2);
    lm_ask_done(&ask);
    ask = good(LM_OPENAI_TEXT, "{\"prompt\":[\"one\"]}");
    assert_true(assay_slice_is(ask.prompt, "one"));
    lm_ask_done(&ask);
    assert_refused(LM_OPENAI_TEXT, "{\"prompt\":[\"one\",\"two\"]}", ASSAY_MALFORMED, "one request for each", "prompt");
    assert_refused(LM_OPENAI_TEXT, "{\"prompt\":[1,\"a\"]}", ASSAY_MALFORMED, "integers", "prompt");
}

static void an_empty_prompt_asks_ollama_to_load(void **state)
{
    (void)state;
    struct lm_ask ask = good(LM_OLLAMA_GENERATE, "{\"model\":\"m\",\"keep_alive\":0}");
    assert_true(lm_ask_is_empty(&ask));
    lm_ask_done(&ask);
    ask = good(LM_OLLAMA_CHAT, "{\"model\":\"m\",\"messages\":[]}");
    assert_true(lm_ask_is_empty(&ask));
    lm_ask_done(&ask);
    assert_refused(LM_OPENAI_CHAT, "{\"model\":\"m\",\"messages\":[]}", ASSAY_MALFORMED, "at least one", "messages");
    assert_refused(LM_OPENAI_TEXT, "{\"model\":\"m\"}", ASSAY_MALFORMED, "a text or a list", "prompt");
}

/* What would change the output and cannot be followed is refused by its name. */
static void what_cannot_be_followed_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        enum lm_api api;
        const char *member, *name;
    } CASES[] = {
        {LM_OPENAI_CHAT, "\"tools\":[{\"type\":\"function\"}]", "tools"},
        {LM_OPENAI_CHAT, "\"response_format\":{\"type\":\"json_object\"}", "response_format"},
        {LM_OPENAI_CHAT, "\"n\":2", "n"},
        {LM_OPENAI_CHAT, "\"presence_penalty\":0.5", "presence_penalty"},
        {LM_OPENAI_CHAT, "\"frequency_penalty\":-1", "frequency_penalty"},
        {LM_OPENAI_CHAT, "\"logit_bias\":{\"1\":2}", "logit_bias"},
        {LM_OPENAI_CHAT, "\"grammar\":\"root ::= x\"", "grammar"},
        {LM_OPENAI_TEXT, "\"echo\":true", "echo"},
        {LM_OPENAI_TEXT, "\"suffix\":\"s\"", "suffix"},
        {LM_OPENAI_TEXT, "\"best_of\":4", "best_of"},
        {LM_OLLAMA_CHAT, "\"tools\":[{}]", "tools"},
        {LM_OLLAMA_CHAT, "\"format\":\"json\"", "format"},
        {LM_OLLAMA_CHAT, "\"think\":true", "think"},
        {LM_OLLAMA_GENERATE, "\"images\":[\"aGk=\"]", "images"},
        {LM_OLLAMA_GENERATE, "\"template\":\"{{ .Prompt }}\"", "template"},
        {LM_OLLAMA_GENERATE, "\"options\":{\"mirostat\":2}", "mirostat"},
        {LM_OLLAMA_GENERATE, "\"options\":{\"frequency_penalty\":0.1}", "frequency_penalty"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body, "{\"prompt\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],%s}",
                       CASES[i].member);
        assert_refused(CASES[i].api, body, ASSAY_UNSUPPORTED, CASES[i].name, NULL);
    }
    assert_refused(LM_OPENAI_CHAT,
                   "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]}",
                   ASSAY_UNSUPPORTED, "no text", "messages");
    assert_refused(LM_OLLAMA_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"images\":[\"aGk=\"]}]}",
                   ASSAY_UNSUPPORTED, "images", "messages");
}

static void nonsense_is_refused_with_its_name(void **state)
{
    (void)state;
    static const struct {
        enum lm_api api;
        const char *body, *word;
    } CASES[] = {
        {LM_OPENAI_CHAT, "", "empty"},
        {LM_OPENAI_CHAT, "hello", "line 1"},
        {LM_OPENAI_CHAT, "[]", "an object"},
        {LM_OPENAI_CHAT, "{\"messages\":\"hi\"}", "messages"},
        {LM_OPENAI_CHAT, "{\"messages\":[\"hi\"]}", "message 0"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "role"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\"}]}", "content"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":-1}", "0 to 100"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":\"hot\"}",
         "temperature"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1e300}", "max_tokens"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1.5}", "max_tokens"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":0}", "1 to"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":1}", "true or false"},
        {LM_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"top_logprobs\":21}", "0 to 20"},
        {LM_OLLAMA_GENERATE, "{\"prompt\":3}", "a text"},
        {LM_OLLAMA_GENERATE, "{\"prompt\":\"x\",\"options\":3}", "an object"},
        {LM_OLLAMA_GENERATE, "{\"prompt\":\"x\",\"options\":{\"seed\":-5}}", "seed"},
        {LM_OLLAMA_GENERATE, "{\"prompt\":\"x\",\"options\":{\"stop\":[1]}}", "stop"},
        {LM_OLLAMA_GENERATE, "{\"prompt\":\"x\",\"prompt\":\"y\"}", "prompt"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_refused(CASES[i].api, CASES[i].body, ASSAY_MALFORMED, CASES[i].word, NULL);
    }
}

static void too_deep_is_refused(void **state)
{
    (void)state;
    char body[256] = "{\"prompt\":";
    size_t len = strlen(body);
    memset(body + len, '[', 100);
    assert_refused(LM_OLLAMA_GENERATE, body, ASSAY_TOO_LARGE, "32", NULL);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ollamas_options_are_read),
        cmocka_unit_test(defaults_are_those_of_the_dialect),
        cmocka_unit_test(openais_members_are_read),
        cmocka_unit_test(a_prompt_may_be_tokens),
        cmocka_unit_test(an_empty_prompt_asks_ollama_to_load),
        cmocka_unit_test(what_cannot_be_followed_is_refused_by_name),
        cmocka_unit_test(nonsense_is_refused_with_its_name),
        cmocka_unit_test(too_deep_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
