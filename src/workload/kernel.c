#include "workload/kernel.h"

#include "base/num.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPOCH_DEFAULT_NS (2 * ASSAY_NS_PER_MS) /* long against a clock reading, short against a time slice */
#define EPOCH_MAX_NS (10 * ASSAY_NS_PER_S)
#define OUT_OF_CACHE_FACTOR 2                     /* working set over the last cache */
#define COPIES_BYTES_MAX ((uint64_t)2 << 30)      /* of all copies: what a laptop can spare */
#define CACHE_FALLBACK_BYTES ((uint64_t)32 << 20) /* of the last cache, where the system will not say */
#define L2_FALLBACK_BYTES ((uint64_t)256 << 10)

#define AT(member) offsetof(struct kernel_options, member)

static const char *const CACHES[] = {"any", "in", "out", NULL};

static const struct assay_opt OPTIONS[] = {
    {"kernel", "NAME", "FAMILY_OPERATION to run, as 'assay host --kernels' lists them", ASSAY_OPT_TEXT, AT(kernel)},
    {"plugin", "FILE", "a shared object with kernels of family ext; repeat for more", ASSAY_OPT_TEXT_LIST, AT(plugins)},
    {"format", "F", "the third part of the ids (default: the first format there is)", ASSAY_OPT_TEXT, AT(format)},
    {"case", "NAME", "shape and inputs of the case table (default: the one marked there)", ASSAY_OPT_TEXT, AT(which)},
    {"shape", "RxCxM", "another shape for the inputs of the case: rows, columns, tokens", ASSAY_OPT_TEXT, AT(shape)},
    {"variants", "all|ISA,...", "which variants take turns, the base first (default all that this host has)",
     ASSAY_OPT_TEXT, AT(variants)},
    {"cache", "any|in|out",
     "how many copies of the inputs calls go round: one, one that fits L2, or twice the last "
     "cache",
     ASSAY_OPT_CHOICE, AT(cache), .choices = CACHES},
    {"epoch", "T", "least length of one timed region (default 2ms)", ASSAY_OPT_DURATION, AT(epoch_ns)},
    {"isa", "ISA", "highest instruction set allowed (default $ASSAY_ISA)", ASSAY_OPT_TEXT, AT(isa)},
    {"forbid", "PATTERN,...", "ids that may not run (default $ASSAY_KERNEL_FORBID)", ASSAY_OPT_TEXT, AT(forbid)},
};

static const char *from_environment(const char *variable)
{
    const char *text = getenv(variable);
    return text && text[0] != '\0' ? text : NULL;
}

/* What the environment says goes into plan and receipt as if it had been typed. */
static void kernel_defaults(void *state)
{
    struct kernel_options *options = &((struct kernel_state *)state)->options;
    options->epoch_ns = EPOCH_DEFAULT_NS;
    options->isa = from_environment("ASSAY_ISA");
    options->forbid = from_environment("ASSAY_KERNEL_FORBID");
}

void assay_workload_kernel_link(void *state, const struct assay_kernel_operation *op)
{
    struct kernel_state *kernel = state;
    assert(kernel->linked_count < KERNEL_LINKED_MAX);
    kernel->linked[kernel->linked_count++] = op;
}

/* ---- what is run ------------------------------------------------------------------------------------------------ */

