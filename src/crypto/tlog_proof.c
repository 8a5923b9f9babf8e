#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

static void digest_of(const struct assay_tlog_proof *proof, size_t i, struct assay_digest *ret)
{
    memcpy(ret->bytes, proof->hashes[i].bytes, sizeof ret->bytes);
}

/* ---- checking (RFC 9162, sections 2.1.3.2 and 2.1.4.2) ---- */

/* Where the climb stands: fn is the place of the node on its level, sn that of the last one. */
struct climb {
    uint64_t fn, sn;
};

/* Whether the next hash of the proof stands to the left; goes on to the level above. Below the top: sn > 0. */
static bool step_is_left(struct climb *at)
{
    bool is_left = (at->fn & 1) || at->fn == at->sn;
    if (is_left) { /* so fn > 0 */
        while (!(at->fn & 1)) {
            at->fn >>= 1;
            at->sn >>= 1;
        }
    }
    at->fn >>= 1;
    at->sn >>= 1;
    return is_left;
}

bool assay_inclusion_is_proven(uint64_t index, uint64_t size, const struct assay_digest *leaf_hash,
                               const struct assay_tlog_proof *proof, const struct assay_digest *root)
{
    if (index >= size || size > ASSAY_TREE_SIZE_MAX) {
        return false;
    }
    struct climb at = {.fn = index, .sn = size - 1};
    struct assay_digest here = *leaf_hash, other;
    for (size_t i = 0; i < proof->count; i++) {
        if (at.sn == 0) {
            return false;
        }
        digest_of(proof, i, &other);
        bool is_left = step_is_left(&at);
        assay_merkle_node_hash(is_left ? &other : &here, is_left ? &here : &other, &here);
    }
    return at.sn == 0 && assay_digest_equal(&here, root);
}

static bool climb_both(struct climb at, const struct assay_tlog_proof *proof, size_t first,
                       const struct assay_digest *start, const struct assay_digest *old_root,
                       const struct assay_digest *root)
{
    struct assay_digest old_here = *start, here = *start, other;
    assert(first <= proof->count);
    for (size_t i = first; i < proof->count; i++) {
        if (at.sn == 0) {
            return false;
        }
        digest_of(proof, i, &other);
        if (step_is_left(&at)) {
            assay_merkle_node_hash(&other, &old_here, &old_here);
            assay_merkle_node_hash(&other, &here, &here);
        } else {
            assay_merkle_node_hash(&here, &other, &here);
        }
    }
    return at.sn == 0 && assay_digest_equal(&old_here, old_root) && assay_digest_equal(&here, root);
}

bool assay_consistency_is_proven(uint64_t old_size, uint64_t size, const struct assay_digest *old_root,
                                 const struct assay_tlog_proof *proof, const struct assay_digest *root)
{
    if (old_size == 0 || old_size > size || size > ASSAY_TREE_SIZE_MAX) {
        return false;
    }
    if (old_size == size) {
        return proof->count == 0 && assay_digest_equal(old_root, root);
    }
    struct climb at = {.fn = old_size - 1, .sn = size - 1};
    while (at.fn & 1) {
        at.fn >>= 1;
        at.sn >>= 1;
    }
    bool is_whole = (old_size & (old_size - 1)) == 0; /* a perfect tree: its root is where the climb starts */
    struct assay_digest start = *old_root;
    if (!is_whole) {
        if (proof->count == 0) {
            return false;
        }
        digest_of(proof, 0, &start);
    }
    return climb_both(at, proof, is_whole ? 0 : 1, &start, old_root, root);
}

/* ---- making (RFC 6962, sections 2.1.1 and 2.1.2) ---- */

/* The largest power of two that is not above n, as an exponent. */
static unsigned floor_level(uint64_t n)
{
    unsigned level = 0;
    while (n >> (level + 1)) {
        level++;
    }
    return level;
}

/* The largest one below n > 1: where RFC 6962 cuts n leaves in two. */
static unsigned split_level(uint64_t n)
{
    return floor_level(n - 1);
}

/* Root of the leaves first .. first + n - 1: perfect subtrees from left to right, joined from the right. */
static assay_code range_root(const struct assay_tree_reader *tree, uint64_t first, uint64_t n, struct assay_digest *ret,
                             assay_err *err)
{
    struct assay_digest parts[ASSAY_MERKLE_LEVELS];
    size_t count = 0;
    while (n > 0) {
        unsigned level = floor_level(n);
        assay_code rc = tree->read(tree->context, level, first >> level, &parts[count++], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        first += (uint64_t)1 << level;
        n -= (uint64_t)1 << level;
    }
    assert(count > 0);
    *ret = parts[--count];
    while (count > 0) {
        assay_merkle_node_hash(&parts[--count], ret, ret);
    }
    return ASSAY_OK;
}

assay_code assay_tree_root(const struct assay_tree_reader *tree, uint64_t size, struct assay_digest *ret,
                           assay_err *err)
{
    assert(size <= ASSAY_TREE_SIZE_MAX);
    if (size == 0) {
        assay_sha256_of("", 0, ret);
        return ASSAY_OK;
    }
    return range_root(tree, 0, size, ret, err);
}

static assay_code push(const struct assay_tree_reader *tree, uint64_t first, uint64_t n, struct assay_tlog_proof *proof,
                       assay_err *err)
{
    struct assay_digest digest;
    assay_code rc = range_root(tree, first, n, &digest, err);
    if (rc == ASSAY_OK) {
        memcpy(proof->hashes[proof->count++].bytes, digest.bytes, sizeof digest.bytes);
    }
    return rc;
}

/* Both proofs are found from the root down and written from the leaf up. */
static void reverse(struct assay_tlog_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct assay_hash swap = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = swap;
    }
}

assay_code assay_inclusion_make(const struct assay_tree_reader *tree, uint64_t index, uint64_t size,
                                struct assay_tlog_proof *ret, assay_err *err)
{
    assert(index < size && size <= ASSAY_TREE_SIZE_MAX);
    uint64_t first = 0, n = size;
    assay_code rc = ASSAY_OK;
    ret->count = 0;
    while (n > 1 && rc == ASSAY_OK) {
        uint64_t half = (uint64_t)1 << split_level(n);
        if (index - first < half) {
            rc = push(tree, first + half, n - half, ret, err);
            n = half;
        } else {
            rc = push(tree, first, half, ret, err);
            first += half;
            n -= half;
        }
    }
    reverse(ret);
    return rc;
}

assay_code assay_consistency_make(const struct assay_tree_reader *tree, uint64_t old_size, uint64_t size,
                                  struct assay_tlog_proof *ret, assay_err *err)
{
    assert(old_size > 0 && old_size <= size && size <= ASSAY_TREE_SIZE_MAX);
    uint64_t first = 0, old_n = old_size, n = size;
    assay_code rc = ASSAY_OK;
    ret->count = 0;
    while (old_n != n && rc == ASSAY_OK) {
        uint64_t half = (uint64_t)1 << split_level(n);
        if (old_n <= half) {
            rc = push(tree, first + half, n - half, ret, err);
            n = half;
        } else {
            rc = push(tree, first, half, ret, err);
            first += half;
            old_n -= half;
            n -= half;
        }
    }
    if (rc == ASSAY_OK && first > 0) { /* else the old root itself is this node, and the reader has it */
        rc = push(tree, first, n, ret, err);
    }
    reverse(ret);
    return rc;
}
