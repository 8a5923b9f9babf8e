#include "support/golden.h"

#include "base/file.h"
#include "base/text.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)16 << 20)

static void compare_lines(const char *path, const char *expected, const char *found)
{
    struct assay_slice a = assay_slice_of(expected), b = assay_slice_of(found);
    for (size_t line = 1; a.len > 0 || b.len > 0; line++) {
        struct assay_slice x = assay_slice_cut(&a, '\n'), y = assay_slice_cut(&b, '\n');
        if (x.len != y.len || (x.len > 0 && memcmp(x.data, y.data, x.len) != 0)) {
            fail_msg("%s, line %zu:\nexpected %.*s\nfound    %.*s", path, line, (int)x.len, x.data ? x.data : "",
                     (int)y.len, y.data ? y.data : "");
        }
    }
}

void golden_hold(const char *name, const struct assay_buf *found)
{
    char path[4096];
    struct assay_buf expected;
    assay_err err = {0};
    (void)snprintf(path, sizeof path, "%s/tests/golden/%s", source_root(), name);
    if (getenv("ASSAY_CASES_WRITE") &&
        assay_file_write(path, found->data, found->len, ASSAY_FILE_REPLACE, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_buf_init(&expected, FILE_MAX);
    if (assay_buf_read_file(&expected, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    compare_lines(name, expected.data, found->data);
    assay_buf_done(&expected);
}
