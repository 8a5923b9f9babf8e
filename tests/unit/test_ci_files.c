/* The files that CI systems read: they are YAML, and what they refer to is there. */
#include "base/text.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)

static json_t *yaml(const char *name)
{
    char path[4096];
    struct assay_buf bytes;
    json_t *root = NULL;
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/%s", getenv("ASSAY_SOURCE_ROOT"), name);
    assay_buf_init(&bytes, FILE_BYTES_MAX);
    if (assay_buf_read_file(&bytes, path, &err) != ASSAY_OK ||
        assay_yaml_read(bytes.data, bytes.len, &root, &err) != ASSAY_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    assay_buf_done(&bytes);
    return root;
}

static const char *text_at(const json_t *root, const char *pointer)
{
    const char *text = json_string_value(assay_json_at(root, pointer));
    return text ? text : "";
}

static void the_action_is_composite_and_every_step_has_a_shell(void **state)
{
    (void)state;
    json_t *action = yaml("action.yml");
    const json_t *steps = assay_json_at(action, "/runs/steps");
    assert_string_equal(text_at(action, "/runs/using"), "composite");
    assert_true(json_array_size(steps) > 0);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        assert_non_null(json_string_value(json_object_get(step, "shell")));
        const char *run = json_string_value(json_object_get(step, "run"));
        assert_non_null(run);
        assert_null(strstr(run, "${{")); /* settings come as environment, and never as part of a script */
    }
    json_decref(action);
}

/* Every `inputs.NAME` of a text names an input. */
static void check_inputs(const json_t *inputs, const char *text)
{
    static const char PREFIX[] = "inputs.";
    for (const char *at = text; (at = strstr(at, PREFIX)); at++) {
        char name[64];
        size_t len = strspn(at + strlen(PREFIX), "abcdefghijklmnopqrstuvwxyz0123456789-");
        (void)snprintf(name, sizeof name, "%.*s", (int)len, at + strlen(PREFIX));
        if (!json_object_get(inputs, name)) {
            fail_msg("'%s' is no input of the action", name);
        }
    }
}

static void the_action_has_the_inputs_and_outputs_that_it_speaks_of(void **state)
{
    (void)state;
    static const char *const INPUTS[] = {"receipt",     "policy", "baseline", "claims", "mode",         "summary",
                                         "annotations", "junit",  "sarif",    "ctrf",   "comment-file", "fail-on"};
    static const char *const OUTPUTS[] = {"verdict", "receipt-digest", "summary-path"};
    json_t *action = yaml("action.yml");
    const json_t *inputs = json_object_get(action, "inputs"), *steps = assay_json_at(action, "/runs/steps");
    for (size_t i = 0; i < sizeof INPUTS / sizeof INPUTS[0]; i++) {
        assert_non_null(json_object_get(inputs, INPUTS[i]));
    }
    for (size_t i = 0; i < sizeof OUTPUTS / sizeof OUTPUTS[0]; i++) {
        char wanted[96];
        (void)snprintf(wanted, sizeof wanted, "${{ steps.judge.outputs.%s }}", OUTPUTS[i]);
        const json_t *output = json_object_get(json_object_get(action, "outputs"), OUTPUTS[i]);
        assert_string_equal(text_at(output, "/value"), wanted);
    }
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        const char *name;
        json_t *value;
        json_object_foreach(json_object_get(step, "env"), name, value)
        {
            check_inputs(inputs, json_string_value(value));
        }
        check_inputs(inputs, text_at(step, "/if"));
    }
    json_decref(action);
}

static void the_template_reports_the_files_that_it_has_written(void **state)
{
    (void)state;
    static const char *const REPORTS[][2] = {
        {"/.assay/artifacts/reports/junit", "/.assay/variables/ASSAY_JUNIT"},
        {"/.assay/artifacts/reports/metrics", "/.assay/variables/ASSAY_METRICS"},
        {"/.assay/artifacts/reports/codequality", "/.assay/variables/ASSAY_CODEQUALITY"},
    };
    json_t *template = yaml("ci/gitlab.yml");
    for (size_t i = 0; i < sizeof REPORTS / sizeof REPORTS[0]; i++) {
        assert_string_not_equal(text_at(template, REPORTS[i][0]), "");
        assert_string_equal(text_at(template, REPORTS[i][0]), text_at(template, REPORTS[i][1]));
    }
    assert_string_equal(text_at(template, "/.assay/artifacts/when"), "always");
    json_decref(template);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_action_is_composite_and_every_step_has_a_shell),
        cmocka_unit_test(the_action_has_the_inputs_and_outputs_that_it_speaks_of),
        cmocka_unit_test(the_template_reports_the_files_that_it_has_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
