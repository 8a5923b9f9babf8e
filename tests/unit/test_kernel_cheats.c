/* Kernels that do less than their operation: each is found by the comparison with the reference, on poisoned buffers
 * between canaries (attack 19). The honest variant beside them is not. */
#include "kernel/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OUTPUT_FLOATS_MAX 4096
#define ROWS 24

static const struct assay_kernel_shape SHAPE = {ROWS, 512, 1, 1};

static void honest(const struct assay_kernel_call *call);

/* What stood in the output before is good enough. */
static void stale(const struct assay_kernel_call *call)
{
    (void)call;
}

/* An input is a plausible output. */
static void copied_input(const struct assay_kernel_call *call)
{
    memcpy(call->out[0], call->in[0], ROWS * sizeof(float));
}

/* The result of the first call, whatever the inputs are now. */
static void memoised(const struct assay_kernel_call *call)
{
    static float first[OUTPUT_FLOATS_MAX];
    static int is_known;
    if (!is_known) {
        honest(call);
        memcpy(first, call->out[0], ROWS * sizeof(float));
        is_known = 1;
    }
    memcpy(call->out[0], first, ROWS * sizeof(float));
}

/* All rows but the last. */
static void all_but_one(const struct assay_kernel_call *call)
{
    float last;
    memcpy(&last, (float *)call->out[0] + ROWS - 1, sizeof last);
    honest(call);
    memcpy((float *)call->out[0] + ROWS - 1, &last, sizeof last);
}

/* The right result, and one byte beside it. */
static void past_the_end(const struct assay_kernel_call *call)
{
    honest(call);
    ((unsigned char *)call->out[0])[ROWS * sizeof(float)] = 0;
}

static struct assay_kernel_set *the_set;
static const struct assay_kernel_operation *the_operation;

static void honest(const struct assay_kernel_call *call)
{
    the_operation->rows[0]->run(call);
}

static bool is_equal_on(void (*run)(const struct assay_kernel_call *call), uint64_t seed)
{
    struct assay_kernel_row row = *the_operation->rows[0];
    struct assay_kernel_case which = the_operation->cases[0];
    bool is_equal = false;
    row.run = run;
    row.id = "ternary_gemv_i2s_cheat";
    which.seed = seed;
    which.golden = 0;
    assert_int_equal(assay_kernel_check(the_operation, &row, &which, &SHAPE, &is_equal, NULL, NULL), ASSAY_OK);
    return is_equal;
}

static void a_kernel_that_does_less_than_its_operation_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*run)(const struct assay_kernel_call *call);
    } CHEATS[] = {{"stale", stale},
                  {"copied input", copied_input},
                  {"memoised", memoised},
                  {"all but one", all_but_one},
                  {"past the end", past_the_end}};
    the_set = NULL;
    assert_int_equal(assay_kernel_set_new(NULL, &the_set, NULL), ASSAY_OK);
    the_operation = assay_kernel_set_find(the_set, "ternary_gemv", "i2s");
    assert_true(is_equal_on(honest, 1) && is_equal_on(honest, 2));
    for (size_t i = 0; i < sizeof CHEATS / sizeof CHEATS[0]; i++) {
        bool is_equal = is_equal_on(CHEATS[i].run, 1) && is_equal_on(CHEATS[i].run, 2);
        if (is_equal) {
            fail_msg("%s: not found", CHEATS[i].what);
        }
    }
    assay_kernel_set_free(the_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kernel_that_does_less_than_its_operation_is_found),
    };
    return cmocka_run_group_tests_name("kernel_cheats", tests, NULL, NULL);
}
