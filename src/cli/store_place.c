#include "cli/store_place.h"

#include "cli/repository.h"

#include <stdlib.h>

#define STORE_PATH_BYTES_MAX 65536

assay_code assay_store_place_open(const char *asked, enum assay_store_mode mode, struct assay_store **ret,
                                  assay_err *err)
{
    const struct assay_store_env env = {
        .assay_store = getenv("ASSAY_STORE"), .xdg_data_home = getenv("XDG_DATA_HOME"), .home = getenv("HOME")};
    struct assay_buf path;
    assay_buf_init(&path, STORE_PATH_BYTES_MAX);
    assay_code rc = assay_store_path(asked, &env, &path, err);
    if (rc == ASSAY_OK) {
        rc = assay_store_open(path.data, mode, ret, err);
    }
    assay_buf_done(&path);
    return rc;
}

assay_code assay_store_place_append(const char *asked, const struct assay_store_run *run, assay_err *err)
{
    struct assay_store *store = NULL;
    struct assay_revision revision;
    struct assay_store_run placed = *run;
    assay_code rc = assay_revision_ask(run->commit, run->branch, &revision, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    placed.commit = run->commit ? revision.commit : NULL;
    placed.has_commit_order = revision.is_known;
    placed.commit_order = revision.order;
    placed.commit_time_s = revision.time_s;
    placed.parent = revision.parent[0] ? revision.parent : NULL;
    placed.merge_base = revision.parent[0] ? revision.merge_base : NULL;
    rc = assay_store_place_open(asked, ASSAY_STORE_WRITE, &store, err);
    if (rc == ASSAY_OK) {
        rc = assay_store_append(store, &placed, NULL, err);
    }
    assay_store_close(store);
    return rc;
}
