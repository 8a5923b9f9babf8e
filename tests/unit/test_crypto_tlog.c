#include "base/mem.h"
#include "crypto/crypto.h"
#include "support/hex.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEAVES_MAX 70

/* ---- a tree in memory ---- */

static void leaf_hash(uint64_t index, struct assay_digest *ret)
{
    assay_merkle_leaf_hash(&index, sizeof index, ret);
}

static assay_code read_hash(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    (void)context;
    (void)err;
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    for (uint64_t i = index << level; i < (index + 1) << level; i++) {
        struct assay_digest leaf;
        leaf_hash(i, &leaf);
        assay_merkle_add_hash(&tree, &leaf);
    }
    assay_merkle_root(&tree, ret);
    return ASSAY_OK;
}

static const struct assay_tree_reader TREE = {.read = read_hash};

static void root_of(uint64_t size, struct assay_digest *ret)
{
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    for (uint64_t i = 0; i < size; i++) {
        struct assay_digest leaf;
        leaf_hash(i, &leaf);
        assay_merkle_add_hash(&tree, &leaf);
    }
    assay_merkle_root(&tree, ret);
}

static void the_root_from_perfect_subtrees_is_that_of_the_growing_tree(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= LEAVES_MAX; size++) {
        struct assay_digest grown, read;
        root_of(size, &grown);
        assert_int_equal(assay_tree_root(&TREE, size, &read, NULL), ASSAY_OK);
        assert_true(assay_digest_equal(&grown, &read));
    }
}

static void every_leaf_of_every_tree_is_proven_and_no_other(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
        struct assay_digest root;
        root_of(size, &root);
        for (uint64_t index = 0; index < size; index++) {
            struct assay_tlog_proof proof;
            struct assay_digest leaf;
            leaf_hash(index, &leaf);
            assert_int_equal(assay_inclusion_make(&TREE, index, size, &proof, NULL), ASSAY_OK);
            assert_true(assay_inclusion_is_proven(index, size, &leaf, &proof, &root));
            assert_false(assay_inclusion_is_proven(index ^ 1, size, &leaf, &proof, &root));
            leaf.bytes[0] ^= 1;
            assert_false(assay_inclusion_is_proven(index, size, &leaf, &proof, &root));
            leaf.bytes[0] ^= 1;
            if (proof.count > 0) {
                proof.hashes[proof.count - 1].bytes[31] ^= 0x80;
                assert_false(assay_inclusion_is_proven(index, size, &leaf, &proof, &root));
                proof.hashes[proof.count - 1].bytes[31] ^= 0x80;
                proof.count--;
                assert_false(assay_inclusion_is_proven(index, size, &leaf, &proof, &root));
            }
        }
    }
}

static void every_pair_of_sizes_is_consistent_and_other_roots_are_not(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
        struct assay_digest root, old_root;
        root_of(size, &root);
        for (uint64_t old_size = 1; old_size <= size; old_size++) {
            struct assay_tlog_proof proof;
            root_of(old_size, &old_root);
            assert_int_equal(assay_consistency_make(&TREE, old_size, size, &proof, NULL), ASSAY_OK);
            assert_true(assay_consistency_is_proven(old_size, size, &old_root, &proof, &root));
            old_root.bytes[7] ^= 1;
            assert_false(assay_consistency_is_proven(old_size, size, &old_root, &proof, &root));
            old_root.bytes[7] ^= 1;
            root.bytes[7] ^= 1;
            assert_false(assay_consistency_is_proven(old_size, size, &old_root, &proof, &root));
            root.bytes[7] ^= 1;
            proof.count++;
            assert_false(assay_consistency_is_proven(old_size, size, &old_root, &proof, &root));
        }
    }
}

static void from_an_empty_log_nothing_is_proven(void **state)
{
    (void)state;
    struct assay_tlog_proof proof = {.count = 0};
    struct assay_digest empty, root;
    root_of(0, &empty);
    root_of(5, &root);
    assert_false(assay_consistency_is_proven(0, 5, &empty, &proof, &root));
    assert_false(assay_consistency_is_proven(0, 0, &empty, &proof, &empty));
    assert_false(assay_consistency_is_proven(6, 5, &root, &proof, &root));
}

