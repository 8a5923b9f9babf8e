#include "claims/model.h"

#include <string.h>

bool vec_grow(void **at, uint32_t *room, size_t element_bytes)
{
    uint32_t wanted = *room < 64 ? 64 : *room + *room / 2;
    void *grown = assay_realloc(*at, wanted, element_bytes);
    if (!grown) {
        return false;
    }
    *at = grown;
    *room = wanted;
    return true;
}

void model_fail(struct model *m)
{
    m->failed = ASSAY_NO_MEMORY;
}

struct assay_slice model_text(const struct model *m, uint32_t block)
{
    const struct block *b = &m->blocks.at[block];
    return (struct assay_slice){m->files.at[b->file].flat + b->flat, b->flat_len};
}

struct assay_slice model_source(const struct model *m, uint32_t file, uint32_t from, uint32_t to)
{
    return (struct assay_slice){m->files.at[file].input->bytes + from, to - from};
}

/* The last segment of the block that begins at or before a place of the flat text. */
static const struct segment *segment_at(const struct model *m, uint32_t block, uint32_t flat)
{
    const struct block *b = &m->blocks.at[block];
    uint32_t end = b->segments ? b->segment + b->segments : m->segments.count;
    uint32_t lo = b->segment, hi = end;
    while (hi - lo > 1) {
        uint32_t middle = lo + (hi - lo) / 2;
        if (m->segments.at[middle].flat <= flat) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    return lo < end ? &m->segments.at[lo] : NULL;
}

uint32_t model_source_of(const struct model *m, uint32_t block, uint32_t flat)
{
    const struct segment *segment = segment_at(m, block, flat);
    return segment ? segment->source + (flat - segment->flat) : flat;
}

uint8_t model_flags_at(const struct model *m, uint32_t block, uint32_t flat)
{
    const struct segment *segment = segment_at(m, block, flat);
    return segment ? segment->flags : 0;
}

uint32_t model_line_of(const struct file *file, uint32_t offset)
{
    uint32_t lo = 0, hi = file->lines.count;
    while (hi - lo > 1) {
        uint32_t middle = lo + (hi - lo) / 2;
        if (file->lines.at[middle] <= offset) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    return lo;
}

uint32_t model_cell(const struct model *m, const struct table *t, uint32_t row, uint32_t column)
{
    uint32_t at = t->cell + row * t->columns + column;
    return column < t->columns && row <= t->rows && at < m->cells.count ? m->cells.at[at] : NONE32;
}

struct quantity *model_cell_quantity(struct model *m, const struct table *t, uint32_t row, uint32_t column)
{
    uint32_t cell = model_cell(m, t, row, column);
    if (cell == NONE32 || m->blocks.at[cell].quantities != 1) {
        return NULL;
    }
    return &m->quantities.at[m->blocks.at[cell].quantity];
}

/* ---- sentences --- */

unsigned claims_asked_word(uint16_t word)
{
    static const uint8_t BITS[W_COUNT_OF] = {
        [W_TARGET] = 1, [W_BEST] = 2, [W_MAX] = 3,      [W_GPU] = 4,    [W_UTILISATION] = 5,
        [W_NOT] = 6,    [W_NO] = 7,   [W_MEASURED] = 8, [W_TESTED] = 9, [W_DIFF] = 10};
    return BITS[word];
}

static bool add_sentence(struct model *m, uint32_t item)
{
    if (!vec_room(&m->sentences)) {
        model_fail(m);
        return false;
    }
    m->sentences.at[m->sentences.count++] = (struct sentence){.item = item, .end = item};
    return true;
}

static void index_block(struct model *m, struct block *b)
{
    bool is_new = true;
    for (uint32_t i = b->item; i < b->item + b->items; i++) {
        struct item *item = &m->items.at[i];
        if (is_new && !add_sentence(m, i)) {
            return;
        }
        struct sentence *sentence = &m->sentences.at[m->sentences.count - 1];
        item->sentence = m->sentences.count - 1;
        sentence->end = i + 1;
        if (item->kind == ITEM_WORD) {
            unsigned class_of = TOKEN_CLASS(item->hash);
            bool is_metric = class_of == CLASS_METRIC;
            sentence->classes |= UINT32_C(1) << claims_words[item->word].class_of | UINT32_C(1) << class_of;
            sentence->words |= UINT32_C(1) << claims_asked_word(item->word);
            sentence->metric = sentence->metric == 0 && is_metric ? item->hash : sentence->metric;
            b->metric = b->metric == 0 && is_metric ? item->hash : b->metric;
        }
        is_new = item->flags & ITEM_ENDS_SENTENCE;
    }
}

void claims_index_sentences(struct model *m)
{
    for (uint32_t i = 0; i < m->blocks.count && m->failed == ASSAY_OK; i++) {
        index_block(m, &m->blocks.at[i]);
    }
}
