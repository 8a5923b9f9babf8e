/* C105, C603, C606: what was measured, on what, and how much of it there is. */
#include "claims/record.h"
#include "claims/relation.h"

#include <string.h>

#define FEW 3 /* of a kind: fewer do not speak for all of it */

static bool is_mark(const struct item *item, uint16_t mark)
{
    return item->kind == ITEM_MARK && item->word == mark;
}

static bool is_word(const struct item *item, uint16_t word)
{
    return item->kind == ITEM_WORD && item->word == word;
}

static struct assay_slice text_of(const struct model *m, uint32_t block, const struct item *item)
{
    struct assay_slice text = model_text(m, block);
    return (struct assay_slice){text.data + (item->flat - m->blocks.at[block].flat), item->len};
}

static bool is_called(const struct model *m, uint32_t block, const struct item *item, const char *const *names)
{
    struct assay_slice text = text_of(m, block, item);
    for (size_t i = 0; names[i] && item->kind == ITEM_WORD; i++) {
        size_t len = strlen(names[i]);
        if (text.len == len && strncasecmp(text.data, names[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- C603 scope-wide --- */

/* "- host: box-3": how many items of the list below a paragraph name one of what it says all of. */
static uint32_t listed(const struct model *m, uint32_t block, uint32_t noun, uint32_t *ret_first)
{
    static const char *const KINDS[] = {"host", "device", "machine", "server", "board", NULL};
    const struct file *file = &m->files.at[m->blocks.at[block].file];
    uint32_t count = 0;
    for (uint32_t i = block + 1; i < file->block + file->blocks && m->blocks.at[i].kind == BLOCK_ITEM; i++) {
        const struct block *b = &m->blocks.at[i];
        uint32_t words = 0;
        bool is_kind = false;
        if (b->stem != block) {
            break;
        }
        while (words < b->items && words < 3 && m->items.at[b->item + words].kind == ITEM_WORD) {
            const struct item *item = &m->items.at[b->item + words];
            is_kind |= item->hash == noun || is_called(m, i, item, KINDS);
            words++;
        }
        bool is_key = words > 0 && words < b->items && is_mark(&m->items.at[b->item + words], ':');
        if (is_key && is_kind) {
            *ret_first = count ? *ret_first : i;
            count++;
        }
    }
    return count;
}

static void judge_all(struct check *c, uint32_t block)
{
    struct model *m = &c->m;
    const struct block *b = &m->blocks.at[block];
    for (uint32_t i = b->item; i + 1 < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i], *noun = item + 1;
        bool is_all =
            item->kind == ITEM_WORD && (item->word == W_ALL || item->word == W_ANY) && noun->kind == ITEM_WORD;
        uint32_t first = NONE32, count = 0;
        if (!is_all || sentence_has_word(m, block, i, W_NOT)) {
            continue;
        }
        for (uint32_t k = 0; k < 2 && count == 0 && i + 1 + k < b->item + b->items; k++) {
            count = noun[k].kind == ITEM_WORD ? listed(m, block, noun[k].hash, &first) : 0;
        }
        if (count == 0 || count >= FEW) {
            continue;
        }
        uint32_t from = model_source_of(m, block, item->flat), to = model_source_of(m, block, noun->flat) + noun->len;
        struct draft d = draft_at_bytes(c, RULE_C603, b->file, from, to);
        draft_operand_block(&d, first);
        draft_say(&d, "said of all, and the list below has %u", count);
        draft_hint(&d, "name what was tested");
        draft_end(&d);
        return;
    }
}

/* "The inputs were generated": what was measured is not what production gets. */
static bool has_made_inputs(const struct model *m, uint32_t block)
{
    static const char *const INPUTS[] = {"inputs", "input", "requests", "data", "load", "traffic", "queries", NULL};
    static const char *const MADE[] = {"generated", "synthetic", "simulated", "invented", NULL};
    const struct block *b = &m->blocks.at[block];
    for (uint32_t i = b->item; i + 2 < b->item + b->items; i++) {
        bool is_said = is_called(m, block, &m->items.at[i], INPUTS) &&
                       (is_word(&m->items.at[i + 1], W_WAS) || is_word(&m->items.at[i + 1], W_IS)) &&
                       is_called(m, block, &m->items.at[i + 2], MADE);
        if (is_said) {
            return true;
        }
    }
    return false;
}

static void judge_production(struct check *c, uint32_t block)
{
    struct model *m = &c->m;
    const struct block *b = &m->blocks.at[block];
    for (uint32_t i = b->item + 1; i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        bool is_said = is_word(item, W_PRODUCTION) && is_word(item - 1, W_IN) &&
                       !sentence_has_word(m, block, i, W_NOT) && !sentence_has_class(m, block, i, CLASS_HYPOTHETICAL);
        if (is_said && has_made_inputs(m, block)) {
            uint32_t from = model_source_of(m, block, item->flat);
            struct draft d = draft_at_bytes(c, RULE_C603, b->file, from, from + item->len);
            draft_say(&d, "said of production, and the inputs were made up");
            draft_end(&d);
            return;
        }
    }
}

/* ---- C606 extrapolated --- */

static bool is_no_sample(const struct array *array)
{
    static const char *const NAMES[] = {"percentile", "quantile", "pct", "hist", "bucket", "shape", "range", "edge"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (memmem(array->name.data, array->name.len, NAMES[i], strlen(NAMES[i]))) {
            return true;
        }
    }
    return array->is_objects;
}

/* Where the text goes on behind a block; values of JSON are not text. */
static uint32_t next_text(const struct model *m, uint32_t block)
{
    const struct file *file = &m->files.at[m->blocks.at[block].file];
    for (uint32_t i = block + 1; i < file->block + file->blocks; i++) {
        if (m->blocks.at[i].kind != BLOCK_VALUE && m->blocks.at[i].items > 0) {
            return model_source_of(m, i, m->blocks.at[i].flat);
        }
    }
    return UINT32_MAX;
}

static void judge_n(struct check *c, struct quantity *q)
{
    struct model *m = &c->m;
    const struct block *b = &m->blocks.at[q->block];
    const struct file *file = &m->files.at[q->file];
    struct assay_slice own = model_source(m, q->file, q->from, q->to);
    bool is_over = (own.len > 5 && strncasecmp(own.data, "over ", 5) == 0) ||
                   (q->item > b->item && is_word(&m->items.at[q->item - 1], W_OVER));
    bool is_n = q->dim == DIM_COUNT && q->form == FORM_PLAIN && is_over;
    uint32_t end = is_n ? next_text(m, q->block) : 0;
    const struct array *largest = NULL;
    for (uint32_t i = file->array; is_n && i < file->array + file->arrays; i++) {
        const struct array *array = &m->arrays.at[i];
        if (array->from < q->to || array->to > end || is_no_sample(array)) {
            continue;
        }
        largest = !largest || array->count > largest->count ? array : largest;
    }
    if (!largest || largest->count >= q->value) {
        return;
    }
    struct draft d = draft_at(c, RULE_C606, q);
    d.level = sentence_has_word(m, q->block, q->item, W_EXPECTED) ? (int)ASSAY_SEVERITY_NOTE : -1;
    draft_operand_bytes(&d, q->file, largest->from, largest->from + 1);
    draft_say(&d, "%s are claimed, %u samples are there", check_text(c, q), largest->count);
    draft_end(&d);
}

/* ---- C105 environment --- */

enum attribute { ATTRIBUTE_NONE, ATTRIBUTE_MEMORY, ATTRIBUTE_CORES };

struct fact {
    struct quantity *q;
    double value;
    uint8_t kind, place; /* enum attribute; kind of its block, for keys */
    bool is_key;
};

/* "RAM: 96 GB", "memory   256 GB", or a row that is called so and has one value. */
static uint8_t key_of(const struct model *m, const struct quantity *q)
{
    const struct block *b = &m->blocks.at[q->block];
    const struct item *word = NULL;
    if (q->table != NONE32) {
        const struct table *t = &m->tables.at[q->table];
        uint32_t label = t->columns == 2 ? claims_row_label(m, t, q->row) : NONE32;
        bool is_short = label != NONE32 && label != q->block && m->blocks.at[label].items == 1 && b->items == 1;
        word = is_short ? &m->items.at[m->blocks.at[label].item] : NULL;
    } else if (q->item == b->item + 2 && is_mark(&m->items.at[b->item + 1], ':')) {
        word = &m->items.at[b->item];
    } else if (q->item == b->item + 1 && b->kind == BLOCK_CODE) {
        word = &m->items.at[b->item];
    }
    if (!word || word->kind != ITEM_WORD) {
        return ATTRIBUTE_NONE;
    }
    bool is_memory = word->word == W_MEMORY && q->dim == DIM_BYTES;
    bool is_cores = word->word == W_CORES && (q->is_bare || q->unit == UNIT_CORES) && q->num.exp10 >= 0;
    return is_memory ? ATTRIBUTE_MEMORY : is_cores ? ATTRIBUTE_CORES : ATTRIBUTE_NONE;
}

/* "The machine has 32 GB RAM", "a blade with 128 GB of memory", "16 of the 32 cores of the host". */
static uint8_t prose_of(const struct model *m, const struct quantity *q)
{
    const struct block *b = &m->blocks.at[q->block];
    if (q->table != NONE32 || q->item <= b->item || (b->kind != BLOCK_PARAGRAPH && b->kind != BLOCK_ITEM)) {
        return ATTRIBUTE_NONE;
    }
    if (q->form == FORM_FRACTION && q->unit == UNIT_CORES && word_is_behind(m, q, W_OF, 2)) {
        return ATTRIBUTE_CORES;
    }
    static const char *const HAS[] = {"has", "with", "have", NULL};
    if (!is_called(m, q->block, &m->items.at[q->item - 1], HAS) || q->form != FORM_PLAIN) {
        return ATTRIBUTE_NONE;
    }
    bool is_memory = q->dim == DIM_BYTES && word_is_behind(m, q, W_MEMORY, 2) && !word_is_behind(m, q, W_LIMIT, 4);
    return is_memory ? ATTRIBUTE_MEMORY : q->unit == UNIT_CORES ? ATTRIBUTE_CORES : ATTRIBUTE_NONE;
}

/* What a reader should have is not what a host has. */
static bool is_wish(const struct model *m, uint32_t block)
{
    static const char *const WISHES[] = {"require", "recommend", "minimum", "need", "least",
                                         "should",  "up",        "each",    NULL};
    uint32_t section = m->blocks.at[block].section, heading = m->sections.at[section].block;
    return block_has_any(m, block, WISHES) || (heading != NONE32 && block_has_any(m, heading, WISHES));
}

static bool read_fact(struct model *m, struct quantity *q, struct fact *ret)
{
    if (q->bound != BOUND_EXACT || q->stat != STAT_NONE || m->blocks.at[q->block].kind == BLOCK_VALUE) {
        return false;
    }
    uint8_t key = key_of(m, q), kind = key ? key : prose_of(m, q);
    *ret = (struct fact){.q = q,
                         .value = q->form == FORM_FRACTION ? q->other : q->value,
                         .kind = kind,
                         .place = m->blocks.at[q->block].kind,
                         .is_key = key != ATTRIBUTE_NONE};
    return kind != ATTRIBUTE_NONE && !is_wish(m, q->block);
}

/* A section that tells one host: one value by its key, and another one elsewhere. */
static void judge_hosts(struct check *c)
{
    enum { FACTS_MAX = 8 }; /* a section with more tells several hosts */
    struct model *m = &c->m;
    struct fact facts[FACTS_MAX];
    uint32_t count = 0, section = NONE32;
    for (uint32_t i = 0; i <= m->quantities.count; i++) {
        struct quantity *q = i < m->quantities.count ? &m->quantities.at[i] : NULL;
        uint32_t here = q ? m->blocks.at[q->block].section : NONE32;
        if (here != section) {
            count = 0;
            section = here;
        }
        struct fact fact;
        if (!q || count == FACTS_MAX || !read_fact(m, q, &fact)) {
            continue;
        }
        for (uint32_t k = 0; k < count; k++) {
            const struct fact *other = &facts[k];
            bool is_pair = other->kind == fact.kind && (other->is_key != fact.is_key) && other->value != fact.value;
            if (is_pair) {
                struct draft d = draft_at(c, RULE_C105, q);
                draft_operand(&d, other->q);
                draft_say(&d, "one host, and two values of its %s: %s and %s",
                          fact.kind == ATTRIBUTE_MEMORY ? "memory" : "cores", check_text(c, other->q),
                          check_text(c, q));
                draft_end(&d);
                break;
            }
        }
        facts[count++] = fact;
    }
}

void rule_reach(struct check *c)
{
    struct model *m = &c->m;
    for (uint32_t i = 0; i < m->blocks.count; i++) {
        if (m->blocks.at[i].kind == BLOCK_PARAGRAPH) {
            judge_all(c, i);
            judge_production(c, i);
        }
    }
    for (uint32_t i = 0; i < m->quantities.count; i++) {
        if (m->arrays.count > 0 && m->blocks.at[m->quantities.at[i].block].kind == BLOCK_PARAGRAPH) {
            judge_n(c, &m->quantities.at[i]);
        }
    }
    judge_hosts(c);
}
