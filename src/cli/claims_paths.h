/*
 * The files and folders that the documents of a claims call name, as they lie below --root or beside the document.
 */
#ifndef ASSAY_CLI_CLAIMS_PATHS_H
#define ASSAY_CLI_CLAIMS_PATHS_H

#include "cli/claims_files.h"

struct assay_claims_paths {
    struct assay_claims_path *at; /* sorted by path, each once; texts are owned */
    size_t count;
};

/* root NULL: nothing is looked for. */
assay_code assay_claims_paths_load(struct assay_claims_paths *paths, const struct assay_claims_files *files,
                                   const char *root, assay_err *err);
void assay_claims_paths_done(struct assay_claims_paths *paths);

/* A relative path without "..". */
bool assay_claims_path_stays_below(struct assay_slice path);
/* The real path lies under the root (NULL: the working directory): no link leads out of it. */
bool assay_claims_path_is_inside(const char *root, const char *path);

#endif
