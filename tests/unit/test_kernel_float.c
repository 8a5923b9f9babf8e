/* The float kernels: every plain-C reference against binary64, and the exponential against libm's. */
#include "kernel/float.h"
#include "kernel/kernel.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ELEMENTS_MAX (UINT64_C(2) << 20) /* of one call: time; the larger cases run in bench/ */

static void check_case(const struct assay_kernel_operation *op, const struct assay_kernel_case *which)
{
    struct assay_kernel_data data;
    assert_int_equal(assay_kernel_data_init(&data, op, &which->shape, NULL), ASSAY_OK);
    size_t count = data.out_bytes[0] / sizeof(float);
    double *values = assay_alloc(2 * count, sizeof *values);
    assert_non_null(values);
    assay_kernel_data_fill(&data, which);
    assay_kernel_data_poison(&data);
    void *scratch = NULL;
    if (op->rows[0]->scratch_bytes) {
        scratch = assay_alloc((size_t)op->rows[0]->scratch_bytes(&which->shape), 1);
        data.call.scratch = scratch;
    }
    op->rows[0]->run(&data.call);
    op->reference(&data.call, values, values + count);
    for (size_t i = 0; i < count; i++) {
        double x = (double)((const float *)data.call.out[0])[i];
        double size = fabs(values[i]) > values[count + i] ? fabs(values[i]) : values[count + i];
        if (!(fabs(x - values[i]) <= which->tolerance * (size > 1 ? size : 1))) {
            fail_msg("%s, case %s, value %zu: %.9g, expected %.9g", op->rows[0]->id, which->name, i, x, values[i]);
        }
    }
    assert_true(assay_kernel_data_is_intact(&data));
    assay_free(scratch);
    assay_free(values);
    assay_kernel_data_done(&data);
}

static void every_float_reference_agrees_with_binary64(void **state)
{
    (void)state;
    size_t count = 0, checked = 0;
    const struct assay_kernel_operation *const *ops = assay_kernel_builtin(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; ops[i]->reference && k < ops[i]->cases_count; k++) {
            const struct assay_kernel_case *which = &ops[i]->cases[k];
            if (which->tolerance > 0 && assay_kernel_cost_of(ops[i], &which->shape).elements <= ELEMENTS_MAX) {
                check_case(ops[i], which);
                checked++;
            }
        }
    }
    assert_true(checked > 60);
}

static void the_exponential_is_within_two_ulp(void **state)
{
    (void)state;
    for (double x = -87.2; x < 88; x += 0.00137) {
        double expected = exp((double)(float)x);
        double error = fabs((double)kernel_exp((float)x) - expected) / expected;
        assert_true(error <= 2 * (double)FLT_EPSILON);
    }
    assert_true(kernel_exp(0) == 1);
    assert_true(kernel_exp(-88) == 0);
    assert_true(kernel_exp(-INFINITY) == 0);
    assert_true(isfinite(kernel_exp(INFINITY)));
    assert_true(isnan(kernel_exp(NAN)));
}

static void activations_come_back_within_half_a_step(void **state)
{
    (void)state;
    size_t count = 0;
    const struct assay_kernel_operation *const *ops = assay_kernel_builtin(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ops[i]->name, "quant_rows") != 0) {
            continue;
        }
        struct assay_kernel_data data;
        const struct assay_kernel_case *which = assay_kernel_case_find(ops[i], "tokens-3");
        assert_int_equal(assay_kernel_data_init(&data, ops[i], &which->shape, NULL), ASSAY_OK);
        assay_kernel_data_fill(&data, which);
        ops[i]->rows[0]->run(&data.call);
        size_t values = (size_t)(which->shape.tokens * which->shape.columns);
        size_t block = values / (data.out_bytes[1] / sizeof(float));
        bool is_ternary = strcmp(ops[i]->format, "ternary") == 0;
        for (size_t v = 0; v < values; v++) {
            float d = ((const float *)data.call.out[1])[v / block];
            float step = is_ternary ? 1 / d : d;
            float back = (float)((const int8_t *)data.call.out[0])[v] * step;
            assert_true(fabsf(back - ((const float *)data.call.in[0])[v]) <= 0.501F * step);
        }
        assay_kernel_data_done(&data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_float_reference_agrees_with_binary64),
        cmocka_unit_test(the_exponential_is_within_two_ulp),
        cmocka_unit_test(activations_come_back_within_half_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
