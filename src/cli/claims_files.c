#include "cli/claims_files.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 65536
#define DEPTH_MAX 32 /* folders below a folder: a loop through mounts ends */

static const char *const DOCUMENTS[] = {".md", ".markdown", ".txt", NULL};
static const char *const EVIDENCE[] = {".json", ".jsonl", ".ndjson", ".csv", NULL};
static const char *const SOURCES[] = {".c", ".h",  ".cc", ".cpp", ".cu",    ".go", ".java",  ".js", ".jl",  ".kt",
                                      ".m", ".py", ".rb", ".rs",  ".scala", ".sh", ".swift", ".ts", ".zig", NULL};

struct wish {
    const char *const *suffixes;
    enum assay_claims_kind kind;
    bool is_evidence;
};
static const struct wish WISH_DOCUMENT = {DOCUMENTS, ASSAY_CLAIMS_BY_NAME, false};
static const struct wish WISH_EVIDENCE = {EVIDENCE, ASSAY_CLAIMS_BY_NAME, true};
static const struct wish WISH_SOURCE = {SOURCES, ASSAY_CLAIMS_SOURCE, true};

void assay_claims_files_init(struct assay_claims_files *files)
{
    *files = (struct assay_claims_files){0};
}

void assay_claims_files_done(struct assay_claims_files *files)
{
    for (size_t i = 0; i < files->count * 2; i++) {
        assay_buf_done(&files->buffers[i]);
    }
    assay_free(files->buffers);
    assay_free(files->inputs);
    *files = (struct assay_claims_files){0};
}

static bool make_room(struct assay_claims_files *files)
{
    if (files->count < files->room) {
        return true;
    }
    size_t room = files->room ? files->room * 2 : 16;
    struct assay_buf *buffers = assay_realloc(files->buffers, room * 2, sizeof *buffers);
    if (!buffers) {
        return false;
    }
    files->buffers = buffers;
    struct assay_claims_input *inputs = assay_realloc(files->inputs, room, sizeof *inputs);
    if (!inputs) {
        return false;
    }
    files->inputs = inputs;
    files->room = room;
    return true;
}

static assay_code read_stdin(struct assay_buf *bytes, assay_err *err)
{
    for (;;) {
        char *at = assay_buf_reserve(bytes, 65536);
        if (!at) {
            return assay_buf_check(bytes, err);
        }
        ssize_t got = read(STDIN_FILENO, at, 65536);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return assay_fail_errno(err, ASSAY_IO, "standard input cannot be read");
        }
        if (got == 0) {
            return ASSAY_OK;
        }
        assay_buf_grew(bytes, (size_t)got);
    }
}

static assay_code add_file(struct assay_claims_files *files, const char *path, const char *name,
                           const struct wish *wish, assay_err *err)
{
    if (!make_room(files)) {
        return assay_nomem(err);
    }
    struct assay_buf *bytes = &files->buffers[files->count * 2], *shown = bytes + 1;
    assay_buf_init(bytes, ASSAY_CLAIMS_JSON_BYTES_MAX + 1);
    assay_buf_init(shown, PATH_BYTES_MAX);
    assay_err why = {0};
    assay_code rc = strcmp(path, "-") == 0 ? read_stdin(bytes, &why) : assay_buf_read_file(bytes, path, &why);
    assay_buf_text(shown, name);
    if (rc == ASSAY_OK) {
        rc = assay_buf_check(shown, &why);
    }
    if (rc != ASSAY_OK) {
        assay_buf_done(bytes);
        assay_buf_done(shown);
        files->first_error = files->unread++ ? files->first_error : why;
        assay_log_error("%s", why.message);
        return rc == ASSAY_NO_MEMORY ? assay_nomem(err) : ASSAY_OK;
    }
    files->inputs[files->count++] = (struct assay_claims_input){.path = shown->data,
                                                                .bytes = bytes->data ? bytes->data : "",
                                                                .len = bytes->len,
                                                                .kind = wish->kind,
                                                                .is_evidence = wish->is_evidence};
    return ASSAY_OK;
}

static bool is_wished(const char *path, const struct wish *wish)
{
    for (size_t i = 0; wish->suffixes[i]; i++) {
        if (assay_text_ends(path, wish->suffixes[i])) {
            return true;
        }
    }
    return false;
}

static assay_code add_tree(struct assay_claims_files *files, const char *path, const struct wish *wish, int depth,
                           assay_err *err);

/* Links are not followed: a tree of evidence is what lies in it. */
static assay_code add_entry(struct assay_claims_files *files, const char *path, const struct wish *wish, int depth,
                            assay_err *err)
{
    struct stat about;
    if (lstat(path, &about) != 0) {
        return ASSAY_OK; /* gone since the folder was read */
    }
    if (S_ISDIR(about.st_mode)) {
        return add_tree(files, path, wish, depth + 1, err);
    }
    return S_ISREG(about.st_mode) && is_wished(path, wish) ? add_file(files, path, path, wish, err) : ASSAY_OK;
}

static assay_code add_tree(struct assay_claims_files *files, const char *path, const struct wish *wish, int depth,
                           assay_err *err)
{
    struct dirent **entries = NULL;
    assay_code rc = ASSAY_OK;
    int count = depth > DEPTH_MAX ? 0 : scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        return assay_fail_errno(err, ASSAY_IO, "folder '%s' cannot be read", path);
    }
    for (int i = 0; i < count; i++) {
        struct assay_buf child;
        assay_buf_init(&child, PATH_BYTES_MAX);
        bool is_hidden = entries[i]->d_name[0] == '.';
        assay_path_join(&child, path, entries[i]->d_name);
        if (rc == ASSAY_OK && !is_hidden && child.data && files->count <= ASSAY_CLAIMS_FILES_MAX) {
            rc = add_entry(files, child.data, wish, depth, err);
        }
        assay_buf_done(&child);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static assay_code add(struct assay_claims_files *files, const char *path, const char *name, const struct wish *wish,
                      assay_err *err)
{
    if (strcmp(path, "-") != 0 && assay_path_is_dir(path)) {
        return add_tree(files, path, wish, 0, err);
    }
    return add_file(files, path, name, wish, err);
}

assay_code assay_claims_files_add(struct assay_claims_files *files, const char *path, const char *name, assay_err *err)
{
    return add(files, path, name, &WISH_DOCUMENT, err);
}

assay_code assay_claims_files_add_evidence(struct assay_claims_files *files, const char *path, assay_err *err)
{
    return add(files, path, path, &WISH_EVIDENCE, err);
}

assay_code assay_claims_files_add_source(struct assay_claims_files *files, const char *path, assay_err *err)
{
    return add(files, path, path, &WISH_SOURCE, err);
}