static assay_code open_set(struct kernel_state *state, assay_err *err)
{
    const struct kernel_options *options = &state->options;
    const struct assay_kernel_options chosen = {.isa = options->isa, .forbid = options->forbid};
    assay_code rc = assay_kernel_set_new(&chosen, &state->set, err);
    for (size_t i = 0; rc == ASSAY_OK && i < state->linked_count; i++) {
        rc = assay_kernel_set_add(state->set, state->linked[i], err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < options->plugins.count; i++) {
        rc = assay_kernel_set_plugin(state->set, options->plugins.items[i], err);
    }
    return rc == ASSAY_OK ? assay_kernel_set_ready(state->set, err) : rc;
}

static assay_code fail_no_kernel(const struct kernel_state *state, const char *name, assay_err *err)
{
    struct assay_buf list;
    assay_buf_init(&list, 4096); /* names; more are cut by the message's own limit */
    for (size_t i = 0; i < assay_kernel_set_operations(state->set); i++) {
        const struct assay_kernel_operation *op = assay_kernel_set_operation(state->set, i);
        assay_buf_printf(&list, "%s%s_%s", i ? ", " : "", op->name, op->format);
    }
    const char *names = list.data ? list.data : "";
    assay_code rc = name ? assay_fail(err, ASSAY_USAGE, "there is no kernel '%s': %s", name, names)
                         : assay_fail(err, ASSAY_USAGE, "which kernel is missing: one of %s", names);
    assay_buf_done(&list);
    return rc;
}

static assay_code find_operation(struct kernel_state *state, assay_err *err)
{
    const struct kernel_options *options = &state->options;
    const char *name = options->kernel;
    if (!name && state->linked_count > 0) {
        name = state->linked[0]->name;
    }
    state->op = name ? assay_kernel_set_find(state->set, name, options->format) : NULL;
    if (!state->op) {
        return fail_no_kernel(state, name, err);
    }
    state->which = assay_kernel_case_find(state->op, options->which);
    if (!state->which) {
        struct assay_buf list;
        assay_buf_init(&list, 4096);
        for (size_t i = 0; i < state->op->cases_count; i++) {
            assay_buf_printf(&list, "%s%s", i ? ", " : "", state->op->cases[i].name);
        }
        assay_code rc = assay_fail(err, ASSAY_USAGE, "%s has no case '%s': %s", state->op->name, options->which,
                                   list.data ? list.data : "");
        assay_buf_done(&list);
        return rc;
    }
    return ASSAY_OK;
}

/* "RxCxM": one to four numbers. */
static assay_code read_shape(struct kernel_state *state, assay_err *err)
{
    state->shape = state->which->shape;
    if (!state->options.shape) {
        return ASSAY_OK;
    }
    struct assay_slice rest = assay_slice_of(state->options.shape);
    uint64_t *const sizes[] = {&state->shape.rows, &state->shape.columns, &state->shape.tokens, &state->shape.extra};
    state->shape = (struct assay_kernel_shape){1, 1, 1, 1};
    for (size_t i = 0; rest.data; i++) {
        if (i == sizeof sizes / sizeof sizes[0]) {
            return assay_fail(err, ASSAY_USAGE, "--shape is '%s', expected RxCxM", state->options.shape);
        }
        assay_code rc = assay_num_u64(assay_slice_cut(&rest, 'x'), "--shape", UINT32_MAX, sizes[i], NULL);
        if (rc != ASSAY_OK || *sizes[i] == 0) {
            return assay_fail(err, ASSAY_USAGE, "--shape is '%s', expected RxCxM, each 1 to %u", state->options.shape,
                              UINT32_MAX);
        }
    }
    return ASSAY_OK;
}

static assay_code kernel_open(void *block, assay_err *err)
{
    struct kernel_state *state = block;
    if (state->options.epoch_ns == 0 || state->options.epoch_ns > EPOCH_MAX_NS) {
        return assay_fail(err, ASSAY_USAGE, "--epoch is %.3f s, expected more than 0 and at most 10 s",
                          (double)state->options.epoch_ns / 1e9);
    }
    assay_code rc = open_set(state, err);
    rc = rc == ASSAY_OK ? find_operation(state, err) : rc;
    return rc == ASSAY_OK ? read_shape(state, err) : rc;
}

/* ---- arms ------------------------------------------------------------------------------------------------------- */

static size_t row_of(const struct kernel_state *state, struct assay_slice isa)
{
    for (size_t i = 0; i < state->op->rows_count; i++) {
        const struct assay_kernel_row *row = state->op->rows[i];
        if (assay_slice_is(isa, assay_kernel_isa(row)) || assay_slice_is(isa, row->id)) {
            return assay_kernel_set_index(state->set, row->id);
        }
    }
    return SIZE_MAX;
}

static assay_code add_arm(struct kernel_state *state, const char *id, size_t row, assay_err *err)
{
    if (state->arms_count == ASSAY_PLAN_ARMS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "more than %d variants", ASSAY_PLAN_ARMS_MAX);
    }
    struct kernel_arm *arm = &state->arms[state->arms_count];
    *arm = (struct kernel_arm){.row = row, .id = {(char)('a' + state->arms_count), '\0'}};
    if (id) {
        memcpy(arm->id, id, sizeof arm->id);
    }
    state->arms_count++; /* counted before what can fail, so that close releases it */
    assay_code rc = assay_kernel_set_pin(state->set, row, &arm->kernel, err);
    return rc == ASSAY_OK ? assay_kernel_counters_new(state->set, 1, &arm->counters, err) : rc;
}

static assay_code add_named(struct kernel_state *state, const char *id, struct assay_slice isa, assay_err *err)
{
    size_t row = row_of(state, isa);
    if (row == SIZE_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%s_%s has no variant '%.*s'", state->op->name, state->op->format,
                          (int)isa.len, isa.data ? isa.data : "");
    }
    return add_arm(state, id, row, err);
}

static assay_code add_all(struct kernel_state *state, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < state->op->rows_count && rc == ASSAY_OK; i++) {
        size_t row = assay_kernel_set_index(state->set, state->op->rows[i]->id);
        if (assay_kernel_set_row(state->set, row).state == ASSAY_KERNEL_USABLE) {
            rc = add_arm(state, NULL, row, err);
        }
    }
    return rc;
}

