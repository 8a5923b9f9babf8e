/* What the receipt says of a run of the language model: subjects, counters, checks; and the arguments of an arm. */
#include "workload/command.h"
#include "workload/lm.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SUBJECT_BYTES 200

/* ---- digests ------------------------------------------------------------------------------------------------------*/

/* What decides how text becomes tokens: every key of the file under "tokenizer.", in file order, as its bytes lie. */
static void digest_tokenizer(const struct assay_gguf *gguf, struct assay_digest *ret)
{
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    for (size_t i = 0; i < gguf->values_count; i++) {
        const struct assay_gguf_value *value = &gguf->values[i];
        if (assay_slice_starts(value->key, "tokenizer.")) {
            assay_sha256_add(&hash, value->key.data, value->key.len);
            assay_sha256_add(&hash, "\n", 1);
            assay_sha256_add(&hash, value->at, (size_t)value->bytes);
        }
    }
    assay_sha256_end(&hash, ret);
}

static void list_objects(struct lm_state *state)
{
    for (size_t row = 0; row < assay_kernel_set_rows(state->set); row++) {
        counted_objects_add(&state->objects, assay_kernel_set_row(state->set, row).object);
    }
}

static assay_code digest_file(const struct lm_state *state, struct assay_digest *ret, assay_err *err)
{
    return assay_command_file_digest(state->options.model, ret, err);
}

assay_code lm_digest_before(struct lm_state *state, assay_err *err)
{
    digest_tokenizer(state->model->gguf, &state->tokenizer_digest);
    list_objects(state);
    assay_code rc = digest_file(state, &state->file_digest, err);
    return rc == ASSAY_OK ? counted_objects_digest(&state->objects, ASSAY_BEFORE_RUN, err) : rc;
}

/* The file is still the one that was loaded, as its bytes stand now. */
assay_code lm_digest_after(struct lm_state *state, assay_err *err)
{
    struct assay_digest digest;
    assay_code rc = digest_file(state, &digest, NULL);
    state->is_file_changed = rc != ASSAY_OK || !assay_digest_equal(&digest, &state->file_digest);
    return counted_objects_digest(&state->objects, ASSAY_AFTER_RUN, err);
}

/* ---- arguments of an arm ------------------------------------------------------------------------------------------*/

static uint64_t elements_of(const struct assay_linear *linear)
{
    return linear->rows * linear->columns;
}

static uint64_t layer_elements(const struct assay_model *model)
{
    uint64_t sum = 0;
    for (uint64_t layer = 0; layer < model->shape.layers; layer++) {
        for (size_t i = 0; i < ASSAY_LINEAR_COUNT; i++) {
            sum += elements_of(&model->layers[layer].linears[i]);
        }
    }
    return sum;
}

static const char *format_of(const struct lm_state *state, const char *tensor)
{
    const struct assay_gguf_tensor *found = assay_gguf_tensor(state->model->gguf, tensor);
    return found ? found->format->name : "";
}

static void put_model(struct assay_json_builder *b, json_t *args, const struct lm_state *state)
{
    const struct assay_model *model = state->model;
    const struct assay_gguf_value *name = assay_gguf_find(model->gguf, "general.name");
    struct assay_slice text = {0};
    if (name && assay_gguf_text(name, &text, NULL) == ASSAY_OK) {
        assay_json_put_slice(b, args, "model", text.data, text.len < SUBJECT_BYTES ? text.len : SUBJECT_BYTES);
    }
    assay_json_put_text(b, args, "weights", format_of(state, "blk.0.attn_q.weight"));
    assay_json_put_text(b, args, "layout", state->facts.layout);
    assay_json_put_text(b, args, "head", state->facts.head_format);
    assay_json_put_text(b, args, "kv", "F16");
    assay_json_put_u64(b, args, "tokenBytes", state->facts.weight_bytes);
    assay_json_put_u64(b, args, "positionBytes", state->facts.kv_bytes_per_position);
    assay_json_put_text(b, args, "pages", assay_pages_text(state->facts.pages));
    if (state->facts.has_screen) {
        assay_json_put_text(b, args, "greedyHead", "screened");
    }
    assay_json_put_u64(b, args, "threads", assay_team_threads(state->team));
    assay_json_put_bool(b, args, "pinned", state->facts.is_pinned);
}

