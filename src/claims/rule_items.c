/* C504, C506, C507: lists of things to do, limits that nobody measured, and verdicts that come too early. */
#include "claims/check.h"
#include "claims/record.h"
#include "claims/relation.h"

#include <string.h>

#define TOKENS_MAX 24  /* of one item: longer ones are paragraphs */
#define ITEMS_MAX 512  /* of one document that are held against each other */
#define SHARED_LEAST 3 /* tokens that two items must share where one holds the other */

struct tokens_of {
    uint32_t at[TOKENS_MAX], count, block;
    const struct item *words[TOKENS_MAX];
};

static bool is_telling(const struct item *item)
{
    if (item->kind != ITEM_WORD || item->len < 2) {
        return false;
    }
    unsigned class_of = claims_words[item->word].class_of;
    return item->word == W_NONE || (class_of != CLASS_NONE && class_of != CLASS_DONE && class_of != CLASS_OPEN);
}

static void collect(const struct model *m, uint32_t block, struct tokens_of *ret)
{
    const struct block *b = &m->blocks.at[block];
    *ret = (struct tokens_of){.block = block};
    for (uint32_t i = b->item; i < b->item + b->items && ret->count < TOKENS_MAX; i++) {
        bool is_new = is_telling(&m->items.at[i]);
        for (uint32_t k = 0; k < ret->count; k++) {
            is_new &= ret->at[k] != m->items.at[i].hash;
        }
        if (is_new) {
            ret->words[ret->count] = &m->items.at[i];
            ret->at[ret->count++] = m->items.at[i].hash;
        }
    }
}

static uint32_t shared(const struct tokens_of *a, const struct tokens_of *b)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t k = 0; k < b->count; k++) {
            count += a->at[i] == b->at[k];
        }
    }
    return count;
}

/* ---- C504 --- */

static struct assay_slice word_text(const struct model *m, const struct tokens_of *of, uint32_t i)
{
    struct assay_slice text = model_text(m, of->block);
    return (struct assay_slice){text.data + (of->words[i]->flat - m->blocks.at[of->block].flat), of->words[i]->len};
}

