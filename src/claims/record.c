#include "claims/record.h"

#include "claims/relation.h"

#include <string.h>

#define NEAR_ITEMS 4 /* to either side of a quantity in running text */

static uint64_t place_of(const struct model *m, const struct quantity *q, bool by_block)
{
    const struct block *b = &m->blocks.at[q->block];
    bool is_text = q->table == NONE32 && b->kind != BLOCK_VALUE;
    return is_text && by_block ? UINT64_C(1) << 40 | q->block : q->group;
}

void record_each(struct check *c, bool by_block, record_visit *visit)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->quantities.count;) {
        struct record record = {.block = m->quantities.at[i].block};
        uint64_t place = place_of(m, &m->quantities.at[i], by_block);
        uint32_t k = i;
        record.is_text = m->quantities.at[i].table == NONE32 && m->blocks.at[record.block].kind != BLOCK_VALUE;
        for (; k < m->quantities.count && place_of(m, &m->quantities.at[k], by_block) == place; k++) {
            if (record.count < RECORD_QUANTITIES_MAX) {
                record.at[record.count] = &m->quantities.at[k];
            }
            record.count++;
        }
        if (record.count >= 1 && record.count <= RECORD_QUANTITIES_MAX) {
            visit(c, &record);
        }
        i = k;
    }
}

struct quantity *record_only(const struct model *m, const struct record *record, uint8_t dim, record_fits *fits)
{
    struct quantity *found = NULL;
    for (uint32_t i = 0; i < record->count; i++) {
        struct quantity *q = record->at[i];
        if (q->dim == dim && fits(m, q)) {
            if (found) {
                return NULL;
            }
            found = q;
        }
    }
    return found;
}

static bool block_has(const struct model *m, uint32_t block, unsigned class_of, uint16_t word)
{
    const struct block *b = block == NONE32 ? NULL : &m->blocks.at[block];
    for (uint32_t i = b ? b->item : 0; b && i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_WORD && (word ? item->word == word : claims_words[item->word].class_of == class_of)) {
            return true;
        }
    }
    return false;
}

static bool has(const struct model *m, const struct quantity *q, unsigned class_of, uint16_t word)
{
    const struct block *b = &m->blocks.at[q->block];
    if (q->table != NONE32) {
        const struct table *t = &m->tables.at[q->table];
        return block_has(m, q->block, class_of, word) || block_has(m, model_cell(m, t, 0, q->column), class_of, word) ||
               block_has(m, claims_row_label(m, t, q->row), class_of, word);
    }
    if (b->kind == BLOCK_VALUE) {
        return false;
    }
    uint32_t from = 0, to = 0;
    sentence_of(m, q->block, q->item, &from, &to);
    uint32_t first = q->item > from + NEAR_ITEMS ? q->item - NEAR_ITEMS : from;
    for (uint32_t i = first; i < to && i <= q->item + NEAR_ITEMS; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_WORD && (word ? item->word == word : claims_words[item->word].class_of == class_of)) {
            return true;
        }
    }
    return false;
}

bool quantity_has_class(const struct model *m, const struct quantity *q, unsigned class_of)
{
    return has(m, q, class_of, W_NONE);
}

bool quantity_has_word(const struct model *m, const struct quantity *q, uint16_t word)
{
    return has(m, q, CLASS_NONE, word);
}

static uint32_t letter_bit(char c)
{
    return UINT32_C(1) << (c & 31);
}

/* Whether a word of the text begins with one of the words; letters has the bits of their first letters. */
static bool has_word_beginning(const char *text, size_t len, const char *const *words, uint32_t letters)
{
    for (size_t i = 0; i < len; i++) {
        bool is_start = i == 0 || text[i - 1] == ' ' || text[i - 1] == '-' || text[i - 1] == '_';
        if (!is_start || !(letters & letter_bit(text[i]))) {
            continue;
        }
        for (size_t k = 0; words[k]; k++) {
            size_t wanted = strlen(words[k]);
            if (wanted <= len - i && (text[i] | 0x20) == (words[k][0] | 0x20) &&
                strncasecmp(text + i, words[k], wanted) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool block_has_any(const struct model *m, uint32_t block, const char *const *words)
{
    const struct block *b = &m->blocks.at[block];
    struct assay_slice text = model_text(m, block);
    uint32_t letters = 0;
    for (size_t k = 0; words[k]; k++) {
        letters |= letter_bit(words[k][0]);
    }
    for (uint32_t i = b->item; i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind != ITEM_MARK &&
            has_word_beginning(text.data + (item->flat - b->flat), item->len, words, letters)) {
            return true;
        }
    }
    return false;
}

bool cell_label_has_any(const struct model *m, const struct quantity *q, const char *const *words)
{
    const struct table *t = &m->tables.at[q->table];
    uint32_t header = model_cell(m, t, 0, q->column), label = claims_row_label(m, t, q->row);
    return (header != NONE32 && block_has_any(m, header, words)) || (label != NONE32 && block_has_any(m, label, words));
}

bool word_is_behind(const struct model *m, const struct quantity *q, uint16_t word, uint32_t reach)
{
    uint32_t from = 0, to = 0;
    sentence_of(m, q->block, q->item, &from, &to);
    for (uint32_t i = q->item + 1; i < to && i <= q->item + reach; i++) {
        if (m->items.at[i].kind == ITEM_WORD && m->items.at[i].word == word) {
            return true;
        }
    }
    return false;
}

bool word_is_before(const struct model *m, const struct quantity *q, uint16_t word, uint32_t reach)
{
    uint32_t from = 0, to = 0;
    sentence_of(m, q->block, q->item, &from, &to);
    for (uint32_t i = q->item; i > from && q->item - i < reach; i--) {
        if (m->items.at[i - 1].kind == ITEM_WORD && m->items.at[i - 1].word == word) {
            return true;
        }
    }
    return false;
}
