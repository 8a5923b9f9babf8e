/* C501, C502, C503, C508: gate tables and task lists, and what the text says of them. */
#include "claims/check.h"
#include "claims/record.h"
#include "claims/relation.h"

#include <string.h>

#define GATES_MAX 4096 /* of one set of documents; more are no gates but data */

enum mark { MARK_IS_NONE, MARK_IS_DONE, MARK_IS_FAILED, MARK_IS_OPEN, MARK_IS_NEITHER };

struct gate_set {
    uint32_t table, list; /* one of them; NONE32 */
    uint32_t file, section;
    uint32_t rows, done;
    uint32_t other; /* block of a row that is not done; NONE32 */
    uint8_t other_mark;
    uint8_t nouns; /* of its heading, caption and first header, a bit each */
};

static uint8_t mark_of_class(unsigned class_of)
{
    return class_of == CLASS_DONE      ? MARK_IS_DONE
           : class_of == CLASS_FAILED  ? MARK_IS_FAILED
           : class_of == CLASS_OPEN    ? MARK_IS_OPEN
           : class_of == CLASS_NEITHER ? MARK_IS_NEITHER
                                       : MARK_IS_NONE;
}

/* The verdict of a run of text; a negation within three words before turns done into open. */
static uint8_t mark_of_block(const struct model *m, uint32_t block)
{
    const struct block *b = block == NONE32 ? NULL : &m->blocks.at[block];
    uint32_t negated = 0;
    for (uint32_t i = b ? b->item : 0; b && i < b->item + b->items; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind != ITEM_WORD) {
            continue;
        }
        uint8_t mark = mark_of_class(claims_words[item->word].class_of);
        if (mark != MARK_IS_NONE) {
            return mark == MARK_IS_DONE && negated > 0 ? MARK_IS_OPEN
                   : item->word == W_MISSED && negated ? MARK_IS_DONE
                                                       : mark;
        }
        if (item->word == W_NO && b->items == 1) {
            return MARK_IS_FAILED;
        }
        negated = claims_words[item->word].flags & WORD_NEGATION ? 3 : negated > 0 ? negated - 1 : 0;
    }
    return MARK_IS_NONE;
}

/* A cell that holds a mark and little else. */
static bool is_mark_cell(const struct model *m, uint32_t block)
{
    return block != NONE32 && m->blocks.at[block].quantities == 0 && m->blocks.at[block].items <= 4 &&
           mark_of_block(m, block) != MARK_IS_NONE;
}

/* The only column whose cells are marks; NONE32 if there is none, or several: a matrix of features is no gate. */
static uint32_t mark_column(const struct model *m, const struct table *t)
{
    uint32_t found = NONE32;
    for (uint32_t column = 0; column < t->columns; column++) {
        uint32_t marks = 0;
        for (uint32_t row = 1; row <= t->rows; row++) {
            marks += is_mark_cell(m, model_cell(m, t, row, column));
        }
        if (marks * 2 > t->rows && marks > 0) {
            if (found != NONE32) {
                return NONE32;
            }
            found = column;
        }
    }
    return found;
}

/* ---- C501, C508 --- */

static bool is_strict(const struct model *m, const struct quantity *limit)
{
    const struct item *before = limit->item > m->blocks.at[limit->block].item ? &m->items.at[limit->item - 1] : NULL;
    return before && before->kind == ITEM_MARK && (before->word == '<' || before->word == '>');
}

/* +1: the value must be at least the limit; -1: at most; 0: not known. */
static int side_of(const struct quantity *limit)
{
    if (limit->bound == BOUND_UPPER) {
        return -1;
    }
    if (limit->bound == BOUND_LOWER) {
        return 1;
    }
    if (limit->stat == STAT_MAX) {
        return -1;
    }
    if (limit->stat == STAT_MIN) {
        return 1;
    }
    unsigned flags = limit->metric ? claims_words[limit->metric & 0xffff].flags : 0;
    return flags & WORD_LOWER ? -1 : flags & WORD_HIGHER ? 1 : 0;
}

