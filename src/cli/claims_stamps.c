#include "cli/claims_stamps.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/proc.h"

#include <stdio.h>

#define GIT_TIMEOUT_NS (30 * ASSAY_NS_PER_S)
#define FILES_ASKED_MAX 256 /* two questions to git each; a longer set is no pull request */
#define PATHSPEC_BYTES 4200 /* a path of Linux and what is before it */

/* Whether git said yes; its output without the line end. */
static bool ask(const char *const *words, struct assay_buf *ret)
{
    int status = -1;
    char *const *argv = (char *const *)(uintptr_t)words; /* as exec has it; nobody writes there */
    assay_buf_clear(ret);
    if (assay_proc_run(argv, GIT_TIMEOUT_NS, ret, &status, NULL) != ASSAY_OK || status != 0) {
        return false;
    }
    while (ret->len > 0 && ret->data[ret->len - 1] == '\n') {
        ret->data[--ret->len] = '\0';
    }
    return true;
}

static bool commit_time(const char *head, const char *path, struct assay_buf *text, int64_t *ret)
{
    char spec[PATHSPEC_BYTES];
    uint64_t time_s = 0;
    int len = snprintf(spec, sizeof spec, ":(literal)%s", path);
    bool is_there = len > 0 && (size_t)len < sizeof spec && head[0] != '-' &&
                    ask((const char *const[]){"git", "diff", "--quiet", head, "--", spec, NULL}, text) &&
                    ask((const char *const[]){"git", "log", "-1", "--format=%ct", head, "--", spec, NULL}, text) &&
                    text->len > 0;
    if (!is_there ||
        assay_num_u64((struct assay_slice){text->data, text->len}, "", INT64_MAX, &time_s, NULL) != ASSAY_OK) {
        return false;
    }
    *ret = (int64_t)time_s;
    return true;
}

assay_code assay_claims_stamps_load(struct assay_claims_stamps *stamps, const struct assay_claims_files *files,
                                    const char *head, assay_err *err)
{
    struct assay_buf text;
    if (!head || files->count == 0) {
        return ASSAY_OK;
    }
    stamps->at = assay_alloc(files->count, sizeof *stamps->at);
    if (!stamps->at) {
        return assay_nomem(err);
    }
    assay_buf_init(&text, 4096);
    for (size_t i = 0; i < files->count && i < FILES_ASKED_MAX; i++) {
        int64_t time_s = 0;
        if (commit_time(head, files->inputs[i].path, &text, &time_s)) {
            stamps->at[stamps->count++] =
                (struct assay_claims_stamp){.what = "committed", .unix_s = time_s, .path = files->inputs[i].path};
        }
    }
    assay_buf_done(&text);
    return ASSAY_OK;
}

void assay_claims_stamps_done(struct assay_claims_stamps *stamps)
{
    assay_free(stamps->at);
}
