#include "base/mem.h"
#include "base/opt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct values {
    uint64_t requests, duration_ns, size_bytes, count;
    double rate, share;
    const char *url, *out;
    struct assay_opt_list prompts;
    bool is_quiet, is_warm;
    int mode;
};

static const char *const MODES[] = {"closed", "open", NULL};

static const struct assay_opt OPTIONS[] = {
    {"requests", "N", "number of requests", ASSAY_OPT_U64, offsetof(struct values, requests), .max = 1000},
    {"rate", "R", "requests per second", ASSAY_OPT_DOUBLE, offsetof(struct values, rate), .group = "Load"},
    {"duration", "T", "how long to send", ASSAY_OPT_DURATION, offsetof(struct values, duration_ns), .group = "Load",
     .refuses_zero = true},
    {"url", "URL", "where the server is", ASSAY_OPT_TEXT, offsetof(struct values, url)},
    {"out", "DIR", "where the run goes", ASSAY_OPT_TEXT, offsetof(struct values, out)},
    {"prompt", "TEXT", "a prompt; may be repeated", ASSAY_OPT_TEXT_LIST, offsetof(struct values, prompts)},
    {"quiet", NULL, "prints only the result", ASSAY_OPT_FLAG, offsetof(struct values, is_quiet)},
    {"warm-up", NULL, "starts with a warm-up", ASSAY_OPT_FLAG_ON, offsetof(struct values, is_warm)},
    {"mode", NULL, "who waits for whom", ASSAY_OPT_CHOICE, offsetof(struct values, mode), .choices = MODES},
    {"share", "P", "share of failures allowed", ASSAY_OPT_SHARE, offsetof(struct values, share), .refuses_zero = true},
    {"size", "B", "bytes a request", ASSAY_OPT_BYTES, offsetof(struct values, size_bytes), .refuses_zero = true},
    {"n", "N", "how many of them", ASSAY_OPT_U64, offsetof(struct values, count), .max = 10, .refuses_zero = true},
};

static const struct assay_opt_verb VERB = {
    .name = "run llm",
    .synopsis = "[OPTIONS] DIR",
    .summary = "measures a server",
    .manual = "First paragraph.\n\n.Second paragraph with a back\\slash.",
    .options = OPTIONS,
    .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .arguments_max = 2,
    .examples = "assay run llm --url http://127.0.0.1:8080\n  measures it\n",
};

static assay_code parse(struct values *values, struct assay_opt_result *result, assay_err *err, const char *line)
{
    static char copy[4096];
    char *argv[64];
    int argc = 0;
    (void)snprintf(copy, sizeof copy, "%s", line);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    *err = (assay_err){0};
    *values = (struct values){.is_warm = true};
    return assay_opt_parse(&VERB, argc, argv, values, result, err);
}

static void values_of_every_kind_are_read(void **state)
{
    (void)state;
    struct values v;
    struct assay_opt_result result;
    assay_err err;
    assert_int_equal(parse(&v, &result, &err,
                           "--requests 7 --rate=2.5 --duration 1m30s --url http://x --prompt a --prompt b --quiet "
                           "--no-warm-up --mode open --share 2% --size 4KiB dir"),
                     ASSAY_OK);
    assert_int_equal(v.requests, 7);
    assert_true(v.rate == 2.5 && v.share == 0.02);
    assert_int_equal(v.duration_ns, UINT64_C(90000000000));
    assert_string_equal(v.url, "http://x");
    assert_int_equal(v.prompts.count, 2);
    assert_string_equal(v.prompts.items[1], "b");
    assert_true(v.is_quiet && !v.is_warm);
    assert_int_equal(v.mode, 1);
    assert_int_equal(v.size_bytes, 4096);
    assert_int_equal(result.arguments_count, 1);
    assert_string_equal(result.arguments[0], "dir");
    assay_opt_result_done(&result);
}

static void what_was_not_given_keeps_its_default_and_is_not_seen(void **state)
{
    (void)state;
    struct values v;
    struct assay_opt_result result;
    assay_err err;
    assert_int_equal(parse(&v, &result, &err, "--requests 7"), ASSAY_OK);
    assert_true(v.is_warm);
    assert_true(assay_opt_was_seen(&result.seen, 0));
    assert_false(assay_opt_was_seen(&result.seen, 1));
    assay_opt_result_done(&result);
}

static void two_dashes_end_the_options_and_one_dash_is_an_argument(void **state)
{
    (void)state;
    struct values v;
    struct assay_opt_result result;
    assay_err err;
    assert_int_equal(parse(&v, &result, &err, "- -- --quiet"), ASSAY_OK);
    assert_int_equal(result.arguments_count, 2);
    assert_string_equal(result.arguments[0], "-");
    assert_string_equal(result.arguments[1], "--quiet");
    assert_false(v.is_quiet);
    assay_opt_result_done(&result);
}