/* Sizes that no two trees can have: an older one that is larger, and one beyond what a log can reach. */
static void of_sizes_that_cannot_be_nothing_is_proven(void **state)
{
    (void)state;
    const struct assay_tlog_proof none = {.count = 0};
    struct assay_digest root, leaf;
    root_of(4, &root);
    leaf_hash(0, &leaf);
    for (uint64_t old_size = 1; old_size <= 64; old_size++) {
        for (uint64_t size = 1; size < old_size; size++) {
            assert_false(assay_consistency_is_proven(old_size, size, &root, &none, &root));
        }
    }
    const uint64_t beyond = ASSAY_TREE_SIZE_MAX + 1;
    assert_true(assay_consistency_is_proven(ASSAY_TREE_SIZE_MAX, ASSAY_TREE_SIZE_MAX, &root, &none, &root));
    assert_false(assay_consistency_is_proven(beyond, beyond, &root, &none, &root));
    assert_false(assay_consistency_is_proven(4, 4, &leaf, &none, &root));
    assert_true(assay_inclusion_is_proven(0, 1, &leaf, &none, &leaf));
    assert_false(assay_inclusion_is_proven(1, 1, &leaf, &none, &leaf));
    assert_false(assay_inclusion_is_proven(0, 2, &leaf, &none, &leaf));
    assert_false(assay_inclusion_is_proven(0, 0, &leaf, &none, &leaf));
}

/* A leaf alone at the top of the largest tree: as many hashes as a proof can have, and none to spare. */
static void a_proof_of_the_largest_tree_is_climbed_to_its_end(void **state)
{
    (void)state;
    struct assay_tlog_proof proof = {.count = ASSAY_PROOF_HASHES_MAX};
    struct assay_digest leaf, here, other;
    leaf_hash(0, &leaf);
    here = leaf;
    for (size_t i = 0; i < proof.count; i++) {
        memset(proof.hashes[i].bytes, (int)i, sizeof proof.hashes[i].bytes);
        memcpy(other.bytes, proof.hashes[i].bytes, sizeof other.bytes);
        assay_merkle_node_hash(&here, &other, &here);
    }
    assert_true(assay_inclusion_is_proven(0, ASSAY_TREE_SIZE_MAX, &leaf, &proof, &here));
    assert_false(assay_inclusion_is_proven(0, ASSAY_TREE_SIZE_MAX + 1, &leaf, &proof, &here));
    proof.count--;
    assert_false(assay_inclusion_is_proven(0, ASSAY_TREE_SIZE_MAX, &leaf, &proof, &here));
}

/* ---- published proofs ---- */

