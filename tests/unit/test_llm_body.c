/* What each dialect is asked (endpoints.md 3): every sampling parameter, streaming, usage and the output limit, in JSON
 * that no prompt can break. */
#include "workload/llm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SALT UINT64_C(0x0123456789abcdef)
#define SALT_TEXT "0123456789abcdef"
#define TEMPLATE_BYTES_MAX ((size_t)64 << 10)
#define GUARD_BYTES 64 /* behind the promised room: must stay as they are */
#define GUARD_BYTE '\x5a'

static struct assay_llm_options defaults(void)
{
    struct assay_llm_state *state = calloc(1, sizeof *state);
    assert_non_null(state);
    assay_llm_options_defaults(state);
    struct assay_llm_options options = state->options;
    free(state);
    return options;
}

/* No value is the default of any server, so that one which is left out is seen. */
static struct assay_llm_options unusual(void)
{
    struct assay_llm_options options = defaults();
    options.temperature = 0.25;
    options.top_p = 0.75;
    options.top_k = 17;
    options.min_p = 0.125;
    options.repeat_penalty = 1.5;
    options.presence_penalty = 0.5;
    options.frequency_penalty = -0.5;
    options.sampling_seed = 77;
    options.model_ttl = "7m";
    options.stop = (struct assay_opt_list){.items = {"END", "\"\n"}, .count = 2};
    return options;
}

/* The body of one request as text; the caller frees it. Nothing is written beyond what bytes_max promised. */
static char *write_body(const struct assay_llm_dialect *dialect, size_t endpoint,
                        const struct assay_llm_options *options, const struct assay_llm_prompt *prompt,
                        uint32_t output_tokens, size_t *ret_len)
{
    struct assay_llm_body body = {options, &dialect->endpoints[endpoint], "some \"model\""};
    struct assay_llm_template template;
    assay_buf_init(&template.text, TEMPLATE_BYTES_MAX);
    dialect->write_body(&body, &template.text);
    assert_int_equal(template.text.failed, ASSAY_OK);
    size_t room = assay_llm_body_bytes_max(&template, prompt);
    char *text = malloc(room + GUARD_BYTES);
    assert_non_null(text);
    memset(text, GUARD_BYTE, room + GUARD_BYTES);
    *ret_len = assay_llm_body_write(&template, prompt, output_tokens, text);
    assert_true(*ret_len <= room);
    for (size_t i = room; i < room + GUARD_BYTES; i++) {
        assert_int_equal(text[i], GUARD_BYTE);
    }
    assay_buf_done(&template.text);
    return text;
}

static json_t *ask(const struct assay_llm_dialect *dialect, size_t endpoint, const struct assay_llm_options *options,
                   const struct assay_llm_prompt *prompt, uint32_t output_tokens)
{
    size_t len = 0;
    assay_err err = {0};
    json_t *root = NULL;
    char *text = write_body(dialect, endpoint, options, prompt, output_tokens, &len);
    if (assay_json_read(text, len, &assay_json_limits_default, &root, &err) != ASSAY_OK) {
        fail_msg("%s, endpoint %zu: %s: %.*s", dialect->name, endpoint, err.message, (int)len, text);
    }
    free(text);
    return root;
}

static const struct assay_llm_prompt HELLO = {.salt = SALT, .has_salt = true, .text = {"hello", 5}};

/* ---- everything, for each endpoint ------------------------------------------------------------------------------ */

#define OPENAI_SAMPLING                                                                                           \
    "\"stream\":true,\"n\":1,\"temperature\":0.25,\"top_p\":0.75,\"presence_penalty\":0.5,\"frequency_penalty\":" \
    "-0.5,\"seed\":77,\"stop\":[\"END\",\"\\\"\\n\"],"
#define LLAMACPP_SAMPLING                                                                             \
    "\"top_k\":17,\"min_p\":0.125,\"repeat_penalty\":1.5,\"cache_prompt\":false,\"ignore_eos\":true," \
    "\"timings_per_token\":true,\"sse_ping_interval\":-1"
