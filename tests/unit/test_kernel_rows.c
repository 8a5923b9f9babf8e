/* The built-in kernels: ids, arithmetic of 3.1, and every variant that this host has against the reference. */
#include "kernel/dense/dense.h"
#include "kernel/kernel.h"
#include "kernel/ternary/ternary.h"

#include "base/rng.h"
#include "crypto/crypto.h"
#include "stat/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct assay_kernel_set *new_set(void)
{
    static const struct assay_kernel_options NONE = {.isa = "amxbf16"}; /* the highest: whatever the environment says */
    struct assay_kernel_set *set = NULL;
    assert_int_equal(assay_kernel_set_new(&NONE, &set, NULL), ASSAY_OK);
    assert_int_equal(assay_kernel_set_ready(set, NULL), ASSAY_OK);
    return set;
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void assert_sha256(const void *bytes, size_t len, const char *expected)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_of(bytes, len, &digest);
    assay_digest_print(&digest, text);
    assert_string_equal(text, expected);
}

/* ---- ids -------------------------------------------------------------------------------------------------------- */

static void an_id_has_four_parts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_good;
    } CASES[] = {{"ternary_gemv_lane2_vnni512", true},
                 {"ext_dot_f32_ref", true},
                 {"ternary_gemv_i2s", false},
                 {"a_b_c_d_e", false},
                 {"a__c_d", false},
                 {"A_b_c_d", false},
                 {"a_b_c_2d", false},
                 {"a_b_c_d ", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_kernel_id id;
        assert_int_equal(assay_kernel_id_read(CASES[i].text, &id), CASES[i].is_good);
    }
}

static void every_built_in_row_belongs_to_its_operation_and_is_in_the_table(void **state)
{
    (void)state;
    struct assay_buf text;
    struct assay_kernel_set *set = new_set();
    assay_buf_init(&text, 65536);
    assay_kernel_table_text(&text);
    assert_int_equal(assay_buf_check(&text, NULL), ASSAY_OK);
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
    }
    assert_int_equal(lines, assay_kernel_set_rows(set));
    for (size_t i = 0; i < assay_kernel_set_rows(set); i++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(set, i);
        char line[128];
        (void)snprintf(line, sizeof line, "%s %s %s %s ", entry.row->id, assay_kernel_class_text(entry.row->kind),
                       assay_kernel_equality_text(entry.row->equality),
                       assay_kernel_class_is_fallback(entry.row->kind) ? "true" : "false");
        assert_non_null(strstr(text.data, line));
    }
    assay_buf_done(&text);
    assay_kernel_set_free(set);
}

static void families_and_instruction_sets_are_of_the_closed_lists(void **state)
{
    (void)state;
    static const char *const FAMILIES[] = {"ternary", "dense",  "head",  "quant",  "norm",  "rope",
                                           "attn",    "act",    "embed", "sample", "pack",  "sync",
                                           "limit",   "tgattn", "graph", "column", "motif", "copy"};
    struct assay_kernel_set *set = new_set();
    for (size_t i = 0; i < assay_kernel_set_rows(set); i++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(set, i);
        struct assay_kernel_id id;
        bool is_listed = false;
        assert_true(assay_kernel_id_read(entry.row->id, &id));
        for (size_t k = 0; k < sizeof FAMILIES / sizeof FAMILIES[0]; k++) {
            is_listed = is_listed || assay_slice_is(id.family, FAMILIES[k]);
        }
        assert_true(is_listed);
        assert_non_null(assay_kernel_isa_find(id.isa));
        assert_true(entry.row != entry.op->rows[0] || assay_slice_is(id.isa, "ref"));
        assert_int_not_equal(entry.row->kind, ASSAY_KERNEL_STANDIN);
    }
    assay_kernel_set_free(set);
}

static void the_table_is_sorted_by_bytes(void **state)
{
    (void)state;
    struct assay_buf text;
    assay_buf_init(&text, 65536);
    assay_kernel_table_text(&text);
    const char *before = text.data;
    for (const char *next = strchr(before, '\n') + 1; *next; next = strchr(next, '\n') + 1) {
        assert_true(strcmp(before, next) < 0);
        before = next;
    }
    assay_buf_done(&text);
}

/* ---- arithmetic ------------------------------------------------------------------------------------------------- */