static FILE *open_data(const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/data/merkle/%s", source_root(), name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

/* A hash of another length in a proof is a case of the suite that our types cannot even hold. */
static bool read_digest(const char *hex, struct assay_digest *ret)
{
    unsigned char bytes[64];
    size_t len = unhex(hex, bytes, sizeof bytes);
    memset(ret, 0, sizeof *ret);
    memcpy(ret->bytes, bytes, len < 32 ? len : 32);
    return len == 32;
}

static bool read_proof(char *text, struct assay_tlog_proof *ret)
{
    bool is_good = true;
    ret->count = 0;
    for (char *save = NULL, *hash = strtok_r(text, ",", &save); hash && strcmp(hash, "-") != 0;
         hash = strtok_r(NULL, ",", &save)) {
        struct assay_digest digest;
        is_good = read_digest(hash, &digest) && is_good && ret->count < 2 * ASSAY_PROOF_HASHES_MAX;
        if (is_good) {
            memcpy(ret->hashes[ret->count++].bytes, digest.bytes, 32);
        }
    }
    return is_good;
}

static size_t check_file(const char *name, bool is_inclusion)
{
    char verdict[8], a[32], b[32], first[160], second[160], hashes[8192];
    FILE *file = open_data(name);
    size_t count = 0;
    while (fscanf(file, "%7s %31s %31s %159s %159s %8191s", verdict, a, b, first, second, hashes) == 6) {
        struct assay_digest x, y;
        struct assay_tlog_proof proof;
        uint64_t n = strtoull(a, NULL, 10), size = strtoull(b, NULL, 10);
        bool is_whole = read_digest(first, &x);
        is_whole = read_digest(second, &y) && is_whole;
        is_whole = is_whole || !is_inclusion; /* "dont care" as the root of a consistency case: padded */
        is_whole = read_proof(hashes, &proof) && is_whole;
        bool is_proven = is_whole && (is_inclusion ? assay_inclusion_is_proven(n, size, &x, &proof, &y)
                                                   : assay_consistency_is_proven(n, size, &x, &proof, &y));
        bool is_due = strcmp(verdict, "good") == 0;
        if (is_proven != is_due) {
            fail_msg("%s, case %zu: %s", name, count + 1, verdict);
        }
        count++;
    }
    (void)fclose(file);
    return count;
}

static void the_published_proofs_are_judged_as_published(void **state)
{
    (void)state;
    assert_int_equal(check_file("inclusion.txt", true), 98);
    assert_int_equal(check_file("consistency.txt", false), 98);
}

/* ---- what cannot be read ---- */

/* Fails at the n-th hash. */
static assay_code read_until(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    unsigned *left = context;
    if (*left == 0) {
        return assay_fail(err, ASSAY_IO, "no more");
    }
    --*left;
    return read_hash(NULL, level, index, ret, err);
}

static void no_proof_is_made_of_a_tree_that_cannot_be_read(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        unsigned n = 0;
        for (assay_code rc = ASSAY_IO; rc != ASSAY_OK; n++) {
            unsigned left = n;
            struct assay_tree_reader tree = {.read = read_until, .context = &left};
            struct assay_tlog_proof proof;
            struct assay_digest root;
            rc = kind == 0   ? assay_tree_root(&tree, 7, &root, NULL)
                 : kind == 1 ? assay_inclusion_make(&tree, 2, 7, &proof, NULL)
                             : assay_consistency_make(&tree, 3, 7, &proof, NULL);
            assert_true(rc == ASSAY_OK || rc == ASSAY_IO);
            assert_int_equal(left, 0); /* and no hash is read for nothing */
        }
        static const unsigned READS[] = {3, 4, 5}; /* 4+2+1; 3, 0-1, and 4-6 of two; 2, 3, 0-1, and 4-6 of two */
        assert_int_equal(n - 1, READS[kind]);
    }
}

static void a_proof_is_read_up_to_its_limit(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        char *bytes = calloc(1, ASSAY_TLOG_PROOF_BYTES_MAX + 2);
        struct assay_tlog_proof_file file;
        assert_non_null(bytes);
        memset(bytes, 'x', ASSAY_TLOG_PROOF_BYTES_MAX + over);
        assert_int_equal(assay_tlog_proof_read(bytes, ASSAY_TLOG_PROOF_BYTES_MAX + over, &file, NULL),
                         over ? ASSAY_TOO_LARGE : ASSAY_MALFORMED);
        free(bytes);
    }
}

/* ---- tiles ---- */

static void a_level_holds_a_hash_for_every_256_of_the_one_below(void **state)
{
    (void)state;
    static const struct {
        unsigned level;
        uint64_t size, due;
    } CASES[] = {{0, 0, 0},
                 {0, 1, 1},
                 {0, 257, 257},
                 {1, 0, 0},
                 {1, 255, 0},
                 {1, 256, 1},
                 {1, 511, 1},
                 {1, 512, 2},
                 {2, 65535, 0},
                 {2, 65536, 1},
                 {2, 131072, 2},
                 {3, 1 << 24, 1},
                 {6, INT64_MAX, (1 << 15) - 1},
                 {7, INT64_MAX, 127}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(assay_tile_hashes(CASES[i].level, CASES[i].size), CASES[i].due);
    }
}

