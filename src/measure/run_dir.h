/*
 * The directory of a run: made before the first operation, filled so that nothing in it looks like a result until all
 * of it is there (the document is written last). Internal to measure/.
 */
#ifndef ASSAY_MEASURE_RUN_DIR_H
#define ASSAY_MEASURE_RUN_DIR_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ASSAY_RUN_DIR_FILES_MAX 4

struct assay_run_dir {
    char path[4096];
    const char *written[ASSAY_RUN_DIR_FILES_MAX]; /* names, in the order of writing */
    size_t written_count;
    bool is_made;
};

/* EXISTS if there is something of that name: a run never mixes with an older one. path NULL: ./assay-RUNID */
assay_code assay_run_dir_make(struct assay_run_dir *dir, const char *path, const uint8_t run_id[16], assay_err *err);
/* name is a literal. */
assay_code assay_run_dir_write(struct assay_run_dir *dir, const char *name, const struct assay_buf *bytes,
                               assay_err *err);
/* Takes back what was written, and the directory. */
void assay_run_dir_undo(struct assay_run_dir *dir);

#endif
