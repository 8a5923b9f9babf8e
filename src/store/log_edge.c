#include "store/log_tiles.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

/* The right edge: of a log of any size the last tile of each level, at most 64 KiB, and the last bundle of entries. It
 * gives the root, and is all that one entry more changes. */

/* ---- root ---- */

static void edge_root(const struct log_edge *edge, uint64_t *ret_size, struct assay_digest *ret)
{
    struct assay_merkle tree;
    assay_merkle_init(&tree);
    for (unsigned level = ASSAY_TILE_LEVELS; level-- > 0;) { /* larger subtrees lie to the left */
        for (size_t at = 0; at < edge->tiles[level].len; at += ASSAY_DIGEST_BYTES) {
            struct assay_digest hash;
            memcpy(hash.bytes, edge->tiles[level].data + at, sizeof hash.bytes);
            assay_merkle_add_subtree(&tree, 8 * level, &hash);
        }
    }
    *ret_size = tree.count;
    assay_merkle_root(&tree, ret);
}

/* ---- reading ---- */

static assay_code read_tiles(const struct assay_log_dir *log, struct log_edge *edge, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (unsigned level = 0; level < ASSAY_TILE_LEVELS && rc == ASSAY_OK; level++) {
        uint64_t hashes = assay_tile_hashes(level, log->head.size);
        if (hashes % ASSAY_TILE_WIDTH > 0) { /* a full tile is a hash of the level above */
            rc = log_tile_read(log, level, hashes / ASSAY_TILE_WIDTH, &edge->tiles[level], err);
        }
    }
    return rc;
}

/* The entries of the last bundle are those of the last hashes: a bundle that was changed is not written again. */
static assay_code read_bundle(const struct assay_log_dir *log, struct log_edge *edge, assay_err *err)
{
    unsigned width = (unsigned)(log->head.size % ASSAY_TILE_WIDTH);
    struct assay_tile tile = {.is_entries = true, .number = log->head.size / ASSAY_TILE_WIDTH, .width = width};
    char name[ASSAY_TILE_PATH_BYTES];
    struct assay_slice entry;
    struct assay_digest leaf;
    if (width == 0) {
        return ASSAY_OK;
    }
    assay_tile_path(&tile, name);
    assay_code rc = log->source.get(log->source.context, name, &edge->bundle, err);
    struct assay_slice rest = {edge->bundle.data, edge->bundle.len};
    for (unsigned i = 0; i < width && rc == ASSAY_OK; i++) {
        bool is_there = assay_entry_cut(&rest, &entry);
        if (is_there) {
            assay_merkle_leaf_hash(entry.data, entry.len, &leaf);
        }
        if (!is_there || memcmp(leaf.bytes, edge->tiles[0].data + i * sizeof leaf, sizeof leaf) != 0) {
            rc = assay_fail(err, ASSAY_MALFORMED, "'%s': its entries are not those of the tile", name);
        }
    }
    return rc == ASSAY_OK && rest.len > 0
               ? assay_fail(err, ASSAY_MALFORMED, "'%s' holds bytes behind its last entry, expected none", name)
               : rc;
}

assay_code log_edge_open(struct assay_log_dir *log, assay_err *err)
{
    struct assay_digest root;
    uint64_t size;
    log->edge = assay_alloc(1, sizeof *log->edge);
    if (!log->edge) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < ASSAY_TILE_LEVELS; i++) {
        assay_buf_init(&log->edge->tiles[i], LOG_TILE_BYTES + 1);
    }
    assay_buf_init(&log->edge->bundle, LOG_BUNDLE_BYTES_MAX);
    assay_code rc = read_tiles(log, log->edge, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    edge_root(log->edge, &size, &root);
    if (size != log->head.size || memcmp(root.bytes, log->head.root, sizeof root.bytes) != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "the tiles do not give the root of the checkpoint");
    }
    return read_bundle(log, log->edge, err);
}

void log_edge_close(struct log_edge *edge)
{
    if (edge) {
        for (size_t i = 0; i < ASSAY_TILE_LEVELS; i++) {
            assay_buf_done(&edge->tiles[i]);
        }
        assay_buf_done(&edge->bundle);
        assay_free(edge);
    }
}

/* ---- one entry more ---- */

static assay_code write_unit(const struct assay_log_dir *log, const struct assay_tile *tile,
                             const struct assay_buf *bytes, assay_err *err)
{
    char name[ASSAY_TILE_PATH_BYTES];
    assay_tile_path(tile, name);
    assay_code rc = assay_buf_check(bytes, err);
    return rc == ASSAY_OK ? assay_log_file_write(log, name, bytes, err) : rc;
}

/* A new hash changes its level's last tile; one that is then full gives the level above a new hash. */
static assay_code add_hash(struct assay_log_dir *log, struct assay_digest hash, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    bool is_full = true;
    for (unsigned level = 0; level < ASSAY_TILE_LEVELS && is_full && rc == ASSAY_OK; level++) {
        struct assay_buf *bytes = &log->edge->tiles[level];
        struct assay_tile tile = {.level = level,
                                  .number = assay_tile_hashes(level, log->head.size) / ASSAY_TILE_WIDTH};
        assay_buf_append(bytes, hash.bytes, sizeof hash.bytes);
        tile.width = (unsigned)(bytes->len / sizeof hash.bytes);
        is_full = tile.width == ASSAY_TILE_WIDTH;
        rc = write_unit(log, &tile, bytes, err);
        if (rc == ASSAY_OK && is_full) {
            log_hashes_root(bytes->data, ASSAY_TILE_WIDTH, &hash);
            assay_buf_clear(bytes);
        }
    }
    return rc;
}

assay_code log_edge_add(struct assay_log_dir *log, const char *bytes, size_t len, struct assay_digest *ret_root,
                        assay_err *err)
{
    struct log_edge *edge = log->edge;
    struct assay_tile tile = {.is_entries = true,
                              .number = log->head.size / ASSAY_TILE_WIDTH,
                              .width = (unsigned)(log->head.size % ASSAY_TILE_WIDTH) + 1};
    struct assay_digest leaf;
    uint64_t size;
    assay_code rc = assay_entry_append(bytes, len, &edge->bundle, err);
    rc = rc == ASSAY_OK ? write_unit(log, &tile, &edge->bundle, err) : rc;
    if (rc == ASSAY_OK && tile.width == ASSAY_TILE_WIDTH) {
        assay_buf_clear(&edge->bundle);
    }
    assay_merkle_leaf_hash(bytes, len, &leaf);
    rc = rc == ASSAY_OK ? add_hash(log, leaf, err) : rc;
    if (rc == ASSAY_OK) {
        edge_root(edge, &size, ret_root);
        assert(size == log->head.size + 1);
    }
    return rc;
}
