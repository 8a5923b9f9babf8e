#include "crypto/crypto.h"

#include "crypto/sha256_fast.h"

#include <assert.h>
#include <string.h>

/* RFC 6962 prefixes: a leaf can never pass for a node */
#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

void assay_merkle_leaf_hash(const void *leaf, size_t len, struct assay_digest *ret)
{
    sha256_of_prefixed(LEAF_PREFIX, leaf, len, ret);
}

void assay_merkle_node_hash(const struct assay_digest *left, const struct assay_digest *right, struct assay_digest *ret)
{
    unsigned char bytes[1 + 2 * ASSAY_DIGEST_BYTES] = {NODE_PREFIX}; /* in one piece: most of a proof is this */
    memcpy(bytes + 1, left->bytes, ASSAY_DIGEST_BYTES);
    memcpy(bytes + 1 + ASSAY_DIGEST_BYTES, right->bytes, ASSAY_DIGEST_BYTES);
    assay_sha256_of(bytes, sizeof bytes, ret);
}

void assay_merkle_init(struct assay_merkle *tree)
{
    *tree = (struct assay_merkle){.count = 0};
}

/* As adding a power of two to a binary counter: each carry joins two perfect subtrees of one size. */
void assay_merkle_add_subtree(struct assay_merkle *tree, unsigned level, const struct assay_digest *hash)
{
    const uint64_t leaves = (uint64_t)1 << level;
    assert(level < ASSAY_MERKLE_LEVELS && tree->count % leaves == 0 && tree->count <= UINT64_MAX - leaves);
    struct assay_digest subtree = *hash;
    for (uint64_t rest = tree->count >> level; rest & 1; rest >>= 1) {
        assay_merkle_node_hash(&tree->edge[level], &subtree, &subtree);
        level++;
    }
    tree->edge[level] = subtree;
    tree->count += leaves;
}

void assay_merkle_add_hash(struct assay_merkle *tree, const struct assay_digest *leaf_hash)
{
    assay_merkle_add_subtree(tree, 0, leaf_hash);
}

void assay_merkle_add(struct assay_merkle *tree, const void *leaf, size_t len)
{
    struct assay_digest hash;
    assay_merkle_leaf_hash(leaf, len, &hash);
    assay_merkle_add_hash(tree, &hash);
}

/* The tree splits at the largest power of two below its size: the subtrees of the edge join from the smallest up. */
void assay_merkle_root(const struct assay_merkle *tree, struct assay_digest *ret)
{
    struct assay_digest root;
    bool has_root = false;
    for (unsigned level = 0; level < ASSAY_MERKLE_LEVELS; level++) {
        if (!(tree->count >> level & 1)) {
            continue;
        }
        if (has_root) {
            assay_merkle_node_hash(&tree->edge[level], &root, &root);
        } else {
            root = tree->edge[level];
            has_root = true;
        }
    }
    if (!has_root) {
        assay_sha256_of("", 0, &root);
    }
    *ret = root;
}
