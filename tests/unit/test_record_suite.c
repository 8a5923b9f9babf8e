#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void parse_ok(const char *text, struct assay_suite *suite)
{
    assay_err err = {0};
    if (assay_suite_parse(text, strlen(text), suite, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static void refuses(const char *text, assay_code code, const char *reason)
{
    struct assay_suite suite;
    assay_err err = {0};
    assert_int_equal(assay_suite_parse(text, strlen(text), &suite, &err), code);
    if (!strstr(err.message, reason)) {
        fail_msg("'%s' does not say '%s'", err.message, reason);
    }
}

static const char *setting(const struct assay_suite_run *run, const char *name)
{
    for (size_t i = 0; i < run->settings_count; i++) {
        if (strcmp(run->settings[i].name, name) == 0) {
            return run->settings[i].value;
        }
    }
    return NULL;
}

static void lists_expand_as_a_product_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct assay_suite suite;
    parse_ok("assay_suite: 1\nname: night\ndefaults: {workload: llm, requests: 10}\n"
             "runs: [{model: [a, b], concurrency: [1, 4]}]\n",
             &suite);
    assert_int_equal(suite.runs_count, 4);
    assert_string_equal(setting(&suite.runs[1], "model"), "a");
    assert_string_equal(setting(&suite.runs[1], "concurrency"), "4");
    assert_string_equal(setting(&suite.runs[2], "model"), "b");
    assert_string_equal(setting(&suite.runs[2], "concurrency"), "1");
    assert_string_equal(setting(&suite.runs[3], "requests"), "10");
    assert_string_equal(suite.runs[0].settings[0].name, "requests");
    assay_suite_done(&suite);
}

static void a_run_overrides_the_defaults(void **state)
{
    (void)state;
    struct assay_suite suite;
    parse_ok("assay_suite: 1\nname: n\ndefaults: {workload: llm, seed: 1}\nruns: [{seed: 2, workload: noop}]\n",
             &suite);
    assert_string_equal(suite.runs[0].workload, "noop");
    assert_string_equal(setting(&suite.runs[0], "seed"), "2");
    assert_int_equal(suite.runs[0].settings_count, 1);
    assay_suite_done(&suite);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    refuses("assay_suite: 2\nname: n\nruns: [{workload: llm}]\n", ASSAY_UNSUPPORTED, "version 1");
    refuses("name: n\nruns: [{workload: llm}]\n", ASSAY_MALFORMED, "'assay_suite' is missing");
    refuses("assay_suite: 1\nname: n\nrun: []\nruns: [{workload: llm}]\n", ASSAY_MALFORMED, "unknown key 'run'");
    refuses("assay_suite: 1\nname: n\nruns: []\n", ASSAY_MALFORMED, "'runs' must be a list");
    refuses("assay_suite: 1\nname: n\nruns: [{seed: 1}]\n", ASSAY_MALFORMED, "runs[0]: a run has no 'workload'");
    refuses("assay_suite: 1\nname: n\nruns: [{workload: llm, model: {a: b}}]\n", ASSAY_MALFORMED, "runs[].model");
    refuses("assay_suite: 1\nname: n\nruns: [{workload: llm, model: []}]\n", ASSAY_MALFORMED, "runs[].model");
}

static void a_product_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    char text[4096] = "assay_suite: 1\nname: n\nruns:\n - workload: llm\n";
    for (int i = 0; i < 5; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "   k%d: [0,1,2,3,4,5,6,7,8,9]\n", i);
    }
    refuses(text, ASSAY_TOO_LARGE, "10000");
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_expand_as_a_product_in_the_order_of_the_file),
        cmocka_unit_test(a_run_overrides_the_defaults),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_product_beyond_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
