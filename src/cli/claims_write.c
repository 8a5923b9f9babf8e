#include "cli/claims_write.h"

#include "base/file.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define DOCUMENT_BYTES_MAX (ASSAY_CLAIMS_FILE_BYTES_MAX * 2) /* with a comment for every number */

/* Edits never cross a line end, so line k of one text is line k of the other. */
static void write_diff(const char *path, struct assay_slice old, struct assay_slice new, struct assay_buf *out)
{
    assay_buf_printf(out, "--- %s\n+++ %s\n", path, path);
    for (uint64_t line = 1; old.data || new.data; line++) {
        struct assay_slice a = assay_slice_cut(&old, '\n'), b = assay_slice_cut(&new, '\n');
        if (!assay_slice_equal(a, b)) {
            assay_buf_printf(out, "@@ -%" PRIu64 " +%" PRIu64 " @@\n-%.*s\n+%.*s\n", line, line, (int)a.len, a.data,
                             (int)b.len, b.data);
        }
    }
}

static assay_code replace(const char *path, const struct assay_buf *text, assay_err *err)
{
    if (access(path, W_OK) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "'%s' cannot be written", path);
    }
    return assay_file_write(path, text->data ? text->data : "", text->len, ASSAY_FILE_REPLACE, err);
}

assay_code assay_claims_write_fixes(const struct assay_findings *findings, const struct assay_claims_files *files,
                                    bool is_dry_run, struct assay_buf *out, size_t *ret_edits, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    *ret_edits = 0;
    for (size_t i = 0; i < files->count && rc == ASSAY_OK; i++) {
        const struct assay_claims_input *input = &files->inputs[i];
        struct assay_buf text;
        size_t edits = 0;
        if (input->is_evidence) {
            continue;
        }
        assay_buf_init(&text, DOCUMENT_BYTES_MAX);
        rc = assay_claims_fix(findings, input->path, input->bytes, input->len, &text, &edits, err);
        if (rc == ASSAY_OK && edits > 0 && is_dry_run) {
            write_diff(input->path, (struct assay_slice){input->bytes, input->len},
                       (struct assay_slice){text.data, text.len}, out);
        } else if (rc == ASSAY_OK && edits > 0) {
            rc = replace(input->path, &text, err);
        }
        *ret_edits += edits;
        assay_buf_done(&text);
    }
    return rc;
}

static void list_proposal(const struct assay_claims_proposal *proposal, struct assay_buf *out)
{
    const char *kind = proposal->references_count == 0   ? "unsupported"
                       : proposal->references_count == 1 ? "proposed"
                                                         : "several";
    assay_text_show(out, proposal->place.path, strlen(proposal->place.path), 4096);
    assay_buf_printf(out, ":%" PRIu32 ":%" PRIu32 ": %s: '%s'", proposal->place.line, proposal->place.column, kind,
                     proposal->text);
    for (size_t i = 0; i < proposal->references_count; i++) {
        assay_buf_text(out, i ? "\n      = " : " = ");
        assay_text_show(out, proposal->references[i], strlen(proposal->references[i]), 4096);
    }
    assay_buf_char(out, '\n');
}

assay_code assay_claims_write_bindings(const struct assay_claims_proposals *proposals,
                                       const struct assay_claims_files *files, bool is_written, struct assay_buf *out,
                                       assay_err *err)
{
    assay_code rc = ASSAY_OK;
    size_t all = 0;
    for (size_t i = 0; i < proposals->count; i++) {
        list_proposal(&proposals->at[i], out);
    }
    for (size_t i = 0; i < files->count && rc == ASSAY_OK && is_written; i++) {
        const struct assay_claims_input *input = &files->inputs[i];
        struct assay_buf text;
        size_t edits = 0;
        if (input->is_evidence) {
            continue;
        }
        assay_buf_init(&text, DOCUMENT_BYTES_MAX);
        rc = assay_claims_insert(proposals, input->path, input->bytes, input->len, &text, &edits, err);
        if (rc == ASSAY_OK && edits > 0) {
            rc = replace(input->path, &text, err);
        }
        all += edits;
        assay_buf_done(&text);
    }
    assay_buf_printf(out, "%zu claims without a binding, %zu bindings written\n", proposals->count, all);
    return rc;
}
