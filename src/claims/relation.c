/* Pairs of quantities in running text: "91 -> 66 ms", "from 91 to 66 ms", "310 vs 148 ms", "66 ms (was 91 ms)". */
#include "claims/relation.h"

#include "claims/scan.h"

#include <string.h>

#define GAP_ITEMS_MAX 7   /* between the two: more words make another statement */
#define REACH_ITEMS_MAX 4 /* between a percentage and its direction word */

void sentence_of(const struct model *m, uint32_t block, uint32_t item, uint32_t *ret_from, uint32_t *ret_to)
{
    const struct block *b = &m->blocks.at[block];
    *ret_from = *ret_to = item;
    if (item >= b->item && item - b->item < b->items) {
        const struct sentence *sentence = &m->sentences.at[m->items.at[item].sentence];
        *ret_from = sentence->item;
        *ret_to = sentence->end;
    }
}

bool sentence_has_class(const struct model *m, uint32_t block, uint32_t item, unsigned class_of)
{
    const struct block *b = &m->blocks.at[block];
    bool is_inside = item >= b->item && item - b->item < b->items;
    return is_inside && m->sentences.at[m->items.at[item].sentence].classes & UINT32_C(1) << class_of;
}

bool sentence_has_word(const struct model *m, uint32_t block, uint32_t item, uint16_t word)
{
    const struct block *b = &m->blocks.at[block];
    unsigned bit = claims_asked_word(word);
    if (bit && item >= b->item && item - b->item < b->items) {
        return m->sentences.at[m->items.at[item].sentence].words & UINT32_C(1) << bit;
    }
    uint32_t from = 0, to = 0;
    sentence_of(m, block, item, &from, &to);
    for (uint32_t i = from; i < to; i++) {
        if (m->items.at[i].kind == ITEM_WORD && m->items.at[i].word == word) {
            return true;
        }
    }
    return false;
}

uint32_t next_quantity(const struct model *m, uint32_t block, uint32_t item, uint32_t end)
{
    (void)block;
    for (uint32_t i = item; i < end; i++) {
        if (m->items.at[i].kind == ITEM_QUANTITY) {
            return m->items.at[i].hash;
        }
    }
    return NONE32;
}

static void take_direction(struct words_near *near, const struct item *item)
{
    if (item->kind != ITEM_WORD) {
        return;
    }
    const struct word_row *row = &claims_words[item->word];
    if (row->class_of == CLASS_DIRECTION && near->direction == W_NONE && item->word != W_UNCHANGED) {
        near->direction = item->word;
        near->flags = row->flags;
    }
    near->is_margin |= row->class_of == CLASS_MARGIN;
}

struct words_near near_of(const struct model *m, uint32_t block, uint32_t item, uint32_t reach)
{
    struct words_near near = {0};
    uint32_t from = 0, to = 0;
    sentence_of(m, block, item, &from, &to);
    for (uint32_t i = item + 1; i < to && i <= item + reach && m->items.at[i].kind != ITEM_QUANTITY; i++) {
        take_direction(&near, &m->items.at[i]);
    }
    for (uint32_t i = item; i > from && item - i < reach && m->items.at[i - 1].kind != ITEM_QUANTITY; i--) {
        take_direction(&near, &m->items.at[i - 1]);
    }
    if (item + 1 < to && m->items.at[item + 1].kind == ITEM_WORD) {
        uint16_t word = m->items.at[item + 1].word;
        near.is_share_of = word == W_OF;
    }
    return near;
}

/* ---- pairs --- */

struct between {
    bool has_arrow, has_to, has_versus, has_from, has_was, has_before, has_and, has_other;
    uint32_t words;
};

static struct between look_between(const struct model *m, uint32_t from, uint32_t to)
{
    struct between found = {0};
    for (uint32_t i = from; i < to; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_MARK) {
            found.has_arrow |= item->word == MARK_ARROW;
            found.has_other |= item->word == ';' || item->word == '|' || item->word == '/' || item->word == '+';
            continue;
        }
        found.words++;
        found.has_to |= item->word == W_TO;
        found.has_versus |=
            item->word == W_VS || item->word == W_INSTEAD || item->word == W_COMPARED || item->word == W_THAN;
        found.has_from |= item->word == W_FROM;
        found.has_was |= item->word == W_WAS || item->word == W_BEFORE;
        found.has_and |= item->word == W_AND;
        found.has_other |=
            claims_words[item->word].class_of == CLASS_MODAL || claims_words[item->word].class_of == CLASS_STAT;
    }
    return found;
}

