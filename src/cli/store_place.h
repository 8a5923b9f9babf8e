/*
 * The history that a user means: --store, the environment, or the default place.
 */
#ifndef ASSAY_CLI_STORE_PLACE_H
#define ASSAY_CLI_STORE_PLACE_H

#include "store/store.h"

assay_code assay_store_place_open(const char *asked, enum assay_store_mode mode, struct assay_store **ret,
                                  assay_err *err);

/* Opens, appends, closes. If the run names a commit, git is asked for its place in the order of commits. */
assay_code assay_store_place_append(const char *asked, const struct assay_store_run *run, assay_err *err);

#endif