static void say_gate(struct check *c, struct quantity *limit, struct quantity *value, uint32_t mark_block, bool is_met)
{
    struct draft d = draft_at(c, RULE_C501, value);
    d.level = is_met ? (int)ASSAY_SEVERITY_WARNING : -1;
    draft_operand(&d, limit);
    if (mark_block != value->block) {
        draft_operand_block(&d, mark_block);
    }
    int side = side_of(limit);
    draft_say(&d, is_met ? "marked as failed, but %s is %s %s" : "marked as met, but %s is not %s %s",
              check_text(c, value), side < 0 ? "at most" : "at least", check_value(c, limit, limit->value));
    draft_end(&d);
}

static void judge_gate(struct check *c, struct quantity *limit, struct quantity *value, uint32_t mark_block,
                       uint8_t mark)
{
    int side = side_of(limit);
    struct range line = {limit->value, limit->value};
    if (mark != MARK_IS_DONE && mark != MARK_IS_FAILED) {
        return;
    }
    if (side == 0) {
        check_undecided(c, RULE_C501, value, "whether more or less is better is not known");
        return;
    }
    if (range_meets(value->h, line) && is_strict(&c->m, limit)) {
        check_undecided(c, RULE_C501, value, "equal to a strict limit as printed");
        return;
    }
    bool is_met = side < 0 ? value->value <= limit->value : value->value >= limit->value;
    bool is_clear = !range_meets(value->h, line);
    if (is_clear && is_met != (mark == MARK_IS_DONE)) {
        say_gate(c, limit, value, mark_block, is_met);
    } else {
        check_holds(value);
        check_holds(limit);
    }
}

static void judge_stats(struct check *c, const struct quantity *limit, struct quantity *value)
{
    bool differ = limit->stat && value->stat && limit->stat != value->stat && limit->stat != STAT_MAX &&
                  limit->stat != STAT_MIN && limit->stat != STAT_N && value->stat != STAT_N && value->stat != STAT_SD;
    if (differ) {
        struct draft d = draft_at(c, RULE_C508, value);
        draft_operand(&d, limit);
        draft_say(&d, "limit and value carry different statistics: %s against %s", check_text(c, limit),
                  check_text(c, value));
        draft_end(&d);
    }
}

static bool is_limit(const struct quantity *q)
{
    return q && q->role == ROLE_THRESHOLD && (q->form == FORM_PLAIN || q->form == FORM_DURATION);
}

static void judge_row(struct check *c, const struct table *t, uint32_t row, uint32_t marks)
{
    struct model *m = &c->m;
    struct quantity *limit = NULL, *value = NULL;
    uint32_t limits = 0, values = 0;
    for (uint32_t column = 0; column < t->columns; column++) {
        struct quantity *q = model_cell_quantity(m, t, row, column);
        if (is_limit(q)) {
            limit = q;
            limits++;
        }
    }
    for (uint32_t column = 0; column < t->columns && limit; column++) {
        struct quantity *q = model_cell_quantity(m, t, row, column);
        bool is_value = q && q != limit && q->dim == limit->dim && !q->is_row_label && q->role != ROLE_PARAMETER &&
                        q->bound == BOUND_EXACT && q->form != FORM_FRACTION && !q->num.has_sign;
        value = is_value ? q : value;
        values += is_value;
    }
    if (limits != 1 || values != 1) {
        return;
    }
    uint32_t cell = marks == NONE32 ? value->block : model_cell(m, t, row, marks);
    judge_gate(c, limit, value, cell, mark_of_block(m, cell));
    judge_stats(c, limit, value);
}

/* "- [x] decode p99 at most 40 ms: 44 ms" */
static void judge_item(struct check *c, uint32_t block)
{
    struct model *m = &c->m;
    const struct block *b = &m->blocks.at[block];
    struct quantity *limit = NULL, *value = NULL;
    uint32_t others = 0;
    for (uint32_t i = b->quantity; i < b->quantity + b->quantities; i++) {
        struct quantity *q = &m->quantities.at[i];
        if (q->bound == BOUND_UPPER || q->bound == BOUND_LOWER || is_limit(q)) {
            limit = limit ? limit : q;
            others += limit != q;
        } else if (!q->is_bare && q->dim != DIM_COUNT) {
            others += value != NULL;
            value = value ? value : q;
        }
    }
    if (!limit || !value || others > 0 || limit->dim != value->dim) {
        return;
    }
    uint8_t mark = b->mark == MARK_DONE ? MARK_IS_DONE : b->mark == MARK_OPEN ? MARK_IS_OPEN : MARK_IS_NONE;
    judge_gate(c, limit, value, block, mark);
}