static void the_short_o_is_the_row_out(void **state)
{
    (void)state;
    struct values v;
    struct assay_opt_result result;
    assay_err err;
    assert_int_equal(parse(&v, &result, &err, "-o there"), ASSAY_OK);
    assert_string_equal(v.out, "there");
    assay_opt_result_done(&result);
}

static void a_name_of_one_letter_has_one_dash(void **state)
{
    (void)state;
    struct values v;
    struct assay_opt_result result;
    struct assay_buf help;
    assay_err err;
    assert_int_equal(parse(&v, &result, &err, "-n 7"), ASSAY_OK);
    assert_int_equal(v.count, 7);
    assay_opt_result_done(&result);
    assert_int_equal(parse(&v, &result, &err, "-n=8"), ASSAY_OK);
    assert_int_equal(v.count, 8);
    assay_opt_result_done(&result);
    assert_int_equal(parse(&v, &result, &err, "-n 11"), ASSAY_USAGE);
    assert_non_null(strstr(err.message, "-n "));
    assert_null(strstr(err.message, "--n"));
    assay_buf_init(&help, 65536);
    assay_opt_help(&VERB, &help);
    assert_non_null(strstr(help.data, "  -n N "));
    assay_buf_done(&help);
}

static void help_is_seen_even_without_the_arguments(void **state)
{
    (void)state;
    struct values v;
    struct assay_opt_result result;
    assay_err err;
    assert_int_equal(parse(&v, &result, &err, "--quiet -h"), ASSAY_OK);
    assert_true(result.wants_help);
    assay_opt_result_done(&result);
}

static void wrong_usage_is_named_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } CASES[] = {
        {"--reqests 1", "unknown option 'reqests'; did you mean '--requests'?"},
        {"--zzzzzzzzz", "unknown option 'zzzzzzzzz'; 'assay run llm --help' lists what there is"},
        {"-x", "unknown option '-x'"},
        {"--no-quiet", "unknown option 'no-quiet'"},
        {"--requests", "--requests needs a value: N"},
        {"--requests x", "--requests is 'x', not a whole number"},
        {"--requests 1001", "at most 1000 is allowed"},
        {"--requests 1 --requests=2", "--requests is given twice"},
        {"--quiet=1", "--quiet takes no value"},
        {"--mode half", "--mode: it is 'half', not one of closed open"},
        {"a b c", "unexpected argument 'c'"},
        {"--duration 5y", "--duration is '5y', not a duration"},
        {"--duration 0s", "--duration is 0, expected a time above 0"},
        {"--size 0", "--size is 0, expected a size above 0"},
        {"-n 0", "-n is 0, expected a number above 0"},
        {"--share 0%", "--share is 0, expected a number above 0"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct values v;
        struct assay_opt_result result;
        assay_err err;
        assert_int_equal(parse(&v, &result, &err, CASES[i].line), ASSAY_USAGE);
        assert_int_equal(err.code, ASSAY_USAGE);
        if (!strstr(err.message, CASES[i].message)) {
            fail_msg("'%s' gave '%s'", CASES[i].line, err.message);
        }
    }
}

static void typed_control_bytes_do_not_reach_the_message(void **state)
{
    (void)state;
    struct values v;
    struct assay_opt_result result;
    assay_err err;
    assert_int_equal(parse(&v, &result, &err, "--\x1b[31m"), ASSAY_USAGE);
    assert_null(strchr(err.message, '\x1b'));
    assert_non_null(strstr(err.message, "\\x1b[31m"));
}

static void a_name_and_a_text_set_one_value(void **state)
{
    (void)state;
    struct values v = {.is_warm = true};
    struct assay_opt_seen seen = {0};
    assay_err err = {0};
    assert_int_equal(assay_opt_set(&VERB, "requests", "9", &v, &seen, &err), ASSAY_OK);
    assert_int_equal(v.requests, 9);
    assert_int_equal(assay_opt_set(&VERB, "warm-up", "false", &v, &seen, &err), ASSAY_OK);
    assert_false(v.is_warm);
    assert_int_equal(assay_opt_set(&VERB, "requests", "9", &v, &seen, &err), ASSAY_USAGE);
    assert_int_equal(assay_opt_set(&VERB, "quiet", "perhaps", &v, &seen, &err), ASSAY_USAGE);
    assert_int_equal(assay_opt_set(&VERB, "no-such", "1", &v, &seen, &err), ASSAY_USAGE);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 8; n++) {
        struct values v;
        struct assay_opt_result result;
        assay_err err;
        assay_mem_fail_at(n);
        assay_code rc = parse(&v, &result, &err, "--mode half");
        assay_mem_fail_at(0);
        assert_true(rc == ASSAY_USAGE || rc == ASSAY_NO_MEMORY);
    }
}

