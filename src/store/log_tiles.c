#include "store/log_tiles.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

#define LEVELS_MAX 64

/* levels[l][i]: root of the 2^l leaves from i << l; only perfect subtrees. */
struct tree {
    struct assay_digest *levels[LEVELS_MAX];
    uint64_t counts[LEVELS_MAX];
};

static void tree_done(struct tree *tree)
{
    for (size_t i = 0; i < LEVELS_MAX; i++) {
        assay_free(tree->levels[i]);
    }
}

static assay_code tree_make(const struct assay_tlog_book *book, struct tree *ret, assay_err *err)
{
    *ret = (struct tree){0};
    uint64_t count = book->count;
    for (size_t level = 0; count > 0; level++, count /= 2) {
        struct assay_digest *hashes = assay_alloc((size_t)count, sizeof *hashes);
        if (!hashes) {
            tree_done(ret);
            return assay_nomem(err);
        }
        for (uint64_t i = 0; i < count; i++) {
            if (level == 0) {
                assay_merkle_leaf_hash(book->rows[i].bytes.data, book->rows[i].bytes.len, &hashes[i]);
            } else {
                const struct assay_digest *below = ret->levels[level - 1];
                assay_merkle_node_hash(&below[2 * i], &below[2 * i + 1], &hashes[i]);
            }
        }
        ret->levels[level] = hashes;
        ret->counts[level] = count;
    }
    return ASSAY_OK;
}

static assay_code read_node(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    const struct tree *tree = context;
    (void)err;
    assert(level < LEVELS_MAX && index < tree->counts[level]);
    *ret = tree->levels[level][index];
    return ASSAY_OK;
}

/* ---- tiles ---- */

static void tile_bytes(const struct tree *tree, const struct assay_tile *tile, struct assay_buf *ret)
{
    const struct assay_digest *hashes = tree->levels[8 * tile->level] + tile->number * ASSAY_TILE_WIDTH;
    assay_buf_append(ret, hashes, (size_t)tile->width * sizeof *hashes);
}

static bool next_tile(uint64_t hashes, struct assay_tile *tile)
{
    uint64_t first = tile->number * ASSAY_TILE_WIDTH;
    uint64_t left = first < hashes ? hashes - first : 0;
    tile->width = left < ASSAY_TILE_WIDTH ? (unsigned)left : ASSAY_TILE_WIDTH;
    return left > 0;
}

/* A new hash at a level changes the level's last tile; a full one gives the level above a new hash. */
assay_code assay_log_tiles_write(const struct assay_log_dir *log, assay_err *err)
{
    struct tree tree;
    assay_code rc = tree_make(&log->book, &tree, err);
    uint64_t size = log->book.count;
    for (unsigned level = 0; level < ASSAY_TILE_LEVELS && rc == ASSAY_OK; level++) {
        uint64_t hashes = assay_tile_hashes(level, size);
        bool is_new = hashes > 0 && (level == 0 || size % ((uint64_t)1 << (8 * level)) == 0);
        if (!is_new) {
            break;
        }
        struct assay_tile tile = {.level = level, .number = (hashes - 1) / ASSAY_TILE_WIDTH};
        char name[ASSAY_TILE_PATH_BYTES];
        struct assay_buf bytes;
        (void)next_tile(hashes, &tile);
        assay_buf_init(&bytes, (size_t)ASSAY_TILE_WIDTH * ASSAY_DIGEST_BYTES + 1);
        tile_bytes(&tree, &tile, &bytes);
        assay_tile_path(&tile, name);
        rc = assay_buf_check(&bytes, err);
        rc = rc == ASSAY_OK ? assay_log_file_write(log, name, &bytes, err) : rc;
        assay_buf_done(&bytes);
    }
    tree_done(&tree);
    return rc;
}

static assay_code check_tile(const struct assay_log_dir *log, const struct tree *tree, const struct assay_tile *tile,
                             assay_err *err)
{
    char name[ASSAY_TILE_PATH_BYTES];
    struct assay_buf found, due;
    assay_tile_path(tile, name);
    assay_buf_init(&found, (size_t)ASSAY_TILE_WIDTH * ASSAY_DIGEST_BYTES + 1);
    assay_buf_init(&due, (size_t)ASSAY_TILE_WIDTH * ASSAY_DIGEST_BYTES + 1);
    tile_bytes(tree, tile, &due);
    assay_code rc = assay_buf_check(&due, err);
    rc = rc == ASSAY_OK ? assay_log_file_read(log, name, &found, err) : rc;
    bool is_bad = rc == ASSAY_NOT_FOUND || rc == ASSAY_TOO_LARGE ||
                  (rc == ASSAY_OK && (found.len != due.len || memcmp(found.data, due.data, due.len) != 0));
    if (is_bad) {
        rc = assay_fail(err, ASSAY_WANTING, "'%s' %s", name,
                        rc == ASSAY_NOT_FOUND ? "is missing" : "does not hold the hashes of the entries");
    }
    assay_buf_done(&found);
    assay_buf_done(&due);
    return rc;
}

assay_code assay_log_dir_check_tiles(const struct assay_log_dir *log, uint64_t *ret_count, assay_err *err)
{
    struct tree tree;
    assay_code rc = tree_make(&log->book, &tree, err);
    *ret_count = 0;
    for (unsigned level = 0; level < ASSAY_TILE_LEVELS && rc == ASSAY_OK; level++) {
        uint64_t hashes = assay_tile_hashes(level, log->book.count);
        struct assay_tile tile = {.level = level};
        for (; next_tile(hashes, &tile) && rc == ASSAY_OK; tile.number++) {
            rc = check_tile(log, &tree, &tile, err);
            (*ret_count)++;
        }
    }
    tree_done(&tree);
    return rc;
}

/* ---- proofs ---- */

assay_code assay_log_dir_prove(const struct assay_log_dir *log, uint64_t index, struct assay_buf *out, assay_err *err)
{
    struct tree tree;
    struct assay_tlog_proof_file file = {.index = index, .checkpoint = {log->note.data, log->note.len}};
    if (index >= log->head.size || log->head.size != log->book.count) {
        return assay_fail(err, ASSAY_USAGE, "the log has entries 0 to %llu, found %llu",
                          (unsigned long long)log->head.size - 1, (unsigned long long)index);
    }
    assay_code rc = tree_make(&log->book, &tree, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_tree_reader reader = {.read = read_node, .context = &tree};
    rc = assay_inclusion_make(&reader, index, log->head.size, &file.proof, err);
    if (rc == ASSAY_OK) {
        assay_tlog_proof_write(&file, out);
        rc = assay_buf_check(out, err);
    }
    tree_done(&tree);
    return rc;
}
