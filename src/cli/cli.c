#include "cli/cli.h"

#include "base/file.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

const char *assay_cli_version(void)
{
    return "assay " ASSAY_VERSION;
}

assay_code assay_cli_parse(const struct assay_opt_verb *verb, int argc, char *const *argv, void *values,
                           struct assay_opt_result *ret, bool *ret_done, assay_err *err)
{
    *ret_done = false;
    assay_code rc = assay_opt_parse(verb, argc, argv, values, ret, err);
    if (rc != ASSAY_OK || !ret->wants_help) {
        return rc;
    }
    struct assay_buf help;
    assay_buf_init(&help, ASSAY_CLI_OUTPUT_BYTES_MAX);
    assay_opt_help(verb, &help);
    rc = assay_cli_print(&help, err);
    assay_buf_done(&help);
    *ret_done = true;
    return rc;
}

assay_code assay_cli_print(const struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_buf_check(out, err);
    if (rc != ASSAY_OK || out->len == 0) {
        return rc;
    }
    return assay_fd_write(STDOUT_FILENO, out->data, out->len, "standard output", err);
}

assay_code assay_cli_write(const struct assay_buf *out, const char *path, bool force, assay_err *err)
{
    if (!path || strcmp(path, "-") == 0) {
        return assay_cli_print(out, err);
    }
    assay_code rc = assay_buf_check(out, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_file_write(path, out->data ? out->data : "", out->len, force ? ASSAY_FILE_REPLACE : ASSAY_FILE_NEW, err);
    if (rc == ASSAY_EXISTS) {
        assay_wrap(err, "use --force to replace it");
    }
    return rc;
}
