/*
 * kernel/: the registry of kernels, how a variant is chosen, and what it costs (kernels.md 1).
 *
 *     struct assay_kernel_set *set;
 *     rc = assay_kernel_set_new(&options, &set, err);              // built-in operations; which CPU this is
 *     rc = assay_kernel_set_plugin(set, "./dot.so", err);          // as many as wanted
 *     rc = assay_kernel_set_ready(set, err);                       // the options make sense; nothing is added after it
 *     op = assay_kernel_set_find(set, "ternary_gemv", "i2s");
 *     rc = assay_kernel_set_bind(set, op, &kernel, err);           // chooses a variant, and checks it against `ref`
 *     rc = assay_kernel_counters_new(set, threads, &counters, err);
 *     ...
 *     assay_kernel_dispatch(kernel, assay_kernel_counters_thread(counters, t), &call);   // measured: no allocation
 *     ...
 *     assay_kernel_counters_sum(counters, index, &total);          // after the threads have stopped
 *
 * The registry is closed: an id outside the table (or outside the plug-ins, whose family is `ext`) exists nowhere. A
 * row's own functions stand in the public header assay/kernel.h, since built-in rows and plug-ins have one form; a new
 * built-in variant is one file, one line in the rows of its operation, one line in meson.build, and its cases are
 * those of the operation already.
 *
 * Options. ASSAY_ISA names the highest instruction set allowed; ASSAY_KERNEL pins variants ("ternary_gemv=avx2,
 * ternary_gemv_i2s=ref"); ASSAY_KERNEL_FORBID takes patterns of ids ("*_avx2,*_amx*"). An unknown name is USAGE; a
 * demanded variant that this host lacks is NOT_FOUND (exit 5) with the missing feature named. Neither is replaced.
 *
 * Threads: a set, its kernels and its plug-ins are made and freed by one thread; dispatch may be called from many at
 * once, each with its own thread of the counters. assay_kernel_suspect may be called from any of them.
 */
#ifndef ASSAY_KERNEL_KERNEL_H
#define ASSAY_KERNEL_KERNEL_H

#include "assay/kernel.h"
#include "base/buf.h"
#include "base/cpu.h"
#include "base/err.h"
#include "base/text.h"
#include "stat/stat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- ids, classes, instruction sets ----------------------------------------------------------------------------- */

#define ASSAY_KERNEL_ID_BYTES_MAX 64 /* type `id` of receipts */

struct assay_kernel_id {
    struct assay_slice family, operation, format, isa;
};
/* False if text is no FAMILY_OPERATION_FORMAT_ISA. The slices borrow text. */
bool assay_kernel_id_read(const char *text, struct assay_kernel_id *ret);

const char *assay_kernel_class_text(enum assay_kernel_class kind);
bool assay_kernel_class_is_fallback(enum assay_kernel_class kind);
const char *assay_kernel_equality_text(enum assay_kernel_equality equality);
const char *assay_kernel_isa(const struct assay_kernel_row *row); /* the last part of its id */

/* An instruction set of the closed list: ref avx2 avxvnni avx512 vnni512 fp16x512 amxint8 amxbf16 cuda80 cuda90, and
 * neon dotprod. rank orders those of one architecture; ASSAY_ISA compares ranks. */
struct assay_kernel_isa {
    const char *name;
    unsigned rank;
    size_t features[8]; /* offsets into struct assay_cpu */
    const char *names[8];
    size_t features_count;
    bool is_device; /* needs a GPU, which this build drives nowhere yet */
    bool has_tiles; /* needs the system's permission too: a set asks for it when it takes such a row */
};
const struct assay_kernel_isa *assay_kernel_isa_find(struct assay_slice name); /* NULL: not of the list */
/* NULL if the CPU has all of it, else the first thing that it lacks. */
const char *assay_kernel_isa_missing(const struct assay_kernel_isa *isa, const struct assay_cpu *cpu);

/* ---- shapes and costs ------------------------------------------------------------------------------------------- */

