/* Digests and trees. Run twice: by the instructions of this processor, and without them (test_crypto_digest_portable).
 */
#include "crypto/crypto.h"
#include "crypto/sha256_fast.h"
#include "support/instructions.h"
#include "support/source_root.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_digest(const struct assay_digest *digest, const char *expected)
{
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_digest_print(digest, text);
    assert_string_equal(text, expected);
}

static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    struct assay_digest digest;
    assay_sha256_of("", 0, &digest);
    assert_digest(&digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assay_sha256_of("abc", 3, &digest);
    assert_digest(&digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    for (int i = 0; i < 1000000; i++) {
        assay_sha256_add(&hash, "a", 1);
    }
    assay_sha256_end(&hash, &digest);
    assert_digest(&digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void a_digest_is_read_from_exactly_64_lowercase_hex_digits(void **state)
{
    (void)state;
    struct assay_digest digest, copy;
    char text[ASSAY_DIGEST_TEXT_BYTES], longer[ASSAY_DIGEST_TEXT_BYTES + 1];
    assay_sha256_of("abc", 3, &digest);
    assay_digest_print(&digest, text);
    assert_true(assay_digest_read(text, &copy));
    assert_true(assay_digest_equal(&digest, &copy));
    (void)snprintf(longer, sizeof longer, "%s0", text);
    assert_false(assay_digest_read(longer, &copy));
    text[0] = 'B';
    assert_false(assay_digest_read(text, &copy));
    text[0] = 'b';
    text[63] = '\0';
    assert_false(assay_digest_read(text, &copy));
    copy.bytes[31] ^= 1;
    assert_false(assay_digest_equal(&digest, &copy));
}

static void every_byte_in_a_text_of_a_digest_is_a_lowercase_hex_digit_or_refused(void **state)
{
    (void)state;
    static const size_t PLACES[] = {0, 1, 31, 62, 63};
    static const char HEX[] = "0123456789abcdef";
    for (size_t k = 0; k < sizeof PLACES / sizeof PLACES[0]; k++) {
        for (int c = 0; c < 256; c++) {
            struct assay_digest digest = {{0}};
            char text[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", again[sizeof text];
            text[PLACES[k]] = (char)c;
            bool is_digit = c != 0 && strchr(HEX, c) != NULL;
            assert_int_equal(assay_digest_read(text, &digest), is_digit);
            assay_digest_print(&digest, again);
            if (is_digit) {
                assert_string_equal(again, text);
            } else { /* what is refused changes nothing */
                assert_digest(&digest, "0000000000000000000000000000000000000000000000000000000000000000");
            }
        }
    }
}

static void the_instructions_are_used_where_the_processor_has_them(void **state)
{
    (void)state;
    assert_int_equal(sha256_fast_is_there(), has_sha_instructions());
}

static void no_bytes_are_hashed_wherever_they_stand(void **state)
{
    (void)state;
    static const char EMPTY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct assay_digest digest;
    struct assay_sha256 hash;
    assay_sha256_of(NULL, 0, &digest);
    assert_digest(&digest, EMPTY);
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, NULL, 0);
    assay_sha256_end(&hash, &digest);
    assert_digest(&digest, EMPTY);
    assay_merkle_leaf_hash(NULL, 0, &digest);
    assert_digest(&digest, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

/* ---- Merkle tree ---- */

/* The eight leaves with which certificate transparency implementations test, and their roots. */
static const struct {
    const char *data;
    size_t len;
    const char *root; /* of the leaves up to and with this one */
} LEAVES[] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void merkle_roots_are_those_of_rfc_6962_at_every_size(void **state)
{
    (void)state;
    struct assay_merkle tree;
    struct assay_digest root;
    assay_merkle_init(&tree);
    assay_merkle_root(&tree, &root);
    assert_digest(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof LEAVES / sizeof LEAVES[0]; i++) {
        assay_merkle_add(&tree, LEAVES[i].data, LEAVES[i].len);
        assay_merkle_root(&tree, &root);
        assert_digest(&root, LEAVES[i].root);
    }
}

/* RFC 6962 as it is defined: split at the largest power of two below n. */
static void root_by_definition(const struct assay_digest *leaves, size_t n, struct assay_digest *ret)
{
    if (n == 1) {
        *ret = leaves[0];
        return;
    }
    size_t k = 1;
    while (2 * k < n) {
        k *= 2;
    }
    struct assay_digest left, right;
    root_by_definition(leaves, k, &left);
    root_by_definition(leaves + k, n - k, &right);
    assay_merkle_node_hash(&left, &right, ret);
}

static void the_incremental_root_is_the_recursive_one_for_sizes_up_to_300(void **state)
{
    (void)state;
    enum { SIZE_MAX_TESTED = 300 };
    static struct assay_digest leaves[SIZE_MAX_TESTED];
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    for (size_t n = 1; n <= SIZE_MAX_TESTED; n++) {
        assay_merkle_leaf_hash(&n, sizeof n, &leaves[n - 1]);
        assay_merkle_add_hash(&tree, &leaves[n - 1]);
        assert_int_equal(tree.count, n);
        struct assay_digest expected, root;
        root_by_definition(leaves, n, &expected);
        assay_merkle_root(&tree, &root);
        assert_true(assay_digest_equal(&root, &expected));
    }
}

static void a_perfect_root_is_the_recursive_one(void **state)
{
    (void)state;
    static struct assay_digest leaves[ASSAY_TILE_WIDTH], before[ASSAY_TILE_WIDTH];
    for (size_t n = 0; n < ASSAY_TILE_WIDTH; n++) {
        assay_merkle_leaf_hash(&n, sizeof n, &leaves[n]);
    }
    memcpy(before, leaves, sizeof before);
    for (size_t n = 1; n <= ASSAY_TILE_WIDTH; n *= 2) {
        struct assay_digest expected, root;
        root_by_definition(leaves, n, &expected);
        assay_merkle_perfect_root(leaves, n, &root);
        assert_true(assay_digest_equal(&root, &expected));
    }
    assert_memory_equal(leaves, before, sizeof before);
}

/* Of every size, as its largest perfect subtrees from the left. */
static void a_tree_of_perfect_subtrees_is_that_of_their_leaves(void **state)
{
    (void)state;
    enum { SIZE_MAX_TESTED = 300 };
    static struct assay_digest leaves[SIZE_MAX_TESTED];
    for (size_t n = 1; n <= SIZE_MAX_TESTED; n++) {
        struct assay_merkle tree;
        struct assay_digest subtree, expected, root;
        assay_merkle_leaf_hash(&n, sizeof n, &leaves[n - 1]);
        assay_merkle_init(&tree);
        for (unsigned level = 9; level-- > 0;) {
            if (n >> level & 1) {
                root_by_definition(leaves + tree.count, (size_t)1 << level, &subtree);
                assay_merkle_add_subtree(&tree, level, &subtree);
            }
        }
        assert_int_equal(tree.count, n);
        root_by_definition(leaves, n, &expected);
        assay_merkle_root(&tree, &root);
        assert_true(assay_digest_equal(&root, &expected));
        assay_merkle_init(&tree);
        for (size_t tiles = 0; (tiles + 1) * 4 <= n; tiles++) { /* and as subtrees of one size, as tiles are */
            root_by_definition(leaves + 4 * tiles, 4, &subtree);
            assay_merkle_add_subtree(&tree, 2, &subtree);
        }
        if (n >= 4) {
            root_by_definition(leaves, n / 4 * 4, &expected);
            assay_merkle_root(&tree, &root);
            assert_true(assay_digest_equal(&root, &expected));
        }
    }
}

/* Aumasson and Bernstein, 2012, appendix A. */
static void siphash_gives_the_published_value(void **state)
{
    (void)state;
    unsigned char seed[ASSAY_SIPHASH_SEED_BYTES], bytes[15];
    for (unsigned char i = 0; i < sizeof seed; i++) {
        seed[i] = i;
        bytes[i % sizeof bytes] = (unsigned char)(i % sizeof bytes);
    }
    assert_true(assay_siphash(seed, bytes, sizeof bytes) == UINT64_C(0xa129ca6149be45e5));
}

/* Whatever computes the blocks here: every length up to five blocks, cut in two at every place. */
static void sha256_is_libsodiums_for_every_length_and_cut(void **state)
{
    (void)state;
    unsigned char bytes[5 * 64], due[ASSAY_DIGEST_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * 131 + 7);
    }
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct assay_digest whole;
        assert_int_equal(crypto_hash_sha256(due, bytes, len), 0);
        assay_sha256_of(bytes, len, &whole);
        assert_memory_equal(whole.bytes, due, sizeof due);
        for (size_t cut = 0; cut <= len; cut++) {
            struct assay_sha256 hash;
            struct assay_digest digest;
            assay_sha256_init(&hash);
            assay_sha256_add(&hash, bytes, cut);
            assay_sha256_add(&hash, bytes + cut, len - cut);
            assay_sha256_end(&hash, &digest);
            assert_memory_equal(digest.bytes, due, sizeof due);
        }
    }
}

static void a_leaf_is_hashed_behind_a_zero_whatever_its_length(void **state)
{
    (void)state;
    unsigned char bytes[5 * 64] = {0}, due[ASSAY_DIGEST_BYTES];
    for (size_t i = 1; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * 131 + 7);
    }
    for (size_t len = 0; len < sizeof bytes; len++) {
        struct assay_digest leaf;
        assert_int_equal(crypto_hash_sha256(due, bytes, len + 1), 0);
        assay_merkle_leaf_hash(bytes + 1, len, &leaf);
        assert_memory_equal(leaf.bytes, due, sizeof due);
    }
}

/* Of every length up to what is hashed in pairs and beyond, in an order in which like lengths meet, and others not. */
static void leaves_hashed_together_are_as_each_alone(void **state)
{
    (void)state;
    enum { COUNT = 3 * 4300, STEP = 1777 }; /* STEP: prime to 4,300 */
    static unsigned char bytes[4300];
    static struct assay_slice leaves[COUNT];
    static struct assay_digest together[COUNT], *places[COUNT];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * 131 + i / 256);
    }
    for (size_t i = 0; i < COUNT; i++) {
        size_t len = i < 4300 ? i : i * STEP % 4300;
        leaves[i] = (struct assay_slice){(const char *)bytes + (sizeof bytes - len) / 2, len};
        places[i] = &together[i];
    }
    assay_merkle_leaf_hashes(leaves, COUNT, places);
    for (size_t i = 0; i < COUNT; i++) {
        struct assay_digest alone;
        assay_merkle_leaf_hash(leaves[i].data, leaves[i].len, &alone);
        assert_true(assay_digest_equal(&alone, &together[i]));
    }
}

