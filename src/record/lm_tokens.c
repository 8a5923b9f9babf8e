#include "record/lm_tokens.h"

#include "base/num.h"
#include "base/text.h"

#include <string.h>

/* What an operation of an arm computes, as the plan says it. */
struct promise {
    uint64_t tokens, logits, layer_elements, head_elements;
};

static assay_code read_count_text(const json_t *args, const char *name, uint64_t *ret, assay_err *err)
{
    const char *text = NULL;
    assay_code rc = assay_json_get_text(args, name, "plan: arm", &text, err);
    return rc == ASSAY_OK ? assay_num_u64(assay_slice_of(text), name, UINT64_MAX, ret, err) : rc;
}

static assay_code read_promise(const struct assay_plan_arm *arm, struct promise *ret, assay_err *err)
{
    assay_code rc = assay_json_get_u64(arm->args, "tokens", "plan: arm", &ret->tokens, err);
    rc = rc == ASSAY_OK ? assay_json_get_u64(arm->args, "logits", "plan: arm", &ret->logits, err) : rc;
    rc = rc == ASSAY_OK ? read_count_text(arm->args, "layerElements", &ret->layer_elements, err) : rc;
    return rc == ASSAY_OK ? read_count_text(arm->args, "headElements", &ret->head_elements, err) : rc;
}

/* Products of the linear layers: those of families ternary and dense. */
static double counted_elements(const struct assay_trace *trace, const char *arm)
{
    const json_t *rows = assay_trace_kernels(trace);
    double sum = 0;
    for (size_t i = 1; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *id = json_string_value(json_object_get(row, "id"));
        const char *of = json_string_value(json_object_get(row, "arm"));
        const char *text = json_string_value(json_object_get(row, "elements"));
        uint64_t elements = 0;
        bool is_linear = id && (assay_text_starts(id, "ternary_") || assay_text_starts(id, "dense_"));
        if (is_linear && of && text && strcmp(of, arm) == 0 &&
            assay_num_u64(assay_slice_of(text), "elements", UINT64_MAX, &elements, NULL) == ASSAY_OK) {
            sum += (double)elements;
        }
    }
    return sum;
}

static assay_code count_samples(struct assay_trace *trace, const struct promise *promises,
                                uint64_t operations[ASSAY_PLAN_ARMS_MAX], struct lm_tokens *ret, assay_err *err)
{
    bool is_end = false;
    assay_code rc = ASSAY_OK;
    assay_trace_rewind(trace);
    while (rc == ASSAY_OK) {
        struct assay_sample sample;
        rc = assay_trace_next(trace, &sample, &is_end, err);
        if (rc != ASSAY_OK || is_end) {
            break;
        }
        if (assay_status_group_of(sample.status) == ASSAY_GROUP_OK) {
            operations[sample.arm]++;
            ret->tokens += sample.iterations;
            ret->arms[sample.arm].tokens += sample.iterations;
            ret->arms[sample.arm].wall_ns += sample.end_ns - sample.start_ns;
            ret->failures += sample.iterations != promises[sample.arm].tokens;
        }
    }
    assay_trace_rewind(trace);
    return rc;
}

assay_code assay_lm_tokens_of(const struct assay_plan *plan, struct assay_trace *trace, struct lm_tokens *ret,
                              assay_err *err)
{
    struct promise promises[ASSAY_PLAN_ARMS_MAX] = {0};
    uint64_t operations[ASSAY_PLAN_ARMS_MAX] = {0};
    assay_code rc = ASSAY_OK;
    *ret = (struct lm_tokens){0};
    for (size_t i = 0; i < plan->arms_count && rc == ASSAY_OK; i++) {
        rc = read_promise(&plan->arms[i], &promises[i], err);
    }
    rc = rc == ASSAY_OK ? count_samples(trace, promises, operations, ret, err) : rc;
    for (size_t i = 0; i < plan->arms_count && rc == ASSAY_OK; i++) {
        const struct promise *promise = &promises[i];
        double each = (double)promise->tokens * (double)promise->layer_elements +
                      (double)promise->logits * (double)promise->head_elements;
        ret->failures += counted_elements(trace, plan->arms[i].id) < (double)operations[i] * each;
    }
    return rc;
}
