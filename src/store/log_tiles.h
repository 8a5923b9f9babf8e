/*
 * Files, tiles and the right edge of a log directory. Inside this room only.
 */
#ifndef ASSAY_STORE_LOG_TILES_H
#define ASSAY_STORE_LOG_TILES_H

#include "store/log_dir.h"

#define LOG_TILE_BYTES ((size_t)ASSAY_TILE_WIDTH * ASSAY_DIGEST_BYTES)
#define LOG_BUNDLE_BYTES_MAX ((size_t)ASSAY_TILE_WIDTH * (UINT16_MAX + 3))

assay_code assay_log_file_write(const struct assay_log_dir *log, const char *name, const struct assay_buf *bytes,
                                assay_err *err);
/* The tile of that level and number at the log's size, with exactly its hashes. */
assay_code log_tile_read(const struct assay_log_dir *log, unsigned level, uint64_t number, struct assay_buf *ret,
                         assay_err *err);
/* How many hashes, or entries, the unit of that number has of `count` in all; 0: it is not there. */
unsigned log_tile_width(uint64_t count, uint64_t number);
/* Root of count hashes, one after the other: a power of two, at most a tile's. */
void log_hashes_root(const char *hashes, size_t count, struct assay_digest *ret);

/* Reads every bundle of entries into log->book; is_kept: into log->bundles too. */
assay_code log_bundles_read(struct assay_log_dir *log, bool is_kept, assay_err *err);
void log_bundles_done(struct assay_log_dir *log);

/* What appending needs: of each level the hashes of its last tile (fewer than 256), and the last entries. */
struct log_edge {
    struct assay_buf tiles[ASSAY_TILE_LEVELS];
    struct assay_buf bundle;
};
/* Reads it and holds it against the checkpoint. */
assay_code log_edge_open(struct assay_log_dir *log, assay_err *err);
void log_edge_close(struct log_edge *edge); /* fine on NULL */
/* Adds an entry: writes the bundle and the tiles that it changes, and gives the new root. */
assay_code log_edge_add(struct assay_log_dir *log, const char *bytes, size_t len, struct assay_digest *ret_root,
                        assay_err *err);

#endif
