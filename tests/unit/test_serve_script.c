#include "serve/truth_script.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct assay_truth_script *parse(const char *json)
{
    struct assay_truth_script *script = NULL;
    assay_err err = {0};
    if (assay_truth_script_parse(json, strlen(json), &script, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return script;
}

static void refuse(const char *json, const char *place)
{
    struct assay_truth_script *script = NULL;
    assay_err err = {0};
    assert_int_not_equal(assay_truth_script_parse(json, strlen(json), &script, &err), ASSAY_OK);
    assert_int_equal(assay_code_exit(err.code), 3);
    if (!strstr(err.message, place)) {
        fail_msg("'%s' does not name '%s'", err.message, place);
    }
}

static void every_preset_is_a_script(void **state)
{
    (void)state;
    size_t n = 0;
    for (const struct assay_truth_preset *preset = assay_truth_presets(); preset->name; preset++, n++) {
        struct assay_truth_script *script = parse(preset->json);
        assert_string_equal(script->name, preset->name);
        assay_truth_script_free(script);
    }
    assert_true(n >= 5);
}

static void a_name_that_no_script_has_is_refused_with_its_place(void **state)
{
    (void)state;
    refuse("{\"assay_truth\":1,\"default\":{\"tokns\":3}}", "/default/tokns");
    refuse("{\"assay_truth\":1,\"streams\":[{},{\"fault\":{\"kid\":\"reset\"}}]}", "/streams/1");
    refuse("{\"assay_truth\":1,\"default\":{\"fault\":{\"kind\":\"rest\"}}}", "\"rest\"");
    refuse("{\"assay_truth\":1,\"default\":{\"dialect\":\"grok\"}}", "openai, ollama");
    refuse("{\"assay_truth\":1,\"default\":{\"tokens\":-1}}", "/default/tokens");
    refuse("{\"assay_truth\":1,\"default\":{\"tokens\":1000001}}", "at most 1000000");
    refuse("{\"assay_truth\":1,\"default\":{\"events_per_write\":0}}", "events_per_write");
    refuse("{\"assay_truth\":1,\"default\":{\"tokens_per_event\":[]}}", "tokens_per_event");
    refuse("{\"assay_truth\":1,\"default\":{\"match\":{\"order\":[4,2]}}}", "order");
    refuse("{\"assay_truth\":2}", "version 2");
    refuse("{}", "assay_truth");
    refuse("[]", "object");
    refuse("{\"assay_truth\":1", "line 1");
}

static void a_stream_inherits_the_default_and_overrides_it(void **state)
{
    (void)state;
    struct assay_truth_script *script =
        parse("{\"assay_truth\":1,\"default\":{\"tokens\":7,\"interval_ns\":3},\"streams\":[{\"match\":{\"order\":0},"
              "\"interval_ns\":4}]}");
    assert_int_equal(script->streams[0].tokens, 7);
    assert_int_equal(script->streams[0].interval_ns, 4);
    assert_int_equal(script->standard.interval_ns, 3);
    assay_truth_script_free(script);
}

static void the_first_entry_that_matches_order_path_and_model_answers(void **state)
{
    (void)state;
    struct assay_truth_script *script =
        parse("{\"assay_truth\":1,\"default\":{\"tokens\":9},\"streams\":["
              "{\"match\":{\"order\":[2,3]},\"tokens\":1},{\"match\":{\"path\":\"/api/chat\"},\"tokens\":2},"
              "{\"match\":{\"model\":\"m\"},\"tokens\":3}]}");
    assert_int_equal(truth_script_find(script, 3, "/api/chat", "m")->tokens, 1);
    assert_int_equal(truth_script_find(script, 4, "/api/chat", "m")->tokens, 2);
    assert_int_equal(truth_script_find(script, 4, "/v1/completions", "m")->tokens, 3);
    assert_int_equal(truth_script_find(script, 4, "/v1/completions", "n")->tokens, 9);
    assert_int_equal(truth_script_find(script, 4, NULL, NULL)->tokens, 9); /* not known yet: no guess */
    assay_truth_script_free(script);
}

static void stalls_and_bursts_move_the_planned_instants(void **state)
{
    (void)state;
    struct assay_truth_script *script =
        parse("{\"assay_truth\":1,\"default\":{\"interval_ns\":10,\"events_per_write\":2,\"tokens_per_event\":[1,3],"
              "\"stalls\":[{\"at\":4,\"ns\":200},{\"at\":6,\"ns\":1000}]}}");
    const struct truth_spec *spec = &script->standard;
    static const uint64_t WANTED[] = {0, 0, 10, 10, 220, 220, 1230};
    for (uint64_t event = 0; event < 7; event++) {
        assert_int_equal(truth_spec_offset_ns(spec, event), WANTED[event]);
    }
    assert_int_equal(truth_spec_tokens_of_event(spec, 4), 1);
    assert_int_equal(truth_spec_tokens_of_event(spec, 5), 3);
    assay_truth_script_free(script);
}

static void a_shape_becomes_a_script(void **state)
{
    (void)state;
    struct assay_buf json;
    assay_err err = {0};
    assay_buf_init(&json, 65536);
    struct assay_truth_shape shape = {.dialect = "ollama", .tokens = 24, .interval_ns = 20000000, .is_lockstep = true};
    assert_int_equal(assay_truth_script_of_shape(&shape, &json, &err), ASSAY_OK);
    struct assay_truth_script *script = parse(json.data);
    assert_int_equal(script->standard.tokens, 24);
    assert_int_equal(script->standard.dialect, TRUTH_OLLAMA);
    assert_int_equal(script->standard.phase, TRUTH_PHASE_LOCKSTEP);
    assay_truth_script_free(script);
    assay_buf_done(&json);
}

static void every_allocation_that_fails_is_an_answer(void **state)
{
    (void)state;
    static const char JSON[] = "{\"assay_truth\":1,\"name\":\"n\",\"default\":{\"text\":\"t\"},\"streams\":[{\"match\":"
                               "{\"model\":\"m\"},\"fault\":{\"kind\":\"reset\"}},{\"tokens\":3}]}";
    struct assay_truth_script *script = NULL;
    assay_code rc = ASSAY_NO_MEMORY;
    for (unsigned long n = 1; rc != ASSAY_OK; n++) {
        assert_true(n < 1000);
        assay_mem_fail_at(n);
        rc = assay_truth_script_parse(JSON, sizeof JSON - 1, &script, NULL);
        assay_mem_fail_at(0);
        assert_true(rc == ASSAY_OK || rc == ASSAY_NO_MEMORY);
    }
    assay_truth_script_free(script);
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
        cmocka_unit_test(every_preset_is_a_script),
        cmocka_unit_test(a_name_that_no_script_has_is_refused_with_its_place),
        cmocka_unit_test(a_stream_inherits_the_default_and_overrides_it),
        cmocka_unit_test(the_first_entry_that_matches_order_path_and_model_answers),
        cmocka_unit_test(stalls_and_bursts_move_the_planned_instants),
        cmocka_unit_test(a_shape_becomes_a_script),
        cmocka_unit_test(every_allocation_that_fails_is_an_answer),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
