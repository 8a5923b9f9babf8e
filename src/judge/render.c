#include "judge/judge.h"

#include <assert.h>

static const char *const NAMES[ASSAY_LINE_COUNT] = {"CRYPTO", "RECOMPUTE", "POLICY", "ASSURANCE"};

const char *assay_judge_line_text(enum assay_judge_line line)
{
    assert((unsigned)line < ASSAY_LINE_COUNT);
    return NAMES[line];
}

void assay_judgement_render(const struct assay_judgement *judgement, struct assay_buf *out)
{
    for (int i = 0; i < ASSAY_LINE_COUNT; i++) {
        const char *text = judgement->lines[i].text;
        if (i == ASSAY_LINE_ASSURANCE) {
            assay_buf_printf(out, "%-10s %s\n", NAMES[i], text);
        } else {
            assay_buf_printf(out, "%-10s %-13s %s\n", NAMES[i], assay_verdict_text(judgement->lines[i].verdict), text);
        }
    }
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        assay_buf_printf(out, "%03u %s %s: found %s, expected %s\n", violation->gate,
                         assay_verdict_text(violation->verdict), violation->pointer, violation->found,
                         violation->expected);
    }
    if (judgement->violations_left_out > 0) {
        assay_buf_printf(out, "and %zu more\n", judgement->violations_left_out);
    }
}

static void put_lines(struct assay_json_builder *b, json_t *root, const struct assay_judgement *judgement)
{
    static const char *const MEMBERS[ASSAY_LINE_COUNT] = {"crypto", "recompute", "policy", "assurance"};
    for (int i = 0; i < ASSAY_LINE_COUNT; i++) {
        json_t *line = assay_json_put_object(b, root, MEMBERS[i]);
        if (i == ASSAY_LINE_ASSURANCE) {
            assay_json_put_int(b, line, "tier", judgement->tier);
        } else {
            assay_json_put_text(b, line, "verdict", assay_verdict_text(judgement->lines[i].verdict));
        }
        assay_json_put_text(b, line, "text", judgement->lines[i].text);
    }
}

assay_code assay_judgement_json(const struct assay_judgement *judgement, json_t **ret, assay_err *err)
{
    assert(judgement && ret);
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_int(&b, root, "exit", assay_judgement_exit(judgement));
    put_lines(&b, root, judgement);
    json_t *list = assay_json_put_array(&b, root, "violations");
    for (size_t i = 0; i < judgement->violations_count; i++) {
        const struct assay_violation *violation = &judgement->violations[i];
        json_t *entry = assay_json_add_object(&b, list);
        assay_json_put_u64(&b, entry, "gate", violation->gate);
        assay_json_put_text(&b, entry, "verdict", assay_verdict_text(violation->verdict));
        assay_json_put_text(&b, entry, "pointer", violation->pointer);
        assay_json_put_text(&b, entry, "found", violation->found);
        assay_json_put_text(&b, entry, "expected", violation->expected);
    }
    assay_json_put_u64(&b, root, "leftOut", judgement->violations_left_out);
    assay_code rc = assay_json_builder_check(&b, root, err);
    if (rc != ASSAY_OK) {
        json_decref(root);
        return rc;
    }
    *ret = root;
    return ASSAY_OK;
}
