#include "store/log_tiles.h"

#include "base/mem.h"
#include "base/parallel.h"

#include <assert.h>
#include <string.h>

/* ---- tiles ---- */

unsigned log_tile_width(uint64_t count, uint64_t number)
{
    uint64_t first = number * ASSAY_TILE_WIDTH;
    uint64_t left = first < count ? count - first : 0;
    return left < ASSAY_TILE_WIDTH ? (unsigned)left : ASSAY_TILE_WIDTH;
}

void log_hashes_root(const char *hashes, size_t count, struct assay_digest *ret)
{
    assay_merkle_perfect_root((const struct assay_digest *)(const void *)hashes, count, ret);
}

assay_code log_tile_read(const struct assay_log_dir *log, unsigned level, uint64_t number, struct assay_buf *ret,
                         assay_err *err)
{
    struct assay_tile tile = {
        .level = level, .number = number, .width = log_tile_width(assay_tile_hashes(level, log->head.size), number)};
    char name[ASSAY_TILE_PATH_BYTES];
    assert(tile.width > 0);
    assay_tile_path(&tile, name);
    assay_code rc = log->source.get(log->source.context, name, ret, err);
    size_t due = (size_t)tile.width * ASSAY_DIGEST_BYTES;
    if (rc == ASSAY_TOO_LARGE || (rc == ASSAY_OK && ret->len != due)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "'%s' does not hold %u hashes", name, tile.width);
    }
    return rc;
}

/* ---- every tile against the entries ---- */

/* The tiles of one level, on as many threads as there are CPUs. */
struct level_check {
    const struct assay_log_dir *log;
    unsigned level;
    uint64_t count;                    /* hashes of the level */
    const struct assay_digest *hashes; /* NULL: those of the book's entries */
};

static void due_hashes(const struct level_check *check, size_t number, unsigned width, struct assay_digest *ret)
{
    for (size_t i = 0, at = number * ASSAY_TILE_WIDTH; i < width; i++, at++) {
        ret[i] = check->hashes ? check->hashes[at] : check->log->book.rows[at].leaf;
    }
}

static assay_code check_tile(void *context, size_t worker, size_t number, assay_err *err)
{
    const struct level_check *check = context;
    struct assay_tile tile = {.level = check->level, .number = number, .width = log_tile_width(check->count, number)};
    struct assay_digest due[ASSAY_TILE_WIDTH];
    size_t due_len = tile.width * sizeof due[0];
    char name[ASSAY_TILE_PATH_BYTES];
    struct assay_buf found;
    (void)worker;
    due_hashes(check, number, tile.width, due);
    assay_tile_path(&tile, name);
    assay_buf_init(&found, LOG_TILE_BYTES + 1);
    assay_code rc = check->log->source.get(check->log->source.context, name, &found, err);
    bool is_bad = rc == ASSAY_NOT_FOUND || rc == ASSAY_TOO_LARGE ||
                  (rc == ASSAY_OK && (found.len != due_len || memcmp(found.data, due, due_len) != 0));
    if (is_bad) {
        rc = assay_fail(err, ASSAY_WANTING, "'%s' %s", name,
                        rc == ASSAY_NOT_FOUND ? "is missing" : "does not hold the hashes of the entries");
    }
    assay_buf_done(&found);
    return rc;
}

/* The hashes of a level that the full tiles of the level below give; of level 1 the book has them. */
static void raise_level(const struct assay_log_dir *log, const struct level_check *below, uint64_t count,
                        struct assay_digest *ret)
{
    for (uint64_t i = 0; i < count; i++) {
        if (below->hashes) {
            assay_merkle_perfect_root(below->hashes + i * ASSAY_TILE_WIDTH, ASSAY_TILE_WIDTH, &ret[i]);
        } else {
            ret[i] = log->book.tiles[i];
        }
    }
}

assay_code assay_log_dir_check_tiles(const struct assay_log_dir *log, uint64_t *ret_count, assay_err *err)
{
    struct level_check check = {.log = log, .count = log->book.count};
    assert(log->has_book && log->book.tiles_count == log->book.count / ASSAY_TILE_WIDTH);
    struct assay_digest *hashes = assay_alloc(log->book.tiles_count + 1, sizeof *hashes);
    assay_code rc = hashes ? ASSAY_OK : assay_nomem(err);
    *ret_count = 0;
    for (; check.level < ASSAY_TILE_LEVELS && check.count > 0 && rc == ASSAY_OK; check.level++) {
        const struct assay_parallel work = {.name = "tiles",
                                            .count = (size_t)(check.count + ASSAY_TILE_WIDTH - 1) / ASSAY_TILE_WIDTH,
                                            .workers_max = log->source.is_for_threads ? 0 : 1,
                                            .step = check_tile,
                                            .context = &check};
        rc = assay_parallel_run(&work, err);
        *ret_count += work.count;
        raise_level(log, &check, check.count / ASSAY_TILE_WIDTH, hashes); /* to the left of what it reads, or there */
        check.count /= ASSAY_TILE_WIDTH;
        check.hashes = hashes;
    }
    assay_free(hashes);
    return rc;
}

/* ---- proofs ---- */

#define KEPT_MAX 16 /* two of each level: the one on the way to the leaf, and the last */

struct kept_tile {
    bool is_there;
    unsigned level;
    uint64_t number;
    struct assay_buf bytes;
};

struct tile_reader {
    const struct assay_log_dir *log;
    struct kept_tile kept[KEPT_MAX];
    size_t next;
};

