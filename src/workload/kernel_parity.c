/* Every arm's outputs against the reference row and against binary64 (statistics.md 3.4). */
#include "workload/kernel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum assay_stat_format format_of(const struct kernel_state *state)
{
    static const enum assay_stat_format FORMATS[] = {
        [ASSAY_KERNEL_F32] = ASSAY_STAT_F32, [ASSAY_KERNEL_F16] = ASSAY_STAT_F16, [ASSAY_KERNEL_BF16] = ASSAY_STAT_BF16,
        [ASSAY_KERNEL_F64] = ASSAY_STAT_F64, [ASSAY_KERNEL_I32] = ASSAY_STAT_I32, [ASSAY_KERNEL_I8] = ASSAY_STAT_I8,
        [ASSAY_KERNEL_U8] = ASSAY_STAT_U8,   [ASSAY_KERNEL_U64] = ASSAY_STAT_U64};
    return FORMATS[state->op->outputs[0].type];
}

static size_t values_of(const struct kernel_state *state)
{
    return state->copies[0].out_bytes[0] / assay_kernel_type_bytes(state->op->outputs[0].type);
}

/* ---- against the reference row ---------------------------------------------------------------------------------- */

/* One copy: the reference's outputs are kept in `kept` and its hash in *ret; the arms follow. */
static void run_on_copy(struct kernel_state *state, struct kernel_arm *arm, size_t copy, uint64_t reference_hash)
{
    struct assay_kernel_data *data = &state->copies[copy];
    const struct assay_kernel_row *row = assay_kernel_set_row(state->set, arm->row).row;
    uint64_t inputs = assay_kernel_data_input_hash(data);
    assay_kernel_data_poison(data);
    row->run(&data->call);
    arm->expected[copy] = assay_kernel_data_output_hash(data);
    bool is_exact = row->equality == ASSAY_KERNEL_EXACT;
    const char *what = NULL;
    if (!assay_kernel_data_is_intact(data)) {
        what = "it wrote outside its outputs";
    } else if (assay_kernel_data_input_hash(data) != inputs) {
        what = "it changed its inputs";
    } else if (is_exact && arm->expected[copy] != reference_hash) {
        what = "its outputs are not those of the reference";
    }
    if (what && !arm->is_wrong) {
        arm->is_wrong = true;
        (void)snprintf(arm->difference, sizeof arm->difference, "copy %zu: %s", copy, what);
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

/* ---- against binary64 ------------------------------------------------------------------------------------------- */

struct oracle {
    double *values, *magnitudes, *work;
    size_t count;
    bool is_binary64, has_magnitudes;
};

static assay_code oracle_init(struct kernel_state *state, struct oracle *oracle, assay_err *err)
{
    struct assay_kernel_data *data = &state->copies[0];
    enum assay_stat_format format = format_of(state);
    size_t count = values_of(state);
    double *block = assay_alloc(5 * count + 1, sizeof *block);
    if (!block) {
        return assay_nomem(err);
    }
    *oracle = (struct oracle){.values = block, .magnitudes = block + count, .work = block + 2 * count, .count = count};
    assay_kernel_data_poison(data);
    state->op->rows[0]->run(&data->call);
    for (size_t i = 0; i < count; i++) {
        oracle->values[i] = assay_stat_value_at(format, data->call.out[0], i);
    }
    oracle->is_binary64 = state->op->reference != NULL;
    if (oracle->is_binary64) {
        state->op->reference(&data->call, oracle->values, oracle->magnitudes);
        for (size_t i = 0; i < count && !oracle->has_magnitudes; i++) {
            oracle->has_magnitudes = oracle->magnitudes[i] > 0;
        }
    }
    return ASSAY_OK;
}

static void hold_against(struct kernel_state *state, struct kernel_arm *arm, const struct oracle *oracle)
{
    struct assay_kernel_data *data = &state->copies[0];
    const struct assay_kernel_row *row = assay_kernel_set_row(state->set, arm->row).row;
    assay_kernel_data_poison(data);
    row->run(&data->call);
    bool is_float = assay_stat_format_unit(format_of(state)) > 0;
    arm->has_magnitudes = oracle->has_magnitudes && is_float;
    const struct assay_stat_parity_input input = {
        .format = format_of(state),
        .values = data->call.out[0],
        .reference = oracle->values,
        .magnitudes = arm->has_magnitudes ? oracle->magnitudes : NULL,
        .count = oracle->count,
        .terms = assay_kernel_terms_of(state->op, &data->call.shape),
    };
    arm->parity = assay_stat_parity_of(&input, oracle->work);
    arm->has_parity = true;
    arm->values = oracle->count;
    if (arm->parity.places_wrong > 0 || arm->parity.beyond_hard > 0) {
        arm->is_wrong = true;
        (void)snprintf(arm->difference, sizeof arm->difference, "%zu values beyond the hard bound, %zu misplaced NaN",
                       arm->parity.beyond_hard, arm->parity.places_wrong);
    }
    bool is_bounded = row->equality == ASSAY_KERNEL_BOUNDED;
    if (is_bounded &&
        !(arm->parity.relative.max <= state->which->tolerance || arm->parity.absolute.max <= state->which->tolerance)) {
        arm->is_wrong = true;
        (void)snprintf(arm->difference, sizeof arm->difference, "off by %.3g, expected at most %.3g",
                       arm->parity.absolute.max, state->which->tolerance);
    }
}

assay_code kernel_compare_arms(struct kernel_state *state, assay_err *err)
{
    struct oracle oracle = {0};
    assay_code rc = oracle_init(state, &oracle, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (size_t copy = 0; copy < state->copies_count; copy++) {
        struct assay_kernel_data *data = &state->copies[copy];
        assay_kernel_data_poison(data);
        state->op->rows[0]->run(&data->call);
        uint64_t reference_hash = assay_kernel_data_output_hash(data);
        for (size_t i = 0; i < state->arms_count; i++) {
            run_on_copy(state, &state->arms[i], copy, reference_hash);
        }
    }
    for (size_t i = 0; i < state->arms_count && rc == ASSAY_OK; i++) {
        struct kernel_arm *arm = &state->arms[i];
        hold_against(state, arm, &oracle);
        rc = arm->is_wrong ? find_difference(state, arm, err) : ASSAY_OK;
        if (arm->is_wrong) {
            (void)assay_kernel_suspect(arm->kernel, arm->row, arm->difference);
        }
    }
    assay_free(oracle.values);
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

static void put_check(struct assay_json_builder *b, json_t *checks, const struct kernel_state *state,
                      const struct kernel_arm *arm)
{
    char id[ASSAY_KERNEL_ID_BYTES_MAX + 16];
    const struct assay_stat_parity *parity = &arm->parity;
    (void)snprintf(id, sizeof id, "output-%s", arm->id);
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", id);
    assay_json_put_text(b, check, "rule", "output_reference@1");
    assay_json_put_u64(b, check, "n", arm->values);
    json_t *data = assay_json_put_object(b, check, "data");
    assay_json_put_int(b, data, "failures", arm->is_wrong ? 1 : 0);
    assay_json_put_int(b, data, "binary64", state->op->reference ? 1 : 0);
    assay_json_put_u64(b, data, "placesWrong", parity->places_wrong);
    put_errors(b, data, "abs", &parity->absolute);
    put_errors(b, data, "rel", &parity->relative);
    put_errors(b, data, "ulp", &parity->ulp);
    assay_json_put_dec(b, data, "rms", parity->rms);
    assay_json_put_dec(b, data, "cosine", parity->cosine);
    assay_json_put_dec(b, data, "equalShare", parity->equal_share);
    assay_json_put_dec(b, data, "least", parity->least);
    if (arm->has_magnitudes) {
        assay_json_put_u64(b, data, "terms", assay_kernel_terms_of(state->op, &state->shape));
        assay_json_put_u64(b, data, "beyondHard", parity->beyond_hard);
        assay_json_put_u64(b, data, "beyondTight", parity->beyond_tight);
        assay_json_put_dec(b, data, "tightUsed", parity->tight_used);
    }
}

/* A breaker that is open is told by its id: selfcheck-<kernel id> (kernels.md 1.4). */
static void put_breaker(struct assay_json_builder *b, json_t *checks, const struct assay_kernel_entry *entry)
{
    char id[ASSAY_KERNEL_ID_BYTES_MAX + 16];
    (void)snprintf(id, sizeof id, "selfcheck-%.52s", entry->row->id);
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", id);
    assay_json_put_text(b, check, "rule", "output_reference@1");
    assay_json_put_u64(b, check, "n", entry->cases_checked > 0 ? entry->cases_checked : 1);
    assay_json_put_int(b, assay_json_put_object(b, check, "data"), "failures",
                       entry->state == ASSAY_KERNEL_BREAKER_OPEN ? 1 : 0);
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
        put_check(b, checks, state, &state->arms[i]);
        if (!is_told_before(state, i) && (entry.cases_checked > 0 || entry.state == ASSAY_KERNEL_BREAKER_OPEN)) {
            put_breaker(b, checks, &entry);
        }
    }
}
