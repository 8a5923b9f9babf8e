/* Which variant is in force: choice, self-check, circuit breaker (kernels.md 1.4). */
#include "kernel/set_room.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool is_in_question(const struct kernel_slot *slot)
{
    return slot->state == ASSAY_KERNEL_USABLE && !atomic_load_explicit(&slot->is_open, memory_order_acquire);
}

static void open_breaker(struct kernel_slot *slot, const char *where, const char *what)
{
    (void)snprintf(slot->why, sizeof slot->why, "%s%s%.100s", where, where[0] ? ": " : "", what);
    atomic_store_explicit(&slot->is_open, true, memory_order_release);
}

/* Every case that is meant for it, on the shape of the case. Opens the breaker at the first difference. */
static assay_code self_check(struct kernel_slot *slot, assay_err *err)
{
    const struct assay_kernel_operation *op = slot->op;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < op->cases_count && rc == ASSAY_OK && is_in_question(slot); i++) {
        const struct assay_kernel_case *which = &op->cases[i];
        char text[ASSAY_KERNEL_DIFFERENCE_BYTES];
        bool is_equal = true;
        if (!(which->flags & ASSAY_KERNEL_CASE_SELFCHECK)) {
            continue;
        }
        rc = assay_kernel_check(op, slot->row, which, NULL, &is_equal, text, err);
        slot->cases_checked++;
        if (rc == ASSAY_OK && !is_equal) {
            open_breaker(slot, which->name, text);
        }
    }
    return rc;
}

static size_t first_row_of(const struct assay_kernel_set *set, const struct assay_kernel_operation *op)
{
    size_t i = 0;
    while (i < set->operations_count && set->operations[i] != op) {
        i++;
    }
    assert(i < set->operations_count); /* else it is of another set */
    return set->operations_first[i];
}

/* In the order of the rows, but the reference, which stands first, comes last. */
static size_t next_usable(const struct assay_kernel_set *set, size_t first, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (is_in_question(&set->slots[first + i])) {
            return first + i;
        }
    }
    return first;
}

static assay_code fail_demanded(const struct kernel_slot *slot, assay_err *err)
{
    return assay_fail(err, ASSAY_NOT_FOUND, "kernel %s was demanded, and cannot be used: %s", slot->row->id, slot->why);
}

static assay_code demanded_row(const struct assay_kernel_set *set, const struct assay_kernel_operation *op,
                               size_t first, size_t *ret, assay_err *err)
{
    struct assay_slice isa = kernel_options_demanded(set, op);
    *ret = SIZE_MAX;
    for (size_t i = 0; i < op->rows_count && isa.len > 0; i++) {
        if (assay_slice_is(isa, assay_kernel_isa(op->rows[i]))) {
            *ret = first + i;
        }
    }
    if (*ret != SIZE_MAX && set->slots[*ret].state != ASSAY_KERNEL_USABLE) {
        return fail_demanded(&set->slots[*ret], err);
    }
    return ASSAY_OK;
}

static assay_code check_reference(struct kernel_slot *slot, assay_err *err)
{
    assay_code rc = slot->cases_checked == 0 ? self_check(slot, err) : ASSAY_OK;
    if (rc == ASSAY_OK && atomic_load_explicit(&slot->is_open, memory_order_acquire)) {
        return assay_fail(err, ASSAY_BUG, "the reference kernel %s fails its own cases: %s", slot->row->id, slot->why);
    }
    return rc;
}

/* Checks the candidate and, where it fails, the one after it, until one passes. */
static assay_code settle(struct assay_kernel_set *set, size_t first, size_t count, size_t *in_out, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && *in_out != first) {
        struct kernel_slot *slot = &set->slots[*in_out];
        rc = slot->cases_checked == 0 ? self_check(slot, err) : ASSAY_OK;
        if (rc == ASSAY_OK && is_in_question(slot)) {
            break;
        }
        *in_out = next_usable(set, first, count);
    }
    return rc;
}

static assay_code new_kernel(struct assay_kernel_set *set, struct assay_kernel **ret, assay_err *err)
{
    if (set->bound_count == KERNEL_BOUND_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "more than %d kernels are bound", KERNEL_BOUND_MAX);
    }
    *ret = &set->bound[set->bound_count++];
    (*ret)->set = set;
    return ASSAY_OK;
}

