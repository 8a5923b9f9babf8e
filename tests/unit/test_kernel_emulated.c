/* Variants for instruction sets that this host may lack: their own source, every instruction beyond AVX2 replaced by
 * software, held against the reference on the case table. It proves the arithmetic, not the speed, and not that the
 * flags of the compiler are right. */
#include "support/emulated.h"

#include "kernel/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct assay_kernel_set *new_set(void)
{
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"};
    struct assay_kernel_set *set = NULL;
    assert_int_equal(assay_kernel_set_new(&NONE, &set, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_set_ready(set, NULL), ASSAY_OK);
    return set;
}

static const struct assay_kernel_operation *operation_of(const struct assay_kernel_set *set,
                                                         const struct assay_kernel_row *row)
{
    size_t index = assay_kernel_set_index(set, row->id);
    assert_true(index != SIZE_MAX);
    return assay_kernel_set_row(set, index).op;
}

static void check_case(const struct assay_kernel_operation *op, const struct assay_kernel_row *row,
                       const struct assay_kernel_case *which, const struct assay_kernel_shape *shape)
{
    char text[ASSAY_KERNEL_DIFFERENCE_BYTES];
    bool is_equal = false;
    assert_int_equal(assay_kernel_check(op, row, which, shape, &is_equal, text, NULL), ASSAY_OK);
    if (!is_equal) {
        fail_msg("%s on case %s, shape %llux%llux%llu: %s", row->id, which->name,
                 (unsigned long long)(shape ? shape->rows : which->shape.rows),
                 (unsigned long long)(shape ? shape->columns : which->shape.columns),
                 (unsigned long long)(shape ? shape->tokens : which->shape.tokens), text);
    }
}

static void check_all_cases(const struct assay_kernel_row *row)
{
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_operation *op = operation_of(set, row);
    for (size_t i = 0; i < op->cases_count; i++) {
        const struct assay_kernel_case *which = &op->cases[i];
        /* time: software is slow */
        if (which->shape.rows * which->shape.columns <= UINT64_C(1) << 19 && strcmp(which->name, "peak") != 0) {
            check_case(op, row, which, NULL);
        }
    }
    assay_kernel_set_free(set);
}

/* Seeds that end in 0, 1 and 2 modulo 3 run as one part, two and three. */
static void check_every_number_of_tokens(const struct assay_kernel_row *row, uint64_t most)
{
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_operation *op = operation_of(set, row);
    for (uint64_t tokens = 1; tokens <= most; tokens++) {
        struct assay_kernel_case which = op->cases[0];
        which.seed = 100 + tokens;
        which.golden = 0;
        const struct assay_kernel_shape shape = {.rows = 1 + tokens * 7 % 71, .columns = 128, .tokens = tokens};
        check_case(op, row, &which, &shape);
    }
    assay_kernel_set_free(set);
}

static void ternary_lanes_with_vnni_give_what_the_reference_gives(void **state)
{
    (void)state;
    check_all_cases(&emulated_ternary_gemv_lane2_vnni512);
    check_all_cases(&emulated_ternary_gemv_lane2_avxvnni);
}

static void many_tokens_give_what_the_reference_gives(void **state)
{
    (void)state;
    check_all_cases(&emulated_ternary_gemm_lane2_vnni512);
    check_all_cases(&emulated_ternary_gemm_lane2_avxvnni);
    check_all_cases(&emulated_ternary_gemm_lane2_amxint8);
}

static void any_number_of_tokens_gives_what_the_reference_gives(void **state)
{
    (void)state;
    check_every_number_of_tokens(&emulated_ternary_gemm_lane2_vnni512, 20);
    check_every_number_of_tokens(&emulated_ternary_gemm_lane2_avxvnni, 20);
    check_every_number_of_tokens(&emulated_ternary_gemm_lane2_amxint8, 50);
}

static void blocks_in_lanes_with_vnni_give_what_the_reference_gives(void **state)
{
    (void)state;
    check_all_cases(&emulated_dense_gemv_q80lane_vnni512);
    check_all_cases(&emulated_dense_gemv_q40lane_vnni512);
    check_all_cases(&emulated_dense_gemv_q41lane_vnni512);
}

static void probes_of_peaks_give_what_the_reference_gives(void **state)
{
    (void)state;
    check_all_cases(&emulated_limit_ops_dot4_avxvnni);
    check_all_cases(&emulated_limit_ops_dot4_vnni512);
    check_all_cases(&emulated_limit_ops_tile_amxint8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ternary_lanes_with_vnni_give_what_the_reference_gives),
        cmocka_unit_test(many_tokens_give_what_the_reference_gives),
        cmocka_unit_test(any_number_of_tokens_gives_what_the_reference_gives),
        cmocka_unit_test(probes_of_peaks_give_what_the_reference_gives),
        cmocka_unit_test(blocks_in_lanes_with_vnni_give_what_the_reference_gives),
    };
    if (!assay_cpu_detect().avx2) { /* the software is AVX2 */
        (void)printf("1..0 # SKIP this host lacks avx2\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
