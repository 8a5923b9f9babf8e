/* Kernel ids of legacy receipts: as the original classes them, and as --strict does. */
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { G = ASSAY_LEGACY_GPU, F = ASSAY_LEGACY_FALLBACK, C = ASSAY_LEGACY_CPU_QUANTISED };
enum { Q = ASSAY_LEGACY_QUANTISED, I = ASSAY_LEGACY_IDLE };

static const struct {
    const char *id;
    unsigned theirs, ours;
} IDS[] = {
    {"gemm_fp16", G, G},
    {"wmma_m16n16k16", G, G},
    {"cublas_gemm", G, G},
    {"cutlass_gemm_sm80", G, G},
    {"cuda_kernel_dispatch", G, G},
    {"tl1_gpu_pack", G | Q, G | Q | I},
    {"tl2_gpu_exec", G | Q, G | Q},
    {"i2s_quantize", G | Q, G | Q | I},
    {"i2s_dequantize", G | Q, G | F},
    {"i2s_quantize_x", C | Q, C | Q | I},
    {"i2s_cpu_quantize", C | Q, C | Q | I},
    {"i2s_cpu_dequantize", C | Q, F},
    {"i2s_gpu_gemm", C | Q, G | Q},
    {"i2s_gemv", C | Q, C | Q},
    {"tl1_matmul", C | Q, C | Q},
    {"tl2_lookup_neon", C | Q, C | Q},
    {"i2s_dequant", F | Q, F},
    {"i2s_dequant_fp32", C | Q, F},
    {"i2s_matmul_f32", C | Q, F},
    {"I2S_gemv", 0, 0},
    {"i2s", 0, 0},
    {"gemm_i2s_fp16", G | Q, G | Q},
    {"wmma_i2s_x", G | Q, G | Q},
    {"lut_i2s_x", Q, 0},
    {"quantize_rows", Q, Q | I},
    {"dequantize_i2s_helper", Q, F},
    {"quantized_matmul_i2s", 0, 0},
    {"fp32_matmul", F, F},
    {"fallback_gemm", F, F},
    {"gemm_fallback_x", G, G},
    {"dequant_fp32", F, F},
    {"dequant", 0, F},
    {"matmul_f32", F, F},
    {"matmul_f32_x", 0, F},
    {"layernorm_f32", 0, F},
    {"x_dequant", F, F},
    {"x_dequant_y", 0, F},
    {"attention_fp32", 0, F},
    {"cuda_sync", G, G | I},
    {"i2s_async_gemv", C | Q, C | Q},
    {"rope_apply", 0, 0},
    {"", 0, 0},
};

static void ids_have_the_classes_of_either_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof IDS / sizeof IDS[0]; i++) {
        struct assay_slice id = assay_slice_of(IDS[i].id);
        unsigned theirs = assay_legacy_classes(id, ASSAY_LEGACY_FAITHFUL);
        unsigned ours = assay_legacy_classes(id, ASSAY_LEGACY_CORRECTED);
        if (theirs != IDS[i].theirs || ours != IDS[i].ours) {
            fail_msg("%s: %u and %u, expected %u and %u", IDS[i].id, theirs, ours, IDS[i].theirs, IDS[i].ours);
        }
    }
}

static void an_id_ends_where_its_text_ends(void **state)
{
    static const char WITH_NUL[] = "i2s_quantize\0x";
    (void)state;
    assert_int_equal(assay_legacy_classes((struct assay_slice){WITH_NUL, 12}, ASSAY_LEGACY_FAITHFUL), G | Q);
    assert_int_equal(assay_legacy_classes((struct assay_slice){WITH_NUL, 13}, ASSAY_LEGACY_FAITHFUL), C | Q);
}

static void stand_ins_are_told_in_any_case(void **state)
{
    (void)state;
    assert_true(assay_legacy_is_standin(assay_slice_of("i2s_MoCk"), false));
    assert_false(assay_legacy_is_standin(assay_slice_of("fake_x"), false));
    assert_true(assay_legacy_is_standin(assay_slice_of("fake_x"), true));
    assert_true(assay_legacy_is_standin(assay_slice_of("STUB"), true));
    assert_false(assay_legacy_is_standin(assay_slice_of("moc"), true));
    assert_false(assay_legacy_is_standin(assay_slice_of("mo_ck"), true));
}

static void the_label_has_seven_shapes(void **state)
{
    static const struct {
        const char *json;
        enum assay_legacy_shape shape;
    } ROWS[] = {
        {"[]", ASSAY_LEGACY_NO_SHAPE},
        {"{}", ASSAY_LEGACY_FLAT},
        {"{\"schema_version\":\"1.0\",\"model\":{}}", ASSAY_LEGACY_FLAT},
        {"{\"schema_version\":\"1.0\",\"corrections\":[]}", ASSAY_LEGACY_NESTED},
        {"{\"version\":\"1.0.0\"}", ASSAY_LEGACY_VERSION},
        {"{\"version\":\"1.0.0\",\"schema_version\":\"1.0.0\"}", ASSAY_LEGACY_FLAT},
        {"{\"receipt\":{\"schema_version\":\"1.0.0\"}}", ASSAY_LEGACY_WRAPPED},
        {"{\"receipt_version\":\"1.0.0\",\"schema_version\":\"1.0.0\"}", ASSAY_LEGACY_PER_TENSOR},
        {"{\"schema_version\":\"1.1.0\",\"corrections\":[]}", ASSAY_LEGACY_MINOR_1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        json_t *root = NULL;
        assert_int_equal(assay_legacy_read(ROWS[i].json, strlen(ROWS[i].json), ASSAY_LEGACY_NAMES_ONCE, &root, NULL),
                         ASSAY_OK);
        assert_int_equal(assay_legacy_shape(root), ROWS[i].shape);
        json_decref(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_have_the_classes_of_either_reading),
        cmocka_unit_test(an_id_ends_where_its_text_ends),
        cmocka_unit_test(stand_ins_are_told_in_any_case),
        cmocka_unit_test(the_label_has_seven_shapes),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
