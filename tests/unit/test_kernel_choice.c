/* Which variant is in force, what is counted, and what happens when one is wrong. The rows are planted here. */
#include "kernel/kernel.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t columns(const struct assay_kernel_shape *shape)
{
    return shape->columns;
}

static void twice(const struct assay_kernel_call *call)
{
    const int32_t *x = call->in[0];
    int32_t *y = call->out[0];
    for (uint64_t i = 0; i < call->shape.columns; i++) {
        y[i] = (int32_t)((uint32_t)x[i] * 2U);
    }
}

static void wrong_at_the_end(const struct assay_kernel_call *call)
{
    twice(call);
    ((int32_t *)call->out[0])[call->shape.columns - 1] ^= 1;
}

static void one_too_many(const struct assay_kernel_call *call)
{
    twice(call);
    ((int32_t *)call->out[0])[call->shape.columns] = 0;
}

static void one_before(const struct assay_kernel_call *call)
{
    twice(call);
    ((int32_t *)call->out[0])[-1] = 0;
}

static void one_left_out(const struct assay_kernel_call *call)
{
    struct assay_kernel_call shorter = *call;
    shorter.shape.columns--;
    twice(&shorter);
}

static void in_place(const struct assay_kernel_call *call)
{
    twice(call);
    union {
        const void *shown;
        int32_t *ours;
    } x = {.shown = call->in[0]};
    x.ours[0]++;
}