static bool is_operand(const struct quantity *q)
{
    return q->form != FORM_FRACTION && q->dim != DIM_RATIO && q->role != ROLE_PARAMETER;
}

/* A missing unit is taken from the other side. */
static bool share_unit(struct model *m, struct quantity *a, struct quantity *b)
{
    if (a->dim == b->dim && !a->is_bare && !b->is_bare) {
        return true;
    }
    struct quantity *bare = a->is_bare ? a : b, *full = a->is_bare ? b : a;
    if (!bare->is_bare || full->is_bare || bare->is_word) {
        return false;
    }
    struct measure measure = {.unit = full->unit,
                              .dim = full->dim,
                              .scale = full->scale,
                              .alt = full->alt,
                              .noun = full->noun,
                              .per = full->per};
    quantity_measure(bare, &measure);
    bare->is_bare = false;
    bare->key = full->key;
    bare->metric = full->metric;
    bare->role = full->role;
    bare->stat = full->stat;
    if (bare->labels == 0) {
        bare->label = full->label;
        bare->labels = full->labels;
        memcpy(bare->ends, full->ends, sizeof bare->ends);
    }
    (void)m;
    return true;
}

static bool word_before(const struct model *m, uint32_t from, uint32_t item, uint16_t word, uint32_t reach)
{
    for (uint32_t i = item; i > from && item - i < reach; i--) {
        if (m->items.at[i - 1].kind == ITEM_WORD && m->items.at[i - 1].word == word) {
            return true;
        }
    }
    return false;
}

static bool add_pair(struct model *m, struct pair pair)
{
    if (!vec_room(&m->pairs)) {
        model_fail(m);
        return false;
    }
    pair.change = NONE32;
    m->pairs.at[m->pairs.count++] = pair;
    return true;
}

/* Whether the quantities at items i and k make a pair. */
static bool try_pair(struct model *m, uint32_t block, uint32_t first, uint32_t i, uint32_t k)
{
    struct quantity *a = &m->quantities.at[m->items.at[i].hash], *b = &m->quantities.at[m->items.at[k].hash];
    struct between found = look_between(m, i + 1, k);
    struct pair pair = {.a = m->items.at[i].hash,
                        .b = m->items.at[k].hash,
                        .from = i,
                        .to = k,
                        .block = block,
                        .sentence = a->sentence};
    bool has_direction = sentence_has_class(m, block, i, CLASS_DIRECTION);
    bool is_share_of_bare = (a->dim == DIM_PERCENT && b->is_bare) || (b->dim == DIM_PERCENT && a->is_bare);
    if (is_share_of_bare && (!found.has_arrow || b->is_bare)) {
        return false;
    }
    if (found.has_other || !is_operand(a) || !is_operand(b) || k - i > GAP_ITEMS_MAX) {
        return false;
    }
    if (found.has_arrow && found.words == 0) {
        pair.is_ordered = pair.is_arrow = true;
    } else if (found.has_from || found.has_was) {
        uint32_t swap = pair.a; /* "66 ms, down from 91 ms" */
        pair.a = pair.b;
        pair.b = swap;
        pair.is_ordered = true;
    } else if (found.has_to && found.words <= 2 && (word_before(m, first, i, W_FROM, 4) || has_direction)) {
        pair.is_ordered = true;
    } else if (!(found.has_versus && found.words <= 5)) {
        return false;
    }
    return share_unit(m, a, b) && a->dim == b->dim && a->dim != DIM_NONE && add_pair(m, pair);
}

/* ---- the change that is said of a pair --- */

static bool is_change_dim(const struct quantity *q)
{
    return q->dim == DIM_PERCENT || q->dim == DIM_POINTS || (q->dim == DIM_RATIO && q->form != FORM_SPREAD);
}