#define VLLM_SAMPLING "\"top_k\":17,\"min_p\":0.125,\"repetition_penalty\":1.5,\"ignore_eos\":true"
#define OLLAMA_REST                                                                                            \
    "\"stream\":true,\"truncate\":false,\"shift\":false,\"keep_alive\":\"7m\",\"options\":{\"num_predict\":9," \
    "\"temperature\":0.25,\"top_p\":0.75,\"top_k\":17,\"min_p\":0.125,\"repeat_penalty\":1.5,"                 \
    "\"presence_penalty\":0.5,\"frequency_penalty\":-0.5,\"seed\":77,\"stop\":[\"END\",\"\\\"\\n\"]}"
#define MODEL "\"model\":\"some \\\"model\\\"\","
#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"" SALT_TEXT " hello\"}],"
#define PROMPT "\"prompt\":\"" SALT_TEXT " hello\","
#define USAGE "\"stream_options\":{\"include_usage\":true}"
#define RUNNING_USAGE "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}"

static const struct {
    const struct assay_llm_dialect *dialect;
    const char *path, *body;
} BODIES[] = {
    {&assay_llm_openai, "/v1/chat/completions", "{" MODEL MESSAGES "\"max_tokens\":9," OPENAI_SAMPLING USAGE "}"},
    {&assay_llm_openai, "/v1/completions", "{" MODEL PROMPT "\"max_tokens\":9," OPENAI_SAMPLING USAGE "}"},
    {&assay_llm_vllm, "/v1/chat/completions",
     "{" MODEL MESSAGES "\"max_tokens\":9," OPENAI_SAMPLING RUNNING_USAGE "," VLLM_SAMPLING "}"},
    {&assay_llm_vllm, "/v1/completions",
     "{" MODEL PROMPT "\"max_tokens\":9," OPENAI_SAMPLING RUNNING_USAGE "," VLLM_SAMPLING "}"},
    {&assay_llm_llamacpp, "/v1/chat/completions",
     "{" MODEL MESSAGES "\"max_tokens\":9," OPENAI_SAMPLING USAGE "," LLAMACPP_SAMPLING "}"},
    {&assay_llm_llamacpp, "/v1/completions",
     "{" MODEL PROMPT "\"max_tokens\":9," OPENAI_SAMPLING USAGE "," LLAMACPP_SAMPLING "}"},
    {&assay_llm_llamacpp, "/completion",
     "{" PROMPT "\"n_predict\":9,\"stream\":true,\"return_tokens\":true,\"temperature\":0.25,\"top_p\":0.75,"
     "\"presence_penalty\":0.5,\"frequency_penalty\":-0.5,\"seed\":77,\"stop\":[\"END\",\"\\\"\\n\"]," LLAMACPP_SAMPLING
     "}"},
    {&assay_llm_ollama, "/api/chat", "{" MODEL MESSAGES OLLAMA_REST "}"},
    {&assay_llm_ollama, "/api/generate", "{" MODEL PROMPT OLLAMA_REST "}"},
};
#define BODIES_COUNT (sizeof BODIES / sizeof BODIES[0])

static size_t endpoint_of(size_t row)
{
    const struct assay_llm_dialect *dialect = BODIES[row].dialect;
    for (size_t i = 0; i < dialect->endpoints_count; i++) {
        if (strcmp(dialect->endpoints[i].path, BODIES[row].path) == 0) {
            return i;
        }
    }
    fail_msg("%s has no %s", dialect->name, BODIES[row].path);
    return 0;
}

