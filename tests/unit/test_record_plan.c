#include "record/plan.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/plan_ops.h"

static struct assay_plan *some_plan(size_t ops)
{
    struct assay_plan *plan = NULL;
    assert_int_equal(assay_plan_new(&plan, NULL), ASSAY_OK);
    plan->workload = "llm";
    plan->arms_count = 2;
    plan->arms[0] = (struct assay_plan_arm){.id = "a", .label = "base"};
    plan->arms[1] = (struct assay_plan_arm){.id = "b", .label = "new", .args = json_pack("{s:s}", "model", "x")};
    plan->load = (struct assay_load){.mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_GAMMA, .rate_per_s = 12.5};
    plan->stop = (struct assay_stop){.rule = ASSAY_STOP_COUNT, .count = ops, .error_share_max = 0.5};
    plan->warmup.samples = ops > 2 ? 2 : 0;
    plan->seed = UINT64_MAX;
    memset(plan->run_id, 0xab, sizeof plan->run_id);
    assert_int_equal(json_object_set_new(plan->options, "url", json_string("http://h/")), 0);
    assert_int_equal(assay_plan_make_ops(plan, ops, NULL), ASSAY_OK);
    struct assay_rng rng;
    assay_rng_seed(&rng, 1, "test.plan");
    for (size_t i = 0; i < ops; i++) {
        plan->ops[i] = (struct assay_plan_op){.due_ns = i * 1000,
                                              .salt = assay_rng_u64(&rng),
                                              .prompt_tokens = 512,
                                              .output_tokens = (uint32_t)assay_rng_below(&rng, 100),
                                              .arm = (uint16_t)(i % 2),
                                              .is_warmup = i < plan->warmup.samples};
    }
    struct assay_plan_metric b = {.arm = 1, .name = "ttft_p50", .formula = "quantile_nearest@1"};
    struct assay_plan_metric a = {.arm = 0, .name = "ttft_p50", .formula = "quantile_nearest@1"};
    assert_int_equal(assay_plan_insert_metric(plan, &b, NULL), ASSAY_OK);
    assert_int_equal(assay_plan_insert_metric(plan, &a, NULL), ASSAY_OK);
    assert_int_equal(assay_plan_insert_metric(plan, &a, NULL), ASSAY_OK);
    return plan;
}