static void tiles_are_named_in_groups_of_three_digits(void **state)
{
    (void)state;
    static const struct {
        struct assay_tile tile;
        const char *path;
    } CASES[] = {
        {{.number = 0, .width = 256}, "tile/0/000"},
        {{.level = 1, .number = 1, .width = 4}, "tile/1/001.p/4"},
        {{.number = 1234067, .width = 256}, "tile/0/x001/x234/067"},
        {{.number = 1000, .width = 255}, "tile/0/x001/000.p/255"},
        {{.is_entries = true, .number = 999, .width = 256}, "tile/entries/999"},
        {{.is_entries = true, .number = 70000, .width = 8}, "tile/entries/x070/000.p/8"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char path[ASSAY_TILE_PATH_BYTES];
        assay_tile_path(&CASES[i].tile, path);
        assert_string_equal(path, CASES[i].path);
    }
    struct assay_tile last = {.number = ASSAY_TREE_SIZE_MAX, .width = 1};
    char path[ASSAY_TILE_PATH_BYTES];
    assay_tile_path(&last, path);
    assert_string_equal(path, "tile/0/x009/x223/x372/x036/x854/x775/807.p/1");
}

static void entries_are_cut_off_as_they_were_put_in(void **state)
{
    (void)state;
    struct assay_buf bundle;
    assay_buf_init(&bundle, 70000);
    assert_int_equal(assay_entry_append("abc", 3, &bundle, NULL), ASSAY_OK);
    assert_int_equal(assay_entry_append("", 0, &bundle, NULL), ASSAY_OK);
    struct assay_slice rest = {bundle.data, bundle.len}, entry;
    assert_true(assay_entry_cut(&rest, &entry));
    assert_true(assay_slice_is(entry, "abc"));
    assert_true(assay_entry_cut(&rest, &entry));
    assert_int_equal(entry.len, 0);
    assert_false(assay_entry_cut(&rest, &entry));
    rest = (struct assay_slice){bundle.data, 4}; /* cut in the middle of the first */
    assert_false(assay_entry_cut(&rest, &entry));
    static char large[65536];
    assert_int_equal(assay_entry_append(large, sizeof large, &bundle, NULL), ASSAY_TOO_LARGE);
    assay_buf_clear(&bundle);
    assert_int_equal(assay_entry_append(large, sizeof large - 1, &bundle, NULL), ASSAY_OK);
    rest = (struct assay_slice){bundle.data, bundle.len};
    assert_true(assay_entry_cut(&rest, &entry));
    assert_int_equal(entry.len, sizeof large - 1);
    assert_int_equal(rest.len, 0);
    rest = (struct assay_slice){bundle.data, 1}; /* half a length */
    assert_false(assay_entry_cut(&rest, &entry));
    assay_buf_done(&bundle);
}

/* ---- proof files ---- */

static const char CHECKPOINT[] = "example.org/log\n6\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
                                 "\xe2\x80\x94 example.org/log AAAAAAA=\n";

static void a_proof_file_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct assay_tlog_proof_file file = {.index = 5, .checkpoint = {CHECKPOINT, sizeof CHECKPOINT - 1}}, read;
    struct assay_buf text;
    assert_int_equal(assay_inclusion_make(&TREE, 5, 6, &file.proof, NULL), ASSAY_OK);
    assay_buf_init(&text, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_tlog_proof_write(&file, &text);
    assert_int_equal(assay_tlog_proof_read(text.data, text.len, &read, NULL), ASSAY_OK);
    assert_int_equal(read.index, 5);
    assert_int_equal(read.proof.count, file.proof.count);
    assert_memory_equal(read.proof.hashes, file.proof.hashes, 32 * read.proof.count);
    assert_true(assay_slice_is(read.checkpoint, CHECKPOINT));
    assay_buf_done(&text);
}

static void what_is_no_proof_file_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "c2sp.org/tlog-proof@v2\nindex 1\n\nx\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\nx\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n\n",
    };
    struct assay_tlog_proof_file file;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (assay_tlog_proof_read(TEXTS[i], strlen(TEXTS[i]), &file, NULL) == ASSAY_OK) {
            fail_msg("case %zu was read", i);
        }
    }
}

