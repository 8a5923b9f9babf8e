/*
 * Kernels: a C file with a case table and two functions is a benchmark, a correctness test and a receipt.
 *
 *     static void dot_ref(const struct assay_kernel_call *call);     // plain C: what is right
 *     static void dot_fast(const struct assay_kernel_call *call);    // what is measured against it
 *     static const struct assay_kernel_row REF = {.id = "ext_dot_f32_ref", .run = dot_ref};
 *     static const struct assay_kernel_row FAST = {.id = "ext_dot_f32_fast", .run = dot_fast};
 *     static const struct assay_kernel_operation DOT = {.abi = ASSAY_KERNEL_ABI, .name = "ext_dot", ...};
 *
 *     ASSAY_KERNEL_PROGRAM(&DOT)    // main of a program linked with libassay; with -DASSAY_KERNEL_AS_PLUGIN
 *                                   // a shared object for: assay run kernel ext_dot --plugin ./dot.so
 *
 * Words. An operation is one function in one format; a row is a variant of it, the first one the plain-C reference; a
 * case is a shape with a seed. Every row is run on every case on the same inputs, and its outputs are held against the
 * reference and, if the operation has one, against a result in binary64. An id is FAMILY_OPERATION_FORMAT_ISA, four
 * parts of [a-z][a-z0-9]*; rows of users have the family "ext".
 *
 * A function is called with complete, 64-byte-aligned buffers that do not overlap; it keeps nothing, allocates nothing,
 * and writes all of its outputs and nothing else. It may be called from any thread, never twice on one call.
 *
 * Everything here is `const` for the life of the program: the library keeps pointers and copies nothing.
 */
#ifndef ASSAY_KERNEL_H
#define ASSAY_KERNEL_H

#include <assay/api.h>

#include <stddef.h>
#include <stdint.h>

ASSAY_BEGIN_C

#define ASSAY_KERNEL_ABI 2u /* of the structures below: a plug-in of another number is refused */

#define ASSAY_KERNEL_INPUTS_MAX 6
#define ASSAY_KERNEL_OUTPUTS_MAX 3
#define ASSAY_KERNEL_ROWS_MAX 32   /* of one operation */
#define ASSAY_KERNEL_CASES_MAX 256 /* of one operation */

/* What a call is about, up to four sizes. A size of 0 counts as 1. */
struct assay_kernel_shape {
    uint64_t rows, columns, tokens, extra;
};

enum assay_kernel_type {
    ASSAY_KERNEL_F32,
    ASSAY_KERNEL_F16,
    ASSAY_KERNEL_BF16,
    ASSAY_KERNEL_F64,
    ASSAY_KERNEL_I32,
    ASSAY_KERNEL_I8,
    ASSAY_KERNEL_U8,
    ASSAY_KERNEL_U64
};

struct assay_kernel_operand {
    const char *name; /* "weights" */
    enum assay_kernel_type type;
    uint64_t (*count)(const struct assay_kernel_shape *shape); /* elements of that type */
};

/* Which of the units of a call are to be computed, so that threads can share one: [first, end). end = 0: all. */
struct assay_kernel_part {
    uint64_t first, end;
};

/* Operands and shape are those of the whole call, whatever the part. */
struct assay_kernel_call {
    struct assay_kernel_shape shape;
    const void *in[ASSAY_KERNEL_INPUTS_MAX];
    void *out[ASSAY_KERNEL_OUTPUTS_MAX];
    void *scratch; /* 64-byte-aligned, of the row's scratch_bytes; contents are rubbish; NULL if it wants none */
    struct assay_kernel_part part; /* {0, 0} for an operation without units */
};

/* Cases from which the self-check before first use takes its shapes: the least one, odd tails, a real one. */
#define ASSAY_KERNEL_CASE_SELFCHECK 1u
/* The case that is measured if none is named; the first one of the table if no case says so. */
#define ASSAY_KERNEL_CASE_DEFAULT 2u

struct assay_kernel_case {
    const char *name; /* "odd-tail": letters, digits and - */
    struct assay_kernel_shape shape;
    uint64_t seed;
    unsigned extreme; /* for fill(): 0 = random inputs; other numbers mean what the operation says */
    unsigned flags;
    double tolerance; /* bounded rows: largest |x - r| / max(|r|, 1) against binary64 */
    uint64_t golden;  /* of the reference: FNV-1a-64 of its output (h = 31 h + that of the next one); 0 = not known */
};

enum assay_kernel_class {
    ASSAY_KERNEL_NATIVE,    /* works in the type that model or data has by design */
    ASSAY_KERNEL_QUANTISED, /* multiplies packed low-bit weights as they lie in memory */
    ASSAY_KERNEL_FALLBACK,  /* stands in: expands weights, or there is no kernel for the format */
    ASSAY_KERNEL_LIMIT,     /* a probe of the host */
    ASSAY_KERNEL_COPY,
    ASSAY_KERNEL_SYNC,
    ASSAY_KERNEL_STANDIN /* planted by tests: makes the compute path `scripted` */
};

enum assay_kernel_equality {
    ASSAY_KERNEL_EXACT,  /* bit-equal to the reference for every case, thread count and order */
    ASSAY_KERNEL_BOUNDED /* within the case's tolerance of binary64 */
};

