/* One input through all of claims/ and every rendering: the same bytes give the same findings, places lie inside the
 * input, and what is written for machines is JSON. */
#ifndef ASSAY_FUZZ_CLAIMS_H
#define ASSAY_FUZZ_CLAIMS_H

#include "claims/claims.h"
#include "report/report.h"
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

#define FUZZ_OUTPUT_BYTES_MAX ((size_t)64 << 20)

static inline void fuzz_claims_render(const struct assay_findings *findings, enum assay_claims_format format,
                                      struct assay_buf *out)
{
    struct assay_style style = {0};
    assay_buf_init(out, FUZZ_OUTPUT_BYTES_MAX);
    if (assay_report_claims(findings, format, &style, out, NULL) != ASSAY_OK) {
        abort();
    }
}

static inline void fuzz_claims_must_be_json(const struct assay_buf *text)
{
    json_t *root = NULL;
    if (assay_json_read(text->data, text->len, &assay_json_limits_default, &root, NULL) != ASSAY_OK) {
        abort();
    }
    json_decref(root);
}

static inline struct assay_findings *fuzz_claims_check(const uint8_t *data, size_t size, const char *path)
{
    struct assay_claims_input input = {.path = path, .bytes = (const char *)data, .len = size};
    struct assay_claims_request request = {.inputs = &input, .inputs_count = 1, .options = {.is_verbose = true}};
    struct assay_findings *findings = NULL;
    if (assay_claims_check(&request, &findings, NULL) != ASSAY_OK) {
        abort();
    }
    for (size_t i = 0; i < findings->findings_count; i++) {
        const struct assay_place *place = &findings->findings[i].place;
        if ((size_t)place->offset + place->len > size || place->line == 0) {
            abort();
        }
    }
    return findings;
}

static inline void fuzz_claims(const uint8_t *data, size_t size, const char *path)
{
    struct assay_buf first, second;
    struct assay_findings *findings = fuzz_claims_check(data, size, path), *again = fuzz_claims_check(data, size, path);
    for (int format = 0; format <= ASSAY_CLAIMS_MARKDOWN_SUMMARY; format++) {
        fuzz_claims_render(findings, (enum assay_claims_format)format, &first);
        fuzz_claims_render(again, (enum assay_claims_format)format, &second);
        if (first.len != second.len || (first.len > 0 && memcmp(first.data, second.data, first.len) != 0)) {
            abort();
        }
        if (format == ASSAY_CLAIMS_FORMAT_JSON) {
            fuzz_claims_must_be_json(&first);
        }
        assay_buf_done(&first);
        assay_buf_done(&second);
    }
    assay_findings_free(findings);
    assay_findings_free(again);
}

#endif