static void codes_are_packed_as_the_golden_vector_says(void **state)
{
    (void)state;
    uint8_t codes[512], packed[160] = {0};
    uint64_t seed = 1;
    unsigned sum = 0;
    for (size_t i = 0; i < 512; i++) {
        codes[i] = (uint8_t)(splitmix(&seed) % 3);
        sum += codes[i];
    }
    assert_int_equal(sum, 523);
    kernel_ternary_pack_i2s(codes, 512, packed);
    for (size_t i = 0; i < 512; i++) {
        assert_int_equal(kernel_ternary_code_i2s(packed, i), codes[i]);
    }
    const float scale = 0.5F;
    memcpy(packed + 128, &scale, sizeof scale);
    assert_sha256(packed, sizeof packed, "60a41c181e054830f6c9def5132769d636ff4f9df1845abe6c2560499784f405");
}

/* I2_S to lane2 and back, and code by code in between. */
static void packing_goes_there_and_back_bit_for_bit(void **state)
{
    (void)state;
    enum { ROWS = 43, COLUMNS = 384, GROUPS = (ROWS + 7) / 8, BYTES = ROWS * COLUMNS / 4 };
    _Alignas(64) static uint8_t i2s[BYTES], back[BYTES], lanes[GROUPS * 8 * COLUMNS / 4],
        marks[GROUPS];
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_operation *there = assay_kernel_set_find(set, "pack_ternary", "lane2");
    const struct assay_kernel_operation *return_ = assay_kernel_set_find(set, "pack_ternary", "i2s");
    uint64_t seed = 5;
    assert_int_equal(kernel_ternary_lane2_bytes(ROWS, COLUMNS), sizeof lanes);
    for (size_t i = 0; i < BYTES; i++) {
        i2s[i] = (uint8_t)splitmix(&seed);
    }
    there->rows[0]->run(&(struct assay_kernel_call){.shape = {ROWS, COLUMNS, 1, 1}, .in = {i2s}, .out = {lanes, marks}});
    for (uint64_t row = 0; row < ROWS; row++) {
        for (uint64_t at = 0; at < COLUMNS; at++) {
            assert_int_equal(kernel_ternary_code_lane2(lanes, COLUMNS, row, at),
                             kernel_ternary_code_i2s(i2s + row * COLUMNS / 4, at));
        }
    }
    assert_int_equal(kernel_ternary_code_lane2(lanes, COLUMNS, ROWS, 0), 1);
    return_->rows[0]->run(&(struct assay_kernel_call){.shape = {ROWS, COLUMNS, 1, 1}, .in = {lanes}, .out = {back}});
    assert_memory_equal(back, i2s, BYTES);
    assay_kernel_set_free(set);
}

/* What a layer of lanes finds in a place is what the row had there. */
static void blocks_come_back_from_their_lanes(void **state)
{
    (void)state;
    enum { ROWS = 13, BLOCKS = 3, GROUPS = 2, BLOCK_MAX = 210 };
    static const struct {
        const char *format;
        size_t columns, bytes; /* of a block */
    } FORMATS[] = {{"q80lane", 32, 34}, {"q40lane", 32, 18}, {"q41lane", 32, 20}, {"q6klane", 256, 210}};
    struct assay_kernel_set *set = new_set();
    for (size_t f = 0; f < sizeof FORMATS / sizeof FORMATS[0]; f++) {
        _Alignas(64) static uint8_t rows[ROWS * BLOCKS * BLOCK_MAX], lanes[GROUPS * 8 * BLOCKS * BLOCK_MAX];
        const struct assay_kernel_operation *op = assay_kernel_set_find(set, "pack_dense", FORMATS[f].format);
        size_t bytes = FORMATS[f].bytes, columns = FORMATS[f].columns * BLOCKS;
        uint64_t seed = f;
        for (size_t i = 0; i < sizeof rows; i++) {
            rows[i] = (uint8_t)splitmix(&seed);
        }
        op->rows[0]->run(&(struct assay_kernel_call){.shape = {ROWS, columns, 1, 1}, .in = {rows}, .out = {lanes}});
        for (size_t row = 0; row < ROWS; row++) {
            for (size_t b = 0; b < BLOCKS; b++) {
                uint8_t block[BLOCK_MAX], again[sizeof lanes] = {0};
                kernel_dense_get_lane(lanes, bytes, BLOCKS, row, b, block);
                assert_memory_equal(block, rows + (row * BLOCKS + b) * bytes, bytes);
                kernel_dense_put_lane(block, bytes, BLOCKS, row, b, again);
                kernel_dense_get_lane(again, bytes, BLOCKS, row, b, block);
                assert_memory_equal(block, rows + (row * BLOCKS + b) * bytes, bytes);
            }
        }
    }
    assay_kernel_set_free(set);
}

