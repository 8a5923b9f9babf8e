/*
 * Evidence handed on as it is: envelopes one a line (an in-toto bundle), or the predicate and the subjects of one
 * receipt for an attester that signs them again. Nothing that did not verify leaves in these forms.
 */
#include "report/escape.h"
#include "report/surface_rows.h"

#include "base/text.h"

#include <string.h>

#define ATTEST_SUBJECTS_MAX 1024u /* of one attestation; a receipt has no more (evidence.md 1.2) */

static assay_code check_group(const struct assay_surface_group *group, assay_err *err)
{
    const struct assay_surface_receipt *receipt = group->receipt;
    for (size_t i = 0; i < ASSAY_SURFACE_LINES; i++) {
        if (receipt->lines[i].verdict == ASSAY_VERDICT_FAIL) {
            return assay_fail(err, ASSAY_WANTING, "'%.200s' is not handed on: %s %s", group->name,
                              receipt->lines[i].name, assay_verdict_text(ASSAY_VERDICT_FAIL));
        }
    }
    if (!receipt->is_readable) {
        return assay_fail(err, receipt->exit == 5 ? ASSAY_IO : ASSAY_MALFORMED,
                          "'%.200s' is not handed on: the document could not be read", group->name);
    }
    return group->has_figures ? ASSAY_OK
                              : assay_fail(err, ASSAY_UNDECIDED, "'%.200s' is not handed on: RECOMPUTE is %s",
                                           group->name, assay_verdict_text(receipt->lines[1].verdict));
}

/* A strict file is one line with its end. */
static bool is_line(const struct assay_report_input *files)
{
    const char *end = memchr(files->document, '\n', files->document_len);
    return end && end == files->document + files->document_len - 1;
}

assay_code assay_surface_bundle(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    for (size_t i = 0; i < surface->input->receipts_count; i++) {
        const struct assay_surface_group *group = &surface->groups[i];
        const struct assay_report_input *files = &group->receipt->files;
        assay_code rc = check_group(group, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        if (!is_line(files)) {
            return assay_fail(err, ASSAY_UNSUPPORTED, "'%.200s' is no strict envelope: it is not one line",
                              group->name);
        }
        assay_buf_append(out, files->document, files->document_len);
    }
    return ASSAY_OK;
}

static assay_code one_receipt(const struct assay_surface *surface, const struct assay_surface_group **ret,
                              assay_err *err)
{
    const struct assay_surface_group *group = &surface->groups[0];
    if (surface->input->receipts_count != 1) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "an attestation is of one receipt, not of %zu",
                          surface->input->receipts_count);
    }
    assay_code rc = check_group(group, err);
    if (rc == ASSAY_OK && group->view->document != ASSAY_DOCUMENT_RECEIPT) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "an attestation is of a receipt, not of a %s",
                          assay_document_file(group->view->document));
    }
    *ret = group;
    return rc;
}

assay_code assay_surface_attest_predicate(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    const struct assay_surface_group *group = NULL;
    assay_code rc = one_receipt(surface, &group, err);
    rc = rc == ASSAY_OK ? assay_json_canon(group->view->predicate, out, err) : rc;
    if (rc == ASSAY_OK) {
        assay_buf_char(out, '\n');
    }
    return rc;
}

/* As sha256sum prints them. A subject that is a commit has no such digest: it stays in the predicate's receipt. */
assay_code assay_surface_attest_subjects(const struct assay_surface *surface, struct assay_buf *out, assay_err *err)
{
    const struct assay_surface_group *group = NULL;
    assay_code rc = one_receipt(surface, &group, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const json_t *subjects = json_object_get(group->view->statement, "subject");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(subjects) && count < ATTEST_SUBJECTS_MAX; i++) {
        const json_t *subject = json_array_get(subjects, i);
        const char *name = json_string_value(json_object_get(subject, "name"));
        const char *digest = json_string_value(json_object_get(json_object_get(subject, "digest"), "sha256"));
        if (name && digest) {
            assay_buf_printf(out, "%s  ", digest);
            assay_text_show(out, name, strlen(name), ASSAY_SHOWN_BYTES_MAX);
            assay_buf_char(out, '\n');
            count++;
        }
    }
    return count > 0
               ? ASSAY_OK
               : assay_fail(err, ASSAY_UNSUPPORTED, "'%.200s' has no subject with a SHA-256 to attest", group->name);
}
