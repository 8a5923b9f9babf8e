/* Runs every file of the folders named on the command line through a fuzz target, as `make check` does with the
 * corpora: a crash that was found once stays found. Fails if a folder holds no file. */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX ((size_t)16 << 20) /* far above what libFuzzer keeps */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int is_named_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static assay_code replay_file(const char *dir, const char *name, assay_err *err)
{
    struct assay_buf path, bytes;
    assay_buf_init(&path, 4096);
    assay_buf_init(&bytes, FILE_BYTES_MAX);
    assay_buf_printf(&path, "%s/%s", dir, name);
    assay_code rc = assay_buf_check(&path, err);
    if (rc == ASSAY_OK) {
        rc = assay_buf_read_file(&bytes, path.data, err);
    }
    if (rc == ASSAY_OK) {
        /* a copy of exactly its size, so that the sanitizer sees a read beyond its end */
        uint8_t *copy = assay_alloc(bytes.len ? bytes.len : 1, 1);
        for (size_t i = 0; copy && i < bytes.len; i++) {
            copy[i] = (uint8_t)bytes.data[i];
        }
        rc = copy ? ASSAY_OK : assay_nomem(err);
        if (copy) {
            (void)LLVMFuzzerTestOneInput(copy, bytes.len);
        }
        assay_free(copy);
    }
    assay_buf_done(&path);
    assay_buf_done(&bytes);
    return rc;
}

static int replay_dir(const char *dir)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_named_file, alphasort);
    int status = count > 0 ? 0 : 1;
    for (int i = 0; i < count; i++) {
        assay_err err = {0};
        if (replay_file(dir, entries[i]->d_name, &err) != ASSAY_OK) {
            fprintf(stderr, "%s\n", err.message);
            status = 1;
        }
        free(entries[i]);
    }
    free(entries);
    printf("%s: %d files\n", dir, count);
    return status;
}

int main(int argc, char **argv)
{
    int status = argc > 1 ? 0 : 1;
    for (int i = 1; i < argc; i++) {
        status |= replay_dir(argv[i]);
    }
    return status;
}