/* ---- gate sets --- */

static void add_row(struct gate_set *set, uint32_t block, uint8_t mark)
{
    set->rows++;
    set->done += mark == MARK_IS_DONE;
    if (mark != MARK_IS_DONE && set->other == NONE32) {
        set->other = block;
        set->other_mark = mark;
    }
}

static bool names_gates(const struct model *m, uint32_t block)
{
    static const char *const WORDS[] = {"check",     "gate",   "target", "criteri",    "requirement", "limit",
                                        "threshold", "goal",   "slo",    "acceptance", "budget",      "verdict",
                                        "status",    "result", "pass",   "objective",  NULL};
    return block != NONE32 && block_has_any(m, block, WORDS);
}

static bool table_is_gate(const struct model *m, const struct table *t, uint32_t marks)
{
    for (uint32_t column = 0; column < t->columns; column++) {
        if (names_gates(m, model_cell(m, t, 0, column))) {
            return true;
        }
    }
    (void)marks;
    return names_gates(m, t->caption) || names_gates(m, m->sections.at[t->section].block);
}

static struct gate_set set_of_table(const struct model *m, uint32_t index, uint32_t marks)
{
    const struct table *t = &m->tables.at[index];
    struct gate_set set = {.table = index, .list = NONE32, .file = t->file, .section = t->section, .other = NONE32};
    for (uint32_t row = 1; row <= t->rows; row++) {
        uint32_t cell = model_cell(m, t, row, marks);
        add_row(&set, cell, mark_of_block(m, cell));
    }
    return set;
}

/* The nouns for gates that a block has, a bit each. */
static uint8_t nouns_of(const struct model *m, uint32_t block)
{
    static const char *const NOUNS[] = {"check", "gate", "target", "criteri",  "requirement",
                                        "limit", "goal", "slo",    "objective"};
    uint8_t found = 0;
    for (size_t i = 0; block != NONE32 && i < sizeof NOUNS / sizeof NOUNS[0]; i++) {
        const char *const words[] = {NOUNS[i], NULL};
        found |= (uint8_t)((unsigned)block_has_any(m, block, words) << i);
    }
    return found;
}

/* Of the heading, caption or first header of a set: "9/9 release gates met" speaks of the set with that noun. */
static uint8_t nouns_of_set(const struct model *m, const struct gate_set *set)
{
    const struct table *t = set->table == NONE32 ? NULL : &m->tables.at[set->table];
    uint8_t found = nouns_of(m, m->sections.at[set->section].block);
    return t ? (uint8_t)(found | nouns_of(m, t->caption) | nouns_of(m, model_cell(m, t, 0, 0))) : found;
}

static uint32_t find_sets(struct check *c, struct gate_set *sets)
{
    const struct model *m = &c->m;
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->tables.count && count < GATES_MAX; i++) {
        const struct table *t = &m->tables.at[i];
        uint32_t marks = mark_column(m, t);
        if (marks != NONE32 && t->rows >= 2 && !t->is_partial && table_is_gate(m, t, marks)) {
            sets[count++] = set_of_table(m, i, marks);
        }
    }
    uint32_t last = NONE32, last_file = NONE32;
    for (uint32_t i = 0; i < m->blocks.count && count < GATES_MAX; i++) {
        const struct block *b = &m->blocks.at[i];
        if (b->kind != BLOCK_ITEM || b->mark == MARK_NONE) {
            continue;
        }
        if (b->list != last || b->file != last_file) {
            sets[count++] = (struct gate_set){
                .table = NONE32, .list = b->list, .file = b->file, .section = b->section, .other = NONE32};
            last = b->list;
            last_file = b->file;
        }
        add_row(&sets[count - 1], i, b->mark == MARK_DONE ? MARK_IS_DONE : MARK_IS_OPEN);
    }
    for (uint32_t i = 0; i < count; i++) {
        sets[i].nouns = nouns_of_set(m, &sets[i]);
    }
    return count;
}