static struct assay_kernel *already_bound(struct assay_kernel_set *set, const struct assay_kernel_operation *op)
{
    for (size_t i = 0; i < set->bound_count; i++) {
        if (set->bound[i].op == op && !set->bound[i].is_pinned) {
            return &set->bound[i];
        }
    }
    return NULL;
}

assay_code assay_kernel_set_bind(struct assay_kernel_set *set, const struct assay_kernel_operation *op,
                                 struct assay_kernel **ret, assay_err *err)
{
    assert(set->is_ready);
    struct assay_kernel *bound = already_bound(set, op);
    if (bound) {
        *ret = bound;
        return ASSAY_OK;
    }
    size_t first = first_row_of(set, op), row = SIZE_MAX;
    struct assay_kernel *kernel = NULL;
    assay_code rc = check_reference(&set->slots[first], err);
    rc = rc == ASSAY_OK ? demanded_row(set, op, first, &row, err) : rc;
    if (rc == ASSAY_OK) {
        row = row != SIZE_MAX ? row : next_usable(set, first, op->rows_count);
        rc = settle(set, first, op->rows_count, &row, err);
    }
    rc = rc == ASSAY_OK ? new_kernel(set, &kernel, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    kernel->op = op;
    kernel->first_row = first;
    atomic_store_explicit(&kernel->in_force, row, memory_order_release);
    *ret = kernel;
    return ASSAY_OK;
}

assay_code assay_kernel_set_pin(struct assay_kernel_set *set, size_t row, struct assay_kernel **ret, assay_err *err)
{
    assert(set->is_ready && row < set->slots_count);
    struct kernel_slot *slot = &set->slots[row];
    size_t first = row - slot->place;
    struct assay_kernel *kernel = NULL;
    if (slot->state != ASSAY_KERNEL_USABLE) {
        return fail_demanded(slot, err);
    }
    assay_code rc = check_reference(&set->slots[first], err);
    if (rc == ASSAY_OK && row != first && slot->cases_checked == 0) {
        rc = self_check(slot, err);
    }
    rc = rc == ASSAY_OK ? new_kernel(set, &kernel, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    kernel->op = slot->op;
    kernel->first_row = first;
    kernel->is_pinned = true;
    atomic_store_explicit(&kernel->in_force, row, memory_order_release);
    *ret = kernel;
    return ASSAY_OK;
}

bool assay_kernel_suspect(struct assay_kernel *kernel, size_t row, const char *what)
{
    struct assay_kernel_set *set = kernel->set;
    struct kernel_slot *slot = &set->slots[row];
    if (slot->place == 0 || atomic_exchange_explicit(&slot->is_open, true, memory_order_acq_rel)) {
        return false;
    }
    (void)snprintf(slot->why, sizeof slot->why, "%s", what);
    for (size_t i = 0; i < set->bound_count; i++) {
        struct assay_kernel *bound = &set->bound[i];
        size_t expected = row;
        if (!bound->is_pinned && bound->first_row == row - slot->place) {
            size_t next = next_usable(set, bound->first_row, bound->op->rows_count);
            (void)atomic_compare_exchange_strong_explicit(&bound->in_force, &expected, next, memory_order_acq_rel,
                                                          memory_order_relaxed);
        }
    }
    return true;
}

size_t assay_kernel_row_in_force(const struct assay_kernel *kernel)
{
    return atomic_load_explicit(&kernel->in_force, memory_order_acquire);
}

struct assay_kernel_part assay_kernel_share(const struct assay_kernel *kernel, const struct assay_kernel_shape *shape,
                                            size_t thread, size_t count)
{
    return assay_kernel_part_of(kernel->op, shape, thread, count);
}

size_t assay_kernel_scratch_bytes(const struct assay_kernel *kernel, const struct assay_kernel_shape *shape)
{
    uint64_t most = 0;
    for (size_t i = 0; i < kernel->op->rows_count; i++) { /* of any row: the breaker may change it under the caller */
        const struct assay_kernel_row *row = kernel->op->rows[i];
        uint64_t wanted = row->scratch_bytes ? row->scratch_bytes(shape) : 0;
        most = wanted > most ? wanted : most;
    }
    return (size_t)most;
}