struct assay_kernel_cost {
    uint64_t elements, bytes, ops;
};
struct assay_kernel_cost assay_kernel_cost_of(const struct assay_kernel_operation *op,
                                              const struct assay_kernel_shape *shape);
struct assay_kernel_cost assay_kernel_cost_of_part(const struct assay_kernel_operation *op,
                                                   const struct assay_kernel_shape *shape,
                                                   struct assay_kernel_part part);
uint64_t assay_kernel_terms_of(const struct assay_kernel_operation *op, const struct assay_kernel_shape *shape);
size_t assay_kernel_type_bytes(enum assay_kernel_type type);

/* The case of that name; name NULL: the one that is measured by default. NULL if there is none. */
const struct assay_kernel_case *assay_kernel_case_find(const struct assay_kernel_operation *op, const char *name);

/* ---- the closed table ------------------------------------------------------------------------------------------- */

const struct assay_kernel_operation *const *assay_kernel_builtin(size_t *ret_count);

/* The sorted lines "id class equality fallback legacyId LF" of the built-in rows ("-" without a legacy id). SHA-256 of
 * this text is tableSha256 of receipts. */
#define ASSAY_KERNEL_TABLE_BYTES_MAX ((size_t)1 << 20) /* rows of all families, each under 200 bytes */
void assay_kernel_table_text(struct assay_buf *out);

/* ---- a set: what one process uses ------------------------------------------------------------------------------- */

struct assay_kernel_set;

struct assay_kernel_options {
    /* NULL: the environment's ASSAY_ISA, ASSAY_KERNEL, ASSAY_KERNEL_FORBID; "": none */
    const char *isa, *kernels, *forbid;
};

/* Options are borrowed until assay_kernel_set_ready. */
assay_code assay_kernel_set_new(const struct assay_kernel_options *options, struct assay_kernel_set **ret,
                                assay_err *err);
void assay_kernel_set_free(struct assay_kernel_set *set); /* fine on NULL; unloads plug-ins */

/* Rows of users. MALFORMED or UNSUPPORTED, with the plug-in and what would be right. */
assay_code assay_kernel_set_plugin(struct assay_kernel_set *set, const char *path, assay_err *err);
assay_code assay_kernel_set_add(struct assay_kernel_set *set, const struct assay_kernel_operation *op, assay_err *err);
/* Rows for tests: any family, class `standin` too. An operation of a name and format that are there takes that one's
 * place, and may begin with its reference. */
assay_code assay_kernel_set_plant(struct assay_kernel_set *set, const struct assay_kernel_operation *op,
                                  assay_err *err);

assay_code assay_kernel_set_ready(struct assay_kernel_set *set, assay_err *err);

/* Rows are numbered through the set: built-in ones first. */
enum assay_kernel_state {
    ASSAY_KERNEL_USABLE,
    ASSAY_KERNEL_NOT_BUILT,   /* another architecture */
    ASSAY_KERNEL_NO_CPU,      /* `why` names what is missing */
    ASSAY_KERNEL_FORBIDDEN,   /* by ASSAY_KERNEL_FORBID or ASSAY_ISA */
    ASSAY_KERNEL_BREAKER_OPEN /* gave a wrong result in this process */
};
const char *assay_kernel_state_text(enum assay_kernel_state state);

#define ASSAY_KERNEL_WHY_BYTES 160

struct assay_kernel_entry {
    const struct assay_kernel_operation *op;
    const struct assay_kernel_row *row;
    size_t index;
    enum assay_kernel_state state;
    const char *object; /* file that holds its object code, as it was loaded; NULL: the program that runs */
    char why[ASSAY_KERNEL_WHY_BYTES];
    unsigned cases_checked; /* by self-checks */
};
size_t assay_kernel_set_rows(const struct assay_kernel_set *set);
struct assay_kernel_entry assay_kernel_set_row(const struct assay_kernel_set *set, size_t index);
/* SIZE_MAX: no such id. */
size_t assay_kernel_set_index(const struct assay_kernel_set *set, const char *id);