static const struct assay_kernel_operand INPUTS[] = {{"x", ASSAY_KERNEL_I32, columns}};
static const struct assay_kernel_operand OUTPUTS[] = {{"y", ASSAY_KERNEL_I32, columns}};
static const struct assay_kernel_case CASES[] = {
    {.name = "one", .shape = {.columns = 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd", .shape = {.columns = 67}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real", .shape = {.columns = 4096}, .seed = 3, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
};

static const struct assay_kernel_row REF = {.id = "test_twice_i32_ref", .run = twice, .help = "right"};
static const struct assay_kernel_row GOOD = {.id = "test_twice_i32_good", .run = twice, .help = "right too"};
static const struct assay_kernel_row FIRST = {.id = "test_twice_i32_avx2", .needs = "ref", .run = twice};
static const struct assay_kernel_row *const ROWS[] = {&REF, &FIRST, &GOOD};

static struct assay_kernel_operation operation_of(const struct assay_kernel_row *const *rows, size_t count)
{
    return (struct assay_kernel_operation){.abi = ASSAY_KERNEL_ABI,
                                           .name = "test_twice",
                                           .format = "i32",
                                           .inputs = INPUTS,
                                           .outputs = OUTPUTS,
                                           .inputs_count = 1,
                                           .outputs_count = 1,
                                           .cases = CASES,
                                           .cases_count = 3,
                                           .rows = rows,
                                           .rows_count = count};
}

static struct assay_kernel_set *set_of(const struct assay_kernel_operation *op,
                                       const struct assay_kernel_options *options, assay_code expected, assay_err *err)
{
    struct assay_kernel_set *set = NULL;
    assert_int_equal(assay_kernel_set_new(options, &set, err), ASSAY_OK);
    assert_int_equal(assay_kernel_set_plant(set, op, err), ASSAY_OK);
    assert_int_equal(assay_kernel_set_ready(set, err), expected);
    return set;
}

static const char *in_force(struct assay_kernel_set *set, const struct assay_kernel_operation *op,
                            struct assay_kernel **ret)
{
    struct assay_kernel *kernel = NULL;
    assert_int_equal(assay_kernel_set_bind(set, op, &kernel, NULL), ASSAY_OK);
    if (ret) {
        *ret = kernel;
    }
    return assay_kernel_set_row(set, assay_kernel_row_in_force(kernel)).row->id;
}

/* ---- choice ----------------------------------------------------------------------------------------------------- */

static void the_first_usable_variant_is_in_force(void **state)
{
    (void)state;
    struct assay_kernel_operation op = operation_of(ROWS, 3);
    struct assay_kernel_set *set = set_of(&op, NULL, ASSAY_OK, NULL);
    assert_string_equal(in_force(set, &op, NULL), "test_twice_i32_avx2");
    size_t row = assay_kernel_set_index(set, "test_twice_i32_avx2");
    assert_int_equal(assay_kernel_set_row(set, row).cases_checked, 3);
    assay_kernel_set_free(set);
}

static void a_forbidden_variant_is_not_chosen(void **state)
{
    (void)state;
    static const struct {
        struct assay_kernel_options options;
        const char *expected;
    } CASES_OF[] = {
        {{.forbid = "*_avx2"}, "test_twice_i32_good"},
        {{.forbid = "test_twice_i32_avx2, test_twice_i32_good"}, "test_twice_i32_ref"},
        {{.forbid = "test_*"}, "test_twice_i32_ref"}, /* the reference cannot be forbidden */
        {{.kernels = "test_twice=good"}, "test_twice_i32_good"},
        {{.kernels = "test_twice=good,test_twice_i32=ref"}, "test_twice_i32_ref"},
    };
    for (size_t i = 0; i < sizeof CASES_OF / sizeof CASES_OF[0]; i++) {
        struct assay_kernel_operation op = operation_of(ROWS, 3);
        struct assay_kernel_set *set = set_of(&op, &CASES_OF[i].options, ASSAY_OK, NULL);
        assert_string_equal(in_force(set, &op, NULL), CASES_OF[i].expected);
        assay_kernel_set_free(set);
    }
}

static void the_highest_instruction_set_can_be_limited(void **state)
{
    (void)state;
    static const struct assay_kernel_row WIDE = {.id = "test_twice_i32_wide", .needs = "avx2", .run = twice};
    static const struct assay_kernel_row *const LIMITED[] = {&REF, &WIDE, &GOOD};
    static const struct assay_kernel_options OPTIONS = {.isa = "ref"};
    struct assay_kernel_operation op = operation_of(LIMITED, 3);
    struct assay_kernel_set *set = set_of(&op, &OPTIONS, ASSAY_OK, NULL);
    assert_string_equal(in_force(set, &op, NULL), "test_twice_i32_good"); /* plain C under another name */
    assay_kernel_set_free(set);
}

static void a_name_that_nothing_has_is_a_usage_error(void **state)
{
    (void)state;
    static const struct {
        struct assay_kernel_options options;
        const char *says;
    } WRONG[] = {
        {{.isa = "avx1024"}, "avx1024"},
        {{.kernels = "test_thrice=avx2"}, "test_thrice"},
        {{.kernels = "test_twice=best"}, "no variant 'best'"},
        {{.kernels = "test_twice"}, "NAME=ISA"},
        {{.forbid = "test_twice_i32_nothing"}, "test_twice_i32_nothing"},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct assay_kernel_operation op = operation_of(ROWS, 3);
        assay_err err = {0};
        struct assay_kernel_set *set = set_of(&op, &WRONG[i].options, ASSAY_USAGE, &err);
        assert_non_null(strstr(err.message, WRONG[i].says));
        assay_kernel_set_free(set);
    }
}

static void a_demanded_variant_that_is_not_here_is_not_replaced(void **state)
{
    (void)state;
    static const struct assay_kernel_row DEVICE = {.id = "test_twice_i32_cuda90", .run = twice};
    static const struct assay_kernel_row *const WITH_DEVICE[] = {&REF, &DEVICE};
    static const struct assay_kernel_options OPTIONS = {.kernels = "test_twice=cuda90"};
    struct assay_kernel_operation op = operation_of(WITH_DEVICE, 2);
    struct assay_kernel_set *set = set_of(&op, &OPTIONS, ASSAY_OK, NULL);
    struct assay_kernel *kernel = NULL;
    assay_err err = {0};
    assert_int_equal(assay_kernel_set_bind(set, &op, &kernel, &err), ASSAY_NOT_FOUND);
    assert_non_null(strstr(err.message, "CUDA device"));
    assert_null(kernel);
    assay_kernel_set_free(set);
}

/* ---- the breaker ------------------------------------------------------------------------------------------------ */

static void a_wrong_variant_opens_its_breaker_and_the_next_takes_over(void **state)
{
    (void)state;
    static const struct {
        void (*run)(const struct assay_kernel_call *);
        const char *says;
    } FAULTS[] = {{wrong_at_the_end, "y[0] is"},
                  {one_too_many, "outside"},
                  {one_before, "outside"},
                  {one_left_out, "y[0] is"},
                  {in_place, "inputs"}};
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        struct assay_kernel_row wrong = {.id = "test_twice_i32_wrong", .run = FAULTS[i].run};
        const struct assay_kernel_row *const rows[] = {&REF, &wrong, &GOOD};
        struct assay_kernel_operation op = operation_of(rows, 3);
        struct assay_kernel_set *set = set_of(&op, NULL, ASSAY_OK, NULL);
        assert_string_equal(in_force(set, &op, NULL), "test_twice_i32_good");
        struct assay_kernel_entry entry =
            assay_kernel_set_row(set, assay_kernel_set_index(set, "test_twice_i32_wrong"));
        assert_int_equal(entry.state, ASSAY_KERNEL_BREAKER_OPEN);
        assert_non_null(strstr(entry.why, FAULTS[i].says));
        assay_kernel_set_free(set);
    }
}

static void a_reference_that_fails_its_golden_case_is_a_bug(void **state)
{
    (void)state;
    static const struct assay_kernel_case WITH_GOLDEN[] = {
        {.name = "golden", .shape = {.columns = 8}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK, .golden = 42}};
    struct assay_kernel_operation op = operation_of(ROWS, 3);
    op.cases = WITH_GOLDEN;
    op.cases_count = 1;
    struct assay_kernel_set *set = set_of(&op, NULL, ASSAY_OK, NULL);
    struct assay_kernel *kernel = NULL;
    assay_err err = {0};
    assert_int_equal(assay_kernel_set_bind(set, &op, &kernel, &err), ASSAY_BUG);
    assert_non_null(strstr(err.message, "golden"));
    assay_kernel_set_free(set);
}

static void a_variant_suspected_while_running_is_replaced(void **state)
{
    (void)state;
    struct assay_kernel_operation op = operation_of(ROWS, 3);
    struct assay_kernel_set *set = set_of(&op, NULL, ASSAY_OK, NULL);
    struct assay_kernel *kernel = NULL;
    assert_string_equal(in_force(set, &op, &kernel), "test_twice_i32_avx2");
    size_t row = assay_kernel_row_in_force(kernel);
    assert_true(assay_kernel_suspect(kernel, row, "row 17 recomputed"));
    assert_false(assay_kernel_suspect(kernel, row, "again"));
    size_t next = assay_kernel_row_in_force(kernel);
    assert_string_equal(assay_kernel_set_row(set, next).row->id, "test_twice_i32_good");
    assert_true(assay_kernel_suspect(kernel, next, "this one too"));
    size_t last = assay_kernel_row_in_force(kernel);
    assert_string_equal(assay_kernel_set_row(set, last).row->id, "test_twice_i32_ref");
    assert_false(assay_kernel_suspect(kernel, last, "nothing is left"));
    assert_string_equal(assay_kernel_set_row(set, row).why, "row 17 recomputed");
    assay_kernel_set_free(set);
}

/* ---- counters --------------------------------------------------------------------------------------------------- */

static void dispatch_counts_what_it_runs(void **state)
{
    (void)state;
    enum { CALLS = 100 };
    struct assay_kernel_operation op = operation_of(ROWS, 3);
    struct assay_kernel_set *set = set_of(&op, NULL, ASSAY_OK, NULL);
    struct assay_kernel *kernel = NULL;
    struct assay_kernel_counters *counters = NULL;
    struct assay_kernel_data data;
    (void)in_force(set, &op, &kernel);
    assert_int_equal(assay_kernel_counters_new(set, 2, &counters, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_data_init(&data, &op, &CASES[2].shape, NULL), ASSAY_OK);
    assay_kernel_data_fill(&data, &CASES[2]);
    uint64_t begin_ns = assay_clock_mono_raw_ns();
    for (int i = 0; i < CALLS; i++) {
        assay_kernel_dispatch(kernel, assay_kernel_counters_thread(counters, 0), &data.call);
        assay_kernel_dispatch(kernel, assay_kernel_counters_thread(counters, 1), &data.call);
    }
    uint64_t wall_ns = assay_clock_mono_raw_ns() - begin_ns;
    struct assay_kernel_total total;
    assay_kernel_counters_sum(counters, assay_kernel_row_in_force(kernel), &total);
    assert_int_equal(total.calls, CALLS); /* by thread 0 */
    assert_int_equal(total.threads, 2);
    assert_int_equal(total.elements, 2 * CALLS * 4096);
    assert_int_equal(total.bytes, 2 * CALLS * 4096 * 4);
    assert_int_equal(total.ops, 4 * CALLS * 4096);
    assert_true(total.ns > 0);
    assert_true(total.ns <= wall_ns + wall_ns / 1000); /* the calibration is good to a thousandth */
    assay_kernel_counters_sum(counters, assay_kernel_set_index(set, "test_twice_i32_good"), &total);
    assert_int_equal(total.calls + total.ns + total.threads, 0);
    assay_kernel_counters_zero(counters);
    assay_kernel_counters_enable(counters, false);
    assay_kernel_dispatch(kernel, assay_kernel_counters_thread(counters, 0), &data.call);
    assay_kernel_counters_sum(counters, assay_kernel_row_in_force(kernel), &total);
    assert_int_equal(total.calls, 0);
    assay_kernel_data_done(&data);
    assay_kernel_counters_free(counters);
    assay_kernel_set_free(set);
}

/* ---- rows of others --------------------------------------------------------------------------------------------- */

static void rows_of_users_are_of_family_ext_and_of_known_form(void **state)
{
    (void)state;
    static const struct assay_kernel_row EXT = {.id = "ext_twice_i32_ref", .run = twice};
    static const struct assay_kernel_row OTHER = {.id = "ext_other_i32_ref", .run = twice};
    static const struct assay_kernel_row CLASSY = {
        .id = "ext_twice_i32_ref", .kind = ASSAY_KERNEL_STANDIN, .run = twice};
    static const struct assay_kernel_row EMPTY = {.id = "ext_twice_i32_ref"};
    static const struct assay_kernel_row ODD = {.id = "ext_twice_i32_ref", .needs = "mmx", .run = twice};
    static const struct {
        const struct assay_kernel_row *row;
        const char *name;
        unsigned abi;
        assay_code code;
        const char *says;
    } TRIED[] = {
        {&EXT, "ext_twice", ASSAY_KERNEL_ABI, ASSAY_OK, NULL},
        {&EXT, "ext_twice", 1, ASSAY_UNSUPPORTED, "version 1"},
        {&REF, "test_twice", ASSAY_KERNEL_ABI, ASSAY_MALFORMED, "family 'test'"},
        {&OTHER, "ext_twice", ASSAY_KERNEL_ABI, ASSAY_MALFORMED, "expected ext_twice_i32_ISA"},
        {&CLASSY, "ext_twice", ASSAY_KERNEL_ABI, ASSAY_MALFORMED, "class standin"},
        {&EMPTY, "ext_twice", ASSAY_KERNEL_ABI, ASSAY_MALFORMED, "expected a function"},
        {&ODD, "ext_twice", ASSAY_KERNEL_ABI, ASSAY_MALFORMED, "mmx"},
    };
    for (size_t i = 0; i < sizeof TRIED / sizeof TRIED[0]; i++) {
        struct assay_kernel_set *set = NULL;
        assay_err err = {0};
        const struct assay_kernel_row *const rows[] = {TRIED[i].row};
        struct assay_kernel_operation op = operation_of(rows, 1);
        op.name = TRIED[i].name;
        op.abi = TRIED[i].abi;
        assert_int_equal(assay_kernel_set_new(NULL, &set, NULL), ASSAY_OK);
        assert_int_equal(assay_kernel_set_add(set, &op, &err), TRIED[i].code);
        if (TRIED[i].says) {
            assert_non_null(strstr(err.message, TRIED[i].says));
        } else {
            assert_int_equal(assay_kernel_set_add(set, &op, &err), ASSAY_MALFORMED); /* twice */
        }
        assay_kernel_set_free(set);
    }
}

static void a_plug_in_that_is_none_is_refused_with_its_name(void **state)
{
    (void)state;
    struct assay_kernel_set *set = NULL;
    assay_err err = {0};
    assert_int_equal(assay_kernel_set_new(NULL, &set, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_set_plugin(set, "./no-such-file.so", &err), ASSAY_NOT_FOUND);
    assert_int_equal(assay_kernel_set_plugin(set, "plain-name.so", &err), ASSAY_USAGE);
    assay_kernel_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_usable_variant_is_in_force),
        cmocka_unit_test(a_forbidden_variant_is_not_chosen),
        cmocka_unit_test(the_highest_instruction_set_can_be_limited),
        cmocka_unit_test(a_name_that_nothing_has_is_a_usage_error),
        cmocka_unit_test(a_demanded_variant_that_is_not_here_is_not_replaced),
        cmocka_unit_test(a_wrong_variant_opens_its_breaker_and_the_next_takes_over),
        cmocka_unit_test(a_reference_that_fails_its_golden_case_is_a_bug),
        cmocka_unit_test(a_variant_suspected_while_running_is_replaced),
        cmocka_unit_test(dispatch_counts_what_it_runs),
        cmocka_unit_test(rows_of_users_are_of_family_ext_and_of_known_form),
        cmocka_unit_test(a_plug_in_that_is_none_is_refused_with_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
