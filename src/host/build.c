#include "host/host.h"

#include "host/build_record.h"
#include "host/digest.h"
#include "host/read.h"

#include <string.h>

static void put_list(struct assay_json_builder *b, json_t *object, const char *name,
                     const struct assay_build_list *list)
{
    json_t *array = assay_json_put_array(b, object, name);
    for (size_t i = 0; i < list->count; i++) {
        assay_json_add_text(b, array, list->items[i]);
    }
}

static json_t *own_digest(void)
{
    struct assay_digest digest;
    return assay_host_file_sha256("/proc/self/exe", &digest) ? assay_host_hex32(&digest)
                                                             : assay_host_unknown("/proc/self/exe cannot be read");
}

static json_t *dirty_diff(const struct assay_build_record *record)
{
    if (record->dirty_diff_sha256) {
        return json_string(record->dirty_diff_sha256);
    }
    return record->is_dirty ? assay_host_unknown("not built from a git checkout") : assay_host_absent("clean");
}

assay_code assay_host_build(json_t **ret, assay_err *err)
{
    const struct assay_build_record *record = &assay_build_record;
    struct assay_json_builder b = {0};
    json_t *build = json_object();
    assay_json_put_text(&b, build, "compiler", record->compiler);
    put_list(&b, build, "flags", &record->flags);
    assay_json_put_text(&b, build, "linker", record->linker);
    assay_json_put_int(&b, build, "optimize", record->optimize);
    assay_json_put_bool(&b, build, "ndebug", record->ndebug);
    assay_json_put_bool(&b, build, "lto", record->lto);
    put_list(&b, build, "sanitizers", &record->sanitizers);
    assay_json_put_bool(&b, build, "coverage", record->coverage);
    assay_json_put(&b, build, "binarySha256", own_digest());
    put_list(&b, build, "libs", &record->libs);
    if (strcmp(record->commit, "unknown") == 0) {
        assay_json_put(&b, build, "commit", assay_host_unknown("not built from a git checkout"));
    } else {
        assay_json_put_text(&b, build, "commit", record->commit);
    }
    assay_json_put_bool(&b, build, "dirty", record->is_dirty);
    assay_json_put(&b, build, "dirtyDiffSha256", dirty_diff(record));
    assay_code rc = assay_json_builder_check(&b, build, err);
    if (rc != ASSAY_OK) {
        json_decref(build);
        return rc;
    }
    *ret = build;
    return ASSAY_OK;
}
