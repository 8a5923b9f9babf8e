/* The grid of cases: prompt lengths by tokens a pass, and decoding by depth and batch. */
#include "workload/lm.h"

#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>

#define LIST_MAX 32          /* numbers of one option */
#define PROMPT_DEFAULT "128" /* of a narrowed grid: one of each, as the peers measure */
#define DEPTH_DEFAULT "0"
#define BATCH_DEFAULT "1"

/* kernels.md 5.3: where nothing is asked for. */
static const uint64_t GRID_PROMPTS[] = {1, 16, 64, 128, 512};
static const uint64_t GRID_DEPTHS[] = {0, 512, 2048};
static const uint64_t GRID_BATCHES[] = {4, 16};

struct list {
    uint64_t items[LIST_MAX];
    size_t count;
};

struct grid {
    struct lm_case *cases;
    size_t count;
    uint64_t context;
};

uint64_t lm_case_tokens(const struct lm_case *which)
{
    return which->kind == LM_PREFILL ? which->prompt : which->decoded * which->batch;
}

uint64_t lm_case_positions(const struct lm_case *which)
{
    return which->kind == LM_PREFILL ? which->prompt : which->depth + which->decoded;
}

uint64_t lm_case_logits(const struct lm_case *which)
{
    return which->kind == LM_PREFILL ? 1 : which->decoded * which->batch;
}

static assay_code read_list(const char *text, const char *what, uint64_t least, uint64_t most, struct list *ret,
                            assay_err *err)
{
    struct assay_slice rest = assay_slice_of(text);
    *ret = (struct list){.count = 0};
    while (rest.data) {
        struct assay_slice word = assay_slice_trim(assay_slice_cut(&rest, ','));
        uint64_t value = 0;
        assay_code rc = assay_num_u64(word, what, most, &value, err);
        if (rc != ASSAY_OK || value < least || ret->count == LIST_MAX) {
            return assay_fail(err, ASSAY_USAGE, "%s is '%s', expected at most %d numbers, each %" PRIu64 " to %" PRIu64,
                              what, text, LIST_MAX, least, most);
        }
        ret->items[ret->count++] = value;
    }
    return ASSAY_OK;
}

static assay_code add(struct grid *grid, const struct lm_case *which, assay_err *err)
{
    if (lm_case_positions(which) > grid->context) {
        return assay_fail(err, ASSAY_USAGE, "%s: %" PRIu64 " positions, and the model has %" PRIu64, which->label,
                          lm_case_positions(which), grid->context);
    }
    if (grid->count == LM_CASES_MAX) {
        return assay_fail(err, ASSAY_USAGE, "more than %d cases", LM_CASES_MAX);
    }
    grid->cases[grid->count++] = *which;
    return ASSAY_OK;
}

static assay_code add_prefill(struct grid *grid, uint64_t prompt, uint64_t pass, assay_err *err)
{
    struct lm_case which = {.kind = LM_PREFILL, .prompt = prompt, .pass = pass < prompt ? pass : prompt, .batch = 1};
    which.pass = which.pass < ASSAY_ENGINE_BATCH_MAX ? which.pass : ASSAY_ENGINE_BATCH_MAX;
    if (which.pass < prompt) {
        (void)snprintf(which.label, sizeof which.label, "prefill %" PRIu64 " by %" PRIu64, prompt, which.pass);
    } else {
        (void)snprintf(which.label, sizeof which.label, "prefill %" PRIu64, prompt);
    }
    return add(grid, &which, err);
}

static assay_code add_decode(struct grid *grid, uint64_t decoded, uint64_t depth, uint64_t batch, assay_err *err)
{
    struct lm_case which = {.kind = LM_DECODE, .pass = batch, .decoded = decoded, .depth = depth, .batch = batch};
    int used = snprintf(which.label, sizeof which.label, "decode %" PRIu64, decoded);
    if (depth > 0) {
        used += snprintf(which.label + used, sizeof which.label - (size_t)used, " at %" PRIu64, depth);
    }
    if (batch > 1) {
        (void)snprintf(which.label + used, sizeof which.label - (size_t)used, " batch %" PRIu64, batch);
    }
    return add(grid, &which, err);
}