static void encode(const struct assay_plan *plan, struct assay_buf *text)
{
    assay_err err = {0};
    assay_buf_init(text, ASSAY_PLAN_BYTES_MAX);
    if (assay_plan_encode(plan, text, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static void a_plan_reads_back_as_it_was_written(void **state)
{
    (void)state;
    static const size_t OPS[] = {0, 1, 2, 1000};
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        struct assay_plan *plan = some_plan(OPS[i]), *again = NULL;
        struct assay_buf text;
        encode(plan, &text);
        assay_err err = {0};
        if (assay_plan_parse(text.data, text.len, &again, &err) != ASSAY_OK) {
            fail_msg("%s", err.message);
        }
        assert_int_equal(again->ops_count, OPS[i]);
        assert_memory_equal(again->ops, plan->ops, OPS[i] * sizeof *plan->ops);
        assert_true(again->load.rate_per_s == 12.5 && again->load.arrivals == ASSAY_ARRIVALS_GAMMA);
        assert_true(again->seed == UINT64_MAX && again->warmup.samples == plan->warmup.samples);
        assert_int_equal(again->metrics_count, 2);
        assert_int_equal(again->metrics[0].arm, 0);
        assert_string_equal(again->arms[1].label, "new");
        assay_plan_free(again);
        assay_plan_free(plan);
        assay_buf_done(&text);
    }
}

static void any_changed_byte_of_a_plan_is_refused_or_changes_it(void **state)
{
    (void)state;
    struct assay_plan *plan = some_plan(5);
    struct assay_buf text, again_text;
    encode(plan, &text);
    for (size_t i = 0; i < text.len; i++) {
        char kept = text.data[i];
        text.data[i] = (char)(kept ^ 1);
        struct assay_plan *again = NULL;
        if (assay_plan_parse(text.data, text.len, &again, NULL) == ASSAY_OK) {
            encode(again, &again_text);
            assert_int_equal(again_text.len, text.len);
            assert_memory_equal(again_text.data, text.data, text.len); /* one text, one plan */
            assay_buf_done(&again_text);
            assay_plan_free(again);
        }
        text.data[i] = kept;
    }
    assay_buf_done(&text);
    assay_plan_free(plan);
}

static void assert_refused(const struct assay_buf *text, const char *from, const char *to)
{
    struct assay_buf edited;
    assay_buf_init(&edited, ASSAY_PLAN_BYTES_MAX);
    const char *at = strstr(text->data, from);
    assert_non_null(at);
    assay_buf_append(&edited, text->data, (size_t)(at - text->data));
    assay_buf_text(&edited, to);
    assay_buf_text(&edited, at + strlen(from));
    struct assay_plan *plan = NULL;
    assert_int_not_equal(assay_plan_parse(edited.data, edited.len, &plan, NULL), ASSAY_OK);
    assay_buf_done(&edited);
}

static void second_spellings_and_wrong_values_are_refused(void **state)
{
    (void)state;
    struct assay_plan *plan = some_plan(5);
    struct assay_buf text;
    encode(plan, &text);
    assert_refused(&text, "\"block\":0", "\"block\":[0,0,0,0,0]");
    assert_refused(&text, "\"arm\":[0,1,0,1,0]", "\"arm\":[0,1,0,1,2]");
    assert_refused(&text, "\"arm\":[0,1,0,1,0]", "\"arm\":[0,1,0,1]");
    assert_refused(&text, "\"count\":5,\"dueNs\"", "\"count\":4,\"dueNs\"");
    assert_refused(&text, "\"count\":5,\"dueNs\"", "\"count\":99999999999,\"dueNs\"");
    assert_refused(&text, "\"mode\":\"open\"", "\"mode\":\"opened\"");
    assert_refused(&text, "\"format\":\"assay-plan/1\"", "\"format\":\"assay-plan/2\"");
    assert_refused(&text, "\"workload\":\"llm\"", "\"workload\":\"llm\",\"x\":1");
    assert_refused(&text, "\"samples\":2", "\"samples\":6");
    assert_refused(&text, "\"ratePerS\":\"12.5\"", "\"ratePerS\":\"12.50\"");
    assert_refused(&text, "\"nonce\":\"\"", "\"nonce\":\"00\"");
    assert_refused(&text, "{\"arm\":\"b\",\"formula\"", "{\"arm\":\"c\",\"formula\"");
    assert_refused(&text, "{\"arm\":\"b\",\"formula\"", "{\"arm\":\"a\",\"formula\"");
    assert_refused(&text, "\"id\":\"b\"", "\"id\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"");
    assert_refused(&text, "\"id\":\"b\"", "\"id\":1");
    assert_refused(&text, "\"samples\":2", "\"samples\":4294967298"); /* 2 in 32 bits */
    struct assay_plan *none = NULL;
    assert_int_equal(assay_plan_parse("[]", 2, &none, NULL), ASSAY_MALFORMED);
    assert_int_equal(assay_plan_parse("", 0, &none, NULL), ASSAY_MALFORMED);
    assay_buf_done(&text);
    assay_plan_free(plan);
}

static void the_request_digest_leaves_out_what_chance_and_the_run_add(void **state)
{
    (void)state;
    struct assay_plan *a = some_plan(5), *b = some_plan(5);
    uint8_t x[32], y[32];
    b->seed = 7;
    b->run_id[0] = 1;
    memcpy(b->nonce, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 65);
    b->ops[3].salt ^= 1;
    assert_int_equal(assay_plan_request_sha256(a, x, NULL), ASSAY_OK);
    assert_int_equal(assay_plan_request_sha256(b, y, NULL), ASSAY_OK);
    assert_memory_equal(x, y, 32);
    b->load.rate_per_s = 13;
    assert_int_equal(assay_plan_request_sha256(b, y, NULL), ASSAY_OK);
    assert_memory_not_equal(x, y, 32);
    assay_plan_free(a);
    assay_plan_free(b);
}

static void a_salt_is_written_highest_digit_first_and_its_first_wrong_digit_is_named(void **state)
{
    (void)state;
    struct assay_plan *plan = some_plan(2), *none = NULL;
    struct assay_buf text;
    assay_err err = {0};
    plan->ops[0].salt = 0x0123456789abcdef;
    plan->ops[1].salt = 0xfedcba9876543210;
    encode(plan, &text);
    char *salts = strstr(text.data, "\"0123456789abcdeffedcba9876543210\"");
    assert_non_null(salts);
    salts[1 + 21] = 'G';
    salts[1 + 30] = 'A'; /* one behind the first is not spoken of */
    assert_int_equal(assay_plan_parse(text.data, text.len, &none, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "/operations/salt: digit 21 is not lowercase hex"));
    assay_buf_done(&text);
    assay_plan_free(plan);
}

static void what_would_not_read_back_is_not_written(void **state)
{
    (void)state;
    struct assay_plan *plan = some_plan(5);
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_PLAN_BYTES_MAX);
    plan->ops[3].is_warmup = true;
    assert_int_equal(assay_plan_encode(plan, &text, NULL), ASSAY_BUG);
    plan->ops[3].is_warmup = false;
    plan->ops[3].arm = 2;
    assert_int_equal(assay_plan_encode(plan, &text, NULL), ASSAY_BUG);
    plan->ops[3].arm = 1;
    assert_int_equal(json_object_set_new(plan->options, "t", json_real(0.5)), 0);
    assert_int_equal(assay_plan_encode(plan, &text, NULL), ASSAY_BUG);
    assay_buf_done(&text);
    assay_plan_free(plan);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_reads_back_as_it_was_written),
        cmocka_unit_test(any_changed_byte_of_a_plan_is_refused_or_changes_it),
        cmocka_unit_test(second_spellings_and_wrong_values_are_refused),
        cmocka_unit_test(the_request_digest_leaves_out_what_chance_and_the_run_add),
        cmocka_unit_test(a_salt_is_written_highest_digit_first_and_its_first_wrong_digit_is_named),
        cmocka_unit_test(what_would_not_read_back_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
