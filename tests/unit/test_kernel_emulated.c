/* Variants for instruction sets that this host may lack: their own source, every instruction beyond AVX2 replaced by
 * software, held against the reference on the case table. It proves the arithmetic, not the speed, and not that the
 * flags of the compiler are right. */
#include "support/emulated.h"

#include "kernel/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <cmocka.h>

static void check_all_cases(const struct assay_kernel_row *row)
{
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"};
    struct assay_kernel_set *set = NULL;
    assert_int_equal(assay_kernel_set_new(&NONE, &set, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_set_ready(set, NULL), ASSAY_OK);
    size_t index = assay_kernel_set_index(set, row->id);
    assert_true(index != SIZE_MAX);
    const struct assay_kernel_operation *op = assay_kernel_set_row(set, index).op;
    for (size_t i = 0; i < op->cases_count; i++) {
        const struct assay_kernel_case *which = &op->cases[i];
        char text[ASSAY_KERNEL_DIFFERENCE_BYTES];
        bool is_equal = false;
        if (which->shape.rows * which->shape.columns <= UINT64_C(1) << 19) { /* time: software is slow */
            assert_int_equal(assay_kernel_check(op, row, which, NULL, &is_equal, text, NULL), ASSAY_OK);
            if (!is_equal) {
                fail_msg("%s on case %s: %s", row->id, which->name, text);
            }
        }
    }
    assay_kernel_set_free(set);
}

static void ternary_lanes_with_vnni_give_what_the_reference_gives(void **state)
{
    (void)state;
    check_all_cases(&emulated_ternary_gemv_lane2_vnni512);
}

static void blocks_in_lanes_with_vnni_give_what_the_reference_gives(void **state)
{
    (void)state;
    check_all_cases(&emulated_dense_gemv_q80lane_vnni512);
    check_all_cases(&emulated_dense_gemv_q40lane_vnni512);
    check_all_cases(&emulated_dense_gemv_q41lane_vnni512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ternary_lanes_with_vnni_give_what_the_reference_gives),
        cmocka_unit_test(blocks_in_lanes_with_vnni_give_what_the_reference_gives),
    };
    if (!assay_cpu_detect().avx2) { /* the software is AVX2 */
        (void)printf("1..0 # SKIP this host lacks avx2\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
