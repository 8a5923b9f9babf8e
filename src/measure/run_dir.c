#include "measure/run_dir.h"

#include "base/file.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

assay_code assay_run_dir_make(struct assay_run_dir *dir, const char *path, const uint8_t run_id[16], assay_err *err)
{
    *dir = (struct assay_run_dir){0};
    char own[sizeof "assay-" + 32];
    size_t len = (size_t)snprintf(own, sizeof own, "assay-");
    for (size_t i = 0; i < 16; i++) {
        len += (size_t)snprintf(own + len, sizeof own - len, "%02x", run_id[i]);
    }
    const char *chosen = path ? path : own;
    if (strlen(chosen) >= sizeof dir->path) {
        return assay_fail(err, ASSAY_USAGE, "the run directory's path has %zu bytes, at most %zu fit", strlen(chosen),
                          sizeof dir->path - 1);
    }
    assay_code rc = assay_dir_make(chosen, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "run directory '%s'", chosen);
        return rc;
    }
    memcpy(dir->path, chosen, strlen(chosen) + 1);
    dir->is_made = true;
    return ASSAY_OK;
}

assay_code assay_run_dir_write(struct assay_run_dir *dir, const char *name, const struct assay_buf *bytes,
                               assay_err *err)
{
    assert(dir->is_made && dir->written_count < ASSAY_RUN_DIR_FILES_MAX);
    struct assay_buf path;
    assay_buf_init(&path, sizeof dir->path + 64);
    assay_path_join(&path, dir->path, name);
    assay_code rc = assay_buf_check(&path, err);
    if (rc == ASSAY_OK) {
        rc = assay_file_write(path.data, bytes->data, bytes->len, ASSAY_FILE_NEW, err);
    }
    if (rc == ASSAY_OK) {
        dir->written[dir->written_count++] = name;
    }
    assay_buf_done(&path);
    return rc;
}

void assay_run_dir_undo(struct assay_run_dir *dir)
{
    while (dir->written_count > 0) {
        const char *name = dir->written[--dir->written_count]; /* the document, written last, goes first */
        char path[sizeof dir->path + 64];
        (void)snprintf(path, sizeof path, "%s/%s", dir->path, name);
        (void)unlink(path);
    }
    if (dir->is_made) {
        (void)rmdir(dir->path); /* stays if somebody else put a file there */
        dir->is_made = false;
    }
}