/* Equal but for one word in two forms: "document", "documentation". */
static bool is_all_but_form(const struct model *m, const struct tokens_of *a, const struct tokens_of *b)
{
    enum { STEM_LEAST = 5 };
    uint32_t both = shared(a, b);
    if (a->count != b->count || both + 1 != a->count || both < 2) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t k = 0; k < b->count; k++) {
            struct assay_slice x = word_text(m, a, i), y = word_text(m, b, k);
            size_t least = x.len < y.len ? x.len : y.len;
            if (a->at[i] != b->at[k] && least >= STEM_LEAST && strncasecmp(x.data, y.data, least) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_one_thing(const struct tokens_of *a, const struct tokens_of *b)
{
    uint32_t both = shared(a, b), least = a->count < b->count ? a->count : b->count;
    bool are_equal = a->count == b->count && both == a->count && both >= 2;
    return are_equal || (both == least && both >= SHARED_LEAST);
}

static void judge_ticks(struct check *c, uint32_t file, struct tokens_of *all)
{
    struct model *m = &c->m;
    const struct file *f = &m->files.at[file];
    uint32_t count = 0;
    for (uint32_t i = f->block; i < f->block + f->blocks && count < ITEMS_MAX; i++) {
        if (m->blocks.at[i].kind == BLOCK_ITEM && m->blocks.at[i].mark != MARK_NONE) {
            collect(m, i, &all[count++]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = i + 1; k < count; k++) {
            const struct block *x = &m->blocks.at[all[i].block], *y = &m->blocks.at[all[k].block];
            if (x->mark == y->mark || m->sections.at[x->section].scope != m->sections.at[y->section].scope ||
                (!is_one_thing(&all[i], &all[k]) && !is_all_but_form(m, &all[i], &all[k]))) {
                continue;
            }
            struct draft d = draft_at_block(c, RULE_C504, all[k].block);
            draft_operand_block(&d, all[i].block);
            draft_say(&d, "the same thing is ticked in one place and open in another");
            draft_end(&d);
        }
    }
}

/* ---- C506 --- */

static bool is_limit_item(const struct model *m, uint32_t block)
{
    const struct block *b = &m->blocks.at[block];
    for (uint32_t i = b->quantity; b->kind == BLOCK_ITEM && i < b->quantity + b->quantities; i++) {
        const struct quantity *q = &m->quantities.at[i];
        if (q->bound == BOUND_UPPER || q->bound == BOUND_LOWER) {
            return b->quantities == 1;
        }
    }
    return false;
}

static bool has_row(const struct model *m, const struct table *t, const struct tokens_of *limit)
{
    for (uint32_t row = 1; row <= t->rows; row++) {
        uint32_t label = claims_row_label(m, t, row);
        struct tokens_of tokens;
        if (label == NONE32) {
            continue;
        }
        collect(m, label, &tokens);
        uint32_t least = tokens.count < limit->count ? tokens.count : limit->count;
        if (least > 0 && shared(&tokens, limit) == least) {
            return true;
        }
    }
    return false;
}

/* The table of results: it has a limit and a value in most rows. */
static bool is_results(struct model *m, const struct table *t)
{
    uint32_t limits = 0;
    for (uint32_t row = 1; row <= t->rows; row++) {
        bool has_limit = false;
        for (uint32_t column = 0; column < t->columns; column++) {
            const struct quantity *q = model_cell_quantity(m, t, row, column);
            has_limit |= q && q->role == ROLE_THRESHOLD;
        }
        limits += has_limit;
    }
    return limits * 2 > t->rows;
}

static void judge_list(struct check *c, const struct table *t, uint32_t first)
{
    struct model *m = &c->m;
    uint32_t list = m->blocks.at[first].list, matched = 0, all = 0;
    const struct file *f = &m->files.at[t->file];
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = first; i < f->block + f->blocks && m->blocks.at[i].list == list; i++) {
            struct tokens_of limit;
            if (!is_limit_item(m, i)) {
                continue;
            }
            collect(m, i, &limit);
            bool is_there = limit.count == 0 || has_row(m, t, &limit);
            matched += pass == 0 && is_there;
            all += pass == 0;
            if (pass == 1 && !is_there && matched >= 2 && matched * 2 >= all) {
                struct draft d = draft_at_block(c, RULE_C506, i);
                draft_operand_block(&d, model_cell(m, t, 0, 0));
                draft_say(&d, "this limit has no result among the %u rows", t->rows);
                draft_end(&d);
            }
        }
    }
}

static void judge_missing(struct check *c, uint32_t file)
{
    struct model *m = &c->m;
    const struct file *f = &m->files.at[file];
    const struct table *results = NULL;
    for (uint32_t i = f->table; i < f->table + f->tables; i++) {
        if (is_results(m, &m->tables.at[i])) {
            if (results) {
                return;
            }
            results = &m->tables.at[i];
        }
    }
    uint32_t last = NONE32;
    for (uint32_t i = f->block; results && !results->is_partial && i < f->block + f->blocks; i++) {
        const struct block *b = &m->blocks.at[i];
        if (b->kind == BLOCK_ITEM && b->list != last && is_limit_item(m, i)) {
            last = b->list;
            judge_list(c, results, i);
        }
    }
}

/* ---- C507 --- */

static bool heading_blocks(const struct model *m, uint32_t section)
{
    uint32_t heading = m->sections.at[section].block;
    const struct block *b = heading == NONE32 ? NULL : &m->blocks.at[heading];
    for (uint32_t i = b ? b->item : 0; b && i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        bool is_blocking = claims_words[item->word].class_of == CLASS_BLOCKS || item->word == W_REQUIRED ||
                           item->word == W_BEFORE || item->word == W_SHOULD;
        if (item->kind == ITEM_WORD && is_blocking) {
            return true;
        }
    }
    return false;
}

/* "ready to ship", "approved, we can merge" */
static const struct item *verdict_of(const struct model *m, uint32_t from, uint32_t to)
{
    const struct item *ready = NULL;
    bool ships = false, is_limited = false, is_approved = false;
    for (uint32_t i = from; i < to; i++) {
        const struct item *item = &m->items.at[i];
        unsigned class_of = claims_words[item->word].class_of;
        if (item->kind != ITEM_WORD) {
            continue;
        }
        ready = item->word == W_READY || item->word == W_APPROVED ? item : ready;
        is_approved |= item->word == W_APPROVED;
        ships |= class_of == CLASS_SHIPS;
        is_limited |= class_of == CLASS_LIMITING || class_of == CLASS_HYPOTHETICAL || class_of == CLASS_MODAL ||
                      item->word == W_BEFORE || item->word == W_UNTIL || item->word == W_NO;
    }
    return (ships || is_approved) && !is_limited ? ready : NULL;
}

/* The open items of a file that have to come first; as many as a finding shows. */
struct open_items {
    uint32_t file, count;
    uint32_t at[DRAFT_OPERANDS_MAX];
};

static void find_open(const struct model *m, uint32_t file, struct open_items *ret)
{
    const struct file *f = &m->files.at[file];
    *ret = (struct open_items){.file = file};
    for (uint32_t i = f->block; i < f->block + f->blocks && ret->count < DRAFT_OPERANDS_MAX; i++) {
        const struct block *b = &m->blocks.at[i];
        if (b->kind == BLOCK_ITEM && b->mark == MARK_OPEN && heading_blocks(m, b->section)) {
            ret->at[ret->count++] = i;
        }
    }
}

static void judge_verdict(struct check *c, uint32_t block, const struct item *verdict, struct open_items *open)
{
    struct model *m = &c->m;
    uint32_t at = model_source_of(m, block, verdict->flat), file = m->blocks.at[block].file;
    struct draft d = draft_at_bytes(c, RULE_C507, file, at, at + verdict->len);
    if (open->file != file) {
        find_open(m, file, open);
    }
    for (uint32_t i = 0; i < open->count; i++) {
        draft_operand_block(&d, open->at[i]);
    }
    if (d.operands_count > 0) {
        draft_say(&d, "said to be ready, with %zu open items that have to come first", d.operands_count);
        draft_end(&d);
    }
}

void rule_items(struct check *c)
{
    struct model *m = &c->m;
    struct tokens_of *all = assay_alloc(m->blocks.count < ITEMS_MAX ? m->blocks.count : ITEMS_MAX, sizeof *all);
    if (!all) {
        model_fail(m);
        return;
    }
    struct open_items open = {.file = NONE32};
    for (uint32_t i = 0; i < m->files.count; i++) {
        judge_ticks(c, i, all);
        judge_missing(c, i);
    }
    for (uint32_t i = 0; i < m->blocks.count; i++) {
        const struct block *b = &m->blocks.at[i];
        bool is_text = b->kind == BLOCK_PARAGRAPH || (b->kind == BLOCK_ITEM && b->mark == MARK_NONE);
        for (uint32_t from = b->item; is_text && from < b->item + b->items;) {
            uint32_t first = 0, to = 0;
            sentence_of(m, i, from, &first, &to);
            bool may_ship = m->sentences.at[m->items.at[from].sentence].classes & UINT32_C(1) << CLASS_DONE;
            const struct item *verdict = may_ship ? verdict_of(m, from, to) : NULL;
            if (verdict) {
                judge_verdict(c, i, verdict, &open);
            }
            from = to;
        }
    }
    assay_free(all);
}
