/* Every arm's outputs against the reference row and against binary64 (statistics.md 3.4). */
#include "workload/kernel.h"

#include <stdio.h>
#include <string.h>

/* ---- against the reference row ---------------------------------------------------------------------------------- */

/* What the arm gives, and every epoch must give again. */
static void run_once(struct kernel_state *state, struct kernel_arm *arm, uint64_t reference_hash)
{
    struct assay_kernel_data *data = &state->copies[0];
    const struct assay_kernel_row *row = assay_kernel_set_row(state->set, arm->row).row;
    uint64_t inputs = assay_kernel_data_input_hash(data);
    const char *what = NULL;
    assay_kernel_data_poison(data);
    row->run(&data->call);
    arm->expected = assay_kernel_data_output_hash(data);
    if (!assay_kernel_data_is_intact(data)) {
        what = "it wrote outside its outputs";
    } else if (assay_kernel_data_input_hash(data) != inputs) {
        what = "it changed its inputs";
    } else if (row->equality == ASSAY_KERNEL_EXACT && arm->expected != reference_hash) {
        what = "its outputs are not those of the reference";
    }
    if (what) {
        arm->is_wrong = true;
        (void)snprintf(arm->difference, sizeof arm->difference, "%s", what);
    }
}

/* Where an exact variant first differs, on the first copy: names the value instead of a hash. */
static assay_code find_difference(struct kernel_state *state, struct kernel_arm *arm, assay_err *err)
{
    const struct assay_kernel_row *row = assay_kernel_set_row(state->set, arm->row).row;
    char text[ASSAY_KERNEL_DIFFERENCE_BYTES];
    bool is_equal = true;
    assay_code rc = assay_kernel_check(state->op, row, state->which, &state->shape, &is_equal, text, err);
    if (rc == ASSAY_OK && !is_equal) {
        arm->is_wrong = true;
        memcpy(arm->difference, text, sizeof arm->difference);
    }
    return rc;
}

/* The numbers of the first copy; where an arm is wrong, the value that differs instead of a hash. */
static assay_code hold(struct kernel_state *state, struct kernel_arm *arm, assay_err *err)
{
    const struct assay_kernel_row *row = assay_kernel_set_row(state->set, arm->row).row;
    char text[ASSAY_KERNEL_DIFFERENCE_BYTES];
    assay_code rc = assay_kernel_parity_of(&state->copies[0], row, state->which->tolerance, &arm->parity, text, err);
    if (rc == ASSAY_OK && !arm->parity.is_good) {
        arm->is_wrong = true;
        memcpy(arm->difference, text, sizeof arm->difference);
    }
    return rc == ASSAY_OK && arm->is_wrong ? find_difference(state, arm, err) : rc;
}

assay_code kernel_compare_arms(struct kernel_state *state, assay_err *err)
{
    struct assay_kernel_data *data = &state->copies[0];
    assay_kernel_data_poison(data);
    state->op->rows[0]->run(&data->call);
    uint64_t reference_hash = assay_kernel_data_output_hash(data);
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < state->arms_count && rc == ASSAY_OK; i++) {
        struct kernel_arm *arm = &state->arms[i];
        run_once(state, arm, reference_hash);
        rc = hold(state, arm, err);
        if (rc == ASSAY_OK && arm->is_wrong) {
            (void)assay_kernel_suspect(arm->kernel, arm->row, arm->difference);
        }
    }
    return rc;
}

/* ---- what is told ----------------------------------------------------------------------------------------------- */

static void put_errors(struct assay_json_builder *b, json_t *data, const char *what,
                       const struct assay_stat_errors *errors)
{
    const struct {
        const char *name;
        double value;
    } MEMBERS[] = {
        {"P50", errors->p50}, {"P90", errors->p90}, {"P99", errors->p99}, {"P999", errors->p999}, {"Max", errors->max}};
    for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "%s%s", what, MEMBERS[i].name);
        assay_json_put_dec(b, data, name, MEMBERS[i].value);
    }
}

static void put_check(struct assay_json_builder *b, json_t *checks, const struct kernel_arm *arm)
{
    char id[ASSAY_KERNEL_ID_BYTES_MAX + 16];
    const struct assay_stat_parity *parity = &arm->parity.numbers;
    (void)snprintf(id, sizeof id, "output-%s", arm->id);
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", id);
    assay_json_put_text(b, check, "rule", "output_reference@1");
    assay_json_put_u64(b, check, "n", parity->count);
    json_t *data = assay_json_put_object(b, check, "data");
    assay_json_put_int(b, data, "failures", arm->is_wrong ? 1 : 0);
    assay_json_put_int(b, data, "binary64", arm->parity.is_binary64 ? 1 : 0);
    assay_json_put_u64(b, data, "placesWrong", parity->places_wrong);
    put_errors(b, data, "abs", &parity->absolute);
    put_errors(b, data, "rel", &parity->relative);
    put_errors(b, data, "ulp", &parity->ulp);
    assay_json_put_dec(b, data, "rms", parity->rms);
    assay_json_put_dec(b, data, "cosine", parity->cosine);
    assay_json_put_dec(b, data, "equalShare", parity->equal_share);
    assay_json_put_dec(b, data, "least", parity->least);
    if (arm->parity.has_bounds) {
        assay_json_put_u64(b, data, "terms", arm->parity.terms);
        assay_json_put_u64(b, data, "beyondHard", parity->beyond_hard);
        assay_json_put_u64(b, data, "beyondTight", parity->beyond_tight);
        assay_json_put_dec(b, data, "tightUsed", parity->tight_used);
    }
}

static bool is_told_before(const struct kernel_state *state, size_t arm)
{
    for (size_t i = 0; i < arm; i++) {
        if (state->arms[i].row == state->arms[arm].row) {
            return true;
        }
    }
    return false;
}

void kernel_put_parity(struct assay_json_builder *b, json_t *checks, const struct kernel_state *state)
{
    for (size_t i = 0; i < state->arms_count; i++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(state->set, state->arms[i].row);
        put_check(b, checks, &state->arms[i]);
        if (!is_told_before(state, i)) {
            counted_put_selfcheck(b, checks, &entry);
        }
    }
}
