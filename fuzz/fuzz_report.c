/* The renderers: any bytes as the payload of a document, shown in every format and in every form for CI. Whatever the
 * document says, the output has no control characters, and what should be JSON is JSON. */
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "report/report.h"

#include <assert.h>
#include <string.h>

#define NOW_NS (UINT64_C(1767605700) * ASSAY_NS_PER_S)
#define FILE_BYTES_MAX ((size_t)1 << 20)
#define VIOLATIONS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void wrap(const char *payload, size_t len, struct assay_buf *out)
{
    assay_buf_text(out, "{\"payload\":\"");
    assay_base64_append(out, payload, len);
    assay_buf_text(out, "\",\"payloadType\":\"" ASSAY_PAYLOAD_TYPE "\",\"signatures\":[]}\n");
}

static void assert_inert(const struct assay_buf *out)
{
    for (size_t i = 0; i < out->len; i++) {
        unsigned char c = (unsigned char)out->data[i];
        assert((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t');
    }
}

static void assert_json(const struct assay_buf *out)
{
    json_t *root = NULL;
    assay_code rc = assay_json_read(out->data, out->len, &assay_json_limits_default, &root, NULL);
    assert(rc == ASSAY_OK || rc == ASSAY_TOO_LARGE);
    json_decref(root);
}

static void show(const struct assay_report_input *input)
{
    static const struct assay_style PLAIN = {0};
    const struct assay_report_input twice[] = {*input, *input};
    for (unsigned format = 0; format < ASSAY_REPORT_FORMAT_COUNT; format++) {
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        if (assay_report_show(input, (enum assay_report_format)format, &PLAIN, &out, NULL) == ASSAY_OK) {
            assert_inert(&out);
            if (format == ASSAY_REPORT_JSON) {
                assert_json(&out);
            }
        }
        assay_buf_clear(&out);
        if (assay_report_runs(twice, 2, (enum assay_report_format)format, &PLAIN, &out, NULL) == ASSAY_OK) {
            assert_inert(&out);
        }
        assay_buf_done(&out);
    }
}

static void on_surfaces(const struct assay_report_input *files, const struct assay_judgement *judgement)
{
    static const char *const NAMES[] = {"CRYPTO", "RECOMPUTE", "POLICY", "ASSURANCE"};
    struct assay_surface_violation violations[VIOLATIONS_MAX];
    struct assay_surface_receipt receipt = {.files = *files,
                                            .path = "receipt.json",
                                            .is_readable = judgement->is_readable,
                                            .exit = assay_judgement_exit(judgement),
                                            .tier = judgement->tier,
                                            .violations = violations};
    for (size_t i = 0; i < ASSAY_SURFACE_LINES; i++) {
        receipt.lines[i] = (struct assay_surface_line){.name = NAMES[i],
                                                       .verdict = judgement->lines[i].verdict,
                                                       .has_verdict = i + 1 < ASSAY_SURFACE_LINES,
                                                       .text = judgement->lines[i].text};
    }
    for (size_t i = 0; i < judgement->violations_count && i < VIOLATIONS_MAX; i++) {
        const struct assay_violation *from = &judgement->violations[i];
        violations[receipt.violations_count++] = (struct assay_surface_violation){.gate = from->gate,
                                                                                  .verdict = from->verdict,
                                                                                  .pointer = from->pointer,
                                                                                  .found = from->found,
                                                                                  .expected = from->expected};
    }
    const struct assay_surface_input input = {
        .receipts = &receipt, .receipts_count = 1, .tool = "assay 0.1.0", .key = "fuzz"};
    for (unsigned form = 0; form < ASSAY_SURFACE_FORM_COUNT; form++) {
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        if (assay_report_surface((enum assay_surface_form)form, &input, &out, NULL) == ASSAY_OK) {
            assert_inert(&out);
            if (form == ASSAY_SURFACE_SARIF || form == ASSAY_SURFACE_CTRF || form == ASSAY_SURFACE_GITLAB_CODEQUALITY) {
                assert_json(&out);
            }
        }
        assay_buf_done(&out);
    }
}

static void render(const struct assay_buf *document)
{
    const struct assay_report_input files = {.place = "run", .document = document->data, .document_len = document->len};
    const struct assay_judge_input input = {.document = {document->data, document->len}, .now_real_ns = NOW_NS};
    struct assay_judgement *judgement = NULL;
    struct assay_buf text;
    assay_code rc = assay_judge_verify(&input, &judgement, NULL);
    assert(rc == ASSAY_OK);
    assay_buf_init(&text, ASSAY_REPORT_BYTES_MAX);
    assay_judgement_render(judgement, &text);
    assert_inert(&text);
    show(&files);
    on_surfaces(&files, judgement);
    assay_buf_done(&text);
    assay_judgement_free(judgement);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct assay_buf canon, document;
    json_t *root = NULL;
    assay_json_init();
    if (len > FILE_BYTES_MAX / 8 || assay_crypto_init(NULL) != ASSAY_OK) {
        return 0;
    }
    assay_buf_init(&canon, FILE_BYTES_MAX);
    assay_buf_init(&document, FILE_BYTES_MAX);
    if (assay_json_read((const char *)bytes, len, &assay_json_limits_default, &root, NULL) == ASSAY_OK &&
        assay_json_canon(root, &canon, NULL) == ASSAY_OK) {
        wrap(canon.data, canon.len, &document);
    } else {
        wrap((const char *)bytes, len, &document);
    }
    if (assay_buf_check(&document, NULL) == ASSAY_OK) {
        render(&document);
    }
    json_decref(root);
    assay_buf_done(&canon);
    assay_buf_done(&document);
    return 0;
}