static bool has_room(const struct grid *grid, uint64_t positions)
{
    return positions <= grid->context;
}

/* What the model has no room for is left out of the whole grid: nobody asked for it by name. */
static assay_code make_whole(struct grid *grid, uint64_t decoded, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < sizeof GRID_PROMPTS / sizeof GRID_PROMPTS[0] && rc == ASSAY_OK; i++) {
        bool is_there = has_room(grid, GRID_PROMPTS[i]);
        rc = is_there ? add_prefill(grid, GRID_PROMPTS[i], GRID_PROMPTS[i], err) : ASSAY_OK;
    }
    for (size_t i = 0; i < sizeof GRID_DEPTHS / sizeof GRID_DEPTHS[0] && rc == ASSAY_OK; i++) {
        rc = has_room(grid, GRID_DEPTHS[i] + decoded) ? add_decode(grid, decoded, GRID_DEPTHS[i], 1, err) : ASSAY_OK;
    }
    for (size_t i = 0; i < sizeof GRID_BATCHES / sizeof GRID_BATCHES[0] && rc == ASSAY_OK; i++) {
        rc = has_room(grid, decoded) ? add_decode(grid, decoded, 0, GRID_BATCHES[i], err) : ASSAY_OK;
    }
    return rc;
}

static assay_code make_prefills(const struct lm_options *options, struct grid *grid, assay_err *err)
{
    struct list prompts, passes = {.count = 0};
    assay_code rc = read_list(options->prompts ? options->prompts : PROMPT_DEFAULT, "-p", 0, ASSAY_MODEL_CONTEXT_MAX,
                              &prompts, err);
    if (rc == ASSAY_OK && options->passes) {
        rc = read_list(options->passes, "--tokens", 1, ASSAY_ENGINE_BATCH_MAX, &passes, err);
    }
    for (size_t i = 0; i < prompts.count && rc == ASSAY_OK; i++) {
        if (prompts.items[i] == 0) {
            continue; /* -p 0: no prefill */
        }
        for (size_t k = 0; k < passes.count && rc == ASSAY_OK; k++) {
            rc = add_prefill(grid, prompts.items[i], passes.items[k], err);
        }
        rc = rc == ASSAY_OK && passes.count == 0 ? add_prefill(grid, prompts.items[i], prompts.items[i], err) : rc;
    }
    return rc;
}

static assay_code make_decodes(const struct lm_options *options, struct grid *grid, assay_err *err)
{
    struct list depths, batches;
    const char *depth_text = options->depths ? options->depths : DEPTH_DEFAULT;
    const char *batch_text = options->batches ? options->batches : BATCH_DEFAULT;
    assay_code rc = read_list(depth_text, "--depth", 0, ASSAY_MODEL_CONTEXT_MAX, &depths, err);
    rc = rc == ASSAY_OK ? read_list(batch_text, "--batch", 1, LM_BATCH_MAX, &batches, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && options->decoded > 0 && i < depths.count; i++) {
        for (size_t k = 0; k < batches.count && rc == ASSAY_OK; k++) {
            rc = add_decode(grid, options->decoded, depths.items[i], batches.items[k], err);
        }
    }
    return rc;
}

assay_code lm_cases_make(const struct lm_options *options, uint64_t context, struct lm_case ret[LM_CASES_MAX],
                         size_t *ret_count, assay_err *err)
{
    struct grid grid = {.cases = ret, .context = context};
    struct lm_options resolved = *options;
    bool is_narrowed = options->prompts || options->passes || options->depths || options->batches ||
                       options->decoded != LM_DECODED_WHOLE;
    resolved.decoded = options->decoded == LM_DECODED_WHOLE ? LM_DECODED_DEFAULT : options->decoded;
    assay_code rc = is_narrowed ? make_prefills(&resolved, &grid, err) : make_whole(&grid, resolved.decoded, err);
    rc = rc == ASSAY_OK && is_narrowed ? make_decodes(&resolved, &grid, err) : rc;
    if (rc == ASSAY_OK && grid.count == 0) {
        rc = assay_fail(err, ASSAY_USAGE, "neither prefill nor decode is asked for: -p 0 and -n 0 leave nothing");
    }
    *ret_count = grid.count;
    return rc;
}
