/* Proof files and entries at their edges, byte for byte, and proofs that cannot be. */
#include "base/mem.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" /* 32 zero bytes */
#define ONE "AQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\n"  /* 1, 2, zeros, 1 */
#define HEAD "c2sp.org/tlog-proof@v1\n"

/* ---- proof files ---- */

static const struct refusal {
    const char *tail; /* behind the line of the number */
    assay_code code;
    const char *due;
} TAILS[] = {
    {"\nx\n", ASSAY_OK, ""},
    {ONE "\nx", ASSAY_OK, ""},
    {ZERO ONE "\n\n", ASSAY_OK, ""},
    {"", ASSAY_MALFORMED, "the proof holds no checkpoint behind an empty line"},
    {"\n", ASSAY_MALFORMED, "the proof holds no checkpoint behind an empty line"},
    {ONE, ASSAY_MALFORMED, "the proof holds no checkpoint behind an empty line"},
    {ONE "AAAA\n\nx\n", ASSAY_MALFORMED, "hash 2 of the proof: 3 bytes, expected 32"},
    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n\nx\n", ASSAY_MALFORMED,
     "hash 1 of the proof: 31 bytes, expected 32"},
    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\nx\n", ASSAY_MALFORMED,
     "hash 1 of the proof: 33 bytes, expected 32"},
    {ONE ONE "A\n\nx\n", ASSAY_MALFORMED,
     "hash 3 of the proof: found 1 characters of base64, expected a multiple of 4, padded with '='"},
};

static void a_proof_file_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const struct refusal HEADS[] = {
        {"c2sp.org/tlog-proof@v2\nindex 1\n\nx\n", ASSAY_MALFORMED,
         "the first line of the proof is not 'c2sp.org/tlog-proof@v1'"},
        {HEAD "extra AAAA\nindex 1\n\nx\n", ASSAY_MALFORMED,
         "the proof has an extra line, which nothing authenticates; expected none"},
        {HEAD "index\n\nx\n", ASSAY_MALFORMED, "the second line of the proof is not 'index' and a decimal number"},
        {HEAD "indey 1\n\nx\n", ASSAY_MALFORMED, "the second line of the proof is not 'index' and a decimal number"},
        {HEAD "index 1 \n\nx\n", ASSAY_MALFORMED, "the second line of the proof is not 'index' and a decimal number"},
        {HEAD, ASSAY_MALFORMED, "the second line of the proof is not 'index' and a decimal number"},
        {HEAD "index 9223372036854775807\n\nx\n", ASSAY_OK, ""},
    };
    struct assay_tlog_proof_file file;
    for (size_t i = 0; i < sizeof HEADS / sizeof HEADS[0]; i++) {
        assay_err err = {0};
        assert_int_equal(assay_tlog_proof_read(HEADS[i].tail, strlen(HEADS[i].tail), &file, &err), HEADS[i].code);
        assert_string_equal(err.message, HEADS[i].due);
    }
    assert_true(file.index == INT64_MAX);
    for (size_t i = 0; i < sizeof TAILS / sizeof TAILS[0]; i++) {
        char text[512];
        assay_err err = {0};
        (void)snprintf(text, sizeof text, HEAD "index 12\n%s", TAILS[i].tail);
        assert_int_equal(assay_tlog_proof_read(text, strlen(text), &file, &err), TAILS[i].code);
        assert_string_equal(err.message, TAILS[i].due);
        assert_true(file.index == 12);
    }
}

static void a_proof_of_growth_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const char *const HEADS[] = {"", "old\n", "old 01\n", "old 1 \n", "new 1\n", "old 9223372036854775808\n"};
    struct assay_tlog_growth growth;
    for (size_t i = 0; i < sizeof HEADS / sizeof HEADS[0]; i++) {
        char text[512];
        assay_err err = {0};
        (void)snprintf(text, sizeof text, "%s\nx\n", HEADS[i]);
        assert_int_equal(assay_tlog_growth_read(text, strlen(text), &growth, &err), ASSAY_MALFORMED);
        assert_string_equal(err.message, "the first line of the proof is not 'old' and a decimal number");
    }
    for (size_t i = 0; i < sizeof TAILS / sizeof TAILS[0]; i++) {
        char text[512];
        assay_err err = {0};
        (void)snprintf(text, sizeof text, "old 12\n%s", TAILS[i].tail);
        assert_int_equal(assay_tlog_growth_read(text, strlen(text), &growth, &err), TAILS[i].code);
        assert_string_equal(err.message, TAILS[i].due);
        assert_true(growth.old_size == 12);
    }
}

