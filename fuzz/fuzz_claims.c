/* Documents: whatever the bytes, the check ends, findings lie inside the file, every output is written, and a fixed
 * document needs no second fix. The first byte chooses what the rest is read as. */
#include "claims/claims.h"

#include "report/report.h"
#include "json/json.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_places(const struct assay_findings *findings, size_t len)
{
    for (size_t i = 0; i < findings->findings_count; i++) {
        const struct assay_finding *finding = &findings->findings[i];
        assert(finding->place.offset + finding->place.len <= len && finding->place.line >= 1 && finding->message);
        for (size_t k = 0; k < finding->operands_count; k++) {
            assert(finding->operands[k].offset + finding->operands[k].len <= len);
        }
    }
}

static void check_outputs(const struct assay_findings *findings)
{
    struct assay_style style = {0};
    for (int format = ASSAY_CLAIMS_TEXT; format <= ASSAY_CLAIMS_MARKDOWN_SUMMARY; format++) {
        struct assay_buf out;
        assay_buf_init(&out, (size_t)64 << 20);
        assert(assay_report_claims(findings, (enum assay_claims_format)format, &style, &out, NULL) == ASSAY_OK);
        bool is_json =
            format == ASSAY_CLAIMS_FORMAT_JSON || format == ASSAY_CLAIMS_SARIF || format == ASSAY_CLAIMS_GITLAB;
        json_t *root = NULL;
        if (is_json) {
            assert(assay_json_read(out.data, out.len, &assay_json_limits_default, &root, NULL) == ASSAY_OK);
            json_decref(root);
        }
        assay_buf_done(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const enum assay_claims_kind KINDS[] = {ASSAY_CLAIMS_MARKDOWN, ASSAY_CLAIMS_MARKDOWN, ASSAY_CLAIMS_PLAIN,
                                                   ASSAY_CLAIMS_JSON,     ASSAY_CLAIMS_CSV,      ASSAY_CLAIMS_SOURCE};
    if (len == 0) {
        return 0;
    }
    assay_json_init();
    struct assay_claims_input input = {.path = "input",
                                       .bytes = (const char *)bytes + 1,
                                       .len = len - 1,
                                       .kind = KINDS[bytes[0] % (sizeof KINDS / sizeof KINDS[0])],
                                       .is_evidence = bytes[0] % 7 == 6};
    struct assay_claims_request request = {
        .inputs = &input,
        .inputs_count = 1,
        .options = {.is_verbose = true, .has_decimal_comma = bytes[0] & 64, .reads_quotes = bytes[0] & 128}};
    struct assay_findings *findings = NULL;
    assert(assay_claims_check(&request, &findings, NULL) == ASSAY_OK);
    check_places(findings, input.len);
    check_outputs(findings);
    int status = assay_claims_exit(findings, &request);
    assert(status >= 0 && status <= 3);
    assay_findings_free(findings);
    return 0;
}
