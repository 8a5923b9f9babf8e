/*
 * Legacy receipts: the 1.0.0 schema of BitNet-rs (evidence.md 4), as judge/ verifies, import/ reads and report/ writes
 * it. Here is what the three must agree on: how its reader takes a text, which of the shapes that carry the label it
 * is, which members a shape has, and what a kernel id says.
 *
 *     rc = assay_legacy_read(bytes, len, ASSAY_LEGACY_AS_THE_ORIGINAL, &root, err);   // MALFORMED, TOO_LARGE
 *     shape = assay_legacy_shape(root);
 *     assay_legacy_members(root, shape, &walk);                    // each member that is missing, unknown or mistyped
 *     classes = assay_legacy_classes(id, ASSAY_LEGACY_FAITHFUL);   // bits of enum assay_legacy_class
 *
 * Pure. Nothing here is a verdict: what a class or a fault means is the judge's business.
 */
#ifndef ASSAY_RECORD_LEGACY_H
#define ASSAY_RECORD_LEGACY_H

#include "base/err.h"
#include "base/text.h"
#include "json/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_LEGACY_PROFILE "bitnet-1.0.0"
#define ASSAY_LEGACY_1_1 "bitnet-1.1.0"

/* 10,000 ids of 128 bytes, each byte written as \u00XX, are 7.7 MB; the rest of a receipt is small. */
#define ASSAY_LEGACY_BYTES_MAX ((size_t)16 << 20)
#define ASSAY_LEGACY_DEPTH_MAX 127        /* what the original's reader takes */
#define ASSAY_LEGACY_KERNELS_MAX 10000    /* gate 804 */
#define ASSAY_LEGACY_KERNEL_BYTES_MAX 128 /* gate 804: bytes, though its message says characters */

/* ---- reading ---------------------------------------------------------------------------------------------------- */

enum assay_legacy_reading {
    ASSAY_LEGACY_AS_THE_ORIGINAL, /* any root, the last of two members with one name counts, \u0000 is a character */
    ASSAY_LEGACY_NAMES_ONCE       /* the same, but two members with one name are MALFORMED */
};
assay_code assay_legacy_read(const char *bytes, size_t len, enum assay_legacy_reading reading, json_t **ret,
                             assay_err *err);

/* ---- shapes ----------------------------------------------------------------------------------------------------- */

enum assay_legacy_shape {
    ASSAY_LEGACY_NO_SHAPE,
    ASSAY_LEGACY_FLAT,       /* A */
    ASSAY_LEGACY_NESTED,     /* B */
    ASSAY_LEGACY_VERSION,    /* C: `version` in place of `schema_version` */
    ASSAY_LEGACY_WRAPPED,    /* D: everything under `receipt` */
    ASSAY_LEGACY_PER_TENSOR, /* D: `receipt_version`, one entry a tensor */
    ASSAY_LEGACY_MINOR_1     /* 1.1.0, which the original's verifier refuses */
};
enum assay_legacy_shape assay_legacy_shape(const json_t *root);
/* "A (flat)", "C ('version' in place of 'schema_version')", "none of A to D" */
const char *assay_legacy_shape_text(enum assay_legacy_shape shape);

/* What a walk over the members of a shape reports; each may be NULL. at: JSON pointer. */
struct assay_legacy_walk {
    /* A member that is missing (found NULL) or of another type. */
    void (*fault)(void *context, const char *at, const json_t *found, const char *expected);
    void (*unknown)(void *context, const char *at, const json_t *found);
    /* A number that is a figure: rates, times, counts. */
    void (*figure)(void *context, const char *at, const char *unit, double value);
    void *context;
};
/* Shapes A, B and 1.1.0. The verifier's own gates look at schema_version, compute_path and kernels: no word of them. */
void assay_legacy_members(const json_t *root, enum assay_legacy_shape shape, const struct assay_legacy_walk *walk);

/* ---- kernel ids ------------------------------------------------------------------------------------------------- */

enum assay_legacy_class {
    ASSAY_LEGACY_GPU = 1,
    ASSAY_LEGACY_FALLBACK = 2,
    ASSAY_LEGACY_CPU_QUANTISED = 4, /* gate 807: neither GPU nor fallback */
    ASSAY_LEGACY_QUANTISED = 8,     /* gate 808 */
    ASSAY_LEGACY_IDLE = 16          /* corrected only: quantizes, packs, copies or waits, but computes nothing */
};
enum assay_legacy_classifier {
    ASSAY_LEGACY_FAITHFUL, /* as the original has it */
    ASSAY_LEGACY_CORRECTED /* gate 826: i2s_gpu_* is GPU; dequant, fp32, _f32 anywhere is fallback; prefix, not part */
};
unsigned assay_legacy_classes(struct assay_slice id, enum assay_legacy_classifier classifier);

/* The text of a JSON string, NUL bytes inside too; empty for another value. */
struct assay_slice assay_legacy_text(const json_t *value);

/* Whether it names a stand-in: mock, and with `is_wide` also fake and stub, in any case. */
bool assay_legacy_is_standin(struct assay_slice id, bool is_wide);

/* ---- the original's library ------------------------------------------------------------------------------------- */

/* What `validate()` of its library would say of a file of shape B besides the gates: NULL, or why not. It takes 1.0.0
 * only, and trusts the booleans. */
const char *assay_legacy_validate(const json_t *root);

#endif
