/*
 * What git knows of a commit: its full name, its place in the order of commits, when it was made, where its branch left
 * another one. Asked of the repository of the working directory; without one, or without git, a commit is what the user
 * typed and nothing else is known.
 */
#ifndef ASSAY_CLI_REPOSITORY_H
#define ASSAY_CLI_REPOSITORY_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_REVISION_BYTES 128 /* a digest of 64 hex digits, or a branch's name */

struct assay_revision {
    char commit[ASSAY_REVISION_BYTES];
    char branch[ASSAY_REVISION_BYTES]; /* "" = not asked for */
    bool is_known;                     /* to git: the members below are set */
    uint64_t order;                    /* commits that lead to it, itself included: ancestors have fewer */
    int64_t time_s;
    char parent[ASSAY_REVISION_BYTES], merge_base[ASSAY_REVISION_BYTES]; /* "" = it is the main line, or unknown */
};

/* commit: a name or digest, NULL = none; branch: its name, NULL = none. Fails only for texts that are too long. */
assay_code assay_revision_ask(const char *commit, const char *branch, struct assay_revision *ret, assay_err *err);

/* 40 or 64 lower-case hex digits. */
bool assay_revision_is_digest(const char *commit);

/* Whether `older` is an ancestor of `newer`, or the same. False: git does not know both. */
bool assay_revision_is_ancestor(const char *older, const char *newer, bool *ret);

/* The commits after `from` up to `to`, oldest first, as lines. False: git does not know. */
bool assay_revisions_between(const char *from, const char *to, struct assay_buf *ret);

#endif
