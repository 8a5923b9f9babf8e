#include "cli/claims_paths.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATHS_MAX 65536
#define PATH_BYTES_MAX 8192
#define FILE_BYTES_MAX ((size_t)256 << 20) /* lines of a longer file are not counted */
#define DEPTH_MAX 16
#define ENTRIES_MAX 1000000 /* of a folder and what is below it */

bool assay_claims_path_stays_below(struct assay_slice path)
{
    struct assay_slice rest = path;
    if (path.len == 0 || path.data[0] == '/') {
        return false;
    }
    while (rest.data) {
        if (assay_slice_is(assay_slice_cut(&rest, '/'), "..")) {
            return false;
        }
    }
    return true;
}

bool assay_claims_path_is_inside(const char *root, const char *path)
{
    char *real_root = realpath(root ? root : ".", NULL), *real = realpath(path, NULL);
    size_t len = real_root ? strlen(real_root) : 0;
    bool is_in =
        real_root && real && strncmp(real, real_root, len) == 0 && (real[len] == '/' || real_root[len - 1] == '/');
    free(real_root);
    free(real);
    return is_in;
}

/* ---- what lies there --------------------------------------------------------------------------------------------- */

static void count_files(const char *dir, unsigned depth, uint64_t *direct, uint64_t *deep)
{
    DIR *stream = depth < DEPTH_MAX ? opendir(dir) : NULL;
    for (struct dirent *entry; stream && *deep < ENTRIES_MAX && (entry = readdir(stream)) != NULL;) {
        struct assay_buf path;
        struct stat about;
        assay_buf_init(&path, PATH_BYTES_MAX);
        assay_path_join(&path, dir, entry->d_name);
        bool is_there = entry->d_name[0] != '.' && path.data && lstat(path.data, &about) == 0;
        if (is_there && S_ISDIR(about.st_mode)) {
            count_files(path.data, depth + 1, direct, deep);
        } else if (is_there) {
            *direct += depth == 0;
            (*deep)++;
        }
        assay_buf_done(&path);
    }
    if (stream) {
        (void)closedir(stream);
    }
}

static uint64_t count_lines(const char *path)
{
    struct assay_buf bytes;
    uint64_t count = 0;
    assay_buf_init(&bytes, FILE_BYTES_MAX);
    if (assay_buf_read_file(&bytes, path, NULL) == ASSAY_OK && bytes.len > 0) {
        for (size_t i = 0; i < bytes.len; i++) {
            count += bytes.data[i] == '\n';
        }
        count += bytes.data[bytes.len - 1] != '\n';
    }
    assay_buf_done(&bytes);
    return count;
}

/* Looks below one folder; REFUSED where a link leads out of the root. */
static void look(const char *root, const char *folder, struct assay_claims_path *found)
{
    struct assay_buf path;
    struct stat about;
    assay_buf_init(&path, PATH_BYTES_MAX);
    assay_path_join(&path, folder, found->path);
    if (path.data && stat(path.data, &about) == 0) {
        bool is_in = assay_claims_path_is_inside(root, path.data);
        found->found = !is_in                   ? ASSAY_CLAIMS_REFUSED
                       : S_ISDIR(about.st_mode) ? ASSAY_CLAIMS_IS_DIR
                       : S_ISREG(about.st_mode) ? ASSAY_CLAIMS_IS_FILE
                                                : ASSAY_CLAIMS_REFUSED;
        if (found->found == ASSAY_CLAIMS_IS_DIR) {
            count_files(path.data, 0, &found->count, &found->deep_count);
        } else if (found->found == ASSAY_CLAIMS_IS_FILE) {
            found->count = count_lines(path.data);
        }
    }
    assay_buf_done(&path);
}

/* ---- collecting -------------------------------------------------------------------------------------------------- */

/* A path and the document that names it. */
struct naming {
    char *path;
    const char *document;
};

struct collect {
    struct naming *at;
    size_t count, room;
    const char *document;
    bool is_out_of_memory;
};

static void add(void *user, struct assay_slice path)
{
    struct collect *all = user;
    if (!assay_claims_path_stays_below(path) || all->count == PATHS_MAX || all->is_out_of_memory) {
        return;
    }
    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 64;
        struct naming *at = assay_realloc(all->at, room, sizeof *at);
        all->at = at ? at : all->at;
        all->room = at ? room : all->room;
        all->is_out_of_memory = !at;
    }
    char *copy = all->is_out_of_memory ? NULL : assay_strndup(path.data, path.len);
    all->is_out_of_memory |= !copy;
    if (copy) {
        all->at[all->count++] = (struct naming){copy, all->document};
    }
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct naming *)a)->path, ((const struct naming *)b)->path);
}

/* A link is relative to its document, a path in running text mostly to the root. */
static void look_beside(const char *root, const char *document, struct assay_claims_path *found)
{
    const char *slash = strrchr(document, '/');
    char *folder = slash ? assay_strndup(document, (size_t)(slash - document)) : NULL;
    if (folder) {
        look(root, folder, found);
    }
    assay_free(folder);
}

static void look_for_all(struct assay_claims_paths *paths, struct collect *all, const char *root)
{
    for (size_t i = 0; i < all->count; i++) {
        struct assay_claims_path *last = paths->count > 0 ? &paths->at[paths->count - 1] : NULL;
        if (!last || strcmp(last->path, all->at[i].path) != 0) {
            last = &paths->at[paths->count++];
            *last = (struct assay_claims_path){.path = all->at[i].path, .found = ASSAY_CLAIMS_ABSENT};
            all->at[i].path = NULL; /* owned by paths now */
            look(root, root, last);
        }
        if (last->found == ASSAY_CLAIMS_ABSENT) {
            look_beside(root, all->at[i].document, last);
        }
        assay_free(all->at[i].path);
    }
}

assay_code assay_claims_paths_load(struct assay_claims_paths *paths, const struct assay_claims_files *files,
                                   const char *root, assay_err *err)
{
    struct collect all = {0};
    for (size_t i = 0; root && i < files->count; i++) {
        if (!files->inputs[i].is_evidence) {
            all.document = files->inputs[i].path;
            assay_claims_named(files->inputs[i].bytes, files->inputs[i].len, add, &all);
        }
    }
    paths->at = all.count > 0 && !all.is_out_of_memory ? assay_alloc(all.count, sizeof *paths->at) : NULL;
    all.is_out_of_memory |= all.count > 0 && !paths->at;
    if (!all.is_out_of_memory && all.count > 0) {
        qsort(all.at, all.count, sizeof *all.at, by_path);
        look_for_all(paths, &all, root);
    }
    for (size_t i = 0; i < all.count && all.is_out_of_memory; i++) {
        assay_free(all.at[i].path);
    }
    assay_free(all.at);
    return all.is_out_of_memory ? assay_nomem(err) : ASSAY_OK;
}

void assay_claims_paths_done(struct assay_claims_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        char *path;
        memcpy(&path, &paths->at[i].path, sizeof path); /* const to its readers, owned here */
        assay_free(path);
    }
    assay_free(paths->at);
    *paths = (struct assay_claims_paths){0};
}
