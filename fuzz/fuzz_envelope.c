/* Any bytes as receipt.json, strict and interop: verify answers, and without plan and trace never with 0. What strict
 * does not refuse as malformed, interop does not either. */
#include "crypto/crypto.h"
#include "judge/judge.h"

#include <assert.h>

#define NOW_NS (UINT64_C(1767605700) * ASSAY_NS_PER_S)
#define TEXT_BYTES_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool is_malformed(const uint8_t *bytes, size_t len, bool is_interop)
{
    const struct assay_judge_input input = {.document = {(const char *)bytes, len},
                                            .now_real_ns = NOW_NS,
                                            .is_interop = is_interop,
                                            .wants_default_policy = true};
    struct assay_judgement *judgement = NULL;
    struct assay_buf text;
    assay_buf_init(&text, TEXT_BYTES_MAX);
    assay_code rc = assay_judge_verify(&input, &judgement, NULL);
    assert(rc == ASSAY_OK);
    int status = assay_judgement_exit(judgement);
    assert(status == 1 || status == 2 || status == 3);
    assert(judgement->lines[ASSAY_LINE_RECOMPUTE].verdict != ASSAY_VERDICT_PASS);
    assert(judgement->lines[ASSAY_LINE_CRYPTO].verdict != ASSAY_VERDICT_PASS);
    assay_judgement_render(judgement, &text);
    assert(text.len > 0);
    bool is_readable = judgement->is_readable;
    assay_buf_done(&text);
    assay_judgement_free(judgement);
    return !is_readable;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 0;
    }
    static const uint8_t NOTHING = 0;
    bool is_strict_malformed = is_malformed(len > 0 ? bytes : &NOTHING, len, false);
    bool is_interop_malformed = is_malformed(len > 0 ? bytes : &NOTHING, len, true);
    assert(is_strict_malformed || !is_interop_malformed);
    return 0;
}
