#include "workload/command.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHELL "/bin/sh"
#define SHELL_WORDS 4 /* sh -c LINE, and NULL */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define READ_BYTES ((size_t)64 << 10)

assay_code assay_command_file_digest(const char *path, struct assay_digest *ret, assay_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return assay_fail_errno(err, errno == ENOENT ? ASSAY_NOT_FOUND : ASSAY_IO, "cannot read '%s'", path);
    }
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    char piece[READ_BYTES];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0) {
            assay_sha256_add(&hash, piece, (size_t)n);
        }
    }
    assay_code rc = n < 0 ? assay_fail_errno(err, ASSAY_IO, "cannot read '%s'", path) : ASSAY_OK;
    (void)close(fd);
    assay_sha256_end(&hash, ret);
    return rc;
}

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* Where relative names begin: the directory in which the command will run, as an absolute name, because the spawner
 * changes into it before it executes the file. */
static bool begin_of(const char *cwd, char ret[PATH_MAX])
{
    char here[PATH_MAX];
    if (cwd && cwd[0] == '/') {
        return snprintf(ret, PATH_MAX, "%s", cwd) < PATH_MAX;
    }
    return getcwd(here, sizeof here) &&
           snprintf(ret, PATH_MAX, "%s%s%s", here, cwd ? "/" : "", cwd ? cwd : "") < PATH_MAX;
}

static bool join(const char *cwd, struct assay_slice folder, const char *name, char ret[PATH_MAX])
{
    char begin[PATH_MAX] = "";
    bool is_absolute = folder.len > 0 ? folder.data[0] == '/' : name[0] == '/';
    if (!is_absolute && !begin_of(cwd, begin)) {
        return false;
    }
    int len = snprintf(ret, PATH_MAX, "%s%s%.*s%s%s", begin, *begin ? "/" : "", (int)folder.len,
                       folder.data ? folder.data : "", folder.len ? "/" : "", name);
    return len > 0 && len < PATH_MAX;
}

/* As the system's execvp looks for it, but before the run, and from the directory in which the command will run. */
static assay_code find_file(const char *name, const char *cwd, const char *what, char ret[PATH_MAX], assay_err *err)
{
    if (strchr(name, '/')) {
        struct stat info;
        if (!join(cwd, (struct assay_slice){0}, name, ret) || stat(ret, &info) != 0) {
            return assay_fail(err, ASSAY_NOT_FOUND, "%s: there is no file '%s'%s%s", what, name, cwd ? " in " : "",
                              cwd ? cwd : "");
        }
        return is_program(ret) ? ASSAY_OK
                               : assay_fail(err, ASSAY_USAGE, "%s: '%s' is %s, expected a program", what, name,
                                            S_ISREG(info.st_mode) ? "not executable" : "not a file");
    }
    const char *path = getenv("PATH");
    struct assay_slice rest = assay_slice_of(path ? path : DEFAULT_PATH);
    while (rest.data) {
        struct assay_slice folder = assay_slice_cut(&rest, ':');
        folder = folder.len > 0 ? folder : ASSAY_SLICE("."); /* POSIX: an empty entry is the current directory */
        if (join(cwd, folder, name, ret) && is_program(ret)) {
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_NOT_FOUND, "%s: there is no program '%s' in PATH (is it a shell's word? then --shell)",
                      what, name);
}

static assay_code split(const char *line, const char *what, char ***ret, assay_err *err)
{
    size_t count;
    assay_code rc = assay_text_split_command(line, ret, &count, err);
    if (rc == ASSAY_MALFORMED) {
        assay_wrap(err, "%s", what);
        rc = ASSAY_USAGE; /* it was typed, not read from a file */
        if (err) {
            err->code = rc;
        }
    }
    if (rc == ASSAY_OK && count == 0) {
        assay_text_argv_free(*ret);
        *ret = NULL;
        rc = assay_fail(err, ASSAY_USAGE, "%s: the command is empty", what);
    }
    return rc;
}

/* sh -c LINE, in one allocation as assay_text_split_command makes it. */
static assay_code wrap_in_shell(const char *line, char ***ret, assay_err *err)
{
    size_t len = strlen(line) + 1;
    char **argv = assay_alloc(SHELL_WORDS + (len + sizeof "sh" + sizeof "-c") / sizeof(char *) + 1, sizeof(char *));
    if (!argv) {
        return assay_nomem(err);
    }
    char *text = (char *)(argv + SHELL_WORDS);
    static const char *const WORDS[] = {"sh", "-c"};
    size_t at = 0;
    for (size_t i = 0; i < SHELL_WORDS - 1; i++) {
        const char *word = i < 2 ? WORDS[i] : line;
        size_t bytes = strlen(word) + 1;
        memcpy(text + at, word, bytes);
        argv[i] = text + at;
        at += bytes;
    }
    *ret = argv;
    return ASSAY_OK;
}

assay_code assay_command_program_find(const char *line, const struct assay_command_options *options, const char *what,
                                      struct assay_command_program *ret, assay_err *err)
{
    *ret = (struct assay_command_program){0};
    assay_code rc = split(line, what, &ret->argv, err); /* with --shell too: an open quote is an error there as well */
    if (rc == ASSAY_OK && options->use_shell) {
        assay_text_argv_free(ret->argv);
        ret->argv = NULL;
        rc = wrap_in_shell(line, &ret->argv, err);
    }
    if (rc == ASSAY_OK) {
        rc = options->use_shell ? find_file(SHELL, NULL, what, ret->path, err)
                                : find_file(ret->argv[0], options->cwd, what, ret->path, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_command_file_digest(ret->path, &ret->digest, err);
    }
    if (rc != ASSAY_OK) {
        assay_command_program_done(ret);
    }
    return rc;
}

void assay_command_program_done(struct assay_command_program *program)
{
    assay_text_argv_free(program->argv);
    program->argv = NULL;
}