/* The dot vector of kernels.md 2.3, and its two results, bit for bit, through every variant. */
static void the_golden_dot_products_come_out(void **state)
{
    (void)state;
    static const struct assay_kernel_case GOLDEN = {.name = "golden", .shape = {2, 256, 1, 1}, .seed = 1};
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_operation *op = assay_kernel_set_find(set, "ternary_gemv", "i2s");
    struct assay_kernel_data data;
    assert_int_equal(assay_kernel_data_init(&data, op, &GOLDEN.shape, NULL), ASSAY_OK);
    assay_kernel_data_fill(&data, &GOLDEN);
    uint32_t s_bits, y_bits[2];
    memcpy(&s_bits, data.call.in[TERNARY_S], sizeof s_bits);
    assert_int_equal(s_bits, 0x42fe4593);
    assert_int_equal(*(const int32_t *)data.call.in[TERNARY_SUMS], 143);
    assert_sha256(data.call.in[TERNARY_Q], 256, "bc7a0d9cb2817eee7b5c81775c49697b05841006fabe8484f4ec9db10f457cd7");
    for (size_t i = 0; i < op->rows_count; i++) {
        if (assay_kernel_set_row(set, assay_kernel_set_index(set, op->rows[i]->id)).state == ASSAY_KERNEL_USABLE) {
            assay_kernel_data_poison(&data);
            op->rows[i]->run(&data.call);
            memcpy(y_bits, data.call.out[0], sizeof y_bits);
            assert_int_equal(y_bits[0], 0x3f57745b);
            assert_int_equal(y_bits[1], 0x3d5169ea);
        }
    }
    assay_kernel_data_done(&data);
    assay_kernel_set_free(set);
}

static void activations_round_half_to_even(void **state)
{
    (void)state;
    assert_int_equal(kernel_ternary_rounded(0.5F, 1), 0);
    assert_int_equal(kernel_ternary_rounded(1.5F, 1), 2);
    assert_int_equal(kernel_ternary_rounded(-2.5F, 1), -2);
    assert_int_equal(kernel_ternary_rounded(1, 127), 127);
    assert_int_equal(kernel_ternary_rounded(-2, 127), -128);
    assert_true(kernel_ternary_multiplier(0) == 127.0F / 1e-5F);
}

/* ---- every variant on every case -------------------------------------------------------------------------------- */

static size_t for_each_usable(void (*see)(const struct assay_kernel_entry *entry))
{
    struct assay_kernel_set *set = new_set();
    size_t count = 0;
    for (size_t i = 0; i < assay_kernel_set_rows(set); i++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(set, i);
        if (entry.state == ASSAY_KERNEL_USABLE) {
            see(&entry);
            count++;
        } else {
            print_message("not tested here: %s, %s\n", entry.row->id, entry.why);
        }
    }
    assay_kernel_set_free(set);
    return count;
}

static void check_case(const struct assay_kernel_entry *entry, const struct assay_kernel_case *which,
                       const struct assay_kernel_shape *shape)
{
    char text[ASSAY_KERNEL_DIFFERENCE_BYTES];
    bool is_equal = false;
    assert_int_equal(assay_kernel_check(entry->op, entry->row, which, shape, &is_equal, text, NULL), ASSAY_OK);
    if (!is_equal) {
        fail_msg("%s on case %s, shape %llux%llux%llu: %s", entry->row->id, which->name,
                 (unsigned long long)(shape ? shape->rows : which->shape.rows),
                 (unsigned long long)(shape ? shape->columns : which->shape.columns),
                 (unsigned long long)(shape ? shape->tokens : which->shape.tokens), text);
    }
}

static void check_all_cases(const struct assay_kernel_entry *entry)
{
    for (size_t i = 0; i < entry->op->cases_count; i++) {
        const struct assay_kernel_case *which = &entry->op->cases[i];
        if (which->shape.rows * which->shape.columns <= UINT64_C(2) << 20) { /* time: the rest runs in bench/ */
            check_case(entry, which, NULL);
        }
    }
}

static void every_variant_gives_what_the_reference_gives(void **state)
{
    (void)state;
    assert_true(for_each_usable(check_all_cases) > 0);
}