static void every_endpoint_is_sent_every_parameter_and_nothing_else(void **state)
{
    (void)state;
    struct assay_llm_options options = unusual();
    for (size_t i = 0; i < BODIES_COUNT; i++) {
        json_error_t error;
        json_t *expected = json_loads(BODIES[i].body, 0, &error);
        assert_non_null(expected);
        json_t *sent = ask(BODIES[i].dialect, endpoint_of(i), &options, &HELLO, 9);
        if (!json_equal(sent, expected)) {
            char *found = json_dumps(sent, 0);
            fail_msg("%s %s was sent %s", BODIES[i].dialect->name, BODIES[i].path, found);
        }
        json_decref(sent);
        json_decref(expected);
    }
}

static void the_table_holds_every_endpoint(void **state)
{
    (void)state;
    const struct assay_llm_dialect *const dialects[] = {&assay_llm_ollama, &assay_llm_openai, &assay_llm_llamacpp,
                                                        &assay_llm_vllm};
    size_t count = 0;
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        count += dialects[i]->endpoints_count;
    }
    assert_int_equal(count, BODIES_COUNT);
}

/* Names of the same parameters with the options that a user who says nothing gets: a default is sent as well. */
static void defaults_leave_no_parameter_out(void **state)
{
    (void)state;
    struct assay_llm_options plain = defaults(), other = unusual();
    plain.stop.count = 0;
    for (size_t i = 0; i < BODIES_COUNT; i++) {
        json_t *with = ask(BODIES[i].dialect, endpoint_of(i), &other, &HELLO, 9);
        json_t *without = ask(BODIES[i].dialect, endpoint_of(i), &plain, &HELLO, 9);
        const json_t *wide = json_object_get(with, "options"), *narrow = json_object_get(without, "options");
        const char *name;
        json_t *value;
        json_object_foreach(with, name, value)
        {
            assert_non_null(json_object_get(without, name));
        }
        json_object_foreach((json_t *)(uintptr_t)wide, name, value)
        {
            assert_non_null(json_object_get(narrow, name));
        }
        json_decref(with);
        json_decref(without);
    }
}

/* ---- prompts that try to break out ------------------------------------------------------------------------------ */

static const struct assay_slice HOSTILE[] = {
#define TEXT(literal)               \
    {                               \
        literal, sizeof literal - 1 \
    }
    TEXT("\"}],\"stream\":false,\"x\":[{\"y\":\""),
    TEXT("back\\slash \\\" \\u0000 \\"),
    TEXT("\x01\x02\x03 the marks of the template, \x1f and \x7f"),
    TEXT("line\nfeed\r\ttab\b\f"),
    TEXT("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x8c\x99 \xe2\x80\xa8\xe2\x80\xa9"),
    TEXT("</script><!-- %s %n {{template}} [INST] <|im_end|>"),
    TEXT(" "),
#undef TEXT
};

static const char *sent_prompt(const json_t *body)
{
    const json_t *prompt = json_object_get(body, "prompt");
    return json_string_value(prompt != NULL ? prompt : assay_json_at(body, "/messages/0/content"));
}

static void hostile_text_arrives_as_it_was(void **state)
{
    (void)state;
    struct assay_llm_options options = defaults();
    for (size_t i = 0; i < BODIES_COUNT; i++) {
        for (size_t j = 0; j < sizeof HOSTILE / sizeof HOSTILE[0]; j++) {
            struct assay_buf quoted;
            assay_buf_init(&quoted, TEMPLATE_BYTES_MAX);
            assay_json_quote(&quoted, HOSTILE[j].data, HOSTILE[j].len);
            struct assay_llm_prompt prompt = {.salt = SALT, .text = {quoted.data + 1, quoted.len - 2}};
            json_t *body = ask(BODIES[i].dialect, endpoint_of(i), &options, &prompt, 9);
            assert_string_equal(sent_prompt(body), HOSTILE[j].data);
            assert_true(json_is_true(json_object_get(body, "stream")));
            json_decref(body);
            assay_buf_done(&quoted);
        }
    }
}

