/* Proofs and tiles. Any bytes as a proof prove nothing of a leaf and a root that they do not belong to, whatever index
 * and sizes they claim; a tree that is made of the bytes proves each of its own leaves, and no bit of a proof can be
 * missing. */
#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

#define LEAVES_MAX 40
#define HEAD_BYTES 17 /* a choice, index and size */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct leaves {
    const uint8_t *bytes;
    size_t len, count;
};

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* Leaf i is a byte of the input and its number, so that no two are the same. */
static void leaf_hash(const struct leaves *leaves, uint64_t i, struct assay_digest *ret)
{
    const char leaf[2] = {(char)leaves->bytes[i % leaves->len], (char)i};
    assay_merkle_leaf_hash(leaf, sizeof leaf, ret);
}

static void root_of(const struct leaves *leaves, uint64_t first, uint64_t end, struct assay_digest *ret)
{
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    for (uint64_t i = first; i < end; i++) {
        const char leaf[2] = {(char)leaves->bytes[i % leaves->len], (char)i};
        assay_merkle_add(&tree, leaf, sizeof leaf);
    }
    assay_merkle_root(&tree, ret);
}

static assay_code read_subtree(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    const struct leaves *leaves = context;
    (void)err;
    assert(((index + 1) << level) <= leaves->count);
    root_of(leaves, index << level, (index + 1) << level, ret);
    return ASSAY_OK;
}

static void on_own_tree(const uint8_t *bytes, size_t len)
{
    struct leaves leaves = {.bytes = bytes, .len = len, .count = 1 + bytes[0] % LEAVES_MAX};
    const struct assay_tree_reader tree = {.read = read_subtree, .context = &leaves};
    struct assay_digest root, old_root, leaf;
    struct assay_tlog_proof proof;
    uint64_t index = bytes[len - 1] % leaves.count, old_size = 1 + bytes[len / 2] % leaves.count;
    root_of(&leaves, 0, leaves.count, &root);
    root_of(&leaves, 0, old_size, &old_root);
    leaf_hash(&leaves, index, &leaf);
    assay_code rc = assay_inclusion_make(&tree, index, leaves.count, &proof, NULL);
    assert(rc == ASSAY_OK);
    assert(assay_inclusion_is_proven(index, leaves.count, &leaf, &proof, &root));
    for (size_t i = 0; i < proof.count; i++) {
        proof.hashes[i].bytes[bytes[i % len] % 32] ^= (unsigned char)(1 << i % 8);
        assert(!assay_inclusion_is_proven(index, leaves.count, &leaf, &proof, &root));
        proof.hashes[i].bytes[bytes[i % len] % 32] ^= (unsigned char)(1 << i % 8);
    }
    rc = assay_consistency_make(&tree, old_size, leaves.count, &proof, NULL);
    assert(rc == ASSAY_OK);
    assert(assay_consistency_is_proven(old_size, leaves.count, &old_root, &proof, &root));
    for (size_t i = 0; i < proof.count; i++) {
        proof.hashes[i].bytes[0] ^= 1;
        assert(!assay_consistency_is_proven(old_size, leaves.count, &old_root, &proof, &root));
        proof.hashes[i].bytes[0] ^= 1;
    }
}

static void on_foreign_proof(const uint8_t *bytes, size_t len)
{
    struct assay_tlog_proof proof = {.count = 0};
    struct assay_digest leaf = {{1}}, root = {{2}}; /* nobody knows what hashes to these */
    uint64_t index = get_u64(bytes + 1), size = get_u64(bytes + 9);
    size_t hashes = (len - HEAD_BYTES) / 32;
    for (size_t i = 0; i < hashes && i < sizeof proof.hashes / sizeof proof.hashes[0]; i++) {
        memcpy(proof.hashes[proof.count++].bytes, bytes + HEAD_BYTES + 32 * i, 32);
    }
    assert(!assay_inclusion_is_proven(index, size, &leaf, &proof, &root));
    assert(!assay_consistency_is_proven(index, size, &leaf, &proof, &root));
    const struct assay_tile tile = {.is_entries = bytes[0] & 1,
                                    .level = bytes[0] % ASSAY_TILE_LEVELS,
                                    .number = index >> 8,
                                    .width = 1 + bytes[0] % ASSAY_TILE_WIDTH};
    char path[ASSAY_TILE_PATH_BYTES];
    assay_tile_path(&tile, path);
    assert(strlen(path) < sizeof path && strncmp(path, "tile/", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (assay_crypto_init(NULL) != ASSAY_OK || len == 0) {
        return 0;
    }
    on_own_tree(bytes, len);
    if (len >= HEAD_BYTES) {
        on_foreign_proof(bytes, len);
    }
    return 0;
}
