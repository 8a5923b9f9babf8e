/*
 * Hashes of a log directory: all levels of its tree, the tiles made of them, proofs. Inside this room only.
 */
#ifndef ASSAY_STORE_LOG_TILES_H
#define ASSAY_STORE_LOG_TILES_H

#include "store/log_dir.h"

assay_code assay_log_file_write(const struct assay_log_dir *log, const char *name, const struct assay_buf *bytes,
                                assay_err *err);
assay_code assay_log_file_read(const struct assay_log_dir *log, const char *name, struct assay_buf *ret,
                               assay_err *err);

/* Writes the tiles that the last entry changed. */
assay_code assay_log_tiles_write(const struct assay_log_dir *log, assay_err *err);

#endif