/* Shortest and longest of each number of blocks, from one block to more than are hashed in pairs. */
static void a_leaf_that_finds_no_other_is_hashed_alone(void **state)
{
    (void)state;
    enum { BLOCKS = SHA256_TWO_BLOCKS_MAX + 2, FRAME = 10 }; /* FRAME: prefix, end mark and length */
    static unsigned char bytes[BLOCKS * SHA256_BLOCK_BYTES];
    struct assay_slice leaves[BLOCKS];
    struct assay_digest due[BLOCKS], found[BLOCKS], *places[BLOCKS];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * 131 + i / 256);
    }
    for (int is_longest = 0; is_longest < 2; is_longest++) {
        memset(found, 0, sizeof found);
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t len =
                is_longest ? (i + 1) * SHA256_BLOCK_BYTES - FRAME : i * SHA256_BLOCK_BYTES - (i ? FRAME - 1 : 0);
            assert_int_equal(sha256_prefixed_blocks(len), i + 1);
            leaves[i] = (struct assay_slice){(const char *)bytes + i, len};
            places[i] = &found[i];
            assay_merkle_leaf_hash(leaves[i].data, leaves[i].len, &due[i]);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            assay_merkle_leaf_hashes(leaves + i, 1, places + i); /* alone */
            assert_true(assay_digest_equal(&due[i], &found[i]));
        }
        memset(found, 0, sizeof found);
        assay_merkle_leaf_hashes(leaves, BLOCKS, places); /* among those of other lengths */
        assert_memory_equal(found, due, sizeof due);
    }
    assay_merkle_leaf_hashes(NULL, 0, NULL);
}

