/* Bindings (inside claims/): directives read, references resolved, numbers rendered as a text writes them. */
#ifndef ASSAY_CLAIMS_BINDING_H
#define ASSAY_CLAIMS_BINDING_H

#include "claims/check.h"

#define BINDING_REFS_MAX 8 /* operands of one expression */

enum binding_op { BINDING_VALUE, BINDING_RATIO, BINDING_PCT, BINDING_DIFF, BINDING_SUM, BINDING_SHARE };

struct binding_ref {
    struct assay_slice path, fragment;
};

struct binding {
    enum binding_op op;
    struct binding_ref refs[BINDING_REFS_MAX];
    uint32_t refs_count;
    struct assay_slice id, unit, digits;
    struct assay_slice paths; /* sources that the number depends on, by commas; empty: all */
    const char *error;        /* what is wrong with it; NULL: nothing */
};

/* "r/enc/receipt.json#a/rate id=speed", "ratio(x#a/rate, x#b/rate)" */
struct binding binding_read(struct assay_slice text);

struct suppression {
    struct assay_slice rule, reason;
    const char *error;
};
/* "C602 reason=\"...\"" */
struct suppression suppression_read(struct assay_slice text);

/* Sorts a directive's comment into its kind and leaves what follows the keyword. */
void directive_classify(struct directive *directive);

/* A finding at a comment itself. */
void directive_say(struct check *c, enum rule_id rule, const struct directive *directive, const char *what);

/* A value behind a reference, exactly as its file has it. */
struct bound_value {
    char text[64]; /* decimal */
    double value;
    const char *unit, *name, *arm, *direction;  /* of a receipt metric; unit "" for a plain file */
    const struct assay_claims_receipt *receipt; /* NULL: a plain JSON file */
};
enum resolve_code { RESOLVE_OK, RESOLVE_NO_FILE, RESOLVE_NO_POINTER, RESOLVE_NO_NUMBER, RESOLVE_REFUSED };
/* The receipt that a path names, as the caller found it; NULL: not there. */
const struct assay_claims_receipt *binding_receipt(const struct check *c, struct assay_slice path);
enum resolve_code binding_resolve(const struct check *c, struct binding_ref ref, struct bound_value *ret);

/* The number of a quantity re-rendered from a value: same digits, separators and sign style. False: the style or the
 * units are not ones that this can do. is_equal: the text stands as it should. */
bool binding_render(const struct check *c, const struct quantity *q, const char *decimal, uint16_t from_unit,
                    double from_scale, struct assay_buf *out, bool *ret_is_equal);

/* Dimension of a metric's unit ("ns", "1/s", "bytes", "1"). */
uint8_t binding_dim(const char *unit);

/* Reads all directives of the model and judges the bindings: C902 to C908. */
void claims_bindings(struct check *c);

#endif
