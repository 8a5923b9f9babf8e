/* Labels (inside claims/): comparing what two quantities speak of. */
#ifndef ASSAY_CLAIMS_LABEL_H
#define ASSAY_CLAIMS_LABEL_H

#include "claims/model.h"
#include "claims/scan.h"

struct tokens {
    const uint32_t *at;
    uint32_t count;
};
struct tokens claims_tokens(const struct model *m, const struct quantity *q, unsigned class_of);

/* Equal key and, in every qualifier class, equal or absent on both sides. */
bool claims_same(const struct model *m, const struct quantity *a, const struct quantity *b);
/* As same, but a class may be absent on one side. */
bool claims_compatible(const struct model *m, const struct quantity *a, const struct quantity *b);

/* The cell that names a row; NONE32 if there is none. */
uint32_t claims_row_label(const struct model *m, const struct table *t, uint32_t row);
/* Labels a number of a JSON object: by its key, the keys above it, and the texts beside it (members from `member` on).
 */
void claims_label_member(struct model *m, uint32_t quantity, const struct assay_slice *path, uint32_t depth,
                         uint32_t member);
uint8_t claims_stat_of_word(uint16_t word);
/* The first word of a block as what is counted: "codec" and "codecs" are one. */
uint32_t claims_noun_of(const struct model *m, uint32_t block);
/* A unit in a header or row label: "p50 (ms)". */
bool claims_block_unit(const struct model *m, uint32_t block, struct measure *ret);

#endif
