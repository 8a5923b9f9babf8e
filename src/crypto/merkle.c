#include "crypto/crypto.h"

#include "crypto/sha256_fast.h"

#include <assert.h>
#include <string.h>

/* RFC 6962 prefixes: a leaf can never pass for a node */
#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

#define LEVEL_MAX (ASSAY_TILE_WIDTH / 2)        /* nodes above the hashes of a tile */
#define WAITING_MAX (SHA256_TWO_BLOCKS_MAX + 1) /* a message has one block or more */

void assay_merkle_leaf_hash(const void *leaf, size_t len, struct assay_digest *ret)
{
    sha256_of_prefixed(LEAF_PREFIX, leaf, len, ret);
}

/* Leaves of one number of blocks in pairs: each waits for the next of its kind. */
void assay_merkle_leaf_hashes(const struct assay_slice *leaves, size_t count, struct assay_digest *const *ret)
{
    size_t waiting[WAITING_MAX] = {0}; /* by number of blocks: a leaf and 1 */
    bool is_fast = sha256_fast_is_there();
    for (size_t i = 0; i < count; i++) {
        size_t blocks = sha256_prefixed_blocks(leaves[i].len);
        size_t *other = is_fast && blocks < WAITING_MAX ? &waiting[blocks] : NULL;
        if (!other) {
            assay_merkle_leaf_hash(leaves[i].data, leaves[i].len, ret[i]);
        } else if (*other == 0) {
            *other = i + 1;
        } else {
            size_t j = *other - 1;
            sha256_of_prefixed_two(LEAF_PREFIX, (const void *const[]){leaves[j].data, leaves[i].data},
                                   (const size_t[]){leaves[j].len, leaves[i].len},
                                   (struct assay_digest *const[]){ret[j], ret[i]});
            *other = 0;
        }
    }
    for (size_t blocks = 0; blocks < WAITING_MAX; blocks++) {
        if (waiting[blocks] > 0) {
            size_t i = waiting[blocks] - 1;
            assay_merkle_leaf_hash(leaves[i].data, leaves[i].len, ret[i]);
        }
    }
}

void assay_merkle_node_hash(const struct assay_digest *left, const struct assay_digest *right, struct assay_digest *ret)
{
    unsigned char bytes[1 + 2 * ASSAY_DIGEST_BYTES] = {NODE_PREFIX}; /* in one piece: most of a proof is this */
    memcpy(bytes + 1, left->bytes, ASSAY_DIGEST_BYTES);
    memcpy(bytes + 1 + ASSAY_DIGEST_BYTES, right->bytes, ASSAY_DIGEST_BYTES);
    assay_sha256_of(bytes, sizeof bytes, ret);
}

/* One level up, an even number of nodes; ret may be where the hashes are. */
static void join_level(const struct assay_digest *hashes, size_t nodes, bool is_fast, struct assay_digest *ret)
{
    for (size_t i = 0; i < nodes; i += 2) {
        const struct assay_digest *four = &hashes[2 * i];
        if (is_fast) {
            sha256_of_prefixed_two(NODE_PREFIX, (const void *const[]){&four[0], &four[2]},
                                   (const size_t[]){2 * ASSAY_DIGEST_BYTES, 2 * ASSAY_DIGEST_BYTES},
                                   (struct assay_digest *const[]){&ret[i], &ret[i + 1]});
        } else {
            assay_merkle_node_hash(&four[0], &four[1], &ret[i]);
            assay_merkle_node_hash(&four[2], &four[3], &ret[i + 1]);
        }
    }
}

void assay_merkle_perfect_root(const struct assay_digest *hashes, size_t count, struct assay_digest *ret)
{
    struct assay_digest level[LEVEL_MAX];
    bool is_fast = sha256_fast_is_there();
    assert(count > 0 && count <= ASSAY_TILE_WIDTH && (count & (count - 1)) == 0);
    if (count == 1) {
        *ret = hashes[0];
        return;
    }
    for (size_t nodes = count / 2; nodes > 1; nodes /= 2) {
        join_level(hashes, nodes, is_fast, level);
        hashes = level;
    }
    assay_merkle_node_hash(&hashes[0], &hashes[1], ret);
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