/* Whether a percentage is said of a movement, and not a share of something else. */
static bool is_said_of_change(const struct model *m, const struct pair *pair, const struct quantity *q)
{
    const struct item *before = q->item > m->blocks.at[q->block].item ? &m->items.at[q->item - 1] : NULL;
    struct words_near near = near_of(m, q->block, q->item, REACH_ITEMS_MAX);
    bool is_bracketed =
        before && before->kind == ITEM_MARK && (before->word == '(' || before->word == '-' || before->word == '+');
    bool is_by = before && before->kind == ITEM_WORD && before->word == W_BY;
    bool is_next = q->item > pair->to && q->item - pair->to <= 3;
    bool is_spread = before && before->kind == ITEM_MARK && before->word == MARK_PLUS_MINUS; /* "(± 1 %)" */
    if (near.is_margin || is_spread || q->role == ROLE_THRESHOLD) {
        return false;
    }
    if (near.is_share_of && !near.direction) {
        return false;
    }
    if (q->dim == DIM_RATIO) {
        return true;
    }
    return q->num.has_sign || is_by || near.direction != W_NONE || (is_bracketed && is_next);
}

/* Each pair takes the first free change between it and the next pair; a change before all pairs belongs to the first.
 */
static void assign_changes(struct model *m, uint32_t first_pair)
{
    for (uint32_t p = first_pair; p < m->pairs.count; p++) {
        struct pair *pair = &m->pairs.at[p];
        uint32_t from = 0, to = 0;
        sentence_of(m, pair->block, pair->from, &from, &to);
        bool is_last = p + 1 == m->pairs.count || m->pairs.at[p + 1].sentence != pair->sentence;
        uint32_t until = is_last ? to : m->pairs.at[p + 1].from;
        for (uint32_t i = pair->to + 1; i < until && pair->change == NONE32; i++) {
            const struct item *item = &m->items.at[i];
            struct quantity *q = item->kind == ITEM_QUANTITY ? &m->quantities.at[item->hash] : NULL;
            if (q && is_change_dim(q) && !q->is_in_pair && is_said_of_change(m, pair, q)) {
                pair->change = item->hash;
                q->is_in_pair = true;
            }
        }
        uint32_t begin =
            p > first_pair && m->pairs.at[p - 1].sentence == pair->sentence ? m->pairs.at[p - 1].to + 1 : from;
        for (uint32_t i = pair->from; i > begin && pair->change == NONE32; i--) {
            const struct item *item = &m->items.at[i - 1];
            struct quantity *q = item->kind == ITEM_QUANTITY ? &m->quantities.at[item->hash] : NULL;
            if (q && is_change_dim(q) && !q->is_in_pair && is_said_of_change(m, pair, q)) {
                pair->change = item->hash;
                q->is_in_pair = true;
            }
        }
    }
}

static void relate_block(struct model *m, uint32_t block)
{
    const struct block *b = &m->blocks.at[block];
    uint32_t first_pair = m->pairs.count;
    uint32_t last = NONE32, first = b->item;
    for (uint32_t i = b->item; i < b->item + b->items && m->failed == ASSAY_OK; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_QUANTITY) {
            bool is_pair = last != NONE32 && try_pair(m, block, first, last, i);
            if (is_pair) {
                m->quantities.at[m->pairs.at[m->pairs.count - 1].a].is_in_pair = true;
                m->quantities.at[m->pairs.at[m->pairs.count - 1].a].is_before =
                    m->pairs.at[m->pairs.count - 1].is_ordered;
                m->quantities.at[m->pairs.at[m->pairs.count - 1].b].is_in_pair = true;
            }
            last = i;
        }
        if (item->flags & ITEM_ENDS_SENTENCE) {
            last = NONE32;
            first = i + 1;
        }
    }
    assign_changes(m, first_pair);
}

void claims_relate(struct model *m)
{
    for (uint32_t i = 0; i < m->blocks.count && m->failed == ASSAY_OK; i++) {
        const struct block *b = &m->blocks.at[i];
        if (b->quantities >= 2 && b->kind != BLOCK_VALUE) {
            relate_block(m, i);
        }
    }
}