void lm_put_args(struct assay_json_builder *b, json_t *args, const struct lm_state *state, const struct lm_arm *arm)
{
    const struct lm_case *which = &arm->which;
    assay_json_put_text(b, args, "case", which->kind == LM_PREFILL ? "prefill" : "decode");
    assay_json_put_u64(b, args, "prompt", which->prompt);
    assay_json_put_u64(b, args, "pass", which->pass);
    assay_json_put_u64(b, args, "decoded", which->decoded);
    assay_json_put_u64(b, args, "depth", which->depth);
    assay_json_put_u64(b, args, "batch", which->batch);
    assay_json_put_u64(b, args, "repeats", arm->repeats);
    /* What an operation must show: verify holds the counters against these (check token_count). */
    assay_json_put_u64(b, args, "tokens", arm->repeats * lm_case_tokens(which));
    assay_json_put_u64(b, args, "logits", arm->repeats * lm_case_logits(which));
    assay_json_put_u64_text(b, args, "layerElements", layer_elements(state->model));
    assay_json_put_u64_text(b, args, "headElements", elements_of(&state->model->head));
    put_model(b, args, state);
}

/* ---- subjects and counters ----------------------------------------------------------------------------------------*/

static bool has_counted(const struct lm_state *state, size_t row)
{
    bool has = state->probe_totals[row].calls > 0;
    for (size_t i = 0; i < state->arms_count && !has; i++) {
        has = state->arms[i].totals[row].calls > 0;
    }
    return has;
}

/* Rows in the order of their ids. */
static size_t list_rows(const struct lm_state *state, size_t ret[LM_ROWS_MAX])
{
    size_t count = 0;
    for (size_t row = 0; row < assay_kernel_set_rows(state->set); row++) {
        const char *id = assay_kernel_set_row(state->set, row).row->id;
        size_t at = count;
        if (!has_counted(state, row) || count == LM_ROWS_MAX) {
            continue;
        }
        while (at > 0 && strcmp(assay_kernel_set_row(state->set, ret[at - 1]).row->id, id) > 0) {
            ret[at] = ret[at - 1];
            at--;
        }
        ret[at] = row;
        count++;
    }
    return count;
}

static json_t *make_subjects(const struct lm_state *state, struct assay_json_builder *b)
{
    size_t rows[LM_ROWS_MAX], count = list_rows(state, rows);
    const char *slash = strrchr(state->options.model, '/');
    char name[SUBJECT_BYTES];
    json_t *subjects = json_array();
    for (size_t i = 0; i < count; i++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(state->set, rows[i]);
        counted_put_kernel(b, subjects, &state->objects, &entry);
    }
    (void)snprintf(name, sizeof name, "model:%s", slash ? slash + 1 : state->options.model);
    bool is_first = strcmp(name, "model:tokenizer") < 0; /* subjects are sorted by name */
    if (is_first) {
        counted_put_subject(b, subjects, name, &state->file_digest);
    }
    counted_put_subject(b, subjects, "model:tokenizer", &state->tokenizer_digest);
    if (!is_first) {
        counted_put_subject(b, subjects, name, &state->file_digest);
    }
    return subjects;
}

/* Entries of an arm, then of the next; the probes are told with the first one, as limits. */
static json_t *make_counters(const struct lm_state *state, struct assay_json_builder *b)
{
    size_t rows[LM_ROWS_MAX], count = list_rows(state, rows);
    uint64_t wall_ns = state->probe_wall_ns;
    json_t *chunk = json_array();
    for (size_t i = 0; i < state->arms_count; i++) {
        wall_ns += state->arms[i].wall_ns;
    }
    counted_put_head(b, chunk, wall_ns, assay_team_threads(state->team));
    for (size_t i = 0; i < state->arms_count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct assay_kernel_entry entry = assay_kernel_set_row(state->set, rows[k]);
            const struct assay_kernel_total *probe = i == 0 ? &state->probe_totals[rows[k]] : NULL;
            bool is_probe = probe && probe->calls > 0;
            counted_put_entry(b, chunk, state->arms[i].id, &entry, is_probe ? probe : &state->arms[i].totals[rows[k]]);
        }
    }
    return chunk;
}