static void a_proof_of_growth_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct assay_tlog_growth growth = {.old_size = 3, .checkpoint = {CHECKPOINT, sizeof CHECKPOINT - 1}}, read;
    struct assay_buf text;
    assert_int_equal(assay_consistency_make(&TREE, 3, 6, &growth.proof, NULL), ASSAY_OK);
    assay_buf_init(&text, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_tlog_growth_write(&growth, &text);
    assert_memory_equal(text.data, "old 3\n", 6);
    assert_int_equal(assay_tlog_growth_read(text.data, text.len, &read, NULL), ASSAY_OK);
    assert_int_equal(read.old_size, 3);
    assert_int_equal(read.proof.count, growth.proof.count);
    assert_memory_equal(read.proof.hashes, growth.proof.hashes, 32 * read.proof.count);
    assert_true(assay_slice_is(read.checkpoint, CHECKPOINT));
    assay_buf_done(&text);
}

static void what_is_no_proof_of_growth_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"",
                                        "old\n\nx\n",
                                        "old 01\n\nx\n",
                                        "old -1\n\nx\n",
                                        "new 1\n\nx\n",
                                        "old  1\n\nx\n",
                                        "old 1\nAAAA\n\nx\n",
                                        "old 1\n",
                                        "old 1\n\n",
                                        "old 1"};
    struct assay_tlog_growth growth;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (assay_tlog_growth_read(TEXTS[i], strlen(TEXTS[i]), &growth, NULL) == ASSAY_OK) {
            fail_msg("case %zu was read", i);
        }
    }
}

static void a_proof_has_at_most_63_hashes(void **state)
{
    (void)state;
    struct assay_tlog_proof_file file = {.proof = {.count = 63}, .checkpoint = {CHECKPOINT, sizeof CHECKPOINT - 1}},
                                 read;
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_tlog_proof_write(&file, &text);
    assert_int_equal(assay_tlog_proof_read(text.data, text.len, &read, NULL), ASSAY_OK);
    assay_buf_clear(&text);
    file.proof.count = 64;
    assay_tlog_proof_write(&file, &text);
    assert_int_equal(assay_tlog_proof_read(text.data, text.len, &read, NULL), ASSAY_TOO_LARGE);
    assay_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_from_perfect_subtrees_is_that_of_the_growing_tree),
        cmocka_unit_test(every_leaf_of_every_tree_is_proven_and_no_other),
        cmocka_unit_test(every_pair_of_sizes_is_consistent_and_other_roots_are_not),
        cmocka_unit_test(from_an_empty_log_nothing_is_proven),
        cmocka_unit_test(of_sizes_that_cannot_be_nothing_is_proven),
        cmocka_unit_test(a_proof_of_the_largest_tree_is_climbed_to_its_end),
        cmocka_unit_test(the_published_proofs_are_judged_as_published),
        cmocka_unit_test(tiles_are_named_in_groups_of_three_digits),
        cmocka_unit_test(a_level_holds_a_hash_for_every_256_of_the_one_below),
        cmocka_unit_test(no_proof_is_made_of_a_tree_that_cannot_be_read),
        cmocka_unit_test(a_proof_is_read_up_to_its_limit),
        cmocka_unit_test(entries_are_cut_off_as_they_were_put_in),
        cmocka_unit_test(a_proof_file_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_proof_file_is_refused),
        cmocka_unit_test(a_proof_of_growth_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_proof_of_growth_is_refused),
        cmocka_unit_test(a_proof_has_at_most_63_hashes),
    };
    return cmocka_run_group_tests_name("crypto_tlog", tests, NULL, NULL);
}
