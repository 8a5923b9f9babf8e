#include "kernel/set_room.h"

#include "base/mem.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a row may be ------------------------------------------------------------------------------------------ */

static bool is_named(const struct assay_kernel_operation *op, const struct assay_kernel_id *id)
{
    struct assay_slice rest = assay_slice_of(op->name), family = assay_slice_cut(&rest, '_');
    return assay_slice_equal(family, id->family) && assay_slice_equal(rest, id->operation) &&
           assay_slice_is(id->format, op->format);
}

static assay_code check_row(const struct assay_kernel_operation *op, size_t place, bool is_foreign, assay_err *err)
{
    const struct assay_kernel_row *row = op->rows[place];
    struct assay_kernel_id id;
    if (!row || !row->id || !assay_kernel_id_read(row->id, &id)) {
        return assay_fail(err, ASSAY_MALFORMED, "kernel id '%.80s', expected FAMILY_OPERATION_FORMAT_ISA",
                          row && row->id ? row->id : "");
    }
    if (!is_named(op, &id)) {
        return assay_fail(err, ASSAY_MALFORMED, "kernel '%s', expected %s_%s_ISA", row->id, op->name, op->format);
    }
    if ((unsigned)row->kind > ASSAY_KERNEL_STANDIN || (unsigned)row->equality > ASSAY_KERNEL_BOUNDED) {
        return assay_fail(err, ASSAY_MALFORMED, "kernel '%s' has no known class or equality", row->id);
    }
    if (is_foreign && !assay_slice_is(id.family, "ext")) {
        return assay_fail(err, ASSAY_MALFORMED, "kernel '%s' is of family '%.*s', expected 'ext'", row->id,
                          (int)id.family.len, id.family.data);
    }
    if (is_foreign && row->kind != ASSAY_KERNEL_NATIVE && row->kind != ASSAY_KERNEL_FALLBACK) {
        return assay_fail(err, ASSAY_MALFORMED, "kernel '%s' has class %s, expected native or fallback", row->id,
                          assay_kernel_class_text(row->kind));
    }
    if (row->needs && !assay_kernel_isa_find(assay_slice_of(row->needs))) {
        return assay_fail(err, ASSAY_MALFORMED, "kernel '%s' needs '%.40s', which is no instruction set known here",
                          row->id, row->needs);
    }
    return ASSAY_OK;
}

static bool has_operands(const struct assay_kernel_operand *operands, size_t count, size_t max)
{
    if (count == 0 || count > max || !operands) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!operands[i].name || !operands[i].count || (unsigned)operands[i].type > ASSAY_KERNEL_U64) {
            return false;
        }
    }
    return true;
}

static assay_code check_operation(const struct assay_kernel_operation *op, bool is_foreign, assay_err *err)
{
    if (op->abi != ASSAY_KERNEL_ABI) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "kernel structures of version %u, expected %u", op->abi,
                          ASSAY_KERNEL_ABI);
    }
    if (!op->name || !op->format || !op->rows || op->rows_count == 0 || op->rows_count > ASSAY_KERNEL_ROWS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "operation '%.40s', expected a name, a format and 1 to %d rows",
                          op->name ? op->name : "", ASSAY_KERNEL_ROWS_MAX);
    }
    if (!has_operands(op->inputs, op->inputs_count, ASSAY_KERNEL_INPUTS_MAX) ||
        !has_operands(op->outputs, op->outputs_count, ASSAY_KERNEL_OUTPUTS_MAX)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "operation '%s', expected 1 to %d inputs and 1 to %d outputs, each "
                          "with name, type and count",
                          op->name, ASSAY_KERNEL_INPUTS_MAX, ASSAY_KERNEL_OUTPUTS_MAX);
    }
    if (!op->cases || op->cases_count == 0 || op->cases_count > ASSAY_KERNEL_CASES_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "operation '%s' has %zu cases, expected 1 to %d", op->name,
                          op->cases_count, ASSAY_KERNEL_CASES_MAX);
    }
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < op->rows_count && rc == ASSAY_OK; i++) {
        rc = check_row(op, i, is_foreign, err);
    }
    if (rc == ASSAY_OK && !op->rows[0]->run) {
        rc = assay_fail(err, ASSAY_MALFORMED, "kernel '%s' is the reference, expected a function", op->rows[0]->id);
    }
    return rc;
}

