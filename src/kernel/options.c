/* What a user allows and demands: ASSAY_ISA, ASSAY_KERNEL, ASSAY_KERNEL_FORBID. */
#include "kernel/set_room.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 128 /* a pattern of ids, or FAMILY_OPERATION_FORMAT=ISA */

static assay_code copy_name(struct assay_slice name, const char *variable, char ret[NAME_BYTES_MAX], assay_err *err)
{
    if (name.len == 0 || name.len >= NAME_BYTES_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%s: an entry has %zu bytes, expected 1 to %d", variable, name.len,
                          NAME_BYTES_MAX - 1);
    }
    memcpy(ret, name.data, name.len);
    ret[name.len] = '\0';
    return ASSAY_OK;
}

static void forbid(struct kernel_slot *slot, const char *variable, const char *value)
{
    if (slot->state == ASSAY_KERNEL_USABLE && slot->place > 0) { /* the reference always stays */
        slot->state = ASSAY_KERNEL_FORBIDDEN;
        (void)snprintf(slot->why, sizeof slot->why, "%s=%.100s", variable, value);
    }
}

static assay_code apply_isa(struct assay_kernel_set *set, assay_err *err)
{
    if (!set->options.isa) {
        return ASSAY_OK;
    }
    const struct assay_kernel_isa *highest = assay_kernel_isa_find(assay_slice_of(set->options.isa));
    if (!highest) {
        return assay_fail(err, ASSAY_USAGE,
                          "ASSAY_ISA is '%.40s', expected ref, avx2, avxvnni, avx512, vnni512, fp16x512, amxint8, "
                          "amxbf16, neon or dotprod",
                          set->options.isa);
    }
    for (size_t i = 0; i < set->slots_count; i++) {
        struct kernel_slot *slot = &set->slots[i];
        const char *needs = slot->row->needs ? slot->row->needs : assay_kernel_isa(slot->row);
        const struct assay_kernel_isa *isa = assay_kernel_isa_find(assay_slice_of(needs));
        if (isa && isa->rank > highest->rank) {
            forbid(slot, "ASSAY_ISA", set->options.isa);
        }
    }
    return ASSAY_OK;
}

static assay_code apply_forbid(struct assay_kernel_set *set, assay_err *err)
{
    struct assay_slice rest = assay_slice_of(set->options.forbid ? set->options.forbid : "");
    while (rest.len > 0) {
        char pattern[NAME_BYTES_MAX];
        assay_code rc = copy_name(assay_slice_trim(assay_slice_cut(&rest, ',')), "ASSAY_KERNEL_FORBID", pattern, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        bool is_plain = strpbrk(pattern, "*?[") == NULL;
        if (is_plain && assay_kernel_set_index(set, pattern) == SIZE_MAX) {
            return assay_fail(err, ASSAY_USAGE, "ASSAY_KERNEL_FORBID: there is no kernel '%s'", pattern);
        }
        for (size_t i = 0; i < set->slots_count; i++) {
            if (fnmatch(pattern, set->slots[i].row->id, 0) == 0) {
                forbid(&set->slots[i], "ASSAY_KERNEL_FORBID", pattern);
            }
        }
    }
    return ASSAY_OK;
}

/* "ternary_gemv" or "ternary_gemv_i2s". */
static bool is_meant(const struct assay_kernel_operation *op, struct assay_slice name)
{
    size_t len = strlen(op->name);
    return assay_slice_is(name, op->name) ||
           (name.len > len + 1 && strncmp(name.data, op->name, len) == 0 && name.data[len] == '_' &&
            assay_slice_is((struct assay_slice){name.data + len + 1, name.len - len - 1}, op->format));
}

static bool has_isa(const struct assay_kernel_operation *op, struct assay_slice isa)
{
    for (size_t i = 0; i < op->rows_count; i++) {
        if (assay_slice_is(isa, assay_kernel_isa(op->rows[i]))) {
            return true;
        }
    }
    return false;
}

static assay_code check_demand(const struct assay_kernel_set *set, struct assay_slice name, struct assay_slice isa,
                               assay_err *err)
{
    bool has_name = false, has_variant = false;
    for (size_t i = 0; i < set->operations_count; i++) {
        if (is_meant(set->operations[i], name)) {
            has_name = true;
            has_variant = has_variant || has_isa(set->operations[i], isa);
        }
    }
    if (!has_name) {
        return assay_fail(err, ASSAY_USAGE, "ASSAY_KERNEL: there is no kernel '%.*s'", (int)name.len, name.data);
    }
    return has_variant ? ASSAY_OK
                       : assay_fail(err, ASSAY_USAGE, "ASSAY_KERNEL: %.*s has no variant '%.*s'", (int)name.len,
                                    name.data, (int)isa.len, isa.data);
}

/* An entry of the list before the one that `name` is a slice of has the same name. */
static bool is_named_before(const char *list, struct assay_slice name)
{
    struct assay_slice rest = assay_slice_of(list);
    while (rest.len > 0) {
        struct assay_slice isa = assay_slice_trim(assay_slice_cut(&rest, ','));
        struct assay_slice other = assay_slice_cut(&isa, '=');
        if (other.data == name.data) {
            return false;
        }
        if (assay_slice_equal(other, name)) {
            return true;
        }
    }
    return false;
}

static assay_code check_demands(const struct assay_kernel_set *set, assay_err *err)
{
    struct assay_slice rest = assay_slice_of(set->options.kernels ? set->options.kernels : "");
    assay_code rc = ASSAY_OK;
    while (rest.len > 0 && rc == ASSAY_OK) {
        struct assay_slice isa = assay_slice_trim(assay_slice_cut(&rest, ','));
        struct assay_slice name = assay_slice_cut(&isa, '=');
        if (name.len == 0 || isa.len == 0) {
            return assay_fail(err, ASSAY_USAGE, "ASSAY_KERNEL is '%.80s', expected NAME=ISA,...", set->options.kernels);
        }
        if (is_named_before(set->options.kernels, name)) {
            return assay_fail(err, ASSAY_USAGE, "ASSAY_KERNEL: '%.*s' is there twice", (int)name.len, name.data);
        }
        rc = check_demand(set, name, isa, err);
    }
    return rc;
}

/* A format named outranks none. */
struct assay_slice kernel_options_demanded(const struct assay_kernel_set *set, const struct assay_kernel_operation *op)
{
    struct assay_slice rest = assay_slice_of(set->options.kernels ? set->options.kernels : "");
    struct assay_slice general = {0}, exact = {0};
    while (rest.len > 0) {
        struct assay_slice isa = assay_slice_trim(assay_slice_cut(&rest, ','));
        struct assay_slice name = assay_slice_cut(&isa, '=');
        if (!is_meant(op, name)) {
            continue;
        }
        if (assay_slice_is(name, op->name)) {
            general = has_isa(op, isa) ? isa : general;
        } else {
            exact = isa;
        }
    }
    return exact.len > 0 ? exact : general;
}

assay_code kernel_options_apply(struct assay_kernel_set *set, assay_err *err)
{
    assay_code rc = apply_isa(set, err);
    rc = rc == ASSAY_OK ? apply_forbid(set, err) : rc;
    return rc == ASSAY_OK ? check_demands(set, err) : rc;
}