size_t assay_kernel_set_operations(const struct assay_kernel_set *set);
const struct assay_kernel_operation *assay_kernel_set_operation(const struct assay_kernel_set *set, size_t i);
/* By FAMILY_OPERATION and format; format NULL: the first one. NULL: there is none. */
const struct assay_kernel_operation *assay_kernel_set_find(const struct assay_kernel_set *set, const char *name,
                                                           const char *format);

/* Block `at` of a row of weights that pack_dense put into lanes ("q6klane", "q80lane", ...), as files have it; `blocks`
 * are those of a row. */
#define ASSAY_KERNEL_BLOCK_BYTES_MAX 210
void assay_kernel_lane_block(const char *layout, const void *lanes, uint64_t blocks, uint64_t row, uint64_t at,
                             uint8_t ret_block[ASSAY_KERNEL_BLOCK_BYTES_MAX]);

/* ---- operands --------------------------------------------------------------------------------------------------- */

#define ASSAY_KERNEL_DATA_BYTES_MAX ((size_t)4 << 30) /* of all operands of one call */

/* All operands of one call in one block, each 64-byte-aligned, the outputs between canaries of 64 bytes. */
struct assay_kernel_data {
    const struct assay_kernel_operation *op;
    struct assay_kernel_call call;
    size_t in_bytes[ASSAY_KERNEL_INPUTS_MAX], out_bytes[ASSAY_KERNEL_OUTPUTS_MAX];
    void *block;
};
/* TOO_LARGE, NO_MEMORY. A size of 0 in the shape becomes 1. */
assay_code assay_kernel_data_init(struct assay_kernel_data *data, const struct assay_kernel_operation *op,
                                  const struct assay_kernel_shape *shape, assay_err *err);
void assay_kernel_data_done(struct assay_kernel_data *data); /* fine on a zeroed one */
void assay_kernel_data_fill(struct assay_kernel_data *data, const struct assay_kernel_case *which);
/* The same inputs in other memory; both of one operation and shape. */
void assay_kernel_data_copy(struct assay_kernel_data *to, const struct assay_kernel_data *from);
void assay_kernel_data_poison(struct assay_kernel_data *data); /* outputs and scratch; sets the canaries */
bool assay_kernel_data_is_intact(const struct assay_kernel_data *data);
uint64_t assay_kernel_data_input_hash(const struct assay_kernel_data *data);
uint64_t assay_kernel_data_output_hash(const struct assay_kernel_data *data);
size_t assay_kernel_data_outputs_bytes(const struct assay_kernel_data *data); /* together */

/* ---- comparing with the reference -------------------------------------------------------------------------------- */

#define ASSAY_KERNEL_DIFFERENCE_BYTES 200

/* Runs the row on the case (shape NULL: the case's own) on poisoned buffers and holds the outputs against `ref`, or for
 * a bounded row against binary64. OK: *ret_is_equal says whether, ret_text (may be NULL) where not. */
assay_code assay_kernel_check(const struct assay_kernel_operation *op, const struct assay_kernel_row *row,
                              const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                              bool *ret_is_equal, char ret_text[ASSAY_KERNEL_DIFFERENCE_BYTES], assay_err *err);

/* How far the first output of a row lies from binary64 (or, for an operation without such a reference, from the
 * reference row), on the inputs that stand in data. Outputs are poisoned and written; `ret_text` says what is wrong:
 * NaN misplaced, a value beyond the hard bound of its dot product, a bounded row beyond the tolerance. */
struct assay_kernel_parity {
    struct assay_stat_parity numbers;
    uint64_t terms;
    bool is_binary64, has_bounds, is_good;
};
assay_code assay_kernel_parity_of(struct assay_kernel_data *data, const struct assay_kernel_row *row, double tolerance,
                                  struct assay_kernel_parity *ret, char ret_text[ASSAY_KERNEL_DIFFERENCE_BYTES],
                                  assay_err *err);