/* One variant. */
struct assay_kernel_row {
    const char *id; /* "ext_dot_f32_avx2" */
    enum assay_kernel_class kind;
    enum assay_kernel_equality equality;
    void (*run)(const struct assay_kernel_call *call);                 /* NULL: not built for this architecture */
    const char *needs;                                                 /* "avx2": what the CPU must have (docs/formats/
                                                                        * kernel-plugin.md); NULL: by the id's last part */
    uint64_t (*scratch_bytes)(const struct assay_kernel_shape *shape); /* NULL: none */
    const char *legacy_id;                                             /* under which older receipts know it, or NULL */
    const char *help;
};

struct assay_kernel_operation {
    unsigned abi;       /* ASSAY_KERNEL_ABI */
    const char *name;   /* "ext_dot": the first two parts of its rows' ids */
    const char *format; /* "f32": the third part */
    const char *help;
    const struct assay_kernel_operand *inputs, *outputs;
    size_t inputs_count, outputs_count;
    const struct assay_kernel_case *cases;
    size_t cases_count;
    const struct assay_kernel_row *const *rows; /* the reference first, then the others, best first */
    size_t rows_count;
    /* What is wrong with a shape, in a few words ("columns are no multiple of 128"); NULL: nothing. May be NULL. */
    const char *(*refuse)(const struct assay_kernel_shape *shape);
    /* Writes the inputs of a case for the shape (which --shape may have changed); the same bytes for the same
     * arguments. NULL: floats uniform in [-1, 1), integers uniform, from the seed. */
    void (*fill)(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                 void *const inputs[ASSAY_KERNEL_INPUTS_MAX]);
    /* The first output in binary64 from the same inputs, and for each value the sum of |a b| over its terms (0:
     * unknown). NULL: rows are compared with the reference row only. */
    void (*reference)(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes);
    uint64_t (*terms)(const struct assay_kernel_shape *shape);    /* K of the dot product; NULL: columns */
    uint64_t (*elements)(const struct assay_kernel_shape *shape); /* NULL: rows x columns x tokens */
    uint64_t (*bytes)(const struct assay_kernel_shape *shape);    /* stored operands, streamed once; NULL: all inputs */
    uint64_t (*ops)(const struct assay_kernel_shape *shape);      /* multiply and add apart; NULL: 2 x elements */
    /* Into how many units (rows, heads, tokens ...) a call can be cut, at any place. Every range of units writes its own outputs
     * only, and all ranges together give the bits of the whole call. NULL: it cannot be cut. */
    uint64_t (*units)(const struct assay_kernel_shape *shape);
};

/* A plug-in exports this one function; it returns NULL after the last operation. */
#define ASSAY_KERNEL_PLUGIN_SYMBOL "assay_kernel_plugin"
#define ASSAY_KERNEL_PLUGIN(...)                                                                                  \
    ASSAY_BEGIN_C                                                                                                 \
    __attribute__((visibility("default"))) const struct assay_kernel_operation *assay_kernel_plugin(              \
        size_t assay_index);                                                                                      \
    const struct assay_kernel_operation *assay_kernel_plugin(size_t assay_index)                                  \
    {                                                                                                             \
        static const struct assay_kernel_operation *const assay_list[] = {__VA_ARGS__};                           \
        return assay_index < sizeof assay_list / sizeof assay_list[0] ? assay_list[assay_index]                   \
                                                                      : (const struct assay_kernel_operation *)0; \
    }                                                                                                             \
    ASSAY_END_C

/* ---- running, for a program that is linked with the library ------------------------------------------------------ */

/* Holds every variant that this host has against the reference, measures them in turn on one case, and writes a run
 * directory with plan.json, trace.assay and receipt.json, which `assay verify` checks. Options as `assay run kernel`
 * takes them ("--pairs", "100", "--case", "odd-tail", "--out", "dir"), without the name of a program. */
struct assay_kernel_result;

/* 0, or the exit status that the failure would have: 3 malformed operation, 4 wrong options, 5 the system said no, 70 a
 * bug. *ret_result is the caller's in any case, but for ENOMEM (5 and NULL). */
ASSAY_API int assay_kernel_run(const struct assay_kernel_operation *op, const char *const *options, size_t count,
                               struct assay_kernel_result **ret_result);

/* 0 a valid receipt; 1 a variant gives other results than the reference; 2 invalid or partial; 3, 4, 5, 70 as above. */
ASSAY_API int assay_kernel_result_status(const struct assay_kernel_result *result);

/* What `assay show` prints of the run, or one line with what went wrong. */
ASSAY_API const char *assay_kernel_result_text(const struct assay_kernel_result *result);

/* Of the run; "" if there is none. */
ASSAY_API const char *assay_kernel_result_directory(const struct assay_kernel_result *result);

ASSAY_API void assay_kernel_result_free(struct assay_kernel_result *result); /* fine on NULL */

/* The whole program: options from the command line, text to standard output, the status to return from main. Takes one
 * option more, "--calls N": runs the first variant in force N times on the case and measures nothing, so that two
 * builds of the program can be compared as commands. */
ASSAY_API int assay_kernel_main(const struct assay_kernel_operation *op, int argc, char **argv);

ASSAY_END_C

/* One source for both: a program, or a plug-in of the same operation. */
#ifdef ASSAY_KERNEL_AS_PLUGIN
#define ASSAY_KERNEL_PROGRAM(operation) ASSAY_KERNEL_PLUGIN(operation)
#else
#define ASSAY_KERNEL_PROGRAM(operation)                    \
    int main(int argc, char **argv)                        \
    {                                                      \
        return assay_kernel_main((operation), argc, argv); \
    }
#endif

#endif