static void a_proof_of_growth_is_read_up_to_its_limit(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        char *bytes = malloc(ASSAY_TLOG_PROOF_BYTES_MAX + 1);
        struct assay_tlog_growth growth;
        assay_err err = {0};
        assert_non_null(bytes);
        memset(bytes, 'x', ASSAY_TLOG_PROOF_BYTES_MAX + 1);
        memcpy(bytes, "old 7\n\n", 7);
        assert_int_equal(assay_tlog_growth_read(bytes, ASSAY_TLOG_PROOF_BYTES_MAX + over, &growth, &err),
                         over ? ASSAY_TOO_LARGE : ASSAY_OK);
        assert_string_equal(err.message, over ? "a proof of 65537 bytes, expected at most 65536" : "");
        free(bytes);
    }
}

static void proof_files_are_written_line_by_line(void **state)
{
    (void)state;
    struct assay_tlog_proof_file file = {.index = INT64_MAX, .checkpoint = ASSAY_SLICE("a\n\nb\n")};
    struct assay_tlog_growth growth = {.old_size = 10, .checkpoint = ASSAY_SLICE("c")};
    struct assay_buf text;
    file.proof = (struct assay_tlog_proof){.count = 2, .hashes = {[1].bytes = {1, 2, [31] = 1}}};
    growth.proof = (struct assay_tlog_proof){.count = 1};
    assay_buf_init(&text, 4096);
    assay_tlog_proof_write(&file, &text);
    assert_string_equal(text.data, HEAD "index 9223372036854775807\n" ZERO ONE "\na\n\nb\n");
    assay_buf_clear(&text);
    assay_tlog_growth_write(&growth, &text);
    assert_string_equal(text.data, "old 10\n" ZERO "\nc");
    assay_buf_done(&text);
}