/* The set that a sentence speaks of: the only one of its section, else the only one of the file, else of that name. */
static const struct gate_set *set_for(const struct model *m, const struct gate_set *sets, uint32_t count,
                                      uint32_t block)
{
    const struct block *b = &m->blocks.at[block];
    const struct gate_set *here = NULL, *any = NULL, *named = NULL;
    uint32_t here_count = 0, any_count = 0, named_count = 0;
    uint8_t nouns = nouns_of(m, block);
    for (uint32_t i = 0; i < count; i++) {
        if (sets[i].file != b->file) {
            continue;
        }
        any = &sets[i];
        any_count++;
        if (sets[i].nouns & nouns) {
            named = &sets[i];
            named_count++;
        }
        if (sets[i].section == b->section) {
            here = &sets[i];
            here_count++;
        }
    }
    if (here_count == 1) {
        return here;
    }
    return here_count > 0 ? NULL : any_count == 1 ? any : named_count == 1 ? named : NULL;
}

/* ---- C502, C503 --- */

struct verdict {
    bool has_all, has_done, has_no_failure, has_noun, is_limited;
    const struct item *done;
    struct quantity *fraction;
};

static bool is_gate_noun(struct assay_slice word)
{
    static const char *const NOUNS[] = {"check", "gate", "target", "criteri", "requirement", "limit",  "threshold",
                                        "goal",  "slo",  "test",   "item",    "box",         "budget", "objective"};
    if (word.len == 0 || !strchr("cgtrlsib", word.data[0] | 0x20)) {
        return false; /* none begins so */
    }
    for (size_t i = 0; i < sizeof NOUNS / sizeof NOUNS[0]; i++) {
        size_t len = strlen(NOUNS[i]);
        if (word.len >= len && (word.data[0] | 0x20) == NOUNS[i][0] && strncasecmp(word.data, NOUNS[i], len) == 0) {
            return true;
        }
    }
    return false;
}

static struct verdict read_sentence(struct model *m, uint32_t block, uint32_t from, uint32_t to)
{
    struct verdict v = {0};
    struct assay_slice text = model_text(m, block);
    const struct block *b = &m->blocks.at[block];
    for (uint32_t i = from; i < to; i++) {
        const struct item *item = &m->items.at[i];
        if (item->kind == ITEM_QUANTITY) {
            struct quantity *q = &m->quantities.at[item->hash];
            v.fraction = q->form == FORM_FRACTION ? q : v.fraction;
            v.is_limited |= q->role == ROLE_HYPOTHETICAL;
            struct assay_slice own = model_source(m, q->file, q->from, q->to);
            for (size_t k = 0; k + 3 < own.len; k++) {
                v.has_noun |=
                    (own.data[k] == ' ') && is_gate_noun((struct assay_slice){own.data + k + 1, own.len - k - 1});
            }
            continue;
        }
        const struct word_row *row = &claims_words[item->word];
        if (item->kind != ITEM_WORD) {
            continue;
        }
        v.has_all |= item->word == W_ALL;
        if (row->class_of == CLASS_DONE) {
            v.has_done = true;
            v.done = v.done ? v.done : item;
        }
        bool is_failure = row->class_of == CLASS_FAILED || item->word == W_ERROR;
        v.has_no_failure |= is_failure && i > from && m->items.at[i - 1].word == W_NO;
        v.is_limited |= row->class_of == CLASS_LIMITING || row->class_of == CLASS_HYPOTHETICAL ||
                        item->word == W_SHOULD || item->word == W_UNTIL || (is_failure && !v.has_no_failure);
        v.has_noun |= is_gate_noun((struct assay_slice){text.data + (item->flat - b->flat), item->len});
    }
    return v;
}

static const char *mark_text(uint8_t mark)
{
    static const char *const TEXTS[] = {"without a mark", "done", "failed", "open", "skipped or unknown"};
    return TEXTS[mark];
}