/* ---- rows of a set ---------------------------------------------------------------------------------------------- */

static void find_state(const struct assay_kernel_set *set, struct kernel_slot *slot)
{
    const char *needs = slot->row->needs ? slot->row->needs : assay_kernel_isa(slot->row);
    const struct assay_kernel_isa *isa = assay_kernel_isa_find(assay_slice_of(needs));
    const char *missing = isa ? assay_kernel_isa_missing(isa, &set->cpu) : NULL;
    int refusal = isa && isa->has_tiles && !missing ? assay_cpu_permit_tiles() : 0;
    slot->state = ASSAY_KERNEL_USABLE;
    if (missing) {
        slot->state = ASSAY_KERNEL_NO_CPU;
        (void)snprintf(slot->why, sizeof slot->why, "this host lacks %s", missing);
    } else if (refusal) {
        slot->state = ASSAY_KERNEL_NO_CPU;
        (void)snprintf(slot->why, sizeof slot->why, "the system refuses the tile registers: %s", strerror(refusal));
    } else if (!slot->row->run) {
        slot->state = ASSAY_KERNEL_NOT_BUILT;
        (void)snprintf(slot->why, sizeof slot->why, "not built for this architecture");
    }
}

/* A planted operation may hold rows that the set has: the reference of the operation whose place it takes. */
static bool is_double(const struct assay_kernel_set *set, const struct assay_kernel_row *row, bool is_planted)
{
    size_t index = assay_kernel_set_index(set, row->id);
    return index != SIZE_MAX && !(is_planted && set->slots[index].row == row);
}

static assay_code refuse_double(const struct assay_kernel_set *set, const struct assay_kernel_operation *op,
                                bool is_planted, assay_err *err)
{
    for (size_t i = 0; i < op->rows_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(op->rows[i]->id, op->rows[k]->id) == 0) {
                return assay_fail(err, ASSAY_MALFORMED, "kernel '%s' is there twice", op->rows[i]->id);
            }
        }
        if (is_double(set, op->rows[i], is_planted)) {
            return assay_fail(err, ASSAY_MALFORMED, "kernel '%s' is there twice", op->rows[i]->id);
        }
    }
    return ASSAY_OK;
}

assay_code kernel_set_take(struct assay_kernel_set *set, const struct assay_kernel_operation *op, unsigned char plugin,
                           bool is_planted, assay_err *err)
{
    assert(!set->is_ready);
    assay_code rc = check_operation(op, plugin > 0, err);
    rc = rc == ASSAY_OK ? refuse_double(set, op, is_planted, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (set->operations_count == KERNEL_OPERATIONS_MAX || op->rows_count > KERNEL_ROWS_MAX - set->slots_count) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %d operations or %d kernels", KERNEL_OPERATIONS_MAX,
                          KERNEL_ROWS_MAX);
    }
    set->operations_first[set->operations_count] = set->slots_count;
    set->operations[set->operations_count++] = op;
    for (size_t i = 0; i < op->rows_count; i++) {
        struct kernel_slot *slot = &set->slots[set->slots_count++];
        slot->op = op;
        slot->row = op->rows[i];
        slot->place = i;
        slot->plugin = plugin;
        slot->is_planted = is_planted;
        find_state(set, slot);
    }
    return ASSAY_OK;
}

static assay_code take_builtin(struct assay_kernel_set *set, assay_err *err)
{
    size_t count;
    const struct assay_kernel_operation *const *table = assay_kernel_builtin(&count);
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        rc = kernel_set_take(set, table[i], 0, false, err);
    }
    return rc;
}

static const char *or_environment(const char *option, const char *variable)
{
    const char *text = option ? option : getenv(variable);
    return text && text[0] != '\0' ? text : NULL;
}

