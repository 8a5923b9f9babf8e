/*
 * What the files of this room share of a set. Internal to kernel/.
 *
 * set.c holds the rows and the operations, options.c reads what the user allowed, choose.c binds operations to
 * variants, plugin.c loads rows of others, dispatch.c counts.
 */
#ifndef ASSAY_KERNEL_SET_ROOM_H
#define ASSAY_KERNEL_SET_ROOM_H

#include "kernel/kernel.h"

#include <stdatomic.h>

#define KERNEL_ROWS_MAX 1024      /* of a set: the built-in table and plug-ins */
#define KERNEL_OPERATIONS_MAX 256 /* of a set */
#define KERNEL_PLUGINS_MAX 16     /* --plugin given by hand */
#define KERNEL_BOUND_MAX 512      /* operations bound and rows pinned in one set */

/* One row as the set sees it. What another thread may change while kernels run is atomic. */
struct kernel_slot {
    const struct assay_kernel_operation *op;
    const struct assay_kernel_row *row;
    size_t place;         /* of the row in its operation */
    unsigned char plugin; /* number of the plug-in, from 1; 0: this program */
    bool is_planted;
    enum assay_kernel_state state; /* as found at start */
    atomic_bool is_open;           /* the breaker */
    unsigned cases_checked;
    char why[ASSAY_KERNEL_WHY_BYTES];
};

struct assay_kernel {
    struct assay_kernel_set *set;
    const struct assay_kernel_operation *op;
    size_t first_row;       /* of the operation, in the set */
    bool is_pinned;         /* one certain variant: the breaker does not move it */
    atomic_size_t in_force; /* row of the set */
};

struct assay_kernel_set {
    struct assay_cpu cpu;
    struct assay_kernel_options options;
    bool is_ready;
    struct kernel_slot *slots;
    size_t slots_count;
    const struct assay_kernel_operation *operations[KERNEL_OPERATIONS_MAX];
    size_t operations_first[KERNEL_OPERATIONS_MAX]; /* first row of each */
    size_t operations_count;
    struct {
        void *handle;
        char *path;
    } plugins[KERNEL_PLUGINS_MAX];
    size_t plugins_count;
    struct assay_kernel *bound;
    size_t bound_count;
};

/* set.c: plugin is the number of the object that brings it, 0 for this program. */
assay_code kernel_set_take(struct assay_kernel_set *set, const struct assay_kernel_operation *op, unsigned char plugin,
                           bool is_planted, assay_err *err);

/* plugin.c: the shared object that holds the row's function; NULL: the program itself, or nobody knows. */
const char *kernel_object_of(const struct assay_kernel_row *row);

/* options.c: marks what the user forbade, and refuses what makes no sense. */
assay_code kernel_options_apply(struct assay_kernel_set *set, assay_err *err);
/* The isa that ASSAY_KERNEL demands for the operation; len 0: none. */
struct assay_slice kernel_options_demanded(const struct assay_kernel_set *set, const struct assay_kernel_operation *op);

#endif