static void judge_summary(struct check *c, uint32_t block, uint32_t at, const struct verdict *v,
                          const struct gate_set *set)
{
    struct model *m = &c->m;
    uint32_t from = model_source_of(m, block, m->items.at[at].flat);
    const struct item *last = v->done ? v->done : &m->items.at[at];
    uint32_t to = model_source_of(m, block, last->flat) + last->len;
    if (set->other == NONE32) {
        return;
    }
    struct draft d = draft_at_bytes(c, RULE_C502, m->blocks.at[block].file, from < to ? from : to - 1, to);
    draft_operand_block(&d, set->other);
    draft_say(&d, "all are said to be met, but a row is %s", mark_text(set->other_mark));
    draft_note(&d, "%u of %u would be right", set->done, set->rows);
    draft_end(&d);
}

static void judge_count(struct check *c, struct quantity *q, const struct gate_set *set)
{
    bool is_right = q->value == set->done && q->other == set->rows;
    if (is_right) {
        check_holds(q);
        return;
    }
    if (q->value == q->other && q->other == set->rows) {
        return; /* N/N over N rows: C502 says it */
    }
    struct draft d = draft_at(c, RULE_C503, q);
    if (set->other != NONE32) {
        draft_operand_block(&d, set->other);
    }
    draft_say(&d, "%s is stated, the rows are %u of %u", check_text(c, q), set->done, set->rows);
    draft_end(&d);
}

/* Whether a fraction counts these rows: sets of gates are short. */
static bool is_of_set(const struct quantity *q, const struct gate_set *set)
{
    enum { GATES_USUAL = 200 };
    return q->other <= GATES_USUAL || q->value == set->done || q->value == set->rows;
}

static void judge_sentence(struct check *c, uint32_t block, uint32_t from, uint32_t to, const struct gate_set *sets,
                           uint32_t count)
{
    struct model *m = &c->m;
    const uint32_t said = UINT32_C(1) << CLASS_DONE | UINT32_C(1) << CLASS_FAILED | UINT32_C(1) << CLASS_METRIC;
    if (!(m->sentences.at[m->items.at[from].sentence].classes & said)) {
        return; /* neither "passed" nor "no failure", "no error" */
    }
    struct verdict v = read_sentence(m, block, from, to);
    bool is_said = v.has_noun && !v.is_limited && (v.has_done || v.has_no_failure);
    const struct gate_set *set = is_said ? set_for(m, sets, count, block) : NULL;
    if (!set || set->rows < 2) {
        return;
    }
    bool is_full = v.fraction && v.fraction->value == v.fraction->other;
    if (v.fraction && v.has_done && is_of_set(v.fraction, set)) {
        judge_count(c, v.fraction, set);
    }
    if (((v.has_all && !v.fraction) || v.has_no_failure || (is_full && v.fraction->other == set->rows))) {
        judge_summary(c, block, from, &v, set);
    }
}

void rule_gate(struct check *c)
{
    struct model *m = &c->m;
    uint32_t most = m->tables.count + m->blocks.count;
    struct gate_set *sets = assay_alloc(most < GATES_MAX ? most : GATES_MAX, sizeof *sets);
    if (!sets) {
        model_fail(m);
        return;
    }
    for (uint32_t i = 0; i < m->tables.count; i++) {
        const struct table *t = &m->tables.at[i];
        uint32_t marks = mark_column(m, t);
        for (uint32_t row = 1; row <= t->rows; row++) {
            judge_row(c, t, row, marks);
        }
    }
    uint32_t count = find_sets(c, sets);
    for (uint32_t i = 0; i < m->blocks.count; i++) {
        const struct block *b = &m->blocks.at[i];
        bool is_text =
            b->kind == BLOCK_PARAGRAPH || b->kind == BLOCK_HEADING || (b->kind == BLOCK_ITEM && b->mark == MARK_NONE);
        if (b->kind == BLOCK_ITEM && b->quantities >= 2) {
            judge_item(c, i);
        }
        for (uint32_t from = b->item; is_text && count > 0 && from < b->item + b->items;) {
            uint32_t first = 0, to = 0;
            sentence_of(m, i, from, &first, &to);
            judge_sentence(c, i, from, to, sets, count);
            from = to;
        }
    }
    assay_free(sets);
}