/* ---- DSSE, and the worked example of the receipt format ---- */

static void the_pae_is_that_of_the_dsse_protocol(void **state)
{
    (void)state;
    struct assay_buf pae;
    assay_buf_init(&pae, 256);
    assay_dsse_pae(&pae, "http://example.com/HelloWorld", 29, "hello world", 11);
    assert_string_equal(pae.data, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    assay_buf_clear(&pae);
    assay_dsse_pae(&pae, "", 0, "", 0);
    assert_string_equal(pae.data, "DSSEv1 0  0 ");
    struct assay_digest built, streamed;
    assay_sha256_of(pae.data, pae.len, &built);
    assay_dsse_pae_digest("", 0, "", 0, &streamed);
    assert_true(assay_digest_equal(&built, &streamed));
    assay_buf_done(&pae);
}

static void the_worked_example_has_the_published_payload_and_digests(void **state)
{
    (void)state;
    char path[4096];
    struct assay_buf text, payload, pae;
    assay_buf_init(&text, 1 << 20);
    assay_buf_init(&payload, 1 << 20);
    assay_buf_init(&pae, 1 << 20);
    (void)snprintf(path, sizeof path, "%s/tests/data/receipt-example.json", source_root());
    assert_int_equal(assay_buf_read_file(&text, path, NULL), ASSAY_OK);
    json_t *root = NULL;
    assert_int_equal(assay_json_read(text.data, text.len, &assay_json_limits_receipt, &root, NULL), ASSAY_OK);
    assert_int_equal(assay_json_canon(root, &payload, NULL), ASSAY_OK);
    assert_int_equal(payload.len, 4588);
    struct assay_digest digest;
    assay_sha256_of(payload.data, payload.len, &digest);
    assert_digest(&digest, "c2d9498fe797b07bdf873f1b0723346b9e8dc52c0bb99936692476847faf6763");
    assay_dsse_pae(&pae, ASSAY_DSSE_IN_TOTO_TYPE, strlen(ASSAY_DSSE_IN_TOTO_TYPE), payload.data, payload.len);
    assay_sha256_of(pae.data, pae.len, &digest);
    assert_digest(&digest, "ba4a5a976cd0f7b9bdfae365ed68ac94a33bb4b1a070d52261dc04074e3b7c08");
    assay_dsse_pae_digest(ASSAY_DSSE_IN_TOTO_TYPE, strlen(ASSAY_DSSE_IN_TOTO_TYPE), payload.data, payload.len, &digest);
    assert_digest(&digest, "ba4a5a976cd0f7b9bdfae365ed68ac94a33bb4b1a070d52261dc04074e3b7c08");
    const char *stated = NULL;
    json_t *samples = assay_json_at(root, "/predicate/samples");
    assert_int_equal(assay_json_get_text(samples, "root", "", &stated, NULL), ASSAY_OK);
    assay_merkle_leaf_hash("example chunk", 13, &digest);
    assert_digest(&digest, stated);
    json_decref(root);
    assay_buf_done(&text);
    assay_buf_done(&payload);
    assay_buf_done(&pae);
}

int main(void)
{
    assay_err err = {0};
    assay_json_init();
    if (assay_crypto_init(&err) != ASSAY_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(a_perfect_root_is_the_recursive_one),
        cmocka_unit_test(a_tree_of_perfect_subtrees_is_that_of_their_leaves),
        cmocka_unit_test(siphash_gives_the_published_value),
        cmocka_unit_test(sha256_is_libsodiums_for_every_length_and_cut),
        cmocka_unit_test(a_leaf_is_hashed_behind_a_zero_whatever_its_length),
        cmocka_unit_test(the_instructions_are_used_where_the_processor_has_them),
        cmocka_unit_test(no_bytes_are_hashed_wherever_they_stand),
        cmocka_unit_test(every_byte_in_a_text_of_a_digest_is_a_lowercase_hex_digit_or_refused),
        cmocka_unit_test(leaves_hashed_together_are_as_each_alone),
        cmocka_unit_test(a_leaf_that_finds_no_other_is_hashed_alone),
        cmocka_unit_test(a_digest_is_read_from_exactly_64_lowercase_hex_digits),
        cmocka_unit_test(merkle_roots_are_those_of_rfc_6962_at_every_size),
        cmocka_unit_test(the_incremental_root_is_the_recursive_one_for_sizes_up_to_300),
        cmocka_unit_test(the_pae_is_that_of_the_dsse_protocol),
        cmocka_unit_test(the_worked_example_has_the_published_payload_and_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
