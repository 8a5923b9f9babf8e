/* Prompts: each under its own salt, none measured twice, of the wanted length, from the plan's numbers alone; and the
 * files of prompts that users bring (endpoints.md 3 and 5). */
#include "workload/llm.h"
#include "workload/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- one prompt ------------------------------------------------------------------------------------------------- */

static char *write_prompt(const struct assay_llm_prompt *prompt)
{
    char *text = calloc(assay_llm_prompt_bytes_max(prompt) + 1, 1);
    assert_non_null(text);
    size_t len = assay_llm_prompt_write(prompt, text);
    assert_true(len <= assay_llm_prompt_bytes_max(prompt));
    text[len] = '\0';
    return text;
}

static size_t count_words(const char *text)
{
    size_t words = 0;
    for (const char *at = text; *at != '\0'; at++) {
        words += *at == ' ';
    }
    return words;
}

static void the_salt_comes_first_and_has_one_width(void **state)
{
    (void)state;
    static const struct {
        uint64_t salt;
        const char *text;
    } rows[] = {{0, "0000000000000000"}, {10, "000000000000000a"}, {UINT64_MAX, "ffffffffffffffff"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct assay_llm_prompt prompt = {.salt = rows[i].salt, .has_salt = true, .words = 3};
        char *text = write_prompt(&prompt);
        assert_memory_equal(text, rows[i].text, ASSAY_LLM_SALT_DIGITS);
        assert_int_equal(text[ASSAY_LLM_SALT_DIGITS], ' ');
        assert_int_equal(count_words(text), 3);
        free(text);
    }
}

static void the_salt_comes_before_a_text_of_the_user(void **state)
{
    (void)state;
    struct assay_llm_prompt prompt = {.salt = 1, .has_salt = true, .text = {"Why?", 4}};
    char *text = write_prompt(&prompt);
    assert_string_equal(text, "0000000000000001 Why?");
    free(text);
    prompt.has_salt = false;
    text = write_prompt(&prompt);
    assert_string_equal(text, "Why?");
    free(text);
}

static void the_same_numbers_give_the_same_words_and_others_do_not(void **state)
{
    (void)state;
    struct assay_llm_prompt prompt = {.salt = 7, .words = 40}; /* without the salt's digits: only the words */
    char *first = write_prompt(&prompt), *again = write_prompt(&prompt);
    prompt.salt = 8;
    char *other = write_prompt(&prompt);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    free(first);
    free(again);
    free(other);
}

static void words_are_as_many_as_the_tokens_that_calibration_leaves(void **state)
{
    (void)state;
    static const struct {
        uint32_t milli, floor, tokens, words;
    } rows[] = {
        {1000, 0, 256, 256}, {1000, 30, 256, 226}, {1500, 30, 330, 200},
        {1000, 30, 30, 1},   {1000, 30, 5, 1},     {1000, 0, 0, 1}, /* a prompt has a word at least */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct assay_llm_prompts prompts = {.milli_tokens_per_word = rows[i].milli, .floor_tokens = rows[i].floor};
        assert_int_equal(assay_llm_prompt_words(&prompts, rows[i].tokens), rows[i].words);
    }
}

/* ---- the prompts of a plan -------------------------------------------------------------------------------------- */

#define OPS 200
#define WARMUP 40

struct drawn {
    struct assay_llm_state *state;
    struct assay_plan *plan;
    char *texts[OPS];
};

/* The operations of a plan as the workload draws them, and their prompts. */
static void draw(struct drawn *drawn, int asked, uint64_t seed, struct assay_llm_prompts prompts)
{
    assay_err err = {0};
    struct assay_llm_state *state = drawn->state = calloc(1, sizeof *state);
    assert_non_null(state);
    assay_llm_options_defaults(state);
    state->options.state = asked;
    state->dialect = &assay_llm_openai;
    state->endpoint = &assay_llm_openai.endpoints[0];
    state->path_kind = "loopback";
    state->stamping.fd = -1;
    state->prompts = prompts;
    state->prompts.milli_tokens_per_word = 1000;
    assert_int_equal(assay_lengths_parse("uniform:20,60", "--prompt-tokens", &state->prompt_lengths, &err), ASSAY_OK);
    assert_int_equal(assay_lengths_parse("8", "--output-tokens", &state->output_lengths, &err), ASSAY_OK);
    assert_int_equal(assay_plan_new(&drawn->plan, &err), ASSAY_OK);
    json_decref(drawn->plan->options);
    drawn->plan->options = json_object();
    drawn->plan->seed = seed;
    assert_int_equal(assay_plan_make_ops(drawn->plan, OPS, &err), ASSAY_OK);
    for (size_t i = 0; i < WARMUP; i++) {
        drawn->plan->ops[i].is_warmup = true;
    }
    assert_int_equal(assay_workload_llm.plan(state, drawn->plan, &err), ASSAY_OK);
    for (size_t i = 0; i < OPS; i++) {
        struct assay_llm_prompt prompt = assay_llm_prompt_of(state, &drawn->plan->ops[i]);
        drawn->texts[i] = write_prompt(&prompt);
    }
}

static void draw_done(struct drawn *drawn)
{
    for (size_t i = 0; i < OPS; i++) {
        free(drawn->texts[i]);
    }
    assay_plan_free(drawn->plan);
    assay_workload_llm.close(drawn->state);
    free(drawn->state);
}

static size_t shared_bytes(const char *a, const char *b)
{
    size_t same = 0;
    while (a[same] != '\0' && a[same] == b[same]) {
        same++;
    }
    return same;
}

static void no_two_prompts_of_a_plan_begin_alike_warm_up_included(void **state)
{
    (void)state;
    struct drawn drawn;
    draw(&drawn, ASSAY_LLM_WARM, 5, (struct assay_llm_prompts){0});
    for (size_t i = 0; i < OPS; i++) {
        for (size_t j = i + 1; j < OPS; j++) {
            assert_true(shared_bytes(drawn.texts[i], drawn.texts[j]) < ASSAY_LLM_SALT_DIGITS);
        }
    }
    draw_done(&drawn);
}

static void a_plan_of_another_seed_shares_no_prompt_and_of_the_same_seed_all(void **state)
{
    (void)state;
    struct drawn drawn, again, other;
    draw(&drawn, ASSAY_LLM_ANY, 5, (struct assay_llm_prompts){0});
    draw(&again, ASSAY_LLM_ANY, 5, (struct assay_llm_prompts){0});
    draw(&other, ASSAY_LLM_ANY, 6, (struct assay_llm_prompts){0});
    for (size_t i = 0; i < OPS; i++) {
        assert_string_equal(drawn.texts[i], again.texts[i]);
        assert_true(shared_bytes(drawn.texts[i], other.texts[i]) < ASSAY_LLM_SALT_DIGITS);
    }
    draw_done(&drawn);
    draw_done(&again);
    draw_done(&other);
}

/* Half of the longest prompt, in words, at the front of each; behind it they part at once. */
static void in_state_cached_all_prompts_share_the_prefix_and_nothing_else(void **state)
{
    (void)state;
    struct drawn drawn;
    draw(&drawn, ASSAY_LLM_CACHED, 5, (struct assay_llm_prompts){0});
    struct assay_llm_prompt first = assay_llm_prompt_of(drawn.state, &drawn.plan->ops[0]);
    assert_int_equal(first.prefix_words, 30);
    struct assay_llm_prompt only_prefix = first;
    only_prefix.has_salt = false;
    only_prefix.words = 0;
    char *prefix = write_prompt(&only_prefix);
    for (size_t i = 1; i < OPS; i++) {
        size_t shared = shared_bytes(drawn.texts[0], drawn.texts[i]);
        assert_in_range(shared, strlen(prefix), strlen(prefix) + ASSAY_LLM_SALT_DIGITS - 1);
    }
    free(prefix);
    draw_done(&drawn);
}

/* Words that are shared count: a prompt is as long as it was asked to be, unless the prefix alone is longer. */
static void in_state_cached_the_prefix_is_part_of_the_length(void **state)
{
    (void)state;
    struct drawn drawn;
    draw(&drawn, ASSAY_LLM_CACHED, 5, (struct assay_llm_prompts){0});
    for (size_t i = 0; i < OPS; i++) {
        uint32_t asked = drawn.plan->ops[i].prompt_tokens;
        uint32_t words = asked > 30 ? asked : 31;
        assert_int_equal(count_words(drawn.texts[i]), words + 1); /* the salt */
    }
    draw_done(&drawn);
}

static void another_seed_has_another_prefix(void **state)
{
    (void)state;
    struct drawn drawn, other;
    draw(&drawn, ASSAY_LLM_CACHED, 5, (struct assay_llm_prompts){0});
    draw(&other, ASSAY_LLM_CACHED, 6, (struct assay_llm_prompts){0});
    assert_true(shared_bytes(drawn.texts[0], other.texts[0]) < 64);
    draw_done(&drawn);
    draw_done(&other);
}

/* ---- files of prompts ------------------------------------------------------------------------------------------- */

static char path[] = "/tmp/assay-prompts-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd >= 0 ? close(fd) : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static assay_code read_prompts(const char *text, size_t len, struct assay_llm_prompts *ret, assay_err *err)
{
    *ret = (struct assay_llm_prompts){0};
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return assay_llm_prompts_read(ret, path, err);
}

static void assert_prompts(const char *text, const char *const *expected)
{
    struct assay_llm_prompts prompts;
    assay_err err = {0};
    if (read_prompts(text, strlen(text), &prompts, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    size_t count = 0;
    for (; expected[count] != NULL; count++) {
        assert_true(count < prompts.count);
        assert_int_equal(prompts.texts[count].len, strlen(expected[count]));
        assert_memory_equal(prompts.texts[count].data, expected[count], strlen(expected[count]));
    }
    assert_int_equal(prompts.count, count);
    assay_llm_prompts_done(&prompts);
}
#define ASSERT_PROMPTS(text, ...) assert_prompts(text, (const char *const[]){__VA_ARGS__, NULL})

static void lines_and_json_lines_are_prompts_as_json_text(void **state)
{
    (void)state;
    ASSERT_PROMPTS("one\ntwo\n", "one", "two");
    ASSERT_PROMPTS("no line end", "no line end");
    ASSERT_PROMPTS("one\r\n\r\n  \ntwo\r\n", "one", "two");
    ASSERT_PROMPTS("say \"no\" \\ to\tit\n", "say \\\"no\\\" \\\\ to\\tit");
    ASSERT_PROMPTS("{\"prompt\": \"a\\nb\", \"id\": 7}\n{\"prompt\":\"gr\\u00fc\\u00df\"}\nplain\n", "a\\nb",
                   "gr\xc3\xbc\xc3\x9f", "plain");
    ASSERT_PROMPTS("\xef\xbb\xbf{\"prompt\":\"behind a byte order mark\"}\n", "behind a byte order mark");
}

static void a_bad_file_is_refused_with_the_line(void **state)
{
    (void)state;
    static const struct {
        struct assay_slice text;
        const char *says;
    } rows[] = {
#define TEXT(literal) {literal, sizeof literal - 1}
        {TEXT(""), "no prompt in it"},
        {TEXT("\n \r\n\n"), "no prompt in it"},
        {TEXT("one\n\n{\"prompt\": \"two\"\n"), "line 3: "},
        {TEXT("one\n{\"text\": \"two\"}\n"), "line 2: "},
        {TEXT("{\"prompt\": 12}\n"), "line 1: "},
        {TEXT("{\"prompt\": null}\n"), "line 1: "},
        {TEXT("{\"prompt\": \"a\\u0000b\"}\n"), "line 1: "},
        {TEXT("{\"prompt\": \"a\"} {\"prompt\": \"b\"}\n"), "line 1: "},
        {TEXT("{\"prompt\": \"\"}\n"), "line 1: "},
        {TEXT("one\ntwo\nb\xff"
              "d\n"),
         "line 3: "},
        {TEXT("one\n\xed\xa0\x80\n"), "line 2: "},
        {TEXT("one\nt\0wo\n"), "line 2: "},
#undef TEXT
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct assay_llm_prompts prompts;
        assay_err err = {0};
        assay_code rc = read_prompts(rows[i].text.data, rows[i].text.len, &prompts, &err);
        if (rc != ASSAY_MALFORMED || strstr(err.message, rows[i].says) == NULL || strstr(err.message, path) == NULL) {
            fail_msg("row %zu: %s, expected the path and '%s'", i, rc == ASSAY_OK ? "was read" : err.message,
                     rows[i].says);
        }
        assay_llm_prompts_done(&prompts);
    }
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct assay_llm_prompts prompts = {0};
    assay_err err = {0};
    assert_int_equal(assay_llm_prompts_read(&prompts, "/nowhere/prompts", &err), ASSAY_NOT_FOUND);
    assay_llm_prompts_done(&prompts);
}

static void each_prompt_of_a_file_is_measured_as_often_and_never_in_warm_up(void **state)
{
    (void)state;
    struct assay_llm_prompts prompts;
    struct drawn drawn;
    size_t uses[4] = {0};
    assert_int_equal(read_prompts("a\nb\nc\nd\n", 8, &prompts, NULL), ASSAY_OK);
    draw(&drawn, ASSAY_LLM_ANY, 5, prompts);
    for (size_t i = 0; i < OPS; i++) {
        const struct assay_plan_op *op = &drawn.plan->ops[i];
        assert_int_equal(op->prompt == 0, op->is_warmup);
        if (op->prompt > 0) {
            assert_int_equal(strlen(drawn.texts[i]), ASSAY_LLM_SALT_DIGITS + 2);
            assert_int_equal(drawn.texts[i][ASSAY_LLM_SALT_DIGITS + 1], "abcd"[op->prompt - 1]);
            uses[op->prompt - 1]++;
        }
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(uses[i], (OPS - WARMUP) / 4);
    }
    draw_done(&drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_salt_comes_first_and_has_one_width),
        cmocka_unit_test(the_salt_comes_before_a_text_of_the_user),
        cmocka_unit_test(the_same_numbers_give_the_same_words_and_others_do_not),
        cmocka_unit_test(words_are_as_many_as_the_tokens_that_calibration_leaves),
        cmocka_unit_test(no_two_prompts_of_a_plan_begin_alike_warm_up_included),
        cmocka_unit_test(a_plan_of_another_seed_shares_no_prompt_and_of_the_same_seed_all),
        cmocka_unit_test(in_state_cached_all_prompts_share_the_prefix_and_nothing_else),
        cmocka_unit_test(in_state_cached_the_prefix_is_part_of_the_length),
        cmocka_unit_test(another_seed_has_another_prefix),
        cmocka_unit_test(lines_and_json_lines_are_prompts_as_json_text),
        cmocka_unit_test(a_bad_file_is_refused_with_the_line),
        cmocka_unit_test(a_file_that_is_not_there_is_not_found),
        cmocka_unit_test(each_prompt_of_a_file_is_measured_as_often_and_never_in_warm_up),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
