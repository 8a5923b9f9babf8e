#include "cli/run_files.h"

#include "base/file.h"
#include "base/mem.h"

#include <stddef.h>
#include <string.h>

static const enum assay_document DOCUMENTS[] = {ASSAY_DOCUMENT_RECEIPT, ASSAY_DOCUMENT_RECORD, ASSAY_DOCUMENT_IMPORTED};
enum { DOCUMENTS_COUNT = sizeof DOCUMENTS / sizeof DOCUMENTS[0], PATH_BYTES_MAX = 65536 };

static assay_code find_in_dir(const char *dir, struct assay_buf *path, assay_err *err)
{
    const char *found = NULL;
    for (size_t i = 0; i < DOCUMENTS_COUNT; i++) {
        const char *name = assay_document_file(DOCUMENTS[i]);
        assay_path_join(path, dir, name);
        if (path->data && assay_path_exists(path->data)) {
            if (found) {
                return assay_fail(err, ASSAY_MALFORMED, "'%s' holds both %s and %s; a run has exactly one document",
                                  dir, found, name);
            }
            found = name;
        }
    }
    if (!found) {
        return assay_fail(err, ASSAY_NOT_FOUND,
                          "'%s' is no run directory: no receipt.json, record.json or imported.json", dir);
    }
    assay_path_join(path, dir, found);
    return assay_buf_check(path, err);
}

/* The directory part of a path: "." if it has none. */
static void directory_of(const char *path, struct assay_buf *dir)
{
    const char *slash = strrchr(path, '/');
    assay_buf_clear(dir);
    if (!slash) {
        assay_buf_char(dir, '.');
    } else {
        assay_buf_append(dir, path, slash == path ? 1 : (size_t)(slash - path));
    }
}

static assay_code read_if_there(struct assay_buf *into, const char *dir, const char *name, assay_err *err)
{
    struct assay_buf path;
    assay_buf_init(&path, PATH_BYTES_MAX);
    assay_path_join(&path, dir, name);
    assay_code rc = assay_buf_check(&path, err);
    if (rc == ASSAY_OK && assay_path_exists(path.data)) {
        rc = assay_buf_read_file(into, path.data, err);
    }
    assay_buf_done(&path);
    return rc;
}

static assay_code load_from(struct assay_run_files *files, const char *document_path, const char *dir,
                            const char *trace_path, assay_err *err)
{
    assay_code rc = assay_buf_read_file(&files->document, document_path, err);
    if (rc == ASSAY_OK) {
        rc = read_if_there(&files->plan, dir, "plan.json", err);
    }
    if (rc == ASSAY_OK) {
        rc = trace_path ? assay_buf_read_file(&files->trace, trace_path, err)
                        : read_if_there(&files->trace, dir, "trace.assay", err);
    }
    static const struct {
        const char *name;
        size_t offset;
    } OTHERS[] = {{"identity.json", offsetof(struct assay_run_files, identity)},
                  {"receipt.tlog-proof", offsetof(struct assay_run_files, proof)},
                  {"receipt.tlog-entry", offsetof(struct assay_run_files, entry)}};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0] && rc == ASSAY_OK; i++) {
        rc = read_if_there((struct assay_buf *)(void *)((char *)files + OTHERS[i].offset), dir, OTHERS[i].name, err);
    }
    return rc;
}

assay_code assay_run_files_load(const char *place, const char *trace_path, struct assay_run_files *ret, assay_err *err)
{
    struct assay_run_files files = {.place = place};
    struct assay_buf dir, *const path = &files.document_path;
    assay_buf_init(&files.document, ASSAY_ENVELOPE_BYTES_MAX);
    assay_buf_init(&files.plan, ASSAY_PLAN_BYTES_MAX);
    assay_buf_init(&files.trace, ASSAY_TRACE_BYTES_MAX);
    assay_buf_init(&files.identity, ASSAY_ENVELOPE_BYTES_MAX);
    assay_buf_init(&files.proof, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_buf_init(&files.entry, ASSAY_LOG_ENTRY_BYTES_MAX);
    assay_buf_init(path, PATH_BYTES_MAX);
    assay_buf_init(&dir, PATH_BYTES_MAX);
    assay_code rc = ASSAY_OK;
    if (assay_path_is_dir(place)) {
        assay_buf_text(&dir, place);
        rc = find_in_dir(place, path, err);
    } else {
        directory_of(place, &dir);
        assay_buf_text(path, place);
    }
    if (rc == ASSAY_OK) {
        rc = assay_buf_check(&dir, err);
    }
    if (rc == ASSAY_OK) {
        rc = load_from(&files, path->data, dir.data, trace_path, err);
    }
    assay_buf_done(&dir);
    if (rc != ASSAY_OK) {
        assay_run_files_done(&files);
        return rc;
    }
    *ret = files;
    return ASSAY_OK;
}

void assay_run_files_done(struct assay_run_files *files)
{
    assay_buf_done(&files->document);
    assay_buf_done(&files->plan);
    assay_buf_done(&files->trace);
    assay_buf_done(&files->identity);
    assay_buf_done(&files->proof);
    assay_buf_done(&files->entry);
    assay_buf_done(&files->document_path);
}

struct assay_report_input assay_run_files_input(const struct assay_run_files *files)
{
    return (struct assay_report_input){
        .place = files->place,
        .document = files->document.data,
        .document_len = files->document.len,
        .plan = files->plan.data,
        .plan_len = files->plan.len,
        .identity = files->identity.data,
        .identity_len = files->identity.len,
    };
}