static void check_random_shapes(const struct assay_kernel_entry *entry)
{
    struct assay_rng rng;
    assay_rng_seed(&rng, 20261121, "kernel shapes");
    for (int i = 0; i < 12; i++) {
        struct assay_kernel_case which = entry->op->cases[0];
        which.seed = assay_rng_u64(&rng) >> 16;
        which.golden = 0;
        which.extreme = (unsigned)assay_rng_below(&rng, 6);
        struct assay_kernel_shape shape = {.rows = 1 + assay_rng_below(&rng, 40),
                                           .columns = 128 * (1 + assay_rng_below(&rng, 40)),
                                           .tokens = 1 + assay_rng_below(&rng, 4)};
        if (entry->op->refuse && entry->op->refuse(&shape)) {
            shape.columns *= 2; /* a block of 256 */
        }
        check_case(entry, &which, &shape);
    }
}

static void random_shapes_and_inputs_give_what_the_reference_gives(void **state)
{
    (void)state;
    (void)for_each_usable(check_random_shapes);
}

/* Every byte that differs from the poison was written by one part, and none by two. */
static void check_parts(const struct assay_kernel_entry *entry)
{
    enum { PARTS = 3 };
    struct assay_kernel_data data;
    struct assay_kernel_case which = entry->op->cases[entry->op->cases_count > 1];
    if (!entry->op->units) {
        return;
    }
    assert_int_equal(assay_kernel_data_init(&data, entry->op, &which.shape, NULL), ASSAY_OK);
    assay_kernel_data_fill(&data, &which);
    size_t bytes = assay_kernel_data_outputs_bytes(&data), written = 0;
    unsigned char *parts_of = calloc(bytes, 1);
    assert_non_null(parts_of);
    for (size_t part = 0; part < PARTS; part++) {
        assay_kernel_data_poison(&data);
        unsigned char poison = *(const unsigned char *)data.call.out[0];
        data.call.part = assay_kernel_part_of(entry->op, &data.call.shape, part, PARTS);
        if (data.call.part.first < data.call.part.end) {
            entry->row->run(&data.call);
        }
        assert_true(assay_kernel_data_is_intact(&data));
        for (size_t i = 0, at = 0; i < entry->op->outputs_count; at += data.out_bytes[i++]) {
            for (size_t k = 0; k < data.out_bytes[i]; k++) {
                parts_of[at + k] =
                    (unsigned char)(parts_of[at + k] + (((const unsigned char *)data.call.out[i])[k] != poison));
            }
        }
    }
    for (size_t i = 0; i < bytes; i++) {
        if (parts_of[i] > 1) {
            fail_msg("%s: output byte %zu is written by %d parts", entry->row->id, i, parts_of[i]);
        }
        written += parts_of[i];
    }
    assert_true(written > bytes / 2);
    free(parts_of);
    assay_kernel_data_done(&data);
}

static void parts_of_a_call_write_their_own_outputs_only(void **state)
{
    (void)state;
    (void)for_each_usable(check_parts);
}

/* The reference itself: integers are exact, so binary64 and two roundings to float must agree to 2 ulps. */
static void the_reference_agrees_with_binary64(void **state)
{
    (void)state;
    enum { ROWS = 64, COUNT = 3 * ROWS };
    static const struct assay_kernel_case WHICH = {.name = "f64", .shape = {ROWS, 2560, 3, 1}, .seed = 77};
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_operation *op = assay_kernel_set_find(set, "ternary_gemv", NULL);
    struct assay_kernel_data data;
    static double values[COUNT], magnitudes[COUNT], work[3 * COUNT];
    assert_int_equal(assay_kernel_data_init(&data, op, &WHICH.shape, NULL), ASSAY_OK);
    assay_kernel_data_fill(&data, &WHICH);
    op->rows[0]->run(&data.call);
    op->reference(&data.call, values, magnitudes);
    const struct assay_stat_parity_input input = {.format = ASSAY_STAT_F32,
                                                  .values = data.call.out[0],
                                                  .reference = values,
                                                  .magnitudes = magnitudes,
                                                  .count = COUNT,
                                                  .terms = 2560};
    struct assay_stat_parity parity = assay_stat_parity_of(&input, work);
    assert_int_equal(parity.compared, COUNT);
    assert_true(parity.ulp.max <= 2);
    assert_int_equal(parity.beyond_tight, 0);
    assay_kernel_data_done(&data);
    assay_kernel_set_free(set);
}

/* ---- shapes ----------------------------------------------------------------------------------------------------- */

