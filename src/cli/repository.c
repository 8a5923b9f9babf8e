#include "cli/repository.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/proc.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define GIT_TIMEOUT_NS (30 * ASSAY_NS_PER_S) /* counting a million commits takes ten */
#define GIT_OUTPUT_MAX ((size_t)16 << 20)

/* Output of git without its last line end; false if it did not say yes. */
static bool git(const char *const *words, struct assay_buf *ret)
{
    int status = -1;
    char *const *argv = (char *const *)(uintptr_t)words; /* as exec has it; nobody writes there */
    assay_buf_clear(ret);
    if (assay_proc_run(argv, GIT_TIMEOUT_NS, ret, &status, NULL) != ASSAY_OK || status != 0 || ret->len == 0) {
        return false;
    }
    while (ret->len > 0 && ret->data[ret->len - 1] == '\n') {
        ret->data[--ret->len] = '\0';
    }
    return ret->len > 0;
}

static bool keep(const struct assay_buf *text, char ret[ASSAY_REVISION_BYTES])
{
    if (text->len >= ASSAY_REVISION_BYTES) {
        return false;
    }
    memcpy(ret, text->data, text->len + 1);
    return true;
}

static bool full_name(const char *revision, struct assay_buf *text)
{
    char name[2 * ASSAY_REVISION_BYTES];
    (void)snprintf(name, sizeof name, "%s^{commit}", revision);
    return git((const char *const[]){"git", "rev-parse", "--verify", "--quiet", "--end-of-options", name, NULL}, text);
}

static bool place_read(struct assay_revision *revision, struct assay_buf *text)
{
    uint64_t time_s;
    if (!git((const char *const[]){"git", "rev-list", "--count", revision->commit, NULL}, text) ||
        assay_num_u64((struct assay_slice){text->data, text->len}, "", UINT64_MAX >> 1, &revision->order, NULL) !=
            ASSAY_OK) {
        return false;
    }
    if (!git((const char *const[]){"git", "show", "-s", "--format=%ct", revision->commit, NULL}, text) ||
        assay_num_u64((struct assay_slice){text->data, text->len}, "", INT64_MAX, &time_s, NULL) != ASSAY_OK) {
        return false;
    }
    revision->time_s = (int64_t)time_s;
    return true;
}

/* The main line is what origin calls its HEAD, else main, else master. */
static bool main_line(struct assay_buf *text)
{
    static const char ORIGIN[] = "origin/";
    if (git((const char *const[]){"git", "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD", NULL},
            text) &&
        assay_text_starts(text->data, ORIGIN)) {
        memmove(text->data, text->data + sizeof ORIGIN - 1, text->len - sizeof ORIGIN + 2);
        text->len -= sizeof ORIGIN - 1;
        return true;
    }
    static const char *const USUAL[] = {"main", "master"};
    for (size_t i = 0; i < 2; i++) {
        if (full_name(USUAL[i], text)) {
            assay_buf_clear(text);
            assay_buf_text(text, USUAL[i]);
            return text->failed == ASSAY_OK;
        }
    }
    return false;
}

static void parent_find(struct assay_revision *revision, struct assay_buf *text)
{
    if (revision->branch[0] == '\0' || !main_line(text) || !keep(text, revision->parent) ||
        strcmp(revision->parent, revision->branch) == 0) {
        revision->parent[0] = '\0';
        return;
    }
    if (!git((const char *const[]){"git", "merge-base", revision->parent, revision->commit, NULL}, text) ||
        !keep(text, revision->merge_base)) {
        revision->parent[0] = '\0';
    }
}

assay_code assay_revision_ask(const char *commit, const char *branch, struct assay_revision *ret, assay_err *err)
{
    assert(ret);
    struct assay_buf text;
    *ret = (struct assay_revision){0};
    if ((commit && strlen(commit) >= sizeof ret->commit) || (branch && strlen(branch) >= sizeof ret->branch)) {
        return assay_fail(err, ASSAY_USAGE, "a commit or branch has at most %zu bytes", sizeof ret->commit - 1);
    }
    (void)snprintf(ret->commit, sizeof ret->commit, "%s", commit ? commit : "");
    (void)snprintf(ret->branch, sizeof ret->branch, "%s", branch ? branch : "");
    if (ret->commit[0] == '\0') {
        return ASSAY_OK;
    }
    assay_buf_init(&text, GIT_OUTPUT_MAX);
    if (full_name(ret->commit, &text) && keep(&text, ret->commit)) {
        ret->is_known = place_read(ret, &text);
        parent_find(ret, &text);
    }
    assay_buf_done(&text);
    return ASSAY_OK;
}

bool assay_revision_is_digest(const char *commit)
{
    return assay_text_is_hex(commit, 40) || assay_text_is_hex(commit, 64);
}

bool assay_revision_is_ancestor(const char *older, const char *newer, bool *ret)
{
    struct assay_buf text;
    char from[ASSAY_REVISION_BYTES], to[ASSAY_REVISION_BYTES];
    assay_buf_init(&text, GIT_OUTPUT_MAX);
    bool is_known = full_name(older, &text) && keep(&text, from) && full_name(newer, &text) && keep(&text, to);
    if (is_known) { /* the best common ancestor of a commit and its ancestor is the ancestor; unrelated ones have none
                     */
        *ret = git((const char *const[]){"git", "merge-base", from, to, NULL}, &text) && strcmp(text.data, from) == 0;
    }
    assay_buf_done(&text);
    return is_known;
}

bool assay_revisions_between(const char *from, const char *to, struct assay_buf *ret)
{
    char range[2 * ASSAY_REVISION_BYTES + 4];
    if (from[0] == '\0' || to[0] == '\0' || from[0] == '-' || strlen(from) >= ASSAY_REVISION_BYTES ||
        strlen(to) >= ASSAY_REVISION_BYTES) {
        return false;
    }
    (void)snprintf(range, sizeof range, "%s..%s", from, to);
    return git((const char *const[]){"git", "rev-list", "--reverse", "--topo-order", "--ancestry-path", range, NULL},
               ret);
}