assay_code assay_kernel_set_new(const struct assay_kernel_options *options, struct assay_kernel_set **ret,
                                assay_err *err)
{
    struct assay_kernel_set *set = assay_alloc(1, sizeof *set);
    if (!set) {
        return assay_nomem(err);
    }
    set->cpu = assay_cpu_detect();
    set->options.isa = or_environment(options ? options->isa : NULL, "ASSAY_ISA");
    set->options.kernels = or_environment(options ? options->kernels : NULL, "ASSAY_KERNEL");
    set->options.forbid = or_environment(options ? options->forbid : NULL, "ASSAY_KERNEL_FORBID");
    set->slots = assay_alloc(KERNEL_ROWS_MAX, sizeof *set->slots);
    set->bound = assay_alloc(KERNEL_BOUND_MAX, sizeof *set->bound);
    assay_code rc = set->slots && set->bound ? take_builtin(set, err) : assay_nomem(err);
    if (rc != ASSAY_OK) {
        assay_kernel_set_free(set);
        return rc;
    }
    *ret = set;
    return ASSAY_OK;
}

void assay_kernel_set_free(struct assay_kernel_set *set)
{
    if (!set) {
        return;
    }
    for (size_t i = 0; i < set->plugins_count; i++) {
        (void)dlclose(set->plugins[i].handle);
        assay_free(set->plugins[i].path);
    }
    assay_free(set->slots);
    assay_free(set->bound);
    assay_free(set);
}

assay_code assay_kernel_set_add(struct assay_kernel_set *set, const struct assay_kernel_operation *op, assay_err *err)
{
    assay_code rc = check_operation(op, true, err);
    return rc == ASSAY_OK ? kernel_set_take(set, op, 0, false, err) : rc;
}

assay_code assay_kernel_set_plant(struct assay_kernel_set *set, const struct assay_kernel_operation *op, assay_err *err)
{
    return kernel_set_take(set, op, 0, true, err);
}

assay_code assay_kernel_set_ready(struct assay_kernel_set *set, assay_err *err)
{
    assay_code rc = kernel_options_apply(set, err);
    set->is_ready = rc == ASSAY_OK;
    return rc;
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

const char *assay_kernel_state_text(enum assay_kernel_state state)
{
    static const char *const TEXTS[] = {[ASSAY_KERNEL_USABLE] = "usable",
                                        [ASSAY_KERNEL_NOT_BUILT] = "not built",
                                        [ASSAY_KERNEL_NO_CPU] = "not available",
                                        [ASSAY_KERNEL_FORBIDDEN] = "forbidden",
                                        [ASSAY_KERNEL_BREAKER_OPEN] = "breaker open"};
    assert((size_t)state < sizeof TEXTS / sizeof TEXTS[0]);
    return TEXTS[state];
}

size_t assay_kernel_set_rows(const struct assay_kernel_set *set)
{
    return set->slots_count;
}

struct assay_kernel_entry assay_kernel_set_row(const struct assay_kernel_set *set, size_t index)
{
    assert(index < set->slots_count);
    const struct kernel_slot *slot = &set->slots[index];
    struct assay_kernel_entry entry = {.op = slot->op,
                                       .row = slot->row,
                                       .index = index,
                                       .state = slot->state,
                                       .object = kernel_object_of(slot->row),
                                       .cases_checked = slot->cases_checked};
    memcpy(entry.why, slot->why, sizeof entry.why);
    if (atomic_load_explicit(&slot->is_open, memory_order_acquire)) {
        entry.state = ASSAY_KERNEL_BREAKER_OPEN;
    }
    return entry;
}

size_t assay_kernel_set_index(const struct assay_kernel_set *set, const char *id)
{
    for (size_t i = 0; i < set->slots_count; i++) {
        if (strcmp(set->slots[i].row->id, id) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

size_t assay_kernel_set_operations(const struct assay_kernel_set *set)
{
    return set->operations_count;
}

const struct assay_kernel_operation *assay_kernel_set_operation(const struct assay_kernel_set *set, size_t i)
{
    assert(i < set->operations_count);
    return set->operations[i];
}

const struct assay_kernel_operation *assay_kernel_set_find(const struct assay_kernel_set *set, const char *name,
                                                           const char *format)
{
    const struct assay_kernel_operation *found = NULL;
    for (size_t i = 0; i < set->operations_count; i++) {
        const struct assay_kernel_operation *op = set->operations[i];
        bool is_planted = set->slots[set->operations_first[i]].is_planted;
        if ((!found || is_planted) && strcmp(op->name, name) == 0 && (!format || strcmp(op->format, format) == 0)) {
            found = op; /* the first one, or what was planted in its place */
        }
    }
    return found;
}