static void a_shape_that_the_format_cannot_hold_is_refused(void **state)
{
    (void)state;
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_operation *op = assay_kernel_set_find(set, "ternary_gemv", "i2s");
    static const struct assay_kernel_shape SHAPES[] = {{1, 100, 1, 1}, {1, UINT64_C(1) << 19, 1, 1}};
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        struct assay_kernel_data data;
        assay_err err = {0};
        assert_int_equal(assay_kernel_data_init(&data, op, &SHAPES[i], &err), ASSAY_USAGE);
        assert_non_null(strstr(err.message, "columns"));
        assay_kernel_data_done(&data);
    }
    struct assay_kernel_data data;
    static const struct assay_kernel_shape HUGE_SHAPE = {UINT32_MAX, 131072, 1, 1};
    assert_int_equal(assay_kernel_data_init(&data, op, &HUGE_SHAPE, NULL), ASSAY_TOO_LARGE);
    assay_kernel_data_done(&data);
    assay_kernel_set_free(set);
}

static void costs_follow_from_the_shape(void **state)
{
    (void)state;
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_shape shape = {2560, 2560, 2, 1};
    struct assay_kernel_cost cost = assay_kernel_cost_of(assay_kernel_set_find(set, "ternary_gemv", "i2s"), &shape);
    assert_int_equal(cost.elements, 2560 * 2560 * 2);
    assert_int_equal(cost.ops, 2560 * 2560 * 4);
    assert_int_equal(cost.bytes, 2560 * 640 + 4); /* the weights are read once for both tokens */
    assay_kernel_set_free(set);
}

static void the_costs_of_parts_add_up_to_the_whole(void **state)
{
    (void)state;
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_shape shape = {2561, 2560, 3, 1};
    const struct assay_kernel_operation *op = assay_kernel_set_find(set, "ternary_gemv", "i2s");
    struct assay_kernel_cost whole = assay_kernel_cost_of(op, &shape), sum = {0};
    for (size_t threads = 1; threads < 6; threads++, sum = (struct assay_kernel_cost){0}) {
        uint64_t next = 0;
        for (size_t thread = 0; thread < threads; thread++) {
            struct assay_kernel_part part = assay_kernel_part_of(op, &shape, thread, threads);
            struct assay_kernel_cost cost = assay_kernel_cost_of_part(op, &shape, part);
            assert_int_equal(part.first, next);
            next = part.end;
            sum.elements += cost.elements;
            sum.bytes += cost.bytes;
            sum.ops += cost.ops;
        }
        assert_int_equal(next, shape.rows);
        assert_memory_equal(&sum, &whole, sizeof sum);
    }
    assay_kernel_set_free(set);
}

static void thread_0_always_has_a_part_and_the_others_may_have_none(void **state)
{
    (void)state;
    struct assay_kernel_set *set = new_set();
    const struct assay_kernel_shape shape = {2, 128, 1, 1};
    const struct assay_kernel_operation *linear = assay_kernel_set_find(set, "ternary_gemv", "i2s");
    const struct assay_kernel_operation *limit = assay_kernel_set_find(set, "limit_read", "bytes");
    struct assay_kernel_part part = assay_kernel_part_of(linear, &shape, 3, 4);
    assert_true(part.first == part.end && part.end > 0);
    part = assay_kernel_part_of(limit, &shape, 0, 2);
    assert_true(part.first == 0 && part.end == 0); /* all of it */
    part = assay_kernel_part_of(limit, &shape, 1, 2);
    assert_true(part.first == part.end && part.end > 0);
    assay_kernel_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_has_four_parts),
        cmocka_unit_test(every_built_in_row_belongs_to_its_operation_and_is_in_the_table),
        cmocka_unit_test(families_and_instruction_sets_are_of_the_closed_lists),
        cmocka_unit_test(the_table_is_sorted_by_bytes),
        cmocka_unit_test(codes_are_packed_as_the_golden_vector_says),
        cmocka_unit_test(packing_goes_there_and_back_bit_for_bit),
        cmocka_unit_test(blocks_come_back_from_their_lanes),
        cmocka_unit_test(the_golden_dot_products_come_out),
        cmocka_unit_test(activations_round_half_to_even),
        cmocka_unit_test(every_variant_gives_what_the_reference_gives),
        cmocka_unit_test(random_shapes_and_inputs_give_what_the_reference_gives),
        cmocka_unit_test(the_reference_agrees_with_binary64),
        cmocka_unit_test(a_shape_that_the_format_cannot_hold_is_refused),
        cmocka_unit_test(costs_follow_from_the_shape),
        cmocka_unit_test(the_costs_of_parts_add_up_to_the_whole),
        cmocka_unit_test(thread_0_always_has_a_part_and_the_others_may_have_none),
        cmocka_unit_test(parts_of_a_call_write_their_own_outputs_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