static void a_stop_text_cannot_pose_as_the_prompt(void **state)
{
    (void)state;
    struct assay_llm_options options = defaults();
    options.stop = (struct assay_opt_list){.items = {"\x01\x02\x03"}, .count = 1};
    for (size_t i = 0; i < BODIES_COUNT; i++) {
        json_t *body = ask(BODIES[i].dialect, endpoint_of(i), &options, &HELLO, 9);
        const json_t *stop = assay_json_at(body, "/stop/0");
        stop = stop != NULL ? stop : assay_json_at(body, "/options/stop/0");
        assert_string_equal(json_string_value(stop), "\x01\x02\x03");
        json_decref(body);
    }
}

/* ---- values that depend on the request or the options ----------------------------------------------------------- */

static json_int_t output_limit(const json_t *body)
{
    static const char *const places[] = {"/max_tokens", "/n_predict", "/options/num_predict"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const json_t *limit = assay_json_at(body, places[i]);
        if (limit != NULL) {
            return json_integer_value(limit);
        }
    }
    return -1;
}

static void the_output_limit_is_that_of_the_operation(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 10, 999, INT32_MAX, UINT32_MAX};
    struct assay_llm_options options = defaults();
    for (size_t i = 0; i < BODIES_COUNT; i++) {
        for (size_t j = 0; j < sizeof limits / sizeof limits[0]; j++) {
            json_t *body = ask(BODIES[i].dialect, endpoint_of(i), &options, &HELLO, limits[j]);
            assert_int_equal(output_limit(body), limits[j]);
            json_decref(body);
        }
    }
}

/* A single field of one dialect's default endpoint under one change of the options. */
struct field {
    const struct assay_llm_dialect *dialect;
    const char *pointer, *value; /* value NULL: must be absent */
};

static void assert_fields(const struct field *fields, size_t count, const struct assay_llm_options *options)
{
    for (size_t i = 0; i < count; i++) {
        json_t *body = ask(fields[i].dialect, 0, options, &HELLO, 9);
        const json_t *found = assay_json_at(body, fields[i].pointer);
        char *text = found != NULL ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        if ((text == NULL) != (fields[i].value == NULL) || (text != NULL && strcmp(text, fields[i].value) != 0)) {
            fail_msg("%s %s: found %s, expected %s", fields[i].dialect->name, fields[i].pointer,
                     text != NULL ? text : "nothing", fields[i].value != NULL ? fields[i].value : "nothing");
        }
        free(text);
        json_decref(body);
    }
}
#define ASSERT_FIELDS(fields, options) assert_fields(fields, sizeof(fields) / sizeof(fields)[0], options)

static void all_candidates_is_said_in_each_dialects_way(void **state)
{
    (void)state;
    static const struct field fields[] = {
        {&assay_llm_vllm, "/top_k", "-1"},
        {&assay_llm_llamacpp, "/top_k", "0"},
        {&assay_llm_ollama, "/options/top_k", "0"},
        {&assay_llm_openai, "/top_k", NULL},
    };
    struct assay_llm_options options = defaults();
    options.top_k = 0;
    ASSERT_FIELDS(fields, &options);
}

static void only_the_cached_state_lets_llamacpp_use_its_cache(void **state)
{
    (void)state;
    static const struct field off[] = {{&assay_llm_llamacpp, "/cache_prompt", "false"}};
    static const struct field on[] = {{&assay_llm_llamacpp, "/cache_prompt", "true"}};
    struct assay_llm_options options = defaults();
    for (int asked = ASSAY_LLM_ANY; asked <= ASSAY_LLM_WARM; asked++) {
        options.state = asked;
        ASSERT_FIELDS(off, &options);
    }
    options.state = ASSAY_LLM_CACHED;
    ASSERT_FIELDS(on, &options);
}

static void a_warm_vllm_gets_a_cache_salt_for_every_request(void **state)
{
    (void)state;
    static const struct field fields[] = {{&assay_llm_vllm, "/cache_salt", "\"" SALT_TEXT "\""}};
    struct assay_llm_options options = defaults();
    options.state = ASSAY_LLM_WARM;
    ASSERT_FIELDS(fields, &options);
}

