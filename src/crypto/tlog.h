/*
 * Transparency logs: proofs over Merkle trees (RFC 6962, section 2.1), tiles (c2sp.org/tlog-tiles) and proof files
 * (c2sp.org/tlog-proof). Trees are those of crypto.h.
 *
 * Tiles hold 256 hashes of one level: the hash at level L of a tile is the root of 256^L leaves. Everything in a tree
 * is computed from the full hashes in tiles; a reader callback gives them.
 */
#ifndef ASSAY_CRYPTO_TLOG_H
#define ASSAY_CRYPTO_TLOG_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct assay_digest;

#define ASSAY_TREE_SIZE_MAX ((uint64_t)INT64_MAX) /* c2sp.org: sizes fit a signed 64-bit number */
#define ASSAY_PROOF_HASHES_MAX 63                 /* the height of the largest tree */
#define ASSAY_TILE_WIDTH 256
#define ASSAY_TILE_LEVEL_BITS 8 /* levels of the tree in a tile */
#define ASSAY_TILE_LEVELS 8 /* 256^8 leaves */
#define ASSAY_TILE_PATH_BYTES 128

struct assay_tlog_proof {
    size_t count;
    struct assay_hash {
        unsigned char bytes[32];
    } hashes[2 * ASSAY_PROOF_HASHES_MAX]; /* a consistency proof may have twice the height, less two */
};

/* ---- proofs: true iff they prove it; no other outcome ---- */

bool assay_inclusion_is_proven(uint64_t index, uint64_t size, const struct assay_digest *leaf_hash,
                               const struct assay_tlog_proof *proof, const struct assay_digest *root);
/* From size 0 nothing can be proven: false. Equal sizes: an empty proof and equal roots. */
bool assay_consistency_is_proven(uint64_t old_size, uint64_t size, const struct assay_digest *old_root,
                                 const struct assay_tlog_proof *proof, const struct assay_digest *root);

/* ---- a tree that is read from somewhere ---- */

/* Gives the hash of the perfect subtree of 2^level leaves that starts at leaf index << level. */
struct assay_tree_reader {
    assay_code (*read)(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err);
    void *context;
};

/* Root of leaves first .. last-1 of a log; first is a multiple of a power of two >= last - first, or 0. */
assay_code assay_tree_root(const struct assay_tree_reader *tree, uint64_t size, struct assay_digest *ret,
                           assay_err *err);
assay_code assay_inclusion_make(const struct assay_tree_reader *tree, uint64_t index, uint64_t size,
                                struct assay_tlog_proof *ret, assay_err *err);
/* 0 < old_size <= size: BUG otherwise. */
assay_code assay_consistency_make(const struct assay_tree_reader *tree, uint64_t old_size, uint64_t size,
                                  struct assay_tlog_proof *ret, assay_err *err);

/* ---- tiles ---- */

struct assay_tile {
    bool is_entries; /* tile/entries/N: the entries themselves; level counts for the others */
    unsigned level;
    uint64_t number;
    unsigned width; /* 1 .. 256 */
};

/* "tile/0/x001/x234/067.p/8". */
void assay_tile_path(const struct assay_tile *tile, char ret[ASSAY_TILE_PATH_BYTES]);
/* How many hashes level `level` has at this tree size. */
uint64_t assay_tile_hashes(unsigned level, uint64_t size);

/* Entry bundles: each entry big-endian u16 length and bytes. Cuts one entry off; false if the bytes do not hold one. */
bool assay_entry_cut(struct assay_slice *rest, struct assay_slice *ret);
assay_code assay_entry_append(const char *bytes, size_t len, struct assay_buf *out, assay_err *err);

/* ---- proof files ---- */

#define ASSAY_TLOG_PROOF_BYTES_MAX ((size_t)64 << 10) /* 63 lines of 45 bytes, and a checkpoint with 100 signatures */

struct assay_tlog_proof_file {
    uint64_t index;
    struct assay_tlog_proof proof;
    struct assay_slice checkpoint; /* the signed note; borrowed */
};

/* MALFORMED also for an `extra` line: it is not authenticated, and nothing here needs one. */
assay_code assay_tlog_proof_read(const char *bytes, size_t len, struct assay_tlog_proof_file *ret, assay_err *err);
void assay_tlog_proof_write(const struct assay_tlog_proof_file *file, struct assay_buf *out);

/* ---- growth ---- */

/* A signed head, and the proof that it continues the head of an older size: what a witness is asked
 * (c2sp.org/tlog-witness, add-checkpoint), and what shows whoever remembers one of the two that both are of one log. */
struct assay_tlog_growth {
    uint64_t old_size; /* 0: nothing before, and no hashes */
    struct assay_tlog_proof proof;
    struct assay_slice checkpoint; /* the signed note; borrowed */
};

/* MALFORMED; TOO_LARGE over ASSAY_TLOG_PROOF_BYTES_MAX or 63 hashes. */
assay_code assay_tlog_growth_read(const char *bytes, size_t len, struct assay_tlog_growth *ret, assay_err *err);
void assay_tlog_growth_write(const struct assay_tlog_growth *growth, struct assay_buf *out);

/* A decimal number as logs write it: digits without leading zero, at most ASSAY_TREE_SIZE_MAX. */
bool assay_tlog_number_read(struct assay_slice text, uint64_t *ret);

#endif
