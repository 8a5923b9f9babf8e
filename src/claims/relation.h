/* Relations (inside claims/): what running text says about two quantities. */
#ifndef ASSAY_CLAIMS_RELATION_H
#define ASSAY_CLAIMS_RELATION_H

#include "claims/model.h"

/* The words around a place: direction and what it is said of. */
struct words_near {
    uint16_t direction; /* nearest word of class DIRECTION; W_NONE */
    uint16_t flags;     /* of it */
    bool is_negated, is_margin, is_share_of;
};

void claims_relate(struct model *m);

/* The first and the last item (exclusive) of the sentence around an item. */
void sentence_of(const struct model *m, uint32_t block, uint32_t item, uint32_t *ret_from, uint32_t *ret_to);
/* Direction words within `reach` items after (first) or before an item, inside the sentence. */
struct words_near near_of(const struct model *m, uint32_t block, uint32_t item, uint32_t reach);
bool sentence_has_class(const struct model *m, uint32_t block, uint32_t item, unsigned class_of);
bool sentence_has_word(const struct model *m, uint32_t block, uint32_t item, uint16_t word);
/* The next quantity of the block at or after an item; NONE32. */
uint32_t next_quantity(const struct model *m, uint32_t block, uint32_t item, uint32_t end);

#endif