/* ---- checks -------------------------------------------------------------------------------------------------------*/

static json_t *add_check(struct assay_json_builder *b, json_t *checks, const char *id, const char *rule, uint64_t n)
{
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", id);
    assay_json_put_text(b, check, "rule", rule);
    assay_json_put_u64(b, check, "n", n);
    return assay_json_put_object(b, check, "data");
}

/* Self-checks of what was chosen, and every breaker that is open. */
static void put_selfchecks(struct assay_json_builder *b, json_t *checks, const struct lm_state *state)
{
    for (size_t row = 0; row < assay_kernel_set_rows(state->set); row++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(state->set, row);
        bool is_open = entry.state == ASSAY_KERNEL_BREAKER_OPEN;
        if (is_open || has_counted(state, row)) {
            counted_put_selfcheck(b, checks, &entry);
        }
    }
}

/* Rates of at most LM_PROBES_MAX passes. */
static double median_of(const double *rates, size_t count)
{
    double sorted[LM_PROBES_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > rates[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = rates[i];
    }
    return count == 0 ? 0 : (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static void put_rates(struct assay_json_builder *b, json_t *data, const char *suffix, const struct lm_reading *reading)
{
    double highest = 0, lowest = 0;
    char name[32];
    for (size_t i = 0; i < reading->rates_count; i++) {
        double rate = reading->rates[i];
        highest = rate > highest ? rate : highest;
        lowest = i == 0 || rate < lowest ? rate : lowest;
    }
    (void)snprintf(name, sizeof name, "readHighest%s", suffix);
    assay_json_put_dec(b, data, name, highest);
    (void)snprintf(name, sizeof name, "readLowest%s", suffix);
    assay_json_put_dec(b, data, name, lowest);
}

static void put_roofline(struct assay_json_builder *b, json_t *checks, const struct lm_state *state)
{
    json_t *data = add_check(b, checks, "roofline", "roofline@1", state->weights.rates_count);
    put_rates(b, data, "", &state->weights);
    put_rates(b, data, ".attn", &state->cache);
    assay_json_put_dec(b, data, "readMedian", median_of(state->weights.rates, state->weights.rates_count));
    counted_ops_put(b, data, &state->ops_probes);
    assay_json_put_u64(b, data, "modelBytes", state->facts.file_bytes);
    assay_json_put_u64(b, data, "copiedBytes", state->facts.copied_bytes);
    if (state->facts.huge_bytes != UINT64_MAX) {
        assay_json_put_u64(b, data, "hugeBytes", state->facts.huge_bytes);
    }
    assay_json_put_u64(b, data, "loadNs", state->facts.load_ns);
    assay_json_put_u64(b, data, "repackNs", state->facts.repack_ns);
}

assay_code lm_describe(void *block, struct assay_description *ret, assay_err *err)
{
    const struct lm_state *state = block;
    struct assay_json_builder b = {0};
    ret->subject = make_subjects(state, &b);
    ret->kernels = make_counters(state, &b);
    ret->checks = json_array();
    put_selfchecks(&b, ret->checks, state);
    put_roofline(&b, ret->checks, state);
    (void)add_check(&b, ret->checks, "token-count", "token_count@1", state->arms_count);
    if (state->fresh_compared > 0) {
        json_t *data = add_check(&b, ret->checks, "output-fresh", "output_reference@1", state->fresh_compared);
        assay_json_put_u64(&b, data, "failures", state->fresh_differ);
    }
    if (state->objects.is_changed || state->is_file_changed) {
        ret->invalid = json_array();
        assay_json_add_text(&b, ret->invalid, "subject");
    }
    return assay_json_builder_check(&b, ret->checks, err);
}
