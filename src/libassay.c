/* The public library: include/assay/ over the rooms, as main.c is the program over them. */
#include <assay/verify.h>
#include <assay/version.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/crypto.h"
#include "judge/judge.h"
#include "kernel/kernel.h"

#include <assert.h>
#include <errno.h>

#define TEXT_BYTES_MAX ((size_t)16 << 20) /* ASSAY_VIOLATIONS_MAX lines of some hundred bytes, generously */

struct assay_verification {
    struct assay_judgement *judgement;
    struct assay_buf text;
};

const char *assay_version(void)
{
    return ASSAY_VERSION;
}

static struct assay_judge_bytes bytes_of(struct assay_verify_bytes bytes)
{
    return (struct assay_judge_bytes){.data = bytes.data, .len = bytes.len};
}

int assay_verify(const struct assay_verify_input *input, struct assay_verification **ret_verification)
{
    assert(input && ret_verification);
    if (assay_crypto_init(NULL) != ASSAY_OK) { /* once or often, from any thread */
        return ENOSYS;
    }
    struct assay_verification *verification = assay_alloc(1, sizeof *verification);
    if (!verification) {
        return ENOMEM;
    }
    assay_buf_init(&verification->text, TEXT_BYTES_MAX);
    struct assay_buf kernel_table;
    assay_buf_init(&kernel_table, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&kernel_table);
    const struct assay_judge_input judge_input = {
        .document = bytes_of(input->document),
        .plan = bytes_of(input->plan),
        .trace = bytes_of(input->trace),
        .identity = bytes_of(input->identity),
        .now_real_ns = input->now_unix_ns,
        .trust = bytes_of(input->trust),
        .log_proof = bytes_of(input->proof),
        .log_entry = bytes_of(input->entry),
        .log_checkpoint = bytes_of(input->checkpoint),
        .log_entries = bytes_of(input->entries),
        .wants_default_policy = input->wants_default_policy != 0,
        .nonce = input->nonce,
        .max_age_ns = input->max_age_ns,
        .kernel_table = {.data = kernel_table.data, .len = kernel_table.len},
    };
    assay_code rc = assay_judge_verify(&judge_input, &verification->judgement, NULL);
    assay_buf_done(&kernel_table);
    if (rc == ASSAY_OK) {
        assay_judgement_render(verification->judgement, &verification->text);
        rc = assay_buf_check(&verification->text, NULL);
    }
    if (rc != ASSAY_OK) {
        assay_verification_free(verification);
        return ENOMEM; /* the judge fails for nothing else */
    }
    *ret_verification = verification;
    return 0;
}

int assay_verification_status(const struct assay_verification *verification)
{
    return assay_judgement_exit(verification->judgement);
}

const char *assay_verification_text(const struct assay_verification *verification)
{
    return verification->text.data ? verification->text.data : "";
}

size_t assay_verification_violations_count(const struct assay_verification *verification)
{
    return verification->judgement->violations_count + verification->judgement->violations_left_out;
}

void assay_verification_free(struct assay_verification *verification)
{
    if (verification) {
        if (verification->judgement) {
            assay_judgement_free(verification->judgement);
        }
        assay_buf_done(&verification->text);
        assay_free(verification);
    }
}