static assay_code choose_arms(struct kernel_state *state, const struct assay_arm_text *texts, size_t count,
                              assay_err *err)
{
    assay_code rc = ASSAY_OK;
    const char *variants = state->options.variants;
    if (count > 0 && variants) {
        return assay_fail(err, ASSAY_USAGE, "--variants and --arm both name the variants, expected one of them");
    }
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        rc = add_named(state, texts[i].id, assay_slice_of(texts[i].text), err);
    }
    if (count > 0 || !variants || strcmp(variants, "all") == 0) {
        return count > 0 ? rc : add_all(state, err);
    }
    struct assay_slice rest = assay_slice_of(variants);
    while (rest.data && rc == ASSAY_OK) {
        rc = add_named(state, NULL, assay_slice_trim(assay_slice_cut(&rest, ',')), err);
    }
    return rc;
}

/* ---- operands --------------------------------------------------------------------------------------------------- */

static uint64_t cache_bytes(int name, uint64_t fallback)
{
    long bytes = sysconf(name);
    return bytes > 0 ? (uint64_t)bytes : fallback;
}

static uint64_t input_bytes(const struct assay_kernel_data *data)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < data->op->inputs_count; i++) {
        sum += data->in_bytes[i];
    }
    return sum;
}

static assay_code choose_copies(struct kernel_state *state, size_t *ret_count, assay_err *err)
{
    uint64_t l2 = cache_bytes(_SC_LEVEL2_CACHE_SIZE, L2_FALLBACK_BYTES);
    uint64_t last = cache_bytes(_SC_LEVEL3_CACHE_SIZE, CACHE_FALLBACK_BYTES);
    last = last > l2 ? last : l2;
    *ret_count = 1;
    if (state->options.cache == KERNEL_CACHE_IN && state->copy_bytes > l2) {
        return assay_fail(err, ASSAY_USAGE,
                          "--cache in: the inputs have %llu bytes, and L2 %llu: ask for a smaller shape",
                          (unsigned long long)state->copy_bytes, (unsigned long long)l2);
    }
    if (state->options.cache == KERNEL_CACHE_OUT) {
        uint64_t wanted = OUT_OF_CACHE_FACTOR * last / state->copy_bytes + 1;
        if (wanted > KERNEL_COPIES_MAX || wanted * state->copy_bytes > COPIES_BYTES_MAX) {
            return assay_fail(err, ASSAY_USAGE,
                              "--cache out: %llu copies of %llu bytes, expected at most %d copies and 2 GiB: ask for "
                              "a larger shape",
                              (unsigned long long)wanted, (unsigned long long)state->copy_bytes, KERNEL_COPIES_MAX);
        }
        *ret_count = (size_t)wanted;
    }
    uint64_t all = *ret_count * state->copy_bytes;
    state->cache_text = all <= l2 ? "in L2" : all <= last ? "in the last cache" : "between";
    if (all >= OUT_OF_CACHE_FACTOR * last) {
        state->cache_text = "out of cache";
    }
    return ASSAY_OK;
}