static void an_answer_of_full_length_is_a_least_length_for_vllm(void **state)
{
    (void)state;
    static const struct field full[] = {{&assay_llm_vllm, "/min_tokens", "9"},
                                        {&assay_llm_vllm, "/ignore_eos", "true"}};
    static const struct field free_end[] = {{&assay_llm_vllm, "/min_tokens", NULL},
                                            {&assay_llm_vllm, "/ignore_eos", "false"},
                                            {&assay_llm_llamacpp, "/ignore_eos", "false"}};
    struct assay_llm_options options = defaults();
    ASSERT_FIELDS(full, &options);
    options.ignore_eos = false;
    ASSERT_FIELDS(free_end, &options);
}

/* vLLM looks for stop texts only behind min_tokens. */
static void a_stop_text_is_not_held_back_by_a_least_length(void **state)
{
    (void)state;
    static const struct field fields[] = {{&assay_llm_vllm, "/min_tokens", NULL},
                                          {&assay_llm_vllm, "/stop", "[\"END\"]"}};
    struct assay_llm_options options = defaults();
    options.stop = (struct assay_opt_list){.items = {"END"}, .count = 1};
    ASSERT_FIELDS(fields, &options);
}

static void thinking_is_asked_for_only_if_said(void **state)
{
    (void)state;
    static const struct field silent[] = {{&assay_llm_ollama, "/think", NULL},
                                          {&assay_llm_vllm, "/chat_template_kwargs", NULL},
                                          {&assay_llm_llamacpp, "/chat_template_kwargs", NULL}};
    static const struct field off[] = {{&assay_llm_ollama, "/think", "false"},
                                       {&assay_llm_vllm, "/chat_template_kwargs/enable_thinking", "false"},
                                       {&assay_llm_llamacpp, "/chat_template_kwargs/enable_thinking", "false"}};
    struct assay_llm_options options = defaults();
    ASSERT_FIELDS(silent, &options);
    options.reasoning = ASSAY_LLM_REASONING_OFF;
    ASSERT_FIELDS(off, &options);
}

static void log_probabilities_and_context_are_sent_on_demand(void **state)
{
    (void)state;
    static const struct field silent[] = {{&assay_llm_openai, "/logprobs", NULL},
                                          {&assay_llm_ollama, "/logprobs", NULL},
                                          {&assay_llm_ollama, "/options/num_ctx", NULL}};
    static const struct field asked[] = {{&assay_llm_openai, "/logprobs", "true"},
                                         {&assay_llm_ollama, "/logprobs", "true"},
                                         {&assay_llm_ollama, "/options/num_ctx", "4096"}};
    struct assay_llm_options options = defaults();
    ASSERT_FIELDS(silent, &options);
    options.logprobs = true;
    options.context = 4096;
    ASSERT_FIELDS(asked, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_endpoint_is_sent_every_parameter_and_nothing_else),
        cmocka_unit_test(the_table_holds_every_endpoint),
        cmocka_unit_test(defaults_leave_no_parameter_out),
        cmocka_unit_test(hostile_text_arrives_as_it_was),
        cmocka_unit_test(a_stop_text_cannot_pose_as_the_prompt),
        cmocka_unit_test(the_output_limit_is_that_of_the_operation),
        cmocka_unit_test(all_candidates_is_said_in_each_dialects_way),
        cmocka_unit_test(only_the_cached_state_lets_llamacpp_use_its_cache),
        cmocka_unit_test(a_warm_vllm_gets_a_cache_salt_for_every_request),
        cmocka_unit_test(an_answer_of_full_length_is_a_least_length_for_vllm),
        cmocka_unit_test(a_stop_text_is_not_held_back_by_a_least_length),
        cmocka_unit_test(thinking_is_asked_for_only_if_said),
        cmocka_unit_test(log_probabilities_and_context_are_sent_on_demand),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
