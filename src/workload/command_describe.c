#include "workload/command.h"

#include <stdio.h>

#define NAME_BYTES 64

static void add_subject(struct assay_json_builder *b, json_t *subjects, const char *role, const char *label,
                        const struct assay_digest *digest)
{
    char name[NAME_BYTES], text[ASSAY_DIGEST_TEXT_BYTES];
    (void)snprintf(name, sizeof name, "%s:%s", role, label);
    assay_digest_print(digest, text);
    assay_subject_add(b, subjects, name, "sha256", text);
}

/* Sorted by name, as the receipt wants them: binary, command, data. */
static json_t *make_subjects(const struct assay_command_state *state, struct assay_json_builder *b)
{
    json_t *subjects = json_array();
    for (size_t i = 0; i < state->arms_count; i++) {
        add_subject(b, subjects, "binary", state->arm_ids[i], &state->arms[i].digest);
    }
    for (size_t i = 0; i < state->arms_count; i++) {
        add_subject(b, subjects, "command", state->arm_ids[i], &state->lines[i]);
    }
    if (state->outputs.reference == ASSAY_COMMAND_FILE) {
        add_subject(b, subjects, "data", "expected", &state->outputs.expected);
    }
    if (state->options.input) {
        add_subject(b, subjects, "data", "input", &state->input);
    }
    return subjects;
}

/* Whether the outputs were what was asked for: failures of n. Not there where nobody asked. */
static json_t *make_checks(const struct assay_command_state *state, struct assay_json_builder *b)
{
    json_t *checks = json_array();
    const struct assay_command_outputs *outputs = &state->outputs;
    if (outputs->reference == ASSAY_COMMAND_ANY) {
        return checks;
    }
    bool is_same = outputs->reference == ASSAY_COMMAND_SAME;
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", is_same ? "output_same" : "output_reference");
    assay_json_put_text(b, check, "rule", is_same ? "output_same@1" : "output_reference@1");
    assay_json_put_u64(b, check, "n", outputs->compared);
    json_t *data = assay_json_put_object(b, check, "data");
    if (outputs->compared > 0) { /* without outputs there is nothing that could have failed */
        assay_json_put_u64(b, data, "failures", outputs->failures);
    }
    return checks;
}

assay_code assay_command_describe(void *block, struct assay_description *ret, assay_err *err)
{
    const struct assay_command_state *state = block;
    struct assay_json_builder b = {0};
    json_t *subjects = make_subjects(state, &b), *checks = make_checks(state, &b), *invalid = json_array();
    if (state->is_changed) {
        assay_json_add_text(&b, invalid, "subject");
    }
    assay_code rc = assay_json_builder_check(&b, subjects, err);
    rc = rc == ASSAY_OK ? assay_json_builder_check(&b, checks, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_builder_check(&b, invalid, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(subjects);
        json_decref(checks);
        json_decref(invalid);
        return rc;
    }
    *ret = (struct assay_description){.subject = subjects, .checks = checks, .invalid = invalid};
    return ASSAY_OK;
}
