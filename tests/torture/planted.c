/* A program with one fault of each kind, to show that torture.sh finds it: planted KIND [FILE]. */
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool planted(int argc, char **argv, const char *kind)
{
    return argc > 1 && strcmp(argv[1], kind) == 0;
}

/* Two writes to the final name: a failure of the second leaves half a file. */
static assay_code write_in_halves(const char *path, assay_err *err)
{
    FILE *file = fopen(path, "wb");
    if (!file) {
        return assay_fail_errno(err, ASSAY_IO, "cannot open '%s'", path);
    }
    assay_code rc = assay_fd_write(fileno(file), "first half, ", 12, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_fd_write(fileno(file), "second half\n", 12, path, err);
    }
    (void)fclose(file);
    return rc;
}

int main(int argc, char **argv)
{
    struct assay_buf out;
    assay_err err = {0};
    assay_buf_init(&out, 4096);
    char *name = assay_strdup("name");
    if (planted(argc, argv, "crash")) {
        name[0] = 'N';
    }
    assay_code rc = name ? ASSAY_OK : assay_nomem(&err);
    assay_buf_printf(&out, "hello %s\n", name ? name : "");
    if (rc == ASSAY_OK && !planted(argc, argv, "ignores")) {
        rc = assay_buf_check(&out, &err);
    }
    if (rc == ASSAY_OK && argc > 2) {
        rc = planted(argc, argv, "halves")
                 ? write_in_halves(argv[2], &err)
                 : assay_file_write(argv[2], out.data ? out.data : "", out.len, ASSAY_FILE_NEW, &err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_fd_write(STDOUT_FILENO, out.data ? out.data : "", out.len, "standard output", &err);
    }
    if (planted(argc, argv, "swallows") && rc == ASSAY_IO) {
        rc = ASSAY_OK;
    }
    if (rc != ASSAY_OK && !planted(argc, argv, "silent")) {
        assay_log_error("%s", err.message);
    }
    assay_free(name);
    assay_buf_done(&out);
    return planted(argc, argv, "status") && rc != ASSAY_OK ? 42 : assay_code_exit(rc);
}