static assay_code find_tile(struct tile_reader *reader, unsigned level, uint64_t number, const struct assay_buf **ret,
                            assay_err *err)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct kept_tile *kept = &reader->kept[i];
        if (kept->is_there && kept->level == level && kept->number == number) {
            *ret = &kept->bytes;
            return ASSAY_OK;
        }
    }
    struct kept_tile *kept = &reader->kept[reader->next++ % KEPT_MAX];
    assay_buf_done(&kept->bytes);
    *kept = (struct kept_tile){.level = level, .number = number};
    assay_buf_init(&kept->bytes, LOG_TILE_BYTES + 1);
    assay_code rc = log_tile_read(reader->log, level, number, &kept->bytes, err);
    kept->is_there = rc == ASSAY_OK;
    *ret = &kept->bytes;
    return rc;
}

/* 2^level leaves are a run of hashes in one tile: levels of tiles are eight levels of the tree. */
static assay_code read_node(void *context, unsigned level, uint64_t index, struct assay_digest *ret, assay_err *err)
{
    struct tile_reader *reader = context;
    unsigned inside = level % 8;
    uint64_t first = index << inside;
    const struct assay_buf *tile;
    assay_code rc = find_tile(reader, level / 8, first / ASSAY_TILE_WIDTH, &tile, err);
    if (rc == ASSAY_OK) {
        size_t at = (size_t)(first % ASSAY_TILE_WIDTH) * ASSAY_DIGEST_BYTES;
        log_hashes_root(tile->data + at, (size_t)1 << inside, ret);
    }
    return rc;
}

static assay_code make_proof(struct tile_reader *reader, uint64_t index, struct assay_tlog_proof *ret, assay_err *err)
{
    const struct assay_checkpoint *head = &reader->log->head;
    const struct assay_tree_reader tree = {.read = read_node, .context = reader};
    struct assay_digest leaf, root;
    memcpy(root.bytes, head->root, sizeof root.bytes);
    assay_code rc = read_node(reader, 0, index, &leaf, err);
    rc = rc == ASSAY_OK ? assay_inclusion_make(&tree, index, head->size, ret, err) : rc;
    return rc == ASSAY_OK && !assay_inclusion_is_proven(index, head->size, &leaf, ret, &root)
               ? assay_fail(err, ASSAY_MALFORMED, "log '%s': the tiles do not give the root of the checkpoint",
                            reader->log->path.data)
               : rc;
}

/* Both roots are computed from the same tiles: a proof that does not hold is a log that was changed. */
static assay_code make_growth(struct tile_reader *reader, uint64_t old_size, struct assay_tlog_proof *ret,
                              assay_err *err)
{
    const struct assay_checkpoint *head = &reader->log->head;
    const struct assay_tree_reader tree = {.read = read_node, .context = reader};
    struct assay_digest old_root, root;
    ret->count = 0;
    if (old_size == 0) { /* from nothing there is nothing to prove (c2sp.org/tlog-witness) */
        return ASSAY_OK;
    }
    memcpy(root.bytes, head->root, sizeof root.bytes);
    assay_code rc = assay_tree_root(&tree, old_size, &old_root, err);
    rc = rc == ASSAY_OK ? assay_consistency_make(&tree, old_size, head->size, ret, err) : rc;
    return rc == ASSAY_OK && !assay_consistency_is_proven(old_size, head->size, &old_root, ret, &root)
               ? assay_fail(err, ASSAY_MALFORMED, "log '%s': the tiles do not give the root of the checkpoint",
                            reader->log->path.data)
               : rc;
}

static assay_code new_reader(const struct assay_log_dir *log, struct tile_reader **ret, assay_err *err)
{
    struct tile_reader *reader = assay_alloc(1, sizeof *reader);
    if (!reader) {
        return assay_nomem(err);
    }
    reader->log = log;
    for (size_t i = 0; i < KEPT_MAX; i++) {
        assay_buf_init(&reader->kept[i].bytes, LOG_TILE_BYTES + 1);
    }
    *ret = reader;
    return ASSAY_OK;
}

static void free_reader(struct tile_reader *reader)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        assay_buf_done(&reader->kept[i].bytes);
    }
    assay_free(reader);
}

assay_code assay_log_dir_prove(const struct assay_log_dir *log, uint64_t index, struct assay_buf *out, assay_err *err)
{
    struct assay_tlog_proof_file file = {.index = index, .checkpoint = {log->note.data, log->note.len}};
    struct tile_reader *reader;
    if (index >= log->head.size) {
        return assay_fail(err, ASSAY_USAGE, "the log has %llu entries, numbered from 0, found %llu",
                          (unsigned long long)log->head.size, (unsigned long long)index);
    }
    assay_code rc = new_reader(log, &reader, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = make_proof(reader, index, &file.proof, err);
    if (rc == ASSAY_OK) {
        assay_tlog_proof_write(&file, out);
        rc = assay_buf_check(out, err);
    }
    free_reader(reader);
    return rc;
}

assay_code assay_log_dir_prove_growth(const struct assay_log_dir *log, uint64_t old_size, struct assay_buf *out,
                                      assay_err *err)
{
    struct assay_tlog_growth growth = {.old_size = old_size, .checkpoint = {log->note.data, log->note.len}};
    struct tile_reader *reader;
    if (old_size > log->head.size) {
        return assay_fail(err, ASSAY_USAGE, "the log has %llu entries, found an older size of %llu",
                          (unsigned long long)log->head.size, (unsigned long long)old_size);
    }
    assay_code rc = new_reader(log, &reader, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = make_growth(reader, old_size, &growth.proof, err);
    if (rc == ASSAY_OK) {
        assay_tlog_growth_write(&growth, out);
        rc = assay_buf_check(out, err);
    }
    free_reader(reader);
    return rc;
}