/* Read where another was: of that one nothing is left. */
static void a_proof_has_the_hashes_of_its_file_alone(void **state)
{
    (void)state;
    static const char TWO[] = "old 3\n" ONE ZERO "\nx", NONE[] = "old 4\n\nyz";
    struct assay_tlog_growth growth;
    static const unsigned char DUE[32] = {1, 2, [31] = 1};
    assert_int_equal(assay_tlog_growth_read(TWO, sizeof TWO - 1, &growth, NULL), ASSAY_OK);
    assert_int_equal(growth.proof.count, 2);
    assert_memory_equal(growth.proof.hashes[0].bytes, DUE, sizeof DUE);
    assert_int_equal(assay_tlog_growth_read(NONE, sizeof NONE - 1, &growth, NULL), ASSAY_OK);
    assert_int_equal(growth.proof.count, 0);
    assert_true(assay_slice_is(growth.checkpoint, "yz"));
    assay_mem_fail_at(1);
    assert_int_equal(assay_tlog_growth_read(TWO, sizeof TWO - 1, &growth, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
}

static void a_proof_with_a_hash_too_many_says_so(void **state)
{
    (void)state;
    struct assay_buf text;
    struct assay_tlog_growth growth;
    for (size_t count = ASSAY_PROOF_HASHES_MAX; count <= ASSAY_PROOF_HASHES_MAX + 1; count++) {
        assay_err err = {0};
        assay_buf_init(&text, ASSAY_TLOG_PROOF_BYTES_MAX);
        assay_buf_text(&text, "old 1\n");
        for (size_t i = 0; i < count; i++) {
            assay_buf_text(&text, ONE);
        }
        assay_buf_text(&text, "\nx");
        bool is_over = count > ASSAY_PROOF_HASHES_MAX;
        assert_int_equal(assay_tlog_growth_read(text.data, text.len, &growth, &err),
                         is_over ? ASSAY_TOO_LARGE : ASSAY_OK);
        assert_string_equal(err.message, is_over ? "the proof has over 63 hashes" : "");
        assert_int_equal(growth.proof.count, ASSAY_PROOF_HASHES_MAX);
        assay_buf_done(&text);
    }
}

/* ---- entries ---- */

static void an_entry_has_its_length_in_front_in_two_bytes(void **state)
{
    (void)state;
    static const size_t LENGTHS[] = {0,   1,   127,  128,  255,   256,   257,   300,
                                     511, 512, 1000, 4096, 32767, 32768, 65534, 65535};
    static char bytes[65536];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 7);
    }
    for (size_t k = 0; k < sizeof LENGTHS / sizeof LENGTHS[0]; k++) {
        struct assay_buf bundle;
        const size_t len = LENGTHS[k];
        assay_buf_init(&bundle, 70000);
        assert_int_equal(assay_entry_append(bytes, len, &bundle, NULL), ASSAY_OK);
        assert_int_equal(bundle.len, 2 + len);
        assert_int_equal((unsigned char)bundle.data[0], len / 256);
        assert_int_equal((unsigned char)bundle.data[1], len % 256);
        assert_memory_equal(bundle.data + 2, bytes, len);
        assay_buf_char(&bundle, 'r');
        for (size_t cut = 0; cut <= 2; cut++) { /* one byte too few, just enough, one more */
            struct assay_slice rest = {bundle.data, 1 + len + cut}, entry = {NULL, 0};
            assert_int_equal(assay_entry_cut(&rest, &entry), cut > 0);
            assert_int_equal(rest.len, cut > 0 ? cut - 1 : 1 + len);
            assert_ptr_equal(rest.data, bundle.data + (cut > 0 ? 2 + len : 0));
            assert_int_equal(entry.len, cut > 0 ? len : 0);
            assert_ptr_equal(entry.data, cut > 0 ? bundle.data + 2 : NULL);
        }
        assay_buf_done(&bundle);
    }
    struct assay_buf none;
    assay_err err = {0};
    assay_buf_init(&none, 70000);
    assert_int_equal(assay_entry_append(bytes, sizeof bytes, &none, &err), ASSAY_TOO_LARGE);
    assert_string_equal(err.message, "a log entry of 65536 bytes, expected at most 65535");
    assert_int_equal(none.len, 0);
    assay_mem_fail_at(1);
    assert_int_equal(assay_entry_append(bytes, 1, &none, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assay_buf_done(&none);
}

/* ---- tiles ---- */

static void a_tile_has_a_path_of_its_level_number_and_width(void **state)
{
    (void)state;
    static const struct {
        struct assay_tile tile;
        const char *path;
    } CASES[] = {
        {{.level = 7, .number = 999999, .width = 1}, "tile/7/x999/999.p/1"},
        {{.level = 2, .number = 1000000, .width = 99}, "tile/2/x001/x000/000.p/99"},
        {{.level = 0, .number = 10, .width = 256}, "tile/0/010"},
        {{.is_entries = true, .level = 3, .number = ASSAY_TREE_SIZE_MAX, .width = 255},
         "tile/entries/x009/x223/x372/x036/x854/x775/807.p/255"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char path[ASSAY_TILE_PATH_BYTES];
        memset(path, '#', sizeof path);
        assay_tile_path(&CASES[i].tile, path);
        assert_string_equal(path, CASES[i].path);
    }
}

/* ---- proofs ---- */

/* A tree of 7 and its part of 3: hashes too few, too many, and none. */
static void a_proof_of_another_length_proves_nothing(void **state)
{
    (void)state;
    struct assay_digest leaves[7], root, old_root, node[4];
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    for (unsigned char i = 0; i < 7; i++) {
        assay_merkle_leaf_hash(&i, 1, &leaves[i]);
        assay_merkle_add_hash(&tree, &leaves[i]);
        if (i == 2) {
            assay_merkle_root(&tree, &old_root);
        }
    }
    assay_merkle_root(&tree, &root);
    assay_merkle_node_hash(&leaves[0], &leaves[1], &node[0]);
    assay_merkle_node_hash(&leaves[4], &leaves[5], &node[1]);
    assay_merkle_node_hash(&node[1], &leaves[6], &node[2]);
    struct assay_tlog_proof proof = {.count = 4}; /* 2, 3, 0-1, 4-6 */
    memcpy(proof.hashes[0].bytes, leaves[2].bytes, 32);
    memcpy(proof.hashes[1].bytes, leaves[3].bytes, 32);
    memcpy(proof.hashes[2].bytes, node[0].bytes, 32);
    memcpy(proof.hashes[3].bytes, node[2].bytes, 32);
    for (proof.count = 0; proof.count <= 6; proof.count++) {
        assert_int_equal(assay_consistency_is_proven(3, 7, &old_root, &proof, &root), proof.count == 4);
    }
    memcpy(proof.hashes[0].bytes, leaves[3].bytes, 32); /* of leaf 2 */
    memcpy(proof.hashes[1].bytes, node[0].bytes, 32);
    memcpy(proof.hashes[2].bytes, node[2].bytes, 32);
    for (proof.count = 0; proof.count <= 6; proof.count++) {
        assert_int_equal(assay_inclusion_is_proven(2, 7, &leaves[2], &proof, &root), proof.count == 3);
    }
    proof.count = 0;
    assert_true(assay_consistency_is_proven(7, 7, &root, &proof, &root));
    proof.count = 1;
    assert_false(assay_consistency_is_proven(7, 7, &root, &proof, &root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_file_says_what_is_wrong_with_it),
        cmocka_unit_test(a_proof_of_growth_says_what_is_wrong_with_it),
        cmocka_unit_test(a_proof_of_growth_is_read_up_to_its_limit),
        cmocka_unit_test(proof_files_are_written_line_by_line),
        cmocka_unit_test(a_proof_has_the_hashes_of_its_file_alone),
        cmocka_unit_test(a_proof_with_a_hash_too_many_says_so),
        cmocka_unit_test(an_entry_has_its_length_in_front_in_two_bytes),
        cmocka_unit_test(a_tile_has_a_path_of_its_level_number_and_width),
        cmocka_unit_test(a_proof_of_another_length_proves_nothing),
    };
    return cmocka_run_group_tests_name("crypto_tlog_edges", tests, NULL, NULL);
}
