/* Records (inside claims/): the quantities of one table row, one JSON object, or one sentence. */
#ifndef ASSAY_CLAIMS_RECORD_H
#define ASSAY_CLAIMS_RECORD_H

#include "claims/check.h"

#define RECORD_QUANTITIES_MAX 24 /* more in one sentence or row: what belongs to what is not known */

struct record {
    struct quantity *at[RECORD_QUANTITIES_MAX];
    uint32_t count;
    uint32_t block; /* of the first: a sentence, or a row's cell */
    bool is_text;
};

typedef void record_visit(struct check *c, const struct record *record);
/* Every record. Hypothetical ones take part, thresholds too; text by block if by_block. */
void record_each(struct check *c, bool by_block, record_visit *visit);

/* The only quantity of that dimension that `fits` says yes to; NULL if there is none or more than one. */
typedef bool record_fits(const struct model *m, const struct quantity *q);
struct quantity *record_only(const struct model *m, const struct record *record, uint8_t dim, record_fits *fits);

/* Words around a quantity: in running text its neighbours, in a table its header and row label. */
bool quantity_has_class(const struct model *m, const struct quantity *q, unsigned class_of);
bool quantity_has_word(const struct model *m, const struct quantity *q, uint16_t word);
bool block_has_any(const struct model *m, uint32_t block, const char *const *words);
/* Of a cell: the words of its column and of its row. */
bool cell_label_has_any(const struct model *m, const struct quantity *q, const char *const *words);
bool word_is_behind(const struct model *m, const struct quantity *q, uint16_t word, uint32_t reach);
bool word_is_before(const struct model *m, const struct quantity *q, uint16_t word, uint32_t reach);

#endif
