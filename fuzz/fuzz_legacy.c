/* Receipts of BitNet-rs: whatever the bytes are, both ways to ask give an answer, and they agree with each other. */
#include "judge/judge.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct assay_legacy_verdict *judge(const uint8_t *bytes, size_t len, bool is_strict)
{
    struct assay_legacy_verdict *verdict = NULL;
    struct assay_legacy_question question = {.name = "receipt.json",
                                             .bytes = len > 0 ? (const char *)bytes : "",
                                             .len = len,
                                             .is_strict = is_strict,
                                             .now_real_ns = UINT64_C(1767605700000000000)};
    assay_err err = {0};
    return assay_judge_legacy(&question, &verdict, &err) == ASSAY_OK ? verdict : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    assay_json_init();
    struct assay_legacy_verdict *faithful = judge(bytes, len, false), *strict = judge(bytes, len, true);
    if (faithful && strict) {
        bool is_accepted = faithful->original_exit == 0;
        int status = assay_judgement_exit(strict->judgement);
        assert(is_accepted == (assay_judgement_exit(faithful->judgement) == 0));
        assert(faithful->judgement->violations_count == (is_accepted ? 0 : 1)); /* the first failure ends it */
        assert(is_accepted == (faithful->strict != NULL));
        assert(is_accepted || status != 0); /* strict never accepts more */
        assert(faithful->original_exit == strict->original_exit);
        assert(!faithful->strict || faithful->strict->violations_count == strict->judgement->violations_count);
        struct assay_buf out;
        assay_buf_init(&out, (size_t)64 << 20);
        assay_legacy_render(faithful, &out);
        assay_buf_done(&out);
    }
    assay_legacy_verdict_free(faithful);
    assay_legacy_verdict_free(strict);
    return 0;
}
