/*
 * Build record: how this binary was built (evidence.md 6, row `build`). tools/build_record.sh writes the values into a
 * C file at every build, which changes only when one of them does; so the record follows a commit at the price of one
 * small compilation. What only the running program can know, its own digest, is not here.
 */
#ifndef ASSAY_HOST_BUILD_RECORD_H
#define ASSAY_HOST_BUILD_RECORD_H

#include <stdbool.h>
#include <stddef.h>

struct assay_build_list {
    const char *const *items;
    size_t count;
};

struct assay_build_record {
    const char *compiler; /* "gcc 12.2.0" */
    const char *linker;   /* "ld.bfd 2.40" */
    const char *commit;   /* 40 hex digits, or "unknown" where the source is no git checkout */
    struct assay_build_list flags, libs, sanitizers; /* "-O2" ...; "jansson 2.14" ...; "address" ... */
    int optimize;                                    /* 0 to 3; "s" counts as 2, "g" as 1 */
    bool ndebug, lto, coverage;
    bool is_dirty;                 /* differs from the commit, or the commit is unknown */
    const char *dirty_diff_sha256; /* hex, of `git diff --binary HEAD`, then "SHA-256  name" lines of untracked files
                                    * sorted by name; NULL when clean or unknown */
};

extern const struct assay_build_record assay_build_record;

#endif