/* Copies hold equal numbers: outputs are poisoned before every epoch, so a stale one cannot pass for a new one. */
static assay_code make_copy(struct kernel_state *state, assay_err *err)
{
    struct assay_kernel_data *copy = &state->copies[state->copies_count];
    assay_code rc = assay_kernel_data_init(copy, state->op, &state->shape, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (state->copies_count == 0) {
        assay_kernel_data_fill(copy, state->which);
    } else {
        assay_kernel_data_copy(copy, &state->copies[0]);
    }
    state->calls[state->copies_count++] = &copy->call;
    return ASSAY_OK;
}

static assay_code make_copies(struct kernel_state *state, assay_err *err)
{
    size_t count = KERNEL_COPIES_MAX;
    state->copies = assay_alloc(KERNEL_COPIES_MAX, sizeof *state->copies);
    state->calls = assay_alloc(KERNEL_COPIES_MAX, sizeof *state->calls);
    if (!state->copies || !state->calls) {
        return assay_nomem(err);
    }
    assay_code rc = make_copy(state, err);
    if (rc == ASSAY_OK) {
        state->copy_bytes = input_bytes(&state->copies[0]);
        rc = choose_copies(state, &count, err);
    }
    while (rc == ASSAY_OK && state->copies_count < count) {
        rc = make_copy(state, err);
    }
    return rc;
}

/* What an arm is, for the plan: the variant, and the operands that all arms share. */
static assay_code put_arm(const struct kernel_state *state, size_t i, struct assay_plan *plan, assay_err *err)
{
    const struct kernel_arm *arm = &state->arms[i];
    struct assay_kernel_entry entry = assay_kernel_set_row(state->set, arm->row);
    struct assay_json_builder b = {0};
    json_t *args = json_object();
    assay_json_put_text(&b, args, "kernel", entry.row->id);
    assay_json_put_text(&b, args, "equality", assay_kernel_equality_text(entry.row->equality));
    assay_json_put_text(&b, args, "case", state->which->name);
    json_t *shape = assay_json_put_array(&b, args, "shape");
    assay_json_add_u64(&b, shape, state->shape.rows);
    assay_json_add_u64(&b, shape, state->shape.columns);
    assay_json_add_u64(&b, shape, state->shape.tokens);
    assay_json_add_u64(&b, shape, state->shape.extra);
    assay_json_put_u64(&b, args, "copies", state->copies_count);
    assay_json_put_u64(&b, args, "copyBytes", state->copy_bytes);
    assay_json_put_text(&b, args, "cache", state->cache_text);
    assay_code rc = assay_json_builder_check(&b, args, err);
    if (rc != ASSAY_OK) {
        json_decref(args);
        return rc;
    }
    plan->arms[i] = (struct assay_plan_arm){
        .label = assay_arena_text(&plan->arena, entry.row->id, strlen(entry.row->id)), .args = args};
    memcpy(plan->arms[i].id, arm->id, sizeof arm->id);
    return plan->arms[i].label ? ASSAY_OK : assay_nomem(err);
}

static assay_code kernel_arms(void *block, const struct assay_arm_text *texts, size_t count, struct assay_plan *plan,
                              assay_err *err)
{
    struct kernel_state *state = block;
    plan->stop.error_share_max =
        1; /* a wrong variant runs to the end: its check says what is wrong, the others have figures */
    assay_code rc = choose_arms(state, texts, count, err);
    if (rc == ASSAY_OK) {
        rc = make_copies(state, err);
    }
    for (size_t i = 0; i < state->arms_count && rc == ASSAY_OK; i++) {
        rc = put_arm(state, i, plan, err);
        plan->arms_count = i + 1;
    }
    return rc;
}

/* ---- around the run --------------------------------------------------------------------------------------------- */

static assay_code before_run(struct kernel_state *state, assay_err *err)
{
    state->clock_cost = assay_clock_measure_cost();
    assay_code rc = kernel_compare_arms(state, err);
    rc = rc == ASSAY_OK ? kernel_calibrate(state, err) : rc;
    rc = rc == ASSAY_OK ? kernel_probe_open(state, err) : rc;
    rc = rc == ASSAY_OK ? kernel_digest_objects(state, ASSAY_BEFORE_RUN, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (size_t i = 0; i < state->arms_count; i++) {
        assay_kernel_counters_zero(state->arms[i].counters); /* what was run so far was no measurement */
    }
    state->wall_begin_ns = assay_clock_mono_raw_ns();
    kernel_probe_pass(state);
    return ASSAY_OK;
}

static assay_code kernel_verify(void *block, enum assay_moment moment, assay_err *err)
{
    struct kernel_state *state = block;
    if (moment == ASSAY_BEFORE_RUN) {
        return before_run(state, err);
    }
    kernel_probe_pass(state);
    state->wall_ns = assay_clock_mono_raw_ns() - state->wall_begin_ns;
    return kernel_digest_objects(state, ASSAY_AFTER_RUN, err);
}

static assay_code kernel_worker_open(void *state, void *worker, const struct assay_worker_setup *setup, assay_err *err)
{
    (void)setup;
    (void)err;
    *(struct kernel_state **)worker = state;
    return ASSAY_OK;
}

static void kernel_close(void *block)
{
    struct kernel_state *state = block;
    for (size_t i = 0; i < state->arms_count; i++) {
        assay_kernel_counters_free(state->arms[i].counters);
    }
    for (size_t i = 0; i < state->copies_count; i++) {
        assay_kernel_data_done(&state->copies[i]);
    }
    kernel_probe_close(state);
    assay_free(state->copies);
    assay_free((void *)state->calls);
    assay_kernel_set_free(state->set);
    state->set = NULL;
    state->arms_count = state->copies_count = 0;
}

const struct assay_workload assay_workload_kernel = {
    .name = "kernel",
    .summary = "variants of a kernel, in process: speed, and outputs against the reference",
    .argument = "kernel",
    .options = OPTIONS,
    .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .state_bytes = sizeof(struct kernel_state),
    .worker_bytes = sizeof(struct kernel_state *),
    .pairing = ASSAY_PAIRING_ALWAYS,
    .is_quiet = true,
    .defaults = kernel_defaults,
    .open = kernel_open,
    .arms = kernel_arms,
    .verify = kernel_verify,
    .worker_open = kernel_worker_open,
    .step = kernel_step,
    .describe = kernel_describe,
    .close = kernel_close,
};