static void write_manual(const struct assay_opt_verb *verb, struct assay_buf *out)
{
    assay_opt_man(verb, "0.1.0", "November 21, 2026", out);
}

static void a_help_or_manual_without_memory_is_not_a_shorter_one(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 40; n++) {
        struct assay_buf whole, cut;
        assay_buf_init(&whole, 65536);
        assay_buf_init(&cut, 65536);
        void (*const writers[])(const struct assay_opt_verb *, struct assay_buf *) = {assay_opt_help, write_manual};
        for (size_t i = 0; i < 2; i++) {
            assay_buf_clear(&whole);
            assay_buf_clear(&cut);
            writers[i](&VERB, &whole);
            assay_mem_fail_at(n);
            writers[i](&VERB, &cut);
            assay_mem_fail_at(0);
            assert_true(cut.failed == ASSAY_NO_MEMORY || (cut.data && strcmp(cut.data, whole.data) == 0));
        }
        assay_buf_done(&whole);
        assay_buf_done(&cut);
    }
}

/* Every option of the table, and no line over 80 columns. */
static void help_names_every_option_in_80_columns(void **state)
{
    (void)state;
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    assay_opt_help(&VERB, &out);
    assert_int_equal(assay_buf_check(&out, NULL), ASSAY_OK);
    for (size_t i = 0; i < VERB.options_count; i++) {
        assert_non_null(strstr(out.data, OPTIONS[i].name));
        assert_non_null(strstr(out.data, OPTIONS[i].help));
    }
    assert_non_null(strstr(out.data, "--mode closed|open"));
    assert_non_null(strstr(out.data, "--[no-]warm-up"));
    assert_non_null(strstr(out.data, "\nLoad:\n"));
    for (const char *line = out.data; *line;) {
        size_t len = strcspn(line, "\n");
        assert_true(len <= 80);
        line += len + (line[len] == '\n');
    }
    assay_buf_done(&out);
}

static void the_man_page_names_every_option_and_defuses_roff(void **state)
{
    (void)state;
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    assay_opt_man(&VERB, "0.1.0", "November 21, 2026", &out);
    assert_int_equal(assay_buf_check(&out, NULL), ASSAY_OK);
    assert_non_null(strstr(out.data, ".Dt ASSAY-RUN-LLM 1\n"));
    assert_non_null(strstr(out.data, ".It Fl \\-requests Ar \"\\&N\"\n"));
    assert_non_null(strstr(out.data, "\n\\&.Second paragraph with a back\\eslash."));
    assert_non_null(strstr(out.data, ".Sh EXIT STATUS\n"));
    assay_buf_done(&out);
}

static void completions_name_every_verb_option_and_choice(void **state)
{
    (void)state;
    static const struct assay_opt_verb SHOW = {.name = "show", .synopsis = "", .summary = "it's shown"};
    const struct assay_opt_verb *verbs[] = {&VERB, &SHOW};
    for (int shell = ASSAY_SHELL_BASH; shell <= ASSAY_SHELL_FISH; shell++) {
        struct assay_buf out;
        assay_buf_init(&out, 65536);
        assay_opt_complete(verbs, 2, (enum assay_opt_shell)shell, &out);
        assert_int_equal(assay_buf_check(&out, NULL), ASSAY_OK);
        assert_non_null(strstr(out.data, "show"));
        assert_non_null(strstr(out.data, "closed open"));
        for (size_t i = 0; i < VERB.options_count; i++) {
            assert_non_null(strstr(out.data, OPTIONS[i].name));
        }
        assay_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_read),
        cmocka_unit_test(what_was_not_given_keeps_its_default_and_is_not_seen),
        cmocka_unit_test(two_dashes_end_the_options_and_one_dash_is_an_argument),
        cmocka_unit_test(the_short_o_is_the_row_out),
        cmocka_unit_test(a_name_of_one_letter_has_one_dash),
        cmocka_unit_test(help_is_seen_even_without_the_arguments),
        cmocka_unit_test(wrong_usage_is_named_with_what_would_be_right),
        cmocka_unit_test(typed_control_bytes_do_not_reach_the_message),
        cmocka_unit_test(a_name_and_a_text_set_one_value),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(a_help_or_manual_without_memory_is_not_a_shorter_one),
        cmocka_unit_test(help_names_every_option_in_80_columns),
        cmocka_unit_test(the_man_page_names_every_option_and_defuses_roff),
        cmocka_unit_test(completions_name_every_verb_option_and_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