/* ---- choice, dispatch, breaker ---------------------------------------------------------------------------------- */

struct assay_kernel; /* an operation with the variant that is in force */

/* Chooses a variant and checks it; where it fails the next one takes over, `ref` last. BUG: the reference itself fails
 * its golden cases. Belongs to the set, and is the same one if the operation is bound again. */
assay_code assay_kernel_set_bind(struct assay_kernel_set *set, const struct assay_kernel_operation *op,
                                 struct assay_kernel **ret, assay_err *err);
/* One certain variant, for runs that compare variants: it stays although its breaker opens. NOT_FOUND if it is not
 * usable here, with the reason. */
assay_code assay_kernel_set_pin(struct assay_kernel_set *set, size_t row, struct assay_kernel **ret, assay_err *err);
size_t assay_kernel_row_in_force(const struct assay_kernel *kernel);
size_t assay_kernel_scratch_bytes(const struct assay_kernel *kernel, const struct assay_kernel_shape *shape);

/* The part of a call that one of `count` threads computes: a range of units, about equal, in order; of a linear layer
 * a range of rows. Static, so
 * that a thread finds the rows of the last pass in its cache; no result depends on it (kernels.md 3.3). The part may be
 * empty (first == end > 0; dispatch then does nothing), never that of thread 0. An operation that cannot be cut
 * belongs to thread 0. Each thread needs scratch of its own. */
struct assay_kernel_part assay_kernel_share(const struct assay_kernel *kernel, const struct assay_kernel_shape *shape,
                                            size_t thread, size_t count);
struct assay_kernel_part assay_kernel_part_of(const struct assay_kernel_operation *op,
                                              const struct assay_kernel_shape *shape, size_t thread, size_t count);

/* A wrong result was seen: the breaker of the row opens until the process ends, and the next usable variant is in force
 * from the next dispatch on. `what` as for assay_kernel_check. False: it was open already, or it is the reference. */
bool assay_kernel_suspect(struct assay_kernel *kernel, size_t row, const char *what);

struct assay_kernel_counters;
struct assay_kernel_thread;

/* Slots of 64 bytes, one a thread and id. */
assay_code assay_kernel_counters_new(const struct assay_kernel_set *set, size_t threads,
                                     struct assay_kernel_counters **ret, assay_err *err);
void assay_kernel_counters_free(struct assay_kernel_counters *counters);
struct assay_kernel_thread *assay_kernel_counters_thread(struct assay_kernel_counters *counters, size_t thread);
/* Turns counting off and on again, for measuring what it costs. */
void assay_kernel_counters_enable(struct assay_kernel_counters *counters, bool is_on);

struct assay_kernel_total {
    uint64_t calls, elements, bytes, ops, ns, threads; /* threads: that counted anything */
};
/* Call when the threads rest. Nanoseconds are those of CLOCK_MONOTONIC_RAW, rounded down: a sum is never too large. */
void assay_kernel_counters_sum(const struct assay_kernel_counters *counters, size_t row,
                               struct assay_kernel_total *ret);
void assay_kernel_counters_zero(struct assay_kernel_counters *counters);

/* Runs the variant in force on the call's part, and counts that: elements, bytes and ops by its share of the units, so
 * that the parts of a call add up to the whole. `calls` are counted by thread 0 alone. */
void assay_kernel_dispatch(const struct assay_kernel *kernel, struct assay_kernel_thread *thread,
                           const struct assay_kernel_call *call);

/* The same call over and over as one region, counted as so many calls with one reading of the counter at either end:
 * for epochs of small kernels. It goes round the operands in turn, from number `first` on; all are of one shape. The
 * compiler can neither drop a result nor move it (consume and clobber barriers). */
struct assay_kernel_ring {
    const struct assay_kernel_call *const *calls;
    size_t count;
};
void assay_kernel_dispatch_many(const struct assay_kernel *kernel, struct assay_kernel_thread *thread,
                                const struct assay_kernel_ring *ring, size_t first, uint64_t repetitions);

#endif
